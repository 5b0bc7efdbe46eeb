package field

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/catalog"
	"zhiping/shared/fault"
)

var china = time.FixedZone("+08:00", 8*60*60)

// Text returns the value of the field as people read it: the name of a code, 是 or 否, an instant at +08:00; several values with 、 between.
func (f *Info) Text(m proto.Message) string {
	v := m.ProtoReflect().Get(f.Desc)
	if f.Desc.IsMap() {
		return ""
	}
	if !f.Desc.IsList() {
		return f.one(v)
	}
	all := make([]string, v.List().Len())
	for i := range all {
		all[i] = f.one(v.List().Get(i))
	}
	return strings.Join(all, "、")
}

func (f *Info) one(v protoreflect.Value) string {
	switch f.Desc.Kind() {
	case protoreflect.EnumKind:
		return choiceLabel(f.Desc.Enum().Values().ByNumber(v.Enum()))
	case protoreflect.BoolKind:
		if v.Bool() {
			return "是"
		}
		return "否"
	case protoreflect.StringKind:
		if f.GetCatalogue() != "" {
			if name, ok := catalog.Name(f.GetCatalogue(), v.String()); ok {
				return name
			}
		}
		return v.String()
	case protoreflect.Int32Kind, protoreflect.Int64Kind:
		return f.number(v.Int())
	case protoreflect.MessageKind:
		if a, ok := v.Message().Interface().(*commonv1.Attachment); ok {
			return a.GetName()
		}
		return ""
	}
	return v.String()
}

func (f *Info) number(n int64) string {
	switch {
	case n == 0:
		return ""
	case f.GetWidget() == commonv1.Widget_WIDGET_INSTANT:
		return time.UnixMilli(n).In(china).Format("2006-01-02 15:04")
	}
	return strconv.FormatInt(n, 10)
}

// Masked returns Text with personal data made unreadable (rules.md, section 5).
func (f *Info) Masked(m proto.Message) string { return Mask(f.GetPersonal(), f.Text(m)) }

// Mask makes a text of a kind of personal data unreadable: of a name the first character stays, of a number the first six and the last
// two, of a telephone the first three and the last four.
func Mask(p commonv1.Personal, s string) string {
	r := []rune(s)
	stars := func(head, tail int) string {
		if len(r) <= head+tail {
			head, tail = min(1, len(r)), 0
		}
		return string(r[:head]) + strings.Repeat("*", len(r)-head-tail) + string(r[len(r)-tail:])
	}
	switch p {
	case commonv1.Personal_PERSONAL_NAME:
		return stars(1, 0)
	case commonv1.Personal_PERSONAL_NUMBER:
		return stars(6, 2)
	case commonv1.Personal_PERSONAL_PHONE:
		return stars(3, 4)
	case commonv1.Personal_PERSONAL_HIDDEN:
		return strings.Repeat("*", min(len(r), 6))
	}
	return s
}

// problem returns what is wrong with the field, with its label in front.
func (f *Info) problem(format string, args ...any) *fault.Problem {
	return &fault.Problem{Field: f.Name, Text: f.GetLabel() + fmt.Sprintf(format, args...)}
}

// SetText sets the field to what a person typed, or says in Chinese why it cannot be that; then the message is unchanged. An empty text
// clears the field.
func (f *Info) SetText(m proto.Message, s string) *fault.Problem {
	r := m.ProtoReflect()
	if s = strings.TrimSpace(strings.ToValidUTF8(s, "")); s == "" {
		r.Clear(f.Desc)
		return nil
	}
	if f.Desc.IsList() {
		return f.setList(r, s)
	}
	v, p := f.parse(s)
	if p == nil {
		r.Set(f.Desc, v)
	}
	return p
}

var separators = regexp.MustCompile(`\s*[、，,；;\n]\s*`)

func (f *Info) setList(r protoreflect.Message, s string) *fault.Problem {
	l := r.NewField(f.Desc).List()
	for _, part := range separators.Split(s, -1) {
		if part == "" {
			continue
		}
		v, p := f.parse(part)
		if p != nil {
			return p
		}
		l.Append(v)
	}
	r.Set(f.Desc, protoreflect.ValueOfList(l))
	return nil
}

