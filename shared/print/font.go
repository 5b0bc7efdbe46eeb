package print

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"zhiping/assets"
)

// A face is one weight of the bundled font: which characters it has, how wide they are, and how to cut it.
type face struct {
	data   []byte
	tables map[string][]byte
	gids   []uint16      // glyph of a rune, 0 = none
	widths []uint16      // of a glyph, in 1/1000 em
	place  map[rune]rune // private-use code of a character beyond the basic plane
}

// The two weights, as indexes into faces.
const (
	regular = 0
	bold    = 1
)

type faces [2]*face

// load reads the bundled font once. Both weights have the same characters; a test says so.
var load = sync.OnceValues(func() (*faces, error) {
	var f faces
	for i, data := range [][]byte{assets.Regular, assets.Bold} {
		var err error
		if f[i], err = parseFace(data); err != nil {
			return nil, fmt.Errorf("bundled font %d: %w", i, err)
		}
	}
	return &f, nil
})

const (
	firstPrivate = 0xE000
	lastPrivate  = 0xF8FF
	lastBasic    = 0xFFFF
)

var be = binary.BigEndian

// parseFace reads the tables of a TrueType font with a format 12 character map (ISO/IEC 14496-22).
func parseFace(data []byte) (*face, error) {
	f := &face{data: data, tables: map[string][]byte{}, place: map[rune]rune{}}
	if len(data) < 12 {
		return nil, errors.New("not a font")
	}
	for i := range int(be.Uint16(data[4:])) {
		e := data[12+16*i:]
		off, size := be.Uint32(e[8:]), be.Uint32(e[12:])
		f.tables[string(e[:4])] = data[off : off+size]
	}
	for _, t := range []string{"head", "hhea", "maxp", "hmtx", "cmap", "loca", "glyf", "OS/2", "post"} {
		if f.tables[t] == nil {
			return nil, fmt.Errorf("no table %s", t)
		}
	}
	if be.Uint16(f.tables["head"][50:]) != 1 {
		return nil, errors.New("loca has no long offsets")
	}
	f.readWidths()
	if err := f.readMap(); err != nil {
		return nil, err
	}
	f.readPlaces()
	return f, nil
}

func (f *face) readWidths() {
	em := int(be.Uint16(f.tables["head"][18:]))
	n := int(be.Uint16(f.tables["hhea"][34:]))
	f.widths = make([]uint16, be.Uint16(f.tables["maxp"][4:]))
	for g := range f.widths {
		w := int(be.Uint16(f.tables["hmtx"][4*min(g, n-1):]))
		f.widths[g] = uint16((w*1000 + em/2) / em)
	}
}

func (f *face) readMap() error {
	cmap := f.tables["cmap"]
	for i := range int(be.Uint16(cmap[2:])) {
		sub := cmap[be.Uint32(cmap[8+8*i:]):]
		if be.Uint16(sub) != 12 {
			continue
		}
		n := int(be.Uint32(sub[12:]))
		f.gids = make([]uint16, be.Uint32(sub[16+12*(n-1)+4:])+1)
		for g := range n {
			e := sub[16+12*g:]
			first, last, gid := be.Uint32(e), be.Uint32(e[4:]), be.Uint32(e[8:])
			for r := first; r <= last; r++ {
				f.gids[r] = uint16(gid + r - first)
			}
		}
		return nil
	}
	return errors.New("no character map of format 12")
}

// readPlaces finds for every character beyond the basic plane the private-use code that shows the same glyph.
func (f *face) readPlaces() {
	codes := map[uint16]rune{}
	for r := rune(firstPrivate); r <= lastPrivate; r++ {
		if g := f.gid(r); g != 0 {
			codes[g] = r
		}
	}
	for r := lastBasic + 1; r < len(f.gids); r++ {
		if p, ok := codes[f.gids[r]]; ok && f.gids[r] != 0 {
			f.place[rune(r)] = p
		}
	}
}

func (f *face) gid(r rune) uint16 {
	if r < 0 || int(r) >= len(f.gids) {
		return 0
	}
	return f.gids[r]
}

// has tells whether r can be printed. Private-use characters cannot: in texts they come from old in-house fonts and would show
// an unrelated character here.
func (f *face) has(r rune) bool {
	if r >= firstPrivate && r <= lastPrivate || f.gid(r) == 0 {
		return false
	}
	return r <= lastBasic || f.place[r] != 0
}

// code returns the code of the basic plane by which r is printed.
func (f *face) code(r rune) rune {
	if r > lastBasic {
		return f.place[r]
	}
	return r
}

// width returns the advance of r in em.
func (f *face) width(r rune) float64 { return float64(f.widths[f.gid(r)]) / 1000 }

