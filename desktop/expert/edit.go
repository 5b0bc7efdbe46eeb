package expert

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
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/catalog"
	rules "zhiping/shared/expert"
	"zhiping/shared/fault"
	"zhiping/shared/person"
)

// New returns an expert of a committee to be filled in (C4).
func New(c *committeev1.Committee) message {
	return &expertv1.Expert{
		Id: newID(), CommitteeId: c.GetId(), CommitteeName: c.GetName(), UnitId: c.GetUnitId(), AuthorisingId: c.GetAuthorisingId(), Country: "CHN", IdKind: person.Resident, Series: c.GetSeries(),
		Position: expertv1.Position_POSITION_MEMBER,
	}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// The parts of the form, in the manual's order; what the manual does not show stands at its end.
var parts = []struct {
	title  string
	fields []string
}{
	{"基本信息", []string{
		expertv1.Expert_Country, expertv1.Expert_Name, expertv1.Expert_IdKind, expertv1.Expert_Number, expertv1.Expert_Sex, expertv1.Expert_Birth, expertv1.Expert_Ethnic, expertv1.Expert_Retired,
		expertv1.Expert_WorkUnit, expertv1.Expert_Department, expertv1.Expert_Duty, expertv1.Expert_DutyLevel, expertv1.Expert_Phone, expertv1.Expert_Phone2, expertv1.Expert_Honours,
	}},
	{"专业技术人员职称信息", []string{
		expertv1.Expert_Series, expertv1.Expert_Occupation, expertv1.Expert_Level, expertv1.Expert_Title, expertv1.Expert_TitleOn, expertv1.Expert_Specialty, expertv1.Expert_Education, expertv1.Expert_Degree,
		expertv1.Expert_Skills,
	}},
	{"聘任", []string{expertv1.Expert_Position, expertv1.Expert_TermFrom, expertv1.Expert_TermUntil}},
}

// fields is the form of a person as an expert: of the unit's own pool, or of one whom it recommends.
type fields struct {
	content *fyne.Container
	forms   []*kit.Form
	m       message
	changed func(string)
	age     *widget.Label
	rows    *fyne.Container
	parts   []*kit.Form // of relations and leaves
}

func newFields(m message, changed func(string)) *fields {
	f := &fields{m: m, content: container.NewVBox(), changed: changed, age: widget.NewLabel(""), rows: container.NewVBox()}
	for _, p := range parts {
		form := kit.NewForm(m, p.fields...)
		form.Changed = f.follow
		form.Require(rules.Required...)
		f.forms = append(f.forms, form)
		box := container.NewVBox(form.Content)
		if p.title == parts[0].title {
			box.Add(kit.NewRow("年龄", f.age))
		}
		f.content.Add(kit.NewPart(p.title, box))
	}
	f.offer()
	f.showAge()
	f.content.Add(f.rows)
	f.drawRows()
	return f
}

// follow brings what depends on a field up to date: birth, sex and age on the number, titles on series and level.
func (f *fields) follow(name string) {
	switch name {
	case expertv1.Expert_Number, expertv1.Expert_IdKind:
		if id, p := person.Identify(f.m.IdKind, f.m.Number, name); p == nil && id.Birth != "" {
			f.m.Birth, f.m.Sex = id.Birth, id.Sex
			f.forms[0].Reset(expertv1.Expert_Birth, expertv1.Expert_Sex)
		}
	case expertv1.Expert_Series, expertv1.Expert_Level:
		f.offer()
	}
	f.showAge()
	f.changed(name)
}

func (f *fields) showAge() {
	if f.age.SetText(age(f.m)); f.age.Text == "" {
		f.age.SetText("按出生日期计算")
	}
}

// offer narrows titles and specialties to those of the series. A title that is in no list - of before a reform, of abroad - can be kept.
func (f *fields) offer() {
	var specialties []string
	for _, e := range catalog.Children("specialties", f.m.Series) {
		specialties = append(specialties, e.Name)
	}
	if len(specialties) > 0 {
		f.forms[1].Offer(expertv1.Expert_Specialty, specialties)
	}
}

func (f *fields) drawRows() {
	f.rows.RemoveAll()
	f.parts = nil
	relations := container.NewVBox()
	for i, r := range f.m.Relations {
		relations.Add(f.row(r, []string{expertv1.Relation_Name, expertv1.Relation_Relation, expertv1.Relation_Unit}, func() { f.m.Relations = slices.Delete(f.m.Relations, i, i+1) }))
	}
	relations.Add(f.more("增加回避关系", func() { f.m.Relations = append(f.m.Relations, &expertv1.Relation{}) }))
	leaves := container.NewVBox()
	for i, l := range f.m.Leaves {
		leaves.Add(f.row(l, []string{expertv1.Leave_From, expertv1.Leave_Until, expertv1.Leave_Reason}, func() { f.m.Leaves = slices.Delete(f.m.Leaves, i, i+1) }))
	}
	leaves.Add(f.more("增加请假", func() { f.m.Leaves = append(f.m.Leaves, &expertv1.Leave{}) }))
	f.rows.Add(kit.NewPart("回避关系（评审时自动回避，第二十五条；同单位人员无须填写）", relations))
	f.rows.Add(kit.NewPart("请假（期间不参加抽选）", leaves))
}

func (f *fields) row(m proto.Message, names []string, remove func()) fyne.CanvasObject {
	form := kit.NewForm(m, names...)
	form.Changed = f.changed
	f.parts = append(f.parts, form)
	b := widget.NewButtonWithIcon("删除", theme.DeleteIcon(), func() {
		remove()
		f.changed("")
		f.drawRows()
	})
	return container.NewBorder(nil, widget.NewSeparator(), nil, container.NewVBox(b), form.Content)
}

func (f *fields) more(title string, add func()) fyne.CanvasObject {
	return container.NewHBox(widget.NewButtonWithIcon(title, theme.ContentAddIcon(), func() {
		add()
		f.drawRows()
	}))
}

// all are the forms of the fields.
func (f *fields) all() []*kit.Form { return append(slices.Clone(f.forms), f.parts...) }

// good shows what is wrong with what was typed. What is only missing does not keep it from being saved, but must be said: the notes stay.
func (f *fields) good(complete bool) bool {
	ok := true
	problems := rules.Check(f.m) // also takes birth and sex from the number
	f.forms[0].Reset(expertv1.Expert_Birth, expertv1.Expert_Sex)
	for _, form := range f.all() {
		if !complete {
			ok = form.CheckTyped() && ok
			continue
		}
		ok = form.Check() && ok
	}
	if ok && len(problems) > 0 {
		err := fault.Several(problems)
		for _, form := range f.forms {
			err = form.Show(err)
		}
		return false
	}
	return ok
}

// An Edit is the form of an expert of the unit's own pool (C4).
type Edit struct {
	Content fyne.CanvasObject
	Save    func()
}

// NewEdit draws the form; done is called once the expert is saved.
func NewEdit(e message, c client, d *kit.Desk, done func()) *Edit {
	m := proto.CloneOf(e)
	name := "expert " + e.Id
	if e.Revision == 0 {
		name = "new expert " + e.CommitteeId
	}
	draft := kit.NewDraft(d, name, m)
	f := newFields(m, draft.Changed)
	if e.Entry.GetStage() == reviewv1.Stage_STAGE_APPROVED {
		f.forms[0].Protect(expertv1.Expert_Name, expertv1.Expert_IdKind, expertv1.Expert_Number)
	}
	save := func(then func()) {
		if !f.good(false) {
			d.Say("有内容需要修改，请看各项下方的红字提示")
			return
		}
		d.Run(func() func() {
			resp, err := c.SaveExpert(context.Background(), &expertv1.SaveExpertRequest{Expert: m})
			return func() {
				if err != nil {
					for _, form := range f.forms {
						err = form.Show(err)
					}
					d.Fail(err)
					return
				}
				m.Revision = resp.GetExpert().GetRevision()
				draft.Drop()
				then()
			}
		})
	}
	saved := func() {
		save(func() {
			d.Say(fmt.Sprintf("已保存。信息%s。", rules.Completeness(m)))
			done()
		})
	}
	button := widget.NewButtonWithIcon("保存（Ctrl+S）", theme.DocumentSaveIcon(), saved)
	button.Importance = widget.HighImportance
	buttons := container.NewHBox(button)
	if s := rules.State(e); s == rules.Draft || s == rules.Returned {
		buttons.Add(widget.NewButtonWithIcon("保存并提交审核", theme.MailSendIcon(), func() {
			if !f.good(true) {
				d.Say("有内容需要修改，请看各项下方的红字提示")
				return
			}
			save(func() {
				d.Do(func() error { return Submit(c, []message{m}) }, func() {
					d.Say("已提交，请等待授权管理单位审核")
					done()
				})
			})
		}))
	}
	top := container.NewVBox(returned(e.Entry), draft.Banner.Content, heading(title(e)+"　"+e.CommitteeName))
	return &Edit{Content: container.NewBorder(top, buttons, nil, nil, container.NewVScroll(container.NewPadded(f.content))), Save: saved}
}

func heading(text string) fyne.CanvasObject {
	return widget.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
}

// returned says why somebody came back; nothing for others.
func returned(now *reviewv1.Case) fyne.CanvasObject {
	banner := kit.NewBanner()
	if now.GetStage() == reviewv1.Stage_STAGE_RETURNED {
		banner.Say(kit.LastWord(now), widget.DangerImportance)
	}
	return banner.Content
}
