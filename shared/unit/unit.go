// Package unit holds the rules of units and their accounts (features A1-A9): which kinds of unit a superior may have below it, what a role
// may grant, how review posts must look. The messages are those of zhiping.unit.v1.
package unit

import (
	"fmt"
	"slices"
	"strings"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/catalog"
	"zhiping/shared/fault"
	"zhiping/shared/field"
	"zhiping/shared/idnum"
	"zhiping/shared/review"
	"zhiping/shared/right"
)

// below says which kinds of unit a superior may have directly below it (A1: only those the superior itself holds).
var below = map[commonv1.UnitKind][]commonv1.UnitKind{
	commonv1.UnitKind_UNIT_KIND_HR: {
		commonv1.UnitKind_UNIT_KIND_HR, commonv1.UnitKind_UNIT_KIND_DEPARTMENT, commonv1.UnitKind_UNIT_KIND_EMPLOYER,
		commonv1.UnitKind_UNIT_KIND_SELF_REVIEW, commonv1.UnitKind_UNIT_KIND_CENTRAL,
	},
	commonv1.UnitKind_UNIT_KIND_DEPARTMENT: {
		commonv1.UnitKind_UNIT_KIND_DEPARTMENT, commonv1.UnitKind_UNIT_KIND_EMPLOYER,
		commonv1.UnitKind_UNIT_KIND_SELF_REVIEW, commonv1.UnitKind_UNIT_KIND_CENTRAL,
	},
	commonv1.UnitKind_UNIT_KIND_EMPLOYER:    {commonv1.UnitKind_UNIT_KIND_EMPLOYER},
	commonv1.UnitKind_UNIT_KIND_SELF_REVIEW: {commonv1.UnitKind_UNIT_KIND_SELF_REVIEW, commonv1.UnitKind_UNIT_KIND_EMPLOYER},
	commonv1.UnitKind_UNIT_KIND_CENTRAL:     {commonv1.UnitKind_UNIT_KIND_CENTRAL, commonv1.UnitKind_UNIT_KIND_EMPLOYER},
}

// Below returns the kinds of unit that a superior of this kind may have directly below it, in the order they are offered.
func Below(superior commonv1.UnitKind) []commonv1.UnitKind { return below[superior] }

// MostBranches is how many units of one level the tree shows; beyond that its search is the way.
const MostBranches = 1000

// MostFound is how many units the search of the tree answers at most; a longer part of the name finds fewer.
const MostFound = 100

// States of a unit, as its list's tabs.
const (
	StateAuthorised = "AUTHORISED" // its functions are open
	StatePending    = "PENDING"    // its registration waits for the superior
	StateReturned   = "RETURNED"   // it has to correct its registration
	StateRefused    = "REFUSED"    // its registration was refused
)

// State returns the tab a unit stands under in its superior's list.
func State(u *unitv1.Unit) string {
	switch {
	case u.Authorised:
		return StateAuthorised
	case u.GetRegistration().GetStage() == reviewv1.Stage_STAGE_RETURNED, u.GetRegistration().GetStage() == reviewv1.Stage_STAGE_WITHDRAWN:
		return StateReturned
	case u.GetRegistration().GetStage() == reviewv1.Stage_STAGE_REFUSED:
		return StateRefused
	}
	return StatePending
}

// StaffState returns the tab an account stands under (A6).
func StaffState(s *unitv1.Staff) string {
	if s.Disabled {
		return "DISABLED"
	}
	return "ENABLED"
}

// Check holds a unit against the rules between its fields and with its superior; path names the field of the request that holds it.
func Check(u, superior *unitv1.Unit, path string) []fault.Problem {
	var all []fault.Problem
	add := func(field, format string, args ...any) {
		all = append(all, fault.Problem{Field: path + "." + field, Text: fmt.Sprintf(format, args...)})
	}
	code, err := idnum.CreditCode(u.CreditCode)
	if err != nil {
		add("credit_code", "%s", err.Error())
	} else {
		u.CreditCode = code
	}
	if u.LegalPersonNumber != "" {
		if _, err := idnum.Resident(u.LegalPersonNumber); err != nil {
			add("legal_person_number", "%s", err.Error())
		}
	}
	if superior != nil && !slices.Contains(below[superior.Kind], u.Kind) {
		add("kind", "上级单位“%s”不能管理该类型的单位，请重新选择单位类型", superior.Name)
	}
	return all
}

// licensed are the natures of units that have a business licence to show (assets/catalogues/natures.csv): state-owned and other enterprises.
var licensed = []string{"31", "32"}

