package committee_test

import (
	"slices"
	"testing"

	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	"zhiping/shared/committee"
)

func TestCovers(t *testing.T) {
	const province, city, other, county = "510000", "510100", "510300", "510104"
	if got := committee.Area(county); !slices.Equal(got, []string{county, city, province}) {
		t.Fatal(got)
	}
	for _, x := range []struct {
		says      string
		divisions []string
		forming   string
		internal  bool
		of        string // who asks
		want      bool
	}{
		{"the province's for a county", nil, province, false, county, true},
		{"the city's for its county", nil, city, false, county, true},
		{"the county's for itself", nil, county, false, county, true},
		{"the county's for the city", nil, county, false, city, false},
		{"another city's", nil, other, false, county, false},
		{"another city's that reviews the province", []string{province}, other, false, county, true},
		{"the city's that reviews only another county", []string{"510105"}, city, false, county, false},
		{"the city's that reviews this county too", []string{"510105", county}, city, false, county, true},
		{"a unit's own", []string{city}, city, true, county, false},
		{"a division nobody knows", nil, "999999", false, county, false},
	} {
		c := &committeev1.Committee{UnitId: "forming", Divisions: x.divisions, Internal: x.internal}
		if got := committee.Covers(c, x.forming, x.of, []string{"asking", "above"}); got != x.want {
			t.Errorf("%s: %v", x.says, got)
		}
	}
	if !committee.Covers(&committeev1.Committee{UnitId: "above", Internal: true}, city, county, []string{"asking", "above"}) {
		t.Error("a unit's own committee does not review those below it")
	}
}

func TestOfNearest(t *testing.T) {
	entry := func(unit, department string) *committeev1.Competence {
		return &committeev1.Competence{UnitId: unit, CommitteeId: "c", DepartmentId: department}
	}
	all := []*committeev1.Competence{entry("province", "p"), entry("city", "d"), entry("county", ""), {UnitId: "county", CommitteeId: "other", DepartmentId: "x"}}
	chain := []string{"employer", "county", "city", "province"}
	got, err := committee.OfNearest(all, "c", chain, func(*committeev1.Competence) (bool, error) { return true, nil })
	if err != nil || got.GetDepartmentId() != "d" {
		t.Error("the city's entry is the nearest that is set:", got, err)
	}
	got, err = committee.OfNearest(all, "c", chain, func(e *committeev1.Competence) (bool, error) { return e.DepartmentId != "d", nil })
	if err != nil || got.GetDepartmentId() != "p" {
		t.Error("an entry that does not hold is passed over:", got, err)
	}
}
