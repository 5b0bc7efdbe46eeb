package unit_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/servertest"
	"zhiping/shared/fault"
)

// below creates a unit under the one of a person and signs its super-administrator in.
func below(t *testing.T, c *servertest.Client, account string, kind commonv1.UnitKind) (*unitv1.Unit, *servertest.Client) {
	t.Helper()
	r := &unitv1.CreateUnitRequest{Unit: c.NewUnit("示例单位"+account, kind), Handlers: []*unitv1.NewStaff{servertest.NewStaff(account)}}
	u := must[*unitv1.CreateUnitResponse](t)(units(c).CreateUnit(ctx, r)).Unit
	return u, c.SignIn(account)
}

// clerk adds an account with one role of these rights to a person's own unit and signs it in.
func clerk(t *testing.T, c *servertest.Client, account string, rights ...commonv1.Right) *servertest.Client {
	t.Helper()
	u := reload(t, c, c.Identity.Unit)
	role := &unitv1.Role{Id: servertest.NewID(), Name: account, Rights: rights}
	must[*unitv1.SaveRoleResponse](t)(units(c).SaveRole(ctx, &unitv1.SaveRoleRequest{Base: base(u), Role: role}))
	s := servertest.NewStaff(account).Staff
	s.UnitId, s.RoleIds = u.Id, []string{role.Id}
	must[*unitv1.SaveStaffResponse](t)(units(c).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: s, Password: servertest.Password}))
	return c.SignIn(account)
}

// A superior looks after its direct subordinates and their handlers, with the right to that alone; units further down, beside and above are not
// its business (A9).
func TestHandlersOfSubordinates(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		city, mayor := below(t, top, "city", commonv1.UnitKind_UNIT_KIND_HR)
		school, teacher := below(t, mayor, "school", commonv1.UnitKind_UNIT_KIND_EMPLOYER)
		_, other := below(t, top, "other", commonv1.UnitKind_UNIT_KIND_HR)
		keeper := clerk(t, mayor, "keeper", commonv1.Right_RIGHT_UNIT_SUBORDINATE)
		personnel := clerk(t, mayor, "personnel", commonv1.Right_RIGHT_STAFF_MANAGE, commonv1.Right_RIGHT_UNIT_EDIT)

		handlers := func(c *servertest.Client, u *unitv1.Unit) ([]*unitv1.Staff, error) {
			r, err := units(c).ListHandlers(ctx, &unitv1.ListHandlersRequest{UnitId: u.Id, Query: &commonv1.Query{}})
			return r.GetStaff(), err
		}
		all := must[[]*unitv1.Staff](t)(handlers(keeper, school))
		if len(all) != 1 || all[0].Id != teacher.Identity.Staff.Id {
			t.Fatal(all)
		}
		second := servertest.NewStaff("second").Staff
		second.UnitId, second.Super = school.Id, true
		_, err := units(keeper).SaveHandler(ctx, &unitv1.SaveHandlerRequest{Staff: second})
		refused(t, err, fault.Invalid, "password", "初始密码")
		must[*unitv1.SaveHandlerResponse](t)(units(keeper).SaveHandler(ctx, &unitv1.SaveHandlerRequest{Staff: second, Password: servertest.Password}))
		if all = must[[]*unitv1.Staff](t)(handlers(keeper, school)); len(all) != 2 {
			t.Fatal(all)
		}
		first := proto.CloneOf(teacher.Identity.Staff)
		first.Disabled = true
		must[*unitv1.SaveHandlerResponse](t)(units(keeper).SaveHandler(ctx, &unitv1.SaveHandlerRequest{Staff: first}))
		_, err = units(teacher).ListStaff(ctx, &unitv1.ListStaffRequest{Query: &commonv1.Query{}})
		refused(t, err, fault.Denied, "", "登录已失效")

		u := reload(t, keeper, school)
		u.Address = "示例路9号"
		u = must[*unitv1.SaveSubordinateResponse](t)(units(keeper).SaveSubordinate(ctx, &unitv1.SaveSubordinateRequest{Unit: u})).Unit
		if got := reload(t, h.SignIn("second"), u); got.Address != "示例路9号" || !got.OwnLevel {
			t.Fatal(got)
		}

		for _, x := range []struct {
			who    string
			c      *servertest.Client
			of     *unitv1.Unit
			person *unitv1.Staff
			code   fault.Code
		}{
			{"the superior's superior", top, school, second, fault.NotFound},
			{"a unit beside", other, school, second, fault.NotFound},
			{"the unit itself", h.SignIn("second"), school, second, fault.Denied},
			{"the subordinate", h.SignIn("second"), city, mayor.Identity.Staff, fault.NotFound},
			{"one without the right", personnel, school, second, fault.Denied},
			{"one without the right to the own unit", keeper, city, mayor.Identity.Staff, fault.Denied},
		} {
			_, err := handlers(x.c, x.of)
			refused(t, err, x.code, "", "")
			_, err = units(x.c).SaveHandler(ctx, &unitv1.SaveHandlerRequest{Staff: x.person})
			refused(t, err, x.code, "", "")
			_, err = units(x.c).SaveSubordinate(ctx, &unitv1.SaveSubordinateRequest{Unit: x.of})
			refused(t, err, x.code, "", "")
		}
		_, err = units(mayor).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: second})
		refused(t, err, fault.NotFound, "staff.unit_id", "工作人员不存在")
		_, err = units(mayor).SaveUnit(ctx, &unitv1.SaveUnitRequest{Unit: u})
		refused(t, err, fault.NotFound, "base.id", "记录不存在")
	})
}

