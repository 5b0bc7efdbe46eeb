package unit

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"zhiping/desktop/kit"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/review"
	"zhiping/shared/wire"
)

// NewPage draws a unit with the review of its registration; done is called after a move that went through, fail with what went wrong.
func NewPage(u *unitv1.Unit, by review.Actor, c unitv1connect.UnitServiceClient, run kit.Runner, done func(), fail func(error)) (fyne.CanvasObject, *kit.ReviewPanel) {
	panel := kit.NewReviewPanel(u.Registration, by, func(a *reviewv1.Action) {
		run(func() func() {
			err := Move(c, []*unitv1.Unit{u}, a)
			return func() {
				if err != nil {
					fail(err)
					return
				}
				done()
			}
		})
	})
	split := container.NewHSplit(kit.NewDetail(
		kit.Section{Title: "基本信息", Message: u, Fields: []string{"name", "credit_code", "kind", "superior_name", "division", "nature", "address"}},
		kit.Section{Title: "联系方式", Message: u, Masked: true, Fields: []string{"contact", "phone", "legal_person", "legal_person_number"}},
		kit.Section{Title: "附件", Message: u, Fields: []string{"licence"}},
	), panel.Content)
	split.Offset = 0.6
	return split, panel
}

// Move makes a review move on registrations and gives the first fault.
func Move(c unitv1connect.UnitServiceClient, units []*unitv1.Unit, a *reviewv1.Action) error {
	r := &unitv1.ReviewUnitsRequest{Matter: reviewv1.Matter_MATTER_UNIT, Action: a}
	for _, u := range units {
		r.Bases = append(r.Bases, &commonv1.Base{Id: u.Id, Revision: u.Revision})
	}
	resp, err := c.ReviewUnits(context.Background(), r)
	if err != nil {
		return err
	}
	for _, o := range resp.Outcomes {
		if f := wire.Fault(o.Fault); f != nil {
			return f
		}
	}
	return nil
}
