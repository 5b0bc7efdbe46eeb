package kit_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/kit/kittest"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/review"
)

func actor(unit string) review.Actor {
	return review.Actor{UnitID: unit, UnitName: unit + "（虚构）", StaffID: unit + "1", StaffName: "经办人"}
}

// waiting is a case before the second unit of its route.
func waiting(t *testing.T) *reviewv1.Case {
	t.Helper()
	c := &reviewv1.Case{Matter: reviewv1.Matter_MATTER_APPLICATION}
	route := []*reviewv1.Node{{UnitId: "county", UnitName: "示例县人社局（虚构）"}, {UnitId: "city", UnitName: "示例市人社局（虚构）"}}
	if err := review.Submit(c, route, actor("school"), 1772424000000); err != nil {
		t.Fatal(err)
	}
	if err := review.Apply(c, &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE, Opinion: "同意上报"}, actor("county"), 1772427600000); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReviewPanelOffersWhatTheStateAllows(t *testing.T) {
	look(t)
	c := waiting(t)
	mine := kit.NewReviewPanel(c, actor("city"), nil)
	show(t, mine.Content, 400, 600)
	for _, b := range []string{"通过", "退回", "不通过"} {
		button(t, mine.Content, b)
	}
	if s := texts(mine.Content); !strings.Contains(s, "同意上报") || !strings.Contains(s, "示例县人社局") && !strings.Contains(s, "county（虚构）") {
		t.Error("the process is not shown:", s)
	}
	other := kit.NewReviewPanel(c, actor("elsewhere"), nil)
	show(t, other.Content, 400, 600)
	kittest.Each(other.Content, func(o fyne.CanvasObject) {
		if b, ok := o.(*widget.Button); ok && b.Text != "" {
			t.Errorf("somebody else is offered %q", b.Text)
		}
	})
	other.Approve() // the keyboard must not do what no button offers; act is nil, so it would panic
}

func TestReviewPanelReturnsWithDefects(t *testing.T) {
	look(t)
	c := waiting(t)
	var done []*reviewv1.Action
	p := kit.NewReviewPanel(c, actor("city"), func(a *reviewv1.Action) { done = append(done, a) })
	p.Material(kit.Section{Message: &unitv1.Unit{}, Fields: []string{unitv1.Unit_Phone, unitv1.Unit_Address}})
	show(t, p.Content, 400, 700)
	kittest.Each(p.Content, func(o fyne.CanvasObject) {
		if s, ok := o.(*widget.Select); ok && s.Selected == "整份材料" {
			s.SetSelected("联系电话")
		}
	})
	text := entry(t, p.Content, "哪里不对，怎么改")
	text.SetText("不是本人号码")
	text.OnSubmitted(text.Text)
	text.SetText("请盖章")
	if s := texts(p.Content); !strings.Contains(s, "· 联系电话：不是本人号码") {
		t.Error(s)
	}
	p.Opinion.SetText(" 请修改 ")
	test.Tap(button(t, p.Content, "退回"))
	a := done[0]
	if a.Move != reviewv1.Move_MOVE_RETURN || a.Opinion != "请修改" || a.To != review.Origin || len(a.Defects) != 2 || a.Defects[0].Field != unitv1.Unit_Phone {
		t.Errorf("%v", a)
	}
	if err := review.Apply(c, a, actor("city"), 1772431200000); err != nil {
		t.Error("the rules do not take what the panel asks for:", err)
	}
}

func TestRefusingIsAskedTwice(t *testing.T) {
	look(t)
	var done []*reviewv1.Action
	p := kit.NewReviewPanel(waiting(t), actor("city"), func(a *reviewv1.Action) { done = append(done, a) })
	show(t, p.Content, 400, 600)
	test.Tap(button(t, p.Content, "不通过"))
	if len(done) != 0 {
		t.Fatal("one press refused an application")
	}
	test.Tap(button(t, p.Content, "确认不通过"))
	p.Approve()
	if len(done) != 2 || done[0].Move != reviewv1.Move_MOVE_REFUSE || done[1].Move != reviewv1.Move_MOVE_APPROVE || len(done[1].Defects) != 0 {
		t.Error(done)
	}
}

