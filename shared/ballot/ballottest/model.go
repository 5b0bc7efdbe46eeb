package ballottest

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"zhiping/shared/ballot"
)

// Model holds meetings in which everything goes wrong that may, and compares them with a model of a few lines: what each expert has decided, and whether
// it is in force. open makes a fresh store. The invariants V1 to V13 of voting.md are checked where their names stand.
func Model(t *testing.T, open func() ballot.Store) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, open)
		rt.Repeat(map[string]func(*rapid.T){
			"seal":      w.seal,
			"deliver":   w.deliver,
			"replay":    w.replay,
			"foreign":   w.foreign,
			"return":    w.giveBack,
			"lose":      w.lose,
			"mark":      w.mark,
			"close":     w.close,
			"word":      w.word,
			"kill":      w.kill,
			"snapshot":  w.snapshot,
			"roll back": w.rollBack,
			"take over": w.takeOver,
			"hub lost":  w.hubLost,
			"clock": func(rt *rapid.T) {
				w.clock += rapid.Int64Range(-315e9, 315e9).Draw(rt, "jump")
				w.clock = max(w.clock, 1)
			},
			"": w.check,
		})
		w.finish(rt)
	})
}

const modelRound = "R1"

// A sealedBallot is what one laptop sealed once.
type sealedBallot struct {
	raw    []byte
	cells  []byte
	laptop *laptop
}

// A laptop sends what it has sealed until it has a receipt.
type laptop struct {
	voter   *ballot.Voter
	history [][]byte // its envelopes, requests and returns, in order
	watch   ballot.Watch
	receipt *ballot.Receipt // the newest
	kept    []byte          // envelope of that receipt
}

// GoString and the next keep the bytes out of a failed run's story.
func (x *sealedBallot) GoString() string { return "ballot " + ballot.IDOf(x.raw).String()[:8] }

// GoString is the laptop's expert.
func (l *laptop) GoString() string { return "laptop " + l.voter.Expert }

// A world is a room and the model of it.
type world struct {
	*Room
	open    func() ballot.Store
	store   ballot.Store
	laptops []*laptop // one per expert: the one he uses now
	sealed  map[ballot.ID]*sealedBallot
	queue   []*sealedBallot
	sent    []*sealedBallot

	// The model.
	opened  bool
	base    map[string]bool
	inForce map[string]*sealedBallot // by expert
	back    map[string]bool          // his newest ballot was returned
	answers map[ballot.ID]string     // what an envelope got in this log
	places  map[ballot.ID]int64

	past    *past
	size    int // of the sealed part of every envelope
	earlier [][]byte
	old     []*ballot.Session // of hubs that were replaced
}

// A past is a copy of a hub's disk, and the model as it was.
type past struct {
	log     [][]byte
	hashes  []tlog.Hash
	opened  bool
	base    map[string]bool
	inForce map[string]*sealedBallot
	back    map[string]bool
	answers map[ballot.ID]string
	places  map[ballot.ID]int64
	keys    []ballot.Key
	epoch   int64
	hub     ballot.Key
}

func newWorld(t *rapid.T, open func() ballot.Store) *world {
	w := &world{open: open, store: open(), sealed: map[ballot.ID]*sealedBallot{}}
	w.Room = New(t, w.store, 5, 2)
	w.CheckIn(5)
	w.Room.Open(modelRound)
	for _, v := range w.Voters {
		w.laptops = append(w.laptops, &laptop{voter: v, watch: ballot.Watch{Package: w.Package}})
	}
	w.forget()
	return w
}

// forget begins the model of an empty log in which the round has been opened for everybody.
func (w *world) forget() {
	w.opened, w.base = true, map[string]bool{}
	for _, v := range w.Voters {
		w.base[v.Expert] = true
	}
	w.inForce, w.back, w.answers, w.places = map[string]*sealedBallot{}, map[string]bool{}, map[ballot.ID]string{}, map[ballot.ID]int64{}
}

func (w *world) someone(rt *rapid.T) *laptop { return rapid.SampledFrom(w.laptops).Draw(rt, "laptop") }

