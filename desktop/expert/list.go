// Package expert is the expert pools on the desktop (features C4, C5): the pool of one committee with its tabs, the form, import, recommendations,
// and the review by the authorising unit.
package expert

import (
	"context"
	"fmt"
	"strings"

	"zhiping/desktop/cache"
	"zhiping/desktop/clock"
	"zhiping/desktop/list"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	"zhiping/proto/gen/zhiping/expert/v1/expertv1connect"
	rules "zhiping/shared/expert"
	"zhiping/shared/field"
)

type (
	message        = *expertv1.Expert
	recommendation = *expertv1.Recommendation
)

const (
	kind       = "expert"
	ofPool     = "committee_id"
	recommends = "recommendation"
)

func text(name string) func(message) string {
	return func(e message) string { return field.Named(e, name)[0].Text(e) }
}

func age(e message) string {
	if n := rules.Age(e.Birth, clock.Today()); n > 0 {
		return fmt.Sprint(n)
	}
	return ""
}

// who are the columns of C5 that say who somebody is. They leave room for the link at the end of a line in the smallest window.
var who = []list.Column[message]{
	{Key: "name", Title: "姓名", Width: 72, Fixed: true, Text: text(expertv1.Expert_Name)},
	{Title: "性别", Width: 44, Text: text(expertv1.Expert_Sex)},
	{Title: "年龄", Width: 44, Text: age},
	list.Declared[message](expertv1.Expert_Number, 146),
	list.Declared[message](expertv1.Expert_Phone, 98),
	{Title: "现职称", Width: 84, Text: text(expertv1.Expert_Title)},
	{Key: "work_unit", Title: "工作单位", Width: 112, Text: text(expertv1.Expert_WorkUnit)},
	{Title: "行政职务", Width: 70, Text: text(expertv1.Expert_Duty)},
}

var columns = append(who[:len(who):len(who)],
	list.Column[message]{Title: "评委会职务", Width: 82, Text: text(expertv1.Expert_Position)},
	list.Column[message]{Title: "信息是否完整", Width: 150, Text: completeness},
)

// completeness says too what else should be looked at in an expert.
func completeness(e message) string {
	return strings.Join(append([]string{rules.Completeness(e)}, rules.Warnings(e, clock.Today())...), "；")
}

var filters = []list.Filter{{Column: "name", Title: "姓名"}, {Column: "work_unit", Title: "工作单位"}}

func source(c expertv1connect.ExpertServiceClient) list.Source[message] {
	return func(ctx context.Context, q *commonv1.Query) ([]message, *commonv1.PageInfo, error) {
		resp, err := c.ListExperts(ctx, &expertv1.ListExpertsRequest{Query: q})
		return resp.GetExperts(), resp.GetPage(), err
	}
}

// Experts is the list of the experts of a committee's pool (C4); the page narrows it to one pool and draws the tabs.
func Experts(c expertv1connect.ExpertServiceClient, mirror *cache.Cache) *list.List[message] {
	// The forming unit sees its whole pool, the authorising unit who was handed in to it.
	pool := &list.Mirror[message]{Kind: kind, Part: ofPool, Of: message.GetCommitteeId, State: func(e message, unit string) (string, bool) {
		state := rules.State(e)
		return state, e.UnitId == unit || e.AuthorisingId == unit && state != rules.Draft && state != rules.Returned
	}}
	return cache.Add(mirror, &list.List[message]{
		Mirror: pool, ToDo: []list.Tab{{State: rules.Draft, Title: "待提交专家"}, {State: rules.Returned, Title: "被退回，待修改"}},
		Name: "expert-pool", Title: "专家库管理", Scope: "own", Columns: columns, Filters: filters, ID: message.GetId, Source: source(c),
		Empty: "此状态下没有专家。",
	})
}

// Review is the list of the experts that the unit reviews (C5).
func Review(c expertv1connect.ExpertServiceClient, mirror *cache.Cache) *list.List[message] {
	reviewed := list.Reviewed(kind, message.GetEntry)
	reviewed.Part, reviewed.Of = ofPool, message.GetCommitteeId
	return cache.Add(mirror, &list.List[message]{
		Mirror: reviewed, ToDo: list.Waiting,
		Name: "expert-review", Title: "专家库审核", Scope: "review", Columns: columns, Filters: filters, ID: message.GetId, Source: source(c),
		Tabs: []list.Tab{
			{State: "TAB_FIRST", Title: "待审核"},
			{State: "TAB_FURTHER", Title: "待复审"},
			{State: "TAB_PASSED", Title: "审核通过"},
			{State: "TAB_RETURNED", Title: "已退回"},
			{State: "TAB_REFUSED", Title: "审核不通过"},
		},
		Empty: "此状态下没有专家。",
	})
}

