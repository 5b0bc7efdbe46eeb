package catalog_test

import (
	"testing"

	"zhiping/shared/catalog"
)

func TestCounts(t *testing.T) {
	for name, want := range map[string]int{"ethnics": 56, "series": 27, "sexes": 2, "levels": 5} {
		if got := len(catalog.Choices(name)); got != want {
			t.Errorf("%s has %d lines, want %d", name, got, want)
		}
	}
	if got := len(catalog.Children("divisions", "510000")); got != 21 {
		t.Errorf("Sichuan has %d prefectures, want 21", got)
	}
	counties := 0
	for _, c := range catalog.Children("divisions", "510000") {
		counties += len(catalog.Children("divisions", c.Code))
	}
	if counties != 183 {
		t.Errorf("Sichuan has %d counties, want 183", counties)
	}
}

func TestNamesAndCodes(t *testing.T) {
	if n, ok := catalog.Name("divisions", "511083"); !ok || n != "隆昌市" {
		t.Error(n, ok)
	}
	if c, ok := catalog.Code("ethnics", "彝族"); !ok || c != "07" {
		t.Error(c, ok)
	}
	if c, ok := catalog.Code("ethnics", "07"); !ok || c != "07" {
		t.Error(c, ok)
	}
	for _, bad := range [][2]string{{"ethnics", "无此族"}, {"nothing", "1"}} {
		if c, ok := catalog.Code(bad[0], bad[1]); ok {
			t.Error(bad, c)
		}
	}
}

func TestParentsExist(t *testing.T) {
	for _, e := range catalog.Choices("divisions") {
		if _, ok := catalog.Name("divisions", e.Parent); e.Parent != "" && !ok {
			t.Errorf("%s has the unknown parent %s", e.Code, e.Parent)
		}
	}
	for _, e := range catalog.Choices("titles") {
		if _, ok := catalog.Name("series", e.Parent[:2]); !ok {
			t.Errorf("%s has the unknown series %s", e.Code, e.Parent)
		}
		if _, ok := catalog.Name("levels", e.Parent[3:]); !ok {
			t.Errorf("%s has the unknown level %s", e.Code, e.Parent)
		}
	}
}

func TestNeed(t *testing.T) {
	r, err := catalog.RulesOn("2026-03-01")
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]int{3: 2, 5: 4, 7: 5, 9: 6, 11: 8, 13: 9, 15: 10, 17: 12, 25: 17} {
		if got := r.Need(n); got != want {
			t.Errorf("need(%d) = %d, want %d", n, got, want)
		}
	}
	if again, err := catalog.Rules(r.SHA256); err != nil || again != r {
		t.Error(err)
	}
	if _, err := catalog.RulesOn("2000-01-01"); err == nil {
		t.Error("a date before every rule set has one")
	}
}

func TestWorkingDays(t *testing.T) {
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-03-02", 5, "2026-03-09"},
		{"2026-02-13", 5, "2026-02-27"}, // over the Spring Festival; the 14th is a make-up day
		{"2026-09-30", 1, "2026-10-08"},
		{"2025-09-30", 3, "2025-10-11"},
	} {
		if got, err := catalog.AddWorkingDays(c.from, c.n); err != nil || got != c.want {
			t.Errorf("%s + %d: %s, want %s (%v)", c.from, c.n, got, c.want, err)
		}
	}
	if _, err := catalog.AddWorkingDays("2026-12-30", 5); err == nil {
		t.Error("a year without a table was guessed")
	}
}
