package meeting

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/server/command"
	"zhiping/server/committee"
	"zhiping/server/room"
	"zhiping/shared/ballot"
	"zhiping/shared/catalog"
	committeerules "zhiping/shared/committee"
	"zhiping/shared/fault"
	rules "zhiping/shared/meeting"
)

// CustodianKey writes a custodian's two public keys as the meeting carries them.
func CustodianKey(c ballot.Custodian) string { return c.SignKey + ":" + hex.EncodeToString(c.SealKey) }

// custodian reads one as the package names him.
func custodian(i int, c *meetingv1.Custodian) (ballot.Custodian, error) {
	sign, seal, _ := strings.Cut(c.Key, ":")
	b, err := hex.DecodeString(seal)
	if key, bad := hex.DecodeString(sign); err != nil || bad != nil || len(b) == 0 || len(key) != ed25519.PublicKeySize {
		return ballot.Custodian{}, fault.New(fault.Invalid, "密钥保管人“%s”的公钥不正确，请重新导入", c.Name).At("meeting.custodians")
	}
	return ballot.Custodian{ID: fmt.Sprint("K", i+1), Name: c.Name, Role: c.Role, SignKey: sign, SealKey: b}, nil
}

// custodians are the three of a meeting, with keys of their own each: two keys in one hand would open a round alone.
func custodians(m message) ([]ballot.Custodian, error) {
	if len(m.Custodians) != 3 {
		return nil, fault.New(fault.Invalid, "须有3名密钥保管人，现有%d名", len(m.Custodians)).At("meeting.custodians")
	}
	var all []ballot.Custodian
	for i, c := range m.Custodians {
		k, err := custodian(i, c)
		if err != nil {
			return nil, err
		}
		for _, other := range all {
			if other.SignKey == k.SignKey || slices.Equal(other.SealKey, k.SealKey) {
				return nil, fault.New(fault.Invalid, "密钥保管人“%s”与“%s”的公钥相同，每人须有自己的密钥", other.Name, k.Name).At("meeting.custodians")
			}
		}
		all = append(all, k)
	}
	return all, nil
}

// IssuePackage implements the RPC: one package per session is signed, the people are frozen until the records come back (voting.md).
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
		if err := drilled(m); err != nil {
			return nil, err
		}
		set, err := catalog.Rules(m.RulesSha256)
		if err != nil {
			return nil, err
		}
		if err := rules.Check(m, set); err != nil {
			return nil, err
		}
		p, err := s.convene(ctx, tx, m)
		if err != nil {
			return nil, err
		}
		m.Sessions = rules.Sessions(m)
		issued, err := s.issue(ctx, tx, m, set, p)
		if err != nil {
			return nil, err
		}
		m.Package, m.State = m.Sessions[0].Package, meetingv1.State_STATE_ISSUED
		return &meetingv1.IssuePackageResponse{Meeting: m, Package: issued[0].Package, Packages: issued}, Meetings.Put(ctx, tx, m)
	})
}

// people are who a meeting is held with, real or invented, by the ids of the meeting.
type people struct {
	rehearsal  bool
	experts    map[string]ballot.Expert
	applicants map[string]ballot.Applicant
	sessions   map[string]string // the id of each session's package; a rehearsal has others than the meeting
}

// issue signs the packages of all sessions, first rounds first, because the second names them. The answer is in the meeting's order.
func (s *Service) issue(ctx context.Context, tx *command.Tx, m message, set *catalog.RuleSet, p *people) ([]*meetingv1.Issued, error) {
	ordered, err := rules.Ordered(rules.Sessions(m))
	if err != nil {
		return nil, err
	}
	pairing, err := room.NewPairing()
	if err != nil {
		return nil, err
	}
	key := ballot.Key{Role: ballot.RoleServer, Private: s.keys.Signing()}
	ids, issued := map[string]ballot.ID{}, map[string]*meetingv1.Issued{}
	for _, x := range ordered {
		pkg, err := s.build(tx, m, x, set, p, ids)
		if err != nil {
			return nil, err
		}
		b, err := pkg.Sign(key)
		if err != nil {
			return nil, err
		}
		ids[x.Id] = ballot.IDOf(b)
		issued[x.Id] = &meetingv1.Issued{SessionId: pkg.Session, Name: x.Name, Package: b}
		row := &room.Row{
			Session: pkg.Session, Meeting: m.Id, Unit: m.UnitId, Holder: room.Hub, Hub: pkg.Hub, Epoch: 1, Rehearsal: p.rehearsal, Server: key.Public(), Package: b,
		}
		if pkg.Hub == s.rooms.Public() {
			row.Holder, row.Pairing, issued[x.Id].Pairing = room.Server, pairing, pairing
		}
		if err := room.Begin(ctx, tx.Tx, row); err != nil {
			return nil, err
		}
		if p.rehearsal {
			continue
		}
		if x.Package, err = s.keep(b, "会议包.zpp"); err != nil {
			return nil, err
		}
		x.Lease = leaseOf(row, tx.Now)
	}
	var all []*meetingv1.Issued
	for _, x := range rules.Sessions(m) {
		all = append(all, issued[x.Id])
	}
	return all, nil
}

func leaseOf(row *room.Row, now int64) *meetingv1.Lease {
	l := &meetingv1.Lease{Holder: meetingv1.Holder_HOLDER_HUB, HubKey: row.Hub, Epoch: row.Epoch, Since: now}
	if row.Holder == room.Server {
		l.Holder, l.Pairing = meetingv1.Holder_HOLDER_SERVER, row.Pairing
	}
	return l
}

