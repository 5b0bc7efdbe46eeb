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
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	rules "zhiping/shared/unit"
)

// NewEdit draws the form of a unit's information (A4, A9): what was typed stays until the server has taken it.
func NewEdit(u *unitv1.Unit, c unitv1connect.UnitServiceClient, run kit.Runner, done func(*unitv1.Unit), fail func(error)) (fyne.CanvasObject, func()) {
	m := proto.CloneOf(u)
	form := kit.NewForm(m, unitv1.Unit_Name, unitv1.Unit_Division, unitv1.Unit_OwnLevel, unitv1.Unit_Nature, unitv1.Unit_Contact, unitv1.Unit_Phone, unitv1.Unit_Address, unitv1.Unit_LegalPerson, unitv1.Unit_LegalPersonNumber)
	save := func() {
		if !form.Check() {
			return
		}
		run(func() func() {
			resp, err := c.SaveUnit(context.Background(), &unitv1.SaveUnitRequest{Unit: m})
			return func() {
				if err != nil {
					fail(form.Show(err))
					return
				}
				m.Revision = resp.Unit.Revision
				done(resp.Unit)
			}
		})
	}
	button := widget.NewButtonWithIcon("保存（Ctrl+S）", theme.DocumentSaveIcon(), save)
	button.Importance = widget.HighImportance
	return container.NewBorder(nil, container.NewHBox(button), nil, nil, container.NewVScroll(container.NewPadded(form.Content))), save
}

// NewWizard draws the wizard of a new subordinate in three steps (A1): basic information, legal person, handler.
func NewWizard(superior *unitv1.Unit, c unitv1connect.UnitServiceClient, run kit.Runner, done func(), fail func(error)) fyne.CanvasObject {
	id := func() string { return uuid.Must(uuid.NewV7()).String() }
	u := &unitv1.Unit{Id: id(), Division: superior.Division, SuperiorName: superior.Name}
	h := &unitv1.NewStaff{Staff: &unitv1.Staff{Id: id(), UnitId: u.Id, Super: true}}
	basic := kit.NewForm(u, unitv1.Unit_CreditCode, unitv1.Unit_Name, unitv1.Unit_Nature, unitv1.Unit_Division, unitv1.Unit_OwnLevel, unitv1.Unit_Contact, unitv1.Unit_Phone, unitv1.Unit_Address)
	kind := kinds(superior, u)
	legal := kit.NewForm(u, unitv1.Unit_LegalPerson, unitv1.Unit_LegalPersonNumber)
	handler := kit.NewForm(h.Staff, unitv1.Staff_Name, unitv1.Staff_Number, unitv1.Staff_Phone, unitv1.Staff_Account)
	password := kit.NewForm(h, unitv1.NewStaff_Password)
	finish := func() {
		if !handler.Check() || !password.Check() {
			return
		}
		run(func() func() {
			_, err := c.CreateUnit(context.Background(), &unitv1.CreateUnitRequest{Unit: u, Handlers: []*unitv1.NewStaff{h}})
			return func() {
				if err == nil {
					done()
					return
				}
				for _, f := range []*kit.Form{basic, legal, handler, password} {
					err = f.Show(err)
				}
				fail(err)
			}
		})
	}
	return kit.NewWizard(finish,
		kit.Step{Title: "基本信息", Content: container.NewVBox(kind, basic.Content), Check: func() bool { return basic.Check() && u.Kind != 0 }},
		kit.Step{Title: "法定代表人", Content: legal.Content, Check: legal.Check},
		kit.Step{Title: "经办人员", Content: container.NewVBox(widget.NewLabel("第一位经办人员为该单位的超级管理员。"), handler.Content, password.Content)},
	)
}

// kinds offers the kinds of unit that the superior may have below it (A1).
func kinds(superior, u *unitv1.Unit) fyne.CanvasObject {
	names := map[string]commonv1.UnitKind{}
	var offered []string
	for _, k := range rules.Below(superior.Kind) {
		name := kindName(k)
		names[name] = k
		offered = append(offered, name)
	}
	pick := widget.NewRadioGroup(offered, func(s string) { u.Kind = names[s] })
	pick.Horizontal = true
	pick.SetSelected(kindName(commonv1.UnitKind_UNIT_KIND_EMPLOYER)) // what is created most
	return container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSize(150, 32), widget.NewLabelWithStyle("* 单位类型", fyne.TextAlignTrailing, fyne.TextStyle{})), nil, pick)
}
