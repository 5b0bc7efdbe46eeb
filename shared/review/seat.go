package review

import (
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"

	"google.golang.org/protobuf/proto"
)

// A Seat is how a case looks from one unit on its route: the tab it lies under (D3), and the post level whose turn it is.
type Seat struct {
	UnitID string
	Tab    reviewv1.Tab
	Level  int32
}

// Seats returns the seats of a case, one per unit that has it or has had it since it was last handed in, in the order of the route.
// A unit that stands twice on the route sees it where it is now.
func Seats(c *reviewv1.Case) []Seat {
	reach := reached(c)
	var seats []Seat
	at := map[string]int{}
	for i, n := range c.GetRoute() {
		s := Seat{UnitID: n.UnitId, Tab: tab(c, i, reach)}
		if s.Tab == reviewv1.Tab_TAB_UNSPECIFIED {
			continue
		}
		if active(s.Tab) {
			s.Level = c.Level
		}
		if j, twice := at[n.UnitId]; twice {
			if !active(seats[j].Tab) {
				seats[j] = s
			}
			continue
		}
		at[n.UnitId] = len(seats)
		seats = append(seats, s)
	}
	return seats
}

// active reports whether a case under this tab waits for the unit.
func active(t reviewv1.Tab) bool {
	return t == reviewv1.Tab_TAB_FIRST || t == reviewv1.Tab_TAB_FURTHER || t == reviewv1.Tab_TAB_AGAIN
}

// reached returns the last place on the route that the case has been at since it was last handed in.
func reached(c *reviewv1.Case) int {
	at := 0
	far := 0
	approvals := c.GetSteps()
	for i := len(approvals) - 1; i >= 0; i-- {
		if approvals[i].Move == reviewv1.Move_MOVE_SUBMIT {
			approvals = approvals[i+1:]
			break
		}
	}
	level := int32(0)
	if len(c.GetRoute()) > 0 {
		level = above(c.Route[0], 0)
	}
	for _, s := range approvals {
		switch s.Move {
		case reviewv1.Move_MOVE_APPROVE:
			if next := above(c.Route[at], level); next > 0 {
				level = next
				continue
			}
			at++
		case reviewv1.Move_MOVE_RETURN:
			at = int(s.To)
		default:
			continue
		}
		if at < 0 || at >= len(c.Route) {
			break
		}
		far, level = max(far, at), above(c.Route[at], 0)
	}
	return far
}

func tab(c *reviewv1.Case, i, reach int) reviewv1.Tab {
	switch c.Stage {
	case reviewv1.Stage_STAGE_REVIEW:
		return tabInReview(c, i, reach)
	case reviewv1.Stage_STAGE_APPROVED:
		return reviewv1.Tab_TAB_PASSED
	case reviewv1.Stage_STAGE_RETURNED:
		if i <= reach {
			return reviewv1.Tab_TAB_RETURNED
		}
	case reviewv1.Stage_STAGE_REFUSED:
		if i <= reach {
			return reviewv1.Tab_TAB_REFUSED
		}
	}
	return reviewv1.Tab_TAB_UNSPECIFIED
}

func tabInReview(c *reviewv1.Case, i, reach int) reviewv1.Tab {
	n := c.Route[i]
	switch at := int(c.At); {
	case i < at:
		return reviewv1.Tab_TAB_PASSED
	case i > at && i <= reach:
		return reviewv1.Tab_TAB_RETURNED
	case i > at:
		return reviewv1.Tab_TAB_UNSPECIFIED
	case c.Level > above(n, 0):
		return reviewv1.Tab_TAB_FURTHER
	case n.Again:
		return reviewv1.Tab_TAB_AGAIN
	default:
		return reviewv1.Tab_TAB_FIRST
	}
}

// StageLabel returns what people call a stage.
func StageLabel(s reviewv1.Stage) string { return label(s) }

// label returns the declared label of an enum value.
func label(e protoreflect.Enum) string {
	v := e.Descriptor().Values().ByNumber(e.Number())
	if v == nil {
		return ""
	}
	c, _ := proto.GetExtension(v.Options(), commonv1.E_Choice).(*commonv1.Choice)
	if e.Number() == 0 {
		return "草稿"
	}
	return c.GetLabel()
}
