package unit_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	attachmentv1 "zhiping/proto/gen/zhiping/attachment/v1"
	"zhiping/proto/gen/zhiping/attachment/v1/attachmentv1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/proto/gen/zhiping/session/v1/sessionv1connect"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/servertest"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

var ctx = context.Background()

func units(c *servertest.Client) unitv1connect.UnitServiceClient {
	return unitv1connect.NewUnitServiceClient(c.HTTP, c.URL, c.Options...)
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func refused(t *testing.T, err error, code fault.Code, field, says string) {
	t.Helper()
	f := fault.As(err)
	if f == nil || f.Code != code || !strings.Contains(f.Field, field) || !strings.Contains(f.Message, says) {
		t.Fatalf("want %s at %q saying %q, got %+v (%v)", code, field, says, f, err)
	}
}

// registered signs up a unit below the top and returns it with its super-administrator.
func registered(t *testing.T, h *servertest.House, account string) (*unitv1.Unit, *servertest.Client) {
	t.Helper()
	u := h.NewUnit("示例单位"+account, commonv1.UnitKind_UNIT_KIND_EMPLOYER)
	u.SuperiorId = h.Top.Id
	resp := must[*unitv1.RegisterUnitResponse](t)(units(h.Nobody()).RegisterUnit(ctx, &unitv1.RegisterUnitRequest{Unit: u, Handler: servertest.NewStaff(account)}))
	return resp.Unit, h.SignIn(account)
}

func base(u *unitv1.Unit) *commonv1.Base { return &commonv1.Base{Id: u.Id, Revision: u.Revision} }

func review(t *testing.T, c *servertest.Client, u *unitv1.Unit, m reviewv1.Matter, a *reviewv1.Action) error {
	t.Helper()
	resp := must[*unitv1.ReviewUnitsResponse](t)(units(c).ReviewUnits(ctx, &unitv1.ReviewUnitsRequest{Bases: []*commonv1.Base{base(u)}, Matter: m, Action: a}))
	if f := wire.Fault(resp.Outcomes[0].Fault); f != nil {
		return f
	}
	return nil
}

func reload(t *testing.T, c *servertest.Client, u *unitv1.Unit) *unitv1.Unit {
	t.Helper()
	return must[*unitv1.GetUnitResponse](t)(units(c).GetUnit(ctx, &unitv1.GetUnitRequest{Id: u.Id})).Unit
}

var approve = &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE}

func TestRegistration(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		u, c := registered(t, h, "employer")
		_, err := units(c).ListUnits(ctx, &unitv1.ListUnitsRequest{Query: &commonv1.Query{}})
		if err != nil {
			t.Fatal("a unit that waits may look at itself:", err)
		}
		_, err = units(c).SavePosts(ctx, &unitv1.SavePostsRequest{Base: base(u), Posts: &reviewv1.Posts{Matter: 1}})
		refused(t, err, fault.Denied, "", "所在单位未被授权")

		list := must[*unitv1.ListUnitsResponse](t)(units(top).ListUnits(ctx, &unitv1.ListUnitsRequest{Query: &commonv1.Query{Scope: "registration", State: "TAB_FIRST"}}))
		if len(list.Units) != 1 || list.Page.Total != 1 || list.Units[0].Id != u.Id {
			t.Fatal(list)
		}
		refused(t, review(t, top, u, 1, &reviewv1.Action{Move: reviewv1.Move_MOVE_RETURN, To: -1}), fault.Invalid, "opinion", "审核意见")
		if err := review(t, top, u, 1, &reviewv1.Action{Move: reviewv1.Move_MOVE_RETURN, To: -1, Opinion: "营业执照不清晰"}); err != nil {
			t.Fatal(err)
		}
		refused(t, review(t, top, u, 1, approve), fault.Conflict, "", "已被他人修改")

		u = reload(t, c, u)
		u.Address = "示例路2号"
		u = must[*unitv1.SaveUnitResponse](t)(units(c).SaveUnit(ctx, &unitv1.SaveUnitRequest{Unit: u})).Unit
		u = must[*unitv1.SubmitUnitResponse](t)(units(c).SubmitUnit(ctx, &unitv1.SubmitUnitRequest{Base: base(u)})).Unit
		if err := review(t, top, u, 1, approve); err != nil {
			t.Fatal(err)
		}
		u = reload(t, c, u)
		if !u.Authorised || len(u.Registration.Steps) != 4 {
			t.Fatal(u)
		}
		list = must[*unitv1.ListUnitsResponse](t)(units(top).ListUnits(ctx, &unitv1.ListUnitsRequest{Query: &commonv1.Query{Scope: "subordinate", State: "AUTHORISED", Filters: []*commonv1.Filter{{Column: "name", Value: "示例"}}}}))
		if len(list.Units) != 1 || list.Page.Total != 1 || len(list.Page.Counts) != 1 {
			t.Fatal(list)
		}
		must[*unitv1.SavePostsResponse](t)(units(c).SavePosts(ctx, &unitv1.SavePostsRequest{Base: base(u), Posts: &reviewv1.Posts{Matter: 6, Posts: []*reviewv1.Post{{Level: 1, StaffIds: []string{c.Identity.Staff.Id}}}}}))
	})
}

