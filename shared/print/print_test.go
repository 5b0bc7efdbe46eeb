package print_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zhiping/shared/fault"
	"zhiping/shared/print"
)

var made = time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)

func certificate(name string) *print.Certificate {
	return &print.Certificate{
		Name: name, Sex: "女", Birth: "1985年3月", IDNumber: "510101198503070022", Unit: "示例建筑设计院（虚构）", Series: "工程技术人才", Title: "工程师", Level: "中级",
		Specialty: "土木工程", Method: "评审", ReviewBody: "示例市工程技术中级职称评审委员会（虚构）", ApprovedOn: "2026年6月10日", Document: "示人社职〔2026〕6号",
		Issuer: "示例市人力资源和社会保障局（虚构）", Number: "510100ABCD-2026-000001", QR: strings.Repeat("zp-certificate/1 示例 ", 12),
	}
}

func render(t testing.TB, d print.Document) []byte {
	t.Helper()
	b, err := print.Render(print.Meta{ID: "示例〔2026〕1号", Made: made, Demo: true}, d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// text is what somebody gets who copies the document's text.
func text(t testing.TB, pdf []byte) string {
	t.Helper()
	path := filepath.Join(os.TempDir(), fmt.Sprintf("print-test-%d.pdf", os.Getpid()))
	defer os.Remove(path)
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", "-raw", path, "-").Output()
	if err != nil {
		t.Fatal("pdftotext (poppler-utils):", err)
	}
	return string(out)
}

func squeezed(s string) string { return strings.Join(strings.Fields(s), "") }

func TestRareNames(t *testing.T) {
	for _, name := range []string{"𠅤", "㑇", "䶮", "喆", "堃", "欧阳𠅤䶮"} {
		if got := text(t, render(t, certificate(name))); !strings.Contains(squeezed(got), name) {
			t.Errorf("%s cannot be copied out of its certificate", name)
		}
	}
}

func TestTheSameBytes(t *testing.T) {
	if !bytes.Equal(render(t, certificate("示例")), render(t, certificate("示例"))) {
		t.Fatal("two prints differ")
	}
	if bytes.Contains(render(t, certificate("张示例")), []byte("张示例")) {
		t.Fatal("the name stands in the file's metadata in the clear")
	}
}

func TestACharacterThatCannotBePrinted(t *testing.T) {
	_, err := print.Render(print.Meta{Made: made}, certificate("示\U0002FFFF例"))
	if f := fault.As(err); f == nil || !strings.Contains(f.Message, "姓名") || !strings.Contains(f.Message, "U+2FFFF") {
		t.Fatal(err)
	}
}

func report(rows int, paragraph string) *print.Report {
	r := &print.Report{
		Kind: "投票结果汇总表", Title: "示例市工程技术中级职称评审委员会投票结果汇总表", Subtitle: "2026年5月20日", Facts: []print.Fact{{"会议地点", "第一会议室"}, {"应到专家", "11人"}},
		Tables:     []print.Table{{Heads: []print.Head{{"序号", 1, true}, {"姓名", 2, true}, {"结论", 5, false}}}},
		Signatures: []string{"执行主任", "监督人员"}, Dated: true, QR: "1234 5678", QRText: "会议记录根摘要",
	}
	if paragraph != "" {
		r.Paragraphs = []string{paragraph}
	}
	for i := range rows {
		r.Tables[0].Rows = append(r.Tables[0].Rows, []string{fmt.Sprint(i + 1), fmt.Sprintf("人员%04d", i+1), "出席11人，同意9票，需8票，通过"})
	}
	return r
}

func TestLongTablesRepeatTheirHead(t *testing.T) {
	got := text(t, render(t, report(200, "")))
	if n := strings.Count(squeezed(got), "序号姓名结论"); n < 5 {
		t.Fatalf("the head stands %d times", n)
	}
	for i := range 200 {
		if !strings.Contains(got, fmt.Sprintf("人员%04d", i+1)) {
			t.Fatalf("row %d is missing", i+1)
		}
	}
}

// No character is lost or doubled at a line break, whatever the text.
func TestNothingIsLostAtLineBreaks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.StringOfN(rapid.RuneFrom([]rune("的一是在不了有和人这中大为上个国我以要他，。、；：！？“”（）《》0123456789abcXYZ𠅤㑇䶮喆堃")), 1, 300, -1).Draw(rt, "text")
		got := squeezed(text(t, render(t, report(1, "始"+s+"终"))))
		if !strings.Contains(got, "始"+squeezed(s)+"终") {
			rt.Fatalf("%q became %q", s, got)
		}
	})
}
