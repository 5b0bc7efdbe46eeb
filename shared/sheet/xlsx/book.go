// Package xlsx reads Excel workbooks that anybody may have written: Excel, WPS, LibreOffice, or somebody who means harm. It reads the little
// that an import needs - texts, numbers, dates as people see them, what is a formula, what is hidden - as a stream, so memory does not grow with
// the rows; and it refuses in words what is no workbook or would take the machine down (hostile.go). A general library reads more and stands
// less: it ends early without an error where the XML is broken, and unpacks parts that nobody asked for.
package xlsx

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"

	"zhiping/shared/fault"
)

// A Book is a workbook that is open.
type Book struct {
	Sheets []*Sheet

	parts    map[string]*zip.File
	formats  []format // of the cells, by number of style
	texts    *texts
	date1904 bool
}

// A Sheet is one worksheet.
type Sheet struct {
	Name   string
	Hidden bool
	Merged []string // areas of merged cells, the first few; known once the rows were read to the end

	part *zip.File
}

// Open reads what stands around the worksheets. Every error is a fault, except that of the file itself.
func Open(r io.ReaderAt, size int64) (*Book, error) {
	parts, err := unpack(r, size)
	if err != nil {
		return nil, err
	}
	b := &Book{parts: parts}
	if err := b.open(); err != nil {
		return nil, errors.Join(said(err, "文件无法作为Excel工作簿打开，请用Excel打开并另存为.xlsx后重试"), b.Close())
	}
	return b, nil
}

// said is err in words: its own if it has any.
func said(err error, words string, args ...any) error {
	if errors.Is(err, errBroken) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrAlgorithm) {
		return refuse(words, args...)
	}
	if f := fault.As(err); f != nil {
		return f
	}
	return err
}

// Close forgets what was read.
func (b *Book) Close() error { return b.texts.close() }

const officeDocument = "officeDocument"

func (b *Book) open() (err error) {
	main := "xl/workbook.xml"
	if b.parts["_rels/.rels"] != nil {
		all, err := b.relations("")
		if err != nil {
			return err
		}
		for _, r := range all {
			if r.kind == officeDocument {
				main = r.target
			}
		}
	}
	if b.parts[main] == nil {
		return refuse("文件不是Excel工作簿（.xlsx），请使用下载的模板填写")
	}
	relations, err := b.relations(main)
	if err != nil {
		return err
	}
	for _, r := range relations {
		switch r.kind {
		case "styles":
			if b.formats, err = readFormats(b.parts[r.target]); err != nil {
				return err
			}
		case "sharedStrings":
			if err = b.texts.close(); err == nil {
				b.texts, err = readTexts(b.parts[r.target])
			}
			if err != nil {
				return err
			}
		}
	}
	return b.sheets(main, relations)
}

// sheets reads the names and states of the worksheets.
func (b *Book) sheets(main string, relations map[string]relation) error {
	err := each(b.parts[main], func(_ *walker, name string, start bool, attrs []xml.Attr) error {
		switch {
		case !start:
		case name == "workbookPr":
			b.date1904 = on(attrs, "date1904")
		case name == "sheet":
			r := relations[attr(attrs, "id")]
			if r.kind != "worksheet" {
				return nil // a chart
			}
			if b.parts[r.target] == nil || len(b.Sheets) >= maxSheets {
				return errBroken
			}
			b.Sheets = append(b.Sheets, &Sheet{Name: attr(attrs, "name"), Hidden: attr(attrs, "state") != "" && attr(attrs, "state") != "visible", part: b.parts[r.target]})
		}
		return nil
	})
	if err == nil && len(b.Sheets) == 0 {
		return refuse("文件中没有工作表，请使用下载的模板填写")
	}
	return err
}

// A relation leads from one part to another.
type relation struct{ kind, target string }

// relations are those of a part, by id; those of the whole file for "".
func (b *Book) relations(of string) (map[string]relation, error) {
	dir, file := path.Split(of)
	part := b.parts[dir+"_rels/"+file+".rels"]
	if of == "" {
		part = b.parts["_rels/.rels"]
	}
	all := map[string]relation{}
	return all, each(part, func(_ *walker, name string, start bool, attrs []xml.Attr) error {
		if name != "Relationship" || !start || attr(attrs, "TargetMode") == "External" {
			return nil
		}
		target := strings.ToLower(strings.ReplaceAll(attr(attrs, "Target"), `\`, "/"))
		if !strings.HasPrefix(target, "/") {
			target = path.Join("/"+dir, target)
		}
		all[attr(attrs, "Id")] = relation{path.Base(attr(attrs, "Type")), strings.TrimPrefix(path.Clean(target), "/")}
		return nil
	})
}

// A format says how a number is to be read.
type format byte

const (
	plain format = iota
	date
	percent
)

// readFormats reads how each style of cells shows numbers.
func readFormats(f *zip.File) (all []format, err error) {
	custom := map[string]format{}
	inside := false // the formats of cells, not those of named styles
	err = each(f, func(_ *walker, name string, start bool, attrs []xml.Attr) error {
		switch {
		case name == "cellXfs":
			inside = start
		case !start:
		case name == "numFmt":
			custom[attr(attrs, "numFmtId")] = formatOf(attr(attrs, "formatCode"))
		case name == "xf" && inside:
			if len(all) >= maxStyles {
				return refuse("文件中的单元格样式过多，请将内容“选择性粘贴为数值”到下载的模板后再导入")
			}
			id := attr(attrs, "numFmtId")
			if f, ok := custom[id]; ok {
				all = append(all, f)
			} else {
				all = append(all, builtIn(id))
			}
		}
		return nil
	})
	return all, err
}

// builtIn is a format that has only a number (ECMA-376 part 1, 18.8.30; 27 to 58 are the dates of Chinese, Japanese and Korean).
func builtIn(id string) format {
	n, err := strconv.Atoi(id)
	switch {
	case err != nil:
		return plain
	case n == 9 || n == 10:
		return percent
	case n >= 14 && n <= 22, n >= 27 && n <= 36, n >= 45 && n <= 47, n >= 50 && n <= 58:
		return date
	}
	return plain
}

// formatOf reads the code of a format: what is left without quoted texts, colours and escaped signs says what it is.
func formatOf(code string) format {
	first, _, _ := strings.Cut(code, ";")
	var left strings.Builder
	for i := 0; i < len(first); i++ {
		switch c := first[i]; c {
		case '"', '[':
			end := byte('"')
			if c == '[' {
				end = ']'
			}
			n := strings.IndexByte(first[i+1:], end)
			if n < 0 {
				return plain
			}
			i += n + 1
		case '\\', '_', '*':
			i++
		default:
			left.WriteByte(c)
		}
	}
	switch s := strings.ToLower(left.String()); {
	case strings.Contains(s, "general"), strings.Contains(s, "@"):
		return plain
	case strings.ContainsAny(s, "ymdhs"):
		return date
	case strings.Contains(s, "%"):
		return percent
	}
	return plain
}
