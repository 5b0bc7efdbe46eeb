package meeting

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/server/application"
	"zhiping/server/command"
	"zhiping/server/committee"
	"zhiping/server/expert"
	"zhiping/server/session"
	applicationrules "zhiping/shared/application"
	"zhiping/shared/ballot"
	"zhiping/shared/catalog"
	committeerules "zhiping/shared/committee"
	expertrules "zhiping/shared/expert"
	"zhiping/shared/fault"
)

// round is the id of the one round that a meeting has for now.
const round = "R1"

// CustodianKey writes a custodian's two public keys as the meeting carries them.
func CustodianKey(c ballot.Custodian) string { return c.SignKey + ":" + hex.EncodeToString(c.SealKey) }

// IssuePackage implements the RPC: the package is signed, the people are frozen until the record comes back (voting.md).
func (s *Service) IssuePackage(ctx context.Context, r *meetingv1.IssuePackageRequest) (*meetingv1.IssuePackageResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.IssuePackageResponse, error) {
		m, err := ownAt(ctx, tx, r.Base.Id, r.Base.Revision)
		if err != nil {
			return nil, err
		}
		if m.State != meetingv1.State_STATE_CONFIRMED {
			return nil, fault.New(fault.State, "请先确认参会专家，再签发会议包")
		}
		c, err := committee.Committees.Find(ctx, tx.Tx, m.CommitteeId)
		if err != nil {
			return nil, err
		}
		if err := committeerules.CheckValid(c, m.HeldOn); err != nil {
			return nil, err
		}
		p, err := s.build(ctx, tx, m)
		if err != nil {
			return nil, err
		}
		b, err := p.Sign(ballot.Key{Role: ballot.RoleServer, Private: s.key})
		if err != nil {
			return nil, err
		}
		if m.Package, err = s.keep(b, "会议包.zpp"); err != nil {
			return nil, err
		}
		m.State = meetingv1.State_STATE_ISSUED
		return &meetingv1.IssuePackageResponse{Meeting: m, Package: b}, Meetings.Put(ctx, tx, m)
	})
}

func (s *Service) keep(b []byte, name string) (*commonv1.Attachment, error) {
	sum, err := s.files.Put(b)
	return &commonv1.Attachment{Sha256: sum, Name: name, Size: int64(len(b))}, err
}

// build makes the package and moves the people into the meeting.
func (s *Service) build(ctx context.Context, tx *command.Tx, m message) (*ballot.Package, error) {
	set, err := catalog.Rules(m.RulesSha256)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(set.Bytes)
	p := &ballot.Package{
		Meeting: m.Id, Session: m.Id, Title: m.Name, Date: m.HeldOn, Place: m.Place, Committee: m.CommitteeName, Issued: tx.Now, Suite: ballot.Suite,
		Rules: sum[:], RuleSet: set.Bytes, Panel: int64(m.PanelSize), Origin: "zhiping/" + m.Id, Hub: m.HubKey, TLS: m.HubTls, Staff: m.StaffKeys,
		Chair: m.ChairKey, Supervisor: m.SupervisorKey,
		Rounds: []ballot.Round{{ID: round, Kind: ballot.Vote, Secrecy: ballot.SecretBallot, Base: ballot.Attending}},
	}
	for i, c := range m.Custodians {
		sign, seal, _ := strings.Cut(c.Key, ":")
		b, err := hex.DecodeString(seal)
		if err != nil || len(b) == 0 {
			return nil, fault.New(fault.Invalid, "密钥保管人“%s”的公钥不正确，请重新导入", c.Name).At("meeting.custodians")
		}
		p.Custodians = append(p.Custodians, ballot.Custodian{ID: []string{"K1", "K2", "K3"}[i], Name: c.Name, Role: c.Role, SignKey: sign, SealKey: b})
	}
	applicants, err := s.convene(ctx, tx, m, p)
	if err != nil {
		return nil, err
	}
	for _, seat := range m.Panel {
		if !seat.Confirmed {
			continue
		}
		e, err := expert.Experts.Find(ctx, tx.Tx, seat.ExpertId)
		if err != nil {
			return nil, err
		}
		p.Experts = append(p.Experts, ballot.Expert{ID: seat.ExpertId, Name: seat.Name, Group: seat.Group, Recused: recused(e, applicants)})
	}
	return p, nil
}

// convene puts the people into the package, in their order.
func (s *Service) convene(ctx context.Context, tx *command.Tx, m message, p *ballot.Package) ([]*applicationv1.Application, error) {
	var all []*applicationv1.Application
	for i, id := range m.ApplicationIds {
		a, err := application.Applications.See(ctx, tx.Tx, tx.Caller, id)
		if err != nil || a.ActivityId != m.ActivityId {
			return nil, fault.New(fault.Invalid, "参评人员第%d位不属于本次评审活动，请重新导入名单", i+1).At("meeting.application_ids")
		}
		if err := applicationrules.Move(a, applicationrules.Convene); err != nil {
			return nil, err
		}
		a.MeetingId, a.Position = m.Id, int32(i+1)
		if err := application.Applications.Put(ctx, tx, a); err != nil {
			return nil, err
		}
		p.Applicants = append(p.Applicants, ballot.Applicant{ID: a.Id, Position: int64(i + 1), Name: a.Name, Unit: a.WorkUnit})
		all = append(all, a)
	}
	return all, nil
}

