// Package application is the review of applications on the desktop (features D3, D6): lists as data, the page with material and review.
package application

import (
	"context"

	"zhiping/desktop/cache"
	"zhiping/desktop/list"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	"zhiping/proto/gen/zhiping/application/v1/applicationv1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	rules "zhiping/shared/application"
	"zhiping/shared/field"
)

type message = *applicationv1.Application

// text shows a declared field; personal data are masked where the list is not the person's own unit's work.
func text(name string) func(message) string {
	return func(a message) string { return field.Named(a, name)[0].Text(a) }
}

func masked(name string) func(message) string {
	return func(a message) string { return field.Named(a, name)[0].Masked(a) }
}

var columns = []list.Column[message]{
	{Key: "name", Title: "姓名", Width: 80, Text: text(applicationv1.Application_Name)},
	{Title: "证件号码", Width: 150, Text: masked(applicationv1.Application_Number), Whole: text(applicationv1.Application_Number)},
	{Title: "评价方式", Width: 74, Text: text(applicationv1.Application_Method)},
	{Title: "申报系列", Width: 108, Text: text(applicationv1.Application_Series)},
	{Title: "申报层级", Width: 74, Text: text(applicationv1.Application_Level)},
	{Title: "申报专业", Width: 92, Text: text(applicationv1.Application_Specialty)},
	{Key: "work_unit", Title: "工作单位", Width: 200, Text: text(applicationv1.Application_WorkUnit)},
	{Title: "提交时间", Width: 128, Text: text(applicationv1.Application_SubmittedAt)},
	{Title: "状态", Width: 74, Text: text(applicationv1.Application_State)},
}

func state(a message) string { return a.State.String() }

var filters = []list.Filter{{Column: "name", Title: "姓名"}, {Column: "work_unit", Title: "工作单位"}}

func source(c applicationv1connect.ApplicationServiceClient) list.Source[message] {
	return func(ctx context.Context, q *commonv1.Query) ([]message, *commonv1.PageInfo, error) {
		resp, err := c.ListApplications(ctx, &applicationv1.ListApplicationsRequest{Query: q})
		return resp.GetApplications(), resp.GetPage(), err
	}
}

// Review is the list of the cases that this unit reviews (D3, D6).
func Review(c applicationv1connect.ApplicationServiceClient, mirror *cache.Cache) *list.List[message] {
	return cache.Add(mirror, &list.List[message]{
		Mirror: list.Reviewed(kind, message.GetReview), ToDo: list.Waiting,
		Name: "application-review", Title: "申报材料审核", Scope: "review", Columns: columns, Filters: filters, ID: message.GetId, Source: source(c),
		Tabs:  []list.Tab{{State: "TAB_FIRST", Title: "初审"}, {State: "TAB_FURTHER", Title: "复审"}, {State: "TAB_AGAIN", Title: "上级单位退回，重审"}, {State: "TAB_PASSED", Title: "已上报"}, {State: "TAB_RETURNED", Title: "已退回"}, {State: "TAB_REFUSED", Title: "不通过"}},
		Empty: "此状态下没有申报材料。下级单位或申报人提交后会显示在这里。",
	})
}

// Own is the list of the unit's own applications (D2).
func Own(c applicationv1connect.ApplicationServiceClient, mirror *cache.Cache) *list.List[message] {
	return cache.Add(mirror, &list.List[message]{
		Mirror: list.Owned(kind, message.GetUnitId, state), ToDo: []list.Tab{{State: "STATE_DRAFT", Title: "待提交"}, {State: "STATE_RETURNED", Title: "被退回，待补正"}},
		Name: "application-own", Title: "本单位申报人员", Scope: "own", Columns: columns, Filters: filters, ID: message.GetId, Source: source(c),
		Tabs: []list.Tab{
			{State: "", Title: "全部"},
			{State: "STATE_DRAFT", Title: "草稿"},
			{State: "STATE_IN_REVIEW", Title: "审核中"},
			{State: "STATE_RETURNED", Title: "已退回"},
			{State: "STATE_REPORTED", Title: "已上报"},
			{State: "STATE_IN_PUBLICITY", Title: "公示中"},
			{State: "STATE_CERTIFIED", Title: "已发证"},
			{State: "STATE_FAILED", Title: "评审未通过"},
			{State: "STATE_REFUSED", Title: "不通过"},
		},
		Empty: "还没有申报人员。可从“导入申报材料”批量导入，或单个录入。",
	})
}

// Committee is the list of those reported to the unit's committees (F1).
func Committee(c applicationv1connect.ApplicationServiceClient, mirror *cache.Cache) *list.List[message] {
	return cache.Add(mirror, &list.List[message]{
		Mirror: list.Owned(kind, rules.CommitteeUnit, state), ToDo: []list.Tab{{State: "STATE_REPORTED", Title: "待受理"}},
		Name: "application-committee", Title: "参评资格审核", Scope: "committee", Columns: columns, Filters: filters, ID: message.GetId, Source: source(c),
		Tabs: []list.Tab{
			{State: "STATE_REPORTED", Title: "待受理"},
			{State: "STATE_QUALIFIED", Title: "已受理"},
			{State: "STATE_IN_MEETING", Title: "评审中"},
			{State: "STATE_PASSED", Title: "评审通过"},
			{State: "STATE_IN_PUBLICITY", Title: "公示中"},
			{State: "STATE_CONFIRMING", Title: "确认中"},
			{State: "STATE_CERTIFIED", Title: "已发证"},
			{State: "STATE_FAILED", Title: "未通过"},
			{State: "", Title: "全部"},
		},
		Empty: "此状态下没有参评人员。",
	})
}
