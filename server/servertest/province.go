package servertest

import (
	"context"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
)

// A Province is the units that a committee needs, each with its super-administrator: the province's HR department, a city's below it, a competent
// department below that, which forms committees, an office below the department, which recommends experts, and an employer below the department.
type Province struct {
	*House
	Top, City, Department, Office, Employer *Client
}

// Province makes the units.
func (h *House) Province() *Province {
	h.T.Helper()
	p := &Province{House: h, Top: h.SignIn("topadmin")}
	p.City = below(p.Top, "city", "示例市人力资源和社会保障局（虚构）", commonv1.UnitKind_UNIT_KIND_HR)
	p.Department = below(p.City, "department", "示例市住房和城乡建设局（虚构）", commonv1.UnitKind_UNIT_KIND_DEPARTMENT)
	p.Office = below(p.Department, "office", "示例市建筑业管理处（虚构）", commonv1.UnitKind_UNIT_KIND_DEPARTMENT)
	p.Employer = below(p.Department, "employer", "示例设计院（虚构）", commonv1.UnitKind_UNIT_KIND_EMPLOYER)
	return p
}

func below(c *Client, account, name string, kind commonv1.UnitKind) *Client {
	c.T.Helper()
	units := unitv1connect.NewUnitServiceClient(c.HTTP, c.URL, c.Options...)
	if _, err := units.CreateUnit(context.Background(), &unitv1.CreateUnitRequest{Unit: c.NewUnit(name, kind), Handlers: []*unitv1.NewStaff{NewStaff(account)}}); err != nil {
		c.T.Fatal(err)
	}
	return c.SignIn(account)
}
