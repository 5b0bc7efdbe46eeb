// Package pagetest opens every page of the desktop against a real server: with data, with nothing, and when the server refuses or is gone.
package pagetest

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/application"
	"zhiping/desktop/kit"
	"zhiping/desktop/kit/kittest"
	"zhiping/desktop/syncer"
	"zhiping/desktop/theme"
	"zhiping/desktop/unit"
	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/servertest"
	"zhiping/shared/fault"
)

// office is a desk at a real server, that notes what it was told.
type office struct {
	*kit.Desk
	t      *testing.T
	h      *servertest.House
	c      *syncer.Client
	window fyne.Window
	said   []string
	failed []error
}

func newOffice(t *testing.T) *office {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(1, false))
	o := &office{t: t, h: servertest.Start(t, "")}
	o.window = test.NewTempWindow(t, widget.NewLabel(""))
	o.window.Resize(fyne.NewSize(1340, 720))
	o.Desk = &kit.Desk{
		Run: kit.Inline, Say: func(s string) { o.said = append(o.said, s) }, Fail: func(err error) {
			if err != nil {
				o.failed = append(o.failed, err)
			}
		},
		Fetch:   func(*commonv1.Attachment, string, string) {},
		Confirm: func(_, text, _ string, yes func()) { o.said = append(o.said, text); yes() },
		Ask:     func(_ string, _ fyne.CanvasObject, _ string, do func()) { do() },
	}
	o.c = o.signIn("topadmin")
	return o
}

func (o *office) signIn(account string) *syncer.Client {
	o.t.Helper()
	o.h.Settle(account)
	c := syncer.Dial(o.h.URL, "")
	if err := c.SignIn(o.t.Context(), account, servertest.Password); err != nil {
		o.t.Fatal(err)
	}
	o.By = c.Actor()
	return c
}

// show puts a page into the window and gives what can be read on it.
func (o *office) show(page fyne.CanvasObject) string {
	o.window.SetContent(page)
	return texts(page)
}

func texts(page fyne.CanvasObject) string {
	var b strings.Builder
	kittest.Each(page, func(o fyne.CanvasObject) {
		switch x := o.(type) {
		case *widget.Label:
			b.WriteString(x.Text + "\n")
		case *widget.Button:
			b.WriteString(x.Text + "\n")
		case *widget.RichText:
			b.WriteString(x.String() + "\n")
		}
	})
	return b.String()
}

// press presses the button whose text begins so.
func (o *office) press(page fyne.CanvasObject, text string) {
	o.t.Helper()
	var found *widget.Button
	kittest.Each(page, func(x fyne.CanvasObject) {
		if b, ok := x.(*widget.Button); ok && found == nil && strings.HasPrefix(strings.ReplaceAll(b.Text, "　", ""), text) {
			found = b
		}
	})
	if found == nil {
		o.t.Fatalf("there is no button %q in %s", text, texts(page))
	}
	test.Tap(found)
}

// told checks what was said last, and forgets it.
func (o *office) told(says string) {
	o.t.Helper()
	all := strings.Join(o.said, "\n")
	for _, err := range o.failed {
		all += "\n" + err.Error()
	}
	if !strings.Contains(all, says) {
		o.t.Errorf("it was told %q, want %q", all, says)
	}
	o.said, o.failed = nil, nil
}

func (o *office) contains(page string, want ...string) {
	o.t.Helper()
	for _, w := range want {
		if !strings.Contains(page, w) {
			o.t.Errorf("the page does not say %q:\n%s", w, page)
		}
	}
}

func (o *office) subordinate(account string) *unitv1.Unit {
	o.t.Helper()
	resp, err := o.c.Units().CreateUnit(o.t.Context(), &unitv1.CreateUnitRequest{Unit: o.h.NewUnit("示例单位"+account, commonv1.UnitKind_UNIT_KIND_EMPLOYER), Handlers: []*unitv1.NewStaff{servertest.NewStaff(account)}})
	if err != nil {
		o.t.Fatal(err)
	}
	return resp.Unit
}