// Pools is the list of the pools that the unit authorises (C5).
func Pools(c expertv1connect.ExpertServiceClient, mirror *cache.Cache) *list.List[*expertv1.Pool] {
	col := func(name string, width float32) list.Column[*expertv1.Pool] {
		return list.Declared[*expertv1.Pool](name, width)
	}
	count := func(n int64) string { return fmt.Sprintf("%d人", n) }
	return cache.Add(mirror, &list.List[*expertv1.Pool]{
		Mirror: list.Owned("pool", (*expertv1.Pool).GetAuthorisingId, rules.PoolState), ToDo: []list.Tab{{State: rules.PoolWaiting, Title: "评委会有待审专家"}},
		Name: "expert-pools", Title: "专家库审核", Scope: "authorised", Filters: []list.Filter{{Column: "name", Title: "评委会名称"}}, ID: (*expertv1.Pool).GetId,
		Source: func(ctx context.Context, q *commonv1.Query) ([]*expertv1.Pool, *commonv1.PageInfo, error) {
			resp, err := c.ListPools(ctx, &expertv1.ListPoolsRequest{Query: q})
			return resp.GetPools(), resp.GetPage(), err
		},
		Columns: []list.Column[*expertv1.Pool]{
			col(expertv1.Pool_Name, 250).By("name"), col(expertv1.Pool_Series, 92), col(expertv1.Pool_Levels, 80), col(expertv1.Pool_Chairs, 156), col(expertv1.Pool_Deputies, 156),
			{Title: "在库专家数", Width: 84, Text: func(p *expertv1.Pool) string { return count(p.Active) }},
			{Title: "待审专家数", Width: 84, Text: func(p *expertv1.Pool) string { return count(p.Waiting) }},
			{Title: "审核", Width: 62, Text: func(p *expertv1.Pool) string {
				if p.Waiting > 0 {
					return "可审核"
				}
				return "—"
			}},
		},
		Tabs:  []list.Tab{{State: rules.PoolWaiting, Title: "有待审专家"}, {State: "", Title: "全部"}},
		Empty: "没有评委会专家库。本单位授权管理的评委会添加专家后会显示在这里。",
	})
}

func recommended(name string) func(recommendation) string {
	f := text(name)
	return func(r recommendation) string { return f(r.Expert) }
}

var recommendedColumns = []list.Column[recommendation]{
	{Key: "name", Title: "姓名", Width: 86, Text: recommended(expertv1.Expert_Name)},
	{Title: "性别", Width: 48, Text: recommended(expertv1.Expert_Sex)},
	{Title: "年龄", Width: 48, Text: func(r recommendation) string { return age(r.Expert) }},
	{Title: "现职称", Width: 110, Text: recommended(expertv1.Expert_Title)},
	{Key: "work_unit", Title: "工作单位", Width: 180, Text: recommended(expertv1.Expert_WorkUnit)},
	{Title: "推荐至评委会", Width: 260, Text: recommended(expertv1.Expert_CommitteeName)},
	{Title: "推荐单位", Width: 180, Text: func(r recommendation) string { return r.UnitName }},
	{Title: "信息是否完整", Width: 180, Text: func(r recommendation) string { return rules.Completeness(r.Expert) }},
}

func recommendations(c expertv1connect.ExpertServiceClient) list.Source[recommendation] {
	return func(ctx context.Context, q *commonv1.Query) ([]recommendation, *commonv1.PageInfo, error) {
		resp, err := c.ListRecommendations(ctx, &expertv1.ListRecommendationsRequest{Query: q})
		return resp.GetRecommendations(), resp.GetPage(), err
	}
}

// Recommended is the list of those whom subordinate units recommend into the unit's pools (C4).
func Recommended(c expertv1connect.ExpertServiceClient, mirror *cache.Cache) *list.List[recommendation] {
	reviewed := list.Reviewed(recommends, recommendation.GetReview)
	reviewed.Part, reviewed.Of = ofPool, func(r recommendation) string { return r.GetExpert().GetCommitteeId() }
	return cache.Add(mirror, &list.List[recommendation]{
		Mirror: reviewed, ToDo: list.Waiting,
		Name: "recommendation-review", Title: "下级推荐待审核", Scope: "review", Columns: recommendedColumns, Filters: filters, ID: recommendation.GetId, Source: recommendations(c),
		Empty: "没有下级单位推荐的待审核专家。",
	})
}

// Own is the list of those whom the unit recommends into pools of its superiors (C4).
func Own(c expertv1connect.ExpertServiceClient, mirror *cache.Cache) *list.List[recommendation] {
	return cache.Add(mirror, &list.List[recommendation]{
		Mirror: list.Owned(recommends, recommendation.GetUnitId, rules.RecommendationState),
		ToDo:   []list.Tab{{State: rules.Recommending, Title: "待提交推荐"}, {State: rules.SentBack, Title: "被退回，待修改"}},
		Name:   "recommendation-own", Title: "推荐专家", Scope: "own", Columns: recommendedColumns, Filters: filters, ID: recommendation.GetId, Source: recommendations(c),
		Tabs: []list.Tab{
			{State: "", Title: "全部"},
			{State: rules.Recommending, Title: "待提交"},
			{State: rules.Recommended, Title: "审核中"},
			{State: rules.SentBack, Title: "已退回"},
			{State: rules.Accepted, Title: "已接收"},
			{State: rules.Declined, Title: "未接收"},
		},
		Empty: "还没有推荐过专家。点“新增推荐”向上级单位的评委会推荐。",
	})
}
