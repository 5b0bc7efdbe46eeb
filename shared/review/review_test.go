package review_test

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/fault"
	"zhiping/shared/review"
)

const (
	approve = reviewv1.Move_MOVE_APPROVE
	ret     = reviewv1.Move_MOVE_RETURN
	refuse  = reviewv1.Move_MOVE_REFUSE
	back    = reviewv1.Move_MOVE_WITHDRAW
)

func actor(unit, staff string) review.Actor {
	return review.Actor{UnitID: unit, UnitName: unit + "单位", StaffID: staff, StaffName: staff}
}

// route has an employer without posts, a department with two and an HR department with three.
func route() []*reviewv1.Node {
	return []*reviewv1.Node{
		{UnitId: "employer"},
		{UnitId: "department", Posts: []*reviewv1.Post{{Level: 1, StaffIds: []string{"d1"}}, {Level: 2, StaffIds: []string{"d2", "d3"}}}},
		{UnitId: "hr", Posts: []*reviewv1.Post{{Level: 1, StaffIds: []string{"h1"}}, {Level: 3, StaffIds: []string{"h3"}}, {Level: 2, StaffIds: []string{"h2"}}}},
	}
}

func submitted(t *testing.T) *reviewv1.Case {
	t.Helper()
	c := &reviewv1.Case{}
	if err := review.Submit(c, route(), actor("origin", "o"), 1); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPath(t *testing.T) {
	c := submitted(t)
	for i, s := range []struct {
		move        reviewv1.Move
		unit, staff string
		to          int32
		code        fault.Code
		seats       string
	}{
		{approve, "hr", "h1", 0, fault.Denied, "[employer:FIRST:0]"},
		{approve, "employer", "anyone", 0, "", "[employer:PASSED:0 department:FIRST:1]"},
		{back, "origin", "o", 0, fault.Denied, "[employer:PASSED:0 department:FIRST:1]"},
		{approve, "department", "d2", 0, fault.Denied, "[employer:PASSED:0 department:FIRST:1]"},
		{approve, "department", "d1", 0, "", "[employer:PASSED:0 department:FURTHER:2]"},
		{approve, "department", "d3", 0, "", "[employer:PASSED:0 department:PASSED:0 hr:FIRST:1]"},
		{approve, "hr", "h1", 0, "", "[employer:PASSED:0 department:PASSED:0 hr:FURTHER:2]"},
		{ret, "hr", "h2", 2, fault.Invalid, "[employer:PASSED:0 department:PASSED:0 hr:FURTHER:2]"},
		{ret, "hr", "h2", 1, "", "[employer:PASSED:0 department:AGAIN:1 hr:RETURNED:0]"},
		{approve, "department", "d1", 0, "", "[employer:PASSED:0 department:FURTHER:2 hr:RETURNED:0]"},
		{approve, "department", "d2", 0, "", "[employer:PASSED:0 department:PASSED:0 hr:FIRST:1]"},
		{ret, "hr", "h1", review.Origin, "", "[employer:RETURNED:0 department:RETURNED:0 hr:RETURNED:0]"},
		{approve, "hr", "h1", 0, fault.State, "[employer:RETURNED:0 department:RETURNED:0 hr:RETURNED:0]"},
	} {
		before := proto.CloneOf(c)
		err := review.Apply(c, &reviewv1.Action{Move: s.move, Opinion: "意见", To: s.to}, actor(s.unit, s.staff), int64(i))
		if fault.CodeOf(err) != s.code {
			t.Fatalf("step %d: %v, want %q", i, err, s.code)
		}
		if err != nil && !proto.Equal(before, c) {
			t.Fatalf("step %d changed the case though it was refused", i)
		}
		if got := seats(c); got != s.seats {
			t.Fatalf("step %d: seats %s, want %s", i, got, s.seats)
		}
	}
	if err := review.Submit(c, route(), actor("other", "o"), 99); fault.CodeOf(err) != fault.Denied {
		t.Fatal("a foreign unit handed it in again:", err)
	}
	if err := review.Submit(c, route(), actor("origin", "o"), 99); err != nil {
		t.Fatal(err)
	}
	if got := seats(c); got != "[employer:FIRST:0]" {
		t.Fatal(got)
	}
}

func seats(c *reviewv1.Case) string {
	var all []string
	for _, s := range review.Seats(c) {
		all = append(all, fmt.Sprintf("%s:%s:%d", s.UnitID, s.Tab.String()[4:], s.Level))
	}
	return fmt.Sprint(all)
}

func TestReasonIsNeeded(t *testing.T) {
	for _, m := range []reviewv1.Move{ret, refuse} {
		c := submitted(t)
		err := review.Apply(c, &reviewv1.Action{Move: m, Opinion: "  ", To: review.Origin}, actor("employer", "e"), 2)
		if f := fault.As(err); f == nil || f.Code != fault.Invalid || f.Field != "action.opinion" {
			t.Errorf("%v without a reason: %v", m, err)
		}
		err = review.Apply(c, &reviewv1.Action{Move: m, To: review.Origin, Defects: []*reviewv1.Defect{{Field: "name", Text: "姓名有误"}}}, actor("employer", "e"), 2)
		if err != nil {
			t.Errorf("%v with a list of defects: %v", m, err)
		}
	}
}

func TestWithdrawal(t *testing.T) {
	c := submitted(t)
	if err := review.Apply(c, &reviewv1.Action{Move: back}, actor("origin", "o"), 2); err != nil || c.Stage != reviewv1.Stage_STAGE_WITHDRAWN || seats(c) != "[]" {
		t.Fatal(err, c.Stage, seats(c))
	}
}

func TestAnEmptyRouteApproves(t *testing.T) {
	c := &reviewv1.Case{}
	if err := review.Submit(c, nil, actor("origin", "o"), 1); err != nil || c.Stage != reviewv1.Stage_STAGE_APPROVED {
		t.Fatal(err, c.Stage)
	}
}

// TestAnyWalk walks random routes by random people: whoever is offered a move can make it and nobody else can; one unit waits while a case
// is in review; a case is approved only after every post of every unit has approved since it was last before them.
func TestAnyWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &reviewv1.Case{}
		r := anyRoute(t)
		people := everybody(r)
		for step := range rapid.IntRange(1, 40).Draw(t, "steps") {
			before := proto.CloneOf(c)
			by := rapid.SampledFrom(people).Draw(t, "by")
			m := rapid.SampledFrom([]reviewv1.Move{approve, approve, approve, ret, refuse, back, reviewv1.Move_MOVE_SUBMIT}).Draw(t, "move")
			a := &reviewv1.Action{Move: m, Opinion: "意见", To: rapid.Int32Range(-1, int32(len(r))).Draw(t, "to")}
			may := slices.Contains(review.May(c, by), m) && (m != ret || a.To < c.At)
			var err error
			if m == reviewv1.Move_MOVE_SUBMIT {
				err = review.Submit(c, cloned(r), by, int64(step))
			} else if err = review.Apply(c, a, by, int64(step)); (err == nil) != may {
				t.Fatalf("%v by %v: offered %v, answered %v", m, by, may, err)
			}
			if err != nil && !proto.Equal(before, c) {
				t.Fatal("a refused move changed the case")
			}
			if err == nil && len(c.Steps) != len(before.Steps)+1 {
				t.Fatal("a move left no step")
			}
			consistent(t, c)
		}
	})
}

