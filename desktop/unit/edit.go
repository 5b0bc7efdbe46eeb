package unit

import (
	"context"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/kit"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
)

// identity are the fields that a unit is known by; once it is authorised, code and kind stay.
var identity = []string{unitv1.Unit_CreditCode, unitv1.Unit_Name, unitv1.Unit_SuperiorName, unitv1.Unit_Kind}

// own are the fields that a unit edits of itself (A4, A9).
var own = []string{unitv1.Unit_Nature, unitv1.Unit_Location, unitv1.Unit_Division, unitv1.Unit_Contact, unitv1.Unit_Phone, unitv1.Unit_Address, unitv1.Unit_Licence}

// legal are the fields of the legal person; HR departments sign in otherwise and have none (A1).
var legal = []string{unitv1.Unit_LegalPerson, unitv1.Unit_LegalPersonNumber}

// An Edit is a page with a form: what was typed stays until the server has taken it.
type Edit struct {
	Content fyne.CanvasObject
	Save    func()
}

// newEdit puts a form into a page, with the button that saves it.
func newEdit(form fyne.CanvasObject, save func(), more ...fyne.CanvasObject) *Edit {
	button := widget.NewButtonWithIcon("保存（Ctrl+S）", theme.DocumentSaveIcon(), save)
	button.Importance = widget.HighImportance
	buttons := container.NewHBox(append([]fyne.CanvasObject{button}, more...)...)
	return &Edit{Content: container.NewBorder(nil, buttons, nil, nil, container.NewVScroll(container.NewPadded(form))), Save: save}
}

// NewEdit draws the form of the own unit or a subordinate's (A4, A9). The own unit can also ask for another superior, and hand a returned
// registration in again (A2).
func NewEdit(u *unitv1.Unit, c unitv1connect.UnitServiceClient, d *kit.Desk, done func(*unitv1.Unit)) *Edit {
	m := proto.CloneOf(u)
	draft := kit.NewDraft(d, "unit "+u.Id, m)
	form := unitForm(m)
	form.Attach(d.Attach)
	form.Changed = draft.Changed
	mine := u.Id == d.By.UnitID
	above, superior := container.NewStack(), container.NewStack()
	var took func(*unitv1.Unit)
	draw := func(now *unitv1.Unit) {
		above.Objects = []fyne.CanvasObject{standing(now)}
		if mine && now.Authorised && now.SuperiorId != "" {
			superior.Objects = []fyne.CanvasObject{newSuperior(now, c, d, took)}
		}
		above.Refresh()
		superior.Refresh()
	}
	took = func(now *unitv1.Unit) {
		m.Revision = now.Revision
		draw(now)
		done(now)
	}
	draw(u)
	save := func(then func()) {
		if !form.Check() {
			return
		}
		var now *unitv1.Unit
		d.Submit(func() (err error) {
			now, err = saved(m, mine, c)
			return err
		}, func() {
			draft.Drop()
			took(now)
			then()
		}, form)
	}
	var buttons []fyne.CanvasObject
	if stage := u.GetRegistration().GetStage(); mine && (stage == reviewv1.Stage_STAGE_RETURNED || stage == reviewv1.Stage_STAGE_WITHDRAWN) {
		buttons = append(buttons, widget.NewButtonWithIcon("保存并重新提交", theme.MailSendIcon(), func() { save(func() { resubmit(m, c, d, took) }) }))
	}
	return newEdit(container.NewVBox(above, draft.Banner.Content, form.Content, superior), func() { save(func() { d.Say("已保存") }) }, buttons...)
}

// unitForm is the form of a unit: code and kind are only open while it is not authorised.
func unitForm(m *unitv1.Unit) *kit.Form {
	fields := slices.Concat(identity, own)
	if m.Kind != commonv1.UnitKind_UNIT_KIND_HR {
		fields = append(fields, legal...)
	}
	form := kit.NewForm(m, fields...)
	if m.Authorised {
		form.Protect(unitv1.Unit_CreditCode, unitv1.Unit_Kind)
	}
	return form
}

// saved saves a unit: the own one (A4), or a subordinate (A9).
func saved(m *unitv1.Unit, mine bool, c unitv1connect.UnitServiceClient) (*unitv1.Unit, error) {
	if mine {
		resp, err := c.SaveUnit(context.Background(), &unitv1.SaveUnitRequest{Unit: m})
		return resp.GetUnit(), err
	}
	resp, err := c.SaveSubordinate(context.Background(), &unitv1.SaveSubordinateRequest{Unit: m})
	return resp.GetUnit(), err
}

// resubmit hands a returned registration in again (A2).
func resubmit(m *unitv1.Unit, c unitv1connect.UnitServiceClient, d *kit.Desk, took func(*unitv1.Unit)) {
	var resp *unitv1.SubmitUnitResponse
	d.Do(func() (err error) {
		resp, err = c.SubmitUnit(context.Background(), &unitv1.SubmitUnitRequest{Base: base(m)})
		return err
	}, func() {
		took(resp.Unit)
		d.Say("已重新提交，请等待上级单位审核")
	})
}

// standing says what is under review of a unit, nothing for most.
func standing(u *unitv1.Unit) fyne.CanvasObject {
	banner := kit.NewBanner()
	switch {
	case u.SuperiorChange.GetStage() == reviewv1.Stage_STAGE_REVIEW:
		banner.Say("变更上级单位的申请正由“"+u.PendingSuperiorName+"”审核。", widget.WarningImportance)
	case u.Registration.GetStage() == reviewv1.Stage_STAGE_REVIEW:
		banner.Say("注册申请正由“"+u.SuperiorName+"”审核，授权后方可办理业务。", widget.WarningImportance)
	case u.Registration.GetStage() == reviewv1.Stage_STAGE_RETURNED:
		steps := u.Registration.Steps
		banner.Say("注册申请已被退回："+steps[len(steps)-1].Opinion+"。请修改后重新提交。", widget.DangerImportance)
	}
	return banner.Content
}