// seal: an expert decides, and his laptop seals it for the way it knows; copies go over several transports.
func (w *world) seal(rt *rapid.T) {
	l := w.someone(rt)
	var chain ballot.Chain
	w.Session.View(func(s *ballot.State) { chain, _ = s.NextChain(modelRound, l.voter.Expert) })
	if chain.Return == strings.Repeat("0", 64) {
		chain = ballot.Chain{} // he tries a second time without a return
	}
	b := &ballot.Ballot{}
	for range w.Package.Applicants {
		b.Votes = append(b.Votes, rapid.SampledFrom([]byte{ballot.Agree, ballot.Oppose, ballot.Abstain}).Draw(rt, "cell"))
	}
	e, _, err := l.voter.SealNext(modelRound, chain, b, w.Now())
	if err != nil {
		rt.Fatal(err)
	}
	sealed := len(e.Raw) - len(e.Note)
	if w.size == 0 {
		w.size = sealed
	}
	if sealed != w.size { // V13: no length tells anything
		rt.Fatalf("V13: %d sealed bytes, others have %d", sealed, w.size)
	}
	x := &sealedBallot{e.Raw, b.Votes, l}
	w.sealed[ballot.IDOf(e.Raw)] = x
	for range rapid.IntRange(0, 2).Draw(rt, "copies") + 1 {
		w.queue = append(w.queue, x)
	}
}

