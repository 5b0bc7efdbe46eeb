package demo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/shared/draw"
	"zhiping/shared/holder"
	"zhiping/shared/print"
)

// drawPanel plans the draw, lets organiser and supervisor commit and reveal, and confirms the panel (F5).
func (y *year) drawPanel(ctx context.Context) (int, error) {
	p := y.as("housing")
	m := &meetingv1.Meeting{Id: id(), Name: "2026年度工程技术中级职称评审会议（虚构）", ActivityId: y.activityID, HeldOn: "2026-05-20", Place: "虚构市第一会议室", PanelSize: int32(y.Panel)}
	y.meetingID = m.Id
	saved, err := p.meetings().SaveMeeting(ctx, &meetingv1.SaveMeetingRequest{Meeting: m})
	if err != nil {
		return 0, err
	}
	take := int32(y.Panel / 2)
	planned, err := p.meetings().PlanDraw(ctx, &meetingv1.PlanDrawRequest{Base: meetingBase(saved.Meeting), Parties: []string{"organiser", "supervisor"}, Strata: []*meetingv1.Stratum{
		{Name: groups[0], Specialties: specialties[:3], Take: int32(y.Panel) - take, Alternates: 3}, {Name: groups[1], Specialties: specialties[3:], Take: take, Alternates: 2},
	}})
	if err != nil {
		return 0, err
	}
	drawn, err := y.commitAndReveal(ctx, planned.Meeting)
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(y.path("documents", "专家抽选记录.json"), []byte(drawn.Draw.Record), 0o600); err != nil {
		return 0, err
	}
	r := &meetingv1.ConfirmPanelRequest{Base: meetingBase(drawn)}
	for _, s := range drawn.Panel {
		if !s.Alternate {
			r.ExpertIds = append(r.ExpertIds, s.ExpertId)
			if s.Chair && r.ExecutiveId == "" {
				r.ExecutiveId = s.ExpertId
			}
		}
	}
	_, err = p.meetings().ConfirmPanel(ctx, r)
	return len(r.ExpertIds), err
}

func meetingBase(m *meetingv1.Meeting) *commonv1.Base {
	return &commonv1.Base{Id: m.Id, Revision: m.Revision}
}

func (y *year) commitAndReveal(ctx context.Context, m *meetingv1.Meeting) (*meetingv1.Meeting, error) {
	hash, err := hex.DecodeString(m.Draw.PlanHash)
	if err != nil {
		return nil, err
	}
	parties := []struct{ party, account string }{{"organiser", "housing"}, {"supervisor", "supervisor"}}
	values := map[string][]byte{}
	for _, x := range parties {
		values[x.party] = make([]byte, draw.ValueSize)
		rand.Read(values[x.party])
		resp, err := y.as(x.account).meetings().CommitDraw(ctx, &meetingv1.CommitDrawRequest{Base: meetingBase(m), Party: x.party, Commit: hex.EncodeToString(draw.Commit(hash, x.party, values[x.party]))})
		if err != nil {
			return nil, err
		}
		m = resp.Meeting
	}
	for _, x := range parties {
		resp, err := y.as(x.account).meetings().RevealDraw(ctx, &meetingv1.RevealDrawRequest{Base: meetingBase(m), Party: x.party, Value: hex.EncodeToString(values[x.party])})
		if err != nil {
			return nil, err
		}
		m = resp.Meeting
	}
	return m, nil
}

// passphrase is that of the invented people's key files.
const passphrase = "demo-passphrase-1"

// sessions are the rooms of the meeting: each group scores its own people, which is only a basis, then all experts vote on all (F13).
func (y *year) sessions(m *meetingv1.Meeting) []*meetingv1.Session {
	score := []*meetingv1.RoundSetting{{Id: "S1", Kind: meetingv1.RoundKind_ROUND_KIND_SCORE, Max: 100, Trim: 1, Divisor: 100, Items: []*meetingv1.ScoreItem{
		{Name: "业绩成果", Weight: 60}, {Name: "专业能力", Weight: 40},
	}}}
	half := (len(m.ApplicationIds) + 1) / 2
	first := &meetingv1.Session{Id: id(), Name: groups[0] + "会场", Place: "虚构市第二会议室", Groups: groups[:1], ApplicationIds: m.ApplicationIds[:half], Rounds: score}
	second := &meetingv1.Session{Id: id(), Name: groups[1] + "会场", Place: "虚构市第三会议室", Groups: groups[1:], ApplicationIds: m.ApplicationIds[half:], Rounds: score}
	all := &meetingv1.Session{Id: id(), Name: "全体会场", Rounds: []*meetingv1.RoundSetting{{Id: "R1", Kind: meetingv1.RoundKind_ROUND_KIND_VOTE}}}
	for _, s := range []*meetingv1.Session{first, second} {
		all.Firsts = append(all.Firsts, &meetingv1.FirstRound{SessionId: s.Id, Round: "S1", Rule: meetingv1.TakeRule_TAKE_RULE_ALL})
	}
	return []*meetingv1.Session{first, second, all}
}

