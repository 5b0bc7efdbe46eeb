package sheet

import (
	"slices"
	"strconv"
	"strings"

	"zhiping/shared/fault"
	"zhiping/shared/sheet/xlsx"
)

// version reads the mark of the template and refuses one of something else. It is the version the workbook was made from; the present one for
// a workbook without a mark, because then the head must say everything.
func (in *Reading[M]) version() (int, error) {
	i := slices.IndexFunc(in.book.Sheets, func(p *xlsx.Sheet) bool { return p.Name == markSheet })
	if i < 0 {
		return in.sheet.version(), nil
	}
	for row, err := range in.book.Rows(in.ctx, in.book.Sheets[i]) {
		if err != nil || len(row.Cells) == 0 {
			break
		}
		m, ok := readMark(row.Cells[0].Text)
		switch {
		case !ok:
		case m.name != in.sheet.Name && m.title != "":
			return 0, fault.New(fault.Invalid, "这是“%s”的模板，请使用“%s”的模板", m.title, in.sheet.Title)
		case m.name != in.sheet.Name:
			return 0, fault.New(fault.Invalid, "这是其他模板（%s），请使用“%s”的模板", m.name, in.sheet.Title)
		case m.version > in.sheet.version():
			return 0, fault.New(fault.Invalid, "模板是第%d版，比本程序的第%d版新，请先升级程序", m.version, in.sheet.version())
		default:
			return m.version, nil
		}
		break
	}
	return in.sheet.version(), nil
}

// A mark says which template a workbook was made from.
type mark struct {
	name    string
	version int
	title   string
}

const markPrefix = "zhiping-template/1 "

// mark is written into the hidden sheet.
func (s *Sheet[M]) mark() string {
	return markPrefix + s.Name + " " + strconv.Itoa(s.version()) + " " + s.Title
}

// readMark reads a mark; those of the first version had only a name.
func readMark(s string) (m mark, ok bool) {
	rest, ok := strings.CutPrefix(s, markPrefix)
	if !ok {
		return m, false
	}
	m.version = 1
	parts := strings.SplitN(rest, " ", 3)
	m.name = parts[0]
	if len(parts) > 1 {
		n, err := strconv.Atoi(parts[1])
		if err != nil {
			return m, false
		}
		m.version = n
	}
	if len(parts) > 2 {
		m.title = parts[2]
	}
	return m, true
}

// headRows is how far down the head is looked for.
const headRows = 30

// findHead finds the head, in one row or in two, and where each column stands. A head of two rows has what belongs together above, and it
// counts there to the right as far as nothing else stands.
func (in *Reading[M]) findHead(version int) error {
	var best [][]string
	most := 0
	var above *xlsx.Row
	for range headRows {
		row, err, ok := in.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if row.Beyond != "" {
			return fault.New(fault.Invalid, "工作表的%s列还有内容，超过%d列的上限，请使用下载的模板填写", row.Beyond, xlsx.MaxColumns)
		}
		row = keep(row)
		for _, heads := range [][][]string{oneRow(row), twoRows(above, row)} {
			if n := in.known(heads); n > most {
				most, best = n, heads
				in.told.headRow = row.Number
			}
		}
		if most*2 >= len(in.columns) {
			if below, err, ok := in.next(); ok && err == nil {
				below = keep(below)
				if heads := twoRows(row, below); in.known(heads) > most {
					best = heads
					in.told.headRow = below.Number
				} else {
					in.again = below
				}
			} else if err != nil {
				return err
			}
			return in.placed(best, version)
		}
		above = row
	}
	if most == 0 {
		return fault.New(fault.Invalid, "没有找到表头（如“%s”），请使用下载的模板填写", in.columns[0].head())
	}
	return in.placed(best, version)
}

// keep makes a row good for longer than the next one.
func keep(r *xlsx.Row) *xlsx.Row {
	out := *r
	out.Cells = slices.Clone(r.Cells)
	return &out
}

