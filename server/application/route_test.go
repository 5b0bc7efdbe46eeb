package application_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	"zhiping/proto/gen/zhiping/application/v1/applicationv1connect"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/activity"
	"zhiping/server/command"
	"zhiping/server/committee"
	"zhiping/server/servertest"
	"zhiping/shared/wire"
)

func units(c *servertest.Client) unitv1connect.UnitServiceClient {
	return unitv1connect.NewUnitServiceClient(c.HTTP, c.URL, c.Options...)
}

func applications(c *servertest.Client) applicationv1connect.ApplicationServiceClient {
	return applicationv1connect.NewApplicationServiceClient(c.HTTP, c.URL, c.Options...)
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// below creates a unit under the one of a person and signs its super-administrator in.
func below(t *testing.T, c *servertest.Client, account string, kind commonv1.UnitKind) *servertest.Client {
	t.Helper()
	r := &unitv1.CreateUnitRequest{Unit: c.NewUnit("示例单位"+account, kind), Handlers: []*unitv1.NewStaff{servertest.NewStaff(account)}}
	must[*unitv1.CreateUnitResponse](t)(units(c).CreateUnit(ctx, r))
	return c.SignIn(account)
}

// published writes a published activity: what is tested is the way of what is handed in to it.
func published(t *testing.T, h *servertest.House) *activityv1.Activity {
	t.Helper()
	now := h.Now().UnixMilli()
	until := h.Now().Add(30 * 24 * time.Hour).UnixMilli()
	act := &activityv1.Activity{
		Id: servertest.NewID(), Name: "示例评审活动", UnitId: h.Top.Id, AuthorisingId: h.Top.Id, CommitteeId: servertest.NewID(), Year: 2026,
		Series: "05", Levels: []string{"3"}, Specialties: []string{"0501"}, OpensAt: now, SubmitBy: until, CorrectBy: until, ReceiveBy: until, Published: true,
	}
	must[*unitv1.GetUnitResponse](t)(command.Run(ctx, h.Server.Run, &unitv1.GetUnitRequest{}, func(tx *command.Tx) (*unitv1.GetUnitResponse, error) {
		c := &committeev1.Committee{Id: act.CommitteeId, Name: "示例评委会（虚构）", UnitId: h.Top.Id, AuthorisingId: h.Top.Id, FiledOn: "2026-01-01", ValidUntil: "2028-12-31"}
		if err := committee.Committees.Put(ctx, tx, c); err != nil {
			return nil, err
		}
		return &unitv1.GetUnitResponse{}, activity.Activities.Put(ctx, tx, act)
	}))
	return act
}

// handedIn saves and submits an application of a unit.
func handedIn(t *testing.T, c *servertest.Client, act *activityv1.Activity, number string) *applicationv1.Application {
	t.Helper()
	a := &applicationv1.Application{
		Id: servertest.NewID(), ActivityId: act.Id, UnitId: c.Identity.Unit.Id, Name: "张示例", IdKind: "111", Number: number, Phone: "13800000000",
		Series: "05", Level: "3", Specialty: "0501", Method: "review", Education: "20", Title: "05301",
	}
	a = must[*applicationv1.SaveApplicationResponse](t)(applications(c).SaveApplication(ctx, &applicationv1.SaveApplicationRequest{Application: a})).Application
	done(t)(applications(c).SubmitApplications(ctx, &applicationv1.SubmitApplicationsRequest{Bases: bases(a)}))
	return reload(t, c, a)
}

func bases(a *applicationv1.Application) []*commonv1.Base {
	return []*commonv1.Base{{Id: a.Id, Revision: a.Revision}}
}

// done fails the test if a batch of one was refused.
func done(t *testing.T) func(r interface{ GetOutcomes() []*commonv1.Outcome }, err error) {
	return func(r interface{ GetOutcomes() []*commonv1.Outcome }, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if err := wire.First(r.GetOutcomes()); err != nil {
			t.Fatal(err)
		}
	}
}

func reload(t *testing.T, c *servertest.Client, a *applicationv1.Application) *applicationv1.Application {
	t.Helper()
	return must[*applicationv1.GetApplicationResponse](t)(applications(c).GetApplication(ctx, &applicationv1.GetApplicationRequest{Id: a.Id})).Application
}

// way is the route of a case as a person would say it, with the unit that has it in brackets.
func way(c *reviewv1.Case) string {
	var names []string
	for i, n := range c.Route {
		name := strings.TrimPrefix(n.UnitName, "示例单位")
		if int32(i) == c.At {
			name = "[" + name + "]"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// A unit changes its superior while an application is under review: the application keeps the route it was handed in on and is finished by the
// old units; the next one takes the new route (A4).
func TestRunningCasesKeepTheirRoute(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		city := below(t, top, "city", commonv1.UnitKind_UNIT_KIND_HR)
		former := below(t, city, "former", commonv1.UnitKind_UNIT_KIND_DEPARTMENT)
		other := below(t, top, "other", commonv1.UnitKind_UNIT_KIND_HR)
		next := below(t, other, "next", commonv1.UnitKind_UNIT_KIND_DEPARTMENT)
		employer := below(t, former, "employer", commonv1.UnitKind_UNIT_KIND_EMPLOYER)
		act := published(t, h)
		approve := func(c *servertest.Client, a *applicationv1.Application) *applicationv1.Application {
			t.Helper()
			r := &applicationv1.ReviewApplicationsRequest{Bases: bases(a), Action: &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE, Opinion: "同意"}}
			done(t)(applications(c).ReviewApplications(ctx, r))
			return reload(t, employer, a)
		}
		recommend := func(a *applicationv1.Application) *applicationv1.Application {
			t.Helper()
			r := &applicationv1.RecommendApplicationsRequest{Bases: bases(a), Recommendation: "同意推荐", PublicityProof: &commonv1.Attachment{Name: "公示.pdf", Size: 1, Sha256: strings.Repeat("ab", 32)}}
			done(t)(applications(employer).RecommendApplications(ctx, r))
			return reload(t, employer, a)
		}

		first := approve(employer, recommend(handedIn(t, employer, act, "510106197307287209")))
		if got := way(first.Review); got != "employer [former] city" {
			t.Fatal(got)
		}
		u := must[*unitv1.GetUnitResponse](t)(units(employer).GetUnit(ctx, &unitv1.GetUnitRequest{Id: employer.Identity.Unit.Id})).Unit
		u = must[*unitv1.ChangeSuperiorResponse](t)(units(employer).ChangeSuperior(ctx, &unitv1.ChangeSuperiorRequest{Base: &commonv1.Base{Id: u.Id, Revision: u.Revision}, SuperiorId: next.Identity.Unit.Id})).Unit
		// Asked for is not changed yet: what is handed in now still goes the old way.
		second := handedIn(t, employer, act, "510106197307280402")
		if got := way(second.Review); got != "[employer] former city" {
			t.Fatal(got)
		}
		done(t)(units(next).ReviewUnits(ctx, &unitv1.ReviewUnitsRequest{
			Bases: []*commonv1.Base{{Id: u.Id, Revision: u.Revision}}, Matter: reviewv1.Matter_MATTER_SUPERIOR, Action: &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE},
		}))
		third := handedIn(t, employer, act, "510101197101010018")
		if got := way(third.Review); got != "[employer] next other" {
			t.Fatal("an application after the change takes the route", got)
		}

		for _, c := range []*servertest.Client{former, city} {
			list := must[*applicationv1.ListApplicationsResponse](t)(applications(c).ListApplications(ctx, &applicationv1.ListApplicationsRequest{Query: &commonv1.Query{Scope: "review", State: "TAB_FIRST"}}))
			if len(list.Applications) != 1 || list.Applications[0].Id != first.Id {
				t.Fatal("the old unit does not find the application in its list:", list)
			}
			first = approve(c, list.Applications[0])
		}
		if first.State != applicationv1.State_STATE_REPORTED || way(first.Review) != "employer former city" {
			t.Fatal(first.State, way(first.Review))
		}
		for who, c := range map[string]*servertest.Client{"next": next, "other": other} {
			list := must[*applicationv1.ListApplicationsResponse](t)(applications(c).ListApplications(ctx, &applicationv1.ListApplicationsRequest{Query: &commonv1.Query{Scope: "review"}}))
			if len(list.Applications) != 0 {
				t.Fatal(fmt.Sprintf("%s sees what went another way:", who), list)
			}
		}
	})
}
