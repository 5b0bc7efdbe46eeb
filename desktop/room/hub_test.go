package room_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"connectrpc.com/connect"

	"zhiping/desktop/room"
	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/proto/gen/zhiping/room/v1/roomv1connect"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

// The hub as it is seen from the wire: these tests talk to it by its calls alone, with laptops that do what the test says and nothing else.

// house is a meeting with all its keys, a hub's folder and a spare's.
type house struct {
	t                 *testing.T
	model             *ballottest.Room
	server            ballot.Key
	chair, supervisor ballot.Key
	dir, spareDir     string
	pkg               []byte
	pkgID             ballot.ID
	clock             atomic.Int64
}

func (h *house) now() int64 { return h.clock.Add(1) }

// newHouse prepares a hub and a spare and signs the package; change may change it before.
func newHouse(t *testing.T, experts int, change func(*ballot.Package)) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), spareDir: t.TempDir(), server: ballottest.Key(ballot.RoleServer, 1), chair: ballottest.Key(ballot.RoleChair, 4), supervisor: ballottest.Key(ballot.RoleSupervisor, 5)}
	h.clock.Store(1772413200000)
	h.model = ballottest.New(t, &ballot.Memory{}, experts, 4)
	h.pkg, h.pkgID = h.issue(h.model.Package, change)
	return h
}

// issue signs a package for the hub and the spare of the house.
func (h *house) issue(p *ballot.Package, change func(*ballot.Package)) ([]byte, ballot.ID) {
	h.t.Helper()
	keys, spare := h.keys(h.dir), h.keys(h.spareDir)
	p.Hub, p.TLS, p.Spare, p.SpareTLS = keys.Hub.Public(), keys.Pin, spare.Hub.Public(), spare.Pin
	p.Staff = []string{keys.Staff.Public(), spare.Staff.Public()}
	if change != nil {
		change(p)
	}
	b, err := p.Sign(h.server)
	if err != nil {
		h.t.Fatal(err)
	}
	return b, ballot.IDOf(b)
}

func (h *house) keys(dir string) *room.Keys {
	h.t.Helper()
	k, err := room.PrepareKeys(dir)
	if err != nil {
		h.t.Fatal(err)
	}
	return k
}

// hall is a hub, or a spare, that is up.
type hall struct {
	*house
	hub     *room.Hub
	desk    *room.Desk // of the first session
	address string
	pin     string
	close   func()
}

// open opens a folder as a hub and serves it.
func (h *house) open(dir, listen string, packages ...[]byte) *hall {
	h.t.Helper()
	hub, err := room.OpenHub(ctx, dir, h.server.Public(), h.now, packages...)
	if err != nil {
		h.t.Fatal(err)
	}
	hub.Teller = []string{os.Args[0], tallyArgument}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		h.t.Fatal(err)
	}
	serving, cancel := context.WithCancel(ctx)
	done := room.Background(func() error { return hub.Serve(serving, l) })
	_, _, pin := hub.Keys()
	a := &hall{house: h, hub: hub, address: l.Addr().String(), pin: pin}
	if len(hub.Rooms) > 0 {
		a.desk = hub.Rooms[0]
	}
	var once sync.Once
	a.close = func() {
		once.Do(func() {
			cancel()
			<-done
			if err := hub.Close(); err != nil {
				h.t.Error(err)
			}
		})
	}
	h.t.Cleanup(a.close)
	return a
}

func (h *house) start() *hall { return h.open(h.dir, "127.0.0.1:0", h.pkg) }

// must fails the test on an error.
func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// wants fails the test unless an error is a fault of a code.
func (h *house) wants(code fault.Code, err error) {
	h.t.Helper()
	if fault.CodeOf(err) != code {
		h.t.Fatalf("want a fault %q, have %v", code, err)
	}
}

// client talks to a hub with a pairing code and a certificate, both may be none.
func (a *hall) client(pairing string, cert *tls.Certificate) (roomv1connect.RoomServiceClient, roomv1connect.DeskServiceClient) {
	conf := &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true}
	if cert != nil {
		conf.Certificates = []tls.Certificate{*cert}
	}
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: conf}}
	a.t.Cleanup(c.CloseIdleConnections)
	header := connect.WithInterceptors(connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			req.Header().Set("Zhiping-Pairing", pairing)
			resp, err := next(ctx, req)
			return resp, wire.Decode(ctx, err)
		}
	}))
	return roomv1connect.NewRoomServiceClient(c, "https://"+a.address, header), roomv1connect.NewDeskServiceClient(c, "https://"+a.address, header)
}

