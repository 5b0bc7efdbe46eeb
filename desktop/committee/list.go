// Package committee is review committees on the desktop (features C1-C3): the lists as data, the wizard, the page with filing and review.
package committee

import (
	"context"
	"fmt"

	"zhiping/desktop/cache"
	"zhiping/desktop/clock"
	"zhiping/desktop/list"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	"zhiping/proto/gen/zhiping/committee/v1/committeev1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	rules "zhiping/shared/committee"
)

type message = *committeev1.Committee

const kind = "committee"

// columns leave room for the link at the end of a line in the smallest window; whole names stand on the committee's page.
var columns = []list.Column[message]{
	list.Declared[message](committeev1.Committee_Name, 236).By("name"),
	list.Declared[message](committeev1.Committee_Series, 92),
	{Title: "层级", Width: 88, Text: list.Declared[message](committeev1.Committee_Levels, 0).Text},
	{Title: "备案状态", Width: 190, Text: func(c message) string {
		text, _ := rules.Standing(c, clock.Today())
		return text
	}},
	{Title: "最近备案通过", Width: 94, Text: func(c message) string { return c.FiledOn }},
	{Title: "授权管理单位", Width: 118, Text: func(c message) string { return c.AuthorisingName }},
	{Title: "备案单位", Width: 118, Text: func(c message) string { return c.FilingName }},
}

var filters = []list.Filter{{Column: "name", Title: "评委会名称"}}

func source(c committeev1connect.CommitteeServiceClient) list.Source[message] {
	return func(ctx context.Context, q *commonv1.Query) ([]message, *commonv1.PageInfo, error) {
		resp, err := c.ListCommittees(ctx, &committeev1.ListCommitteesRequest{Query: q})
		return resp.GetCommittees(), resp.GetPage(), err
	}
}

// Own is the list of the committees that the unit forms (C1).
func Own(c committeev1connect.CommitteeServiceClient, mirror *cache.Cache) *list.List[message] {
	return cache.Add(mirror, &list.List[message]{
		Mirror: list.Owned(kind, message.GetUnitId, rules.State), ToDo: []list.Tab{{State: rules.Draft, Title: "待提交备案"}, {State: rules.Returned, Title: "被退回，待修改"}},
		Name: "committee-own", Title: "评委会备案申报", Scope: "own", Columns: columns, Filters: filters, ID: message.GetId, Source: source(c),
		Tabs: []list.Tab{
			{State: "", Title: "全部"},
			{State: rules.Draft, Title: "待提交"},
			{State: rules.Review, Title: "审核中"},
			{State: rules.Returned, Title: "已退回"},
			{State: rules.Refused, Title: "审核不通过"},
			{State: rules.Filed, Title: "已备案"},
		},
		Empty: "还没有评委会。点“新增评委会”填写备案信息。",
	})
}

// Filing is the review of filings (C3).
func Filing(c committeev1connect.CommitteeServiceClient, mirror *cache.Cache) *list.List[message] {
	return cache.Add(mirror, &list.List[message]{
		Mirror: list.Reviewed(kind, message.GetFiling), ToDo: list.Waiting,
		Name: "committee-filing", Title: "评委会备案审核", Scope: "filing", Columns: columns, Filters: filters, ID: message.GetId, Source: source(c),
		Tabs: []list.Tab{
			{State: "TAB_FIRST", Title: "待审核"},
			{State: "TAB_FURTHER", Title: "待复审"},
			{State: "TAB_AGAIN", Title: "上级退回，重审"},
			{State: "TAB_PASSED", Title: "审核通过"},
			{State: "TAB_RETURNED", Title: "已退回"},
			{State: "TAB_REFUSED", Title: "审核不通过"},
		},
		Empty: "此状态下没有备案申请。组建单位提交备案后会显示在这里。",
	})
}

// Due says which filings run out soon or have run out (C1), "" for none.
func Due(all []message, today string) string {
	soon, over := 0, 0
	for _, c := range all {
		switch {
		case c.FiledOn == "":
		case c.ValidUntil < today:
			over++
		case rules.ExpiresSoon(c, today):
			soon++
		}
	}
	text := ""
	if over > 0 {
		text = fmt.Sprintf("有 %d 个评委会的备案已过期，不能开展评审活动。", over)
	}
	if soon > 0 {
		text += fmt.Sprintf("有 %d 个评委会的备案将在半年内到期，请及时提交换届备案。", soon)
	}
	return text
}