// Enterprises register with their business licence, which travels in the request; the superior opens it, others do not. A file of another kind
// is refused whatever it is called (A2).
func TestLicence(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		u := h.NewUnit("示例企业", commonv1.UnitKind_UNIT_KIND_EMPLOYER)
		u.SuperiorId, u.Nature = h.Top.Id, "31"
		u.Licence = &commonv1.Attachment{Sha256: strings.Repeat("ab", 32), Name: "别人的附件.pdf", Size: 1}
		r := &unitv1.RegisterUnitRequest{Unit: u, Handler: servertest.NewStaff("employer")}
		register := func() error {
			_, err := units(h.Nobody()).RegisterUnit(ctx, r)
			return err
		}
		refused(t, register(), fault.Invalid, "licence", "须上传企业营业执照")
		r.Licence = &unitv1.File{Name: "营业执照.pdf", Content: []byte("MZ\x90 this is a program")}
		refused(t, register(), fault.Invalid, "licence", "不是 PDF、JPG 或 PNG 文件")
		r.Licence.Content = make([]byte, 8<<20+1)
		refused(t, register(), fault.Invalid, "licence", "超过8388608字节")
		r.Licence.Content = []byte("%PDF-1.7 示例")
		if err := register(); err != nil {
			t.Fatal(err)
		}
		c, top := h.SignIn("employer"), h.SignIn("topadmin")
		u = reload(t, top, u)
		if u.Licence.GetName() != "营业执照.pdf" || u.Licence.Size != int64(len(r.Licence.Content)) {
			t.Fatal(u.Licence)
		}
		files := attachmentv1connect.NewAttachmentServiceClient(top.HTTP, top.URL, top.Options...)
		got := must[*attachmentv1.DownloadResponse](t)(files.Download(ctx, &attachmentv1.DownloadRequest{Sha256: u.Licence.Sha256, Kind: "unit", Id: u.Id}))
		if string(got.Chunk) != string(r.Licence.Content) {
			t.Error("another file came back")
		}
		// A returned registration cannot be handed in again without it.
		if err := review(t, top, u, 1, &reviewv1.Action{Move: reviewv1.Move_MOVE_RETURN, To: -1, Opinion: "营业执照不清晰"}); err != nil {
			t.Fatal(err)
		}
		u = reload(t, c, u)
		u.Licence = nil
		u = must[*unitv1.SaveUnitResponse](t)(units(c).SaveUnit(ctx, &unitv1.SaveUnitRequest{Unit: u})).Unit
		_, err := units(c).SubmitUnit(ctx, &unitv1.SubmitUnitRequest{Base: base(u)})
		refused(t, err, fault.Invalid, "licence", "须上传企业营业执照")
		// Others need none.
		registered(t, h, "institution")
	})
}

func TestBadUnits(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		for _, c := range []struct {
			spoil       func(*unitv1.CreateUnitRequest)
			field, says string
		}{
			{func(r *unitv1.CreateUnitRequest) { r.Unit.CreditCode = "91310115MA1H8R7C6D" }, "unit.credit_code", "校验位"},
			{func(r *unitv1.CreateUnitRequest) { r.Unit.Name = "" }, "unit.name", "单位名称为必填项"},
			{func(r *unitv1.CreateUnitRequest) { r.Unit.CreditCode = h.Top.CreditCode }, "unit.credit_code", "已由其他单位注册"},
			{func(r *unitv1.CreateUnitRequest) { r.Unit.LegalPersonNumber = "510106197307287208" }, "unit.legal_person_number", "校验位"},
			{func(r *unitv1.CreateUnitRequest) { r.Handlers[0].Staff.Account = "topadmin" }, "handlers[0].staff.account", "已被使用"},
			{func(r *unitv1.CreateUnitRequest) { r.Handlers[0].Password = "aaaaaaaaaaaa" }, "handlers[0].password", "字母和数字"},
			{func(r *unitv1.CreateUnitRequest) { r.Handlers = nil }, "handlers", "经办人员至少1项"},
		} {
			r := &unitv1.CreateUnitRequest{Unit: h.NewUnit("示例主管部门", commonv1.UnitKind_UNIT_KIND_DEPARTMENT), Handlers: []*unitv1.NewStaff{servertest.NewStaff("clerk")}}
			c.spoil(r)
			_, err := units(top).CreateUnit(ctx, r)
			refused(t, err, fault.Invalid, c.field, c.says)
		}
		list := must[*unitv1.ListUnitsResponse](t)(units(top).ListUnits(ctx, &unitv1.ListUnitsRequest{Query: &commonv1.Query{}}))
		if len(list.Units) != 0 || list.Page.Total != 0 {
			t.Fatal("a refused unit was kept:", list)
		}
	})
}

