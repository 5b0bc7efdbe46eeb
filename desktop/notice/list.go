// Package notice is announcements on the desktop (feature J3): those of the unit, with their form and preview, and all that are published.
package notice

import (
	"context"

	"google.golang.org/protobuf/proto"

	"zhiping/desktop/cache"
	"zhiping/desktop/list"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	noticev1 "zhiping/proto/gen/zhiping/notice/v1"
	"zhiping/proto/gen/zhiping/notice/v1/noticev1connect"
	"zhiping/shared/field"
	rules "zhiping/shared/notice"
	"zhiping/shared/review"
	"zhiping/shared/wire"
)

type message = *noticev1.Notice

func text(name string) func(message) string {
	return func(n message) string { return field.Named(n, name)[0].Text(n) }
}

func source(c noticev1connect.NoticeServiceClient) list.Source[message] {
	return func(ctx context.Context, q *commonv1.Query) ([]message, *commonv1.PageInfo, error) {
		resp, err := c.ListNotices(ctx, &noticev1.ListNoticesRequest{Query: q})
		return resp.GetNotices(), resp.GetPage(), err
	}
}

var filters = []list.Filter{{Column: "kind", Title: "公告类型", Choices: list.Choices[message](noticev1.Notice_Kind)}, {Column: "title", Title: "标题"}}

func state(n message) string { return n.State.String() }

// Own is the list of the unit's own announcements.
func Own(c noticev1connect.NoticeServiceClient, mirror *cache.Cache) *list.List[message] {
	return cache.Add(mirror, &list.List[message]{
		Name: "notice-own", Title: "通知公告管理", Scope: "own", ID: message.GetId, Source: source(c), Mirror: list.Owned("notice", message.GetUnitId, state),
		Columns: []list.Column[message]{
			{Key: "kind", Title: "公告类型", Width: 100, Text: text(noticev1.Notice_Kind)},
			{Key: "title", Title: "标题", Width: 420, Text: text(noticev1.Notice_Title)},
			{Title: "状态", Width: 80, Text: text(noticev1.Notice_State)},
			{Title: "发布时间", Width: 140, Text: text(noticev1.Notice_PublishedAt)},
		},
		Filters: filters,
		Tabs: []list.Tab{
			{State: noticev1.State_STATE_DRAFT.String(), Title: "草稿"},
			{State: noticev1.State_STATE_PUBLISHED.String(), Title: "已发布"},
			{State: noticev1.State_STATE_WITHDRAWN.String(), Title: "已撤回"},
		},
		ToDo:  []list.Tab{{State: noticev1.State_STATE_DRAFT.String(), Title: "待发布"}},
		Empty: "此状态下没有公告。可点“添加公告”撰写，发布后所有人可见。",
	})
}

// Published is the list of everybody's announcements.
func Published(c noticev1connect.NoticeServiceClient, mirror *cache.Cache) *list.List[message] {
	return cache.Add(mirror, &list.List[message]{
		Name: "notice-published", Title: "通知公告", Scope: "published", ID: message.GetId, Source: source(c),
		Mirror: &list.Mirror[message]{Kind: "notice", State: func(n message, _ string) (string, bool) { return n.Kind.String(), rules.Open(n) }},
		Columns: []list.Column[message]{
			{Key: "kind", Title: "公告类型", Width: 100, Text: text(noticev1.Notice_Kind)},
			{Key: "title", Title: "标题", Width: 420, Text: text(noticev1.Notice_Title)},
			{Title: "发布单位", Width: 260, Text: text(noticev1.Notice_UnitName)},
			{Title: "发布时间", Width: 140, Text: text(noticev1.Notice_PublishedAt)},
		},
		Filters: filters,
		Empty:   "还没有公告。",
	})
}

// Line is an announcement in one line, for the first page (B2).
func Line(n message) string {
	return list.Day(text(noticev1.Notice_PublishedAt)(n)) + "　" + field.Label(n.Kind) + "　" + n.Title
}

// Move publishes, withdraws or deletes announcements and says what was refused.
func Move(c noticev1connect.NoticeServiceClient, all []message, to noticev1.State) error {
	r := &noticev1.MoveNoticesRequest{To: to}
	names := map[string]string{}
	for _, n := range all {
		r.Bases = append(r.Bases, &commonv1.Base{Id: n.Id, Revision: n.Revision})
		names[n.Id] = n.Title
	}
	resp, err := c.MoveNotices(context.Background(), r)
	if err != nil {
		return err
	}
	return wire.Refused(resp.Outcomes, func(id string) string { return names[id] })
}

// Effects are what the changes of this domain look like before the server has run them (sync.md).
var Effects = map[string]cache.Effect{
	noticev1connect.NoticeServiceSaveNoticeProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		n := proto.CloneOf(m.(*noticev1.SaveNoticeRequest).Notice)
		n.UnitId, n.UnitName = by.UnitID, by.UnitName
		if n.State == noticev1.State_STATE_UNSPECIFIED {
			n.State = noticev1.State_STATE_DRAFT
		}
		return v.Put("notice", n)
	},
}
