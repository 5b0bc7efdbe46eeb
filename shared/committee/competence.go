package committee

import (
	"fmt"
	"slices"
	"strings"

	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/fault"
	"zhiping/shared/page"
)

// The states of a committee in the competent-department map (A10), as the tabs of its list.
const (
	Set   = "SET"
	Unset = "UNSET"
)

// MapState returns the tab a committee stands under in the map.
func MapState(c *committeev1.AreaCommittee) string {
	if c.Holds != nil {
		return Set
	}
	return Unset
}

// Map is the map as a list: what a query of it answers, on the server and from the mirror.
var Map = page.Table[*committeev1.AreaCommittee]{
	States: []string{Set, Unset},
	State:  MapState,
	Filters: map[string]func(*committeev1.AreaCommittee, string) bool{
		"name":   func(c *committeev1.AreaCommittee, part string) bool { return strings.Contains(c.Name, part) },
		"series": func(c *committeev1.AreaCommittee, code string) bool { return c.Series == code },
	},
}

// Area returns the divisions whose bodies can review people of a division: the division itself, then the ones above it.
func Area(division string) []string {
	var all []string
	for d := division; d != "" && !slices.Contains(all, d); d = parent("divisions", d) {
		all = append(all, d)
	}
	return all
}

// Covers reports whether the review of a committee covers an area (A10). Where it names review divisions they decide: one of them must be
// the area's division or one above it. Where it names none, the division of its forming unit stands for them. A committee for its own
// unit's people only is no matter for anybody but that unit and those below it; chain are the unit that asks and its superiors.
func Covers(c *committeev1.Committee, forming, division string, chain []string) bool {
	if c.Internal {
		return slices.Contains(chain, c.UnitId)
	}
	divisions := c.Divisions
	if len(divisions) == 0 {
		divisions = []string{forming}
	}
	area := Area(division)
	return slices.ContainsFunc(divisions, func(d string) bool { return slices.Contains(area, d) })
}

// OfNearest returns the entry of the nearest unit of a chain that has set a department for a committee, nil for none. passes says whether an
// entry may hold; one that may not is passed over, as if it had not been set.
func OfNearest(entries []*committeev1.Competence, committeeID string, chain []string, passes func(*committeev1.Competence) (bool, error)) (*committeev1.Competence, error) {
	for _, unit := range chain {
		for _, e := range entries {
			if e.UnitId != unit || e.CommitteeId != committeeID || e.DepartmentId == "" {
				continue
			}
			if ok, err := passes(e); ok || err != nil {
				return e, err
			}
		}
	}
	return nil, nil
}

// Department reports whether units of this kind can receive material as competent department; the unit that sets it can name itself,
// whatever it is.
func Department(kind commonv1.UnitKind) bool {
	return kind == commonv1.UnitKind_UNIT_KIND_DEPARTMENT || kind == commonv1.UnitKind_UNIT_KIND_HR
}

// Says is in one sentence where material for a committee goes.
func Says(c *committeev1.AreaCommittee) string {
	switch {
	case c.Holds != nil:
		return fmt.Sprintf("“%s”的申报材料由申报单位报送“%s”审核，再由其上级单位逐级审核（由“%s”设置）。", c.Name, c.Holds.DepartmentName, c.Holds.UnitName)
	case c.Lost != nil:
		return fmt.Sprintf("“%s”原设置的主管部门“%s”已停用或已不在“%s”下，该设置不再生效：申报材料由申报单位的上级单位逐级审核。", c.Name, c.Lost.DepartmentName, c.Lost.UnitName)
	}
	return fmt.Sprintf("“%s”未设置主管部门：申报材料由申报单位的上级单位逐级审核。", c.Name)
}

// CheckCovered refuses to set a department for a committee that was never filed, or does not cover the area.
func CheckCovered(c *committeev1.Committee, covered bool) error {
	if c.FiledOn == "" || !covered {
		return fault.New(fault.NotFound, "评委会不存在、尚未备案或不在本地区评审范围内，请刷新列表").At("committee_id")
	}
	return nil
}
