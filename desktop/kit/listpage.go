package kit

import (
	"context"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/list"
)

// An Action is a button for the chosen rows; one that is there always needs none, as 新增 does.
type Action[M any] struct {
	Title  string
	Always bool
	Run    func(rows []M, done func())
	// Away reports that it needs the server, which cannot be reached now; nil for what works without it.
	Away func() bool
}

// A ListPage draws a list: filter bar, state tabs with counts, batch buttons, table, pager.
type ListPage[M any] struct {
	Content fyne.CanvasObject
	Model   *list.Model[M]
	Loaded  func() // after rows have come; nil for nobody who asks

	run     Runner
	open    func(M)
	actions []Action[M]
	links   []RowAction[M]
	bar     *filterBar
	tabs    []*widget.Button
	batch   []*widget.Button
	table   *Table
	note    *widget.Label
	blank   *canvas.Rectangle // under the note, which the lines between the columns would cross
	warning *Banner
	total   *widget.Label
	back    *widget.Button
	forward *widget.Button
	help    *widget.Button
	size    *widget.Select
	body    *fyne.Container

	memory *Memory
	widths []float64 // of the columns at a text size of 100 %
	scaled float32   // the text size that the table has its widths for; 0 while it gets them

	top, tools *fyne.Container
	desk       *Desk // nil for a list that is not exported
	work       *longWork
	save       *widget.Button
}

// NewListPage draws a list; open opens a row's page, nil for rows that have none.
func NewListPage[M any](l *list.List[M], run Runner, open func(M), actions ...Action[M]) *ListPage[M] {
	p := &ListPage[M]{Model: list.New(l), run: run, open: open, actions: actions, warning: NewBanner()}
	p.note = widget.NewLabel("")
	p.note.Alignment = fyne.TextAlignCenter
	p.blank = canvas.NewRectangle(color.Transparent)
	p.bar = newFilterBar(l.Filters, l.Quick, func(values map[string]string) {
		p.Model.Filter(values)
		p.Load()
	})
	p.tools = p.tabBar()
	p.top = container.NewVBox(p.bar.content, p.tools, p.warning.Content)
	p.table = p.newTable()
	p.rescale()
	p.body = container.NewStack(p.table, container.NewCenter(container.NewStack(p.blank, p.note)))
	p.Content = container.NewBorder(p.top, p.pager(), nil, nil, p.body)
	p.draw()
	return p
}

// Search puts the cursor into the filter bar (Ctrl+F).
func (p *ListPage[M]) Search(c fyne.Canvas) { p.bar.focus(c) }

// Show shows a state's tab.
func (p *ListPage[M]) Show(state string) {
	p.Model.Choose(state)
	p.Load()
}

// Toggle chooses a row or lets go of it.
func (p *ListPage[M]) Toggle(row M) {
	p.Model.Toggle(row)
	p.draw()
}

// NeedsServer reports whether a button of the page needs the server; the page then follows whether it can be reached.
func (p *ListPage[M]) NeedsServer() bool {
	return slices.ContainsFunc(p.actions, func(a Action[M]) bool { return a.Away != nil })
}

func (p *ListPage[M]) tabBar() *fyne.Container {
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
		b := widget.NewButton(a.Title, func() {
			a.Run(p.Model.Selection(), func() {
				p.Model.Clear() // what was done with them is done; what failed is chosen anew
				p.Load()
			})
		})
		b.Importance = widget.HighImportance
		p.batch = append(p.batch, b)
		row.Add(b)
	}
	row.Add(widget.NewButtonWithIcon("刷新", theme.ViewRefreshIcon(), p.Load))
	p.help = widget.NewButtonWithIcon("", theme.QuestionIcon(), nil)
	p.help.Importance = widget.LowImportance
	p.help.Hide()
	row.Add(p.help)
	return row
}

// Help puts a mark into the head of the list that shows its help.
func (p *ListPage[M]) Help(show func()) {
	p.help.OnTapped = show
	p.help.Show()
}

