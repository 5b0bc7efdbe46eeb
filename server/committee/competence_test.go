package committee_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	"zhiping/proto/gen/zhiping/application/v1/applicationv1connect"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	"zhiping/proto/gen/zhiping/committee/v1/committeev1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/activity"
	"zhiping/server/command"
	"zhiping/server/committee"
	"zhiping/server/record"
	"zhiping/server/servertest"
	"zhiping/server/unit"
	"zhiping/shared/fault"
	"zhiping/shared/idnum"
	"zhiping/shared/wire"
)

// region is an invented province: a city with two departments, and a county of it with a department and an employer.
type region struct {
	t       *testing.T
	h       *servertest.House
	units   map[string]*unitv1.Unit
	clients map[string]*servertest.Client
	people  int
}

func newRegion(t *testing.T, h *servertest.House) *region {
	r := &region{t: t, h: h, units: map[string]*unitv1.Unit{"province": h.Top}, clients: map[string]*servertest.Client{"province": h.SignIn("topadmin")}}
	r.change("province", func(u *unitv1.Unit) { u.Division = "510000" })
	r.found("province", "city", "510100", commonv1.UnitKind_UNIT_KIND_HR)
	r.found("city", "housing", "510100", commonv1.UnitKind_UNIT_KIND_DEPARTMENT)
	r.found("city", "transport", "510100", commonv1.UnitKind_UNIT_KIND_DEPARTMENT)
	r.found("city", "county", "510104", commonv1.UnitKind_UNIT_KIND_HR)
	r.found("county", "works", "510104", commonv1.UnitKind_UNIT_KIND_DEPARTMENT)
	r.found("county", "employer", "510104", commonv1.UnitKind_UNIT_KIND_EMPLOYER)
	return r
}

