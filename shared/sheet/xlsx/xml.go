package xlsx

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"zhiping/shared/fault"
)

// errBroken says that a part is not the XML that it should be.
var errBroken = errors.New("broken XML")

// A walker goes through the XML of a part, one element at a time, and makes sure that it is whole.
type walker struct {
	d     *xml.Decoder
	part  io.Closer
	stack []string
	text  []byte // what stands between the tags that are kept
	keep  bool
}

func walk(f *zip.File, most int64) (*walker, error) {
	if f == nil {
		return nil, errBroken
	}
	if f.UncompressedSize64 > uint64(most) { // a smaller number may be a lie, a larger one need not be looked at
		return nil, tooLarge(most)
	}
	part, err := f.Open()
	if err != nil {
		return nil, errBroken
	}
	d := xml.NewDecoder(bufio.NewReaderSize(&bounded{r: part, left: most, most: most}, 1<<16))
	return &walker{d: d, part: part}, nil
}

// next returns the next beginning or end of an element: its name without prefix, and its attributes at a beginning. At the end of a whole
// document the error is io.EOF.
func (w *walker) next() (name string, start bool, attrs []xml.Attr, err error) {
	for {
		t, err := w.d.RawToken()
		if err != nil {
			if errors.Is(err, io.EOF) && len(w.stack) == 0 {
				return "", false, nil, io.EOF
			}
			if fault.As(err) != nil {
				return "", false, nil, err
			}
			return "", false, nil, errBroken
		}
		switch t := t.(type) {
		case xml.StartElement:
			if len(w.stack) >= maxDepth {
				return "", false, nil, errBroken
			}
			w.stack = append(w.stack, t.Name.Local)
			return t.Name.Local, true, t.Attr, nil
		case xml.EndElement:
			if n := len(w.stack); n == 0 || w.stack[n-1] != t.Name.Local {
				return "", false, nil, errBroken
			}
			w.stack = w.stack[:len(w.stack)-1]
			return t.Name.Local, false, nil, nil
		case xml.CharData:
			if w.keep {
				w.text = append(w.text, t...)
			}
		case xml.Directive:
			return "", false, nil, refuse("文件内容异常（含有文档类型声明），请用下载的模板重新填写")
		}
	}
}

func (w *walker) close() error { return w.part.Close() }

// each calls fn for every beginning and end in a small part.
func each(f *zip.File, fn func(w *walker, name string, start bool, attrs []xml.Attr) error) error {
	w, err := walk(f, maxSmall)
	if err != nil {
		return err
	}
	defer w.close()
	for {
		name, start, attrs, err := w.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = fn(w, name, start, attrs)
		}
		if err != nil {
			return err
		}
	}
}

// attr is the value of an attribute, whatever its prefix.
func attr(attrs []xml.Attr, name string) string {
	for _, a := range attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// on reports whether an attribute that is a switch is on.
func on(attrs []xml.Attr, name string) bool {
	v := attr(attrs, name)
	return v == "1" || strings.EqualFold(v, "true")
}
