package ballottest

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"zhiping/shared/ballot"
)

// Model holds meetings in which everything goes wrong that may, and compares them with a model of a few lines: what each expert has decided, and whether
// it is in force. open makes a fresh store; each record that comes out is shown to done. The invariants V1 to V13 of voting.md are checked where their names
// stand. A fault of the list that never happened in the whole run fails the test.
func Model(t *testing.T, open func() ballot.Store, done ...func(file []byte)) {
	happened := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, open)
		w.happened = happened
		rt.Repeat(map[string]func(*rapid.T){
			"seal":      w.seal,
			"deliver":   w.deliver,
			"vote":      func(rt *rapid.T) { w.seal(rt); w.deliver(rt) },
			"vote more": func(rt *rapid.T) { w.seal(rt); w.deliver(rt); w.deliver(rt) },
			"change":    func(rt *rapid.T) { w.giveBack(rt); w.seal(rt); w.deliver(rt) },
			"stick":     w.stick,
			"replay":    w.replay,
			"foreign":   w.foreign,
			"copied":    seldom(w.copied),
			"check in":  w.checkIn,
			"laptops":   w.twoLaptops,
			"return":    w.giveBack,
			"forge":     w.forgeReturn,
			"forge too": w.forgeReturn,
			"lose":      seldom(w.lose),
			"mark":      seldom(seldom(w.mark)),
			"close":     w.close,
			"open":      w.openAnother,
			"word":      w.word,
			"kill":      w.kill,
			"snapshot":  w.snapshot,
			"roll back": w.rollBack,
			"take over": seldom(w.takeOver),
			"hub lost":  seldom(w.hubLost),
			"two heads": seldom(w.equivocate),
			"clock": func(rt *rapid.T) {
				w.clock += rapid.Int64Range(-315e9, 315e9).Draw(rt, "jump")
				w.clock = max(w.clock, 1)
				w.did("clock jump")
			},
			"": w.check,
		})
		file := w.finish(rt)
		for _, show := range done {
			show(file)
		}
	})
	for _, fault := range faults {
		if happened[fault] == 0 {
			t.Errorf("%q never happened", fault)
		}
	}
	t.Log(happened)
}

// faults are all that voting.md lists ("Tests").
var faults = []string{
	"check-in", "seal", "sent", "sent on a stick", "dropped", "receipt lost", "duplicate", "out of order", "truncated", "bit flipped", "stick damaged", "stick twice", "returned",
	"resubmitted", "two laptops", "absent", "closed", "reopened", "another round opened", "hub killed", "hub lost", "spare took over", "hub rolled back", "laptop lost",
	"clock jump", "two heads of one size", "copied onions", "wrong pair", "forged return", "return for another", "of another meeting", "of another session", "of another round",
	"of another package", "of another expert", "replayed", "late", "second without a return", "from a revoked laptop", "invalid counted",
}

// seldom lets something happen every other time, so that enough goes on between.
func seldom(act func(*rapid.T)) func(*rapid.T) {
	return func(rt *rapid.T) {
		if rapid.Bool().Draw(rt, "now") {
			act(rt)
		}
	}
}

// did notes that a fault has happened.
func (w *world) did(fault string) { w.happened[fault]++ }

// A sealedBallot is what one laptop sealed once.
type sealedBallot struct {
	raw    []byte
	ballot *ballot.Ballot // nil: it will not open
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
	open     func() ballot.Store
	happened map[string]int
	round    string // a secret vote, a score or a named vote
	store    ballot.Store
	laptops  []*laptop // one per expert: the one he uses now
	sealed   map[ballot.ID]*sealedBallot
	queue    []*sealedBallot
	sent     []*sealedBallot

	// The model.
	opened  bool
	checked map[string]bool // who has a credential
	base    map[string]bool
	inForce map[string]*sealedBallot // by expert
	back    map[string]bool          // his newest ballot was returned
	answers map[ballot.ID]string     // what an envelope got in this log
	places  map[ballot.ID]int64

	past    *past
	size    int // of the sealed part of every envelope
	gone    []lostHub
	forks   [][]byte          // checkpoints of the other log that a hub has shown
	old     []*ballot.Session // of hubs that were replaced
	retired []*laptop         // lost, and used by somebody all the same
}

// A lostHub is the record of a hub that was given up, and what was in force in it.
type lostHub struct {
	file    []byte
	inForce map[string]*sealedBallot
}

// A past is a copy of a hub's disk, and the model as it was.
type past struct {
	log     [][]byte
	hashes  []tlog.Hash
	opened  bool
	checked map[string]bool
	base    map[string]bool
	inForce map[string]*sealedBallot
	back    map[string]bool
	answers map[ballot.ID]string
	places  map[ballot.ID]int64
	keys    []ballot.Key
	epoch   int64
	hub     ballot.Key
}