func (s *Service) keep(b []byte, name string) (*commonv1.Attachment, error) {
	sum, err := s.files.Put(b)
	return &commonv1.Attachment{Sha256: sum, Name: name, Size: int64(len(b))}, err
}

// build makes the package of a session; ids are those of the packages that were signed before.
func (s *Service) build(tx *command.Tx, m message, x *meetingv1.Session, set *catalog.RuleSet, who *people, ids map[string]ballot.ID) (*ballot.Package, error) {
	keepers, err := custodians(m)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(set.Bytes)
	p := &ballot.Package{
		Meeting: m.Id, Session: who.sessions[x.Id], Title: m.Name, Date: m.HeldOn, Place: x.Place, Committee: m.CommitteeName, Issued: tx.Now, Suite: ballot.Suite,
		Rules: sum[:], RuleSet: set.Bytes, Panel: int64(len(rules.Seats(m, x))), Origin: "zhiping/" + who.sessions[x.Id], Staff: m.StaffKeys,
		Chair: m.ChairKey, Supervisor: m.SupervisorKey, Custodians: keepers, Rehearsal: who.rehearsal,
	}
	if len(m.Sessions) > 1 {
		p.Title += " " + x.Name
	}
	if p.Place == "" {
		p.Place = m.Place
	}
	p.Rounds, p.Items = rules.Rounds(x, set)
	if err := s.sequencers(p, m, x); err != nil {
		return nil, err
	}
	in := map[string]bool{}
	for _, id := range rules.People(m, x) {
		in[id] = true
		p.Applicants = append(p.Applicants, who.applicants[id])
	}
	for _, seat := range rules.Seats(m, x) {
		e := who.experts[seat.ExpertId]
		e.Group = seat.Group
		e.Recused = slices.DeleteFunc(slices.Clone(e.Recused), func(id string) bool { return !in[who.original(id)] })
		p.Experts = append(p.Experts, e)
	}
	if err := reviewers(p, m, who); err != nil {
		return nil, err
	}
	for _, f := range x.Firsts {
		id := ids[f.SessionId]
		rule := ballot.TakePassed
		if f.Rule == meetingv1.TakeRule_TAKE_RULE_ALL {
			rule = ballot.TakeAll
		}
		p.Depends = append(p.Depends, ballot.Dependency{Session: who.sessions[f.SessionId], Package: id[:], Round: f.Round, Rule: rule})
	}
	return p, nil
}

// original is the application that somebody in a package stands for.
func (w *people) original(id string) string {
	for k, a := range w.applicants {
		if a.ID == id {
			return k
		}
	}
	return id
}

// sequencers names hub and spare of a session: its own laptops, or the meeting's, or with none prepared the server.
func (s *Service) sequencers(p *ballot.Package, m message, x *meetingv1.Session) error {
	p.Hub, p.TLS, p.Spare, p.SpareTLS = m.HubKey, m.HubTls, m.SpareKey, m.SpareTls
	if x.HubKey != "" {
		p.Hub, p.TLS = x.HubKey, x.HubTls
	}
	if x.SpareKey != "" {
		p.Spare, p.SpareTLS = x.SpareKey, x.SpareTls
	}
	if p.Hub == "" {
		p.Hub, p.TLS = s.rooms.Public(), ""
	}
	for _, k := range []struct{ name, key string }{{"会场主机", p.Hub}, {"备用主机", p.Spare}, {"执行主任", p.Chair}, {"监督人员", p.Supervisor}} {
		if !publicKey(k.key) && (k.key != "" || k.name != "备用主机") {
			return fault.New(fault.Invalid, "%s的公钥没有导入或不正确，请重新导入", k.name).At("meeting.hub_key")
		}
	}
	for _, k := range p.Staff {
		if !publicKey(k) {
			return fault.New(fault.Invalid, "会务人员的公钥不正确，请重新导入").At("meeting.staff_keys")
		}
	}
	if p.Chair == p.Supervisor {
		return fault.New(fault.Invalid, "执行主任与监督人员的公钥相同，两人须有各自的密钥").At("meeting.supervisor_key")
	}
	return nil
}

func publicKey(k string) bool {
	b, err := hex.DecodeString(k)
	return err == nil && len(b) == ed25519.PublicKeySize && hex.EncodeToString(b) == k
}

// reviewers are the main and assistant reviewers whom a session has (F7); one who must not see the applicant cannot review him (Article 25).
func reviewers(p *ballot.Package, m message, who *people) error {
	for _, r := range m.Reviewers {
		a, e := p.Applicant(who.applicants[r.ApplicationId].ID), p.Expert(who.experts[r.ExpertId].ID)
		if a == nil || e == nil {
			continue
		}
		if slices.Contains(e.Recused, a.ID) {
			if who.rehearsal {
				continue
			}
			return fault.New(fault.Invalid, "专家“%s”须回避“%s”，不能担任其主审或辅审，请重新分配（第二十五条）", e.Name, a.Name).At("meeting.reviewers")
		}
		role := ballot.Main
		if r.Role == meetingv1.ReviewerRole_REVIEWER_ROLE_ASSISTANT {
			role = ballot.Assistant
		}
		p.Reviewers = append(p.Reviewers, ballot.Reviewer{Applicant: a.ID, Expert: e.ID, Role: role})
	}
	return nil
}
