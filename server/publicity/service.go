// Package publicity announces the results of meetings and takes objections (features F14, F15).
package publicity

import (
	"context"
	"slices"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	publicityv1 "zhiping/proto/gen/zhiping/publicity/v1"
	"zhiping/server/application"
	"zhiping/server/command"
	"zhiping/server/meeting"
	"zhiping/server/record"
	"zhiping/server/session"
	applicationrules "zhiping/shared/application"
	"zhiping/shared/catalog"
	"zhiping/shared/fault"
)

type message = *publicityv1.Publicity

// Publicities are the records of publicity.
var Publicities = record.Define(&record.Kind[message]{
	Name: "publicity",
	New:  func() message { return &publicityv1.Publicity{} },
	Columns: []record.Column[message]{
		{Name: "unit_id", Value: func(p message) any { return p.UnitId }},
		{Name: "authorising_id", Value: func(p message) any { return p.AuthorisingId }},
		{Name: "meeting_id", Value: func(p message) any { return p.MeetingId }, Match: record.Exact},
	},
	State:   func(p message) string { return p.State.String() },
	Scopes:  []record.Scope{{Name: "own", Column: "unit_id"}, {Name: "authorised", Column: "authorising_id"}},
	Viewers: func(p message) []string { return []string{session.Viewer(p.UnitId), session.Viewer(p.AuthorisingId)} },
})

// A Service implements publicityv1connect.PublicityServiceHandler.
type Service struct{ run *command.Runner }

// New returns the service.
func New(run *command.Runner) *Service { return &Service{run: run} }

// PublishResults implements the RPC (F14): at least the rule set's working days, the day of posting not counted (Article 26).
func (s *Service) PublishResults(ctx context.Context, r *publicityv1.PublishResultsRequest) (*publicityv1.PublishResultsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*publicityv1.PublishResultsResponse, error) {
		p := r.Publicity
		m, err := meeting.Own(ctx, tx, p.MeetingId)
		if err != nil {
			return nil, err
		}
		if m.State != meetingv1.State_STATE_HELD {
			return nil, fault.New(fault.State, "会议“%s”尚未移交结果，不能公示", m.Name)
		}
		if err := meeting.Waits(m); err != nil {
			return nil, err
		}
		if p.StartsOn < tx.Today {
			return nil, fault.New(fault.Invalid, "公示开始日期不能早于今天（%s）", tx.Today).At("publicity.starts_on")
		}
		set, err := catalog.Rules(m.RulesSha256)
		if err != nil {
			return nil, err
		}
		if p.EndsOn, err = catalog.AddWorkingDays(p.StartsOn, set.PublicityDays.Value); err != nil {
			return nil, err
		}
		p.Revision, p.MeetingName, p.UnitId, p.AuthorisingId = 0, m.Name, m.UnitId, m.AuthorisingId
		p.State, p.Objections, p.ApplicationIds = publicityv1.State_STATE_RUNNING, nil, nil
		if err := announce(ctx, tx, p, m); err != nil {
			return nil, err
		}
		return &publicityv1.PublishResultsResponse{Publicity: p}, Publicities.Put(ctx, tx, p)
	})
}

// announce moves those who passed.
func announce(ctx context.Context, tx *command.Tx, p message, m *meetingv1.Meeting) error {
	for _, id := range m.ApplicationIds {
		a, err := application.Applications.Find(ctx, tx.Tx, id)
		if err != nil {
			return err
		}
		if a.State != applicationv1.State_STATE_PASSED {
			continue
		}
		if err := applicationrules.Move(a, applicationrules.Announce); err != nil {
			return err
		}
		p.ApplicationIds = append(p.ApplicationIds, id)
		if err := application.Applications.Put(ctx, tx, a); err != nil {
			return err
		}
	}
	if len(p.ApplicationIds) == 0 {
		return fault.New(fault.State, "会议“%s”没有评审通过的人员，无须公示", m.Name)
	}
	return nil
}

// load returns a running publicity of the caller's unit.
func load(ctx context.Context, tx *command.Tx, id string, revision int64) (message, error) {
	p, err := Publicities.SeeAt(ctx, tx, id, revision)
	switch {
	case err != nil:
		return nil, err
	case p.UnitId != tx.Caller.Unit.Id:
		return nil, fault.New(fault.Denied, "只有组建单位可以办理公示")
	case p.State != publicityv1.State_STATE_RUNNING:
		return nil, fault.New(fault.State, "公示已结束")
	}
	return p, nil
}

