package expert_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	"zhiping/proto/gen/zhiping/activity/v1/activityv1connect"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	"zhiping/proto/gen/zhiping/committee/v1/committeev1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	"zhiping/proto/gen/zhiping/expert/v1/expertv1connect"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/servertest"
	rules "zhiping/shared/expert"
	"zhiping/shared/fault"
	"zhiping/shared/idnum"
	"zhiping/shared/wire"
)

var (
	ctx     = context.Background()
	approve = &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE, Opinion: "同意"}
)

func experts(c *servertest.Client) expertv1connect.ExpertServiceClient {
	return expertv1connect.NewExpertServiceClient(c.HTTP, c.URL, c.Options...)
}

func committees(c *servertest.Client) committeev1connect.CommitteeServiceClient {
	return committeev1connect.NewCommitteeServiceClient(c.HTTP, c.URL, c.Options...)
}

func refused(t *testing.T, err error, code fault.Code, says string) {
	t.Helper()
	if f := fault.As(err); f == nil || f.Code != code || !strings.Contains(f.Message, says) {
		t.Fatalf("want %s saying %q, got %v", code, says, err)
	}
}

// pool is a committee of the department, with what is asked of its pool.
type pool struct {
	*servertest.Province
	t      *testing.T
	c      *committeev1.Committee
	opened *commonv1.Base // the last activity that was saved
	people int
}

func newPool(t *testing.T, h *servertest.House) *pool {
	t.Helper()
	p := &pool{Province: h.Province(), t: t}
	p.c = p.form("示例市工程技术中级评委会（虚构）")
	return p
}

func (p *pool) form(name string) *committeev1.Committee {
	p.t.Helper()
	resp, err := committees(p.Department).SaveCommittee(ctx, &committeev1.SaveCommitteeRequest{Committee: &committeev1.Committee{
		Id: servertest.NewID(), Name: name, WorkingBody: "人事科", Office: "评审办", ReviewType: committeev1.ReviewType_REVIEW_TYPE_MIDDLE, Levels: []string{"3"}, Series: "05", Specialties: []string{"0501"},
		AuthorisingId: p.City.Identity.Unit.Id, FilingId: p.Top.Identity.Unit.Id, Contact: "联系人", Phone: "13800000000", Address: "示例路1号",
		RequestDocument: &commonv1.Attachment{Sha256: strings.Repeat("ab", 32), Name: "请示.pdf"},
	}})
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.Committee
}

// person invents somebody complete; the address code of the number is not assigned.
func (p *pool) person() *expertv1.Expert {
	p.people++
	number := fmt.Sprintf("51990019700102%03d", p.people)
	return &expertv1.Expert{
		Id: servertest.NewID(), CommitteeId: p.c.Id, Name: fmt.Sprintf("示例%c", '甲'+rune(p.people)), IdKind: "111", Number: number + string(idnum.ResidentCheck(number)), Phone: "13800000000", WorkUnit: "示例单位",
		Duty: "无", Honours: "无", Occupation: "设计", Series: "05", Title: "高级工程师", Level: "4", Specialty: "0501", Position: expertv1.Position_POSITION_MEMBER, TermFrom: "2026-01-01", TermUntil: "2028-12-31",
	}
}

func (p *pool) save(e *expertv1.Expert) *expertv1.Expert {
	p.t.Helper()
	resp, err := experts(p.Department).SaveExpert(ctx, &expertv1.SaveExpertRequest{Expert: e})
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.Expert
}

func bases[M interface {
	GetId() string
	GetRevision() int64
}](all ...M,
) []*commonv1.Base {
	var b []*commonv1.Base
	for _, m := range all {
		b = append(b, &commonv1.Base{Id: m.GetId(), Revision: m.GetRevision()})
	}
	return b
}

func first(resp interface{ GetOutcomes() []*commonv1.Outcome }, err error) error {
	if err != nil {
		return err
	}
	return wire.First(resp.GetOutcomes())
}

func (p *pool) submit(e *expertv1.Expert) error {
	return first(experts(p.Department).SubmitExperts(ctx, &expertv1.SubmitExpertsRequest{Bases: bases(e)}))
}

func (p *pool) again(e *expertv1.Expert) *expertv1.Expert {
	p.t.Helper()
	resp, err := experts(p.Department).GetExpert(ctx, &expertv1.GetExpertRequest{Id: e.Id})
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.Expert
}

