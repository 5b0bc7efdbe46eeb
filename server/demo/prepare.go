package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	attachmentv1 "zhiping/proto/gen/zhiping/attachment/v1"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/expert"
	"zhiping/shared/wire"
)

var approve = &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE, Opinion: "同意"}

// employers are the accounts of the eight employers; the last two register by themselves.
var employers = []string{"employer1", "employer2", "employer3", "employer4", "employer5", "employer6", "employer7", "employer8"}

// The year is walked in 2026; what was before it, in 2023, so that a filing of then runs out in the year.
const (
	early   = "2023-06-20"
	present = "2026-03-02"
)

// foundUnits makes the province's and the city's HR department, two competent departments and the employers, with posts for the city.
func (y *year) foundUnits(ctx context.Context) (int, error) {
	top := y.fiction.unit("示例省人力资源和社会保障厅", commonv1.UnitKind_UNIT_KIND_HR)
	if _, err := run(y.Server, "admin", "bootstrap", "--data", y.path("data"), "--name", top.Name, "--credit-code", top.CreditCode, "--division", "510000",
		"--contact", "管理员", "--phone", top.Phone, "--account", "province", "--password", firstPassword); err != nil {
		return 0, err
	}
	if err := y.server.start(early); err != nil {
		return 0, err
	}
	if err := y.signIn(ctx, "province"); err != nil {
		return 0, err
	}
	steps := []struct {
		by, account, name string
		kind              commonv1.UnitKind
	}{
		{"province", "city", "示例市人力资源和社会保障局", commonv1.UnitKind_UNIT_KIND_HR},
		{"city", "housing", "示例市住房和城乡建设局", commonv1.UnitKind_UNIT_KIND_DEPARTMENT},
		{"city", "transport", "示例市交通运输局", commonv1.UnitKind_UNIT_KIND_DEPARTMENT},
		{"housing", "office", "示例市建筑业管理处", commonv1.UnitKind_UNIT_KIND_DEPARTMENT},
	}
	for i, a := range employers[:6] {
		steps = append(steps, struct {
			by, account, name string
			kind              commonv1.UnitKind
		}{[]string{"housing", "transport"}[i%2], a, fmt.Sprintf("示例建筑设计院第%d分院", i+1), commonv1.UnitKind_UNIT_KIND_EMPLOYER})
	}
	for _, s := range steps {
		u := y.fiction.unit(s.name, s.kind)
		if _, err := y.as(s.by).units().CreateUnit(ctx, &unitv1.CreateUnitRequest{Unit: u, Handlers: []*unitv1.NewStaff{handler(s.account)}}); err != nil {
			return 0, err
		}
		if err := y.signIn(ctx, s.account); err != nil {
			return 0, err
		}
	}
	for _, a := range employers[6:] {
		if err := y.register(ctx, a); err != nil {
			return 0, err
		}
	}
	return 1 + len(steps) + len(employers[6:]), errors.Join(y.cityPosts(ctx), y.supervisor(ctx))
}

// pdf is what stands in for a scanned document: a registration carries its licence, and the server looks at the first bytes (A5).
var pdf = []byte("%PDF-1.4\n% 虚构\n%%EOF\n")

// register walks the self-registration of an employer (A2): one is returned and corrected first.
func (y *year) register(ctx context.Context, account string) error {
	superior := y.as("housing").identity.Unit
	u := y.fiction.unit("示例工程咨询公司"+map[string]string{"employer7": "第一分公司", "employer8": "第二分公司"}[account], commonv1.UnitKind_UNIT_KIND_EMPLOYER)
	u.SuperiorId = superior.Id
	chosen := handler(account)
	chosen.Password = Password
	nobody := &person{s: y.server, http: y.server.http(), url: "https://" + y.server.address, opts: y.as("city").opts}
	u.Location, u.Nature = u.Division, "31"
	licence := &unitv1.File{Name: "营业执照（虚构）.pdf", Content: pdf}
	if _, err := nobody.units().RegisterUnit(ctx, &unitv1.RegisterUnitRequest{Unit: u, Handler: chosen, Licence: licence}); err != nil {
		return err
	}
	returned := &reviewv1.Action{Move: reviewv1.Move_MOVE_RETURN, To: -1, Opinion: "请补充通讯地址", Defects: []*reviewv1.Defect{{Field: "address", Text: "通讯地址不完整"}}}
	if err := errors.Join(y.reviewUnits(ctx, returned), y.correct(ctx, account), y.reviewUnits(ctx, approve)); err != nil {
		return err
	}
	return y.as(account).signIn(ctx)
}

