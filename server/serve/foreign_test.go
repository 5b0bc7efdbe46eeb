package serve_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	messagev1 "zhiping/proto/gen/zhiping/message/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/activity"
	"zhiping/server/application"
	"zhiping/server/certificate"
	"zhiping/server/command"
	"zhiping/server/committee"
	"zhiping/server/confirmation"
	"zhiping/server/expert"
	"zhiping/server/export"
	"zhiping/server/meeting"
	"zhiping/server/message"
	"zhiping/server/notice"
	"zhiping/server/publicity"
	"zhiping/server/record"
	"zhiping/server/rpc"
	"zhiping/server/servertest"
	"zhiping/shared/field"
)

// estate is one record of every kind, all of one unit.
type estate struct {
	t     *testing.T
	owner string                    // the unit
	by    map[string]record.Message // by kind
}

// put makes a record with every field filled in that people fill in, and writes it past the services: what is tested is who may touch it, not
// how it comes to be.
func put[M record.Message](e *estate, h *servertest.House, k *record.Kind[M]) {
	e.t.Helper()
	m := k.New()
	e.fill(m.ProtoReflect(), 0)
	m.ProtoReflect().Clear(m.ProtoReflect().Descriptor().Fields().ByName("revision"))
	e.by[k.Name] = m
	if _, err := command.Run(ctx, h.Server.Run, &unitv1.GetUnitRequest{}, func(tx *command.Tx) (*unitv1.GetUnitResponse, error) {
		return &unitv1.GetUnitResponse{}, k.Put(ctx, tx, m)
	}); err != nil {
		e.t.Fatal(k.Name, err)
	}
}

// fill gives every field a value that its declaration allows; ids name the records of the estate.
func (e *estate) fill(m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		switch {
		case fd.Kind() == protoreflect.MessageKind && fd.IsList():
			if depth < 2 && !strings.HasPrefix(string(fd.Message().FullName()), "zhiping.review.") {
				l := m.Mutable(fd).List()
				v := l.AppendMutable()
				e.message(v.Message(), depth)
			}
		case fd.Kind() == protoreflect.MessageKind:
			if depth < 3 && fd.Message().FullName() != "zhiping.review.v1.Case" {
				e.message(m.Mutable(fd).Message(), depth)
			}
		case fd.IsList():
			for range 3 {
				if l := m.Mutable(fd).List(); l.Len() == 0 || fd.Name() == "expert_ids" {
					l.Append(e.value(fd, string(m.Descriptor().FullName())))
				}
			}
		default:
			m.Set(fd, e.value(fd, string(m.Descriptor().FullName())))
		}
	}
}

// message fills a part: a record of the estate stands for itself.
func (e *estate) message(m protoreflect.Message, depth int) {
	for _, r := range e.by {
		if r.ProtoReflect().Descriptor().FullName() == m.Descriptor().FullName() {
			b, err := proto.Marshal(r)
			if err == nil {
				err = proto.Unmarshal(b, m.Interface())
			}
			if err != nil {
				e.t.Fatal(err)
			}
			return
		}
	}
	e.fill(m, depth+1)
}

func (e *estate) value(fd protoreflect.FieldDescriptor, in string) protoreflect.Value {
	f, name := field.Of(fd), string(fd.Name())
	switch fd.Kind() {
	case protoreflect.EnumKind:
		if name == "move" {
			return protoreflect.ValueOfEnum(reviewv1.Move_MOVE_APPROVE.Number())
		}
		return protoreflect.ValueOfEnum(f.Choices[0].Value)
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(false)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(max(1, map[string]int32{"year": 2026, "panel_size": 7}[name]))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(1)
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte("bytes"))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(1)
	}
	return protoreflect.ValueOfString(e.text(f, name, in))
}

