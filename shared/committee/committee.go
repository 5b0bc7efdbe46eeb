// Package committee holds the rules of review committees (features C1-C3): what a filing must have, how long it is valid, which states there are.
package committee

import (
	"fmt"
	"slices"
	"time"

	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/catalog"
	"zhiping/shared/fault"
)

// The states of a committee, as the tabs of its list.
const (
	Draft    = "DRAFT"
	Review   = "IN_REVIEW"
	Returned = "RETURNED"
	Refused  = "REFUSED"
	Filed    = "FILED"
)

// State returns the tab a committee stands under. A filing that has run out is still Filed here; Valid tells.
func State(c *committeev1.Committee) string {
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

// Editable reports whether the forming unit may change it: not while it is under review (C1).
func Editable(c *committeev1.Committee) bool {
	return c.GetFiling().GetStage() != reviewv1.Stage_STAGE_REVIEW
}

// File notes an approved filing on a civil date: valid for the rule set's years (Article 8).
func File(c *committeev1.Committee, today string) error {
	r, err := catalog.RulesOn(today)
	if err != nil {
		return err
	}
	d, err := time.Parse(time.DateOnly, today)
	if err != nil {
		return err
	}
	c.FiledOn = today
	c.ValidUntil = d.AddDate(r.FilingYears.Value, 0, -1).Format(time.DateOnly)
	return nil
}

// CheckValid refuses a committee whose filing does not hold on a civil date (Articles 8 and 38).
func CheckValid(c *committeev1.Committee, on string) error {
	switch {
	case c.FiledOn == "":
		return fault.New(fault.State, "评委会“%s”尚未备案，请先完成备案", c.Name).At("committee_id")
	case c.ValidUntil < on:
		return fault.New(fault.State, "评委会“%s”的备案已于%s到期，请先重新备案（第八条）", c.Name, c.ValidUntil).At("committee_id")
	}
	return nil
}

// Check holds a committee against the rules between its fields.
func Check(c *committeev1.Committee) []fault.Problem {
	var all []fault.Problem
	for _, s := range c.Specialties {
		if e := parent("specialties", s); e != c.Series {
			name, _ := catalog.Name("specialties", s)
			all = append(all, fault.Problem{Field: "committee.specialties", Text: fmt.Sprintf("专业“%s”不属于所选系列，请重新选择", name)})
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

// Warnings names what a pool of n active experts lacks at filing (Article 9): shown to those who review, no refusal.
func Warnings(c *committeev1.Committee, experts int, on string) ([]string, error) {
	r, err := catalog.RulesOn(on)
	if err != nil {
		return nil, err
	}
	var all []string
	if experts%2 == 0 {
		all = append(all, fmt.Sprintf("专家人数应为单数，现为%d人（第九条）", experts))
	}
	least := r.LeastHighBySpecialty
	if c.BySeries {
		least = r.LeastHighBySeries
	}
	if slices.ContainsFunc(c.Levels, High) && experts < least.Value {
		all = append(all, fmt.Sprintf("高级评委会专家不少于%d人，现为%d人（%s）", least.Value, experts, least.Source))
	}
	return all, nil
}

// High reports whether a level is a high one (正高级, 副高级).
func High(level string) bool { return level == "5" || level == "4" }