// codesFor asks for the codes as the spare does.
func (a *hall) codesFor(cert *tls.Certificate) int {
	a.t.Helper()
	conf := &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true}
	if cert != nil {
		conf.Certificates = []tls.Certificate{*cert}
	}
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: conf}}
	a.t.Cleanup(c.CloseIdleConnections)
	resp, err := c.Get("https://" + a.address + "/spare/codes?session=" + a.desk.Session)
	a.must(err)
	defer resp.Body.Close()
	return resp.StatusCode
}

// seat is an expert's laptop.
type seat struct {
	t       *testing.T
	voter   *ballot.Voter
	code    string
	half    []byte
	sent    [][]byte // everything it has signed, in order
	highest []byte   // checkpoint
	session string
	met     *hall
}

// meet shows a hub that this laptop has not talked to yet what it has seen, or if that is nothing what the hub itself says, as a booth does.
func (s *seat) meet(a *hall) {
	s.t.Helper()
	if s.met == a {
		return
	}
	s.met = a
	c, _ := a.client(a.hub.Pairing, nil)
	seen := s.highest
	if seen == nil {
		seen = s.status(a).Checkpoint
	}
	if seen != nil {
		c.Witness(ctx, &roomv1.WitnessRequest{Session: s.session, Checkpoint: seen}) //nolint:errcheck // what comes of it is seen in what is sent
	}
}

func (a *hall) seat(expert int) *seat {
	v := *a.model.Voters[expert]
	v.Package, v.PackageID = a.desk.Whole, a.pkgID
	code, _ := a.desk.Code(v.Expert)
	return &seat{t: a.t, voter: &v, code: code, session: a.desk.Session}
}

// checkIn checks in over the LAN.
func (s *seat) checkIn(a *hall) {
	s.t.Helper()
	var err error
	if s.half == nil {
		if s.half, err = s.voter.CheckIn(s.code, a.now()); err != nil {
			s.t.Fatal(err)
		}
	}
	s.meet(a)
	c, _ := a.client(a.hub.Pairing, nil)
	resp, err := c.CheckIn(ctx, &roomv1.CheckInRequest{Session: s.session, Object: s.half})
	if err != nil || resp.Pending {
		s.t.Fatal(resp, err)
	}
}

// send submits an object and checks the receipt.
func (s *seat) send(a *hall, object []byte) (*ballot.Receipt, error) {
	s.t.Helper()
	s.meet(a)
	c, _ := a.client(a.hub.Pairing, nil)
	resp, err := c.Submit(ctx, &roomv1.SubmitRequest{Session: s.session, Object: object})
	if err != nil {
		return nil, err
	}
	r, err := ballot.CheckReceipt(resp.Receipt, object, s.voter.Package)
	if err != nil {
		s.t.Fatal(err)
	}
	s.highest = r.Checkpoint
	return r, nil
}

