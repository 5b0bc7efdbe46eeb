package application

import (
	"context"

	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/activity"
	"zhiping/server/command"
	"zhiping/server/committee"
	"zhiping/server/record"
	"zhiping/server/unit"
	activityrules "zhiping/shared/activity"
	rules "zhiping/shared/application"
	committeerules "zhiping/shared/committee"
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
	if err := receivable(ctx, tx, act); err != nil {
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

// receivable refuses a unit whose people the activity's committee does not review (C2).
func receivable(ctx context.Context, tx *command.Tx, act *activityv1.Activity) error {
	c, err := committee.Committees.Find(ctx, tx.Tx, act.CommitteeId)
	if err != nil {
		return err
	}
	u, err := unit.Units.Find(ctx, tx.Tx, tx.Caller.Unit.Id)
	if err != nil {
		return err
	}
	above, err := unit.Above(ctx, tx.Tx, u.Id)
	if err != nil {
		return err
	}
	return committeerules.CheckApplicant(c, u, above)
}

func handIn(ctx context.Context, tx *command.Tx, a message) error {
	route, err := committee.Route(ctx, tx.Tx, reviewv1.Matter_MATTER_APPLICATION, a.UnitId, a.CommitteeId)
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
			return review.Withdraw(a.Review, tx.Caller.Actor(), tx.Now)
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

// move makes a review move; an application that the last unit has passed reaches the committee only while it still receives (D10).
func move(ctx context.Context, tx *command.Tx, a message, action *reviewv1.Action) error {
	if err := rules.Review(a, action, tx.Caller.Actor(), tx.Now); err != nil || a.State != applicationv1.State_STATE_REPORTED {
		return err
	}
	act, err := activity.Activities.Find(ctx, tx.Tx, a.ActivityId)
	if err != nil {
		return err
	}
	return activityrules.CheckTime(act, activityrules.Receive, tx.Now)
}

// QualifyApplications implements the RPC (F1).
func (s *Service) QualifyApplications(ctx context.Context, r *applicationv1.QualifyApplicationsRequest) (*applicationv1.QualifyApplicationsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*applicationv1.QualifyApplicationsResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, Applications, r.Bases, func(a message) error {
			if a.CommitteeUnitId != tx.Caller.Unit.Id {
				return fault.New(fault.Denied, "只有评委会组建单位可以审核参评资格")
			}
			return rules.Decide(a, r.Action, tx.Caller.Actor(), tx.Now)
		})
		return &applicationv1.QualifyApplicationsResponse{Outcomes: outcomes}, err
	})
}
