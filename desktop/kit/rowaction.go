package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// A RowAction is a link in the last column of a list.
type RowAction[M any] struct {
	Title string
	When  func(M) bool // whether a row has it; nil is always
	Run   func(M)
}

// RowActions puts links into the last column in place of 查看. A row that is tapped opens as before.
func (p *ListPage[M]) RowActions(actions ...RowAction[M]) {
	p.links = actions
	p.rescale()
	p.table.Refresh()
}

// lastWidth is the width of the last column, as wide as its links.
func (p *ListPage[M]) lastWidth() float32 {
	box := container.NewHBox()
	for _, a := range p.links {
		box.Add(widget.NewHyperlink(a.Title, nil))
	}
	if len(p.links) == 0 {
		box.Add(widget.NewHyperlink(p.verb(), nil))
	}
	return max(openWidth*scale(), box.MinSize().Width)
}

// aCell is how many objects every cell has; a cell of the last column gets the box of its links behind them when it first needs one.
const aCell = 3

func hideLinks(cell []fyne.CanvasObject) {
	for _, o := range cell[aCell:] {
		o.Hide()
	}
}

func (p *ListPage[M]) drawLinks(cell *fyne.Container, row M) {
	if len(cell.Objects) == aCell {
		cell.Add(container.NewHBox())
	}
	box := cell.Objects[aCell].(*fyne.Container)
	for len(box.Objects) < len(p.links) {
		box.Add(widget.NewHyperlink("", nil))
	}
	for i, a := range p.links {
		link := box.Objects[i].(*widget.Hyperlink)
		if a.When != nil && !a.When(row) {
			link.Hide()
			continue
		}
		link.OnTapped = func() { a.Run(row) }
		link.SetText(a.Title)
		link.Show()
	}
	box.Show()
	box.Refresh()
	cell.Refresh()
}
