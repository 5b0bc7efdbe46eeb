package pagetest

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/committee"
	"zhiping/desktop/kit"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	rules "zhiping/shared/committee"
)

// filled is a committee of the office's unit that can be handed in: authorised and filed by the unit itself.
func (o *office) filled() *committeev1.Committee {
	c := committee.New(o.c.Identity.Unit)
	c.Name, c.WorkingBody, c.Office, c.ReviewType, c.Levels = "示例评委会", "人事科", "评审办", committeev1.ReviewType_REVIEW_TYPE_MIDDLE, []string{"3"}
	c.AuthorisingId, c.FilingId, c.AuthorisingName, c.FilingName = o.By.UnitID, o.By.UnitID, o.By.UnitName, o.By.UnitName
	c.Contact, c.Phone, c.Address, c.Series, c.Specialties = "联系人", "028-00000000", "示例路1号", "05", []string{"0501"}
	c.RequestDocument = &commonv1.Attachment{Sha256: strings.Repeat("ab", 32), Name: "请示.pdf"}
	return c
}

func noMembers(*committeev1.Committee) (fyne.CanvasObject, func()) {
	return widget.NewLabel("专家名单"), func() {}
}

func (o *office) own(state string) []*committeev1.Committee {
	o.t.Helper()
	rows, _, err := committee.Own(o.c.Committees(), nil).Source(o.t.Context(), &commonv1.Query{Scope: "own", State: state})
	if err != nil {
		o.t.Fatal(err)
	}
	return rows
}

func TestCommitteeWizard(t *testing.T) {
	o := newOffice(t)
	empty := committee.NewEdit(committee.New(o.c.Identity.Unit), o.c.Committees(), o.c.Units(), o.Desk, noMembers, func() {})
	o.contains(o.show(empty.Content), "1. 基本信息", "2. 专家库名单", "3. 核准备案请示", "评委会办事机构", "评审级别", "授权管理单位", "组建方式", "评审区域", "申报人所在单位的单位性质", "尚未选择")
	o.press(empty.Content, "下一步")
	o.contains(texts(empty.Content), "评委会名称为必填项", "评委会办事机构为必填项", "评审级别为必填项")
	empty.Save()
	o.contains(texts(empty.Content), "评委会名称为必填项，请填写")
	done := 0
	e := committee.NewEdit(o.filled(), o.c.Committees(), o.c.Units(), o.Desk, noMembers, func() { done++ })
	o.show(e.Content)
	o.press(e.Content, "下一步")
	o.contains(texts(e.Content), "专家名单")
	if rows := o.own(rules.Draft); len(rows) != 1 {
		t.Fatal("the first step was not saved:", rows, o.failed)
	}
	o.press(e.Content, "下一步")
	o.contains(texts(e.Content), "请示.pdf")
	o.press(e.Content, "提交")
	o.told("已提交备案")
	if rows := o.own(rules.Review); len(rows) != 1 || done != 1 {
		t.Fatal(rows, done)
	}
}

func TestCommitteePages(t *testing.T) {
	o := newOffice(t)
	saved, err := o.c.Committees().SaveCommittee(t.Context(), &committeev1.SaveCommitteeRequest{Committee: o.filled()})
	if err != nil {
		t.Fatal(err)
	}
	if err := committee.Submit(o.c.Committees(), []*committeev1.Committee{saved.Committee}); err != nil {
		t.Fatal(err)
	}
	filing := kit.NewListPage(committee.Filing(o.c.Committees(), nil), o.Run, func(*committeev1.Committee) {})
	o.show(filing.Content)
	filing.Load()
	o.contains(texts(filing.Content), "待审核 1", "审核不通过", "评委会名称", "备案状态", "最近备案通过", "共 1 条")
	done := 0
	page, panel := committee.NewPage(filing.Model.Rows[0], o.c.Committees(), o.Desk, func() { done++ })
	o.contains(o.show(page), "备案状态：审核中", "专家人数应为单数，现为0人", "评委会办公室", "经办流程")
	o.press(page, "不通过")
	o.press(page, "确认不通过")
	o.told("须填写审核意见")
	if panel.Approve(); done != 1 {
		t.Fatal(o.failed)
	}
	c := o.own(rules.Filed)[0]
	if c.FiledOn != "2026-03-02" {
		t.Fatal(c)
	}
	old := proto.CloneOf(c)
	old.Former = []*committeev1.Filing{{Review: &reviewv1.Case{Steps: []*reviewv1.Step{{UnitName: "示例局"}}}, FiledOn: "2023-03-02", ValidUntil: "2026-03-01"}}
	page, _ = committee.NewPage(old, o.c.Committees(), o.Desk, func() {}, widget.NewButton("编辑", nil))
	o.contains(o.show(page), "编辑", "备案状态：已备案")
	for today, says := range map[string]string{"2026-04-01": "", "2028-12-01": "1 个评委会的备案将在半年内到期", "2029-04-01": "1 个评委会的备案已过期"} {
		if got := committee.Due([]*committeev1.Committee{c}, today); says == "" && got != "" || !strings.Contains(got, says) {
			t.Errorf("%s: %q", today, got)
		}
	}
	content, save := committee.NewRequirements(c, o.c.Committees(), o.Desk, func() { done++ })
	o.contains(o.show(content), "还没有默认业绩要求")
	o.press(content, "增加一项")
	save()
	o.contains(texts(content), "第 1 项", "展示标题为必填项", "模板类别至少1项")
	o.told("有内容需要修改")
	c.Requirements = []*committeev1.Requirement{{Order: 1, Title: "07", Templates: []committeev1.Template{committeev1.Template_TEMPLATE_PAPER}, Text: "近五年论文"}}
	content, save = committee.NewRequirements(c, o.c.Committees(), o.Desk, func() { done++ })
	o.show(content)
	if save(); done != 2 || len(o.own(rules.Filed)[0].Requirements) != 1 {
		t.Fatal(done, o.failed)
	}
}
