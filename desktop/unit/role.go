package unit

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/kit"
	"zhiping/desktop/list"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/right"
)

// A Role is a role with who has it.
type Role struct {
	*unitv1.Role
	Staff []string // their names
}

// Roles is the list of the own unit's roles (A7): they stand in the unit's record.
func Roles(unitID string, c unitv1connect.UnitServiceClient, staff *list.List[*unitv1.Staff]) *list.List[Role] {
	return &list.List[Role]{
		Name: "roles", Title: "角色管理", ID: func(r Role) string { return r.Id }, Filters: []list.Filter{{Column: "name", Title: "角色名称"}},
		Columns: []list.Column[Role]{
			{Title: "角色名称", Width: 160, Text: func(r Role) string { return r.Name }, Fixed: true},
			{Title: "权限", Width: 520, Text: func(r Role) string { return rightNames(r.Rights) }},
			{Title: "使用人员", Width: 220, Text: func(r Role) string { return strings.Join(r.Staff, "、") }},
		},
		Source: func(ctx context.Context, q *commonv1.Query) ([]Role, *commonv1.PageInfo, error) {
			resp, err := c.GetUnit(ctx, &unitv1.GetUnitRequest{Id: unitID})
			if err != nil {
				return nil, nil, err
			}
			people, err := Everyone(ctx, staff)
			if err != nil {
				return nil, nil, err
			}
			rows := withStaff(resp.Unit.Roles, people, q)
			return rows, &commonv1.PageInfo{Total: int64(len(rows))}, nil
		},
		Empty: "还没有角色。可点“新增角色”新建，再在【工作人员管理】中指定给工作人员。",
	}
}

func withStaff(roles []*unitv1.Role, people []*unitv1.Staff, q *commonv1.Query) []Role {
	var rows []Role
	for _, r := range roles {
		if slices.ContainsFunc(q.Filters, func(f *commonv1.Filter) bool { return !strings.Contains(r.Name, f.Value) }) {
			continue
		}
		row := Role{Role: r}
		for _, s := range people {
			if slices.Contains(s.RoleIds, r.Id) {
				row.Staff = append(row.Staff, s.Name)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// rightNames names rights by their groups, as the menu has them.
func rightNames(rights []commonv1.Right) string {
	var groups []string
	names := map[string][]string{}
	for _, x := range right.All() { // in the order of the menu
		if g := right.Grant(x); slices.Contains(rights, x) {
			if names[g.Group] == nil {
				groups = append(groups, g.Group)
			}
			names[g.Group] = append(names[g.Group], g.Label)
		}
	}
	for i, g := range groups {
		groups[i] = g + "：" + strings.Join(names[g], "、")
	}
	return strings.Join(groups, "；")
}

// NewRole is a role that is not saved yet.
func NewRole() *unitv1.Role { return &unitv1.Role{Id: newID()} }

// NewRolePage draws the form of a role of a unit (A7): its name, and the rights that units of this kind can have, grouped as in the menu.
func NewRolePage(role *unitv1.Role, u *unitv1.Unit, c unitv1connect.UnitServiceClient, d *kit.Desk, done func(*unitv1.Unit)) *Edit {
	m := proto.CloneOf(role)
	form := kit.NewForm(m, unitv1.Role_Name)
	note := kit.NewBanner()
	boxes := container.NewVBox(form.Content, note.Content)
	var groups []*rightGroup
	for _, x := range right.All() {
		if !right.Grantable(x) || !right.Allowed(x, u.Kind) {
			continue
		}
		name := right.Grant(x).Group
		i := slices.IndexFunc(groups, func(g *rightGroup) bool { return g.name == name })
		if i < 0 {
			i = len(groups)
			groups = append(groups, newRightGroup(name))
			boxes.Add(groups[i].content)
		}
		groups[i].add(x, slices.Contains(m.Rights, x))
	}
	save := func() {
		m.Rights = nil
		for _, g := range groups {
			m.Rights = append(m.Rights, g.chosen()...)
		}
		note.Say("", widget.DangerImportance)
		if !form.Check() {
			return
		}
		if len(m.Rights) == 0 {
			note.Say("还没有选择权限，请至少勾选一项。", widget.DangerImportance)
			return
		}
		var resp *unitv1.SaveRoleResponse
		d.Submit(func() (err error) {
			resp, err = c.SaveRole(context.Background(), &unitv1.SaveRoleRequest{Base: base(u), Role: m})
			return err
		}, func() { done(resp.Unit) }, form)
	}
	return newEdit(boxes, save)
}

// A rightGroup is the rights under one heading of the menu, with a check for all of them.
type rightGroup struct {
	name    string
	content fyne.CanvasObject
	all     *kit.Check
	box     *fyne.Container
	rights  []commonv1.Right
	checks  []*kit.Check
	setting bool
}

// rightWidth is the place a right has, so that those of all groups stand under each other.
const rightWidth = 170

func newRightGroup(name string) *rightGroup {
	g := &rightGroup{name: name, box: container.NewGridWrap(fyne.NewSize(rightWidth*theme.TextSize()/13, theme.TextSize()*2.6))}
	g.all = kit.NewCheck(name+"（全选）", func(on bool) {
		if g.setting {
			return
		}
		for _, c := range g.checks {
			c.SetChecked(on)
		}
	})
	g.content = container.NewVBox(g.all, container.NewBorder(nil, nil, widget.NewLabel("　"), nil, g.box), widget.NewSeparator())
	return g
}

func (g *rightGroup) add(x commonv1.Right, on bool) {
	c := kit.NewCheck(right.Grant(x).Label, func(bool) { g.draw() })
	g.rights, g.checks = append(g.rights, x), append(g.checks, c)
	g.box.Add(c)
	c.Checked = on
	g.draw()
}

func (g *rightGroup) chosen() (all []commonv1.Right) {
	for i, c := range g.checks {
		if c.Checked {
			all = append(all, g.rights[i])
		}
	}
	return all
}

// draw brings the check for all up to those of the single rights.
func (g *rightGroup) draw() {
	g.setting = true
	g.all.SetChecked(len(g.chosen()) == len(g.checks))
	g.setting = false
}

// DeleteRole deletes a role after asking; one that somebody has is refused, and it is said who.
func DeleteRole(r Role, u *unitv1.Unit, c unitv1connect.UnitServiceClient, d *kit.Desk, done func(*unitv1.Unit)) {
	d.Confirm("删除角色", "删除角色“"+r.Name+"”后不能恢复。", "删除", func() {
		var resp *unitv1.DeleteRoleResponse
		d.Do(func() (err error) {
			resp, err = c.DeleteRole(context.Background(), &unitv1.DeleteRoleRequest{Base: base(u), RoleId: r.Id})
			return err
		}, func() { done(resp.Unit) })
	})
}
