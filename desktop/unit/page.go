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
	"zhiping/shared/wire"
)

// NewPage draws a unit with the review of its registration, or of its change of superior while that waits; done is called after a move that
// went through.
func NewPage(u *unitv1.Unit, c unitv1connect.UnitServiceClient, d *kit.Desk, done func()) (fyne.CanvasObject, *kit.ReviewPanel) {
	matter, reviewed := reviewv1.Matter_MATTER_UNIT, u.Registration
	if u.SuperiorChange.GetStage() == reviewv1.Stage_STAGE_REVIEW {
		matter, reviewed = reviewv1.Matter_MATTER_SUPERIOR, u.SuperiorChange
	}
	panel := kit.NewReviewPanel(reviewed, d.By, func(a *reviewv1.Action) {
		d.Do(func() error { return Move(c, []*unitv1.Unit{u}, matter, a) }, done)
	})
	open := d.Opener("unit", u.Id)
	basic := []string{unitv1.Unit_Name, unitv1.Unit_CreditCode, unitv1.Unit_Kind, unitv1.Unit_SuperiorName, unitv1.Unit_Location, unitv1.Unit_Division, unitv1.Unit_Nature, unitv1.Unit_Address}
	if matter == reviewv1.Matter_MATTER_SUPERIOR {
		basic = append(basic, unitv1.Unit_PendingSuperiorName)
	}
	sections := []kit.Section{
		{Title: "基本信息", Message: u, Fields: basic},
		{Title: "联系方式", Message: u, Masked: true, Fields: []string{unitv1.Unit_Contact, unitv1.Unit_Phone, unitv1.Unit_LegalPerson, unitv1.Unit_LegalPersonNumber}},
		{Title: "附件", Message: u, Fields: []string{unitv1.Unit_Licence}, Open: open},
	}
	panel.Material(sections...)
	panel.Common(d)
	split := container.NewHSplit(kit.NewDetail(sections...), panel.Content)
	split.Offset = 0.6
	return split, panel
}

// Move makes a review move on registrations or changes of superior and gives the first fault.
func Move(c unitv1connect.UnitServiceClient, units []*unitv1.Unit, m reviewv1.Matter, a *reviewv1.Action) error {
	r := &unitv1.ReviewUnitsRequest{Matter: m, Action: a}
	for _, u := range units {
		r.Bases = append(r.Bases, &commonv1.Base{Id: u.Id, Revision: u.Revision})
	}
	resp, err := c.ReviewUnits(context.Background(), r)
	if err != nil {
		return err
	}
	return wire.First(resp.Outcomes)
}
