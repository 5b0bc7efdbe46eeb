// Package expert holds the rules of the expert pools (features C4, C5, F5): which experts are active and complete, whom a subordinate unit can
// recommend, who may be drawn, and whom an expert must not judge.
package expert

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/catalog"
	"zhiping/shared/fault"
	"zhiping/shared/field"
	"zhiping/shared/person"
)

type message = *expertv1.Expert

// The states of an expert, as the tabs of the pool.
const (
	Draft    = "DRAFT"
	Review   = "IN_REVIEW"
	Returned = "RETURNED"
	Active   = "ACTIVE" // 在库
	Removed  = "REMOVED"
)

// State returns the tab an expert stands under.
func State(e message) string {
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

// Editable reports whether the forming unit may change an expert: not while the entry is under review.
func Editable(e message) bool { return State(e) != Review }

// Edit lays what the forming unit typed over an expert as it is; what others decide, and what the meetings noted, stays. The name and number of
// somebody who has been reviewed cannot become another person's.
func Edit(old, from message) (message, error) {
	e := proto.CloneOf(from)
	e.Entry, e.Removed, e.AttendedYears, e.ChairedYear = old.GetEntry(), old.GetRemoved(), old.GetAttendedYears(), old.GetChairedYear()
	e.Attendances, e.Standings, e.Former, e.RecommenderName = old.GetAttendances(), old.GetStandings(), old.GetFormer(), old.GetRecommenderName()
	switch {
	case old == nil:
		return e, nil
	case old.CommitteeId != e.CommitteeId:
		return nil, fault.New(fault.State, "专家“%s”属于其他评委会，不能改到本评委会；请在本评委会另行添加", old.Name)
	case !Editable(old):
		return nil, fault.New(fault.State, "专家“%s”正在审核，不能修改；请等待审核结果或先撤回", old.Name)
	case old.Entry.GetStage() == reviewv1.Stage_STAGE_APPROVED && (old.Number != e.Number || old.IdKind != e.IdKind || old.Name != e.Name):
		return nil, fault.New(fault.Invalid, "“%s”已审核入库，姓名和证件号码不能修改；请核对后联系授权管理单位", old.Name).At("expert.number")
	}
	return e, nil
}

// Check reads the ID number, derives birth and sex from it, and holds the fields against each other. What is only missing, Missing tells.
func Check(e message) []fault.Problem {
	var all []fault.Problem
	add := func(f, format string, args ...any) {
		all = append(all, fault.Problem{Field: "expert." + f, Text: fmt.Sprintf(format, args...)})
	}
	if e.Name == "" {
		add("name", "姓名为必填项，请填写")
	} else if p := person.CheckName(e.Name, "expert.name"); p != nil {
		all = append(all, *p)
	}
	if e.IdKind == "" {
		e.IdKind = person.Resident
	}
	if id, p := person.Identify(e.IdKind, e.Number, "expert.number"); p != nil {
		all = append(all, *p)
	} else if e.Number = id.Number; id.Birth != "" {
		if e.Birth != "" && !strings.HasPrefix(id.Birth, e.Birth[:min(len(e.Birth), len("1973-07"))]) {
			add("birth", "出生日期与证件号码不符，号码中为%s，请核对", id.Birth)
		}
		e.Birth, e.Sex = id.Birth, id.Sex
	}
	if e.TermFrom != "" && e.TermUntil != "" {
		checkTerm(e, add)
	}
	for i, l := range e.Leaves {
		if l.From != "" && l.Until < l.From {
			add("leaves", "第%d次请假的结束日期早于开始日期，请核对", i+1)
		}
	}
	for i, r := range e.Relations {
		if r.Name == "" && r.Unit == "" {
			add("relations", "第%d项回避关系须填写姓名或单位", i+1)
		}
	}
	return all
}

// checkTerm holds a term against Article 10: at most so many years.
func checkTerm(e message, add func(f, format string, args ...any)) {
	from, err1 := time.Parse(time.DateOnly, e.TermFrom)
	_, err2 := time.Parse(time.DateOnly, e.TermUntil)
	set, err3 := catalog.RulesOn(e.TermFrom)
	switch {
	case err1 != nil || err2 != nil || err3 != nil: // a date of before the regulation: its article does not hold
	case e.TermUntil < e.TermFrom:
		add("term_until", "聘期结束早于开始，请核对")
	case e.TermUntil > from.AddDate(set.TermYears.Value, 0, 0).Format(time.DateOnly):
		add("term_until", "聘期最长%d年（%s），请缩短", set.TermYears.Value, set.TermYears.Source)
	}
}

// Required are the fields that must be there when an expert is handed in: those with a star on the manual's form [1.2.2.3], and the term.
var Required = []string{
	expertv1.Expert_Name, expertv1.Expert_Number, expertv1.Expert_Sex, expertv1.Expert_Birth, expertv1.Expert_WorkUnit, expertv1.Expert_Duty, expertv1.Expert_Phone,
	expertv1.Expert_Honours, expertv1.Expert_Occupation, expertv1.Expert_Series, expertv1.Expert_Title, expertv1.Expert_Level, expertv1.Expert_Specialty,
	expertv1.Expert_Position, expertv1.Expert_TermFrom, expertv1.Expert_TermUntil,
}

// Missing names what is still to be filled in before an expert can be handed in (C2, C4: 信息是否完整); none for a complete one.
func Missing(e message) []string {
	var all []string
	for _, f := range field.Named(e, Required...) {
		if !e.ProtoReflect().Has(f.Desc) {
			all = append(all, f.GetLabel())
		}
	}
	return all
}

// Completeness says in words whether an expert's information is complete.
func Completeness(e message) string {
	if missing := Missing(e); len(missing) > 0 {
		return "缺：" + strings.Join(missing, "、")
	}
	return "完整"
}

// CheckComplete refuses to hand an incomplete expert in.
func CheckComplete(e message) error {
	if missing := Missing(e); len(missing) > 0 {
		return fault.New(fault.Invalid, "“%s”的信息不完整，请补充：%s", e.Name, strings.Join(missing, "、"))
	}
	return nil
}

// Age is how old somebody born on a day, or in a month, is on a civil date; 0 for an unknown birth.
func Age(birth, on string) int {
	if len(birth) < len("1973-07") || len(on) < len(birth) {
		return 0
	}
	var b, y int
	if _, err := fmt.Sscanf(birth[:4]+" "+on[:4], "%d %d", &b, &y); err != nil {
		return 0
	}
	if on[5:len(birth)] < birth[5:] {
		y--
	}
	return max(y-b, 0)
}

// The ages at which people retire as the rule was for cadres before it began to move in 2025; moving ages differ by month of birth, so that
// this only warns. Neither regulation nor manual bars a retired expert.
const (
	retireMen   = 60
	retireWomen = 55
)

// expiring is how many months before its end a term is pointed at.
const expiring = 3

// Warnings are what a unit should look at in an expert on a civil date: age, term, leave. None of it bars anything by itself.
func Warnings(e message, on string) []string {
	var all []string
	age, limit := Age(e.Birth, on), retireMen
	if e.Sex == "2" {
		limit = retireWomen
	}
	if age >= limit && !e.Retired {
		all = append(all, fmt.Sprintf("已满%d周岁，请核对是否退休", limit))
	}
	d, err := time.Parse(time.DateOnly, on)
	switch {
	case e.TermUntil == "" || err != nil:
	case e.TermUntil < on:
		all = append(all, fmt.Sprintf("聘期已于%s届满，不参加抽选", e.TermUntil))
	case e.TermUntil < d.AddDate(0, expiring, 0).Format(time.DateOnly):
		all = append(all, fmt.Sprintf("聘期%s届满", e.TermUntil))
	}
	if l := leave(e, on); l != nil {
		all = append(all, fmt.Sprintf("请假至%s，不参加抽选", l.Until))
	}
	return all
}

func leave(e message, on string) *expertv1.Leave {
	for _, l := range e.Leaves {
		if l.From <= on && on <= l.Until {
			return l
		}
	}
	return nil
}

// Ineligible returns why an expert cannot be drawn for a meeting on a civil date in a year, "" for nothing (F5; rules.md, sections 1 and 3): not in
// the pool, the term is over or not begun (Article 10), on leave, retired (the draw takes active experts), or a member who is no chair and has
// attended the years before one after the other.
func Ineligible(e message, year int, on string, r *catalog.RuleSet) string {
	l := leave(e, on)
	switch {
	case State(e) != Active:
		return "不在库"
	case e.TermUntil != "" && e.TermUntil < on:
		return fmt.Sprintf("聘期已于%s届满", e.TermUntil)
	case e.TermFrom > on:
		return fmt.Sprintf("聘期自%s开始", e.TermFrom)
	case l != nil:
		return fmt.Sprintf("%s至%s请假", l.From, l.Until)
	case e.Retired:
		return "已退休"
	case e.Position != expertv1.Position_POSITION_CHAIR && running(e.AttendedYears, year) >= r.YearsRunning.Value:
		return fmt.Sprintf("已连续%d年参会", r.YearsRunning.Value)
	}
	return ""
}

// MayChair reports whether an expert can be drawn as chair in a year: last year's executive chair cannot (F5).
func MayChair(e message, year int) bool {
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

// Attended notes a meeting that an expert sat in: the next draw asks for the years, people for the meetings.
func Attended(e message, year int32, meeting, on string, chaired bool) {
	e.AttendedYears = append(e.AttendedYears, year)
	if chaired {
		e.ChairedYear = year
	}
	e.Attendances = append(e.Attendances, &expertv1.Attendance{Year: year, Meeting: meeting, HeldOn: on, Chaired: chaired})
}

// Recused says why an expert must not judge an applicant (Article 25), "" for no reason: it is the same person, a colleague, or declared.
func Recused(e message, personID, name, unit string) string {
	if personID != "" && personID == e.PersonId {
		return "本人"
	}
	if unit != "" && unit == e.WorkUnit {
		return "同单位"
	}
	for _, r := range e.Relations {
		if (r.Name == "" || r.Name == name) && (r.Unit == "" || r.Unit == unit) && (r.Name != "" || r.Unit != "") {
			return "申报回避：" + r.Relation
		}
	}
	return ""
}