func TestChangeOfSuperior(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		d := h.NewUnit("示例主管部门", commonv1.UnitKind_UNIT_KIND_DEPARTMENT)
		d = must[*unitv1.CreateUnitResponse](t)(units(top).CreateUnit(ctx, &unitv1.CreateUnitRequest{Unit: d, Handlers: []*unitv1.NewStaff{servertest.NewStaff("department")}})).Unit
		department := h.SignIn("department")
		u, c := registered(t, h, "employer")
		if err := review(t, top, u, 1, approve); err != nil {
			t.Fatal(err)
		}
		u = reload(t, c, u)
		_, err := units(c).ChangeSuperior(ctx, &unitv1.ChangeSuperiorRequest{Base: base(u), SuperiorId: u.Id})
		refused(t, err, fault.Invalid, "superior_id", "不能选择本单位")
		u = must[*unitv1.ChangeSuperiorResponse](t)(units(c).ChangeSuperior(ctx, &unitv1.ChangeSuperiorRequest{Base: base(u), SuperiorId: d.Id})).Unit
		if u.SuperiorId != h.Top.Id {
			t.Fatal("the old superior must hold until the new one approves")
		}
		refused(t, review(t, top, u, 2, approve), fault.Denied, "", "不由您审核")
		if err := review(t, department, u, 2, approve); err != nil {
			t.Fatal(err)
		}
		if u = reload(t, c, u); u.SuperiorId != d.Id || u.PendingSuperiorId != "" {
			t.Fatal(u)
		}
		_, err = units(top).GetUnit(ctx, &unitv1.GetUnitRequest{Id: u.Id})
		refused(t, err, fault.NotFound, "id", "不存在")
	})
}

func TestRolesAndStaff(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		u, c := registered(t, h, "employer")
		if err := review(t, h.SignIn("topadmin"), u, 1, approve); err != nil {
			t.Fatal(err)
		}
		u = reload(t, c, u)
		role := &unitv1.Role{Id: servertest.NewID(), Name: "评委会", Rights: []commonv1.Right{commonv1.Right_RIGHT_COMMITTEE_EDIT}}
		_, err := units(c).SaveRole(ctx, &unitv1.SaveRoleRequest{Base: base(u), Role: role})
		refused(t, err, fault.Invalid, "role.rights", "评委会备案申报")
		role.Rights = []commonv1.Right{commonv1.Right_RIGHT_APPLICATION_REVIEW}
		u = must[*unitv1.SaveRoleResponse](t)(units(c).SaveRole(ctx, &unitv1.SaveRoleRequest{Base: base(u), Role: role})).Unit

		clerk := servertest.NewStaff("clerk")
		clerk.Staff.UnitId = u.Id
		s := must[*unitv1.SaveStaffResponse](t)(units(c).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: clerk.Staff, Password: servertest.Password})).Staff
		k := h.SignIn("clerk")
		_, err = units(k).SaveRole(ctx, &unitv1.SaveRoleRequest{Base: base(u), Role: role})
		refused(t, err, fault.Denied, "", "角色管理")
		s.RoleIds = []string{role.Id}
		s = must[*unitv1.SaveStaffResponse](t)(units(c).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: s})).Staff
		who := must[*sessionv1.WhoAmIResponse](t)(sessionv1connect.NewSessionServiceClient(k.HTTP, k.URL, k.Options...).WhoAmI(ctx, &sessionv1.WhoAmIRequest{}))
		if got := who.Identity.Rights; len(got) != 2 || got[1] != commonv1.Right_RIGHT_APPLICATION_REVIEW {
			t.Fatal("a changed role must hold at once:", got)
		}
		s.Disabled = true
		must[*unitv1.SaveStaffResponse](t)(units(c).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: s}))
		_, err = units(k).ListStaff(ctx, &unitv1.ListStaffRequest{Query: &commonv1.Query{}})
		refused(t, err, fault.Denied, "", "登录已失效")
		me := c.Identity.Staff
		me.Super = false
		_, err = units(c).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: me})
		refused(t, err, fault.State, "staff.super", "至少须保留一名")
	})
}

