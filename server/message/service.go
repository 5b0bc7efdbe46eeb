// Package message serves messages from unit to unit: what was sent, and at each recipient whether it was read (features J1, J2).
package message

import (
	"context"
	"slices"

	"github.com/google/uuid"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	messagev1 "zhiping/proto/gen/zhiping/message/v1"
	"zhiping/server/command"
	"zhiping/server/record"
	"zhiping/server/session"
	"zhiping/shared/db"
	"zhiping/shared/fault"
	rules "zhiping/shared/message"
)

type (
	base     = *commonv1.Base
	message  = *messagev1.Message
	delivery = *messagev1.Delivery
)

// Messages are the records of what was sent.
var Messages = record.Define(&record.Kind[message]{
	Name: "message",
	New:  func() message { return &messagev1.Message{} },
	Columns: []record.Column[message]{
		{Name: "unit_id", Value: func(m message) any { return m.UnitId }},
		{Name: "title", Value: func(m message) any { return m.Title }, Match: record.Contains, Sort: true},
	},
	Scopes:  []record.Scope{{Name: "sent", Column: "unit_id"}},
	Viewers: func(m message) []string { return []string{session.Viewer(m.UnitId)} },
})

// Deliveries are the records of messages at their recipients.
var Deliveries = record.Define(&record.Kind[delivery]{
	Name: "delivery",
	New:  func() delivery { return &messagev1.Delivery{} },
	Columns: []record.Column[delivery]{
		{Name: "unit_id", Value: func(d delivery) any { return d.UnitId }},
		{Name: "message_id", Value: func(d delivery) any { return d.MessageId }},
		{Name: "title", Value: func(d delivery) any { return d.Title }, Match: record.Contains, Sort: true},
		{Name: "unit_name", Value: func(d delivery) any { return d.UnitName }, Match: record.Contains},
		{Name: "sender_name", Value: func(d delivery) any { return d.SenderName }, Match: record.Contains, Sort: true},
	},
	State:   rules.State,
	Scopes:  []record.Scope{{Name: "received", Column: "unit_id"}, {Name: "message", Column: "message_id"}},
	Viewers: func(d delivery) []string { return []string{session.Viewer(d.UnitId), session.Viewer(d.SenderId)} },
})

// A Service implements messagev1connect.MessageServiceHandler.
type Service struct{ run *command.Runner }

// New returns the service.
func New(run *command.Runner) *Service { return &Service{run} }

var subordinates = db.SQL("SELECT id, name FROM unit WHERE superior_id = $1 AND state = 'AUTHORISED' ORDER BY id")

// SendMessage implements the RPC (J1).
func (s *Service) SendMessage(ctx context.Context, r *messagev1.SendMessageRequest) (*messagev1.SendMessageResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*messagev1.SendMessageResponse, error) {
		m := r.Message
		if m.Revision != 0 {
			if _, err := Messages.See(ctx, tx.Tx, tx.Caller, m.Id); err != nil {
				return nil, err
			}
			return nil, fault.New(fault.State, "消息已发送，不能修改；如有更正请另发一条")
		}
		type recipient struct{ id, name string }
		var to []recipient
		if err := tx.Query(ctx, func(scan func(...any) error) error {
			var x recipient
			if err := scan(&x.id, &x.name); err != nil {
				return err
			}
			if len(r.UnitIds) == 0 || slices.Contains(r.UnitIds, x.id) {
				to = append(to, x)
			}
			return nil
		}, subordinates, tx.Caller.Unit.Id); err != nil {
			return nil, err
		}
		switch {
		case len(r.UnitIds) > 0 && len(to) < len(r.UnitIds):
			return nil, fault.New(fault.NotFound, "所选单位中有%d个不存在、不是本单位的直接下级或尚未授权，请重新选择", len(r.UnitIds)-len(to)).At("unit_ids")
		case len(to) == 0:
			return nil, fault.New(fault.State, "本单位没有已授权的下级单位，消息没有接收单位").At("unit_ids")
		}
		m.UnitId, m.UnitName, m.StaffName, m.SentAt, m.Recipients = tx.Caller.Unit.Id, tx.Caller.Unit.Name, tx.Caller.Staff.Name, tx.Now, int32(len(to))
		if err := Messages.Put(ctx, tx, m); err != nil {
			return nil, err
		}
		for _, x := range to {
			d := &messagev1.Delivery{
				Id: uuid.Must(uuid.NewV7()).String(), MessageId: m.Id, UnitId: x.id, UnitName: x.name, Title: m.Title, Text: m.Text, Attachments: m.Attachments,
				SenderId: m.UnitId, SenderName: m.UnitName, StaffName: m.StaffName, SentAt: m.SentAt,
			}
			if err := Deliveries.Put(ctx, tx, d); err != nil {
				return nil, err
			}
		}
		return &messagev1.SendMessageResponse{Message: m}, nil
	})
}

// ReadMessages implements the RPC (J2). Two people of a unit who read one message at once are no conflict: the first stands.
func (s *Service) ReadMessages(ctx context.Context, r *messagev1.ReadMessagesRequest) (*messagev1.ReadMessagesResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*messagev1.ReadMessagesResponse, error) {
		outcomes, err := command.Each(ctx, tx, r.Bases, base.GetId, func(b base) error {
			d, err := Deliveries.See(ctx, tx.Tx, tx.Caller, b.Id)
			if err != nil {
				return err
			}
			if d.UnitId != tx.Caller.Unit.Id {
				return fault.New(fault.Denied, "只有接收单位可以标记已读")
			}
			if d.ReadAt > 0 {
				return nil
			}
			rules.MarkRead(d, tx.Caller.Actor(), tx.Now)
			return Deliveries.Put(ctx, tx, d)
		})
		return &messagev1.ReadMessagesResponse{Outcomes: outcomes}, err
	})
}

// ListMessages implements the RPC.
func (s *Service) ListMessages(ctx context.Context, r *messagev1.ListMessagesRequest) (*messagev1.ListMessagesResponse, error) {
	rows, page, err := Messages.Rows(ctx, s.run.DB, r.Query)
	return &messagev1.ListMessagesResponse{Messages: rows, Page: page}, err
}

// ListDeliveries implements the RPC.
func (s *Service) ListDeliveries(ctx context.Context, r *messagev1.ListDeliveriesRequest) (*messagev1.ListDeliveriesResponse, error) {
	resp := &messagev1.ListDeliveriesResponse{}
	return resp, s.run.DB.Read(ctx, func(tx *db.Tx) (err error) {
		scope, owner := "received", session.Of(ctx).Unit.Id
		if r.MessageId != "" {
			m, err := Messages.See(ctx, tx, session.Of(ctx), r.MessageId)
			if err != nil {
				return err
			}
			scope, owner = "message", m.Id
		}
		resp.Deliveries, resp.Page, err = Deliveries.Page(ctx, tx, scope, owner, r.Query)
		return err
	})
}
