package syncer

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"zhiping/desktop/outbox"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/fault"
	"zhiping/shared/right"
	"zhiping/shared/wire"
)

// A procedure is what is declared about an RPC, by its path.
type procedure struct {
	*commonv1.Method
	desc protoreflect.MethodDescriptor
}

// find finds a procedure by its path, "/zhiping.unit.v1.UnitService/SaveUnit".
func find(path string) (procedure, bool) {
	service, name, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if !ok || err != nil {
		return procedure{}, false
	}
	s, ok := d.(protoreflect.ServiceDescriptor)
	if !ok {
		return procedure{}, false
	}
	m := s.Methods().ByName(protoreflect.Name(name))
	if m == nil {
		return procedure{}, false
	}
	return procedure{right.Method(m), m}, true
}

// queued reports whether a call travels through the outbox.
func (p procedure) queued() bool {
	return p.GetOffline() == commonv1.Offline_OFFLINE_QUEUED && !p.GetReads()
}

// Label is what people call a procedure.
func Label(path string) string {
	p, _ := find(path)
	return p.GetLabel()
}

// Request reads the request of a mutation.
func Request(m *outbox.Mutation) (proto.Message, error) {
	p, ok := find(m.Procedure)
	if !ok {
		return nil, fault.New(fault.Internal, "本程序不认识操作“%s”，请升级程序", m.Procedure)
	}
	return read(p.desc.Input(), m.Request)
}

func read(d protoreflect.MessageDescriptor, b []byte) (proto.Message, error) {
	t, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		return nil, err
	}
	m := t.New().Interface()
	return m, proto.Unmarshal(b, m)
}

// outcomes are the answers per case of a batch, nil for what is no batch.
func outcomes(m proto.Message) []*commonv1.Outcome {
	if o, ok := m.(interface{ GetOutcomes() []*commonv1.Outcome }); ok {
		return o.GetOutcomes()
	}
	return nil
}

// connectError is an error as the Connect protocol writes it.
type connectError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Details []struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	} `json:"details"`
}

// readFault reads the fault in an error answer, nil if there is none; signedOut says that the session is over.
func readFault(body []byte) (f *fault.Error, signedOut bool) {
	var e connectError
	if json.Unmarshal(body, &e) != nil {
		return nil, false
	}
	for _, d := range e.Details {
		b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(d.Value, "="))
		var m commonv1.Fault
		if d.Type == "zhiping.common.v1.Fault" && err == nil && proto.Unmarshal(b, &m) == nil {
			f = wire.Fault(&m)
		}
	}
	return f, e.Code == "unauthenticated"
}

// verdict is what an answer means for a mutation.
type verdict int

const (
	done      verdict = iota // it has its result
	later                    // a temporary failure: the same bytes again
	gap                      // the server lacks earlier ones
	signedOut                // the session is over
)

// judge reads an answer: what it means, the state of the mutation, and the fault it carries. A temporary failure stops the queue; a permanent
// one is a result, and the queue goes on.
func judge(path string, status int, body []byte) (verdict, string, *fault.Error) {
	if status == http.StatusOK {
		return done, judgeOutcomes(path, body), nil
	}
	f, out := readFault(body)
	switch {
	case out:
		return signedOut, "", f
	case f == nil, f.Code == fault.Internal, f.Code == fault.Offline:
		return later, "", f
	case f.Code == fault.Gap:
		return gap, "", f
	case f.Code == fault.Conflict:
		return done, outbox.Conflict, f
	}
	return done, outbox.Rejected, f
}

// judgeOutcomes looks whether a batch was refused in parts.
func judgeOutcomes(path string, body []byte) string {
	p, ok := find(path)
	if !ok {
		return outbox.Applied
	}
	m, err := read(p.desc.Output(), body)
	if err != nil {
		return outbox.Applied
	}
	state := outbox.Applied
	for _, o := range outcomes(m) {
		switch {
		case o.Fault == nil:
		case fault.Code(o.Fault.Code) == fault.Conflict:
			return outbox.Conflict
		default:
			state = outbox.Rejected
		}
	}
	return state
}

// Faults says why a mutation was refused, by record; "" stands for the whole.
func Faults(m *outbox.Mutation) map[string]*fault.Error {
	if m.Status != http.StatusOK {
		f, _ := readFault(m.Answer)
		if f == nil {
			return nil
		}
		return map[string]*fault.Error{"": f}
	}
	p, ok := find(m.Procedure)
	if !ok {
		return nil
	}
	answer, err := read(p.desc.Output(), m.Answer)
	if err != nil {
		return nil
	}
	all := map[string]*fault.Error{}
	for _, o := range outcomes(answer) {
		if f := wire.Fault(o.Fault); f != nil {
			all[o.Id] = f
		}
	}
	return all
}

// Record is the record that a mutation carries, nil for one that only names it.
func Record(m *outbox.Mutation) proto.Message {
	request, err := Request(m)
	if err != nil {
		return nil
	}
	r := request.ProtoReflect()
	for i := range r.Descriptor().Fields().Len() {
		fd := r.Descriptor().Fields().Get(i)
		if fd.Message() != nil && !fd.IsList() && r.Has(fd) && fd.Message().Fields().ByName("revision") != nil && fd.Message().FullName() != "zhiping.common.v1.Base" {
			return r.Get(fd).Message().Interface()
		}
	}
	return nil
}

// Carried are the records that a mutation carries, by id: one that is saved, or the many of an import.
func Carried(m *outbox.Mutation) map[string]proto.Message {
	all := map[string]proto.Message{}
	request, err := Request(m)
	if err != nil {
		return all
	}
	add := func(r proto.Message) {
		if named, ok := r.(interface{ GetId() string }); ok {
			all[named.GetId()] = r
		}
	}
	request.ProtoReflect().Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.Message() == nil || fd.IsMap() || fd.Message().FullName() == "zhiping.common.v1.Base":
		case fd.IsList():
			for i := range v.List().Len() {
				add(v.List().Get(i).Message().Interface())
			}
		default:
			add(v.Message().Interface())
		}
		return true
	})
	return all
}

// Mine is what a clerk wanted with a mutation: the record as it was to be, or the action on it.
func Mine(m *outbox.Mutation) proto.Message {
	if r := Record(m); r != nil {
		return r
	}
	request, err := Request(m)
	if err != nil {
		return nil
	}
	r := request.ProtoReflect()
	if fd := r.Descriptor().Fields().ByName("action"); fd != nil && r.Has(fd) {
		return r.Get(fd).Message().Interface()
	}
	return request
}