// must sends an object that has to be taken.
func (s *seat) must(a *hall, object []byte, err error) {
	s.t.Helper()
	if err == nil {
		s.sent = append(s.sent, object)
		_, err = s.send(a, object)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// envelope seals the next ballot, with the same cell for everybody.
func (s *seat) envelope(a *hall, round string, cell byte) []byte {
	s.t.Helper()
	var chain ballot.Chain
	a.desk.View(func(st *ballot.State) { chain, _ = st.NextChain(round, s.voter.Expert) })
	b := &ballot.Ballot{}
	for range s.voter.Package.Applicants {
		b.Votes = append(b.Votes, cell)
	}
	e, _, err := s.voter.SealNext(round, chain, b, a.now())
	if err != nil {
		s.t.Fatal(err)
	}
	return e.Raw
}

func (s *seat) vote(a *hall, round string, cell byte) {
	s.t.Helper()
	s.must(a, s.envelope(a, round, cell), nil)
}

// status asks the hub.
func (s *seat) status(a *hall) *roomv1.GetStatusResponse {
	s.t.Helper()
	c, _ := a.client(a.hub.Pairing, nil)
	resp, err := c.GetStatus(ctx, &roomv1.GetStatusRequest{Session: s.session, Expert: s.voter.Expert})
	if err != nil {
		s.t.Fatal(err)
	}
	return resp
}

// word is the laptop's word that nothing is left on it.
func (s *seat) word(a *hall, round string) {
	s.t.Helper()
	o := &ballot.Device{Session: s.session, Round: round, Expert: s.voter.Expert, Device: s.voter.Device, At: a.now()}
	a.desk.View(func(st *ballot.State) {
		root, _ := st.RootAt(st.Size())
		o.Origin, o.Size, o.Root = st.Origin(), st.Size(), root[:]
	})
	object, err := o.Sign(s.voter.Key)
	s.must(a, object, err)
}

// attest is the expert's word that his cells stand in the columns.
func (s *seat) attest(a *hall, round string, mismatches int64) {
	s.t.Helper()
	var id ballot.ID
	a.desk.View(func(st *ballot.State) { id = st.Rounds[round].TallyID })
	object, err := (&ballot.Attest{Session: s.session, Expert: s.voter.Expert, Tally: id[:], Mismatches: mismatches, At: a.now()}).Sign(s.voter.Key)
	s.must(a, object, err)
}

// seats checks n experts in.
func (a *hall) seats(n int) (all []*seat) {
	a.t.Helper()
	for i := range n {
		s := a.seat(i)
		s.checkIn(a)
		all = append(all, s)
	}
	return all
}

// keyFile is a custodian's key file on his stick.
func (h *house) keyFile(custodian int) room.KeyFile {
	h.t.Helper()
	path := h.t.TempDir() + "/custodian.zpk"
	h.must(h.model.Holders[custodian].Save(path, passphrase, 10))
	return room.KeyFile{Path: path, Passphrase: passphrase}
}

// count closes a round with whatever stands against it, opens it with two custodians and counts it.
func (a *hall) count(round string) {
	a.t.Helper()
	accepted, err := a.desk.Exceptions(round)
	a.must(err)
	a.must(a.desk.CloseWith(ctx, round, accepted, a.chair))
	a.openBy(round)
	a.must(a.desk.Tally(ctx, round, a.keyFile(0), a.keyFile(2)))
}

func (a *hall) openBy(round string) {
	a.t.Helper()
	for _, k := range []int{0, 2} {
		a.must(a.desk.Opening(ctx, round, "1,3", a.model.Custodians[k]))
	}
}

// row is a round on the board.
func (a *hall) row(round string) *room.RoundRow {
	a.t.Helper()
	b, err := a.desk.Board()
	a.must(err)
	for i := range b.Rounds {
		if b.Rounds[i].ID == round {
			return &b.Rounds[i]
		}
	}
	a.t.Fatal("no round", round)
	return nil
}

// verified verifies the record.
func (a *hall) verified() *ballot.Verified {
	a.t.Helper()
	b, err := a.desk.Export()
	a.must(err)
	v, err := ballot.Verify(b, a.server.Public())
	a.must(err)
	return v
}

// Every step of staff's desk, in one meeting: returns by wish and by staff, who leaves while the round is open, blockers, a close taken back, a wrong tally key, a void round held
// again, signatures.
func TestDesk(t *testing.T) {
	a := newHouse(t, 6, func(p *ballot.Package) { p.Panel = 6 }).start()
	seats := a.seats(5)
	d := a.desk
	if row := a.row("R1"); row.Need != 4 || row.Base != 6 || len(row.Present) != 5 {
		t.Fatalf("before the opening: %+v", row)
	}
	a.must(d.OpenRound(ctx, "R1"))
	for _, s := range seats[:4] {
		s.vote(a, "R1", ballot.Agree)
	}
	// A return at the expert's wish, and one by staff.
	wish := ballot.IDOf(seats[0].sent[0])
	object, err := (&ballot.Request{Session: d.Session, Envelope: wish[:], Reason: "选错了人", At: a.now()}).Sign(seats[0].voter.Key)
	seats[0].must(a, object, err)
	if row := a.row("R1"); !slices.Equal(row.Requested, []string{"E01"}) {
		t.Fatalf("%+v", row)
	}
	a.must(d.Return(ctx, "R1", "E01", ""))
	a.wants(fault.Invalid, d.Return(ctx, "R1", "E02", ""))
	a.must(d.Return(ctx, "R1", "E02", "误提交"))
	a.wants(fault.State, d.Return(ctx, "R1", "E02", "再退"))
	own := seats[0].status(a).Own
	if len(own.Ballots) != 1 || len(own.Ballots[0].Returned) == 0 || !own.Ballots[0].Requested || ballot.KindOf(own.Ballots[0].Returned) != "zp-return/1" {
		t.Fatal(own)
	}
	var requests []string
	for _, o := range d.Log() {
		if ballot.KindOf(o) == "zp-return/1" {
			requests = append(requests, strings.Split(strings.SplitAfter(string(o), "\nrequest ")[1], "\n")[0])
		}
	}
	if len(requests) != 2 || requests[0] != ballot.IDOf(object).String() || requests[1] != ballot.ByStaff {
		t.Fatal(requests)
	}
	seats[0].vote(a, "R1", ballot.Oppose)
	// Someone leaves: the base shrinks only with chair and supervisor, who are shown what it does.
	if base, newBase, need, newNeed := d.Need("R1", "E05", "E01"); base != 5 || newBase != 4 || need != 4 || newNeed != 3 {
		t.Fatal(base, newBase, need, newNeed) // E01 has handed in and stays
	}
	a.wants(fault.Denied, d.Mark(ctx, "E05", ballot.Left, "突发疾病"))
	a.wants(fault.State, d.Mark(ctx, "E01", ballot.Absent, "不参加", a.chair, a.supervisor))
	a.must(d.Mark(ctx, "E05", ballot.Left, "突发疾病", a.chair, a.supervisor))
	// What stands against the close is named; only just that can be accepted.
	seats[2].word(a, "R1")
	err = d.Close(ctx, "R1", a.chair)
	a.wants(fault.State, err)
	for _, name := range []string{"专家2的选票已退回", "专家1的电脑尚未", "专家4的电脑尚未"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q is not among the blockers: %v", name, err)
		}
	}
	if strings.Contains(err.Error(), "专家3") {
		t.Error("a laptop that has said its word blocks:", err)
	}
	a.wants(fault.State, d.CloseWith(ctx, "R1", []ballot.Exception{{Kind: ballot.ExceptReturned, Subject: "E02"}}, a.chair))
	for _, i := range []int{0, 1, 3} {
		seats[i].word(a, "R1")
	}
	a.must(d.CloseWith(ctx, "R1", []ballot.Exception{{Kind: ballot.ExceptReturned, Subject: "E02"}}, a.chair))
	// The close is taken back before an opening, not after; and nobody opens twice.
	a.wants(fault.State, d.OpenRound(ctx, "R1"))
	a.must(d.Reopen(ctx, "R1", "专家2要求补交", a.chair))
	seats[1].vote(a, "R1", ballot.Agree)
	for _, s := range seats[:4] {
		s.word(a, "R1")
	}
	a.must(d.Close(ctx, "R1", a.chair))
	a.wants(fault.State, d.Tally(ctx, "R1", a.keyFile(0), a.keyFile(2)))
	a.openBy("R1")
	a.wants(fault.State, d.Reopen(ctx, "R1", "再来", a.chair))
	a.wants(fault.Denied, d.Tally(ctx, "R1", a.keyFile(0), a.keyFile(1)))
	a.wants(fault.Denied, d.Tally(ctx, "R1", a.keyFile(0), room.KeyFile{Path: a.keyFile(2).Path, Passphrase: "falsch"}))
	a.must(d.Tally(ctx, "R1", a.keyFile(0), a.keyFile(2)))
	row := a.row("R1")
	if row.State != ballot.RoundOpened || row.Tally.Results[0].Agree != 3 || row.Tally.Results[0].Oppose != 1 || row.Base != 4 || row.Sheet == nil || !row.Sheet.Balanced() || len(row.Openers) != 2 {
		t.Fatalf("%+v", row)
	}
	// A mismatch stops the signatures; the round is void and held again.
	seats[0].attest(a, "R1", 0)
	seats[2].attest(a, "R1", 1)
	if row := a.row("R1"); row.Attested != 2 || row.Mismatches != 1 {
		t.Fatalf("%+v", row)
	}
	a.wants(fault.State, d.SignOff(ctx, "R1", "1", a.chair, a.supervisor))
	next, err := d.Void(ctx, "R1", "专家核对不符", true, a.chair, a.supervisor)
	if err != nil || next != "R1~2" || a.row("R1").Next != next || a.row(next).Repeats != "R1" {
		t.Fatal(next, err)
	}
	a.must(d.OpenRound(ctx, next))
	for _, s := range seats[:4] {
		s.vote(a, next, ballot.Agree)
	}
	a.count(next)
	a.must(d.SignOff(ctx, next, "2", a.chair, a.supervisor))
	v := a.verified()
	if r := v.State.Rounds[next]; !r.Signed || r.Tally.Results[0].Decision != ballot.Passed || len(v.Columns) != 2 || !strings.HasPrefix(r.Tally.Program, "zhiping ") {
		t.Fatal(r.State, len(v.Columns))
	}
	b, err := d.Board()
	if a.must(err); len(strings.Fields(b.Root)) != 4 || !b.Mine || b.Sequencer != "本机" || b.Behind != "" {
		t.Fatalf("%+v", b)
	}
}

// Only what an expert signs comes from a booth; tallies and envelopes do not come from a desk; only the spare reads the log.
func TestWhoMaySayWhat(t *testing.T) {
	a := newHouse(t, 3, nil).start()
	s := a.seats(3)[0]
	a.must(a.desk.OpenRound(ctx, "R1"))
	other := ballottest.Key(ballot.RoleStaff, 3)
	forged, err := (&ballot.Revoke{Session: a.desk.Session, Expert: "E01", Credential: s.voter.Key.Public(), Reason: "x", At: 1}).Sign(other)
	a.must(err)
	for _, object := range [][]byte{forged, a.pkg, []byte("hello"), a.desk.Log()[1]} {
		if _, err := s.send(a, object); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("a booth handed in %.20q: %v", object, err)
		}
	}
	seq := a.desk.Sequencer()
	for _, object := range [][]byte{forged, s.envelope(a, "R1", ballot.Agree), []byte("zp-tally/2\n"), []byte("zp-reject/2\n")} {
		if _, err := seq.Take(ctx, object); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("a desk handed in %.20q: %v", object, err)
		}
	}
	// The pairing code does not open the log; a certificate does that is the spare's; and then nothing but the log.
	own, err := tls.X509KeyPair(a.keys(a.spareDir).Cert, a.keys(a.spareDir).Cert)
	a.must(err)
	strangers := a.keys(t.TempDir())
	stranger, err := tls.X509KeyPair(strangers.Cert, strangers.Cert)
	a.must(err)
	for _, x := range []struct {
		cert *tls.Certificate
		want fault.Code
	}{{nil, fault.Denied}, {&stranger, fault.Denied}, {&own, ""}} {
		_, desk := a.client(a.hub.Pairing, x.cert)
		resp, err := desk.GetLog(ctx, &roomv1.GetLogRequest{})
		if fault.CodeOf(err) != x.want || x.want == "" && int(resp.Size) != len(a.desk.Log()) {
			t.Error(resp, err)
		}
		if status := a.codesFor(x.cert); (status == http.StatusOK) != (x.want == "") {
			t.Error("who may read the codes:", status)
		}
		if _, err := desk.Append(ctx, &roomv1.AppendRequest{Object: forged}); fault.CodeOf(err) != fault.Denied {
			t.Error("the LAN took a step of staff:", err)
		}
	}
	c, _ := a.client("", &own)
	if _, err := c.GetStatus(ctx, &roomv1.GetStatusRequest{}); fault.CodeOf(err) != fault.Denied {
		t.Error("a booth without the pairing code:", err)
	}
}

