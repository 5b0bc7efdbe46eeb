package ballottest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"zhiping/shared/ballot"
)

// What is checked after every step, and at the end of a meeting.

// check holds the state against the model after every step.
func (w *world) check(rt *rapid.T) {
	w.Session.View(func(s *ballot.State) {
		r := s.Rounds[w.round]
		if (r.State == ballot.RoundOpen) != w.opened {
			rt.Fatalf("the round is %s", r.State)
		}
		n := 0
		for _, e := range s.Counted(w.round) {
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

// finish closes, opens, counts and signs off, and verifies the record: the tally is the sum of what the experts decided.
func (w *world) finish(rt *rapid.T) []byte {
	if w.opened {
		w.Room.Close(w.round)
	}
	w.Session.View(func(s *ballot.State) {
		if _, _, err := ballot.OpenRound(s, w.round, "test", w.Custodians[0], w.Custodians[1], w.Hub); err == nil {
			rt.Fatal("V12: opened without a word of the custodians")
		}
	})
	w.wrongPair(rt)
	w.Tally(w.round, "1,2", 0, 1)
	w.Append(w.SignOffObject(w.round))
	e := w.Evidence(w.Columns)
	for _, x := range w.gone {
		e.Earlier = append(e.Earlier, x.file)
	}
	for _, l := range w.laptops {
		if l.receipt != nil && l.receipt.Epoch == w.Epoch {
			e.Checkpoints = append(e.Checkpoints, l.receipt.Checkpoint)
		}
	}
	e.Checkpoints = append(e.Checkpoints, w.forks...)
	for _, x := range w.queue {
		e.Late = append(e.Late, x.raw)
	}
	file := e.Encode(w.Package)
	v, err := ballot.Verify(file, w.Server.Public())
	if err != nil {
		rt.Fatal(err)
	}
	w.sums(rt, v)
	w.rows(rt, v)
	w.logged(rt, v)
	w.receipts(rt)
	w.alarms(rt, v)
	return file
}

// wrongPair: a custodian who is not of the pair, and the second one for another pair (V12).
func (w *world) wrongPair(rt *rapid.T) {
	var id ballot.ID
	w.Session.View(func(s *ballot.State) { id = s.Rounds[w.round].CloseID })
	for _, k := range []int{0, 1, 2} {
		pair := []string{"2,3", "1,3", "1,2"}[k]
		if w.Try((&ballot.Opening{Session: w.Package.Session, Close: id[:], Pair: pair, At: w.Now()}).Sign(w.Custodians[k].Sign)) == nil {
			rt.Fatalf("V12: custodian %d opened for the pair %s", k+1, pair)
		}
	}
	w.did("wrong pair")
}

// receipts: every receipt is a beginning of the final log (V2).
func (w *world) receipts(rt *rapid.T) {
	for _, l := range w.laptops {
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
}

// alarms: every ballot that an earlier hub had in force and this log has not is one, and every checkpoint of a log that nobody has; nothing else is (V10).
func (w *world) alarms(rt *rapid.T, v *ballot.Verified) {
	lost := 0
	version := func(x *sealedBallot) int64 {
		e, err := ballot.ParseEnvelope(x.raw)
		if err != nil {
			rt.Fatal(err)
		}
		return e.Version
	}
	for _, old := range w.gone {
		for expert, x := range old.inForce {
			now := w.inForce[expert]
			if now == nil || version(now) < version(x) || version(now) == version(x) && !bytes.Equal(now.raw, x.raw) {
				lost++
			}
		}
	}
	found := func(word string) (n int) {
		for _, a := range v.Alarms {
			if strings.Contains(a, word) {
				n++
			}
		}
		return n
	}
	if found("已回执") != lost || found("检查点") != len(w.forks) || len(v.Alarms) != lost+len(w.forks) {
		rt.Fatalf("V10: %d ballots of earlier hubs are lost and %d other logs were shown: %v", lost, len(w.forks), v.Alarms)
	}
}

// counted are the ballots that count: of the experts whose newest has not been returned. Those that do not open are nil.
func (w *world) counted() (all []*sealedBallot, invalid int64) {
	for _, v := range w.Voters {
		if x := w.inForce[v.Expert]; x != nil && !w.back[v.Expert] {
			if all = append(all, x); x.ballot == nil {
				invalid++
			}
		}
	}
	return all, invalid
}

// rows: the counted set is the signed close's, what was opened is that, and every column has a row for each (V4).
func (w *world) rows(rt *rapid.T, v *ballot.Verified) {
	all, invalid := w.counted()
	var lines []string
	for _, x := range all {
		e, err := ballot.ParseEnvelope(x.raw)
		if err != nil {
			rt.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%s %d %s\n", e.Expert, e.Version, ballot.IDOf(x.raw)))
	}
	slices.Sort(lines)
	root := sha256.Sum256([]byte(strings.Join(lines, "")))
	r := v.State.Rounds[w.round]
	if !bytes.Equal(root[:], r.Close.Root) || r.Close.Counted != int64(len(all)) || int64(len(r.Tally.Invalid)) != invalid {
		rt.Fatalf("V4: %d count, and the close says %d, %d invalid", len(all), r.Close.Counted, len(r.Tally.Invalid))
	}
	columns := strings.Split(string(w.Columns[w.round]), "applicant ")[1:]
	if len(columns) != len(w.Package.Applicants) {
		rt.Fatalf("V4: %d columns", len(columns))
	}
	for i, col := range columns {
		if n := int64(strings.Count(col, "\n") - 1); n != r.Close.Counted-invalid {
			rt.Fatalf("V4: column %d has %d rows for %d ballots", i, n, r.Close.Counted-invalid)
		}
	}
	if invalid > 0 {
		w.did("invalid counted")
	}
}

// sums: the tally is the sum of the decisions in force (V4, V5).
func (w *world) sums(rt *rapid.T, v *ballot.Verified) {
	r := v.State.Rounds[w.round]
	all, invalid := w.counted()
	base := int64(0)
	for _, in := range w.base {
		if in {
			base++
		}
	}
	if r.Close.Present != base {
		rt.Fatalf("the base is %d, %d take part", r.Close.Present, base)
	}
	var means []int64
	want := make([]figures, len(r.Tally.Results))
	for i := range want {
		if want[i] = w.figuresOf(all, i); want[i].kept > 0 {
			means = append(means, want[i].mean)
		}
	}
	for i, res := range r.Tally.Results {
		x := want[i]
		rank := int64(0)
		if x.kept > 0 {
			rank = 1
			for _, m := range means {
				if m > x.mean {
					rank++
				}
			}
		}
		got := figures{res.Agree, res.Oppose, res.Abstain, res.Scored, res.Kept, res.Sum, res.Mean}
		if got != x || res.Invalid != invalid || res.Rank != rank || w.round != "R2" && res.Base != base {
			rt.Fatalf("applicant %d: the tally says %+v, the experts decided %+v", i, res, x)
		}
	}
	if sheet := v.State.Reconcile(w.round); !sheet.Balanced() {
		rt.Fatalf("V5: %+v", sheet.Equations)
	}
}

// figures are what ballots give one applicant.
type figures struct{ agree, oppose, abstain, scored, kept, sum, mean int64 }

func (w *world) figuresOf(all []*sealedBallot, applicant int) (f figures) {
	var totals []int64
	for _, x := range all {
		switch {
		case x.ballot == nil:
		case w.round == "R2" && x.ballot.Scores[applicant][0] == ballot.ScoreAbstain:
			f.abstain++
		case w.round == "R2":
			totals = append(totals, int64(x.ballot.Scores[applicant][0])+int64(x.ballot.Scores[applicant][1]))
		case x.ballot.Votes[applicant] == ballot.Agree:
			f.agree++
		case x.ballot.Votes[applicant] == ballot.Oppose:
			f.oppose++
		default:
			f.abstain++
		}
	}
	slices.Sort(totals)
	f.scored = int64(len(totals))
	if trim := w.Package.Rounds[1].Trim; f.scored > 2*trim {
		totals = totals[trim : f.scored-trim]
	}
	f.kept = int64(len(totals))
	for _, n := range totals {
		f.sum += n
	}
	if f.kept > 0 {
		f.mean = 100 * f.sum / f.kept
	}
	return f
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
