package ballot_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/fault"
)

func TestMemoryConforms(t *testing.T) {
	ballottest.Conform(t, func(*testing.T) (ballot.Store, func() ballot.Store) {
		m := &ballot.Memory{}
		return m, func() ballot.Store { return m }
	})
}

// A shaky store fails when it is told to, before or after it has written.
type shaky struct {
	ballot.Memory
	before, after int           // fail when they reach zero
	entered, slow chan struct{} // says that an append has begun, and holds it
	appends       int
}

var errDisk = errors.New("the disk is gone")

func (s *shaky) Append(ctx context.Context, size int64, objects [][]byte, hashes []tlog.Hash) error {
	if s.slow != nil {
		s.entered <- struct{}{}
		<-s.slow
	}
	s.appends++
	if s.before--; s.before == 0 {
		return errDisk
	}
	err := s.Memory.Append(ctx, size, objects, hashes)
	if s.after--; s.after == 0 {
		return errDisk
	}
	return err
}

// When the store fails, nobody has a receipt, and the session stands where the store stands: what was written before the failure is there,
// what was not can be sent again.
func TestTheStoreFails(t *testing.T) {
	for _, after := range []bool{false, true} {
		store := &shaky{}
		r := ballottest.New(t, store, 5, 2)
		r.CheckIn(5)
		r.Open("R1")
		e, err := r.Voters[0].Seal("R1", r.Ballot(ballot.Agree), 1)
		if err != nil {
			t.Fatal(err)
		}
		if store.before = 1; after {
			store.before, store.after = 0, 1
		}
		if receipt, err := r.Session.Append(ctx, e.Raw); !errors.Is(err, errDisk) || receipt != nil {
			t.Fatal("a receipt without a record:", receipt, err)
		}
		counted := func() (n int) {
			r.Session.View(func(s *ballot.State) { n = len(s.Counted("R1")) })
			return n
		}
		if want := map[bool]int{false: 0, true: 1}[after]; counted() != want {
			t.Fatalf("written %v: %d ballots count", after, counted())
		}
		receipt, err := r.Session.Append(ctx, e.Raw)
		if err != nil || receipt.Reason != "" || counted() != 1 {
			t.Fatal(receipt, err)
		}
		r.Finish("R1", "1,2", 0, 1)
		agree(t, r.Record(), r.Server.Public())
	}
}

// What comes while the store is busy is made durable in one go, and each gets a receipt of its own.
func TestGroupCommit(t *testing.T) {
	store := &shaky{}
	r := ballottest.New(t, store, 30, 2)
	r.CheckIn(30)
	r.Open("R1")
	var sealed [][]byte
	for _, v := range r.Voters {
		e, err := v.Seal("R1", r.Ballot(ballot.Agree), r.Now())
		if err != nil {
			t.Fatal(err)
		}
		sealed = append(sealed, e.Raw)
	}
	store.entered, store.slow, store.appends = make(chan struct{}, 30), make(chan struct{}), 0
	var wait sync.WaitGroup
	send := func(raw []byte) {
		receipt, err := r.Session.Append(ctx, raw)
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := ballot.CheckReceipt(receipt.Text(), raw, r.Package); err != nil {
			t.Error(err)
		}
	}
	wait.Go(func() { send(sealed[0]) })
	<-store.entered
	for _, raw := range sealed[1:] {
		wait.Go(func() { send(raw) })
	}
	for r.Session.Waiting() < 29 {
		runtime.Gosched()
	}
	close(store.slow)
	wait.Wait()
	if store.appends != 2 {
		t.Errorf("%d transactions for 30 ballots, of which 29 came while the first was written", store.appends)
	}
	r.Session.View(func(s *ballot.State) {
		if len(s.Counted("R1")) != 30 {
			t.Error("not all count")
		}
	})
}

