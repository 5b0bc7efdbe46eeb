package demo

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/draw"
	"zhiping/shared/holder"
	"zhiping/shared/meeting"
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
		{Name: "土木建筑组", Specialties: specialties[:3], Take: int32(y.Panel) - take, Alternates: 3}, {Name: "道桥机械组", Specialties: specialties[3:], Take: take, Alternates: 2},
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

// passphrase is that of the invented custodians; the programs find it in their environment.
const (
	passphrase   = "demo-custodian-1"
	passphraseIs = "ZHIPING_PASSPHRASE=" + passphrase
)

// The places of chair and supervisor among the custodians.
const (
	chairAt      = 0
	supervisorAt = 2
)

// issuePackage makes everybody's keys, brings their public halves into the meeting and lets the server sign the package.
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
	saved, err := p.meetings().SaveMeeting(ctx, &meetingv1.SaveMeetingRequest{Meeting: m})
	if err != nil {
		return 0, err
	}
	drilled, err := y.drill(ctx, p, saved.Meeting)
	if err != nil {
		return 0, err
	}
	issued, err := p.meetings().IssuePackage(ctx, &meetingv1.IssuePackageRequest{Base: meetingBase(drilled)})
	if err != nil {
		return 0, err
	}
	return len(people), os.WriteFile(y.path("room", "meeting.zpp"), issued.Package, 0o600)
}

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
		challenge := y.path("keys", fmt.Sprintf("drill%d.txt", i+1))
		if err := os.WriteFile(challenge, []byte(holder.ChallengeText(m.Id, c.Drill)), 0o600); err != nil {
			return nil, err
		}
		out, err := run(y.Desktop, "key", "drill", y.custodian(i), challenge)
		if err != nil {
			return nil, err
		}
		_, _, answer, err := holder.ParseAnswer(out)
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

// keys makes the keys of hub, chair, supervisor and custodians, each where it would be made.
func (y *year) keys(m *meetingv1.Meeting) error {
	out, err := run(y.Desktop, "hub", "prepare", y.path("room", "hub"))
	if err != nil {
		return err
	}
	var hub struct{ Hub, Staff, TLS string }
	if err := json.Unmarshal([]byte(out), &hub); err != nil {
		return err
	}
	m.HubKey, m.StaffKeys, m.HubTls = hub.Hub, []string{hub.Staff}, hub.TLS
	for i, role := range []string{"执行主任", "会务负责人", "监督人员"} {
		line, err := run(y.Desktop, "key", "new", y.custodian(i), "--name", fmt.Sprintf("保管人%d（虚构）", i+1), "--work", "12")
		if err != nil {
			return err
		}
		public, err := holder.ParsePublic(line)
		if err != nil {
			return err
		}
		m.Custodians = append(m.Custodians, &meetingv1.Custodian{Name: public.Name, Role: role, Key: public.CustodianKey()})
		switch i { // the chair and the supervisor are custodians too, each with one key file
		case chairAt:
			m.ChairKey = public.Signing
		case supervisorAt:
			m.SupervisorKey = public.Signing
		}
	}
	return nil
}

func (y *year) custodian(i int) string { return y.path("keys", fmt.Sprintf("custodian%d.zpk", i+1)) }

// hub is the hub process.
type hub struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Scanner
	Hello struct {
		Address, Pairing, TLS string
		Codes                 map[string]string
	}
}

func (y *year) startHub() (*hub, error) {
	h := &hub{cmd: exec.Command(y.Desktop, "hub", "run", y.path("room", "hub"), "--package", y.path("room", "meeting.zpp"), "--server", y.server.key)}
	h.cmd.Env = append(os.Environ(), passphraseIs)
	h.cmd.Stderr = y.server.log
	var err error
	if h.in, err = h.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := h.cmd.Start(); err != nil {
		return nil, err
	}
	h.out = bufio.NewScanner(out)
	h.out.Buffer(nil, 1<<20)
	if !h.out.Scan() {
		return nil, errors.Join(errors.New("the hub did not start"), h.cmd.Wait())
	}
	return h, json.Unmarshal(h.out.Bytes(), &h.Hello)
}

// reply is what the hub answers to a step.
type reply struct {
	OK                 bool
	Error, State       string
	Present, Submitted []string
}

func (h *hub) step(parts ...string) (*reply, error) {
	if _, err := io.WriteString(h.in, strings.Join(parts, "\t")+"\n"); err != nil {
		return nil, err
	}
	if !h.out.Scan() {
		return nil, errors.New("the hub has stopped")
	}
	r := &reply{}
	if err := json.Unmarshal(h.out.Bytes(), r); err != nil {
		return nil, err
	}
	if !r.OK {
		return nil, fmt.Errorf("%s: %s", parts[0], r.Error)
	}
	return r, nil
}

