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

// serverParty is the server's part in a draw.
const serverParty = "server"

// plan is what the draw's plan says (draw.md); its bytes are signed by being hashed into every commit.
type plan struct {
	Draw     string            `json:"draw"`
	Purpose  string            `json:"purpose"`
	Rules    string            `json:"rules"`
	Year     int               `json:"year"`
	On       string            `json:"on"`
	Strata   []planStratum     `json:"strata"`
	Parties  []string          `json:"parties"`
	Chairs   []string          `json:"chairs"` // who can be drawn as chair; at least one is taken
	Excluded map[string]string `json:"excluded"`
}

type planStratum struct {
	Name       string `json:"name"`
	Take       int    `json:"take"`
	Alternates int    `json:"alternates"`
}

// PlanDraw implements the RPC (F5): the pool is frozen with the reasons of those left out; the server seals its own share at once.
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
		text, err := json.Marshal(p)
		if err != nil {
			return nil, err
		}
		hash, err := draw.PlanHash(string(text), strata)
		if err != nil {
			return nil, err
		}
		d := &meetingv1.Draw{Strata: r.Strata, Plan: string(text), PlanHash: hex.EncodeToString(hash)}
		for _, name := range p.Parties {
			d.Shares = append(d.Shares, &meetingv1.Share{Party: name})
		}
		own := d.Shares[len(d.Shares)-1]
		own.Commit = hex.EncodeToString(draw.Commit(hash, serverParty, s.share(m.Id, hash)))
		rec := &draw.Record{Plan: d.Plan, Strata: strata, Public: "none", Commits: map[string]string{}, Excluded: p.Excluded}
		return &meetingv1.PlanDrawResponse{Meeting: m}, s.saveDraw(ctx, tx, m, d, rec, meetingv1.State_STATE_DRAWING)
	})
}

// share is the server's number: a function of its key and the plan, so that it needs no keeping and cannot be picked anew for one plan.
func (s *Service) share(meetingID string, planHash []byte) []byte {
	h := hmac.New(sha256.New, s.key.Seed())
	h.Write([]byte("zp/draw/v1/server\x00" + meetingID + "\x00"))
	h.Write(planHash)
	return h.Sum(nil)
}

func (s *Service) plan(ctx context.Context, tx *command.Tx, m message, r *meetingv1.PlanDrawRequest) (*plan, []draw.Stratum, error) {
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
	p := &plan{
		Draw: m.Id, Purpose: m.Name, Rules: m.RulesSha256, Year: year, On: time.UnixMilli(tx.Now).UTC().Format(time.RFC3339),
		Parties: append(slices.Clone(r.Parties), serverParty), Excluded: map[string]string{}, Chairs: []string{},
	}
	strata := make([]draw.Stratum, len(r.Strata))
	for i, st := range r.Strata {
		strata[i] = draw.Stratum{Name: st.Name, Pool: []string{}}
		p.Strata = append(p.Strata, planStratum{st.Name, int(st.Take), int(st.Alternates)})
	}
	for _, e := range experts {
		p.place(e, r.Strata, strata, m.HeldOn, set)
	}
	for i, st := range r.Strata {
		if len(strata[i].Pool) < int(st.Take) {
			return nil, nil, fault.New(fault.State, "“%s”组可抽选的在库活跃专家%d人，不足%d人，请调整抽取人数或补充专家", st.Name, len(strata[i].Pool), st.Take).At("strata")
		}
	}
	if len(p.Chairs) == 0 {
		return nil, nil, fault.New(fault.State, "没有可抽选的主任委员或副主任委员，请先补充专家库").At("strata")
	}
	return p, strata, nil
}

// place puts an expert into the first stratum of his specialty, or among those left out.
func (p *plan) place(e *expertv1.Expert, wanted []*meetingv1.Stratum, strata []draw.Stratum, on string, set *catalog.RuleSet) {
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

// drawing loads a meeting whose draw is under way, with its record and the share of a party.
func drawing(ctx context.Context, tx *command.Tx, id string, revision int64, party string) (message, *draw.Record, *meetingv1.Share, error) {
	m, err := ownAt(ctx, tx, id, revision)
	if err != nil {
		return nil, nil, nil, err
	}
	if m.State != meetingv1.State_STATE_DRAWING {
		return nil, nil, nil, fault.New(fault.State, "抽选方案尚未制定或抽选已完成")
	}
	i := slices.IndexFunc(m.Draw.Shares, func(x *meetingv1.Share) bool { return x.Party == party && party != serverParty })
	if i < 0 {
		return nil, nil, nil, fault.New(fault.Invalid, "“%s”不是本次抽选的参与方", party).At("party")
	}
	rec := &draw.Record{}
	return m, rec, m.Draw.Shares[i], json.Unmarshal([]byte(m.Draw.Record), rec)
}

// CommitDraw implements the RPC. One person cannot stand for two parties.
func (s *Service) CommitDraw(ctx context.Context, r *meetingv1.CommitDrawRequest) (*meetingv1.CommitDrawResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.CommitDrawResponse, error) {
		m, rec, share, err := drawing(ctx, tx, r.Base.Id, r.Base.Revision, r.Party)
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
		m, rec, share, err := drawing(ctx, tx, r.Base.Id, r.Base.Revision, r.Party)
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

// runDraw opens the server's share too and draws.
func (s *Service) runDraw(ctx context.Context, tx *command.Tx, m message, rec *draw.Record) error {
	var p plan
	if err := json.Unmarshal([]byte(m.Draw.Plan), &p); err != nil {
		return err
	}
	hash, err := hex.DecodeString(m.Draw.PlanHash)
	if err != nil {
		return err
	}
	for _, x := range m.Draw.Shares {
		if x.Party == serverParty {
			x.Value = hex.EncodeToString(s.share(m.Id, hash))
		}
		rec.Commits[x.Party] = x.Commit
		rec.Reveals = append(rec.Reveals, draw.Reveal{Party: x.Party, Value: x.Value})
	}
	chair := func(id string) bool { return slices.Contains(p.Chairs, id) }
	first := firstWithChair(rec.Strata, chair)
	err = rec.Run(func(name string) draw.Quota {
		i := slices.IndexFunc(p.Strata, func(x planStratum) bool { return x.Name == name })
		q := draw.Quota{Take: p.Strata[i].Take, Alternates: p.Strata[i].Alternates}
		if name == first {
			q.Needs = chair
		}
		return q
	})
	if err != nil {
		return err
	}
	return drawn(ctx, tx, m, rec, chair)
}

// firstWithChair is the stratum in which a chair is sure to be taken (F5: at least one).
func firstWithChair(strata []draw.Stratum, chair func(string) bool) string {
	for _, st := range strata {
		if slices.ContainsFunc(st.Pool, chair) {
			return st.Name
		}
	}
	return ""
}

// drawn seats those who were taken, then the alternates.
func drawn(ctx context.Context, tx *command.Tx, m message, rec *draw.Record, chair func(string) bool) error {
	m.Panel = nil
	for _, d := range []draw.Decision{draw.Taken, draw.Alternate} {
		for _, res := range rec.Result {
			for _, id := range draw.Chosen(res.Trace, d) {
				e, err := expert.Experts.Find(ctx, tx.Tx, id)
				if err != nil {
					return fmt.Errorf("drawn expert: %w", err)
				}
				m.Panel = append(m.Panel, &meetingv1.Seat{
					ExpertId: id, Name: e.Name, WorkUnit: e.WorkUnit, Group: res.Stratum, Chair: chair(id), Alternate: d == draw.Alternate, PersonId: e.PersonId,
				})
			}
		}
	}
	return nil
}
