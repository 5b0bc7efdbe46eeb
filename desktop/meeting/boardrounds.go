package meeting

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/room"
	"zhiping/shared/ballot"
)

// A roundPane shows a round: how far it is, its figures, staff's steps in their order, and its result once it is counted.
type roundPane struct {
	content fyne.CanvasObject

	of      *boardPage
	pick    *fyne.Container // a button for each round
	stages  *fyne.Container
	figures *fyne.Container
	steps   *fyne.Container
	beside  *fyne.Container
	results *grid
	note    *widget.Label
	voted   *grid // of a named round
	log     *grid // what did not go smoothly
	tabs    *container.AppTabs
	result  *container.TabItem
	named   *container.TabItem
	counted string // the round whose result has been brought to the front
}

func newRoundPane(p *boardPage) *roundPane {
	x := &roundPane{of: p, pick: container.NewHBox(), stages: container.NewHBox(), figures: container.NewGridWithColumns(5), steps: container.NewVBox(), beside: container.NewHBox()}
	x.note = widget.NewLabel("")
	x.note.Wrapping = fyne.TextWrapBreak
	x.results = newGrid("计票以后才有结果。开票之前，任何人都看不到任何人的选择。", nil, voteColumns...)
	x.voted = newGrid("", nil, gridColumn{title: "专家", share: 2}, gridColumn{title: "同意", share: 1, figures: true}, gridColumn{title: "反对", share: 1, figures: true},
		gridColumn{title: "弃权", share: 1, figures: true}, gridColumn{title: "回避", share: 1, figures: true}, gridColumn{title: "", share: 3})
	x.log = newGrid("没有拒收、隔离或例外。", nil, gridColumn{title: "事项", share: 1.2}, gridColumn{title: "专家", share: 1}, gridColumn{title: "说明", share: 4})
	x.result = container.NewTabItem("结果", container.NewBorder(nil, x.note, nil, nil, x.results.content))
	x.named = container.NewTabItem("各人票数", x.voted.content)
	steps := container.NewBorder(nil, container.NewVBox(widget.NewSeparator(), x.beside), nil, nil, container.NewVScroll(x.steps))
	x.tabs = container.NewAppTabs(container.NewTabItem("办理", steps), x.result, container.NewTabItem("异常情况", x.log.content))
	x.content = container.NewBorder(container.NewVBox(container.NewHScroll(x.pick), x.stages, x.figures), nil, nil, nil, x.tabs)
	return x
}

var (
	voteColumns = []gridColumn{
		{title: "序号", share: 0.8, figures: true},
		{title: "姓名", share: 1.5},
		{title: "同意", share: 0.9, figures: true},
		{title: "反对", share: 0.9, figures: true},
		{title: "弃权", share: 0.9, figures: true},
		{title: "回避", share: 0.9, figures: true},
		{title: "结论", share: 4},
	}
	scoreColumns = []gridColumn{
		{title: "序号", share: 0.8, figures: true},
		{title: "姓名", share: 1.5},
		{title: "有效", share: 0.9, figures: true},
		{title: "平均分", share: 1.1, figures: true},
		{title: "名次", share: 0.9, figures: true},
		{title: "回避", share: 0.9, figures: true},
		{title: "结论", share: 4},
	}
)

// draw draws the round that is shown.
func (x *roundPane) draw() {
	now := x.of.now
	r := theRound(now, x.of.round)
	if r == nil {
		return
	}
	x.drawPick(now)
	x.drawStages(r)
	x.drawFigures(r)
	x.drawSteps(r)
	x.drawResult(r)
	x.log.fill(troubles(now, r))
}

// drawPick draws the buttons of the rounds.
func (x *roundPane) drawPick(now *room.Board) {
	x.pick.RemoveAll()
	for _, r := range now.Rounds {
		b := kit.NewButton(fmt.Sprintf("%s　%s　%s", roundName(now, r.ID), roundManner(r.Spec), stateWord(r.State)), nil, func() {
			x.of.round, x.of.picked = r.ID, true
			x.of.experts.draw()
			x.draw()
		})
		if r.ID == x.of.round {
			b.Importance = widget.HighImportance
		}
		x.pick.Add(b)
	}
	if now.Derive {
		derive := kit.NewButton("导入首轮结果…", nil, x.of.askDerive)
		derive.Importance = widget.WarningImportance
		x.pick.Add(derive)
	}
}

