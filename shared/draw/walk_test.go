package draw_test

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zhiping/shared/draw"
)

// crowd is a small pool in ranking order with the attributes that rules look at.
type crowd struct {
	order []string
	unit  map[string]int
	chair map[string]bool
	apart map[[2]string]bool
	most  int // from one unit; 0 is no limit
}

func someCrowd(t *rapid.T, apart bool) *crowd {
	c := &crowd{unit: map[string]int{}, chair: map[string]bool{}, apart: map[[2]string]bool{}, most: rapid.IntRange(0, 3).Draw(t, "most")}
	for i := range rapid.IntRange(1, 11).Draw(t, "people") {
		id := fmt.Sprintf("E%02d", i)
		c.unit[id] = rapid.IntRange(0, 3).Draw(t, "unit")
		c.chair[id] = rapid.IntRange(0, 3).Draw(t, "chair") == 0
		for _, other := range c.order {
			if apart && rapid.IntRange(0, 9).Draw(t, "apart") == 0 {
				c.apart[[2]string{other, id}] = true
			}
		}
		c.order = append(c.order, id)
	}
	return c
}

// allowed reports whether people may sit on one panel: the rule said of the whole panel, not of one who joins it.
func (c *crowd) allowed(panel []string) bool {
	count := map[int]int{}
	for i, id := range panel {
		count[c.unit[id]]++
		if c.most > 0 && count[c.unit[id]] > c.most {
			return false
		}
		for _, other := range panel[:i] {
			if c.apart[[2]string{other, id}] || c.apart[[2]string{id, other}] {
				return false
			}
		}
	}
	return true
}

func (c *crowd) hinders(id string, taken []string) string {
	if c.allowed(append(slices.Clone(taken), id)) {
		return ""
	}
	return "不能同时入选"
}

// panels lists every allowed set of people as bits, the first of the order in the highest bit: the larger number is the set that comes
// first in the ranking.
func (c *crowd) panels(size int, chair bool) []uint {
	var all []uint
	n := len(c.order)
	for set := range uint(1) << n {
		var people []string
		chaired := false
		for i, id := range c.order {
			if set>>(n-1-i)&1 == 1 {
				people = append(people, id)
				chaired = chaired || c.chair[id]
			}
		}
		if len(people) == size && (chaired || !chair) && c.allowed(people) {
			all = append(all, set)
		}
	}
	return all
}

func (c *crowd) bits(ids []string) uint {
	var set uint
	for i, id := range c.order {
		if slices.Contains(ids, id) {
			set |= 1 << (len(c.order) - 1 - i)
		}
	}
	return set
}

// With a limit per unit only, the walk takes the very panel that comes first in the ranking of all that keep the rule, or the largest that
// can be had.
func TestWalkAgainstAllPanels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := someCrowd(t, false)
		want := rapid.IntRange(1, 6).Draw(t, "take")
		got := draw.Chosen(draw.Walk(make([]byte, 32), "A", c.order, draw.Quota{Take: want, Hinders: c.hinders}), draw.Taken)
		for size := want; size > 0; size-- {
			if all := c.panels(size, false); len(all) > 0 {
				if best := slices.Max(all); c.bits(got) != best {
					t.Fatalf("took %v, the first panel is %b", got, best)
				}
				return
			}
		}
		t.Fatal("nobody could be taken")
	})
}

// With a chair to be found and people kept apart, the panel keeps every rule, has a chair whenever somebody could be one, and each one who
// was passed over could indeed not be taken.
func TestWalkKeepsEveryRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := someCrowd(t, true)
		take := rapid.IntRange(1, 6).Draw(t, "take")
		q := draw.Quota{Take: take, Alternates: 2, Hinders: c.hinders, Needs: func(id string) bool { return c.chair[id] }}
		trace := draw.Walk(make([]byte, 32), "A", c.order, q)
		taken := draw.Chosen(trace, draw.Taken)
		chaired := slices.ContainsFunc(taken, q.Needs)
		if !c.allowed(taken) || len(taken) > take {
			t.Fatalf("%v break a rule", taken)
		}
		if slices.ContainsFunc(c.order, q.Needs) != chaired {
			t.Fatalf("%v: a chair among them is %v", taken, chaired)
		}
		if len(draw.Chosen(trace, draw.Alternate)) > 2 {
			t.Fatal("too many alternates")
		}
		for i, line := range trace {
			if line.ID != c.order[i] || line.Rank != i+1 {
				t.Fatal("the trace does not follow the order")
			}
			if line.Decision == draw.Skipped && line.Reason == "不能同时入选" && c.allowed(append(slices.Clone(taken), line.ID)) {
				t.Fatalf("%s was passed over for no reason", line.ID)
			}
			if (line.Decision == draw.Alternate || line.Decision == draw.Left) && len(taken) < take {
				t.Fatalf("%s was left though a place is open", line.ID)
			}
		}
	})
}

// With a chair to be found and no limits, the panel is the first in the ranking of all that have one.
func TestChairAgainstAllPanels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := someCrowd(t, false)
		c.most = 0
		c.chair[rapid.SampledFrom(c.order).Draw(t, "chair")] = true
		take := rapid.IntRange(1, len(c.order)).Draw(t, "take")
		q := draw.Quota{Take: take, Needs: func(id string) bool { return c.chair[id] }}
		got := c.bits(draw.Chosen(draw.Walk(make([]byte, 32), "A", c.order, q), draw.Taken))
		if best := slices.Max(c.panels(take, true)); got != best || bits.OnesCount(got) != take {
			t.Fatalf("took %b, the first panel is %b", got, best)
		}
	})
}

// When the first declines, the one who was passed over for him would now stand against the one who was taken instead: who was taken stays.
func TestNobodyIsUninvited(t *testing.T) {
	r := golden() // E0004 E0005 E0007 E0006 …
	apart := map[string]string{"E0005": "E0004 E0007"}
	quota := func(string) draw.Quota {
		return draw.Quota{Take: 2, Hinders: func(id string, taken []string) string {
			for _, other := range taken {
				if strings.Contains(apart[id], other) || strings.Contains(apart[other], id) {
					return "与" + other + "回避"
				}
			}
			return ""
		}}
	}
	for _, step := range []struct{ declines, want string }{{"", "E0004 E0007"}, {"E0004", "E0007 E0006"}, {"E0007", "E0005 E0006"}} {
		if step.declines != "" {
			r.Declines = append(r.Declines, draw.Decline{ID: step.declines, Evidence: "请假条"})
		}
		if err := r.Run(quota); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(panel(r), " "); got != step.want {
			t.Fatalf("after %q: %s, want %s", step.declines, got, step.want)
		}
		if out, err := verify(t, r); err != nil {
			t.Fatal(out, err)
		}
	}
}
