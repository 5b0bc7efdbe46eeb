package expert_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/catalog"
	rules "zhiping/shared/expert"
	"zhiping/shared/fault"
	"zhiping/shared/review"
)

func good() *expertv1.Expert {
	return &expertv1.Expert{
		Id: "e", CommitteeId: "c", Name: "示例专家", IdKind: "111", Number: "510106197307287209", Phone: "13800000000", WorkUnit: "示例单位", Duty: "无", Honours: "无", Occupation: "结构设计",
		Series: "05", Title: "高级工程师", Level: "4", Specialty: "0501", Position: expertv1.Position_POSITION_MEMBER, TermFrom: "2026-01-01", TermUntil: "2028-12-31",
	}
}

func TestCheck(t *testing.T) {
	e := good()
	if p := rules.Check(e); len(p) > 0 || e.Birth != "1973-07-28" || e.Sex != "2" || len(rules.Missing(e)) > 0 {
		t.Fatal(p, e, rules.Missing(e))
	}
	for _, c := range []struct {
		spoil       func(*expertv1.Expert)
		field, says string
	}{
		{func(e *expertv1.Expert) { e.Name = "" }, "name", "姓名为必填项"},
		{func(e *expertv1.Expert) { e.Name = "张甲、李乙" }, "name", "每人一行"},
		{func(e *expertv1.Expert) { e.Number = "510106197307287208" }, "number", "校验位"},
		{func(e *expertv1.Expert) { e.Birth = "1973-08" }, "birth", "与证件号码不符"},
		{func(e *expertv1.Expert) { e.TermUntil = "2029-01-02" }, "term_until", "聘期最长3年"},
		{func(e *expertv1.Expert) { e.TermUntil = "2025-01-02" }, "term_until", "早于开始"},
		{func(e *expertv1.Expert) { e.Leaves = []*expertv1.Leave{{From: "2026-05-02", Until: "2026-05-01"}} }, "leaves", "第1次请假的结束日期早于开始日期"},
		{func(e *expertv1.Expert) { e.Relations = []*expertv1.Relation{{Relation: "配偶"}} }, "relations", "须填写姓名或单位"},
	} {
		e := good()
		c.spoil(e)
		p := rules.Check(e)
		if len(p) != 1 || p[0].Field != "expert."+c.field || !strings.Contains(p[0].Text, c.says) {
			t.Errorf("want %s: %s, got %v", c.field, c.says, p)
		}
	}
	for _, birth := range []string{"", "1973-07", "1973-07-28"} {
		e := good()
		if e.Birth = birth; len(rules.Check(e)) > 0 {
			t.Error(birth, rules.Check(e))
		}
	}
}

func TestMissing(t *testing.T) {
	e := good()
	rules.Check(e)
	e.Honours, e.TermFrom = "", ""
	if got := rules.Completeness(e); got != "缺：所获荣誉、称号、聘期自" {
		t.Error(got)
	}
	if err := rules.Submit(e, nil, review.Actor{}, 0); fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), "信息不完整") {
		t.Error(err)
	}
}

func TestAge(t *testing.T) {
	for _, c := range []struct {
		birth, on string
		want      int
	}{
		{"1973-07-28", "2026-07-27", 52},
		{"1973-07-28", "2026-07-28", 53},
		{"1973-07", "2026-06-30", 52},
		{"1973-07", "2026-07-01", 53},
		{"", "2026-07-01", 0},
		{"2030-01-01", "2026-07-01", 0},
	} {
		if got := rules.Age(c.birth, c.on); got != c.want {
			t.Errorf("born %s, on %s: %d, want %d", c.birth, c.on, got, c.want)
		}
	}
}

