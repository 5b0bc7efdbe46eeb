package application

import (
	"context"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/activity"
	"zhiping/server/command"
	"zhiping/server/record"
	"zhiping/server/unit"
	activityrules "zhiping/shared/activity"
	rules "zhiping/shared/application"
	"zhiping/shared/fault"
	"zhiping/shared/review"
)

// SubmitApplications implements the RPC (D2, D10).
func (s *Service) SubmitApplications(ctx context.Context, r *applicationv1.SubmitApplicationsRequest) (*applicationv1.SubmitApplicationsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*applicationv1.SubmitApplicationsResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, Applications, r.Bases, func(a message) error { return submit(ctx, tx, a) })
		return &applicationv1.SubmitApplicationsResponse{Outcomes: outcomes}, err
	})
}

func submit(ctx context.Context, tx *command.Tx, a message) error {
	if a.UnitId != tx.Caller.Unit.Id {
		return fault.New(fault.Denied, "只有申报单位可以提交")
	}
	act, err := activity.Activities.Find(ctx, tx.Tx, a.ActivityId)
	if err != nil {
		return err
	}
	deadline := activityrules.Submit
	if a.State == applicationv1.State_STATE_RETURNED {
		deadline = activityrules.Correct
	}
	if err := activityrules.CheckTime(act, deadline, tx.Now); err != nil {
		return err
	}
	if err := fault.Several(append(rules.Check(a, act, "application"), rules.Complete(a, act)...)); err != nil {
		return err
	}
	if err := barred(ctx, tx, a, act); err != nil {
		return err
	}
	if err := rules.Move(a, rules.Submit); err != nil {
		return err
	}
	return handIn(ctx, tx, a)
}

func handIn(ctx context.Context, tx *command.Tx, a message) error {
	route, err := unit.RouteUp(ctx, tx.Tx, reviewv1.Matter_MATTER_APPLICATION, a.UnitId)
	if err != nil {
		return err
	}
	if a.Review == nil {
		a.Review = &reviewv1.Case{Matter: reviewv1.Matter_MATTER_APPLICATION}
	}
	a.SubmittedAt = tx.Now
	return review.Submit(a.Review, route, tx.Caller.Actor(), tx.Now)
}

// WithdrawApplications implements the RPC (D2).
func (s *Service) WithdrawApplications(ctx context.Context, r *applicationv1.WithdrawApplicationsRequest) (*applicationv1.WithdrawApplicationsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*applicationv1.WithdrawApplicationsResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, Applications, r.Bases, func(a message) error {
			if err := rules.Move(a, rules.Withdraw); err != nil {
				return err
			}
			return review.Apply(a.Review, &reviewv1.Action{Move: reviewv1.Move_MOVE_WITHDRAW}, tx.Caller.Actor(), tx.Now)
		})
		return &applicationv1.WithdrawApplicationsResponse{Outcomes: outcomes}, err
	})
}

// RecommendApplications implements the RPC (D3).
func (s *Service) RecommendApplications(ctx context.Context, r *applicationv1.RecommendApplicationsRequest) (*applicationv1.RecommendApplicationsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*applicationv1.RecommendApplicationsResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, Applications, r.Bases, func(a message) error {
			if a.UnitId != tx.Caller.Unit.Id || a.State != applicationv1.State_STATE_IN_REVIEW || a.Review.At != 0 {
				return fault.New(fault.State, "只有本单位正在审核的申报材料可以填写推荐意见")
			}
			a.Recommendation, a.PublicityProof = r.Recommendation, r.PublicityProof
			return nil
		})
		return &applicationv1.RecommendApplicationsResponse{Outcomes: outcomes}, err
	})
}

// ReviewApplications implements the RPC (D3, D6).
func (s *Service) ReviewApplications(ctx context.Context, r *applicationv1.ReviewApplicationsRequest) (*applicationv1.ReviewApplicationsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*applicationv1.ReviewApplicationsResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, Applications, r.Bases, func(a message) error { return move(ctx, tx, a, r.Action) })
		return &applicationv1.ReviewApplicationsResponse{Outcomes: outcomes}, err
	})
}

