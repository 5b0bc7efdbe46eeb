package ballottest

import (
	"bytes"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"zhiping/shared/ballot"
)

// What is checked after every step, and at the end of a meeting.

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
