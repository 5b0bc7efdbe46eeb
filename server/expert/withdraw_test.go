package expert_test

import (
	"testing"

	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/servertest"
	committeerules "zhiping/shared/committee"
	rules "zhiping/shared/expert"
	"zhiping/shared/fault"
)

// clerk is a member of the department's staff who may edit committees and experts and nothing else.
func (p *pool) clerk() *servertest.Client {
	p.t.Helper()
	units := unitv1connect.NewUnitServiceClient(p.Department.HTTP, p.URL, p.Department.Options...)
	u, err := units.GetUnit(ctx, &unitv1.GetUnitRequest{Id: p.Department.Identity.Unit.Id})
	if err != nil {
		p.t.Fatal(err)
	}
	role := &unitv1.Role{Id: servertest.NewID(), Name: "专家库岗", Rights: []commonv1.Right{commonv1.Right_RIGHT_COMMITTEE_EDIT, commonv1.Right_RIGHT_EXPERT_EDIT}}
	if _, err := units.SaveRole(ctx, &unitv1.SaveRoleRequest{Base: &commonv1.Base{Id: u.Unit.Id, Revision: u.Unit.Revision}, Role: role}); err != nil {
		p.t.Fatal(err)
	}
	s := servertest.NewStaff("poolclerk")
	s.Staff.UnitId, s.Staff.RoleIds = u.Unit.Id, []string{role.Id}
	if _, err := units.SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: s.Staff, Password: s.Password}); err != nil {
		p.t.Fatal(err)
	}
	return p.SignIn("poolclerk")
}

// Who hands experts and a filing in takes them back, without the right to review: as long as nobody has reviewed them, and not for another unit.
func TestWithdraw(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		p := newPool(t, h)
		clerk := p.clerk()
		takeBack := func(by *servertest.Client, e *expertv1.Expert) error {
			return first(experts(by).WithdrawExperts(ctx, &expertv1.WithdrawExpertsRequest{Bases: bases(e)}))
		}
		e := p.save(p.person())
		if err := p.submit(e); err != nil {
			t.Fatal(err)
		}
		refused(t, takeBack(p.City, p.again(e)), fault.Denied, "只有提交单位可以撤回")
		if err := takeBack(clerk, p.again(e)); err != nil {
			t.Fatal(err)
		}
		e = p.again(e)
		if pool, _ := p.count(); rules.State(e) != rules.Draft || pool.Waiting != 0 {
			t.Fatal(e.Entry, pool)
		}
		e = p.enter(e) // changed and handed in again
		refused(t, takeBack(clerk, e), fault.State, "不能撤回")

		withdraw := func() error {
			got, err := committees(clerk).GetCommittee(ctx, &committeev1.GetCommitteeRequest{Id: p.c.Id})
			if err != nil {
				t.Fatal(err)
			}
			p.c = got.Committee
			return first(committees(clerk).WithdrawCommittees(ctx, &committeev1.WithdrawCommitteesRequest{Bases: bases(p.c)}))
		}
		if err := first(committees(clerk).SubmitCommittees(ctx, &committeev1.SubmitCommitteesRequest{Bases: bases(p.c)})); err != nil {
			t.Fatal(err)
		}
		if err := withdraw(); err != nil {
			t.Fatal(err)
		}
		p.file()
		if committeerules.State(p.c) != committeerules.Filed {
			t.Fatal(p.c)
		}
		refused(t, withdraw(), fault.State, "不能撤回")
	})
}
