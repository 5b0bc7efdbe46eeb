// Package unit is units on the desktop (features A8, A9): the lists as data, the page with review.
package unit

import (
	"context"
	"slices"
	"strings"

	"zhiping/desktop/cache"
	"zhiping/desktop/list"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/catalog"
	"zhiping/shared/field"
	rules "zhiping/shared/unit"
)

type message = *unitv1.Unit

func text(name string) func(message) string {
	return func(u message) string { return field.Named(u, name)[0].Masked(u) }
}

// columns are those of the manual (A8, A9); the division as a path, as county names stand several times in the country.
var columns = []list.Column[message]{
	{Key: "name", Title: "单位名称", Width: 180, Text: text(unitv1.Unit_Name), Fixed: true},
	{Title: "统一社会信用代码", Width: 158, Text: text(unitv1.Unit_CreditCode)},
	{Title: "行政区划", Width: 165, Text: func(u message) string { return catalog.Division(u.Division) }},
	{Title: "单位性质", Width: 72, Text: text(unitv1.Unit_Nature)},
	{Title: "联系人", Width: 60, Text: message.GetContact},
	{Title: "联系电话", Width: 100, Text: text(unitv1.Unit_Phone)},
	{Title: "通讯地址", Width: 200, Text: text(unitv1.Unit_Address)},
}

// withKind is the columns with the kind of unit, where units of several kinds stand together; the address makes room for it.
func withKind() []list.Column[message] {
	kind := list.Column[message]{Title: "单位类型", Width: 72, Text: text(unitv1.Unit_Kind)}
	all := slices.Insert(slices.Clone(columns), 2, kind)
	all[len(all)-1].Width = 90
	return all
}

var (
	byName       = []list.Filter{{Column: "name", Title: "单位名称"}}
	reviewedTabs = []list.Tab{{State: "TAB_FIRST", Title: "待审核"}, {State: "TAB_FURTHER", Title: "待复审"}, {State: "TAB_PASSED", Title: "审核通过"}, {State: "TAB_RETURNED", Title: "已退回"}, {State: "TAB_REFUSED", Title: "不通过"}}
)

func source(c unitv1connect.UnitServiceClient) list.Source[message] {
	return func(ctx context.Context, q *commonv1.Query) ([]message, *commonv1.PageInfo, error) {
		resp, err := c.ListUnits(ctx, &unitv1.ListUnitsRequest{Query: q})
		return resp.GetUnits(), resp.GetPage(), err
	}
}

// Superiors is the review of units that ask to come under this one (A4).
func Superiors(c unitv1connect.UnitServiceClient, mirror *cache.Cache) *list.List[message] {
	return cache.Add(mirror, &list.List[message]{
		Mirror: list.Reviewed("unit", message.GetSuperiorChange), ToDo: list.Waiting,
		Name: "unit-superior", Title: "下级单位变更审核", Scope: "superior", Columns: columns, Filters: byName, ID: message.GetId, Source: source(c), Tabs: reviewedTabs,
		Empty: "此状态下没有变更申请。其他单位申请改由本单位管理时会显示在这里。",
	})
}

// Registrations is the review of subordinate registrations (A8).
func Registrations(c unitv1connect.UnitServiceClient, mirror *cache.Cache) *list.List[message] {
	return cache.Add(mirror, &list.List[message]{
		Mirror: list.Reviewed("unit", message.GetRegistration), ToDo: list.Waiting,
		Name: "unit-registration", Title: "下级单位注册审核", Scope: "registration", Columns: columns, Filters: byName, ID: message.GetId, Source: source(c), Tabs: reviewedTabs,
		Empty: "此状态下没有注册申请。下级单位提交注册后会显示在这里。",
	})
}

// Subordinates is the list of direct subordinates (A9).
func Subordinates(c unitv1connect.UnitServiceClient, mirror *cache.Cache) *list.List[message] {
	return cache.Add(mirror, &list.List[message]{
		Mirror: list.Owned("unit", message.GetSuperiorId, rules.State),
		Name:   "unit-subordinate", Title: "下级单位信息管理", Scope: "subordinate", Columns: withKind(), Filters: byName, ID: message.GetId, Source: source(c),
		Tabs:  []list.Tab{{State: "", Title: "全部"}, {State: "AUTHORISED", Title: "已授权"}, {State: "PENDING", Title: "待审核"}, {State: "RETURNED", Title: "已退回"}, {State: "REFUSED", Title: "不通过"}},
		Empty: "此状态下没有下级单位。可点“新增下级单位”新建，或由下级单位自行注册。",
	})
}

