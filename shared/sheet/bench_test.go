package sheet_test

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"zhiping/shared/expert"
)

// BenchmarkImport compares a validated import with excelize's row iterator reading the same file.
func BenchmarkImport(b *testing.B) {
	file := workbook(b, 20000, nil)
	// Each half starts with a clean heap, else one collects what the other has left; three turns, because one takes seconds.
	timed := func(fn func()) time.Duration {
		runtime.GC()
		start := time.Now()
		fn()
		return time.Since(start)
	}
	var whole, bare time.Duration
	for b.Loop() {
		for range 3 {
			whole += timed(func() {
				for r, err := range expert.Sheet().Read(ctx, bytes.NewReader(file), int64(len(file))) {
					if err != nil || !r.Good() {
						b.Fatal(err)
					}
				}
			})
			bare += timed(func() {
				f, err := excelize.OpenReader(bytes.NewReader(file))
				if err != nil {
					b.Fatal(err)
				}
				defer f.Close()
				rows, err := f.Rows(name)
				if err != nil {
					b.Fatal(err)
				}
				for rows.Next() {
					if _, err := rows.Columns(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
	b.ReportMetric(float64(whole)/float64(bare), "ratio(<=1.5)")
}
