package unit

import (
	"context"
	"fmt"
	"slices"

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
	"zhiping/shared/fault"
	"zhiping/shared/field"
	rules "zhiping/shared/unit"
)

// NewWizard draws the wizard of a new subordinate in three steps (A1). What was typed is kept when the page is left, but for the passwords; again
// is asked to begin anew, done is called with the unit that was created.
func NewWizard(superior *unitv1.Unit, c unitv1connect.UnitServiceClient, d *kit.Desk, again func(), done func(*unitv1.Unit)) fyne.CanvasObject {
	r := &unitv1.CreateUnitRequest{Unit: &unitv1.Unit{Id: newID(), Division: superior.Division, Kind: commonv1.UnitKind_UNIT_KIND_EMPLOYER}} // the kind that is created most
	draft := kit.NewDraft(d, "new-unit "+superior.Id, r)
	r.Unit.SuperiorName = superior.Name
	basic := kit.NewForm(r.Unit, unitv1.Unit_CreditCode, unitv1.Unit_Name, unitv1.Unit_SuperiorName, unitv1.Unit_Nature, unitv1.Unit_Division, unitv1.Unit_Kind, unitv1.Unit_Contact, unitv1.Unit_Phone, unitv1.Unit_Address)
	basic.Offer(unitv1.Unit_Kind, kindsBelow(superior.Kind))
	person := kit.NewForm(r.Unit, legal...)
	basic.Changed, person.Changed = draft.Changed, draft.Changed
	people := newHandlers(r, draft.Changed)
	finish := func() {
		var resp *unitv1.CreateUnitResponse
		d.Submit(func() (err error) {
			resp, err = c.CreateUnit(context.Background(), people.request())
			return err
		}, func() {
			draft.Drop()
			done(resp.Unit)
		}, append([]*kit.Form{basic, person}, people.forms()...)...)
	}
	note := widget.NewLabel("非人社部门且未在统一身份认证平台注册过的单位，请填写法人信息；已注册过的可以不填，直接点“下一步”。")
	note.Wrapping = fyne.TextWrapWord
	steps := kit.NewWizard(finish,
		kit.Step{Title: "维护基本信息", Content: basic.Content, Check: basic.Check, Forms: []*kit.Form{basic}},
		kit.Step{
			Title: "维护法人信息", Content: container.NewVBox(note, person.Content), Check: person.Check, Forms: []*kit.Form{person},
			Skip: func() bool { return r.Unit.Kind == commonv1.UnitKind_UNIT_KIND_HR }, // it signs in to the intranet
		},
		kit.Step{Title: "添加经办人员", Content: people.content, Check: people.check},
	)
	if !draft.Banner.Content.Visible() {
		return steps
	}
	fresh := widget.NewButton("清空，重新填写", func() {
		draft.Drop()
		again()
	})
	return container.NewBorder(container.NewBorder(nil, nil, nil, fresh, draft.Banner.Content), nil, nil, nil, steps)
}

// kindsBelow names the kinds of unit that a superior of a kind may have below it (A1).
func kindsBelow(superior commonv1.UnitKind) []string {
	var names []string
	for _, k := range rules.Below(superior) {
		names = append(names, field.Label(k))
	}
	return names
}

// handlers are the people of a new unit; the first becomes its super-administrator (A1). Their passwords stand beside the request, so that no
// draft has them.
type handlers struct {
	content fyne.CanvasObject

	r       *unitv1.CreateUnitRequest
	rows    []*handlerForm
	box     *fyne.Container
	changed func(string)
}

// mostHandlers is how many people a new unit can have; the unit adds others itself.
const mostHandlers = 20

func newHandlers(r *unitv1.CreateUnitRequest, changed func(string)) *handlers {
	p := &handlers{r: r, box: container.NewVBox(), changed: changed}
	note := widget.NewLabel("第一位经办人员为该单位的超级管理员。人社部门的经办人员须有内网经办平台账号，其他单位选择法人登录。请将登录账号和初始密码告知本人；密码不随草稿保存。")
	note.Wrapping = fyne.TextWrapWord
	more := widget.NewButtonWithIcon("增加经办人员", theme.ContentAddIcon(), func() { p.add(nil) })
	p.content = container.NewVBox(note, p.box, container.NewHBox(more))
	for _, h := range r.Handlers {
		p.add(h.Staff)
	}
	if len(p.rows) == 0 {
		p.add(nil)
	}
	return p
}

