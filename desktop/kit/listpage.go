package kit

import (
	"context"
	"fmt"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/list"
)

// An Action is a button for the chosen rows.
type Action[M any] struct {
	Title string
	Run   func(rows []M, done func())
}

// A ListPage draws a list: filter bar, state tabs with counts, batch buttons, table, pager.
type ListPage[M any] struct {
	Content fyne.CanvasObject
	Model   *list.Model[M]

	run     Runner
	open    func(M)
	actions []Action[M]
	filters map[string]*widget.Entry
	tabs    []*widget.Button
	batch   []*widget.Button
	table   *widget.Table
	note    *widget.Label
	total   *widget.Label
	back    *widget.Button
	forward *widget.Button
}

// NewListPage draws a list; open opens a row's page.
func NewListPage[M any](l *list.List[M], run Runner, open func(M), actions ...Action[M]) *ListPage[M] {
	p := &ListPage[M]{Model: list.New(l), run: run, open: open, actions: actions, filters: map[string]*widget.Entry{}}
	p.note = widget.NewLabel("")
	p.note.Alignment = fyne.TextAlignCenter
	top := container.NewVBox(p.filterBar(), p.tabBar())
	p.table = p.newTable()
	p.Content = container.NewBorder(top, p.pager(), nil, nil, container.NewStack(p.table, container.NewCenter(p.note)))
	return p
}

func (p *ListPage[M]) filterBar() fyne.CanvasObject {
	row := container.NewHBox()
	for _, f := range p.Model.List.Filters {
		e := widget.NewEntry()
		e.SetPlaceHolder(f.Title)
		e.OnSubmitted = func(string) { p.search() }
		p.filters[f.Column] = e
		row.Add(container.NewGridWrap(fyne.NewSize(150, 34), e))
	}
	if len(p.filters) == 0 {
		return row
	}
	query := widget.NewButtonWithIcon("查询", theme.SearchIcon(), p.search)
	query.Importance = widget.HighImportance
	row.Add(query)
	row.Add(widget.NewButton("重置", p.reset))
	return row
}

func (p *ListPage[M]) search() {
	values := map[string]string{}
	for c, e := range p.filters {
		values[c] = e.Text
	}
	p.Model.Filter(values)
	p.Load()
}

func (p *ListPage[M]) reset() {
	for _, e := range p.filters {
		e.SetText("")
	}
	p.search()
}

func (p *ListPage[M]) tabBar() fyne.CanvasObject {
	row := container.NewHBox()
	for _, t := range p.Model.List.Tabs {
		b := widget.NewButton(t.Title, func() {
			p.Model.Choose(t.State)
			p.Load()
		})
		p.tabs = append(p.tabs, b)
		row.Add(b)
	}
	row.Add(layout.NewSpacer())
	for _, a := range p.actions {
		b := widget.NewButton(a.Title, func() { a.Run(p.Model.Selection(), p.Load) })
		b.Importance = widget.HighImportance
		p.batch = append(p.batch, b)
		row.Add(b)
	}
	row.Add(widget.NewButtonWithIcon("刷新", theme.ViewRefreshIcon(), p.Load))
	return row
}

// checkWidth is the width of the column with the checks; the last column opens the row.
const (
	checkWidth = 34
	openWidth  = 58
)

func (p *ListPage[M]) newTable() *widget.Table {
	cols := p.Model.List.Columns
	var t *widget.Table
	t = widget.NewTable(
		func() (int, int) {
			if t != nil && t.Size().Height < 1 {
				return 0, len(cols) + 2 // laid out at zero height it would build a row for everything
			}
			return len(p.Model.Rows), len(cols) + 2
		},
		func() fyne.CanvasObject {
			l := widget.NewLabel("")
			l.Truncation = fyne.TextTruncateEllipsis
			return container.NewStack(l, widget.NewCheck("", nil), widget.NewHyperlink("", nil))
		},
		p.updateCell)
	t.ShowHeaderRow = true
	t.CreateHeader = func() fyne.CanvasObject {
		b := widget.NewButton("", nil)
		b.Importance = widget.LowImportance
		b.Alignment = widget.ButtonAlignLeading
		return b
	}
	t.UpdateHeader = p.updateHeader
	t.SetColumnWidth(0, checkWidth)
	for i, c := range cols {
		t.SetColumnWidth(i+1, c.Width)
	}
	t.SetColumnWidth(len(cols)+1, openWidth)
	t.OnSelected = func(at widget.TableCellID) {
		t.UnselectAll()
		if at.Row >= 0 && at.Row < len(p.Model.Rows) && at.Col > 0 {
			p.open(p.Model.Rows[at.Row])
		}
	}
	return t
}

