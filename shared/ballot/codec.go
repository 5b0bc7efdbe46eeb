package ballot

import (
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"zhiping/shared/fault"
)

// codec writes an object's lines or reads them: each object says its lines once, for both.
type codec struct {
	out  strings.Builder
	in   []string // the lines still to be read; nil while writing
	read bool
	bad  error
}

func (c *codec) fail(format string, args ...any) {
	if c.bad == nil {
		c.bad = fault.New(fault.Invalid, "数据格式不正确："+format, args...)
	}
}

// next returns the values of the next line if it has this key.
func (c *codec) next(key string, n int) ([]string, bool) {
	if c.bad != nil || len(c.in) == 0 {
		return nil, false
	}
	rest, ok := strings.CutPrefix(c.in[0], key+" ")
	if !ok {
		return nil, false
	}
	c.in = c.in[1:]
	values := strings.Split(rest, "|")
	if len(values) != n {
		c.fail("“%s”行应有%d项，现有%d项", key, n, len(values))
		return nil, false
	}
	for i, v := range values {
		if values[i] = v; v == "-" {
			values[i] = ""
		}
	}
	return values, true
}

func (c *codec) write(key string, values ...string) {
	c.out.WriteString(key + " ")
	for i, v := range values {
		if i > 0 {
			c.out.WriteByte('|')
		}
		if !printable(v) || v == "-" {
			c.fail("“%s”行的内容含有控制字符、竖线或为单个短横", key)
		}
		if v == "" {
			v = "-"
		}
		c.out.WriteString(v)
	}
	c.out.WriteByte('\n')
}

func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '|' }) < 0
}

// text is a line with one value.
func (c *codec) text(key string, v *string) {
	if !c.read {
		c.write(key, *v)
		return
	}
	if values, ok := c.next(key, 1); ok {
		*v = values[0]
	} else {
		c.fail("缺少“%s”行", key)
	}
}

func (c *codec) num(key string, v *int64) {
	s := strconv.FormatInt(*v, 10)
	if c.text(key, &s); c.read {
		*v = c.number(key, s)
	}
}

func (c *codec) number(key, s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		c.fail("“%s”的数字“%s”不正确", key, s)
	}
	return n
}

func (c *codec) bytes(key string, v *[]byte, size int) {
	s := hex.EncodeToString(*v)
	if c.text(key, &s); c.read {
		*v = c.hex(key, s, size)
	}
}

func (c *codec) hex(key, s string, size int) []byte {
	b, err := hex.DecodeString(s)
	if err != nil || s != strings.ToLower(s) || size >= 0 && len(b) != size {
		c.fail("“%s”应为%d字节的十六进制数", key, size)
	}
	return b
}

// lines is a list: as many lines with the key as there are elements. to gives an element's values, from sets it from them.
func lines[T any](c *codec, key string, n int, all *[]T, to func(*T) []string, from func(*T, []string)) {
	if !c.read {
		for i := range *all {
			c.write(key, to(&(*all)[i])...)
		}
		return
	}
	*all = nil
	for {
		values, ok := c.next(key, n)
		if !ok {
			return
		}
		var v T
		from(&v, values)
		*all = append(*all, v)
	}
}

// A body is what an object says, without its signatures.
type body interface {
	kind() string
	lines(*codec)
}

// encode returns the text of an object.
func encode(b body) (string, error) {
	c := &codec{}
	c.out.WriteString(b.kind() + "\n")
	b.lines(c)
	return c.out.String(), c.bad
}

// decode reads the text of an object and refuses one that would be written otherwise.
func decode(text string, b body) error {
	rest, ok := strings.CutPrefix(text, b.kind()+"\n")
	if !ok || !strings.HasSuffix(rest, "\n") {
		return fault.New(fault.Invalid, "数据格式不正确：不是%s", b.kind())
	}
	c := &codec{read: true, in: strings.Split(strings.TrimSuffix(rest, "\n"), "\n")}
	b.lines(c)
	if c.bad == nil && len(c.in) > 0 {
		c.fail("多余的行“%s”", c.in[0])
	}
	if c.bad != nil {
		return c.bad
	}
	again, err := encode(b)
	if err != nil {
		return err
	}
	if again != text {
		return fault.New(fault.Invalid, "数据格式不正确：%s 不是规范写法", b.kind())
	}
	return nil
}

// choice is a line that says one of two words.
func (c *codec) choice(key string, v *bool, no, yes string) {
	s := no
	if *v {
		s = yes
	}
	if c.text(key, &s); c.read {
		if s != no && s != yes {
			c.fail("“%s”应为%s或%s", key, no, yes)
		}
		*v = s == yes
	}
}

// id is a line with an object's id, "-" for none.
func (c *codec) id(key string, v *string) {
	if c.text(key, v); c.read && *v != "" {
		c.hex(key, *v, 32)
	}
}

// words is a list of lines with one value each.
func (c *codec) words(key string, all *[]string) {
	lines(c, key, 1, all, func(s *string) []string { return []string{*s} }, func(s *string, v []string) { *s = v[0] })
}