func (p *handlers) add(s *unitv1.Staff) {
	if len(p.rows) == mostHandlers {
		return
	}
	h := newHandler(p.r.Unit)
	if s != nil {
		h.Staff = s
	}
	f := newHandlerForm(h)
	for _, form := range f.forms {
		form.Changed = p.changed
	}
	p.rows = append(p.rows, f)
	p.draw()
}

func (p *handlers) remove(f *handlerForm) {
	p.rows = slices.DeleteFunc(p.rows, func(o *handlerForm) bool { return o == f })
	p.draw()
	p.changed("")
}

// draw puts the people under each other; the request gets them without their passwords.
func (p *handlers) draw() {
	p.box.RemoveAll()
	p.r.Handlers = nil
	for i, f := range p.rows {
		p.r.Handlers = append(p.r.Handlers, &unitv1.NewStaff{Staff: f.h.Staff})
		f.forms[0].Path, f.forms[1].Path = fmt.Sprintf("handlers[%d].staff", i), fmt.Sprintf("handlers[%d]", i)
		title := fmt.Sprintf("经办人员 %d", i+1)
		if i == 0 {
			title += "（超级管理员）"
		}
		part := container.NewVBox(f.fields)
		if len(p.rows) > 1 {
			part.Add(container.NewHBox(widget.NewButtonWithIcon("删除此人", theme.DeleteIcon(), func() { p.remove(f) })))
		}
		p.box.Add(kit.NewPart(title, part))
	}
	p.box.Refresh()
}

func (p *handlers) forms() []*kit.Form {
	var all []*kit.Form
	for _, f := range p.rows {
		all = append(all, f.forms...)
	}
	return all
}

func (p *handlers) check() bool {
	all := true
	for _, f := range p.rows {
		all = f.check() && all
	}
	return all
}

// request is the whole request, with the passwords.
func (p *handlers) request() *unitv1.CreateUnitRequest {
	r := proto.CloneOf(p.r)
	if r.Unit.Kind == commonv1.UnitKind_UNIT_KIND_HR {
		r.Unit.LegalPerson, r.Unit.LegalPersonNumber = "", "" // typed before the kind was changed
	}
	for i, f := range p.rows {
		r.Handlers[i].Password = f.h.Password
		r.Handlers[i].Staff.Super = i == 0
	}
	return r
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func newHandler(u *unitv1.Unit) *unitv1.NewStaff {
	return &unitv1.NewStaff{Staff: &unitv1.Staff{Id: newID(), UnitId: u.Id, Super: true}}
}

// handlerForm is the form of one handler of a new unit.
type handlerForm struct {
	content fyne.CanvasObject // with a note, for a form with one handler
	fields  fyne.CanvasObject
	forms   []*kit.Form
	h       *unitv1.NewStaff
}

func newHandlerForm(h *unitv1.NewStaff) *handlerForm {
	who := kit.NewForm(h.Staff, unitv1.Staff_Name, unitv1.Staff_Number, unitv1.Staff_Phone, unitv1.Staff_Account)
	password := kit.NewForm(h, unitv1.NewStaff_Password)
	password.Repeat(unitv1.NewStaff_Password)
	fields := container.NewVBox(who.Content, password.Content)
	return &handlerForm{container.NewVBox(widget.NewLabel("第一位经办人员为该单位的超级管理员。"), fields), fields, []*kit.Form{who, password}, h}
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
	for _, k := range rules.Below(superior) {
		names[field.Label(k)] = k
	}
	pick := widget.NewRadioGroup(kindsBelow(superior), func(s string) { u.Kind = names[s] })
	pick.Horizontal = true
	pick.SetSelected(field.Label(commonv1.UnitKind_UNIT_KIND_EMPLOYER)) // what is created most
	return container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSize(150, 32), widget.NewLabelWithStyle("* 单位类型", fyne.TextAlignTrailing, fyne.TextStyle{})), nil, pick)
}

// needPassword is said where a password is to be set and none was typed.
var needPassword = fault.New(fault.Invalid, "密码为必填项，请填写").At("password")
