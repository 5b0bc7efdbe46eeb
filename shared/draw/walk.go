package draw

import (
	"encoding/hex"
	"slices"

	"zhiping/shared/fault"
)

// A Decision says what became of a candidate on the walk down the ranking.
type Decision string

// The decisions.
const (
	Taken     Decision = "TAKEN"
	Alternate Decision = "ALTERNATE"
	Skipped   Decision = "SKIP"
	Declined  Decision = "DECLINED"
	Left      Decision = "LEFT" // the quota was full
)

// forChair is why a candidate is passed over when the place is needed for a chair.
const forChair = "名额须留给主任委员"

// A Trace is one line of the walk.
type Trace struct {
	Rank     int      `json:"rank"`
	ID       string   `json:"id"`
	Key      string   `json:"key"` // the first eight bytes, in hex
	Decision Decision `json:"decision"`
	Reason   string   `json:"reason,omitempty"`
}

// A Quota is how many a stratum takes and how the walk decides.
type Quota struct {
	Take, Alternates int
	// Hinders says why a candidate cannot be taken together with those already taken in any stratum, "" for nothing. It must only grow:
	// what hinders beside some must hinder beside more.
	Hinders func(id string, taken []string) string
	// Needs, if set, must hold for at least one of those taken in this stratum (a chair, F5): a place is kept for one who fits as long as
	// one can still be taken.
	Needs func(id string) bool
	// Declined holds those who declined, with the evidence.
	Declined map[string]string
	// Held keep their places: they were taken on an earlier walk.
	Held []string
	// Others are those taken in the other strata.
	Others []string
}

// Walk goes down a ranking and decides on each candidate.
func Walk(seed []byte, stratum string, order []string, q Quota) []Trace {
	w := walk{Quota: q, taken: slices.Concat(q.Others, q.Held), open: q.Take - len(q.Held)}
	w.served = q.Needs == nil || slices.ContainsFunc(q.Held, q.Needs)
	trace := make([]Trace, len(order))
	for i, id := range order {
		decision, reason := w.decide(id, order[i+1:])
		trace[i] = Trace{Rank: i + 1, ID: id, Key: hex.EncodeToString(Key(seed, stratum, id)[:8]), Decision: decision, Reason: reason}
	}
	return trace
}

// walk is where a walk stands.
type walk struct {
	Quota
	taken  []string // in every stratum
	open   int      // places
	served bool     // one who fits Needs is among the taken
	spare  int      // alternates so far
}

func (w *walk) decide(id string, below []string) (Decision, string) {
	if evidence, declined := w.Declined[id]; declined {
		return Declined, evidence
	}
	if slices.Contains(w.Held, id) {
		return Taken, ""
	}
	if why := w.hinders(id, w.taken); why != "" {
		return Skipped, why
	}
	switch {
	case w.open > 0 && w.blocks(id, below):
		return Skipped, forChair
	case w.open > 0:
		w.open--
		w.taken = append(w.taken, id)
		w.served = w.served || w.Needs(id)
		return Taken, ""
	case w.spare < w.Alternates:
		w.spare++
		return Alternate, ""
	}
	return Left, ""
}

func (w *walk) hinders(id string, taken []string) string {
	if w.Hinders == nil {
		return ""
	}
	return w.Hinders(id, taken)
}

// blocks reports whether taking id would leave no place, or nobody, for the one who must fit Needs.
func (w *walk) blocks(id string, below []string) bool {
	if w.served || w.Needs(id) {
		return false
	}
	return w.open == 1 || w.reachable(below, w.taken) && !w.reachable(below, append(slices.Clip(w.taken), id))
}

// reachable reports whether one further down who fits Needs could still be taken.
func (w *walk) reachable(below, taken []string) bool {
	return slices.ContainsFunc(below, func(id string) bool {
		_, declined := w.Declined[id]
		return !declined && w.Needs(id) && w.hinders(id, taken) == ""
	})
}

// Chosen returns those of a trace with a decision, in order.
func Chosen(trace []Trace, d Decision) []string {
	var ids []string
	for _, t := range trace {
		if t.Decision == d {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

// MultipliedBy is how many candidates a multiplier of halves (3 is 1.5, 4 is 2, 6 is 3) asks for n places, rounded up (rules.md, section 3).
func MultipliedBy(n, halves int) int { return (n*halves + 1) / 2 }

// A Decline is a person who was taken, or is an alternate, and cannot come.
type Decline struct {
	ID       string `json:"id"`
	Evidence string `json:"evidence"` // what says so: a letter, a noted telephone call
}

// A selection is the walks of all strata together: a rule such as the most from one unit looks across them.
type selection struct {
	seed    []byte
	quota   func(stratum string) Quota
	results []Result
}

// selected walks every stratum in order, then again for each decline in the order in which they came.
func selected(seed []byte, strata []Stratum, quota func(stratum string) Quota, declines []Decline) ([]Result, error) {
	s := &selection{seed: seed, quota: quota}
	for _, st := range strata {
		s.results = append(s.results, Result{Stratum: st.Name, Order: Order(seed, st)})
	}
	declined := map[string]string{}
	for i := range s.results {
		s.walk(i, declined)
	}
	for _, d := range declines {
		i := slices.IndexFunc(s.results, func(r Result) bool {
			return slices.ContainsFunc(r.Trace, func(t Trace) bool { return t.ID == d.ID && (t.Decision == Taken || t.Decision == Alternate) })
		})
		switch {
		case i < 0:
			return nil, fault.New(fault.Invalid, "专家%s未被抽中，也不是候补，不能登记为不参会", d.ID)
		case d.Evidence == "":
			return nil, fault.New(fault.Invalid, "专家%s不参会须注明依据", d.ID)
		}
		declined[d.ID] = d.Evidence
		s.walk(i, declined)
	}
	return s.results, nil
}

// walk goes down one stratum; who was taken before and has not declined keeps the place.
func (s *selection) walk(i int, declined map[string]string) {
	r := &s.results[i]
	q := s.quota(r.Stratum)
	q.Declined = declined
	q.Held = slices.DeleteFunc(Chosen(r.Trace, Taken), func(id string) bool { _, gone := declined[id]; return gone })
	for j, other := range s.results {
		if j != i {
			q.Others = append(q.Others, Chosen(other.Trace, Taken)...)
		}
	}
	r.Trace = Walk(s.seed, r.Stratum, r.Order, q)
	r.Short = q.Take - len(Chosen(r.Trace, Taken))
}