func (y *year) correct(ctx context.Context, account string) error {
	p, err := y.server.person(ctx, account, Password)
	if err != nil {
		return err
	}
	y.people[account] = p
	u := p.identity.Unit
	u.Address = "虚构市示例路2号3楼"
	saved, err := p.units().SaveUnit(ctx, &unitv1.SaveUnitRequest{Unit: u})
	if err != nil {
		return err
	}
	_, err = p.units().SubmitUnit(ctx, &unitv1.SubmitUnitRequest{Base: &commonv1.Base{Id: u.Id, Revision: saved.Unit.Revision}})
	return err
}

func (y *year) reviewUnits(ctx context.Context, a *reviewv1.Action) error {
	p := y.as("housing")
	list, err := p.units().ListUnits(ctx, &unitv1.ListUnitsRequest{Query: &commonv1.Query{Scope: "registration", State: reviewv1.Tab_TAB_FIRST.String()}})
	if err != nil {
		return err
	}
	for _, u := range list.Units {
		resp, err := p.units().ReviewUnits(ctx, &unitv1.ReviewUnitsRequest{Bases: []*commonv1.Base{{Id: u.Id, Revision: u.Revision}}, Matter: reviewv1.Matter_MATTER_UNIT, Action: a})
		if err != nil {
			return err
		}
		if err := wire.First(resp.Outcomes); err != nil {
			return err
		}
	}
	return nil
}

// cityPosts gives the city's HR department two review posts for applications (A5), each with a member of staff who has a role of his own (A7).
func (y *year) cityPosts(ctx context.Context) error {
	p := y.as("city")
	u := p.identity.Unit
	role := &unitv1.Role{Id: id(), Name: "材料审核岗", Rights: []commonv1.Right{commonv1.Right_RIGHT_APPLICATION_REVIEW}}
	got, err := p.units().GetUnit(ctx, &unitv1.GetUnitRequest{Id: u.Id})
	if err != nil {
		return err
	}
	saved, err := p.units().SaveRole(ctx, &unitv1.SaveRoleRequest{Base: &commonv1.Base{Id: u.Id, Revision: got.Unit.Revision}, Role: role})
	if err != nil {
		return err
	}
	posts := &reviewv1.Posts{Matter: reviewv1.Matter_MATTER_APPLICATION}
	for i, account := range []string{"city-first", "city-second"} {
		h := handler(account)
		h.Staff.UnitId, h.Staff.RoleIds = u.Id, []string{role.Id}
		if _, err := p.units().SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: h.Staff, Password: h.Password}); err != nil {
			return err
		}
		posts.Posts = append(posts.Posts, &reviewv1.Post{Level: int32(i + 1), StaffIds: []string{h.Staff.Id}})
	}
	if _, err := p.units().SavePosts(ctx, &unitv1.SavePostsRequest{Base: &commonv1.Base{Id: u.Id, Revision: saved.Unit.Revision}, Posts: posts}); err != nil {
		return err
	}
	return y.signIn(ctx, "city-first", "city-second")
}

