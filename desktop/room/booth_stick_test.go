package room_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"zhiping/desktop/room"
	"zhiping/proto/gen/zhiping/room/v1/roomv1connect"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
	sequencer "zhiping/shared/room"
)

// offline is a laptop with a stick alone.
func (a *hall) offline(dir string) *laptop {
	return a.laptop(room.BoothOptions{Dir: dir, Package: a.pkg, Server: a.server.Public(), Now: a.now})
}

// out is what a laptop gives to a stick, as it stands on it.
func (l *laptop) out() []byte {
	l.t.Helper()
	file, err := l.Bundle(ctx)
	if err != nil {
		l.t.Fatal(err)
	}
	path := filepath.Join(l.t.TempDir(), "选票.zpb")
	if err := room.WriteStick(path, file); err != nil {
		l.t.Fatal(err)
	}
	if file, err = room.ReadStick(path); err != nil {
		l.t.Fatal(err)
	}
	return file
}

// trip carries a stick to a hub and back.
func (l *laptop) trip(a *hall) *room.Taken {
	l.t.Helper()
	x, err := a.hub.Import(ctx, l.out())
	if err != nil {
		l.t.Fatal(err)
	}
	taken, err := l.Import(ctx, x.Reply)
	if err != nil {
		l.t.Fatal(err)
	}
	return taken
}

