package main

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/list"
	"zhiping/desktop/session"
	"zhiping/desktop/shell"
	"zhiping/desktop/unit"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
)

// unitMenu is the part of features A4-A9.
func (p *program) unitMenu() []shell.Item {
	const group = unitGroup
	units := p.client.Units()
	staff := unit.Staff(units, p.mirror, func() []*unitv1.Role { return p.client.Identity.Unit.GetRoles() })
	posts := shell.Item{Group: group, Title: "多岗审核配置", Right: commonv1.Right_RIGHT_UNIT_POSTS, Open: func() *shell.Page { return p.posts(staff) }}
	p.desk.Posts = nil
	if shell.Has(p.client.Identity, posts) {
		p.desk.Posts = func() { p.shell.Open(posts.Open()) }
	}
	return []shell.Item{
		{Group: group, Title: "本单位信息管理", Right: commonv1.Right_RIGHT_UNIT_EDIT, Open: p.ownUnit},
		{Group: group, Title: staff.Title, Right: commonv1.Right_RIGHT_STAFF_MANAGE, Open: func() *shell.Page { return p.staff(staff, p.client.Identity.Unit, "工作人员") }},
		{Group: group, Title: "角色管理", Right: commonv1.Right_RIGHT_ROLE_MANAGE, Open: func() *shell.Page { return p.roles(staff) }},
		posts,
		p.unitReview(unit.Registrations(units, p.mirror), reviewv1.Matter_MATTER_UNIT),
		p.unitReview(unit.Superiors(units, p.mirror), reviewv1.Matter_MATTER_SUPERIOR),
		p.subordinates(unit.Subordinates(units, p.mirror)),
		{Group: group, Title: "单位树", Right: commonv1.Right_RIGHT_UNIT_SUBORDINATE, Open: func() *shell.Page {
			t := unit.NewTree(p.client.Identity.Unit, units, p.desk, func(u *unitv1.Unit) { p.editUnit(u, nil) })
			return &shell.Page{Key: "unit-tree", Title: "单位树", Content: t.Content, Refresh: t.Load, Search: t.Search}
		}},
	}
}

const unitGroup = "单位管理"

type (
	unitPage  = kit.ListPage[*unitv1.Unit]
	staffPage = kit.ListPage[*unitv1.Staff]
)

// unitReview is a list of units under review, with its batch buttons (A8, A4).
func (p *program) unitReview(l *list.List[*unitv1.Unit], m reviewv1.Matter) shell.Item {
	move := func(rows []*unitv1.Unit, a *reviewv1.Action) error { return unit.Move(p.client.Units(), rows, m, a) }
	var page *unitPage
	review := func(u *unitv1.Unit) { p.reviewUnit(u, m, page) }
	preview := func(u *unitv1.Unit) { p.previewUnit(u, m, page) }
	item := listItem(p, unitGroup, commonv1.Right_RIGHT_UNIT_REVIEW, l, nil)
	item.Open = func() *shell.Page {
		page = kit.NewListPage(l, p.desk.Run, review,
			batch(p, "批量通过", func(rows []*unitv1.Unit) error {
				return move(rows, &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE, Opinion: "同意"})
			}),
			kit.Action[*unitv1.Unit]{Title: "批量退回", Run: func(rows []*unitv1.Unit, done func()) {
				kit.AskReturn(p.desk, len(rows), "单位", func(a *reviewv1.Action) {
					batch(p, "", func(rows []*unitv1.Unit) error { return move(rows, a) }).Run(rows, done)
				})
			}})
		page.RowActions(
			kit.RowAction[*unitv1.Unit]{Title: "审核", When: func(u *unitv1.Unit) bool { return unit.Mine(u, m, p.desk.By) }, Run: review},
			kit.RowAction[*unitv1.Unit]{Title: "预览", Run: preview})
		return pageOf(p, page)
	}
	return item
}

func (p *program) reviewUnit(u *unitv1.Unit, m reviewv1.Matter, from *unitPage) {
	casePage(p, u, u.Name, from, func(u *unitv1.Unit, done func()) (fyne.CanvasObject, func()) {
		content, panel := unit.NewPage(u, m, p.client.Units(), p.desk, done)
		return content, panel.Approve
	}, func(u *unitv1.Unit, from *unitPage) { p.reviewUnit(u, m, from) })
}

