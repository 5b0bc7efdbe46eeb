package room_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"zhiping/desktop/room"
	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/proto/gen/zhiping/room/v1/roomv1connect"
	"zhiping/shared/ballot"
	sequencer "zhiping/shared/room"
)

// admit lets in who waits at a hub that does not know the codes: staff types what stands on the slips.
func (a *hall) admit(codes map[string]string, n int) {
	a.t.Helper()
	a.until(func() bool { b, err := a.desk.Board(); return err == nil && len(b.Pending) == n })
	b, err := a.desk.Board()
	a.must(err)
	for _, p := range b.Pending {
		a.must(a.desk.EnterCode(p.Expert, codes[p.Expert]))
		a.must(a.desk.Admit(ctx, p))
	}
}

// The hub is lost with its log. The booths go to the spare by themselves, believe it for the epoch that chair and staff have signed, and hand in all that they
// have said again, in order: a first ballot, the wish, staff's return, and the second ballot.
func TestBoothAfterLoss(t *testing.T) {
	h := newHouse(t, 3, nil)
	a, b := h.start(), h.spare(nil)
	codes := a.desk.Codes()
	var all []*laptop
	for _, expert := range []string{"E01", "E02", "E03"} {
		o := a.options(t.TempDir())
		o.More = []string{b.address + " " + b.hub.Pairing}
		l := h.laptop(o)
		h.must(l.CheckIn(ctx, expert, codes[expert], boothPin))
		all = append(all, l)
	}
	h.must(a.desk.OpenRound(ctx, "R1"))
	all[0].vote("R1", ballot.Agree)
	h.must(all[0].AskReturn(ctx, "R1", "改票"))
	a.until(func() bool { return len(a.row("R1").Requested) == 1 })
	h.must(a.desk.Return(ctx, "R1", "E01", "改票"))
	all[0].vote("R1", ballot.Oppose)
	all[1].vote("R1", ballot.Agree)
	old := all[2].round("R1", mayVote)
	all[0].until(func(v *room.View) bool { return v.Waiting == 0 })
	a.close()
	// The spare is up, and nobody has made it the sequencer: nothing is believed of it.
	all[2].until(func(v *room.View) bool { return v.OfflineSince > 0 })
	if s := all[2].vote("R1", ballot.Agree); !s.Pending {
		t.Fatalf("%+v %+v", s, old)
	}
	h.must(b.hub.TakeOver(ctx, "", "主机被盗", h.chair))
	done := make(chan struct{})
	watching, cancel := context.WithCancel(ctx)
	for _, l := range all {
		go func() {
			defer func() { done <- struct{}{} }()
			for after := int64(0); ; {
				v, err := l.Watch(watching, after)
				if err != nil {
					return
				}
				after = v.Seq
			}
		}()
	}
	b.admit(codes, 3)
	b.until(func() bool { return len(b.row("R1").Present) == 3 })
	h.must(b.desk.OpenRound(ctx, "R1"))
	b.until(func() bool { got := b.counted("R1"); return len(got) == 3 && got["E01"] == 2 })
	b.until(func() bool { e, err := b.desk.Exceptions("R1"); return err == nil && len(e) == 0 })
	cancel()
	for range all {
		<-done
	}
	for _, l := range all {
		v := l.until(func(v *room.View) bool { return v.Waiting == 0 && seen(v, "R1").Own.Tick == room.Received })
		if v.Epoch != 2 || len(v.Alarms) > 0 {
			t.Fatalf("%+v", v)
		}
	}
	b.count("R1")
	for _, l := range all {
		l.round("R1", func(r *room.RoundView) bool { return r.MayAttest })
		if n, err := l.Attest(ctx, "R1", boothPin); err != nil || n != 0 {
			t.Fatal(n, err)
		}
	}
	// The old hub comes back while the new one is away: what it says is not listened to.
	b.close()
	a = h.open(h.dir, a.address, h.pkg)
	size := len(a.desk.Log())
	all[0].until(func(v *room.View) bool { return strings.Contains(v.Notice, "已被替换") })
	h.must(all[0].Opinion(ctx, "A0001", "写给谁"))
	all[0].until(func(v *room.View) bool { return strings.Contains(v.Notice, "已被替换") && v.Waiting == 1 })
	if len(a.desk.Log()) != size {
		t.Fatal("something was sent to a hub that has been replaced")
	}
}