// When the store fails under a group, nobody of it has a receipt, whether it was written or not; sent again each gets one, and counts once.
func TestGroupCommitFails(t *testing.T) {
	for _, after := range []bool{false, true} {
		store := &shaky{}
		r := ballottest.New(t, store, 12, 2)
		r.CheckIn(12)
		r.Open("R1")
		store.entered, store.slow = make(chan struct{}, 12), make(chan struct{})
		if store.before = 2; after {
			store.before, store.after = 0, 2
		}
		sealed := make([][]byte, 12)
		faults := make([]error, 12)
		receipts := make([]*ballot.Receipt, 12)
		for i, v := range r.Voters {
			e, err := v.Seal("R1", r.Ballot(ballot.Agree), r.Now())
			if err != nil {
				t.Fatal(err)
			}
			sealed[i] = e.Raw
		}
		var wait sync.WaitGroup
		send := func(i int) { receipts[i], faults[i] = r.Session.Append(ctx, sealed[i]) }
		wait.Go(func() { send(0) })
		<-store.entered
		for i := 1; i < 12; i++ {
			wait.Go(func() { send(i) })
		}
		for r.Session.Waiting() < 11 {
			runtime.Gosched()
		}
		close(store.slow)
		wait.Wait()
		store.entered, store.slow = nil, nil
		for i := range sealed {
			if failed := errors.Is(faults[i], errDisk) && receipts[i] == nil; failed != (i > 0) {
				t.Fatalf("written %v: ballot %d got %v, %v", after, i, receipts[i], faults[i])
			}
		}
		counted := func() (n int) {
			r.Session.View(func(s *ballot.State) { n = len(s.Counted("R1")) })
			return n
		}
		if want := map[bool]int{false: 1, true: 12}[after]; counted() != want {
			t.Fatalf("written %v: %d ballots count, want %d", after, counted(), want)
		}
		for i := range sealed {
			if receipt := r.Append(sealed[i], nil); receipt.Reason != "" {
				t.Fatal(receipt.Reason)
			}
		}
		if counted() != 12 {
			t.Fatalf("%d ballots count", counted())
		}
		r.Finish("R1", "1,2", 0, 1)
		agree(t, r.Record(), r.Server.Public())
	}
}

// There is one way only to write a signature, a key, a checkpoint and the name of a request: whoever carries an object cannot give it another id (V7, V8).
func TestOneWriting(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 3, 2)
	r.CheckIn(3)
	r.Open("R1")
	e, err := r.Voters[0].Seal("R1", r.Ballot(ballot.Agree), 1)
	if err != nil {
		t.Fatal(err)
	}
	other := *e
	other.Note = otherwise(e.Note, e.Note)
	if bytes.Equal(other.Note, e.Note) {
		t.Fatal("it is the same writing")
	}
	if receipt, err := r.Session.Append(ctx, other.Join()); err == nil && receipt.Reason != ballot.RejectSignature {
		t.Errorf("an envelope with a signature in another writing: %q", receipt.Reason)
	}
	if receipt := r.Append(e.Raw, nil); receipt.Reason != "" {
		t.Error("the ballot itself does not count any more:", receipt.Reason)
	}
	id := ballot.IDOf(e.Raw)
	wish, err := (&ballot.Request{Session: "M1-S1", Envelope: id[:], Reason: "误选", At: 1}).Sign(r.Voters[0].Key)
	if r.Try(otherwise(wish, wish), err) == nil {
		t.Error("a wish with a signature in another writing was taken")
	}
	r.Append(wish, err)
	name := ballot.IDOf(wish).String()
	for _, request := range []string{name + "00", strings.ToUpper(name), name[:62]} {
		if object, err := (&ballot.Return{Session: "M1-S1", Envelope: id[:], Reason: "误选", Request: request, At: 1}).Sign(r.Staff); r.Try(object, err) == nil {
			t.Errorf("a return for the wish %s was taken", request)
		}
	}
	cp, err := r.Session.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	twice := append(bytes.Clone(cp), cp[bytes.LastIndex(cp, []byte("\n\n"))+2:]...)
	for what, x := range map[string][]byte{"in another writing": otherwise(cp, cp), "signed twice": twice} {
		if _, err := ballot.OpenCheckpoint(x, r.Hub.Public()); err == nil {
			t.Errorf("a checkpoint %s was taken", what)
		}
	}
	if _, err := ballot.OpenCheckpoint(cp, strings.ToUpper(r.Hub.Public())); err == nil {
		t.Error("a key in capitals was taken")
	}
	text := strings.Replace(ballot.TextOf(cp), r.Package.Origin+"\n", r.Package.Origin+"+-5\n", 1)
	before, err := ballot.SignText(text, r.Hub)
	if err != nil {
		t.Fatal(err)
	}
	x := r.Evidence(nil)
	x.Checkpoints = [][]byte{before}
	if _, err := ballot.Verify(x.Encode(r.Package), r.Server.Public()); err == nil {
		t.Error("a checkpoint of a negative epoch was taken")
	}
	if object, err := (&ballot.Open{Old: true, Session: "M1-S1", Round: "R3", Spec: make([]byte, 32), Present: 3, At: 1}).Sign(r.Staff); r.Try(object, err) == nil {
		t.Error("an object of the first version was taken under a package of the second")
	}
}