// modelExperts are one more than check in before the round opens.
const modelExperts = 6

func newWorld(t *rapid.T, open func() ballot.Store) *world {
	w := &world{open: open, store: open(), sealed: map[ballot.ID]*sealedBallot{}, round: rapid.SampledFrom([]string{"R1", "R2", "R3"}).Draw(t, "round")}
	w.Room = New(t, &ballot.Memory{}, modelExperts, 2)
	r2 := &w.Package.Rounds[1]
	r2.Trim, r2.Rule, r2.Value = rapid.Int64Range(0, 2).Draw(t, "trim"), ballot.RuleTop, 1
	w.Issue(w.store)
	w.CheckIn(modelExperts - 1)
	w.Room.Open(w.round)
	for _, v := range w.Voters {
		w.laptops = append(w.laptops, &laptop{voter: v, watch: ballot.Watch{Package: w.Package}})
	}
	w.forget(modelExperts - 1)
	return w
}

// forget begins the model of an empty log in which the round has been opened for the first n.
func (w *world) forget(n int) {
	w.opened, w.base, w.checked = true, map[string]bool{}, map[string]bool{}
	for _, v := range w.Voters[:n] {
		w.base[v.Expert], w.checked[v.Expert] = true, true
	}
	w.inForce, w.back, w.answers, w.places = map[string]*sealedBallot{}, map[string]bool{}, map[ballot.ID]string{}, map[ballot.ID]int64{}
}

func (w *world) someone(rt *rapid.T) *laptop { return rapid.SampledFrom(w.laptops).Draw(rt, "laptop") }

// seal: an expert decides, and his laptop seals it for the way it knows; copies go over several transports.
func (w *world) seal(rt *rapid.T) {
	l := w.someone(rt)
	for _, x := range w.laptops { // who has had his ballot back hands in another
		if w.back[x.voter.Expert] && w.base[x.voter.Expert] && rapid.Bool().Draw(rt, "next") {
			l = x
		}
	}
	if len(w.retired) > 0 && rapid.IntRange(0, 7).Draw(rt, "lost laptop") == 0 {
		l = rapid.SampledFrom(w.retired).Draw(rt, "which")
		w.did("from a revoked laptop")
	}
	var chain ballot.Chain
	w.Session.View(func(s *ballot.State) { chain, _ = s.NextChain(w.round, l.voter.Expert) })
	switch {
	case chain.Return == strings.Repeat("0", 64):
		chain = ballot.Chain{} // he tries a second time without a return
		w.did("second without a return")
	case rapid.IntRange(0, 3).Draw(rt, "stale") == 0:
		chain = ballot.Chain{} // his laptop has not heard of the return
	case chain.Version > 1:
		w.did("resubmitted")
	}
	b := w.decision(rt)
	e, _, err := l.voter.SealNext(w.round, chain, b, w.Now())
	if err != nil {
		rt.Fatal(err)
	}
	w.underWay(rt, &sealedBallot{e.Raw, b, l}, e)
	w.did("seal")
}

// underWay puts copies of a sealed ballot on their way.
func (w *world) underWay(rt *rapid.T, x *sealedBallot, e *ballot.Envelope) {
	sealed := len(e.Raw) - len(e.Note)
	if w.size == 0 {
		w.size = sealed
	}
	if sealed != w.size { // V13: no length tells anything
		rt.Fatalf("V13: %d sealed bytes, others have %d", sealed, w.size)
	}
	w.sealed[ballot.IDOf(e.Raw)] = x
	for n := range rapid.IntRange(0, 2).Draw(rt, "copies") + 1 {
		if w.queue = append(w.queue, x); n > 0 {
			w.did("duplicate")
		}
	}
}

// decision is what an expert decides in the round.
func (w *world) decision(rt *rapid.T) *ballot.Ballot {
	b := &ballot.Ballot{}
	for range w.Package.Applicants {
		if w.round != "R2" {
			b.Votes = append(b.Votes, rapid.SampledFrom([]byte{ballot.Agree, ballot.Oppose, ballot.Abstain}).Draw(rt, "cell"))
			continue
		}
		row := []uint16{rapid.Uint16Range(0, 100).Draw(rt, "first item"), rapid.Uint16Range(0, 100).Draw(rt, "second item")}
		if rapid.IntRange(0, 5).Draw(rt, "abstains") == 0 {
			row = []uint16{ballot.ScoreAbstain, ballot.ScoreAbstain}
		}
		b.Scores = append(b.Scores, row)
	}
	return b
}

