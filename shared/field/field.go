// Package field reads what the proto files declare about fields: labels, limits, choices, code lists and kinds of personal data. Forms,
// sheets, lists, printed pages and the server's check all take it from here (fields.md), so a field is declared once.
package field

import (
	"sync"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/catalog"
)

// An Info is what is declared about one field.
type Info struct {
	*commonv1.Field // label, help, personal, widget, catalogue, derived, draft
	Name            string
	Desc            protoreflect.FieldDescriptor
	Max             int // longest text in characters, 0 if there is no limit
	Required        bool
	Choices         []Choice // of an enum or a code list
}

// A Choice is one value that can be chosen.
type Choice struct {
	Value  protoreflect.EnumNumber // of an enum
	Code   string                  // of a code list
	Label  string
	Parent string // of a code list: the code above it
}

var (
	byField   sync.Map // protoreflect.FieldDescriptor -> *Info
	byMessage sync.Map // protoreflect.FullName -> []*Info
)

// All returns the fields of a message that people see, in the order of the file.
func All(md protoreflect.MessageDescriptor) []*Info {
	if v, ok := byMessage.Load(md.FullName()); ok {
		return v.([]*Info)
	}
	var all []*Info
	for i := range md.Fields().Len() {
		if f := Of(md.Fields().Get(i)); f.GetLabel() != "-" {
			all = append(all, f)
		}
	}
	byMessage.Store(md.FullName(), all)
	return all
}

// Named returns the fields of m with these names. A wrong name is a bug, so it panics; names are generated constants.
func Named(m proto.Message, names ...string) []*Info {
	md := m.ProtoReflect().Descriptor()
	out := make([]*Info, len(names))
	for i, n := range names {
		fd := md.Fields().ByName(protoreflect.Name(n))
		if fd == nil {
			panic("field: " + string(md.FullName()) + " has no field " + n)
		}
		out[i] = Of(fd)
	}
	return out
}

// Of returns what is declared about a field.
func Of(fd protoreflect.FieldDescriptor) *Info {
	if v, ok := byField.Load(fd); ok {
		return v.(*Info)
	}
	declared, _ := proto.GetExtension(fd.Options(), commonv1.E_Field).(*commonv1.Field)
	rules, _ := proto.GetExtension(fd.Options(), validate.E_Field).(*validate.FieldRules)
	f := &Info{Field: declared, Name: string(fd.Name()), Desc: fd, Required: rules.GetRequired()}
	if f.Max = int(rules.GetString().GetMaxLen()); f.Max == 0 {
		f.Max = int(rules.GetString().GetLen())
	}
	if e := fd.Enum(); e != nil {
		f.Choices = enumChoices(e)
	}
	for _, e := range catalog.Choices(declared.GetCatalogue()) {
		f.Choices = append(f.Choices, Choice{Code: e.Code, Label: e.Name, Parent: e.Parent})
	}
	v, _ := byField.LoadOrStore(fd, f)
	return v.(*Info)
}

func enumChoices(e protoreflect.EnumDescriptor) []Choice {
	var all []Choice
	for i := range e.Values().Len() {
		if v := e.Values().Get(i); v.Number() != 0 {
			all = append(all, Choice{Value: v.Number(), Label: choiceLabel(v)})
		}
	}
	return all
}

func choiceLabel(v protoreflect.EnumValueDescriptor) string {
	if v == nil {
		return ""
	}
	c, _ := proto.GetExtension(v.Options(), commonv1.E_Choice).(*commonv1.Choice)
	return c.GetLabel()
}

// Label returns what people call a value of an enum; "" for an unknown one.
func Label(e protoreflect.Enum) string {
	return choiceLabel(e.Descriptor().Values().ByNumber(e.Number()))
}
