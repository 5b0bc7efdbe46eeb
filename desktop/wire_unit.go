package main

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"github.com/google/uuid"

	"zhiping/desktop/kit"
	"zhiping/desktop/list"
	"zhiping/desktop/session"
	"zhiping/desktop/shell"
	"zhiping/desktop/unit"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
)

// unitMenu is the part of features A4-A9.
func (p *program) unitMenu() []shell.Item {
	units := p.client.Units()
	const group = unitGroup
	staff := unit.Staff(units, p.mirror)
	return []shell.Item{
		{Group: group, Title: "本单位信息管理", Right: commonv1.Right_RIGHT_UNIT_EDIT, Open: p.ownUnit},
		{Group: group, Title: "工作人员管理", Right: commonv1.Right_RIGHT_STAFF_MANAGE, Open: func() *shell.Page { return p.staff(staff) }},
		{Group: group, Title: "角色管理", Right: commonv1.Right_RIGHT_ROLE_MANAGE, Open: func() *shell.Page {
			return &shell.Page{Key: "roles", Title: "角色管理", Content: unit.NewRoles(p.client.Identity.Unit, units, p.desk, func(u *unitv1.Unit) {
				p.client.Identity.Unit = u
				p.shell.Close("roles")
				p.say("角色已保存")
			})}
		}},
		{Group: group, Title: "多岗审核配置", Right: commonv1.Right_RIGHT_UNIT_POSTS, Open: func() *shell.Page { return p.posts(units) }},
		{Group: group, Title: "新建下级单位", Right: commonv1.Right_RIGHT_UNIT_SUBORDINATE, Open: func() *shell.Page {
			const key = "new-unit"
			return &shell.Page{Key: key, Help: "new-unit", Title: "新建下级单位", Content: unit.NewWizard(p.client.Identity.Unit, units, p.desk, func() {
				p.shell.Close(key)
				p.say("下级单位已创建")
			})}
		}},
		p.unitReview(unit.Registrations(units, p.mirror), reviewv1.Matter_MATTER_UNIT),
		p.unitReview(unit.Superiors(units, p.mirror), reviewv1.Matter_MATTER_SUPERIOR),
		listItem(p, group, commonv1.Right_RIGHT_UNIT_SUBORDINATE, unit.Subordinates(units, p.mirror), p.editUnit),
		{Group: group, Title: "单位树", Right: commonv1.Right_RIGHT_UNIT_SUBORDINATE, Open: func() *shell.Page {
			t := unit.NewTree(p.client.Identity.Unit, units, p.desk, func(u *unitv1.Unit) { p.editUnit(u, nil) })
			return &shell.Page{Key: "unit-tree", Title: "单位树", Content: t.Content, Refresh: t.Load}
		}},
	}
}

const unitGroup = "单位管理"

// unitReview is a list of units under review, with its batch buttons.
func (p *program) unitReview(l *list.List[*unitv1.Unit], m reviewv1.Matter) shell.Item {
	units := p.client.Units()
	return listItem(p, unitGroup, commonv1.Right_RIGHT_UNIT_REVIEW, l, p.openUnit,
		batch(p, "批量通过", func(rows []*unitv1.Unit) error {
			return unit.Move(units, rows, m, &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE, Opinion: "同意"})
		}),
		kit.Action[*unitv1.Unit]{Title: "批量退回", Run: func(rows []*unitv1.Unit, done func()) {
			kit.AskReturn(p.desk, len(rows), "单位", func(a *reviewv1.Action) {
				p.desk.Do(func() error { return unit.Move(units, rows, m, a) }, done)
			})
		}})
}

func (p *program) openUnit(u *unitv1.Unit, from *kit.ListPage[*unitv1.Unit]) {
	casePage(p, u, u.Name, from, func(u *unitv1.Unit, done func()) (fyne.CanvasObject, func()) {
		content, panel := unit.NewPage(u, p.client.Units(), p.desk, done)
		return content, panel.Approve
	}, p.openUnit)
}