// move makes a review move and what follows from it for the application's state.
func move(ctx context.Context, tx *command.Tx, a message, action *reviewv1.Action) error {
	if a.Review == nil || action.Move == reviewv1.Move_MOVE_WITHDRAW {
		return fault.New(fault.State, "“%s”的申报材料不在审核中，请刷新列表", a.Name)
	}
	first := a.Review.At == 0
	if err := review.Apply(a.Review, action, tx.Caller.Actor(), tx.Now); err != nil {
		return err
	}
	switch {
	case action.Move == reviewv1.Move_MOVE_APPROVE && first && a.Review.At > 0:
		if err := rules.CheckRecommended(a); err != nil {
			return err
		}
		fallthrough
	case action.Move == reviewv1.Move_MOVE_APPROVE:
		return report(ctx, tx, a)
	case a.Review.Stage == reviewv1.Stage_STAGE_RETURNED:
		return rules.Move(a, rules.Return)
	case a.Review.Stage == reviewv1.Stage_STAGE_REFUSED:
		return rules.Move(a, rules.Refuse)
	}
	return nil
}

// report hands an application that the last unit has passed to the committee, while it still receives (D10).
func report(ctx context.Context, tx *command.Tx, a message) error {
	if a.Review.Stage != reviewv1.Stage_STAGE_APPROVED {
		return nil
	}
	act, err := activity.Activities.Find(ctx, tx.Tx, a.ActivityId)
	if err != nil {
		return err
	}
	if err := activityrules.CheckTime(act, activityrules.Receive, tx.Now); err != nil {
		return err
	}
	return rules.Move(a, rules.Report)
}

// QualifyApplications implements the RPC (F1).
func (s *Service) QualifyApplications(ctx context.Context, r *applicationv1.QualifyApplicationsRequest) (*applicationv1.QualifyApplicationsResponse, error) {
	events := map[reviewv1.Move]rules.Event{reviewv1.Move_MOVE_APPROVE: rules.Qualify, reviewv1.Move_MOVE_RETURN: rules.Return, reviewv1.Move_MOVE_REFUSE: rules.Refuse}
	event, ok := events[r.Action.Move]
	if !ok {
		return nil, fault.New(fault.Invalid, "参评资格审核只能选择通过、退回或不通过").At("action.move")
	}
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*applicationv1.QualifyApplicationsResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, Applications, r.Bases, func(a message) error {
			if a.CommitteeUnitId != tx.Caller.Unit.Id {
				return fault.New(fault.Denied, "只有评委会组建单位可以审核参评资格")
			}
			if event != rules.Qualify && r.Action.Opinion == "" && len(r.Action.Defects) == 0 {
				return fault.New(fault.Invalid, "%s须填写原因，请补充后再提交", event).At("action.opinion")
			}
			if err := rules.Move(a, event); err != nil {
				return err
			}
			qualified(a, r.Action, tx)
			return nil
		})
		return &applicationv1.QualifyApplicationsResponse{Outcomes: outcomes}, err
	})
}

// qualified notes the committee's decision in the process view; a returned application goes back through the whole chain.
func qualified(a message, action *reviewv1.Action, tx *command.Tx) {
	by := tx.Caller.Actor()
	a.Review.Steps = append(a.Review.Steps, &reviewv1.Step{
		Move: action.Move, UnitId: by.UnitID, UnitName: by.UnitName, StaffId: by.StaffID, StaffName: by.StaffName,
		Opinion: action.Opinion, Defects: action.Defects, At: tx.Now, To: review.Origin,
	})
	switch a.State {
	case applicationv1.State_STATE_RETURNED:
		a.Review.Stage, a.Review.At, a.Review.Level = reviewv1.Stage_STAGE_RETURNED, review.Origin, 0
	case applicationv1.State_STATE_REFUSED:
		a.Review.Stage = reviewv1.Stage_STAGE_REFUSED
	}
}
