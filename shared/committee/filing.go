package committee

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/catalog"
	"zhiping/shared/fault"
	"zhiping/shared/review"
)

// How long before its end a filing can be renewed, and when it begins to be pointed at. Neither regulation nor manual names a time; half a
// year leaves room for two units with several posts each and one return, without filing twice in one year.
const (
	renewalMonths  = 6
	expiringMonths = 6
)

func day(date string) time.Time {
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return time.Time{}
	}
	return d
}

// ExpiresSoon reports whether a filing that holds runs out within the next months.
func ExpiresSoon(c message, today string) bool {
	return c.FiledOn != "" && c.ValidUntil >= today && c.ValidUntil < day(today).AddDate(0, expiringMonths, 0).Format(time.DateOnly)
}

// RenewableFrom is the first day on which the renewal of a filing can be handed in.
func RenewableFrom(c message) string {
	return day(c.ValidUntil).AddDate(0, -renewalMonths, 0).Format(time.DateOnly)
}

// CheckRenewal refuses to hand a filed committee in again before its time, when nothing in it has changed.
func CheckRenewal(c message, today string) error {
	if State(c) == Filed && today < RenewableFrom(c) {
		return fault.New(fault.State, "评委会“%s”的备案有效期至%s，%s起可提交换届备案；备案内容有变更的，请先修改保存再提交", c.Name, c.ValidUntil, RenewableFrom(c))
	}
	return nil
}

// free are the fields that a unit changes without filing again: how the committee is reached, and what its activities begin with.
var free = []string{
	committeev1.Committee_Id, committeev1.Committee_Revision, committeev1.Committee_Contact, committeev1.Committee_Phone, committeev1.Committee_Address,
	committeev1.Committee_WorkingBody, committeev1.Committee_Office, committeev1.Committee_Requirements, committeev1.Committee_UnitName, committeev1.Committee_AuthorisingName, committeev1.Committee_FilingName,
}

// Edit lays what the forming unit typed over the committee as it is; what others decide stays. A change of what was filed begins a new
// filing, and what was filed holds until that is approved (Effective).
func Edit(old, from message) message {
	c := proto.CloneOf(from)
	c.Filing, c.FiledOn, c.ValidUntil, c.Former, c.Approved, c.Warnings = old.GetFiling(), old.GetFiledOn(), old.GetValidUntil(), old.GetFormer(), old.GetApproved(), old.GetWarnings()
	if old == nil || State(old) != Filed || !scopeChanged(old, c) {
		return c
	}
	Begin(c)
	c.Approved = Snapshot(old)
	return c
}

// Snapshot is what of a committee was filed.
func Snapshot(c message) message {
	s := proto.CloneOf(c)
	s.Former, s.Approved, s.Requirements, s.Filing = nil, nil, nil, nil
	return s
}

func scopeChanged(a, b message) bool {
	fields := a.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if slices.Contains(free, string(fd.Name())) {
			continue
		}
		if !a.ProtoReflect().Get(fd).Equal(b.ProtoReflect().Get(fd)) {
			return true
		}
	}
	return false
}

// Begin begins a new filing; the steps of the former one are kept.
func Begin(c message) {
	if c.Filing != nil {
		c.Former = append(c.Former, &committeev1.Filing{Review: c.Filing, FiledOn: c.FiledOn, ValidUntil: c.ValidUntil, RequestDocument: c.RequestDocument})
	}
	c.Filing = &reviewv1.Case{Matter: reviewv1.Matter_MATTER_COMMITTEE, Stage: reviewv1.Stage_STAGE_DRAFT}
}

// Submit hands a committee in on a route, for the first time, again, or for renewal (C3).
func Submit(c message, route []*reviewv1.Node, by review.Actor, now int64, today string) error {
	if err := CheckRenewal(c, today); err != nil {
		return err
	}
	if s := State(c); c.Filing == nil || s == Filed || s == Refused {
		Begin(c)
	}
	return review.Submit(c.Filing, route, by, now)
}

