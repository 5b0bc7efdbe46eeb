package pagetest

import (
	"context"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/kit"
	"zhiping/desktop/kit/kittest"
	"zhiping/desktop/list"
	"zhiping/desktop/syncer"
	"zhiping/desktop/unit"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/servertest"
	"zhiping/shared/fault"
	rules "zhiping/shared/unit"
)

// entryOf is the entry, or the entry with choices, of the nth row with a label; a row's entry is drawn before its label.
func (o *office) entryOf(page fyne.CanvasObject, label string, n int) interface{ SetText(string) } {
	o.t.Helper()
	var last, found interface{ SetText(string) }
	kittest.Each(page, func(x fyne.CanvasObject) {
		switch e := x.(type) {
		case *widget.RichText:
			if strings.TrimLeft(e.String(), "* ") == label {
				if n--; n == 0 {
					found = last
				}
			}
		case *widget.Button: // it opens the list of the entry before it
		case interface {
			fyne.Focusable
			SetText(string)
		}:
			last = e
		}
	})
	if found == nil {
		o.t.Fatalf("there is no entry for %q in %s", label, texts(page))
	}
	return found
}

func (o *office) wizard(done func(*unitv1.Unit)) fyne.CanvasObject {
	w := unit.NewWizard(o.c.Identity.Unit, o.c.Units(), o.Desk, func() {}, done)
	o.show(w)
	return w
}

// The whole wizard of a new subordinate: a kind that the superior may have, two handlers, a mistake in the first step that only the server
// finds and that leads back to it; the first handler signs in as super-administrator (A1).
func TestNewUnitWizard(t *testing.T) {
	o := newOffice(t)
	var made *unitv1.Unit
	w := o.wizard(func(u *unitv1.Unit) { made = u })
	o.contains(texts(w), "2. 维护法人信息", "上级单位名称", o.c.Identity.Unit.Name)
	fill := func(label string, n int, text string) { o.entryOf(w, label, n).SetText(text) }
	fill("统一社会信用代码", 1, o.c.Identity.Unit.CreditCode) // somebody else's
	fill("单位名称", 1, "示例单位十二")
	fill("单位性质", 1, "事业单位")
	fill("联系人", 1, "李示例")
	fill("联系电话", 1, "13800000000")
	fill("单位类型", 1, "人社部门")
	o.press(w, "下一步")
	if s := texts(w); strings.Contains(s, "法人信息") || !strings.Contains(s, "2. 添加经办人员") {
		t.Error("an HR department is asked for its legal person:", s)
	}
	o.press(w, "上一步")
	fill("单位类型", 1, "申报单位")
	o.press(w, "下一步")
	o.contains(texts(w), "未在统一身份认证平台注册过")
	o.press(w, "下一步")
	o.press(w, "增加经办人员")
	o.contains(texts(w), "经办人员 1（超级管理员）", "经办人员 2")
	o.press(w, "提")
	o.contains(texts(w), "初始密码为必填项")
	for n, account := range []string{"first", "topadmin"} {
		fill("姓名", n+1, "经办人")
		fill("联系电话", n+1, "13800000000")
		fill("登录账号", n+1, account)
		fill("初始密码", n+1, servertest.Password)
		fill("再次输入", n+1, servertest.Password)
	}
	o.press(w, "提")
	o.contains(texts(w), "已由其他单位注册")
	fill("统一社会信用代码", 1, servertest.CreditCode(77))
	o.press(w, "下一步")
	o.press(w, "下一步")
	o.press(w, "提")
	if s := texts(w); made != nil || strings.Count(s, "已被使用") != 1 || strings.Index(s, "已被使用") < strings.Index(s, "经办人员 2") {
		t.Error("it is not said of the second person alone that the account is taken:", s)
	}
	o.press(w, "删除此人") // the first
	o.contains(texts(w), "经办人员 1（超级管理员）")
	fill("登录账号", 1, "second")
	o.press(w, "提")
	if made == nil || made.Kind != commonv1.UnitKind_UNIT_KIND_EMPLOYER || !made.Authorised {
		t.Fatal(made, o.failed)
	}
	if c := o.signIn("second"); !c.Identity.Staff.Super || c.Identity.Unit.Id != made.Id {
		t.Error(c.Identity)
	}
}

