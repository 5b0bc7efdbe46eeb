package unit

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/kit"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
)

// NewStaff is an account of a unit that is not saved yet.
func NewStaff(u *unitv1.Unit) *unitv1.Staff { return &unitv1.Staff{Id: newID(), UnitId: u.Id} }

// save saves an account: of the own unit (A6), or of a direct subordinate (A9).
func save(r *unitv1.SaveStaffRequest, c unitv1connect.UnitServiceClient, d *kit.Desk) (err error) {
	if r.Staff.UnitId == d.By.UnitID {
		_, err = c.SaveStaff(context.Background(), r)
	} else {
		_, err = c.SaveHandler(context.Background(), &unitv1.SaveHandlerRequest{Staff: r.Staff, Password: r.Password})
	}
	return err
}

// NewStaffPage draws the form of an account of a unit with its roles (A6, A9); a new one has no revision and needs a password. Only who is a
// super-administrator, or looks after the unit from above, says who is one. parts stand below the form.
func NewStaffPage(s *unitv1.Staff, u *unitv1.Unit, super bool, c unitv1connect.UnitServiceClient, d *kit.Desk, done func(), parts ...fyne.CanvasObject) *Edit {
	r := &unitv1.SaveStaffRequest{Staff: proto.CloneOf(s)}
	form := kit.NewForm(r.Staff, unitv1.Staff_Name, unitv1.Staff_Account, unitv1.Staff_Phone, unitv1.Staff_Number, unitv1.Staff_Super)
	if !super {
		form.Protect(unitv1.Staff_Super)
	}
	body := container.NewVBox(form.Content)
	forms := []*kit.Form{form}
	if s.Revision == 0 { // later it is set anew by a button of its own
		password := kit.NewForm(r, unitv1.SaveStaffRequest_Password)
		password.Require(unitv1.SaveStaffRequest_Password)
		forms = append(forms, password)
		body.Add(password.Content)
	}
	body.Add(newRolePick(r.Staff, u))
	body.Objects = append(body.Objects, parts...)
	return newEdit(body, func() {
		all := true
		for _, f := range forms {
			all = f.Check() && all
		}
		if all {
			d.Submit(func() error { return save(r, c, d) }, done, forms...)
		}
	})
}

// newRolePick offers the roles of a unit; a person has the rights of all that are chosen.
func newRolePick(s *unitv1.Staff, u *unitv1.Unit) fyne.CanvasObject {
	if len(u.Roles) == 0 {
		return kit.NewPart("角色", widget.NewLabel("该单位还没有角色，可在【角色管理】中新增。超级管理员拥有全部权限，不需要角色。"))
	}
	ids := map[string]string{}
	var names, chosen []string
	for _, role := range u.Roles {
		line := role.Name + "　" + rightNames(role.Rights)
		ids[line] = role.Id
		names = append(names, line)
		for _, id := range s.RoleIds {
			if id == role.Id {
				chosen = append(chosen, line)
			}
		}
	}
	pick := widget.NewCheckGroup(names, nil)
	pick.SetSelected(chosen)
	pick.OnChanged = func(on []string) {
		s.RoleIds = nil
		for _, n := range on {
			s.RoleIds = append(s.RoleIds, ids[n])
		}
	}
	return kit.NewPart("角色（可选多个，权限合并计算）", pick)
}

// Disable takes an account out of use, or back into it.
func Disable(s *unitv1.Staff, off bool, c unitv1connect.UnitServiceClient, d *kit.Desk, done func()) {
	title, text := "启用", "启用后，“"+s.Name+"”可以重新登录。"
	if off {
		title, text = "停用", "停用后，“"+s.Name+"”立即退出登录且不能再登录；已办理的记录保留。"
	}
	d.Confirm(title+"账号", text, title, func() {
		m := proto.CloneOf(s)
		m.Disabled = off
		d.Do(func() error { return save(&unitv1.SaveStaffRequest{Staff: m}, c, d) }, done)
	})
}

// ResetPassword asks for a new password of an account; one that is refused is asked for again.
func ResetPassword(s *unitv1.Staff, c unitv1connect.UnitServiceClient, d *kit.Desk, done func()) {
	r := &unitv1.SaveStaffRequest{Staff: proto.CloneOf(s)}
	form := kit.NewForm(r, unitv1.SaveStaffRequest_Password)
	var ask func()
	ask = func() {
		d.Ask("重置“"+s.Name+"”（"+s.Account+"）的密码", form.Content, "重置", func() {
			if r.Password == "" {
				form.Show(needPassword)
				ask()
				return
			}
			d.Run(func() func() {
				err := save(r, c, d)
				return func() {
					if err == nil {
						done()
						return
					}
					if left := form.Show(err); left != nil {
						d.Fail(left)
						return
					}
					ask()
				}
			})
		})
	}
	ask()
}
