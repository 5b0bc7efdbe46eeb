package main

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/clock"
	"zhiping/desktop/committee"
	"zhiping/desktop/kit"
	"zhiping/desktop/list"
	"zhiping/desktop/shell"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	committeerules "zhiping/shared/committee"
	unitrules "zhiping/shared/unit"
)

type (
	committeeRow  = *committeev1.Committee
	committeePage = *kit.ListPage[committeeRow]
)

const committeeGroup = "评委会管理"

// committeeMenu is the part of features C1-C5.
func (p *program) committeeMenu() []shell.Item {
	c := p.client.Committees()
	own := committee.Own(c, p.mirror)
	p.committees = own.Source
	approve := &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE, Opinion: "同意"}
	filing := committee.Filing(c, p.mirror)
	review := listItem(p, committeeGroup, commonv1.Right_RIGHT_COMMITTEE_REVIEW, filing, p.reviewCommittee,
		batch(p, "批量通过", func(rows []committeeRow) error { return committee.Move(c, rows, approve) }),
		kit.Action[committeeRow]{Title: "批量退回", Run: func(rows []committeeRow, done func()) {
			kit.AskReturn(p.desk, len(rows), "评委会备案", func(a *reviewv1.Action) {
				p.desk.Do(func() error { return committee.Move(c, rows, a) }, done)
			})
		}})
	open := review.Open
	review.Open = func() *shell.Page { return p.withPosts(open(), reviewv1.Matter_MATTER_COMMITTEE) }
	mine := listItem(p, committeeGroup, commonv1.Right_RIGHT_COMMITTEE_EDIT, own, p.openCommittee)
	mine.Open = func() *shell.Page { return p.ownCommittees(own) }
	return append([]shell.Item{mine, review}, p.expertMenu()...)
}

// ownCommittees is the list of the unit's committees (C1), with what their filings call for above it.
func (p *program) ownCommittees(l *list.List[committeeRow]) *shell.Page {
	c := p.client.Committees()
	var page committeePage
	page = kit.NewListPage(l, p.desk.Run, func(row committeeRow) { p.openCommittee(row, page) },
		batch(p, "提交备案", func(rows []committeeRow) error { return committee.Submit(c, rows) }),
		batch(p, "撤回", func(rows []committeeRow) error { return committee.Withdraw(c, rows) }))
	due := kit.NewBanner()
	page.Loaded = func() {
		rows, _, err := l.Source(context.Background(), &commonv1.Query{Scope: l.Scope, Size: 200})
		if err == nil {
			due.Say(committee.Due(rows, clock.Today()), widget.WarningImportance)
		}
	}
	add := widget.NewButtonWithIcon("新增评委会", fynetheme.ContentAddIcon(), func() {
		p.editCommittee(committee.New(p.client.Identity.Unit), page.Load)
	})
	add.Importance = widget.HighImportance
	out := pageOf(p, page)
	out.Content = container.NewBorder(container.NewVBox(due.Content, container.NewHBox(add)), nil, nil, nil, out.Content)
	return out
}

// withPosts says above a page of reviews that the unit has no posts for the matter, with a jump to where they are set (A5, C3).
func (p *program) withPosts(page *shell.Page, m reviewv1.Matter) *shell.Page {
	if len(unitrules.Posts(p.client.Identity.Unit, m).Posts) > 0 {
		return page
	}
	note := widget.NewLabel("本单位未设置【单位内部多岗审核】，由有审核权限的人员直接审核。")
	note.Importance = widget.LowImportance
	line := container.NewHBox(note)
	for _, it := range p.unitMenu() {
		if it.Right == commonv1.Right_RIGHT_UNIT_POSTS && shell.Has(p.client.Identity, it) {
			jump := widget.NewButton("去设置", func() { p.shell.Open(it.Open()) })
			jump.Importance = widget.LowImportance
			line.Add(jump)
		}
	}
	page.Content = container.NewBorder(line, nil, nil, nil, page.Content)
	return page
}

// openCommittee opens the wizard of one that is still to be handed in, the page of any other.
func (p *program) openCommittee(c committeeRow, from committeePage) {
	if s := committeerules.State(c); (s == committeerules.Draft || s == committeerules.Returned) && c.FiledOn == "" {
		p.editCommittee(c, from.Load)
		return
	}
	p.showCommittee(c, from)
}

func (p *program) editCommittee(c committeeRow, done func()) {
	key := "edit-committee " + c.Id
	title := "编辑 " + c.Name
	if c.Revision == 0 {
		title = "新增评委会"
	}
	e := committee.NewEdit(c, p.client.Committees(), p.client.Units(), p.desk, p.members, func() {
		p.shell.Close(key)
		done()
	})
	p.shell.Open(&shell.Page{Key: key, Help: "committee-edit", Title: title, Content: e.Content, Save: e.Save})
}

// showCommittee is the page of the forming unit: filing data and steps, and what can be done next.
func (p *program) showCommittee(c committeeRow, from committeePage) {
	casePage(p, c, c.Name, from, func(c committeeRow, done func()) (fyne.CanvasObject, func()) {
		var buttons []fyne.CanvasObject
		if committeerules.Editable(c) {
			buttons = append(buttons, widget.NewButtonWithIcon("编辑", fynetheme.DocumentCreateIcon(), func() {
				p.shell.Close(caseKey(from, c.Id)) // it would go on showing what was
				p.editCommittee(c, from.Load)
			}))
			if committeerules.CheckRenewal(c, clock.Today()) == nil {
				title := "提交换届备案"
				if c.FiledOn == "" || c.Approved != nil {
					title = "提交备案"
				}
				buttons = append(buttons, widget.NewButtonWithIcon(title, fynetheme.MailSendIcon(), func() {
					p.desk.Do(func() error { return committee.Submit(p.client.Committees(), []committeeRow{c}) }, func() {
						p.say("已提交备案，请等待审核")
						done()
					})
				}))
			}
		}
		buttons = append(buttons,
			widget.NewButtonWithIcon("专家库", fynetheme.AccountIcon(), func() { p.openPool(c.Id) }),
			widget.NewButtonWithIcon("默认业绩要求", fynetheme.ListIcon(), func() { p.editRequirements(c, from.Load) }))
		content, panel := committee.NewPage(c, p.client.Committees(), p.desk, done, buttons...)
		return content, panel.Approve
	}, p.showCommittee)
}

func (p *program) editRequirements(c committeeRow, done func()) {
	key := "requirements " + c.Id
	content, save := committee.NewRequirements(c, p.client.Committees(), p.desk, func() {
		p.shell.Close(key)
		done()
	})
	p.shell.Open(&shell.Page{Key: key, Help: "requirements", Title: "默认业绩要求", Content: content, Save: save})
}

// reviewCommittee opens a filing with its review (C3).
func (p *program) reviewCommittee(c committeeRow, from committeePage) {
	casePage(p, c, c.Name, from, func(c committeeRow, done func()) (fyne.CanvasObject, func()) {
		content, panel := committee.NewPage(c, p.client.Committees(), p.desk, done)
		return content, panel.Approve
	}, p.reviewCommittee)
}
