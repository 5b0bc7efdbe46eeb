package field

import (
	"errors"
	"fmt"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"zhiping/shared/fault"
)

// A Level says how much is asked of a message.
type Level int

// The levels.
const (
	Complete Level = iota // everything that is required
	Draft                 // only what is there must be right
)

// words says each rule in Chinese and what to do; %v is the value of the rule. A test holds it against the rules in use.
var words = map[string]string{
	"required":           "为必填项，请填写",
	"string.max_len":     "最多%v个字，请缩短",
	"string.min_len":     "至少%v个字，请补充",
	"string.len":         "须为%v位，请核对",
	"string.pattern":     "格式不正确，请核对",
	"string.uuid":        "编号格式不正确，请刷新后重试",
	"string.uuid_empty":  "编号为空，请刷新后重试",
	"string.in":          "不是可选的值，请重新选择",
	"bytes.max_len":      "内容超过%v字节，请缩小后重试",
	"enum.defined_only":  "不是可选的值，请重新选择",
	"enum.in":            "不是可选的值，请重新选择",
	"enum.not_in":        "未选择，请选择",
	"int32.gte":          "不能小于%v，请修改",
	"int32.lte":          "不能大于%v，请修改",
	"int32.gt":           "须大于%v，请修改",
	"int32.in":           "不是可选的值，请重新选择",
	"int64.gte":          "不能小于%v，请修改",
	"int64.lte":          "不能大于%v，请修改",
	"int64.gt":           "须大于%v，请修改",
	"repeated.min_items": "至少%v项，请补充",
	"repeated.max_items": "最多%v项，请分批处理",
	"repeated.unique":    "有重复项，请删除重复的",
	"int32.gte_lte":      "须在%s至%s之间，请修改",
	"int64.gte_lte":      "须在%s至%s之间，请修改",
}

// Check returns the problems of m in the order of its fields; the error is a bug in the declarations.
func Check(m proto.Message, level Level) ([]fault.Problem, error) {
	err := protovalidate.GlobalValidator.Validate(m)
	if err == nil {
		return nil, nil
	}
	var bad *protovalidate.ValidationError
	if !errors.As(err, &bad) {
		return nil, fmt.Errorf("check %s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	var out []fault.Problem
	for _, v := range bad.Violations {
		path := v.Proto.GetField().GetElements()
		if v.Proto.GetRuleId() == "required" && (level == Draft || inDraft(m, path)) {
			continue
		}
		out = append(out, say(v, path))
	}
	return out, nil
}

func say(v *protovalidate.Violation, path []*validate.FieldPathElement) fault.Problem {
	p := fault.Problem{Field: protovalidate.FieldPathString(v.Proto.GetField())}
	if v.FieldDescriptor == nil { // a rule of the whole message says it itself
		p.Text = v.Proto.GetMessage()
		return p
	}
	f := Of(v.FieldDescriptor)
	id := v.Proto.GetRuleId()
	text, ok := words[id]
	switch {
	case strings.HasSuffix(id, ".gte_lte") && ok:
		low, high := bounds(v.FieldDescriptor)
		text = fmt.Sprintf(text, low, high)
	case ok && strings.Contains(text, "%v"):
		text = fmt.Sprintf(text, v.RuleValue.Interface())
	case !ok:
		text = "不符合要求（" + id + "），请核对"
	}
	if help := f.GetHelp(); id == "string.pattern" && help != "" {
		text = "格式不正确：" + help
	}
	label := f.GetLabel()
	if label == "-" {
		label = f.Name
	}
	p.Text = label + text
	for _, e := range path {
		if i, ok := e.GetSubscript().(*validate.FieldPathElement_Index); ok {
			p.Text = fmt.Sprintf("第%d项：%s", i.Index+1, p.Text)
		}
	}
	return p
}

// bounds returns the limits of a number, of which the violation carries only one.
func bounds(fd protoreflect.FieldDescriptor) (low, high string) {
	rules, _ := proto.GetExtension(fd.Options(), validate.E_Field).(*validate.FieldRules)
	if fd.IsList() {
		rules = rules.GetRepeated().GetItems()
	}
	if r := rules.GetInt64(); r != nil {
		return fmt.Sprint(r.GetGte()), fmt.Sprint(r.GetLte())
	}
	return fmt.Sprint(rules.GetInt32().GetGte()), fmt.Sprint(rules.GetInt32().GetLte())
}

// inDraft says whether the path leads through a field that may be incomplete.
func inDraft(m proto.Message, path []*validate.FieldPathElement) bool {
	md := m.ProtoReflect().Descriptor()
	for _, e := range path[:max(len(path)-1, 0)] {
		fd := md.Fields().ByNumber(protoreflect.FieldNumber(e.GetFieldNumber()))
		if fd == nil || fd.Message() == nil {
			return false
		}
		if Of(fd).GetDraft() {
			return true
		}
		md = fd.Message()
	}
	return false
}
