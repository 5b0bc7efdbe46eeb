package application

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/kit"
	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	"zhiping/proto/gen/zhiping/application/v1/applicationv1connect"
	"zhiping/shared/catalog"
	"zhiping/shared/field"
)

// An Edit is the form of an application that the unit may change (D2): a new one, a draft, or one that was returned.
type Edit struct {
	Content fyne.CanvasObject
	Save    func()

	message      *applicationv1.Application
	client       applicationv1connect.ApplicationServiceClient
	desk         *kit.Desk
	forms        []*kit.Form
	achievements *fyne.Container
	shown        []*kit.Form // of the achievements
	draft        *kit.Draft
}

// NewEdit draws the form; done is called when the application has been handed in. act, if it is known, says what can be chosen.
func NewEdit(a *applicationv1.Application, act *activityv1.Activity, c applicationv1connect.ApplicationServiceClient, d *kit.Desk, done func()) *Edit {
	e := &Edit{message: proto.CloneOf(a), client: c, desk: d, achievements: container.NewVBox()}
	e.draft = kit.NewDraft(d, "application "+draftName(a), e.message)
	body := container.NewVBox(returned(a), e.draft.Banner.Content)
	for _, part := range []struct {
		title  string
		fields []string
	}{
		{"申报人", []string{applicationv1.Application_Name, applicationv1.Application_IdKind, applicationv1.Application_Number, applicationv1.Application_Ethnic, applicationv1.Application_Phone, applicationv1.Application_Retired}},
		{"申报信息", applied},
		{"学历与资历", qualified},
	} {
		e.add(body, part.title, part.fields)
	}
	if act != nil {
		e.offer(act)
	}
	more := widget.NewButtonWithIcon("增加一项业绩成果", theme.ContentAddIcon(), func() {
		e.message.Achievements = append(e.message.Achievements, &applicationv1.Achievement{})
		e.drawAchievements()
	})
	body.Add(kit.NewPart("业绩成果", container.NewVBox(e.achievements, container.NewHBox(more))))
	e.drawAchievements()
	e.add(body, "附件", []string{applicationv1.Application_Documents})
	e.Save = func() { e.save(func() { d.Say("已保存") }) }
	save := widget.NewButtonWithIcon("保存（Ctrl+S）", theme.DocumentSaveIcon(), e.Save)
	submit := widget.NewButtonWithIcon("保存并提交", theme.MailSendIcon(), func() {
		e.save(func() {
			d.Do(func() error { return Submit(c, []*applicationv1.Application{e.message}) }, func() {
				d.Say("已提交，请等待审核")
				done()
			})
		})
	})
	submit.Importance = widget.HighImportance
	head := widget.NewLabelWithStyle(title(a), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	head.SizeName = "headingText"
	e.Content = container.NewBorder(head, container.NewHBox(save, submit), nil, nil, container.NewVScroll(container.NewPadded(body)))
	return e
}

func title(a *applicationv1.Application) string {
	if a.Revision == 0 {
		return "新建申报：" + a.ActivityName
	}
	return a.Name + "　" + field.Label(a.State)
}

func (e *Edit) add(body *fyne.Container, title string, fields []string) {
	f := kit.NewForm(e.message, fields...)
	f.Attach(e.desk.Attach)
	f.Changed = e.draft.Changed
	e.forms = append(e.forms, f)
	body.Add(kit.NewPart(title, f.Content))
}

// offer narrows what can be chosen to what the activity takes.
func (e *Edit) offer(act *activityv1.Activity) {
	f := e.forms[1] // 申报信息
	f.Protect(applicationv1.Application_Series)
	for name, codes := range map[string][]string{applicationv1.Application_Level: act.Levels, applicationv1.Application_Specialty: act.Specialties} {
		list := field.Named(e.message, name)[0].GetCatalogue()
		var labels []string
		for _, code := range codes {
			if label, ok := catalog.Name(list, code); ok {
				labels = append(labels, label)
			}
		}
		f.Offer(name, labels)
	}
}

func (e *Edit) drawAchievements() {
	e.achievements.RemoveAll()
	e.shown = nil
	for i, x := range e.message.Achievements {
		f := kit.NewForm(x, achievement...)
		f.Attach(e.desk.Attach)
		f.Changed = e.draft.Changed
		e.shown = append(e.shown, f)
		remove := widget.NewButtonWithIcon("删除此项", theme.DeleteIcon(), func() {
			all := e.message.Achievements
			e.message.Achievements = append(all[:i:i], all[i+1:]...)
			e.drawAchievements()
		})
		head := container.NewBorder(nil, nil, widget.NewLabelWithStyle(fmt.Sprintf("第 %d 项", i+1), fyne.TextAlignLeading, fyne.TextStyle{Bold: true}), remove)
		e.achievements.Add(container.NewVBox(head, f.Content, widget.NewSeparator()))
	}
}

// save saves what was typed as a draft; then goes on.
func (e *Edit) save(then func()) {
	good := true
	for _, f := range append(e.forms, e.shown...) {
		good = f.Check() && good
	}
	if !good {
		e.desk.Say("有内容需要修改，请看各项下方的红字提示")
		return
	}
	e.desk.Run(func() func() {
		resp, err := e.client.SaveApplication(context.Background(), &applicationv1.SaveApplicationRequest{Application: e.message})
		return func() {
			if err != nil {
				for _, f := range e.forms {
					err = f.Show(err)
				}
				e.desk.Fail(err)
				return
			}
			e.message.Revision, e.message.State = resp.Application.Revision, resp.Application.State
			e.draft.Drop()
			then()
		}
	})
}

// draftName names the draft of a form: a new application has one for its activity, so that it is found again.
func draftName(a *applicationv1.Application) string {
	if a.Revision == 0 {
		return "new " + a.ActivityId
	}
	return a.Id
}

// returned says why an application came back, nothing for others.
func returned(a *applicationv1.Application) fyne.CanvasObject {
	banner := kit.NewBanner()
	if a.State == applicationv1.State_STATE_RETURNED {
		banner.Say(kit.LastWord(a.Review), widget.DangerImportance)
	}
	return banner.Content
}
