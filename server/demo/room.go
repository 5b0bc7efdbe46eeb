package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"

	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/meeting"
	"zhiping/shared/print"
)

// hub is the hub process: one laptop for all rooms of the meeting.
type hub struct {
	mu    sync.Mutex // of its standard input
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Scanner
	Hello struct {
		Address, Pairing, TLS string
		Sessions              map[string]map[string]string // one-time codes by session and expert
	}
}

func (y *year) startHub(dir string, packages ...string) (*hub, error) {
	args := []string{"hub", "run", dir, "--server", y.server.key}
	for _, p := range packages {
		args = append(args, "--package", p)
	}
	h := &hub{cmd: exec.Command(y.Desktop, args...)}
	h.cmd.Env = append(os.Environ(), "ZHIPING_PASSPHRASE="+passphrase)
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

func (h *hub) stop() error { return errors.Join(h.in.Close(), h.cmd.Wait()) }

// reply is what the hub answers to a step.
type reply struct {
	OK                 bool
	Error, State       string
	Present, Submitted []string
}

func (h *hub) step(parts ...string) (*reply, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
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
		return nil, fmt.Errorf("%v: %s", parts, r.Error)
	}
	return r, nil
}

// steps takes several in a session.
func (h *hub) steps(session string, all ...[]string) error {
	for _, s := range all {
		if _, err := h.step(append([]string{"@" + session}, s...)...); err != nil {
			return err
		}
	}
	return nil
}

// A laptop is the process of an expert's booth, and what it has said.
type laptop struct {
	n      int
	expert string
	said   map[string]chan struct{} // by the first words of a line: closed once it was said
	done   chan struct{}
	err    error
}

// words that a booth says.
const (
	checkedIn = "checked in"
	receipted = "receipt "
	asked     = "asked"
	attested  = "attested 0"
)

// booth starts an expert's laptop on the LAN.
func (y *year) booth(ctx context.Context, h *hub, session, round, expert string, n int, more ...string) (*laptop, error) {
	cmd := exec.CommandContext(ctx, y.Desktop, append(y.boothArgs(h, session, round, expert, n), append([]string{"--hub", h.Hello.Address, "--tls", h.Hello.TLS, "--pairing", h.Hello.Pairing}, more...)...)...)
	cmd.Stderr = y.server.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	l := &laptop{n: n, expert: expert, said: map[string]chan struct{}{}, done: make(chan struct{})}
	for _, w := range []string{checkedIn, receipted, asked, attested} {
		l.said[w] = make(chan struct{})
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(l.done)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			l.heard(lines.Text())
		}
		l.err = cmd.Wait()
	}()
	return l, nil
}

func (l *laptop) heard(line string) {
	for w, c := range l.said {
		if strings.HasPrefix(line, w) {
			select {
			case <-c:
			default:
				close(c)
			}
		}
	}
}

func (y *year) boothArgs(h *hub, session, round, expert string, n int) []string {
	return []string{
		"booth", y.path("room", fmt.Sprintf("booth-%s-%d", round, n)), "--session", session, "--round", round, "--server", y.server.key, "--expert", expert,
		"--code", h.Hello.Sessions[session][expert], "--pin", fmt.Sprintf("%06d", 100000+n), "--seed", fmt.Sprint(y.Seed + uint64(n)),
	}
}

// wait waits until a booth has said something, or has ended.
func (l *laptop) wait(ctx context.Context, word string) error {
	select {
	case <-l.said[word]:
		return nil
	case <-l.done:
		select {
		case <-l.said[word]: // said just before the end
			return l.err
		default:
			return fmt.Errorf("booth %d ended without %q: %w", l.n, word, errors.Join(l.err, ctx.Err()))
		}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ended waits for the end of a booth.
func (l *laptop) ended() error {
	<-l.done
	if l.err != nil {
		return fmt.Errorf("booth %d: %w", l.n, l.err)
	}
	return nil
}

// holdMeeting stops the server and holds the meeting on loopback: a hub with three rooms and a booth per expert as processes. The groups score, one expert of
// theirs by stick and one twice; then all vote (F11-F13).
func (y *year) holdMeeting(ctx context.Context) (votes int, err error) {
	if err := y.server.stop(); err != nil {
		return 0, err
	}
	h, err := y.startHub(y.path("room", "hub"), y.pkg(0), y.pkg(1), y.pkg(2))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, h.stop()) }()
	plenary := y.rooms[2]
	for i, s := range y.rooms {
		round, round1 := "S1", i < 2
		if !round1 {
			round = "R1"
			if err := h.steps(plenary, []string{"derive", "-", y.key(chair)}); err != nil {
				return votes, err
			}
		}
		n, err := y.vote(ctx, h, s, round, round1)
		votes += n
		if err == nil {
			err = h.steps(s, []string{"export", y.record(i)})
		}
		if err != nil {
			return votes, err
		}
	}
	y.votes = votes
	return votes, y.documents()
}

