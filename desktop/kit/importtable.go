package kit

import (
	"fmt"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/shared/field"
	"zhiping/shared/sheet"
)

// The columns before those of the sheet: the row's number in the workbook and, where there are any, the reasons.
const (
	numberWidth = 60
	reasonWidth = 360
	cellWidth   = 130
)

// table shows rows of a workbook; wrong cells are red, and their reasons stand in front, where they are seen first.
func (p *ImportPage[M]) table(rows func() []*sheet.Row[M], reasons bool) *widget.Table {
	heads := []string{"行号"}
	if reasons {
		heads = append(heads, "原因")
	}
	before := len(heads)
	heads = append(heads, headsOf(p.sheet)...)
	var t *widget.Table
	t = widget.NewTable(
		func() (int, int) {
			if t != nil && t.Size().Height < 1 {
				return 0, len(heads)
			}
			return len(rows()), len(heads)
		},
		func() fyne.CanvasObject {
			l := widget.NewLabel("")
			l.Truncation = fyne.TextTruncateEllipsis
			return container.New(lineLayout{}, l)
		},
		func(at widget.TableCellID, o fyne.CanvasObject) {
			l, r := o.(*fyne.Container).Objects[0].(*widget.Label), rows()[at.Row]
			l.Importance = widget.MediumImportance
			switch c := at.Col - before; {
			case at.Col == 0:
				l.SetText(strconv.Itoa(r.Number))
			case c < 0:
				l.Importance = widget.DangerImportance
				l.SetText(r.Reasons())
			default:
				if wrong(r, c) {
					l.Importance = widget.DangerImportance
				}
				l.SetText(cellOf(r, c))
			}
		})
	t.ShowHeaderRow = true
	t.CreateHeader = func() fyne.CanvasObject {
		l := widget.NewLabel("")
		l.TextStyle.Bold = true
		l.Truncation = fyne.TextTruncateEllipsis
		return container.New(lineLayout{}, l)
	}
	t.UpdateHeader = func(at widget.TableCellID, o fyne.CanvasObject) {
		o.(*fyne.Container).Objects[0].(*widget.Label).SetText(heads[at.Col])
	}
	t.OnSelected = func(at widget.TableCellID) {
		t.UnselectAll()
		if all := rows(); reasons && at.Row >= 0 && at.Row < len(all) { // the column is too narrow for many reasons
			p.banner.Say(fmt.Sprintf("第 %d 行：%s", all[at.Row].Number, all[at.Row].Reasons()), widget.WarningImportance)
		}
	}
	for i := range heads {
		t.SetColumnWidth(i, cellWidth*scale())
	}
	t.SetColumnWidth(0, numberWidth*scale())
	if reasons {
		t.SetColumnWidth(1, reasonWidth*scale())
	}
	t.StickyColumnCount = 1
	return t
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