// editUnit opens the form of a direct subordinate (A9).
func (p *program) editUnit(u *unitv1.Unit, from *kit.ListPage[*unitv1.Unit]) {
	key := "edit-unit " + u.Id
	e := unit.NewEdit(u, p.client.Units(), p.desk, func(*unitv1.Unit) {
		if from != nil {
			from.Load()
		}
	})
	p.shell.Open(&shell.Page{Key: key, Help: "edit-unit", Title: u.Name, Content: e.Content, Save: e.Save})
}

// ownUnit is the page of the own unit (A4), as it is on the server now: a review may have changed it since the person signed in.
func (p *program) ownUnit() *shell.Page {
	body := container.NewStack()
	page := &shell.Page{Key: "own-unit", Title: "本单位信息管理", Content: body}
	page.Refresh = func() {
		var resp *unitv1.GetUnitResponse
		p.desk.Do(func() (err error) {
			resp, err = p.client.Units().GetUnit(context.Background(), &unitv1.GetUnitRequest{Id: p.desk.By.UnitID})
			return err
		}, func() {
			p.client.Identity.Unit = resp.Unit
			shown := resp.Unit.GetRegistration().GetStage()
			e := unit.NewEdit(resp.Unit, p.client.Units(), p.desk, func(u *unitv1.Unit) {
				if p.client.Identity.Unit = u; u.GetRegistration().GetStage() != shown {
					page.Refresh() // it is under review again
				}
			})
			page.Save = e.Save
			body.Objects = []fyne.CanvasObject{e.Content}
			body.Refresh()
		})
	}
	return page
}

// staff is the page of the accounts, with a button for a new one (A6).
func (p *program) staff(l *list.List[*unitv1.Staff]) *shell.Page {
	me, units := p.client.Identity, p.client.Units()
	var load func()
	open := func(s *unitv1.Staff, _ *kit.ListPage[*unitv1.Staff]) {
		key := "staff " + s.Id
		title := "工作人员 " + s.Name
		if s.Revision == 0 {
			title = "新增工作人员"
		}
		var parts []fyne.CanvasObject
		if s.Revision > 0 {
			devices := session.NewStaffDevices(s.Id, p.client.Sessions(), p.desk)
			parts = append(parts, kit.NewPart("登录设备", devices.Content))
			devices.Load()
		}
		p.shell.Open(&shell.Page{Key: key, Help: "staff-edit", Title: title, Content: unit.NewStaffPage(s, me.Unit, units, p.desk, func() {
			p.shell.Close(key)
			load()
		}, parts...)})
	}
	page := listPage(p, l, open)
	load = page.Refresh
	add := widget.NewButtonWithIcon("新增工作人员", fynetheme.ContentAddIcon(), func() {
		open(&unitv1.Staff{Id: uuid.Must(uuid.NewV7()).String(), UnitId: me.Unit.Id}, nil)
	})
	page.Content = container.NewBorder(nil, container.NewHBox(add), nil, nil, page.Content)
	return page
}

// posts is the page of the review posts (A5); who can be chosen is asked when it is opened.
func (p *program) posts(units unitv1connect.UnitServiceClient) *shell.Page {
	body := container.NewStack()
	me := p.client.Identity
	return &shell.Page{Key: "posts", Title: "多岗审核配置", Content: body, Refresh: func() {
		var resp *unitv1.ListStaffResponse
		p.desk.Do(func() (err error) {
			resp, err = units.ListStaff(context.Background(), &unitv1.ListStaffRequest{Query: &commonv1.Query{Size: 200}})
			return err
		}, func() {
			body.Objects = []fyne.CanvasObject{unit.NewPosts(me.Unit, resp.Staff, units, p.desk, func(u *unitv1.Unit) {
				me.Unit = u
				p.say("多岗审核已保存")
			})}
			body.Refresh()
		})
	}}
}
