package home

import (
	"context"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	"zhiping/shared/activity"
	rules "zhiping/shared/home"
)

// shown is how many lines of the supervision stand on the first page.
const shown = 6

// A board draws the supervision: the numbers, and the first lines of the table.
type board struct {
	of      *Supervision
	content *fyne.Container
}

func newBoard(s *Supervision) *board { return &board{of: s, content: container.NewVBox()} }

// load reads beside the window; what it returns draws. A page without a supervision has none to draw.
func (b *board) load(ctx context.Context) func() {
	if b == nil {
		return func() {}
	}
	totals, rows, err := b.of.read(ctx)
	return func() {
		if err != nil {
			b.content.Objects = []fyne.CanvasObject{widget.NewLabel("联网后显示。")}
		} else {
			b.content.Objects = []fyne.CanvasObject{b.numbers(totals, len(rows)), b.table(rows)}
		}
		b.content.Refresh()
	}
}

func (b *board) numbers(t rules.Totals, lines int) fyne.CanvasObject {
	row := container.NewHBox()
	for _, f := range figures(t) {
		number := canvas.NewText(strconv.Itoa(f.n), theme.Color(theme.ColorNamePrimary))
		number.TextSize = theme.Size(theme.SizeNameSubHeadingText)
		number.TextStyle.Bold = true
		row.Add(container.NewHBox(widget.NewLabel(f.title), container.NewCenter(number), widget.NewLabel("　")))
	}
	row.Add(layout.NewSpacer())
	if lines > shown {
		all := widget.NewHyperlink(more(lines), nil)
		all.OnTapped = b.of.All
		row.Add(all)
	}
	return row
}

// table draws the first lines, the columns sharing the width that there is.
func (b *board) table(rows []rules.Row) fyne.CanvasObject {
	if len(rows) == 0 {
		return widget.NewLabel("本单位还没有组建评委会。")
	}
	columns := b.of.columnsOf()
	share := make(shares, len(columns))
	head := make([]fyne.CanvasObject, len(columns))
	for i, c := range columns {
		share[i] = c.Width
		title := widget.NewLabelWithStyle(c.Title, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
		title.Wrapping = fyne.TextWrapWord
		head[i] = title
	}
	ground := canvas.NewRectangle(theme.Color(theme.ColorNameHeaderBackground))
	lines := []fyne.CanvasObject{container.NewStack(ground, container.New(share, head...))}
	for _, r := range rows[:min(len(rows), shown)] {
		cells := make([]fyne.CanvasObject, len(columns))
		for i, c := range columns {
			if i == 0 {
				link := widget.NewHyperlink(c.Text(r), nil)
				link.Wrapping = fyne.TextWrapWord
				link.OnTapped = func() { b.of.Open(r) }
				cells[i] = link
				continue
			}
			l := widget.NewLabel(c.Text(r))
			l.Wrapping = fyne.TextWrapWord
			cells[i] = l
		}
		lines = append(lines, container.New(share, cells...))
	}
	return container.New(layout.NewCustomPaddedVBoxLayout(0), lines...)
}

// shares lays objects out in a line, each with its share of the width.
type shares []float32

// Layout implements fyne.Layout.
func (s shares) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	sum, x := float32(0), float32(0)
	for _, w := range s {
		sum += w
	}
	for i, o := range objects {
		w := size.Width * s[i] / sum
		o.Resize(fyne.NewSize(w, o.MinSize().Height)) // now it knows how high it is
		o.Resize(fyne.NewSize(w, o.MinSize().Height))
		o.Move(fyne.NewPos(x, (size.Height-o.Size().Height)/2))
		x += w
	}
}

// MinSize implements fyne.Layout. A line is as high as a list's, higher where a long name takes several lines.
func (s shares) MinSize(objects []fyne.CanvasObject) fyne.Size {
	height := theme.TextSize() * 2.1
	for _, o := range objects {
		if h := o.MinSize().Height; h > theme.TextSize()*3 {
			height = max(height, h)
		}
	}
	return fyne.NewSize(10, height)
}

// NewProgress draws one line of the supervision: where the activity stands, as a line of stages, and what is known of it and its committee.
func NewProgress(r rules.Row) fyne.CanvasObject {
	sections := []kit.Section{}
	if r.Activity != nil {
		sections = append(sections, kit.Section{Title: "评审活动", Message: r.Activity, Fields: []string{
			activityv1.Activity_Name, activityv1.Activity_Year, activityv1.Activity_Frequency, activityv1.Activity_ScopeText, activityv1.Activity_OpensAt, activityv1.Activity_SubmitBy,
			activityv1.Activity_CorrectBy, activityv1.Activity_ReceiveBy,
		}})
	}
	sections = append(sections, kit.Section{Title: "评委会", Message: r.Committee, Fields: []string{
		committeev1.Committee_Name, committeev1.Committee_Series, committeev1.Committee_Levels, committeev1.Committee_Specialties, committeev1.Committee_Divisions, committeev1.Committee_UnitName,
		committeev1.Committee_AuthorisingName, committeev1.Committee_FilingName, committeev1.Committee_FiledOn, committeev1.Committee_ValidUntil,
	}})
	return container.NewBorder(stagesOf(r), nil, nil, nil, kit.NewDetail(sections...))
}

// stagesOf draws the progress of an activity as a line of stages: those that are over, the present one, those to come.
func stagesOf(r rules.Row) fyne.CanvasObject {
	if r.Activity == nil {
		return widget.NewLabel("该评委会还没有评审活动。")
	}
	line := container.NewHBox()
	for s := activity.Preparing; s <= activity.Over; s++ {
		if s > activity.Preparing {
			line.Add(container.NewCenter(widget.NewIcon(theme.NavigateNextIcon())))
		}
		text, back := theme.ColorNameForeground, theme.ColorNameHeaderBackground
		name := s.String()
		switch {
		case s == r.Stage:
			text, back = theme.ColorNameForegroundOnPrimary, theme.ColorNamePrimary
			name = stageOf(r)
		case s > r.Stage:
			text, back = theme.ColorNameDisabled, theme.ColorNameBackground
		}
		label := canvas.NewText(name, theme.Color(text))
		label.TextSize = theme.TextSize()
		label.TextStyle.Bold = s == r.Stage
		ground := canvas.NewRectangle(theme.Color(back))
		ground.CornerRadius = theme.InputRadiusSize()
		line.Add(container.NewStack(ground, container.NewPadded(container.NewPadded(label))))
	}
	return container.NewPadded(line)
}