// previewUnit opens what a unit has handed in, without the review; one goes on from it to the next (A8).
func (p *program) previewUnit(u *unitv1.Unit, m reviewv1.Matter, from *unitPage) {
	key := "preview " + from.Model.List.Name + " " + u.Id
	turn := func(by int) {
		if next, ok := from.Model.Beside(u.Id, by); ok {
			p.shell.Close(key)
			p.previewUnit(next, m, from)
		}
	}
	step := func(title string, icon fyne.Resource, by int) *widget.Button {
		b := widget.NewButtonWithIcon(title, icon, func() { turn(by) })
		if _, ok := from.Model.Beside(u.Id, by); !ok {
			b.Disable()
		}
		return b
	}
	bar := container.NewHBox(step("上一个（Ctrl+↑）", fynetheme.NavigateBackIcon(), -1), step("下一个（Ctrl+↓）", fynetheme.NavigateNextIcon(), 1))
	p.shell.Open(&shell.Page{Key: key, Help: "unit-registration", Title: "预览 " + u.Name, Content: container.NewBorder(bar, nil, nil, nil, unit.NewPreview(u, m, p.desk)), Turn: turn})
}

// subordinates is the list of the direct subordinates, with the wizard of a new one (A9, A1).
func (p *program) subordinates(l *list.List[*unitv1.Unit]) shell.Item {
	item := listItem(p, unitGroup, commonv1.Right_RIGHT_UNIT_SUBORDINATE, l, p.editUnit)
	item.Open = func() *shell.Page {
		var page *unitPage
		edit := func(u *unitv1.Unit) { p.editUnit(u, page) }
		page = kit.NewListPage(l, p.desk.Run, edit, kit.Action[*unitv1.Unit]{Title: "新增下级单位", Always: true, Run: func(_ []*unitv1.Unit, done func()) { p.newUnit(done) }})
		page.RowActions(
			kit.RowAction[*unitv1.Unit]{Title: "编辑", Run: edit},
			kit.RowAction[*unitv1.Unit]{Title: "经办人员", Run: func(u *unitv1.Unit) {
				p.shell.Open(p.staff(unit.Handlers(u, p.client.Units()), u, "经办人员"))
			}})
		return pageOf(p, page)
	}
	return item
}

// newUnit opens the wizard of a new subordinate (A1).
func (p *program) newUnit(done func()) {
	const key = "new-unit"
	again := func() {
		p.shell.Close(key)
		p.newUnit(done)
	}
	p.shell.Open(&shell.Page{Key: key, Help: "new-unit", Title: "新增下级单位", Content: unit.NewWizard(p.client.Identity.Unit, p.client.Units(), p.desk, again, func(u *unitv1.Unit) {
		p.shell.Close(key)
		p.say("“" + u.Name + "”已创建并授权，经办人员可以登录。")
		done()
	})})
}

