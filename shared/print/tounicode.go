package print

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf16"
)

var (
	fontObject = regexp.MustCompile(`/BaseFont /utf8` + family + `(B?)\n/Encoding /Identity-H\n/DescendantFonts \[\d+ 0 R\]\n/ToUnicode (\d+) 0 R`)
	startOf    = regexp.MustCompile(`startxref\n(\d+)\n%%EOF`)
	trailer    = regexp.MustCompile(`/Size (\d+)\n/Root (\d+) 0 R\n/Info (\d+) 0 R`)
)

// mend replaces the ToUnicode maps of the fonts by exact ones, as an incremental update at the end of the file (ISO 32000-1, 7.5.6 and
// 9.10.3). gofpdf's own maps say that every code is its character, which is wrong for the private-use codes by which
// characters beyond the basic plane are printed: copied or searched, a name would turn into nonsense.
func mend(pdf []byte, f *faces, used [2][]rune) ([]byte, error) {
	tail := pdf[max(0, len(pdf)-1024):]
	start, ends := startOf.FindSubmatch(tail), trailer.FindSubmatch(tail)
	if start == nil || ends == nil {
		return nil, errors.New("gofpdf wrote an unknown trailer")
	}
	type object struct {
		number, offset int
	}
	var objects []object
	for _, m := range fontObject.FindAllSubmatch(pdf, -1) {
		n, err := strconv.Atoi(string(m[2]))
		if err != nil {
			return nil, err
		}
		w := len(m[1]) // B is the bold weight
		text := toUnicode(f[w], used[w])
		objects = append(objects, object{n, len(pdf)})
		pdf = fmt.Appendf(pdf, "%d 0 obj\n<</Length %d>>\nstream\n%s\nendstream\nendobj\n", n, len(text), text)
	}
	if len(objects) == 0 {
		return nil, errors.New("gofpdf wrote no font")
	}
	slices.SortFunc(objects, func(a, b object) int { return cmp.Compare(a.number, b.number) })
	at := len(pdf)
	pdf = append(pdf, "xref\n"...)
	for _, o := range objects {
		pdf = fmt.Appendf(pdf, "%d 1\n%010d 00000 n \n", o.number, o.offset)
	}
	return fmt.Appendf(pdf, "trailer\n<<\n/Size %s\n/Root %s 0 R\n/Info %s 0 R\n/Prev %s\n>>\nstartxref\n%d\n%%%%EOF\n",
		ends[1], ends[2], ends[3], start[1], at), nil
}

// toUnicode returns the map from the codes on the page to the characters.
func toUnicode(f *face, chars []rune) []byte {
	var b bytes.Buffer
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo\n<</Registry (Adobe)\n/Ordering (UCS)\n/Supplement 0\n>> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for part := range slices.Chunk(chars, 100) {
		fmt.Fprintf(&b, "%d beginbfchar\n", len(part))
		for _, r := range part {
			if hi, lo := utf16.EncodeRune(r); r > lastBasic {
				fmt.Fprintf(&b, "<%04X> <%04X%04X>\n", f.code(r), hi, lo)
			} else {
				fmt.Fprintf(&b, "<%04X> <%04X>\n", r, r)
			}
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend")
	return b.Bytes()
}
