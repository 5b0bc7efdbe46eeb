package pagetest

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"zhiping/desktop/committee"
	"zhiping/desktop/expert"
	"zhiping/desktop/kit"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/servertest"
	rules "zhiping/shared/expert"
)

func (o *office) committee() *committeev1.Committee {
	o.t.Helper()
	resp, err := o.c.Committees().SaveCommittee(o.t.Context(), &committeev1.SaveCommitteeRequest{Committee: o.filled()})
	if err != nil {
		o.t.Fatal(err)
	}
	return resp.Committee
}

func somebody(c *committeev1.Committee) *expertv1.Expert {
	e := expert.New(c)
	e.Name, e.Number, e.Phone, e.WorkUnit, e.Duty, e.Honours, e.Occupation = "示例专家", "510106197307287209", "13800000000", "示例设计院", "无", "无", "结构设计"
	e.Title, e.Level, e.Specialty, e.TermFrom, e.TermUntil = "高级工程师", "4", "0501", "2026-01-01", "2028-12-31"
	return e
}

func (o *office) expert(e *expertv1.Expert) *expertv1.Expert {
	o.t.Helper()
	resp, err := o.c.Experts().SaveExpert(o.t.Context(), &expertv1.SaveExpertRequest{Expert: e})
	if err != nil {
		o.t.Fatal(err)
	}
	return resp.Expert
}

func TestExpertForm(t *testing.T) {
	o := newOffice(t)
	c := o.committee()
	done := 0
	e := expert.NewEdit(expert.New(c), o.c.Experts(), o.Desk, func() { done++ })
	o.contains(o.show(e.Content), "新增专家", "国别", "证件类型", "行政职务级别", "所获荣誉、称号", "现从事专业", "聘期自", "回避关系", "请假（期间不参加抽选）", "按出生日期计算")
	e.Save()
	o.told("有内容需要修改")
	o.contains(texts(e.Content), "姓名为必填项")
	half := somebody(c)
	half.Honours = ""
	e = expert.NewEdit(half, o.c.Experts(), o.Desk, func() { done++ })
	o.show(e.Content)
	o.press(e.Content, "保存并提交审核")
	o.contains(texts(e.Content), "所获荣誉、称号为必填项")
	o.said = nil
	e.Save()
	o.told("已保存。信息缺：所获荣誉、称号")
	if done != 1 {
		t.Fatal(o.failed)
	}
	o.press(e.Content, "增加回避关系")
	o.press(e.Content, "增加请假")
	o.contains(texts(e.Content), "与专家的关系", "请假开始")
	whole := somebody(c)
	whole.Number = "510106197307280402"
	e = expert.NewEdit(whole, o.c.Experts(), o.Desk, func() { done++ })
	o.show(e.Content)
	o.press(e.Content, "保存并提交审核")
	o.told("已提交，请等待授权管理单位审核")
}

func TestPoolPage(t *testing.T) {
	o := newOffice(t)
	c := o.committee()
	one := o.expert(somebody(c))
	var opened []string
	pool := expert.NewPool(committee.Own(o.c.Committees(), nil).Source, expert.Experts(o.c.Experts(), nil), expert.Recommended(o.c.Experts(), nil), o.c.Experts(), o.Desk, expert.Opens{
		Expert: func(e *expertv1.Expert, _ *kit.ListPage[*expertv1.Expert]) { opened = append(opened, e.Name) },
		Add:    func(c *committeev1.Committee) { opened = append(opened, "add "+c.Name) },
		Import: func(c *committeev1.Committee) { opened = append(opened, "import "+c.Name) },
	})
	o.contains(o.show(pool.Content), "请先选择评委会")
	pool.Load() // the only committee is chosen by itself
	o.contains(texts(pool.Content), "提交审核", "移出专家库", "信息是否完整", "共 1 条")
	o.press(pool.Content, "新增专家")
	o.press(pool.Content, "批量新增")
	if !slices.Equal(opened, []string{"add 示例评委会", "import 示例评委会"}) {
		t.Fatal(opened)
	}
	if err := expert.Submit(o.c.Experts(), []*expertv1.Expert{one}); err != nil {
		t.Fatal(err)
	}
	pools := kit.NewListPage(expert.Pools(o.c.Experts(), nil), o.Run, func(*expertv1.Pool) {})
	o.show(pools.Content)
	pools.Load()
	o.contains(texts(pools.Content), "有待审专家 1", "主任委员", "在库专家数", "待审专家数")
	if p := pools.Model.Rows[0]; p.Waiting != 1 || p.Name != c.Name {
		t.Fatal(p)
	}
	review := kit.NewListPage(expert.Review(o.c.Experts(), nil), o.Run, func(*expertv1.Expert) {})
	review.Model.Narrow("committee_id", c.Id)
	o.show(review.Content)
	review.Load()
	o.contains(texts(review.Content), "待审核 1", "手机号码", "现职称", "行政职务")
	done := 0
	page, panel := expert.NewPage(review.Model.Rows[0], o.c.Experts(), o.Desk, func() { done++ })
	o.contains(o.show(page), "专家 示例专家", "经办流程", "工作单位")
	if s := texts(page); strings.Contains(s, one.Number) {
		t.Error("the number is not masked")
	}
	if panel.Approve(); done != 1 {
		t.Fatal(o.failed)
	}
	pool.Show(rules.Active)
	pool.Load()
	o.contains(texts(pool.Content), "共 1 条")
	active := proto.CloneOf(one)
	active.Entry = &reviewv1.Case{Stage: reviewv1.Stage_STAGE_APPROVED}
	active.Attendances = []*expertv1.Attendance{{Year: 2025, Meeting: "示例会议", HeldOn: "2025-05-20", Chaired: true}}
	active.Leaves = []*expertv1.Leave{{From: "2026-01-01", Until: "2099-01-01"}}
	page, _ = expert.NewPage(active, o.c.Experts(), o.Desk, func() {})
	o.contains(o.show(page), "请假至2099-01-01，不参加抽选")
	if got := expert.Elsewhere(&expertv1.GetExpertResponse{Memberships: []*expertv1.Membership{{CommitteeName: "另一评委会", Position: expertv1.Position_POSITION_CHAIR}}, Elsewhere: 2}); got != "同一人还在：另一评委会（主任委员）、其他单位的评委会 2 个" {
		t.Error(got)
	}
}