// editUnit opens the form of a direct subordinate (A9).
func (p *program) editUnit(u *unitv1.Unit, from *unitPage) {
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
		p.withUnit(func(u *unitv1.Unit) {
			shown := u.GetRegistration().GetStage()
			e := unit.NewEdit(u, p.client.Units(), p.desk, func(u *unitv1.Unit) {
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

// withUnit goes on with the own unit as it is now; without the network as it is here.
func (p *program) withUnit(then func(*unitv1.Unit)) {
	var resp *unitv1.GetUnitResponse
	p.desk.Do(func() (err error) {
		resp, err = p.client.Units().GetUnit(context.Background(), &unitv1.GetUnitRequest{Id: p.desk.By.UnitID})
		return err
	}, func() {
		p.client.Identity.Unit = resp.Unit
		then(resp.Unit)
	})
}

// staff is the list of the accounts of a unit, the own one (A6) or a subordinate (A9); what names the people.
func (p *program) staff(l *list.List[*unitv1.Staff], of *unitv1.Unit, what string) *shell.Page {
	units := p.client.Units()
	var page *staffPage
	edit := func(s *unitv1.Staff) { p.editStaff(s, of, what, page) }
	did := func(text string) func() {
		return func() {
			page.Load()
			p.say(text)
		}
	}
	reset := did("密码已重置。请将新密码告知本人，本人登录后须先设置自己的密码。")
	page = kit.NewListPage(l, p.desk.Run, edit, kit.Action[*unitv1.Staff]{Title: "新增" + what, Always: true, Run: func([]*unitv1.Staff, func()) { edit(unit.NewStaff(of)) }})
	other := func(off bool) func(*unitv1.Staff) bool {
		return func(s *unitv1.Staff) bool { return s.Disabled == off && s.Id != p.desk.By.StaffID } // nobody locks himself out
	}
	page.RowActions(
		kit.RowAction[*unitv1.Staff]{Title: "编辑", Run: edit},
		kit.RowAction[*unitv1.Staff]{Title: "重置密码", Run: func(s *unitv1.Staff) { unit.ResetPassword(s, units, p.desk, reset) }},
		kit.RowAction[*unitv1.Staff]{Title: "停用", When: other(false), Run: func(s *unitv1.Staff) { unit.Disable(s, true, units, p.desk, did("已停用")) }},
		kit.RowAction[*unitv1.Staff]{Title: "启用", When: other(true), Run: func(s *unitv1.Staff) { unit.Disable(s, false, units, p.desk, did("已启用")) }})
	return pageOf(p, page)
}

// editStaff opens the form of an account; its unit's roles are asked for first, they may be new.
func (p *program) editStaff(s *unitv1.Staff, of *unitv1.Unit, what string, from *staffPage) {
	open := func(u *unitv1.Unit) {
		key := "staff " + s.Id
		title := what + " " + s.Name
		if s.Revision == 0 {
			title = "新增" + what
		}
		super := p.client.Identity.Staff.Super || u.Id != p.desk.By.UnitID
		var parts []fyne.CanvasObject
		if s.Revision > 0 && u.Id == p.desk.By.UnitID {
			devices := session.NewStaffDevices(s.Id, p.client.Sessions(), p.desk)
			parts = append(parts, kit.NewPart("登录设备", devices.Content))
			devices.Load()
		}
		e := unit.NewStaffPage(s, u, super, p.client.Units(), p.desk, func() {
			p.shell.Close(key)
			from.Load()
		}, parts...)
		p.shell.Open(&shell.Page{Key: key, Help: "staff-edit", Title: title, Content: e.Content, Save: e.Save})
	}
	if of.Id == p.desk.By.UnitID {
		p.withUnit(open)
		return
	}
	open(of)
}

// roles is the list of the roles (A7).
func (p *program) roles(staff *list.List[*unitv1.Staff]) *shell.Page {
	units := p.client.Units()
	var page *kit.ListPage[unit.Role]
	edit := func(r *unitv1.Role) {
		key := "role " + r.Id
		p.withUnit(func(u *unitv1.Unit) {
			e := unit.NewRolePage(r, u, units, p.desk, func(u *unitv1.Unit) {
				p.client.Identity.Unit = u
				p.shell.Close(key)
				page.Load()
			})
			title := "角色 " + r.Name
			if r.Name == "" {
				title = "新增角色"
			}
			p.shell.Open(&shell.Page{Key: key, Help: "roles", Title: title, Content: e.Content, Save: e.Save})
		})
	}
	open := func(r unit.Role) { edit(r.Role) }
	page = kit.NewListPage(unit.Roles(p.desk.By.UnitID, units, staff), p.desk.Run, open, kit.Action[unit.Role]{Title: "新增角色", Always: true, Run: func([]unit.Role, func()) { edit(unit.NewRole()) }})
	page.RowActions(
		kit.RowAction[unit.Role]{Title: "编辑", Run: open},
		kit.RowAction[unit.Role]{Title: "删除", Run: func(r unit.Role) {
			p.withUnit(func(u *unitv1.Unit) {
				unit.DeleteRole(r, u, units, p.desk, func(u *unitv1.Unit) {
					p.client.Identity.Unit = u
					page.Load()
				})
			})
		}})
	out := pageOf(p, page)
	out.Kinds, out.Follow = []string{"unit", "staff"}, page.Load
	return out
}

// posts is the page of the review posts (A5); unit and staff are asked for when it is opened.
func (p *program) posts(staff *list.List[*unitv1.Staff]) *shell.Page {
	body := container.NewStack()
	page := &shell.Page{Key: "posts", Title: "多岗审核配置", Content: body}
	page.Refresh = func() {
		p.withUnit(func(u *unitv1.Unit) {
			var all []*unitv1.Staff
			p.desk.Do(func() (err error) {
				all, err = unit.Everyone(context.Background(), staff)
				return err
			}, func() {
				posts := unit.NewPosts(u, all, p.client.Units(), p.desk, func(u *unitv1.Unit) {
					p.client.Identity.Unit = u
					p.say("多岗审核已保存")
				})
				page.Save = posts.Save
				body.Objects = []fyne.CanvasObject{posts.Content}
				body.Refresh()
			})
		})
	}
	return page
}