// An old copy of the hub's folder is put back. The laptop shows what it has seen: the hub stops, the laptop says so, and after a new epoch it hands in again.
func TestBoothAfterRollback(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	all := a.sits(2)
	h.must(a.desk.OpenRound(ctx, "R1"))
	for _, l := range all {
		l.round("R1", mayVote)
	}
	a.close()
	old := copyFolder(t, h.dir)
	a = h.open(h.dir, a.address, h.pkg)
	for _, l := range all {
		l.vote("R1", ballot.Agree)
		l.round("R1", tick(room.Received))
		l.until(func(v *room.View) bool { return v.Waiting == 0 })
	}
	a.close()
	a = h.open(old, a.address, h.pkg)
	all[0].until(func(v *room.View) bool { return strings.Contains(v.Notice, "落后") })
	if len(a.counted("R1")) != 0 || a.desk.Sequencer().Session.Behind() == nil {
		t.Fatal("the hub has not noticed")
	}
	h.must(a.hub.TakeOver(ctx, "", "恢复过旧备份", h.chair))
	for _, l := range all {
		v := l.until(func(v *room.View) bool { return v.Epoch == 2 && v.Waiting == 0 && v.Notice == "" })
		if r := seen(v, "R1"); r.Own.Tick != room.Received || len(v.Alarms) > 0 {
			t.Fatalf("%+v", v)
		}
	}
	if got := a.counted("R1"); len(got) != 2 {
		t.Fatal(got)
	}
}

// A liar has the hub's keys and shows whom it likes what it likes.
type liar struct {
	sequencer.Handler
	status, ballots *sequencer.Room
	alter           func(*roomv1.GetStatusResponse)
	submitted       atomic.Int64
}

func (x *liar) GetStatus(ctx context.Context, req *roomv1.GetStatusRequest) (*roomv1.GetStatusResponse, error) {
	s, err := x.Handler.GetStatus(ctx, req)
	if err == nil && x.alter != nil {
		x.alter(s)
	}
	return s, err
}

func (x *liar) Submit(ctx context.Context, req *roomv1.SubmitRequest) (*roomv1.SubmitResponse, error) {
	x.submitted.Add(1)
	r, err := x.ballots.Append(ctx, req.Object)
	if err != nil {
		return nil, err
	}
	return &roomv1.SubmitResponse{Receipt: r.Text()}, nil
}

// Witness proves from whatever it is shown, and never says that it knows better.
func (x *liar) Witness(_ context.Context, req *roomv1.WitnessRequest) (*roomv1.WitnessResponse, error) {
	h, err := ballot.ReadHead(req.Checkpoint)
	if err != nil {
		return nil, err
	}
	proof, cp, err := x.status.Session.ProofFrom(h)
	resp := &roomv1.WitnessResponse{Checkpoint: cp}
	for _, p := range proof {
		resp.Proof = append(resp.Proof, p[:])
	}
	return resp, err
}

// lie serves a liar with a hub's certificate at an address.
func (h *house) lie(address string, status, ballots *sequencer.Room) *liar {
	h.t.Helper()
	x := &liar{status: status, ballots: ballots}
	x.Handler = sequencer.Handler{
		Find: func(context.Context, string) (*sequencer.Room, error) { return status, nil },
		List: func(context.Context) ([]*sequencer.Room, error) { return []*sequencer.Room{status}, nil },
	}
	keys := h.keys(h.dir)
	cert, err := tls.X509KeyPair(keys.Cert, keys.Cert)
	h.must(err)
	mux := http.NewServeMux()
	mux.Handle(roomv1connect.NewRoomServiceHandler(x, encoded))
	l, err := net.Listen("tcp", address)
	h.must(err)
	s := &http.Server{Handler: mux, TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}}
	serving := room.Background(func() error { return s.ServeTLS(l, "", "") })
	h.t.Cleanup(func() { s.Close(); <-serving })
	return x
}