// vote holds a round. In a group's room the first expert asks for his ballot back and the last one votes by stick; elsewhere the first one compares his own
// cells with the columns.
func (y *year) vote(ctx context.Context, h *hub, session, round string, group bool) (int, error) {
	var experts []string
	for e := range h.Hello.Sessions[session] {
		experts = append(experts, e)
	}
	slices.Sort(experts)
	booths, stick, err := y.seat(ctx, h, session, round, experts, group)
	if err != nil {
		return 0, err
	}
	if err := h.steps(session, []string{"open", round}); err != nil {
		return 0, err
	}
	if stick != nil {
		if err := stick.vote(h); err != nil {
			return 0, err
		}
	}
	if group {
		if err := booths[0].wait(ctx, asked); err != nil {
			return 0, err
		}
		if err := h.steps(session, []string{"return", round, booths[0].expert, "专家申请更正（虚构）"}); err != nil {
			return 0, err
		}
	}
	for i, b := range booths {
		if i == 0 && !group {
			err = b.wait(ctx, receipted)
		} else {
			err = b.ended()
		}
		if err != nil {
			return 0, err
		}
	}
	s, err := h.step("@"+session, "status", round)
	if err == nil && len(s.Submitted) != len(experts) {
		err = fmt.Errorf("%d of %d experts have submitted", len(s.Submitted), len(experts))
	}
	if err != nil {
		return 0, err
	}
	return len(experts), y.count(ctx, h, session, round, booths[0], group)
}

// seat lets everybody check in, and waits until all have.
func (y *year) seat(ctx context.Context, h *hub, session, round string, experts []string, group bool) (booths []*laptop, stick *courier, err error) {
	base := 0
	for e := range y.seated {
		base = max(base, y.seated[e])
	}
	for i, e := range experts {
		n := base + i + 1
		y.seated[session+e] = n
		if group && i == len(experts)-1 {
			stick = &courier{y: y, args: append(y.boothArgs(h, session, round, e, n), "--package", y.pkg(slices.Index(y.rooms, session))), path: func(name string) string { return y.path("room", fmt.Sprintf("%s-%d.zpb", name, n)) }}
			if err := stick.checkIn(h); err != nil {
				return nil, nil, err
			}
			continue
		}
		var more []string
		switch {
		case i == 0 && group:
			more = []string{"--return", "误操作，申请更正（虚构）"}
		case i == 0:
			more = []string{"--attest"}
		}
		b, err := y.booth(ctx, h, session, round, e, n, more...)
		if err != nil {
			return nil, nil, err
		}
		booths = append(booths, b)
	}
	for _, b := range booths {
		if err := b.wait(ctx, checkedIn); err != nil {
			return nil, nil, err
		}
	}
	return booths, stick, nil
}

// A courier carries a stick between a laptop without a network and the hub.
type courier struct {
	y    *year
	args []string
	path func(name string) string
}

// laptop runs the laptop once with what the stick has brought, if anything; it writes what is to be carried.
func (c *courier) laptop(in, out string) (string, error) {
	args := c.args
	if in != "" {
		args = append(slices.Clone(args), "--stick-in", c.path(in))
	}
	if out != "" {
		args = append(slices.Clone(args), "--stick-out", c.path(out))
	}
	return run(c.y.Desktop, args...)
}

func (c *courier) checkIn(h *hub) error {
	if _, err := c.laptop("", "checkin"); err != nil {
		return err
	}
	_, err := h.step("import", c.path("checkin"), c.path("welcome"))
	return err
}

// vote carries the word that the round is open to the laptop, the sealed ballot to the hub and the receipt back.
func (c *courier) vote(h *hub) error {
	if _, err := h.step("import", c.path("checkin"), c.path("opened")); err != nil { // what is known already changes nothing
		return err
	}
	if said, err := c.laptop("opened", "ballot"); err != nil || !strings.Contains(said, "sealed") {
		return errors.Join(err, fmt.Errorf("the laptop without a network has not voted: %s", said))
	}
	if _, err := h.step("import", c.path("ballot"), c.path("receipt")); err != nil {
		return err
	}
	said, err := c.laptop("receipt", "word")
	if err == nil && !strings.Contains(said, "tick 2") {
		err = fmt.Errorf("the laptop without a network has no receipt: %s", said)
	}
	return err
}

// count closes, opens with two custodians, tallies and signs off.
func (y *year) count(ctx context.Context, h *hub, session, round string, first *laptop, group bool) error {
	if err := h.steps(session,
		[]string{"close", round, y.key(chair)},
		[]string{"opening", round, "1,3", y.key(chair), passphrase},
		[]string{"opening", round, "1,3", y.key(supervisor), passphrase},
		[]string{"tally", round, y.key(chair), passphrase, y.key(supervisor), passphrase},
	); err != nil {
		return err
	}
	if !group {
		if err := errors.Join(first.wait(ctx, attested), first.ended()); err != nil {
			return err
		}
	}
	return h.steps(session, []string{"sign", round, "1", y.key(chair), y.key(supervisor)})
}

// documents prints what the plenary's record proves.
func (y *year) documents() error {
	b, err := os.ReadFile(y.record(2))
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

// wipe brings the server's word to the hub, which erases its keys and codes then, and not before.
func (y *year) wipe(archives []*meetingv1.Archived) error {
	h, err := y.startHub(y.path("room", "hub"))
	if err != nil {
		return err
	}
	defer h.in.Close()
	if _, err := h.step("wipe", "anyway"); err == nil {
		return errors.New("the hub was wiped before the server's word")
	}
	for i, a := range archives {
		file := y.path("room", fmt.Sprintf("archive%d.txt", i+1))
		if err := os.WriteFile(file, a.Archive, 0o600); err != nil {
			return err
		}
		if _, err := h.step("import", file, file+".reply"); err != nil {
			return err
		}
	}
	if _, err := h.step("wipe", "anyway"); err != nil { // the laptops of the experts, invented as they are, do not come back for it
		return err
	}
	return h.stop()
}
