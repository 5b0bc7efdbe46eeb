package catalog_test

import (
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"zhiping/shared/catalog"
	"zhiping/shared/fault"
)

func TestNeed(t *testing.T) {
	r, err := catalog.RulesOn("2026-03-01")
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]int{0: 0, 1: 1, 3: 2, 5: 4, 7: 5, 9: 6, 11: 8, 13: 9, 15: 10, 17: 12, 25: 17} {
		if got := r.Need(n); got != want {
			t.Errorf("need(%d) = %d, want %d", n, got, want)
		}
	}
	for n := range 1000 {
		if got := r.Need(n); 3*got < 2*n || 3*(got-1) >= 2*n && n > 0 {
			t.Errorf("need(%d) = %d is not the least of at least two thirds", n, got)
		}
	}
}

// A set that has been shipped is never changed: activities and meetings are bound to its bytes. A new rule is a new file.
func TestShippedRulesStay(t *testing.T) {
	for date, want := range map[string]string{
		"2019-09-01": "09e71109bb0b5ad6c55a34d14c016c64e1c096bfc88b8e50d8ddd9e34a40ec79",
		"2025-12-31": "09e71109bb0b5ad6c55a34d14c016c64e1c096bfc88b8e50d8ddd9e34a40ec79",
		"2026-01-01": "c74dfdffbce82ef78a8457602fd7f29252cc46ae82d3bf31820fce3d18cd7ad7",
		"2026-11-24": "c74dfdffbce82ef78a8457602fd7f29252cc46ae82d3bf31820fce3d18cd7ad7",
	} {
		r, err := catalog.RulesOn(date)
		if err != nil || r.SHA256 != want {
			t.Errorf("%s: %v, %v", date, r, err)
			continue
		}
		if sum := sha256.Sum256(r.Bytes); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s is not named by its bytes", r.Name)
		}
		if again, err := catalog.Rules(want); err != nil || again != r {
			t.Errorf("%s is not found by its name: %v", want, err)
		}
	}
	for _, date := range []string{"2000-01-01", "2019-08-31"} {
		if _, err := catalog.RulesOn(date); fault.CodeOf(err) != fault.State {
			t.Errorf("%s has a rule set", date)
		}
	}
	if _, err := catalog.Rules(strings.Repeat("0", 64)); fault.CodeOf(err) != fault.State {
		t.Error("an unknown rule set was found")
	}
}

// Every figure of the set in force has a citation and says how it is known.
func TestEveryFigureHasASource(t *testing.T) {
	r, err := catalog.RulesOn("2026-03-01")
	if err != nil {
		t.Fatal(err)
	}
	figures := 0
	for v, i := reflect.ValueOf(*r), 0; i < v.NumField(); i++ {
		if v.Field(i).Kind() != reflect.Struct {
			continue
		}
		figures++
		source, mark := v.Field(i).FieldByName("Source").String(), v.Field(i).FieldByName("Mark").String()
		if source == "" || len(mark) != 1 || !strings.Contains("SML", mark) {
			t.Errorf("%s: source %q, mark %q", v.Type().Field(i).Name, source, mark)
		}
	}
	if figures < 20 {
		t.Fatalf("%d figures", figures)
	}
	if r.FilingYears.Value != 3 || r.LeastHighBySeries.Value != 25 || r.LeastHighBySpecialty.Value != 11 || !r.PanelOdd.Value || r.PublicityDays.Value != 5 || r.DemotionMonths.Value != 24 {
		t.Errorf("the set does not say what rules.md says: %+v", r)
	}
}

func TestBadRules(t *testing.T) {
	const need = `"need_numerator": {"value": 2}, "need_denominator": {"value": 3}`
	if _, err := catalog.ReadRules([]byte(`{"name": "x", "from": "2026-01-01", ` + need + `}`)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"no date":     `{"name": "x", ` + need + `}`,
		"bad date":    `{"from": "2026-1-1", ` + need + `}`,
		"unknown key": `{"from": "2026-01-01", "quorum": 3, ` + need + `}`,
		"no fraction": `{"from": "2026-01-01", "need_numerator": {"value": 2}}`,
		"more than 1": `{"from": "2026-01-01", "need_numerator": {"value": 3}, "need_denominator": {"value": 2}}`,
		"trailing":    `{"from": "2026-01-01", ` + need + `} x`,
		"no JSON":     `x`,
	} {
		if _, err := catalog.ReadRules([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