func (f *Info) parse(s string) (v protoreflect.Value, p *fault.Problem) {
	switch f.Desc.Kind() {
	case protoreflect.EnumKind:
		for _, c := range f.Choices {
			if c.Label == s {
				return protoreflect.ValueOfEnum(c.Value), nil
			}
		}
		return v, f.problem("“%s”不是可选的值，请从%s中选择", s, f.offered())
	case protoreflect.BoolKind:
		if s != "是" && s != "否" {
			return v, f.problem("请填“是”或“否”")
		}
		return protoreflect.ValueOfBool(s == "是"), nil
	case protoreflect.Int32Kind, protoreflect.Int64Kind:
		return f.parseNumber(s)
	case protoreflect.StringKind:
		return f.parseText(s)
	}
	panic("field: " + string(f.Desc.FullName()) + " is not typed by people")
}

// offered lists the choices for a message, the first few of a long list.
func (f *Info) offered() string {
	const some = 8
	var all []string
	for _, c := range f.Choices[:min(some, len(f.Choices))] {
		all = append(all, c.Label)
	}
	text := strings.Join(all, "、")
	if len(f.Choices) > some {
		text += "等"
	}
	return text
}

func (f *Info) parseNumber(s string) (v protoreflect.Value, p *fault.Problem) {
	if f.GetWidget() == commonv1.Widget_WIDGET_INSTANT {
		t, err := time.ParseInLocation("2006-01-02 15:04", s, china)
		if err != nil {
			return v, f.problem("请按“2026-03-01 09:00”的格式填写")
		}
		return protoreflect.ValueOfInt64(t.UnixMilli()), nil
	}
	bits := 64
	if f.Desc.Kind() == protoreflect.Int32Kind {
		bits = 32
	}
	n, err := strconv.ParseInt(s, 10, bits)
	if err != nil {
		return v, f.problem("“%s”不是整数，请填整数", s)
	}
	if bits == 32 {
		return protoreflect.ValueOfInt32(int32(n)), nil
	}
	return protoreflect.ValueOfInt64(n), nil
}

func (f *Info) parseText(s string) (v protoreflect.Value, p *fault.Problem) {
	if list := f.GetCatalogue(); list != "" {
		code, ok := catalog.Code(list, s)
		if !ok {
			return v, f.problem("“%s”不在代码表中，请从%s中选择", s, f.offered())
		}
		s = code
	}
	if f.GetWidget() == commonv1.Widget_WIDGET_DATE {
		d, ok := Date(s)
		if !ok {
			return v, f.problem("“%s”不是有效的日期，请按“2026-03-01”或“20260301”填写", s)
		}
		s = d
	}
	if f.GetWidget() == commonv1.Widget_WIDGET_MONTH {
		d, ok := Month(s)
		if !ok {
			return v, f.problem("“%s”不是有效的日期，请按“1973-07-28”或“197307”填写", s)
		}
		s = d
	}
	return protoreflect.ValueOfString(s), nil
}

var datePattern = regexp.MustCompile(`^([0-9]{4})[-/.年]?([0-9]{1,2})(?:[-/.月]?([0-9]{1,2})?日?)?$`)

// Date reads a civil date as people type it (20240226, 2024-2-26, 2024/02/26, 2024.2.26, 2024年2月26日) as ISO text.
func Date(s string) (string, bool) {
	m := datePattern.FindStringSubmatch(s)
	if m == nil || m[3] == "" {
		return "", false
	}
	t, err := time.Parse("2006-1-2", m[1]+"-"+m[2]+"-"+m[3])
	if err != nil {
		return "", false
	}
	return t.Format(time.DateOnly), true
}

var monthPattern = regexp.MustCompile(`^([0-9]{4})[-/.年]?(0?[1-9]|1[0-2])月?$`)

// Month reads a civil date, or only its month (197307, 1973-07, 1973年7月), as people type it: as ISO text of what was said.
func Month(s string) (string, bool) {
	if m := monthPattern.FindStringSubmatch(s); m != nil && (len(s) > len("19737") || len(m[2]) == 2) {
		return m[1] + "-" + strings.Repeat("0", 2-len(m[2])) + m[2], true
	}
	return Date(s)
}
