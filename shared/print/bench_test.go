package print

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jung-kurt/gofpdf"
	"github.com/skip2/go-qrcode"
)

// BenchmarkCertificates compares certificates with the same marks drawn by bare gofpdf, with the fonts cut once for all of them. Every certificate
// has a QR code of its own, so both encode one.
func BenchmarkCertificates(b *testing.B) {
	c := &Certificate{
		Name: "张示例", Sex: "女", Birth: "1985年3月", IDNumber: "510101198503070022", Unit: "示例建筑设计院（虚构）", Series: "工程技术人才", Title: "工程师", Level: "中级",
		Specialty: "土木工程", Method: "评审", ReviewBody: "示例市工程技术中级职称评审委员会（虚构）", ApprovedOn: "2026年6月10日", Document: "示人社职〔2026〕6号",
		Issuer: "示例市人力资源和社会保障局（虚构）", Number: "510100ABCD-2026-000001", QR: strings.Repeat("zp-certificate/1 示例 ", 12),
	}
	m := Meta{Made: time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)}
	f, err := load()
	if err != nil {
		b.Fatal(err)
	}
	l := newLayout(f, m, c)
	if err := c.lay(l); err != nil {
		b.Fatal(err)
	}
	l.finish()
	used, err := charsOf(f, l.pages)
	if err != nil {
		b.Fatal(err)
	}
	var fonts [2][]byte
	for w, chars := range used {
		if fonts[w], err = f[w].cut(chars); err != nil {
			b.Fatal(err)
		}
	}
	var ours, bare time.Duration
	n := 0
	for b.Loop() {
		n++
		c.Number = fmt.Sprintf("510100ABCD-2026-%06d", n)
		start := time.Now()
		if _, err := Render(m, c); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(start)
		start = time.Now()
		code, err := qrcode.New(c.QR, qrcode.Medium)
		if err != nil || len(code.Bitmap()) == 0 {
			b.Fatal(err)
		}
		if err := drawBare(f, l, fonts); err != nil {
			b.Fatal(err)
		}
		bare += time.Since(start)
	}
	b.ReportMetric(float64(n)/ours.Seconds(), "certificates/s")
	b.ReportMetric(float64(ours)/float64(bare), "ratio(<=1.2)")
}

func drawBare(f *faces, l *layout, fonts [2][]byte) error {
	pdf := gofpdf.New("P", "mm", "A4", "")
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetMargins(0, 0, 0)
	for w, font := range fonts {
		if font != nil {
			pdf.AddUTF8FontFromBytes(family, [2]string{"", "B"}[w], font)
		}
	}
	p := &pen{Fpdf: pdf, faces: f}
	for _, pg := range l.pages {
		p.turn()
		for _, m := range pg.marks {
			m.draw(p)
		}
	}
	var out bytes.Buffer
	return pdf.Output(&out)
}
