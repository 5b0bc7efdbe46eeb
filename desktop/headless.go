package main

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net"
	"os"
	"strings"
	"time"

	"zhiping/desktop/room"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// hubCommand runs the hub of a room without a window: staff's steps come as lines on the standard input and are answered by lines of JSON.
// It is for tests, for the demonstration and for a room whose hub has no screen.
type hubCommand struct {
	Prepare prepareCommand `cmd:"" help:"Make the hub's keys; their public halves go into the meeting."`
	Run     runHubCommand  `cmd:"" help:"Hold the room of a package; steps are read from the standard input."`
}

type prepareCommand struct {
	Dir string `arg:"" help:"The hub's folder."`
}

func (c *prepareCommand) Run() error {
	k, err := room.PrepareKeys(c.Dir)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]string{"hub": k.Hub.Public(), "staff": k.Staff.Public(), "tls": k.Pin})
}

type runHubCommand struct {
	Dir     string `arg:"" help:"The hub's folder."`
	Package string `required:"" help:"The meeting's package."`
	Server  string `required:"" help:"The server's public key, hex."`
	Listen  string `default:"127.0.0.1:0" help:"Address for the booths."`
}

func (c *runHubCommand) Run(ctx context.Context) error {
	pkg, err := os.ReadFile(c.Package)
	if err != nil {
		return err
	}
	h, err := room.OpenHub(ctx, c.Dir, pkg, c.Server, now)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return errors.Join(err, h.Close())
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	done := room.Background(func() error { return h.Serve(serving, l) })
	out := json.NewEncoder(os.Stdout)
	err = out.Encode(map[string]any{"address": l.Addr().String(), "pairing": h.Pairing, "codes": h.Codes, "tls": h.Package.TLS})
	lines := bufio.NewScanner(os.Stdin)
	for err == nil && lines.Scan() {
		err = out.Encode(step(ctx, h, strings.Split(lines.Text(), "\t")))
	}
	stop()
	return errors.Join(err, <-done, h.Close())
}

func now() int64 { return time.Now().UnixMilli() }

// answer is what a step says.
type answer struct {
	OK        bool     `json:"ok"`
	Error     string   `json:"error,omitempty"`
	State     string   `json:"state,omitempty"`
	Present   []string `json:"present,omitempty"`
	Submitted []string `json:"submitted,omitempty"`
	Size      int64    `json:"size,omitempty"`
	Root      string   `json:"root,omitempty"`
}

// step takes one of staff's steps: status ROUND, open ROUND, close ROUND CHAIRKEY, opening ROUND PAIR FILE PASSPHRASE, tally ROUND FILE PASSPHRASE FILE
// PASSPHRASE, sign ROUND SHEET CHAIRKEY SUPERVISORKEY, export FILE; parts are separated by TAB, keys are files with a seed in hex.
func step(ctx context.Context, h *room.Hub, a []string) answer {
	steps := map[string]struct {
		parts int
		run   func() error
	}{
		"status": {2, func() error { return nil }},
		"open":   {2, func() error { return h.OpenRound(ctx, a[1]) }},
		"close": {3, func() error {
			return withKey(ballot.RoleChair, a[2], func(k ballot.Key) error { return h.CloseRound(ctx, a[1], k) })
		}},
		"opening": {5, func() error { return opening(ctx, h, a) }},
		"tally":   {6, func() error { return tally(ctx, h, a) }},
		"sign":    {5, func() error { return sign(ctx, h, a) }},
		"export":  {2, func() error { return export(h, a[1]) }},
	}
	s, known := steps[a[0]]
	if !known || len(a) != s.parts {
		return answer{Error: "unknown step"}
	}
	if err := s.run(); err != nil {
		return answer{Error: err.Error()}
	}
	return state(h, a[1])
}

func state(h *room.Hub, round string) answer {
	s, err := h.Status()
	if err != nil {
		return answer{Error: err.Error()}
	}
	_, root, err := h.Session.Head()
	if err != nil {
		return answer{Error: err.Error()}
	}
	a := answer{OK: true, Size: s.Size, Root: root.String()}
	for _, r := range s.Rounds {
		if r.Id == round {
			a.State, a.Present, a.Submitted = r.State, r.Present, r.Submitted
		}
	}
	return a
}

// withKey reads a role's key from a file with its seed in hex.
func withKey(role, file string, fn func(ballot.Key) error) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return fault.New(fault.NotFound, "找不到密钥文件“%s”", file)
	}
	seed, err := hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return fault.New(fault.Invalid, "密钥文件“%s”已损坏", file)
	}
	return fn(ballot.Key{Role: role, Private: ed25519.NewKeyFromSeed(seed)})
}

func opening(ctx context.Context, h *room.Hub, a []string) error {
	s, err := ballot.LoadSecret(a[3], a[4])
	if err != nil {
		return err
	}
	return h.Opening(ctx, a[1], a[2], s)
}

func tally(ctx context.Context, h *room.Hub, a []string) error {
	x, err := ballot.LoadSecret(a[2], a[3])
	if err != nil {
		return err
	}
	y, err := ballot.LoadSecret(a[4], a[5])
	if err != nil {
		return err
	}
	return h.Tally(ctx, a[1], x, y)
}

func sign(ctx context.Context, h *room.Hub, a []string) error {
	return withKey(ballot.RoleChair, a[3], func(chair ballot.Key) error {
		return withKey(ballot.RoleSupervisor, a[4], func(supervisor ballot.Key) error { return h.SignOff(ctx, a[1], a[2], chair, supervisor) })
	})
}

func export(h *room.Hub, file string) error {
	b, err := h.Export()
	if err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o600)
}
