package sheet_test

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"google.golang.org/protobuf/proto"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	"zhiping/shared/fault"
	"zhiping/shared/sheet"
)

// written is a template with rows.
func written[M proto.Message](t testing.TB, s *sheet.Sheet[M], rows ...M) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Write(&b, slices.Values(rows)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func opened(t *testing.T, b []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// keyed is a template that the program hands out with name and number filled in, as that of the defences is (F3).
func keyed() *sheet.Sheet[*applicationv1.Application] {
	s := small()
	s.Name, s.Title = "keyed", "预填表"
	s.Columns[0].Key, s.Columns[1].Key = true, true
	return s
}

func TestKeyColumnsAreLocked(t *testing.T) {
	b := written(t, keyed(), &applicationv1.Application{Name: "张示例", Number: goodNumber})
	f := opened(t, b)
	p, err := f.GetSheetProtection("预填表")
	if err != nil || !p.SelectUnlockedCells {
		t.Fatal(p, err)
	}
	for cell, locked := range map[string]bool{"A4": true, "B4": true, "C4": false, "E4": false} {
		id, err := f.GetCellStyle("预填表", cell)
		if err != nil {
			t.Fatal(err)
		}
		st, err := f.GetStyle(id)
		if err != nil || st.Protection == nil || st.Protection.Locked != locked {
			t.Errorf("%s: %+v, %v", cell, st.Protection, err)
		}
	}
	rows, _, err := readSmall(t, keyed(), b)
	if err != nil || len(rows) != 1 || rows[0].Message.Number != goodNumber || !rows[0].Good() {
		t.Fatal(rows, err)
	}
	if p, err := opened(t, written(t, small(), &applicationv1.Application{Name: "张示例"})).GetSheetProtection("小表"); err == nil && p.SelectLockedCells {
		t.Error("a template without keys is protected")
	}
}

func TestHowATemplateLooks(t *testing.T) {
	var b bytes.Buffer
	s := small()
	s.Columns[0].Choices = nil
	s.Columns = append(s.Columns, sheet.Column[*applicationv1.Application]{
		Head: "论文题目", Choices: long(), Text: func(*applicationv1.Application) string { return "" }, Set: func(*applicationv1.Application, string) *fault.Problem { return nil },
	})
	if err := s.Template(&b); err != nil {
		t.Fatal(err)
	}
	f := opened(t, b.Bytes())
	panes, err := f.GetPanes("小表")
	if err != nil || !panes.Freeze || panes.YSplit != 3 {
		t.Error("the head does not stay:", panes, err)
	}
	layout, err := f.GetPageLayout("小表")
	if err != nil || *layout.Orientation != "landscape" || *layout.FitToHeight != 0 {
		t.Error("print setup:", err)
	}
	if names := f.GetDefinedName(); len(names) == 0 || !strings.Contains(names[0].RefersTo+names[len(names)-1].RefersTo, "$3:$3") {
		t.Error("the head is not printed on every page:", names)
	}
	if v, _ := f.GetCellValue("小表", "A4"); v != "示例：某某" {
		t.Error("no example:", v)
	}
	for col, least := range map[string]float64{"B": 20, "C": 12} {
		if w, err := f.GetColWidth("小表", col); err != nil || w < least {
			t.Errorf("column %s is %v wide", col, w)
		}
	}
	id, err := f.GetColStyle("小表", "B")
	if err != nil {
		t.Fatal(err)
	}
	if st, err := f.GetStyle(id); err != nil || st.CustomNumFmt == nil && st.NumFmt != 49 {
		t.Error("a number typed below the example becomes a number:", st, err)
	}
	v, err := f.GetDataValidations("小表")
	if err != nil || !slices.ContainsFunc(v, func(v *excelize.DataValidation) bool { return strings.Contains(v.Formula1, "_zhiping!$F$2:$F$") }) {
		t.Error("a long list does not stand on the hidden sheet:", v, err)
	}
	if shown, err := f.GetSheetVisible("_zhiping"); err != nil || shown {
		t.Error("the sheet of lists is shown")
	}
	if got, _ := f.GetCellValue("填写说明", "A2"); got != "姓名" {
		t.Error("columns are not explained:", got)
	}
}

func long() (all []string) {
	for i := range 60 {
		all = append(all, fmt.Sprintf("很长的选项第%d个", i))
	}
	return all
}

func pairs(rows ...[2]string) iter.Seq2[[2]string, error] {
	return func(yield func([2]string, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func export(total int) *sheet.Export[[2]string] {
	return &sheet.Export[[2]string]{
		Title: "专家名单/全部", Unit: "示例单位（虚构）", At: "2026-03-02 09:00", Filter: "姓名含“张”", Total: total,
		Columns: []sheet.ExportColumn[[2]string]{{Title: "姓名", Text: func(r [2]string) string { return r[0] }}, {Title: "证件号码", Width: 22, Text: func(r [2]string) string { return r[1] }}},
	}
}

func TestExport(t *testing.T) {
	var b bytes.Buffer
	said := 0
	evil := []string{"=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\tx"}
	var rows [][2]string
	for _, s := range evil {
		rows = append(rows, [2]string{s, "510106**********09"})
	}
	if err := export(len(evil)).Write(&b, pairs(rows...), func(n int) { said = n }); err != nil {
		t.Fatal(err)
	}
	f := opened(t, b.Bytes())
	const page = "专家名单-全部"
	line, _ := f.GetCellValue(page, "A2")
	for _, s := range []string{"示例单位", "2026-03-02 09:00", "姓名含“张”", "共5行"} {
		if !strings.Contains(line, s) {
			t.Errorf("the head does not say %q: %q", s, line)
		}
	}
	for i, s := range evil {
		cell := fmt.Sprintf("B%d", i+4)
		if v, _ := f.GetCellFormula(page, cell); v != "" {
			t.Errorf("%q became a formula", s)
		}
		if v, _ := f.GetCellValue(page, cell); v != s {
			t.Errorf("%q became %q", s, v)
		}
		if kind, _ := f.GetCellType(page, cell); kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString {
			t.Errorf("%q has type %v", s, kind)
		}
	}
	if said != len(evil) {
		t.Error("progress:", said)
	}
}

func TestAnExportIsComplete(t *testing.T) {
	var b bytes.Buffer
	if err := export(3).Write(&b, pairs([2]string{"甲", ""}), func(int) {}); fault.CodeOf(err) != fault.State || b.Len() > 0 {
		t.Fatal("a part was handed out as the whole:", err)
	}
}

func TestAnExportTakesNoMemory(t *testing.T) {
	const n = 100_000
	var b bytes.Buffer
	grown := peak(func() {
		err := export(n).Write(&b, func(yield func([2]string, error) bool) {
			for i := range n {
				if !yield([2]string{fmt.Sprint("姓名", i), goodNumber}, nil) {
					return
				}
			}
		}, func(int) {})
		if err != nil {
			t.Fatal(err)
		}
	})
	if grown > 100<<20 {
		t.Fatalf("%d MB", grown>>20)
	}
}