func (e *estate) text(f *field.Info, name, in string) string {
	if kind, ok := strings.CutSuffix(name, "_id"); ok {
		if r := e.by[kind]; r != nil && kind != "unit" {
			return r.GetId()
		}
		if slices.Contains([]string{"unit", "authorising", "filing", "committee_unit", "applicant_unit", "superior", "pending_superior"}, kind) {
			return e.owner
		}
		return servertest.NewID()
	}
	samples := map[string]string{
		"id": servertest.NewID(), "a": servertest.NewID(), "b": servertest.NewID(), "key": strings.Repeat("ab", 32), "expert_ids": servertest.NewID(), "credit_code": servertest.CreditCode(90001), "phone": "13800000000", "account": "foreigner", "sha256": strings.Repeat("ab", 32),
		"number": "11010119900307803X", "legal_person_number": "11010119900307803X", "kind": "application", "division": "510100", "password": servertest.Password,
		"rule_set": strings.Repeat("ab", 32), "commit": strings.Repeat("ab", 32), "value": strings.Repeat("ab", 32), "sender_phone": "13800000000", "document_number": "某人社职〔2026〕60号",
	}
	for _, key := range []string{"hub_key", "hub_tls", "spare_key", "spare_tls"} {
		samples[key] = strings.Repeat("ab", 32)
	}
	if strings.HasSuffix(in, ".RoundSetting") {
		samples["id"] = "R1"
	}
	if strings.HasSuffix(in, ".SignDrawRequest") {
		samples["value"] = strings.Repeat("ab", 64)
	}
	if s, ok := samples[name]; ok && (name != "kind" || strings.Contains(in, "Download")) {
		return s
	}
	switch {
	case len(f.Choices) > 0:
		return f.Choices[0].Code
	case f.GetWidget() == commonv1.Widget_WIDGET_DATE, strings.HasSuffix(name, "_on"), strings.HasSuffix(name, "_until"), name == "birth", name == "date":
		return "2026-03-01"
	}
	return "示例"
}

// request fills the request of a procedure so that it is about records of the estate.
func (e *estate) request(procedure string) proto.Message {
	service, name, _ := strings.Cut(strings.TrimPrefix(procedure, "/"), "/")
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		e.t.Fatal(err)
	}
	in := d.(protoreflect.ServiceDescriptor).Methods().ByName(protoreflect.Name(name)).Input()
	m := dynamicpb.NewMessage(in)
	e.fill(m, 0)
	about := e.by[strings.Split(procedure, ".")[1]]
	if name == "ReadMessages" {
		about = e.by["delivery"]
	}
	if strings.Contains(name, "Recommendation") {
		about = e.by["recommendation"]
	}
	if about == nil { // attachments, and what is about no record
		about = e.by["application"]
	}
	e.aim(m, about)
	return m
}

// aim points every base and id of a request at a record, and asks for nothing that could be refused for another reason.
func (e *estate) aim(m protoreflect.Message, about record.Message) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		switch {
		case fd.Message() != nil && fd.Message().FullName() == "zhiping.common.v1.Base":
			b := m.Mutable(fd)
			if fd.IsList() {
				base(b.List().Get(0).Message(), about)
			} else {
				base(b.Message(), about)
			}
		case fd.Message() != nil && fd.Message().FullName() == "zhiping.common.v1.Query":
			m.Clear(fd)
		case fd.Name() == "id":
			m.Set(fd, protoreflect.ValueOfString(about.GetId()))
		case fd.Name() == "matter" && fd.Kind() == protoreflect.EnumKind:
			m.Set(fd, protoreflect.ValueOfEnum(1))
		case fd.Name() == "to" && fd.Kind() == protoreflect.EnumKind:
			m.Set(fd, protoreflect.ValueOfEnum(2))
		}
	}
}

func base(m protoreflect.Message, about record.Message) {
	fields := m.Descriptor().Fields()
	m.Set(fields.ByName("id"), protoreflect.ValueOfString(about.GetId()))
	m.Set(fields.ByName("revision"), protoreflect.ValueOfInt64(about.GetRevision()))
}