// Who asks to come under a unit is not yet below it: the new superior may review, not edit (A4, A9).
func TestAPendingSubordinateIsNoSubordinate(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		d, department := below(t, top, "department", commonv1.UnitKind_UNIT_KIND_DEPARTMENT)
		u, c := below(t, top, "employer", commonv1.UnitKind_UNIT_KIND_EMPLOYER)
		u = must[*unitv1.ChangeSuperiorResponse](t)(units(c).ChangeSuperior(ctx, &unitv1.ChangeSuperiorRequest{Base: base(u), SuperiorId: d.Id})).Unit
		_, err := units(department).SaveSubordinate(ctx, &unitv1.SaveSubordinateRequest{Unit: u})
		refused(t, err, fault.Denied, "unit.id", "直接下级")
		_, err = units(department).ListHandlers(ctx, &unitv1.ListHandlersRequest{UnitId: u.Id, Query: &commonv1.Query{}})
		refused(t, err, fault.Denied, "unit.id", "直接下级")
	})
}

// The request for another superior can be taken back until somebody has reviewed it; then the unit asked sees the unit no more (A4).
func TestWithdrawnChangeOfSuperior(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		d, department := below(t, top, "department", commonv1.UnitKind_UNIT_KIND_DEPARTMENT)
		u, c := below(t, top, "employer", commonv1.UnitKind_UNIT_KIND_EMPLOYER)
		withdraw := func() (err error) {
			resp, err := units(c).WithdrawSuperior(ctx, &unitv1.WithdrawSuperiorRequest{Base: base(u)})
			if err == nil {
				u = resp.Unit
			}
			return err
		}
		ask := func() {
			t.Helper()
			u = must[*unitv1.ChangeSuperiorResponse](t)(units(c).ChangeSuperior(ctx, &unitv1.ChangeSuperiorRequest{Base: base(u), SuperiorId: d.Id})).Unit
		}
		refused(t, withdraw(), fault.State, "", "没有待审核的事项")
		ask()
		_, err := units(c).ChangeSuperior(ctx, &unitv1.ChangeSuperiorRequest{Base: base(u), SuperiorId: d.Id})
		refused(t, err, fault.State, "", "请等待审核结果")
		if err := withdraw(); err != nil {
			t.Fatal(err)
		}
		if u.PendingSuperiorId != "" || u.SuperiorId != h.Top.Id || u.SuperiorChange.Stage != reviewv1.Stage_STAGE_WITHDRAWN {
			t.Fatal(u)
		}
		list := must[*unitv1.ListUnitsResponse](t)(units(department).ListUnits(ctx, &unitv1.ListUnitsRequest{Query: &commonv1.Query{Scope: "superior"}}))
		if len(list.Units) != 0 || list.Page.Total != 0 {
			t.Fatal("a request that was taken back is still to be reviewed:", list)
		}
		_, err = units(department).GetUnit(ctx, &unitv1.GetUnitRequest{Id: u.Id})
		refused(t, err, fault.NotFound, "id", "不存在")
		ask()
		if err := review(t, department, u, reviewv1.Matter_MATTER_SUPERIOR, approve); err != nil {
			t.Fatal(err)
		}
		u = reload(t, c, u)
		refused(t, withdraw(), fault.State, "", "不能撤回")
	})
}

