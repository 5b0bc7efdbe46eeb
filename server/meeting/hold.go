package meeting

import (
	"context"
	"slices"

	"github.com/google/uuid"

	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/server/application"
	"zhiping/server/command"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

// AddHold implements the RPC (voting.md): what comes up while the meeting is in its room waits, because the server changes nothing in it. The unit that
// holds the meeting and the one above it may note it.
func (s *Service) AddHold(ctx context.Context, r *meetingv1.AddHoldRequest) (*meetingv1.AddHoldResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.AddHoldResponse, error) {
		m, err := Meetings.SeeAt(ctx, tx, r.Base.Id, r.Base.Revision)
		if err != nil {
			return nil, err
		}
		name, err := about(ctx, tx, m, r.SubjectId)
		if err != nil {
			return nil, err
		}
		if m.State != meetingv1.State_STATE_ISSUED {
			return nil, fault.New(fault.State, "会议不在会场进行中，请直接办理该事项，无须登记等待")
		}
		hold(tx, m, r.SubjectId, name, r.Reason)
		return &meetingv1.AddHoldResponse{Meeting: m}, Meetings.Put(ctx, tx, m)
	})
}

func hold(tx *command.Tx, m message, id, name, reason string) {
	h := &meetingv1.Hold{Id: uuid.Must(uuid.NewV7()).String(), SubjectId: id, Subject: name, Reason: reason, At: tx.Now}
	if tx.Caller != nil {
		h.Unit, h.Staff = tx.Caller.Unit.Name, tx.Caller.Staff.Name
	}
	m.Holds = append(m.Holds, h)
}

// about names the applicant or expert of a meeting that a hold is about; empty is the meeting as a whole.
func about(ctx context.Context, tx *command.Tx, m message, id string) (string, error) {
	if id == "" {
		return "会议整体", nil
	}
	if i := slices.IndexFunc(m.Panel, func(s *meetingv1.Seat) bool { return s.ExpertId == id }); i >= 0 {
		return "专家" + m.Panel[i].Name, nil
	}
	if !slices.Contains(m.ApplicationIds, id) {
		return "", fault.New(fault.Invalid, "事项对象不在本次会议的参评人员和专家中，请重新选择").At("subject_id")
	}
	a, err := application.Applications.Find(ctx, tx.Tx, id)
	if err != nil {
		return "", err
	}
	return "参评人员" + a.Name, nil
}

// Panels tells meetings what becomes of their experts. It implements expert.Meetings.
type Panels struct{}

var inRoom = db.SQL("SELECT body FROM meeting WHERE unit_id = $1 AND state = 'STATE_ISSUED' ORDER BY id")

// Removed notes on every meeting in its room that an expert of its panel was taken out of the pool. He goes on to vote there, because the server changes
// nothing in that meeting; whether he could is settled when it is back.
func (Panels) Removed(ctx context.Context, tx *command.Tx, e *expertv1.Expert, reason string) error {
	var all []message
	err := tx.Query(ctx, func(scan func(...any) error) error {
		var body []byte
		if err := scan(&body); err != nil {
			return err
		}
		m, err := Meetings.Decode(body)
		if slices.ContainsFunc(m.GetPanel(), func(s *meetingv1.Seat) bool { return s.Confirmed && s.ExpertId == e.Id }) {
			all = append(all, m)
		}
		return err
	}, inRoom, e.UnitId)
	if err != nil {
		return err
	}
	for _, m := range all {
		hold(tx, m, e.Id, "专家"+e.Name, "会议期间被移出专家库："+reason)
		if err := Meetings.Put(ctx, tx, m); err != nil {
			return err
		}
	}
	return nil
}

// SettleHold implements the RPC: once the meeting is back somebody says what became of it.
func (s *Service) SettleHold(ctx context.Context, r *meetingv1.SettleHoldRequest) (*meetingv1.SettleHoldResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.SettleHoldResponse, error) {
		m, err := ownAt(ctx, tx, r.Base.Id, r.Base.Revision)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(m.Holds, func(h *meetingv1.Hold) bool { return h.Id == r.HoldId })
		switch {
		case i < 0:
			return nil, fault.New(fault.NotFound, "待处理事项不存在，请刷新后重试").At("hold_id")
		case m.Holds[i].SettledAt != 0:
			return nil, fault.New(fault.State, "该事项已处理")
		case m.State == meetingv1.State_STATE_ISSUED:
			return nil, fault.New(fault.State, "会议尚在会场进行中，移交会议记录后才能处理该事项")
		}
		h := m.Holds[i]
		h.Finding, h.SettledBy, h.SettledAt = r.Finding, tx.Caller.Staff.Name, tx.Now
		return &meetingv1.SettleHoldResponse{Meeting: m}, Meetings.Put(ctx, tx, m)
	})
}

// open are the holds that wait.
func open(m message) (all []*meetingv1.Hold) {
	for _, h := range m.Holds {
		if h.SettledAt == 0 {
			all = append(all, h)
		}
	}
	return all
}

// Waits says what must be settled before the results of a meeting are announced, nil for nothing.
func Waits(m *meetingv1.Meeting) error {
	if all := open(m); len(all) > 0 {
		return fault.New(fault.State, "会议期间登记的%d个事项尚未处理（%s：%s），请先处理再公示", len(all), all[0].Subject, all[0].Reason)
	}
	return nil
}
