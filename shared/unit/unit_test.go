package unit_test

import (
	"slices"
	"strings"
	"testing"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	rules "zhiping/shared/unit"
)

func TestCheckStays(t *testing.T) {
	u := &unitv1.Unit{Posts: []*reviewv1.Posts{{Matter: reviewv1.Matter_MATTER_COMMITTEE, Posts: []*reviewv1.Post{{Level: 1, StaffIds: []string{"a", "b"}}, {Level: 2, StaffIds: []string{"b", "c"}}}}}}
	staff := []*unitv1.Staff{{Id: "a", Super: true}, {Id: "b", Super: true}, {Id: "c", Disabled: true, Super: true}}
	for _, c := range []struct {
		s    *unitv1.Staff
		says string // "" is that it is allowed
	}{
		{&unitv1.Staff{Id: "a", Super: true, Disabled: true}, ""},
		{&unitv1.Staff{Id: "a"}, ""},
		{&unitv1.Staff{Id: "b", Name: "李示例", Super: true, Disabled: true}, "“李示例”是【评委会备案】2级岗位唯一的在用人员"},
		{&unitv1.Staff{Id: "b"}, ""},
		{&unitv1.Staff{Id: "c", Disabled: true}, ""},
	} {
		err := rules.CheckStays(c.s, u, staff)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v, want %q", c.s, err, c.says)
		}
	}
	if err := rules.CheckStays(&unitv1.Staff{Id: "a"}, u, staff[:1]); err == nil || !strings.Contains(err.Error(), "至少须保留一名") {
		t.Error("the last super-administrator may go:", err)
	}
}

func TestCheckUnusedNamesFive(t *testing.T) {
	var staff []*unitv1.Staff
	for _, name := range strings.Split("甲乙丙丁戊己", "") {
		staff = append(staff, &unitv1.Staff{Name: name, RoleIds: []string{"r"}})
	}
	err := rules.CheckUnused(&unitv1.Role{Id: "r", Name: "审核"}, staff)
	if err == nil || !strings.Contains(err.Error(), "甲、乙、丙、丁、戊等（共6人）") {
		t.Error(err)
	}
	if err := rules.CheckUnused(&unitv1.Role{Id: "other"}, staff); err != nil {
		t.Error(err)
	}
}

// Employers form no committees and open no activities, so they have no posts for them; the others have those of the manual first.
func TestMatters(t *testing.T) {
	if got := rules.Matters(commonv1.UnitKind_UNIT_KIND_EMPLOYER); slices.Contains(got, reviewv1.Matter_MATTER_COMMITTEE) || got[0] != reviewv1.Matter_MATTER_APPLICATION {
		t.Error(got)
	}
	want := []reviewv1.Matter{reviewv1.Matter_MATTER_COMMITTEE, reviewv1.Matter_MATTER_ACTIVITY, reviewv1.Matter_MATTER_APPLICATION}
	if got := rules.Matters(commonv1.UnitKind_UNIT_KIND_HR); !slices.Equal(got[:3], want) || len(got) != 6 {
		t.Error(got)
	}
}

func TestOwnLevelFollowsFromTheDivision(t *testing.T) {
	for code, own := range map[string]bool{"510000": true, "510100": true, "510104": false} {
		u := &unitv1.Unit{OwnLevel: !own}
		if rules.Edit(u, &unitv1.Unit{Division: code}); u.OwnLevel != own {
			t.Error(code, u.OwnLevel)
		}
	}
}