func (r *region) found(by, account, division string, kind commonv1.UnitKind) {
	r.t.Helper()
	u := r.h.NewUnit("示例单位"+account, kind)
	u.Division = division
	c := r.clients[by]
	resp, err := unitv1connect.NewUnitServiceClient(c.HTTP, c.URL, c.Options...).CreateUnit(r.t.Context(), &unitv1.CreateUnitRequest{Unit: u, Handlers: []*unitv1.NewStaff{servertest.NewStaff(account)}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.units[account], r.clients[account] = resp.Unit, r.h.SignIn(account)
}

// change changes a unit past the services.
func (r *region) change(account string, fn func(*unitv1.Unit)) {
	r.t.Helper()
	change(r, unit.Units, r.units[account].Id, fn)
}

// change writes a record past the services, from what is there.
func change[M record.Message](r *region, k *record.Kind[M], id string, fn func(M)) {
	r.t.Helper()
	if _, err := command.Run(r.t.Context(), r.h.Server.Run, &unitv1.GetUnitRequest{}, func(tx *command.Tx) (*unitv1.GetUnitResponse, error) {
		m, err := k.Find(r.t.Context(), tx.Tx, id)
		if fault.CodeOf(err) == fault.NotFound {
			m, err = k.New(), nil
		}
		if err != nil {
			return nil, err
		}
		fn(m)
		return &unitv1.GetUnitResponse{}, k.Put(r.t.Context(), tx, m)
	}); err != nil {
		r.t.Fatal(err)
	}
}

// committee makes a filed committee of a unit, with what fn changes of it.
func (r *region) committee(forming, name string, fn func(*committeev1.Committee)) *committeev1.Committee {
	u := r.units[forming]
	c := &committeev1.Committee{
		Id: servertest.NewID(), Name: name, UnitId: u.Id, UnitName: u.Name, Series: "05", Levels: []string{"3"}, AuthorisingId: r.h.Top.Id, FilingId: r.h.Top.Id,
		FiledOn: "2026-01-01", ValidUntil: "2028-12-31", Filing: &reviewv1.Case{Matter: reviewv1.Matter_MATTER_COMMITTEE, Stage: reviewv1.Stage_STAGE_APPROVED},
	}
	if fn != nil {
		fn(c)
	}
	change(r, committee.Committees, c.Id, func(m *committeev1.Committee) { proto.Merge(m, c) })
	return c
}

// activity publishes an activity of a committee.
func (r *region) activity(c *committeev1.Committee) *activityv1.Activity {
	day := func(days int) int64 { return r.h.Now().Add(time.Duration(days) * 24 * time.Hour).UnixMilli() }
	a := &activityv1.Activity{
		Id: servertest.NewID(), Name: c.Name + "活动", Year: 2026, CommitteeId: c.Id, UnitId: c.UnitId, AuthorisingId: c.AuthorisingId, Series: "05", Levels: []string{"3"}, Specialties: []string{"0501"},
		OpensAt: day(-1), SubmitBy: day(30), CorrectBy: day(40), ReceiveBy: day(50), Published: true,
	}
	change(r, activity.Activities, a.Id, func(m *activityv1.Activity) { proto.Merge(m, a) })
	return a
}

func (r *region) maps(account string) committeev1connect.CompetenceServiceClient {
	c := r.clients[account]
	return committeev1connect.NewCompetenceServiceClient(c.HTTP, c.URL, c.Options...)
}

func (r *region) applications(account string) applicationv1connect.ApplicationServiceClient {
	c := r.clients[account]
	return applicationv1connect.NewApplicationServiceClient(c.HTTP, c.URL, c.Options...)
}

// sees gives the committee as it stands in a unit's map.
func (r *region) sees(account string, c *committeev1.Committee) *committeev1.AreaCommittee {
	r.t.Helper()
	resp, err := r.maps(account).ListAreaCommittees(r.t.Context(), &committeev1.ListAreaCommitteesRequest{Query: &commonv1.Query{Size: 200}})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, x := range resp.Committees {
		if x.Id == c.Id {
			return x
		}
	}
	return nil
}

// set sets the department of a committee, "" clears it, and gives the fault.
func (r *region) set(account string, c *committeev1.Committee, department string) *fault.Error {
	r.t.Helper()
	x := &committeev1.Competence{Id: servertest.NewID(), CommitteeId: c.Id}
	if own := r.sees(account, c).GetOwn(); own != nil {
		x.Id, x.Revision = own.Id, own.Revision
	}
	if u := r.units[department]; u != nil {
		x.DepartmentId = u.Id
	}
	return r.put(account, x)
}

func (r *region) put(account string, x *committeev1.Competence) *fault.Error {
	r.t.Helper()
	resp, err := r.maps(account).SetDepartments(r.t.Context(), &committeev1.SetDepartmentsRequest{Competences: []*committeev1.Competence{x}})
	if err != nil {
		return fault.As(err)
	}
	return wire.Fault(resp.Outcomes[0].Fault)
}

// handedIn lets a unit hand somebody's application in and gives it.
func (r *region) handedIn(account string, act *activityv1.Activity) *applicationv1.Application {
	r.t.Helper()
	r.people++
	number := fmt.Sprintf("11010119900307%03d", r.people)
	a := &applicationv1.Application{
		Id: servertest.NewID(), ActivityId: act.Id, Name: "张示例", IdKind: "111", Number: number + string(idnum.ResidentCheck(number)), Education: "21", Series: "05", Level: "3", Specialty: "0501", Title: "工程师", Method: "review",
	}
	saved, err := r.applications(account).SaveApplication(r.t.Context(), &applicationv1.SaveApplicationRequest{Application: a})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.submitted(account, saved.Application)
}

func (r *region) submitted(account string, a *applicationv1.Application) *applicationv1.Application {
	r.t.Helper()
	resp, err := r.applications(account).SubmitApplications(r.t.Context(), &applicationv1.SubmitApplicationsRequest{Bases: []*commonv1.Base{{Id: a.Id, Revision: a.Revision}}})
	if err == nil {
		err = wire.First(resp.Outcomes)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return r.reload(account, a)
}

func (r *region) reload(account string, a *applicationv1.Application) *applicationv1.Application {
	r.t.Helper()
	got, err := r.applications(account).GetApplication(r.t.Context(), &applicationv1.GetApplicationRequest{Id: a.Id})
	if err != nil {
		r.t.Fatal(err)
	}
	return got.Application
}

// route is the route of a case by the accounts of its units.
func (r *region) route(a *applicationv1.Application) string {
	var all []string
	for _, n := range a.Review.Route {
		for account, u := range r.units {
			if u.Id == n.UnitId {
				all = append(all, account)
			}
		}
	}
	return strings.Join(all, " ")
}

// The map of A10 decides the route of D: not set, set by the city, set by the county (the nearest wins), cleared again, the department being
// the applicant's own unit or its superior, and a department that is no longer there.
func TestRouteByMap(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		r := newRegion(t, h)
		c := r.committee("province", "示例省工程技术中级职称评审委员会", nil)
		act := r.activity(c)
		walk := func(account, want string) *applicationv1.Application {
			t.Helper()
			a := r.handedIn(account, act)
			if got := r.route(a); got != want {
				t.Errorf("%s: the route is %s, want %s", account, got, want)
			}
			return a
		}
		set := func(account, department string) {
			t.Helper()
			if f := r.set(account, c, department); f != nil {
				t.Fatal(f)
			}
		}
		before := walk("employer", "employer county")
		set("province", "transport")
		walk("employer", "employer transport city")
		set("city", "housing")
		walk("employer", "employer housing city")
		walk("county", "county housing city") // the county's own people, by what the city has set
		walk("housing", "housing city")       // the department's own people: a unit stands once
		set("county", "works")
		walk("employer", "employer works county")
		set("county", "county") // the superior that it would go to anyhow
		walk("employer", "employer county")
		set("county", "")
		during := walk("employer", "employer housing city")

		// Cases under way keep their route.
		if got := r.route(r.reload("employer", before)); got != "employer county" {
			t.Error("a case under way was turned:", got)
		}
		set("city", "transport")
		if got := r.route(r.reload("employer", during)); got != "employer housing city" {
			t.Error("a case under way was turned:", got)
		}
		// Handed in again it goes as the map is now: that is how a wrong entry is mended.
		withdrawn, err := r.applications("employer").WithdrawApplications(t.Context(), &applicationv1.WithdrawApplicationsRequest{Bases: []*commonv1.Base{{Id: during.Id, Revision: during.Revision}}})
		if err != nil || wire.First(withdrawn.Outcomes) != nil {
			t.Fatal(withdrawn, err)
		}
		if got := r.route(r.submitted("employer", r.reload("employer", during))); got != "employer transport city" {
			t.Error("handed in again it goes the old way:", got)
		}

		// A department that has moved away is passed over, and the map says so to whoever set it and to those below.
		r.change("transport", func(u *unitv1.Unit) { u.SuperiorId = h.Top.Id })
		walk("employer", "employer transport province") // by the province's entry, which names the same one
		for _, account := range []string{"city", "employer"} {
			if x := r.sees(account, c); x.GetLost().GetDepartmentId() != r.units["transport"].Id || x.GetHolds().GetUnitId() != h.Top.Id {
				t.Errorf("%s: the map does not tell that the department has moved away: %v", account, x)
			}
		}
		r.change("transport", func(u *unitv1.Unit) { u.Authorised = false })
		walk("employer", "employer county")
		if x := r.sees("employer", c); x.GetHolds() != nil || x.GetLost() == nil {
			t.Error("a department that is not authorised holds:", x)
		}
	})
}

// Who sees which committees, and who may set what.
func TestMap(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		r := newRegion(t, h)
		provincial := r.committee("province", "示例省高级职称评审委员会", nil)
		city := r.committee("housing", "示例市中级职称评审委员会", func(c *committeev1.Committee) { c.ValidUntil = "2026-02-28" })
		county := r.committee("works", "示例区初级职称评审委员会", nil)
		r.committee("city", "草稿评委会", func(c *committeev1.Committee) { c.FiledOn, c.Filing = "", nil })
		r.committee("city", "只评其他区县的评委会", func(c *committeev1.Committee) { c.Divisions = []string{"510105"} })
		renewing := r.committee("city", "重新备案中的评委会", func(c *committeev1.Committee) { c.Filing.Stage = reviewv1.Stage_STAGE_REVIEW })
		list := func(account string, q *commonv1.Query) []string {
			t.Helper()
			resp, err := r.maps(account).ListAreaCommittees(t.Context(), &committeev1.ListAreaCommitteesRequest{Query: q})
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, x := range resp.Committees {
				names = append(names, x.Name)
			}
			return append(names, fmt.Sprint(resp.Page.Total), resp.Page.Next)
		}
		for _, x := range []struct {
			account string
			q       *commonv1.Query
			want    []string
		}{
			{"employer", nil, []string{provincial.Name, city.Name, renewing.Name, county.Name, "4", ""}},
			{"city", nil, []string{provincial.Name, city.Name, renewing.Name, "3", ""}},
			{"province", nil, []string{provincial.Name, "1", ""}},
			{"county", &commonv1.Query{Size: 1}, []string{provincial.Name, "4", "1"}},
			{"county", &commonv1.Query{Size: 2, After: "2"}, []string{renewing.Name, county.Name, "4", ""}},
			{"county", &commonv1.Query{Filters: []*commonv1.Filter{{Column: "name", Value: "初级"}}}, []string{county.Name, "1", ""}},
			{"county", &commonv1.Query{State: "SET"}, []string{"0", ""}},
		} {
			if got := list(x.account, x.q); !slices.Equal(got, x.want) {
				t.Errorf("%s %v: %v", x.account, x.q, got)
			}
		}
		if x := r.sees("county", city); !x.Expired {
			t.Error("a filing that has run out does not show as such:", x)
		}
		if x := r.sees("county", renewing); x.Expired {
			t.Error("a committee that renews a filing in time shows as expired:", x)
		}

		refused := func(f *fault.Error, code fault.Code, says string) {
			t.Helper()
			if f == nil || f.Code != code || !strings.Contains(f.Message, says) {
				t.Errorf("want %s %q, got %v", code, says, f)
			}
		}
		refused(r.set("county", city, "employer"), fault.Invalid, "主管部门须是")  // no department
		refused(r.set("county", city, "transport"), fault.Invalid, "主管部门须是") // not below the county
		refused(r.set("city", county, "housing"), fault.NotFound, "评审范围")    // not of its area
		refused(r.set("employer", city, "works"), fault.Denied, "")          // employers only read
		if f := r.set("county", city, "works"); f != nil {
			t.Fatal(f)
		}
		for _, account := range []string{"county", "employer"} {
			x := r.sees(account, city)
			if x.GetHolds().GetDepartmentId() != r.units["works"].Id || (x.Own != nil) != (account == "county") {
				t.Errorf("%s: %v", account, x)
			}
		}
		if x := r.sees("city", city); x.Holds != nil {
			t.Error("what a county has set holds for the city:", x)
		}
		if got := list("employer", &commonv1.Query{State: "SET"}); !slices.Equal(got, []string{city.Name, "1", ""}) {
			t.Error(got)
		}
		// Two clerks at once: the second is told, and nothing is lost.
		own := r.sees("county", city).Own
		stale := &committeev1.Competence{Id: own.Id, Revision: own.Revision, CommitteeId: city.Id, DepartmentId: r.units["county"].Id}
		if f := r.put("county", proto.CloneOf(stale)); f != nil {
			t.Fatal(f)
		}
		refused(r.put("county", stale), fault.Conflict, "")
		refused(r.put("county", &committeev1.Competence{Id: servertest.NewID(), CommitteeId: city.Id, DepartmentId: r.units["works"].Id}), fault.Conflict, "")
		// Nobody changes what another unit has set.
		own = r.sees("county", city).Own
		refused(r.put("city", &committeev1.Competence{Id: own.Id, Revision: own.Revision, CommitteeId: city.Id}), fault.NotFound, "不是本单位")

		found, err := r.maps("city").ListDepartments(t.Context(), &committeev1.ListDepartmentsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, d := range found.Departments {
			names = append(names, strings.TrimPrefix(d.Name, "示例单位"))
		}
		if !slices.Equal(names, []string{"city", "county", "housing", "transport", "works"}) {
			t.Error(names)
		}
		if found, err := r.maps("city").ListDepartments(t.Context(), &committeev1.ListDepartmentsRequest{Name: "work"}); err != nil || len(found.Departments) != 1 {
			t.Error(found, err)
		}
	})
}