// enter walks somebody into the pool.
func (p *pool) enter(e *expertv1.Expert) *expertv1.Expert {
	p.t.Helper()
	e = p.save(e)
	if err := p.submit(e); err != nil {
		p.t.Fatal(err)
	}
	if err := first(experts(p.City).ReviewExperts(ctx, &expertv1.ReviewExpertsRequest{Bases: bases(p.again(e)), Action: approve})); err != nil {
		p.t.Fatal(err)
	}
	return p.again(e)
}

// count is what the authorising unit sees of the pool (C5), and the numbers on the tabs of the forming unit.
func (p *pool) count() (*expertv1.Pool, map[string]int64) {
	p.t.Helper()
	pools, err := experts(p.City).ListPools(ctx, &expertv1.ListPoolsRequest{Query: &commonv1.Query{Scope: "authorised"}})
	if err != nil || len(pools.Pools) == 0 {
		p.t.Fatal(pools, err)
	}
	list, err := experts(p.Department).ListExperts(ctx, &expertv1.ListExpertsRequest{Query: &commonv1.Query{Filters: []*commonv1.Filter{{Column: "committee_id", Value: p.c.Id}}}})
	if err != nil {
		p.t.Fatal(err)
	}
	tabs := map[string]int64{}
	for _, c := range list.Page.Counts {
		tabs[c.State] = c.Count
	}
	i := slices.IndexFunc(pools.Pools, func(x *expertv1.Pool) bool { return x.Id == p.c.Id })
	return pools.Pools[i], tabs
}

func TestPool(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		p := newPool(t, h)
		chair := p.person()
		chair.Position = expertv1.Position_POSITION_CHAIR
		chair = p.enter(chair)
		half := p.person()
		half.Honours, half.Occupation = "", "" // a draft may be incomplete
		half = p.save(half)
		refused(t, p.submit(half), fault.Invalid, "请补充：所获荣誉、称号、现从事专业")
		half.Honours, half.Occupation = "无", "设计"
		half = p.save(half)
		if err := p.submit(half); err != nil {
			t.Fatal(err)
		}
		p.form("另一个评委会（虚构）") // whose numbers are its own
		pool, tabs := p.count()
		if pool.Active != 1 || pool.Waiting != 1 || !slices.Equal(pool.Chairs, []string{chair.Name}) || tabs[rules.Active] != 1 || tabs[rules.Review] != 1 || tabs[rules.Draft] != 0 {
			t.Fatal(pool, tabs)
		}
		// One human being is in a pool once; the same person may sit on another committee, which both units see.
		twin := proto.CloneOf(chair)
		twin.Id, twin.Revision = servertest.NewID(), 0
		_, err := experts(p.Department).SaveExpert(ctx, &expertv1.SaveExpertRequest{Expert: twin})
		refused(t, err, fault.Invalid, "已在该评委会专家库中")
		other := p.form("第三个评委会（虚构）")
		twin.CommitteeId, twin.Position = other.Id, expertv1.Position_POSITION_MEMBER
		twin = p.enter(twin)
		got, err := experts(p.Department).GetExpert(ctx, &expertv1.GetExpertRequest{Id: chair.Id})
		if err != nil || len(got.Memberships) != 1 || got.Memberships[0].CommitteeName != other.Name || twin.PersonId != got.Expert.PersonId {
			t.Fatal(got, err)
		}
		// Taken out and put back with a reason.
		if err := first(experts(p.Department).RemoveExperts(ctx, &expertv1.RemoveExpertsRequest{Bases: bases(chair), Reason: "调离"})); err != nil {
			t.Fatal(err)
		}
		if pool, _ := p.count(); pool.Active != 0 || len(pool.Chairs) != 0 {
			t.Fatal("who was taken out still counts:", pool)
		}
		chair = p.again(chair)
		if err := first(experts(p.Department).RestoreExperts(ctx, &expertv1.RestoreExpertsRequest{Bases: bases(chair), Reason: "调回"})); err != nil {
			t.Fatal(err)
		}
		if chair = p.again(chair); rules.State(chair) != rules.Active || len(chair.Standings) != 2 || chair.Standings[0].Reason != "调离" {
			t.Fatal(chair)
		}
		_, err = experts(p.Department).RemoveExperts(ctx, &expertv1.RemoveExpertsRequest{Bases: bases(chair)})
		refused(t, err, fault.Invalid, "原因为必填项")
		// Whoever has been reviewed stays the same person.
		chair.Number = p.person().Number
		_, err = experts(p.Department).SaveExpert(ctx, &expertv1.SaveExpertRequest{Expert: chair})
		refused(t, err, fault.Invalid, "姓名和证件号码不能修改")
	})
}