// Many arrive at once: each is in the log once, with one mark.
func TestArrival(t *testing.T) {
	const n = 12
	a := newHouse(t, n, nil).start()
	seats := make([]*seat, n)
	for i := range seats {
		seats[i] = a.seat(i)
		var err error
		seats[i].half, err = seats[i].voter.CheckIn(seats[i].code, a.now())
		a.must(err)
	}
	c, _ := a.client(a.hub.Pairing, nil)
	var all sync.WaitGroup
	for range 3 {
		for _, s := range seats {
			all.Go(func() {
				if resp, err := c.CheckIn(ctx, &roomv1.CheckInRequest{Object: s.half}); err != nil || resp.Pending {
					t.Error(resp, err)
				}
			})
		}
	}
	all.Wait()
	if len(a.desk.Log()) != 1+2*n || len(a.row("R1").Present) != n {
		t.Fatal(len(a.desk.Log()), a.row("R1").Present)
	}
}

// A lost laptop: its credential is revoked, its code is good no more, the ballot it handed in stays, and the expert goes on at another.
func TestLostLaptop(t *testing.T) {
	a := newHouse(t, 3, nil).start()
	seats := a.seats(3)
	a.must(a.desk.OpenRound(ctx, "R1"))
	seats[0].vote(a, "R1", ballot.Agree)
	code, err := a.desk.Revoke(ctx, "E01", "电脑丢失")
	if err != nil || code == seats[0].code || len(code) != 8 {
		t.Fatal(code, err)
	}
	if b, _ := a.desk.Board(); !b.Experts[0].Revoked || b.Experts[0].CheckedIn || b.Experts[0].Code != code {
		t.Fatalf("%+v", b.Experts[0])
	}
	again := a.seat(0)
	again.voter.Key, again.voter.Device = ballottest.Key(ballot.RoleExpert, 77), "laptop2"
	c, _ := a.client(a.hub.Pairing, nil)
	old, err := again.voter.CheckIn(seats[0].code, a.now())
	a.must(err)
	if _, err := c.CheckIn(ctx, &roomv1.CheckInRequest{Object: old}); fault.CodeOf(err) != fault.Denied {
		t.Fatal("the old code:", err)
	}
	again.code = code
	again.checkIn(a)
	first, err := again.voter.Seal("R1", a.model.Ballot(ballot.Oppose), a.now())
	a.must(err)
	if r, err := again.send(a, first.Raw); err != nil || r.Reason != ballot.RejectNeedReturn {
		t.Fatal("a second ballot without a return:", r, err)
	}
	a.must(a.desk.Return(ctx, "R1", "E01", "电脑丢失后核对"))
	again.vote(a, "R1", ballot.Oppose)
	// A receipt of a check-in is the same whoever asks, as often as he asks.
	again.checkIn(a)
	if b, _ := a.desk.Board(); len(b.Rejections) != 1 || b.Experts[0].Revoked {
		t.Fatalf("%+v", b)
	}
}