// deliver: one of the messages under way arrives, whole or not, and its receipt may be lost.
func (w *world) deliver(rt *rapid.T) {
	if len(w.queue) == 0 {
		rt.Skip("nothing is under way")
	}
	i := rapid.IntRange(0, len(w.queue)-1).Draw(rt, "message")
	x := w.queue[i]
	w.queue = slices.Delete(w.queue, i, i+1)
	switch rapid.SampledFrom([]string{"whole", "whole", "whole", "no receipt", "dropped", "cut", "flipped"}).Draw(rt, "fate") {
	case "whole":
		w.send(rt, x, true)
	case "no receipt":
		w.send(rt, x, false)
	case "dropped":
		w.queue = append(w.queue, x) // no receipt: the laptop sends the same bytes again
	case "cut":
		w.spoiled(rt, x.raw[:rapid.IntRange(0, len(x.raw)-1).Draw(rt, "length")])
		w.queue = append(w.queue, x)
	case "flipped":
		bad := bytes.Clone(x.raw)
		bad[rapid.IntRange(0, len(bad)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		w.spoiled(rt, bad)
		w.queue = append(w.queue, x)
	}
}

// spoiled bytes are never counted.
func (w *world) spoiled(rt *rapid.T, raw []byte) {
	if receipt, err := w.Session.Append(context.Background(), raw); err == nil && receipt.Reason == "" {
		rt.Fatal("a spoiled envelope was counted")
	}
}

// send gives an envelope to the hub and holds the answer against the model.
func (w *world) send(rt *rapid.T, x *sealedBallot, answered bool) {
	id := ballot.IDOf(x.raw)
	w.sent = append(w.sent, x)
	want, known := w.answers[id]
	if !known {
		want = w.decide(x)
	}
	receipt, err := w.Session.Append(context.Background(), x.raw)
	switch {
	case want == "later":
		if err == nil {
			rt.Fatalf("an answer where none was due: %v", receipt.Reason)
		}
		return
	case err != nil:
		rt.Fatalf("no answer, want %q: %v", want, err)
	case receipt.Reason != want:
		rt.Fatalf("the answer is %q, want %q", receipt.Reason, want)
	case known && receipt.Index != w.places[id]: // V8
		rt.Fatalf("V8: the same bytes stand at %d and %d", w.places[id], receipt.Index)
	}
	w.answers[id], w.places[id] = want, receipt.Index
	expert := x.laptop.voter.Expert
	if want == "" && !known {
		w.inForce[expert] = x
		w.back[expert] = false
		x.laptop.history = append(x.laptop.history, x.raw)
	}
	if !answered {
		return
	}
	if _, err := ballot.CheckReceipt(receipt.Text(), x.raw, w.Package); err != nil {
		rt.Fatal(err)
	}
	if x.laptop.receipt == nil || x.laptop.receipt.Epoch <= receipt.Epoch {
		x.laptop.receipt, x.laptop.kept = receipt, x.raw
	}
	w.see(rt, x.laptop, receipt.Checkpoint)
}

// see shows a laptop a checkpoint with its proof: an honest hub never raises an alarm (V10).
func (w *world) see(rt *rapid.T, l *laptop, cp []byte) {
	var proof tlog.TreeProof
	if l.watch.Highest != nil {
		if h, err := ballot.OpenCheckpoint(l.watch.Highest, w.Hub.Public(), w.Spare.Public()); err == nil && h.Origin == w.Package.OriginOf(w.Epoch) {
			if proof, cp, err = w.Session.Consistency(h.Size); err != nil {
				rt.Fatal(err)
			}
		}
	}
	if err := l.watch.See(cp, proof); err != nil {
		rt.Fatal("V10: ", err)
	}
}

// decide is the model's answer.
func (w *world) decide(x *sealedBallot) string {
	e, err := ballot.ParseEnvelope(x.raw)
	if err != nil {
		return "later"
	}
	expert := e.Expert
	current := w.laptops[slices.IndexFunc(w.laptops, func(l *laptop) bool { return l.voter.Expert == expert })]
	head := w.inForce[expert]
	switch {
	case e.Credential != current.voter.Key.Public():
		return ballot.RejectCredential
	case !w.opened:
		return ballot.RejectLate
	case !w.base[expert]:
		return ballot.RejectNotEligible
	case head == nil && e.Version == 1:
		return ""
	case head == nil:
		return "later"
	}
	h, _ := ballot.ParseEnvelope(head.raw)
	follows := e.Prev == ballot.IDOf(head.raw).String() && e.Version == h.Version+1
	switch {
	case follows && w.back[expert] && e.Return == w.returnOf(expert):
		return ""
	case follows && !w.back[expert], e.Version > h.Version+1:
		return "later"
	}
	return ballot.RejectNeedReturn
}

// returnOf is the return that an expert's laptop was told last.
func (w *world) returnOf(expert string) (id string) {
	w.Session.View(func(s *ballot.State) { id = s.Rounds[modelRound].Returned[expert].String() })
	return id
}

// replay: a relay sends something again that was sent before.
func (w *world) replay(rt *rapid.T) {
	if len(w.sent) == 0 {
		rt.Skip("nothing was sent")
	}
	w.send(rt, rapid.SampledFrom(w.sent).Draw(rt, "old"), rapid.Bool().Draw(rt, "answered"))
}

// foreign: envelopes of another round, another package, another's name.
func (w *world) foreign(rt *rapid.T) {
	v := *w.someone(rt).voter
	round := modelRound
	switch rapid.SampledFrom([]string{"round", "package", "name"}).Draw(rt, "of another") {
	case "round":
		round = "R3"
	case "package":
		v.PackageID[0] ^= 1
	case "name":
		v.Expert = w.someone(rt).voter.Expert
		if v.Expert == w.laptops[0].voter.Expert {
			v.Expert = w.laptops[1].voter.Expert
		}
		v.Key = Key(ballot.RoleExpert, 77)
	}
	e, err := v.Seal(round, w.Ballot(ballot.Agree), w.Now())
	if err != nil {
		rt.Fatal(err)
	}
	w.spoiled(rt, e.Raw)
}

// giveBack: an expert asks for his ballot, or staff returns it.
func (w *world) giveBack(rt *rapid.T) {
	l := w.someone(rt)
	x := w.inForce[l.voter.Expert]
	if x == nil || w.back[l.voter.Expert] || !w.opened {
		rt.Skip("nothing to give back")
	}
	before := int64(len(w.Session.Log()))
	e, err := ballot.ParseEnvelope(x.raw)
	if err != nil {
		rt.Fatal(err)
	}
	w.Return(l.voter, e, rapid.Bool().Draw(rt, "asked"))
	l.history = append(l.history, w.Session.Log()[before:]...)
	w.back[l.voter.Expert] = true
}

// lose: a laptop is lost; the expert gets another credential, and his ballot stays.
func (w *world) lose(rt *rapid.T) {
	i := rapid.IntRange(0, len(w.laptops)-1).Draw(rt, "laptop")
	old := w.laptops[i]
	v := *old.voter
	w.keys++
	w.Room.Lose(&v, Key(ballot.RoleExpert, byte(110+w.keys%140)))
	w.laptops[i] = &laptop{voter: &v, watch: ballot.Watch{Package: w.Package}}
	w.Voters[i] = &v
}

// mark: somebody is marked as away. A ballot in force stays, and its expert with it.
func (w *world) mark(rt *rapid.T) {
	i := rapid.IntRange(0, len(w.laptops)-1).Draw(rt, "who")
	expert := w.Voters[i].Expert
	status := rapid.SampledFrom([]string{ballot.Absent, ballot.Left, ballot.Withdrawn}).Draw(rt, "status")
	err := w.Try(w.Attend(i, status, "临时有事").Sign(w.Staff, w.Chair, w.Supervisor))
	inForce := w.inForce[expert] != nil && !w.back[expert]
	if (err != nil) != (!w.opened || inForce && status != ballot.Left) {
		rt.Fatalf("marking %s as %s: %v", expert, status, err)
	}
	if err == nil && !inForce {
		w.base[expert] = false
	}
}

// close: the round is closed, or opened again.
func (w *world) close(rt *rapid.T) {
	if w.opened {
		w.Room.Close(modelRound)
	} else {
		w.Reopen(modelRound)
	}
	w.opened = !w.opened
}

// word: a laptop says what it holds.
func (w *world) word(rt *rapid.T) {
	if !w.opened {
		rt.Skip("the round is closed")
	}
	w.DeviceWord(w.someone(rt).voter, modelRound)
}

// kill: the hub's process ends and begins again; it stands where it stood (V1, V7).
func (w *world) kill(rt *rapid.T) {
	before, err := w.Session.Checkpoint()
	if err != nil {
		rt.Fatal(err)
	}
	if w.Session, err = ballot.Begin(context.Background(), w.store, w.Bytes, w.Server.Public(), w.Hub); err != nil {
		rt.Fatal(err)
	}
	if after, err := w.Session.Checkpoint(); err != nil || !bytes.Equal(before, after) {
		rt.Fatalf("V7: after a restart the log stands at\n%s\nnot\n%s", after, before)
	}
}

// snapshot copies the hub's disk.
func (w *world) snapshot(rt *rapid.T) {
	p := &past{
		opened: w.opened, base: maps.Clone(w.base), inForce: maps.Clone(w.inForce), back: maps.Clone(w.back), answers: maps.Clone(w.answers),
		places: maps.Clone(w.places), epoch: w.Epoch, hub: w.Hub,
	}
	for _, l := range w.laptops {
		p.keys = append(p.keys, l.voter.Key)
	}
	var err error
	if p.hashes, err = w.store.Load(context.Background(), func(o []byte) error { p.log = append(p.log, o); return nil }); err != nil {
		rt.Fatal(err)
	}
	w.past = p
}

// rollBack: the hub's disk is the copy. It learns from the laptops that it is behind, takes nothing, and goes on in a new epoch.
func (w *world) rollBack(rt *rapid.T) {
	p := w.past
	if p == nil || p.epoch != w.Epoch || p.hub.Public() != w.Hub.Public() {
		rt.Skip("no copy of this hub's disk")
	}
	ahead := w.Session
	w.archiveOld()
	w.store = w.open()
	ctx := context.Background()
	if err := w.store.Append(ctx, 0, p.log, p.hashes); err != nil {
		rt.Fatal(err)
	}
	s, err := ballot.Begin(ctx, w.store, w.Bytes, w.Server.Public(), w.Hub)
	if err != nil {
		rt.Fatal(err)
	}
	w.witnessed(rt, s)
	from, err := s.Checkpoint()
	if err != nil {
		rt.Fatal(err)
	}
	w.Restart(w.store, w.Hub, from)
	w.old = append(w.old, ahead)
	w.opened, w.base, w.inForce, w.back = p.opened, maps.Clone(p.base), maps.Clone(p.inForce), maps.Clone(p.back)
	w.answers, w.places, w.past = maps.Clone(p.answers), maps.Clone(p.places), nil
	for i, l := range w.laptops {
		if l.voter.Key.Public() != p.keys[i].Public() { // he had another laptop then
			v := *l.voter
			key := v.Key
			v.Key = p.keys[i]
			w.Room.Lose(&v, key)
		}
	}
	w.resend(rt)
}

// witnessed shows a hub the laptops' checkpoints: it must refuse to go on when one is ahead of its log (V10).
func (w *world) witnessed(rt *rapid.T, s *ballot.Session) {
	size, _, err := s.Head()
	if err != nil {
		rt.Fatal(err)
	}
	behind := false
	for _, l := range w.laptops {
		if l.watch.Highest == nil {
			continue
		}
		h, err := ballot.OpenCheckpoint(l.watch.Highest, w.Hub.Public(), w.Spare.Public())
		if err != nil {
			rt.Fatal(err)
		}
		behind = behind || h.Origin == w.Package.OriginOf(w.Epoch) && h.Size > size
		if err := s.Witness(l.watch.Highest); (err != nil) != behind {
			rt.Fatalf("V10: behind %v, and the hub says %v", behind, err)
		}
	}
	if behind {
		o, err := w.Attend(0, ballot.Left, "临时有事").Sign(w.Staff)
		if err != nil {
			rt.Fatal(err)
		}
		if _, err := s.Append(context.Background(), o); err == nil {
			rt.Fatal("V10: a hub behind its laptops writes")
		}
	}
}

// takeOver: the spare goes on with the same disk; the hub before it can write nothing any more (V11).
func (w *world) takeOver(rt *rapid.T) {
	before := w.Session
	w.TakeOver(w.store)
	half, err := w.Voters[0].CheckIn("123456", w.Now())
	if err != nil {
		rt.Fatal(err)
	}
	for range 2 { // first it finds the store written by another, then it reads that it is no longer the hub
		if _, err := before.Append(context.Background(), half); err == nil {
			rt.Fatal("V11: two hubs write one log")
		}
	}
}

// hubLost: hub and disk are gone. The spare begins a new log from what the laptops have; each sends its chain again.
func (w *world) hubLost(rt *rapid.T) {
	w.archiveOld()
	var from []byte
	highest := int64(1)
	for _, l := range w.laptops {
		if l.watch.Highest == nil {
			continue
		}
		h, err := ballot.OpenCheckpoint(l.watch.Highest, w.Hub.Public(), w.Spare.Public())
		if err != nil {
			rt.Fatal(err)
		}
		if h.Size > highest && h.Origin == w.Package.OriginOf(w.Epoch) {
			highest, from = h.Size, l.watch.Highest
		}
	}
	w.old = append(w.old, w.Session)
	w.store = w.open()
	w.Restart(w.store, w.Spare, from)
	w.Hub, w.Spare, w.past = w.Spare, w.Hub, nil
	w.CheckIn(len(w.Voters))
	w.Room.Open(modelRound)
	w.forget()
	w.resend(rt)
}

// archiveOld keeps the record of the hub that is given up.
func (w *world) archiveOld() {
	w.earlier = append(w.earlier, w.Record())
}

// resend lets every laptop send what it has, in order: what was receipted is there again (V1), unless the hub has closed before.
func (w *world) resend(rt *rapid.T) {
	for _, l := range w.laptops {
		history := l.history
		l.history = nil
		for _, o := range history {
			if x := w.sealed[ballot.IDOf(o)]; x != nil {
				w.send(rt, x, true)
				if want := w.answers[ballot.IDOf(o)]; want == "" && !slices.ContainsFunc(l.history, func(b []byte) bool { return bytes.Equal(b, o) }) {
					l.history = append(l.history, o)
				}
				continue
			}
			if _, err := w.Session.Append(context.Background(), o); err == nil {
				l.history = append(l.history, o)
				w.back[l.voter.Expert] = w.returnOf(l.voter.Expert) != strings.Repeat("0", 64)
			}
		}
	}
}

// check holds the state against the model after every step.
func (w *world) check(rt *rapid.T) {
	w.Session.View(func(s *ballot.State) {
		r := s.Rounds[modelRound]
		if (r.State == ballot.RoundOpen) != w.opened {
			rt.Fatalf("the round is %s", r.State)
		}
		n := 0
		for _, e := range s.Counted(modelRound) {
			x := w.inForce[e.Expert]
			if x == nil || w.back[e.Expert] || !bytes.Equal(x.raw, e.Raw) {
				rt.Fatalf("V3: a ballot of %s counts that is not in force", e.Expert)
			}
			n++
		}
		for expert, x := range w.inForce {
			if x != nil && !w.back[expert] {
				n--
			}
		}
		if n != 0 {
			rt.Fatalf("V1: %d ballots in force do not count", -n)
		}
	})
}

// finish closes, opens, counts, attests and signs off, and verifies the record: the tally is the sum of what the experts decided.
func (w *world) finish(rt *rapid.T) {
	if w.opened {
		w.Room.Close(modelRound)
	}
	w.Session.View(func(s *ballot.State) {
		if _, _, err := ballot.OpenRound(s, modelRound, "test", w.Custodians[0], w.Custodians[1], w.Hub); err == nil {
			rt.Fatal("V12: opened without a word of the custodians")
		}
	})
	w.Tally(modelRound, "1,2", 0, 1)
	w.Append(w.SignOffObject(modelRound))
	e := w.Evidence(w.Columns)
	e.Earlier = w.earlier
	for _, l := range w.laptops {
		if l.receipt != nil && l.receipt.Epoch == w.Epoch {
			e.Checkpoints = append(e.Checkpoints, l.receipt.Checkpoint)
		}
	}
	v, err := ballot.Verify(e.Encode(w.Package), w.Server.Public())
	if err != nil {
		rt.Fatal(err)
	}
	w.sums(rt, v)
	w.logged(rt, v)
	for _, l := range w.laptops { // V2
		if l.receipt == nil || l.receipt.Epoch != w.Epoch {
			continue
		}
		watch := ballot.Watch{Package: w.Package, Highest: l.receipt.Checkpoint}
		h, err := ballot.OpenCheckpoint(l.receipt.Checkpoint, w.Hub.Public(), w.Spare.Public())
		if err != nil {
			rt.Fatal(err)
		}
		proof, cp, err := w.Session.Consistency(h.Size)
		if err != nil || watch.See(cp, proof) != nil {
			rt.Fatal("V2: a receipt does not verify against the final log")
		}
	}
	if slices.ContainsFunc(v.Alarms, func(a string) bool { return strings.Contains(a, "检查点") }) {
		rt.Fatal("V10: ", v.Alarms)
	}
}

// sums: the tally is the sum of the decisions in force (V4, V5).
func (w *world) sums(rt *rapid.T, v *ballot.Verified) {
	r := v.State.Rounds[modelRound]
	for i, res := range r.Tally.Results {
		want := map[byte]int64{}
		for expert, x := range w.inForce {
			if x != nil && !w.back[expert] {
				want[x.cells[i]]++
			}
		}
		if res.Agree != want[ballot.Agree] || res.Oppose != want[ballot.Oppose] || res.Abstain != want[ballot.Abstain] || res.Invalid != 0 {
			rt.Fatalf("applicant %d: the tally says %+v, the experts decided %v", i, res, want)
		}
		base := int64(0)
		for _, in := range w.base {
			if in {
				base++
			}
		}
		if res.Base != base {
			rt.Fatalf("the base is %d, %d take part", res.Base, base)
		}
	}
	if sheet := v.State.Reconcile(modelRound); !sheet.Balanced() {
		rt.Fatalf("V5: %+v", sheet.Equations)
	}
}

// logged reads the log as it stands: each envelope once (V8), none after a close (V6), each later one after a return (V3).
func (w *world) logged(rt *rapid.T, v *ballot.Verified) {
	seen := map[ballot.ID]bool{}
	versions := map[string]int64{}
	open := false
	for _, o := range w.Session.Log() {
		switch kind, _, _ := strings.Cut(string(o), "\n"); {
		case kind == "zp-open/2":
			open = true
		case kind == "zp-close/2":
			open = false
		case !strings.HasPrefix(kind, "zp-"):
			e, err := ballot.ParseEnvelope(o)
			if err != nil || !open || seen[ballot.IDOf(o)] || e.Version != versions[e.Expert]+1 || e.Version > 1 && e.Return == "" {
				rt.Fatalf("V3, V6 or V8: the log holds %s version %d after %d, open %v", e.Expert, e.Version, versions[e.Expert], open)
			}
			seen[ballot.IDOf(o)] = true
			versions[e.Expert] = e.Version
		}
	}
}
