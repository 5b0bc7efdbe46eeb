package unit_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"zhiping/desktop/kit"
	"zhiping/desktop/unit"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
)

// headings are the checks that choose all rights of a group.
func headings(o fyne.CanvasObject) (all []string) {
	switch x := o.(type) {
	case *kit.Check:
		if name, ok := strings.CutSuffix(x.Text, "（全选）"); ok {
			all = append(all, name)
		}
	case *container.Scroll:
		all = headings(x.Content)
	case *fyne.Container:
		for _, in := range x.Objects {
			all = append(all, headings(in)...)
		}
	}
	return all
}

// Each group of rights has one heading in the form of a role, whatever order the rights have been declared in (A7).
func TestRoleFormHasEachGroupOnce(t *testing.T) {
	test.NewTempApp(t)
	p := unit.NewRolePage(unit.NewRole(), &unitv1.Unit{Kind: commonv1.UnitKind_UNIT_KIND_HR}, nil, &kit.Desk{}, nil)
	seen := map[string]bool{}
	for _, name := range headings(p.Content) {
		if seen[name] {
			t.Error(name, "stands twice")
		}
		seen[name] = true
	}
	if len(seen) < 5 {
		t.Error("only", seen)
	}
}