// Two super-administrators save the same role at the same moment: one is told of the conflict, changes it again on what is there, and both
// changes stand.
func TestTwoAdministrators(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		u, first := registered(t, h, "employer")
		if err := review(t, h.SignIn("topadmin"), u, 1, approve); err != nil {
			t.Fatal(err)
		}
		u = reload(t, first, u)
		deputy := servertest.NewStaff("deputy")
		deputy.Staff.UnitId, deputy.Staff.Super = u.Id, true
		must[*unitv1.SaveStaffResponse](t)(units(first).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: deputy.Staff, Password: servertest.Password}))
		admins := []*servertest.Client{first, h.SignIn("deputy")}
		id := servertest.NewID()
		must[*unitv1.SaveRoleResponse](t)(units(first).SaveRole(ctx, &unitv1.SaveRoleRequest{Base: base(u), Role: &unitv1.Role{Id: id, Name: "审核人员", Rights: []commonv1.Right{commonv1.Right_RIGHT_STAFF_MANAGE}}}))
		u = reload(t, first, u)

		rights := []commonv1.Right{commonv1.Right_RIGHT_APPLICATION_REVIEW, commonv1.Right_RIGHT_APPLICATION_EDIT}
		change := func(i int, u *unitv1.Unit) error {
			at := slices.IndexFunc(u.Roles, func(r *unitv1.Role) bool { return r.Id == id })
			role := proto.CloneOf(u.Roles[at])
			role.Rights = append(role.Rights, rights[i])
			_, err := units(admins[i]).SaveRole(ctx, &unitv1.SaveRoleRequest{Base: base(u), Role: role})
			return err
		}
		errs := make([]error, len(admins))
		var both sync.WaitGroup
		for i := range admins {
			both.Go(func() { errs[i] = change(i, u) })
		}
		both.Wait()
		loser := slices.IndexFunc(errs, func(err error) bool { return err != nil })
		if loser < 0 || errs[1-loser] != nil {
			t.Fatalf("one must win and one must be told: %v", errs)
		}
		refused(t, errs[loser], fault.Conflict, "", "已被他人修改")
		if err := change(loser, reload(t, admins[loser], u)); err != nil {
			t.Fatal(err)
		}
		u = reload(t, first, u)
		at := slices.IndexFunc(u.Roles, func(r *unitv1.Role) bool { return r.Id == id })
		if got := u.Roles[at].Rights; len(got) != 3 || !slices.Contains(got, rights[0]) || !slices.Contains(got, rights[1]) {
			t.Fatal("a change is lost:", got)
		}
	})
}

func TestForeignUnit(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		a, _ := registered(t, h, "first-unit")
		_, other := registered(t, h, "second-unit")
		_, err := units(other).GetUnit(ctx, &unitv1.GetUnitRequest{Id: a.Id})
		refused(t, err, fault.NotFound, "id", "不存在")
		_, err = units(other).SaveUnit(ctx, &unitv1.SaveUnitRequest{Unit: a})
		refused(t, err, fault.NotFound, "id", "不存在")
	})
}