func TestRecommendation(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		p := newPool(t, h)
		offer, err := committees(p.Office).ListSuperiorCommittees(ctx, &committeev1.ListSuperiorCommitteesRequest{})
		if err != nil || len(offer.Committees) != 1 || offer.Committees[0].Id != p.c.Id {
			t.Fatal(offer, err)
		}
		recommend := func(c *servertest.Client, e *expertv1.Expert) (*expertv1.Recommendation, error) {
			resp, err := experts(c).SaveRecommendation(ctx, &expertv1.SaveRecommendationRequest{Recommendation: &expertv1.Recommendation{Id: servertest.NewID(), Expert: e, Reason: "推荐"}})
			return resp.GetRecommendation(), err
		}
		_, err = recommend(p.City, p.person())
		refused(t, err, fault.NotFound, "不是上级单位组建的")
		_, err = recommend(p.Employer, p.person())
		refused(t, err, fault.Denied, "")
		r, err := recommend(p.Office, p.person())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := experts(p.Department).GetRecommendation(ctx, &expertv1.GetRecommendationRequest{Id: r.Id}); fault.CodeOf(err) != fault.NotFound {
			t.Fatal("the forming unit sees a draft:", err)
		}
		if err := first(experts(p.Office).SubmitRecommendations(ctx, &expertv1.SubmitRecommendationsRequest{Bases: bases(r)})); err != nil {
			t.Fatal(err)
		}
		waiting := func() []*expertv1.Recommendation {
			list, err := experts(p.Department).ListRecommendations(ctx, &expertv1.ListRecommendationsRequest{Query: &commonv1.Query{Scope: "review", State: "TAB_FIRST", Filters: []*commonv1.Filter{{Column: "committee_id", Value: p.c.Id}}}})
			if err != nil {
				t.Fatal(err)
			}
			return list.Recommendations
		}
		all := waiting()
		if len(all) != 1 {
			t.Fatal(all)
		}
		move := func(a *reviewv1.Action, all []*expertv1.Recommendation) error {
			return first(experts(p.Department).ReviewRecommendations(ctx, &expertv1.ReviewRecommendationsRequest{Bases: bases(all...), Action: a}))
		}
		if err := move(&reviewv1.Action{Move: reviewv1.Move_MOVE_RETURN, To: -1, Opinion: "请补充"}, all); err != nil {
			t.Fatal(err)
		}
		got, err := experts(p.Office).GetRecommendation(ctx, &expertv1.GetRecommendationRequest{Id: r.Id})
		if err != nil || rules.RecommendationState(got.Recommendation) != rules.SentBack {
			t.Fatal(got, err)
		}
		if err := first(experts(p.Office).SubmitRecommendations(ctx, &expertv1.SubmitRecommendationsRequest{Bases: bases(got.Recommendation)})); err != nil {
			t.Fatal(err)
		}
		if err := move(approve, waiting()); err != nil {
			t.Fatal(err)
		}
		e := p.again(r.Expert)
		if rules.State(e) != rules.Draft || e.RecommenderName != p.Office.Identity.Unit.Name || e.UnitId != p.Department.Identity.Unit.Id || e.PersonId == "" {
			t.Fatal(e)
		}
		if _, err := experts(p.Office).GetExpert(ctx, &expertv1.GetExpertRequest{Id: e.Id}); fault.CodeOf(err) != fault.NotFound {
			t.Fatal("the recommending unit sees into the pool:", err)
		}
		if err := p.submit(e); err != nil {
			t.Fatal(err)
		}
		// Somebody who is in the pool already cannot be accepted a second time; the recommendation waits on.
		twin := proto.CloneOf(e)
		twin.Id, twin.Revision = servertest.NewID(), 0
		r, err = recommend(p.Office, twin)
		if err != nil {
			t.Fatal(err)
		}
		if err := first(experts(p.Office).SubmitRecommendations(ctx, &expertv1.SubmitRecommendationsRequest{Bases: bases(r)})); err != nil {
			t.Fatal(err)
		}
		refused(t, move(approve, waiting()), fault.Invalid, "已在该评委会专家库中")
		if len(waiting()) != 1 {
			t.Fatal("it is gone")
		}
	})
}