// cut returns a TrueType font with the glyphs of the given characters alone, under their codes of the basic plane. Hinting and
// naming tables are left out: gofpdf copies what it finds into every document.
func (f *face) cut(chars []rune) ([]byte, error) {
	codes, glyphs := f.choose(chars)
	glyf, loca := []byte{}, make([]byte, 0, 4*len(glyphs)+4)
	hmtx := make([]byte, 0, 4*len(glyphs))
	full := f.tables["loca"]
	metrics := int(be.Uint16(f.tables["hhea"][34:]))
	for _, g := range glyphs {
		loca = be.AppendUint32(loca, uint32(len(glyf)))
		shape := f.tables["glyf"][be.Uint32(full[4*int(g):]):be.Uint32(full[4*int(g)+4:])]
		if len(shape) > 1 && int16(be.Uint16(shape)) < 0 {
			return nil, fmt.Errorf("glyph %d is composite", g)
		}
		glyf = append(glyf, shape...)
		glyf = append(glyf, make([]byte, -len(glyf)&3)...)
		hmtx = append(hmtx, f.metrics(int(g), metrics)...)
	}
	loca = be.AppendUint32(loca, uint32(len(glyf)))
	return assemble(map[string][]byte{
		"OS/2": f.tables["OS/2"], "post": f.tables["post"], "name": {0, 0, 0, 0, 0, 6}, "head": f.tables["head"],
		"hhea": patch(f.tables["hhea"], 34, len(glyphs)), "maxp": patch(f.tables["maxp"], 4, len(glyphs)),
		"glyf": glyf, "loca": loca, "hmtx": hmtx, "cmap": codes,
	}), nil
}

// metrics returns advance and left bearing of a glyph: glyphs after the first n share the last advance and have only a bearing of their own.
func (f *face) metrics(g, n int) []byte {
	table := f.tables["hmtx"]
	if g < n {
		return table[4*g : 4*g+4]
	}
	bearing := 4*n + 2*(g-n)
	return append(append([]byte{}, table[4*(n-1):4*(n-1)+2]...), table[bearing:bearing+2]...)
}

// choose returns the character map (format 4) for the characters and their glyphs in the order of their new numbers, which begin at 0 = none.
func (f *face) choose(chars []rune) (cmap []byte, glyphs []uint16) {
	codes := make([]rune, 0, len(chars))
	glyphs = []uint16{0}
	for _, r := range chars {
		codes = append(codes, f.code(r))
		glyphs = append(glyphs, f.gid(r))
	}
	slices.Sort(codes)
	slices.Sort(glyphs)
	codes, glyphs = slices.Compact(codes), slices.Compact(glyphs)
	n := len(codes) + 1
	var ends, starts, deltas []byte
	for _, c := range codes {
		g, _ := slices.BinarySearch(glyphs, f.gid(c))
		ends, starts = be.AppendUint16(ends, uint16(c)), be.AppendUint16(starts, uint16(c))
		deltas = be.AppendUint16(deltas, uint16(g-int(c)))
	}
	ends, starts, deltas = append(ends, 0xFF, 0xFF), append(starts, 0xFF, 0xFF), append(deltas, 0, 1)
	cmap = []byte{0, 0, 0, 1, 0, 3, 0, 1, 0, 0, 0, 12, 0, 4}
	for _, v := range []int{16 + 8*n, 0, 2 * n, 0, 0, 0} {
		cmap = be.AppendUint16(cmap, uint16(v))
	}
	cmap = slices.Concat(cmap, ends, []byte{0, 0}, starts, deltas, make([]byte, 2*n))
	return cmap, glyphs
}

// patch returns a copy of a table with one 16-bit number replaced.
func patch(table []byte, at, v int) []byte {
	t := slices.Clone(table)
	be.PutUint16(t[at:], uint16(v))
	return t
}

// assemble writes the tables into a font file. Checksums stay 0: gofpdf reads this file, and computes them for the one it embeds.
func assemble(tables map[string][]byte) []byte {
	names := make([]string, 0, len(tables))
	for n := range tables {
		names = append(names, n)
	}
	slices.Sort(names)
	out := []byte{0, 1, 0, 0}
	for _, v := range []int{len(names), 0, 0, 0} {
		out = be.AppendUint16(out, uint16(v))
	}
	off := len(out) + 16*len(names)
	for _, n := range names {
		out = append(out, n...)
		for _, v := range []int{0, off, len(tables[n])} {
			out = be.AppendUint32(out, uint32(v))
		}
		off += (len(tables[n]) + 3) &^ 3
	}
	for _, n := range names {
		out = append(out, tables[n]...)
		out = append(out, make([]byte, -len(tables[n])&3)...)
	}
	return out
}