// Remember sets the list up as the person has left it, and remembers what is changed.
func (p *ListPage[M]) Remember(m *Memory) {
	p.memory = m
	if w := m.widths(p.Model.List.Name, len(p.widths)); w != nil {
		p.widths = w
		p.rescale()
	}
	if n := m.size(p.Model.List.Name); n != 0 {
		p.Model.Resize(n)
		p.size.OnChanged, p.size.Selected = nil, pageSize(n)
		p.size.Refresh()
		p.size.OnChanged = p.resize
	}
}

// Restyle draws the list anew: after text size or colours have changed. Fyne's table keeps the colours of its lines.
func (p *ListPage[M]) Restyle() {
	p.table = p.newTable()
	p.rescale()
	p.body.Objects[0] = p.table
	p.body.Refresh()
}

// rescale gives the columns their widths.
func (p *ListPage[M]) rescale() {
	p.scaled = 0
	p.table.SetColumnWidth(0, checkWidth*scale())
	for i, w := range p.widths {
		p.table.SetColumnWidth(i+1, float32(w)*scale())
	}
	p.table.SetColumnWidth(len(p.widths)+1, p.lastWidth())
	p.scaled = scale()
}

// dragged notes the width that a column has now: Fyne's table lets the line between two heads be dragged, but does not tell.
func (p *ListPage[M]) dragged(column int, width float32) {
	if w := float64(width / scale()); p.scaled == scale() && math.Abs(w-p.widths[column]) > 1 {
		p.widths[column] = w
		p.memory.keepWidths(p.Model.List.Name, p.widths)
	}
}

// checkWidth is the width of the column with the checks; the last column opens the row.
const (
	checkWidth = 34
	openWidth  = 58
)

// scale is how much larger the text is than at 100 %: widths grow with it.
func scale() float32 { return theme.TextSize() / baseText }

const baseText = 13 // of package theme

func (p *ListPage[M]) newTable() *Table {
	cols := p.Model.List.Columns
	var t *Table
	t = newTable(
		func() (int, int) {
			if t != nil && t.Size().Height < 1 {
				return 0, len(cols) + 2 // laid out at zero height it would build a row for everything
			}
			return len(p.Model.Rows), len(cols) + 2
		},
		newCell, p.updateCell)
	t.ShowHeaderRow = true
	t.CreateHeader = func() fyne.CanvasObject {
		b := widget.NewButton("", nil)
		b.Importance = widget.LowImportance
		b.Alignment = widget.ButtonAlignLeading
		return container.New(lineLayout{}, b) // the table's rows are never lower than its head
	}
	t.UpdateHeader = p.updateHeader
	t.StickyColumnCount = 1
	for i, c := range cols {
		if c.Fixed && t.StickyColumnCount == i+1 {
			t.StickyColumnCount++
		}
		if len(p.widths) < len(cols) {
			p.widths = append(p.widths, float64(c.Width))
		}
	}
	t.OnSelected = func(at widget.TableCellID) {
		t.UnselectAll()
		if p.open != nil && at.Row >= 0 && at.Row < len(p.Model.Rows) && at.Col > 0 {
			p.open(p.Model.Rows[at.Row])
		}
	}
	return t
}

// verb is what the link that opens a row says.
func (p *ListPage[M]) verb() string {
	if v := p.Model.List.Verb; v != "" {
		return v
	}
	return "查看"
}

// newCell is a cell of any column. Its height is that of a line of text and a little air, so that a small screen shows many rows.
func newCell() fyne.CanvasObject {
	l := widget.NewLabel("")
	l.Truncation = fyne.TextTruncateEllipsis
	return container.New(lineLayout{}, l, NewCheck("", nil), widget.NewHyperlink("", nil))
}

// lineLayout centres what is in a cell on a line, whatever height it would like to have.
type lineLayout struct{}

// Layout implements fyne.Layout.
func (lineLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		h := o.MinSize().Height
		o.Resize(fyne.NewSize(size.Width, h))
		o.Move(fyne.NewPos(0, (size.Height-h)/2))
	}
}

// MinSize implements fyne.Layout.
func (lineLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(10, theme.TextSize()*2.1)
}