// RecordObjection implements the RPC (F14).
func (s *Service) RecordObjection(ctx context.Context, r *publicityv1.RecordObjectionRequest) (*publicityv1.RecordObjectionResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*publicityv1.RecordObjectionResponse, error) {
		p, err := load(ctx, tx, r.Base.Id, r.Base.Revision)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(p.ApplicationIds, r.Objection.ApplicationId) {
			return nil, fault.New(fault.Invalid, "被投诉人不在本次公示名单中，请核对").At("objection.application_id")
		}
		o := r.Objection
		o.Resolved, o.Upheld, o.Finding, o.At = false, false, "", tx.Now
		p.Objections = append(p.Objections, o)
		if err := objected(ctx, tx, p, o.ApplicationId); err != nil {
			return nil, err
		}
		return &publicityv1.RecordObjectionResponse{Publicity: p}, Publicities.Put(ctx, tx, p)
	})
}

// open reports whether an application has an objection that is not resolved.
func open(p message, applicationID string) bool {
	return slices.ContainsFunc(p.Objections, func(o *publicityv1.Objection) bool {
		return o.ApplicationId == applicationID && !o.Resolved
	})
}

func objected(ctx context.Context, tx *command.Tx, p message, id string) error {
	a, err := application.Applications.Find(ctx, tx.Tx, id)
	if err != nil {
		return err
	}
	a.Objected = open(p, id)
	return application.Applications.Put(ctx, tx, a)
}

// ResolveObjection implements the RPC: an objection that is upheld fails the person.
func (s *Service) ResolveObjection(ctx context.Context, r *publicityv1.ResolveObjectionRequest) (*publicityv1.ResolveObjectionResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*publicityv1.ResolveObjectionResponse, error) {
		p, err := load(ctx, tx, r.Base.Id, r.Base.Revision)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(p.Objections, func(o *publicityv1.Objection) bool { return o.Id == r.ObjectionId })
		if i < 0 || p.Objections[i].Resolved {
			return nil, fault.New(fault.NotFound, "投诉不存在或已办结，请刷新").At("objection_id")
		}
		o := p.Objections[i]
		o.Resolved, o.Upheld, o.Finding = true, r.Upheld, r.Finding
		if err := resolved(ctx, tx, p, o); err != nil {
			return nil, err
		}
		return &publicityv1.ResolveObjectionResponse{Publicity: p}, Publicities.Put(ctx, tx, p)
	})
}

func resolved(ctx context.Context, tx *command.Tx, p message, o *publicityv1.Objection) error {
	a, err := application.Applications.Find(ctx, tx.Tx, o.ApplicationId)
	if err != nil {
		return err
	}
	a.Objected = open(p, a.Id)
	if o.Upheld && a.State == applicationv1.State_STATE_IN_PUBLICITY {
		if err := applicationrules.Move(a, applicationrules.Fail); err != nil {
			return err
		}
	}
	return application.Applications.Put(ctx, tx, a)
}

// EndPublicity implements the RPC (F15): after its last day; an open objection holds only its person's confirmation (Article 26), so the
// publicity goes on until every one is resolved.
func (s *Service) EndPublicity(ctx context.Context, r *publicityv1.EndPublicityRequest) (*publicityv1.EndPublicityResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*publicityv1.EndPublicityResponse, error) {
		p, err := load(ctx, tx, r.Base.Id, r.Base.Revision)
		if err != nil {
			return nil, err
		}
		if tx.Today <= p.EndsOn {
			return nil, fault.New(fault.State, "公示期至%s，期满后才能移交确认", p.EndsOn)
		}
		held := false
		for _, id := range p.ApplicationIds {
			a, err := application.Applications.Find(ctx, tx.Tx, id)
			if err != nil {
				return nil, err
			}
			if a.State != applicationv1.State_STATE_IN_PUBLICITY {
				continue
			}
			if held = held || open(p, id); open(p, id) {
				continue
			}
			if err := applicationrules.Move(a, applicationrules.Confirm); err != nil {
				return nil, err
			}
			if err := application.Applications.Put(ctx, tx, a); err != nil {
				return nil, err
			}
		}
		if !held {
			p.State = publicityv1.State_STATE_ENDED
		}
		return &publicityv1.EndPublicityResponse{Publicity: p}, Publicities.Put(ctx, tx, p)
	})
}

// GetPublicity implements the RPC. The senders of objections are for the unit that handles them.
func (s *Service) GetPublicity(ctx context.Context, r *publicityv1.GetPublicityRequest) (*publicityv1.GetPublicityResponse, error) {
	m, err := Publicities.Get(ctx, s.run.DB, r.Id)
	return &publicityv1.GetPublicityResponse{Publicity: m}, err
}

// ListPublicities implements the RPC.
func (s *Service) ListPublicities(ctx context.Context, r *publicityv1.ListPublicitiesRequest) (*publicityv1.ListPublicitiesResponse, error) {
	rows, page, err := Publicities.Rows(ctx, s.run.DB, r.Query)
	return &publicityv1.ListPublicitiesResponse{Publicities: rows, Page: page}, err
}