// fork is another log of the same hub, in which others have checked in.
func (h *house) fork(experts ...int) *hall {
	h.t.Helper()
	other := copyFolder(h.t, h.dir)
	for _, name := range []string{"ballots-M1-S1.db", "ballots-M1-S1.db-wal", "ballots-M1-S1.db-shm"} {
		h.must(removeIfThere(other + "/" + name))
	}
	f := h.open(other, "127.0.0.1:0", h.pkg)
	for _, i := range experts {
		f.seat(i).checkIn(f)
	}
	return f
}

// A hub shows a laptop another log than before. Both checkpoints are kept as an alarm; nothing is sent to that hub any more, though it shows the true log again, until
// chair and staff have made another epoch.
func TestBoothSeesTwoLogs(t *testing.T) {
	h := newHouse(t, 6, nil)
	a := h.start()
	all := a.sits(4)
	l := all[0]
	h.must(a.desk.OpenRound(ctx, "R1"))
	l.round("R1", mayVote)
	f := h.fork(5, 4, 3, 2, 1, 0)
	h.must(f.desk.OpenRound(ctx, "R1"))
	a.close()
	x := h.lie(a.address, f.desk.Sequencer(), f.desk.Sequencer())
	if s := l.vote("R1", ballot.Agree); !s.Saved || !s.Pending {
		t.Fatalf("%+v", s)
	}
	v := l.until(func(v *room.View) bool { return len(v.Alarms) == 1 })
	if !strings.Contains(v.Alarms[0], "不一致") || seen(v, "R1").Own.Tick != room.Saved || x.submitted.Load() != 0 {
		t.Fatalf("%+v, %d", v, x.submitted.Load())
	}
	l.Close()
	seen1 := query(t, l.dir, "SELECT seen FROM alarm")
	shown := query(t, l.dir, "SELECT shown FROM alarm")
	if len(seen1) != 1 {
		t.Fatal(len(seen1))
	}
	for _, cp := range [][]byte{seen1[0], shown[0]} {
		if _, err := ballot.OpenCheckpoint(cp, a.desk.Whole.Hub); err != nil {
			t.Fatal("the evidence is not signed:", err)
		}
	}
	// The true log again, after a restart of the laptop: the alarm stands.
	a = h.open(h.dir, "127.0.0.1:0", h.pkg)
	o := a.options(l.dir)
	b := h.laptop(o)
	h.must(b.CheckIn(ctx, "E01", "", boothPin))
	v = b.until(func(v *room.View) bool { return v.OfflineSince == 0 && v.CheckedIn == room.CheckInDone })
	if len(v.Alarms) != 1 || v.Waiting != 1 || len(a.counted("R1")) != 0 {
		t.Fatalf("%+v", v)
	}
	if s, err := b.Submit(ctx, "R1", same(b.Package, ballot.Agree)); err != nil || !s.Pending || len(a.counted("R1")) != 0 {
		t.Fatal("sent in spite of the alarm:", s, err)
	}
	// An epoch heals it. The hub may not take over from itself without a reason: the spare does, by stick.
	copied, err := a.desk.Copy()
	h.must(err)
	spare := h.spare(nil)
	if _, err := spare.hub.Import(ctx, copied); err != nil {
		t.Fatal(err)
	}
	a.close()
	h.must(spare.hub.TakeOver(ctx, "", "主机前后不一致", h.chair))
	b.Use(spare.address, spare.hub.Pairing)
	b.round("R1", tick(room.Received))
	if got := spare.counted("R1"); len(got) != 1 {
		t.Fatal(got)
	}
}