// Who may be drawn for a meeting on 20 May 2026 (F5), as a table that an office can read.
func TestIneligible(t *testing.T) {
	set, err := catalog.RulesOn("2026-05-20")
	if err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string]func(*expertv1.Expert){
		"":                        func(*expertv1.Expert) {},
		"不在库":                     func(e *expertv1.Expert) { e.Removed = true },
		"聘期已于2026-05-19届满":        func(e *expertv1.Expert) { e.TermUntil = "2026-05-19" },
		"聘期自2026-05-21开始":         func(e *expertv1.Expert) { e.TermFrom = "2026-05-21" },
		"2026-05-20至2026-05-25请假": func(e *expertv1.Expert) { e.Leaves = []*expertv1.Leave{{From: "2026-05-20", Until: "2026-05-25"}} },
		"2026-05-01至2026-05-20请假": func(e *expertv1.Expert) { e.Leaves = []*expertv1.Leave{{From: "2026-05-01", Until: "2026-05-20"}} },
		"已退休":                     func(e *expertv1.Expert) { e.Retired = true },
		"已连续3年参会":                 func(e *expertv1.Expert) { e.AttendedYears = []int32{2023, 2024, 2025} },
	} {
		e := good()
		e.Entry = &reviewv1.Case{Stage: reviewv1.Stage_STAGE_APPROVED}
		change(e)
		if got := rules.Ineligible(e, 2026, "2026-05-20", set); got != says {
			t.Errorf("%q, want %q", got, says)
		}
	}
	e := good()
	e.Entry = &reviewv1.Case{Stage: reviewv1.Stage_STAGE_APPROVED}
	e.TermUntil = "2026-05-20" // the last day counts
	e.Leaves = []*expertv1.Leave{{From: "2026-05-21", Until: "2026-05-25"}}
	if got := rules.Ineligible(e, 2026, "2026-05-20", set); got != "" {
		t.Error(got)
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		on, sex string
		change  func(*expertv1.Expert)
		says    string
	}{
		{"2026-03-02", "1", func(*expertv1.Expert) {}, ""},
		{"2033-07-28", "1", func(e *expertv1.Expert) { e.TermUntil = "" }, "已满60周岁"},
		{"2028-07-28", "2", func(e *expertv1.Expert) { e.TermUntil = "" }, "已满55周岁"},
		{"2033-07-28", "1", func(e *expertv1.Expert) { e.TermUntil, e.Retired = "", true }, ""},
		{"2028-11-01", "1", func(*expertv1.Expert) {}, "聘期2028-12-31届满"},
		{"2029-01-01", "1", func(*expertv1.Expert) {}, "聘期已于2028-12-31届满，不参加抽选"},
		{"2026-03-02", "1", func(e *expertv1.Expert) { e.Leaves = []*expertv1.Leave{{From: "2026-03-01", Until: "2026-03-05"}} }, "请假至2026-03-05"},
	} {
		e := good()
		e.Birth, e.Sex = "1973-07-28", c.sex
		c.change(e)
		if got := strings.Join(rules.Warnings(e, c.on), "；"); c.says == "" && got != "" || !strings.Contains(got, c.says) {
			t.Errorf("%s %s: %q, want %q", c.on, c.sex, got, c.says)
		}
	}
}

// Whom an expert must not judge (Article 25).
func TestRecused(t *testing.T) {
	e := good()
	e.PersonId = "p"
	e.Relations = []*expertv1.Relation{{Name: "王甲", Relation: "配偶", Unit: "一院"}, {Name: "李乙", Relation: "师生"}, {Relation: "兼职", Unit: "二院"}}
	for _, c := range []struct{ person, name, unit, says string }{
		{"p", "示例专家", "三院", "本人"},
		{"x", "赵丙", "示例单位", "同单位"},
		{"x", "王甲", "一院", "申报回避：配偶"},
		{"x", "王甲", "四院", ""},
		{"x", "李乙", "四院", "申报回避：师生"},
		{"x", "赵丙", "二院", "申报回避：兼职"},
		{"x", "赵丙", "四院", ""},
		{"", "赵丙", "", ""},
	} {
		if got := rules.Recused(e, c.person, c.name, c.unit); got != c.says {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestEdit(t *testing.T) {
	old := good()
	old.Entry = &reviewv1.Case{Stage: reviewv1.Stage_STAGE_APPROVED}
	old.AttendedYears = []int32{2025}
	mine := good()
	mine.Duty, mine.AttendedYears, mine.Removed = "院长", nil, true
	e, err := rules.Edit(old, mine)
	if err != nil || e.Duty != "院长" || len(e.AttendedYears) != 1 || e.Removed || rules.State(e) != rules.Active {
		t.Fatal("what others decide was taken from the form:", e, err)
	}
	other := proto.CloneOf(mine)
	other.Number = "510106197307280402"
	removed := proto.CloneOf(old)
	removed.Removed = true
	for _, was := range []*expertv1.Expert{old, removed} {
		if _, err := rules.Edit(was, other); fault.CodeOf(err) != fault.Invalid {
			t.Error("somebody who was approved became another person:", err)
		}
	}
	old.Entry.Stage = reviewv1.Stage_STAGE_REVIEW
	if _, err := rules.Edit(old, mine); fault.CodeOf(err) != fault.State {
		t.Error(err)
	}
}

func TestStandings(t *testing.T) {
	by := review.Actor{UnitID: "u", StaffName: "经办人"}
	e := good()
	e.Entry = &reviewv1.Case{Stage: reviewv1.Stage_STAGE_APPROVED}
	if err := rules.Remove(e, "调离", "2026-03-02", by); err != nil || rules.State(e) != rules.Removed {
		t.Fatal(err)
	}
	if err := rules.Remove(e, "调离", "2026-03-02", by); fault.CodeOf(err) != fault.State {
		t.Error("taken out twice:", err)
	}
	if err := rules.Submit(e, nil, by, 0); fault.CodeOf(err) != fault.State {
		t.Error(err)
	}
	if err := rules.Restore(e, "调回", "2026-04-02", by); err != nil || rules.State(e) != rules.Active || len(e.Standings) != 2 {
		t.Fatal(err, e)
	}
	e.Entry.Stage = reviewv1.Stage_STAGE_REFUSED
	if err := rules.Restore(e, "补充材料", "2026-05-02", by); err != nil || rules.State(e) != rules.Draft || len(e.Former) != 1 {
		t.Fatal("who was refused has to be handed in anew:", err, e)
	}
}
