// Package home is the first page: the to-dos with their counts and a jump into the list that is filtered already (B3), the unit's card (B1),
// the supervision of the unit's committees (B4) and the newest messages (B2). It follows the mirror; nothing on it waits for the network.
package home

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/field"
)

// Parts are what the page is made of.
type Parts struct {
	// Unit is the own unit as it was at sign-in, and Now as it is now; nil where it is not known.
	Unit        *unitv1.Unit
	Now         func(context.Context) (*unitv1.Unit, error)
	Sources     []Source
	Count       Count
	News        []News
	Supervision *Supervision // nil for units that have no committees
}

// A Page is the first page.
type Page struct {
	Content fyne.CanvasObject

	desk  *kit.Desk
	parts Parts
	asked int // the number of the newest question; answers to older ones are dropped

	banner      *kit.Banner
	unit        *fyne.Container
	todos       *fyne.Container
	note        *widget.Label
	lines       []*fyne.Container // of the news
	supervision *board
}

// New draws the page of whoever is signed in.
func New(d *kit.Desk, parts Parts) *Page {
	p := &Page{desk: d, parts: parts, banner: kit.NewBanner(), unit: container.NewVBox(), todos: container.NewVBox(), note: widget.NewLabel("正在统计……")}
	p.drawUnit(parts.Unit)
	box := container.NewVBox(p.banner.Content)
	own := kit.NewPart("本单位", p.unit)
	if len(parts.Sources) > 0 {
		box.Add(container.New(beside{5, 9}, own, kit.NewPart("待办事项", container.NewVBox(p.todos, p.note))))
	} else {
		box.Add(own)
	}
	if parts.Supervision != nil {
		p.supervision = newBoard(parts.Supervision)
		box.Add(kit.NewPart(supervisionTitle, p.supervision.content))
	}
	if len(parts.News) > 0 {
		news := container.NewGridWithColumns(len(parts.News))
		for _, n := range parts.News {
			lines := container.New(layout.NewCustomPaddedVBoxLayout(0))
			p.lines = append(p.lines, lines)
			news.Add(kit.NewPart(n.Title, lines))
		}
		box.Add(news)
	}
	p.Content = container.NewVScroll(box)
	return p
}

// beside lays two objects out beside each other, by their weights.
type beside [2]float32

// Layout implements fyne.Layout.
func (b beside) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	first := (size.Width - theme.Padding()) * b[0] / (b[0] + b[1])
	objects[0].Resize(fyne.NewSize(first, size.Height))
	objects[1].Resize(fyne.NewSize(size.Width-first-theme.Padding(), size.Height))
	objects[1].Move(fyne.NewPos(first+theme.Padding(), 0))
}

// MinSize implements fyne.Layout.
func (b beside) MinSize(objects []fyne.CanvasObject) fyne.Size {
	one, two := objects[0].MinSize(), objects[1].MinSize()
	return fyne.NewSize(one.Width+two.Width+theme.Padding(), max(one.Height, two.Height))
}

const (
	authorised = "所在单位已通过授权审核。请退出登录后重新登录，即可使用全部功能。"
	returned   = "单位注册申请已被退回。请打开【本单位信息管理】查看原因，修改后点“保存并重新提交”。"
)

// drawUnit draws the unit's card (B1). A unit that has been authorised since its people signed in is told what to do now, and one whose
// registration has come back; that it is not authorised stands on top of every page, this one too.
func (p *Page) drawUnit(u *unitv1.Unit) {
	switch {
	case u.GetAuthorised() && !p.parts.Unit.GetAuthorised():
		p.banner.Say(authorised, widget.SuccessImportance)
	case !u.GetAuthorised() && u.GetRegistration().GetStage() == reviewv1.Stage_STAGE_RETURNED:
		p.banner.Say(returned, widget.WarningImportance)
	default:
		p.banner.Say("", widget.MediumImportance)
	}
	name := widget.NewLabelWithStyle(u.GetName(), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	name.Wrapping = fyne.TextWrapBreak
	facts := container.New(&tight{})
	for _, f := range field.Named(u, unitv1.Unit_Kind, unitv1.Unit_CreditCode, unitv1.Unit_Division, unitv1.Unit_SuperiorName, unitv1.Unit_Contact, unitv1.Unit_Phone) {
		l := widget.NewLabel(f.GetLabel())
		l.Importance = widget.LowImportance
		text := f.Masked(u)
		if text == "" {
			text = "—"
		}
		value := widget.NewLabel(text)
		value.Wrapping = fyne.TextWrapBreak
		facts.Add(l)
		facts.Add(value)
	}
	p.unit.Objects = []fyne.CanvasObject{name, facts}
	p.unit.Refresh()
}

// tight lays labels and values out in two columns, lines closer than a form's; a long value takes several lines.
type tight struct{}

// heights are how high each line is, and how wide the labels are.
func (tight) heights(objects []fyne.CanvasObject) (labels float32, lines []float32) {
	for i := 0; i+1 < len(objects); i += 2 {
		one, two := objects[i].MinSize(), objects[i+1].MinSize()
		labels = max(labels, one.Width)
		lines = append(lines, max(one.Height, two.Height)-theme.InnerPadding())
	}
	return labels, lines
}

// Layout implements fyne.Layout.
func (t tight) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	labels, _ := t.heights(objects)
	for i := 1; i < len(objects); i += 2 {
		objects[i].Resize(fyne.NewSize(max(0, size.Width-labels), objects[i].MinSize().Height)) // now it knows how high it is
	}
	_, lines := t.heights(objects)
	y := float32(0)
	for i, h := range lines {
		label, value := objects[2*i], objects[2*i+1]
		label.Move(fyne.NewPos(0, y))
		label.Resize(fyne.NewSize(labels, label.MinSize().Height))
		value.Move(fyne.NewPos(labels, y))
		value.Resize(fyne.NewSize(max(0, size.Width-labels), value.MinSize().Height))
		y += h
	}
}

