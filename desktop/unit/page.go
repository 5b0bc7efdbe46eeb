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

// reviewed is the case of a unit that a matter is about: its registration, or its change of superior.
func reviewed(u *unitv1.Unit, m reviewv1.Matter) *reviewv1.Case {
	if m == reviewv1.Matter_MATTER_SUPERIOR {
		return u.SuperiorChange
	}
	return u.Registration
}

// Mine reports whether a unit's case waits for this person.
func Mine(u *unitv1.Unit, m reviewv1.Matter, by review.Actor) bool {
	for _, move := range review.May(reviewed(u, m), by) {
		if move == reviewv1.Move_MOVE_APPROVE {
			return true
		}
	}
	return false
}

// NewPage draws a unit with the review of its registration or its change of superior (A8, A4); done is called after a move that went through.
func NewPage(u *unitv1.Unit, m reviewv1.Matter, c unitv1connect.UnitServiceClient, d *kit.Desk, done func()) (fyne.CanvasObject, *kit.ReviewPanel) {
	panel := kit.NewReviewPanel(reviewed(u, m), d.By, func(a *reviewv1.Action) {
		d.Do(func() error { return Move(c, []*unitv1.Unit{u}, m, a) }, done)
	})
	sections := material(u, m, d)
	panel.Material(sections...)
	panel.Common(d)
	split := container.NewHSplit(kit.NewDetail(sections...), panel.Content)
	split.Offset = 0.6
	return split, panel
}

// NewPreview draws what a unit has handed in, without the review (A8).
func NewPreview(u *unitv1.Unit, m reviewv1.Matter, d *kit.Desk) fyne.CanvasObject {
	return kit.NewDetail(material(u, m, d)...)
}

// material is what is reviewed of a unit.
func material(u *unitv1.Unit, m reviewv1.Matter, d *kit.Desk) []kit.Section {
	basic := []string{unitv1.Unit_Name, unitv1.Unit_CreditCode, unitv1.Unit_Kind, unitv1.Unit_SuperiorName, unitv1.Unit_Location, unitv1.Unit_Division, unitv1.Unit_Nature, unitv1.Unit_Address}
	if m == reviewv1.Matter_MATTER_SUPERIOR {
		basic = append(basic, unitv1.Unit_PendingSuperiorName)
	}
	return []kit.Section{
		{Title: "基本信息", Message: u, Fields: basic},
		{Title: "联系方式", Message: u, Masked: true, Fields: []string{unitv1.Unit_Contact, unitv1.Unit_Phone, unitv1.Unit_LegalPerson, unitv1.Unit_LegalPersonNumber}},
		{Title: "附件", Message: u, Fields: []string{unitv1.Unit_Licence}, Open: d.Opener("unit", u.Id)},
	}
}

// Move makes a review move on registrations or changes of superior; those that were refused are named, each with its reason.
func Move(c unitv1connect.UnitServiceClient, units []*unitv1.Unit, m reviewv1.Matter, a *reviewv1.Action) error {
	r := &unitv1.ReviewUnitsRequest{Matter: m, Action: a}
	names := map[string]string{}
	for _, u := range units {
		r.Bases = append(r.Bases, base(u))
		names[u.Id] = u.Name
	}
	resp, err := c.ReviewUnits(context.Background(), r)
	if err != nil {
		return err
	}
	return wire.Refused(resp.Outcomes, func(id string) string { return names[id] })
}

// base names a unit as it was when it was read.
func base(u *unitv1.Unit) *commonv1.Base { return &commonv1.Base{Id: u.Id, Revision: u.Revision} }
