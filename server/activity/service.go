package activity

import (
	"context"

	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/command"
	"zhiping/server/committee"
	"zhiping/server/record"
	"zhiping/server/unit"
	rules "zhiping/shared/activity"
	"zhiping/shared/catalog"
	committeerules "zhiping/shared/committee"
	"zhiping/shared/db"
	"zhiping/shared/fault"
	"zhiping/shared/review"
)

// A Service implements activityv1connect.ActivityServiceHandler.
type Service struct{ run *command.Runner }

// New returns the service.
func New(run *command.Runner) *Service { return &Service{run: run} }

// SaveActivity implements the RPC (E1, E3).
func (s *Service) SaveActivity(ctx context.Context, r *activityv1.SaveActivityRequest) (*activityv1.SaveActivityResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*activityv1.SaveActivityResponse, error) {
		a := r.Activity
		a.Publication, a.Published, a.RulesSha256, a.Closed = nil, false, "", false
		if a.Revision > 0 {
			old, err := Own(ctx, tx, a.Id, a.Revision)
			if err != nil {
				return nil, err
			}
			if old.Published || old.Publication.GetStage() == reviewv1.Stage_STAGE_REVIEW {
				return nil, fault.New(fault.State, "评审活动正在审核或已发布，不能修改")
			}
			a.Publication = old.Publication
		}
		c, err := s.committee(ctx, tx, a)
		if err != nil {
			return nil, err
		}
		a.CommitteeName, a.UnitId, a.UnitName, a.AuthorisingId, a.Series = c.Name, c.UnitId, c.UnitName, c.AuthorisingId, c.Series
		if err := fault.Several(rules.Check(a, c)); err != nil {
			return nil, err
		}
		return &activityv1.SaveActivityResponse{Activity: a}, Activities.Put(ctx, tx, a)
	})
}

var annual = db.SQL("SELECT id, body FROM activity WHERE committee_id = $1 AND year = $2")

// committee loads the activity's committee, whose filing must hold, and refuses a second annual activity of one year (E3).
func (s *Service) committee(ctx context.Context, tx *command.Tx, a *activityv1.Activity) (*committeev1.Committee, error) {
	c, err := committee.Committees.See(ctx, tx.Tx, tx.Caller, a.CommitteeId)
	if err != nil || c.UnitId != tx.Caller.Unit.Id {
		return nil, fault.New(fault.NotFound, "评委会不存在或不属于本单位，请重新选择").At("activity.committee_id")
	}
	if err := committeerules.CheckValid(c, tx.Today); err != nil {
		return nil, err
	}
	c = committeerules.Effective(c) // a change that is not yet filed does not hold
	if a.Frequency != activityv1.Frequency_FREQUENCY_ANNUAL {
		return c, nil
	}
	return c, tx.Query(ctx, func(scan func(...any) error) error {
		var id string
		var body []byte
		if err := scan(&id, &body); err != nil {
			return err
		}
		other, err := Activities.Decode(body)
		if err == nil && id != a.Id && other.Frequency == activityv1.Frequency_FREQUENCY_ANNUAL {
			return fault.New(fault.Invalid, "评委会“%s”%d年度已有年度评审活动“%s”，请改为专项评审", c.Name, a.Year, other.Name).At("activity.frequency")
		}
		return err
	}, annual, a.CommitteeId, a.Year)
}

// filed refuses to open an activity of a committee whose filing has run out since the activity was written (Articles 8 and 38).
func filed(ctx context.Context, tx *command.Tx, a *activityv1.Activity) error {
	c, err := committee.Committees.Find(ctx, tx.Tx, a.CommitteeId)
	if err != nil {
		return err
	}
	return committeerules.CheckValid(c, tx.Today)
}

// Own loads an activity of the caller's unit at a revision.
func Own(ctx context.Context, tx *command.Tx, id string, revision int64) (*activityv1.Activity, error) {
	a, err := Activities.SeeAt(ctx, tx, id, revision)
	if err == nil && a.UnitId != tx.Caller.Unit.Id {
		return nil, fault.New(fault.Denied, "只有组建单位可以办理该评审活动的业务").At("activity.id")
	}
	return a, err
}

// SubmitActivities implements the RPC (E4).
func (s *Service) SubmitActivities(ctx context.Context, r *activityv1.SubmitActivitiesRequest) (*activityv1.SubmitActivitiesResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*activityv1.SubmitActivitiesResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, Activities, r.Bases, func(a *activityv1.Activity) error {
			if a.UnitId != tx.Caller.Unit.Id {
				return fault.New(fault.Denied, "只有组建单位可以提交评审活动")
			}
			if err := filed(ctx, tx, a); err != nil {
				return err
			}
			route, err := unit.Route(ctx, tx.Tx, reviewv1.Matter_MATTER_ACTIVITY, a.AuthorisingId)
			if err != nil {
				return err
			}
			if a.Publication == nil {
				a.Publication = &reviewv1.Case{Matter: reviewv1.Matter_MATTER_ACTIVITY}
			}
			return review.Submit(a.Publication, route, tx.Caller.Actor(), tx.Now)
		})
		return &activityv1.SubmitActivitiesResponse{Outcomes: outcomes}, err
	})
}

// ReviewActivities implements the RPC (E4): with the last approval the activity is published and bound to the rule set of the day.
func (s *Service) ReviewActivities(ctx context.Context, r *activityv1.ReviewActivitiesRequest) (*activityv1.ReviewActivitiesResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*activityv1.ReviewActivitiesResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, Activities, r.Bases, func(a *activityv1.Activity) error {
			if err := review.Apply(a.Publication, r.Action, tx.Caller.Actor(), tx.Now); err != nil {
				return err
			}
			if a.Publication.Stage != reviewv1.Stage_STAGE_APPROVED {
				return nil
			}
			if err := filed(ctx, tx, a); err != nil {
				return err
			}
			set, err := catalog.RulesOn(tx.Today)
			if err != nil {
				return err
			}
			a.Published, a.RulesSha256 = true, set.SHA256
			return nil
		})
		return &activityv1.ReviewActivitiesResponse{Outcomes: outcomes}, err
	})
}

// GetActivity implements the RPC.
func (s *Service) GetActivity(ctx context.Context, r *activityv1.GetActivityRequest) (*activityv1.GetActivityResponse, error) {
	m, err := Activities.Get(ctx, s.run.DB, r.Id)
	return &activityv1.GetActivityResponse{Activity: m}, err
}

// ListActivities implements the RPC.
func (s *Service) ListActivities(ctx context.Context, r *activityv1.ListActivitiesRequest) (*activityv1.ListActivitiesResponse, error) {
	rows, page, err := Activities.Rows(ctx, s.run.DB, r.Query)
	return &activityv1.ListActivitiesResponse{Activities: rows, Page: page}, err
}