// oneRow are the heads of a row, each with the one way of reading it.
func oneRow(r *xlsx.Row) [][]string {
	all := make([][]string, len(r.Cells))
	for i, c := range r.Cells {
		all[i] = []string{plainHead(c.Text)}
	}
	return all
}

// twoRows are the heads of two rows: what stands below alone, or after what stands above; what stands above where nothing is below.
func twoRows(above, below *xlsx.Row) [][]string {
	if above == nil {
		return nil
	}
	all := make([][]string, max(len(above.Cells), len(below.Cells)))
	over := ""
	for i := range all {
		up, down := "", ""
		if i < len(above.Cells) {
			up = plainHead(above.Cells[i].Text)
		}
		if i < len(below.Cells) {
			down = plainHead(below.Cells[i].Text)
		}
		if up != "" {
			over = up
		}
		switch {
		case down == "":
			all[i] = []string{up}
		default:
			all[i] = []string{over + down, down}
		}
	}
	return all
}

// find returns where a column stands, -1 for nowhere; the name is the one it was found by.
func (c *column[M]) find(heads [][]string) (at int, name string) {
	for _, name := range append([]string{c.Head}, c.Formerly...) {
		at := slices.IndexFunc(heads, func(h []string) bool { return slices.Contains(h, plainHead(name)) })
		if at >= 0 {
			return at, name
		}
	}
	return -1, ""
}

func (in *Reading[M]) known(heads [][]string) (n int) {
	for i := range in.columns {
		if at, _ := in.columns[i].find(heads); at >= 0 {
			n++
		}
	}
	return n
}

// placed notes where the columns stand. What is missing, there twice or unknown is named; what an older template called otherwise, or did
// not have, is only told.
func (in *Reading[M]) placed(heads [][]string, version int) error {
	in.place = make([]int, len(in.columns))
	var missing, renamed, added []string
	for i := range in.columns {
		c := &in.columns[i]
		at, name := c.find(heads)
		in.place[i] = at
		switch {
		case at < 0 && c.Since > version:
			added = append(added, c.Head)
		case at < 0:
			missing = append(missing, c.Head)
		case name != c.Head:
			renamed = append(renamed, "“"+name+"”现为“"+c.Head+"”")
		}
	}
	unknown, twice := in.strangers(heads)
	switch {
	case len(missing) > 0:
		return fault.New(fault.Invalid, "缺少列：%s，请使用最新下载的模板填写", strings.Join(missing, "、"))
	case len(twice) > 0:
		return fault.New(fault.Invalid, "列重复：%s，请只保留一列", strings.Join(twice, "、"))
	case len(unknown) > 0:
		return fault.New(fault.Invalid, "多出无法识别的列：%s，请删除后再导入", strings.Join(unknown, "、"))
	}
	if version < in.sheet.version() {
		in.note("模板是旧版（第%d版，现为第%d版），仍可读取，建议下次下载新模板", version, in.sheet.version())
	}
	if len(renamed) > 0 {
		in.note("列名已改：%s", strings.Join(renamed, "；"))
	}
	if len(added) > 0 {
		in.note("新增的列：%s，旧模板没有，按空白处理", strings.Join(added, "、"))
	}
	return nil
}

// strangers are heads that are no column, and those that are a column that stands elsewhere already. What the program itself added, or an
// older template had, is passed over.
func (in *Reading[M]) strangers(heads [][]string) (unknown, twice []string) {
	for i, h := range heads {
		name := h[len(h)-1]
		switch {
		case name == "" || slices.Contains(in.place, i):
		case name == reasonHead, slices.ContainsFunc(in.sheet.Dropped, func(s string) bool { return plainHead(s) == name }):
			in.told.passed = append(in.told.passed, i)
		case slices.ContainsFunc(in.columns, func(c column[M]) bool { return plainHead(c.Head) == name }):
			twice = append(twice, name)
		default:
			unknown = append(unknown, name)
		}
	}
	return unknown, twice
}