// groups are those of the panel.
var groups = []string{"土木建筑组", "道桥机械组"}

// issuePackage makes everybody's keys, brings their public halves into the meeting, lets the custodians open their tests, rehearses, and lets the server
// sign the packages.
func (y *year) issuePackage(ctx context.Context) (int, error) {
	p := y.as("housing")
	got, err := p.meetings().GetMeeting(ctx, &meetingv1.GetMeetingRequest{Id: y.meetingID})
	if err != nil {
		return 0, err
	}
	m := got.Meeting
	if err := y.keys(m); err != nil {
		return 0, err
	}
	people, err := y.list(ctx, p, "committee", applicationv1.State_STATE_QUALIFIED.String())
	if err != nil {
		return 0, err
	}
	slices.SortFunc(people, func(a, b *applicationv1.Application) int { return strings.Compare(a.WorkUnit+a.Id, b.WorkUnit+b.Id) })
	for _, a := range people {
		m.ApplicationIds = append(m.ApplicationIds, a.Id)
	}
	m.Sessions = y.sessions(m)
	saved, err := p.meetings().SaveMeeting(ctx, &meetingv1.SaveMeetingRequest{Meeting: m})
	if err != nil {
		return 0, err
	}
	drilled, err := y.drill(ctx, p, saved.Meeting)
	if err != nil {
		return 0, err
	}
	if err := y.rehearse(ctx, p, drilled); err != nil {
		return 0, err
	}
	issued, err := p.meetings().IssuePackage(ctx, &meetingv1.IssuePackageRequest{Base: meetingBase(drilled)})
	if err != nil {
		return 0, err
	}
	for i, x := range issued.Packages {
		if err := os.WriteFile(y.pkg(i), x.Package, 0o600); err != nil {
			return 0, err
		}
		y.rooms = append(y.rooms, x.SessionId)
	}
	return len(people), nil
}

// files are the names of a session's files: those of the groups, and of the plenary.
var files = []string{"group1", "group2", "meeting"}

func (y *year) pkg(session int) string { return y.path("room", files[session]+".zpp") }

func (y *year) record(session int) string { return y.path("room", files[session]+".zpr") }

// drill lets each custodian open the test envelope that the server has sealed to his key, before anything is issued.
func (y *year) drill(ctx context.Context, p *person, m *meetingv1.Meeting) (*meetingv1.Meeting, error) {
	if _, err := p.meetings().IssuePackage(ctx, &meetingv1.IssuePackageRequest{Base: meetingBase(m)}); err == nil {
		return nil, errors.New("a package was issued before the drill")
	}
	started, err := p.meetings().StartDrill(ctx, &meetingv1.StartDrillRequest{Base: meetingBase(m)})
	if err != nil {
		return nil, err
	}
	m = started.Meeting
	for i, c := range m.Custodians {
		test := y.path("keys", fmt.Sprintf("drill%d.txt", i+1))
		if err := os.WriteFile(test, []byte(holder.ChallengeText(m.Id, c.Drill)), 0o600); err != nil {
			return nil, err
		}
		said, err := y.unlocked("key", "drill", y.key(i), test)
		if err != nil {
			return nil, err
		}
		_, _, answer, err := holder.ParseAnswer(strings.TrimSpace(said))
		if err != nil {
			return nil, err
		}
		answered, err := p.meetings().AnswerDrill(ctx, &meetingv1.AnswerDrillRequest{Base: meetingBase(m), Key: c.Key, Answer: answer})
		if err != nil {
			return nil, err
		}
		m = answered.Meeting
	}
	return m, nil
}

