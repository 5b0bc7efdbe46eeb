// Package notice holds the rules of announcements (feature J3): which state may follow which.
package notice

import (
	"slices"

	noticev1 "zhiping/proto/gen/zhiping/notice/v1"
	"zhiping/shared/fault"
	"zhiping/shared/field"
)

const (
	draft     = noticev1.State_STATE_DRAFT
	published = noticev1.State_STATE_PUBLISHED
	withdrawn = noticev1.State_STATE_WITHDRAWN
	deleted   = noticev1.State_STATE_DELETED
)

// from says from which states a state can be reached: what is published is withdrawn first, what is deleted stays so.
var from = map[noticev1.State][]noticev1.State{published: {draft, withdrawn}, withdrawn: {published}, deleted: {draft, withdrawn}}

var verbs = map[noticev1.State]string{published: "发布", withdrawn: "撤回", deleted: "删除"}

// Move moves an announcement to a state, or returns a fault that says why not.
func Move(n *noticev1.Notice, to noticev1.State, at int64) error {
	if !slices.Contains(from[to], n.State) {
		hint := "请刷新后重试"
		if to == deleted && n.State == published {
			hint = "请先撤回"
		}
		return fault.New(fault.State, "公告“%s”当前状态为“%s”，不能%s，%s", n.Title, field.Label(n.State), verbs[to], hint)
	}
	if n.State = to; to == published {
		n.PublishedAt = at
	}
	return nil
}

// Editable returns a fault that says why an announcement may not be changed, nil if it may.
func Editable(n *noticev1.Notice) error {
	switch n.State {
	case published:
		return fault.New(fault.State, "公告“%s”已发布，请先撤回再修改", n.Title)
	case deleted:
		return fault.New(fault.State, "公告“%s”已删除，不能修改；如有需要请另外添加", n.Title)
	}
	return nil
}

// Open reports whether everybody may read it.
func Open(n *noticev1.Notice) bool { return n.State == published }
