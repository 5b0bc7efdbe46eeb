package application

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	"zhiping/proto/gen/zhiping/application/v1/applicationv1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/field"
	"zhiping/shared/wire"
)

// A Page shows one application: left the material, right the review (ui.md).
type Page struct {
	Content fyne.CanvasObject
	Panel   *kit.ReviewPanel
}

// NewPage draws an application; done is called after a move that went through.
func NewPage(a *applicationv1.Application, c applicationv1connect.ApplicationServiceClient, d *kit.Desk, done func()) *Page {
	p := &Page{}
	p.Panel = kit.NewReviewPanel(a.Review, d.By, func(action *reviewv1.Action) {
		d.Do(func() error {
			if action.Move == reviewv1.Move_MOVE_WITHDRAW { // the applicant's side takes it back (D2)
				return Withdraw(c, []*applicationv1.Application{a})
			}
			return Move(c, []*applicationv1.Application{a}, action)
		}, done)
	})
	sections := material(a, d.Opener("application", a.Id))
	p.Panel.Material(sections...)
	p.Panel.Common(d)
	left := kit.NewDetail(sections...)
	if mayRecommend(a, d.By.UnitID) {
		left = container.NewBorder(nil, newRecommendation(a, c, d, done), nil, nil, left)
	}
	head := widget.NewLabelWithStyle(a.Name+"　"+field.Label(a.State), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	head.SizeName = "headingText"
	split := container.NewHSplit(container.NewBorder(head, nil, nil, nil, left), p.Panel.Content)
	split.Offset = 0.62
	p.Content = split
	return p
}

// Move makes a review move on applications (D3, D6) and says what was refused.
func Move(c applicationv1connect.ApplicationServiceClient, all []*applicationv1.Application, action *reviewv1.Action) error {
	resp, err := c.ReviewApplications(context.Background(), &applicationv1.ReviewApplicationsRequest{Bases: bases(all), Action: action})
	return refused(resp.GetOutcomes(), err, all)
}

// Qualify decides on reported applications (F1) and says what was refused.
func Qualify(c applicationv1connect.ApplicationServiceClient, all []*applicationv1.Application, action *reviewv1.Action) error {
	resp, err := c.QualifyApplications(context.Background(), &applicationv1.QualifyApplicationsRequest{Bases: bases(all), Action: action})
	return refused(resp.GetOutcomes(), err, all)
}

// Submit hands applications in (D2) and says what was refused.
func Submit(c applicationv1connect.ApplicationServiceClient, all []*applicationv1.Application) error {
	resp, err := c.SubmitApplications(context.Background(), &applicationv1.SubmitApplicationsRequest{Bases: bases(all)})
	return refused(resp.GetOutcomes(), err, all)
}

// Withdraw takes applications back (D2) and says what was refused.
func Withdraw(c applicationv1connect.ApplicationServiceClient, all []*applicationv1.Application) error {
	resp, err := c.WithdrawApplications(context.Background(), &applicationv1.WithdrawApplicationsRequest{Bases: bases(all)})
	return refused(resp.GetOutcomes(), err, all)
}

func bases(all []*applicationv1.Application) []*commonv1.Base { return wire.Bases(all) }

func refused(outcomes []*commonv1.Outcome, err error, all []*applicationv1.Application) error {
	return wire.RefusedOf(outcomes, err, all, (*applicationv1.Application).GetName)
}

// mayRecommend says whether the unit still has to say what it thinks of its own applicant (D3).
func mayRecommend(a *applicationv1.Application, unitID string) bool {
	return a.UnitId == unitID && a.State == applicationv1.State_STATE_IN_REVIEW && a.Review.GetAt() == 0
}

// newRecommendation is the form of what the own unit attaches before it passes the material on.
func newRecommendation(a *applicationv1.Application, c applicationv1connect.ApplicationServiceClient, d *kit.Desk, done func()) fyne.CanvasObject {
	r := &applicationv1.RecommendApplicationsRequest{Bases: bases([]*applicationv1.Application{a}), Recommendation: a.Recommendation, PublicityProof: a.PublicityProof}
	form := kit.NewForm(r, applicationv1.RecommendApplicationsRequest_Recommendation, applicationv1.RecommendApplicationsRequest_PublicityProof)
	form.Attach(d.Attach)
	save := widget.NewButton("保存推荐意见", func() {
		if !form.Check() {
			return
		}
		d.Submit(func() error {
			resp, err := c.RecommendApplications(context.Background(), r)
			if err != nil {
				return err
			}
			return wire.First(resp.Outcomes)
		}, done, form)
	})
	return kit.NewPart("单位推荐（上报前必填）", container.NewVBox(form.Content, container.NewHBox(save)))
}

func material(a *applicationv1.Application, open func(*commonv1.Attachment)) []kit.Section {
	sections := []kit.Section{
		{Title: "申报人", Message: a, Masked: true, Fields: personal},
		{Title: "申报信息", Message: a, Fields: append([]string{applicationv1.Application_ActivityName}, applied...)},
		{Title: "学历与资历", Message: a, Fields: qualified},
	}
	for _, x := range a.Achievements {
		sections = append(sections, kit.Section{Title: "业绩成果", Message: x, Fields: achievement, Open: open})
	}
	sections = append(sections, kit.Section{Title: "单位推荐与附件", Message: a, Open: open, Fields: []string{applicationv1.Application_Recommendation, applicationv1.Application_PublicityProof, applicationv1.Application_Documents}})
	if a.Result != nil {
		sections = append(sections, kit.Section{Title: "评审结果", Message: a.Result, Fields: []string{applicationv1.Result_Text}},
			kit.Section{Title: "证书", Message: a, Fields: []string{applicationv1.Application_DocumentNumber, applicationv1.Application_ApprovedOn, applicationv1.Application_CertificateNumber}})
	}
	return sections
}

// The fields of the parts of the material, for the page and for the form.
var (
	personal    = []string{applicationv1.Application_Name, applicationv1.Application_Sex, applicationv1.Application_Birth, applicationv1.Application_Ethnic, applicationv1.Application_IdKind, applicationv1.Application_Number, applicationv1.Application_Phone, applicationv1.Application_WorkUnit}
	applied     = []string{applicationv1.Application_Series, applicationv1.Application_Level, applicationv1.Application_Specialty, applicationv1.Application_Title, applicationv1.Application_Method, applicationv1.Application_Exceptional}
	qualified   = []string{applicationv1.Application_Education, applicationv1.Application_School, applicationv1.Application_GraduatedOn, applicationv1.Application_PresentTitle, applicationv1.Application_PresentTitleOn, applicationv1.Application_ServiceYears}
	achievement = []string{applicationv1.Achievement_Kind, applicationv1.Achievement_Title, applicationv1.Achievement_Date, applicationv1.Achievement_Role, applicationv1.Achievement_Text, applicationv1.Achievement_Attachments}
)
