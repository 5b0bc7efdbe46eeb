package meeting

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"slices"

	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/server/command"
	"zhiping/shared/draw"
	"zhiping/shared/fault"
)

// AbandonDraw implements the RPC (draw.md, 3): the first person asks with a reason, a second one of the unit agrees; then the draw is void, its
// record stays, and another can be planned. A draw with a result cannot be given up: that would be rolling again until it suits.
func (s *Service) AbandonDraw(ctx context.Context, r *meetingv1.AbandonDrawRequest) (*meetingv1.AbandonDrawResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.AbandonDrawResponse, error) {
		m, rec, err := inState(ctx, tx, r.Base.Id, r.Base.Revision, "只有尚未抽出结果的抽选可以作废", meetingv1.State_STATE_DRAWING)
		if err != nil {
			return nil, err
		}
		d := m.Draw
		if d.AbandonStaffId == "" {
			d.AbandonReason, d.AbandonStaffId = r.Reason, tx.Caller.Staff.Id
			return &meetingv1.AbandonDrawResponse{Meeting: m}, s.saveDraw(ctx, tx, m, d, rec, m.State)
		}
		if d.AbandonStaffId == tx.Caller.Staff.Id {
			return nil, fault.New(fault.Denied, "作废抽选须由第二人同意，申请人本人不能同意").At("reason")
		}
		opened(m, rec)
		for party, commit := range rec.Commits {
			if commit == "" {
				delete(rec.Commits, party) // sealed nothing yet
			}
		}
		if err := rec.Abandon(d.AbandonReason); err != nil {
			return nil, err
		}
		if err := rec.Sign(serverParty, s.keys.Signing()); err != nil {
			return nil, err
		}
		b, err := rec.JSON()
		if err != nil {
			return nil, err
		}
		m.Draw = &meetingv1.Draw{Earlier: append(d.Earlier, string(b))}
		m.State = meetingv1.State_STATE_PREPARING
		return &meetingv1.AbandonDrawResponse{Meeting: m}, Meetings.Put(ctx, tx, m)
	})
}

// DeclineSeat implements the RPC (F5): the same walk goes on from the same numbers, so that nobody chooses who comes instead. The record has to be
// signed again.
func (s *Service) DeclineSeat(ctx context.Context, r *meetingv1.DeclineSeatRequest) (*meetingv1.DeclineSeatResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.DeclineSeatResponse, error) {
		m, rec, err := inState(ctx, tx, r.Base.Id, r.Base.Revision, "专家尚未抽选或会议包已签发，不能登记", meetingv1.State_STATE_DRAWN, meetingv1.State_STATE_CONFIRMED)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(rec.Declines, func(d draw.Decline) bool { return d.ID == r.ExpertId }) {
			return nil, fault.New(fault.State, "该专家已登记为不能参会").At("expert_id")
		}
		rec.Declines = append(rec.Declines, draw.Decline{ID: r.ExpertId, Evidence: r.Evidence})
		if err := rec.RunPlan(); err != nil {
			return nil, err
		}
		if err := s.drawn(ctx, tx, m, rec); err != nil {
			return nil, err
		}
		return &meetingv1.DeclineSeatResponse{Meeting: m}, s.saveDraw(ctx, tx, m, m.Draw, rec, meetingv1.State_STATE_DRAWN)
	})
}

// SignDraw implements the RPC: a party signs with a key of its own, in the person who sealed its number.
func (s *Service) SignDraw(ctx context.Context, r *meetingv1.SignDrawRequest) (*meetingv1.SignDrawResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.SignDrawResponse, error) {
		m, rec, err := inState(ctx, tx, r.Base.Id, r.Base.Revision, "专家尚未抽选，或参会专家已确认", meetingv1.State_STATE_DRAWN)
		if err != nil {
			return nil, err
		}
		share, err := shareOf(m, r.Party)
		if err != nil {
			return nil, err
		}
		digest, err := rec.Digest()
		if err != nil {
			return nil, err
		}
		key, bad := hex.DecodeString(r.Key)
		value, worse := hex.DecodeString(r.Value)
		switch {
		case share.StaffId != tx.Caller.Staff.Id:
			return nil, fault.New(fault.Denied, "抽选记录须由提交承诺的人员本人签署").At("party")
		case bad != nil || worse != nil || !ed25519.Verify(key, digest, value):
			return nil, fault.New(fault.Invalid, "签名与抽选记录不符，请刷新后重新签署").At("value")
		case slices.ContainsFunc(rec.Signatures, func(x draw.Signature) bool { return x.Name == r.Party || x.Key == r.Key }):
			return nil, fault.New(fault.State, "“%s”已签署", r.Party).At("party")
		}
		rec.Signatures = append(rec.Signatures, draw.Signature{Name: r.Party, Key: r.Key, Value: r.Value})
		return &meetingv1.SignDrawResponse{Meeting: m}, s.saveDraw(ctx, tx, m, m.Draw, rec, m.State)
	})
}

// signedAgain refuses to go on with a redraw that two parties have not signed (draw.md, 3).
func signedAgain(rec *draw.Record) error {
	persons := 0
	for _, x := range rec.Signatures {
		if x.Name != serverParty {
			persons++
		}
	}
	if rec.Redraw > 1 && persons < 2 {
		return fault.New(fault.State, "重新抽选的记录须由两个参与方签署后才能确认参会专家，现有%d个签署", persons)
	}
	return nil
}