// Two group rooms and a plenary room on one hub: one pairing code, a log and codes each, and a second round derived from the first ones.
func TestSeveralSessions(t *testing.T) {
	h := newHouse(t, 3, nil)
	group := func(session string) ([]byte, ballot.ID) {
		p := *h.model.Package
		p.Session, p.Origin = session, "zhiping/"+session
		return h.issue(&p, nil)
	}
	g1, id1 := group("M1-G1")
	g2, id2 := group("M1-G2")
	plenary := *h.model.Package
	plenary.Session, plenary.Origin = "M1-ALL", "zhiping/M1-ALL"
	all, allID := h.issue(&plenary, func(p *ballot.Package) {
		p.Depends = []ballot.Dependency{{Session: "M1-G1", Package: id1[:], Round: "R1", Rule: ballot.TakePassed}, {Session: "M1-G2", Package: id2[:], Round: "R1", Rule: ballot.TakePassed}}
	})
	a := h.open(h.dir, "127.0.0.1:0", g1, g2, all)
	rooms := map[string]*room.Desk{}
	for _, d := range a.hub.Rooms {
		rooms[d.Session] = d
	}
	if _, err := a.hub.Room(""); fault.CodeOf(err) != fault.Invalid {
		t.Fatal("a hub of three rooms knows which is meant:", err)
	}
	if rooms["M1-G1"].Codes()["E01"] == rooms["M1-G2"].Codes()["E01"] {
		t.Error("the same code in two rooms")
	}
	c, _ := a.client(a.hub.Pairing, nil)
	list, err := c.ListSessions(ctx, &roomv1.ListSessionsRequest{})
	if err != nil || len(list.Sessions) != 3 {
		t.Fatal(list, err)
	}
	hold := func(session string, id ballot.ID, pkg *ballot.Package, cells ...byte) {
		a.desk, a.pkgID = rooms[session], id
		var seats []*seat
		for i := range 3 {
			s := a.seat(i)
			s.voter.Package, s.voter.PackageID = pkg, id
			s.checkIn(a)
			seats = append(seats, s)
		}
		a.must(a.desk.OpenRound(ctx, "R1"))
		for _, s := range seats {
			b := &ballot.Ballot{Votes: cells}
			e, err := s.voter.Seal("R1", b, a.now())
			a.must(err)
			s.must(a, e.Raw, nil)
		}
		a.count("R1")
		a.must(a.desk.SignOff(ctx, "R1", "1", a.chair, a.supervisor))
	}
	a.desk = rooms["M1-ALL"]
	a.wants(fault.NotFound, a.desk.Derive(ctx, nil, a.chair))
	hold("M1-G1", id1, rooms["M1-G1"].Whole, ballot.Agree, ballot.Oppose, ballot.Oppose, ballot.Oppose)
	if len(rooms["M1-G2"].Log()) != 1 {
		t.Fatal("one room's log grew by another's")
	}
	a.desk = rooms["M1-ALL"]
	a.wants(fault.NotFound, a.desk.Derive(ctx, nil, a.chair))
	hold("M1-G2", id2, rooms["M1-G2"].Whole, ballot.Oppose, ballot.Oppose, ballot.Agree, ballot.Oppose)
	a.desk, a.pkgID = rooms["M1-ALL"], allID
	if b, err := a.desk.Board(); err != nil || !b.Derive {
		t.Fatal(b, err)
	}
	// Killed at the derivation: nothing of the room's folder is needed but what stands in it (the rooms come in the order of their names).
	h.killedAt(copyFolder(t, h.dir), around("derive"), func(s *ballot.State) bool { return s.Derived != nil }, "derive")
	a.must(a.desk.Derive(ctx, nil, a.chair))
	var binding ballot.ID
	a.desk.View(func(s *ballot.State) { binding = s.Binding() })
	if p := a.desk.Package(); len(p.Applicants) != 2 || p.Applicants[0].ID != "A0001" || p.Applicants[1].ID != "A0003" {
		t.Fatal(p.Applicants)
	}
	hold("M1-ALL", binding, a.desk.Package(), ballot.Agree, ballot.Agree)
	if s := a.seat(0); len(s.status(a).Derived) == 0 {
		t.Error("a booth is not told of the second round's people")
	}
	v := a.verified()
	if len(v.Firsts) != 2 || v.State.Rounds["R1"].Tally.Results[1].Decision != ballot.Passed {
		t.Fatal(len(v.Firsts))
	}
	// The folder alone is enough to go on.
	a.close()
	again := h.open(h.dir, "127.0.0.1:0")
	if len(again.hub.Rooms) != 3 {
		t.Fatal(len(again.hub.Rooms))
	}
}

