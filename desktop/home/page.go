// Package home is the first page: the unit's card (B1), the to-dos with their counts and a jump into the list that is filtered already (B3), and
// what the person does most.
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
	"zhiping/desktop/list"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/field"
)

// A Source is a list that can have something to do in it.
type Source struct {
	Title  string
	Kind   string // of its records
	States []list.Tab
	// Counts gives how many records stand under each state.
	Counts func(context.Context) (map[string]int64, error)
	// Open opens the list on a state.
	Open func(state string)
}

// Of makes a source of a list that declares what is to be done in it; false for one that does not.
func Of[M any](l *list.List[M], open func(state string)) (Source, bool) {
	s := Source{Title: l.Title, States: l.ToDo, Open: open}
	if l.Mirror != nil {
		s.Kind = l.Mirror.Kind
	}
	s.Counts = func(ctx context.Context) (map[string]int64, error) {
		_, page, err := l.Source(ctx, &commonv1.Query{Scope: l.Scope, Size: 1})
		counts := map[string]int64{}
		for _, c := range page.GetCounts() {
			counts[c.State] = c.Count
		}
		if page != nil { // what is here, when the server cannot be reached
			err = nil
		}
		return counts, err
	}
	return s, len(l.ToDo) > 0
}

// With adds what waits in another list to a source, under a state of its own: the two are one page.
func (s Source) With(state, title string, counts func(context.Context) (map[string]int64, error)) Source {
	own := s.Counts
	s.States = append(s.States[:len(s.States):len(s.States)], list.Tab{State: state, Title: title})
	s.Counts = func(ctx context.Context) (map[string]int64, error) {
		all, err := own(ctx)
		if err != nil {
			return all, err
		}
		more, err := counts(ctx)
		for _, t := range list.Waiting {
			all[state] += more[t.State]
		}
		return all, err
	}
	return s
}

// News is a list of which the newest rows stand on the first page (B2).
type News struct {
	Title string
	Kind  string
	// Newest gives the newest rows.
	Newest func(context.Context) ([]Line, error)
}

// A Line is one row of the news.
type Line struct {
	Text string
	Open func()
}

// newest is how many rows of news are shown.
const newest = 5

// NewsOf makes news of a list; text says a row in one line.
func NewsOf[M any](l *list.List[M], text func(M) string, open func(M)) News {
	n := News{Title: l.Title}
	if l.Mirror != nil {
		n.Kind = l.Mirror.Kind
	}
	n.Newest = func(ctx context.Context) ([]Line, error) {
		rows, page, err := l.Source(ctx, &commonv1.Query{Scope: l.Scope, Size: newest})
		var lines []Line
		for _, r := range rows {
			lines = append(lines, Line{text(r), func() { open(r) }})
		}
		if page != nil {
			err = nil
		}
		return lines, err
	}
	return n
}

// A Jump is a button for what the person does most.
type Jump struct {
	Title string
	Do    func()
}

// A Page is the first page.
type Page struct {
	Content fyne.CanvasObject

	desk    *kit.Desk
	sources []Source
	news    []News
	lines   []*fyne.Container // of the news
	todos   *fyne.Container
	note    *widget.Label
}

// New draws the page of whoever is signed in.
func New(who *sessionv1.Identity, d *kit.Desk, sources []Source, news []News, jumps []Jump) *Page {
	p := &Page{desk: d, sources: sources, news: news, todos: container.NewGridWithColumns(columns), note: widget.NewLabel("正在统计……")}
	box := container.NewVBox()
	if !who.Unit.GetAuthorised() {
		banner := widget.NewLabelWithStyle("所在单位未被授权，请先完善单位信息，并提交上级单位进行授权审核！", fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
		banner.Importance = widget.DangerImportance
		box.Add(banner)
	}
	if len(sources) > 0 {
		box.Add(kit.NewPart("待办事项", container.NewVBox(p.todos, p.note)))
	}
	if len(news) > 0 {
		beside := container.NewGridWithColumns(len(news))
		for _, n := range news {
			lines := container.NewVBox()
			p.lines = append(p.lines, lines)
			beside.Add(kit.NewPart(n.Title, lines))
		}
		box.Add(beside)
	}
	grid := container.NewGridWithColumns(columns)
	for _, j := range jumps {
		grid.Add(widget.NewButton(j.Title, j.Do))
	}
	box.Add(kit.NewPart("常用功能", grid))
	box.Add(kit.NewPart("本单位", card(who.Unit)))
	p.Content = container.NewVScroll(box)
	return p
}

// columns is how many cards stand beside each other.
const columns = 4

// card is the unit's card (B1).
func card(u *unitv1.Unit) fyne.CanvasObject {
	name := widget.NewLabelWithStyle(u.GetName(), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	facts := container.New(layout.NewFormLayout())
	for _, f := range field.Named(u, unitv1.Unit_Kind, unitv1.Unit_CreditCode, unitv1.Unit_Division, unitv1.Unit_SuperiorName, unitv1.Unit_Contact, unitv1.Unit_Phone) {
		l := widget.NewLabel(f.GetLabel())
		l.Importance = widget.LowImportance
		facts.Add(l)
		facts.Add(widget.NewLabel(f.Masked(u)))
	}
	return container.NewVBox(name, facts)
}

// Kinds are the kinds of records whose changes change the counts.
func (p *Page) Kinds() (kinds []string) {
	for _, s := range p.sources {
		kinds = append(kinds, s.Kind)
	}
	for _, n := range p.news {
		kinds = append(kinds, n.Kind)
	}
	return kinds
}

// todo is one thing to do.
type todo struct {
	text  string
	count int64
	open  func()
}

// Load counts again.
func (p *Page) Load() {
	p.desk.Run(func() func() {
		var all []todo
		failed := ""
		for _, s := range p.sources {
			counts, err := s.Counts(context.Background())
			if err != nil {
				failed = "部分待办未能统计，联网后自动更新。"
				continue
			}
			for _, state := range s.States {
				if n := counts[state.State]; n > 0 {
					all = append(all, todo{s.Title + "\n" + state.Title, n, func() { s.Open(state.State) }})
				}
			}
		}
		news := make([][]Line, len(p.news))
		for i, n := range p.news {
			lines, err := n.Newest(context.Background())
			if err != nil {
				lines = []Line{{Text: "联网后显示。"}}
			}
			news[i] = lines
		}
		return func() {
			p.draw(all, failed)
			for i, lines := range news {
				drawNews(p.lines[i], lines)
			}
		}
	})
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

func (p *Page) draw(all []todo, failed string) {
	p.todos.RemoveAll()
	for _, t := range all {
		p.todos.Add(newCard(t))
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

// newCard is one thing to do: how many, what, and the way there.
func newCard(t todo) fyne.CanvasObject {
	number := canvas.NewText(fmt.Sprint(t.count), theme.Color(theme.ColorNamePrimary))
	number.TextSize = theme.Size(theme.SizeNameHeadingText) * 1.4
	number.TextStyle.Bold = true
	number.Alignment = fyne.TextAlignCenter
	open := widget.NewButton("", t.open)
	open.Importance = widget.LowImportance
	ground := canvas.NewRectangle(theme.Color(theme.ColorNameHeaderBackground))
	ground.CornerRadius = theme.InputRadiusSize()
	text := widget.NewLabel(t.text)
	return container.NewStack(ground, open, container.NewBorder(nil, nil, container.NewPadded(container.NewCenter(container.NewGridWrap(fyne.NewSize(64, 40), number))), nil, text))
}
