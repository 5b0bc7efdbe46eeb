package room_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"connectrpc.com/connect"

	"zhiping/desktop/room"
	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/proto/gen/zhiping/room/v1/roomv1connect"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/box"
	"zhiping/shared/fault"
	sequencer "zhiping/shared/room"
	"zhiping/shared/wire"
)

// centre is a sequencer that has no key of staff: what the central server is to staff's laptop and to booths. It keeps columns in memory.
type centre struct {
	room    *sequencer.Room
	url     string
	mu      sync.Mutex
	columns map[string][]byte
}

func (c *centre) KeepColumns(_ context.Context, round string, b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.columns[round] = b
	return nil
}

func (c *centre) Columns(_ context.Context, round string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.columns[round], nil
}

func (c *centre) KeepSeen(context.Context, []byte) error { return nil }
func (c *centre) KeepLate(context.Context, []byte) error { return nil }

// encoded turns faults into wire errors, as the server's interceptor does.
var encoded = connect.WithInterceptors(connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		resp, err := next(ctx, req)
		if f := fault.As(err); f != nil {
			return nil, wire.Encode(f, 0)
		}
		return resp, err
	}
}))

var decoded = connect.WithInterceptors(connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		resp, err := next(ctx, req)
		return resp, wire.Decode(ctx, err)
	}
}))

func (h *house) centre(pkg []byte, key ballot.Key) *centre {
	h.t.Helper()
	b, err := box.Open(ctx, filepath.Join(h.t.TempDir(), "centre.db"))
	h.must(err)
	s, err := ballot.Begin(ctx, b, pkg, h.server.Public(), key)
	h.must(err)
	c := &centre{columns: map[string][]byte{}}
	c.room = &sequencer.Room{Session: s, Hub: key, Shelf: c, Now: h.now}
	handler := &sequencer.Handler{
		Find: func(context.Context, string) (*sequencer.Room, error) { return c.room, nil },
		List: func(context.Context) ([]*sequencer.Room, error) { return []*sequencer.Room{c.room}, nil },
	}
	mux := http.NewServeMux()
	mux.Handle(roomv1connect.NewRoomServiceHandler(handler, encoded))
	mux.Handle(roomv1connect.NewDeskServiceHandler(handler, encoded))
	server := httptest.NewServer(mux)
	h.t.Cleanup(func() {
		server.Close()
		b.Close()
	})
	c.url = server.URL
	return c
}

