package sheet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/fault"
	"zhiping/shared/field"
	"zhiping/shared/idnum"
	"zhiping/shared/sheet/xlsx"
)

// A Row is one row that was read.
type Row[M proto.Message] struct {
	ID       string // of the record that it becomes, given once by who keeps it
	Number   int    // in the workbook, from 1
	Message  M
	Cells    []string // as they stand, in the order of the sheet's columns
	Problems []CellProblem
	// Spoilt are the Problems that are of the workbook and not of the text: a formula, an error value, a number that Excel has rounded. They
	// are gone once the cell is typed anew.
	Spoilt []CellProblem
}

// A CellProblem is what is wrong with one cell.
type CellProblem struct {
	Column int // of the sheet's columns; -1 is the whole row
	Text   string
}

// Good reports whether nothing is wrong with the row.
func (r *Row[M]) Good() bool { return len(r.Problems) == 0 }

// Reasons says all that is wrong.
func (r *Row[M]) Reasons() string {
	var all []string
	for _, p := range r.Problems {
		all = append(all, p.Text)
	}
	return strings.Join(all, "；")
}

// Add notes a problem that was found later, by the server.
func (r *Row[M]) Add(text string) { r.Problems = append(r.Problems, CellProblem{-1, text}) }

// Parse makes a row of its cells, as reading does: for what was kept, and for what is typed in place.
func (s *Sheet[M]) Parse(number int, cells []string, spoilt ...CellProblem) *Row[M] {
	row := &Row[M]{Number: number, Message: s.New(), Cells: cells, Spoilt: spoilt}
	s.fill(s.columns(), row)
	return row
}

// Edit returns the row with another text in one cell, checked again; what the server had said of the row is forgotten.
func (s *Sheet[M]) Edit(row *Row[M], column int, text string) *Row[M] {
	cells := slices.Clone(row.Cells)
	cells[column] = tidy(text)
	spoilt := slices.DeleteFunc(slices.Clone(row.Spoilt), func(p CellProblem) bool { return p.Column == column })
	out := s.Parse(row.Number, cells, spoilt...)
	out.ID = row.ID
	return out
}

// A Reading is a workbook that is being read.
type Reading[M proto.Message] struct {
	sheet   *Sheet[M]
	book    *xlsx.Book
	page    *xlsx.Sheet
	columns []column[M]
	place   []int // of each column in the workbook, -1 for one that an older template did not have
	ctx     context.Context
	rows    func() (*xlsx.Row, error, bool)
	stop    func()
	again   *xlsx.Row // read while the head was looked for, and still to be read as data
	told    told
}

// told is what a clerk should know although it is no mistake.
type told struct {
	notes   []string
	hidden  int // rows
	totals  []int
	outside int // cells under no head
	first   string
	headRow int   // the last row of the head
	passed  []int // columns that are passed over: reasons, and what older templates had
}

// Read streams the rows of a workbook that was made from the template; every mistake of every row is in its Problems. The error is one of
// the whole file, a fault; what was read before it does not count. Empty rows are passed over.
func (s *Sheet[M]) Read(ctx context.Context, r io.ReaderAt, size int64) iter.Seq2[*Row[M], error] {
	return func(yield func(*Row[M], error) bool) {
		in, err := s.Open(ctx, r, size)
		if err != nil {
			yield(nil, err)
			return
		}
		defer in.Close()
		for row, err := range in.Rows() {
			if !yield(row, err) {
				return
			}
		}
	}
}

// Open opens a workbook and finds the sheet and its head: the one named as the template is, else the first one shown that has the head.
func (s *Sheet[M]) Open(ctx context.Context, r io.ReaderAt, size int64) (*Reading[M], error) {
	book, err := xlsx.Open(r, size)
	if err != nil {
		return nil, err
	}
	in := &Reading[M]{sheet: s, book: book, columns: s.columns(), ctx: ctx, stop: func() {}}
	if err := in.open(); err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return in, nil
}

// Close forgets the workbook.
func (in *Reading[M]) Close() error {
	in.stop()
	return in.book.Close()
}