// NeedsLicence reports whether units of a nature have to show a business licence when they register (A2).
func NeedsLicence(nature string) bool { return slices.Contains(licensed, nature) }

// CheckLicence refuses a registration without the licence that the unit has to show.
func CheckLicence(u *unitv1.Unit) error {
	if NeedsLicence(u.Nature) && u.Licence == nil {
		return fault.New(fault.Invalid, "企业注册须上传企业营业执照，请选择文件").At("unit.licence")
	}
	return nil
}

// begins are the first bytes of the kinds of files that a licence can be: PDF, JPEG, PNG.
var begins = []string{"%PDF-", "\xff\xd8\xff", "\x89PNG\r\n\x1a\n"}

// CheckFile refuses a licence that is none of the kinds that a reviewing unit can open, by its content: a name is easily changed.
func CheckFile(f *unitv1.File) error {
	for _, b := range begins {
		if strings.HasPrefix(string(f.Content[:min(len(f.Content), len(b))]), b) {
			return nil
		}
	}
	return fault.New(fault.Invalid, "“%s”不是 PDF、JPG 或 PNG 文件，请重新选择企业营业执照", f.Name).At("unit.licence")
}

// CheckSuperior refuses a superior that is not authorised yet, is the unit itself or stands below it. above are the superior's own superiors.
func CheckSuperior(u, superior *unitv1.Unit, above []string) error {
	switch {
	case !superior.Authorised:
		return fault.New(fault.Invalid, "上级单位“%s”尚未授权，请选择其他上级单位", superior.Name).At("superior_id")
	case superior.Id == u.Id || slices.Contains(above, u.Id):
		return fault.New(fault.Invalid, "不能选择本单位或本单位的下级单位作为上级单位").At("superior_id")
	case !slices.Contains(below[superior.Kind], u.Kind):
		return fault.New(fault.Invalid, "“%s”不能管理该类型的单位，请选择其他上级单位", superior.Name).At("superior_id")
	}
	return nil
}

// CheckRole refuses rights that units of this kind cannot have (A7).
func CheckRole(r *unitv1.Role, u *unitv1.Unit) error {
	for _, x := range r.Rights {
		if !right.Grantable(x) || !right.Allowed(x, u.Kind) {
			return fault.New(fault.Invalid, "本单位类型没有“%s”权限，请从角色中去掉", right.Grant(x).GetLabel()).At("role.rights")
		}
	}
	for _, other := range u.Roles {
		if other.Id != r.Id && other.Name == r.Name {
			return fault.New(fault.Invalid, "角色名称“%s”已存在，请换一个名称", r.Name).At("role.name")
		}
	}
	return nil
}

// Matters returns the matters that a unit of a kind can have review posts for, those of the manual first (A5); employers form no committees.
func Matters(kind commonv1.UnitKind) []reviewv1.Matter {
	units := []reviewv1.Matter{reviewv1.Matter_MATTER_APPLICATION, reviewv1.Matter_MATTER_UNIT, reviewv1.Matter_MATTER_SUPERIOR}
	if kind == commonv1.UnitKind_UNIT_KIND_EMPLOYER {
		return units
	}
	return append([]reviewv1.Matter{reviewv1.Matter_MATTER_COMMITTEE, reviewv1.Matter_MATTER_ACTIVITY, units[0], reviewv1.Matter_MATTER_EXPERT}, units[1:]...)
}

// CheckPosts refuses levels that are missing or twice, and people who are no staff of the unit (A5): levels are 1..n, each with staff.
func CheckPosts(p *reviewv1.Posts, staff []*unitv1.Staff) error {
	levels := make([]bool, len(p.Posts)+1)
	for _, post := range p.Posts {
		if int(post.Level) >= len(levels) || levels[post.Level] {
			return fault.New(fault.Invalid, "岗位级别须从1开始连续设置且不重复，请检查").At("posts.posts")
		}
		levels[post.Level] = true
		for _, id := range post.StaffIds {
			if !slices.ContainsFunc(staff, func(s *unitv1.Staff) bool { return s.Id == id && !s.Disabled }) {
				return fault.New(fault.Invalid, "%d级岗位中有人员不是本单位在用的工作人员，请重新选择", post.Level).At("posts.posts")
			}
		}
	}
	return nil
}

