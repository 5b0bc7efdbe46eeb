package syncer

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"zhiping/desktop/outbox"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/fault"
	"zhiping/shared/field"
	"zhiping/shared/wire"
)

// patience is how long a page waits for what became of a change while the server can be reached; after that it goes on, and the result is
// seen in the list of what waits.
const patience = 3 * time.Second

// A gate is the transport that the pages' clients use: what is declared as queued goes into the outbox, online too, so that there is one path;
// single records are answered from the mirror when the server cannot be reached; everything else goes straight through.
type gate struct {
	s    *Syncer
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (g gate) RoundTrip(r *http.Request) (*http.Response, error) {
	p, ok := find(r.URL.Path)
	if ok && p.queued() {
		return g.queue(r, p)
	}
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if g.s.resting() {
		if resp := g.local(r.Context(), p, body); resp != nil {
			return resp, nil
		}
		return refusal(fault.New(fault.Offline, "当前未联网，“%s”需要连接服务器后办理", p.GetLabel()), r), nil
	}
	resp, err := g.next.RoundTrip(r)
	g.s.heard(err == nil)
	if err != nil && ok {
		if resp := g.local(r.Context(), p, body); resp != nil {
			return resp, nil
		}
	}
	return resp, err
}

// queue puts a change into the outbox, shows its effect, and waits a little for what becomes of it.
func (g gate) queue(r *http.Request, p procedure) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body.Close()
	request, err := read(p.desc.Input(), body)
	if err != nil {
		return nil, err
	}
	problems, err := field.Check(request, field.Complete)
	if err != nil {
		return nil, err
	}
	if f := fault.As(fault.Several(problems)); f != nil { // the server would say the same, later, of something that is already kept
		return refusal(f, r), nil
	}
	parts, err := split(request)
	if err != nil {
		return nil, err
	}
	numbers, err := g.s.put(r.Context(), r.URL.Path, parts)
	if err != nil {
		f := fault.As(err)
		if f == nil {
			return nil, err
		}
		return refusal(f, r), nil
	}
	if !g.s.resting() {
		g.wait(r.Context(), numbers)
	}
	return g.answer(r, p, request, numbers)
}

