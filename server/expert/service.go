package expert

import (
	"context"
	"errors"
	"slices"

	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	personv1 "zhiping/proto/gen/zhiping/person/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/command"
	"zhiping/server/committee"
	"zhiping/server/person"
	"zhiping/server/record"
	"zhiping/server/session"
	"zhiping/server/unit"
	"zhiping/shared/db"
	rules "zhiping/shared/expert"
	"zhiping/shared/fault"
	"zhiping/shared/review"
)

// A Service implements expertv1connect.ExpertServiceHandler.
type Service struct {
	run      *command.Runner
	people   *person.Register
	meetings Meetings
}

// Meetings is what the pool tells of its experts to meetings, which are a later domain's.
type Meetings interface {
	// Removed hears that an expert was taken out of the pool; a meeting that is in its room and has him on its panel has to look into it.
	Removed(ctx context.Context, tx *command.Tx, e *expertv1.Expert, reason string) error
}

// New returns the service.
func New(run *command.Runner, people *person.Register, meetings Meetings) *Service {
	return &Service{run: run, people: people, meetings: meetings}
}

// SaveExpert implements the RPC (C4).
func (s *Service) SaveExpert(ctx context.Context, r *expertv1.SaveExpertRequest) (*expertv1.SaveExpertResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*expertv1.SaveExpertResponse, error) {
		e, err := s.save(ctx, tx, r.Expert)
		if err != nil {
			return nil, err
		}
		return &expertv1.SaveExpertResponse{Expert: e}, tallyAll(ctx, tx, map[string]bool{e.CommitteeId: true})
	})
}

// ImportExperts implements the RPC (C4).
func (s *Service) ImportExperts(ctx context.Context, r *expertv1.ImportExpertsRequest) (*expertv1.ImportExpertsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*expertv1.ImportExpertsResponse, error) {
		touched := map[string]bool{}
		outcomes, err := command.Each(ctx, tx, r.Experts, (*expertv1.Expert).GetId, func(e *expertv1.Expert) error {
			saved, err := s.save(ctx, tx, e)
			if err == nil {
				touched[saved.CommitteeId] = true
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		return &expertv1.ImportExpertsResponse{Outcomes: outcomes}, tallyAll(ctx, tx, touched)
	})
}

var inPool = db.SQL("SELECT id FROM expert WHERE committee_id = $1 AND person_id = $2")

// save writes an expert of a pool of the caller's unit: what the unit says from the request, everything else as it was.
func (s *Service) save(ctx context.Context, tx *command.Tx, from *expertv1.Expert) (*expertv1.Expert, error) {
	c, err := pool(ctx, tx, from.CommitteeId)
	if err != nil {
		return nil, err
	}
	var old *expertv1.Expert
	if from.Revision > 0 {
		if old, err = Experts.SeeAt(ctx, tx, from.Id, from.Revision); err != nil {
			return nil, err
		}
	}
	e, err := rules.Edit(old, from)
	if err != nil {
		return nil, err
	}
	return e, s.put(ctx, tx, e, c)
}

// put checks an expert and writes it into a committee's pool: one human being is in it once.
func (s *Service) put(ctx context.Context, tx *command.Tx, e *expertv1.Expert, c *committeev1.Committee) (err error) {
	if err := fault.Several(rules.Check(e)); err != nil {
		return err
	}
	e.CommitteeName, e.UnitId, e.AuthorisingId = c.Name, c.UnitId, c.AuthorisingId
	e.PersonId, err = s.people.Ensure(ctx, tx, &personv1.Person{Name: e.Name, IdKind: e.IdKind, Number: e.Number, Sex: e.Sex, Birth: e.Birth, Ethnic: e.Ethnic, Phone: e.Phone})
	if err != nil {
		return err
	}
	var twin string
	if err := tx.Get(ctx, []any{&twin}, inPool, e.CommitteeId, e.PersonId); err == nil && twin != e.Id {
		return fault.New(fault.Invalid, "“%s”已在该评委会专家库中（含已移出的），请勿重复添加；已移出的请重新入库", e.Name).At("expert.number")
	} else if err != nil && !errors.Is(err, db.ErrNoRow) {
		return err
	}
	return Experts.Put(ctx, tx, e)
}

// pool loads a committee whose pool the caller's unit keeps.
func pool(ctx context.Context, tx *command.Tx, id string) (*committeev1.Committee, error) {
	c, err := committee.Committees.See(ctx, tx.Tx, tx.Caller, id)
	if err != nil || c.UnitId != tx.Caller.Unit.Id {
		return nil, fault.New(fault.NotFound, "评委会不存在或不属于本单位，请重新选择").At("expert.committee_id")
	}
	return c, nil
}

// move changes every expert of a batch and brings their pools up to date.
func move(ctx context.Context, tx *command.Tx, bases []*commonv1.Base, fn func(*expertv1.Expert) error) ([]*commonv1.Outcome, error) {
	touched := map[string]bool{}
	outcomes, err := record.EachAt(ctx, tx, Experts, bases, func(e *expertv1.Expert) error {
		touched[e.CommitteeId] = true
		return fn(e)
	})
	if err != nil {
		return nil, err
	}
	return outcomes, tallyAll(ctx, tx, touched)
}

// own is move for the experts of the caller's own pools.
func own(ctx context.Context, tx *command.Tx, bases []*commonv1.Base, fn func(*expertv1.Expert) error) ([]*commonv1.Outcome, error) {
	return move(ctx, tx, bases, func(e *expertv1.Expert) error {
		if e.UnitId != tx.Caller.Unit.Id {
			return fault.New(fault.Denied, "只有组建单位可以办理该评委会专家库的业务")
		}
		return fn(e)
	})
}

// SubmitExperts implements the RPC (C4): to the authorising unit, through its posts.
func (s *Service) SubmitExperts(ctx context.Context, r *expertv1.SubmitExpertsRequest) (*expertv1.SubmitExpertsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*expertv1.SubmitExpertsResponse, error) {
		outcomes, err := own(ctx, tx, r.Bases, func(e *expertv1.Expert) error {
			route, err := unit.Route(ctx, tx.Tx, reviewv1.Matter_MATTER_EXPERT, e.AuthorisingId)
			if err != nil {
				return err
			}
			return rules.Submit(e, route, tx.Caller.Actor(), tx.Now)
		})
		return &expertv1.SubmitExpertsResponse{Outcomes: outcomes}, err
	})
}

