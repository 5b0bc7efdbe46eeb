package committee

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/clock"
	"zhiping/desktop/kit"
	"zhiping/desktop/unit"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	"zhiping/proto/gen/zhiping/committee/v1/committeev1connect"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/catalog"
	rules "zhiping/shared/committee"
	"zhiping/shared/wire"
)

// New returns a committee of a unit to be filled in (C2).
func New(u *unitv1.Unit) message {
	return &committeev1.Committee{Id: uuid.Must(uuid.NewV7()).String(), UnitId: u.GetId(), UnitName: u.GetName(), Address: u.GetAddress()}
}

// An Edit is the wizard of a committee in the manual's three steps (C2): basic information with the scope, the experts, the request document. What
// was typed is kept as a draft on this machine, and saved as the unit's draft with every step.
type Edit struct {
	Content fyne.CanvasObject
	Save    func()

	m       message
	client  committeev1connect.CommitteeServiceClient
	desk    *kit.Desk
	draft   *kit.Draft
	forms   []*kit.Form
	several []*kit.Several
	// What the last step asks for.
	document *kit.Form
	done     func()
	load     func() // fills the second step
}

// NewEdit draws the wizard. experts draws the pool's list of a committee and gives what loads it; done is called once the committee has been
// handed in.
func NewEdit(c message, client committeev1connect.CommitteeServiceClient, units unitv1connect.UnitServiceClient, d *kit.Desk, experts func(message) (fyne.CanvasObject, func()), done func()) *Edit {
	e := &Edit{m: proto.CloneOf(c), client: client, desk: d, done: done}
	name := "committee " + c.Id
	if c.Revision == 0 {
		name = "new committee" // a new one has one draft, so that it is found again
	}
	e.draft = kit.NewDraft(d, name, e.m)
	pool, load := experts(e.m)
	e.load = load
	e.document = kit.NewForm(e.m, committeev1.Committee_RequestDocument)
	e.document.Attach(d.Attach)
	e.document.Changed = e.draft.Changed
	e.document.Require(rules.Required...)
	note := widget.NewLabel("请上传加盖公章的核准备案请示。提交后依次由授权管理单位、备案批复单位审核。")
	note.Wrapping = fyne.TextWrapWord
	e.Save = func() { e.save(func() { d.Say("已保存为草稿") }) }
	save := widget.NewButtonWithIcon("保存草稿（Ctrl+S）", theme.DocumentSaveIcon(), e.Save)
	steps := kit.NewWizardWith([]fyne.CanvasObject{save}, e.submit,
		kit.Step{Title: "基本信息", Content: container.NewVBox(kit.NewPart("基本信息", e.basic(units)), kit.NewPart("评审范围", e.scope())), Check: func() bool {
			ok := e.check()
			if ok {
				e.save(e.load)
			}
			return ok
		}},
		kit.Step{Title: "专家库名单", Content: pool},
		kit.Step{Title: "核准备案请示", Content: container.NewVBox(note, e.document.Content)},
	)
	top := container.NewVBox(Standing(c), e.draft.Banner.Content)
	e.Content = container.NewBorder(top, nil, nil, nil, steps)
	return e
}

func (e *Edit) form(fields ...string) *kit.Form {
	f := kit.NewForm(e.m, fields...)
	f.Attach(e.desk.Attach)
	f.Changed = e.draft.Changed
	f.Require(rules.Required...)
	e.forms = append(e.forms, f)
	return f
}

func (e *Edit) many(field string) *kit.Several {
	s := kit.NewSeveral(e.m, field)
	s.Changed = func() { e.draft.Changed(field) }
	if slices.Contains(rules.Required, field) {
		s.Require()
	}
	e.several = append(e.several, s)
	return s
}

// basic is the first part of the manual's form.
func (e *Edit) basic(units unitv1connect.UnitServiceClient) fyne.CanvasObject {
	head := e.form(committeev1.Committee_Name, committeev1.Committee_WorkingBody, committeev1.Committee_Office, committeev1.Committee_UnitName, committeev1.Committee_ReviewType)
	return container.NewVBox(head.Content,
		e.many(committeev1.Committee_Levels).Content,
		e.unit(units, "* 授权管理单位", "即发证机构：评审权限由其下放，证书由其发放。", &e.m.AuthorisingId, &e.m.AuthorisingName),
		e.unit(units, "* 备案批复单位", "高级评委会向省级人社部门备案；中、初级向市级人社部门或省级部门备案；初级也可向县级人社部门备案。", &e.m.FilingId, &e.m.FilingName),
		e.form(committeev1.Committee_Contact, committeev1.Committee_Phone, committeev1.Committee_Address, committeev1.Committee_Funded).Content,
	)
}