// The same desk while the central server is the sequencer: check-ins wait for staff's laptop, every step goes over the wire, the log is copied and proved, and the
// server counts the columns again before it signs.
func TestDeskOnServer(t *testing.T) {
	h := newHouse(t, 4, nil)
	key, err := ballot.NewKey(ballot.RoleHub, rand.Reader)
	h.must(err)
	pkg, id := h.issue(h.model.Package, func(p *ballot.Package) { p.Hub = key.Public() })
	h.pkgID = id
	c := h.centre(pkg, key)
	laptop, err := room.OpenHub(ctx, h.dir, h.server.Public(), h.now)
	h.must(err)
	t.Cleanup(func() { laptop.Close() })
	laptop.Teller = []string{os.Args[0], tallyArgument}
	desk := roomv1connect.NewDeskServiceClient(http.DefaultClient, c.url, decoded)
	booths := roomv1connect.NewRoomServiceClient(http.DefaultClient, c.url, decoded)
	d, err := laptop.Connect(ctx, pkg, desk, booths)
	h.must(err)
	a := &hall{house: h, hub: laptop, desk: d}
	var seats []*seat
	for i := range 4 {
		s := a.seat(i)
		s.half, err = s.voter.CheckIn(s.code, h.now())
		h.must(err)
		resp, err := booths.CheckIn(ctx, &roomv1.CheckInRequest{Object: s.half})
		if err != nil || !resp.Pending || len(resp.Receipt) > 0 {
			t.Fatal(resp, err)
		}
		seats = append(seats, s)
	}
	wrong, err := seats[3].voter.CheckIn("00000000", h.now())
	h.must(err)
	if resp, err := booths.CheckIn(ctx, &roomv1.CheckInRequest{Object: wrong}); err != nil || !resp.Pending {
		t.Fatal(resp, err)
	}
	h.must(d.Refresh(ctx))
	b, err := d.Board()
	h.must(err)
	if len(b.Pending) != 4 || b.Mine || b.Sequencer != "中心服务器" {
		t.Fatalf("%+v", b)
	}
	for i, p := range b.Pending {
		if p.Right != (i < 3) {
			t.Fatalf("%+v", p)
		}
		if err := d.Admit(ctx, p); (err == nil) != p.Right {
			t.Fatal(p, err)
		}
	}
	for _, s := range seats[:3] {
		if resp, err := booths.CheckIn(ctx, &roomv1.CheckInRequest{Object: s.half}); err != nil || resp.Pending || len(resp.Receipt) == 0 {
			t.Fatal(resp, err)
		}
	}
	h.must(d.OpenRound(ctx, "R1"))
	for i, s := range seats[:3] {
		e, err := s.voter.Seal("R1", h.model.Ballot([]byte{ballot.Agree, ballot.Agree, ballot.Oppose}[i]), h.now())
		h.must(err)
		if _, err := booths.Submit(ctx, &roomv1.SubmitRequest{Object: e.Raw}); err != nil {
			t.Fatal(err)
		}
	}
	a.until(func() bool { return len(a.row("R1").Submitted) == 3 })
	h.must(d.Return(ctx, "R1", "E03", "核对"))
	h.wants(fault.State, d.Return(ctx, "R1", "E03", "再退"))
	h.wants(fault.State, laptop.TakeOver(ctx, "", "x", h.chair))
	x, err := d.Exceptions("R1")
	h.must(err)
	h.must(d.CloseWith(ctx, "R1", x, h.chair))
	a.openBy("R1")
	// The server believes no columns that do not fit the ballots.
	if _, err := desk.Count(ctx, &roomv1.CountRequest{Round: "R1", Columns: []byte("applicant A0001\n")}); fault.CodeOf(err) != fault.Invalid {
		t.Fatal(err)
	}
	h.must(d.Tally(ctx, "R1", h.keyFile(0), h.keyFile(2)))
	there, err := booths.GetColumns(ctx, &roomv1.GetColumnsRequest{Round: "R1"})
	here, err2 := d.Columns(ctx, "R1")
	if err != nil || err2 != nil || len(here) == 0 || string(there.Piece) != string(here) {
		t.Fatal("the server does not keep the columns", err, err2)
	}
	h.must(d.SignOff(ctx, "R1", "1", h.chair, h.supervisor))
	if r := a.row("R1"); r.State != ballot.RoundSigned || r.Tally.Results[0].Agree != 2 {
		t.Fatalf("%+v", r)
	}
	// The laptop's copy is the server's log, byte for byte, and its evidence verifies by itself.
	if !slices.EqualFunc(c.room.Session.Log(), d.Log(), func(x, y []byte) bool { return string(x) == string(y) }) {
		t.Fatal("the copy is another log")
	}
	if v := a.verified(); len(v.Columns) != 1 {
		t.Fatal(v.Columns)
	}
}

// A sequencer that shows the copy another log than before is noticed, and the copy keeps the first.
func TestEquivocalHub(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	b := h.spare(nil)
	a.seats(2)
	log, cp, err := a.desk.Sequencer().Session.Signed()
	h.must(err)
	h.must(b.desk.TakeCopy(ctx, 0, log, cp))
	// Another log of the same hub: from a folder with the same keys.
	other := copyFolder(t, h.dir)
	for _, name := range []string{"ballots-M1-S1.db", "ballots-M1-S1.db-wal", "ballots-M1-S1.db-shm"} {
		h.must(removeIfThere(filepath.Join(other, name)))
	}
	c := h.open(other, "127.0.0.1:0", h.pkg)
	c.seats(3)
	if len(b.desk.Log()) < 3 {
		t.Fatal("too short")
	}
	log2, cp2, err := c.desk.Sequencer().Session.Signed()
	h.must(err)
	size := len(b.desk.Log())
	for name, err := range map[string]error{
		"another log":                  b.desk.TakeCopy(ctx, 0, log2, cp2),
		"the rest of another log":      b.desk.TakeCopy(ctx, int64(size), log2[size:], cp2),
		"an old checkpoint":            b.desk.TakeCopy(ctx, int64(size), log2[size:], cp),
		"the beginning of another":     b.desk.TakeCopy(ctx, 0, log2[:2], cp2),
		"a gap":                        b.desk.TakeCopy(ctx, int64(size)+1, log2[size+1:], cp2),
		"an object that is not signed": b.desk.TakeCopy(ctx, int64(size), [][]byte{[]byte("zp-open/2\n")}, cp2),
	} {
		if err == nil {
			t.Error("the copy took", name)
		}
	}
	if len(b.desk.Log()) != size {
		t.Fatal("the copy has grown")
	}
	h.must(b.desk.TakeCopy(ctx, 0, log, cp))
	// An answer that comes after a later one is no contradiction.
	a.seat(2).checkIn(a)
	log, later, err := a.desk.Sequencer().Session.Signed()
	h.must(err)
	h.must(b.desk.TakeCopy(ctx, 0, log, later))
	h.must(b.desk.TakeCopy(ctx, int64(size)-1, log[size-1:size], cp))
	if string(b.desk.Sequencer().Session.Copied()) != string(later) {
		t.Fatal("an overtaken answer took the later checkpoint's place")
	}
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}
