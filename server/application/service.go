package application

import (
	"context"

	"google.golang.org/protobuf/proto"

	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	personv1 "zhiping/proto/gen/zhiping/person/v1"
	"zhiping/server/activity"
	"zhiping/server/command"
	"zhiping/server/person"
	"zhiping/shared/fault"

	rules "zhiping/shared/application"
)

// A Service implements applicationv1connect.ApplicationServiceHandler.
type Service struct {
	run    *command.Runner
	people *person.Register
}

// New returns the service.
func New(run *command.Runner, people *person.Register) *Service {
	return &Service{run: run, people: people}
}

// SaveApplication implements the RPC (D2).
func (s *Service) SaveApplication(ctx context.Context, r *applicationv1.SaveApplicationRequest) (*applicationv1.SaveApplicationResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*applicationv1.SaveApplicationResponse, error) {
		a, err := s.save(ctx, tx, r.Application)
		return &applicationv1.SaveApplicationResponse{Application: a}, err
	})
}

// ImportApplications implements the RPC (D2).
func (s *Service) ImportApplications(ctx context.Context, r *applicationv1.ImportApplicationsRequest) (*applicationv1.ImportApplicationsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*applicationv1.ImportApplicationsResponse, error) {
		outcomes, err := command.Each(ctx, tx, r.Applications, message.GetId, func(a message) error {
			_, err := s.save(ctx, tx, a)
			return err
		})
		return &applicationv1.ImportApplicationsResponse{Outcomes: outcomes}, err
	})
}

// save writes an application of the caller's unit: what the unit says from the request, everything else as it was.
func (s *Service) save(ctx context.Context, tx *command.Tx, from message) (message, error) {
	act, err := activity.Activities.See(ctx, tx.Tx, tx.Caller, from.ActivityId)
	if err != nil || !act.Published {
		return nil, fault.New(fault.NotFound, "评审活动不存在或尚未发布，请重新选择").At("application.activity_id")
	}
	a := &applicationv1.Application{Id: from.Id, UnitId: tx.Caller.Unit.Id, State: applicationv1.State_STATE_DRAFT}
	if from.Revision > 0 {
		if a, err = own(ctx, tx, from.Id, from.Revision); err != nil {
			return nil, err
		}
		if !rules.Editable(a) {
			return nil, fault.New(fault.State, "“%s”的申报材料已提交，不能修改；如需修改请先撤回或由上级退回", a.Name)
		}
	}
	edit(a, from)
	a.ActivityName, a.CommitteeId, a.CommitteeUnitId, a.AuthorisingId, a.Year = act.Name, act.CommitteeId, act.UnitId, act.AuthorisingId, act.Year
	a.WorkUnit = tx.Caller.Unit.Name
	if err := fault.Several(rules.Check(a, act, "application")); err != nil {
		return nil, err
	}
	a.PersonId, err = s.people.Ensure(ctx, tx, &personv1.Person{Name: a.Name, IdKind: a.IdKind, Number: a.Number, Sex: a.Sex, Birth: a.Birth, Ethnic: a.Ethnic, Phone: a.Phone})
	if err != nil {
		return nil, err
	}
	if err := barred(ctx, tx, a, act); err != nil {
		return nil, err
	}
	return a, Applications.Put(ctx, tx, a)
}

// edit takes over what the applicant's side may say; fields that others set are derived and stay.
func edit(to, from message) {
	keep := proto.CloneOf(to)
	proto.Reset(to)
	proto.Merge(to, from)
	to.Revision, to.UnitId, to.State, to.Review, to.PersonId = keep.Revision, keep.UnitId, keep.State, keep.Review, keep.PersonId
	to.MeetingId, to.Position, to.Result, to.DocumentNumber, to.ApprovedOn = keep.MeetingId, keep.Position, keep.Result, keep.DocumentNumber, keep.ApprovedOn
	to.CertificateNumber, to.Objected, to.SubmittedAt = keep.CertificateNumber, keep.Objected, keep.SubmittedAt
	to.PublicityProof, to.Recommendation = keep.PublicityProof, keep.Recommendation
}

// barred refuses a person who was refused this year, and a second application of one person to one activity.
func barred(ctx context.Context, tx *command.Tx, a message, act *activityv1.Activity) error {
	others, err := OfPerson(ctx, tx.Tx, a.PersonId)
	if err != nil {
		return err
	}
	for _, o := range others {
		switch {
		case o.Id == a.Id:
		case rules.Bars(o) && o.Year == act.Year:
			return fault.New(fault.State, "“%s”%d年度的申报已被评定为不通过，本年度不能再次申报", a.Name, act.Year).At("application.number")
		case o.ActivityId == a.ActivityId && !rules.Over(o):
			return fault.New(fault.Invalid, "“%s”已在“%s”中申报，请勿重复申报", a.Name, act.Name).At("application.number")
		}
	}
	return nil
}

// own loads an application of the caller's unit at a revision.
func own(ctx context.Context, tx *command.Tx, id string, revision int64) (message, error) {
	a, err := Applications.SeeAt(ctx, tx, id, revision)
	if err == nil && a.UnitId != tx.Caller.Unit.Id {
		return nil, fault.New(fault.NotFound, "记录不存在或已被删除，请刷新列表").At("application.id")
	}
	return a, err
}

// GetApplication implements the RPC.
func (s *Service) GetApplication(ctx context.Context, r *applicationv1.GetApplicationRequest) (*applicationv1.GetApplicationResponse, error) {
	m, err := Applications.Get(ctx, s.run.DB, r.Id)
	return &applicationv1.GetApplicationResponse{Application: m}, err
}

// ListApplications implements the RPC.
func (s *Service) ListApplications(ctx context.Context, r *applicationv1.ListApplicationsRequest) (*applicationv1.ListApplicationsResponse, error) {
	rows, page, err := Applications.Rows(ctx, s.run.DB, r.Query)
	return &applicationv1.ListApplicationsResponse{Applications: rows, Page: page}, err
}
