// Package expert holds the rules of the expert pools (features C4, C5, F5): which experts are active, complete, and may be drawn.
package expert

import (
	"fmt"
	"slices"

	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/catalog"
	"zhiping/shared/fault"
	"zhiping/shared/person"
)

// The states of an expert, as the tabs of the pool.
const (
	Draft    = "DRAFT"
	Review   = "IN_REVIEW"
	Returned = "RETURNED"
	Active   = "ACTIVE" // 在库
	Removed  = "REMOVED"
)

// State returns the tab an expert stands under.
func State(e *expertv1.Expert) string {
	switch {
	case e.Removed || e.GetEntry().GetStage() == reviewv1.Stage_STAGE_REFUSED:
		return Removed
	case e.GetEntry().GetStage() == reviewv1.Stage_STAGE_REVIEW:
		return Review
	case e.GetEntry().GetStage() == reviewv1.Stage_STAGE_RETURNED:
		return Returned
	case e.GetEntry().GetStage() == reviewv1.Stage_STAGE_APPROVED:
		return Active
	}
	return Draft
}

// Check reads the ID number, derives birth and sex from it, and holds title and specialty against their lists.
func Check(e *expertv1.Expert) []fault.Problem {
	var all []fault.Problem
	if p := person.CheckName(e.Name, "expert.name"); p != nil {
		all = append(all, *p)
	}
	id, p := person.Identify(e.IdKind, e.Number, "expert.number")
	if p != nil {
		all = append(all, *p)
	} else {
		e.Number = id.Number
		if id.Birth != "" {
			e.Birth, e.Sex = id.Birth, id.Sex
		}
	}
	return all
}

// Ineligible returns why an active expert cannot be drawn in a year, "" for nothing (F5; rules.md, section 3): the term is over, the person
// has retired, or a member who is no chair has attended the years before one after the other.
func Ineligible(e *expertv1.Expert, year int, on string, r *catalog.RuleSet) string {
	switch {
	case State(e) != Active:
		return "不在库"
	case e.TermUntil != "" && e.TermUntil < on:
		return fmt.Sprintf("聘期已于%s届满", e.TermUntil)
	case e.Retired:
		return "已退休"
	case e.Position != expertv1.Position_POSITION_CHAIR && running(e.AttendedYears, year) >= r.YearsRunning.Value:
		return fmt.Sprintf("已连续%d年参会", r.YearsRunning.Value)
	}
	return ""
}

// MayChair reports whether an expert can be drawn as chair in a year: last year's executive chair cannot (F5).
func MayChair(e *expertv1.Expert, year int) bool {
	return e.Position != expertv1.Position_POSITION_MEMBER && int(e.ChairedYear) != year-1
}

// running counts the years one after the other, up to the one before year.
func running(years []int32, year int) int {
	n := 0
	for slices.Contains(years, int32(year-1-n)) {
		n++
	}
	return n
}
