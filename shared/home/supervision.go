// Package home holds the rules of the first page (features B1-B4): what the supervision of the own unit's committees says.
package home

import (
	"cmp"
	"slices"
	"strings"

	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	publicityv1 "zhiping/proto/gen/zhiping/publicity/v1"
	"zhiping/shared/activity"
	"zhiping/shared/committee"
	"zhiping/shared/field"
)

// Records are the own unit's records that the supervision is worked out from.
type Records struct {
	Committees  []*committeev1.Committee
	Activities  []*activityv1.Activity
	Meetings    []*meetingv1.Meeting
	Publicities []*publicityv1.Publicity
}

// A Row is one line of the supervision (B4): a committee with an activity, or one without.
type Row struct {
	Committee *committeev1.Committee
	Activity  *activityv1.Activity // nil: it has none
	Stage     activity.Stage       // of the activity
}

// Totals are the numbers above the table (B4).
type Totals struct {
	Committees, Filed, Unfiled, Running int
}

// Supervise works out the supervision on a civil date and at an instant. A committee stands there with each of its activities that are not
// closed; with the newest one if all are; alone if it never had one. Those where something is under way come first.
func Supervise(r Records, today string, now int64) (Totals, []Row) {
	t := Totals{Committees: len(r.Committees)}
	var rows []Row
	for _, c := range r.Committees {
		if committee.CheckValid(c, today) == nil {
			t.Filed++
		}
		rows = append(rows, r.of(c, now)...)
	}
	t.Unfiled = t.Committees - t.Filed
	for _, row := range rows {
		if row.Running() {
			t.Running++
		}
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), strings.Compare(a.Committee.Name, b.Committee.Name), strings.Compare(b.Activity.GetId(), a.Activity.GetId()))
	})
	return t, rows
}

// of are the lines of one committee.
func (r *Records) of(c *committeev1.Committee, now int64) []Row {
	var rows []Row
	var newest *activityv1.Activity
	for _, a := range r.Activities {
		if a.CommitteeId != c.Id {
			continue
		}
		if newest == nil || a.Id > newest.Id { // made later: ids go by time
			newest = a
		}
		if !a.Closed {
			rows = append(rows, Row{c, a, activity.StageOf(a, r.reached(a), now)})
		}
	}
	switch {
	case len(rows) > 0:
		return rows
	case newest != nil:
		return []Row{{c, newest, activity.Over}}
	}
	return []Row{{Committee: c}}
}

// reached is how far the domains after the activity have come with it.
func (r *Records) reached(a *activityv1.Activity) activity.Stage {
	reached := activity.Preparing
	for _, m := range r.Meetings {
		if m.ActivityId != a.Id || m.State == meetingv1.State_STATE_CANCELLED {
			continue
		}
		reached = max(reached, activity.Meeting)
		for _, p := range r.Publicities {
			switch {
			case p.MeetingId != m.Id:
			case p.State == publicityv1.State_STATE_ENDED:
				reached = max(reached, activity.Confirming)
			default:
				reached = max(reached, activity.Announced)
			}
		}
	}
	return reached
}

// Running reports whether the activity of a line is under way.
func (r Row) Running() bool { return r.Activity.GetPublished() && !r.Activity.GetClosed() }

func (r Row) rank() int {
	switch {
	case r.Running():
		return 0
	case r.Activity == nil:
		return 3
	case r.Activity.Closed:
		return 2
	}
	return 1
}

// filings are the states of a filing as the supervision says them.
var filings = map[string]string{committee.Draft: "待提交", committee.Review: "备案审核中", committee.Returned: "备案被退回", committee.Refused: "备案未通过"}

// Filing says how the filing of a committee stands on a civil date: one that holds is 已备案 whatever becomes of its renewal.
func Filing(c *committeev1.Committee, today string) string {
	switch {
	case committee.CheckValid(c, today) == nil:
		return "已备案"
	case committee.State(c) != committee.Filed:
		return filings[committee.State(c)]
	}
	return "备案已到期"
}

// Validity is from when to when the filing of a committee holds.
func Validity(c *committeev1.Committee) string {
	if c.FiledOn == "" {
		return "—"
	}
	return c.FiledOn + " 至 " + c.ValidUntil
}

// Period is from when to when applications to an activity are taken: dates, since the table is narrow.
func Period(a *activityv1.Activity) string {
	if a.GetOpensAt() == 0 {
		return "—"
	}
	return day(activity.Show(a.OpensAt)) + " 至 " + day(activity.Show(a.SubmitBy))
}

func day(instant string) string { return instant[:len("2026-03-02")] }

// Divisions are where a committee reviews: its review divisions, or the division of its forming unit, by name.
func Divisions(c *committeev1.Committee, forming string) string {
	if len(c.Divisions) == 0 {
		c = &committeev1.Committee{Divisions: []string{forming}}
	}
	return field.Named(c, committeev1.Committee_Divisions)[0].Text(c)
}
