package meeting

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/server/command"
	"zhiping/server/expert"
	"zhiping/shared/catalog"
	"zhiping/shared/draw"
	expertrules "zhiping/shared/expert"
	"zhiping/shared/fault"
)

// serverParty is the server's part in a draw, and the name of its signature.
const serverParty = "server"

// noSource stands for "no public source of chance" in plan and record.
const noSource = "none"

// PlanDraw implements the RPC (F5): the pool is frozen with the reasons of those left out; the server seals its own share at once. After a
// draw that was given up it plans the next one, numbered and with its reason.
func (s *Service) PlanDraw(ctx context.Context, r *meetingv1.PlanDrawRequest) (*meetingv1.PlanDrawResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.PlanDrawResponse, error) {
		m, err := ownAt(ctx, tx, r.Base.Id, r.Base.Revision)
		if err != nil {
			return nil, err
		}
		if m.State != meetingv1.State_STATE_PREPARING {
			return nil, fault.New(fault.State, "会议已制定抽选方案，不能重新制定")
		}
		if slices.Contains(r.Parties, serverParty) {
			return nil, fault.New(fault.Invalid, "参与方不能命名为“%s”，中心服务器会自动参与", serverParty).At("parties")
		}
		p, strata, err := s.plan(ctx, tx, m, r)
		if err != nil {
			return nil, err
		}
		text, err := p.Text()
		if err != nil {
			return nil, err
		}
		hash, err := draw.PlanHash(text, strata)
		if err != nil {
			return nil, err
		}
		d := &meetingv1.Draw{Strata: r.Strata, Plan: text, PlanHash: hex.EncodeToString(hash), Earlier: m.GetDraw().GetEarlier()}
		for _, name := range p.Parties {
			d.Shares = append(d.Shares, &meetingv1.Share{Party: name})
		}
		own := d.Shares[len(d.Shares)-1]
		own.Commit = hex.EncodeToString(draw.Commit(hash, serverParty, s.share(m.Id, hash)))
		rec := &draw.Record{Plan: d.Plan, Strata: strata, Public: noSource, Commits: map[string]string{}}
		return &meetingv1.PlanDrawResponse{Meeting: m}, s.saveDraw(ctx, tx, m, d, rec, meetingv1.State_STATE_DRAWING)
	})
}

// share is the server's number: a function of its key and the plan, so that it needs no keeping and cannot be picked anew for one plan.
func (s *Service) share(meetingID string, planHash []byte) []byte {
	h := hmac.New(sha256.New, s.keys.Chance())
	h.Write([]byte("zp/draw/v1/server\x00" + meetingID + "\x00"))
	h.Write(planHash)
	return h.Sum(nil)
}

func (s *Service) plan(ctx context.Context, tx *command.Tx, m message, r *meetingv1.PlanDrawRequest) (*draw.Plan, []draw.Stratum, error) {
	set, err := catalog.Rules(m.RulesSha256)
	if err != nil {
		return nil, nil, err
	}
	experts, err := expert.Active(ctx, tx.Tx, m.CommitteeId)
	if err != nil {
		return nil, nil, err
	}
	year, err := strconv.Atoi(m.HeldOn[:4])
	if err != nil {
		return nil, nil, err
	}
	p := &draw.Plan{
		Draw: m.Id, Purpose: m.Name, Rules: m.RulesSha256, Year: year, On: time.UnixMilli(tx.Now).UTC().Format(time.RFC3339), Public: noSource,
		Parties: append(slices.Clone(r.Parties), serverParty), Excluded: map[string]string{}, Chairs: []string{}, MaxPerUnit: int(r.MaxPerUnit),
	}
	if p.MaxPerUnit > 0 {
		p.Units = map[string]string{}
	}
	for _, x := range r.Apart {
		p.Apart = append(p.Apart, draw.Pair{A: x.A, B: x.B, Reason: x.Reason})
	}
	strata := make([]draw.Stratum, len(r.Strata))
	for i, st := range r.Strata {
		strata[i] = draw.Stratum{Name: st.Name, Pool: []string{}}
		p.Strata = append(p.Strata, draw.Places{Name: st.Name, Take: int(st.Take), Alternates: int(st.Alternates)})
	}
	for _, e := range experts {
		place(p, e, r.Strata, strata, m.HeldOn, set)
	}
	if len(p.Chairs) == 0 {
		return nil, nil, fault.New(fault.State, "没有可抽选的主任委员或副主任委员，请先补充专家库").At("strata")
	}
	if p, err = again(p, m.GetDraw().GetEarlier(), r.Reason); err != nil {
		return nil, nil, err
	}
	return p, strata, p.Check(strata)
}

