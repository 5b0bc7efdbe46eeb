// Package application holds the rules of applications (features D1-D6, F1): the one table of states from draft to certificate, and what an
// application must have.
package application

import (
	"fmt"
	"slices"

	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	"zhiping/shared/catalog"
	"zhiping/shared/fault"
	"zhiping/shared/field"
	"zhiping/shared/person"
)

// An Event is what moves an application from one state to another.
type Event string

// The events, by the domain that calls them.
const (
	Submit   Event = "提交"      // application
	Withdraw Event = "撤回"      // application
	Return   Event = "退回"      // application: a reviewing unit, or the committee at qualification
	Refuse   Event = "不通过"     // application
	Report   Event = "上报"      // application: the last unit on the route has passed it
	Qualify  Event = "受理"      // application: the committee accepts (F1)
	Convene  Event = "列入评审"    // meeting
	Release  Event = "退出评审"    // meeting: cancelled before it was held
	Pass     Event = "评审通过"    // meeting
	Fail     Event = "评审未通过"   // meeting; publicity: an objection was upheld
	Announce Event = "公示"      // publicity
	Confirm  Event = "移交确认"    // publicity: without an open objection
	Approve  Event = "结果确认"    // confirmation
	SendBack Event = "退回评委会补充" // confirmation
	Certify  Event = "发证"      // certificate
)

type state = applicationv1.State

const (
	draft      = applicationv1.State_STATE_DRAFT
	inReview   = applicationv1.State_STATE_IN_REVIEW
	returned   = applicationv1.State_STATE_RETURNED
	refused    = applicationv1.State_STATE_REFUSED
	reported   = applicationv1.State_STATE_REPORTED
	qualified  = applicationv1.State_STATE_QUALIFIED
	inMeeting  = applicationv1.State_STATE_IN_MEETING
	passed     = applicationv1.State_STATE_PASSED
	failed     = applicationv1.State_STATE_FAILED
	publicity  = applicationv1.State_STATE_IN_PUBLICITY
	confirming = applicationv1.State_STATE_CONFIRMING
	confirmed  = applicationv1.State_STATE_CONFIRMED
	certified  = applicationv1.State_STATE_CERTIFIED
	withdrawn  = applicationv1.State_STATE_WITHDRAWN
)

// transitions is the whole life of an application.
var transitions = map[Event]map[state]state{
	Submit:   {draft: inReview, returned: inReview, withdrawn: inReview},
	Withdraw: {inReview: withdrawn},
	Return:   {inReview: returned, reported: returned},
	Refuse:   {inReview: refused, reported: refused, confirming: refused},
	Report:   {inReview: reported},
	Qualify:  {reported: qualified},
	Convene:  {qualified: inMeeting},
	Release:  {inMeeting: qualified},
	Pass:     {inMeeting: passed},
	Fail:     {inMeeting: failed, publicity: failed},
	Announce: {passed: publicity},
	Confirm:  {publicity: confirming},
	Approve:  {confirming: confirmed},
	SendBack: {confirming: publicity},
	Certify:  {confirmed: certified},
}

// Move moves an application, or returns a fault that says why not.
func Move(a *applicationv1.Application, e Event) error {
	to, ok := transitions[e][a.State]
	if !ok {
		return fault.New(fault.State, "“%s”的申报材料当前状态为“%s”，不能%s，请刷新后重试", a.Name, field.Label(a.State), e)
	}
	a.State = to
	return nil
}

// Editable reports whether the unit may change it (D2).
func Editable(a *applicationv1.Application) bool {
	return slices.Contains([]state{applicationv1.State_STATE_UNSPECIFIED, draft, returned, withdrawn}, a.State)
}

// CommitteeUnit is the unit whose committee receives it, once it has been reported; "" before.
func CommitteeUnit(a *applicationv1.Application) string {
	if slices.Contains([]state{applicationv1.State_STATE_UNSPECIFIED, draft, inReview, returned, withdrawn}, a.State) {
		return ""
	}
	return a.CommitteeUnitId
}

// Over reports whether it no longer counts against a second application in its year.
func Over(a *applicationv1.Application) bool { return a.State == withdrawn || a.State == failed }

// Bars reports whether it bars its person for the year: a refused one does (D3, D6; rules.md, section 3).
func Bars(a *applicationv1.Application) bool { return a.State == refused }

// Check holds an application against the rules between its fields and with its activity; what is wrong is told all at once.
func Check(a *applicationv1.Application, act *activityv1.Activity, path string) []fault.Problem {
	var all []fault.Problem
	add := func(f, format string, args ...any) {
		all = append(all, fault.Problem{Field: path + "." + f, Text: fmt.Sprintf(format, args...)})
	}
	if p := person.CheckName(a.Name, path+".name"); p != nil {
		all = append(all, *p)
	}
	id, p := person.Identify(a.IdKind, a.Number, path+".number")
	if p != nil {
		all = append(all, *p)
	} else if a.Number = id.Number; id.Birth != "" {
		a.Birth, a.Sex = id.Birth, id.Sex
	}
	if a.Retired {
		add("retired", "已退休人员不能申报（第十三条）")
	}
	if a.Series != act.Series {
		add("series", "申报系列与评审活动不符，请选择“%s”", name("series", act.Series))
	}
	if !slices.Contains(act.Levels, a.Level) {
		add("level", "评审活动未开设“%s”层级，请重新选择", name("levels", a.Level))
	}
	if !slices.Contains(act.Specialties, a.Specialty) {
		add("specialty", "评审活动未开设“%s”专业，请重新选择", name("specialties", a.Specialty))
	}
	if a.Exceptional && !act.Exceptional {
		add("exceptional", "评审活动不进行破格评审，请改为“否”")
	}
	return all
}

func name(list, code string) string {
	if n, ok := catalog.Name(list, code); ok {
		return n
	}
	return code
}

// Complete names what is missing before an application can be handed in: achievements and documents that the activity asks for (E2, D1).
func Complete(a *applicationv1.Application, act *activityv1.Activity) []fault.Problem {
	var all []fault.Problem
	for _, r := range act.Requirements {
		if r.Required && !slices.ContainsFunc(a.Achievements, func(x *applicationv1.Achievement) bool { return x.Kind == r.Title }) {
			all = append(all, fault.Problem{Field: "application.achievements", Text: fmt.Sprintf("缺少业绩成果“%s”，请补充", r.Title)})
		}
	}
	for _, d := range act.RequiredDocuments {
		if len(a.Documents) == 0 {
			all = append(all, fault.Problem{Field: "application.documents", Text: fmt.Sprintf("缺少材料附件“%s”，请上传", d)})
		}
	}
	return all
}

// CheckRecommended refuses to pass an application on from its own unit without what the unit must attach (D3).
func CheckRecommended(a *applicationv1.Application) error {
	var all []fault.Problem
	if a.PublicityProof == nil {
		all = append(all, fault.Problem{Field: "application.publicity_proof", Text: "请先上传公示证明附件"})
	}
	if a.Recommendation == "" {
		all = append(all, fault.Problem{Field: "application.recommendation", Text: "请先填写单位综合推荐意见"})
	}
	return fault.Several(all)
}