// The tree opens downwards only: a unit sees all below it, and nothing beside or above.
func TestTree(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		create := func(c *servertest.Client, name, account string, kind commonv1.UnitKind) *unitv1.Unit {
			return must[*unitv1.CreateUnitResponse](t)(units(c).CreateUnit(ctx, &unitv1.CreateUnitRequest{Unit: h.NewUnit(name, kind), Handlers: []*unitv1.NewStaff{servertest.NewStaff(account)}})).Unit
		}
		city := create(top, "示例市人社局", "city", commonv1.UnitKind_UNIT_KIND_HR)
		create(top, "另一市人社局", "other", commonv1.UnitKind_UNIT_KIND_HR)
		create(h.SignIn("city"), "示例学校", "school", commonv1.UnitKind_UNIT_KIND_EMPLOYER)
		tree := func(account, id string) (names []string, err error) {
			c := h.SignIn(account)
			r, err := units(c).ListBranches(ctx, &unitv1.ListBranchesRequest{SuperiorId: id})
			for _, b := range r.GetBranches() {
				names = append(names, fmt.Sprintf("%s %s %d", b.Name, b.State, b.Below))
			}
			return names, err
		}
		for _, x := range []struct{ account, id, want string }{
			{"topadmin", h.Top.Id, "[另一市人社局 AUTHORISED 0 示例市人社局 AUTHORISED 1]"},
			{"topadmin", city.Id, "[示例学校 AUTHORISED 0]"},
			{"city", city.Id, "[示例学校 AUTHORISED 0]"},
		} {
			names, err := tree(x.account, x.id)
			slices.Sort(names) // the two databases order Chinese names differently
			if fmt.Sprint(names) != x.want || err != nil {
				t.Errorf("%s sees below %s: %v %v, want %s", x.account, x.id, names, err, x.want)
			}
		}
		find := func(account, id, part string) (found []string) {
			r := must[*unitv1.ListBranchesResponse](t)(units(h.SignIn(account)).ListBranches(ctx, &unitv1.ListBranchesRequest{SuperiorId: id, Name: part}))
			for _, b := range r.Branches {
				found = append(found, strings.Join(append(b.Path, b.Name), "/"))
			}
			return found
		}
		for _, x := range []struct{ account, id, part, want string }{
			{"topadmin", h.Top.Id, "示例", "[示例市人社局 示例市人社局/示例学校]"},
			{"topadmin", h.Top.Id, "学校", "[示例市人社局/示例学校]"},
			{"city", city.Id, "示例", "[示例学校]"},
			{"city", city.Id, "%", "[]"},
		} {
			if got := fmt.Sprint(find(x.account, x.id, x.part)); got != x.want {
				t.Errorf("%s finds %s of %q, want %s", x.account, got, x.part, x.want)
			}
		}
		for _, x := range []struct{ account, id string }{{"other", city.Id}, {"city", h.Top.Id}, {"city", servertest.NewID()}} {
			_, err := tree(x.account, x.id)
			refused(t, err, fault.NotFound, "superior_id", "不是本单位的下级单位")
		}
	})
}

// A mutation that is sent again, because its answer was lost, is the same mutation: the stored answer comes back and nothing happens twice.
func TestTheSameMutationTwice(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		r := &unitv1.CreateUnitRequest{Unit: h.NewUnit("示例主管部门", commonv1.UnitKind_UNIT_KIND_DEPARTMENT), Handlers: []*unitv1.NewStaff{servertest.NewStaff("clerk")}}
		again := wire.Numbered(ctx, 1000)
		first := must[*unitv1.CreateUnitResponse](t)(units(top).CreateUnit(again, r))
		second := must[*unitv1.CreateUnitResponse](t)(units(top).CreateUnit(again, r))
		if first.Unit.Revision != second.Unit.Revision {
			t.Fatal("it ran twice")
		}
		r.Unit.Name = "另一个单位"
		_, err := units(top).CreateUnit(again, r)
		refused(t, err, fault.Conflict, "", "操作序号")
		list := must[*unitv1.ListUnitsResponse](t)(units(top).ListUnits(ctx, &unitv1.ListUnitsRequest{Query: &commonv1.Query{}}))
		if list.Page.Total != 1 {
			t.Fatal(list.Page)
		}
	})
}

func TestPaging(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		for range 7 {
			u := h.NewUnit("示例单位", commonv1.UnitKind_UNIT_KIND_EMPLOYER)
			u.SuperiorId = h.Top.Id
			must[*unitv1.RegisterUnitResponse](t)(units(h.Nobody()).RegisterUnit(ctx, &unitv1.RegisterUnitRequest{Unit: u, Handler: servertest.NewStaff("a-" + u.CreditCode[14:17] + "x")}))
		}
		for _, q := range []*commonv1.Query{{}, {Sort: "name"}, {Sort: "name", Descending: true}, {Scope: "registration"}} {
			seen := map[string]bool{}
			q.Size = 3
			for {
				p := must[*unitv1.ListUnitsResponse](t)(units(top).ListUnits(ctx, &unitv1.ListUnitsRequest{Query: q}))
				for _, u := range p.Units {
					if seen[u.Id] {
						t.Fatal("one row on two pages")
					}
					seen[u.Id] = true
				}
				if q.After = p.Page.Next; q.After == "" {
					break
				}
			}
			if len(seen) != 7 {
				t.Fatalf("%v: %d rows on all pages, want 7", q, len(seen))
			}
		}
		_, err := units(top).ListUnits(ctx, &unitv1.ListUnitsRequest{Query: &commonv1.Query{Sort: "body"}})
		refused(t, err, fault.Invalid, "query.sort", "排序")
	})
}