// drawStages draws the progress of the round as a line of stages.
func (x *roundPane) drawStages(r *room.RoundRow) {
	x.stages.RemoveAll()
	if r.State == ballot.RoundVoid {
		l := widget.NewLabelWithStyle("已作废"+map[bool]string{true: "，改为" + roundName(x.of.now, r.Next) + "重投", false: ""}[r.Next != ""], fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
		l.Importance = widget.DangerImportance
		x.stages.Add(l)
		return
	}
	for i, s := range roundStages {
		if i > 0 {
			arrow := widget.NewLabel("→")
			arrow.Importance = widget.LowImportance
			x.stages.Add(arrow)
		}
		l := widget.NewLabel(s.word)
		switch {
		case s.state == r.State:
			l.TextStyle.Bold, l.Importance = true, widget.HighImportance
		case reached(r, s.state):
			l.Importance = widget.SuccessImportance
		default:
			l.Importance = widget.LowImportance
		}
		x.stages.Add(l)
	}
}

// drawFigures draws the figures of a round: quorum and rule in numbers.
func (x *roundPane) drawFigures(r *room.RoundRow) {
	x.figures.RemoveAll()
	for _, f := range figuresOf(r) {
		n := canvas.NewText(f.value, theme.Color(theme.ColorNameForeground))
		n.TextSize = theme.Size(theme.SizeNameHeadingText)
		n.TextStyle.Bold = true
		n.Alignment = fyne.TextAlignCenter
		if f.bad {
			n.Color = theme.Color(theme.ColorNameError)
		}
		l := canvas.NewText(f.label, theme.Color(theme.ColorNamePlaceHolder))
		l.TextSize = theme.Size(theme.SizeNameCaptionText)
		l.Alignment = fyne.TextAlignCenter
		ground := canvas.NewRectangle(theme.Color(theme.ColorNameInputBackground))
		ground.CornerRadius = theme.InputRadiusSize()
		x.figures.Add(container.NewStack(ground, container.NewPadded(container.NewVBox(n, l))))
	}
}

// A figure is a number with its label.
type figure struct {
	label, value string
	bad          bool
}

// figuresOf are the figures of a round; before it opens, those of the quorum.
func figuresOf(r *room.RoundRow) []figure {
	if r.State == ballot.RoundReady {
		return []figure{
			{label: "评委会人数", value: fmt.Sprint(r.Base)},
			{label: "现在出席", value: fmt.Sprint(len(r.Present)), bad: int64(len(r.Present)) < r.Need},
			{label: "开启需出席", value: fmt.Sprint(r.Need)},
		}
	}
	need := fmt.Sprint(r.Need)
	if r.Spec.Kind == ballot.Score {
		need = "—"
	}
	return []figure{
		{label: "出席（基数）", value: fmt.Sprint(r.Base)},
		{label: "已提交", value: fmt.Sprint(len(r.Submitted))},
		{label: "已退回", value: fmt.Sprint(len(r.Returned)), bad: len(r.Returned) > 0},
		{label: "未提交", value: fmt.Sprint(len(r.Missing)), bad: len(r.Missing) > 0},
		{label: "通过需同意票", value: need},
	}
}

// terms are what the steps depend on beside the round.
func (x *roundPane) terms() roundTerms {
	t := roundTerms{idle: idleText(x.of.now), derive: x.of.now.Derive}
	x.of.desk.View(func(s *ballot.State) { t.panel, t.quorum = s.Package.Panel, s.Need(s.Package.Panel) })
	return t
}

// drawSteps draws staff's steps: a button that is not possible now says why beside it.
func (x *roundPane) drawSteps(r *room.RoundRow) {
	do := map[string]func(){
		stepOpen: x.of.askOpen, stepClose: x.of.askClose, stepCount: x.of.askCount, stepSheet: x.of.printSheet, stepSign: x.of.askSign, stepReopen: x.of.askReopen, stepVoid: x.of.askVoid,
	}
	t := x.terms()
	x.steps.RemoveAll()
	first := true
	for _, s := range stepsOf(x.of.now, r, t) {
		b := kit.NewButton(s.title, nil, do[s.key])
		b.Alignment = widget.ButtonAlignLeading
		if s.done {
			b.SetIcon(theme.ConfirmIcon())
		}
		if !s.can {
			b.Disable()
		} else if first && s.key != stepSheet {
			b.Importance, first = widget.HighImportance, false
		}
		note := widget.NewLabel(s.note)
		note.Wrapping = fyne.TextWrapBreak
		if !s.can {
			note.Importance = widget.LowImportance
		}
		width := fyne.NewSize(150*theme.TextSize()/13, b.MinSize().Height)
		x.steps.Add(container.NewBorder(nil, nil, container.NewVBox(container.NewGridWrap(width, b)), nil, note))
	}
	x.beside.RemoveAll()
	for _, s := range besides(r, t) {
		b := kit.NewButton(s.title, nil, func() {
			if !s.can {
				x.of.of.desk.Say(s.note)
				return
			}
			do[s.key]()
		})
		if !s.can {
			b.Importance = widget.LowImportance
		}
		x.beside.Add(b)
	}
}

// drawResult draws the result of a counted round, and brings it to the front once.
func (x *roundPane) drawResult(r *room.RoundRow) {
	if r.Tally == nil {
		x.results.fill(nil)
		x.note.SetText("")
		x.tabs.Remove(x.named)
		return
	}
	columns := voteColumns
	if r.Spec.Kind == ballot.Score {
		columns = scoreColumns
	}
	if x.results.columns[2].title != columns[2].title {
		x.results.draw(columns)
	}
	x.results.fill(resultRows(x.of.desk.Package(), r))
	x.note.SetText(resultNote(r))
	x.tabs.Remove(x.named)
	if len(r.Tally.Voted) > 0 {
		var rows [][]gridCell
		for _, v := range r.Tally.Voted {
			rows = append(rows, []gridCell{{text: expertName(x.of.now, v.Expert), bold: true}, {text: fmt.Sprint(v.Agree)}, {text: fmt.Sprint(v.Oppose)}, {text: fmt.Sprint(v.Abstain)}, {text: fmt.Sprint(v.Recused)}, {}})
		}
		x.voted.fill(rows)
		x.tabs.Append(x.named)
	}
	if r.State == ballot.RoundOpened && x.counted != r.ID {
		x.counted = r.ID
		x.tabs.Select(x.result)
	}
}

// resultRows are the rows of a result.
func resultRows(p *ballot.Package, r *room.RoundRow) [][]gridCell {
	present := int64(len(r.Present))
	var rows [][]gridCell
	for i := range r.Tally.Results {
		res := &r.Tally.Results[i]
		position, name := "", res.Applicant
		if a := p.Applicant(res.Applicant); a != nil {
			position, name = fmt.Sprint(a.Position), a.Name
		}
		row := []gridCell{{text: position}, {text: name, bold: true}}
		for _, text := range resultCells(r.Spec, res, present) {
			row = append(row, gridCell{text: text})
		}
		last := &row[len(row)-1]
		switch res.Decision {
		case ballot.Passed:
			last.how = widget.SuccessImportance
		case ballot.NotPass:
			last.how = widget.DangerImportance
		}
		rows = append(rows, row)
	}
	return rows
}

// resultNote says in one line what came out, and what of it must be kept in mind.
func resultNote(r *room.RoundRow) string {
	passed, unanimous := 0, 0
	for i := range r.Tally.Results {
		res := &r.Tally.Results[i]
		if res.Decision == ballot.Passed {
			passed++
		}
		if r.Spec.Secrecy == ballot.SecretBallot && r.Spec.Kind == ballot.Vote && !r.Spec.Hidden(res) && max(res.Agree, res.Oppose, res.Abstain) == res.Agree+res.Oppose+res.Abstain {
			unanimous++
		}
	}
	s := fmt.Sprintf("参评 %d 人", len(r.Tally.Results))
	if r.Spec.Kind == ballot.Vote || r.Spec.Rule != ballot.RuleDefault {
		s += fmt.Sprintf("，通过 %d 人，未通过 %d 人", passed, len(r.Tally.Results)-passed)
	}
	s += fmt.Sprintf("；计入选票 %d 份，无效 %d 份，未提交 %d 份。", len(r.Submitted), len(r.Tally.Invalid), len(r.Missing))
	if unanimous > 0 {
		s += fmt.Sprintf("其中 %d 人票数一致，公布票数会显示每名专家的选择，请注意保密。", unanimous)
	}
	return s
}

// troubles are what did not go smoothly, with what it means.
func troubles(b *room.Board, r *room.RoundRow) [][]gridCell {
	var rows [][]gridCell
	for _, e := range pressing(r) {
		if e.Kind == ballot.ExceptQuarantined {
			continue // below, with those of other rounds
		}
		for _, k := range exceptionKinds {
			if k.kind == e.Kind {
				rows = append(rows, []gridCell{{text: "须查明", how: widget.WarningImportance}, {text: expertName(b, e.Subject)}, {text: k.what + "。" + k.remedy + "。"}})
			}
		}
	}
	for _, x := range b.Rejections {
		if x.Round == r.ID || x.Round == "" {
			rows = append(rows, []gridCell{{text: "拒收选票", how: widget.DangerImportance}, {text: expertName(b, x.Expert)}, {text: ballot.RejectText(x.Reason)}})
		}
	}
	if r.Sheet != nil {
		for _, e := range r.Sheet.Exceptions {
			rows = append(rows, []gridCell{{text: "关闭时认可"}, {text: exceptionSubject(b, e)}, {text: exceptionTexts(b, []ballot.Exception{e})[0]}})
		}
		for _, x := range r.Sheet.Equations {
			if !x.Holds() {
				rows = append(rows, []gridCell{{text: "对账不平", how: widget.DangerImportance}, {}, {text: fmt.Sprintf("%s：%d 与 %d", x.Text, x.Left, x.Right)}})
			}
		}
	}
	for _, x := range []struct {
		n    int
		text string
	}{{b.Quarantined, "读入过 %d 项无法辨认的数据，已隔离保存，没有计入。"}, {b.Late, "收到 %d 项迟到的记录，已作为证据保存，没有计入。"}} {
		if x.n > 0 {
			rows = append(rows, []gridCell{{text: "隔离"}, {}, {text: fmt.Sprintf(x.text, x.n)}})
		}
	}
	return rows
}

func exceptionSubject(b *room.Board, e ballot.Exception) string {
	if e.Kind == ballot.ExceptQuarantined {
		return "—"
	}
	return expertName(b, e.Subject)
}
