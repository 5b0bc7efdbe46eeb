package committee

import (
	"context"

	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/command"
	"zhiping/server/record"
	"zhiping/server/unit"
	rules "zhiping/shared/committee"
	"zhiping/shared/fault"
	"zhiping/shared/review"
)

// A Service implements committeev1connect.CommitteeServiceHandler.
type Service struct{ run *command.Runner }

// New returns the service.
func New(run *command.Runner) *Service { return &Service{run: run} }

// SaveCommittee implements the RPC (C2).
func (s *Service) SaveCommittee(ctx context.Context, r *committeev1.SaveCommitteeRequest) (*committeev1.SaveCommitteeResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*committeev1.SaveCommitteeResponse, error) {
		c := r.Committee
		c.Filing, c.FiledOn, c.ValidUntil = nil, "", ""
		if c.Revision > 0 {
			old, err := Own(ctx, tx, c.Id, c.Revision)
			if err != nil {
				return nil, err
			}
			if !rules.Editable(old) {
				return nil, fault.New(fault.State, "评委会备案正在审核，不能修改；请等待审核结果")
			}
			c.Filing, c.FiledOn, c.ValidUntil = old.Filing, old.FiledOn, old.ValidUntil
		}
		c.UnitId, c.UnitName = tx.Caller.Unit.Id, tx.Caller.Unit.Name
		if err := named(ctx, tx, c); err != nil {
			return nil, err
		}
		if err := fault.Several(rules.Check(c)); err != nil {
			return nil, err
		}
		return &committeev1.SaveCommitteeResponse{Committee: c}, Committees.Put(ctx, tx, c)
	})
}

// Own loads a committee of the caller's unit at a revision.
func Own(ctx context.Context, tx *command.Tx, id string, revision int64) (*committeev1.Committee, error) {
	c, err := Committees.SeeAt(ctx, tx, id, revision)
	if err == nil && c.UnitId != tx.Caller.Unit.Id {
		return nil, fault.New(fault.Denied, "只有组建单位可以办理该评委会的业务").At("committee.id")
	}
	return c, err
}

// named fills in the names of the units that authorise and file, which must be able to.
func named(ctx context.Context, tx *command.Tx, c *committeev1.Committee) error {
	for _, x := range []struct {
		id, field, label string
		name             *string
	}{{c.AuthorisingId, "authorising_id", "授权管理单位", &c.AuthorisingName}, {c.FilingId, "filing_id", "备案单位", &c.FilingName}} {
		u, err := unit.Units.Find(ctx, tx.Tx, x.id)
		if err != nil || !u.Authorised {
			return fault.New(fault.Invalid, "%s不存在或尚未授权，请重新选择", x.label).At("committee." + x.field)
		}
		*x.name = u.Name
	}
	return nil
}

// SubmitCommittees implements the RPC (C3).
func (s *Service) SubmitCommittees(ctx context.Context, r *committeev1.SubmitCommitteesRequest) (*committeev1.SubmitCommitteesResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*committeev1.SubmitCommitteesResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, Committees, r.Bases, func(c *committeev1.Committee) error {
			return submit(ctx, tx, c)
		})
		return &committeev1.SubmitCommitteesResponse{Outcomes: outcomes}, err
	})
}

func submit(ctx context.Context, tx *command.Tx, c *committeev1.Committee) error {
	if c.UnitId != tx.Caller.Unit.Id {
		return fault.New(fault.Denied, "只有组建单位可以提交备案")
	}
	// A renewal begins a new case; the former one stays in the audit log and in the steps of its time.
	if c.Filing.GetStage() == reviewv1.Stage_STAGE_APPROVED || c.Filing == nil {
		c.Filing = &reviewv1.Case{Matter: reviewv1.Matter_MATTER_COMMITTEE}
	}
	route, err := unit.Route(ctx, tx.Tx, reviewv1.Matter_MATTER_COMMITTEE, c.AuthorisingId, c.FilingId)
	if err != nil {
		return err
	}
	return review.Submit(c.Filing, route, tx.Caller.Actor(), tx.Now)
}

// ReviewCommittees implements the RPC (C3).
func (s *Service) ReviewCommittees(ctx context.Context, r *committeev1.ReviewCommitteesRequest) (*committeev1.ReviewCommitteesResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*committeev1.ReviewCommitteesResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, Committees, r.Bases, func(c *committeev1.Committee) error {
			if err := review.Apply(c.Filing, r.Action, tx.Caller.Actor(), tx.Now); err != nil {
				return err
			}
			if c.Filing.Stage == reviewv1.Stage_STAGE_APPROVED {
				return rules.File(c, tx.Today)
			}
			return nil
		})
		return &committeev1.ReviewCommitteesResponse{Outcomes: outcomes}, err
	})
}

// GetCommittee implements the RPC.
func (s *Service) GetCommittee(ctx context.Context, r *committeev1.GetCommitteeRequest) (*committeev1.GetCommitteeResponse, error) {
	m, err := Committees.Get(ctx, s.run.DB, r.Id)
	return &committeev1.GetCommitteeResponse{Committee: m}, err
}

// ListCommittees implements the RPC.
func (s *Service) ListCommittees(ctx context.Context, r *committeev1.ListCommitteesRequest) (*committeev1.ListCommitteesResponse, error) {
	rows, page, err := Committees.Rows(ctx, s.run.DB, r.Query)
	return &committeev1.ListCommitteesResponse{Committees: rows, Page: page}, err
}