// A package whose custodians share a key, or whose numbers would overflow, is not issued: one person could open alone (V12).
func TestPackagesThatAreNotIssued(t *testing.T) {
	for name, harm := range map[string]func(p *ballot.Package){
		"two custodians with one signing key": func(p *ballot.Package) { p.Custodians[1].SignKey = p.Custodians[0].SignKey },
		"two custodians with one sealing key": func(p *ballot.Package) { p.Custodians[2].SealKey = p.Custodians[0].SealKey },
		"two custodians with one id":          func(p *ballot.Package) { p.Custodians[2].ID = p.Custodians[1].ID },
		"hub and spare with one key":          func(p *ballot.Package) { p.Spare = p.Hub },
		"a panel without end":                 func(p *ballot.Package) { p.Panel = 1 << 62 },
		"trimming without end":                func(p *ballot.Package) { p.Rounds[1].Trim = 1 << 62 },
		"a divisor without end":               func(p *ballot.Package) { p.Rounds[1].Divisor = 1 << 62 },
		"ballots that fit into no reject": func(p *ballot.Package) {
			p.Rounds[1].Items = 100
			for i := range 2000 {
				p.Applicants = append(p.Applicants, ballot.Applicant{ID: "B" + strconv.Itoa(i), Position: int64(i + 3), Name: "申报人", Unit: "示例单位"})
			}
		},
	} {
		r := ballottest.New(t, &ballot.Memory{}, 3, 2)
		harm(r.Package)
		if _, err := r.Package.Sign(r.Server); err == nil {
			t.Errorf("%s: issued", name)
		}
	}
}

