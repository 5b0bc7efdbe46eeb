package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"strings"

	"zhiping/desktop/room"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
	"zhiping/shared/holder"
	"zhiping/shared/room/stick"
)

// hubCommand runs the hub of a room without a window: staff's steps come as lines on the standard input and are answered by lines of JSON.
// It is for tests, for the demonstration and for a room whose hub has no screen.
type hubCommand struct {
	Window  hubWindowCommand `cmd:"" help:"The hub with its window, where staff works."`
	Prepare prepareCommand   `cmd:"" help:"Make the keys of a hub or of a spare; their public halves go into the meeting."`
	Run     runHubCommand    `cmd:"" help:"Hold the rooms of packages; steps are read from the standard input."`
	Wipe    wipeHubCommand   `cmd:"" help:"Finish erasing keys and codes, which a power cut has ended."`
}

type prepareCommand struct {
	Dir string `arg:"" help:"The hub's folder."`
}

func (c *prepareCommand) Run() error {
	k, err := room.PrepareKeys(c.Dir)
	if err != nil {
		return err
	}
	line, err := hubPublic(k)
	if err == nil {
		_, err = os.Stdout.WriteString(line)
	}
	return err
}

type wipeHubCommand struct {
	Dir string `arg:"" help:"The hub's folder."`
}

func (c *wipeHubCommand) Run() error { return room.WipeFolder(c.Dir) }

// tallyCommand is the tally process (voting.md, "Close → open → verify", 2).
type tallyCommand struct{}

func (*tallyCommand) Run() error { return room.TallyProcess(os.Stdin, os.Stdout) }

type runHubCommand struct {
	Dir     string   `arg:"" help:"The hub's folder."`
	Package []string `help:"Packages of the meeting's sessions; those of the folder need not be given again."`
	Server  string   `required:"" help:"The server's public key, hex."`
	Listen  string   `default:"127.0.0.1:0" help:"Address for the booths."`
	Follow  string   `help:"As the spare: the address of the hub whose log is copied."`
}

func (c *runHubCommand) Run(ctx context.Context) error {
	var packages [][]byte
	for _, path := range c.Package {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		packages = append(packages, b)
	}
	h, err := room.OpenHub(ctx, c.Dir, c.Server, now, packages...)
	if err != nil {
		return err
	}
	return errors.Join(c.hold(ctx, h), h.Close())
}

