package meeting_test

import (
	"strings"
	"testing"

	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/server/committee"
	"zhiping/server/meeting"
	"zhiping/server/servertest"
	"zhiping/shared/fault"
)

// No vote is opened for a committee whose filing has run out by the day of the meeting (Articles 8 and 38): there is no package to vote with.
func TestNoPackageWithoutAFiling(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newChamber(t, h)
		c.m.State = meetingv1.State_STATE_CONFIRMED
		put(t, h, meeting.Meetings, c.m)
		filed := &committeev1.Committee{Id: c.m.CommitteeId, Name: "示例评委会（虚构）", UnitId: h.Top.Id}
		issue := func(until string) error {
			if filed.ValidUntil = until; until != "" {
				filed.FiledOn = "2023-05-20"
			}
			put(t, h, committee.Committees, filed)
			_, err := client(c.people["organiser"]).IssuePackage(ctx, &meetingv1.IssuePackageRequest{Base: c.base()})
			return err
		}
		c.refused(issue(""), fault.State, "尚未备案")
		c.refused(issue("2026-05-19"), fault.State, "备案已于2026-05-19到期，请先重新备案")
		if f := fault.As(issue(c.m.HeldOn)); f != nil && strings.Contains(f.Message, "备案") { // what else such a meeting lacks is not asked here
			t.Error("refused on the last day of the filing:", f)
		}
	})
}
