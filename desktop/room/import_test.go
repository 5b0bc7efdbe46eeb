package room_test

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/fault"
	"zhiping/shared/room/stick"
)

// carry brings objects of a laptop to the hub on a stick and reads the reply.
func (s *seat) carry(a *hall, objects ...[]byte) (reply [][]byte, accepted, known, quarantined int, refused []string) {
	s.t.Helper()
	identity, recipient, err := stick.NewIdentity()
	if err != nil {
		s.t.Fatal(err)
	}
	file, err := stick.ToHub(a.desk.Whole.Hub, append([][]byte{[]byte("zp-reply/1\nrecipient " + recipient + "\n")}, objects...))
	if err != nil {
		s.t.Fatal(err)
	}
	path := filepath.Join(s.t.TempDir(), "booth"+stick.Extension)
	if err := stick.Write(path, file); err != nil {
		s.t.Fatal(err)
	}
	if file, err = stick.Read(path); err != nil {
		s.t.Fatal(err)
	}
	x, err := a.hub.Import(ctx, file)
	if err != nil {
		s.t.Fatal(err)
	}
	if reply, err = stick.OpenAtLaptop(identity, x.Reply); err != nil {
		s.t.Fatal(err)
	}
	return reply, x.Accepted, x.Known, x.Quarantined, x.Refused
}

// kinds are the types of a reply's objects.
func kinds(objects [][]byte) (all []string) {
	for _, o := range objects {
		k := ballot.KindOf(o)
		if _, err := ballot.ReadHead(o); err == nil {
			k = "checkpoint"
		}
		all = append(all, k)
	}
	return all
}

// An expert whose laptop has no network checks in and votes by stick, in whatever order things stand on it and as often as they come.
func TestImport(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	a.seats(2)
	s := a.seat(2)
	half, err := s.voter.CheckIn(s.code, h.now())
	h.must(err)
	reply, accepted, _, _, _ := s.carry(a, half)
	if got := kinds(reply); accepted != 1 || !slices.Equal(got, []string{"zp-receipt/2", "zp-checkin/1", "zp-attend/2", "checkpoint"}) {
		t.Fatal(accepted, got)
	}
	// The ballot comes too early, beside what nobody can read: that does not keep the rest out.
	envelope := s.envelope(a, "R1", ballot.Agree)
	stray := []byte("zp-future/9\nsession M1-S1\nsomething new\n")
	reply, accepted, known, quarantined, refused := s.carry(a, stray, envelope, half)
	if accepted != 0 || known != 1 || quarantined != 1 || len(refused) != 1 || !strings.Contains(refused[0], "尚未开启") || !slices.Contains(kinds(reply), "zp-refused/1") {
		t.Fatal(accepted, known, quarantined, refused, kinds(reply))
	}
	h.must(a.desk.OpenRound(ctx, "R1"))
	reply, accepted, known, quarantined, refused = s.carry(a, envelope, stray, half, envelope)
	if accepted != 1 || known != 3 || quarantined != 0 || len(refused) != 0 {
		t.Fatal(accepted, known, quarantined, refused)
	}
	if r, err := ballot.CheckReceipt(reply[0], envelope, s.voter.Package); err != nil || r.Reason != "" {
		t.Fatal(r, err)
	}
	size := len(a.desk.Log())
	s.carry(a, envelope, stray, half)
	if len(a.desk.Log()) != size {
		t.Fatal("what came again made the log grow")
	}
	// In the wrong order: a request to have a ballot back stands before the ballot.
	other := a.seat(0)
	first := other.envelope(a, "R1", ballot.Agree)
	wish := ballot.IDOf(first)
	request, err := (&ballot.Request{Session: s.session, Envelope: wish[:], Reason: "误选", At: h.now()}).Sign(other.voter.Key)
	h.must(err)
	if _, accepted, _, _, refused = other.carry(a, request, first); accepted != 2 || len(refused) != 0 {
		t.Fatal(accepted, refused)
	}
	// The return goes back on the stick, and only to whom it concerns.
	h.must(a.desk.Return(ctx, "R1", "E03", "会务核对"))
	reply, _, _, _, _ = s.carry(a, half)
	if got := kinds(reply); !slices.Contains(got, "zp-return/1") || !slices.Contains(got, "zp-open/2") {
		t.Fatal(got)
	}
	stranger := a.seat(1)
	stranger.voter.Key = ballottest.Key(ballot.RoleExpert, 101)
	if reply, _, _, _, _ = stranger.carry(a, stray); slices.Contains(kinds(reply), "zp-return/1") || slices.Contains(kinds(reply), "zp-checkin/1") {
		t.Fatal(kinds(reply))
	}
}

