package unit

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/kit"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/field"
	rules "zhiping/shared/unit"
)

// own are the fields that a unit edits of itself (A4, A9).
var own = []string{
	unitv1.Unit_Name, unitv1.Unit_Location, unitv1.Unit_Division, unitv1.Unit_OwnLevel, unitv1.Unit_Nature, unitv1.Unit_Contact, unitv1.Unit_Phone, unitv1.Unit_Address,
	unitv1.Unit_Licence, unitv1.Unit_LegalPerson, unitv1.Unit_LegalPersonNumber,
}

// An Edit is the form of a unit's information: what was typed stays until the server has taken it.
type Edit struct {
	Content fyne.CanvasObject
	Save    func()
}

// NewEdit draws the form of the own unit or a subordinate's (A4, A9). The own unit can also ask for another superior, and hand a returned
// registration in again (A2).
func NewEdit(u *unitv1.Unit, c unitv1connect.UnitServiceClient, d *kit.Desk, done func(*unitv1.Unit)) *Edit {
	m := proto.CloneOf(u)
	fields := own
	if !u.Authorised {
		fields = append([]string{unitv1.Unit_CreditCode}, own...) // what was returned may be the code itself
	}
	draft := kit.NewDraft(d, "unit "+u.Id, m)
	form := kit.NewForm(m, fields...)
	form.Attach(d.Attach)
	form.Changed = draft.Changed
	took := func(u *unitv1.Unit) {
		m.Revision = u.Revision
		draft.Drop()
		done(u)
	}
	save := func(then func()) {
		if !form.Check() {
			return
		}
		d.Run(func() func() {
			resp, err := c.SaveUnit(context.Background(), &unitv1.SaveUnitRequest{Unit: m})
			return func() {
				if err != nil {
					d.Fail(form.Show(err))
					return
				}
				took(resp.Unit)
				then()
			}
		})
	}
	saved := func() { d.Say("已保存") }
	button := widget.NewButtonWithIcon("保存（Ctrl+S）", theme.DocumentSaveIcon(), func() { save(saved) })
	button.Importance = widget.HighImportance
	buttons := container.NewHBox(button)
	if u.Id == d.By.UnitID {
		for _, b := range ownButtons(u, m, c, d, save, took) {
			buttons.Add(b)
		}
	}
	return &Edit{
		Content: container.NewBorder(container.NewVBox(standing(u), draft.Banner.Content), buttons, nil, nil, container.NewVScroll(container.NewPadded(form.Content))),
		Save:    func() { save(saved) },
	}
}

