package room_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zhiping/desktop/room"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/fault"
)

// hubFolder names the environment of the test's own program started again as a hub: a process of its own that can be killed.
const hubFolder = "ZHIPING_TEST_HUB"

// tallyArgument starts the test's own program as the tally process.
const tallyArgument = "tally-process"

func TestMain(m *testing.M) {
	if os.Args[len(os.Args)-1] == tallyArgument {
		if err := room.TallyProcess(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if task := os.Getenv(canaryBooth); task != "" {
		if err := canaryProcess(task); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(stepFolder); dir != "" {
		if err := stepProcess(dir, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if text := os.Getenv(boothJob); text != "" {
		if err := boothProcess(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(hubFolder); dir != "" {
		if err := hubProcess(dir, os.Args[len(os.Args)-1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// said is what a hub says when it is up.
type said struct {
	Address, Pairing string
	Codes            map[string]string
	Size             int64
}

// hubProcess is a hub until it is killed. It opens the round once everybody is present.
func hubProcess(dir, listen string) error {
	pkg, err := os.ReadFile(filepath.Join(dir, "package"))
	if err != nil {
		return err
	}
	server := ballottest.Key(ballot.RoleServer, 1)
	h, err := room.OpenHub(ctx, dir, server.Public(), func() int64 { return time.Now().UnixMilli() }, pkg)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	d := h.Rooms[0]
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(said{l.Addr().String(), h.Pairing, d.Codes(), int64(len(d.Log()))}); err != nil {
		return err
	}
	serving := room.Background(func() error { return h.Serve(ctx, l) })
	for {
		grown := d.Grown()
		b, err := d.Board()
		if err != nil {
			return err
		}
		if r := b.Rounds[0]; r.State == ballot.RoundReady && len(r.Present) == len(b.Experts) {
			// The one before may have been killed between the last check-in and this.
			if err := d.OpenRound(ctx, "R1"); err != nil {
				return err
			}
		}
		select {
		case err := <-serving:
			return err
		case <-grown:
		}
		if b, err = d.Board(); err == nil {
			err = out.Encode(said{Size: b.Size})
		}
		if err != nil {
			return err
		}
	}
}

// killed starts hubs one after the other and kills each once its log has grown by a random number of entries, until everybody has voted; the
// last one is ended too. sizes are what the logs had at each start.
func killed(t *testing.T, dir string, random *rand.Rand, first chan<- said, voted <-chan struct{}, alive func()) (sizes []int64) {
	t.Helper()
	listen := "127.0.0.1:0"
	for n := 0; ; n++ {
		cmd := exec.Command(os.Args[0], listen)
		cmd.Env = append(os.Environ(), hubFolder+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		said, lines := said{}, bufio.NewScanner(out)
		if !lines.Scan() || json.Unmarshal(lines.Bytes(), &said) != nil {
			t.Fatalf("the hub did not come up again after %d kills: %s", n, lines.Bytes())
		}
		if n > 0 && said.Size < sizes[n-1] {
			t.Errorf("the log had %d entries and has %d after a kill", sizes[n-1], said.Size)
		}
		alive()
		sizes, listen = append(sizes, said.Size), said.Address
		if n == 0 {
			first <- said
		}
		ended := room.Background(func() error {
			for range 1 + random.IntN(3) {
				lines.Scan()
			}
			time.AfterFunc(time.Duration(random.IntN(3000))*time.Microsecond, func() { cmd.Process.Kill() })
			return cmd.Wait()
		})
		select {
		case <-ended:
		case <-voted:
			cmd.Process.Kill()
			<-ended
			return sizes
		}
	}
}

// The hub is killed again and again at random moments of check-in and voting, in as many meetings as it takes. The booths go on by
// themselves; afterwards every receipt that a booth was given stands in the log, nobody is counted twice, and the log reads back whole.
func TestKilledHub(t *testing.T) {
	kills := 25
	if os.Getenv("SOAK_S") != "" {
		kills = 100
	}
	random := rand.New(rand.NewPCG(31, 31))
	for total := 0; total < kills && !t.Failed(); {
		total += meetingUnderFire(t, random)
	}
}

// meetingUnderFire holds one meeting and says how often its hub was killed.
func meetingUnderFire(t *testing.T, random *rand.Rand) int {
	t.Helper()
	const experts = 12
	dir := t.TempDir()
	server := ballottest.Key(ballot.RoleServer, 1)
	keys, err := room.PrepareKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	p := ballottest.New(t, &ballot.Memory{}, experts, 6).Package
	p.Hub, p.Staff, p.TLS = keys.Hub.Public(), []string{keys.Staff.Public()}, keys.Pin
	pkg, err := p.Sign(server)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "package"), pkg, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	// The booths are given up when no hub has come up for a while, not when the whole takes long: how long that is depends on what else the machine does.
	c, cancel := context.WithCancel(ctx)
	defer cancel()
	standstill := time.AfterFunc(2*time.Minute, cancel)
	defer standstill.Stop()
	up, voted := make(chan said, 1), make(chan struct{})
	receipts := make([]*ballot.Receipt, experts)
	everybody := room.Background(func() error {
		defer close(voted)
		hub := <-up
		var wg sync.WaitGroup
		for i := range experts {
			wg.Go(func() {
				r, err := persist(c, t.TempDir(), hub, p, server.Public(), fmt.Sprintf("E%02d", i+1))
				if err != nil {
					t.Error(err)
				}
				receipts[i] = r
			})
		}
		wg.Wait()
		return nil
	})
	sizes := killed(t, dir, random, up, voted, func() { standstill.Reset(2 * time.Minute) })
	<-everybody
	if t.Failed() {
		return len(sizes)
	}
	h, err := room.OpenHub(ctx, dir, server.Public(), func() int64 { return time.Now().UnixMilli() }, pkg)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	log := h.Rooms[0].Log()
	for i, r := range receipts {
		if r.Reason != "" || r.Index >= int64(len(log)) || ballot.IDOf(log[r.Index]) != r.Object {
			t.Errorf("expert %d has a receipt for entry %d (%q), which is not in the log of %d entries", i+1, r.Index, r.Reason, len(log))
		}
	}
	h.Rooms[0].View(func(s *ballot.State) {
		if n := len(s.Counted("R1")); n != experts {
			t.Errorf("%d of %d ballots are counted", n, experts)
		}
	})
	t.Logf("hubs with logs of %v entries at the start were killed; %d at the end", sizes, len(log))
	return len(sizes)
}

// persist is an expert's laptop that does not give up: it opens, checks in, waits and votes, again after every failure, as a person would.
func persist(ctx context.Context, dir string, hub said, p *ballot.Package, server, expert string) (*ballot.Receipt, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		r, err := vote(ctx, dir, hub, p, server, expert)
		if err == nil {
			return r, nil
		}
		if code := fault.CodeOf(err); code != fault.Offline && code != fault.Internal && !strings.Contains(err.Error(), "EOF") {
			return nil, fmt.Errorf("%s: %w", expert, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("%s never got through: %w", expert, err)
		}
	}
}

func vote(ctx context.Context, dir string, hub said, p *ballot.Package, server, expert string) (*ballot.Receipt, error) {
	b, err := room.OpenBooth(ctx, room.BoothOptions{Dir: dir, Address: hub.Address, Pin: p.TLS, Pairing: hub.Pairing, Server: server, Now: func() int64 { return time.Now().UnixMilli() }})
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if err := b.CheckIn(ctx, expert, hub.Codes[expert], "246813"); err != nil {
		return nil, err
	}
	if open, err := b.WaitOpen(ctx, "R1"); err != nil || !open {
		return nil, fault.New(fault.Offline, "the round is not open to me: %v", err)
	}
	return delivered(ctx, b, "R1", ballot.Agree)
}