// again makes the plan one of a redraw when there was a draw before.
func again(p *draw.Plan, earlier []string, reason string) (*draw.Plan, error) {
	if len(earlier) == 0 {
		return p, nil
	}
	if reason == "" {
		return nil, fault.New(fault.Invalid, "重新抽选须填写理由，理由会写入抽选记录").At("reason")
	}
	var last draw.Record
	if err := json.Unmarshal([]byte(earlier[len(earlier)-1]), &last); err != nil {
		return nil, err
	}
	previous, err := hex.DecodeString(last.PlanHash)
	if err != nil {
		return nil, err
	}
	p.Redraw = len(earlier) // Again counts one further
	return p.Again(previous, reason), nil
}

// place puts an expert into the first stratum of his specialty, or among those left out.
func place(p *draw.Plan, e *expertv1.Expert, wanted []*meetingv1.Stratum, strata []draw.Stratum, on string, set *catalog.RuleSet) {
	if why := expertrules.Ineligible(e, p.Year, on, set); why != "" {
		p.Excluded[e.Id] = why
		return
	}
	for i, st := range wanted {
		if slices.Contains(st.Specialties, e.Specialty) {
			strata[i].Pool = append(strata[i].Pool, e.Id)
			if expertrules.MayChair(e, p.Year) {
				p.Chairs = append(p.Chairs, e.Id)
			}
			if p.Units != nil {
				p.Units[e.Id] = e.WorkUnit
			}
			return
		}
	}
	p.Excluded[e.Id] = "专业不在抽选组内"
}

func (s *Service) saveDraw(ctx context.Context, tx *command.Tx, m message, d *meetingv1.Draw, rec *draw.Record, state meetingv1.State) error {
	b, err := rec.JSON()
	if err != nil {
		return err
	}
	d.Record, m.Draw, m.State = string(b), d, state
	return Meetings.Put(ctx, tx, m)
}

// inState loads a meeting in a state with the record of its draw.
func inState(ctx context.Context, tx *command.Tx, id string, revision int64, otherwise string, states ...meetingv1.State) (message, *draw.Record, error) {
	m, err := ownAt(ctx, tx, id, revision)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Contains(states, m.State) {
		return nil, nil, fault.New(fault.State, "%s", otherwise)
	}
	rec := &draw.Record{}
	return m, rec, json.Unmarshal([]byte(m.Draw.Record), rec)
}

// shareOf is a party's part in a draw; the server's own is nobody's to touch.
func shareOf(m message, party string) (*meetingv1.Share, error) {
	i := slices.IndexFunc(m.Draw.Shares, func(x *meetingv1.Share) bool { return x.Party == party && party != serverParty })
	if i < 0 {
		return nil, fault.New(fault.Invalid, "“%s”不是本次抽选的参与方", party).At("party")
	}
	return m.Draw.Shares[i], nil
}

// notDrawing is said to who comes too early or too late with a number.
const notDrawing = "抽选方案尚未制定或抽选已完成"

// CommitDraw implements the RPC. One person cannot stand for two parties.
func (s *Service) CommitDraw(ctx context.Context, r *meetingv1.CommitDrawRequest) (*meetingv1.CommitDrawResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.CommitDrawResponse, error) {
		m, rec, err := inState(ctx, tx, r.Base.Id, r.Base.Revision, notDrawing, meetingv1.State_STATE_DRAWING)
		if err != nil {
			return nil, err
		}
		share, err := shareOf(m, r.Party)
		if err != nil {
			return nil, err
		}
		if share.Commit != "" {
			return nil, fault.New(fault.State, "“%s”已提交承诺，不能更改", r.Party).At("commit")
		}
		for _, other := range m.Draw.Shares {
			if other.StaffId == tx.Caller.Staff.Id {
				return nil, fault.New(fault.Denied, "同一人不能代表两个参与方，请由“%s”的人员本人提交", r.Party).At("party")
			}
		}
		share.Commit, share.StaffId = r.Commit, tx.Caller.Staff.Id
		return &meetingv1.CommitDrawResponse{Meeting: m}, s.saveDraw(ctx, tx, m, m.Draw, rec, m.State)
	})
}