func TestUnitPages(t *testing.T) {
	o := newOffice(t)
	below := o.subordinate("clerk")
	top := o.c.Identity.Unit
	saved := 0
	e := unit.NewEdit(top, o.c.Units(), o.Desk, func(*unitv1.Unit) { saved++ })
	o.contains(o.show(e.Content), "单位名称", "企业营业执照", "保存")
	e.Save()
	o.told("已保存")
	// The same form again was made from the revision that this one has made: no conflict. Another window's is.
	e.Save()
	o.told("已保存")
	stale := unit.NewEdit(top, o.c.Units(), o.Desk, func(*unitv1.Unit) {})
	stale.Save()
	o.told("已被他人修改")
	if saved != 2 {
		t.Error("saved", saved)
	}
	tree := unit.NewTree(top, o.c.Units(), o.Desk, func(*unitv1.Unit) {})
	o.show(tree.Content)
	tree.Load()
	o.contains(texts(tree.Content), "点击单位名称")
	tree.Find("没有这样的名称")
	o.contains(texts(tree.Content), "没有名称含“没有这样的名称”的下级单位")
	tree.Find("单位")
	o.contains(texts(tree.Content), "名称含“单位”的下级单位：")
	tree.Find("")
	o.contains(texts(tree.Content), "点击单位名称")
	wizard := unit.NewWizard(top, o.c.Units(), o.Desk, func() {}, func(*unitv1.Unit) {})
	o.contains(o.show(wizard), "1. 维护基本信息", "3. 添加经办人员", "统一社会信用代码")
	o.press(wizard, "下一步")
	o.contains(texts(wizard), "为必填项")
	o.contains(o.show(unit.NewRegistration(o.c.Units(), o.Desk, nil, func(string) {})), "尚未选择上级单位")
	page, panel := unit.NewPage(below, reviewv1.Matter_MATTER_UNIT, o.c.Units(), o.Desk, func() {})
	o.contains(o.show(page), below.Name, "经办流程")
	if panel.Approve(); len(o.failed) > 0 {
		t.Error("a unit that nobody reviews was approved:", o.failed)
	}
}

func TestApplicationPages(t *testing.T) {
	o := newOffice(t)
	act := &activityv1.Activity{Id: servertest.NewID(), Name: "示例活动", Series: "05", Levels: []string{"3"}, Specialties: []string{"0501"}}
	e := application.NewEdit(application.New(act), act, o.c.Applications(), o.Desk, func() {})
	o.contains(o.show(e.Content), "新建申报：示例活动", "业绩成果", "增加一项业绩成果")
	e.Save()
	o.told("有内容需要修改")
	o.contains(texts(e.Content), "姓名为必填项")
	o.press(e.Content, "增加一项业绩成果")
	o.contains(texts(e.Content), "第 1 项")
	o.press(e.Content, "删除此项")
	if strings.Contains(texts(e.Content), "第 1 项") {
		t.Error("the achievement is still there")
	}
	a := &applicationv1.Application{
		Id: servertest.NewID(), Name: "张示例", Number: "110101199003078035", UnitId: o.By.UnitID, State: applicationv1.State_STATE_IN_REVIEW,
		Review: &reviewv1.Case{Matter: reviewv1.Matter_MATTER_APPLICATION, Stage: reviewv1.Stage_STAGE_REVIEW, Route: []*reviewv1.Node{{UnitId: o.By.UnitID, UnitName: o.By.UnitName}}},
	}
	p := application.NewPage(a, o.c.Applications(), o.Desk, func() {})
	s := o.show(p.Content)
	o.contains(s, "张示例", "单位推荐（上报前必填）", "审核意见")
	if strings.Contains(s, a.Number) {
		t.Error("the number is not masked")
	}
	o.press(p.Content, "保存推荐意见")
	o.contains(texts(p.Content), "为必填项")
	p.Panel.Approve() // the server has no such application
	o.told("不存在")
	returned := proto.CloneOf(a)
	returned.State = applicationv1.State_STATE_RETURNED
	returned.Review.Steps = []*reviewv1.Step{{Move: reviewv1.Move_MOVE_RETURN, UnitName: "示例局", Opinion: "请补充业绩", Defects: []*reviewv1.Defect{{Text: "缺少合同"}}}}
	o.contains(o.show(application.NewEdit(returned, nil, o.c.Applications(), o.Desk, func() {}).Content), "示例局 退回：请补充业绩", "缺少合同")
	pick, load := application.NewActivityPick(o.c.Activities(), o.Desk, func(*activityv1.Activity) fyne.CanvasObject { return widget.NewLabel("") })
	o.show(pick)
	load()
	o.contains(texts(pick), "目前没有已发布的评审活动")
}

// With the server gone every page says so, and keeps what was typed.
func TestWithoutTheServer(t *testing.T) {
	o := newOffice(t)
	top := o.c.Identity.Unit
	gone := syncer.Dial("http://127.0.0.1:1", "")
	e := unit.NewEdit(top, gone.Units(), o.Desk, func(*unitv1.Unit) {})
	o.show(e.Content)
	e.Save()
	unit.NewTree(top, gone.Units(), o.Desk, func(*unitv1.Unit) {}).Load()
	_, load := application.NewActivityPick(gone.Activities(), o.Desk, nil)
	load()
	if len(o.failed) != 3 {
		t.Fatalf("%d pages said something: %v", len(o.failed), o.failed)
	}
	for _, err := range o.failed {
		if fault.CodeOf(err) != fault.Offline {
			t.Error(err)
		}
	}
	o.contains(texts(e.Content), "单位名称")
}
