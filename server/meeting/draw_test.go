package meeting_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/proto/gen/zhiping/meeting/v1/meetingv1connect"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/command"
	"zhiping/server/expert"
	"zhiping/server/meeting"
	"zhiping/server/record"
	"zhiping/server/servertest"
	"zhiping/shared/catalog"
	"zhiping/shared/draw"
	"zhiping/shared/fault"
)

var ctx = context.Background()

// chamber is a meeting with a pool of experts and two people who draw.
type chamber struct {
	t       *testing.T
	m       *meetingv1.Meeting
	people  map[string]*servertest.Client // by party
	experts []string
}

func client(c *servertest.Client) meetingv1connect.MeetingServiceClient {
	return meetingv1connect.NewMeetingServiceClient(c.HTTP, c.URL, c.Options...)
}

// put writes a record past the services.
func put[M record.Message](t *testing.T, h *servertest.House, k *record.Kind[M], m M) {
	t.Helper()
	if _, err := command.Run(ctx, h.Server.Run, &unitv1.GetUnitRequest{}, func(tx *command.Tx) (*unitv1.GetUnitResponse, error) {
		return &unitv1.GetUnitResponse{}, k.Put(ctx, tx, m)
	}); err != nil {
		t.Fatal(err)
	}
}

func newChamber(t *testing.T, h *servertest.House) *chamber {
	t.Helper()
	top := h.SignIn("topadmin")
	second := servertest.NewStaff("supervisor")
	second.Staff.UnitId, second.Staff.Super = h.Top.Id, true
	if _, err := unitv1connect.NewUnitServiceClient(top.HTTP, top.URL, top.Options...).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: second.Staff, Password: servertest.Password}); err != nil {
		t.Fatal(err)
	}
	rules, err := catalog.RulesOn("2026-05-20")
	if err != nil {
		t.Fatal(err)
	}
	c := &chamber{t: t, people: map[string]*servertest.Client{"organiser": top, "supervisor": h.SignIn("supervisor")}}
	c.m = &meetingv1.Meeting{
		Id: servertest.NewID(), Name: "示例会议（虚构）", HeldOn: "2026-05-20", UnitId: h.Top.Id, CommitteeId: servertest.NewID(), RulesSha256: rules.SHA256, State: meetingv1.State_STATE_PREPARING, PanelSize: 5,
	}
	put(t, h, meeting.Meetings, c.m)
	for i := range 12 {
		e := &expertv1.Expert{
			Id: servertest.NewID(), Name: fmt.Sprint("专家", i), UnitId: h.Top.Id, CommitteeId: c.m.CommitteeId, Specialty: "0501", WorkUnit: fmt.Sprint("示例单位", i%8), PersonId: servertest.NewID(),
			Position: expertv1.Position_POSITION_MEMBER, Entry: &reviewv1.Case{Stage: reviewv1.Stage_STAGE_APPROVED}, Retired: i == 11,
		}
		if i < 6 { // enough that one of another unit is always left
			e.Position = expertv1.Position_POSITION_CHAIR
		}
		put(t, h, expert.Experts, e)
		c.experts = append(c.experts, e.Id)
	}
	return c
}

func (c *chamber) base() *commonv1.Base { return &commonv1.Base{Id: c.m.Id, Revision: c.m.Revision} }

// took takes the meeting of an answer, or fails.
func (c *chamber) took(m interface{ GetMeeting() *meetingv1.Meeting }, err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	c.m = m.GetMeeting()
}

func (c *chamber) refused(err error, code fault.Code, says string) {
	c.t.Helper()
	if f := fault.As(err); f == nil || f.Code != code || !strings.Contains(f.Message, says) {
		c.t.Errorf("want %s saying %q, got %v", code, says, err)
	}
}

func (c *chamber) plan(reason string) (*meetingv1.PlanDrawResponse, error) {
	return client(c.people["organiser"]).PlanDraw(ctx, &meetingv1.PlanDrawRequest{
		Base: c.base(), Parties: []string{"organiser", "supervisor"}, MaxPerUnit: 1, Reason: reason,
		Apart:  []*meetingv1.Apart{{A: c.experts[0], B: c.experts[1], Reason: "夫妻"}},
		Strata: []*meetingv1.Stratum{{Name: "土木组", Specialties: []string{"0501"}, Take: 5, Alternates: 1}},
	})
}

func (c *chamber) value(party string) []byte {
	return bytes.Repeat([]byte{byte(len(party))}, draw.ValueSize)
}

func (c *chamber) commit(party string) {
	c.t.Helper()
	hash, err := hex.DecodeString(c.m.Draw.PlanHash)
	if err != nil {
		c.t.Fatal(err)
	}
	c.took(client(c.people[party]).CommitDraw(ctx, &meetingv1.CommitDrawRequest{Base: c.base(), Party: party, Commit: hex.EncodeToString(draw.Commit(hash, party, c.value(party)))}))
}

func (c *chamber) reveal(party string) (*meetingv1.RevealDrawResponse, error) {
	return client(c.people[party]).RevealDraw(ctx, &meetingv1.RevealDrawRequest{Base: c.base(), Party: party, Value: hex.EncodeToString(c.value(party))})
}

