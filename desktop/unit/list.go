// Package unit is units on the desktop (features A8, A9): the lists as data, the page with review.
package unit

import (
	"context"

	"zhiping/desktop/cache"
	"zhiping/desktop/list"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/field"
	rules "zhiping/shared/unit"
)

type message = *unitv1.Unit

func text(name string) func(message) string {
	return func(u message) string { return field.Named(u, name)[0].Masked(u) }
}

var columns = []list.Column[message]{
	{Key: "name", Title: "单位名称", Width: 240, Text: text(unitv1.Unit_Name)},
	{Title: "统一社会信用代码", Width: 180, Text: text(unitv1.Unit_CreditCode)},
	{Title: "单位类型", Width: 100, Text: text(unitv1.Unit_Kind)},
	{Title: "行政区划", Width: 100, Text: text(unitv1.Unit_Division)},
	{Title: "单位性质", Width: 100, Text: text(unitv1.Unit_Nature)},
	{Title: "联系人", Width: 80, Text: text(unitv1.Unit_Contact)},
	{Title: "联系电话", Width: 130, Text: text(unitv1.Unit_Phone)},
	{Title: "通讯地址", Width: 220, Text: text(unitv1.Unit_Address)},
}

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
		Name: "unit-superior", Title: "下级单位变更审核", Scope: "superior", Columns: columns, Filters: []list.Filter{{Column: "name", Title: "单位名称"}}, ID: message.GetId, Source: source(c),
		Tabs:  []list.Tab{{State: "TAB_FIRST", Title: "待审核"}, {State: "TAB_FURTHER", Title: "待复审"}, {State: "TAB_PASSED", Title: "审核通过"}, {State: "TAB_RETURNED", Title: "已退回"}, {State: "TAB_REFUSED", Title: "不通过"}},
		Empty: "此状态下没有变更申请。其他单位申请改由本单位管理时会显示在这里。",
	})
}

// Registrations is the review of subordinate registrations (A8).
func Registrations(c unitv1connect.UnitServiceClient, mirror *cache.Cache) *list.List[message] {
	return cache.Add(mirror, &list.List[message]{
		Mirror: list.Reviewed("unit", message.GetRegistration), ToDo: list.Waiting,
		Name: "unit-registration", Title: "下级单位注册审核", Scope: "registration", Columns: columns, Filters: []list.Filter{{Column: "name", Title: "单位名称"}}, ID: message.GetId, Source: source(c),
		Tabs:  []list.Tab{{State: "TAB_FIRST", Title: "待审核"}, {State: "TAB_FURTHER", Title: "待复审"}, {State: "TAB_PASSED", Title: "审核通过"}, {State: "TAB_RETURNED", Title: "已退回"}, {State: "TAB_REFUSED", Title: "不通过"}},
		Empty: "此状态下没有注册申请。下级单位提交注册后会显示在这里。",
	})
}

// Subordinates is the list of direct subordinates (A9).
func Subordinates(c unitv1connect.UnitServiceClient, mirror *cache.Cache) *list.List[message] {
	return cache.Add(mirror, &list.List[message]{
		Mirror: list.Owned("unit", message.GetSuperiorId, rules.State),
		Name:   "unit-subordinate", Title: "下级单位信息管理", Scope: "subordinate", Columns: columns, Filters: []list.Filter{{Column: "name", Title: "单位名称"}}, ID: message.GetId, Source: source(c),
		Tabs:  []list.Tab{{State: "", Title: "全部"}, {State: "AUTHORISED", Title: "已授权"}, {State: "PENDING", Title: "待审核"}, {State: "RETURNED", Title: "已退回"}, {State: "REFUSED", Title: "不通过"}},
		Empty: "还没有下级单位。可新建下级单位，或由下级单位自行注册。",
	})
}

// staffColumns are the columns of the accounts (A6).
var staffColumns = []list.Column[*unitv1.Staff]{
	{Key: "name", Title: "姓名", Width: 120, Text: func(s *unitv1.Staff) string { return s.Name }},
	{Key: "account", Title: "登录账号", Width: 180, Text: func(s *unitv1.Staff) string { return s.Account }},
	{Title: "联系电话", Width: 150, Text: func(s *unitv1.Staff) string { return field.Named(s, unitv1.Staff_Phone)[0].Masked(s) }},
	{Title: "超级管理员", Width: 110, Text: func(s *unitv1.Staff) string { return field.Named(s, unitv1.Staff_Super)[0].Text(s) }},
	{Title: "是否停用", Width: 100, Text: func(s *unitv1.Staff) string { return field.Named(s, unitv1.Staff_Disabled)[0].Text(s) }},
}

// Staff is the list of the own unit's accounts (A6).
func Staff(c unitv1connect.UnitServiceClient, mirror *cache.Cache) *list.List[*unitv1.Staff] {
	return cache.Add(mirror, &list.List[*unitv1.Staff]{
		Mirror: list.Owned("staff", (*unitv1.Staff).GetUnitId, rules.StaffState),
		Name:   "staff", Title: "工作人员管理", Scope: "own", Columns: staffColumns, Filters: []list.Filter{{Column: "name", Title: "姓名"}, {Column: "account", Title: "登录账号"}}, ID: (*unitv1.Staff).GetId,
		Source: func(ctx context.Context, q *commonv1.Query) ([]*unitv1.Staff, *commonv1.PageInfo, error) {
			resp, err := c.ListStaff(ctx, &unitv1.ListStaffRequest{Query: q})
			return resp.GetStaff(), resp.GetPage(), err
		},
		Tabs:  []list.Tab{{State: "", Title: "全部"}, {State: "ENABLED", Title: "在用"}, {State: "DISABLED", Title: "已停用"}},
		Empty: "还没有工作人员。",
	})
}