// Decide moves a filing (C3); with the last approval it holds from today.
func Decide(c message, a *reviewv1.Action, by review.Actor, now int64, today string) error {
	if err := review.Apply(c.Filing, a, by, now); err != nil {
		return err
	}
	if c.Filing.Stage == reviewv1.Stage_STAGE_APPROVED {
		return File(c, today)
	}
	return nil
}

// File notes an approved filing on a civil date: valid for the rule set's years (Article 8). A renewal that is approved early loses no day of
// the former filing and gains none: the years count from its own approval, as the article says at most three.
func File(c message, today string) error {
	r, err := catalog.RulesOn(today)
	if err != nil {
		return err
	}
	if day(today).IsZero() {
		return fmt.Errorf("file: %q is no date", today)
	}
	c.FiledOn, c.Approved = today, nil
	c.ValidUntil = day(today).AddDate(r.FilingYears.Value, 0, -1).Format(time.DateOnly)
	return nil
}

// Warnings names what a pool of n experts lacks at filing (Article 9): shown to those who submit and who review, no refusal.
func Warnings(c message, experts int, on string) ([]string, error) {
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

// FilingWarning says that a filing unit is not one that the manual names for the committee's levels (rules.md, section 3), "" for one that
// is. It is a warning: the manual describes the usual chain, and a province may have delegated otherwise.
func FilingWarning(c message, filing *unitv1.Unit) string {
	top := 0
	for _, l := range c.Levels {
		top = max(top, level(l))
	}
	hr, rank := filing.Kind == commonv1.UnitKind_UNIT_KIND_HR, rank(filing.Division)
	department := filing.Kind == commonv1.UnitKind_UNIT_KIND_DEPARTMENT
	switch {
	case top >= 4 && !(hr && rank == province):
		return fmt.Sprintf("高级评委会通常向省级人社部门备案，所选“%s”不是，请核对（操作手册1.2.2.1）", filing.Name)
	case top == 3 && !(hr && rank >= city) && !(department && rank == province):
		return fmt.Sprintf("中级评委会通常向市级人社部门或省级主管部门备案，所选“%s”不是，请核对（操作手册1.2.2.1）", filing.Name)
	case top > 0 && top < 3 && !hr && !(department && rank == province):
		return fmt.Sprintf("初级评委会通常向县级及以上人社部门或省级主管部门备案，所选“%s”不是，请核对（操作手册1.2.2.1）", filing.Name)
	}
	return ""
}

const (
	county = iota
	city
	province
)

func rank(division string) int {
	switch {
	case strings.HasSuffix(division, "0000"):
		return province
	case strings.HasSuffix(division, "00"):
		return city
	}
	return county
}

// CheckApplicant refuses a unit whose people the committee does not review (C2): by nature, by division, or because it reviews its own alone.
// above are the units above the applicant's, the nearest first.
func CheckApplicant(c message, u *unitv1.Unit, above []string) error {
	c = Effective(c)
	switch {
	case len(c.Natures) > 0 && !slices.Contains(c.Natures, u.Nature):
		var names []string
		for _, n := range c.Natures {
			names = append(names, label("natures", n))
		}
		return fault.New(fault.State, "评委会“%s”只受理单位性质为%s的单位申报，本单位为“%s”", c.Name, strings.Join(names, "、"), label("natures", u.Nature)).At("application.activity_id")
	case c.Internal && u.Id != c.UnitId && !slices.Contains(above, c.UnitId):
		return fault.New(fault.State, "评委会“%s”只评审“%s”内部人员，请选择其他评审活动", c.Name, c.UnitName).At("application.activity_id")
	case len(c.Divisions) > 0 && !slices.ContainsFunc(c.Divisions, func(d string) bool { return within(c, d, u) }):
		return fault.New(fault.State, "本单位不在评委会“%s”的评审区域内，如需申报请走委托评审", c.Name).At("application.activity_id")
	}
	return nil
}

// within reports whether a unit is of a review division: of it, or of one below it; with own_level only of the level itself (市本级).
func within(c message, division string, u *unitv1.Unit) bool {
	if c.OwnLevel {
		return u.Division == division
	}
	return strings.HasPrefix(u.Division, strings.TrimSuffix(strings.TrimSuffix(division, "00"), "00"))
}
