package committee_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	rules "zhiping/shared/committee"
	"zhiping/shared/fault"
	"zhiping/shared/review"
)

func good() *committeev1.Committee {
	return &committeev1.Committee{
		Id: "c", Name: "示例评委会", UnitId: "forming", UnitName: "示例局", WorkingBody: "人事科", Office: "评审办", ReviewType: committeev1.ReviewType_REVIEW_TYPE_MIDDLE, Levels: []string{"3"},
		AuthorisingId: "authorising", FilingId: "filing", Contact: "联系人", Phone: "13800000000", Address: "示例路1号", Series: "05", Specialties: []string{"0501"}, RequestDocument: &commonv1.Attachment{Name: "请示"},
	}
}

func TestCheck(t *testing.T) {
	if p := append(rules.Check(good()), rules.Complete(good())...); len(p) > 0 {
		t.Fatal(p)
	}
	for _, c := range []struct {
		spoil func(*committeev1.Committee)
		says  string
	}{
		{func(c *committeev1.Committee) { c.Name = "" }, "评委会名称为必填项"},
		{func(c *committeev1.Committee) { c.Levels = []string{"3", "4"} }, "“副高级”高于评审类型"},
		{func(c *committeev1.Committee) { c.Specialties = []string{"0101"} }, "不属于所选系列"},
		{func(c *committeev1.Committee) { c.Specialties = nil }, "至少选择一个专业"},
		{func(c *committeev1.Committee) { c.RequestDocument = nil }, "核准备案请示为必填项"},
		{func(c *committeev1.Committee) { c.WorkingBody = "" }, "评委会办事机构为必填项"},
		{func(c *committeev1.Committee) { c.FilingId = "" }, "备案批复单位为必填项"},
	} {
		x := good()
		c.spoil(x)
		if err := fault.Several(append(rules.Check(x), rules.Complete(x)...)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v does not say %q", err, c.says)
		}
	}
}

var (
	forming = review.Actor{UnitID: "forming", UnitName: "示例局"}
	route   = func() []*reviewv1.Node { return []*reviewv1.Node{{UnitId: "authorising"}, {UnitId: "filing"}} }
	approve = &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE}
)

func file(t *testing.T, c *committeev1.Committee, on string) {
	t.Helper()
	if err := rules.Submit(c, route(), forming, 1, on); err != nil {
		t.Fatal(err)
	}
	for _, u := range []string{"authorising", "filing"} {
		if err := rules.Decide(c, approve, review.Actor{UnitID: u}, 2, on); err != nil {
			t.Fatal(err)
		}
	}
}

// A filing is renewed around its end: not earlier, its steps are kept, and it holds until the new one is approved or it runs out.
func TestRenewal(t *testing.T) {
	c := good()
	file(t, c, "2023-06-20")
	if c.FiledOn != "2023-06-20" || c.ValidUntil != "2026-06-19" {
		t.Fatal(c.FiledOn, c.ValidUntil)
	}
	for day, want := range map[string]string{
		"2024-01-01": "已备案", "2025-12-20": "已备案，2026-06-19到期", "2026-06-19": "已备案，2026-06-19到期", "2026-06-20": "备案已过期（2026-06-19到期）",
	} {
		if got, _ := rules.Standing(c, day); got != want {
			t.Errorf("%s: %q, want %q", day, got, want)
		}
	}
	if err := rules.Submit(c, route(), forming, 3, "2025-12-18"); fault.CodeOf(err) != fault.State || !strings.Contains(err.Error(), "2025-12-19起可提交换届备案") {
		t.Fatal(err)
	}
	if err := rules.Submit(c, route(), forming, 3, "2025-12-19"); err != nil {
		t.Fatal(err)
	}
	if rules.State(c) != rules.Review || len(c.Former) != 1 || len(c.Former[0].Review.Steps) != 3 || rules.CheckValid(c, "2026-06-19") != nil || rules.CheckValid(c, "2026-06-20") == nil {
		t.Fatal("the former filing does not hold to its end:", c)
	}
	if text, _ := rules.Standing(c, "2026-01-01"); text != "审核中，原备案2026-06-19到期" {
		t.Error(text)
	}
	refuse := &reviewv1.Action{Move: reviewv1.Move_MOVE_REFUSE, Opinion: "材料不符"}
	if err := rules.Decide(c, refuse, review.Actor{UnitID: "authorising"}, 4, "2026-01-10"); err != nil || rules.CheckValid(c, "2026-01-10") != nil {
		t.Fatal("a refused renewal ended the filing that holds:", err)
	}
	file(t, c, "2026-02-01") // handed in again after the refusal
	if len(c.Former) != 2 || c.ValidUntil != "2029-01-31" {
		t.Fatal(len(c.Former), c.ValidUntil)
	}
}