// supervisor gives the department that holds the committee a second person, for the draw.
func (y *year) supervisor(ctx context.Context) error {
	p := y.as("housing")
	u := p.identity.Unit
	role := &unitv1.Role{Id: id(), Name: "监督岗", Rights: []commonv1.Right{commonv1.Right_RIGHT_DRAW}}
	if _, err := p.units().SaveRole(ctx, &unitv1.SaveRoleRequest{Base: &commonv1.Base{Id: u.Id, Revision: u.Revision}, Role: role}); err != nil {
		return err
	}
	h := handler("supervisor")
	h.Staff.UnitId, h.Staff.RoleIds = u.Id, []string{role.Id}
	if _, err := p.units().SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: h.Staff, Password: h.Password}); err != nil {
		return err
	}
	return y.signIn(ctx, "supervisor")
}

// upload sends a file and names it.
func (p *person) upload(ctx context.Context, name string, content []byte) (*commonv1.Attachment, error) {
	sum := sha256.Sum256(content)
	a := &commonv1.Attachment{Sha256: hex.EncodeToString(sum[:]), Name: name, Size: int64(len(content))}
	_, err := p.attachments().Upload(ctx, &attachmentv1.UploadRequest{Sha256: a.Sha256, Size: a.Size, Chunk: content})
	return a, err
}

// fileCommittee files the committee: formed by the department, authorised by the city, filed by the province (C1-C3). Another one was filed three
// years before, so that its renewal is due.
func (y *year) fileCommittee(ctx context.Context) (int, error) {
	doc, err := y.as("housing").upload(ctx, "核准备案请示（虚构）.txt", []byte("关于核准备案的请示（虚构）"))
	if err != nil {
		return 0, err
	}
	if _, err := y.file(ctx, "示例市工程技术初级职称评审委员会（虚构）", []string{"1", "2"}, committeev1.ReviewType_REVIEW_TYPE_JUNIOR, doc); err != nil {
		return 0, err
	}
	if err := y.restart(ctx, present); err != nil {
		return 0, err
	}
	y.committeeID, err = y.file(ctx, "示例市工程技术中级职称评审委员会（虚构）", []string{"3"}, committeev1.ReviewType_REVIEW_TYPE_MIDDLE, doc)
	return 2, err
}

// file walks the filing of a committee.
func (y *year) file(ctx context.Context, name string, levels []string, kind committeev1.ReviewType, doc *commonv1.Attachment) (string, error) {
	p := y.as("housing")
	c := &committeev1.Committee{
		Id: id(), Name: name, Series: "05", Levels: levels, Specialties: specialties, AuthorisingId: y.as("city").identity.Unit.Id, ReviewType: kind,
		FilingId: y.as("province").identity.Unit.Id, Contact: "联系人", Phone: "028-00000000", RequestDocument: doc, Divisions: []string{"510100"}, Address: "虚构市示例路1号",
		WorkingBody: "示例市住房和城乡建设局人事科（虚构）", Office: "示例市工程技术职称评审办公室（虚构）",
		Requirements: []*committeev1.Requirement{{Order: 1, Title: "07", Templates: []committeev1.Template{committeev1.Template_TEMPLATE_GENERAL}, Text: "近五年主要工程项目", Required: true}},
	}
	saved, err := p.committees().SaveCommittee(ctx, &committeev1.SaveCommitteeRequest{Committee: c})
	if err != nil {
		return "", err
	}
	resp, err := p.committees().SubmitCommittees(ctx, &committeev1.SubmitCommitteesRequest{Bases: []*commonv1.Base{{Id: c.Id, Revision: saved.Committee.Revision}}})
	if err := errors.Join(err, wire.First(resp.GetOutcomes())); err != nil {
		return "", err
	}
	for _, account := range []string{"city", "province"} {
		p := y.as(account)
		list, err := p.committees().ListCommittees(ctx, &committeev1.ListCommitteesRequest{Query: &commonv1.Query{Scope: "filing", State: reviewv1.Tab_TAB_FIRST.String()}})
		if err != nil || len(list.Committees) != 1 {
			return "", errors.Join(err, fmt.Errorf("%d committees wait at %s", len(list.GetCommittees()), account))
		}
		resp, err := p.committees().ReviewCommittees(ctx, &committeev1.ReviewCommitteesRequest{Bases: []*commonv1.Base{{Id: c.Id, Revision: list.Committees[0].Revision}}, Action: approve})
		if err := errors.Join(err, wire.First(resp.GetOutcomes())); err != nil {
			return "", err
		}
	}
	return c.Id, nil
}

