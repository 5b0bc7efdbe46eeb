package unit

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/kit"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/right"
)

// NewStaffPage draws the form of an account with its roles (A6); a new one has no revision and needs a password. parts stand below the form.
func NewStaffPage(s *unitv1.Staff, u *unitv1.Unit, c unitv1connect.UnitServiceClient, d *kit.Desk, done func(), parts ...fyne.CanvasObject) fyne.CanvasObject {
	r := &unitv1.SaveStaffRequest{Staff: proto.CloneOf(s)}
	form := kit.NewForm(r.Staff, unitv1.Staff_Name, unitv1.Staff_Account, unitv1.Staff_Phone, unitv1.Staff_Number, unitv1.Staff_Super, unitv1.Staff_Disabled)
	password := kit.NewForm(r, unitv1.SaveStaffRequest_Password)
	byName := map[string]string{}
	var names, chosen []string
	for _, role := range u.Roles {
		byName[role.Name] = role.Id
		names = append(names, role.Name)
		for _, id := range s.RoleIds {
			if id == role.Id {
				chosen = append(chosen, role.Name)
			}
		}
	}
	roles := widget.NewCheckGroup(names, func(on []string) {
		r.Staff.RoleIds = nil
		for _, n := range on {
			r.Staff.RoleIds = append(r.Staff.RoleIds, byName[n])
		}
	})
	roles.Horizontal = true
	roles.SetSelected(chosen)
	save := widget.NewButton("保　存", func() {
		if !form.Check() || !password.Check() {
			return
		}
		d.Run(func() func() {
			_, err := c.SaveStaff(context.Background(), r)
			return func() {
				if err != nil {
					d.Fail(password.Show(form.Show(err)))
					return
				}
				done()
			}
		})
	})
	save.Importance = widget.HighImportance
	body := container.NewVBox(form.Content, password.Content, widget.NewLabelWithStyle("角色", fyne.TextAlignLeading, fyne.TextStyle{Bold: true}), roles)
	body.Objects = append(body.Objects, parts...)
	return container.NewBorder(nil, container.NewHBox(save), nil, nil, container.NewVScroll(container.NewPadded(body)))
}

// NewRoles draws the unit's roles (A7): the rights that its kind of unit can have, by groups.
func NewRoles(u *unitv1.Unit, c unitv1connect.UnitServiceClient, d *kit.Desk, done func(*unitv1.Unit)) fyne.CanvasObject {
	role := &unitv1.Role{Id: newID()}
	form := kit.NewForm(role, unitv1.Role_Name)
	rights := container.NewVBox()
	groups := map[string]*widget.CheckGroup{}
	byLabel := map[string]commonv1.Right{}
	for _, x := range right.All() {
		if !right.Grantable(x) || !right.Allowed(x, u.Kind) {
			continue
		}
		g := right.Grant(x)
		byLabel[g.Label] = x
		if groups[g.Group] == nil {
			groups[g.Group] = widget.NewCheckGroup(nil, nil)
			groups[g.Group].Horizontal = true
			rights.Add(widget.NewLabelWithStyle(g.Group, fyne.TextAlignLeading, fyne.TextStyle{Bold: true}))
			rights.Add(groups[g.Group])
		}
		groups[g.Group].Append(g.Label)
	}
	existing := widget.NewSelect(nil, nil)
	existing.PlaceHolder = "新建角色，或选择已有角色修改"
	for _, x := range u.Roles {
		existing.Options = append(existing.Options, x.Name)
	}
	save := widget.NewButton("保　存", func() {
		role.Rights = nil
		for _, g := range groups {
			for _, l := range g.Selected {
				role.Rights = append(role.Rights, byLabel[l])
			}
		}
		if !form.Check() {
			return
		}
		d.Run(func() func() {
			resp, err := c.SaveRole(context.Background(), &unitv1.SaveRoleRequest{Base: &commonv1.Base{Id: u.Id, Revision: u.Revision}, Role: role})
			return func() {
				if err != nil {
					d.Fail(form.Show(err))
					return
				}
				done(resp.Unit)
			}
		})
	})
	save.Importance = widget.HighImportance
	existing.OnChanged = func(name string) {
		for _, x := range u.Roles {
			if x.Name == name {
				role.Id, role.Name = x.Id, x.Name
				form.Reset()
				choose(groups, x.Rights)
			}
		}
	}
	return container.NewBorder(existing, container.NewHBox(save), nil, nil, container.NewVScroll(container.NewPadded(container.NewVBox(form.Content, rights))))
}

func choose(groups map[string]*widget.CheckGroup, rights []commonv1.Right) {
	on := map[string][]string{}
	for _, x := range rights {
		g := right.Grant(x)
		on[g.Group] = append(on[g.Group], g.Label)
	}
	for name, g := range groups {
		g.SetSelected(on[name])
	}
}