// ownButtons are what a unit can ask its superior for.
func ownButtons(u, m *unitv1.Unit, c unitv1connect.UnitServiceClient, d *kit.Desk, save func(func()), took func(*unitv1.Unit)) []fyne.CanvasObject {
	if stage := u.GetRegistration().GetStage(); stage == reviewv1.Stage_STAGE_RETURNED || stage == reviewv1.Stage_STAGE_WITHDRAWN {
		return []fyne.CanvasObject{widget.NewButtonWithIcon("保存并重新提交", theme.MailSendIcon(), func() {
			save(func() {
				var resp *unitv1.SubmitUnitResponse
				d.Do(func() (err error) {
					resp, err = c.SubmitUnit(context.Background(), &unitv1.SubmitUnitRequest{Base: &commonv1.Base{Id: m.Id, Revision: m.Revision}})
					return err
				}, func() {
					took(resp.Unit)
					d.Say("已重新提交，请等待上级单位审核")
				})
			})
		})}
	}
	if !u.Authorised || u.SuperiorId == "" {
		return nil
	}
	return []fyne.CanvasObject{widget.NewButtonWithIcon("申请变更上级单位", theme.ViewRestoreIcon(), func() {
		PickSuperior(c, d, "申请变更上级单位", "新的上级单位审核通过之前，仍由原上级单位管理。", func(s *unitv1.Superior) {
			var resp *unitv1.ChangeSuperiorResponse
			d.Do(func() (err error) {
				resp, err = c.ChangeSuperior(context.Background(), &unitv1.ChangeSuperiorRequest{Base: &commonv1.Base{Id: m.Id, Revision: m.Revision}, SuperiorId: s.Id})
				return err
			}, func() {
				took(resp.Unit)
				d.Say("已向“" + s.Name + "”提交变更申请，请等待审核")
			})
		})
	})}
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

// NewWizard draws the wizard of a new subordinate in three steps (A1): basic information, legal person, handler.
func NewWizard(superior *unitv1.Unit, c unitv1connect.UnitServiceClient, d *kit.Desk, done func()) fyne.CanvasObject {
	u := &unitv1.Unit{Id: newID(), Division: superior.Division, SuperiorName: superior.Name}
	h := newHandler(u)
	basic := kit.NewForm(u, unitv1.Unit_CreditCode, unitv1.Unit_Name, unitv1.Unit_Nature, unitv1.Unit_Division, unitv1.Unit_OwnLevel, unitv1.Unit_Contact, unitv1.Unit_Phone, unitv1.Unit_Address)
	kind := kinds(superior.Kind, u)
	legal := kit.NewForm(u, unitv1.Unit_LegalPerson, unitv1.Unit_LegalPersonNumber)
	handler := newHandlerForm(h)
	finish := func() {
		if !handler.check() {
			return
		}
		d.Submit(func() error {
			_, err := c.CreateUnit(context.Background(), &unitv1.CreateUnitRequest{Unit: u, Handlers: []*unitv1.NewStaff{h}})
			return err
		}, done, append(handler.forms, basic, legal)...)
	}
	return kit.NewWizard(finish,
		kit.Step{Title: "基本信息", Content: container.NewVBox(kind, basic.Content), Check: func() bool { return basic.Check() && u.Kind != 0 }},
		kit.Step{Title: "法定代表人", Content: legal.Content, Check: legal.Check},
		kit.Step{Title: "经办人员", Content: handler.content},
	)
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func newHandler(u *unitv1.Unit) *unitv1.NewStaff {
	return &unitv1.NewStaff{Staff: &unitv1.Staff{Id: newID(), UnitId: u.Id, Super: true}}
}

// handlerForm is the form of a unit's first handler.
type handlerForm struct {
	content fyne.CanvasObject
	forms   []*kit.Form
}

func newHandlerForm(h *unitv1.NewStaff) *handlerForm {
	who := kit.NewForm(h.Staff, unitv1.Staff_Name, unitv1.Staff_Number, unitv1.Staff_Phone, unitv1.Staff_Account)
	password := kit.NewForm(h, unitv1.NewStaff_Password)
	password.Repeat(unitv1.NewStaff_Password)
	return &handlerForm{container.NewVBox(widget.NewLabel("第一位经办人员为该单位的超级管理员。"), who.Content, password.Content), []*kit.Form{who, password}}
}

func (h *handlerForm) check() bool {
	all := true
	for _, f := range h.forms {
		all = f.Check() && all
	}
	return all
}

// kinds offers the kinds of unit that a superior of a kind may have below it (A1).
func kinds(superior commonv1.UnitKind, u *unitv1.Unit) fyne.CanvasObject {
	names := map[string]commonv1.UnitKind{}
	var offered []string
	for _, k := range rules.Below(superior) {
		name := field.Label(k)
		names[name] = k
		offered = append(offered, name)
	}
	pick := widget.NewRadioGroup(offered, func(s string) { u.Kind = names[s] })
	pick.Horizontal = true
	pick.SetSelected(field.Label(commonv1.UnitKind_UNIT_KIND_EMPLOYER)) // what is created most
	return container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSize(150, 32), widget.NewLabelWithStyle("* 单位类型", fyne.TextAlignTrailing, fyne.TextStyle{})), nil, pick)
}
