package sheet

import (
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"zhiping/shared/sheet/xlsx"
)

func protoName(s string) protoreflect.Name { return protoreflect.Name(s) }

// The rows of a template before the data.
const (
	titleRow = 1
	notesRow = 2
	headRow  = 3
	dataRow  = 4
)

// dataHeight is the height of a row of data, in points.
const dataHeight = 18

// reasonWidth is the width of the column of reasons.
const reasonWidth = 60

// guideSheet is the sheet of a template that explains its columns; reading passes over it.
const guideSheet = "填写说明"

// Template writes the template: title, notes, heads with a star where required, an example, drop-downs, numbers as text, an explanation of
// every column on a sheet of its own.
func (s *Sheet[M]) Template(w io.Writer) error {
	return s.workbook(w, nil, false)
}

// Failed writes a workbook of rows that were refused, with the wrong cells and the reasons in red; corrected, it can be imported again.
func (s *Sheet[M]) Failed(w io.Writer, rows iter.Seq[*Row[M]]) error {
	return s.workbook(w, rows, true)
}

// Write writes a template with rows filled in. Where columns are keys they are locked, and only the others can be filled in; elsewhere it is for
// what is kept otherwise and shall be imported.
func (s *Sheet[M]) Write(w io.Writer, messages iter.Seq[M]) error {
	columns := s.columns()
	return s.workbook(w, func(yield func(*Row[M]) bool) {
		for m := range messages {
			r := &Row[M]{Message: m, Cells: make([]string, len(columns))}
			for i := range columns {
				r.Cells[i] = columns[i].text(m)
			}
			if !yield(r) {
				return
			}
		}
	}, false)
}

func (s *Sheet[M]) workbook(w io.Writer, rows iter.Seq[*Row[M]], reasons bool) error {
	f := excelize.NewFile()
	defer f.Close()
	st, err := newStyles(f)
	if err != nil {
		return err
	}
	if err := f.SetSheetName("Sheet1", s.Title); err != nil {
		return err
	}
	columns := s.columns()
	page := &filling[M]{sheet: s, f: f, columns: columns, st: st, reasons: reasons}
	for _, step := range []func() error{page.guide, page.dropDowns, page.setUp, page.protect} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := page.stream(rows); err != nil {
		return err
	}
	_, err = f.WriteTo(w)
	return err
}

// filling is a template being written.
type filling[M proto.Message] struct {
	sheet   *Sheet[M]
	f       *excelize.File
	columns []column[M]
	st      styles
	reasons bool // in a column after the others
}

func (p *filling[M]) keyed() bool {
	return slices.ContainsFunc(p.columns, func(c column[M]) bool { return c.Key })
}

func (p *filling[M]) setUp() error {
	total := 0.0
	for i := range p.columns {
		total += p.columns[i].width()
	}
	return printed(p.f, p.sheet.Title, headRow, total)
}

// legible is how many characters across a page of A4 people can still read.
const legible = 220

// printed sets a sheet up for A4 paper: across, as wide as the paper, or as several pages where it would become too small, with the head on
// every page.
func printed(f *excelize.File, name string, head int, total float64) error {
	landscape, a4, wide, high := "landscape", 9, int(math.Ceil(total/legible)), 0
	if err := f.SetPageLayout(name, &excelize.PageLayoutOptions{Orientation: &landscape, Size: &a4, FitToWidth: &wide, FitToHeight: &high}); err != nil {
		return err
	}
	fit := true
	if err := f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return err
	}
	if err := f.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddFooter: "&C第 &P 页，共 &N 页"}); err != nil {
		return err
	}
	return f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: fmt.Sprintf("'%s'!$%d:$%d", name, head, head), Scope: name})
}

// protect locks the cells of key columns. There is no password: it guards against a slip of the hand.
func (p *filling[M]) protect() error {
	if !p.keyed() {
		return nil
	}
	return p.f.ProtectSheet(p.sheet.Title, &excelize.SheetProtectionOptions{
		FormatCells: true, FormatColumns: true, FormatRows: true, AutoFilter: true, Sort: true, SelectLockedCells: true, SelectUnlockedCells: true,
	})
}

