package room_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zhiping/desktop/room"
	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

const boothPin = "246813"

// options are those of a laptop on the LAN of a hub.
func (a *hall) options(dir string) room.BoothOptions {
	return room.BoothOptions{Dir: dir, Address: a.address, Pin: a.pin, Pairing: a.hub.Pairing, Server: a.server.Public(), Now: a.now}
}

// laptop is a booth in a folder, with the test's hands.
type laptop struct {
	*room.Booth
	t   *testing.T
	dir string
}

func (h *house) laptop(o room.BoothOptions) *laptop {
	h.t.Helper()
	b, err := room.OpenBooth(ctx, o)
	h.must(err)
	h.t.Cleanup(func() { b.Close() })
	return &laptop{b, h.t, o.Dir}
}

// sit opens a laptop and checks an expert in.
func (a *hall) sit(expert string) *laptop {
	a.t.Helper()
	l := a.laptop(a.options(a.t.TempDir()))
	a.must(l.CheckIn(ctx, expert, a.desk.Codes()[expert], boothPin))
	return l
}

func (a *hall) sits(n int) (all []*laptop) {
	a.t.Helper()
	for i := range n {
		all = append(all, a.sit(fmt.Sprintf("E%02d", i+1)))
	}
	return all
}

// until watches until the view says so.
func (l *laptop) until(ok func(*room.View) bool) *room.View {
	l.t.Helper()
	limit, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var last *room.View
	for after := int64(0); ; {
		v, err := l.Watch(limit, after)
		if err != nil {
			l.t.Fatalf("waited in vain: %v, last %+v", err, last)
		}
		if ok(v) {
			return v
		}
		last, after = v, v.Seq
	}
}

// round waits until a round of the view is so.
func (l *laptop) round(id string, ok func(*room.RoundView) bool) *room.RoundView {
	l.t.Helper()
	v := l.until(func(v *room.View) bool { r := seen(v, id); return r != nil && ok(r) })
	return seen(v, id)
}