// A receipt holds for its envelope alone, under a hub's key of the package alone, and for every later head of the log (V2).
func TestReceipts(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 5, 2)
	r.CheckIn(5)
	r.Open("R1")
	e, receipt := r.Vote(r.Voters[0], "R1", r.Ballot(ballot.Agree))
	second, err := r.Voters[0].Seal("R1", r.Ballot(ballot.Oppose), 9)
	if err != nil {
		t.Fatal(err)
	}
	refused := r.Append(second.Raw, nil)
	if x, err := ballot.CheckReceipt(refused.Text(), second.Raw, r.Package); err != nil || x.Reason != ballot.RejectNeedReturn {
		t.Fatal(x, err)
	}
	for name, text := range map[string][]byte{
		"another envelope's":         refused.Text(),
		"accepted made rejected":     bytes.Replace(receipt.Text(), []byte("ACCEPTED"), []byte("REJECTED LATE"), 1),
		"another place":              bytes.Replace(receipt.Text(), []byte("\n1\n12\n"), []byte("\n1\n11\n"), 1),
		"another epoch":              bytes.Replace(receipt.Text(), []byte("\n1\n12\n"), []byte("\n2\n12\n"), 1),
		"another origin":             bytes.Replace(receipt.Text(), []byte("S1\n1\n"), []byte("S2\n1\n"), 1),
		"its checkpoint signed anew": bytes.Replace(receipt.Text(), receipt.Checkpoint, resigned(t, receipt.Checkpoint, ballottest.Key(ballot.RoleHub, 99)), 1),
		"another object's id":        bytes.Replace(receipt.Text(), []byte(receipt.Object.String()), []byte(refused.Object.String()), 1),
		"another writing":            bytes.Replace(receipt.Text(), []byte("\n12\n"), []byte("\n+12\n"), 1),
		"without its proof":          bytes.Replace(receipt.Text(), []byte("ACCEPTED\n-\n"), []byte("ACCEPTED\n-\n-\n"), 1),
		"cut off":                    receipt.Text()[:len(receipt.Text())-3],
		"nothing":                    nil,
	} {
		if bytes.Equal(text, receipt.Text()) {
			t.Fatal(name, "is the receipt itself")
		}
		if _, err := ballot.CheckReceipt(text, e.Raw, r.Package); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	for name, text := range map[string][]byte{
		"another reason":    bytes.Replace(refused.Text(), []byte("NEED_RETURN"), []byte("LATE"), 1),
		"rejected accepted": bytes.Replace(refused.Text(), []byte("REJECTED NEED_RETURN"), []byte("ACCEPTED"), 1),
	} {
		if _, err := ballot.CheckReceipt(text, second.Raw, r.Package); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	r.Finish("R1", "1,2", 0, 1)
	w := ballot.Watch{Package: r.Package}
	if err := w.See(receipt.Checkpoint, nil); err != nil {
		t.Fatal(err)
	}
	size := receipt.Index + 1
	proof, cp, err := r.Session.Consistency(size)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.See(cp, proof); err != nil || !bytes.Equal(w.Highest, cp) {
		t.Fatal("the checkpoint of a receipt is no beginning of the final log:", err)
	}
}

func resigned(t *testing.T, checkpoint []byte, k ballot.Key) []byte {
	t.Helper()
	b, err := ballot.SignText(ballot.TextOf(checkpoint), k)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A hub that shows two logs is found out by the laptop that sees both: heads of one size, and a longer log that does not go on from the one before (V10).
func TestEquivocatingHub(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 5, 2)
	r.CheckIn(4)
	common, err := r.Session.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	fork := &ballot.Memory{}
	log := r.Session.Log()
	other := *r
	other.Session, err = ballot.Begin(ctx, fork, r.Bytes, r.Server.Public(), r.Hub)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range log[1:] {
		other.Append(o, nil)
	}
	r.Open("R1")
	other.Open("R2")
	a, errA := r.Session.Checkpoint()
	b, errB := other.Session.Checkpoint()
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	w := ballot.Watch{Package: r.Package}
	see := func(cp []byte, proof tlog.TreeProof) error { t.Helper(); return w.See(cp, proof) }
	if err := see(common, nil); err != nil {
		t.Fatal(err)
	}
	proof, _, err := r.Session.Consistency(int64(len(log)))
	if err != nil {
		t.Fatal(err)
	}
	if err := see(a, proof); err != nil {
		t.Fatal(err)
	}
	if err := see(common, nil); err != nil || !bytes.Equal(w.Highest, a) {
		t.Fatal("an older checkpoint is no alarm, and does not replace a newer one:", err)
	}
	if err := see(b, nil); !errors.Is(err, ballot.ErrEquivocal) {
		t.Fatal("two heads of one size:", err)
	}
	other.Vote(other.Voters[0], "R2", &ballot.Ballot{Scores: [][]uint16{{1, 1}, {2, 2}}})
	proof, b, err = other.Session.Consistency(int64(len(log)) + 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := see(b, proof); !errors.Is(err, ballot.ErrEquivocal) {
		t.Fatal("a longer log that does not go on from the one seen:", err)
	}
	if !bytes.Equal(w.Highest, a) {
		t.Fatal("the evidence was not kept")
	}
	// The other log's words about a laptop's checkpoint, and the record, show it too.
	e := r.Evidence(nil)
	e.Checkpoints = [][]byte{common, b}
	v, err := ballot.Verify(e.Encode(r.Package), r.Server.Public())
	if err != nil || len(v.Alarms) != 1 {
		t.Fatal(v, err)
	}
	if status, out := second(t, e.Encode(r.Package), r.Server.Public(), true); status != 3 {
		t.Fatal(out)
	}
}

// A laptop whose word names a head that this log never had has seen another log: it is an alarm, an exception that chair and staff sign at the close, and it
// stays when the round is opened again; a head that the log has had, or one of a hub before this one, is none (V10).
func TestALaptopThatHasSeenAnotherLog(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 5, 2)
	r.CheckIn(5)
	early, root, err := r.Session.Head()
	if err != nil {
		t.Fatal(err)
	}
	r.Open("R1")
	say := func(voter int, origin string, size int64, root []byte) {
		t.Helper()
		o := &ballot.Device{Session: "M1-S1", Round: "R1", Expert: r.Voters[voter].Expert, Device: "laptop", Origin: origin, Size: size, Root: root, At: r.Now()}
		r.Append(o.Sign(r.Voters[voter].Key))
	}
	other := bytes.Repeat([]byte{7}, 32)
	say(0, r.Package.Origin, early, root[:])
	say(1, r.Package.Origin, early, other)      // another root at a size that the log has had
	say(1, r.Package.Origin, early, other)      // it is one alarm, however often he says it
	say(2, r.Package.Origin, early+99, root[:]) // a longer log
	say(3, r.Package.OriginOf(7), early, other) // not of this hub's log
	want := []ballot.Exception{{Kind: ballot.ExceptDevice, Subject: "E05"}, {Kind: ballot.ExceptCheckpoint, Subject: "E02"}, {Kind: ballot.ExceptCheckpoint, Subject: "E03"}}
	check := func(want []ballot.Exception) {
		t.Helper()
		r.Session.View(func(s *ballot.State) {
			if got := s.Exceptions("R1"); !slices.Equal(got, want) || len(s.Alarms) != 2 {
				t.Errorf("%v, %v", got, s.Alarms)
			}
		})
	}
	check(want)
	r.Close("R1")
	r.Reopen("R1")
	all := []ballot.Exception{}
	for _, v := range r.Voters {
		all = append(all, ballot.Exception{Kind: ballot.ExceptDevice, Subject: v.Expert})
	}
	check(append(all, want[1:]...))
	r.Finish("R1", "1,2", 0, 1)
	if v := agree(t, r.Record(), r.Server.Public()); len(v.Alarms) != 2 {
		t.Error(v.Alarms)
	}
}

// An epoch goes on from the head of the log as it stands, under a higher number, and names a hub that the server has certified unless the server signs (V11).
func TestAnEpochGoesOnFromTheHead(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 5, 2)
	r.CheckIn(4)
	fresh := ballottest.New(t, &ballot.Memory{}, 5, 2)
	for _, n := range []int64{0, 1} {
		if fresh.Try((&ballot.Epoch{Session: "M1-S1", Epoch: n, Hub: fresh.Hub.Public(), Reason: "主机故障", At: 1}).Sign(fresh.Chair, fresh.Staff)) == nil {
			t.Fatalf("a new log began with epoch %d", n)
		}
	}
	older, err := r.Session.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	half, err := r.Voters[4].CheckIn("123456", r.Now())
	if err != nil {
		t.Fatal(err)
	}
	r.Append(ballot.Countersign(half, r.Staff))
	head, err := r.Session.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	changed := func(old, new string, k ballot.Key) []byte {
		t.Helper()
		text := ballot.TextOf(head)
		if !strings.Contains(text, old) {
			t.Fatal(text)
		}
		cp, err := ballot.SignText(strings.Replace(text, old, new, 1), k)
		if err != nil {
			t.Fatal(err)
		}
		return cp
	}
	size, _, err := r.Session.Head()
	if err != nil {
		t.Fatal(err)
	}
	n, other := strconv.FormatInt(size, 10), ballottest.Key(ballot.RoleHub, 99)
	try := func(epoch int64, hub ballot.Key, from []byte, keys ...ballot.Key) error {
		t.Helper()
		return r.Try((&ballot.Epoch{Session: "M1-S1", Epoch: epoch, Hub: hub.Public(), From: from, Reason: "主机故障", At: 1}).Sign(keys...))
	}
	for name, from := range map[string][]byte{
		"nothing": nil, "an older head": older, "a longer log": changed("\n"+n+"\n", "\n"+n+"0\n", r.Hub), "another root": changed("\n"+n+"\n", "\n"+strconv.FormatInt(size-1, 10)+"\n", r.Hub),
		"another session": changed("M1-S1", "M1-S2", r.Hub), "a later epoch": changed("M1-S1", "M1-S1+2", r.Hub), "a checkpoint of nobody": changed("M1", "M1", other),
	} {
		if try(2, r.Hub, from, r.Chair, r.Staff) == nil {
			t.Fatalf("an epoch took over from %s", name)
		}
	}
	for name, err := range map[string]error{
		"an old number":                  try(1, r.Hub, head, r.Chair, r.Staff),
		"a hub that nobody certified":    try(2, other, head, r.Chair, r.Staff),
		"the word of the hub alone":      try(2, r.Hub, head, r.Hub),
		"the word of staff alone":        try(2, r.Hub, head, r.Staff),
		"the word of chair and of a hub": try(2, r.Hub, head, r.Chair, r.Hub),
	} {
		if err == nil {
			t.Fatalf("an epoch was taken with %s", name)
		}
	}
	// The hub itself would not write an epoch of another; the log is asked.
	named := &ballot.Epoch{Session: "M1-S1", Epoch: 2, Hub: other.Public(), From: head, Reason: "主机故障", At: 1}
	for certified, keys := range map[bool][]ballot.Key{false: {r.Chair, r.Staff}, true: {r.Server}} {
		object, err := named.Sign(keys...)
		if err != nil {
			t.Fatal(err)
		}
		r.Session.View(func(s *ballot.State) {
			if err := s.Check(object); (err == nil) != certified {
				t.Errorf("a hub beyond the package's two, named by the server %v: %v", certified, err)
			}
		})
	}
	if err := try(2, r.Hub, head, r.Chair, r.Staff); err != nil {
		t.Fatal(err)
	}
	if head, err = r.Session.Checkpoint(); err != nil {
		t.Fatal(err)
	}
	if err := try(2, r.Hub, head, r.Chair, r.Staff); err == nil {
		t.Fatal("a second epoch of one number was taken")
	}
	agree(t, r.Record(), r.Server.Public())
}

