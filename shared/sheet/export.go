package sheet

import (
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"zhiping/shared/fault"
)

// An ExportColumn is one column of an export; a Width of 0 follows the title.
type ExportColumn[M any] struct {
	Title string
	Width float64 // in characters
	Text  func(M) string
}

// An Export is a list as a workbook. Who it is of, when it was made, under which filter and how many rows it has stand above the head.
type Export[M any] struct {
	Title   string
	Unit    string
	At      string // as people read it
	Filter  string // in words, "" for none
	Total   int    // how many rows there are; another number at the end is an error
	Columns []ExportColumn[M]
}

// Write writes the rows as they come, in memory that does not grow with them; said hears how many are written. Every text stays a text: one that
// begins with "=" is no formula. An export that is not complete is a fault.
func (e *Export[M]) Write(w io.Writer, rows iter.Seq2[M, error], said func(n int)) error {
	f := excelize.NewFile()
	defer f.Close()
	st, err := newStyles(f)
	if err != nil {
		return err
	}
	name := sheetName(e.Title)
	if err := f.SetSheetName("Sheet1", name); err != nil {
		return err
	}
	const head = 3
	if err := printed(f, name, head, e.total()); err != nil {
		return err
	}
	sw, err := f.NewStreamWriter(name)
	if err != nil {
		return err
	}
	out := &lines{sw: sw}
	e.begin(out, st, head)
	n := 0
	for r, err := range rows {
		if err != nil {
			return err
		}
		n++
		cells := make([]any, 0, len(e.Columns)+1)
		cells = append(cells, excelize.Cell{StyleID: st.text, Value: n})
		for _, c := range e.Columns {
			cells = append(cells, excelize.Cell{StyleID: st.text, Value: c.Text(r)})
		}
		if out.cells(dataHeight, cells); out.err != nil {
			return out.err
		}
		said(n)
	}
	if n != e.Total {
		return fault.New(fault.State, "导出时名单有变化（应有%d行，实得%d行），请刷新后重新导出", e.Total, n)
	}
	for row := 1; row < head; row++ {
		out.merge(row, len(e.Columns)+1)
	}
	if err := out.flush(); err != nil {
		return err
	}
	_, err = f.WriteTo(w)
	return err
}

func (c *ExportColumn[M]) width() float64 {
	if c.Width > 0 {
		return c.Width
	}
	return widthOf(c.Title)
}

func (e *Export[M]) total() (w float64) {
	for i := range e.Columns {
		w += e.Columns[i].width()
	}
	return w
}

// begin writes what stands above the rows.
func (e *Export[M]) begin(out *lines, st styles, head int) {
	out.width(1, 7)
	heads := []string{"序号"}
	for i, c := range e.Columns {
		out.width(i+2, c.width())
		heads = append(heads, c.Title)
	}
	out.freeze(head, min(2, len(heads)))
	out.row(30, st.title, e.Title)
	line := []string{"单位：" + e.Unit, "导出时间：" + e.At, "共" + strconv.Itoa(e.Total) + "行"}
	if e.Filter != "" {
		line = append(line, "条件："+e.Filter)
	}
	out.across(st.notes, strings.Join(line, "　"))
	out.row(28, st.head, heads...)
}

// sheetName is a title as a worksheet can be named: 31 characters, some signs not among them.
func sheetName(s string) string {
	s = strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\`, r) {
			return '-'
		}
		return r
	}, s), "'")
	if s == "" {
		return "名单"
	}
	return clipped(s, 31)
}
