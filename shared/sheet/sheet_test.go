package sheet_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	"zhiping/shared/expert"
	"zhiping/shared/idnum"
	"zhiping/shared/sheet"
)

var ctx = context.Background()

func good(i int) *expertv1.Expert {
	first := fmt.Sprintf("5199001980%02d%02d%03d", 1+i/28%12, 1+i%28, i%1000)
	return &expertv1.Expert{
		Name: "专家" + strings.Repeat("甲", 1+i%3), IdKind: "111", Number: first + string(idnum.ResidentCheck(first)), Ethnic: "01", Phone: "13800000000",
		WorkUnit: "示例单位", Duty: "工程师", Series: "05", Title: "高级工程师", Level: "4", Specialty: "0501", Position: expertv1.Position_POSITION_MEMBER, TermUntil: "2028-12-31",
	}
}

func experts(n int) iter.Seq[*expertv1.Expert] {
	return func(yield func(*expertv1.Expert) bool) {
		for i := range n {
			if !yield(good(i)) {
				return
			}
		}
	}
}

// workbook writes rows of the template and lets spoil change the file through excelize.
func workbook(t testing.TB, n int, spoil func(*excelize.File)) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := expert.Sheet().Write(&b, experts(n)); err != nil {
		t.Fatal(err)
	}
	if spoil == nil {
		return b.Bytes()
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	spoil(f)
	var out bytes.Buffer
	if _, err := f.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const name = "评审专家导入表"

func set(f *excelize.File, cell string, v any) {
	if err := f.SetCellValue(name, cell, v); err != nil {
		panic(err)
	}
}

// ids gives the check what the desktop fills in.
func read(b []byte) (rows []*sheet.Row[*expertv1.Expert], err error) {
	for r, e := range expert.Sheet().Read(ctx, bytes.NewReader(b), int64(len(b))) {
		if e != nil {
			return rows, e
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func TestRoundTrip(t *testing.T) {
	rows, err := read(workbook(t, 50, nil))
	if err != nil || len(rows) != 50 {
		t.Fatal(len(rows), err)
	}
	for i, r := range rows {
		want := good(i)
		if !r.Good() || r.Message.Number != want.Number || r.Message.Specialty != "0501" || r.Message.Birth == "" || r.Message.Position != want.Position {
			t.Fatalf("row %d: %v %v", i, r.Message, r.Problems)
		}
	}
}

func TestTheTemplateIsReadAsEmpty(t *testing.T) {
	var b bytes.Buffer
	if err := expert.Sheet().Template(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := read(b.Bytes())
	if err != nil || len(rows) != 0 {
		t.Fatal(rows, err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	v, err := f.GetDataValidations(name)
	if err != nil || len(v) < 6 {
		t.Fatal(len(v), err)
	}
}

func TestMistakesOfCells(t *testing.T) {
	for _, c := range []struct{ cell, value, says string }{
		{"A5", "", "姓名为必填项"},
		{"A5", "张甲、李乙", "每人一行"},
		{"C5", "510106197307287208", "校验位"},
		{"C5", "510106197307287209 510106197307280402", "一个人"},
		{"C5", "5.10106197307287E+17", "文本"},
		{"D5", "火星族", "民族“火星族”不在代码表中"},
		{"E5", "12345", "手机号码格式不正确"},
		{"L5", "主席", "评委会职务“主席”不是可选的值"},
		{"M5", "明年", "聘期至“明年”不是有效的日期"},
		{"N5", "对", "请填“是”或“否”"},
		{"F5", strings.Repeat("长", 51), "工作单位最多50个字"},
	} {
		rows, err := read(workbook(t, 3, func(f *excelize.File) { set(f, c.cell, c.value) }))
		if err != nil || len(rows) != 3 {
			t.Fatalf("%s: %d rows, %v", c.says, len(rows), err)
		}
		if got := rows[1].Reasons(); !strings.Contains(got, c.says) || len(rows[1].Problems) != 1 {
			t.Errorf("%s = %q: %q, want one saying %q", c.cell, c.value, got, c.says)
		}
		if !rows[0].Good() || !rows[2].Good() {
			t.Errorf("%s: other rows were blamed: %v %v", c.cell, rows[0].Problems, rows[2].Problems)
		}
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	rows, err := read(workbook(t, 1, func(f *excelize.File) {
		set(f, "A4", "")
		set(f, "D4", "火星族")
		set(f, "E4", "1")
	}))
	if err != nil || len(rows) != 1 || len(rows[0].Problems) != 3 {
		t.Fatal(rows, err)
	}
}

func TestWhatClerksType(t *testing.T) {
	rows, err := read(workbook(t, 1, func(f *excelize.File) {
		set(f, "C4", "　５１０１０６１９７３０７２８７２０９ ")
		set(f, "M4", time.Date(2028, 12, 31, 0, 0, 0, 0, time.UTC))
		set(f, "E4", 13800000000)
	}))
	if err != nil || len(rows) != 1 || !rows[0].Good() {
		t.Fatal(rows[0].Problems, err)
	}
	if m := rows[0].Message; m.Number != "510106197307287209" || m.TermUntil != "2028-12-31" || m.Phone != "13800000000" {
		t.Fatal(m)
	}
}

func TestFailedRowsComeBack(t *testing.T) {
	rows, err := read(workbook(t, 3, func(f *excelize.File) { set(f, "E5", "1") }))
	if err != nil {
		t.Fatal(err)
	}
	failed := slices.DeleteFunc(rows, (*sheet.Row[*expertv1.Expert]).Good)
	var b bytes.Buffer
	if err := expert.Sheet().Failed(&b, slices.Values(failed)); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if reason, _ := f.GetCellValue(name, "AB4"); !strings.Contains(reason, "手机号码") {
		t.Fatal(reason)
	}
	set(f, "E4", "13800000001")
	var fixed bytes.Buffer
	if _, err := f.WriteTo(&fixed); err != nil {
		t.Fatal(err)
	}
	again, err := read(fixed.Bytes())
	if err != nil || len(again) != 1 || !again[0].Good() {
		t.Fatal(again, err)
	}
}

func TestCancel(t *testing.T) {
	b := workbook(t, 100, nil)
	c, cancel := context.WithCancel(ctx)
	defer cancel()
	n := 0
	for _, err := range expert.Sheet().Read(c, bytes.NewReader(b), int64(len(b))) {
		if n++; n == 10 {
			cancel()
		}
		if err != nil && n != 11 {
			t.Fatal(n, err)
		}
	}
	if n != 11 {
		t.Fatal(n)
	}
}
