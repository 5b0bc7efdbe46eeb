package room_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"zhiping/desktop/room"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/fault"
	"zhiping/shared/holder"
)

var ctx = context.Background()

// stage is a hub on a loopback port with the officers' keys.
type stage struct {
	t                 *testing.T
	dir               string
	pkg               []byte
	server            ballot.Key
	chair, supervisor ballot.Key
	custodians        []*ballot.Secret
	holders           []*holder.Holder
	hub               *room.Hub
	desk              *room.Desk
	address           string
	stop              func()
	clock             atomic.Int64
}

func (s *stage) now() int64 { return s.clock.Add(1) }

func newStage(t *testing.T, experts int) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir(), server: ballottest.Key(ballot.RoleServer, 1), chair: ballottest.Key(ballot.RoleChair, 4), supervisor: ballottest.Key(ballot.RoleSupervisor, 5)}
	s.clock.Store(1772413200000)
	keys, err := room.PrepareKeys(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	model := ballottest.New(t, &ballot.Memory{}, experts, 4)
	p := model.Package
	p.Hub, p.Staff, p.TLS = keys.Hub.Public(), []string{keys.Staff.Public()}, keys.Pin
	s.custodians, s.holders = model.Custodians, model.Holders
	if s.pkg, err = p.Sign(s.server); err != nil {
		t.Fatal(err)
	}
	s.start("127.0.0.1:0")
	return s
}

func (s *stage) start(listen string) {
	s.t.Helper()
	var err error
	if s.hub, err = room.OpenHub(ctx, s.dir, s.server.Public(), s.now, s.pkg); err != nil {
		s.t.Fatal(err)
	}
	s.hub.Teller = []string{os.Args[0], tallyArgument}
	s.desk = s.hub.Rooms[0]
	l, err := net.Listen("tcp", listen)
	if err != nil {
		s.t.Fatal(err)
	}
	s.address = l.Addr().String()
	c, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- s.hub.Serve(c, l) }()
	var once sync.Once
	s.stop = func() {
		once.Do(func() {
			cancel()
			<-done
			if err := s.hub.Close(); err != nil {
				s.t.Error(err)
			}
		})
	}
	s.t.Cleanup(func() { s.stop() })
}

func (s *stage) options(dir string) room.BoothOptions {
	return room.BoothOptions{Dir: dir, Address: s.address, Pin: s.desk.Whole.TLS, Pairing: s.hub.Pairing, Server: s.server.Public(), Now: s.now}
}

func (s *stage) booth(dir string) (*room.Booth, error) {
	return room.OpenBooth(ctx, s.options(dir))
}

func votes(b *room.Booth, cell byte) *ballot.Ballot {
	v := &ballot.Ballot{}
	for range b.Package.Applicants {
		v.Votes = append(v.Votes, cell)
	}
	return v
}

// delivered votes and waits for the receipt, however long the hub is away.
func delivered(ctx context.Context, b *room.Booth, round string, cell byte) (*ballot.Receipt, error) {
	s, err := b.Submit(ctx, round, votes(b, cell))
	for err == nil && s.Pending {
		if err = b.Deliver(ctx); err == nil {
			s, err = b.Sent(ctx, round)
		}
	}
	if err != nil {
		return nil, err
	}
	return s.Receipt, nil
}