// RevealDraw implements the RPC: no number is taken before every commit is in; with the last one the panel is drawn.
func (s *Service) RevealDraw(ctx context.Context, r *meetingv1.RevealDrawRequest) (*meetingv1.RevealDrawResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.RevealDrawResponse, error) {
		m, rec, err := inState(ctx, tx, r.Base.Id, r.Base.Revision, notDrawing, meetingv1.State_STATE_DRAWING)
		if err != nil {
			return nil, err
		}
		share, err := shareOf(m, r.Party)
		if err != nil {
			return nil, err
		}
		if err := reveal(tx, m, share, r); err != nil {
			return nil, err
		}
		state := m.State
		if !slices.ContainsFunc(m.Draw.Shares, func(x *meetingv1.Share) bool { return x.Party != serverParty && x.Value == "" }) {
			if err := s.runDraw(ctx, tx, m, rec); err != nil {
				return nil, err
			}
			state = meetingv1.State_STATE_DRAWN
		}
		return &meetingv1.RevealDrawResponse{Meeting: m}, s.saveDraw(ctx, tx, m, m.Draw, rec, state)
	})
}

func reveal(tx *command.Tx, m message, share *meetingv1.Share, r *meetingv1.RevealDrawRequest) error {
	for _, x := range m.Draw.Shares {
		if x.Commit == "" {
			return fault.New(fault.State, "“%s”尚未提交承诺，所有参与方提交承诺后才能公开密数", x.Party).At("party")
		}
	}
	hash, err := hex.DecodeString(m.Draw.PlanHash)
	if err != nil {
		return err
	}
	value, err := hex.DecodeString(r.Value)
	if err != nil {
		return err
	}
	switch {
	case share.StaffId != tx.Caller.Staff.Id:
		return fault.New(fault.Denied, "密数须由提交承诺的人员本人公开").At("party")
	case share.Value != "":
		return fault.New(fault.State, "“%s”已公开密数", r.Party).At("value")
	case hex.EncodeToString(draw.Commit(hash, r.Party, value)) != share.Commit:
		return fault.New(fault.Invalid, "公开的密数与提交的承诺不符，请核对").At("value")
	}
	share.Value = r.Value
	return nil
}

// runDraw opens the server's share too, draws by the plan and signs.
func (s *Service) runDraw(ctx context.Context, tx *command.Tx, m message, rec *draw.Record) error {
	hash, err := hex.DecodeString(m.Draw.PlanHash)
	if err != nil {
		return err
	}
	for _, x := range m.Draw.Shares {
		if x.Party == serverParty {
			x.Value = hex.EncodeToString(s.share(m.Id, hash))
		}
	}
	opened(m, rec)
	if err := rec.RunPlan(); err != nil {
		return err
	}
	return s.drawn(ctx, tx, m, rec)
}

// opened brings the commits, and the numbers that were revealed, onto the record.
func opened(m message, rec *draw.Record) {
	rec.Commits, rec.Reveals = map[string]string{}, nil
	for _, x := range m.Draw.Shares {
		rec.Commits[x.Party] = x.Commit
		if x.Value != "" {
			rec.Reveals = append(rec.Reveals, draw.Reveal{Party: x.Party, Value: x.Value})
		}
	}
}

// drawn seats those who were taken, then the alternates, and signs what was drawn.
func (s *Service) drawn(ctx context.Context, tx *command.Tx, m message, rec *draw.Record) error {
	var p draw.Plan
	if err := json.Unmarshal([]byte(rec.Plan), &p); err != nil {
		return err
	}
	m.Panel = nil
	for _, d := range []draw.Decision{draw.Taken, draw.Alternate} {
		for _, res := range rec.Result {
			for _, id := range draw.Chosen(res.Trace, d) {
				e, err := expert.Experts.Find(ctx, tx.Tx, id)
				if err != nil {
					return fmt.Errorf("drawn expert: %w", err)
				}
				m.Panel = append(m.Panel, &meetingv1.Seat{
					ExpertId: id, Name: e.Name, WorkUnit: e.WorkUnit, Group: res.Stratum, Chair: slices.Contains(p.Chairs, id), Alternate: d == draw.Alternate, PersonId: e.PersonId,
				})
			}
		}
	}
	return rec.Sign(serverParty, s.keys.Signing())
}