// file hands the committee in and lets both units approve.
func (p *pool) file() {
	p.t.Helper()
	get := func() *committeev1.Committee {
		resp, err := committees(p.Department).GetCommittee(ctx, &committeev1.GetCommitteeRequest{Id: p.c.Id})
		if err != nil {
			p.t.Fatal(err)
		}
		return resp.Committee
	}
	if err := first(committees(p.Department).SubmitCommittees(ctx, &committeev1.SubmitCommitteesRequest{Bases: bases(get())})); err != nil {
		p.t.Fatal(err)
	}
	for _, c := range []*servertest.Client{p.City, p.Top} {
		if err := first(committees(c).ReviewCommittees(ctx, &committeev1.ReviewCommitteesRequest{Bases: bases(get()), Action: approve})); err != nil {
			p.t.Fatal(err)
		}
	}
	p.c = get()
}

func (p *pool) activity() error {
	resp, err := activityv1connect.NewActivityServiceClient(p.Department.HTTP, p.URL, p.Department.Options...).SaveActivity(ctx, &activityv1.SaveActivityRequest{Activity: &activityv1.Activity{
		Id: servertest.NewID(), Name: "示例活动（虚构）", ScopeText: "示例", Year: 2026, Frequency: activityv1.Frequency_FREQUENCY_SPECIAL, CommitteeId: p.c.Id, Levels: []string{"3"}, Specialties: []string{"0501"},
		GroupMethod: activityv1.GroupMethod_GROUP_METHOD_NONE, OpensAt: 1, SubmitBy: 2, CorrectBy: 3, ReceiveBy: 4, Contact: "联系人", Phone: "028-00000000",
	}})
	if err == nil {
		p.opened = &commonv1.Base{Id: resp.Activity.Id, Revision: resp.Activity.Revision}
	}
	return err
}

func TestFiling(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		p := newPool(t, h)
		half := p.person()
		half.Honours = ""
		half = p.save(half)
		hand := func() error {
			return first(committees(p.Department).SubmitCommittees(ctx, &committeev1.SubmitCommitteesRequest{Bases: bases(p.c)}))
		}
		refused(t, hand(), fault.State, "专家各项信息需完善，未完善不可提交："+half.Name)
		half.Honours = "无"
		p.save(half)
		p.save(p.person())
		refused(t, p.activity(), fault.State, "尚未备案")
		p.file()
		if p.c.ValidUntil != "2029-03-01" || !slices.ContainsFunc(p.c.Warnings, func(s string) bool { return strings.Contains(s, "应为单数，现为2人") }) {
			t.Fatal(p.c.ValidUntil, p.c.Warnings)
		}
		if err := p.activity(); err != nil {
			t.Fatal(err)
		}
		refused(t, hand(), fault.State, "2028-09-01起可提交换届备案")
		h.Advance(920 * 24 * time.Hour) // to September 2028
		p.Top, p.City, p.Department = h.SignIn("topadmin"), h.SignIn("city"), h.SignIn("department")
		p.file()
		if len(p.c.Former) != 1 || p.c.Former[0].FiledOn != "2026-03-02" || len(p.c.Former[0].Review.Steps) != 3 || !strings.HasPrefix(p.c.FiledOn, "2028-09") {
			t.Fatal(p.c)
		}
		h.Advance(4 * 365 * 24 * time.Hour)
		p.Department = h.SignIn("department")
		refused(t, p.activity(), fault.State, "到期，请先重新备案")
		refused(t, first(activityv1connect.NewActivityServiceClient(p.Department.HTTP, p.URL, p.Department.Options...).SubmitActivities(ctx, &activityv1.SubmitActivitiesRequest{Bases: []*commonv1.Base{p.opened}})),
			fault.State, "到期，请先重新备案") // written while the filing held
	})
}

func TestRequirements(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		p := newPool(t, h)
		all := []*committeev1.Requirement{{Order: 1, Title: "01", Templates: []committeev1.Template{committeev1.Template_TEMPLATE_PAPER}, Text: "近五年论文"}}
		resp, err := committees(p.Department).SaveRequirements(ctx, &committeev1.SaveRequirementsRequest{Base: bases(p.c)[0], Requirements: all})
		if err != nil || len(resp.Committee.Requirements) != 1 {
			t.Fatal(resp, err)
		}
		_, err = committees(p.City).SaveRequirements(ctx, &committeev1.SaveRequirementsRequest{Base: bases(resp.Committee)[0], Requirements: all})
		refused(t, err, fault.Denied, "只有组建单位")
		all = append(all, proto.CloneOf(all[0]))
		_, err = committees(p.Department).SaveRequirements(ctx, &committeev1.SaveRequirementsRequest{Base: bases(resp.Committee)[0], Requirements: all})
		refused(t, err, fault.Invalid, "序号1重复")
	})
}
