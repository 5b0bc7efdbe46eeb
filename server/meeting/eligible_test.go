package meeting_test

import (
	"encoding/json"
	"strings"
	"testing"

	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/expert"
	"zhiping/server/servertest"
	"zhiping/shared/draw"
)

// Whoever is on leave on the day of the meeting, whose term is over by then or has not begun, is left out of the draw with the reason; who was taken
// out of the pool is not even in the plan.
func TestDrawLeavesOut(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newChamber(t, h)
		want := map[string]string{}
		for says, change := range map[string]func(*expertv1.Expert){
			"请假":       func(e *expertv1.Expert) { e.Leaves = []*expertv1.Leave{{From: "2026-05-18", Until: "2026-05-22"}} },
			"聘期已于":     func(e *expertv1.Expert) { e.TermUntil = "2026-05-19" },
			"聘期自":      func(e *expertv1.Expert) { e.TermFrom = "2026-06-01" },
			"":         func(e *expertv1.Expert) { e.Removed = true },
			"eligible": func(e *expertv1.Expert) { e.Leaves = []*expertv1.Leave{{From: "2026-05-21", Until: "2026-05-22"}} },
		} {
			e := &expertv1.Expert{
				Id: servertest.NewID(), Name: "专家" + says, UnitId: h.Top.Id, CommitteeId: c.m.CommitteeId, Specialty: "0501", WorkUnit: "示例单位" + says, PersonId: servertest.NewID(),
				Position: expertv1.Position_POSITION_MEMBER, Entry: &reviewv1.Case{Stage: reviewv1.Stage_STAGE_APPROVED},
			}
			change(e)
			put(t, h, expert.Experts, e)
			want[e.Id] = says
		}
		c.took(c.plan(""))
		var p draw.Plan
		if err := json.Unmarshal([]byte(c.m.Draw.Plan), &p); err != nil {
			t.Fatal(err)
		}
		record := c.record()
		for id, says := range want {
			why, out := p.Excluded[id]
			in := false
			for _, s := range record.Strata {
				for _, other := range s.Pool {
					in = in || other == id
				}
			}
			switch says {
			case "eligible":
				if out || !in {
					t.Error("a leave of another day keeps somebody out:", why)
				}
			case "":
				if out || in {
					t.Error("who was taken out of the pool is in the plan:", why)
				}
			default:
				if !strings.Contains(why, says) || in {
					t.Errorf("%q, want %q; in the pool: %v", why, says, in)
				}
			}
		}
		if c.m.State != meetingv1.State_STATE_DRAWING {
			t.Error(c.m.State)
		}
	})
}
