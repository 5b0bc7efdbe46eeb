package print

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jung-kurt/gofpdf"
)

// family is the name of the font inside the file, producer the program named in its metadata.
const (
	family   = "zhipingsanssc"
	producer = "Zhiping"
)

// east is the zone of all civil times (architecture.md: shown at +08:00).
var east = time.FixedZone("CST", 8*3600)

// number writes a measure as gofpdf writes them.
func number(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }

// emit draws the finished pages with gofpdf and mends the maps for copying and searching.
func emit(f *faces, m Meta, kind string, l *layout) ([]byte, error) {
	used, err := charsOf(f, l.pages)
	if err != nil {
		return nil, err
	}
	orientation := "P"
	if l.w > l.h {
		orientation = "L"
	}
	pdf := gofpdf.New(orientation, "mm", "A4", "")
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(m.Made.In(east))
	pdf.SetModificationDate(m.Made.In(east))
	pdf.SetProducer(producer, false)
	pdf.SetTitle(kind, true)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetMargins(0, 0, 0)
	for w, chars := range used {
		if len(chars) == 0 {
			continue
		}
		cut, err := f[w].cut(chars)
		if err != nil {
			return nil, err
		}
		pdf.AddUTF8FontFromBytes(family, [2]string{"", "B"}[w], cut)
	}
	p := &pen{Fpdf: pdf, faces: f}
	for _, pg := range l.pages {
		p.turn()
		for _, m := range pg.under {
			m.draw(p)
		}
		for _, m := range pg.marks {
			m.draw(p)
		}
	}
	var b bytes.Buffer
	if err := pdf.Output(&b); err != nil {
		return nil, fmt.Errorf("gofpdf: %w", err)
	}
	return mend(b.Bytes(), f, used)
}

// charsOf returns the characters of each weight, sorted. A character without glyph is a bug here: texts of the caller were checked,
// and the words of this package are tested.
func charsOf(f *faces, pages []*page) ([2][]rune, error) {
	var seen [2]map[rune]bool
	seen[regular], seen[bold] = map[rune]bool{}, map[rune]bool{}
	for _, p := range pages {
		for _, m := range slices.Concat(p.under, p.marks) {
			if w, ok := m.(words); ok {
				for _, r := range w.s {
					seen[w.weight][r] = true
				}
			}
		}
	}
	var used [2][]rune
	for w, set := range seen {
		for r := range set {
			if !f[w].has(r) {
				return used, fmt.Errorf("no glyph for %U", r)
			}
			used[w] = append(used[w], r)
		}
		slices.Sort(used[w])
	}
	return used, nil
}
