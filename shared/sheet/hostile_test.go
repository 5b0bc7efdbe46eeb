package sheet_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"zhiping/shared/expert"
	"zhiping/shared/fault"
)

const sheet1 = "xl/worksheets/sheet1.xml"

// peak is how much memory was taken while fn ran, at its worst at the ends of collections; it counts what was allocated in all as a bound.
func peak(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	stop, done := make(chan struct{}), make(chan uint64)
	go func() {
		most := uint64(0)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				done <- most
				return
			case <-tick.C:
				runtime.ReadMemStats(&after)
				most = max(most, after.HeapAlloc)
			}
		}
	}()
	fn()
	close(stop)
	return max(<-done, before.HeapAlloc) - before.HeapAlloc
}

// repeated is a part that is long and, packed, small.
type repeated struct{ head, piece, tail string }

func (r repeated) writeTo(w io.Writer, n int) error {
	if _, err := io.WriteString(w, r.head); err != nil {
		return err
	}
	many := strings.Repeat(r.piece, 1000)
	for ; n > 0; n -= 1000 {
		if _, err := io.WriteString(w, many); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, r.tail)
	return err
}

// inflated is a made workbook with one part that repeats itself n times.
func inflated(t *testing.T, m *made, name string, r repeated, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	m.put(name, "")
	for _, part := range m.order {
		p, err := w.Create(part)
		if err == nil && part == name {
			err = r.writeTo(p, n)
		} else if err == nil {
			_, err = io.WriteString(p, m.parts[part])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func plainFile() *made {
	return make1(page(smallHead, `<row r="2">`+inline("A2", "张示例")+inline("B2", goodNumber)+"</row>"))
}

func TestHostileFiles(t *testing.T) {
	ole := append([]byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}, make([]byte, 1000)...)
	sealed := append(bytes.Clone(ole), []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")...)
	whole := plainFile().bytes(t)
	sheet := func(change func(string) string) []byte {
		m := plainFile()
		return m.put(sheet1, change(m.parts[sheet1])).bytes(t)
	}
	with := func(name, content string) []byte { return plainFile().put(name, content).bytes(t) }
	pageHead, pageTail, _ := strings.Cut(page("\x00"), "\x00")
	for _, c := range []struct {
		name string
		file []byte
		says string
	}{
		{"empty", nil, "文件是空的"},
		{"a picture", []byte("\x89PNG\r\n\x1a\n and so on"), "不是Excel工作簿"},
		{"old", ole, "旧版格式（.xls或WPS的.et）"},
		{"encrypted", sealed, "设有打开密码"},
		{"csv", []byte("姓名,证件号码\n张示例,1\n"), "文件是文本（如.csv）"},
		{"csv in GBK", []byte("\xd0\xd5\xc3\xfb,\xd6\xa4\xbc\xfe\n"), "文件是文本（如.csv）"},
		{"a web page named .xls", []byte("\ufeff<html><table><tr><td>姓名</td></tr></table></html>"), "网页格式"},
		{"ods", zipOf(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet", "content.xml", "<x/>"), "OpenDocument"},
		{"a document", zipOf(t, "[Content_Types].xml", "<x/>", "word/document.xml", "<x/>"), "Word文档"},
		{"xlsb", zipOf(t, "[Content_Types].xml", "<x/>", "xl/workbook.bin", "x"), ".xlsb"},
		{"another zip", zipOf(t, "hello.txt", "hello"), "不是Excel工作簿"},
		{"no worksheet", make1("").put("xl/workbook.xml", xmlHead+"<workbook/>").bytes(t), "没有工作表"},
		{"a worksheet that is not there", make1(page()).put("xl/_rels/workbook.xml.rels", "<Relationships/>").bytes(t), "没有工作表"},
		{"macros", with("xl/vbaProject.bin", "x"), "含有宏"},
		{"external links", with("xl/externalLinks/externalLink1.xml", "<x/>"), "外部链接"},
		{"cut off", whole[:len(whole)/2], "已损坏"},
		{"a way out of the folder", with("../../etc/passwd", "x"), "部件名称"},
		{"an absolute path", with(`\windows\x`, "x"), "部件名称"},
		{"a part twice", zipOf(t, "[Content_Types].xml", "<x/>", "xl/a.xml", "1", "XL/A.xml", "2"), "重复"},
		{"parts in each other", overlapping(t, whole), "重叠"},
		{"broken XML", sheet(func(s string) string { return strings.Replace(s, `<row r="2"`, `<row <r="2"`, 1) }), "已损坏"},
		{"XML cut off", sheet(func(s string) string { return s[:len(s)-len("</sheetData></worksheet>")] }), "第2行之后已损坏"},
		{"tags that do not match", sheet(func(s string) string { return strings.Replace(s, "</sheetData>", "</sheetdata>", 1) }), "已损坏"},
		{"bad UTF-8", sheet(func(s string) string { return strings.Replace(s, "张示例", "\xff\xfe", 1) }), "已损坏"},
		{"GBK", sheet(func(s string) string { return strings.Replace(s, "UTF-8", "GBK", 1) }), "已损坏"},
		{"an entity that grows", sheet(func(s string) string {
			return strings.Replace(s, "<worksheet", `<!DOCTYPE a [<!ENTITY x "yyyyyyyyyy"><!ENTITY z "&x;&x;&x;&x;&x;&x;&x;&x;">]><worksheet`, 1)
		}), "文档类型声明"},
		{"an entity from nowhere", sheet(func(s string) string { return strings.Replace(s, "张示例", "&z;", 1) }), "已损坏"},
		{"elements inside each other without end", sheet(func(s string) string { return strings.Replace(s, "<sheetData>", strings.Repeat("<a>", 1000), 1) }), "已损坏"},
		{"rows that go backwards", sheet(func(s string) string { return strings.Replace(s, `<row r="2"`, `<row r="1"`, 1) }), "已损坏"},
		{"a shared text that is not there", sheet(func(s string) string {
			return strings.Replace(s, "</sheetData>", `<row r="3"><c r="A3" t="s"><v>99</v></c></row></sheetData>`, 1)
		}), "已损坏"},
		{"a row far down", sheet(func(s string) string {
			return strings.Replace(s, "</sheetData>", `<row r="1048576">`+inline("A1048576", "x")+`</row></sheetData>`, 1)
		}), "第1048576行有内容"},
		{"a text without end", sheet(func(s string) string { return strings.Replace(s, "张示例", strings.Repeat("长", 40000), 1) }), "内容过长"},
		{"a head in column XFD", sheet(func(s string) string { return strings.Replace(s, "</row>", inline("XFD1", "x")+"</row>", 1) }), "XFD列还有内容"},
		{"a million empty rows", inflated(t, plainFile(), sheet1, repeated{pageHead + smallHead, "<row/>", pageTail}, 1_000_000), "行，请删除末尾的空行"},
		{"a bomb in the sheet", inflated(t, plainFile(), sheet1, repeated{pageHead, "        ", pageTail}, 30_000_000), "内容过长"},
		{"a bomb of cells", inflated(t, plainFile(), sheet1, repeated{pageHead + smallHead + `<row r="2">`, strings.Repeat(`<c/>`, 1000), "</row>" + pageTail}, 110_000), "超过300MB"},
		{"more columns than Excel has", inflated(t, plainFile(), sheet1, repeated{pageHead + smallHead + `<row r="2">`, `<c/>`, "</row>" + pageTail}, 20_000), "已损坏"},
		{"a bomb that lies about its size", lying(t, inflated(t, plainFile(), sheet1, repeated{pageHead + smallHead, "<row>" + strings.Repeat(`<c/>`, 10_000) + "</row>", pageTail}, 7_000)), "已损坏"},
		{"a bomb in the styles", inflated(t, plainFile(), "xl/styles.xml", repeated{"<styleSheet>", "<a></a>", "</styleSheet>"}, 30_000_000), "超过16MB"},
		{"styles without end", inflated(t, plainFile(), "xl/styles.xml", repeated{"<styleSheet><cellXfs>", `<xf numFmtId="1"/>`, "</cellXfs></styleSheet>"}, 70_000), "样式过多"},
		{"shared texts without end", inflated(t, plainFile(), "xl/sharedStrings.xml", repeated{"<sst>", "<si><t>a</t></si>", "</sst>"}, 5_000_000), "文字过多"},
		{"one shared text without end", inflated(t, plainFile(), "xl/sharedStrings.xml", repeated{"<sst><si><t>", "aaaaaaaa", "</t></si></sst>"}, 30_000_000), "内容过长"},
	} {
		var n int
		var err error
		took := time.Now()
		grown := peak(func() {
			var rows []smallRow
			rows, _, err = readSmall(t, small(), c.file)
			n = len(rows)
		})
		if f := fault.As(err); f == nil || f.Code != fault.Invalid || !strings.Contains(f.Message, c.says) {
			t.Errorf("%s: %d rows, %v; want %s", c.name, n, err, c.says)
		}
		if grown > 160<<20 {
			t.Errorf("%s: took %d MB", c.name, grown>>20)
		}
		if d := time.Since(took); d > 20*time.Second {
			t.Errorf("%s: took %v", c.name, d)
		}
	}
}

func TestWrongHeads(t *testing.T) {
	for what, c := range map[string]struct {
		file []byte
		says string
	}{
		"a missing column": {workbook(t, 2, func(f *excelize.File) { set(f, "E3", "") }), "缺少列：手机号码"},
		"an extra column":  {workbook(t, 2, func(f *excelize.File) { set(f, "AC3", "备注") }), "多出无法识别的列：备注"},
		"no head":          {workbook(t, 0, func(f *excelize.File) { f.RemoveRow(name, 3) }), "没有找到表头"},
	} {
		if rows, err := read(c.file); fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %d rows, %v; want %s", what, len(rows), err, c.says)
		}
	}
}

// zipOf packs parts, given as names and contents.
func zipOf(t *testing.T, parts ...string) []byte {
	t.Helper()
	m := &made{parts: map[string]string{}}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		m.put(parts[i], parts[i+1])
		p, err := w.Create(parts[i])
		if err == nil {
			_, err = io.WriteString(p, parts[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// lying says that every part unpacks to a hundred bytes.
func lying(t *testing.T, b []byte) []byte {
	t.Helper()
	out := bytes.Clone(b)
	for at := 0; ; at += 4 {
		i := bytes.Index(out[at:], []byte("PK\x01\x02"))
		if i < 0 {
			return out
		}
		at += i
		if binary.LittleEndian.Uint32(out[at+24:]) > 1<<20 {
			binary.LittleEndian.PutUint32(out[at+24:], 100)
		}
	}
}

// overlapping makes the second entry of the directory point to the bytes of the first.
func overlapping(t *testing.T, b []byte) []byte {
	t.Helper()
	out := bytes.Clone(b)
	first := bytes.Index(out, []byte("PK\x01\x02"))
	second := first + 4 + bytes.Index(out[first+4:], []byte("PK\x01\x02"))
	if first < 0 || second < first {
		t.Fatal("no directory")
	}
	binary.LittleEndian.PutUint32(out[second+42:], binary.LittleEndian.Uint32(out[first+42:]))
	return out
}

// A hundred thousand rows take no more memory than a few.
func TestMemoryStaysFlat(t *testing.T) {
	var file []byte
	for _, n := range []int{2000, 100_000} {
		var b bytes.Buffer
		wrote := peak(func() {
			if err := expert.Sheet().Write(&b, experts(n)); err != nil {
				t.Fatal(err)
			}
		})
		file = b.Bytes()
		read := 0
		grown := peak(func() {
			for r, err := range expert.Sheet().Read(ctx, bytes.NewReader(file), int64(len(file))) {
				if err != nil || !r.Good() {
					t.Fatal(r, err)
				}
				read++
			}
		})
		if read != n || grown > 32<<20 {
			t.Errorf("%d of %d rows read in %d MB", read, n, grown>>20)
		}
		if wrote > 160<<20 {
			t.Errorf("%d rows written in %d MB", n, wrote>>20)
		}
	}
}

// Shared texts, which every program but ours writes, lie in a file when they are many.
func TestMemoryStaysFlatWithSharedTexts(t *testing.T) {
	var texts, rows strings.Builder
	const n = 100_000
	for i := range n {
		fmt.Fprintf(&texts, "<si><t>姓名%d</t></si><si><t>%s</t></si><si><t>学校%d%s</t></si>", i, goodNumber, i, strings.Repeat("长", 60))
		fmt.Fprintf(&rows, `<row r="%d"><c r="A%d" t="s"><v>%d</v></c><c r="B%d" t="s"><v>%d</v></c><c r="G%d" t="s"><v>%d</v></c></row>`, i+2, i+2, 3*i, i+2, 3*i+1, i+2, 3*i+2)
	}
	b := make1(page(smallHead, rows.String())).put("xl/sharedStrings.xml", "<sst>"+texts.String()+"</sst>").bytes(t)
	got, last := 0, ""
	grown := peak(func() {
		for r, err := range small().Read(ctx, bytes.NewReader(b), int64(len(b))) {
			if err != nil {
				t.Fatal(err)
			}
			got++
			last = r.Message.Name
		}
	})
	if got != n || last != fmt.Sprintf("姓名%d", n-1) || grown > 64<<20 {
		t.Fatalf("%d rows, the last %q, %d MB", got, last, grown>>20)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(workbook(f, 2, nil))
	f.Add([]byte("PK\x03\x04"))
	f.Add(plainFile().bytes(f))
	f.Add([]byte("姓名,证件号码\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for r, err := range expert.Sheet().Read(ctx, bytes.NewReader(b), int64(len(b))) {
			if err == nil && r == nil {
				t.Fatal("neither a row nor an error")
			}
		}
	})
}

// FuzzSheet fuzzes what stands in a worksheet, past the zip that FuzzRead seldom gets through.
func FuzzSheet(f *testing.F) {
	f.Add(plainFile().parts[sheet1])
	f.Add(page(smallHead, `<row r="2"><c r="A2" t="s"><v>1</v></c><c r="C2" s="1"><f t="array" ref="C2:C3">1</f><v>41091</v></c></row>`))
	f.Add(page(`<row><c t="e"><v>#N/A</v></c><c t="b"><v>1</v></c><c t="d"><v>2012</v></c></row>`))
	f.Fuzz(func(t *testing.T, s string) {
		b := make1(s).bytes(t)
		for r, err := range small().Read(ctx, bytes.NewReader(b), int64(len(b))) {
			if err != nil && fault.As(err) == nil {
				t.Fatal("an error without words:", err)
			}
			if err == nil && r == nil {
				t.Fatal("neither a row nor an error")
			}
		}
	})
}
