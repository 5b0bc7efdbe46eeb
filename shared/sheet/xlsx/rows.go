package xlsx

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Kind says what is special about a cell.
type Kind byte

// The kinds.
const (
	Plain   Kind = iota
	Formula      // its text is what the program that saved the file had computed
	Failed       // an error value such as #N/A
	Rounded      // a number with more digits than Excel keeps: the last ones are lost
)

// A Cell is one cell as a person sees it: dates as 2026-03-01, percents with their sign, 是 and 否 for truth values.
type Cell struct {
	Text string
	Kind Kind
}

// A Row is one row; it is good until the next one is asked for.
type Row struct {
	Number int // from 1
	Hidden bool
	Cells  []Cell
	Beyond string // the first column beyond MaxColumns that holds something, "" for none
}

// Rows streams the rows that are written in a sheet, empty ones among them. An error ends it; then what was read before does not count.
func (b *Book) Rows(ctx context.Context, s *Sheet) iter.Seq2[*Row, error] {
	return func(yield func(*Row, error) bool) {
		w, err := walk(s.part, maxPart)
		if err != nil {
			yield(nil, said(err, "工作表“%s”无法读取，请用Excel打开并另存后重试", s.Name))
			return
		}
		defer w.close()
		s.Merged = nil
		in := &rows{book: b, sheet: s, w: w}
		for {
			row, err := in.next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, said(err, "工作表在第%d行之后已损坏或不完整，请用Excel打开并另存后重试", in.row.Number))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// rows is a sheet being read.
type rows struct {
	book   *Book
	sheet  *Sheet
	w      *walker
	row    Row
	tags   int
	arrays []area // of array formulas: only their first cell says so
}

type area struct{ fromRow, fromColumn, toRow, toColumn int }

// next reads the next row; io.EOF at the end of the sheet.
func (in *rows) next(ctx context.Context) (*Row, error) {
	for {
		name, start, attrs, err := in.w.next()
		if err != nil {
			return nil, err
		}
		switch {
		case !start:
		case name == "row" && in.inside("sheetData"):
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			return &in.row, in.read(attrs)
		case name == "mergeCell" && len(in.sheet.Merged) < some:
			in.sheet.Merged = append(in.sheet.Merged, attr(attrs, "ref"))
		}
	}
}

// some is how many of a kind are told.
const some = 5

// inside reports whether the element that has just begun stands in one of this name.
func (in *rows) inside(name string) bool {
	n := len(in.w.stack)
	return n >= 2 && in.w.stack[n-2] == name
}

// read reads a row to its end.
func (in *rows) read(attrs []xml.Attr) error {
	number := in.row.Number + 1
	if r := attr(attrs, "r"); r != "" {
		n, err := strconv.Atoi(r)
		if err != nil || n < number {
			return errBroken
		}
		number = n
	}
	if in.tags++; in.tags > maxRowTags {
		return refuse("工作表有超过%d行，请删除末尾的空行或分成几个文件导入", maxRowTags)
	}
	in.row = Row{Number: number, Hidden: on(attrs, "hidden"), Cells: in.row.Cells[:0]}
	column := -1
	for {
		name, start, attrs, err := in.w.next()
		switch {
		case err != nil:
			return err
		case name == "row" && !start:
			return nil
		case name == "c" && start:
			if column++; column >= maxColumns {
				return errBroken
			}
			if err := in.cell(&column, attrs); err != nil {
				return err
			}
		}
	}
}

// cell reads a cell to its end and puts it in its place; column is where it stands if it does not say so.
func (in *rows) cell(column *int, attrs []xml.Attr) error {
	kind, style := attr(attrs, "t"), attr(attrs, "s")
	if r := attr(attrs, "r"); r != "" {
		_, at, ok := position(r)
		if !ok || at < *column {
			return errBroken
		}
		*column = at
	}
	text, formula, err := in.content(*column, kind == "inlineStr")
	if err != nil {
		return err
	}
	c, err := in.book.read(kind, style, text)
	if err != nil {
		return err
	}
	if formula || c.Text != "" && in.array(*column) {
		c.Kind = Formula
	}
	switch {
	case c.Text == "" && c.Kind == Plain:
	case *column >= MaxColumns:
		if in.row.Beyond == "" {
			in.row.Beyond = ColumnName(*column)
		}
	case in.row.Number > MaxRows && strings.TrimSpace(c.Text) != "":
		return refuse("第%d行有内容，超过%d行的上限，请分成几个文件导入", in.row.Number, MaxRows)
	default:
		for len(in.row.Cells) <= *column {
			in.row.Cells = append(in.row.Cells, Cell{})
		}
		in.row.Cells[*column] = c
	}
	return nil
}

// content reads what stands in a cell: its value, or its own text where it is of that type.
func (in *rows) content(column int, own bool) (text string, formula bool, err error) {
	in.w.text = in.w.text[:0]
	sounds := 0
	for {
		name, start, attrs, err := in.w.next()
		if err != nil {
			return "", false, err
		}
		switch {
		case name == "c" && !start:
			in.w.keep = false
			s := unescape(in.w.text)
			if tooLong(s) {
				return "", false, refuse("%s%d单元格内容过长（超过%d字），请缩短后再导入", ColumnName(column), in.row.Number, maxText)
			}
			return s, formula, nil
		case name == "rPh" && start:
			sounds++
		case name == "rPh":
			sounds--
		case name == "v" && !own, name == "t" && own:
			in.w.keep = start && sounds == 0
		case name == "f" && start:
			formula = true
			in.noteArray(attrs)
		}
	}
}

func (in *rows) noteArray(attrs []xml.Attr) {
	from, to, ok := strings.Cut(attr(attrs, "ref"), ":")
	if attr(attrs, "t") != "array" || !ok || len(in.arrays) >= 100 {
		return
	}
	r1, c1, ok1 := position(from)
	r2, c2, ok2 := position(to)
	if ok1 && ok2 {
		in.arrays = append(in.arrays, area{r1, c1, r2, c2})
	}
}

func (in *rows) array(column int) bool {
	for _, a := range in.arrays {
		if n := in.row.Number; n >= a.fromRow && n <= a.toRow && column >= a.fromColumn && column <= a.toColumn {
			return true
		}
	}
	return false
}

// read turns what is written in a cell into what a person sees.
func (b *Book) read(kind, style, s string) (Cell, error) {
	switch kind {
	case "s":
		if s == "" {
			return Cell{}, nil
		}
		i, err := strconv.Atoi(s)
		if err != nil || b.texts == nil {
			return Cell{}, errBroken
		}
		text, err := b.texts.get(i)
		return Cell{Text: text}, err
	case "inlineStr", "str":
		return Cell{Text: s}, nil
	case "b":
		if s == "1" || strings.EqualFold(s, "true") {
			return Cell{Text: "是"}, nil
		}
		return Cell{Text: "否"}, nil
	case "e":
		return Cell{Text: s, Kind: Failed}, nil
	case "d":
		day, clock, _ := strings.Cut(s, "T")
		if len(clock) >= 5 && clock[:5] != "00:00" {
			day += " " + clock[:5]
		}
		return Cell{Text: day}, nil
	}
	return b.number(style, s), nil
}

// exact is the first number that Excel does not keep whole: it has fifteen digits.
const exact = 1e15

func (b *Book) number(style, s string) Cell {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return Cell{Text: s}
	}
	f := plain
	if i, err := strconv.Atoi(style); err == nil && i >= 0 && i < len(b.formats) {
		f = b.formats[i]
	}
	switch f {
	case date:
		if day, ok := b.Date(v); ok {
			return Cell{Text: day}
		}
	case percent:
		return Cell{Text: decimal(math.Round(v*1e12)/1e10) + "%"}
	}
	c := Cell{Text: decimal(v)}
	if math.Abs(v) >= exact {
		c.Kind = Rounded
	}
	return c
}

// decimal writes a number without an exponent, unless it is beyond all reason.
func decimal(v float64) string {
	if math.Abs(v) > 1e30 || v != 0 && math.Abs(v) < 1e-10 {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// Date is the day, and the time unless it is midnight, that a number of days stands for, in the workbook's system (1900 or 1904).
func (b *Book) Date(v float64) (string, bool) {
	const last = 2958466 // the day after 9999-12-31
	if v < 0 || v >= last {
		return "", false
	}
	from := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case b.date1904:
		from = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case v < 60: // Excel's calendar has a 29th of February 1900
		from = from.AddDate(0, 0, 1)
	}
	days, part := math.Modf(v)
	t := from.AddDate(0, 0, int(days)).Add(time.Duration(math.Round(part*24*60)) * time.Minute)
	switch {
	case v < 1 && !b.date1904:
		return t.Format("15:04"), true
	case t.Hour() == 0 && t.Minute() == 0:
		return t.Format(time.DateOnly), true
	}
	return t.Format("2006-01-02 15:04"), true
}

// position reads "B7": row 7, column 1.
func position(ref string) (row, column int, ok bool) {
	ref = strings.ReplaceAll(ref, "$", "")
	i := 0
	for ; i < len(ref) && i < 4 && (ref[i]|0x20) >= 'a' && (ref[i]|0x20) <= 'z'; i++ {
		column = column*26 + int(ref[i]|0x20-'a') + 1
	}
	row, err := strconv.Atoi(ref[i:])
	return row, column - 1, i > 0 && err == nil && row > 0 && column <= maxColumns
}

// ColumnName is the letters of a column, "B" of 1.
func ColumnName(column int) string {
	s := ""
	for n := column + 1; n > 0; n = (n - 1) / 26 {
		s = string(rune('A'+(n-1)%26)) + s
	}
	return s
}