func (c *chamber) record() *draw.Record {
	c.t.Helper()
	r := &draw.Record{}
	if err := json.Unmarshal([]byte(c.m.Draw.Record), r); err != nil {
		c.t.Fatal(err)
	}
	return r
}

func (c *chamber) sign(party string, seed byte) error {
	c.t.Helper()
	digest, err := c.record().Digest()
	if err != nil {
		c.t.Fatal(err)
	}
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	resp, err := client(c.people[party]).SignDraw(ctx, &meetingv1.SignDrawRequest{Base: c.base(), Party: party, Key: hex.EncodeToString(key.Public().(ed25519.PublicKey)), Value: hex.EncodeToString(ed25519.Sign(key, digest))})
	if err == nil {
		c.m = resp.Meeting
	}
	return err
}

func (c *chamber) confirm() (*meetingv1.ConfirmPanelResponse, error) {
	r := &meetingv1.ConfirmPanelRequest{Base: c.base()}
	for _, s := range c.m.Panel {
		if !s.Alternate {
			r.ExpertIds = append(r.ExpertIds, s.ExpertId)
			if s.Chair {
				r.ExecutiveId = s.ExpertId
			}
		}
	}
	return client(c.people["organiser"]).ConfirmPanel(ctx, r)
}

func (c *chamber) verified(text string) {
	c.t.Helper()
	var said bytes.Buffer
	if err := draw.Verify(strings.NewReader(text), &said); err != nil {
		c.t.Error(err, said.String())
	}
}

// A draw is begun, given up by two people, begun again with its reason, drawn, somebody declines, both parties sign: every record verifies, and
// no step can be left out.
func TestDrawAndRedraw(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newChamber(t, h)
		c.took(c.plan(""))
		_, err := c.reveal("organiser")
		c.refused(err, fault.State, "尚未提交承诺")
		c.commit("organiser")
		_, err = client(c.people["organiser"]).CommitDraw(ctx, &meetingv1.CommitDrawRequest{Base: c.base(), Party: "supervisor", Commit: strings.Repeat("ab", 32)})
		c.refused(err, fault.Denied, "同一人不能代表两个参与方")
		c.commit("supervisor")
		c.took(c.reveal("organiser"))

		abandon := func(party string) (*meetingv1.AbandonDrawResponse, error) {
			return client(c.people[party]).AbandonDraw(ctx, &meetingv1.AbandonDrawRequest{Base: c.base(), Reason: "监督方密数遗失"})
		}
		c.took(abandon("organiser"))
		_, err = abandon("organiser")
		c.refused(err, fault.Denied, "第二人")
		c.took(abandon("supervisor"))
		if len(c.m.Draw.Earlier) != 1 || c.m.State != meetingv1.State_STATE_PREPARING {
			t.Fatal(c.m)
		}
		c.verified(c.m.Draw.Earlier[0])
		_, err = c.plan("")
		c.refused(err, fault.Invalid, "重新抽选须填写理由")
		c.took(c.plan("监督方密数遗失，重新抽选"))

		c.commit("supervisor")
		c.commit("organiser")
		c.took(c.reveal("supervisor"))
		c.took(c.reveal("organiser"))
		_, err = abandon("organiser")
		c.refused(err, fault.State, "尚未抽出结果")
		if r := c.record(); r.Redraw != 2 || r.Excluded[c.experts[11]] != "已退休" || len(c.m.Panel) < 5 {
			t.Fatal(r.Redraw, r.Excluded, len(c.m.Panel))
		}
		_, err = c.confirm()
		c.refused(err, fault.State, "须由两个参与方签署")
		gone := c.m.Panel[0].ExpertId
		c.took(client(c.people["organiser"]).DeclineSeat(ctx, &meetingv1.DeclineSeatRequest{Base: c.base(), ExpertId: gone, Evidence: "5月18日请假条"}))
		for _, s := range c.m.Panel {
			if s.ExpertId == gone {
				t.Error("who declined still has a seat")
			}
		}
		if err := c.sign("supervisor", 1); err != nil {
			t.Fatal(err)
		}
		if err := c.sign("organiser", 1); fault.CodeOf(err) != fault.State {
			t.Error("one key signed for two:", err)
		}
		if err := c.sign("organiser", 2); err != nil {
			t.Fatal(err)
		}
		c.verified(c.m.Draw.Record)
		before := proto.CloneOf(c.m)
		c.took(c.confirm())
		if c.m.State != meetingv1.State_STATE_CONFIRMED || c.m.Draw.Record != before.Draw.Record {
			t.Error("confirming changed the record")
		}
		c.rules()
	})
}

// rules holds the panel against the rules of its plan.
func (c *chamber) rules() {
	c.t.Helper()
	units, couple, chairs := map[string]int{}, 0, 0
	for _, s := range c.m.Panel {
		if s.Alternate {
			continue
		}
		if units[s.WorkUnit]++; units[s.WorkUnit] > 1 {
			c.t.Error("two of one unit")
		}
		if s.ExpertId == c.experts[0] || s.ExpertId == c.experts[1] {
			couple++
		}
		if s.Chair {
			chairs++
		}
	}
	if couple > 1 || chairs == 0 {
		c.t.Errorf("%d of a couple, %d chairs", couple, chairs)
	}
}
