package demo

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	"zhiping/proto/gen/zhiping/committee/v1/committeev1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	messagev1 "zhiping/proto/gen/zhiping/message/v1"
	"zhiping/proto/gen/zhiping/message/v1/messagev1connect"
	noticev1 "zhiping/proto/gen/zhiping/notice/v1"
	"zhiping/proto/gen/zhiping/notice/v1/noticev1connect"
	"zhiping/shared/wire"
)

func (p *person) competences() committeev1connect.CompetenceServiceClient {
	return committeev1connect.NewCompetenceServiceClient(p.http, p.url, p.opts...)
}

func (p *person) messages() messagev1connect.MessageServiceClient {
	return messagev1connect.NewMessageServiceClient(p.http, p.url, p.opts...)
}

func (p *person) notices() noticev1connect.NoticeServiceClient {
	return noticev1connect.NewNoticeServiceClient(p.http, p.url, p.opts...)
}

// inform tells everybody that the year begins: announcements that stand on the portal too (J3), a message that two of its recipients read (J1, J2), and
// the competent department of the committee, through which the applications then go (A10).
func (y *year) inform(ctx context.Context) (int, error) {
	set, err := y.as("city").competences().SetDepartments(ctx, &committeev1.SetDepartmentsRequest{Competences: []*committeev1.Competence{
		{Id: id(), CommitteeId: y.committeeID, DepartmentId: y.as("housing").identity.Unit.Id},
	}})
	if err := errors.Join(err, wire.First(set.GetOutcomes())); err != nil {
		return 0, fmt.Errorf("competent department: %w", err)
	}
	told := 0
	for _, n := range []struct {
		account string
		notice  *noticev1.Notice
	}{
		{"province", &noticev1.Notice{Kind: noticev1.Kind_KIND_NOTICE, Title: "关于做好2026年度职称评审工作的通知（虚构）", Text: "# 总体要求\n\n各单位按规定时间组织申报。\n\n## 时间安排\n\n| 环节 | 截止 |\n|---|---|\n| 申报 | 2026-04-01 |\n| 公示 | 不少于5个工作日 |\n\n**本通知为演示数据，内容均为虚构。**"}},
		{"city", &noticev1.Notice{Kind: noticev1.Kind_KIND_CONDITION, Title: "示例市工程技术中级职称申报条件（虚构）", Text: "- 学历和资历\n- 业绩成果\n- 继续教育\n\n以上为演示数据。"}},
		{"city", &noticev1.Notice{Kind: noticev1.Kind_KIND_QUESTION, Title: "常见问题：材料被退回怎么办（虚构）", Text: "按退回意见逐项修改后重新提交，已填写的内容不会丢失。"}},
	} {
		if err := y.publish(ctx, n.account, n.notice); err != nil {
			return 0, fmt.Errorf("announcement: %w", err)
		}
		told++
	}
	m := &messagev1.Message{Id: uuid.Must(uuid.NewV7()).String(), Title: "请于4月1日前完成本单位审核（虚构）", Text: "各单位：请按时完成申报材料的审核和公示，并上传公示证明。"}
	if _, err := y.as("housing").messages().SendMessage(ctx, &messagev1.SendMessageRequest{Message: m}); err != nil {
		return 0, fmt.Errorf("message: %w", err)
	}
	for _, account := range []string{"employer1", "employer3"} {
		if err := y.read(ctx, account); err != nil {
			return 0, fmt.Errorf("message at %s: %w", account, err)
		}
	}
	return told + 1, nil
}

// publish writes an announcement and publishes it.
func (y *year) publish(ctx context.Context, account string, n *noticev1.Notice) error {
	n.Id = id()
	p := y.as(account)
	saved, err := p.notices().SaveNotice(ctx, &noticev1.SaveNoticeRequest{Notice: n})
	if err != nil {
		return err
	}
	moved, err := p.notices().MoveNotices(ctx, &noticev1.MoveNoticesRequest{Bases: []*commonv1.Base{{Id: n.Id, Revision: saved.Notice.Revision}}, To: noticev1.State_STATE_PUBLISHED})
	return errors.Join(err, wire.First(moved.GetOutcomes()))
}

// read reads all that a unit has received.
func (y *year) read(ctx context.Context, account string) error {
	p := y.as(account)
	list, err := p.messages().ListDeliveries(ctx, &messagev1.ListDeliveriesRequest{Query: &commonv1.Query{Scope: "received"}})
	if err != nil {
		return err
	}
	r := &messagev1.ReadMessagesRequest{}
	for _, d := range list.Deliveries {
		r.Bases = append(r.Bases, &commonv1.Base{Id: d.Id, Revision: d.Revision})
	}
	if len(r.Bases) == 0 {
		return errors.New("nothing was received")
	}
	resp, err := p.messages().ReadMessages(ctx, r)
	return errors.Join(err, wire.First(resp.GetOutcomes()))
}
