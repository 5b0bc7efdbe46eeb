package print

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"zhiping/shared/fault"
)

// maxProblems bounds how many problems one fault lists.
const maxProblems = 20

// check returns a fault that lists every text of the structs which cannot be printed, or nil. The label tags of the fields give the
// words, the field names in snake case the paths.
func check(f *faces, roots ...any) error {
	var problems []fault.Problem
	for _, root := range roots {
		walk(reflect.ValueOf(root), "", "", func(path, label, text string) {
			if p := problem(f, label, text); p != "" && len(problems) < maxProblems {
				problems = append(problems, fault.Problem{Field: path, Text: p})
			}
		})
	}
	return fault.Several(problems)
}

// walk visits every text below v with its path and its label.
func walk(v reflect.Value, path, label string, visit func(path, label, text string)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			walk(v.Elem(), path, label, visit)
		}
	case reflect.String:
		visit(path, label, v.String())
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i), fmt.Sprintf("%s第%d行", label, i+1), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Tag.Get("label") != "" {
				walk(v.Field(i), strings.TrimPrefix(path+"."+snake(f.Name), "."), label+"“"+f.Tag.Get("label")+"”", visit)
			}
		}
	}
}

// snake turns a Go name into the name of a field on the wire: IDNumber → id_number.
func snake(name string) string {
	var b strings.Builder
	rs := []rune(name)
	for i, r := range rs {
		if unicode.IsUpper(r) && i > 0 && (unicode.IsLower(rs[i-1]) || i+1 < len(rs) && unicode.IsLower(rs[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// problem says why a text cannot be printed, or "".
func problem(f *faces, label, text string) string {
	if !utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError) {
		return label + "含有已损坏的文字，请重新录入"
	}
	for _, r := range clean(text) {
		switch {
		case r == '\n' || f[regular].has(r) && f[bold].has(r):
		case r >= firstPrivate && r <= lastPrivate:
			return fmt.Sprintf("%s含有自造字（编码U+%04X），各处显示不一，不能打印，请改用国家标准字", label, r)
		default:
			return fmt.Sprintf("%s中的字“%c”（U+%04X）不在打印字库内，不能打印；请核对此字，确认无误的请与系统管理员联系", label, r, r)
		}
	}
	return ""
}

// clean makes a text printable without changing what is read: line ends become \n, tabs spaces, and characters that show nothing -
// controls, byte order marks, zero-width and direction marks, variation selectors - go.
func clean(s string) string {
	if plain(s) {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\f' || r == '\v' || r == '\u0085':
			return '\n'
		case r == '\t' || r == '\u00A0':
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector):
			return -1
		}
		return r
	}, s)
}

// plain tells whether clean has nothing to do, which is the rule.
func plain(s string) bool {
	for _, r := range s {
		if r < ' ' || r >= 0x7F && r < 0x2010 || r > 0x2027 && r < 0x2030 || r >= 0x2060 && r < 0x2070 || r >= 0xFE00 && r < 0xFE10 || r == 0xFEFF || r >= 0xFFF0 && r < 0x10000 || r > 0xE0000 {
			return false
		}
	}
	return true
}