// fillPool imports the experts from a workbook, hands them in and lets the city approve them (C4, C5).
func (y *year) fillPool(ctx context.Context) (int, error) {
	all := y.fiction.experts(y.Experts)
	var book bytes.Buffer
	if err := expert.Sheet().Write(&book, slices.Values(all)); err != nil {
		return 0, err
	}
	if err := os.WriteFile(y.path("workbooks", "评审专家.xlsx"), book.Bytes(), 0o600); err != nil {
		return 0, err
	}
	p := y.as("housing")
	r := &expertv1.ImportExpertsRequest{}
	for row, err := range expert.Sheet().Read(ctx, bytes.NewReader(book.Bytes()), int64(book.Len())) {
		if err != nil {
			return 0, err
		}
		if !row.Good() {
			return 0, fmt.Errorf("row %d: %s", row.Number, row.Reasons())
		}
		row.Message.Id, row.Message.CommitteeId = id(), y.committeeID
		r.Experts = append(r.Experts, row.Message)
	}
	imported, err := p.experts().ImportExperts(ctx, r)
	if err := errors.Join(err, wire.First(imported.GetOutcomes())); err != nil {
		return 0, err
	}
	bases, err := y.expertBases(ctx, p, &commonv1.Query{State: expert.Draft, Size: 200})
	if err != nil {
		return 0, err
	}
	submitted, err := p.experts().SubmitExperts(ctx, &expertv1.SubmitExpertsRequest{Bases: bases})
	if err := errors.Join(err, wire.First(submitted.GetOutcomes())); err != nil {
		return 0, err
	}
	city := y.as("city")
	if bases, err = y.expertBases(ctx, city, &commonv1.Query{Scope: "review", State: reviewv1.Tab_TAB_FIRST.String(), Size: 200}); err != nil {
		return 0, err
	}
	reviewed, err := city.experts().ReviewExperts(ctx, &expertv1.ReviewExpertsRequest{Bases: bases, Action: approve})
	if err := errors.Join(err, wire.First(reviewed.GetOutcomes())); err != nil {
		return 0, err
	}
	return len(bases), errors.Join(y.await(ctx), y.recommend(ctx))
}

// await adds three experts more who wait for the city, and one whose information is not complete (C4, C5).
func (y *year) await(ctx context.Context) error {
	p := y.as("housing")
	all := y.fiction.experts(4)
	all[3].Honours, all[3].Occupation = "", ""
	var bases []*commonv1.Base
	for i, e := range all {
		e.Id, e.CommitteeId = id(), y.committeeID
		saved, err := p.experts().SaveExpert(ctx, &expertv1.SaveExpertRequest{Expert: e})
		if err != nil {
			return err
		}
		if i < 3 {
			bases = append(bases, &commonv1.Base{Id: e.Id, Revision: saved.Expert.Revision})
		}
	}
	resp, err := p.experts().SubmitExperts(ctx, &expertv1.SubmitExpertsRequest{Bases: bases})
	return errors.Join(err, wire.First(resp.GetOutcomes()))
}

