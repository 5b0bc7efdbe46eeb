package meeting

import (
	"context"
	"crypto/ed25519"
	"slices"

	"google.golang.org/protobuf/proto"

	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/server/activity"
	"zhiping/server/blob"
	"zhiping/server/command"
	"zhiping/server/room"
	"zhiping/server/session"
	"zhiping/shared/db"
	"zhiping/shared/fault"
	rules "zhiping/shared/meeting"
)

// A Service implements meetingv1connect.MeetingServiceHandler.
type Service struct {
	run   *command.Runner
	files *blob.Store
	keys  Keys
	rooms *room.Rooms
}

// Keys are the server's: they sign packages and what is said about them, and make its shares of draws and its tests of custodians. What one key began it
// ends, also after another has become active.
type Keys interface {
	Signing() ed25519.PrivateKey
	Publics() []string
	Private(public string) (ed25519.PrivateKey, bool)
	Chance() []byte
	Drill() []byte
}

// New returns the service; rooms are the sessions that the server sequences itself.
func New(run *command.Runner, files *blob.Store, keys Keys, rooms *room.Rooms) *Service {
	return &Service{run: run, files: files, keys: keys, rooms: rooms}
}

// SaveMeeting implements the RPC (F6, F10): until the package is issued.
func (s *Service) SaveMeeting(ctx context.Context, r *meetingv1.SaveMeetingRequest) (*meetingv1.SaveMeetingResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.SaveMeetingResponse, error) {
		m := r.Meeting
		old := &meetingv1.Meeting{State: meetingv1.State_STATE_PREPARING}
		if m.Revision > 0 {
			var err error
			if old, err = ownAt(ctx, tx, m.Id, m.Revision); err != nil {
				return nil, err
			}
			if old.State >= meetingv1.State_STATE_ISSUED {
				return nil, fault.New(fault.State, "会议包已签发，不能修改")
			}
		}
		a, err := activity.Activities.See(ctx, tx.Tx, tx.Caller, m.ActivityId)
		if err != nil || a.UnitId != tx.Caller.Unit.Id || !a.Published {
			return nil, fault.New(fault.NotFound, "评审活动不存在、不属于本单位或尚未发布，请重新选择").At("meeting.activity_id")
		}
		if slices.Contains(duplicates(m.ApplicationIds), true) {
			return nil, fault.New(fault.Invalid, "参评人员中有重复的人员，请删除重复项").At("meeting.application_ids")
		}
		m.CommitteeId, m.CommitteeName, m.UnitId, m.AuthorisingId, m.RulesSha256 = a.CommitteeId, a.CommitteeName, a.UnitId, a.AuthorisingId, a.RulesSha256
		m.State, m.Draw, m.Panel, m.Package, m.Record = old.State, old.Draw, old.Panel, old.Package, old.Record
		m.Holds, m.Released, m.Alarms = old.Holds, old.Released, old.Alarms
		keepDrills(m.Custodians, old.Custodians)
		for _, x := range m.Sessions { // nothing is issued yet
			x.Package, x.Record, x.Archive, x.Lease = nil, nil, nil, nil
		}
		if err := rules.CheckRounds(m); err != nil {
			return nil, err
		}
		return &meetingv1.SaveMeetingResponse{Meeting: m}, Meetings.Put(ctx, tx, m)
	})
}

// duplicates marks the ids that stand earlier in the list.
func duplicates(ids []string) []bool {
	seen, twice := map[string]bool{}, make([]bool, len(ids))
	for i, id := range ids {
		twice[i] = seen[id]
		seen[id] = true
	}
	return twice
}

// ConfirmPanel implements the RPC (F5): an odd number of experts (Article 9), one of them the executive chair.
func (s *Service) ConfirmPanel(ctx context.Context, r *meetingv1.ConfirmPanelRequest) (*meetingv1.ConfirmPanelResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.ConfirmPanelResponse, error) {
		m, rec, err := inState(ctx, tx, r.Base.Id, r.Base.Revision, "专家尚未抽选或会议包已签发，不能确认参会专家", meetingv1.State_STATE_DRAWN, meetingv1.State_STATE_CONFIRMED)
		if err != nil {
			return nil, err
		}
		if err := signedAgain(rec); err != nil {
			return nil, err
		}
		if len(r.ExpertIds)%2 == 0 {
			return nil, fault.New(fault.Invalid, "参会专家须为单数，现为%d人（第九条）", len(r.ExpertIds)).At("expert_ids")
		}
		if err := seats(m, r); err != nil {
			return nil, err
		}
		m.State, m.PanelSize = meetingv1.State_STATE_CONFIRMED, int32(len(r.ExpertIds))
		return &meetingv1.ConfirmPanelResponse{Meeting: m}, Meetings.Put(ctx, tx, m)
	})
}

func seats(m message, r *meetingv1.ConfirmPanelRequest) error {
	confirmed, executive := 0, false
	for _, seat := range m.Panel {
		seat.Confirmed = slices.Contains(r.ExpertIds, seat.ExpertId)
		if seat.Executive = seat.ExpertId == r.ExecutiveId; seat.Executive && seat.Confirmed && seat.Chair {
			executive = true
		}
		if seat.Confirmed {
			confirmed++
		}
	}
	if confirmed != len(r.ExpertIds) {
		return fault.New(fault.Invalid, "参会专家中有未被抽中的人员，请刷新后重新选择").At("expert_ids")
	}
	if !executive {
		return fault.New(fault.Invalid, "执行主任须为确认参会的主任委员或副主任委员，请重新指定").At("executive_id")
	}
	return nil
}

// GetMeeting implements the RPC.
func (s *Service) GetMeeting(ctx context.Context, r *meetingv1.GetMeetingRequest) (*meetingv1.GetMeetingResponse, error) {
	m, err := Meetings.Get(ctx, s.run.DB, r.Id)
	return &meetingv1.GetMeetingResponse{Meeting: m}, err
}

// ListMeetings implements the RPC.
func (s *Service) ListMeetings(ctx context.Context, r *meetingv1.ListMeetingsRequest) (*meetingv1.ListMeetingsResponse, error) {
	resp := &meetingv1.ListMeetingsResponse{}
	err := s.run.DB.Read(ctx, func(tx *db.Tx) (err error) {
		resp.Meetings, resp.Page, err = Meetings.List(ctx, tx, session.Of(ctx), r.Query)
		for i, m := range resp.Meetings {
			resp.Meetings[i] = brief(m)
		}
		return err
	})
	return resp, err
}

// brief leaves out of a list's row what only the meeting's page shows.
func brief(m message) message {
	b := proto.CloneOf(m)
	b.Draw, b.Sessions, b.Reviewers, b.Released = nil, nil, nil, nil
	return b
}