func (c *runHubCommand) hold(ctx context.Context, h *room.Hub) error {
	if c.Follow != "" {
		if err := h.Follow(c.Follow); err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	done := room.Background(func() error { return h.Serve(serving, l) })
	out := json.NewEncoder(os.Stdout)
	err = out.Encode(hello(h, l.Addr().String()))
	lines := bufio.NewScanner(os.Stdin)
	for err == nil && lines.Scan() {
		err = out.Encode(step(ctx, h, strings.Split(lines.Text(), "\t")))
	}
	stop()
	return errors.Join(err, <-done)
}

// hello is the first line: what booths have to be told. codes are those of the only session.
func hello(h *room.Hub, address string) map[string]any {
	_, _, pin := h.Keys()
	sessions := map[string]map[string]string{}
	m := map[string]any{"address": address, "pairing": h.PairingCode(), "tls": pin, "sessions": sessions}
	for _, d := range h.Rooms {
		sessions[d.Session] = d.Codes()
	}
	if len(h.Rooms) == 1 {
		m["codes"] = h.Rooms[0].Codes()
	}
	return m
}

// answer is what a step says.
type answer struct {
	OK        bool           `json:"ok"`
	Error     string         `json:"error,omitempty"`
	State     string         `json:"state,omitempty"`
	Present   []string       `json:"present,omitempty"`
	Submitted []string       `json:"submitted,omitempty"`
	Returned  []string       `json:"returned,omitempty"`
	Size      int64          `json:"size,omitempty"`
	Root      string         `json:"root,omitempty"`
	Code      string         `json:"code,omitempty"`     // a new one-time code
	Next      string         `json:"next,omitempty"`     // the round held in place of a void one
	Need      []int64        `json:"need,omitempty"`     // base and need, before and after
	Imported  *room.Imported `json:"imported,omitempty"` // without the reply, which is in its file
	Board     *room.Board    `json:"board,omitempty"`
}

// A staffStep is one of staff's steps: its parts after the name, those that may be left out in brackets, whether it is of the hub and of no
// session, and what it does.
type staffStep struct {
	parts string
	whole bool
	run   func(ctx context.Context, h *room.Hub, d *room.Desk, a []string, out *answer) error
}

// steps are separated from their parts by TAB. A line may begin with "@SESSION" and a TAB where the hub has several sessions. CHAIR and SUPERVISOR are
// key files. EXCEPTIONS are "KIND:subject" separated by ",", "-" is none; left out, whatever stands against the close is accepted.
var steps = map[string]staffStep{
	"status": {"ROUND", false, func(context.Context, *room.Hub, *room.Desk, []string, *answer) error { return nil }},
	"board": {"[ROUND]", false, func(ctx context.Context, _ *room.Hub, d *room.Desk, _ []string, out *answer) (err error) {
		if err = d.Refresh(ctx); err == nil {
			out.Board, err = d.Board()
		}
		return err
	}},
	"open": {"ROUND", false, func(ctx context.Context, _ *room.Hub, d *room.Desk, a []string, _ *answer) error {
		return d.OpenRound(ctx, a[0])
	}},
	"reopen": {"ROUND REASON CHAIR", false, func(ctx context.Context, _ *room.Hub, d *room.Desk, a []string, _ *answer) error {
		return withKeys(func(k ...ballot.Key) error { return d.Reopen(ctx, a[0], a[1], k[0]) }, a[2])
	}},
	"return": {"ROUND EXPERT REASON", false, func(ctx context.Context, _ *room.Hub, d *room.Desk, a []string, _ *answer) error {
		return d.Return(ctx, a[0], a[1], a[2])
	}},
	"need": {"ROUND EXPERTS", false, func(_ context.Context, _ *room.Hub, d *room.Desk, a []string, out *answer) error {
		base, newBase, need, newNeed := d.Need(a[0], strings.Split(a[1], ",")...)
		out.Need = []int64{base, newBase, need, newNeed}
		return nil
	}},
	"mark": {"EXPERT STATUS REASON [CHAIR SUPERVISOR]", false, func(ctx context.Context, _ *room.Hub, d *room.Desk, a []string, _ *answer) error {
		return withKeys(func(k ...ballot.Key) error { return d.Mark(ctx, a[0], a[1], a[2], k...) }, a[3:]...)
	}},
	"revoke": {"EXPERT REASON", false, func(ctx context.Context, _ *room.Hub, d *room.Desk, a []string, out *answer) (err error) {
		out.Code, err = d.Revoke(ctx, a[0], a[1])
		return err
	}},
	"code": {"EXPERT CODE", false, func(_ context.Context, _ *room.Hub, d *room.Desk, a []string, _ *answer) error {
		return d.EnterCode(a[0], a[1])
	}},
	"admit": {"EXPERT", false, admit},
	"close": {"ROUND CHAIR [EXCEPTIONS]", false, closeRound},
	"opening": {"ROUND PAIR FILE PASSPHRASE", false, func(ctx context.Context, _ *room.Hub, d *room.Desk, a []string, _ *answer) error {
		s, err := room.LoadCustodian(room.KeyFile{Path: a[2], Passphrase: a[3]}, d.Whole)
		if err != nil {
			return err
		}
		return d.Opening(ctx, a[0], a[1], s)
	}},
	"tally": {"ROUND FILE PASSPHRASE FILE PASSPHRASE", false, func(ctx context.Context, _ *room.Hub, d *room.Desk, a []string, _ *answer) error {
		return d.Tally(ctx, a[0], room.KeyFile{Path: a[1], Passphrase: a[2]}, room.KeyFile{Path: a[3], Passphrase: a[4]})
	}},
	"sign": {"ROUND SHEET CHAIR SUPERVISOR", false, func(ctx context.Context, _ *room.Hub, d *room.Desk, a []string, _ *answer) error {
		return withKeys(func(k ...ballot.Key) error { return d.SignOff(ctx, a[0], a[1], k[0], k[1]) }, a[2], a[3])
	}},
	"void": {"ROUND REASON AGAIN CHAIR SUPERVISOR", false, func(ctx context.Context, _ *room.Hub, d *room.Desk, a []string, out *answer) error {
		return withKeys(func(k ...ballot.Key) (err error) {
			out.Next, err = d.Void(ctx, a[0], a[1], a[2] == "again", k[0], k[1])
			return err
		}, a[3], a[4])
	}},
	"derive":   {"FILES CHAIR", false, derive},
	"takeover": {"REASON CHAIR", false, takeOver},
	"import":   {"FILE REPLY", true, importFile},
	"copy": {"FILE", false, func(_ context.Context, _ *room.Hub, d *room.Desk, a []string, _ *answer) error {
		b, err := d.Copy()
		if err != nil {
			return err
		}
		return stick.Write(a[0], b)
	}},
	"export": {"FILE", false, func(_ context.Context, _ *room.Hub, d *room.Desk, a []string, _ *answer) error {
		b, err := d.Export()
		if err != nil {
			return err
		}
		return stick.Write(a[0], b)
	}},
	"wipe": {"[ANYWAY]", true, func(ctx context.Context, h *room.Hub, _ *room.Desk, a []string, _ *answer) error {
		return h.Wipe(ctx, len(a) == 1 && a[0] == "anyway")
	}},
}

// fits reports whether a step has as many parts as it needs.
func (s staffStep) fits(n int) bool {
	must, may, _ := strings.Cut(s.parts, "[")
	least, most := len(strings.Fields(must)), len(strings.Fields(must))+len(strings.Fields(may))
	return n >= least && n <= most
}

// step takes one of staff's steps.
func step(ctx context.Context, h *room.Hub, a []string) *answer {
	session := ""
	if s, named := strings.CutPrefix(a[0], "@"); named && len(a) > 1 {
		session, a = s, a[1:]
	}
	s, known := steps[a[0]]
	if a = a[1:]; !known || !s.fits(len(a)) {
		return &answer{Error: "unknown step"}
	}
	out := &answer{}
	d, err := h.Room(session)
	if err == nil || s.whole {
		err = s.run(ctx, h, d, a, out)
	}
	if err != nil {
		return &answer{Error: err.Error()}
	}
	round := ""
	if len(a) > 0 {
		round = a[0]
	}
	out.OK = true
	if d != nil {
		out.state(d, round)
	}
	return out
}

func (out *answer) state(d *room.Desk, round string) {
	d.View(func(s *ballot.State) {
		out.Size = s.Size()
		root, _ := s.RootAt(out.Size)
		out.Root = root.String()
		r := s.Rounds[round]
		if r == nil {
			return
		}
		if out.State, out.Present = r.State, r.Present; r.State == ballot.RoundReady {
			out.Present = s.Present()
		}
		for _, e := range s.Counted(round) {
			out.Submitted = append(out.Submitted, e.Expert)
		}
		for _, e := range s.Package.Experts {
			if _, returned := r.Returned[e.ID]; returned {
				out.Returned = append(out.Returned, e.ID)
			}
		}
	})
}

// withKeys reads the chair's key, then the supervisor's, each from a key file; its passphrase stands after the name, "FILE|PASSPHRASE", or in the
// environment.
func withKeys(fn func(...ballot.Key) error, files ...string) error {
	var keys []ballot.Key
	for i, file := range files {
		path, passphrase, given := strings.Cut(file, "|")
		if !given {
			passphrase = os.Getenv(passphraseVariable)
		}
		k, err := holder.OpenKey(path, passphrase, []string{ballot.RoleChair, ballot.RoleSupervisor}[i])
		if err != nil {
			return err
		}
		keys = append(keys, k)
	}
	return fn(keys...)
}

// admit countersigns the check-in of an expert that waits.
func admit(ctx context.Context, _ *room.Hub, d *room.Desk, a []string, _ *answer) error {
	b, err := d.Board()
	if err != nil {
		return err
	}
	for _, p := range b.Pending {
		if p.Expert == a[0] {
			return d.Admit(ctx, p)
		}
	}
	return fault.New(fault.NotFound, "该专家没有待确认的签到")
}

func closeRound(ctx context.Context, _ *room.Hub, d *room.Desk, a []string, _ *answer) error {
	accepted, err := d.Exceptions(a[0])
	if err != nil {
		return err
	}
	if len(a) == 3 {
		accepted = nil
		for _, x := range strings.Split(a[2], ",") {
			if kind, subject, ok := strings.Cut(x, ":"); ok {
				accepted = append(accepted, ballot.Exception{Kind: kind, Subject: subject})
			}
		}
	}
	return withKeys(func(k ...ballot.Key) error { return d.CloseWith(ctx, a[0], accepted, k[0]) }, a[1])
}

func derive(ctx context.Context, _ *room.Hub, d *room.Desk, a []string, _ *answer) error {
	var records [][]byte
	for _, path := range strings.Split(a[0], ",") {
		if path == "-" || path == "" {
			continue
		}
		b, err := stick.Read(path)
		if err != nil {
			return err
		}
		records = append(records, b)
	}
	return withKeys(func(k ...ballot.Key) error { return d.Derive(ctx, records, k[0]) }, a[1])
}

func takeOver(ctx context.Context, h *room.Hub, d *room.Desk, a []string, _ *answer) error {
	return withKeys(func(k ...ballot.Key) error { return h.TakeOver(ctx, d.Session, a[0], k[0]) }, a[1])
}

func importFile(ctx context.Context, h *room.Hub, _ *room.Desk, a []string, out *answer) error {
	b, err := stick.Read(a[0])
	if err != nil {
		return err
	}
	if out.Imported, err = h.Import(ctx, b); err != nil {
		return err
	}
	reply := out.Imported.Reply
	out.Imported.Reply = nil
	if reply == nil {
		return nil
	}
	return stick.Write(a[1], reply)
}