// A file that is damaged, not for this hub, or of another meeting is refused whole and leaves nothing.
func TestImportRefuses(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	s := a.seats(3)[0]
	size := len(a.desk.Log())
	good, err := stick.ToHub(a.desk.Whole.Hub, [][]byte{s.half})
	h.must(err)
	other, err := stick.ToHub(a.desk.Whole.Spare, [][]byte{s.half})
	h.must(err)
	strangers := newHouse(t, 3, func(p *ballot.Package) { p.Session = "M9" }).start()
	record, err := strangers.desk.Export()
	h.must(err)
	for name, file := range map[string][]byte{"nothing": nil, "half": good[:len(good)/2], "for the spare": other, "another meeting's record": record, "a picture": []byte("\x89PNG\r\n")} {
		if x, err := a.hub.Import(ctx, file); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %+v, %v", name, x, err)
		}
	}
	x := strangers.seat(0)
	half, err := x.voter.CheckIn(x.code, 1)
	h.must(err)
	_, accepted, _, quarantined, refused := s.carry(a, half)
	if accepted != 0 || quarantined != 0 || len(refused) != 1 || len(a.desk.Log()) != size {
		t.Fatal(accepted, quarantined, refused)
	}
}

// Ballots by LAN and by stick, in any order and repeated: each expert is counted once, and the columns go back in pieces.
func TestMixedTransports(t *testing.T) {
	h := newHouse(t, 5, nil)
	a := h.start()
	seats := a.seats(5)
	h.must(a.desk.OpenRound(ctx, "R1"))
	var all [][]byte
	for i, s := range seats {
		e := s.envelope(a, "R1", ballot.Agree)
		s.sent, all = append(s.sent, e), append(all, e)
		if i%2 == 0 {
			s.must(a, e, nil)
		}
	}
	for range 2 {
		for _, s := range seats {
			s.carry(a, all[4], s.sent[0], all[0])
		}
		for _, s := range seats {
			if r, err := s.send(a, s.sent[0]); err != nil || r.Reason != "" {
				t.Fatal(r, err)
			}
		}
	}
	row := a.row("R1")
	if len(row.Submitted) != 5 || row.State != ballot.RoundOpen {
		t.Fatalf("%+v", row)
	}
	a.count("R1")
	reply, _, _, _, _ := seats[0].carry(a, seats[0].half)
	var columns []byte
	for _, o := range reply {
		if rest, ok := bytes.CutPrefix(o, []byte("zp-columns/1\nround R1\n")); ok {
			columns = append(columns, rest[bytes.Index(rest, []byte("\n\n"))+2:]...)
		}
	}
	c, _ := a.client(a.hub.Pairing, nil)
	got, err := c.GetColumns(ctx, &roomv1.GetColumnsRequest{Round: "R1"})
	if err != nil || !bytes.Equal(got.Piece, columns) || int(got.Total) != len(columns) {
		t.Fatal(len(columns), err)
	}
	sum := sha256.Sum256(columns)
	if tally := a.row("R1").Tally; !bytes.Equal(tally.Columns, sum[:]) || tally.Results[0].Agree != 5 {
		t.Fatal(tally.Results)
	}
	if _, err := c.GetColumns(ctx, &roomv1.GetColumnsRequest{Round: "R2"}); fault.CodeOf(err) != fault.State {
		t.Fatal(err)
	}
}