func seen(v *room.View, id string) *room.RoundView {
	i := slices.IndexFunc(v.Rounds, func(r room.RoundView) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	return &v.Rounds[i]
}

func mayVote(r *room.RoundView) bool { return r.MayVote }

func tick(n int) func(*room.RoundView) bool {
	return func(r *room.RoundView) bool { return r.Own.Tick == n }
}

// vote seals a ballot with one cell for everybody.
func (l *laptop) vote(round string, cell byte) *room.Sent {
	l.t.Helper()
	l.round(round, mayVote)
	s, err := l.Submit(ctx, round, same(l.until(func(*room.View) bool { return true }).Package, cell))
	if err != nil {
		l.t.Fatal(err)
	}
	return s
}

func same(p *ballot.Package, cell byte) *ballot.Ballot {
	v := &ballot.Ballot{}
	for range p.Applicants {
		v.Votes = append(v.Votes, cell)
	}
	return v
}

// counted are the ballots in force by the log.
func (a *hall) counted(round string) map[string]int64 {
	all := map[string]int64{}
	a.desk.View(func(s *ballot.State) {
		for _, e := range s.Counted(round) {
			all[e.Expert] = e.Version
		}
	})
	return all
}

// holds searches the files of a folder.
func holds(t *testing.T, dir string, needles ...[]byte) (found []string, searched int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		searched += len(b)
		for _, n := range needles {
			if bytes.Contains(b, n) {
				found = append(found, path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, searched
}

// A ballot is handed in, asked back, returned and handed in again; the laptop says by itself that nothing is left on it, the expert finds his cells in the columns, and
// then nothing of what he chose is left on the laptop.
func TestReturned(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	all := a.sits(3)
	l := all[0]
	if _, err := l.Submit(ctx, "R1", same(l.Package, ballot.Agree)); fault.CodeOf(err) != fault.State {
		t.Fatal("sealed before the round was open:", err)
	}
	h.must(a.desk.OpenRound(ctx, "R1"))
	draft := []byte("草稿 canary 同意同意反对")
	h.must(l.KeepDraft(ctx, "R1", draft))
	s := l.vote("R1", ballot.Agree)
	if s.Pending || s.Receipt.Reason != "" {
		t.Fatalf("%+v", s)
	}
	// Once is once.
	again, err := l.Submit(ctx, "R1", same(l.Package, ballot.Oppose))
	if err != nil || again.Receipt.Object != s.Receipt.Object {
		t.Fatal(again, err)
	}
	r := l.round("R1", tick(room.Received))
	if r.MayVote || !r.MayReturn || r.Own.Receipt != s.Receipt.Index || !r.Own.Draft {
		t.Fatalf("%+v", r)
	}
	h.must(l.AskReturn(ctx, "R1", "误操作"))
	h.must(l.AskReturn(ctx, "R1", "误操作")) // once
	l.round("R1", func(r *room.RoundView) bool { return r.Own.Requested && !r.MayReturn })
	a.until(func() bool { return len(a.row("R1").Requested) == 1 })
	h.must(a.desk.Return(ctx, "R1", "E01", "同意退回"))
	r = l.round("R1", mayVote)
	if r.Own.Tick != room.NotSent || !r.Own.IsBack || r.Own.ByStaff || r.Own.Version != 1 {
		t.Fatalf("%+v", r.Own)
	}
	if got, err := l.Draft(ctx, "R1"); err != nil || !bytes.Equal(got, draft) {
		t.Fatal(string(got), err)
	}
	if s = l.vote("R1", ballot.Oppose); s.Pending || s.Receipt.Reason != "" {
		t.Fatalf("%+v", s)
	}
	all[1].vote("R1", ballot.Agree)
	all[2].vote("R1", ballot.Agree)
	// By staff, without a wish: the expert sees it.
	h.must(a.desk.Return(ctx, "R1", "E02", "漏投一人"))
	if r = all[1].round("R1", mayVote); !r.Own.ByStaff || r.Own.Returned != "漏投一人" {
		t.Fatalf("%+v", r.Own)
	}
	all[1].vote("R1", ballot.Agree)
	for _, x := range all {
		x.until(func(v *room.View) bool { return v.Waiting == 0 })
	}
	a.until(func() bool { e, err := a.desk.Exceptions("R1"); return err == nil && len(e) == 0 })
	if got := a.counted("R1"); got["E01"] != 2 || got["E02"] != 2 || got["E03"] != 1 {
		t.Fatal(got)
	}
	a.count("R1")
	for _, x := range all {
		x.round("R1", func(r *room.RoundView) bool { return r.MayAttest })
	}
	if _, err := l.Attest(ctx, "R1", "999999"); fault.CodeOf(err) != fault.Denied {
		t.Fatal("a wrong PIN:", err)
	}
	before := secretsOf(t, l.dir)
	if len(before) != 3 { // a draft and two plaintexts
		t.Fatal(len(before))
	}
	for _, x := range all {
		if n, err := x.Attest(ctx, "R1", boothPin); err != nil || n != 0 {
			t.Fatal(n, err)
		}
		x.round("R1", func(r *room.RoundView) bool { return r.Own.Attested && !r.MayAttest && !r.Own.Draft })
	}
	// Nothing is left, encrypted or not (V9).
	if found, n := holds(t, l.dir, before...); len(found) > 0 || n < 1000 {
		t.Fatal("the secrets are still in", found, n)
	}
	if row := a.row("R1"); row.Attested != 3 || row.Mismatches != 0 {
		t.Fatalf("%+v", row)
	}
	h.must(a.desk.SignOff(ctx, "R1", "1", h.chair, h.supervisor))
	if v := a.verified(); v.State.Rounds["R1"].Tally.Results[0].Agree != 2 || len(v.Alarms) > 0 {
		t.Fatal(v.State.Rounds["R1"].Tally.Results[0], v.Alarms)
	}
}

// The network is away when the ballot is sealed: it is saved, and goes out by itself.
func TestOffline(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	all := a.sits(2)
	h.must(a.desk.OpenRound(ctx, "R1"))
	for _, l := range all {
		l.round("R1", mayVote)
	}
	a.close()
	for _, l := range all {
		if s := l.vote("R1", ballot.Agree); !s.Saved || !s.Pending || s.Receipt != nil {
			t.Fatalf("%+v", s)
		}
		r := l.round("R1", tick(room.Saved))
		if r.MayVote || r.MayReturn {
			t.Fatalf("%+v", r)
		}
		l.until(func(v *room.View) bool { return v.OfflineSince > 0 && v.Waiting == 1 && v.Notice != "" })
	}
	// One laptop is started again meanwhile; without a hub it opens with what it has, and says so to who enters the PIN.
	all[1].Close()
	b := h.laptop(a.options(all[1].dir))
	h.must(b.CheckIn(ctx, "E02", "", boothPin)) // it was confirmed before
	b.round("R1", tick(room.Saved))
	a = h.open(h.dir, a.address, h.pkg)
	for _, l := range []*laptop{all[0], b} {
		l.round("R1", tick(room.Received))
		l.until(func(v *room.View) bool { return v.OfflineSince == 0 && v.Waiting == 0 && v.Notice == "" })
	}
	if got := a.counted("R1"); len(got) != 2 {
		t.Fatal(got)
	}
}

// Two experts use one laptop, one after the other: neither sees anything of the other, and each attests with his own PIN.
func TestTwoOnOneLaptop(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	a.sit("E03")
	l := a.sit("E01")
	h.wants(fault.Denied, l.CheckIn(ctx, "E02", a.desk.Codes()["E01"], boothPin))
	h.must(l.CheckIn(ctx, "E02", a.desk.Codes()["E02"], "135790"))
	h.must(a.desk.OpenRound(ctx, "R1"))
	h.must(l.KeepDraft(ctx, "R1", []byte("x")))
	l.vote("R1", ballot.Oppose)
	l.Leave()
	v := l.until(func(v *room.View) bool { return v.Expert == "" })
	if r := seen(v, "R1"); r.MayVote || r.Own != (room.Own{}) && r.Own.Tick != room.NotSent || v.Status != "" {
		t.Fatalf("%+v", v)
	}
	for _, err := range []error{l.KeepDraft(ctx, "R1", nil), l.AskReturn(ctx, "R1", "x"), l.Opinion(ctx, "A0001", "x")} {
		h.wants(fault.State, err)
	}
	h.wants(fault.Denied, l.CheckIn(ctx, "E01", "", "135790"))
	h.must(l.CheckIn(ctx, "E01", "", boothPin))
	if r := l.round("R1", mayVote); r.Own.Draft {
		t.Fatal("the other's draft")
	}
	if d, err := l.Draft(ctx, "R1"); d != nil || err != nil {
		t.Fatal(d, err)
	}
	l.vote("R1", ballot.Agree)
	l.until(func(v *room.View) bool { return v.Waiting == 0 })
	a.count("R1")
	for expert, pin := range map[string]string{"E01": boothPin, "E02": "135790"} {
		h.must(l.CheckIn(ctx, expert, "", pin))
		if n, err := l.Attest(ctx, "R1", pin); err != nil || n != 0 {
			t.Fatal(expert, n, err)
		}
		l.Leave()
	}
	if row := a.row("R1"); row.Attested != 2 {
		t.Fatalf("%+v", row)
	}
}

// A laptop is lost after its ballot was taken: its credential ends, the expert goes on with a new one elsewhere, and what the lost one sends is refused. Should it turn up
// again, it can be used with a new code.
func TestLostBooth(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	all := a.sits(3)
	h.must(a.desk.OpenRound(ctx, "R1"))
	all[0].vote("R1", ballot.Agree)
	if err := h.laptop(a.options(t.TempDir())).CheckIn(ctx, "E01", a.desk.Codes()["E01"], "111111"); fault.CodeOf(err) != fault.State {
		t.Fatal("checked in twice:", err)
	}
	code, err := a.desk.Revoke(ctx, "E01", "电脑丢失")
	h.must(err)
	all[0].until(func(v *room.View) bool {
		return v.CheckedIn == room.CheckInRevoked && !seen(v, "R1").MayVote && !seen(v, "R1").MayReturn
	})
	b := h.laptop(a.options(t.TempDir()))
	h.wants(fault.Denied, b.CheckIn(ctx, "E01", "00000000", "111111"))
	h.must(b.CheckIn(ctx, "E01", code, "111111"))
	r := b.round("R1", tick(room.Received))
	if !r.Own.Elsewhere || r.MayVote || !r.MayReturn {
		t.Fatalf("%+v", r)
	}
	h.must(b.AskReturn(ctx, "R1", "换电脑"))
	h.must(a.desk.Return(ctx, "R1", "E01", "换电脑"))
	b.vote("R1", ballot.Oppose)
	if got := a.counted("R1"); got["E01"] != 2 {
		t.Fatal(got)
	}
	// The lost one turns up: with its old credential it may do nothing.
	h.wants(fault.Denied, all[0].CheckIn(ctx, "E01", "", boothPin))
	if code, err = a.desk.Revoke(ctx, "E01", "换回原来的电脑"); err != nil {
		t.Fatal(err)
	}
	h.must(all[0].CheckIn(ctx, "E01", code, boothPin))
	r = all[0].round("R1", tick(room.Received))
	if !r.Own.Elsewhere || r.Own.Version != 2 {
		t.Fatalf("%+v", r)
	}
}

// Written opinions go out once, and only from those who may.
func TestOpinions(t *testing.T) {
	h := newHouse(t, 3, func(p *ballot.Package) {
		p.Reviewers = []ballot.Reviewer{{Applicant: "A0001", Expert: "E01", Role: ballot.Main}, {Applicant: "A0002", Expert: "E02", Role: ballot.Assistant}}
	})
	a := h.start()
	l := a.sit("E01")
	h.wants(fault.Denied, l.Opinion(ctx, "A0002", "不是我的"))
	h.wants(fault.Invalid, l.Opinion(ctx, "A0001", " \n"))
	h.must(l.Opinion(ctx, "A0001", "第一段\n第二段|竖线"))
	v := l.until(func(v *room.View) bool { return len(v.Opinions) == 1 && v.Opinions[0].Received })
	if v.Opinions[0].Applicant != "A0001" {
		t.Fatalf("%+v", v.Opinions)
	}
	a.desk.View(func(s *ballot.State) {
		if len(s.Opinions) != 1 || s.Opinions[0].Role != ballot.Main || len(s.Opinions[0].Paragraphs) != 2 {
			t.Errorf("%+v", s.Opinions)
		}
	})
}

// A void round is held again under its own id; ballots of the void one are no head for the new one.
func TestHeldAgain(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	all := a.sits(2)
	h.must(a.desk.OpenRound(ctx, "R1"))
	for _, l := range all {
		l.vote("R1", ballot.Agree)
	}
	next, err := a.desk.Void(ctx, "R1", "名单有误", true, h.chair, h.supervisor)
	h.must(err)
	h.must(a.desk.OpenRound(ctx, next))
	for _, l := range all {
		if r := l.round("R1", func(r *room.RoundView) bool { return r.State == ballot.RoundVoid }); r.Next != next || r.MayVote || r.MayReturn {
			t.Fatalf("%+v", r)
		}
		if s := l.vote(next, ballot.Oppose); s.Pending || s.Receipt.Reason != "" {
			t.Fatalf("%+v", s)
		}
	}
	a.count(next)
	for _, l := range all {
		l.round(next, func(r *room.RoundView) bool { return r.MayAttest })
		if n, err := l.Attest(ctx, next, boothPin); n != 0 || err != nil {
			t.Fatal(n, err)
		}
	}
	h.must(a.desk.SignOff(ctx, next, "1", h.chair, h.supervisor))
	if v := a.verified(); v.State.Rounds[next].Tally.Results[0].Oppose != 2 {
		t.Fatal("not the second ballots")
	}
}

// After the archive's word, and not before, a laptop erases what it holds and says so.
func TestBoothWipe(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	all := a.sits(2)
	h.must(a.desk.OpenRound(ctx, "R1"))
	for _, l := range all {
		l.vote("R1", ballot.Agree)
	}
	a.count("R1")
	h.must(a.desk.SignOff(ctx, "R1", "1", h.chair, h.supervisor))
	h.wants(fault.State, all[0].Wipe(ctx))
	var size int64
	var root []byte
	a.desk.View(func(s *ballot.State) {
		size = s.Size()
		x, _ := s.RootAt(size)
		root = x[:]
	})
	archive, err := (&ballot.Archive{Session: a.desk.Session, Size: size, Root: root, At: h.now()}).Sign(h.server)
	h.must(err)
	forged, err := (&ballot.Archive{Session: a.desk.Session, Size: size, Root: root, At: h.now()}).Sign(ballot.Key{Role: ballot.RoleServer, Private: h.chair.Private})
	h.must(err)
	h.wants(fault.Invalid, all[0].Archive(ctx, forged))
	h.wants(fault.State, all[0].Wipe(ctx))
	if _, err := a.hub.Import(ctx, archive); err != nil {
		t.Fatal(err)
	}
	all[0].round("R1", tick(room.Archived))
	all[0].until(func(v *room.View) bool { return v.Archived })
	raw := envelopesOf(t, all[0].dir)
	if len(raw) != 1 {
		t.Fatal(len(raw))
	}
	secrets := append(secretsOf(t, all[0].dir), raw...)
	h.must(all[0].Wipe(ctx))
	all[0].until(func(v *room.View) bool { return v.Expert == "" && v.Waiting == 0 })
	if found, _ := holds(t, all[0].dir, secrets...); len(found) > 0 {
		t.Fatal("left in", found)
	}
	a.desk.View(func(s *ballot.State) {
		if !s.Wiped["E01"] || s.Wiped["E02"] {
			t.Error(s.Wiped)
		}
	})
	h.must(all[1].Archive(ctx, archive))
	h.must(all[1].Erase(ctx))
	if found, _ := holds(t, all[1].dir, []byte("E02")); len(found) > 0 {
		t.Fatal("left in", found)
	}
}

// The laptop is bound to one package per session, and to the meeting's hubs.
func TestBoothRefuses(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	dir := t.TempDir()
	if _, err := room.OpenBooth(ctx, room.BoothOptions{Dir: dir, Server: h.server.Public(), Now: h.now}); fault.CodeOf(err) != fault.Invalid {
		t.Fatal("neither address nor package:", err)
	}
	o := a.options(dir)
	o.Pin = ""
	if _, err := room.OpenBooth(ctx, o); fault.CodeOf(err) != fault.Invalid {
		t.Fatal("no fingerprint:", err)
	}
	l := h.laptop(a.options(dir))
	h.wants(fault.Invalid, l.CheckIn(ctx, "E01", "", boothPin))
	h.wants(fault.Invalid, l.CheckIn(ctx, "E01", a.desk.Codes()["E01"], ""))
	h.must(l.CheckIn(ctx, "E01", a.desk.Codes()["E01"], boothPin))
	l.Close()
	// Once the package is there, the fingerprint is known from it.
	o = a.options(dir)
	o.Pin = ""
	l = h.laptop(o)
	h.must(l.CheckIn(ctx, "E01", "", boothPin))
	l.Close()
	other, _ := h.issue(h.model.Package, func(p *ballot.Package) { p.Title = "另一份会议包" })
	o.Package = other
	if _, err := room.OpenBooth(ctx, o); fault.CodeOf(err) != fault.Denied {
		t.Fatal("another package after something was said:", err)
	}
}

// The panel reads what the reviewers have written: the latest of each, with names, but not on those from whom the reader is recused.
func TestOpinionsOfOthers(t *testing.T) {
	h := newHouse(t, 4, func(p *ballot.Package) {
		p.Reviewers = []ballot.Reviewer{
			{Applicant: "A0001", Expert: "E02", Role: ballot.Assistant},
			{Applicant: "A0001", Expert: "E01", Role: ballot.Main},
			{Applicant: "A0002", Expert: "E02", Role: ballot.Main},
		}
		p.Experts[2].Recused = []string{"A0001"}
	})
	a := h.start()
	one, two, three := a.sit("E01"), a.sit("E02"), a.sit("E03")
	none, err := one.Opinions(ctx)
	if h.must(err); len(none) != 0 {
		t.Fatalf("%+v", none)
	}
	write := func(l *laptop, applicant, text string) {
		t.Helper()
		h.must(l.Opinion(ctx, applicant, text))
		l.until(func(v *room.View) bool { return v.Waiting == 0 })
	}
	write(two, "A0001", "先写的")
	write(one, "A0001", "第一段\n第二段")
	write(two, "A0002", "二号人员")
	write(two, "A0001", "改写的")
	says := func(l *laptop) (all []string) {
		t.Helper()
		got, err := l.Opinions(ctx)
		h.must(err)
		for _, o := range got {
			all = append(all, o.Applicant+" "+o.Expert+" "+o.Role+" "+o.Text)
		}
		return all
	}
	name := func(i int) string { return h.model.Package.Experts[i].Name }
	want := []string{"A0001 " + name(0) + " MAIN 第一段\n第二段", "A0001 " + name(1) + " ASSISTANT 改写的", "A0002 " + name(1) + " MAIN 二号人员"}
	for _, l := range []*laptop{one, two} {
		if got := says(l); !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	}
	if got := says(three); !slices.Equal(got, want[2:]) {
		t.Errorf("recused from the first: %q", got)
	}
	// A laptop that comes on the stick alone reads them too, and one that nobody sits at reads nothing.
	stick := a.offline(t.TempDir())
	if err := stick.CheckIn(ctx, "E04", a.desk.Codes()["E04"], boothPin); !errors.Is(err, room.ErrPending) {
		t.Fatal(err)
	}
	stick.trip(a)
	if got := says(stick); !slices.Equal(got, want) {
		t.Errorf("by stick: %q", got)
	}
	write(one, "A0001", "最后的意见")
	want[0] = "A0001 " + name(0) + " MAIN 最后的意见"
	stick.trip(a)
	if got := says(stick); !slices.Equal(got, want) {
		t.Errorf("by stick again: %q", got)
	}
	three.Leave()
	_, err = three.Opinions(ctx)
	h.wants(fault.State, err)
	// Who does not know the pairing code reads nothing.
	stranger, _ := a.client("000000", nil)
	_, err = stranger.ListOpinions(ctx, &roomv1.ListOpinionsRequest{})
	h.wants(fault.Denied, err)
}

// A laptop believes no opinion for coming from a sequencer: it must be signed with the credential that staff has confirmed.
func TestForgedOpinions(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	one, two := a.sit("E01"), a.sit("E02")
	h.must(one.Opinion(ctx, "A0001", "真的"))
	one.until(func(v *room.View) bool { return v.Waiting == 0 })
	c, _ := a.client(a.hub.Pairing, nil)
	resp, err := c.ListOpinions(ctx, &roomv1.ListOpinionsRequest{})
	h.must(err)
	if len(resp.Objects) != 2 || resp.Next != 0 {
		t.Fatal("not a check-in and an opinion:", len(resp.Objects), resp.Next)
	}
	checkIn, opinion := resp.Objects[0], resp.Objects[1]
	rest, err := c.ListOpinions(ctx, &roomv1.ListOpinionsRequest{Offset: 1 << 40})
	if h.must(err); len(rest.Objects) != 0 || rest.Next != 0 {
		t.Fatal("beyond the log:", rest)
	}
	if got := room.Read(two.Booth, [][]byte{checkIn, opinion}); len(got) != 1 || got[0].Text != "真的" {
		t.Fatalf("%+v", got)
	}
	stranger, err := ballot.NewKey(ballot.RoleExpert, rand.Reader)
	h.must(err)
	forged, err := ballot.NewOpinion(a.desk.Session, "A0001", "E01", ballot.Main, "假的", h.now()).Sign(stranger)
	h.must(err)
	// The stranger confirms himself: what stands in staff's place must be staff's.
	half, err := (&ballot.Voter{Package: h.model.Package, Expert: "E01", Key: stranger, Device: "x", Random: rand.Reader}).CheckIn("12345678", h.now())
	h.must(err)
	staff, err := ballot.NewKey(ballot.RoleStaff, rand.Reader)
	h.must(err)
	own, err := ballot.Countersign(half, staff)
	h.must(err)
	for name, objects := range map[string][][]byte{
		"another key":             {checkIn, forged},
		"a check-in of nobody":    {own, forged},
		"a check-in of one's own": {half, forged},
		"changed":                 {checkIn, bytes.Replace(opinion, []byte("真的"), []byte("假的"), 1)},
		"without the check-in":    {opinion},
		"before the check-in":     {opinion, checkIn},
		"unsigned":                {checkIn, opinion[:bytes.LastIndex(opinion, []byte("\n\n"))+1]},
	} {
		if got := room.Read(two.Booth, objects); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// After staff has ended a credential it signs no opinion that counts.
	_, err = a.desk.Revoke(ctx, "E01", "电脑遗失")
	h.must(err)
	resp, err = c.ListOpinions(ctx, &roomv1.ListOpinionsRequest{})
	h.must(err)
	if got := room.Read(two.Booth, resp.Objects); len(resp.Objects) != 3 || len(got) != 1 {
		t.Fatalf("what was said before stands: %d objects, %+v", len(resp.Objects), got)
	}
	if got := room.Read(two.Booth, [][]byte{checkIn, resp.Objects[2], opinion}); len(got) != 0 {
		t.Fatalf("an opinion of a revoked credential: %+v", got)
	}
}

// Many long opinions come in several answers, each in its bounds, and all of them arrive.
func TestManyOpinions(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	one, two := a.sit("E01"), a.sit("E02")
	long := strings.Repeat("长", 300_000)
	for i, applicant := range h.model.Package.Applicants[:3] {
		for _, l := range []*laptop{one, two} {
			h.must(l.Opinion(ctx, applicant.ID, fmt.Sprint(i, long)))
			l.until(func(v *room.View) bool { return v.Waiting == 0 })
		}
	}
	c, _ := a.client(a.hub.Pairing, nil)
	answers, objects := 0, 0
	for offset := int64(0); ; answers++ {
		resp, err := c.ListOpinions(ctx, &roomv1.ListOpinionsRequest{Offset: offset})
		h.must(err)
		size := 0
		for _, o := range resp.Objects {
			size += len(o)
		}
		if size > 4<<20 {
			t.Error("an answer of", size)
		}
		if objects += len(resp.Objects); resp.Next == 0 {
			break
		}
		offset = resp.Next
	}
	if answers == 0 || objects != 2+6 {
		t.Error(answers, objects)
	}
	got, err := one.Opinions(ctx)
	h.must(err)
	if len(got) != 6 || len(got[5].Text) != 1+len(long) {
		t.Error("have", len(got))
	}
}