// Once the spare goes on with the disk, the hub before it writes nothing: first it finds the store written by another, then it reads in the log that it is
// no longer the sequencer (V11). The spare writes nothing before it is one.
func TestOneHubAtATime(t *testing.T) {
	store := &ballot.Memory{}
	r := ballottest.New(t, store, 5, 2)
	r.CheckIn(5)
	good := func() []byte {
		o, err := ballot.NewOpinion("M1-S1", "A0001", "E01", ballot.Main, "同意推荐", r.Now()).Sign(r.Voters[0].Key)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	spare, err := ballot.Begin(ctx, store, r.Bytes, r.Server.Public(), r.Spare)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := spare.Append(ctx, good()); fault.CodeOf(err) != fault.State {
		t.Fatal("a spare that nobody called wrote:", err)
	}
	if _, err := ballot.Begin(ctx, store, r.Bytes, r.Server.Public(), ballottest.Key(ballot.RoleHub, 99)); fault.CodeOf(err) != fault.Denied {
		t.Fatal("a hub that nobody certified began:", err)
	}
	before := r.Session
	r.TakeOver(store)
	for i := range 2 { // the first finds that another wrote, reads the log again, and knows that it is not the hub any more
		if _, err := before.Append(ctx, good()); fault.CodeOf(err) != fault.State {
			t.Fatalf("the hub before, try %d: %v", i+1, err)
		}
	}
	r.Append(good(), nil)
	agree(t, r.Record(), r.Server.Public())
}

// A hub that was set back to an older state learns it from the laptops' checkpoints before it takes anything; a new epoch goes on, and what was lost
// is an alarm in the record unless the laptops have sent it again.
func TestHubRolledBack(t *testing.T) {
	store := &ballot.Memory{}
	r := ballottest.New(t, store, 5, 2)
	r.CheckIn(5)
	r.Open("R1")
	snapshot := &ballot.Memory{}
	hashes, err := store.Load(ctx, func([]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := snapshot.Append(ctx, 0, r.Session.Log(), hashes); err != nil {
		t.Fatal(err)
	}
	kept, receipt := r.Vote(r.Voters[0], "R1", r.Ballot(ballot.Agree))
	lost, _ := r.Vote(r.Voters[1], "R1", r.Ballot(ballot.Agree))
	before := r.Record()
	r.Session, err = ballot.Begin(ctx, snapshot, r.Bytes, r.Server.Public(), r.Hub)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Session.Witness(receipt.Checkpoint); err == nil {
		t.Fatal("a later checkpoint was not noticed")
	}
	if err := r.Try(kept.Raw, nil); err == nil {
		t.Fatal("a hub behind its laptops took a ballot")
	}
	from, err := r.Session.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	r.Epoch++
	r.Append((&ballot.Epoch{Session: "M1-S1", Epoch: 2, Hub: r.Hub.Public(), From: from, Reason: "恢复过旧的备份", At: 1}).Sign(r.Chair, r.Staff))
	if err := r.Session.Witness(receipt.Checkpoint); err != nil {
		t.Fatal("a checkpoint of the epoch before stops the new one:", err)
	}
	again := r.Append(kept.Raw, nil)
	if again.Epoch != 2 || again.Reason != "" {
		t.Fatal(again)
	}
	r.Finish("R1", "1,2", 0, 1)
	e := r.Evidence(r.Columns)
	e.Earlier, e.Checkpoints = [][]byte{before}, [][]byte{receipt.Checkpoint}
	v := agree(t, e.Encode(r.Package), r.Server.Public())
	if len(v.Alarms) != 2 { // the ballot of E02, and the checkpoint
		t.Fatal(v.Alarms)
	}
	_ = lost
}