// A role that somebody has is not deleted, and it is said who has it (A7).
func TestDeleteRole(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		_, c := below(t, h.SignIn("topadmin"), "employer", commonv1.UnitKind_UNIT_KIND_EMPLOYER)
		k := clerk(t, c, "clerk", commonv1.Right_RIGHT_ROLE_MANAGE)
		u := reload(t, c, c.Identity.Unit)
		_, err := units(k).DeleteRole(ctx, &unitv1.DeleteRoleRequest{Base: base(u), RoleId: u.Roles[0].Id})
		refused(t, err, fault.State, "role_id", "仍由经办人（共1人）使用")
		_, err = units(c).DeleteRole(ctx, &unitv1.DeleteRoleRequest{Base: base(u), RoleId: servertest.NewID()})
		refused(t, err, fault.NotFound, "role_id", "不存在")
		s := k.Identity.Staff
		s.RoleIds = nil
		must[*unitv1.SaveStaffResponse](t)(units(c).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: s}))
		u = must[*unitv1.DeleteRoleResponse](t)(units(c).DeleteRole(ctx, &unitv1.DeleteRoleRequest{Base: base(u), RoleId: u.Roles[0].Id})).Unit
		if len(u.Roles) != 0 || len(reload(t, c, u).Roles) != 0 {
			t.Fatal(u.Roles)
		}
	})
}

// The right to manage staff is not a way to every right: only a super-administrator makes one, or touches the account of one (A6).
func TestOnlyASuperAdministratorMakesOne(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		_, c := below(t, h.SignIn("topadmin"), "employer", commonv1.UnitKind_UNIT_KIND_EMPLOYER)
		k := clerk(t, c, "clerk", commonv1.Right_RIGHT_STAFF_MANAGE)
		me := proto.CloneOf(k.Identity.Staff)
		me.Super = true
		_, err := units(k).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: me})
		refused(t, err, fault.Denied, "staff.super", "只有超级管理员")
		friend := servertest.NewStaff("friend").Staff
		friend.UnitId, friend.Super = me.UnitId, true
		_, err = units(k).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: friend, Password: servertest.Password})
		refused(t, err, fault.Denied, "staff.super", "只有超级管理员")
		_, err = units(k).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: c.Identity.Staff, Password: "another-password-1"})
		refused(t, err, fault.Denied, "staff.super", "只有超级管理员")
		friend.Super = false
		must[*unitv1.SaveStaffResponse](t)(units(k).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: friend, Password: servertest.Password}))
	})
}

// Posts that change while a case is in the unit do not disturb it: it goes on by the posts it came in with, the next case by the new ones. The
// last person of a post stays in use (A5).
func TestPostsOfRunningCases(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		low := clerk(t, top, "lower", commonv1.Right_RIGHT_UNIT_REVIEW)
		high := clerk(t, top, "high", commonv1.Right_RIGHT_UNIT_REVIEW)
		posts := func(levels ...*servertest.Client) {
			t.Helper()
			p := &reviewv1.Posts{Matter: reviewv1.Matter_MATTER_UNIT}
			for i, c := range levels {
				p.Posts = append(p.Posts, &reviewv1.Post{Level: int32(i + 1), StaffIds: []string{c.Identity.Staff.Id}})
			}
			must[*unitv1.SavePostsResponse](t)(units(top).SavePosts(ctx, &unitv1.SavePostsRequest{Base: base(reload(t, top, h.Top)), Posts: p}))
		}
		posts(low, high)
		running, employer := registered(t, h, "running")
		away := proto.CloneOf(low.Identity.Staff)
		away.Disabled = true
		_, err := units(top).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: away})
		refused(t, err, fault.State, "staff.disabled", "【单位注册】1级岗位唯一的在用人员")
		posts(high)
		next, _ := registered(t, h, "next")
		for _, x := range []struct {
			c    *servertest.Client
			u    *unitv1.Unit
			says string // "" is that it goes through
		}{
			{high, running, "不由您审核"},
			{low, next, "不由您审核"},
			{low, running, ""},
			{low, running, "不由您审核"},
			{high, running, ""},
			{high, next, ""},
		} {
			x.u = reload(t, top, x.u)
			switch err := review(t, x.c, x.u, reviewv1.Matter_MATTER_UNIT, approve); {
			case x.says != "":
				refused(t, err, fault.Denied, "", x.says)
			case err != nil:
				t.Fatal(err)
			}
		}
		if u := reload(t, employer, running); !u.Authorised || len(u.Registration.Route[0].Posts) != 2 {
			t.Fatal(u)
		}
		must[*unitv1.SaveStaffResponse](t)(units(top).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: away}))
	})
}
