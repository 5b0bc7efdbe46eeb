package xlsx

import (
	"archive/zip"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// inMemory is how many bytes of shared texts are held in memory; more than that lies in a file.
const inMemory = 4 << 20

// texts are the shared texts of a workbook, by number.
type texts struct {
	ends   []uint32 // where each one ends
	buf    []byte   // the texts, or those not yet in the file
	file   *os.File // nil while all are in memory
	at     int64    // how much is in the file
	window []byte   // what was read of the file last
	from   int64
}

// readTexts reads the shared texts; none is a workbook without.
func readTexts(f *zip.File) (*texts, error) {
	t := &texts{}
	if f == nil {
		return t, nil
	}
	w, err := walk(f, maxPart)
	if err != nil {
		return t, err
	}
	defer w.close()
	sounds := 0 // inside of how to read a text aloud, which is no part of it
	for {
		name, start, _, err := w.next()
		if errors.Is(err, io.EOF) {
			return t, t.sealed()
		}
		if err != nil {
			return t, err
		}
		switch {
		case name == "rPh" && start:
			sounds++
		case name == "rPh":
			sounds--
		case name == "t":
			w.keep = start && sounds == 0
		case name == "si" && !start:
			if err := t.add(w.text); err != nil {
				return t, err
			}
			w.text = w.text[:0]
		}
	}
}

func (t *texts) add(s []byte) error {
	if len(t.ends) >= maxStrings {
		return refuse("文件中的文字过多，请分成几个文件导入")
	}
	text := unescape(s)
	if tooLong(text) {
		return refuse("单元格内容过长（超过%d字），请缩短后再导入", maxText)
	}
	t.buf = append(t.buf, text...)
	t.ends = append(t.ends, uint32(t.at)+uint32(len(t.buf)))
	if len(t.buf) < inMemory {
		return nil
	}
	if t.file == nil {
		f, err := os.CreateTemp("", "zhiping-sheet-*")
		if err != nil {
			return err
		}
		t.file = f
	}
	return t.flush()
}

func (t *texts) flush() error {
	n, err := t.file.Write(t.buf)
	t.at += int64(n)
	t.buf = t.buf[:0]
	return err
}

// sealed brings what is left into the file, if there is one.
func (t *texts) sealed() error {
	if t.file == nil {
		return nil
	}
	err := t.flush()
	t.buf = nil
	return err
}

// get returns a text; a number that there is not is a broken file.
func (t *texts) get(i int) (string, error) {
	if i < 0 || i >= len(t.ends) {
		return "", errBroken
	}
	from, to := int64(0), int64(t.ends[i])
	if i > 0 {
		from = int64(t.ends[i-1])
	}
	if t.file == nil {
		return string(t.buf[from:to]), nil
	}
	if from < t.from || to > t.from+int64(len(t.window)) {
		b := make([]byte, min(max(1<<16, to-from), t.at-from))
		if _, err := t.file.ReadAt(b, from); err != nil {
			return "", err
		}
		t.window, t.from = b, from
	}
	return string(t.window[from-t.from : to-t.from]), nil
}

// Close forgets the texts.
func (t *texts) close() error {
	if t == nil || t.file == nil {
		return nil
	}
	return errors.Join(t.file.Close(), os.Remove(t.file.Name()))
}

func tooLong(s string) bool { return len(s) > maxText && utf8.RuneCountInString(s) > maxText }

// unescape turns _x000D_ into the sign it stands for, as Excel writes signs that XML does not have.
func unescape(b []byte) string {
	s := string(b)
	if !strings.Contains(s, "_x") {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); {
		if s[i] == '_' && i+7 <= len(s) && s[i+1] == 'x' && s[i+6] == '_' {
			if v, err := strconv.ParseUint(s[i+2:i+6], 16, 16); err == nil {
				out.WriteRune(rune(v))
				i += 7
				continue
			}
		}
		out.WriteByte(s[i])
		i++
	}
	return out.String()
}