// The wizard offers the kinds of unit that the superior may have below it, no others (A1).
func TestWizardKinds(t *testing.T) {
	o := newOffice(t)
	o.subordinate("clerk")
	const refused = "单位类型不是可选的值，请从列表中选择"
	for account, allowed := range map[string]bool{"topadmin": true, "clerk": false} {
		o.c = o.signIn(account)
		w := o.wizard(func(*unitv1.Unit) {})
		o.entryOf(w, "单位类型", 1).SetText("人社部门")
		o.press(w, "下一步")
		if s := texts(w); strings.Contains(s, refused) == allowed {
			t.Errorf("%s may have HR departments below it: %v; the page says %s", account, allowed, s)
		}
	}
}

// A change of superior is asked for, seen waiting, taken back (A4).
func TestSuperiorOfTheOwnUnit(t *testing.T) {
	o := newOffice(t)
	u := o.subordinate("clerk")
	d := o.subordinate("department")
	o.c = o.signIn("clerk")
	var err error
	resp, err := o.c.Units().ChangeSuperior(t.Context(), &unitv1.ChangeSuperiorRequest{Base: &commonv1.Base{Id: u.Id, Revision: u.Revision}, SuperiorId: d.Id})
	if err != nil {
		t.Fatal(err)
	}
	e := unit.NewEdit(resp.Unit, o.c.Units(), o.Desk, func(now *unitv1.Unit) { u = now })
	o.contains(o.show(e.Content), "变更上级单位的申请正由“"+d.Name+"”审核", "现上级单位："+o.h.Top.Name, "提交")
	e.Save()
	o.told("已保存")
	o.press(e.Content, "撤回变更申请")
	o.told("已撤回变更申请")
	s := texts(e.Content)
	o.contains(s, "申请变更上级单位", "撤回")
	if u.PendingSuperiorId != "" || strings.Contains(s, "正由") {
		t.Error(u, s)
	}
}

// Whoever looks after a subordinate sees and changes its handlers; other units' people are not to be had (A9).
func TestHandlersOfASubordinate(t *testing.T) {
	o := newOffice(t)
	u := o.subordinate("clerk")
	l := unit.Handlers(u, o.c.Units())
	rows := o.rows(l)
	if len(rows) != 1 || rows[0].Account != "clerk" {
		t.Fatal(rows)
	}
	saved := 0
	e := unit.NewStaffPage(unit.NewStaff(u), u, true, o.c.Units(), o.Desk, func() { saved++ })
	o.show(e.Content)
	e.Save()
	o.contains(texts(e.Content), "姓名为必填项")
	for label, text := range map[string]string{"姓名": "王示例", "登录账号": "second", "联系电话": "13800000001"} {
		o.entryOf(e.Content, label, 1).SetText(text)
	}
	e.Save()
	o.contains(texts(e.Content), "密码为必填项")
	o.entryOf(e.Content, "密码", 1).SetText(servertest.Password)
	if e.Save(); saved != 1 || len(o.rows(l)) != 2 {
		t.Fatal(saved, o.failed, texts(e.Content))
	}
	unit.Disable(rows[0], true, o.c.Units(), o.Desk, func() { saved++ })
	o.told("至少须保留一名在用的超级管理员")
	if saved != 1 {
		t.Error("the last super-administrator was taken out of use")
	}
}

func (o *office) rows(l *list.List[*unitv1.Staff]) []*unitv1.Staff {
	o.t.Helper()
	all, err := unit.Everyone(context.Background(), l)
	if err != nil {
		o.t.Fatal(err)
	}
	return all
}

