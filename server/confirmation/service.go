// Package confirmation confirms results under a qualification document (features F15, G1, G2).
package confirmation

import (
	"context"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	confirmationv1 "zhiping/proto/gen/zhiping/confirmation/v1"
	"zhiping/server/application"
	"zhiping/server/command"
	"zhiping/server/record"
	"zhiping/server/session"
	applicationrules "zhiping/shared/application"
	"zhiping/shared/fault"
	"zhiping/shared/idnum"
)

type message = *confirmationv1.Confirmation

// Confirmations are the records of confirmations.
var Confirmations = record.Define(&record.Kind[message]{
	Name: "confirmation",
	New:  func() message { return &confirmationv1.Confirmation{} },
	Columns: []record.Column[message]{
		{Name: "unit_id", Value: func(c message) any { return c.UnitId }},
		{Name: "committee_unit_id", Value: func(c message) any { return c.CommitteeUnitId }},
		{Name: "document_number", Value: func(c message) any { return c.DocumentNumber }, Match: record.Contains},
	},
	Scopes:  []record.Scope{{Name: "own", Column: "unit_id"}, {Name: "committee", Column: "committee_unit_id"}},
	Viewers: func(c message) []string { return []string{session.Viewer(c.UnitId), session.Viewer(c.CommitteeUnitId)} },
})

// A Service implements confirmationv1connect.ConfirmationServiceHandler.
type Service struct{ run *command.Runner }

// New returns the service.
func New(run *command.Runner) *Service { return &Service{run: run} }

// ConfirmResults implements the RPC (G2). The document number's year is the approval year (H5).
func (s *Service) ConfirmResults(ctx context.Context, r *confirmationv1.ConfirmResultsRequest) (*confirmationv1.ConfirmResultsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*confirmationv1.ConfirmResultsResponse, error) {
		c := r.Confirmation
		d, _, err := idnum.ParseDocument(c.DocumentNumber)
		if err != nil {
			return nil, fault.As(err).At("confirmation.document_number")
		}
		if d.Year != year(c.ApprovedOn) {
			return nil, fault.New(fault.Invalid, "职称文件文号的年份（%d）须与批准时间（%s）的年份一致，请核对", d.Year, c.ApprovedOn).At("confirmation.document_number")
		}
		if c.ApprovedOn > tx.Today {
			return nil, fault.New(fault.Invalid, "批准时间不能晚于今天（%s）", tx.Today).At("confirmation.approved_on")
		}
		c.Revision, c.DocumentNumber, c.UnitId, c.At = 0, d.String(), tx.Caller.Unit.Id, tx.Now
		for _, id := range c.ApplicationIds {
			a, err := confirm(ctx, tx, c, id)
			if err != nil {
				return nil, err
			}
			c.CommitteeUnitId = a.CommitteeUnitId
		}
		return &confirmationv1.ConfirmResultsResponse{Confirmation: c}, Confirmations.Put(ctx, tx, c)
	})
}

func year(date string) (y int) {
	for _, r := range date[:min(4, len(date))] {
		y = y*10 + int(r-'0')
	}
	return y
}

func confirm(ctx context.Context, tx *command.Tx, c message, id string) (*applicationv1.Application, error) {
	a, err := application.Applications.See(ctx, tx.Tx, tx.Caller, id)
	if err != nil || a.AuthorisingId != tx.Caller.Unit.Id {
		return nil, fault.New(fault.NotFound, "所选人员不在本单位的确认名单中，请刷新列表").At("confirmation.application_ids")
	}
	if a.Objected {
		return nil, fault.New(fault.State, "“%s”有未办结的异议，暂不能确认（第二十六条）", a.Name).At("confirmation.application_ids")
	}
	if c.CommitteeUnitId != "" && c.CommitteeUnitId != a.CommitteeUnitId {
		return nil, fault.New(fault.Invalid, "一次只能确认同一评委会的人员，请分批办理").At("confirmation.application_ids")
	}
	if err := applicationrules.Move(a, applicationrules.Approve); err != nil {
		return nil, err
	}
	a.DocumentNumber, a.ApprovedOn = c.DocumentNumber, c.ApprovedOn
	return a, application.Applications.Put(ctx, tx, a)
}

// ReturnResults implements the RPC (G1, G2).
func (s *Service) ReturnResults(ctx context.Context, r *confirmationv1.ReturnResultsRequest) (*confirmationv1.ReturnResultsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*confirmationv1.ReturnResultsResponse, error) {
		event := applicationrules.SendBack
		if r.Refuse {
			event = applicationrules.Refuse
		}
		outcomes, err := record.EachAt(ctx, tx, application.Applications, r.Bases, func(a *applicationv1.Application) error {
			if a.AuthorisingId != tx.Caller.Unit.Id {
				return fault.New(fault.Denied, "只有授权管理单位可以办理结果确认")
			}
			return applicationrules.Move(a, event)
		})
		return &confirmationv1.ReturnResultsResponse{Outcomes: outcomes}, err
	})
}

// GetConfirmation implements the RPC.
func (s *Service) GetConfirmation(ctx context.Context, r *confirmationv1.GetConfirmationRequest) (*confirmationv1.GetConfirmationResponse, error) {
	m, err := Confirmations.Get(ctx, s.run.DB, r.Id)
	return &confirmationv1.GetConfirmationResponse{Confirmation: m}, err
}

// ListConfirmations implements the RPC.
func (s *Service) ListConfirmations(ctx context.Context, r *confirmationv1.ListConfirmationsRequest) (*confirmationv1.ListConfirmationsResponse, error) {
	rows, page, err := Confirmations.Rows(ctx, s.run.DB, r.Query)
	return &confirmationv1.ListConfirmationsResponse{Confirmations: rows, Page: page}, err
}