func (p *filling[M]) stream(rows iter.Seq[*Row[M]]) error {
	sw, err := p.f.NewStreamWriter(p.sheet.Title)
	if err != nil {
		return err
	}
	out := &lines{sw: sw}
	for i := range p.columns {
		out.width(i+1, p.columns[i].width())
		out.err = firstError(out.err, func() error { return sw.SetColStyle(i+1, i+1, p.st.bare) })
	}
	if p.reasons {
		out.width(len(p.columns)+1, reasonWidth)
	}
	out.freeze(headRow, p.fixed())
	out.row(30, p.st.title, p.sheet.Title)
	out.across(p.st.notes, strings.Join(p.sheet.notes(p.keyed()), "\n"))
	heads := p.sheet.Heads()
	if p.reasons {
		heads = append(heads, reasonHead)
	}
	out.row(32, p.st.head, heads...)
	if rows == nil {
		out.cells(dataHeight, p.example())
	} else {
		for r := range rows {
			out.cells(p.height(r), p.cells(r))
		}
	}
	out.merge(titleRow, max(len(heads), 2))
	out.merge(notesRow, max(len(heads), 2))
	return out.flush()
}

// fixed is how many columns stay when the sheet is scrolled sideways: the keys, else the first.
func (p *filling[M]) fixed() int {
	n := 0
	for n < len(p.columns) && p.columns[n].Key {
		n++
	}
	return max(n, 1)
}

// width is a column's width for what it will hold, in characters of the default font.
func (c *column[M]) width() float64 {
	all := append([]string{c.head(), c.Example}, c.choices()...)
	return widthOf(all...)
}

// widthOf is the width of the widest of some texts, within reason. A Han character takes the room of two others.
func widthOf(texts ...string) float64 {
	w := 10.0
	for _, s := range texts {
		w = max(w, runWidth(s)+2)
	}
	return min(w, 36)
}

// runWidth is how much room a text takes in one line.
func runWidth(s string) (n float64) {
	for _, r := range s {
		if n++; r >= 0x2e80 || r >= 0x2010 && r <= 0x203b {
			n++
		}
	}
	return n
}

func (s *Sheet[M]) notes(keyed bool) []string {
	first := "填写说明：带*的为必填项；日期按“2026-03-01”填写；请勿修改表头，请勿使用公式。各列的说明见工作表“" + guideSheet + "”。"
	if keyed {
		first = "填写说明：灰色的列由系统填好，不能修改；带*的为必填项；日期按“2026-03-01”填写；请勿使用公式。各列的说明见工作表“" + guideSheet + "”。"
	}
	return append([]string{first}, s.Notes...)
}

func (p *filling[M]) example() []any {
	var cells []any
	for i, c := range p.columns {
		v := c.Example
		if i == 0 {
			v = exampleMark + v
		}
		cells = append(cells, excelize.Cell{StyleID: p.st.example, Value: v})
	}
	return cells
}

// height is that of a row of data: as high as its reasons need.
func (p *filling[M]) height(r *Row[M]) float64 {
	if !p.reasons {
		return dataHeight
	}
	return max(dataHeight, height([]float64{reasonWidth}, r.Reasons()))
}

func (p *filling[M]) cells(r *Row[M]) []any {
	wrong := map[int]bool{}
	for _, x := range r.Problems {
		wrong[x.Column] = true
	}
	var cells []any
	for i, v := range r.Cells {
		style := p.st.text
		switch {
		case wrong[i]:
			style = p.st.red
		case p.columns[i].Key:
			style = p.st.key
		}
		cells = append(cells, excelize.Cell{StyleID: style, Value: v})
	}
	if p.reasons {
		cells = append(cells, excelize.Cell{StyleID: p.st.reason, Value: r.Reasons()})
	}
	return cells
}

