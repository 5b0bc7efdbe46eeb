package sheet

import (
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/xuri/excelize/v2"
	"google.golang.org/protobuf/reflect/protoreflect"

	"zhiping/shared/fault"
)

func protoName(s string) protoreflect.Name { return protoreflect.Name(s) }

// The rows of a template before the data.
const (
	titleRow = 1
	notesRow = 2
	headRow  = 3
	dataRow  = 4
)

// listLimit is how long the text of a drop-down may be inside a cell's rule; longer lists stand on a hidden sheet.
const listLimit = 255

type styles struct{ title, notes, head, text, red, reason int }

func newStyles(f *excelize.File) (s styles, err error) {
	make := func(to *int, st *excelize.Style) {
		if err == nil {
			*to, err = f.NewStyle(st)
		}
	}
	border := []excelize.Border{{Type: "left", Color: "BFBFBF", Style: 1}, {Type: "right", Color: "BFBFBF", Style: 1}, {Type: "top", Color: "BFBFBF", Style: 1}, {Type: "bottom", Color: "BFBFBF", Style: 1}}
	text := "@" // format 49: numbers as text
	make(&s.title, &excelize.Style{Font: &excelize.Font{Bold: true, Size: 16}, Alignment: &excelize.Alignment{Horizontal: "center", Vertical: "center"}})
	make(&s.notes, &excelize.Style{Font: &excelize.Font{Color: "7F6000"}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	make(&s.head, &excelize.Style{
		Font: &excelize.Font{Bold: true}, Border: border, Fill: excelize.Fill{Type: "pattern", Color: []string{"DDEBF7"}, Pattern: 1},
		Alignment: &excelize.Alignment{Horizontal: "center", Vertical: "center", WrapText: true},
	})
	make(&s.text, &excelize.Style{CustomNumFmt: &text, Border: border})
	make(&s.red, &excelize.Style{CustomNumFmt: &text, Border: border, Font: &excelize.Font{Color: "C00000"}, Fill: excelize.Fill{Type: "pattern", Color: []string{"FCE4E4"}, Pattern: 1}})
	make(&s.reason, &excelize.Style{Font: &excelize.Font{Color: "C00000"}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	return s, err
}

// Template writes the template: title, notes, heads with a star where required, an example, drop-downs, numbers as text.
func (s *Sheet[M]) Template(w io.Writer) error {
	return s.workbook(w, nil)
}

// Failed writes a workbook of rows that were refused, with the wrong cells and the reasons in red; corrected, it can be imported again.
func (s *Sheet[M]) Failed(w io.Writer, rows []*Row[M]) error {
	return s.workbook(w, rows)
}

// Write writes a filled-in template, for what is kept elsewhere and shall be imported.
func (s *Sheet[M]) Write(w io.Writer, messages iter.Seq[M]) error {
	var rows []*Row[M]
	columns := s.columns()
	for m := range messages {
		r := &Row[M]{Message: m}
		for i := range columns {
			r.Cells = append(r.Cells, columns[i].text(m))
		}
		rows = append(rows, r)
	}
	return s.workbook(w, rows)
}

func (s *Sheet[M]) workbook(w io.Writer, rows []*Row[M]) error {
	f := excelize.NewFile()
	defer f.Close()
	st, err := newStyles(f)
	if err != nil {
		return err
	}
	name := s.Title
	if err := f.SetSheetName("Sheet1", name); err != nil {
		return err
	}
	columns := s.columns()
	if err := s.dropDowns(f, name, columns); err != nil {
		return err
	}
	if err := s.stream(f, name, columns, rows, st); err != nil {
		return err
	}
	_, err = f.WriteTo(w)
	return err
}

func (s *Sheet[M]) stream(f *excelize.File, name string, columns []column[M], rows []*Row[M], st styles) error {
	sw, err := f.NewStreamWriter(name)
	if err != nil {
		return err
	}
	for i, c := range columns {
		if err := sw.SetColWidth(i+1, i+1, width(c.head(), c.Example)); err != nil {
			return err
		}
	}
	if err := sw.SetColWidth(len(columns)+1, len(columns)+1, 50); err != nil {
		return err
	}
	if err := sw.SetPanes(&excelize.Panes{Freeze: true, YSplit: headRow, TopLeftCell: "A4", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	heads := make([]any, 0, len(columns)+1)
	for _, c := range columns {
		heads = append(heads, excelize.Cell{StyleID: st.head, Value: c.head()})
	}
	failed := false
	for _, r := range rows {
		failed = failed || !r.Good()
	}
	if failed {
		heads = append(heads, excelize.Cell{StyleID: st.head, Value: reasonHead})
	}
	notes := strings.Join(s.notes(columns), "\n")
	lines := float64(strings.Count(notes, "\n") + 1)
	write := func(row int, cells []any, opts ...excelize.RowOpts) {
		if err == nil {
			err = sw.SetRow(fmt.Sprintf("A%d", row), cells, opts...)
		}
	}
	write(titleRow, []any{excelize.Cell{StyleID: st.title, Value: s.Title}}, excelize.RowOpts{Height: 30})
	write(notesRow, []any{excelize.Cell{StyleID: st.notes, Value: notes}}, excelize.RowOpts{Height: min(16*lines, 400)})
	write(headRow, heads, excelize.RowOpts{Height: 32})
	at := dataRow
	if rows == nil {
		write(at, s.exampleRow(columns, st))
	}
	for _, r := range rows {
		write(at, r.cells(st))
		at++
	}
	if err != nil {
		return err
	}
	last, err := excelize.ColumnNumberToName(max(len(columns), 2))
	if err != nil {
		return err
	}
	for _, row := range []int{titleRow, notesRow} {
		if err := sw.MergeCell(fmt.Sprintf("A%d", row), fmt.Sprintf("%s%d", last, row)); err != nil {
			return err
		}
	}
	return sw.Flush()
}

// width is a column's width for its head and example, in characters of the default font.
func width(head, example string) float64 {
	n := 0
	for _, s := range []string{head, example} {
		w := 2
		for _, r := range s {
			if w++; r > 0x2e80 {
				w++
			}
		}
		n = max(n, w)
	}
	return float64(min(max(n, 10), 40))
}

func (s *Sheet[M]) notes(columns []column[M]) []string {
	all := append([]string{"填写说明：带*的为必填项；日期按“2026-03-01”填写；请勿修改表头，请勿使用公式。"}, s.Notes...)
	for _, c := range columns {
		if c.Note != "" {
			all = append(all, c.Head+"："+c.Note)
		}
	}
	return all
}

func (s *Sheet[M]) exampleRow(columns []column[M], st styles) []any {
	var cells []any
	for i, c := range columns {
		v := c.Example
		if i == 0 {
			v = exampleMark + v
		}
		cells = append(cells, excelize.Cell{StyleID: st.text, Value: v})
	}
	return cells
}

func (r *Row[M]) cells(st styles) []any {
	wrong := map[int]bool{}
	for _, p := range r.Problems {
		wrong[p.Column] = true
	}
	var cells []any
	for i, v := range r.Cells {
		style := st.text
		if wrong[i] {
			style = st.red
		}
		cells = append(cells, excelize.Cell{StyleID: style, Value: v})
	}
	if !r.Good() {
		cells = append(cells, excelize.Cell{StyleID: st.reason, Value: r.Reasons()})
	}
	return cells
}

// dropDowns adds a drop-down to every column that is chosen from a list; long lists stand on a hidden sheet with the template's mark.
func (s *Sheet[M]) dropDowns(f *excelize.File, name string, columns []column[M]) error {
	if _, err := f.NewSheet(markSheet); err != nil {
		return err
	}
	if err := f.SetCellStr(markSheet, "A1", s.mark()); err != nil {
		return err
	}
	for i, c := range columns {
		if c.info == nil || len(c.info.Choices) == 0 || c.info.Desc.IsList() {
			continue
		}
		col, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return err
		}
		v := excelize.NewDataValidation(true)
		v.Sqref = fmt.Sprintf("%s%d:%s%d", col, dataRow, col, maxRows)
		v.SetError(excelize.DataValidationErrorStyleStop, c.Head, "请从下拉列表中选择")
		if err := s.choices(f, v, c, col); err != nil {
			return err
		}
		if err := f.AddDataValidation(name, v); err != nil {
			return err
		}
	}
	return f.SetSheetVisible(markSheet, false, true)
}

func (s *Sheet[M]) choices(f *excelize.File, v *excelize.DataValidation, c column[M], col string) error {
	var labels []string
	for _, x := range c.info.Choices {
		labels = append(labels, x.Label)
	}
	if len([]rune(strings.Join(labels, ","))) < listLimit && !strings.Contains(strings.Join(labels, ""), ",") {
		return v.SetDropList(labels)
	}
	for j, l := range labels {
		if err := f.SetCellStr(markSheet, fmt.Sprintf("%s%d", col, j+2), l); err != nil {
			return err
		}
	}
	v.SetSqrefDropList(fmt.Sprintf("%s!$%s$2:$%s$%d", markSheet, col, col, len(labels)+1))
	return nil
}

// An Export is a list as a workbook: what it shows, for which unit, on which day and under which filter stands in its head.
type Export struct {
	Title string
	Head  []string // lines under the title
	Heads []string
}

// Write writes the rows; a text that begins with "=" stays text.
func (e *Export) Write(w io.Writer, rows iter.Seq[[]string]) error {
	f := excelize.NewFile()
	defer f.Close()
	st, err := newStyles(f)
	if err != nil {
		return err
	}
	if err := f.SetSheetName("Sheet1", e.Title); err != nil {
		return fault.New(fault.Invalid, "表名“%s”过长或含有不允许的字符", e.Title)
	}
	sw, err := f.NewStreamWriter(e.Title)
	if err != nil {
		return err
	}
	at := 1
	put := func(style int, values ...string) {
		if err != nil {
			return
		}
		cells := make([]any, len(values))
		for i, v := range values {
			cells[i] = excelize.Cell{StyleID: style, Value: v}
		}
		err = sw.SetRow(fmt.Sprintf("A%d", at), cells)
		at++
	}
	for i, h := range e.Heads {
		if err := sw.SetColWidth(i+1, i+1, width(h, "0123456789")); err != nil {
			return err
		}
	}
	put(st.title, e.Title)
	for _, line := range e.Head {
		put(st.notes, line)
	}
	put(st.head, e.Heads...)
	for r := range rows {
		put(st.text, r...)
	}
	if err != nil {
		return err
	}
	if err := sw.Flush(); err != nil {
		return err
	}
	_, err = f.WriteTo(w)
	return err
}