func TestDetail(t *testing.T) {
	look(t)
	u := &unitv1.Unit{Name: "示例单位（虚构）", Phone: "13800000000", Licence: &commonv1.Attachment{Name: "执照.pdf", Size: 2048}}
	var opened string
	d := kit.NewDetail(
		kit.Section{Title: "基本信息", Message: u, Fields: []string{unitv1.Unit_Name, unitv1.Unit_Address}},
		kit.Section{Title: "联系方式", Message: u, Masked: true, Fields: []string{unitv1.Unit_Phone}, Open: func(a *commonv1.Attachment) { opened = a.Name }},
		kit.Section{Title: "附件", Message: u, Fields: []string{unitv1.Unit_Licence}, Open: func(a *commonv1.Attachment) { opened = a.Name }},
	)
	show(t, d, 600, 500)
	s := texts(d)
	for _, want := range []string{"基本信息", "示例单位（虚构）", "—", "138****0000", "执照.pdf（2 KB）"} {
		if !strings.Contains(s, want) {
			t.Errorf("%q is not shown in %s", want, s)
		}
	}
	kittest.Each(d, func(o fyne.CanvasObject) {
		if l, ok := o.(*widget.Hyperlink); ok {
			l.OnTapped()
		}
	})
	if opened != "执照.pdf" {
		t.Error("the attachment did not open")
	}
}

// notebook keeps opinions for a test.
type notebook struct{ kept []string }

func (n *notebook) List() []string { return n.kept }

func (n *notebook) Keep(all []string) error {
	n.kept = all
	return nil
}

func TestCommonOpinions(t *testing.T) {
	look(t)
	book := &notebook{}
	d := &kit.Desk{Run: kit.Inline, Opinions: book, Fail: func(err error) {
		if err != nil {
			t.Error(err)
		}
	}}
	d.Ask = func(_ string, content fyne.CanvasObject, _ string, do func()) {
		content.(*kit.Entry).SetText(" 同意上报 \n\n同意上报\n请补充合同")
		do()
	}
	c := &reviewv1.Case{Stage: reviewv1.Stage_STAGE_REVIEW, Route: []*reviewv1.Node{{UnitId: "u1"}}}
	p := kit.NewReviewPanel(c, review.Actor{UnitID: "u1", StaffID: "s1"}, func(*reviewv1.Action) {})
	p.Common(d)
	show(t, p.Content, 500, 700)
	p.Opinion.SetText("材料属实")
	test.Tap(button(t, p.Content, "存为常用"))
	if len(book.kept) != 5 || book.kept[0] != "材料属实" {
		t.Error(book.kept)
	}
	test.Tap(button(t, p.Content, "存为常用"))
	if len(book.kept) != 5 {
		t.Error("kept twice:", book.kept)
	}
	test.Tap(button(t, p.Content, "编辑"))
	if strings.Join(book.kept, "|") != "同意上报|请补充合同" {
		t.Error(book.kept)
	}
}

// A unit without review posts is told so where it reviews, with the way to set them up for who may (A5).
func TestReviewPanelSaysThatThereAreNoPosts(t *testing.T) {
	look(t)
	const says = "本单位未设置【单位内部多岗审核】"
	opened := 0
	c := waiting(t)
	p := kit.NewReviewPanel(c, actor("city"), nil)
	show(t, p.Content, 400, 600)
	p.Common(&kit.Desk{})
	if s := texts(p.Content); strings.Count(s, says) != 1 {
		t.Error(s)
	}
	p = kit.NewReviewPanel(c, actor("city"), nil)
	show(t, p.Content, 400, 600)
	p.Common(&kit.Desk{Posts: func() { opened++ }, Opinions: nil})
	if test.Tap(button(t, p.Content, "去配置")); opened != 1 {
		t.Error(opened)
	}
	c.Route[1].Posts, c.Level = []*reviewv1.Post{{Level: 1, StaffIds: []string{"city1"}}}, 1
	for _, p := range []*kit.ReviewPanel{kit.NewReviewPanel(c, actor("city"), nil), kit.NewReviewPanel(c, actor("elsewhere"), nil)} {
		show(t, p.Content, 400, 600)
		if s := texts(p.Content); strings.Contains(s, says) {
			t.Error(s)
		}
	}
}
