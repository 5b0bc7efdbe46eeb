package kit_test

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/kit/kittest"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
)

// picks are the drop-downs that can be seen.
func picks(o fyne.CanvasObject) []*widget.Select {
	var all []*widget.Select
	kittest.Each(o, func(o fyne.CanvasObject) {
		if s, ok := o.(*widget.Select); ok {
			all = append(all, s)
		}
	})
	return all
}

func TestDivisionIsPickedLevelByLevel(t *testing.T) {
	look(t)
	u := &unitv1.Unit{Division: "510104"}
	f := kit.NewForm(u, unitv1.Unit_Division)
	show(t, f.Content, 700, 200)
	p := picks(f.Content)
	shown := func() string { return p[0].Selected + "/" + p[1].Selected + "/" + p[2].Selected }
	if len(p) != 3 || shown() != "四川省/成都市/锦江区" {
		t.Fatal(len(p), shown())
	}
	for _, c := range []struct {
		level      int
		name       string
		want, code string
	}{
		{2, "市本级", "四川省/成都市/市本级", "510100"},
		{1, "内江市", "四川省/内江市/", ""},
		{2, "隆昌市", "四川省/内江市/隆昌市", "511083"},
		{1, "省本级", "四川省/省本级/", "510000"},
		{0, "北京市", "北京市/市本级/", "110000"},
		{0, "四川省", "四川省//", ""},
	} {
		if !slices.Contains(p[c.level].Options, c.name) {
			t.Fatalf("%s is not offered: %v", c.name, p[c.level].Options)
		}
		p[c.level].SetSelected(c.name)
		if shown() != c.want || u.Division != c.code {
			t.Errorf("%s: %s, %q; want %s, %q", c.name, shown(), u.Division, c.want, c.code)
		}
	}
	if f.Check() || !strings.Contains(texts(f.Content), "职称业务归属地为必填项") {
		t.Error("half a division was taken for one:", texts(f.Content))
	}
	u.Division = "510104"
	f.Reset()
	f.Protect(unitv1.Unit_Division)
	if shown() != "四川省/成都市/锦江区" || !p[0].Disabled() {
		t.Error(shown())
	}
}
