package committee

import (
	"context"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/kit"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	"zhiping/proto/gen/zhiping/committee/v1/committeev1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	rules "zhiping/shared/committee"
)

// NewPage draws a committee with its filing data and every review step (C1), and the review for whose turn it is (C3); done is called after a
// move that went through.
func NewPage(c message, client committeev1connect.CommitteeServiceClient, d *kit.Desk, done func(), buttons ...fyne.CanvasObject) (fyne.CanvasObject, *kit.ReviewPanel) {
	panel := kit.NewReviewPanel(c.Filing, d.By, func(a *reviewv1.Action) {
		d.Do(func() error {
			if a.Move == reviewv1.Move_MOVE_WITHDRAW { // by the forming unit, whose clerk need not be able to review
				return Withdraw(client, []message{c})
			}
			return Move(client, []message{c}, a)
		}, done)
	})
	open := d.Opener(kind, c.Id)
	sections := []kit.Section{
		{Title: "基本信息", Message: c, Fields: []string{
			committeev1.Committee_Name, committeev1.Committee_UnitName, committeev1.Committee_WorkingBody, committeev1.Committee_Office, committeev1.Committee_ReviewType, committeev1.Committee_Levels,
			committeev1.Committee_AuthorisingName, committeev1.Committee_FilingName, committeev1.Committee_Contact, committeev1.Committee_Phone, committeev1.Committee_Address, committeev1.Committee_Funded,
		}},
		{Title: "评审范围", Message: c, Fields: []string{
			committeev1.Committee_Internal, committeev1.Committee_Natures, committeev1.Committee_BySeries, committeev1.Committee_Series, committeev1.Committee_Specialties,
			committeev1.Committee_Divisions, committeev1.Committee_OwnLevel,
		}},
		{Title: "备案信息", Message: c, Open: open, Fields: []string{committeev1.Committee_RequestDocument, committeev1.Committee_FiledOn, committeev1.Committee_ValidUntil}},
	}
	panel.Material(sections...)
	panel.Common(d)
	body := kit.NewDetail(sections...)
	if history := former(c, open); history != nil {
		body = container.NewAppTabs(container.NewTabItem("备案信息", body), container.NewTabItem(fmt.Sprintf("历次备案（%d）", len(c.Former)), history))
	}
	top := container.NewVBox(Standing(c), warnings(c))
	if len(buttons) > 0 {
		top.Add(container.NewHBox(buttons...))
	}
	split := container.NewHSplit(container.NewBorder(top, nil, nil, nil, body), panel.Content)
	split.Offset = 0.62
	return split, panel
}

// warnings is what submitter and reviewers should look at (Article 9; the filing unit); once it is filed it has been looked at.
func warnings(c message) fyne.CanvasObject {
	banner := kit.NewBanner()
	if len(c.Warnings) > 0 && rules.State(c) != rules.Filed {
		banner.Say("请核对：\n· "+strings.Join(c.Warnings, "\n· "), widget.WarningImportance)
	}
	return banner.Content
}

// former are the filings before this one, the newest first, each with its steps; nil for none.
func former(c message, open func(*commonv1.Attachment)) fyne.CanvasObject {
	if len(c.Former) == 0 {
		return nil
	}
	all := container.NewVBox()
	for i := len(c.Former) - 1; i >= 0; i-- {
		f := c.Former[i]
		title := fmt.Sprintf("第%d次备案　%s 至 %s", i+1, f.FiledOn, f.ValidUntil)
		if f.FiledOn == "" {
			title = fmt.Sprintf("第%d次备案（未通过）", i+1)
		}
		part := container.NewVBox(kit.NewProcess(f.Review))
		if f.RequestDocument != nil {
			link := widget.NewHyperlink(f.RequestDocument.Name, nil)
			link.OnTapped = func() { open(f.RequestDocument) }
			part.Add(container.NewHBox(link))
		}
		all.Add(kit.NewPart(title, part))
	}
	return container.NewVScroll(all)
}

// NewRequirements draws the form of the achievement requirements that a committee's activities begin with (E2).
func NewRequirements(c message, client committeev1connect.CommitteeServiceClient, d *kit.Desk, done func()) (content fyne.CanvasObject, save func()) {
	r := &committeev1.SaveRequirementsRequest{Base: &commonv1.Base{Id: c.Id, Revision: c.Revision}}
	for _, x := range c.Requirements {
		r.Requirements = append(r.Requirements, proto.CloneOf(x))
	}
	rows := container.NewVBox()
	var checks []func() bool
	var draw func()
	draw = func() {
		rows.RemoveAll()
		checks = nil
		for i, x := range r.Requirements {
			f := kit.NewForm(x, committeev1.Requirement_Order, committeev1.Requirement_Title)
			several := kit.NewSeveral(x, committeev1.Requirement_Templates)
			text := kit.NewForm(x, committeev1.Requirement_Text, committeev1.Requirement_Required)
			checks = append(checks, f.Check, several.Check, text.Check)
			remove := widget.NewButtonWithIcon("删除此项", theme.DeleteIcon(), func() {
				r.Requirements = append(r.Requirements[:i:i], r.Requirements[i+1:]...)
				draw()
			})
			rows.Add(kit.NewPart(fmt.Sprintf("第 %d 项", i+1), container.NewVBox(f.Content, several.Content, text.Content, container.NewHBox(remove))))
		}
		if len(r.Requirements) == 0 {
			rows.Add(widget.NewLabel("还没有默认业绩要求。点“增加一项”填写；新建评审活动时自动带出，可再修改。"))
		}
	}
	draw()
	add := widget.NewButtonWithIcon("增加一项", theme.ContentAddIcon(), func() {
		r.Requirements = append(r.Requirements, &committeev1.Requirement{Order: next(r.Requirements)})
		draw()
	})
	save = func() {
		ok := true
		for _, check := range checks {
			ok = check() && ok
		}
		if !ok {
			d.Say("有内容需要修改，请看各项下方的红字提示")
			return
		}
		if problems := rules.CheckRequirements(r.Requirements); len(problems) > 0 {
			d.Say(problems[0].Text)
			return
		}
		d.Do(func() error {
			_, err := client.SaveRequirements(context.Background(), r)
			return err
		}, func() {
			d.Say("默认业绩要求已保存")
			done()
		})
	}
	button := widget.NewButtonWithIcon("保存（Ctrl+S）", theme.DocumentSaveIcon(), save)
	button.Importance = widget.HighImportance
	head := widget.NewLabelWithStyle("默认业绩要求："+c.Name+"（"+seriesName(c.Series)+"）", fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	return container.NewBorder(head, container.NewHBox(add, button), nil, nil, container.NewVScroll(container.NewPadded(rows))), save
}

// next is the number after the highest.
func next(all []*committeev1.Requirement) int32 {
	n := int32(0)
	for _, r := range all {
		n = max(n, r.Order)
	}
	return n + 1
}