func consistent(t *rapid.T, c *reviewv1.Case) {
	waiting := 0
	for _, s := range review.Seats(c) {
		if s.Tab == reviewv1.Tab_TAB_FIRST || s.Tab == reviewv1.Tab_TAB_FURTHER || s.Tab == reviewv1.Tab_TAB_AGAIN {
			waiting++
		}
	}
	if inReview := c.Stage == reviewv1.Stage_STAGE_REVIEW; inReview != (waiting == 1) {
		t.Fatalf("stage %v, %d units waiting", c.Stage, waiting)
	}
	if c.Stage == reviewv1.Stage_STAGE_APPROVED {
		approvedByAll(t, c)
	}
}

// approvedByAll reads the steps backwards from the end of the route: the last approvals are those of all posts in order.
func approvedByAll(t *rapid.T, c *reviewv1.Case) {
	i := len(c.Steps) - 1
	for n := len(c.Route) - 1; n >= 0; n-- {
		levels := []int32{0}
		if posts := c.Route[n].Posts; len(posts) > 0 {
			levels = nil
			for _, p := range posts {
				levels = append(levels, p.Level)
			}
			slices.Sort(levels)
		}
		for _, l := range slices.Backward(levels) {
			s := c.Steps[i]
			if s.Move != approve || s.UnitId != c.Route[n].UnitId || s.Level != l {
				if s.Move == ret && s.To >= int32(n) || s.Move == approve {
					t.Fatalf("approved, but step %d is %v at level %d, want level %d of %s", i, s.Move, s.Level, l, c.Route[n].UnitId)
				}
				return // the earlier approvals of this unit stand before a return to a later one
			}
			i--
		}
	}
}

func anyRoute(t *rapid.T) []*reviewv1.Node {
	var r []*reviewv1.Node
	for n := range rapid.IntRange(1, 4).Draw(t, "nodes") {
		node := &reviewv1.Node{UnitId: fmt.Sprint("u", n)}
		for l := range rapid.IntRange(0, 3).Draw(t, "posts") {
			node.Posts = append(node.Posts, &reviewv1.Post{Level: int32(l + 1), StaffIds: []string{fmt.Sprint("s", n, l)}})
		}
		r = append(r, node)
	}
	return r
}

func everybody(r []*reviewv1.Node) []review.Actor {
	all := []review.Actor{actor("origin", "o"), actor("foreign", "f")}
	for _, n := range r {
		all = append(all, actor(n.UnitId, "x"))
		for _, p := range n.Posts {
			all = append(all, actor(n.UnitId, p.StaffIds[0]))
		}
	}
	return all
}

func cloned(r []*reviewv1.Node) []*reviewv1.Node {
	var all []*reviewv1.Node
	for _, n := range r {
		all = append(all, proto.CloneOf(n))
	}
	return all
}
