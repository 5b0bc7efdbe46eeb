package catalog_test

import (
	"strings"
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

// Every line says where it comes from and how sure that is, and of the lists without parents each name stands once.
func TestLines(t *testing.T) {
	for _, name := range []string{"degrees", "divisions", "educations", "ethnics", "id_kinds", "levels", "methods", "natures", "politics", "series", "sexes", "specialties", "titles"} {
		if !catalog.Known(name) {
			t.Errorf("no list %s", name)
		}
		for _, e := range catalog.Choices(name) {
			if e.Source == "" || !strings.Contains("SAML", e.Confidence) || len(e.Confidence) != 1 {
				t.Errorf("%s: %+v", name, e)
			}
			if got, ok := catalog.Name(name, e.Code); !ok || got != e.Name {
				t.Errorf("%s: the code %s is %s, want %s", name, e.Code, got, e.Name)
			}
			if code, ok := catalog.Code(name, e.Name); e.Parent == "" && (!ok || code != e.Code) {
				t.Errorf("%s: the name %s is %s, want %s", name, e.Name, code, e.Code)
			}
		}
	}
	if catalog.Known("nothing") || catalog.Choices("nothing") != nil || catalog.Children("nothing", "") != nil {
		t.Error("a list that is not there has lines")
	}
}

// The codes of divisions nest: the parent's digits begin the child's.
func TestDivisionsNest(t *testing.T) {
	for _, e := range catalog.Choices("divisions") {
		if len(e.Code) != 6 || !strings.HasPrefix(e.Code, strings.TrimRight(strings.TrimSuffix(e.Parent, "00"), "0")) {
			t.Errorf("%s %s below %s", e.Code, e.Name, e.Parent)
		}
	}
}

func TestTitlesOfASeries(t *testing.T) {
	for parent, want := range map[string]string{"01/5": "教授", "05/3": "工程师 建筑师 城乡规划师", "17/4": "高级会计师", "01/1": ""} {
		var names []string
		for _, e := range catalog.Children("titles", parent) {
			names = append(names, e.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s, want %s", parent, got, want)
		}
	}
}
