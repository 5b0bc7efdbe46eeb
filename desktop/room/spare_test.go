package room_test

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/fault"
)

// spare opens the spare, which follows a hub if one is given.
func (h *house) spare(of *hall) *hall {
	h.t.Helper()
	b := h.open(h.spareDir, "127.0.0.1:0", h.pkg)
	if of != nil {
		h.must(b.hub.Follow(of.address))
	}
	return b
}

// until waits until the board of a desk says so.
func (a *hall) until(ok func() bool) {
	a.t.Helper()
	limit, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		grown := a.desk.Grown()
		if ok() {
			return
		}
		select {
		case <-grown:
		case <-limit.Done():
			b, err := a.desk.Board()
			a.t.Fatalf("waited in vain: %+v, %v", b, err)
		}
	}
}

// witness shows a hub the highest checkpoint of a laptop.
func (s *seat) witness(a *hall) error {
	s.t.Helper()
	c, _ := a.client(a.hub.Pairing, nil)
	_, err := c.Witness(ctx, &roomv1.WitnessRequest{Session: s.session, Checkpoint: s.highest})
	return err
}

// The spare follows over the LAN. The hub dies; with the word of chair and staff the spare goes on from the very entry, and says so to booths.
func TestSpareTakesOver(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	b := h.spare(a)
	seats := a.seats(3)
	h.must(a.desk.OpenRound(ctx, "R1"))
	seats[0].vote(a, "R1", ballot.Agree)
	b.until(func() bool { return len(b.desk.Log()) == len(a.desk.Log()) })
	seats[1].vote(a, "R1", ballot.Agree)
	b.until(func() bool { return len(b.desk.Log()) == len(a.desk.Log()) })
	if x, err := b.desk.Board(); err != nil || x.Mine || x.Sequencer != "主机（本机为备用）" || x.Behind != "" {
		t.Fatalf("%+v %v", x, err)
	}
	// It knows the codes too, a new one as well: nobody has to be told others when it takes over.
	if _, err := a.desk.Revoke(ctx, "E03", "电脑更换"); err != nil {
		t.Fatal(err)
	}
	b.until(func() bool {
		return maps.Equal(a.desk.Codes(), b.desk.Codes()) && a.hub.PairingCode() == b.hub.PairingCode()
	})
	seats[2] = a.seat(2)
	seats[2].voter.Key = ballottest.Key(ballot.RoleExpert, 77)
	seats[2].checkIn(a)
	b.until(func() bool { return len(b.desk.Log()) == len(a.desk.Log()) })
	// Before it is made the sequencer it takes nothing, from booths or staff.
	if _, err := seats[2].send(b, seats[2].envelope(b, "R1", ballot.Agree)); fault.CodeOf(err) != fault.State {
		t.Fatal("the spare took a ballot beside the hub:", err)
	}
	h.wants(fault.State, b.desk.Return(ctx, "R1", "E01", "x"))
	h.wants(fault.State, a.hub.TakeOver(ctx, "", "没有必要", h.chair))
	size := len(a.desk.Log())
	a.close()
	// A spare that is started again has all it needs.
	b.close()
	b = h.spare(nil)
	h.wants(fault.Invalid, b.hub.TakeOver(ctx, "", "", h.chair))
	h.wants(fault.Invalid, b.hub.TakeOver(ctx, "", "主机断电", h.supervisor))
	h.must(b.hub.TakeOver(ctx, "", "主机断电", h.chair))
	h.wants(fault.State, b.hub.TakeOver(ctx, "", "再来", h.chair))
	s := seats[2].status(b)
	if s.Epoch != 2 || len(s.Epochs) != 1 || int(s.Size) != size+1 {
		t.Fatal(s.Epoch, s.Size, size)
	}
	h.must(seats[0].witness(b))
	// What was receipted is answered again, by the new hub; the missing ballot comes now.
	for _, x := range seats[:2] {
		if r, err := x.send(b, x.sent[0]); err != nil || r.Reason != "" || r.Epoch != 2 || r.Index >= int64(size) {
			t.Fatal(r, err)
		}
	}
	seats[1].checkIn(b)
	seats[2].vote(b, "R1", ballot.Agree)
	b.count("R1")
	h.must(b.desk.SignOff(ctx, "R1", "1", h.chair, h.supervisor))
	v := b.verified()
	if v.State.Epoch != 2 || v.State.Rounds["R1"].Tally.Results[0].Agree != 3 || len(v.Alarms) > 0 {
		t.Fatal(v.State.Epoch, v.Alarms)
	}
	// The evidence holds what laptops have shown of this log.
	file, err := b.desk.Export()
	h.must(err)
	if e, err := ballot.ParseEvidence(file); err != nil || len(e.Checkpoints) != 1 {
		t.Fatal(e, err)
	}
	// The old hub comes up again: it learns from the first laptop that it is the sequencer no more (V11).
	a = h.start()
	h.wants(fault.State, seats[2].witness(a))
	if _, err := seats[0].send(a, seats[0].envelope(a, "R1", ballot.Oppose)); fault.CodeOf(err) != fault.State {
		t.Fatal("two hubs at once:", err)
	}
	record, err := a.desk.Export()
	h.must(err)
	if x, err := b.hub.Import(ctx, record); err != nil || !strings.Contains(x.Note, "已包含") {
		t.Fatal(x, err)
	}
}

