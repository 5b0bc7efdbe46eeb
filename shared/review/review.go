// Package review is the chain 逐级审核 + 多岗审核 that every matter under review walks: a route of units, inside each unit its posts from the
// lowest level to the highest (A5), and the moves approve, return, refuse and withdraw. A matter gives only its route, and what happens at
// the end; who may move is a function of the case and the person. Rules of the moves stand in one table, moves.
package review

import (
	"slices"
	"strings"

	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/fault"
)

// An Actor is who moves a case. That the person has the right to review at all is checked at the RPC.
type Actor struct {
	UnitID, UnitName   string
	StaffID, StaffName string
}

// Origin is the place on the route of the unit that handed the case in.
const Origin = -1

// rule is one row of the table of moves.
type rule struct {
	move   reviewv1.Move
	from   []reviewv1.Stage
	who    func(*reviewv1.Case, Actor) bool
	reason bool // an opinion or a list of defects must be given
	denied string
	apply  func(*reviewv1.Case, *reviewv1.Action) error
}

var moves = []rule{
	{
		move: reviewv1.Move_MOVE_APPROVE, from: []reviewv1.Stage{reviewv1.Stage_STAGE_REVIEW},
		who: turn, denied: notTurn, apply: approve,
	},
	{
		move: reviewv1.Move_MOVE_RETURN, from: []reviewv1.Stage{reviewv1.Stage_STAGE_REVIEW},
		who: turn, denied: notTurn, reason: true, apply: sendBack,
	},
	{
		move: reviewv1.Move_MOVE_REFUSE, from: []reviewv1.Stage{reviewv1.Stage_STAGE_REVIEW},
		who: turn, denied: notTurn, reason: true, apply: refuse,
	},
	{
		move: reviewv1.Move_MOVE_WITHDRAW, from: []reviewv1.Stage{reviewv1.Stage_STAGE_REVIEW},
		who: withdrawable, denied: "只有提交单位可以撤回，且须在上级单位开始审核之前", apply: withdraw,
	},
}

const notTurn = "该事项当前不由您审核，请刷新列表后再试"

// Submit hands a case in on a route, for the first time or again after a return or a withdrawal. The route's posts are as they stand now
// and stay with the case. A route without units approves at once. at is the server's clock in UTC milliseconds.
func Submit(c *reviewv1.Case, route []*reviewv1.Node, by Actor, at int64) error {
	switch c.GetStage() {
	case reviewv1.Stage_STAGE_UNSPECIFIED, reviewv1.Stage_STAGE_DRAFT, reviewv1.Stage_STAGE_RETURNED, reviewv1.Stage_STAGE_WITHDRAWN:
	default:
		return fault.New(fault.State, "当前状态为“%s”，不能提交", StageLabel(c.GetStage()))
	}
	if c.OriginUnitId != "" && c.OriginUnitId != by.UnitID {
		return fault.New(fault.Denied, "只有原提交单位可以再次提交")
	}
	c.OriginUnitId, c.Route = by.UnitID, route
	record(c, reviewv1.Move_MOVE_SUBMIT, by, nil, Origin, at)
	c.Stage = reviewv1.Stage_STAGE_REVIEW
	arrive(c, 0)
	return nil
}

// Withdraw takes a case back for the unit that handed it in, which needs no right to review.
func Withdraw(c *reviewv1.Case, by Actor, at int64) error {
	return Apply(c, &reviewv1.Action{Move: reviewv1.Move_MOVE_WITHDRAW}, by, at)
}

// Apply moves a case, or returns a fault that says why it cannot be moved; then the case is unchanged. at is the server's clock.
func Apply(c *reviewv1.Case, a *reviewv1.Action, by Actor, at int64) error {
	for i := range moves {
		if r := &moves[i]; r.move == a.Move {
			return r.run(c, a, by, at)
		}
	}
	return fault.New(fault.Invalid, "审核操作不正确，请选择通过、退回、不通过或撤回").At("action.move")
}