// A role is made by groups, given to somebody, not deleted while he has it, and deleted then (A6, A7).
func TestRolesOfTheUnit(t *testing.T) {
	o := newOffice(t)
	top := o.c.Identity.Unit
	e := unit.NewRolePage(unit.NewRole(), top, o.c.Units(), o.Desk, func(u *unitv1.Unit) { top = u })
	o.contains(o.show(e.Content), "角色名称")
	o.entryOf(e.Content, "角色名称", 1).SetText("评委会经办")
	e.Save()
	o.contains(texts(e.Content), "请至少勾选一项")
	check := func(name string) {
		kittest.Each(e.Content, func(x fyne.CanvasObject) {
			if c, ok := x.(*kit.Check); ok && c.Text == name {
				c.SetChecked(true)
			}
		})
	}
	check("评委会管理（全选）")
	check("消息推送")
	if e.Save(); len(top.Roles) != 1 || len(top.Roles[0].Rights) != 5 {
		t.Fatal(top.Roles, o.failed)
	}
	staff := unit.Staff(o.c.Units(), nil, func() []*unitv1.Role { return top.Roles })
	someone := unit.NewStaff(top)
	someone.Name, someone.Account, someone.Phone, someone.RoleIds = "赵示例", "someone", "13800000000", []string{top.Roles[0].Id}
	if _, err := o.c.Units().SaveStaff(t.Context(), &unitv1.SaveStaffRequest{Staff: someone, Password: servertest.Password}); err != nil {
		t.Fatal(err)
	}
	page := kit.NewListPage(staff, kit.Inline, func(*unitv1.Staff) {})
	o.show(page.Content)
	page.Load()
	o.contains(texts(page.Content), "评委会经办", "超级管理员")
	roles := unit.Roles(top.Id, o.c.Units(), staff)
	rolePage := kit.NewListPage(roles, kit.Inline, func(unit.Role) {})
	o.show(rolePage.Content)
	rolePage.Load()
	o.contains(texts(rolePage.Content), "评委会管理：评委会备案申报、评委会备案审核、专家库管理、专家库审核；消息管理：消息推送", "赵示例")
	role := rolePage.Model.Rows[0]
	unit.DeleteRole(role, top, o.c.Units(), o.Desk, func(u *unitv1.Unit) { top = u })
	o.told("仍由赵示例（共1人）使用")
	found := o.rows(staff)
	for _, s := range found {
		if s.Account == "someone" {
			s.RoleIds = nil
			if _, err := o.c.Units().SaveStaff(t.Context(), &unitv1.SaveStaffRequest{Staff: s}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if unit.DeleteRole(role, top, o.c.Units(), o.Desk, func(u *unitv1.Unit) { top = u }); len(top.Roles) != 0 {
		t.Error(top.Roles, o.failed)
	}
}

// Levels are added, filled and deleted; what is not saved is said, an empty level is not sent (A5).
func TestPostsOfTheUnit(t *testing.T) {
	o := newOffice(t)
	top := o.c.Identity.Unit
	gone := &unitv1.Staff{Id: servertest.NewID(), Name: "已离岗者", Account: "gone", Disabled: true}
	p := unit.NewPosts(top, []*unitv1.Staff{o.c.Identity.Staff, gone}, o.c.Units(), o.Desk, func(u *unitv1.Unit) { top = u })
	o.contains(o.show(p.Content), "评委会备案　未设置", "申报材料审核　未设置", "单位内部多岗审核")
	p.Save()
	o.told("没有修改")
	o.press(p.Content, "增加1级岗位")
	p.Save()
	o.told("【评委会备案】1级岗位还没有人员")
	pick := func() *widget.Select {
		var last *widget.Select
		kittest.Each(p.Content, func(x fyne.CanvasObject) {
			if s, ok := x.(*widget.Select); ok {
				last = s
			}
		})
		return last
	}
	if got := pick().Options; len(got) != 1 {
		t.Error("who is out of use is offered:", got)
	}
	pick().SetSelectedIndex(0)
	o.press(p.Content, "增加2级岗位")
	pick().SetSelectedIndex(0)
	o.contains(texts(p.Content), "评委会备案　2级 2人（未保存）")
	o.press(p.Content, "申报材料审核")
	o.contains(texts(p.Content), "由任一有审核权限的工作人员办理")
	p.Save()
	if posts := rules.Posts(top, reviewv1.Matter_MATTER_COMMITTEE).Posts; len(posts) != 2 || posts[1].Level != 2 {
		t.Fatal(posts, o.failed)
	}
	o.press(p.Content, "评委会备案")
	o.press(p.Content, "删除此级")
	o.press(p.Content, "删除此级")
	if p.Save(); len(top.Posts) != 0 {
		t.Error(top.Posts, o.failed)
	}
}

// Registrations are previewed without the review, and a batch that was refused in part names who and why (A8).
func TestRegistrations(t *testing.T) {
	o := newOffice(t)
	var waiting []*unitv1.Unit
	for _, account := range []string{"one-unit", "two-unit"} {
		u := o.h.NewUnit("示例单位"+account, commonv1.UnitKind_UNIT_KIND_EMPLOYER)
		u.SuperiorId, u.Division = o.h.Top.Id, "510104"
		nobody := unitv1connect.NewUnitServiceClient(o.h.Nobody().HTTP, o.h.URL, o.h.Nobody().Options...)
		resp, err := nobody.RegisterUnit(t.Context(), &unitv1.RegisterUnitRequest{Unit: u, Handler: servertest.NewStaff(account)})
		if err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, resp.Unit)
	}
	l := unit.Registrations(o.c.Units(), nil)
	page := kit.NewListPage(l, kit.Inline, func(*unitv1.Unit) {})
	o.show(page.Content)
	page.Load()
	o.contains(texts(page.Content), "统一社会信用代码", "四川省 / 成都市 / 锦江区", "028", "示例路1号", "待审核 2")
	s := o.show(unit.NewPreview(waiting[0], reviewv1.Matter_MATTER_UNIT, o.Desk))
	o.contains(s, waiting[0].Name, "四川省 / 成都市 / 锦江区", "企业营业执照")
	if strings.Contains(s, "审核意见") {
		t.Error("the preview has a review:", s)
	}
	content, _ := unit.NewPage(waiting[0], reviewv1.Matter_MATTER_UNIT, o.c.Units(), o.Desk, func() {})
	o.contains(o.show(content), "本单位未设置【单位内部多岗审核】")
	if !unit.Mine(waiting[0], reviewv1.Matter_MATTER_UNIT, o.By) {
		t.Error("it does not wait for its superior")
	}
	stale := proto.CloneOf(waiting[1])
	stale.Revision--
	err := unit.Move(o.c.Units(), []*unitv1.Unit{waiting[0], stale}, reviewv1.Matter_MATTER_UNIT, &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE})
	if f := fault.As(err); f == nil || len(f.Problems) != 1 || !strings.Contains(f.Problems[0].Text, waiting[1].Name+"：") || !strings.Contains(f.Message, "共 2 条，1 条未办理") {
		t.Error(err)
	}
}

// many answers a level of the tree that is too big to be listed.
type many struct {
	unitv1connect.UnitServiceClient
}

func (many) ListBranches(context.Context, *unitv1.ListBranchesRequest) (*unitv1.ListBranchesResponse, error) {
	resp := &unitv1.ListBranchesResponse{}
	for range rules.MostBranches {
		resp.Branches = append(resp.Branches, &unitv1.Branch{Id: servertest.NewID(), Name: "示例单位", Kind: commonv1.UnitKind_UNIT_KIND_EMPLOYER})
	}
	return resp, nil
}

// A level with more units than are listed says so, and leads to the search (A9).
func TestABigLevelOfTheTree(t *testing.T) {
	o := newOffice(t)
	tree := unit.NewTree(o.c.Identity.Unit, many{}, o.Desk, func(*unitv1.Unit) {})
	o.show(tree.Content)
	tree.Load()
	var drawn *widget.Tree
	kittest.Each(tree.Content, func(x fyne.CanvasObject) {
		if w, ok := x.(*widget.Tree); ok {
			drawn = w
		}
	})
	drawn.ScrollToBottom()
	o.contains(texts(tree.Content), "只列出前 1000 个；其余请在上方查找")
	drawn.Select(drawn.ChildUIDs(o.c.Identity.Unit.Id)[rules.MostBranches])
	if o.window.Canvas().Focused() == nil {
		t.Error("the line does not lead to the search")
	}
}

// Without the server, what needs it says so and loses nothing (sync.md).
func TestUnitsWithoutTheServer(t *testing.T) {
	o := newOffice(t)
	top := o.c.Identity.Unit
	gone := syncer.Dial("http://127.0.0.1:1", "").Units()
	role := unit.NewRolePage(&unitv1.Role{Id: servertest.NewID(), Name: "审核", Rights: []commonv1.Right{commonv1.Right_RIGHT_UNIT_EDIT}}, top, gone, o.Desk, func(*unitv1.Unit) {})
	posts := unit.NewPosts(top, []*unitv1.Staff{o.c.Identity.Staff}, gone, o.Desk, func(*unitv1.Unit) {})
	o.show(posts.Content)
	o.press(posts.Content, "增加1级岗位")
	kittest.Each(posts.Content, func(x fyne.CanvasObject) {
		if s, ok := x.(*widget.Select); ok {
			s.SetSelectedIndex(0)
		}
	})
	for _, save := range []func(){role.Save, posts.Save} {
		save()
	}
	for _, err := range o.failed {
		if fault.CodeOf(err) != fault.Offline {
			t.Error(err)
		}
	}
	if len(o.failed) != 2 {
		t.Error(o.failed)
	}
	o.contains(texts(posts.Content), "1级 1人（未保存）")
}