// CheckUnused refuses to delete a role that members of staff have, and says who (A7).
func CheckUnused(r *unitv1.Role, staff []*unitv1.Staff) error {
	var names []string
	for _, s := range staff {
		if slices.Contains(s.RoleIds, r.Id) {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	n := len(names)
	who := strings.Join(names[:min(n, 5)], "、")
	if n > 5 {
		who += "等"
	}
	return fault.New(fault.State, "角色“%s”仍由%s（共%d人）使用，请先在【工作人员管理】中为其更换角色，再删除", r.Name, who, n).At("role_id")
}

// CheckGrant refuses that anybody but a super-administrator changes who is one, or the account of one: the right to manage staff must not be a
// way to every right (A6). was is nil for a new account.
func CheckGrant(by, was, now *unitv1.Staff) error {
	if by.Super || !was.GetSuper() && !now.Super {
		return nil
	}
	return fault.New(fault.Denied, "只有超级管理员可以指定超级管理员，或修改超级管理员的账号").At("staff.super")
}

// CheckStays refuses to take somebody out of use whom the unit cannot do without: its last super-administrator, and the last at one of its review
// posts, where cases would stay for ever (A5, A6). staff are all accounts of the unit as they are now, s is one of them as it shall be.
func CheckStays(s *unitv1.Staff, u *unitv1.Unit, staff []*unitv1.Staff) error {
	other := func(ok func(*unitv1.Staff) bool) bool {
		return slices.ContainsFunc(staff, func(o *unitv1.Staff) bool { return o.Id != s.Id && !o.Disabled && ok(o) })
	}
	if (!s.Super || s.Disabled) && !other((*unitv1.Staff).GetSuper) {
		return fault.New(fault.State, "单位至少须保留一名在用的超级管理员，请先指定另一名超级管理员").At("staff.super")
	}
	for _, posts := range u.Posts {
		for _, p := range posts.Posts {
			if s.Disabled && slices.Contains(p.StaffIds, s.Id) && !other(func(o *unitv1.Staff) bool { return slices.Contains(p.StaffIds, o.Id) }) {
				return fault.New(fault.State, "“%s”是【%s】%d级岗位唯一的在用人员，请先在【多岗审核配置】中调整，再停用", s.Name, field.Label(posts.Matter), p.Level).At("staff.disabled")
			}
		}
	}
	return nil
}

// Review makes a review move on one of a unit's two cases, its registration (A8) or its change of superior (A4), and does what follows from its
// end.
func Review(u *unitv1.Unit, m reviewv1.Matter, a *reviewv1.Action, by review.Actor, at int64) error {
	c := u.Registration
	if m == reviewv1.Matter_MATTER_SUPERIOR {
		c = u.SuperiorChange
	}
	if c == nil {
		return fault.New(fault.State, "该单位没有待审核的事项，请刷新列表")
	}
	if err := review.Apply(c, a, by, at); err != nil {
		return err
	}
	switch {
	case m == reviewv1.Matter_MATTER_UNIT:
		u.Authorised = c.Stage == reviewv1.Stage_STAGE_APPROVED
	case c.Stage == reviewv1.Stage_STAGE_APPROVED:
		u.SuperiorId, u.SuperiorName = u.PendingSuperiorId, u.PendingSuperiorName
		u.PendingSuperiorId, u.PendingSuperiorName = "", ""
	case c.Stage == reviewv1.Stage_STAGE_WITHDRAWN:
		u.PendingSuperiorId, u.PendingSuperiorName = "", "" // it has nothing to look at any more
	}
	return nil
}

// Posts returns a unit's posts for a matter, as a node of a route.
func Posts(u *unitv1.Unit, m reviewv1.Matter) *reviewv1.Node {
	n := &reviewv1.Node{UnitId: u.Id, UnitName: u.Name}
	for _, p := range u.Posts {
		if p.Matter == m {
			n.Posts = p.Posts
		}
	}
	return n
}

// Edit carries what the unit itself may change from one message to the other (A4, A9); name and credit code of an authorised unit stay as
// they are identified by, everything else is its own.
func Edit(to, from *unitv1.Unit) {
	to.Name, to.Division, to.Nature = from.Name, from.Division, from.Nature
	_, to.OwnLevel = catalog.OwnLevel(from.Division)
	to.Location = from.Location
	to.Contact, to.Phone, to.Address, to.Licence = from.Contact, from.Phone, from.Address, from.Licence
	to.LegalPerson, to.LegalPersonNumber = from.LegalPerson, from.LegalPersonNumber
	if !to.Authorised {
		to.CreditCode, to.Kind = from.CreditCode, from.Kind
	}
}