// What was filed holds until a change of it is approved; how the committee is reached can be changed at any time.
func TestChangeOfWhatWasFiled(t *testing.T) {
	c := good()
	file(t, c, "2026-03-02")
	phone := proto.CloneOf(c)
	phone.Phone, phone.FiledOn, phone.ValidUntil, phone.Filing = "13900000000", "2000-01-01", "2100-01-01", nil
	c = rules.Edit(c, phone)
	if rules.State(c) != rules.Filed || c.Phone != "13900000000" || c.ValidUntil != "2029-03-01" {
		t.Fatal("a telephone number began a new filing, or the client set its own time:", c)
	}
	wider := proto.CloneOf(c)
	wider.Levels = []string{"2", "3"}
	c = rules.Edit(c, wider)
	if rules.State(c) != rules.Draft || len(rules.Effective(c).Levels) != 1 || len(c.Former) != 1 || rules.CheckValid(c, "2027-01-01") != nil {
		t.Fatal("a change holds before it is filed:", c)
	}
	again := proto.CloneOf(c)
	again.Approved, again.Name = nil, "新名称"
	c = rules.Edit(c, again)
	if rules.Effective(c).Name != "示例评委会" || len(c.Former) != 1 {
		t.Fatal("a second change lost what was filed:", c)
	}
	file(t, c, "2026-05-01")
	if rules.Effective(c).Name != "新名称" || len(rules.Effective(c).Levels) != 2 || c.Approved != nil {
		t.Fatal(c)
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		level    string
		bySeries bool
		experts  int
		says     string
	}{
		{"3", false, 12, "应为单数，现为12人"},
		{"3", false, 11, ""},
		{"4", false, 9, "不少于11人，现为9人"},
		{"4", false, 11, ""},
		{"5", true, 23, "不少于25人，现为23人"},
		{"5", true, 25, ""},
	} {
		x := good()
		x.Levels, x.BySeries = []string{c.level}, c.bySeries
		all, err := rules.Warnings(x, c.experts, "2026-03-02")
		if got := strings.Join(all, "；"); err != nil || c.says == "" && got != "" || !strings.Contains(got, c.says) {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}

func TestFilingUnit(t *testing.T) {
	const hr, department = commonv1.UnitKind_UNIT_KIND_HR, commonv1.UnitKind_UNIT_KIND_DEPARTMENT
	for _, c := range []struct {
		level, division string
		kind            commonv1.UnitKind
		fits            bool
	}{
		{"5", "510000", hr, true},
		{"4", "510100", hr, false},
		{"4", "510000", department, false},
		{"3", "510100", hr, true},
		{"3", "510000", department, true},
		{"3", "510000", hr, true},
		{"3", "510104", hr, false},
		{"3", "510100", department, false},
		{"2", "510104", hr, true},
		{"1", "510104", department, false},
	} {
		x := good()
		x.Levels = []string{c.level}
		if w := rules.FilingWarning(x, &unitv1.Unit{Name: "示例单位", Kind: c.kind, Division: c.division}); (w == "") != c.fits {
			t.Errorf("%+v: %q", c, w)
		}
	}
}

func TestApplicants(t *testing.T) {
	for name, c := range map[string]struct {
		set   func(*committeev1.Committee)
		unit  *unitv1.Unit
		above []string
		says  string
	}{
		"anybody":                  {func(*committeev1.Committee) {}, &unitv1.Unit{Nature: "10"}, nil, ""},
		"of the nature":            {func(c *committeev1.Committee) { c.Natures = []string{"20", "31"} }, &unitv1.Unit{Nature: "20"}, nil, ""},
		"of another nature":        {func(c *committeev1.Committee) { c.Natures = []string{"20", "31"} }, &unitv1.Unit{Nature: "32"}, nil, "只受理单位性质为事业单位、国有企业"},
		"of the unit itself":       {func(c *committeev1.Committee) { c.Internal = true }, &unitv1.Unit{Id: "forming"}, nil, ""},
		"below the unit":           {func(c *committeev1.Committee) { c.Internal = true }, &unitv1.Unit{Id: "x"}, []string{"y", "forming"}, ""},
		"of outside":               {func(c *committeev1.Committee) { c.Internal = true }, &unitv1.Unit{Id: "x"}, []string{"y"}, "内部人员"},
		"of a county of the city":  {func(c *committeev1.Committee) { c.Divisions = []string{"510100"} }, &unitv1.Unit{Division: "510104"}, nil, ""},
		"of another city":          {func(c *committeev1.Committee) { c.Divisions = []string{"510100"} }, &unitv1.Unit{Division: "510300"}, nil, "委托评审"},
		"of a county, city alone":  {func(c *committeev1.Committee) { c.Divisions, c.OwnLevel = []string{"510100"}, true }, &unitv1.Unit{Division: "510104"}, nil, "委托评审"},
		"of the city, city alone":  {func(c *committeev1.Committee) { c.Divisions, c.OwnLevel = []string{"510100"}, true }, &unitv1.Unit{Division: "510100"}, nil, ""},
		"of the province's county": {func(c *committeev1.Committee) { c.Divisions = []string{"510000"} }, &unitv1.Unit{Division: "511083"}, nil, ""},
		"not yet filed":            {func(c *committeev1.Committee) { c.Approved, c.Natures = good(), []string{"20"} }, &unitv1.Unit{Nature: "10"}, nil, ""},
	} {
		x := good()
		c.set(x)
		err := rules.CheckApplicant(x, c.unit, c.above)
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

func TestRequirements(t *testing.T) {
	all := []*committeev1.Requirement{{Order: 1}, {Order: 2}}
	if p := rules.CheckRequirements(all); len(p) > 0 {
		t.Error(p)
	}
	all[1].Order = 1
	if p := rules.CheckRequirements(all); len(p) != 1 || p[0].Field != "requirements[1].order" {
		t.Error(p)
	}
}