// holdMeeting stops the server and holds the meeting: a hub and a booth per expert as processes on loopback (F11, F12).
func (y *year) holdMeeting(ctx context.Context) (int, error) {
	if err := y.server.stop(); err != nil {
		return 0, err
	}
	h, err := y.startHub()
	if err != nil {
		return 0, err
	}
	votes, err := y.vote(ctx, h)
	if err == nil {
		err = y.count(h)
	}
	err = errors.Join(err, h.in.Close(), h.cmd.Wait())
	y.votes = votes
	return votes, err
}

func (y *year) vote(ctx context.Context, h *hub) (int, error) {
	booths := make(chan error, len(h.Hello.Codes))
	ready := make(chan struct{}, len(h.Hello.Codes))
	n := 0
	for expert, code := range h.Hello.Codes {
		n++
		go func() { booths <- y.booth(ctx, h, n, expert, code, ready) }()
	}
	for range n {
		select {
		case <-ready:
		case err := <-booths:
			return 0, errors.Join(err, errors.New("a booth ended before the vote"))
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	if _, err := h.step("open", "R1"); err != nil {
		return 0, err
	}
	for range n {
		if err := <-booths; err != nil {
			return 0, err
		}
	}
	s, err := h.step("status", "R1")
	if err == nil && len(s.Submitted) != n {
		err = fmt.Errorf("%d of %d experts have submitted", len(s.Submitted), n)
	}
	return n, err
}

// booth is one expert's laptop.
func (y *year) booth(ctx context.Context, h *hub, n int, expert, code string, ready chan<- struct{}) error {
	cmd := exec.CommandContext(ctx, y.Desktop, "booth", y.path("room", fmt.Sprint("booth", n)), "--hub", h.Hello.Address, "--tls", h.Hello.TLS, "--pairing", h.Hello.Pairing,
		"--server", y.server.key, "--expert", expert, "--code", code, "--pin", fmt.Sprintf("%06d", 100000+n), "--seed", fmt.Sprint(y.Seed+uint64(n)))
	cmd.Stderr = y.server.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	receipt := false
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		switch {
		case lines.Text() == "checked in":
			ready <- struct{}{}
		case strings.HasPrefix(lines.Text(), "receipt "):
			receipt = true
		}
	}
	if err := cmd.Wait(); err != nil || !receipt {
		return fmt.Errorf("booth %d: no receipt: %w", n, err)
	}
	return nil
}

// count closes, opens with two custodians, tallies, signs off and exports the record, with its documents.
func (y *year) count(h *hub) error {
	chair, supervisor := y.custodian(chairAt), y.custodian(supervisorAt)
	record := y.path("room", "meeting.zpr")
	for _, s := range [][]string{
		{"close", "R1", chair},
		{"opening", "R1", "1,3", y.custodian(0), passphrase},
		{"opening", "R1", "1,3", y.custodian(2), passphrase},
		{"tally", "R1", y.custodian(0), passphrase, y.custodian(2), passphrase},
		{"sign", "R1", "1", chair, supervisor},
		{"export", record},
	} {
		if _, err := h.step(s...); err != nil {
			return err
		}
	}
	b, err := os.ReadFile(record)
	if err != nil {
		return err
	}
	v, err := ballot.Verify(b, y.server.key)
	if err != nil {
		return err
	}
	docs := map[string]*print.Report{"评审会议纪要.pdf": meeting.Minutes(v, "R1"), "投票结果汇总表.pdf": meeting.VoteTable(v, "R1"), "选票对账单.pdf": meeting.Reconciliation(v, "R1")}
	for name, doc := range docs {
		if err := y.print(name, doc); err != nil {
			return err
		}
	}
	return nil
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
	b, err := os.ReadFile(y.path("room", "meeting.zpr"))
	if err != nil {
		return 0, err
	}
	forged := append([]byte{}, b...)
	forged[len(forged)/2] ^= 1
	if _, err := p.meetings().HandOver(ctx, &meetingv1.HandOverRequest{Base: meetingBase(got.Meeting), Record: forged}); err == nil {
		return 0, errors.New("a forged record was taken")
	}
	if _, err := p.meetings().HandOver(ctx, &meetingv1.HandOverRequest{Base: meetingBase(got.Meeting), Record: b}); err != nil {
		return 0, err
	}
	passed, err := y.list(ctx, p, "committee", applicationv1.State_STATE_PASSED.String())
	return len(passed), err
}