func (g gate) wait(ctx context.Context, numbers []int64) {
	t := time.NewTimer(patience)
	defer t.Stop()
	for _, n := range numbers {
		select {
		case <-g.s.box.Done(n):
		case <-t.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// split makes a batch into changes of one record each: every one has a result of its own.
func split(request proto.Message) ([][]byte, error) {
	marshal := proto.MarshalOptions{Deterministic: true}.Marshal
	m := request.ProtoReflect()
	bases := m.Descriptor().Fields().ByName("bases")
	if bases == nil || m.Get(bases).List().Len() < 2 {
		b, err := marshal(request)
		return [][]byte{b}, err
	}
	var parts [][]byte
	for i := range m.Get(bases).List().Len() {
		one := proto.Clone(request).ProtoReflect()
		list := one.NewField(bases).List()
		list.Append(m.Get(bases).List().Get(i))
		one.Set(bases, protoreflect.ValueOfList(list))
		b, err := marshal(one.Interface())
		if err != nil {
			return nil, err
		}
		parts = append(parts, b)
	}
	return parts, nil
}

// answer is what the page gets: the server's own answers, and for what still waits that it was taken.
func (g gate) answer(r *http.Request, p procedure, request proto.Message, numbers []int64) (*http.Response, error) {
	var all []*outbox.Mutation
	for _, n := range numbers {
		m, err := g.s.box.Get(r.Context(), n)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	if len(all) == 1 && all[0].State != outbox.Pending {
		m := all[0]
		if m.State == outbox.Rejected { // the page says it now; it need not be said again
			if err := g.s.box.Decide(r.Context(), m.Number, "已提示"); err != nil {
				return nil, err
			}
		}
		return response(r, m.Status, m.Answer), nil
	}
	t, err := protoregistry.GlobalTypes.FindMessageByName(p.desc.Output().FullName())
	if err != nil {
		return nil, err
	}
	out := t.New()
	if list := out.Descriptor().Fields().ByName("outcomes"); list != nil {
		for i, m := range all {
			g.outcome(out.Mutable(list).List(), request, i, m)
		}
	} else {
		taken(request.ProtoReflect(), out, numbers[0])
	}
	b, err := proto.Marshal(out.Interface())
	return response(r, http.StatusOK, b), err
}

// outcome answers for one part of a batch, or for all records of an import that still waits.
func (g gate) outcome(list protoreflect.List, request proto.Message, i int, m *outbox.Mutation) {
	add := func(o *commonv1.Outcome) { list.Append(protoreflect.ValueOfMessage(o.ProtoReflect())) }
	ids := idsOf(request)
	if m.State == outbox.Pending {
		if len(ids) > i && list.Len() == i {
			ids = ids[i : i+1]
		}
		for _, id := range ids {
			add(&commonv1.Outcome{Id: id})
		}
		return
	}
	faults := Faults(m)
	if f := faults[""]; f != nil {
		add(&commonv1.Outcome{Id: ids[i], Fault: wire.Proto(f)})
		return
	}
	add(&commonv1.Outcome{Id: ids[i], Fault: wire.Proto(faults[ids[i]])})
}

// idsOf are the ids of the records a request is about, in its order.
func idsOf(request proto.Message) []string {
	var ids []string
	m := request.ProtoReflect()
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if fd.Message() == nil || fd.Message().Fields().ByName("revision") == nil || !m.Has(fd) {
			continue
		}
		id := fd.Message().Fields().ByName("id")
		if !fd.IsList() {
			ids = append(ids, m.Get(fd).Message().Get(id).String())
			continue
		}
		for k := range m.Get(fd).List().Len() {
			ids = append(ids, m.Get(fd).List().Get(k).Message().Get(id).String())
		}
	}
	return ids
}

// IDs are the ids of the records that a mutation is about.
func IDs(m *outbox.Mutation) []string {
	request, err := Request(m)
	if err != nil {
		return nil
	}
	return idsOf(request)
}

// taken answers a change of one record that still waits: the record as it was sent, at the revision "my mutation n".
func taken(request, out protoreflect.Message, number int64) {
	fields := out.Descriptor().Fields()
	for i := range fields.Len() {
		to := fields.Get(i)
		for k := range request.Descriptor().Fields().Len() {
			from := request.Descriptor().Fields().Get(k)
			if to.Message() == nil || from.Message() == nil || to.IsList() || from.IsList() || to.Message().FullName() != from.Message().FullName() || !request.Has(from) {
				continue
			}
			m := proto.Clone(request.Get(from).Message().Interface()).ProtoReflect()
			if revision := m.Descriptor().Fields().ByName("revision"); revision != nil {
				m.Set(revision, protoreflect.ValueOfInt64(-number))
			}
			out.Set(to, protoreflect.ValueOfMessage(m))
		}
	}
}

// local answers a procedure that gets one record from the mirror - the first field of its answer, the rest is not here -; nil if it is none, or the record is not here.
func (g gate) local(ctx context.Context, p procedure, body []byte) *http.Response {
	if p.desc == nil || !strings.HasPrefix(string(p.desc.Name()), "Get") || p.GetOffline() != commonv1.Offline_OFFLINE_CACHED {
		return nil
	}
	request, err := read(p.desc.Input(), body)
	if err != nil {
		return nil
	}
	id := p.desc.Input().Fields().ByName("id")
	fields := p.desc.Output().Fields()
	if id == nil || fields.Len() == 0 || fields.Get(0).Message() == nil {
		return nil
	}
	kind := strings.ToLower(string(fields.Get(0).Message().Name()))
	m, ok, err := g.s.mirror.Get(ctx, kind, request.ProtoReflect().Get(id).String())
	if err != nil || !ok {
		return nil
	}
	t, err := protoregistry.GlobalTypes.FindMessageByName(p.desc.Output().FullName())
	if err != nil {
		return nil
	}
	out := t.New()
	out.Set(out.Descriptor().Fields().Get(0), protoreflect.ValueOfMessage(m.ProtoReflect()))
	b, err := proto.Marshal(out.Interface())
	if err != nil {
		return nil
	}
	return response(nil, http.StatusOK, b)
}

// response is an answer as the Connect protocol writes it.
func response(r *http.Request, status int, body []byte) *http.Response {
	kind := "application/proto"
	if status != http.StatusOK {
		kind = "application/json"
	}
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {kind}},
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}
}

// refusal is a fault of this side, as an answer.
func refusal(f *fault.Error, r *http.Request) *http.Response {
	b, err := proto.Marshal(wire.Proto(f))
	if err != nil {
		b = nil // the words below say it too
	}
	body, err := json.Marshal(map[string]any{"code": "unavailable", "message": f.Message, "details": []map[string]string{{"type": "zhiping.common.v1.Fault", "value": base64.RawStdEncoding.EncodeToString(b)}}})
	if err != nil {
		body = []byte(`{"code":"unavailable"}`)
	}
	return response(r, http.StatusServiceUnavailable, body)
}
