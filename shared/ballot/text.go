package ballot

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"zhiping/shared/fault"
)

// none stands on a line whose value is absent.
const none = "-"

// maxObject is the largest object in bytes: the limit of the note format and of a USB bundle's entry.
const maxObject = 1000000

// A writer builds the text of an object, one line per value.
type writer struct{ b strings.Builder }

func (w *writer) line(key string, values ...any) {
	w.b.WriteString(key)
	for _, v := range values {
		fmt.Fprintf(&w.b, " %v", v)
	}
	w.b.WriteByte('\n')
}

// optional writes "-" for an empty value.
func (w *writer) optional(key, value string) {
	if value == "" {
		value = none
	}
	w.line(key, value)
}

func (w *writer) list(key string, values []string) { w.optional(key, strings.Join(values, ",")) }

// A reader takes a text apart line by line. The first error stays; what is read after it is meaningless and harmless. It is lenient
// where the identity of parsing and encoding, checked by Decode, makes strictness superfluous.
type reader struct {
	rest string
	n    int
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fault.New(fault.Invalid, "第%d行%s", r.n, fmt.Sprintf(format, args...))
	}
}

// raw returns the rest of the next line after the key and a space.
func (r *reader) raw(key string) string {
	line, rest, ok := strings.Cut(r.rest, "\n")
	r.n, r.rest = r.n+1, rest
	value, found := strings.CutPrefix(line, key+" ")
	if !ok || !found {
		r.fail("应为“%s …”", key)
		return ""
	}
	return value
}

// text reads what people wrote: not empty, no control characters, no space at either end.
func (r *reader) text(key string) string {
	v := r.raw(key)
	if !plain(v) {
		r.fail("“%s”的文字含有不允许的字符", key)
	}
	return v
}

func plain(v string) bool {
	return v != "" && utf8.ValidString(v) && strings.TrimSpace(v) == v && !strings.ContainsFunc(v, func(c rune) bool { return c < 0x20 || c == 0x7f })
}

func (r *reader) id(key string) string {
	v := r.raw(key)
	if !isID(v) {
		r.fail("“%s”不是有效的编号", key)
	}
	return v
}

// isID says whether v is an identifier: 1 to 64 ASCII letters, digits, '.', '_', ':' or '-', and not "-" alone.
func isID(v string) bool {
	return len(v) > 0 && len(v) <= 64 && v != none && !strings.ContainsFunc(v, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._:-", c))
	})
}

func (r *reader) optionalID(key string) string {
	v := r.raw(key)
	if v == none {
		return ""
	}
	if !isID(v) {
		r.fail("“%s”不是有效的编号", key)
	}
	return v
}

func (r *reader) ids(key string) []string {
	v := r.raw(key)
	if v == none || v == "" {
		return nil
	}
	list := strings.Split(v, ",")
	for _, id := range list {
		if !isID(id) {
			r.fail("“%s”中有无效的编号", key)
		}
	}
	return list
}

// hash reads a SHA-256 as 64 lower-case hexadecimal digits.
func (r *reader) hash(key string) string {
	v := r.raw(key)
	if !isHash(v) {
		r.fail("“%s”不是SHA-256", key)
	}
	return v
}

func isHash(v string) bool {
	b, err := hex.DecodeString(v)
	return err == nil && len(b) == sha256.Size && strings.ToLower(v) == v
}

func (r *reader) optionalHash(key string) string {
	if v := r.raw(key); v != none {
		if !isHash(v) {
			r.fail("“%s”不是SHA-256", key)
		}
		return v
	}
	return ""
}

// number reads a whole number between 0 and 2^53.
func (r *reader) number(key string) int64 { return r.parseInt(key, r.raw(key)) }

func (r *reader) parseInt(key, v string) int64 {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 || n > 1<<53 {
		r.fail("“%s”不是有效的数字", key)
		return 0
	}
	return n
}

// count reads how many of something follow; never more than there is text for.
func (r *reader) count(key string) int {
	n := r.number(key)
	if n > int64(len(r.rest)) {
		r.fail("“%s”的数目过大", key)
		return 0
	}
	return int(n)
}

func (r *reader) blob(key string) []byte {
	b, err := base64.StdEncoding.DecodeString(r.raw(key))
	if err != nil {
		r.fail("“%s”不是base64", key)
	}
	return b
}

// choice reads one of the given words.
func (r *reader) choice(key string, words ...string) string {
	v := r.raw(key)
	if !slices.Contains(words, v) {
		r.fail("“%s”的取值“%s”无效", key, v)
	}
	return v
}

// fields reads exactly n values separated by single spaces.
func (r *reader) fields(key string, n int) []string {
	f := strings.Split(r.raw(key), " ")
	if len(f) != n {
		r.fail("“%s”应有%d个值", key, n)
		return make([]string, n)
	}
	return f
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
