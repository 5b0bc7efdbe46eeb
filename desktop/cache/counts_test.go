package cache_test

import (
	"testing"

	"zhiping/desktop/cache"
	syncv1 "zhiping/proto/gen/zhiping/sync/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
)

func TestCounts(t *testing.T) {
	d := newDesk(t, t.TempDir(), noon)
	ask := []cache.Count{{List: "below", Kind: "unit", States: []string{"A", "C"}}, {List: "review", Kind: "unit", States: []string{"TAB_FIRST"}}, {List: "below", Kind: "activity", States: []string{"B"}}}
	counts, whole, err := d.c.Counts(ctx, ask)
	if err != nil || whole[0] || counts[0]["A"] > 0 {
		t.Error("before the first checkpoint:", counts, whole, err)
	}
	other := unit(3, 1)
	other.Division = "B"
	all := []*unitv1.Unit{unit(1, 1), unit(2, 1), other}
	d.apply(checkpoint(3, all, change(all[0]), change(all[1]), change(other)), nothing)
	counts, whole, err = d.c.Counts(ctx, ask)
	if err != nil || counts[0]["A"] != 2 || counts[0]["B"] != 0 || counts[2]["B"] != 1 || counts[1]["TAB_FIRST"] != 0 || !whole[0] || !whole[2] {
		t.Error(counts, whole, err)
	}
	if here, err := cache.All[*unitv1.Unit](ctx, d.c, "unit"); err != nil || len(here) != 3 || here[2].Division != "B" {
		t.Error(here, err)
	}
	// A record without its body: what is here is not all there is.
	d.apply(checkpoint(4, append(all, unit(4, 1)), &syncv1.Change{Kind: "unit", Id: unit(4, 1).Id, Revision: 1}), nothing)
	if _, whole, err = d.c.Counts(ctx, ask); err != nil || whole[0] || !whole[2] {
		t.Error(whole, err)
	}
}