// deliver: one of the messages under way arrives, whole or not, and its receipt may be lost.
func (w *world) deliver(rt *rapid.T) {
	if len(w.queue) == 0 {
		rt.Skip("nothing is under way")
	}
	i := rapid.IntRange(0, len(w.queue)-1).Draw(rt, "message")
	x := w.queue[i]
	w.queue = slices.Delete(w.queue, i, i+1)
	if i > 0 {
		w.did("out of order")
	}
	switch rapid.SampledFrom([]string{"whole", "whole", "whole", "no receipt", "dropped", "cut", "flipped"}).Draw(rt, "fate") {
	case "whole":
		w.send(rt, x, true)
		w.did("sent")
	case "no receipt":
		w.send(rt, x, false)
		w.did("receipt lost")
	case "dropped":
		w.did("dropped")
		w.queue = append(w.queue, x) // no receipt: the laptop sends the same bytes again
	case "cut":
		w.spoiled(rt, x.raw[:rapid.IntRange(0, len(x.raw)-1).Draw(rt, "length")])
		w.queue = append(w.queue, x)
		w.did("truncated")
	case "flipped":
		bad := bytes.Clone(x.raw)
		bad[rapid.IntRange(0, len(bad)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		w.spoiled(rt, bad)
		w.queue = append(w.queue, x)
		w.did("bit flipped")
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
	if w.answers[id], w.places[id] = want, receipt.Index; want == ballot.RejectLate {
		w.did("late")
	}
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
	case w.revoked(e.Credential):
		return ballot.RejectCredential
	case !w.checked[expert]:
		return "later"
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

// revoked reports whether a credential has ended in this log.
func (w *world) revoked(credential string) (yes bool) {
	w.Session.View(func(s *ballot.State) { yes = s.Revoked[credential] != "" })
	return yes
}

// returnOf is the return that an expert's laptop was told last.
func (w *world) returnOf(expert string) (id string) {
	w.Session.View(func(s *ballot.State) { id = s.Rounds[w.round].Returned[expert].String() })
	return id
}

// replay: a relay sends something again that was sent before.
func (w *world) replay(rt *rapid.T) {
	if len(w.sent) == 0 {
		rt.Skip("nothing was sent")
	}
	w.send(rt, rapid.SampledFrom(w.sent).Draw(rt, "old"), rapid.Bool().Draw(rt, "answered"))
	w.did("replayed")
}

// holder is somebody whose ballot is in force while the round is open.
func (w *world) holder(rt *rapid.T) (*laptop, *sealedBallot) {
	var all []*laptop
	for _, l := range w.laptops {
		if expert := l.voter.Expert; w.inForce[expert] != nil && !w.back[expert] && w.opened {
			all = append(all, l)
		}
	}
	if len(all) == 0 {
		rt.Skip("nobody has a ballot in force")
	}
	l := rapid.SampledFrom(all).Draw(rt, "laptop")
	return l, w.inForce[l.voter.Expert]
}

// giveBack: an expert asks for his ballot, or staff returns it.
func (w *world) giveBack(rt *rapid.T) {
	l, x := w.holder(rt)
	before := int64(len(w.Session.Log()))
	e, err := ballot.ParseEnvelope(x.raw)
	if err != nil {
		rt.Fatal(err)
	}
	w.Return(l.voter, e, rapid.Bool().Draw(rt, "asked"))
	l.history = append(l.history, w.Session.Log()[before:]...)
	w.back[l.voter.Expert] = true
	w.did("returned")
}

// lose: a laptop is lost; the expert gets another credential, and his ballot stays.
func (w *world) lose(rt *rapid.T) {
	i := rapid.IntRange(0, len(w.laptops)-1).Draw(rt, "laptop")
	old := w.laptops[i]
	if !w.checked[old.voter.Expert] {
		rt.Skip("he has none yet")
	}
	v := *old.voter
	w.keys++
	w.Room.Lose(&v, Key(ballot.RoleExpert, byte(110+w.keys%140)))
	w.laptops[i] = &laptop{voter: &v, watch: ballot.Watch{Package: w.Package}}
	w.Voters[i] = &v
	w.retired = append(w.retired, old)
	w.did("laptop lost")
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
		w.did("absent")
	}
}

// close: the round is closed, or opened again.
func (w *world) close(rt *rapid.T) {
	if w.opened && rapid.Bool().Draw(rt, "not yet") {
		rt.Skip("the round goes on")
	}
	if w.opened {
		w.Room.Close(w.round)
		w.did("closed")
	} else {
		w.Reopen(w.round)
		w.did("reopened")
	}
	w.opened = !w.opened
}

// word: a laptop says what it holds.
func (w *world) word(rt *rapid.T) {
	if !w.opened {
		rt.Skip("the round is closed")
	}
	l := w.someone(rt)
	if !w.checked[l.voter.Expert] {
		rt.Skip("he has not checked in")
	}
	w.DeviceWord(l.voter, w.round)
}
