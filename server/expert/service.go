package expert

import (
	"context"
	"errors"

	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	personv1 "zhiping/proto/gen/zhiping/person/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/command"
	"zhiping/server/committee"
	"zhiping/server/person"
	"zhiping/server/record"
	"zhiping/server/unit"
	"zhiping/shared/db"
	rules "zhiping/shared/expert"
	"zhiping/shared/fault"
	"zhiping/shared/review"
)

// A Service implements expertv1connect.ExpertServiceHandler.
type Service struct {
	run    *command.Runner
	people *person.Register
}

// New returns the service.
func New(run *command.Runner, people *person.Register) *Service {
	return &Service{run: run, people: people}
}

// SaveExpert implements the RPC (C4).
func (s *Service) SaveExpert(ctx context.Context, r *expertv1.SaveExpertRequest) (*expertv1.SaveExpertResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*expertv1.SaveExpertResponse, error) {
		return &expertv1.SaveExpertResponse{Expert: r.Expert}, s.save(ctx, tx, r.Expert)
	})
}

// ImportExperts implements the RPC (C4).
func (s *Service) ImportExperts(ctx context.Context, r *expertv1.ImportExpertsRequest) (*expertv1.ImportExpertsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*expertv1.ImportExpertsResponse, error) {
		outcomes, err := command.Each(ctx, tx, r.Experts, (*expertv1.Expert).GetId, func(e *expertv1.Expert) error { return s.save(ctx, tx, e) })
		return &expertv1.ImportExpertsResponse{Outcomes: outcomes}, err
	})
}

var inPool = db.SQL("SELECT id FROM expert WHERE committee_id = $1 AND person_id = $2")

// save writes an expert of a pool of the caller's unit.
func (s *Service) save(ctx context.Context, tx *command.Tx, e *expertv1.Expert) error {
	c, err := pool(ctx, tx, e.CommitteeId)
	if err != nil {
		return err
	}
	e.Entry, e.Removed = nil, false
	if e.Revision > 0 {
		old, err := Experts.SeeAt(ctx, tx, e.Id, e.Revision)
		if err != nil {
			return err
		}
		if old.CommitteeId != e.CommitteeId || old.Entry.GetStage() == reviewv1.Stage_STAGE_REVIEW {
			return fault.New(fault.State, "专家“%s”正在审核或属于其他评委会，不能修改", old.Name)
		}
		e.Entry, e.Removed = old.Entry, old.Removed
	}
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
		return fault.New(fault.Invalid, "“%s”已在该评委会专家库中，请勿重复添加", e.Name).At("expert.number")
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

// SubmitExperts implements the RPC (C4): to the authorising unit, through its posts.
func (s *Service) SubmitExperts(ctx context.Context, r *expertv1.SubmitExpertsRequest) (*expertv1.SubmitExpertsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*expertv1.SubmitExpertsResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, Experts, r.Bases, func(e *expertv1.Expert) error {
			if e.UnitId != tx.Caller.Unit.Id {
				return fault.New(fault.Denied, "只有组建单位可以提交专家")
			}
			route, err := unit.Route(ctx, tx.Tx, reviewv1.Matter_MATTER_EXPERT, e.AuthorisingId)
			if err != nil {
				return err
			}
			if e.Entry == nil {
				e.Entry = &reviewv1.Case{Matter: reviewv1.Matter_MATTER_EXPERT}
			}
			return review.Submit(e.Entry, route, tx.Caller.Actor(), tx.Now)
		})
		return &expertv1.SubmitExpertsResponse{Outcomes: outcomes}, err
	})
}

// ReviewExperts implements the RPC (C5).
func (s *Service) ReviewExperts(ctx context.Context, r *expertv1.ReviewExpertsRequest) (*expertv1.ReviewExpertsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*expertv1.ReviewExpertsResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, Experts, r.Bases, func(e *expertv1.Expert) error {
			return review.Apply(e.Entry, r.Action, tx.Caller.Actor(), tx.Now)
		})
		return &expertv1.ReviewExpertsResponse{Outcomes: outcomes}, err
	})
}

// GetExpert implements the RPC.
func (s *Service) GetExpert(ctx context.Context, r *expertv1.GetExpertRequest) (*expertv1.GetExpertResponse, error) {
	m, err := Experts.Get(ctx, s.run.DB, r.Id)
	return &expertv1.GetExpertResponse{Expert: m}, err
}

// ListExperts implements the RPC.
func (s *Service) ListExperts(ctx context.Context, r *expertv1.ListExpertsRequest) (*expertv1.ListExpertsResponse, error) {
	rows, page, err := Experts.Rows(ctx, s.run.DB, r.Query)
	return &expertv1.ListExpertsResponse{Experts: rows, Page: page}, err
}
