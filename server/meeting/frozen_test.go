package meeting_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	"zhiping/proto/gen/zhiping/application/v1/applicationv1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	"zhiping/proto/gen/zhiping/expert/v1/expertv1connect"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/application"
	"zhiping/server/servertest"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// While a hub holds the meeting nothing changes its people: every command on applications is tried by a unit that owns them and has every right, and so is
// every command on the meeting itself. The record after them is the record before.
func TestFrozen(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newCouncil(t, h, 2)
		for i := range c.people { // the unit's own, so that it is only the meeting that holds them
			a := c.application(i)
			a.UnitId = h.Top.Id
			put(t, h, application.Applications, a)
		}
		c.drill()
		c.issue()
		before := c.application(0)
		top := c.chamber.people["organiser"]
		x := applicationv1connect.NewApplicationServiceClient(top.HTTP, top.URL, top.Options...)
		bases := []*commonv1.Base{{Id: before.Id, Revision: before.Revision}}
		refuse, approve := &reviewv1.Action{Move: reviewv1.Move_MOVE_REFUSE, Opinion: "受到处分"}, &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE, Opinion: "同意"}
		proof := &commonv1.Attachment{Sha256: strings.Repeat("ab", 32), Name: "公示证明.pdf", Size: 1}
		answers := map[string]interface {
			GetOutcomes() []*commonv1.Outcome
		}{}
		for name, call := range map[string]func() (interface{ GetOutcomes() []*commonv1.Outcome }, error){
			"submit": func() (interface{ GetOutcomes() []*commonv1.Outcome }, error) {
				return x.SubmitApplications(ctx, &applicationv1.SubmitApplicationsRequest{Bases: bases})
			},
			"withdraw": func() (interface{ GetOutcomes() []*commonv1.Outcome }, error) {
				return x.WithdrawApplications(ctx, &applicationv1.WithdrawApplicationsRequest{Bases: bases})
			},
			"review": func() (interface{ GetOutcomes() []*commonv1.Outcome }, error) {
				return x.ReviewApplications(ctx, &applicationv1.ReviewApplicationsRequest{Bases: bases, Action: refuse})
			},
			"recommend": func() (interface{ GetOutcomes() []*commonv1.Outcome }, error) {
				return x.RecommendApplications(ctx, &applicationv1.RecommendApplicationsRequest{Bases: bases, Recommendation: "同意推荐", PublicityProof: proof})
			},
			"qualify": func() (interface{ GetOutcomes() []*commonv1.Outcome }, error) {
				return x.QualifyApplications(ctx, &applicationv1.QualifyApplicationsRequest{Bases: bases, Action: approve})
			},
			"refuse at qualification": func() (interface{ GetOutcomes() []*commonv1.Outcome }, error) {
				return x.QualifyApplications(ctx, &applicationv1.QualifyApplicationsRequest{Bases: bases, Action: refuse})
			},
		} {
			resp, err := call()
			if err != nil {
				t.Fatal(name, err)
			}
			answers[name] = resp
		}
		for name, resp := range answers {
			if o := resp.GetOutcomes(); len(o) != 1 || o[0].Fault == nil {
				t.Error(name, "went through:", o)
			}
		}
		if _, err := x.SaveApplication(ctx, &applicationv1.SaveApplicationRequest{Application: before}); fault.As(err) == nil {
			t.Error("saved:", err)
		}
		if after := c.application(0); !proto.Equal(after, before) {
			t.Errorf("changed from %v to %v", before, after)
		}
		for name, err := range map[string]error{
			"draw":      second(c.plan("再抽一次")),
			"confirm":   second(c.confirm()),
			"issue":     second(c.client().IssuePackage(ctx, &meetingv1.IssuePackageRequest{Base: c.base()})),
			"drill":     second(c.client().StartDrill(ctx, &meetingv1.StartDrillRequest{Base: c.base()})),
			"save":      second(c.client().SaveMeeting(ctx, &meetingv1.SaveMeetingRequest{Meeting: c.m})),
			"not there": second(c.client().DeclineSeat(ctx, &meetingv1.DeclineSeatRequest{Base: c.base(), ExpertId: c.experts[0], Evidence: "请假条"})),
		} {
			if fault.As(err) == nil {
				t.Errorf("%s of a meeting in its room: %v", name, err)
			}
		}
	})
}

// An expert who is taken out of the pool while he sits in a room waits as a hold too: he votes on, and whoever takes the record hears of it.
func TestRemovedExpertIsAHold(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newCouncil(t, h, 2)
		c.drill()
		r := c.room(c.issue()["全体会议"].Package, &ballot.Memory{})
		top := c.chamber.people["organiser"]
		experts := expertv1connect.NewExpertServiceClient(top.HTTP, top.URL, top.Options...)
		for _, i := range []int{4, 10} { // one of the panel, one who is not
			got, err := experts.GetExpert(ctx, &expertv1.GetExpertRequest{Id: c.experts[i]})
			if err != nil {
				t.Fatal(err)
			}
			resp, err := experts.RemoveExperts(ctx, &expertv1.RemoveExpertsRequest{Bases: []*commonv1.Base{{Id: c.experts[i], Revision: got.Expert.Revision}}, Reason: "受到党纪处分"})
			if err != nil || resp.Outcomes[0].Fault != nil {
				t.Fatal(resp, err)
			}
		}
		got, err := c.client().GetMeeting(ctx, &meetingv1.GetMeetingRequest{Id: c.m.Id})
		c.took(got, err)
		r.CheckIn(10)
		c.vote(r, "R1", func(int) bool { return true })
		if resp := c.handed(r.Record()); len(resp.Holds) != 1 || resp.Holds[0].SubjectId != c.experts[4] || !strings.Contains(resp.Holds[0].Reason, "受到党纪处分") {
			t.Error(resp.Holds)
		}
		equal(t, "states", c.states(), "++")
	})
}