// A whole meeting in which one laptop has no network and another has both: check-in, ballot, return and second ballot, device word and attestation go by stick; the
// same envelope over LAN and stick, in any order and repeatedly, counts once.
func TestBoothByStick(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	codes := a.desk.Codes()
	l, lan := a.offline(t.TempDir()), a.sit("E02")
	for _, wrong := range []string{"00000000", codes["E01"]} {
		if err := l.CheckIn(ctx, "E01", wrong, boothPin); !errors.Is(err, room.ErrPending) {
			t.Fatal(err)
		}
		l.trip(a)
		v := l.until(func(*room.View) bool { return true })
		if want := map[bool]string{true: room.CheckInDone, false: room.CheckInNone}[wrong == codes["E01"]]; v.CheckedIn != want {
			t.Fatalf("after code %s: %q", wrong, v.CheckedIn)
		}
	}
	if r := l.round("R1", func(*room.RoundView) bool { return true }); r.MayVote {
		t.Fatal("may vote before the round is open")
	}
	h.must(a.desk.OpenRound(ctx, "R1"))
	l.trip(a)
	if s := l.vote("R1", ballot.Agree); !s.Saved || !s.Pending {
		t.Fatalf("%+v", s)
	}
	l.round("R1", tick(room.Saved))
	old := l.out()
	if got := l.trip(a); got.Receipts < 1 {
		t.Fatalf("%+v", got)
	}
	l.round("R1", tick(room.Received))
	h.must(l.AskReturn(ctx, "R1", "改票"))
	l.trip(a)
	h.must(a.desk.Return(ctx, "R1", "E01", "改票"))
	if got := l.trip(a); got.Returns != 1 {
		t.Fatalf("%+v", got)
	}
	l.vote("R1", ballot.Oppose)
	// Sticks come twice, and the old one after the new one.
	for _, file := range [][]byte{l.out(), old, l.out(), old} {
		if _, err := a.hub.Import(ctx, file); err != nil {
			t.Fatal(err)
		}
	}
	l.trip(a)
	l.round("R1", tick(room.Received))
	l.trip(a) // carries the device word
	// The laptop on the LAN gives its ballot to a stick too, before and after it is sent.
	lan.round("R1", mayVote)
	a.close()
	lan.vote("R1", ballot.Agree)
	before := lan.out()
	a = h.open(h.dir, a.address, h.pkg)
	x, err := a.hub.Import(ctx, before)
	h.must(err)
	lan.round("R1", tick(room.Received))
	after := lan.out()
	for _, file := range [][]byte{before, after} {
		if _, err := a.hub.Import(ctx, file); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := lan.Import(ctx, x.Reply); err != nil {
		t.Fatal(err)
	}
	lan.until(func(v *room.View) bool { return v.Waiting == 0 })
	// A reply is for the laptop that it names.
	if _, err := l.Import(ctx, x.Reply); fault.CodeOf(err) != fault.Invalid {
		t.Fatal("another laptop's reply:", err)
	}
	if _, err := l.Import(ctx, append(bytes.Clone(x.Reply), 0)); fault.CodeOf(err) != fault.Invalid {
		t.Fatal("a damaged reply:", err)
	}
	a.until(func() bool { e, err := a.desk.Exceptions("R1"); return err == nil && len(e) == 0 })
	if got := a.counted("R1"); len(got) != 2 || got["E01"] != 2 || got["E02"] != 1 {
		t.Fatal(got)
	}
	if b, _ := a.desk.Board(); len(b.Rejections) != 0 || b.Quarantined != 0 {
		t.Fatalf("%+v", b)
	}
	a.count("R1")
	if got := l.trip(a); got.Columns != 1 {
		t.Fatalf("%+v", got)
	}
	l.round("R1", func(r *room.RoundView) bool { return r.MayAttest })
	if n, err := l.Attest(ctx, "R1", boothPin); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if len(secretsOf(t, l.dir)) == 0 {
		t.Fatal("erased before the attestation was received")
	}
	l.trip(a)
	if row := a.row("R1"); row.Attested != 1 || len(secretsOf(t, l.dir)) != 0 {
		t.Fatalf("%+v", row)
	}
	h.must(a.desk.SignOff(ctx, "R1", "1", h.chair, h.supervisor))
	if v := a.verified(); v.State.Rounds["R1"].Tally.Results[0].Oppose != 1 || len(v.Alarms) > 0 {
		t.Fatal(v.Alarms)
	}
}

// The hub is lost while experts are without a network: the same stick goes to the spare, which can open it.
func TestStickToTheSpare(t *testing.T) {
	h := newHouse(t, 3, nil)
	a, b := h.start(), h.spare(nil)
	codes := a.desk.Codes()
	l := a.offline(t.TempDir())
	if err := l.CheckIn(ctx, "E01", codes["E01"], boothPin); !errors.Is(err, room.ErrPending) {
		t.Fatal(err)
	}
	l.trip(a)
	a.sit("E02")
	h.must(a.desk.OpenRound(ctx, "R1"))
	l.trip(a)
	l.vote("R1", ballot.Agree)
	l.trip(a)
	copied, err := a.desk.Copy()
	h.must(err)
	if _, err := b.hub.Import(ctx, copied); err != nil {
		t.Fatal(err)
	}
	a.close()
	h.must(b.hub.TakeOver(ctx, "", "主机损坏", h.chair))
	l.trip(b)
	v := l.until(func(v *room.View) bool { return v.Waiting == 0 })
	if v.Epoch != 2 || seen(v, "R1").Own.Tick != room.Received || len(v.Alarms) > 0 {
		t.Fatalf("%+v", v)
	}
}

// No plaintext of a ballot, and no draft, is on a laptop's disk or stick at any time (V9).
func TestBoothKeepsNoPlaintext(t *testing.T) {
	h := newHouse(t, 3, nil)
	model := *h.model.Package
	for i := range 60 {
		model.Applicants = append(model.Applicants, ballot.Applicant{ID: "B" + string(rune('0'+i/10)) + string(rune('0'+i%10)), Position: int64(100 + i), Name: "某人（虚构）", Unit: "示例单位"})
	}
	pkg, id := h.issue(&model, nil)
	h.pkg, h.pkgID = pkg, id
	a := h.start()
	l := a.offline(t.TempDir())
	lan := a.sit("E02")
	if err := l.CheckIn(ctx, "E01", a.desk.Codes()["E01"], boothPin); !errors.Is(err, room.ErrPending) {
		t.Fatal(err)
	}
	l.trip(a)
	h.must(a.desk.OpenRound(ctx, "R1"))
	l.trip(a)
	canary := &ballot.Ballot{}
	for i := range l.Package.Applicants {
		canary.Votes = append(canary.Votes, byte(1+i*i%3))
	}
	cells := canary.Votes
	for _, x := range []*laptop{l, lan} {
		x.round("R1", mayVote)
		h.must(x.KeepDraft(ctx, "R1", cells))
		if _, err := x.Submit(ctx, "R1", canary); err != nil {
			t.Fatal(err)
		}
	}
	file := l.out()
	l.trip(a)
	forms := [][]byte{cells, []byte(hex.EncodeToString(cells))}
	for _, dir := range []string{l.dir, lan.dir, h.dir} {
		if found, n := holds(t, dir, forms...); len(found) > 0 || n < 10000 {
			t.Error("cells in the clear in", found, n)
		}
	}
	for _, f := range forms {
		if bytes.Contains(file, f) {
			t.Error("cells in the clear on the stick")
		}
	}
	// What was searched for would have been found.
	h.must(os.WriteFile(filepath.Join(l.dir, "control"), cells, 0o600))
	if found, _ := holds(t, l.dir, forms...); len(found) != 1 {
		t.Error("the search finds nothing")
	}
}

// The central server is the sequencer: its certificate is trusted by its fingerprint, check-ins wait for staff, and Watch goes on by itself.
func TestBoothOnline(t *testing.T) {
	h := newHouse(t, 3, nil)
	key, err := ballot.NewKey(ballot.RoleHub, rand.Reader)
	h.must(err)
	pkg, _ := h.issue(h.model.Package, func(p *ballot.Package) { p.Hub = key.Public() })
	c := h.centre(pkg, key)
	mux := http.NewServeMux()
	mux.Handle(roomv1connect.NewRoomServiceHandler(&sequencer.Handler{
		Find: func(context.Context, string) (*sequencer.Room, error) { return c.room, nil },
		List: func(context.Context) ([]*sequencer.Room, error) { return []*sequencer.Room{c.room}, nil },
	}, encoded))
	server := httptest.NewUnstartedServer(mux)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	sum := sha256.Sum256(server.Certificate().Raw)
	o := room.BoothOptions{Dir: t.TempDir(), Address: server.URL, Server: h.server.Public(), Online: true, Now: h.now}
	if _, err := room.OpenBooth(ctx, o); err == nil {
		t.Fatal("a certificate that nobody vouches for was trusted")
	}
	o.Pin = hex.EncodeToString(sum[:])
	if list, err := room.Sessions(ctx, o); err != nil || len(list) != 1 || list[0].Session != "M1-S1" {
		t.Fatal(list, err)
	}
	l := h.laptop(o)
	if err := l.CheckIn(ctx, "E01", "12345678", boothPin); !errors.Is(err, room.ErrPending) {
		t.Fatal(err)
	}
	l.until(func(v *room.View) bool { return v.CheckedIn == room.CheckInSaved && v.Way == room.WayOnline })
	staff := h.keys(h.dir).Staff
	admit := func(half []byte) {
		o, err := ballot.ReadCheckIn(half)
		h.must(err)
		full, err := ballot.Countersign(half, staff)
		h.must(err)
		_, err = c.room.Take(ctx, full)
		h.must(err)
		var attend *ballot.Attend
		c.room.Session.View(func(s *ballot.State) { attend = s.AttendOf(o.Expert, ballot.Present, "", 1) })
		word, err := attend.Sign(staff)
		h.must(err)
		_, err = c.room.Take(ctx, word)
		h.must(err)
	}
	for _, half := range c.room.Pending() {
		admit(half)
	}
	l.until(func(v *room.View) bool { return v.CheckedIn == room.CheckInDone && v.Status == ballot.Present })
	v := *h.model.Voters[1]
	v.Package, v.PackageID = l.Package, ballot.IDOf(pkg)
	half, err := v.CheckIn("1", 1)
	h.must(err)
	admit(half)
	var open *ballot.Open
	c.room.Session.View(func(s *ballot.State) { open, err = s.OpenOf("R1", "", 1) })
	h.must(err)
	word, err := open.Sign(staff)
	h.must(err)
	_, err = c.room.Take(ctx, word)
	h.must(err)
	if s := l.vote("R1", ballot.Agree); s.Pending || s.Receipt.Reason != "" {
		t.Fatalf("%+v", s)
	}
	object, err := ballot.NewOpinion(v.Package.Session, "A0001", v.Expert, ballot.Main, "同意推荐", h.now()).Sign(v.Key)
	h.must(err)
	_, err = c.room.Submit(ctx, object)
	h.must(err)
	if got, err := l.Opinions(ctx); err != nil || len(got) != 1 || got[0].Text != "同意推荐" {
		t.Fatalf("%+v %v", got, err)
	}
}

// The second round: a laptop votes on the derived people, and its envelope names the derive.
func TestBoothSecondRound(t *testing.T) {
	h := newHouse(t, 3, nil)
	first := *h.model.Package
	first.Session, first.Origin = "M1-G1", "zhiping/M1-G1"
	g, gid := h.issue(&first, nil)
	plenary := *h.model.Package
	plenary.Session, plenary.Origin = "M1-ALL", "zhiping/M1-ALL"
	all, _ := h.issue(&plenary, func(p *ballot.Package) {
		p.Depends = []ballot.Dependency{{Session: "M1-G1", Package: gid[:], Round: "R1", Rule: ballot.TakePassed}}
	})
	a := h.open(h.dir, "127.0.0.1:0", g, all)
	if list, err := room.Sessions(ctx, a.options("")); err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	dirs := []string{t.TempDir(), t.TempDir()}
	sit := func(session string) (ls []*laptop) {
		d, err := a.hub.Room(session)
		h.must(err)
		a.desk = d
		for i, expert := range []string{"E01", "E02"} {
			o := a.options(dirs[i])
			o.Session = session
			l := h.laptop(o)
			h.must(l.CheckIn(ctx, expert, d.Codes()[expert], boothPin))
			ls = append(ls, l)
		}
		return ls
	}
	early := sit("M1-ALL")
	groups := sit("M1-G1")
	h.must(a.desk.OpenRound(ctx, "R1"))
	for _, l := range groups {
		l.round("R1", mayVote)
		if _, err := l.Submit(ctx, "R1", &ballot.Ballot{Votes: []byte{ballot.Oppose, ballot.Agree, ballot.Oppose, ballot.Agree}}); err != nil {
			t.Fatal(err)
		}
		l.Close()
	}
	a.count("R1")
	h.must(a.desk.SignOff(ctx, "R1", "1", h.chair, h.supervisor))
	a.desk, _ = a.hub.Room("M1-ALL")
	h.must(a.desk.Derive(ctx, nil, h.chair))
	h.must(a.desk.OpenRound(ctx, "R1"))
	for _, l := range early {
		l.round("R1", mayVote)
		v := l.until(func(*room.View) bool { return true })
		if len(v.Package.Applicants) != 2 || v.Package.Applicants[0].ID != "A0002" {
			t.Fatal(v.Package.Applicants)
		}
		if s := l.vote("R1", ballot.Agree); s.Pending || s.Receipt.Reason != "" {
			t.Fatalf("%+v", s)
		}
	}
	a.count("R1")
	for i := range early {
		// After a restart, and without the network at first, the derive is remembered.
		early[i].Close()
		o := a.options(dirs[i])
		o.Session = "M1-ALL"
		l := h.laptop(o)
		if v := l.until(func(*room.View) bool { return true }); len(v.Package.Applicants) != 2 {
			t.Fatal("the derive is forgotten")
		}
		h.must(l.CheckIn(ctx, []string{"E01", "E02"}[i], "", boothPin))
		l.round("R1", func(r *room.RoundView) bool { return r.MayAttest })
		if n, err := l.Attest(ctx, "R1", boothPin); n != 0 || err != nil {
			t.Fatal(n, err)
		}
	}
	h.must(a.desk.SignOff(ctx, "R1", "1", h.chair, h.supervisor))
}