// WithdrawExperts implements the RPC (C4).
func (s *Service) WithdrawExperts(ctx context.Context, r *expertv1.WithdrawExpertsRequest) (*expertv1.WithdrawExpertsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*expertv1.WithdrawExpertsResponse, error) {
		outcomes, err := move(ctx, tx, r.Bases, func(e *expertv1.Expert) error {
			return review.Withdraw(e.Entry, tx.Caller.Actor(), tx.Now)
		})
		return &expertv1.WithdrawExpertsResponse{Outcomes: outcomes}, err
	})
}

// ReviewExperts implements the RPC (C5).
func (s *Service) ReviewExperts(ctx context.Context, r *expertv1.ReviewExpertsRequest) (*expertv1.ReviewExpertsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*expertv1.ReviewExpertsResponse, error) {
		outcomes, err := move(ctx, tx, r.Bases, func(e *expertv1.Expert) error {
			return review.Apply(e.Entry, r.Action, tx.Caller.Actor(), tx.Now)
		})
		return &expertv1.ReviewExpertsResponse{Outcomes: outcomes}, err
	})
}

// RemoveExperts implements the RPC (C4).
func (s *Service) RemoveExperts(ctx context.Context, r *expertv1.RemoveExpertsRequest) (*expertv1.RemoveExpertsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*expertv1.RemoveExpertsResponse, error) {
		outcomes, err := own(ctx, tx, r.Bases, func(e *expertv1.Expert) error {
			if err := rules.Remove(e, r.Reason, tx.Today, tx.Caller.Actor()); err != nil {
				return err
			}
			return s.meetings.Removed(ctx, tx, e, r.Reason)
		})
		return &expertv1.RemoveExpertsResponse{Outcomes: outcomes}, err
	})
}

// RestoreExperts implements the RPC (C4).
func (s *Service) RestoreExperts(ctx context.Context, r *expertv1.RestoreExpertsRequest) (*expertv1.RestoreExpertsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*expertv1.RestoreExpertsResponse, error) {
		outcomes, err := own(ctx, tx, r.Bases, func(e *expertv1.Expert) error { return rules.Restore(e, r.Reason, tx.Today, tx.Caller.Actor()) })
		return &expertv1.RestoreExpertsResponse{Outcomes: outcomes}, err
	})
}

// GetExpert implements the RPC.
func (s *Service) GetExpert(ctx context.Context, r *expertv1.GetExpertRequest) (*expertv1.GetExpertResponse, error) {
	resp := &expertv1.GetExpertResponse{}
	err := s.run.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if resp.Expert, err = Experts.See(ctx, tx, session.Of(ctx), r.Id); err == nil {
			resp.Memberships, resp.Elsewhere, err = memberships(ctx, tx, session.Of(ctx), resp.Expert)
		}
		return err
	})
	return resp, err
}

// ListExperts implements the RPC. One pool is a scope of its own, so that its tabs count it alone.
func (s *Service) ListExperts(ctx context.Context, r *expertv1.ListExpertsRequest) (*expertv1.ListExpertsResponse, error) {
	resp := &expertv1.ListExpertsResponse{}
	err := s.run.DB.Read(ctx, func(tx *db.Tx) (err error) {
		c, q := session.Of(ctx), r.Query
		for i, f := range q.GetFilters() {
			if f.Column != "committee_id" || q.GetScope() == "review" {
				continue
			}
			if _, err := committee.Committees.See(ctx, tx, c, f.Value); err != nil {
				return err
			}
			q.Filters = slices.Delete(q.Filters, i, i+1)
			resp.Experts, resp.Page, err = Experts.Page(ctx, tx, "pool", f.Value, q)
			return err
		}
		if q.GetScope() == "pool" {
			return fault.New(fault.Invalid, "请先选择评委会").At("query.filters")
		}
		resp.Experts, resp.Page, err = Experts.List(ctx, tx, c, q)
		return err
	})
	return resp, err
}

// ListPools implements the RPC.
func (s *Service) ListPools(ctx context.Context, r *expertv1.ListPoolsRequest) (*expertv1.ListPoolsResponse, error) {
	rows, page, err := Pools.Rows(ctx, s.run.DB, r.Query)
	return &expertv1.ListPoolsResponse{Pools: rows, Page: page}, err
}
