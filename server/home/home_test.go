package home_test

import (
	"testing"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	homev1 "zhiping/proto/gen/zhiping/home/v1"
	"zhiping/proto/gen/zhiping/home/v1/homev1connect"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/servertest"
)

// One call gives the numbers that the lists themselves give, and none of another unit.
func TestCountWork(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		units := unitv1connect.NewUnitServiceClient(top.HTTP, top.URL, top.Options...)
		for _, account := range []string{"first", "second"} {
			u := h.NewUnit("示例单位"+account, commonv1.UnitKind_UNIT_KIND_EMPLOYER)
			u.SuperiorId = h.Top.Id
			if _, err := units.RegisterUnit(t.Context(), &unitv1.RegisterUnitRequest{Unit: u, Handler: servertest.NewStaff(account)}); err != nil {
				t.Fatal(err)
			}
		}
		count := func(account string) map[[3]string]int64 {
			t.Helper()
			c := h.SignIn(account)
			resp, err := homev1connect.NewHomeServiceClient(c.HTTP, c.URL, c.Options...).CountWork(t.Context(), &homev1.CountWorkRequest{})
			if err != nil {
				t.Fatal(err)
			}
			all := map[[3]string]int64{}
			for _, x := range resp.Counts {
				all[[3]string{x.Kind, x.Scope, x.State}] = x.Count
			}
			return all
		}
		got := count("topadmin")
		if got[[3]string{"unit", "registration", "TAB_FIRST"}] != 2 || got[[3]string{"unit", "subordinate", "PENDING"}] != 2 {
			t.Error(got)
		}
		listed, err := units.ListUnits(t.Context(), &unitv1.ListUnitsRequest{Query: &commonv1.Query{Scope: "registration"}})
		if err != nil || listed.Page.Counts[0].Count != got[[3]string{"unit", "registration", listed.Page.Counts[0].State}] {
			t.Error(listed, err)
		}
		if got := count("first"); got[[3]string{"unit", "registration", "TAB_FIRST"}] != 0 {
			t.Error("a unit sees what waits at its superior:", got)
		}
	})
}