func (p *ListPage[M]) updateCell(at widget.TableCellID, o fyne.CanvasObject) {
	cell := o.(*fyne.Container).Objects
	label, check, link := cell[0].(*widget.Label), cell[1].(*Check), cell[2].(*widget.Hyperlink)
	label.Hide()
	check.Hide()
	link.Hide()
	hideLinks(cell)
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
				p.Toggle(row)
			}
		}
		check.Show()
	case at.Col == len(cols)+1 && len(p.links) > 0:
		p.drawLinks(o.(*fyne.Container), row)
	case at.Col == len(cols)+1 && p.open == nil:
	case at.Col == len(cols)+1:
		link.SetText(p.verb())
		link.OnTapped = func() { p.open(row) }
		link.Show()
	default:
		label.SetText(cols[at.Col-1].Text(row))
		label.Show()
	}
}

func (p *ListPage[M]) updateHeader(at widget.TableCellID, o fyne.CanvasObject) {
	b := o.(*fyne.Container).Objects[0].(*widget.Button)
	cols := p.Model.List.Columns
	switch {
	case at.Col == 0:
		b.SetText("")
		b.SetIcon(theme.CheckButtonIcon())
		if p.Model.AllChosen() {
			b.SetIcon(theme.CheckButtonCheckedIcon())
		}
		b.OnTapped = func() { p.Model.All(); p.draw() }
	case at.Col == len(cols)+1:
		b.SetIcon(nil)
		b.SetText("操作")
		if p.open == nil {
			b.SetText("")
		}
		b.OnTapped = nil
	case at.Col > 0 && at.Col <= len(cols):
		c := cols[at.Col-1]
		p.dragged(at.Col-1, o.Size().Width)
		b.SetIcon(p.sortIcon(c.Key))
		b.SetText(c.Title)
		b.OnTapped = nil
		if c.Key != "" {
			b.OnTapped = func() { p.Model.SortBy(c.Key); p.Load() }
		}
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
		sizes = append(sizes, pageSize(n))
	}
	p.size = widget.NewSelect(sizes, nil)
	p.size.SetSelected(pageSize(p.Model.Query.Size))
	p.size.OnChanged = p.resize
	return container.NewHBox(p.total, layout.NewSpacer(), p.size, p.back, p.forward)
}

func pageSize(n int32) string { return fmt.Sprintf("%d条/页", n) }

func (p *ListPage[M]) resize(chosen string) {
	for _, n := range list.Sizes {
		if pageSize(n) == chosen {
			p.memory.keepSize(p.Model.List.Name, n)
			p.Model.Resize(n)
			p.Load()
		}
	}
}

// Load asks for the rows again; what is shown stays until they are there.
func (p *ListPage[M]) Load() {
	work := p.Model.Begin(context.Background())
	p.draw()
	p.run(func() func() {
		took := work()
		return func() {
			took()
			p.draw()
			if p.Loaded != nil {
				p.Loaded()
			}
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
		title, away := a.Title, a.Away != nil && a.Away()
		if !a.Always {
			title += "（" + strconv.Itoa(n) + "）"
		}
		needsServer(p.batch[i], title, away, a.Always || n > 0)
	}
	p.total.SetText(p.totals(n))
	enable(p.back, m.HasLast())
	enable(p.forward, m.HasNext())
	p.note.Importance = widget.MediumImportance
	if m.Err != nil {
		p.note.Importance = widget.DangerImportance
	}
	p.note.SetText(m.Note())
	p.blank.FillColor = theme.Color(theme.ColorNameBackground)
	p.blank.Hidden = m.Note() == ""
	p.blank.Refresh()
	p.warning.Say(m.Warning(), widget.WarningImportance)
	p.table.Refresh()
}

// totals is the line beside the pager.
func (p *ListPage[M]) totals(chosen int) string {
	m := p.Model
	line := fmt.Sprintf("共 %d 条，第 %d 页", m.Total, m.Page())
	if chosen > 0 {
		line += fmt.Sprintf("，已选 %d 条", chosen)
	}
	if m.Busy {
		line += "　正在加载……"
	}
	return line
}

func enable(b *widget.Button, on bool) {
	if on {
		b.Enable()
	} else {
		b.Disable()
	}
}