// send sends a request and gives the wire code, "" when it went through, with the whole answer.
func send(t *testing.T, c *servertest.Client, procedure string, number int, m proto.Message) (code, answer string) {
	t.Helper()
	b, err := protojson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest("POST", c.URL+procedure, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Zhiping-Mutation", "foreign/"+strconv.Itoa(number)+"/direct")
	r.Header.Set("Authorization", "Bearer "+c.Token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var e struct{ Code string }
	if resp.StatusCode != http.StatusOK {
		if err := json.Unmarshal(all, &e); err != nil {
			t.Fatal(err)
		}
	}
	return e.Code, string(all)
}

// Nobody reaches what belongs to a unit beside the own: for every procedure, a super-administrator of another HR department - who has every right
// there is - sends a request about the unit's records, complete and with the right revision. It must fail as if there were no such record, or
// as not allowed; lists must not show it. The same request by the owner must not fail that way, so that what is tested is the owner.
func TestForeignRecords(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		units := unitv1connect.NewUnitServiceClient(top.HTTP, top.URL, top.Options...)
		both := map[string]*servertest.Client{}
		for _, account := range []string{"owner", "other"} {
			u := h.NewUnit("示例市人社局"+account, commonv1.UnitKind_UNIT_KIND_HR)
			if _, err := units.CreateUnit(ctx, &unitv1.CreateUnitRequest{Unit: u, Handlers: []*unitv1.NewStaff{servertest.NewStaff(account)}}); err != nil {
				t.Fatal(err)
			}
			both[account] = h.SignIn(account)
		}
		owner := both["owner"].Identity
		e := &estate{t: t, owner: owner.Unit.Id, by: map[string]record.Message{"unit": owner.Unit, "staff": owner.Staff}}
		put(e, h, committee.Committees)
		put(e, h, committee.Competences)
		put(e, h, expert.Experts)
		put(e, h, expert.Pools)
		put(e, h, expert.Recommendations)
		put(e, h, activity.Activities)
		put(e, h, application.Applications)
		put(e, h, meeting.Meetings)
		put(e, h, publicity.Publicities)
		put(e, h, confirmation.Confirmations)
		put(e, h, certificate.Certificates)
		put(e, h, export.Exports)
		put(e, h, message.Messages)
		put(e, h, message.Deliveries)
		put(e, h, notice.Notices)
		number, tried := 0, 0
		for _, procedure := range slices.Sorted(maps.Keys(rpc.Methods())) {
			if m := rpc.Methods()[procedure]; !strings.HasPrefix(procedure, "/zhiping.") || m.Right == commonv1.Right_RIGHT_PUBLIC || aboutNobody(procedure) {
				continue
			}
			number++
			r := e.request(procedure)
			if problems, err := field.Check(r, field.Complete); len(problems) > 0 || err != nil {
				t.Errorf("%s: the request is not complete: %v %v", procedure, problems, err)
				continue
			}
			tried++
			code, answer := send(t, both["other"], procedure, number, r)
			switch {
			case code == "not_found" || code == "permission_denied":
			case code == "" && strings.Contains(answer, `"outcomes"`) && (strings.Contains(answer, "不存在") || strings.Contains(answer, "denied")):
			case code == "" && strings.Contains(procedure, "/List") && !strings.Contains(answer, owner.Unit.Id):
			default:
				t.Errorf("%s by another unit: %q %s", procedure, code, answer)
			}
		}
		if tried < 40 {
			t.Fatalf("only %d procedures were tried", tried)
		}
		e.owned(both["owner"], number)
		e.strangers(both["other"], number+100)
	})
}

// strangers sends new messages to a unit that is no subordinate and to a person who is nobody's applicant here: both as if there were none (J1).
func (e *estate) strangers(c *servertest.Client, number int) {
	for i, to := range []*messagev1.SendMessageRequest{{UnitIds: []string{e.owner}}, {PersonIds: []string{e.by["application"].(*applicationv1.Application).PersonId}}} {
		to.Message = &messagev1.Message{Id: servertest.NewID(), Title: "标题", Text: "内容"}
		if code, answer := send(e.t, c, "/zhiping.message.v1.MessageService/SendMessage", number+i, to); code != "not_found" {
			e.t.Errorf("a message to strangers, %v: %q %s", to, code, answer)
		}
	}
}

// owned sends the same requests as the owner: whatever else is wrong with them, the records are found.
func (e *estate) owned(c *servertest.Client, number int) {
	for kind, get := range map[string]string{
		"committee": "/zhiping.committee.v1.CommitteeService/GetCommittee", "expert": "/zhiping.expert.v1.ExpertService/GetExpert", "activity": "/zhiping.activity.v1.ActivityService/GetActivity",
		"application": "/zhiping.application.v1.ApplicationService/GetApplication", "meeting": "/zhiping.meeting.v1.MeetingService/GetMeeting",
		"publicity": "/zhiping.publicity.v1.PublicityService/GetPublicity", "confirmation": "/zhiping.confirmation.v1.ConfirmationService/GetConfirmation",
		"recommendation": "/zhiping.expert.v1.ExpertService/GetRecommendation",
		"certificate":    "/zhiping.certificate.v1.CertificateService/GetCertificate", "unit": "/zhiping.unit.v1.UnitService/GetUnit",
	} {
		number++
		if code, answer := send(e.t, c, get, number, e.request(get)); code != "" || !strings.Contains(answer, e.by[kind].GetId()) {
			e.t.Errorf("%s by its owner: %q %s", get, code, answer)
		}
	}
}

// aboutNobody are the procedures that name no record of anybody: the caller's own sessions, the feed and the counters (the caller's unit's by their keys), a new
// unit below the own, uploads.
func aboutNobody(procedure string) bool {
	_, name, _ := strings.Cut(strings.TrimPrefix(procedure, "/"), "/")
	return strings.HasPrefix(procedure, "/zhiping.session.") && !strings.Contains(name, "Staff") || strings.HasPrefix(procedure, "/zhiping.room.") || slices.Contains([]string{"Pull", "Watch", "Upload", "CreateUnit", "CountWork"}, name)
}
