package committee

import (
	"context"
	"fmt"
	"strings"

	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/command"
	"zhiping/server/record"
	"zhiping/server/session"
	"zhiping/server/unit"
	rules "zhiping/shared/committee"
	"zhiping/shared/db"
	"zhiping/shared/fault"
	"zhiping/shared/review"
)

// A Service implements committeev1connect.CommitteeServiceHandler.
type Service struct {
	run   *command.Runner
	pools Pools
}

// Pools is what committees ask of their expert pools, which are a later domain's.
type Pools interface {
	// Members counts who would sit on the committee.
	Members(context.Context, *command.Tx, *committeev1.Committee) (int, error)
	// Incomplete names the experts whose information is not complete.
	Incomplete(context.Context, *command.Tx, *committeev1.Committee) ([]string, error)
	// Follow takes over what the pool's list shows of the committee.
	Follow(context.Context, *command.Tx, *committeev1.Committee) error
}

// New returns the service.
func New(run *command.Runner, pools Pools) *Service { return &Service{run: run, pools: pools} }

// SaveCommittee implements the RPC (C2).
func (s *Service) SaveCommittee(ctx context.Context, r *committeev1.SaveCommitteeRequest) (*committeev1.SaveCommitteeResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*committeev1.SaveCommitteeResponse, error) {
		var old *committeev1.Committee
		if r.Committee.Revision > 0 {
			var err error
			if old, err = Own(ctx, tx, r.Committee.Id, r.Committee.Revision); err != nil {
				return nil, err
			}
			if !rules.Editable(old) {
				return nil, fault.New(fault.State, "评委会备案正在审核，不能修改；请等待审核结果")
			}
		}
		r.Committee.UnitId, r.Committee.UnitName = tx.Caller.Unit.Id, tx.Caller.Unit.Name
		if err := named(ctx, tx, r.Committee); err != nil {
			return nil, err
		}
		if err := fault.Several(rules.Check(r.Committee)); err != nil {
			return nil, err
		}
		c := rules.Edit(old, r.Committee)
		if err := Committees.Put(ctx, tx, c); err != nil {
			return nil, err
		}
		return &committeev1.SaveCommitteeResponse{Committee: c}, s.pools.Follow(ctx, tx, c)
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
	}{{c.AuthorisingId, "authorising_id", "授权管理单位", &c.AuthorisingName}, {c.FilingId, "filing_id", "备案批复单位", &c.FilingName}} {
		if *x.name = ""; x.id == "" {
			continue // a draft
		}
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
			return s.submit(ctx, tx, c)
		})
		return &committeev1.SubmitCommitteesResponse{Outcomes: outcomes}, err
	})
}

// submit hands a committee in: it and its experts complete, with what the reviewers should know (C2, Article 9).
func (s *Service) submit(ctx context.Context, tx *command.Tx, c *committeev1.Committee) error {
	if c.UnitId != tx.Caller.Unit.Id {
		return fault.New(fault.Denied, "只有组建单位可以提交备案")
	}
	if err := fault.Several(append(rules.Check(c), rules.Complete(c)...)); err != nil {
		return err
	}
	names, err := s.pools.Incomplete(ctx, tx, c)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		return fault.New(fault.State, "专家各项信息需完善，未完善不可提交：%s", some(names))
	}
	if err := s.warn(ctx, tx, c); err != nil {
		return err
	}
	route, err := unit.Route(ctx, tx.Tx, reviewv1.Matter_MATTER_COMMITTEE, c.AuthorisingId, c.FilingId)
	if err != nil {
		return err
	}
	return rules.Submit(c, route, tx.Caller.Actor(), tx.Now, tx.Today)
}

// some names the first few of many.
func some(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, "、")
	}
	return fmt.Sprintf("%s等%d人", strings.Join(names[:few], "、"), len(names))
}

// warn notes what the reviewers should know.
func (s *Service) warn(ctx context.Context, tx *command.Tx, c *committeev1.Committee) error {
	n, err := s.pools.Members(ctx, tx, c)
	if err != nil {
		return err
	}
	if c.Warnings, err = rules.Warnings(c, n, tx.Today); err != nil {
		return err
	}
	u, err := unit.Units.Find(ctx, tx.Tx, c.FilingId)
	if err != nil {
		return err
	}
	if w := rules.FilingWarning(c, u); w != "" {
		c.Warnings = append(c.Warnings, w)
	}
	return nil
}

// WithdrawCommittees implements the RPC (C3).
func (s *Service) WithdrawCommittees(ctx context.Context, r *committeev1.WithdrawCommitteesRequest) (*committeev1.WithdrawCommitteesResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*committeev1.WithdrawCommitteesResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, Committees, r.Bases, func(c *committeev1.Committee) error {
			return review.Withdraw(c.Filing, tx.Caller.Actor(), tx.Now)
		})
		return &committeev1.WithdrawCommitteesResponse{Outcomes: outcomes}, err
	})
}

// ReviewCommittees implements the RPC (C3).
func (s *Service) ReviewCommittees(ctx context.Context, r *committeev1.ReviewCommitteesRequest) (*committeev1.ReviewCommitteesResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*committeev1.ReviewCommitteesResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, Committees, r.Bases, func(c *committeev1.Committee) error {
			return rules.Decide(c, r.Action, tx.Caller.Actor(), tx.Now, tx.Today)
		})
		return &committeev1.ReviewCommitteesResponse{Outcomes: outcomes}, err
	})
}

// SaveRequirements implements the RPC (E2): also while the filing is under review, which it is no part of.
func (s *Service) SaveRequirements(ctx context.Context, r *committeev1.SaveRequirementsRequest) (*committeev1.SaveRequirementsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*committeev1.SaveRequirementsResponse, error) {
		c, err := Own(ctx, tx, r.Base.GetId(), r.Base.GetRevision())
		if err != nil {
			return nil, err
		}
		if err := fault.Several(rules.CheckRequirements(r.Requirements)); err != nil {
			return nil, err
		}
		c.Requirements = r.Requirements
		return &committeev1.SaveRequirementsResponse{Committee: c}, Committees.Put(ctx, tx, c)
	})
}

// ListSuperiorCommittees implements the RPC (C4).
func (s *Service) ListSuperiorCommittees(ctx context.Context, _ *committeev1.ListSuperiorCommitteesRequest) (*committeev1.ListSuperiorCommitteesResponse, error) {
	resp := &committeev1.ListSuperiorCommitteesResponse{}
	return resp, s.run.DB.Read(ctx, func(tx *db.Tx) error {
		above, err := unit.Above(ctx, tx, session.Of(ctx).Unit.Id)
		if err != nil {
			return err
		}
		for _, id := range above {
			rows, _, err := Committees.Page(ctx, tx, "own", id, &commonv1.Query{Size: mostOutlines})
			if err != nil {
				return err
			}
			for _, c := range rows {
				resp.Committees = append(resp.Committees, &committeev1.Outline{Id: c.Id, Name: c.Name, UnitName: c.UnitName, Series: c.Series})
			}
		}
		return nil
	})
}

// mostOutlines is how many committees of one superior are offered; units form a few.
const mostOutlines = 200

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
