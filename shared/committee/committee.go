// Package committee holds the rules of review committees (features C1-C3): what a filing must have, how long it is valid and when it can be
// renewed, who may apply, which states there are.
package committee

import (
	"fmt"
	"slices"

	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/catalog"
	"zhiping/shared/fault"
	"zhiping/shared/field"
)

type message = *committeev1.Committee

// The states of a committee, as the tabs of its list.
const (
	Draft    = "DRAFT"
	Review   = "IN_REVIEW"
	Returned = "RETURNED"
	Refused  = "REFUSED"
	Filed    = "FILED"
)

// State returns the tab a committee stands under. A filing that has run out is still Filed here; Standing tells.
func State(c message) string {
	switch c.GetFiling().GetStage() {
	case reviewv1.Stage_STAGE_REVIEW:
		return Review
	case reviewv1.Stage_STAGE_RETURNED:
		return Returned
	case reviewv1.Stage_STAGE_REFUSED:
		return Refused
	case reviewv1.Stage_STAGE_APPROVED:
		return Filed
	}
	return Draft
}

var stateNames = map[string]string{Draft: "待提交", Review: "审核中", Returned: "已退回", Refused: "审核不通过", Filed: "已备案"}

// Standing says in words how the filing stands on a civil date (C1): its state, and whether it runs out soon or has run out. bad is true
// where the unit has to do something about the time.
func Standing(c message, today string) (text string, bad bool) {
	text = stateNames[State(c)]
	if c.FiledOn == "" {
		return text, false
	}
	switch soon := ExpiresSoon(c, today); {
	case c.ValidUntil < today && State(c) == Filed:
		return fmt.Sprintf("备案已过期（%s到期）", c.ValidUntil), true
	case c.ValidUntil < today:
		return text + "，原备案已过期", true
	case State(c) != Filed:
		return fmt.Sprintf("%s，原备案%s到期", text, c.ValidUntil), soon
	case soon:
		return fmt.Sprintf("%s，%s到期", text, c.ValidUntil), true
	}
	return text, false
}

// Editable reports whether the forming unit may change it: not while it is under review (C1).
func Editable(c message) bool { return c.GetFiling().GetStage() != reviewv1.Stage_STAGE_REVIEW }

// Effective is the committee as it was filed: while a change or renewal is not yet approved, what was filed before.
func Effective(c message) message {
	if c.GetApproved() != nil {
		return c.Approved
	}
	return c
}

// CheckValid refuses a committee whose filing does not hold on a civil date (Articles 8 and 38).
func CheckValid(c message, on string) error {
	switch {
	case c.FiledOn == "":
		return fault.New(fault.State, "评委会“%s”尚未备案，请先完成备案", c.Name).At("committee_id")
	case c.ValidUntil < on:
		return fault.New(fault.State, "评委会“%s”的备案已于%s到期，请先重新备案（第八条）", c.Name, c.ValidUntil).At("committee_id")
	}
	return nil
}

// Check holds a committee against the rules between its fields. A draft may be incomplete; Complete names what is missing.
func Check(c message) []fault.Problem {
	var all []fault.Problem
	add := func(field, format string, args ...any) {
		all = append(all, fault.Problem{Field: "committee." + field, Text: fmt.Sprintf(format, args...)})
	}
	if c.Name == "" {
		add("name", "评委会名称为必填项，请填写")
	}
	for _, s := range c.Specialties {
		if c.Series != "" && parent("specialties", s) != c.Series {
			name, _ := catalog.Name("specialties", s)
			add("specialties", "专业“%s”不属于所选系列，请重新选择", name)
		}
	}
	if top := highest[c.ReviewType]; top != 0 {
		for _, l := range c.Levels {
			if level(l) > top {
				add("levels", "“%s”高于评审类型“%s”，请核对", label("levels", l), field.Label(c.ReviewType))
			}
		}
	}
	return all
}

// highest is the highest level that a committee of a type may review (Article 6).
var highest = map[committeev1.ReviewType]int{committeev1.ReviewType_REVIEW_TYPE_HIGH: 5, committeev1.ReviewType_REVIEW_TYPE_MIDDLE: 3, committeev1.ReviewType_REVIEW_TYPE_JUNIOR: 2}

func level(code string) int {
	if len(code) != 1 {
		return 0
	}
	return int(code[0] - '0')
}

// Required are the fields that a committee must have when it is handed in, as the manual's form stars them.
var Required = []string{
	committeev1.Committee_Name, committeev1.Committee_WorkingBody, committeev1.Committee_Office, committeev1.Committee_ReviewType, committeev1.Committee_Levels,
	committeev1.Committee_AuthorisingId, committeev1.Committee_FilingId, committeev1.Committee_Contact, committeev1.Committee_Phone, committeev1.Committee_Address,
	committeev1.Committee_Series, committeev1.Committee_RequestDocument,
}

// Complete names what is missing before a committee can be handed in (C2), besides what Check says.
func Complete(c message) []fault.Problem {
	var all []fault.Problem
	for _, f := range field.Named(c, Required...) {
		if !c.ProtoReflect().Has(f.Desc) {
			all = append(all, fault.Problem{Field: "committee." + f.Name, Text: f.GetLabel() + "为必填项，请填写后再提交备案"})
		}
	}
	if !c.BySeries && len(c.Specialties) == 0 {
		all = append(all, fault.Problem{Field: "committee.specialties", Text: "按专业组建的评委会须至少选择一个专业"})
	}
	return all
}

func parent(list, code string) string {
	for _, e := range catalog.Choices(list) {
		if e.Code == code {
			return e.Parent
		}
	}
	return ""
}

func label(list, code string) string {
	if n, ok := catalog.Name(list, code); ok {
		return n
	}
	return code
}

// High reports whether a level is a high one (正高级, 副高级).
func High(level string) bool { return level == "5" || level == "4" }

// Series returns the labels of the specialties of a series, for the form's list that depends on it.
func Series(series string) []string {
	var all []string
	for _, e := range catalog.Children("specialties", series) {
		all = append(all, e.Name)
	}
	return all
}

// CheckRequirements holds the default achievement requirements against each other (E2): they are shown by their order.
func CheckRequirements(all []*committeev1.Requirement) []fault.Problem {
	var problems []fault.Problem
	var seen []int32
	for i, r := range all {
		if slices.Contains(seen, r.Order) {
			problems = append(problems, fault.Problem{Field: fmt.Sprintf("requirements[%d].order", i), Text: fmt.Sprintf("序号%d重复，请修改", r.Order)})
		}
		seen = append(seen, r.Order)
	}
	return problems
}