func (in *Reading[M]) open() error {
	version, err := in.version()
	if err != nil {
		return err
	}
	var first error
	for _, page := range in.pages() {
		in.stop()
		next, stop := iter.Pull2(in.book.Rows(in.ctx, page))
		in.rows, in.stop, in.page, in.again = next, stop, page, nil
		err := in.findHead(version)
		if err == nil {
			in.others()
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// pages are the sheets to look for the head in, in this order.
func (in *Reading[M]) pages() []*xlsx.Sheet {
	var all []*xlsx.Sheet
	for _, p := range in.book.Sheets {
		if p.Name == in.sheet.Title {
			return []*xlsx.Sheet{p}
		}
		if !p.Hidden && p.Name != markSheet && p.Name != guideSheet {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return in.book.Sheets[:1]
	}
	return all
}

// others tells which further sheets hold something: it is not read.
func (in *Reading[M]) others() {
	for _, p := range in.book.Sheets {
		if p == in.page || p.Hidden || p.Name == markSheet || p.Name == guideSheet {
			continue
		}
		looked := 0
		for row, err := range in.book.Rows(in.ctx, p) {
			if looked++; err != nil || looked > headRows {
				break
			}
			if len(row.Cells) > 0 {
				in.note("只读取了工作表“%s”，工作表“%s”没有读取", in.page.Name, p.Name)
				break
			}
		}
	}
}

func (in *Reading[M]) note(format string, args ...any) {
	in.told.notes = append(in.told.notes, fmt.Sprintf(format, args...))
}

// Notes tell what a clerk should know although it is no mistake: rows that are hidden and were read all the same, totals that were left
// out. They are complete once the rows were read to the end.
func (in *Reading[M]) Notes() []string {
	all := slices.Clone(in.told.notes)
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if n := in.told.hidden; n > 0 {
		say("有%d行在工作簿中是隐藏的（如被筛选），也已读取", n)
	}
	if t := in.told.totals; len(t) > 0 {
		say("第%s行是合计，没有读取", numbers(t))
	}
	if n := in.told.outside; n > 0 {
		say("有%d个单元格（如%s）不在表头各列之下，没有读取", n, in.told.first)
	}
	if m := in.merged(); len(m) > 0 {
		say("数据区有合并单元格（%s），只有左上角的单元格有内容，请取消合并后逐行填写", strings.Join(m, "、"))
	}
	return all
}

func numbers(all []int) string {
	var out []string
	for _, n := range all[:min(len(all), 5)] {
		out = append(out, strconv.Itoa(n))
	}
	if len(all) > len(out) {
		return strings.Join(out, "、") + "等"
	}
	return strings.Join(out, "、")
}

// merged are merged areas below the head.
func (in *Reading[M]) merged() []string {
	var all []string
	for _, ref := range in.page.Merged {
		from, to, _ := strings.Cut(ref, ":")
		if n, err := strconv.Atoi(strings.TrimLeft(from, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")); err == nil && n > in.told.headRow && from != to {
			all = append(all, ref)
		}
	}
	return all
}

// Rows streams the rows under the head.
func (in *Reading[M]) Rows() iter.Seq2[*Row[M], error] {
	return func(yield func(*Row[M], error) bool) {
		for {
			from, err, ok := in.next()
			if !ok {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if row := in.row(from); row != nil && !yield(row, nil) {
				return
			}
		}
	}
}

func (in *Reading[M]) next() (*xlsx.Row, error, bool) {
	if row := in.again; row != nil {
		in.again = nil
		return row, nil, true
	}
	return in.rows()
}

// totals are the words that a row of totals begins with.
var totals = regexp.MustCompile(`^(合计|总计|小计|共计)([：:]?[0-9.]*[人条行项个名]?)$`)

// row reads the next row; nil for an empty one, for the example and for totals.
func (in *Reading[M]) row(from *xlsx.Row) *Row[M] {
	row := &Row[M]{Number: from.Number, Message: in.sheet.New(), Cells: make([]string, len(in.columns))}
	first := ""
	for i, at := range in.place {
		if at < 0 || at >= len(from.Cells) {
			continue
		}
		cell := from.Cells[at]
		row.Cells[i] = in.text(i, cell)
		if p := in.columns[i].spoilt(cell); p != "" {
			row.Spoilt = append(row.Spoilt, CellProblem{i, p})
		}
	}
	for _, c := range from.Cells {
		if first = plainHead(c.Text); first != "" {
			break
		}
	}
	in.strays(from)
	switch {
	case first == "" && len(row.Spoilt) == 0, strings.HasPrefix(row.Cells[0], exampleMark), !slices.ContainsFunc(row.Cells, func(s string) bool { return s != "" }):
		return nil
	case totals.MatchString(first):
		in.told.totals = append(in.told.totals, row.Number)
		return nil
	}
	if from.Hidden {
		in.told.hidden++
	}
	in.sheet.fill(in.columns, row)
	return row
}

// text is the text of a cell without what clerks do not see; in a column of dates a bare number of days becomes a date.
func (in *Reading[M]) text(i int, cell xlsx.Cell) string {
	s := tidy(cell.Text)
	if in.columns[i].ofDays() && serialPattern.MatchString(s) {
		if v, err := strconv.ParseFloat(s, 64); err == nil {
			if day, ok := in.book.Date(v); ok {
				return day
			}
		}
	}
	return s
}

// ofDays reports whether a column holds dates: a birth may be typed as its month alone, and is a day in Excel all the same.
func (c *column[M]) ofDays() bool {
	return c.info != nil && (c.info.GetWidget() == commonv1.Widget_WIDGET_DATE || c.info.GetWidget() == commonv1.Widget_WIDGET_MONTH)
}

// serialPattern is a number of days as Excel keeps a date, from 1927 to 2173.
var serialPattern = regexp.MustCompile(`^[0-9]{5}(\.[0-9]+)?$`)

// strays counts what stands beside the columns: it is not lost without a word.
func (in *Reading[M]) strays(from *xlsx.Row) {
	found := func(ref string) {
		if in.told.outside++; in.told.first == "" {
			in.told.first = ref + strconv.Itoa(from.Number)
		}
	}
	for i, c := range from.Cells {
		if tidy(c.Text) != "" && !slices.Contains(in.place, i) && !slices.Contains(in.told.passed, i) {
			found(xlsx.ColumnName(i))
		}
	}
	if from.Beyond != "" {
		found(from.Beyond)
	}
}

// spoilt says what a workbook has done to a cell, "" for nothing. The value of a formula is what some program computed at some time from cells
// that may not be here: it is never taken without a person looking at it.
func (c *column[M]) spoilt(cell xlsx.Cell) string {
	switch cell.Kind {
	case xlsx.Formula:
		return c.Head + "是公式，请在Excel中复制后“选择性粘贴为数值”"
	case xlsx.Failed:
		return c.Head + "是错误值" + cell.Text + "，请填写正确的内容"
	case xlsx.Rounded:
		return c.Head + "的数字已被Excel改写（只保留15位），请将单元格格式设为“文本”后重新填写"
	}
	return ""
}

// exampleMark begins the first cell of the example row.
const exampleMark = "示例："

// fill sets the fields, checks their limits, then the rules between them.
func (s *Sheet[M]) fill(columns []column[M], row *Row[M]) {
	wrong := map[string]bool{}
	row.Problems = slices.Clone(row.Spoilt)
	for _, p := range row.Spoilt {
		wrong[columns[p.Column].Field] = true
	}
	note := func(p fault.Problem, i int) {
		row.Problems = append(row.Problems, CellProblem{i, p.Text})
	}
	for i := range columns {
		c := &columns[i]
		if slices.ContainsFunc(row.Spoilt, func(p CellProblem) bool { return p.Column == i }) {
			continue
		}
		if p := c.set(row.Message, row.Cells[i]); p != nil {
			note(*p, i)
			wrong[c.Field] = true
		}
	}
	delete(wrong, "") // a column of its own names no field
	limits, err := field.Check(row.Message, field.Complete)
	if err != nil {
		row.Add("无法检查，请联系管理员")
		return
	}
	// The domain knows better than a limit what is wrong with a cell: two people in one row, not a text that is too long.
	var problems []fault.Problem
	if s.Check != nil {
		problems = s.Check(row.Message)
	}
	problems = append(problems, limits...)
	for _, p := range problems {
		name := p.Field[strings.LastIndex(p.Field, ".")+1:]
		i := slices.IndexFunc(columns, func(c column[M]) bool { return c.Field == name && name != "" })
		if i < 0 && !strings.Contains(p.Field, "[") && s.hidden(name) || wrong[name] {
			continue // set by the program, or told already
		}
		wrong[name] = true
		note(p, i)
	}
}

// hidden reports whether a field is no column of the sheet: its value comes from elsewhere, and so does its check.
func (s *Sheet[M]) hidden(name string) bool {
	return name != "" && s.New().ProtoReflect().Descriptor().Fields().ByName(protoName(name)) != nil
}

// unseen are signs that take no room and that pasting from web pages and chat programs leaves behind.
const unseen = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\u202a\u202b\u202c\u202d\u202e"

// tidy takes out what clerks do not see: spaces at the ends, signs without width, full-width digits and letters; full-width signs where all
// is digits, letters and signs, as in a date.
func tidy(s string) string {
	plain := true
	for _, r := range s {
		if r >= 0x80 {
			plain = false
			break
		}
	}
	if plain {
		return strings.TrimSpace(s)
	}
	technical := true
	for _, r := range s {
		technical = technical && (r < 0x80 || r >= 0xff01 && r <= 0xff5e || strings.ContainsRune(unseen, r))
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(unseen, r):
			return -1
		case r == '\u00a0':
			return ' '
		case r >= '０' && r <= '９' || r >= 'Ａ' && r <= 'Ｚ' || r >= 'ａ' && r <= 'ｚ', technical && r >= 0xff01 && r <= 0xff5e:
			return r - 0xfee0
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

var mangledPattern = regexp.MustCompile(`^[0-9]\.[0-9]+[Ee]\+[0-9]+$`)

// mangled reports whether Excel has turned a long number into a rounded one.
func mangled(s string) bool { return mangledPattern.MatchString(s) }

// Number cleans a number as people type it, for a column of its own.
func Number(s string) string { return idnum.Clean(s) }
