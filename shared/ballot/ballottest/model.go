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
	if chain.Return == strings.Repeat("0", 64) || rapid.IntRange(0, 3).Draw(rt, "stale") == 0 {
		chain = ballot.Chain{} // he tries a second time without a return, or a laptop has not heard of it
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