// unit is a row that chooses one of the units above.
func (e *Edit) unit(units unitv1connect.UnitServiceClient, label, help string, id, name *string) fyne.CanvasObject {
	shown := widget.NewLabel("")
	show := func() {
		if shown.SetText(*name); *name == "" {
			shown.SetText("尚未选择")
		}
	}
	show()
	pick := widget.NewButtonWithIcon("选择单位", theme.SearchIcon(), func() {
		unit.PickSuperior(units, e.desk, strings.TrimPrefix(label, "* "), help, func(s *unitv1.Superior) {
			*id, *name = s.Id, s.Name
			show()
			e.draft.Changed(label)
		})
	})
	return kit.NewRow(label, container.NewHBox(shown, pick))
}

// scope is the second part of the manual's form: whom the committee reviews.
func (e *Edit) scope() fyne.CanvasObject {
	inner := e.form(committeev1.Committee_Internal)
	series := e.form(committeev1.Committee_Series)
	specialties := e.many(committeev1.Committee_Specialties)
	specialties.Offer(rules.Series(e.m.Series))
	series.Changed = func(name string) {
		specialties.Offer(rules.Series(e.m.Series))
		e.draft.Changed(name)
	}
	const bySeries, bySpecialty = "按系列创建", "按专业创建"
	how := widget.NewRadioGroup([]string{bySeries, bySpecialty}, nil)
	how.Horizontal, how.Required = true, true
	how.SetSelected(map[bool]string{true: bySeries, false: bySpecialty}[e.m.BySeries])
	how.OnChanged = func(s string) {
		e.m.BySeries = s == bySeries
		e.draft.Changed(s)
	}
	return container.NewVBox(inner.Content, e.many(committeev1.Committee_Natures).Content, kit.NewRow("* 组建方式", how), series.Content, specialties.Content,
		e.many(committeev1.Committee_Divisions).Content, e.form(committeev1.Committee_OwnLevel).Content)
}

func (e *Edit) check() bool {
	ok := true
	for _, f := range e.forms {
		ok = f.Check() && ok
	}
	for _, s := range e.several {
		ok = s.Check() && ok
	}
	if ok && (e.m.AuthorisingId == "" || e.m.FilingId == "") {
		e.desk.Say("请选择授权管理单位和备案批复单位")
		return false
	}
	return ok
}

// save keeps what was typed as the unit's draft, complete or not; then goes on.
func (e *Edit) save(then func()) {
	e.desk.Run(func() func() {
		resp, err := e.client.SaveCommittee(context.Background(), &committeev1.SaveCommitteeRequest{Committee: e.m})
		return func() {
			if err != nil {
				for _, f := range e.forms {
					err = f.Show(err)
				}
				e.desk.Fail(err)
				return
			}
			e.m.Revision = resp.Committee.Revision
			e.draft.Drop()
			then()
		}
	})
}

// submit hands the committee in, once what it may lack has been shown.
func (e *Edit) submit() {
	if ok := e.document.Check(); !e.check() || !ok {
		e.desk.Say("有内容需要修改，请看各步骤中的红字提示")
		return
	}
	e.save(func() {
		e.desk.Do(func() error { return Submit(e.client, []message{e.m}) }, func() {
			e.desk.Say("已提交备案，请等待授权管理单位和备案批复单位审核")
			e.done()
		})
	})
}

// Standing says how a committee's filing stands, and why it came back; nothing for one that is new.
func Standing(c message) fyne.CanvasObject {
	banner := kit.NewBanner()
	text, bad := rules.Standing(c, clock.Today())
	how := widget.MediumImportance
	if bad {
		how = widget.WarningImportance
	}
	if stage := c.Filing.GetStage(); stage == reviewv1.Stage_STAGE_RETURNED || stage == reviewv1.Stage_STAGE_REFUSED {
		text, how = text+"。"+kit.LastWord(c.Filing), widget.DangerImportance
	}
	if c.Approved != nil {
		text += "。修改后的内容备案通过之前，仍按原备案内容执行。"
	}
	if c.Revision != 0 {
		banner.Say("备案状态："+text, how)
	}
	return banner.Content
}

// Submit hands committees in (C3) and says what was refused.
func Submit(c committeev1connect.CommitteeServiceClient, all []message) error {
	resp, err := c.SubmitCommittees(context.Background(), &committeev1.SubmitCommitteesRequest{Bases: wire.Bases(all)})
	return wire.RefusedOf(resp.GetOutcomes(), err, all, message.GetName)
}

// Withdraw takes filings back that nobody has reviewed yet (C3) and says what was refused.
func Withdraw(c committeev1connect.CommitteeServiceClient, all []message) error {
	resp, err := c.WithdrawCommittees(context.Background(), &committeev1.WithdrawCommitteesRequest{Bases: wire.Bases(all)})
	return wire.RefusedOf(resp.GetOutcomes(), err, all, message.GetName)
}

// Move makes a review move on filings (C3) and says what was refused.
func Move(c committeev1connect.CommitteeServiceClient, all []message, a *reviewv1.Action) error {
	resp, err := c.ReviewCommittees(context.Background(), &committeev1.ReviewCommitteesRequest{Bases: wire.Bases(all), Action: a})
	return wire.RefusedOf(resp.GetOutcomes(), err, all, message.GetName)
}

func seriesName(code string) string {
	name, _ := catalog.Name("series", code)
	return name
}
