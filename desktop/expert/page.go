package expert

import (
	"context"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/clock"
	"zhiping/desktop/kit"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	rules "zhiping/shared/expert"
	"zhiping/shared/field"
)

// NewPage draws an expert with the review of the entry (C4 detail, C5), and what the pool knows besides: meetings, leave, other committees. done is
// called after a move that went through.
func NewPage(e message, c client, d *kit.Desk, done func(), buttons ...fyne.CanvasObject) (fyne.CanvasObject, *kit.ReviewPanel) {
	panel := kit.NewReviewPanel(e.Entry, d.By, func(a *reviewv1.Action) {
		d.Do(func() error {
			if a.Move == reviewv1.Move_MOVE_WITHDRAW { // by the forming unit, whose clerk need not be able to review
				return Withdraw(c, []message{e})
			}
			return Move(c, []message{e}, a)
		}, done)
	})
	sections := material(e)
	panel.Material(sections...)
	panel.Common(d)
	elsewhere := kit.NewBanner()
	top := container.NewVBox(heading(title(e)+"　"+e.CommitteeName), hints(e), elsewhere.Content)
	if len(buttons) > 0 {
		top.Add(container.NewHBox(buttons...))
	}
	body := container.NewAppTabs(container.NewTabItem("专家信息", kit.NewDetail(sections...)), container.NewTabItem("参会与变动记录", history(e)))
	split := container.NewHSplit(container.NewBorder(top, nil, nil, nil, body), panel.Content)
	split.Offset = 0.62
	known(e, c, d, elsewhere)
	return split, panel
}

func material(e message) []kit.Section {
	sections := make([]kit.Section, 0, len(parts)+len(e.Relations)+len(e.Leaves))
	for i, p := range parts {
		sections = append(sections, kit.Section{Title: p.title, Message: e, Fields: p.fields, Masked: i == 0})
	}
	sections[len(sections)-1].Fields = append(sections[len(sections)-1].Fields[:3:3], expertv1.Expert_RecommenderName)
	for i, r := range e.Relations {
		sections = append(sections, kit.Section{Title: fmt.Sprintf("回避关系 %d", i+1), Message: r, Fields: []string{expertv1.Relation_Name, expertv1.Relation_Relation, expertv1.Relation_Unit}})
	}
	for i, l := range e.Leaves {
		sections = append(sections, kit.Section{Title: fmt.Sprintf("请假 %d", i+1), Message: l, Fields: []string{expertv1.Leave_From, expertv1.Leave_Until, expertv1.Leave_Reason}})
	}
	return sections
}

// hints are what should be looked at in an expert: completeness, age, term, leave.
func hints(e message) fyne.CanvasObject {
	banner := kit.NewBanner()
	all := rules.Warnings(e, clock.Today())
	if missing := rules.Missing(e); len(missing) > 0 {
		all = append([]string{"信息不完整，缺：" + strings.Join(missing, "、")}, all...)
	}
	banner.Say(strings.Join(all, "；"), widget.WarningImportance)
	return banner.Content
}

// known asks in which other pools the person is: one human being may sit on several committees.
func known(e message, c client, d *kit.Desk, banner *kit.Banner) {
	if e.Revision <= 0 {
		return // the server does not have it yet, or not as it is here
	}
	d.Run(func() func() {
		resp, err := c.GetExpert(context.Background(), &expertv1.GetExpertRequest{Id: e.Id})
		return func() {
			if err == nil { // it is a hint: without the network the page says the rest
				banner.Say(Elsewhere(resp), widget.MediumImportance)
			}
		}
	})
}

// Elsewhere says in which other pools a person is, "" for none.
func Elsewhere(r *expertv1.GetExpertResponse) string {
	var all []string
	for _, m := range r.GetMemberships() {
		all = append(all, fmt.Sprintf("%s（%s）", m.CommitteeName, field.Label(m.Position)))
	}
	if n := r.GetElsewhere(); n > 0 {
		all = append(all, fmt.Sprintf("其他单位的评委会 %d 个", n))
	}
	if len(all) == 0 {
		return ""
	}
	return "同一人还在：" + strings.Join(all, "、")
}

// history is what happened with an expert: the meetings, when he was taken out and put back, former reviews.
func history(e message) fyne.CanvasObject {
	all := container.NewVBox()
	lines := func(title, none string, texts []string) {
		box := container.NewVBox()
		if len(texts) == 0 {
			texts = []string{none}
		}
		for _, t := range texts {
			l := widget.NewLabel(t)
			l.Wrapping = fyne.TextWrapWord
			box.Add(l)
		}
		all.Add(kit.NewPart(title, box))
	}
	var meetings, standings []string
	for _, a := range e.Attendances {
		text := fmt.Sprintf("%d年　%s　%s", a.Year, a.HeldOn, a.Meeting)
		if a.Chaired {
			text += "（执行主任）"
		}
		meetings = append(meetings, text)
	}
	for _, s := range e.Standings {
		standings = append(standings, fmt.Sprintf("%s　%s　%s　经办人：%s", s.On, map[bool]string{true: "移出", false: "重新入库"}[s.Removed], s.Reason, s.StaffName))
	}
	lines("参会记录", "还没有参加过评审会议。", meetings)
	lines("移出与重新入库", "没有变动。", standings)
	for i, f := range e.Former {
		all.Add(kit.NewPart(fmt.Sprintf("第%d次入库审核", i+1), kit.NewProcess(f)))
	}
	return container.NewVScroll(all)
}
