// Package print makes the PDF documents of the system: the certificate, the review form, the publicity announcement, the minutes, the
// vote table, the reconciliation sheet, the sign-in sheet, the result of a draw and the summary table.
//
// A document is a small struct of what stands on its pages, filled in by the caller; personal data are masked by the caller where a rule
// asks for it (rules.md, section 5), because only the caller knows who will read the page. [Render] turns it into the bytes of a PDF:
//
//	pdf, err := print.Render(print.Meta{ID: "川评会〔2026〕3号", Made: now}, &print.Minutes{…})
//
// # How a page comes about
//
// Render first checks every text of the struct (check.go): a character the bundled font cannot show is a fault that names the character
// and where it stands, so that nobody prints a certificate with a box in a name. Then the document lays itself out (layout.go, table.go):
// pages become lists of marks - text at a place, lines, fills - with our own measures and our own line breaker (break.go). Last, the
// marks go through gofpdf (emit.go). Nothing is drawn while the number of pages is still unknown, so footers can say "第 1 页 共 3 页".
//
// # What gofpdf needs help with
//
//   - Its SplitText and MultiCell lose a Chinese character at each line break: lines are broken here, and gofpdf only places finished lines.
//   - It panics on characters beyond the basic plane: the font shows them in the private use area too, the page uses those codes, and
//     the maps for copying and searching (ToUnicode) are replaced afterwards with exact ones (tounicode.go).
//   - It takes 25 ms to cut a whole font for each document: the font is cut here to the document's own characters (font.go), in
//     microseconds. The bytes of a document therefore depend on its contents alone, never on what else was printed in the same batch.
//   - It panics on broken input: Render recovers and returns an error.
//
// # Promises
//
// The same Meta and the same struct give the same bytes, on every machine. The file's metadata carry the kind of document and the date, and
// no name of a person. Render may be called from several goroutines at once.
package print

import (
	"fmt"
	"time"

	"zhiping/shared/fault"
)

// Meta is what a document has besides its contents.
type Meta struct {
	ID   string    `label:"文件编号"` // stands in the footer of every page; may be empty
	Made time.Time // the moment the document was made; stands in the file's metadata (at +08:00), not on the page. Required: reprinting with the same value gives the same bytes
	Demo bool      // marks every page “演示数据 · 虚构”
}

// A Document can be printed. The structs of this package are the documents.
type Document interface {
	kind() string        // the title in the file's metadata; never a name
	page() paper         // paper and margins
	lay(l *layout) error // puts the marks on the pages
}

// maxPages bounds a document: more than this is a mistake of the caller or an attack.
const maxPages = 3000

// Render returns the PDF of a document. It returns an Invalid fault that names every character that cannot be printed, or says
// what is too long to fit; any other error is a bug.
func Render(m Meta, d Document) (pdf []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			pdf, err = nil, fmt.Errorf("print %s: %v", d.kind(), r)
		}
	}()
	if m.Made.IsZero() {
		return nil, fmt.Errorf("print %s: Meta.Made is not set", d.kind())
	}
	faces, err := load()
	if err != nil {
		return nil, err
	}
	if err := check(faces, &m, d); err != nil {
		return nil, err
	}
	l := newLayout(faces, m, d)
	if err := d.lay(l); err != nil {
		return nil, err
	}
	if len(l.pages) > maxPages {
		return nil, fault.New(fault.Invalid, "“%s”有%d页，超过%d页的上限，请分批打印", d.kind(), len(l.pages), maxPages)
	}
	l.finish()
	return emit(faces, m, d.kind(), l)
}