func (r *rule) run(c *reviewv1.Case, a *reviewv1.Action, by Actor, at int64) error {
	if !slices.Contains(r.from, c.GetStage()) {
		return fault.New(fault.State, "当前状态为“%s”，不能%s", StageLabel(c.GetStage()), label(a.Move))
	}
	if !r.who(c, by) {
		return fault.New(fault.Denied, "%s", r.denied)
	}
	if r.reason && strings.TrimSpace(a.Opinion) == "" && len(a.Defects) == 0 {
		return fault.New(fault.Invalid, "%s须填写审核意见或问题清单，请补充后再提交", label(a.Move)).At("action.opinion")
	}
	if a.Move == reviewv1.Move_MOVE_RETURN && (a.To < Origin || a.To >= c.At) {
		return fault.New(fault.Invalid, "只能退回至提交单位或本单位之前的审核单位，请重新选择退回单位").At("action.to")
	}
	level := c.Level
	node := c.At
	if err := r.apply(c, a); err != nil {
		return err
	}
	s := record(c, a.Move, by, a, a.To, at)
	if s.Level = level; a.Move == reviewv1.Move_MOVE_WITHDRAW {
		s.Level = 0
	}
	if a.Move != reviewv1.Move_MOVE_RETURN {
		s.To = node
	}
	return nil
}

// May returns the moves that the actor may make now, in the order of the buttons.
func May(c *reviewv1.Case, by Actor) []reviewv1.Move {
	var may []reviewv1.Move
	for _, r := range moves {
		if slices.Contains(r.from, c.GetStage()) && r.who(c, by) {
			may = append(may, r.move)
		}
	}
	return may
}

// turn reports whether it is this person's turn: of the unit that has the case and, where that has posts, of the post's staff.
func turn(c *reviewv1.Case, by Actor) bool {
	n := here(c)
	if n == nil || n.UnitId != by.UnitID {
		return false
	}
	if len(n.Posts) == 0 {
		return true
	}
	for _, p := range n.Posts {
		if p.Level == c.Level {
			return slices.Contains(p.StaffIds, by.StaffID)
		}
	}
	return false
}

// withdrawable reports whether the unit that handed the case in may take it back: until somebody has moved it (D2).
func withdrawable(c *reviewv1.Case, by Actor) bool {
	last := len(c.Steps) - 1
	return c.OriginUnitId == by.UnitID && last >= 0 && c.Steps[last].Move == reviewv1.Move_MOVE_SUBMIT
}

func here(c *reviewv1.Case) *reviewv1.Node {
	if c.At < 0 || int(c.At) >= len(c.Route) {
		return nil
	}
	return c.Route[c.At]
}

// arrive puts the case before the lowest post of the unit at place i, or past the end, where it is approved.
func arrive(c *reviewv1.Case, i int32) {
	c.At, c.Level = i, 0
	if int(i) >= len(c.Route) {
		c.At, c.Stage = int32(len(c.Route)), reviewv1.Stage_STAGE_APPROVED
		return
	}
	c.Level = above(c.Route[i], 0)
}

// above returns the next post level over level, or 0 for none.
func above(n *reviewv1.Node, level int32) int32 {
	var next int32
	for _, p := range n.Posts {
		if p.Level > level && (next == 0 || p.Level < next) {
			next = p.Level
		}
	}
	return next
}

func approve(c *reviewv1.Case, _ *reviewv1.Action) error {
	n := here(c)
	if next := above(n, c.Level); next > 0 {
		c.Level = next
		return nil
	}
	n.Again = false
	arrive(c, c.At+1)
	return nil
}

func sendBack(c *reviewv1.Case, a *reviewv1.Action) error {
	here(c).Again = false
	if a.To == Origin {
		c.Stage, c.At, c.Level = reviewv1.Stage_STAGE_RETURNED, Origin, 0
		return nil
	}
	c.Route[a.To].Again = true
	arrive(c, a.To)
	return nil
}

func refuse(c *reviewv1.Case, _ *reviewv1.Action) error {
	c.Stage, c.Level = reviewv1.Stage_STAGE_REFUSED, 0
	return nil
}

func withdraw(c *reviewv1.Case, _ *reviewv1.Action) error {
	c.Stage, c.At, c.Level = reviewv1.Stage_STAGE_WITHDRAWN, Origin, 0
	return nil
}

func record(c *reviewv1.Case, m reviewv1.Move, by Actor, a *reviewv1.Action, to int32, at int64) *reviewv1.Step {
	s := &reviewv1.Step{
		Move: m, UnitId: by.UnitID, UnitName: by.UnitName, StaffId: by.StaffID, StaffName: by.StaffName,
		Opinion: a.GetOpinion(), Defects: a.GetDefects(), At: at, To: to,
	}
	c.Steps = append(c.Steps, s)
	return s
}
