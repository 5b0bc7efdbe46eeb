package application

import (
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/fault"
	"zhiping/shared/review"
)

// Review makes a review move (D3, D6) and what follows from it for the application's state: the last unit's approval reports it to the committee.
func Review(a *applicationv1.Application, action *reviewv1.Action, by review.Actor, at int64) error {
	if a.Review == nil || action.Move == reviewv1.Move_MOVE_WITHDRAW {
		return fault.New(fault.State, "“%s”的申报材料不在审核中，请刷新列表", a.Name)
	}
	first := a.Review.At == 0
	if err := review.Apply(a.Review, action, by, at); err != nil {
		return err
	}
	switch {
	case action.Move == reviewv1.Move_MOVE_APPROVE && first && a.Review.At > 0:
		if err := CheckRecommended(a); err != nil {
			return err
		}
		fallthrough
	case action.Move == reviewv1.Move_MOVE_APPROVE:
		if a.Review.Stage == reviewv1.Stage_STAGE_APPROVED {
			return Move(a, Report)
		}
	case a.Review.Stage == reviewv1.Stage_STAGE_RETURNED:
		return Move(a, Return)
	case a.Review.Stage == reviewv1.Stage_STAGE_REFUSED:
		return Move(a, Refuse)
	}
	return nil
}

// decisions are what a committee can decide about a reported application (F1).
var decisions = map[reviewv1.Move]Event{reviewv1.Move_MOVE_APPROVE: Qualify, reviewv1.Move_MOVE_RETURN: Return, reviewv1.Move_MOVE_REFUSE: Refuse}

// Decide makes the committee's decision on a reported application and notes it in the process view; a returned application goes back through
// the whole chain.
func Decide(a *applicationv1.Application, action *reviewv1.Action, by review.Actor, at int64) error {
	event, ok := decisions[action.Move]
	switch {
	case !ok:
		return fault.New(fault.Invalid, "参评资格审核只能选择通过、退回或不通过").At("action.move")
	case event != Qualify && action.Opinion == "" && len(action.Defects) == 0:
		return fault.New(fault.Invalid, "%s须填写原因，请补充后再提交", event).At("action.opinion")
	}
	if err := Move(a, event); err != nil {
		return err
	}
	if a.Review == nil {
		a.Review = &reviewv1.Case{Matter: reviewv1.Matter_MATTER_APPLICATION}
	}
	a.Review.Steps = append(a.Review.Steps, &reviewv1.Step{
		Move: action.Move, UnitId: by.UnitID, UnitName: by.UnitName, StaffId: by.StaffID, StaffName: by.StaffName,
		Opinion: action.Opinion, Defects: action.Defects, At: at, To: review.Origin,
	})
	switch event {
	case Return:
		a.Review.Stage, a.Review.At, a.Review.Level = reviewv1.Stage_STAGE_RETURNED, review.Origin, 0
	case Refuse:
		a.Review.Stage = reviewv1.Stage_STAGE_REFUSED
	}
	return nil
}
