// Package activity holds the rules of review activities (features E1-E4, D10): times in order, what may be opened, and the deadlines that
// everybody else asks for.
package activity

import (
	"fmt"
	"slices"
	"time"

	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/fault"
)

// The states of an activity, as the tabs of its list.
const (
	Draft     = "DRAFT"
	Review    = "IN_REVIEW"
	Returned  = "RETURNED"
	Refused   = "REFUSED"
	Published = "PUBLISHED"
	Closed    = "CLOSED"
)

// State returns the tab an activity stands under.
func State(a *activityv1.Activity) string {
	switch a.GetPublication().GetStage() {
	case reviewv1.Stage_STAGE_REVIEW:
		return Review
	case reviewv1.Stage_STAGE_RETURNED:
		return Returned
	case reviewv1.Stage_STAGE_REFUSED:
		return Refused
	}
	switch {
	case a.Closed:
		return Closed
	case a.Published:
		return Published
	}
	return Draft
}

// Check holds an activity against the rules between its fields and with its committee (E1, E3).
func Check(a *activityv1.Activity, c *committeev1.Committee) []fault.Problem {
	var all []fault.Problem
	add := func(field, format string, args ...any) {
		all = append(all, fault.Problem{Field: "activity." + field, Text: fmt.Sprintf(format, args...)})
	}
	times := []struct {
		field, label string
		at           int64
	}{
		{"opens_at", "申报开始时间", a.OpensAt},
		{"submit_by", "首次提交截止时间", a.SubmitBy},
		{"correct_by", "补正截止时间", a.CorrectBy},
		{"receive_by", "评委会接收截止时间", a.ReceiveBy},
	}
	for i := 1; i < len(times); i++ {
		if times[i].at < times[i-1].at || i == 1 && times[i].at == times[0].at {
			add(times[i].field, "%s不能早于%s，请调整", times[i].label, times[i-1].label)
		}
	}
	for _, l := range a.Levels {
		if !slices.Contains(c.Levels, l) {
			add("levels", "申报层级中有评委会未备案的层级，请取消")
			break
		}
	}
	for _, s := range a.Specialties {
		if len(c.Specialties) > 0 && !slices.Contains(c.Specialties, s) {
			add("specialties", "申报专业中有评委会未备案的专业，请取消")
			break
		}
	}
	return all
}

var china = time.FixedZone("+08:00", 8*60*60)

// Show writes an instant as messages show it.
func Show(ms int64) string { return time.UnixMilli(ms).In(china).Format("2006-01-02 15:04") }

// A Deadline is one of an activity's times (D10).
type Deadline int

// The deadlines.
const (
	Submit  Deadline = iota // of the first submission
	Correct                 // of corrections after a return
	Receive                 // after which units cannot report
)

// CheckTime refuses what comes before the start or after a deadline, by the server's clock, with the time in the message (D10).
func CheckTime(a *activityv1.Activity, d Deadline, now int64) error {
	if !a.Published || a.Closed {
		return fault.New(fault.State, "评审活动“%s”未发布或已办结，不能办理", a.Name)
	}
	if now < a.OpensAt {
		return fault.New(fault.State, "评审活动“%s”的申报于%s开始，请届时再提交", a.Name, Show(a.OpensAt))
	}
	what, until := "首次提交", a.SubmitBy
	switch d {
	case Correct:
		what, until = "补正", a.CorrectBy
	case Receive:
		what, until = "评委会接收", a.ReceiveBy
	}
	if now > until {
		return fault.New(fault.Late, "“%s”的%s已于%s截止，现在是%s，不能办理", a.Name, what, Show(until), Show(now))
	}
	return nil
}
