package sheet

import (
	"fmt"
	"math"
	"strings"

	"github.com/xuri/excelize/v2"

	"zhiping/shared/sheet/xlsx"
)

type styles struct{ title, notes, head, text, bare, example, key, red, reason, wrapped int }

// newStyles makes the formats of a workbook, in the script of official documents.
func newStyles(f *excelize.File) (s styles, err error) {
	if err := f.SetDefaultFont("宋体"); err != nil {
		return s, err
	}
	add := func(to *int, st *excelize.Style) {
		if err == nil {
			*to, err = f.NewStyle(st)
		}
	}
	var border []excelize.Border
	for _, side := range []string{"left", "right", "top", "bottom"} {
		border = append(border, excelize.Border{Type: side, Color: "BFBFBF", Style: 1})
	}
	fill := func(color string) excelize.Fill {
		return excelize.Fill{Type: "pattern", Color: []string{color}, Pattern: 1}
	}
	text := "@" // format 49: numbers as text
	open := &excelize.Protection{Locked: false}
	top, middle := &excelize.Alignment{WrapText: true, Vertical: "top"}, &excelize.Alignment{Vertical: "center"}
	add(&s.title, &excelize.Style{Font: &excelize.Font{Bold: true, Size: 16}, Alignment: &excelize.Alignment{Horizontal: "left", Vertical: "center"}})
	add(&s.notes, &excelize.Style{Font: &excelize.Font{Color: "7F6000"}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"}})
	add(&s.head, &excelize.Style{
		Font: &excelize.Font{Bold: true}, Border: border, Fill: fill("DDEBF7"), Alignment: &excelize.Alignment{Horizontal: "center", Vertical: "center", WrapText: true},
	})
	add(&s.text, &excelize.Style{CustomNumFmt: &text, Alignment: middle, Border: border, Protection: open})
	add(&s.bare, &excelize.Style{CustomNumFmt: &text, Alignment: middle, Protection: open})
	add(&s.example, &excelize.Style{CustomNumFmt: &text, Alignment: middle, Border: border, Font: &excelize.Font{Italic: true, Color: "7F7F7F"}})
	add(&s.key, &excelize.Style{CustomNumFmt: &text, Alignment: middle, Border: border, Fill: fill("EDEDED"), Protection: &excelize.Protection{Locked: true}})
	add(&s.red, &excelize.Style{CustomNumFmt: &text, Alignment: middle, Border: border, Font: &excelize.Font{Color: "C00000"}, Fill: fill("FCE4E4"), Protection: open})
	add(&s.reason, &excelize.Style{Border: border, Font: &excelize.Font{Color: "C00000"}, Alignment: top})
	add(&s.wrapped, &excelize.Style{CustomNumFmt: &text, Border: border, Alignment: top})
	return s, err
}

// lines writes a sheet from the top down and keeps the first error.
type lines struct {
	sw    *excelize.StreamWriter
	at    int     // the last row
	total float64 // how wide the columns are together
	err   error
}

func firstError(err error, fn func() error) error {
	if err != nil {
		return err
	}
	return fn()
}

func (l *lines) width(column int, w float64) {
	l.total += w
	l.err = firstError(l.err, func() error { return l.sw.SetColWidth(column, column, w) })
}

// freeze keeps rows and columns in sight.
func (l *lines) freeze(rows, columns int) {
	p := &excelize.Panes{Freeze: true, YSplit: rows, XSplit: columns, TopLeftCell: fmt.Sprintf("%s%d", xlsx.ColumnName(columns), rows+1), ActivePane: "bottomLeft"}
	if columns > 0 {
		p.ActivePane = "bottomRight"
	}
	l.err = firstError(l.err, func() error { return l.sw.SetPanes(p) })
}

// row writes texts in one style; a height of 0 is the program's own.
func (l *lines) row(height float64, style int, values ...string) {
	cells := make([]any, len(values))
	for i, v := range values {
		cells[i] = excelize.Cell{StyleID: style, Value: v}
	}
	l.cells(height, cells)
}

func (l *lines) cells(height float64, cells []any) {
	l.at++
	var opts []excelize.RowOpts
	if height > 0 {
		opts = append(opts, excelize.RowOpts{Height: height})
	}
	l.err = firstError(l.err, func() error { return l.sw.SetRow(fmt.Sprintf("A%d", l.at), cells, opts...) })
}

// height is how high a row must be for texts that are wrapped in columns of these widths, in points.
func height(widths []float64, texts ...string) float64 {
	lines := 1.0
	for i, s := range texts {
		n := 0.0
		for line := range strings.SplitSeq(s, "\n") {
			n += max(1, math.Ceil(runWidth(line)/(widths[i]-2)))
		}
		lines = max(lines, n)
	}
	return 4 + 15*lines
}

// across writes a text over all columns, as high as it needs.
func (l *lines) across(style int, text string) { l.row(height([]float64{l.total}, text), style, text) }

// merge makes one cell of the first cells of a row.
func (l *lines) merge(row, columns int) {
	l.err = firstError(l.err, func() error {
		return l.sw.MergeCell(fmt.Sprintf("A%d", row), fmt.Sprintf("%s%d", xlsx.ColumnName(columns-1), row))
	})
}

func (l *lines) flush() error { return firstError(l.err, l.sw.Flush) }

// clipped is a text of n characters at most.
func clipped(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
