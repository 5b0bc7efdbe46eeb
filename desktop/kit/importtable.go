package kit

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/shared/field"
	"zhiping/shared/sheet"
)

// The widths of columns: the row's number in the workbook, what can be done, the reasons, a cell.
const (
	numberWidth = 60
	deleteWidth = 52
	reasonWidth = 330
	signWidth   = 8 // of one character of a cell
)

// headed makes a table of rows with a head; at zero height it has no rows, else it would build one for each.
func headed(heads []string, rows func() int, create func() fyne.CanvasObject, update func(widget.TableCellID, fyne.CanvasObject)) *Table {
	var t *Table
	t = newTable(func() (int, int) {
		if t != nil && t.Size().Height < 1 {
			return 0, len(heads)
		}
		return rows(), len(heads)
	}, create, update)
	t.ShowHeaderRow = true
	t.CreateHeader = func() fyne.CanvasObject {
		l := newLine()
		l.TextStyle.Bold = true
		return container.New(lineLayout{}, l)
	}
	t.UpdateHeader = func(at widget.TableCellID, o fyne.CanvasObject) {
		o.(*fyne.Container).Objects[0].(*widget.Label).SetText(heads[at.Col])
	}
	t.SetColumnWidth(0, numberWidth*scale())
	t.StickyColumnCount = 1
	return t
}

// newLine is a text that ends with three dots where it is too long.
func newLine() *widget.Label {
	l := widget.NewLabel("")
	l.Truncation = fyne.TextTruncateEllipsis
	return l
}

// goodTable shows the rows that can be imported.
func (p *ImportPage[M]) goodTable() *Table {
	t := headed(append([]string{"行号"}, headsOf(p.sheet)...), func() int { good, _ := p.counts(); return good },
		func() fyne.CanvasObject { return container.New(lineLayout{}, newLine()) },
		func(at widget.TableCellID, o fyne.CanvasObject) {
			l, r := o.(*fyne.Container).Objects[0].(*widget.Label), p.Batch.Good(at.Row)
			if at.Col == 0 {
				l.SetText(strconv.Itoa(r.Number))
			} else {
				l.SetText(cellOf(r, at.Col-1))
			}
		})
	t.OnSelected = func(widget.TableCellID) { t.UnselectAll() }
	p.widths(t, 1)
	return t
}

// widths makes the columns of the sheet, which begin at one of the table, as wide as what they hold.
func (p *ImportPage[M]) widths(t *Table, from int) {
	for i, w := range p.sheet.Widths() {
		t.SetColumnWidth(from+i, float32(w)*signWidth*scale())
	}
}

// wrong reports whether the cell of a column is one that something is wrong with; a problem of the whole row is of no cell.
func wrong[M proto.Message](r *sheet.Row[M], column int) bool {
	for _, p := range r.Problems {
		if p.Column == column {
			return true
		}
	}
	return false
}

func cellOf[M proto.Message](r *sheet.Row[M], column int) string {
	if column < len(r.Cells) {
		return r.Cells[column]
	}
	return ""
}

// headsOf are the heads of a sheet's columns.
func headsOf[M proto.Message](s *sheet.Sheet[M]) []string {
	var all []string
	m := s.New()
	for _, c := range s.Columns {
		head := c.Head
		if head == "" && c.Field != "" {
			head = field.Named(m, c.Field)[0].GetLabel()
		}
		all = append(all, head)
	}
	return all
}