// A folder of the first version of the program goes on: its log has no session in its name, nor have its codes.
func TestOldFolder(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	codes := a.desk.Codes()
	a.seats(3)
	size := len(a.desk.Log())
	a.close()
	for _, name := range []string{"ballots-M1-S1.db", "ballots-M1-S1.db-wal", "ballots-M1-S1.db-shm"} {
		if err := os.Rename(h.dir+"/"+name, h.dir+"/"+strings.Replace(name, "-M1-S1", "", 1)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	h.must(os.Remove(h.dir + "/package-M1-S1.zpp"))
	b, err := os.ReadFile(h.dir + "/codes.json")
	h.must(err)
	b = bytes.Replace(bytes.Replace(b, []byte(`"Sessions":{"M1-S1":`), []byte(`"Codes":`), 1), []byte("}}}"), []byte("}}"), 1)
	h.must(os.WriteFile(h.dir+"/codes.json", b, 0o600))
	again := h.start()
	if len(again.desk.Log()) != size || again.desk.Codes()["E02"] != codes["E02"] || again.hub.Pairing != a.hub.Pairing {
		t.Fatal(len(again.desk.Log()), again.desk.Codes(), codes)
	}
	again.must(again.desk.OpenRound(ctx, "R1"))
	again.seat(0).vote(again, "R1", ballot.Agree)
	again.count("R1")
	if _, err := os.Stat(h.dir + "/columns-R1.txt"); err != nil {
		t.Error(err)
	}
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

func openAgain(h *house) (*room.Hub, error) {
	return room.OpenHub(ctx, h.dir, h.server.Public(), h.now, h.pkg)
}
