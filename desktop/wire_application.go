package main

import (
	"fyne.io/fyne/v2"

	"zhiping/desktop/application"
	"zhiping/desktop/kit"
	"zhiping/desktop/shell"
	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	rules "zhiping/shared/application"
)

type applicationRows = []*applicationv1.Application

// applicationMenu is the part of features D1-D6 and F1.
func (p *program) applicationMenu() []shell.Item {
	c := p.client.Applications()
	approve := &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE, Opinion: "同意"}
	const group = "申报材料审核"
	return []shell.Item{
		listItem(p, group, commonv1.Right_RIGHT_APPLICATION_EDIT, application.Own(c, p.mirror), p.openOwnApplication,
			batch(p, "提交", func(rows applicationRows) error { return application.Submit(c, rows) }),
			batch(p, "撤回", func(rows applicationRows) error { return application.Withdraw(c, rows) })),
		{Group: group, Title: "新建申报", Right: commonv1.Right_RIGHT_APPLICATION_EDIT, Open: p.newApplication},
		{Group: group, Title: "导入申报材料", Right: commonv1.Right_RIGHT_APPLICATION_EDIT, Open: p.importApplications},
		listItem(p, group, commonv1.Right_RIGHT_APPLICATION_REVIEW, application.Review(c, p.mirror), p.reviewApplication,
			batch(p, "批量通过", func(rows applicationRows) error { return application.Move(c, rows, approve) }),
			p.batchReturn(func(rows applicationRows, a *reviewv1.Action) error { return application.Move(c, rows, a) })),
		p.competenceItem(),
		listItem(p, "评审会议管理", commonv1.Right_RIGHT_QUALIFICATION, application.Committee(c, p.mirror), p.reviewApplication,
			batch(p, "批量受理", func(rows applicationRows) error { return application.Qualify(c, rows, approve) }),
			p.batchReturn(func(rows applicationRows, a *reviewv1.Action) error { return application.Qualify(c, rows, a) })),
	}
}

func (p *program) batchReturn(do func(applicationRows, *reviewv1.Action) error) kit.Action[*applicationv1.Application] {
	return kit.Action[*applicationv1.Application]{Title: "批量退回", Run: func(rows applicationRows, done func()) {
		kit.AskReturn(p.desk, len(rows), "申报材料", func(a *reviewv1.Action) {
			p.desk.Do(func() error { return do(rows, a) }, done)
		})
	}}
}

// reviewApplication opens the material with its review (D3, D6).
func (p *program) reviewApplication(a *applicationv1.Application, from *kit.ListPage[*applicationv1.Application]) {
	casePage(p, a, a.Name, from, func(a *applicationv1.Application, done func()) (fyne.CanvasObject, func()) {
		page := application.NewPage(a, p.client.Applications(), p.desk, done)
		return page.Content, page.Panel.Approve
	}, p.reviewApplication)
}

// openOwnApplication opens the form of what can still be changed, the page of what cannot.
func (p *program) openOwnApplication(a *applicationv1.Application, from *kit.ListPage[*applicationv1.Application]) {
	if rules.Editable(a) {
		p.editApplication(a, from.Load)
		return
	}
	p.reviewApplication(a, from)
}

func (p *program) editApplication(a *applicationv1.Application, done func()) {
	key := "edit-application " + a.Id
	title := a.Name
	if a.Revision == 0 {
		title = "新建申报"
	}
	e := application.NewEdit(a, nil, p.client.Applications(), p.desk, func() {
		p.shell.Close(key)
		done()
	})
	p.shell.Open(&shell.Page{Key: key, Help: "edit-application", Title: title, Content: e.Content, Save: e.Save})
}

// newApplication is the form of a new application, once its activity is chosen.
func (p *program) newApplication() *shell.Page {
	page := &shell.Page{Key: "new-application", Title: "新建申报"}
	page.Content, page.Refresh = application.NewActivityPick(p.client.Activities(), p.desk, func(act *activityv1.Activity) fyne.CanvasObject {
		e := application.NewEdit(application.New(act), act, p.client.Applications(), p.desk, func() { p.shell.Close(page.Key) })
		page.Save = e.Save
		return e.Content
	})
	return page
}

// importApplications is the import page, once the activity is chosen; a file can also be dropped on it.
func (p *program) importApplications() *shell.Page {
	page := &shell.Page{Key: "import-applications", Title: "导入申报材料"}
	page.Content, page.Refresh = application.NewActivityPick(p.client.Activities(), p.desk, func(act *activityv1.Activity) fyne.CanvasObject {
		i := application.NewImport(act, p.client.Applications(), p.desk)
		p.dropping[page.Key] = i.Read
		page.Kinds, page.Follow = []string{outboxKind}, i.Load
		i.Load()
		return i.Content
	})
	return page
}