// The hub is gone with its log, and the spare has no copy: the new log begins at the highest checkpoint that a laptop shows, and the laptops hand in all they
// have again. When the old log turns up it stands in the evidence, and what is missing is an alarm.
func TestSpareAfterLoss(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	seats := a.seats(3)
	h.must(a.desk.OpenRound(ctx, "R1"))
	for _, s := range seats {
		s.vote(a, "R1", ballot.Agree)
	}
	record, err := a.desk.Export()
	h.must(err)
	size := int64(len(a.desk.Log()))
	a.close()
	b := h.spare(nil)
	for _, s := range seats {
		h.wants(fault.State, s.witness(b))
	}
	h.must(b.hub.TakeOver(ctx, "", "主机被盗", h.chair))
	var from ballot.Head
	b.desk.View(func(s *ballot.State) { from, err = ballot.ReadHead(s.Epochs[0].From) })
	if err != nil || from.Size != size || from.Origin != b.desk.Whole.Origin {
		t.Fatal(from, err)
	}
	// The spare does not know the codes: check-ins wait until staff has typed what stands on the slip.
	c, _ := b.client(b.hub.Pairing, nil)
	for i, s := range seats[:2] {
		resp, err := c.CheckIn(ctx, &roomv1.CheckInRequest{Object: s.half})
		if err != nil || !resp.Pending {
			t.Fatal(resp, err)
		}
		x, err := b.desk.Board()
		h.must(err)
		p := x.Pending[0]
		if len(x.Pending) != 1 || p.Known || p.Right || p.Name == "" {
			t.Fatalf("%+v", x.Pending)
		}
		h.wants(fault.State, b.desk.Admit(ctx, p))
		if i == 0 {
			h.must(b.desk.EnterCode("E01", "00000000"))
			h.wants(fault.Denied, b.desk.Admit(ctx, p))
		}
		h.must(b.desk.EnterCode(p.Expert, s.code))
		if x, _ = b.desk.Board(); !x.Pending[0].Right {
			t.Fatalf("%+v", x.Pending)
		}
		h.must(b.desk.Admit(ctx, p))
		s.checkIn(b)
	}
	h.must(b.desk.OpenRound(ctx, "R1"))
	for _, s := range seats[:2] {
		if r, err := s.send(b, s.sent[0]); err != nil || r.Reason != "" || r.Epoch != 2 {
			t.Fatal(r, err)
		}
	}
	b.count("R1")
	h.must(b.desk.SignOff(ctx, "R1", "1", h.chair, h.supervisor))
	if v := b.verified(); len(v.Alarms) > 0 && !strings.Contains(v.Alarms[0], "检查点") {
		t.Fatal(v.Alarms)
	}
	for range 2 {
		if x, err := b.hub.Import(ctx, record); err != nil || !strings.Contains(x.Note, "证据") {
			t.Fatal(x, err)
		}
	}
	v := b.verified()
	if all := strings.Join(v.Alarms, "\n"); len(v.Earlier) != 1 || !strings.Contains(all, "第1任主机已回执专家E03") || strings.Contains(all, "E01") {
		t.Fatal(v.Alarms)
	}
	// Two experts' ballots were counted once each, in spite of standing in both logs.
	if r := v.State.Rounds["R1"].Tally.Results[0]; r.Agree != 2 {
		t.Fatal(r)
	}
}

// The spare has the columns of what was counted before it took over. Should they be lost with the hub, two custodians open the round again, which gives the
// same columns or none.
func TestColumnsAtTheSpare(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	b := h.spare(a)
	a.seats(3)
	h.must(a.desk.OpenRound(ctx, "R1"))
	a.seat(0).vote(a, "R1", ballot.Agree)
	a.seat(1).vote(a, "R1", ballot.Oppose)
	a.count("R1")
	want, err := a.desk.Columns(ctx, "R1")
	h.must(err)
	b.until(func() bool {
		got, err := b.desk.Columns(ctx, "R1")
		h.must(err)
		return bytes.Equal(got, want)
	})
	a.close()
	h.must(b.hub.TakeOver(ctx, "", "主机断电", h.chair))
	h.wants(fault.State, b.desk.Tally(ctx, "R1", h.keyFile(0), h.keyFile(2)))
	path := filepath.Join(h.spareDir, "columns-M1-S1-R1.txt")
	h.must(os.Remove(path))
	if x, err := b.desk.Board(); err != nil || !strings.Contains(strings.Join(x.Alarms, ""), "缺少轮次R1的计票栏") {
		t.Fatal(x, err)
	}
	h.wants(fault.Denied, b.desk.Tally(ctx, "R1", h.keyFile(0), h.keyFile(1)))
	h.must(b.desk.Tally(ctx, "R1", h.keyFile(0), h.keyFile(2)))
	got, err := os.ReadFile(path)
	if h.must(err); !bytes.Equal(got, want) {
		t.Fatal("other columns")
	}
	h.must(b.desk.SignOff(ctx, "R1", "1", h.chair, h.supervisor))
	b.verified()
}