// What comes after the close is answered and never counted; what comes to a hub whose lease the server ended is kept as evidence and never merged.
func TestLate(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	seats := a.seats(3)
	h.must(a.desk.OpenRound(ctx, "R1"))
	seats[0].vote(a, "R1", ballot.Agree)
	late := seats[1].envelope(a, "R1", ballot.Oppose)
	after := seats[2].envelope(a, "R1", ballot.Oppose)
	a.count("R1")
	for range 2 {
		if r, err := seats[1].send(a, late); err != nil || r.Reason != ballot.RejectLate {
			t.Fatal(r, err)
		}
	}
	h.must(a.desk.SignOff(ctx, "R1", "1", h.chair, h.supervisor))
	release, err := (&ballot.Release{Session: a.desk.Session, By: "管理员", Reason: "主机失联", At: h.now()}).Sign(h.server)
	h.must(err)
	if x, err := a.hub.Import(ctx, release); err != nil || x.Accepted != 1 {
		t.Fatal(x, err)
	}
	size := len(a.desk.Log())
	for range 2 {
		if _, err := seats[2].send(a, after); fault.CodeOf(err) != fault.State {
			t.Fatal(err)
		}
		seats[2].carry(a, after)
	}
	h.wants(fault.State, a.desk.OpenRound(ctx, "R2"))
	b, err := a.desk.Board()
	if h.must(err); b.Late != 1 || b.Released != "主机失联" || len(a.desk.Log()) != size {
		t.Fatalf("%+v", b)
	}
	if v := a.verified(); v.Late != 1 || v.State.Rounds["R1"].Tally.Results[0].Agree != 1 {
		t.Fatal(v.Late)
	}
}

// After the server has said that it keeps the record, laptops say that they have erased theirs, and the hub erases its keys and codes, not the record.
func TestWipe(t *testing.T) {
	h := newHouse(t, 3, func(p *ballot.Package) { p.Rehearsal = false })
	a := h.start()
	seats := a.seats(3)
	h.must(a.desk.OpenRound(ctx, "R1"))
	for _, s := range seats {
		s.vote(a, "R1", ballot.Agree)
	}
	a.count("R1")
	h.must(a.desk.SignOff(ctx, "R1", "1", h.chair, h.supervisor))
	h.wants(fault.State, a.hub.Wipe(ctx, true))
	wipe := func(s *seat) []byte {
		o, err := (&ballot.Wipe{Session: s.session, Expert: s.voter.Expert, Device: "laptop", At: h.now()}).Sign(s.voter.Key)
		h.must(err)
		return o
	}
	if _, err := seats[0].send(a, wipe(seats[0])); fault.CodeOf(err) != fault.State {
		t.Fatal("wiped before the archive:", err)
	}
	v := a.verified()
	archive, err := (&ballot.Archive{Session: a.desk.Session, Size: v.Size, Root: v.Root[:], At: h.now()}).Sign(h.server)
	h.must(err)
	if x, err := a.hub.Import(ctx, archive); err != nil || x.Accepted != 1 {
		t.Fatal(x, err)
	}
	for _, s := range seats[:2] {
		s.must(a, wipe(s), nil)
	}
	err = a.hub.Wipe(ctx, false)
	if h.wants(fault.State, err); !strings.Contains(err.Error(), "专家3") || strings.Contains(err.Error(), "专家1") {
		t.Fatal(err)
	}
	keys := h.keys(h.dir)
	code := a.desk.Codes()["E01"]
	h.must(a.hub.Wipe(ctx, true))
	a.close()
	h.must(filepath.WalkDir(h.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, secret := range [][]byte{[]byte(code), keys.Hub.Private.Seed(), []byte(hexOf(keys.Hub.Private.Seed())), []byte(hexOf(keys.Staff.Private.Seed())), []byte("PRIVATE KEY")} {
			if bytes.Contains(b, secret) {
				t.Errorf("%s still holds a secret", path)
			}
		}
		return err
	}))
	if _, err := os.Stat(filepath.Join(h.dir, "columns-M1-S1-R1.txt")); err != nil {
		t.Error("the record went too:", err)
	}
	if _, err := openAgain(h); fault.CodeOf(err) != fault.State {
		t.Fatal("a wiped hub was opened:", err)
	}
}