func (p *ListPage[M]) updateCell(at widget.TableCellID, o fyne.CanvasObject) {
	cell := o.(*fyne.Container).Objects
	label, check, link := cell[0].(*widget.Label), cell[1].(*widget.Check), cell[2].(*widget.Hyperlink)
	label.Hide()
	check.Hide()
	link.Hide()
	if at.Row < 0 || at.Row >= len(p.Model.Rows) {
		return
	}
	row := p.Model.Rows[at.Row]
	switch cols := p.Model.List.Columns; {
	case at.Col == 0:
		check.OnChanged = nil
		check.SetChecked(p.Model.Chosen(row))
		check.OnChanged = func(on bool) {
			if on != p.Model.Chosen(row) {
				p.Model.Toggle(row)
				p.draw()
			}
		}
		check.Show()
	case at.Col == len(cols)+1:
		link.SetText("查看")
		link.OnTapped = func() { p.open(row) }
		link.Show()
	default:
		label.SetText(cols[at.Col-1].Text(row))
		label.Show()
	}
}

func (p *ListPage[M]) updateHeader(at widget.TableCellID, o fyne.CanvasObject) {
	b := o.(*widget.Button)
	cols := p.Model.List.Columns
	switch {
	case at.Col == 0:
		b.SetText("")
		b.SetIcon(theme.CheckButtonIcon())
		b.OnTapped = func() { p.Model.All(); p.draw() }
	case at.Col == len(cols)+1:
		b.SetIcon(nil)
		b.SetText("操作")
		b.OnTapped = nil
	case at.Col > 0 && at.Col <= len(cols):
		c := cols[at.Col-1]
		b.SetIcon(p.sortIcon(c.Key))
		b.SetText(c.Title)
		b.OnTapped = func() { p.Model.SortBy(c.Key); p.Load() }
	}
}

func (p *ListPage[M]) sortIcon(key string) fyne.Resource {
	if key == "" || key != p.Model.Query.Sort {
		return nil
	}
	if p.Model.Query.Descending {
		return theme.MenuDropDownIcon()
	}
	return theme.MenuDropUpIcon()
}

func (p *ListPage[M]) pager() fyne.CanvasObject {
	p.total = widget.NewLabel("")
	p.back = widget.NewButtonWithIcon("上一页", theme.NavigateBackIcon(), func() { p.Model.Last(); p.Load() })
	p.forward = widget.NewButtonWithIcon("下一页", theme.NavigateNextIcon(), func() { p.Model.Next(); p.Load() })
	var sizes []string
	for _, n := range list.Sizes {
		sizes = append(sizes, fmt.Sprintf("%d条/页", n))
	}
	size := widget.NewSelect(sizes, nil)
	size.SetSelected(fmt.Sprintf("%d条/页", p.Model.Query.Size))
	size.OnChanged = func(s string) {
		var n int32
		fmt.Sscan(s[:len(s)-len("条/页")], &n)
		p.Model.Resize(n)
		p.Load()
	}
	return container.NewHBox(p.total, layout.NewSpacer(), size, p.back, p.forward)
}

// Load asks for the rows again; what is shown stays until they are there.
func (p *ListPage[M]) Load() {
	p.run(func() func() {
		took := p.Model.Fetch(context.Background())
		return func() {
			took()
			p.draw()
		}
	})
}

// draw brings the screen up to the model.
func (p *ListPage[M]) draw() {
	m := p.Model
	for i, t := range m.List.Tabs {
		p.tabs[i].Importance = widget.LowImportance
		if t.State == m.Query.State {
			p.tabs[i].Importance = widget.HighImportance
		}
		p.tabs[i].SetText(m.TabTitle(t))
	}
	n := len(m.Selection())
	for i, a := range p.actions {
		p.batch[i].SetText(a.Title + "（" + strconv.Itoa(n) + "）")
		if n == 0 {
			p.batch[i].Disable()
		} else {
			p.batch[i].Enable()
		}
	}
	p.total.SetText(fmt.Sprintf("共 %d 条，第 %d 页", m.Total, m.Page()))
	enable(p.back, m.HasLast())
	enable(p.forward, m.HasNext())
	p.say()
	p.table.Refresh()
}

func enable(b *widget.Button, on bool) {
	if on {
		b.Enable()
	} else {
		b.Disable()
	}
}

// say says why there is nothing to see.
func (p *ListPage[M]) say() {
	switch m := p.Model; {
	case m.Err != nil:
		p.note.Importance = widget.DangerImportance
		p.note.SetText(m.Err.Error())
	case m.Loaded && len(m.Rows) == 0:
		p.note.Importance = widget.MediumImportance
		p.note.SetText(m.List.Empty)
	default:
		p.note.SetText("")
	}
}