// recommend lets a subordinate department recommend two people, of whom one waits (C4).
func (y *year) recommend(ctx context.Context) error {
	p := y.as("office")
	found, err := p.committees().ListSuperiorCommittees(ctx, &committeev1.ListSuperiorCommitteesRequest{})
	if err != nil || len(found.Committees) != 2 {
		return errors.Join(err, fmt.Errorf("%d committees of superiors", len(found.GetCommittees())))
	}
	for i, e := range y.fiction.experts(2) {
		e.Id, e.CommitteeId, e.Position = id(), y.committeeID, expertv1.Position_POSITION_MEMBER
		saved, err := p.experts().SaveRecommendation(ctx, &expertv1.SaveRecommendationRequest{Recommendation: &expertv1.Recommendation{Id: id(), Expert: e, Reason: "长期从事工程设计（虚构）"}})
		if err != nil {
			return err
		}
		if i > 0 {
			break
		}
		r := saved.Recommendation
		resp, err := p.experts().SubmitRecommendations(ctx, &expertv1.SubmitRecommendationsRequest{Bases: []*commonv1.Base{{Id: r.Id, Revision: r.Revision}}})
		if err := errors.Join(err, wire.First(resp.GetOutcomes())); err != nil {
			return err
		}
	}
	return nil
}

func (y *year) expertBases(ctx context.Context, p *person, q *commonv1.Query) ([]*commonv1.Base, error) {
	list, err := p.experts().ListExperts(ctx, &expertv1.ListExpertsRequest{Query: q})
	var bases []*commonv1.Base
	for _, e := range list.GetExperts() {
		bases = append(bases, &commonv1.Base{Id: e.Id, Revision: e.Revision})
	}
	return bases, err
}

func at(date string) int64 {
	t, err := time.Parse(time.RFC3339, date+"T18:00:00+08:00")
	if err != nil {
		panic(err) // a constant of this package
	}
	return t.UnixMilli()
}

// activity walks an activity to publication (E1-E4).
func (y *year) activity(ctx context.Context, name string, f activityv1.Frequency) (string, error) {
	a := &activityv1.Activity{
		Id: id(), Name: name, ScopeText: "示例市工程技术人员（虚构）", Year: 2026, Frequency: f, CommitteeId: y.committeeID, DocumentNumber: "示建职〔2026〕1号",
		Levels: []string{"3"}, Specialties: specialties, GroupMethod: activityv1.GroupMethod_GROUP_METHOD_NONE, OpensAt: at("2026-03-01"), SubmitBy: at("2026-04-01"), CorrectBy: at("2026-04-15"),
		ReceiveBy: at("2026-04-30"), Requirements: []*activityv1.Requirement{{Order: 1, Title: "主要工程项目", Text: "近五年主要工程项目", Required: true}},
		RequiredDocuments: []string{"学历证书"}, Contact: "联系人", Phone: "028-00000000", Public: true,
	}
	p, city := y.as("housing"), y.as("city")
	saved, err := p.activities().SaveActivity(ctx, &activityv1.SaveActivityRequest{Activity: a})
	if err != nil {
		return "", err
	}
	submitted, err := p.activities().SubmitActivities(ctx, &activityv1.SubmitActivitiesRequest{Bases: []*commonv1.Base{{Id: a.Id, Revision: saved.Activity.Revision}}})
	if err := errors.Join(err, wire.First(submitted.GetOutcomes())); err != nil {
		return "", err
	}
	got, err := city.activities().GetActivity(ctx, &activityv1.GetActivityRequest{Id: a.Id})
	if err != nil {
		return "", err
	}
	reviewed, err := city.activities().ReviewActivities(ctx, &activityv1.ReviewActivitiesRequest{Bases: []*commonv1.Base{{Id: a.Id, Revision: got.Activity.Revision}}, Action: approve})
	return a.Id, errors.Join(err, wire.First(reviewed.GetOutcomes()))
}

// publishActivity publishes the year's activity, and a special one in which somebody is refused.
func (y *year) publishActivity(ctx context.Context) (int, error) {
	var err error
	if y.activityID, err = y.activity(ctx, "2026年度示例市工程技术中级职称评审（虚构）", activityv1.Frequency_FREQUENCY_ANNUAL); err != nil {
		return 0, err
	}
	return 2, y.refuseSomebody(ctx)
}