// staffColumns are the columns of the accounts (A6); roles are those that the unit has now.
func staffColumns(roles func() []*unitv1.Role) []list.Column[*unitv1.Staff] {
	return []list.Column[*unitv1.Staff]{
		{Key: "name", Title: "姓名", Width: 110, Text: (*unitv1.Staff).GetName, Fixed: true},
		{Key: "account", Title: "登录账号", Width: 150, Text: (*unitv1.Staff).GetAccount},
		list.Declared[*unitv1.Staff](unitv1.Staff_Phone, 120),
		{Title: "角色", Width: 260, Text: func(s *unitv1.Staff) string { return roleNames(s, roles()) }},
		{Title: "状态", Width: 70, Text: func(s *unitv1.Staff) string { return map[bool]string{false: "在用", true: "已停用"}[s.Disabled] }},
	}
}

// roleNames says what somebody may do: a super-administrator needs no roles.
func roleNames(s *unitv1.Staff, roles []*unitv1.Role) string {
	var names []string
	if s.Super {
		names = append(names, "超级管理员")
	}
	for _, r := range roles {
		if slices.Contains(s.RoleIds, r.Id) {
			names = append(names, r.Name)
		}
	}
	return strings.Join(names, "、")
}

var (
	staffFilters = []list.Filter{{Column: "name", Title: "姓名"}, {Column: "account", Title: "登录账号"}}
	staffTabs    = []list.Tab{{State: "", Title: "全部"}, {State: "ENABLED", Title: "在用"}, {State: "DISABLED", Title: "已停用"}}
)

// Staff is the list of the own unit's accounts (A6); roles are the unit's.
func Staff(c unitv1connect.UnitServiceClient, mirror *cache.Cache, roles func() []*unitv1.Role) *list.List[*unitv1.Staff] {
	return cache.Add(mirror, &list.List[*unitv1.Staff]{
		Mirror: list.Owned("staff", (*unitv1.Staff).GetUnitId, rules.StaffState),
		Name:   "staff", Title: "工作人员管理", Scope: "own", Columns: staffColumns(roles), Filters: staffFilters, Tabs: staffTabs, ID: (*unitv1.Staff).GetId,
		Source: func(ctx context.Context, q *commonv1.Query) ([]*unitv1.Staff, *commonv1.PageInfo, error) {
			resp, err := c.ListStaff(ctx, &unitv1.ListStaffRequest{Query: q})
			return resp.GetStaff(), resp.GetPage(), err
		},
		Empty: "此状态下没有工作人员。可点“新增工作人员”新建。",
	})
}

// Handlers is the list of a direct subordinate's accounts (A9); they are no business of this unit's mirror.
func Handlers(u *unitv1.Unit, c unitv1connect.UnitServiceClient) *list.List[*unitv1.Staff] {
	return &list.List[*unitv1.Staff]{
		Name: "handlers " + u.Id, Title: "经办人员 " + u.Name, Scope: "own", Columns: staffColumns(u.GetRoles), Filters: staffFilters, Tabs: staffTabs, ID: (*unitv1.Staff).GetId,
		Source: func(ctx context.Context, q *commonv1.Query) ([]*unitv1.Staff, *commonv1.PageInfo, error) {
			resp, err := c.ListHandlers(ctx, &unitv1.ListHandlersRequest{UnitId: u.Id, Query: q})
			return resp.GetStaff(), resp.GetPage(), err
		},
		Empty: "此状态下没有经办人员。可点“新增经办人员”新建。",
	}
}

// Everyone gives all accounts of a list, page by page; without the network those that are here.
func Everyone(ctx context.Context, l *list.List[*unitv1.Staff]) (all []*unitv1.Staff, err error) {
	q := &commonv1.Query{Scope: l.Scope, Size: 100}
	for {
		rows, page, err := l.Source(ctx, q)
		if err != nil && page == nil {
			return nil, err
		}
		all = append(all, rows...)
		if q.After = page.GetNext(); q.After == "" {
			return all, nil
		}
	}
}
