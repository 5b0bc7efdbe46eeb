package meeting

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
)

// A gridColumn is a column of a grid: its title, its share of the width and whether it holds figures.
type gridColumn struct {
	title   string
	share   float32
	figures bool
}

// A gridCell is what stands in a cell.
type gridCell struct {
	text string
	how  widget.Importance
	bold bool
}

// A grid is a small table that is always as wide as its place: the board has a few dozen rows, and nobody scrolls sideways on it.
type grid struct {
	content *fyne.Container

	columns []gridColumn
	rows    [][]gridCell
	list    *kit.List
	chosen  func(row int)
	none    *widget.Label
}

// newGrid draws a grid without rows; chosen is told the row that is clicked, nil for a grid of which nothing can be chosen.
func newGrid(empty string, chosen func(row int), columns ...gridColumn) *grid {
	g := &grid{content: container.NewStack(), chosen: chosen, none: widget.NewLabel(empty)}
	g.none.Wrapping = fyne.TextWrapBreak
	g.none.Alignment = fyne.TextAlignCenter
	g.draw(columns)
	return g
}

// draw draws the grid with other columns; its rows are to be filled in again.
func (g *grid) draw(columns []gridColumn) {
	g.columns, g.rows = columns, nil
	g.list = kit.NewList(func() int { return len(g.rows) }, g.newRow, g.updateRow)
	g.list.OnSelected = func(i widget.ListItemID) {
		if g.chosen != nil {
			g.chosen(i)
		} else {
			g.list.Unselect(i)
		}
	}
	head := g.newRow().(*fyne.Container)
	for i, c := range g.columns {
		l := head.Objects[i].(*widget.Label)
		l.TextStyle.Bold = true
		l.SetText(c.title)
	}
	ground := canvas.NewRectangle(theme.Color(theme.ColorNameHeaderBackground))
	g.content.Objects = []fyne.CanvasObject{container.NewBorder(container.NewStack(ground, head), nil, nil, nil, container.NewStack(g.list, container.NewVBox(g.none)))}
	g.content.Refresh()
}

// fill shows other rows; the chosen one stays chosen as long as it stands where it stood.
func (g *grid) fill(rows [][]gridCell) {
	g.rows = rows
	if len(rows) == 0 {
		g.none.Show()
	} else {
		g.none.Hide()
	}
	g.list.Refresh()
}

func (g *grid) newRow() fyne.CanvasObject {
	row := container.New(sharesLayout{g})
	for _, c := range g.columns {
		l := widget.NewLabel("")
		l.Truncation = fyne.TextTruncateEllipsis
		if c.figures {
			l.Alignment = fyne.TextAlignTrailing
		}
		row.Add(l)
	}
	return row
}

func (g *grid) updateRow(i widget.ListItemID, o fyne.CanvasObject) {
	if i >= len(g.rows) {
		return
	}
	for c, x := range g.rows[i] {
		if l := o.(*fyne.Container).Objects[c].(*widget.Label); l.Text != x.text || l.Importance != x.how || l.TextStyle.Bold != x.bold {
			l.Text, l.Importance, l.TextStyle.Bold = x.text, x.how, x.bold
			l.Refresh()
		}
	}
}

// sharesLayout sets the cells of a row beside each other by the shares of their columns.
type sharesLayout struct{ g *grid }

// Layout implements fyne.Layout.
func (s sharesLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	whole := float32(0)
	for _, c := range s.g.columns {
		whole += c.share
	}
	x := float32(0)
	for i, o := range objects {
		w := size.Width * s.g.columns[i].share / whole
		h := o.MinSize().Height
		o.Resize(fyne.NewSize(w, h))
		o.Move(fyne.NewPos(x, (size.Height-h)/2))
		x += w
	}
}

// MinSize implements fyne.Layout: a row is lower than a label would like to be, so that many rows can be seen.
func (sharesLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(100, theme.TextSize()*1.85)
}