// recused lists those an expert must not vote on (Article 25).
func recused(e *expertv1.Expert, applicants []*applicationv1.Application) []string {
	var ids []string
	for _, a := range applicants {
		if expertrules.Recused(e, a.PersonId, a.Name, a.WorkUnit) != "" {
			ids = append(ids, a.Id)
		}
	}
	return ids
}

// own refuses a meeting that is not the caller's.
func (s *Service) own(ctx context.Context, id string) error {
	m, err := Meetings.Get(ctx, s.run.DB, id)
	if err == nil && m.UnitId != session.Of(ctx).Unit.Id {
		return fault.New(fault.Denied, "只有组织会议的单位可以移交会议记录")
	}
	return err
}

// HandOver implements the RPC: the record is recomputed from nothing; only what it proves is written.
func (s *Service) HandOver(ctx context.Context, r *meetingv1.HandOverRequest) (*meetingv1.HandOverResponse, error) {
	if err := s.own(ctx, r.Base.Id); err != nil { // first: a record is long work, and nobody else's
		return nil, err
	}
	v, err := ballot.Verify(r.Record, hex.EncodeToString(s.key.Public().(ed25519.PublicKey)))
	if err != nil {
		return nil, err
	}
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.HandOverResponse, error) {
		m, err := ownAt(ctx, tx, r.Base.Id, r.Base.Revision)
		if err != nil {
			return nil, err
		}
		if m.State != meetingv1.State_STATE_ISSUED {
			return nil, fault.New(fault.State, "会议包未签发或结果已移交")
		}
		if err := s.issued(m, v); err != nil {
			return nil, err
		}
		id := v.State.Current(round)
		rs, spec := v.State.Rounds[id], v.State.Package.Round(id)
		if !rs.Signed {
			return nil, fault.New(fault.State, "计票结果尚未由执行主任和监督人员签字，请先完成签字再移交")
		}
		for _, res := range rs.Tally.Results {
			if err := decide(ctx, tx, spec, &res, rs.Close.Present); err != nil {
				return nil, err
			}
		}
		if err := attended(ctx, tx, m, v.State); err != nil {
			return nil, err
		}
		if m.Record, err = s.keep(r.Record, "会议记录.zpr"); err != nil {
			return nil, err
		}
		m.State = meetingv1.State_STATE_HELD
		return &meetingv1.HandOverResponse{Meeting: m}, Meetings.Put(ctx, tx, m)
	})
}

// issued checks that the record is of the package that was issued, and of a real meeting.
func (s *Service) issued(m message, v *ballot.Verified) error {
	if v.State.Package.Rehearsal {
		return fault.New(fault.Invalid, "这是演练的会议记录，数据是虚构的，不能移交").At("record")
	}
	issued, _, err := s.files.Read(m.Package.Sha256, 0, m.Package.Size)
	if err != nil {
		return err
	}
	if id := ballot.IDOf(issued); !bytes.Equal(id[:], v.State.PackageID[:]) {
		return fault.New(fault.Invalid, "会议记录不是按本会议签发的会议包形成的，请核对文件").At("record")
	}
	return nil
}

func decide(ctx context.Context, tx *command.Tx, r *ballot.Round, res *ballot.Result, present int64) error {
	a, err := application.Applications.Find(ctx, tx.Tx, res.Applicant)
	if err != nil {
		return err
	}
	event := applicationrules.Fail
	if res.Decision == ballot.Passed {
		event = applicationrules.Pass
	}
	if err := applicationrules.Move(a, event); err != nil {
		return err
	}
	a.Result = &applicationv1.Result{Base: int32(res.Base), Need: int32(res.Need), Passed: res.Decision == ballot.Passed, Text: r.Outcome(res, present)}
	if !r.Hidden(res) { // so few cells would show who voted how
		a.Result.Agree, a.Result.Oppose, a.Result.Abstain = int32(res.Agree), int32(res.Oppose), int32(res.Abstain)
	}
	return application.Applications.Put(ctx, tx, a)
}

// attended notes who sat on the panel this year, and who chaired it: the next draw asks (F5).
func attended(ctx context.Context, tx *command.Tx, m message, state *ballot.State) error {
	year := int32(0)
	for _, r := range m.HeldOn[:4] {
		year = year*10 + r - '0'
	}
	for _, seat := range m.Panel {
		if !seat.Confirmed || state.Credentials[seat.ExpertId] == "" {
			continue
		}
		e, err := expert.Experts.Find(ctx, tx.Tx, seat.ExpertId)
		if err != nil {
			return err
		}
		expertrules.Attended(e, year, m.Name, m.HeldOn, seat.Executive)
		if err := expert.Experts.Put(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}
