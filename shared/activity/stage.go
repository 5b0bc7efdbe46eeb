package activity

import activityv1 "zhiping/proto/gen/zhiping/activity/v1"

// A Stage is where an activity stands in its year (B4).
type Stage int

// The stages, in their order.
const (
	Preparing  Stage = iota // not published yet
	Waiting                 // published, applications not open yet
	Applying                // applications are handed in
	Reviewing               // units review, the committee receives
	Meeting                 // the committee reviews
	Announced               // the results are in publicity
	Confirming              // after it: confirmation and certificates
	Over                    // closed
)

// stages are the names of the stages.
var stages = []string{"筹备中", "待申报", "申报中", "材料审核中", "评审中", "公示中", "结果确认中", "已办结"}

// String is what people call a stage.
func (s Stage) String() string { return stages[s] }

// StageOf returns the stage of an activity at an instant. What is written down goes before what the times say; reached is the furthest that
// the domains after this one know of: Meeting once there is a meeting, Announced while its results are in publicity, Confirming after that,
// Preparing for nothing.
func StageOf(a *activityv1.Activity, reached Stage, now int64) Stage {
	switch {
	case a.Closed:
		return Over
	case !a.Published:
		return Preparing
	}
	by := Meeting
	switch {
	case now < a.OpensAt:
		by = Waiting
	case now <= a.SubmitBy:
		by = Applying
	case now <= a.ReceiveBy:
		by = Reviewing
	}
	return max(by, reached)
}

// states are the names of what keeps an activity from being published.
var states = map[string]string{Draft: "待提交", Review: "发布审核中", Returned: "发布被退回", Refused: "发布未通过"}

// Present is what people call the present stage: of one that is not published, what it waits for.
func Present(a *activityv1.Activity, s Stage) string {
	if s == Preparing {
		return states[State(a)]
	}
	return s.String()
}