// A meeting over the LAN, with the hub stopped and started again between ballots.
func TestMeeting(t *testing.T) {
	s := newStage(t, 5)
	var wg sync.WaitGroup
	booths := make([]*room.Booth, 5)
	for i := range booths {
		b, err := s.booth(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		booths[i] = b
		expert := fmt.Sprintf("E%02d", i+1)
		if err := b.CheckIn(ctx, expert, s.desk.Codes()[expert], "246813"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.desk.OpenRound(ctx, "R1"); err != nil {
		t.Fatal(err)
	}
	for _, b := range booths {
		if open, err := b.WaitOpen(ctx, "R1"); err != nil || !open {
			t.Fatal(open, err)
		}
	}
	if _, err := delivered(ctx, booths[0], "R1", ballot.Agree); err != nil {
		t.Fatal(err)
	}
	s.stop()
	results := make(chan error, len(booths))
	for _, b := range booths[1:] {
		wg.Go(func() {
			r, err := delivered(ctx, b, "R1", ballot.Agree)
			if err == nil && r.Reason != "" {
				err = fmt.Errorf("rejected: %s", r.Reason)
			}
			results <- err
		})
	}
	s.start(s.address)
	wg.Wait()
	close(results)
	for err := range results {
		if err != nil {
			t.Fatal(err)
		}
	}
	finish(t, s)
}

// tally closes a round in spite of what stands against it, opens it with the first and the third custodian and counts it.
func (s *stage) tally(round string) {
	s.t.Helper()
	exceptions, err := s.desk.Exceptions(round)
	if err == nil {
		err = s.desk.CloseWith(ctx, round, exceptions, s.chair)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.openBy(round)
	if err := s.desk.Tally(ctx, round, s.keyFile(0), s.keyFile(2)); err != nil {
		s.t.Fatal(err)
	}
}

// openBy takes the words of the first and the third custodian.
func (s *stage) openBy(round string) {
	s.t.Helper()
	for _, k := range []int{0, 2} {
		if err := s.desk.Opening(ctx, round, "1,3", s.custodians[k]); err != nil {
			s.t.Fatal(err)
		}
	}
}

const passphrase = "custodian-passphrase"

// keyFile is a custodian's key file on his stick.
func (s *stage) keyFile(custodian int) room.KeyFile {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "custodian.zpk")
	if err := s.holders[custodian].Save(path, passphrase, 10); err != nil {
		s.t.Fatal(err)
	}
	return room.KeyFile{Path: path, Passphrase: passphrase}
}

func finish(t *testing.T, s *stage) {
	t.Helper()
	s.tally("R1")
	if err := s.desk.SignOff(ctx, "R1", "1", s.chair, s.supervisor); err != nil {
		t.Fatal(err)
	}
	record, err := s.desk.Export()
	if err != nil {
		t.Fatal(err)
	}
	v, err := ballot.Verify(record, s.server.Public())
	if err != nil {
		t.Fatal(err)
	}
	if res := v.State.Rounds["R1"].Tally.Results[0]; res.Agree != 5 || res.Decision != ballot.Passed {
		t.Fatal(res)
	}
}

func TestWhoIsLetIn(t *testing.T) {
	s := newStage(t, 3)
	o := s.options(t.TempDir())
	o.Pairing = "000000x"
	if _, err := room.OpenBooth(ctx, o); fault.CodeOf(err) != fault.Denied {
		t.Error("a wrong pairing code:", err)
	}
	o = s.options(t.TempDir())
	o.Pin = strings.Repeat("0", 64)
	if _, err := room.OpenBooth(ctx, o); fault.CodeOf(err) != fault.Denied {
		t.Error("another hub's certificate was trusted:", err)
	}
	random := make([]byte, 32)
	rand.Read(random)
	o = s.options(t.TempDir())
	o.Server = hex.EncodeToString(random)
	if _, err := room.OpenBooth(ctx, o); err == nil {
		t.Error("another server's package was taken")
	}
	b, err := s.booth(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.CheckIn(ctx, "E01", s.desk.Codes()["E02"], "246813"); fault.CodeOf(err) != fault.Denied || !strings.Contains(err.Error(), "签到码") {
		t.Error("another expert's code:", err)
	}
	// Who mistyped the code begins anew, with another PIN too.
	if err := b.CheckIn(ctx, "E01", s.desk.Codes()["E01"], "135790"); err != nil {
		t.Error("the right code after a wrong one:", err)
	}
	if err := b.CheckIn(ctx, "E99", "1", "246813"); fault.CodeOf(err) != fault.Invalid {
		t.Error("a stranger:", err)
	}
}

// A laptop that crashes after sealing sends the same envelope again, and a wrong PIN does not give the credential away.
func TestALaptopThatCrashes(t *testing.T) {
	s := newStage(t, 3)
	dir := filepath.Join(t.TempDir(), "laptop")
	dirs := []string{dir, t.TempDir(), t.TempDir()}
	for i, d := range dirs {
		if err := mkdir(d); err != nil {
			t.Fatal(err)
		}
		b, err := s.booth(d)
		if err != nil {
			t.Fatal(err)
		}
		expert := fmt.Sprintf("E%02d", i+1)
		if err := b.CheckIn(ctx, expert, s.desk.Codes()[expert], "246813"); err != nil {
			t.Fatal(err)
		}
		b.Close()
	}
	if err := s.desk.OpenRound(ctx, "R1"); err != nil {
		t.Fatal(err)
	}
	b, err := s.booth(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.CheckIn(ctx, "E01", "", "wrong"); fault.CodeOf(err) != fault.Denied {
		t.Fatal(err)
	}
	if err := b.CheckIn(ctx, "E01", "", "246813"); err != nil {
		t.Fatal(err)
	}
	first, err := delivered(ctx, b, "R1", ballot.Agree)
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
	if b, err = s.booth(dir); err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.CheckIn(ctx, "E01", "", "246813"); err != nil {
		t.Fatal(err)
	}
	again, err := delivered(ctx, b, "R1", ballot.Oppose)
	if err != nil || again.Object != first.Object || again.Index != first.Index {
		t.Fatal("another ballot was sealed after the crash", again, err)
	}
}

func mkdir(dir string) error { return os.MkdirAll(dir, 0o700) }
