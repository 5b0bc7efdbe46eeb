// Package message serves messages from a unit to its subordinates and to its own applicants: what was sent, and at each recipient whether it was
// read (features J1, J2).
package message

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	messagev1 "zhiping/proto/gen/zhiping/message/v1"
	"zhiping/server/application"
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
		{Name: "recipient", Value: func(d delivery) any { return recipient(d) }},
		{Name: "message_id", Value: func(d delivery) any { return d.MessageId }},
		{Name: "title", Value: func(d delivery) any { return d.Title }, Match: record.Contains, Sort: true},
		{Name: "recipient_name", Value: func(d delivery) any { return rules.Recipient(d) }, Match: record.Contains},
		{Name: "sender_name", Value: func(d delivery) any { return d.SenderName }, Match: record.Contains, Sort: true},
	},
	State:   rules.State,
	Scopes:  []record.Scope{{Name: "received", Column: "recipient", Owner: (*session.Caller).Viewer}, {Name: "message", Column: "message_id"}},
	Viewers: func(d delivery) []string { return []string{recipient(d), session.Viewer(d.SenderId)} },
})

// recipient is the viewer name of who receives a message.
func recipient(d delivery) string {
	if d.PersonId != "" {
		return session.PersonViewer(d.PersonId)
	}
	return session.Viewer(d.UnitId)
}

// A Service implements messagev1connect.MessageServiceHandler.
type Service struct{ run *command.Runner }

// New returns the service.
func New(run *command.Runner) *Service { return &Service{run} }

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
		to, err := recipients(ctx, tx, r)
		if err != nil {
			return nil, err
		}
		m.UnitId, m.UnitName, m.StaffName, m.SentAt = tx.Caller.Unit.Id, tx.Caller.Unit.Name, tx.Caller.Staff.Name, tx.Now
		m.Audience, m.Recipients, m.Read = rules.Audience(r), int32(len(to)), 0
		if err := Messages.Put(ctx, tx, m); err != nil {
			return nil, err
		}
		for _, d := range to {
			d.Id, d.MessageId, d.Title, d.Text, d.Attachments = uuid.Must(uuid.NewV7()).String(), m.Id, m.Title, m.Text, m.Attachments
			d.SenderId, d.SenderName, d.StaffName, d.SentAt = m.UnitId, m.UnitName, m.StaffName, m.SentAt
			if err := Deliveries.Put(ctx, tx, d); err != nil {
				return nil, err
			}
		}
		return &messagev1.SendMessageResponse{Message: m}, nil
	})
}

// recipients are the beginnings of the deliveries, which name who receives them: nobody but the caller's own subordinates and applicants.
func recipients(ctx context.Context, tx *command.Tx, r *messagev1.SendMessageRequest) ([]delivery, error) {
	switch {
	case len(r.PersonIds) > 0 && len(r.UnitIds) > 0:
		return nil, fault.New(fault.Invalid, "一条消息只能发给单位或者人员，请分别发送").At("person_ids")
	case len(r.PersonIds) > 0:
		return people(ctx, tx, r.PersonIds)
	}
	return units(ctx, tx, r.UnitIds)
}

var subordinates = db.SQL("SELECT id, name FROM unit WHERE superior_id = $1 AND state = 'AUTHORISED' ORDER BY id")

// units are the chosen direct subordinates, all of them for none.
func units(ctx context.Context, tx *command.Tx, ids []string) (to []delivery, err error) {
	if err := tx.Query(ctx, func(scan func(...any) error) error {
		d := &messagev1.Delivery{}
		if err := scan(&d.UnitId, &d.UnitName); err != nil {
			return err
		}
		if len(ids) == 0 || slices.Contains(ids, d.UnitId) {
			to = append(to, d)
		}
		return nil
	}, subordinates, tx.Caller.Unit.Id); err != nil {
		return nil, err
	}
	switch {
	case len(to) < len(ids):
		return nil, fault.New(fault.NotFound, "所选单位中有%d个不存在、不是本单位的直接下级或尚未授权，请重新选择", len(ids)-len(to)).At("unit_ids")
	case len(to) == 0:
		return nil, fault.New(fault.State, "本单位没有已授权的下级单位，消息没有接收单位").At("unit_ids")
	}
	return to, nil
}

// people are the chosen applicants of the caller's unit.
func people(ctx context.Context, tx *command.Tx, ids []string) (to []delivery, err error) {
	for _, id := range ids {
		name, err := application.Applicant(ctx, tx.Tx, tx.Caller.Unit.Id, id)
		switch {
		case errors.Is(err, db.ErrNoRow):
			continue
		case err != nil:
			return nil, err
		}
		to = append(to, &messagev1.Delivery{PersonId: id, PersonName: name})
	}
	if foreign := len(ids) - len(to); foreign > 0 {
		return nil, fault.New(fault.NotFound, "所选人员中有%d人不存在或不是本单位的申报人员，请重新选择", foreign).At("person_ids")
	}
	return to, nil
}

// ReadMessages implements the RPC (J2). Two people of a unit who read one message at once are no conflict: the first stands.
func (s *Service) ReadMessages(ctx context.Context, r *messagev1.ReadMessagesRequest) (*messagev1.ReadMessagesResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*messagev1.ReadMessagesResponse, error) {
		outcomes, err := command.Each(ctx, tx, r.Bases, base.GetId, func(b base) error {
			d, err := Deliveries.See(ctx, tx.Tx, tx.Caller, b.Id)
			switch {
			case err != nil:
				return err
			case recipient(d) != tx.Caller.Viewer():
				return fault.New(fault.Denied, "只有接收方可以确认已读")
			case d.ReadAt > 0:
				return nil
			}
			rules.MarkRead(d, tx.Caller.Actor(), tx.Now)
			if err := Deliveries.Put(ctx, tx, d); err != nil {
				return err
			}
			m, err := Messages.Find(ctx, tx.Tx, d.MessageId)
			if err != nil {
				return err
			}
			m.Read++
			return Messages.Put(ctx, tx, m)
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
		scope, owner := "received", session.Of(ctx).Viewer()
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
