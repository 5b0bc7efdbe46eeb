// Package export records which lists were taken out of the system as workbooks, and by whom: with masked numbers by everybody, with whole ones by
// those who have the right, and never without a record.
package export

import (
	"context"

	exportv1 "zhiping/proto/gen/zhiping/export/v1"
	"zhiping/server/command"
	"zhiping/server/record"
	"zhiping/server/session"
	"zhiping/shared/fault"
)

type message = *exportv1.Export

// Exports are the records.
var Exports = record.Define(&record.Kind[message]{
	Name:    "export",
	New:     func() message { return &exportv1.Export{} },
	Columns: []record.Column[message]{{Name: "unit_id", Value: func(e message) any { return e.UnitId }}},
	Viewers: func(e message) []string { return []string{session.Viewer(e.UnitId)} },
})

// A Service implements exportv1connect.ExportServiceHandler.
type Service struct{ run *command.Runner }

// New returns the service.
func New(run *command.Runner) *Service { return &Service{run} }

// RecordExport implements the RPC.
func (s *Service) RecordExport(ctx context.Context, r *exportv1.RecordExportRequest) (*exportv1.RecordExportResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*exportv1.RecordExportResponse, error) {
		return &exportv1.RecordExportResponse{Export: r.Export}, put(ctx, tx, r.Export, false)
	})
}

// RecordFullExport implements the RPC.
func (s *Service) RecordFullExport(ctx context.Context, r *exportv1.RecordFullExportRequest) (*exportv1.RecordFullExportResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*exportv1.RecordFullExportResponse, error) {
		return &exportv1.RecordFullExportResponse{Export: r.Export}, put(ctx, tx, r.Export, true)
	})
}

// put writes the record; who, when and whether the numbers are whole is not for the request to say.
func put(ctx context.Context, tx *command.Tx, e message, full bool) error {
	if e.Revision != 0 {
		if _, err := Exports.See(ctx, tx.Tx, tx.Caller, e.Id); err != nil {
			return err
		}
		return fault.New(fault.State, "导出记录不能修改")
	}
	e.Full, e.UnitId, e.StaffName, e.ExportedAt = full, tx.Caller.Unit.Id, tx.Caller.Staff.Name, tx.Now
	return Exports.Put(ctx, tx, e)
}