// A hub shows everybody one log and writes the ballot into another: the receipt's checkpoint gives it away.
func TestReceiptOfAnotherLog(t *testing.T) {
	h := newHouse(t, 6, nil)
	a := h.start()
	all := a.sits(4)
	h.must(a.desk.OpenRound(ctx, "R1"))
	all[0].round("R1", mayVote)
	a.close()
	f := h.open(copyFolder(t, h.dir), "127.0.0.1:0", h.pkg) // in which the ballot will be
	g := h.open(copyFolder(t, h.dir), "127.0.0.1:0", h.pkg) // that is shown, and never has it
	h.must(g.desk.Mark(ctx, "E06", ballot.Absent, "未到", h.chair, h.supervisor))
	h.must(g.desk.Mark(ctx, "E05", ballot.Absent, "未到", h.chair, h.supervisor))
	g.seat(4).checkIn(g)
	g.seat(5).checkIn(g) // longer by more than the laptop adds: sizes never meet, the proof alone tells
	h.lie(a.address, g.desk.Sequencer(), f.desk.Sequencer())
	s, err := all[0].Submit(ctx, "R1", same(all[0].Package, ballot.Agree))
	if err != nil || !s.Saved {
		t.Fatal(s, err)
	}
	v := all[0].until(func(v *room.View) bool { return len(v.Alarms) > 0 })
	if !slices.ContainsFunc(v.Alarms, func(s string) bool { return strings.Contains(s, "不一致") }) {
		t.Fatal(v.Alarms)
	}
}

// An epoch that others have signed than must does not make a hub one, however good its log is otherwise.
func TestForgedEpoch(t *testing.T) {
	h := newHouse(t, 3, nil)
	a, b := h.start(), h.spare(nil)
	l := a.sits(2)[0]
	h.must(a.desk.OpenRound(ctx, "R1"))
	l.round("R1", mayVote)
	log, cp, err := a.desk.Sequencer().Session.Signed()
	h.must(err)
	a.close()
	h.must(b.desk.TakeCopy(ctx, 0, log, cp))
	h.must(b.hub.TakeOver(ctx, "", "主机故障", h.chair))
	good := b.desk.Log()[len(b.desk.Log())-1]
	other, err := ballot.NewKey(ballot.RoleHub, rand.Reader)
	h.must(err)
	made := func(hub string, keys ...ballot.Key) []byte {
		o, err := (&ballot.Epoch{Session: l.Package.Session, Epoch: 2, Hub: hub, From: cp, Reason: "主机故障", At: 1}).Sign(keys...)
		h.must(err)
		return o
	}
	staff, spare := b.hub.StaffKey(), b.hub.HubKey().Public()
	for name, forged := range map[string][]byte{
		"another chair":             made(spare, ballot.Key{Role: ballot.RoleChair, Private: h.supervisor.Private}, staff),
		"staff alone":               made(spare, staff),
		"a hub without certificate": made(other.Public(), h.chair, staff),
	} {
		if _, err := ballot.OpenWord(forged, l.Package); err == nil {
			t.Error(name, "is believed")
		}
	}
	for name, fine := range map[string][]byte{"the real one": good, "any hub, by the server": made(other.Public(), h.server)} {
		if _, err := ballot.OpenWord(fine, l.Package); err != nil {
			t.Error(name, err)
		}
	}
	x := h.lie(a.address, b.desk.Sequencer(), b.desk.Sequencer())
	forged := made(spare, ballot.Key{Role: ballot.RoleChair, Private: h.supervisor.Private}, staff)
	x.alter = func(s *roomv1.GetStatusResponse) { s.Epochs = [][]byte{forged} }
	if s := l.vote("R1", ballot.Agree); !s.Pending {
		t.Fatalf("%+v", s)
	}
	x.alter = func(s *roomv1.GetStatusResponse) { s.Epochs = nil }
	l.until(func(v *room.View) bool { return strings.Contains(v.Notice, "没有收到启用记录") && v.Epoch == 1 })
	if n := x.submitted.Load(); n != 0 {
		t.Fatal("sent to a hub that nobody has named:", n)
	}
}