// rehearse lets a hub hold what the server has signed for a rehearsal: the same settings and keys, invented people.
func (y *year) rehearse(ctx context.Context, p *person, m *meetingv1.Meeting) error {
	issued, err := p.meetings().IssueRehearsal(ctx, &meetingv1.IssueRehearsalRequest{Base: meetingBase(m)})
	if err != nil {
		return err
	}
	var packages []string
	for i, x := range issued.Packages {
		packages = append(packages, y.path("room", "rehearsal-"+files[i]+".zpp"))
		if err := os.WriteFile(packages[i], x.Package, 0o600); err != nil {
			return err
		}
	}
	h, err := y.startHub(y.path("room", "hub"), packages...)
	if err != nil {
		return err
	}
	err = h.steps(issued.Packages[0].SessionId, []string{"export", y.path("room", "rehearsal.zpr")})
	if err = errors.Join(err, h.stop()); err != nil {
		return err
	}
	b, err := os.ReadFile(y.path("room", "rehearsal.zpr"))
	if err != nil {
		return err
	}
	checked, err := p.meetings().CheckRecord(ctx, &meetingv1.CheckRecordRequest{Id: m.Id, Record: b})
	if err == nil && (!checked.Holds || !checked.Rehearsal) {
		err = fmt.Errorf("the rehearsal's record: %s", checked.Report)
	}
	return err
}

// keys makes the keys of hub, spare, chair, staff's lead and supervisor, each where it would be made: the three are the custodians too.
func (y *year) keys(m *meetingv1.Meeting) error {
	for _, x := range []struct {
		dir      string
		key, tls *string
	}{{"hub", &m.HubKey, &m.HubTls}, {"spare", &m.SpareKey, &m.SpareTls}} {
		out, err := run(y.Desktop, "hub", "prepare", y.path("room", x.dir))
		if err != nil {
			return err
		}
		var made struct{ Hub, Staff, TLS string }
		if err := json.Unmarshal([]byte(out), &made); err != nil {
			return err
		}
		*x.key, *x.tls = made.Hub, made.TLS
		m.StaffKeys = append(m.StaffKeys, made.Staff)
	}
	for i, role := range roles {
		out, err := y.unlocked("key", "new", y.key(i), "--name", role+"（虚构）", "--work", "12")
		if err != nil {
			return err
		}
		public, err := holder.ParsePublic(strings.TrimSpace(out))
		if err != nil {
			return err
		}
		m.Custodians = append(m.Custodians, &meetingv1.Custodian{Name: public.Name, Role: role, Key: public.CustodianKey()})
		switch i {
		case chair:
			m.ChairKey = public.Signing
		case supervisor:
			m.SupervisorKey = public.Signing
		}
	}
	return nil
}

// roles are those who keep the keys.
var roles = []string{"执行主任", "会务负责人", "监督人员"}

const (
	chair      = 0
	supervisor = 2
)

// key is the file of somebody's keys, under the passphrase.
func (y *year) key(i int) string { return y.path("keys", fmt.Sprintf("key%d.zpk", i+1)) }

// unlocked runs the desktop program for somebody who types the passphrase.
func (y *year) unlocked(args ...string) (string, error) {
	return runWith([]string{"ZHIPING_PASSPHRASE=" + passphrase}, y.Desktop, args...)
}

// print writes a document; every page of it says that it is fiction.
func (y *year) print(name string, doc print.Document) error {
	b, err := print.Render(print.Meta{Made: time.UnixMilli(at("2026-06-30")), Demo: true}, doc)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return os.WriteFile(y.path("documents", name), b, 0o600)
}

// handOver starts the server again and gives it the record, which it verifies before it believes it.
func (y *year) handOver(ctx context.Context) (int, error) {
	if err := y.restart(ctx, "2026-05-21"); err != nil {
		return 0, err
	}
	p := y.as("housing")
	got, err := p.meetings().GetMeeting(ctx, &meetingv1.GetMeetingRequest{Id: y.meetingID})
	if err != nil {
		return 0, err
	}
	var records [][]byte
	for i := range y.rooms {
		b, err := os.ReadFile(y.record(i))
		if err != nil {
			return 0, err
		}
		records = append(records, b)
	}
	forged := append([][]byte{}, records...)
	forged[0] = append([]byte{}, records[0]...)
	forged[0][len(forged[0])/2] ^= 1
	if _, err := p.meetings().HandOver(ctx, &meetingv1.HandOverRequest{Base: meetingBase(got.Meeting), Records: forged}); err == nil {
		return 0, errors.New("a forged record was taken")
	}
	handed, err := p.meetings().HandOver(ctx, &meetingv1.HandOverRequest{Base: meetingBase(got.Meeting), Records: records})
	if err != nil {
		return 0, err
	}
	if err := y.wipe(handed.Archives); err != nil {
		return 0, err
	}
	passed, err := y.list(ctx, p, "committee", applicationv1.State_STATE_PASSED.String())
	return len(passed), err
}