// guide writes the sheet that explains the columns.
func (p *filling[M]) guide() error {
	if _, err := p.f.NewSheet(guideSheet); err != nil {
		return err
	}
	if err := printed(p.f, guideSheet, 1, legible); err != nil {
		return err
	}
	sw, err := p.f.NewStreamWriter(guideSheet)
	if err != nil {
		return err
	}
	out := &lines{sw: sw}
	widths := []float64{20, 8, 40, 64}
	for i, w := range widths {
		out.width(i+1, w)
	}
	out.freeze(1, 0)
	out.row(24, p.st.head, "列", "必填", "说明", "可填的值")
	for i := range p.columns {
		c := &p.columns[i]
		required := ""
		if c.info != nil && c.info.Required {
			required = "是"
		}
		line := []string{c.Head, required, c.explained(), c.offered()}
		out.row(height(widths, line...), p.st.wrapped, line...)
	}
	return out.flush()
}

// explained says what a column wants.
func (c *column[M]) explained() string {
	var all []string
	if c.Note != "" {
		all = append(all, c.Note)
	}
	if c.Key {
		all = append(all, "由系统填好，不能修改")
	}
	if c.info != nil && c.info.Max > 0 && len(c.choices()) == 0 {
		all = append(all, fmt.Sprintf("最多%d个字", c.info.Max))
	}
	return strings.Join(all, "；")
}

// offered are the values of a column for the guide; a long list is left to its drop-down.
func (c *column[M]) offered() string {
	all := c.choices()
	const few = 30
	if len(all) > few {
		return strings.Join(all[:few], "、") + fmt.Sprintf("等%d个，见下拉列表", len(all))
	}
	return strings.Join(all, "、")
}

// choices are what a column is chosen from, nil for free text.
func (c *column[M]) choices() []string {
	if c.info == nil || len(c.Choices) > 0 {
		return c.Choices
	}
	var all []string
	for _, x := range c.info.Choices {
		all = append(all, x.Label)
	}
	if c.info.Desc.Kind() == protoreflect.BoolKind {
		all = []string{"是", "否"}
	}
	return all
}

// dropDowns adds a drop-down to every column that is chosen from a list; long lists stand on a hidden sheet with the template's mark.
func (p *filling[M]) dropDowns() error {
	if _, err := p.f.NewSheet(markSheet); err != nil {
		return err
	}
	if err := p.f.SetCellStr(markSheet, "A1", p.sheet.mark()); err != nil {
		return err
	}
	for i := range p.columns {
		c := &p.columns[i]
		labels := c.choices()
		if len(labels) == 0 || c.Key || c.info != nil && c.info.Desc.IsList() {
			continue
		}
		col := xlsx.ColumnName(i)
		v := excelize.NewDataValidation(true)
		v.Sqref = fmt.Sprintf("%s%d:%s%d", col, dataRow, col, xlsx.MaxRows)
		v.SetError(excelize.DataValidationErrorStyleStop, clipped(c.Head, 32), "请从下拉列表中选择")
		if err := p.list(v, labels, col); err != nil {
			return err
		}
		if err := p.f.AddDataValidation(p.sheet.Title, v); err != nil {
			return err
		}
	}
	return p.f.SetSheetVisible(markSheet, false, true)
}

// listLimit is how long the text of a drop-down may be inside a cell's rule; longer lists stand on a hidden sheet.
const listLimit = 255

func (p *filling[M]) list(v *excelize.DataValidation, labels []string, col string) error {
	if len([]rune(strings.Join(labels, ","))) < listLimit && !strings.Contains(strings.Join(labels, ""), ",") {
		return v.SetDropList(labels)
	}
	for j, l := range labels {
		if err := p.f.SetCellStr(markSheet, fmt.Sprintf("%s%d", col, j+2), l); err != nil {
			return err
		}
	}
	v.SetSqrefDropList(fmt.Sprintf("%s!$%s$2:$%s$%d", markSheet, col, col, len(labels)+1))
	return nil
}