// chosen answers for the person who is asked for a file.
type chosen struct{ path string }

func (c chosen) Open(_ []string, then func(string)) { then(c.path) }
func (c chosen) Save(_ string, then func(string))   { then(c.path) }

func TestExpertImport(t *testing.T) {
	o := newOffice(t)
	c := o.committee()
	var b bytes.Buffer
	wrong := somebody(c)
	wrong.Number, wrong.Name = "510106197307280402", "张甲、李乙"
	if err := rules.Sheet().Write(&b, slices.Values([]*expertv1.Expert{somebody(c), wrong})); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "专家.xlsx")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Files = chosen{path}
	client, _ := o.through(expert.Effects)
	i := expert.NewImport(c, client.Experts(), o.Desk)
	o.show(i.Content)
	o.press(i.Content, "2. 选择")
	if good, failed := i.Batch.Count(); good != 1 || failed != 1 || !strings.Contains(i.Batch.Failed(0).Reasons(), "每人一行") {
		t.Fatal(good, failed, texts(i.Content))
	}
	o.press(i.Content, "3. 确认导入")
	rows, err := o.c.Experts().ListExperts(t.Context(), &expertv1.ListExpertsRequest{Query: &commonv1.Query{State: rules.Draft}})
	if err != nil || len(rows.Experts) != 1 || rows.Experts[0].Honours != "无" || rows.Experts[0].TermFrom != "2026-01-01" {
		t.Fatal(rows, err)
	}
}

func TestRecommendationPages(t *testing.T) {
	o := newOffice(t)
	c := o.committee()
	u := o.h.NewUnit("示例管理处（虚构）", commonv1.UnitKind_UNIT_KIND_DEPARTMENT)
	if _, err := o.c.Units().CreateUnit(t.Context(), &unitv1.CreateUnitRequest{Unit: u, Handlers: []*unitv1.NewStaff{servertest.NewStaff("below")}}); err != nil {
		t.Fatal(err)
	}
	o.c = o.signIn("below")
	content, load := expert.NewRecommend(o.c.Committees(), o.c.Experts(), o.Desk, func() {})
	o.contains(o.show(content), "推荐至评委会")
	load()
	if len(o.failed) > 0 {
		t.Fatal(o.failed)
	}
	r := &expertv1.Recommendation{Id: servertest.NewID(), Expert: somebody(c)}
	done := 0
	form := expert.NewRecommendation(r, o.c.Experts(), o.Desk, func() { done++ })
	o.contains(o.show(form), "推荐理由", "现从事专业")
	o.press(form, "保存并提交")
	if o.told("已提交，请等待组建单位审核"); done != 1 {
		t.Fatal(done)
	}
	own := kit.NewListPage(expert.Own(o.c.Experts(), nil), o.Run, func(*expertv1.Recommendation) {})
	o.show(own.Content)
	own.Load()
	o.contains(texts(own.Content), "审核中 1", "推荐至评委会")
	if expert.RecommendationEditable(own.Model.Rows[0]) {
		t.Error("what is under review can be changed")
	}
	o.c = o.signIn("topadmin")
	waiting := kit.NewListPage(expert.Recommended(o.c.Experts(), nil), o.Run, func(*expertv1.Recommendation) {})
	waiting.Model.Choose(reviewv1.Tab_TAB_FIRST.String())
	o.show(waiting.Content)
	waiting.Load()
	page, panel := expert.NewRecommended(waiting.Model.Rows[0], o.c.Experts(), o.Desk, func() { done++ })
	o.contains(o.show(page), "推荐专家 示例专家", "示例管理处（虚构）")
	if panel.Approve(); done != 2 {
		t.Fatal(o.failed)
	}
	rows, err := o.c.Experts().ListExperts(t.Context(), &expertv1.ListExpertsRequest{Query: &commonv1.Query{State: rules.Draft}})
	if err != nil || len(rows.Experts) != 1 || rows.Experts[0].RecommenderName != u.Name {
		t.Fatal(rows, err)
	}
}
