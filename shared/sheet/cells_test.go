package sheet_test

import (
	"slices"
	"strings"
	"testing"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	"zhiping/shared/sheet"
)

// inline is a cell with a text of its own.
func inline(ref, s string) string {
	return `<c r="` + ref + `" t="inlineStr"><is><t>` + s + `</t></is></c>`
}

const goodNumber = "510106197307287209"

// What a cell holds, however the program that saved it writes it.
func TestCells(t *testing.T) {
	for _, c := range []struct{ what, cells, want string }{
		{"shared text", `<c r="A2" t="s"><v>0</v></c>`, "张示例||||"},
		{"rich text without how it is read aloud", `<c r="A2" t="s"><v>1</v></c>`, "李示例||||"},
		{"rich text in the cell", `<c r="A2" t="inlineStr"><is><r><t>王</t></r><r><t>示例</t></r></is></c>`, "王示例||||"},
		{"cells that do not say where they are", `<c t="s"><v>0</v></c><c><v>12345</v></c>`, "张示例|12345|||"},
		{"a date with a style", `<c r="C2" s="1"><v>41091</v></c>`, "||2012-07-01||"},
		{"a date with a format of its own", `<c r="C2" s="3"><v>41091</v></c>`, "||2012-07-01||"},
		{"a date that lost its style", `<c r="C2"><v>41091</v></c>`, "||2012-07-01||"},
		{"a date as ISO text", `<c r="C2" t="d"><v>2012-07-01T00:00:00</v></c>`, "||2012-07-01||"},
		{"a date as eight digits", `<c r="C2"><v>20120701</v></c>`, "||20120701||"},
		{"a date with the time", `<c r="A2" s="1"><v>41091.5</v></c>`, "2012-07-01 12:00||||"},
		{"the last day of February 1900", `<c r="A2" s="1"><v>59</v></c>`, "1900-02-28||||"},
		{"a number as text", inline("D2", "12"), "|||12|"},
		{"text as a number", `<c r="B2"><v>13800000000</v></c>`, "|13800000000|||"},
		{"a number that is not exact", `<c r="A2"><v>5.0999999999999996</v></c>`, "5.1||||"},
		{"a number with an exponent", `<c r="A2"><v>1.38E10</v></c>`, "13800000000||||"},
		{"a percent", `<c r="A2" s="2"><v>0.55</v></c>`, "55%||||"},
		{"true", `<c r="E2" t="b"><v>1</v></c>`, "||||是"},
		{"false", inline("A2", "甲") + `<c r="E2" t="b"><v>0</v></c>`, "甲||||否"},
		{"full-width", inline("C2", "２０１２－０７－０１"), "||2012-07-01||"},
		{"spaces, without width and not to be broken", inline("A2", "&#x3000;张&#x200B;示例&#xA0;&#xFEFF;"), "张示例||||"},
		{"signs that XML does not have", inline("A2", "甲_x000D_"), "甲||||"},
	} {
		rows, _, err := readSmall(t, small(), make1(page(smallHead, `<row r="2">`+c.cells+`</row>`)).bytes(t))
		if err != nil || len(rows) != 1 {
			t.Errorf("%s: %d rows, %v", c.what, len(rows), err)
			continue
		}
		if got := strings.Join(rows[0].Cells, "|"); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestDatesOf1904(t *testing.T) {
	m := make1(page(smallHead, `<row r="2"><c r="C2" s="1"><v>39629</v></c></row>`, `<row r="3"><c r="C3"><v>39629</v></c></row>`))
	m.put("xl/workbook.xml", strings.Replace(m.parts["xl/workbook.xml"], "<workbookPr/>", `<workbookPr date1904="1"/>`, 1))
	rows, _, err := readSmall(t, small(), m.bytes(t))
	if err != nil || len(rows) != 2 || rows[0].Cells[2] != "2012-07-01" || rows[1].Cells[2] != "2012-07-01" {
		t.Fatal(rows, err)
	}
}

// What a workbook has done to a cell is told in words, together with everything else that is wrong, and is gone once the cell is typed anew.
func TestSpoiltCells(t *testing.T) {
	for _, c := range []struct{ what, cell, says string }{
		{"a formula", `<c r="D2"><f>1+1</f><v>2</v></c>`, "从事专业技术工作年限是公式"},
		{"a shared formula", `<c r="D2"><f t="shared" si="0"/><v>2</v></c>`, "从事专业技术工作年限是公式"},
		{"a formula that gives text", `<c r="B2" t="str"><f>B1</f><v>510106197307287209</v></c>`, "证件号码是公式"},
		{"an error value", `<c r="B2" t="e"><v>#N/A</v></c>`, "证件号码是错误值#N/A"},
		{"a rounded number", `<c r="B2"><v>510106197307287000</v></c>`, "证件号码的数字已被Excel改写"},
		{"a rounded number with an exponent", `<c r="B2"><v>5.10106197307287E+17</v></c>`, "证件号码的数字已被Excel改写"},
		{"an exponent as text", inline("B2", "5.10106E+17"), "证件号码的数字已被Excel改写"},
	} {
		number := inline("B2", goodNumber)
		if strings.Contains(c.cell, `"B2"`) {
			number = ""
		}
		rows, _, err := readSmall(t, small(), make1(page(smallHead, `<row r="2">`+inline("A2", "张示例")+number+c.cell+`</row>`)).bytes(t))
		if err != nil || len(rows) != 1 || len(rows[0].Problems) != 1 || !strings.Contains(rows[0].Reasons(), c.says) {
			t.Errorf("%s: %v %v", c.what, rows, err)
			continue
		}
		at := rows[0].Problems[0].Column
		value := map[int]string{1: goodNumber, 3: "2"}[at]
		if again := small().Edit(rows[0], at, value); !again.Good() || again.Cells[at] != value {
			t.Errorf("%s: still wrong after it was typed anew: %s", c.what, again.Reasons())
		}
		if other := small().Edit(rows[0], 0, "李示例"); other.Good() {
			t.Errorf("%s: forgotten because another cell was typed", c.what)
		}
	}
}

// An array formula says so only in its first cell.
func TestArrayFormula(t *testing.T) {
	rows, _, err := readSmall(t, small(), make1(page(smallHead,
		`<row r="2">`+inline("A2", "张示例")+inline("B2", goodNumber)+`<c r="D2"><f t="array" ref="D2:D3">A1:A2</f><v>1</v></c></row>`,
		`<row r="3">`+inline("A3", "李示例")+inline("B3", goodNumber)+`<c r="D3"><v>2</v></c></row>`)).bytes(t))
	if err != nil || len(rows) != 2 || rows[0].Good() || rows[1].Good() {
		t.Fatal(rows, err)
	}
}

// Where the table stands, and what stands around it.
func TestShapes(t *testing.T) {
	head := func(r string, refs ...string) string {
		var all []string
		for i, name := range []string{"姓名", "证件号码", "毕业时间", "从事专业技术工作年限", "是否退休"} {
			all = append(all, inline(refs[i]+r, name))
		}
		slices.Sort(all) // by where they stand
		return `<row r="` + r + `">` + strings.Join(all, "") + "</row>"
	}
	person := func(r, name string) string {
		return `<row r="` + r + `">` + inline("A"+r, name) + inline("B"+r, goodNumber) + "</row>"
	}
	for _, c := range []struct {
		what  string
		sheet string
		names string
		note  string
	}{
		{"blank rows and columns before", page(`<row r="5"/>`, head("7", "C", "D", "E", "F", "G"), `<row r="9">`+inline("C9", "甲")+inline("D9", goodNumber)+"</row>"), "甲", ""},
		{"columns in another order", page(head("1", "E", "D", "C", "B", "A"), `<row r="2">`+inline("D2", goodNumber)+inline("E2", "甲")+"</row>"), "", ""},
		{"a head of two rows", page(`<row r="1">`+inline("A1", "基本信息")+inline("C1", "学历")+"</row>", head("2", "A", "B", "C", "D", "E"), person("3", "甲")), "甲", ""},
		{
			"a head of two rows, some merged downwards", page(`<row r="1">`+inline("A1", "姓名")+inline("B1", "证件号码")+inline("C1", "毕业时间")+inline("D1", "其他")+"</row>",
				`<row r="2">`+inline("D2", "从事专业技术工作年限")+inline("E2", "是否退休")+"</row>", person("3", "甲")), "甲", "",
		},
		{"stars and spaces in the head", page(strings.Replace(smallHead, "证件号码*", "证 件&#10;号 码（必填）", 1), person("2", "甲")), "甲", ""},
		{"hidden rows", page(smallHead, person("2", "甲"), strings.Replace(person("3", "乙"), "<row ", `<row hidden="1" `, 1)), "甲乙", "有1行在工作簿中是隐藏的"},
		{"a row of totals", page(smallHead, person("2", "甲"), `<row r="3">`+inline("A3", "合 计")+`<c r="D3"><v>12</v></c></row>`, `<row r="4">`+inline("A4", "总计：1人")+"</row>"), "甲", "第3、4行是合计"},
		{"remarks beside the table", page(smallHead, strings.Replace(person("2", "甲"), "</row>", inline("H2", "请核对")+"</row>", 1)), "甲", "（如H2）不在表头各列之下"},
		{
			"merged cells", strings.Replace(page(smallHead, person("2", "甲")), "</sheetData>", `</sheetData><mergeCells><mergeCell ref="A1:A1"/><mergeCell ref="C2:C3"/></mergeCells>`, 1),
			"甲", "合并单元格（C2:C3）",
		},
		{"a last row far down that is empty", page(smallHead, person("2", "甲"), `<row r="1048576"><c r="A1048576" s="1"/></row>`), "甲", ""},
		{"prefixes", strings.NewReplacer("<row", "<x:row", "</row", "</x:row", "<c ", "<x:c ", "</c>", "</x:c>", "<is>", "<x:is>", "</is>", "</x:is>", "<t>", "<x:t>", "</t>", "</x:t>").Replace(page(smallHead, person("2", "甲"))), "甲", ""},
	} {
		rows, notes, err := readSmall(t, small(), make1(c.sheet).bytes(t))
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		names := ""
		for _, r := range rows {
			names += r.Message.Name
			if c.names != "" && !r.Good() {
				t.Errorf("%s: %s", c.what, r.Reasons())
			}
		}
		if c.names != "" && names != c.names || c.names == "" && names != "甲" {
			t.Errorf("%s: %q, want %q", c.what, names, c.names)
		}
		if all := strings.Join(notes, "\n"); !strings.Contains(all, c.note) || c.note == "" && all != "" {
			t.Errorf("%s: notes %q, want %q", c.what, all, c.note)
		}
	}
}

func TestSeveralSheets(t *testing.T) {
	data := page(smallHead, `<row r="2">`+inline("A2", "甲")+inline("B2", goodNumber)+"</row>")
	other := page(`<row r="1">` + inline("A1", "说明") + "</row>")
	for _, c := range []struct {
		what  string
		names []string
		parts []string
		note  string
	}{
		{"by name", []string{"Sheet1", "小表"}, []string{other, data}, "工作表“Sheet1”没有读取"},
		{"by head", []string{"Sheet1", "Sheet2"}, []string{other, data}, "只读取了工作表“Sheet2”"},
		{"empty ones are not told", []string{"Sheet1", "Sheet2"}, []string{data, page()}, ""},
	} {
		rows, notes, err := readSmall(t, small(), makeNamed(c.names, c.parts...).bytes(t))
		if err != nil || len(rows) != 1 || !strings.Contains(strings.Join(notes, ""), c.note) || c.note == "" && len(notes) > 0 {
			t.Errorf("%s: %d rows, %v, %v", c.what, len(rows), notes, err)
		}
	}
}

// An older version of a template is still read, and what has changed is told; another template is refused by its name.
func TestVersions(t *testing.T) {
	old := small()
	old.Columns = slices.Clone(old.Columns[:4])
	old.Columns[3] = sheet.Column[*applicationv1.Application]{Field: applicationv1.Application_ServiceYears, Head: "工作年限"}
	old.Columns = append(old.Columns, sheet.Column[*applicationv1.Application]{Field: applicationv1.Application_School, Head: "学校"})
	now := small()
	now.Version, now.Dropped = 2, []string{"学校"}
	now.Columns[3].Formerly, now.Columns[4].Since = []string{"工作年限"}, 2

	one := &applicationv1.Application{Name: "张示例", Number: goodNumber, ServiceYears: 7, School: "某某大学"}
	rows, notes, err := readSmall(t, now, written(t, old, one))
	if err != nil || len(rows) != 1 || !rows[0].Good() || rows[0].Message.ServiceYears != 7 {
		t.Fatal(rows, err)
	}
	for _, s := range []string{"旧版（第1版，现为第2版）", "“工作年限”现为“从事专业技术工作年限”", "新增的列：是否退休"} {
		if !strings.Contains(strings.Join(notes, "\n"), s) {
			t.Errorf("%q is not told: %v", s, notes)
		}
	}
	if _, _, err := readSmall(t, old, written(t, now, one)); err == nil || !strings.Contains(err.Error(), "模板是第2版，比本程序的第1版新") {
		t.Error("a newer template:", err)
	}
	lacking := small()
	lacking.Columns = lacking.Columns[:4]
	if _, _, err := readSmall(t, small(), written(t, lacking, one)); err == nil || !strings.Contains(err.Error(), "缺少列：是否退休") {
		t.Error("a column was taken out of the same version:", err)
	}
	other := small()
	other.Name, other.Title = "other", "别的表"
	if _, _, err := readSmall(t, small(), written(t, other, one)); err == nil || err.Error() != "这是“别的表”的模板，请使用“小表”的模板" {
		t.Error("another template:", err)
	}
	if _, _, err := readSmall(t, small(), make1(page(strings.Replace(smallHead, "毕业时间", "姓名", 1))).bytes(t)); err == nil || !strings.Contains(err.Error(), "缺少列：毕业时间") {
		t.Error("a column twice:", err)
	}
}
