package meeting

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/server/application"
	"zhiping/server/command"
	"zhiping/server/expert"
	applicationrules "zhiping/shared/application"
	"zhiping/shared/ballot"
	"zhiping/shared/catalog"
	expertrules "zhiping/shared/expert"
	"zhiping/shared/fault"
	rules "zhiping/shared/meeting"
)

// convene moves the people into the meeting, in their order, and finds out who recuses himself from whom.
func (s *Service) convene(ctx context.Context, tx *command.Tx, m message) (*people, error) {
	p := &people{experts: map[string]ballot.Expert{}, applicants: map[string]ballot.Applicant{}, sessions: map[string]string{}}
	for _, x := range rules.Sessions(m) {
		p.sessions[x.Id] = x.Id
	}
	var all []*applicationv1.Application
	for i, id := range m.ApplicationIds {
		a, err := application.Applications.See(ctx, tx.Tx, tx.Caller, id)
		if err != nil || a.ActivityId != m.ActivityId {
			return nil, fault.New(fault.Invalid, "参评人员第%d位不属于本次评审活动，请重新导入名单", i+1).At("meeting.application_ids")
		}
		if err := applicationrules.Move(a, applicationrules.Convene); err != nil {
			return nil, err
		}
		a.MeetingId, a.Position = m.Id, int32(i+1)
		if err := application.Applications.Put(ctx, tx, a); err != nil {
			return nil, err
		}
		p.applicants[id] = ballot.Applicant{ID: a.Id, Position: int64(i + 1), Name: a.Name, Unit: a.WorkUnit}
		all = append(all, a)
	}
	for _, seat := range m.Panel {
		if !seat.Confirmed {
			continue
		}
		e, err := expert.Experts.Find(ctx, tx.Tx, seat.ExpertId)
		if err != nil {
			return nil, err
		}
		p.experts[seat.ExpertId] = ballot.Expert{ID: seat.ExpertId, Name: seat.Name, Recused: recused(e, all)}
	}
	return p, nil
}

// recused lists those an expert must not vote on (Article 25).
func recused(e *expertv1.Expert, applicants []*applicationv1.Application) []string {
	var ids []string
	for _, a := range applicants {
		if expertrules.Recused(e, a.PersonId, a.Name, a.WorkUnit) != "" {
			ids = append(ids, a.Id)
		}
	}
	return ids
}

// free lets the people of a meeting go back to where they were before it (a lease was ended).
func free(ctx context.Context, tx *command.Tx, m message) error {
	for _, id := range m.ApplicationIds {
		a, err := application.Applications.Find(ctx, tx.Tx, id)
		if err != nil {
			return err
		}
		if err := applicationrules.Move(a, applicationrules.Release); err != nil {
			return err
		}
		a.MeetingId, a.Position = "", 0
		if err := application.Applications.Put(ctx, tx, a); err != nil {
			return err
		}
	}
	return nil
}

// IssueRehearsal implements the RPC (演练): the same sessions, settings and keys with as many invented people. It moves nobody, and what comes of it is
// never taken as a result.
func (s *Service) IssueRehearsal(ctx context.Context, r *meetingv1.IssueRehearsalRequest) (*meetingv1.IssueRehearsalResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.IssueRehearsalResponse, error) {
		m, err := ownAt(ctx, tx, r.Base.Id, r.Base.Revision)
		if err != nil {
			return nil, err
		}
		if m.State != meetingv1.State_STATE_CONFIRMED && m.State != meetingv1.State_STATE_ISSUED {
			return nil, fault.New(fault.State, "请先确认参会专家并导入参评人员，演练使用同样的人数")
		}
		set, err := catalog.Rules(m.RulesSha256)
		if err != nil {
			return nil, err
		}
		if err := rules.Check(m, set); err != nil {
			return nil, err
		}
		issued, err := s.issue(ctx, tx, m, set, invented(m))
		if err != nil {
			return nil, err
		}
		tx.Touched(subject(m.Id))
		return &meetingv1.IssueRehearsalResponse{Packages: issued}, nil
	})
}

// invented are as many people as the meeting has. Every second expert recuses himself from the first applicant, so that this is rehearsed too.
func invented(m message) *people {
	p := &people{rehearsal: true, experts: map[string]ballot.Expert{}, applicants: map[string]ballot.Applicant{}, sessions: map[string]string{}}
	for _, x := range rules.Sessions(m) {
		p.sessions[x.Id] = uuid.Must(uuid.NewV7()).String()
	}
	for i, id := range m.ApplicationIds {
		p.applicants[id] = ballot.Applicant{ID: fmt.Sprintf("YA%04d", i+1), Position: int64(i + 1), Name: fmt.Sprintf("演练人员%d（虚构）", i+1), Unit: "演练单位（虚构）"}
	}
	n := 0
	for _, seat := range m.Panel {
		if !seat.Confirmed {
			continue
		}
		n++
		e := ballot.Expert{ID: fmt.Sprintf("YE%02d", n), Name: fmt.Sprintf("演练专家%d（虚构）", n)}
		if n%2 == 0 && len(m.ApplicationIds) > 1 {
			e.Recused = []string{p.applicants[m.ApplicationIds[0]].ID}
		}
		p.experts[seat.ExpertId] = e
	}
	return p
}