// MinSize implements fyne.Layout.
func (t tight) MinSize(objects []fyne.CanvasObject) fyne.Size {
	labels, lines := t.heights(objects)
	height := theme.InnerPadding()
	for _, h := range lines {
		height += h
	}
	return fyne.NewSize(labels*2, height)
}

// unitKind is the kind of the records that the card shows.
const unitKind = "unit"

// Kinds are the kinds of records whose changes change the page.
func (p *Page) Kinds() []string {
	kinds := []string{unitKind}
	for _, s := range p.parts.Sources {
		kinds = append(kinds, s.Kind)
	}
	for _, n := range p.parts.News {
		kinds = append(kinds, n.Kind)
	}
	if p.parts.Supervision != nil {
		kinds = append(kinds, p.parts.Supervision.Kinds()...)
	}
	return kinds
}

// todo is one thing to do.
type todo struct {
	group, text string
	count       int64
	open        func()
}

// Load brings everything up to date.
func (p *Page) Load() {
	p.asked++
	mine := p.asked
	p.desk.Run(func() func() {
		ctx := context.Background()
		todos, failed := p.todo(ctx)
		news := make([][]Line, len(p.parts.News))
		for i, n := range p.parts.News {
			lines, err := n.Newest(ctx)
			if err != nil {
				lines = []Line{{Text: "联网后显示。"}}
			}
			news[i] = lines
		}
		unit, err := p.parts.Now(ctx)
		if unit == nil || err != nil {
			unit = p.parts.Unit
		}
		drawBoard := p.supervision.load(ctx)
		return func() {
			if mine != p.asked {
				return
			}
			p.draw(todos, failed)
			for i, lines := range news {
				drawNews(p.lines[i], lines)
			}
			p.drawUnit(unit)
			drawBoard()
		}
	})
}

// uncounted is said when the server could not be asked for what is not here.
const uncounted = "部分待办未能统计，联网后自动更新。"

// todo counts what is to be done, by the groups of the menu; failed says that it is not all.
func (p *Page) todo(ctx context.Context) (all []todo, failed string) {
	var lists []Source
	for _, s := range p.parts.Sources {
		if s.Counts == nil {
			lists = append(lists, s)
		}
	}
	counted, err := p.parts.Count(ctx, lists)
	if err != nil {
		failed = uncounted
	}
	for _, s := range p.parts.Sources {
		var counts map[string]int64
		if s.Counts != nil {
			if counts, err = s.Counts(ctx); err != nil {
				failed = uncounted
			}
		} else if len(counted) > 0 {
			counts, counted = counted[0], counted[1:]
		}
		for _, state := range s.States {
			if n := counts[state.State]; n > 0 {
				all = append(all, todo{s.Group, s.Title + "：" + state.Title, n, func() { s.Open(state.State) }})
			}
		}
	}
	return all, failed
}

func drawNews(box *fyne.Container, lines []Line) {
	box.RemoveAll()
	if len(lines) == 0 {
		lines = []Line{{Text: "暂无。"}}
	}
	for _, line := range lines {
		if line.Open == nil {
			box.Add(widget.NewLabel(line.Text))
			continue
		}
		link := widget.NewHyperlink(line.Text, nil)
		link.Truncation = fyne.TextTruncateEllipsis
		link.OnTapped = line.Open
		box.Add(link)
	}
}

// columns is how many to-dos stand beside each other: large type needs the whole width.
func columns() int {
	if theme.TextSize() > largeText {
		return 1
	}
	return 2
}

// largeText is the size from which type is large.
const largeText = 16

func (p *Page) draw(all []todo, failed string) {
	p.todos.RemoveAll()
	var grid *fyne.Container
	group := ""
	for _, t := range all {
		if grid == nil || t.group != group {
			group, grid = t.group, container.NewGridWithColumns(columns())
			head := widget.NewLabel(group)
			head.Importance = widget.LowImportance
			p.todos.Add(container.NewBorder(nil, nil, container.New(width(theme.TextSize()*8), head), nil, grid))
		}
		grid.Add(newCard(t))
	}
	p.note.SetText(failed)
	if len(all) == 0 && failed == "" {
		p.note.SetText("没有待办事项。")
	}
	if p.note.Text == "" {
		p.note.Hide()
	} else {
		p.note.Show()
	}
}

// width gives an object a width of its own, at the top of the place it has.
type width float32

// Layout implements fyne.Layout.
func (w width) Layout(objects []fyne.CanvasObject, _ fyne.Size) {
	for _, o := range objects {
		o.Resize(fyne.NewSize(float32(w), o.MinSize().Height))
	}
}

// MinSize implements fyne.Layout.
func (w width) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(float32(w), objects[0].MinSize().Height)
}

// newCard is one thing to do: what, how many, and the way there.
func newCard(t todo) fyne.CanvasObject {
	number := canvas.NewText(fmt.Sprint(t.count), theme.Color(theme.ColorNamePrimary))
	number.TextSize = theme.Size(theme.SizeNameSubHeadingText)
	number.TextStyle.Bold = true
	open := widget.NewButton("", t.open)
	open.Importance = widget.LowImportance
	ground := canvas.NewRectangle(theme.Color(theme.ColorNameHeaderBackground))
	ground.CornerRadius = theme.InputRadiusSize()
	text := widget.NewLabel(t.text)
	text.Truncation = fyne.TextTruncateEllipsis
	return container.NewStack(ground, open, container.NewBorder(nil, nil, nil, container.NewHBox(container.NewCenter(number), layout.NewSpacer(), widget.NewLabel("")), text))
}
