package ballottest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"

	"zhiping/shared/ballot"
)

// What people do who want another result, and what a stick does to what it carries.

// stick: what is under way is carried in a bundle, in any order, damaged or not, and is imported once or twice (V8).
func (w *world) stick(rt *rapid.T) {
	if len(w.queue) == 0 {
		rt.Skip("nothing is under way")
	}
	n := rapid.IntRange(1, min(4, len(w.queue))).Draw(rt, "on the stick")
	carried := w.queue[:n:n]
	var objects [][]byte
	for _, x := range carried {
		objects = append(objects, x.raw)
	}
	bundle, err := ballot.EncodeBundle(objects)
	if err != nil {
		rt.Fatal(err)
	}
	switch rapid.SampledFrom([]string{"whole", "whole", "twice", "cut", "flipped"}).Draw(rt, "fate") {
	case "cut":
		w.noBundle(rt, bundle[:rapid.IntRange(0, len(bundle)-1).Draw(rt, "length")])
		return
	case "flipped":
		bundle[rapid.IntRange(0, len(bundle)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		w.noBundle(rt, bundle)
		return
	case "twice":
		w.importStick(rt, bundle)
		w.did("stick twice")
	}
	w.importStick(rt, bundle)
	w.queue = w.queue[n:]
	w.did("sent on a stick")
}

func (w *world) noBundle(rt *rapid.T, bundle []byte) {
	if _, err := ballot.ParseBundle(bundle); err == nil {
		rt.Fatal("a damaged stick was read")
	}
	w.did("stick damaged")
}

func (w *world) importStick(rt *rapid.T, bundle []byte) {
	objects, err := ballot.ParseBundle(bundle)
	if err != nil {
		rt.Fatal(err)
	}
	if rapid.Bool().Draw(rt, "backwards") {
		slices.Reverse(objects)
		w.did("out of order")
	}
	for _, o := range objects {
		w.send(rt, w.sealed[ballot.IDOf(o)], rapid.Bool().Draw(rt, "the reply is carried back"))
	}
}

// refused sends an envelope that must be refused for a reason; "" is refused without an entry.
func (w *world) refused(rt *rapid.T, what string, raw []byte, reasons ...string) {
	receipt, err := w.Session.Append(context.Background(), raw)
	if err != nil {
		if !slices.Contains(reasons, "") {
			rt.Fatalf("an envelope %s: %v, want one of %v", what, err, reasons)
		}
	} else if receipt.Reason == "" || !slices.Contains(reasons, receipt.Reason) {
		rt.Fatalf("an envelope %s: %q, want one of %v", what, receipt.Reason, reasons)
	}
	w.did(what)
}

// foreign: envelopes of another meeting, session, round or package, and under another's name.
func (w *world) foreign(rt *rapid.T) {
	l := w.someone(rt)
	v, p := *l.voter, *w.Package
	round, b := w.round, w.decision(rt)
	what := rapid.SampledFrom([]string{"of another meeting", "of another session", "of another round", "of another package", "of another expert"}).Draw(rt, "foreign")
	reasons := []string{ballot.RejectWrongRound}
	switch what {
	case "of another meeting":
		p.Meeting, v.Package = "M2", &p
	case "of another session":
		p.Session, v.Package = "M1-S2", &p
	case "of another package":
		v.PackageID[0] ^= 1
	case "of another round": // the cells may be of another kind; the round is not open
		round, reasons = map[string]string{"R1": "R3", "R3": "R1", "R2": "R1"}[w.round], []string{"", ballot.RejectCredential}
		b = w.Ballot(ballot.Agree)
	case "of another expert":
		v.Expert = w.laptops[(slices.Index(w.laptops, l)+1)%len(w.laptops)].voter.Expert
		reasons = []string{ballot.RejectCredential, ""} // without an answer if that one has not checked in yet
	}
	e, err := v.Seal(round, b, w.Now())
	if err != nil {
		rt.Fatal(err)
	}
	w.refused(rt, what, e.Raw, reasons...)
}

// copied: an expert hands in a colleague's sealed onions and commitment under a header of his own, properly signed. It is taken as his, and will not open:
// he stays in the base and counts for nobody, and the original counts once.
func (w *world) copied(rt *rapid.T) {
	if len(w.sent) == 0 {
		rt.Skip("nothing to copy")
	}
	l := w.someone(rt)
	for _, x := range w.laptops { // mostly one whose ballot would count
		if expert := x.voter.Expert; w.base[expert] && (w.inForce[expert] == nil || w.back[expert]) && rapid.IntRange(0, 3).Draw(rt, "he") > 0 {
			l = x
		}
	}
	other, err := ballot.ParseEnvelope(rapid.SampledFrom(w.sent).Draw(rt, "copied").raw)
	if err != nil {
		rt.Fatal(err)
	}
	if other.Expert == l.voter.Expert {
		rt.Skip("his own")
	}
	var chain ballot.Chain
	w.Session.View(func(s *ballot.State) { chain, _ = s.NextChain(w.round, l.voter.Expert) })
	if chain.Return == strings.Repeat("0", 64) {
		chain = ballot.Chain{}
	}
	own, _, err := l.voter.SealNext(w.round, chain, w.decision(rt), w.Now())
	if err != nil {
		rt.Fatal(err)
	}
	raw, err := underHeader(own, other, l.voter.Key)
	if err != nil {
		rt.Fatal(err)
	}
	e, err := ballot.ParseEnvelope(raw)
	if err != nil {
		rt.Fatal(err)
	}
	x := &sealedBallot{raw, nil, l}
	w.underWay(rt, x, e)
	w.send(rt, x, true)
	w.did("copied onions")
}

// underHeader gives the bytes of an envelope with one's header and another's commitment and onions, signed by the first.
func underHeader(own, other *ballot.Envelope, k ballot.Key) ([]byte, error) {
	text, _, _ := strings.Cut(string(own.Note), "\n\n")
	copied, _, _ := strings.Cut(string(other.Note), "\n\n")
	theirs := map[string]string{}
	for _, line := range strings.Split(copied, "\n") {
		key, rest, _ := strings.Cut(line, " ")
		if pair, _, onion := strings.Cut(rest, "|"); onion {
			key += pair
		}
		theirs[key] = line
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		key, rest, _ := strings.Cut(line, " ")
		if pair, _, _ := strings.Cut(rest, "|"); key == "onion" {
			lines[i] = theirs[key+pair]
		} else if key == "commit" {
			lines[i] = theirs[key]
		}
	}
	signed, err := note.Sign(&note.Note{Text: strings.Join(lines, "\n") + "\n"}, noteSigner{k, hashOf(own.Note)})
	if err != nil {
		return nil, err
	}
	return JoinEnvelope(signed, other.Blobs), nil
}

// checkIn: an expert comes later, while the round is under way. He has a credential then, and is not in the round.
func (w *world) checkIn(rt *rapid.T) {
	v := w.Voters[modelExperts-1]
	if w.checked[v.Expert] {
		rt.Skip("he is there")
	}
	half, err := v.CheckIn("123456", w.Now())
	if err != nil {
		rt.Fatal(err)
	}
	full, err := ballot.Countersign(half, w.Staff)
	w.Append(full, err)
	if w.Try(w.Attend(modelExperts-1, ballot.Present, "").Sign(w.Staff, w.Chair, w.Supervisor)) == nil {
		rt.Fatal("somebody came into a round under way")
	}
	w.checked[v.Expert] = true
	w.did("check-in")
}

// twoLaptops: somebody checks in as an expert who has checked in, and hands in a ballot from there.
func (w *world) twoLaptops(rt *rapid.T) {
	l := w.someone(rt)
	if !w.checked[l.voter.Expert] {
		rt.Skip("he has none yet")
	}
	v := *l.voter
	v.Key, v.Device = Key(ballot.RoleExpert, 99), "another laptop"
	half, err := v.CheckIn("123456", w.Now())
	if err != nil {
		rt.Fatal(err)
	}
	if w.Try(ballot.Countersign(half, w.Staff)) == nil {
		rt.Fatal("two laptops have a credential of one expert")
	}
	e, err := v.Seal(w.round, w.decision(rt), w.Now())
	if err != nil {
		rt.Fatal(err)
	}
	w.refused(rt, "two laptops", e.Raw, ballot.RejectCredential)
}

// forgeReturn: a return that staff has not signed, and one for the wish of another.
func (w *world) forgeReturn(rt *rapid.T) {
	l, x := w.holder(rt)
	id := ballot.IDOf(x.raw)
	o := &ballot.Return{Session: w.Package.Session, Envelope: id[:], Reason: "伪造", Request: ballot.ByStaff, At: w.Now()}
	for _, k := range []ballot.Key{{Role: ballot.RoleStaff, Private: w.Hub.Private}, {Role: ballot.RoleStaff, Private: l.voter.Key.Private}, w.Chair, w.Hub} {
		if w.Try(o.Sign(k)) == nil {
			rt.Fatalf("a return signed by %s was taken", k.Role)
		}
	}
	w.did("forged return")
	for _, other := range w.laptops {
		y := w.inForce[other.voter.Expert]
		if other == l || y == nil || w.back[other.voter.Expert] || !w.checked[other.voter.Expert] {
			continue
		}
		theirs := ballot.IDOf(y.raw)
		if w.Try((&ballot.Request{Session: w.Package.Session, Envelope: theirs[:], Reason: "误选", At: w.Now()}).Sign(l.voter.Key)) == nil {
			rt.Fatal("an expert asked for another's ballot")
		}
		wish, err := (&ballot.Request{Session: w.Package.Session, Envelope: theirs[:], Reason: "误选", At: w.Now()}).Sign(other.voter.Key)
		w.Append(wish, err)
		o.Request = ballot.IDOf(wish).String()
		if w.Try(o.Sign(w.Staff)) == nil {
			rt.Fatal("a ballot was returned for the wish of another expert")
		}
		w.did("return for another")
		return
	}
}

// openAnother: no second round opens while one is under way.
func (w *world) openAnother(rt *rapid.T) {
	if object, err := w.OpenObject(map[string]string{"R1": "R2", "R2": "R3", "R3": "R1"}[w.round]); w.Try(object, err) == nil {
		rt.Fatal("two rounds are under way")
	}
	w.did("another round opened")
}

// equivocate: the hub writes two logs that go on from one, and shows both. The laptop that sees the second raises an alarm, and so does the record (V10).
func (w *world) equivocate(rt *rapid.T) {
	ctx := context.Background()
	fork := &ballot.Memory{}
	var log [][]byte
	hashes, err := w.store.Load(ctx, func(o []byte) error { log = append(log, bytes.Clone(o)); return nil })
	if err == nil {
		err = fork.Append(ctx, 0, log, hashes)
	}
	if err != nil {
		rt.Fatal(err)
	}
	other, err := ballot.Begin(ctx, fork, w.Bytes, w.Server.Public(), w.Hub)
	if err != nil {
		rt.Fatal(err)
	}
	say := func(s *ballot.Session, text string) []byte {
		o, err := (&ballot.Quarantine{Session: w.Package.Session, Object: bytes.Repeat([]byte{9}, 32), Reason: text, At: w.Now()}).Sign(w.Hub)
		if err == nil {
			_, err = s.Append(ctx, o)
		}
		if err != nil {
			rt.Fatal(err)
		}
		cp, err := s.Checkpoint()
		if err != nil {
			rt.Fatal(err)
		}
		return cp
	}
	a, b := say(w.Session, "甲"), say(other, "乙")
	watch := ballot.Watch{Package: w.Package, Highest: a}
	if err := watch.See(b, nil); !errors.Is(err, ballot.ErrEquivocal) {
		rt.Fatal("V10: two heads of one size were not noticed: ", err)
	}
	longer := say(other, "丙")
	h, err := ballot.OpenCheckpoint(a, w.Hub.Public())
	if err != nil {
		rt.Fatal(err)
	}
	proof, _, err := other.Consistency(h.Size)
	if err != nil {
		rt.Fatal(err)
	}
	if err := watch.See(longer, proof); !errors.Is(err, ballot.ErrEquivocal) {
		rt.Fatal("V10: a longer log that does not go on from the one seen was not noticed: ", err)
	}
	if err := w.Session.Witness(longer); err == nil {
		rt.Fatal("V10: the hub was shown its other log and goes on")
	}
	w.forks = append(w.forks, b)
	w.goOn(rt)
	w.did("two heads of one size")
}

// goOn begins an epoch of the same hub, which is what chair and staff do when its log was found to be another one.
func (w *world) goOn(rt *rapid.T) {
	from, err := w.Session.Checkpoint()
	if err != nil {
		rt.Fatal(err)
	}
	w.Restart(w.store, w.Hub, from)
	w.past = nil
}