// The copy by stick: log and codes, so that nobody has to type.
func TestSpareByStick(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	seats := a.seats(2)
	copied, err := a.desk.Copy()
	h.must(err)
	b := h.spare(nil)
	if _, err := a.hub.Import(ctx, copied); err == nil {
		t.Fatal("the copy is not for the hub itself")
	}
	for range 2 {
		x, err := b.hub.Import(ctx, copied)
		if err != nil || len(b.desk.Log()) != len(a.desk.Log()) || x.Note == "" {
			t.Fatal(x, err)
		}
	}
	// What happens after the copy is lost with the hub; the laptops still have it.
	h.must(a.desk.OpenRound(ctx, "R1"))
	seats[0].vote(a, "R1", ballot.Agree)
	a.close()
	h.must(b.hub.TakeOver(ctx, "", "主机损坏", h.chair))
	late := b.seat(2)
	if late.code == "" {
		t.Fatal("the codes did not come with the copy")
	}
	late.checkIn(b)
	h.must(b.desk.OpenRound(ctx, "R1"))
	if r, err := seats[0].send(b, seats[0].sent[0]); err != nil || r.Reason != "" {
		t.Fatal(r, err)
	}
}

// An old copy of the hub's log is put back. The first laptop that shows what it has seen stops the hub (V10); chair and staff let it go on, and laptops hand in
// again what was lost.
func TestRolledBack(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	seats := a.seats(3)
	h.must(a.desk.OpenRound(ctx, "R1"))
	seats[0].vote(a, "R1", ballot.Agree)
	a.close()
	old := map[string][]byte{}
	files, err := filepath.Glob(filepath.Join(h.dir, "ballots*"))
	h.must(err)
	for _, path := range files {
		old[path], err = os.ReadFile(path)
		h.must(err)
	}
	a = h.start()
	seats[1].vote(a, "R1", ballot.Agree)
	seats[2].vote(a, "R1", ballot.Agree)
	record, err := a.desk.Export()
	h.must(err)
	a.close()
	now, err := filepath.Glob(filepath.Join(h.dir, "ballots*"))
	h.must(err)
	for _, path := range now {
		h.must(os.Remove(path))
	}
	for path, b := range old {
		h.must(os.WriteFile(path, b, 0o600))
	}
	a = h.start()
	c, _ := a.client(a.hub.Pairing, nil)
	if _, err := c.Submit(ctx, &roomv1.SubmitRequest{Object: seats[1].sent[0]}); fault.CodeOf(err) != fault.Offline {
		t.Fatal("a hub that has just been started took a ballot before anybody had shown what he has seen:", err)
	}
	h.must(seats[0].witness(a)) // has seen no more than the hub has
	h.wants(fault.State, seats[1].witness(a))
	b, err := a.desk.Board()
	if h.must(err); b.Behind == "" || len(b.Alarms) != 1 {
		t.Fatalf("%+v", b)
	}
	if _, err := seats[1].send(a, seats[1].sent[0]); fault.CodeOf(err) != fault.State {
		t.Fatal("a hub that was rolled back took a ballot:", err)
	}
	h.wants(fault.State, a.desk.Mark(ctx, "E03", ballot.Left, "x", h.chair, h.supervisor))
	// It remembers over a restart what it has been shown, and that it must not go on.
	a.close()
	a = h.start()
	if b, err = a.desk.Board(); err != nil || b.Behind == "" {
		t.Fatal("started again, the hub forgot:", err)
	}
	h.wants(fault.State, a.desk.Return(ctx, "R1", "E01", "x"))
	h.must(a.hub.TakeOver(ctx, "", "主机恢复过旧备份", h.chair))
	for _, s := range seats {
		if r, err := s.send(a, s.sent[0]); err != nil || r.Reason != "" || r.Epoch != 2 {
			t.Fatal(r, err)
		}
	}
	if x, err := a.hub.Import(ctx, record); err != nil || !strings.Contains(x.Note, "证据") {
		t.Fatal(x, err)
	}
	a.count("R1")
	v := a.verified()
	if v.State.Rounds["R1"].Tally.Results[0].Agree != 3 || len(v.Earlier) != 1 {
		t.Fatal(v.State.Rounds["R1"].Tally.Results[0], len(v.Earlier))
	}
	if len(v.Alarms) == 0 || !strings.Contains(v.Alarms[0], "检查点") {
		t.Fatal("nothing says that a laptop has seen another log:", v.Alarms)
	}
	// Now the hub is lost altogether. The spare has never heard of its second term; the laptops have, and the third begins there.
	a.close()
	spare := h.spare(nil)
	h.wants(fault.State, seats[0].witness(spare))
	h.must(spare.hub.TakeOver(ctx, "", "主机被盗", h.chair))
	spare.desk.View(func(s *ballot.State) {
		from, err := ballot.ReadHead(s.Epochs[0].From)
		if err != nil || s.Epoch != 3 || s.Package.EpochOf(from.Origin) != 2 {
			t.Fatal(s.Epoch, from, err)
		}
	})
}
