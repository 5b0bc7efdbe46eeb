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
	"zhiping/shared/review"
	"zhiping/shared/wire"
)

// A Page shows one application: left the material, right the review (ui.md).
type Page struct {
	Content fyne.CanvasObject
	Panel   *kit.ReviewPanel
}

// NewPage draws an application for a person; done is called after a move that went through, fail with what went wrong.
func NewPage(a *applicationv1.Application, by review.Actor, c applicationv1connect.ApplicationServiceClient, run kit.Runner, done func(), fail func(error)) *Page {
	p := &Page{}
	p.Panel = kit.NewReviewPanel(a.Review, by, func(action *reviewv1.Action) {
		run(func() func() {
			resp, err := c.ReviewApplications(context.Background(), &applicationv1.ReviewApplicationsRequest{Bases: []*commonv1.Base{{Id: a.Id, Revision: a.Revision}}, Action: action})
			if err == nil {
				if f := wire.Fault(resp.Outcomes[0].Fault); f != nil {
					err = f
				}
			}
			return func() {
				if err != nil {
					fail(err)
					return
				}
				done()
			}
		})
	})
	split := container.NewHSplit(material(a), p.Panel.Content)
	split.Offset = 0.62
	p.Content = split
	return p
}

func material(a *applicationv1.Application) fyne.CanvasObject {
	sections := []kit.Section{
		{Title: "申报人", Message: a, Masked: true, Fields: []string{"name", "sex", "birth", "ethnic", "id_kind", "number", "phone", "work_unit"}},
		{Title: "申报信息", Message: a, Fields: []string{"activity_name", "series", "level", "specialty", "title", "method", "exceptional"}},
		{Title: "学历与资历", Message: a, Fields: []string{"education", "school", "graduated_on", "present_title", "present_title_on", "service_years"}},
	}
	for _, x := range a.Achievements {
		sections = append(sections, kit.Section{Title: "业绩成果", Message: x, Fields: []string{"kind", "title", "date", "role", "text"}})
	}
	sections = append(sections, kit.Section{Title: "单位推荐与附件", Message: a, Fields: []string{"recommendation", "publicity_proof", "documents"}})
	if a.Result != nil {
		sections = append(sections, kit.Section{Title: "评审结果", Message: a.Result, Fields: []string{"text"}}, kit.Section{Title: "证书", Message: a, Fields: []string{"document_number", "approved_on", "certificate_number"}})
	}
	head := widget.NewLabelWithStyle(a.Name+"　"+field.Label(a.State), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	head.SizeName = "headingText"
	return container.NewBorder(head, nil, nil, nil, kit.NewDetail(sections...))
}
