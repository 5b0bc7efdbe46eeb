package sheet

import (
	"context"
	"io"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"google.golang.org/protobuf/proto"

	"zhiping/shared/fault"
	"zhiping/shared/field"
	"zhiping/shared/idnum"
)

// A Row is one row that was read.
type Row[M proto.Message] struct {
	Number   int // in the workbook, from 1
	Message  M
	Cells    []string // as they stand, in the order of the sheet's columns
	Problems []CellProblem
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

var options = excelize.Options{RawCellValue: true, UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: 16 << 20}

// Read streams the rows of a workbook that was made from the template; every mistake of every row is in its Problems. The error is one of
// the whole file, a fault. Empty rows are passed over.
func (s *Sheet[M]) Read(ctx context.Context, r io.ReaderAt, size int64) iter.Seq2[*Row[M], error] {
	return func(yield func(*Row[M], error) bool) {
		if err := s.read(ctx, r, size, func(row *Row[M]) bool { return yield(row, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

func (s *Sheet[M]) read(ctx context.Context, r io.ReaderAt, size int64, yield func(*Row[M]) bool) error {
	lasts, err := inspect(r, size)
	if err != nil {
		return err
	}
	f, err := excelize.OpenReader(io.NewSectionReader(r, 0, size), options)
	if err != nil {
		return fault.New(fault.Invalid, "文件无法作为Excel工作簿打开，请用Excel打开并另存为.xlsx后重试")
	}
	defer f.Close()
	name := s.worksheet(f)
	rows, err := f.Rows(name)
	if err != nil {
		return fault.New(fault.Invalid, "工作表“%s”无法读取，请用Excel打开并另存后重试", name)
	}
	defer rows.Close()
	in := &reading[M]{sheet: s, rows: rows, columns: s.columns()}
	if err := in.findHead(); err != nil {
		return err
	}
	for rows.Next() {
		in.number++
		if err := ctx.Err(); err != nil {
			return err
		}
		row, err := in.row()
		if err != nil {
			return err
		}
		if row != nil && !yield(row) {
			return nil
		}
	}
	return in.complete(lasts)
}

// worksheet is the one that is named as the template names it, or the first that is shown.
func (s *Sheet[M]) worksheet(f *excelize.File) string {
	names := f.GetSheetList()
	if slices.Contains(names, s.Title) {
		return s.Title
	}
	for _, n := range names {
		if shown, err := f.GetSheetVisible(n); err == nil && shown && n != markSheet {
			return n
		}
	}
	return names[0]
}

// reading is a workbook being read.
type reading[M proto.Message] struct {
	sheet   *Sheet[M]
	rows    *excelize.Rows
	columns []column[M]
	place   []int // of each column in the workbook
	number  int
}

// headRows is how far down the head is looked for.
const headRows = 20

// findHead finds the head row and where each column stands; missing and unknown columns are named.
func (in *reading[M]) findHead() error {
	best, found := 0, []string(nil)
	for range headRows {
		if !in.rows.Next() {
			break
		}
		in.number++
		cells, err := in.rows.Columns()
		if err != nil {
			return err
		}
		if len(cells) > maxColumns {
			return fault.New(fault.Invalid, "工作表有%d列，超过%d列的上限，请使用下载的模板填写", len(cells), maxColumns)
		}
		if n := in.known(cells); n > best {
			best, found = n, cells
		}
		if n := in.known(cells); n*2 >= len(in.columns) {
			return in.placed(cells)
		}
	}
	if best == 0 {
		return fault.New(fault.Invalid, "没有找到表头（如“%s”），请使用下载的模板填写", in.columns[0].head())
	}
	return in.placed(found)
}

func (in *reading[M]) known(cells []string) (n int) {
	for _, c := range cells {
		if slices.ContainsFunc(in.columns, func(x column[M]) bool { return plainHead(x.head()) == plainHead(c) }) {
			n++
		}
	}
	return n
}

func (in *reading[M]) placed(cells []string) error {
	in.place = make([]int, len(in.columns))
	var missing, unknown []string
	for i, c := range in.columns {
		in.place[i] = slices.IndexFunc(cells, func(s string) bool { return plainHead(s) == plainHead(c.head()) })
		if in.place[i] < 0 {
			missing = append(missing, c.Head)
		}
	}
	for i, s := range cells {
		if plainHead(s) != "" && plainHead(s) != reasonHead && !slices.Contains(in.place, i) {
			unknown = append(unknown, s)
		}
	}
	switch {
	case len(missing) > 0:
		return fault.New(fault.Invalid, "缺少列：%s，请使用最新下载的模板填写", strings.Join(missing, "、"))
	case len(unknown) > 0:
		return fault.New(fault.Invalid, "多出无法识别的列：%s，请删除后再导入", strings.Join(unknown, "、"))
	}
	return nil
}

// row reads the next row; nil for an empty one and for the example.
func (in *reading[M]) row() (*Row[M], error) {
	cells, err := in.rows.Columns()
	if err != nil {
		return nil, fault.New(fault.Invalid, "第%d行无法读取，请用Excel打开并另存后重试", in.number)
	}
	row := &Row[M]{Number: in.number, Message: in.sheet.New(), Cells: make([]string, len(in.columns))}
	empty := true
	for i, at := range in.place {
		if at < len(cells) {
			row.Cells[i] = tidy(cells[at])
		}
		empty = empty && row.Cells[i] == ""
	}
	if empty || in.example(row.Cells) {
		return nil, nil
	}
	in.fill(row)
	return row, nil
}

// exampleMark begins the first cell of the example row.
const exampleMark = "示例："

func (in *reading[M]) example(cells []string) bool { return strings.HasPrefix(cells[0], exampleMark) }

// fill sets the fields, checks their limits, then the rules between them.
func (in *reading[M]) fill(row *Row[M]) {
	wrong := map[string]bool{}
	note := func(p fault.Problem, i int) {
		row.Problems = append(row.Problems, CellProblem{i, p.Text})
	}
	for i := range in.columns {
		c := &in.columns[i]
		if p := c.set(row.Message, row.Cells[i]); p != nil {
			note(*p, i)
			wrong[c.Field] = true
		}
	}
	limits, err := field.Check(row.Message, field.Complete)
	if err != nil {
		row.Add("无法检查，请联系管理员")
		return
	}
	// The domain knows better than a limit what is wrong with a cell: two people in one row, not a text that is too long.
	var problems []fault.Problem
	if in.sheet.Check != nil {
		problems = in.sheet.Check(row.Message)
	}
	problems = append(problems, limits...)
	for _, p := range problems {
		name := p.Field[strings.LastIndex(p.Field, ".")+1:]
		i := slices.IndexFunc(in.columns, func(c column[M]) bool { return c.Field == name && name != "" })
		if i < 0 && !strings.Contains(p.Field, "[") && in.sheet.hidden(name) || wrong[name] {
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

// complete compares how far the rows went with how far the sheet goes: a sheet with broken XML ends early without an error.
func (in *reading[M]) complete(lasts map[string]int) error {
	if err := in.rows.Error(); err != nil {
		return fault.New(fault.Invalid, "工作表读到第%d行时出错，请用Excel打开并另存后重试", in.number)
	}
	for _, last := range lasts {
		if last == in.number || last == 0 {
			return nil
		}
	}
	if len(lasts) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, "工作表在第%d行之后无法读取，内容可能已损坏，请用Excel打开并另存后重试", in.number)
}

// tidy takes out what clerks do not see: spaces at the ends, zero-width signs, full-width digits and letters.
func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\u200b' || r == '\ufeff' || r == '\u00a0':
			return -1
		case r >= '０' && r <= '９' || r >= 'Ａ' && r <= 'Ｚ' || r >= 'ａ' && r <= 'ｚ':
			return r - 0xfee0
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

var mangledPattern = regexp.MustCompile(`^[0-9]\.[0-9]+[Ee]\+[0-9]+$`)

// mangled reports whether Excel has turned a long number into a rounded one.
func mangled(s string) bool { return mangledPattern.MatchString(s) }

var serialPattern = regexp.MustCompile(`^[0-9]{4,5}(\.[0-9]+)?$`)

// dateOf turns a date that Excel keeps as a number of days into text; everything else stays.
func dateOf(s string) string {
	if !serialPattern.MatchString(s) || len(s) == 4 {
		return s
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	t, err := excelize.ExcelDateToTime(v, false)
	if err != nil {
		return s
	}
	return t.Format(time.DateOnly)
}

// Number cleans a number as people type it, for a column of its own.
func Number(s string) string { return idnum.Clean(s) }
