package unit

import (
	"context"
	"errors"
	"slices"

	"google.golang.org/protobuf/proto"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/command"
	"zhiping/server/session"
	"zhiping/shared/db"
	"zhiping/shared/fault"
	"zhiping/shared/field"
	rules "zhiping/shared/unit"
)

const subordinates = commonv1.Right_RIGHT_UNIT_SUBORDINATE

// SavePosts implements the RPC (A5). Cases already in the unit keep the posts they came in with.
func (s *Service) SavePosts(ctx context.Context, r *unitv1.SavePostsRequest) (*unitv1.SavePostsResponse, error) {
	defer s.forget()
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*unitv1.SavePostsResponse, error) {
		u, err := ownAt(ctx, tx, r.Base.GetId(), r.Base.GetRevision())
		if err != nil {
			return nil, err
		}
		staff, err := StaffOf(ctx, tx.Tx, u.Id)
		if err != nil {
			return nil, err
		}
		if err := rules.CheckPosts(r.Posts, staff); err != nil {
			return nil, err
		}
		u.Posts = slices.DeleteFunc(u.Posts, func(p *reviewv1.Posts) bool { return p.Matter == r.Posts.Matter })
		if len(r.Posts.Posts) > 0 {
			u.Posts = append(u.Posts, r.Posts)
		}
		return &unitv1.SavePostsResponse{Unit: u}, put(ctx, tx, u)
	})
}

// SaveRole implements the RPC (A7).
func (s *Service) SaveRole(ctx context.Context, r *unitv1.SaveRoleRequest) (*unitv1.SaveRoleResponse, error) {
	defer s.forget()
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*unitv1.SaveRoleResponse, error) {
		u, err := ownAt(ctx, tx, r.Base.GetId(), r.Base.GetRevision())
		if err != nil {
			return nil, err
		}
		if err := rules.CheckRole(r.Role, u); err != nil {
			return nil, err
		}
		i := slices.IndexFunc(u.Roles, func(x *unitv1.Role) bool { return x.Id == r.Role.Id })
		if i < 0 {
			u.Roles = append(u.Roles, r.Role)
		} else {
			u.Roles[i] = r.Role
		}
		return &unitv1.SaveRoleResponse{Unit: u}, put(ctx, tx, u)
	})
}

// SaveStaff implements the RPC (A6, A9).
func (s *Service) SaveStaff(ctx context.Context, r *unitv1.SaveStaffRequest) (*unitv1.SaveStaffResponse, error) {
	defer s.forget()
	hashed := ""
	if r.Password != "" {
		if err := session.CheckPassword(r.Password, r.Staff.Account); err != nil {
			return nil, err
		}
		hashed = session.Hash(r.Password)
	}
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*unitv1.SaveStaffResponse, error) {
		u, err := Units.See(ctx, tx.Tx, tx.Caller, r.Staff.UnitId)
		if err != nil {
			return nil, err
		}
		if err := mayEdit(tx.Caller, u); err != nil {
			return nil, err
		}
		if err := checkRoles(r.Staff, u); err != nil {
			return nil, err
		}
		if r.Staff.Revision == 0 {
			return newStaff(ctx, tx, r, hashed)
		}
		return changeStaff(ctx, tx, r, hashed)
	})
}

func checkRoles(s *unitv1.Staff, u *unitv1.Unit) error {
	for _, id := range s.RoleIds {
		if !slices.ContainsFunc(u.Roles, func(r *unitv1.Role) bool { return r.Id == id }) {
			return fault.New(fault.Invalid, "所选角色不存在，请重新选择角色").At("staff.role_ids")
		}
	}
	return nil
}

func newStaff(ctx context.Context, tx *command.Tx, r *unitv1.SaveStaffRequest, hashed string) (*unitv1.SaveStaffResponse, error) {
	if hashed == "" {
		return nil, fault.New(fault.Invalid, "新增工作人员须设置初始密码").At("password")
	}
	if err := addStaff(ctx, tx, r.Staff, r.Staff.UnitId, false, hashed, session.ByOther); err != nil {
		return nil, err
	}
	s, err := Staff.Find(ctx, tx.Tx, r.Staff.Id)
	return &unitv1.SaveStaffResponse{Staff: s}, err
}

func changeStaff(ctx context.Context, tx *command.Tx, r *unitv1.SaveStaffRequest, hashed string) (*unitv1.SaveStaffResponse, error) {
	s, err := Staff.Find(ctx, tx.Tx, r.Staff.Id)
	if err != nil {
		return nil, err
	}
	if s.UnitId != r.Staff.UnitId {
		return nil, fault.New(fault.NotFound, "工作人员不存在，请刷新列表").At("staff.id")
	}
	s.Name, s.Account, s.Phone, s.Number = r.Staff.Name, r.Staff.Account, r.Staff.Phone, r.Staff.Number
	s.Super, s.Disabled, s.RoleIds, s.Revision = r.Staff.Super, r.Staff.Disabled, r.Staff.RoleIds, r.Staff.Revision
	if err := keepsSuper(ctx, tx, s); err != nil {
		return nil, err
	}
	if err := session.SetAccount(ctx, tx.Tx, s.Account, s.Id, s.Disabled); err != nil {
		return nil, err
	}
	if hashed != "" {
		by := session.Chosen(s.Id == tx.Caller.Staff.Id)
		if err := session.SetPassword(ctx, tx.Tx, s.Id, hashed, by); err != nil {
			return nil, err
		}
	}
	return &unitv1.SaveStaffResponse{Staff: s}, Staff.Put(ctx, tx, s)
}

// keepsSuper refuses to take the last super-administrator from a unit.
func keepsSuper(ctx context.Context, tx *command.Tx, s *unitv1.Staff) error {
	if s.Super && !s.Disabled {
		return nil
	}
	staff, err := StaffOf(ctx, tx.Tx, s.UnitId)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(staff, func(o *unitv1.Staff) bool { return o.Id != s.Id && o.Super && !o.Disabled }) {
		return fault.New(fault.State, "单位至少须保留一名在用的超级管理员，请先指定另一名超级管理员").At("staff.super")
	}
	return nil
}

// GetUnit implements the RPC.
func (s *Service) GetUnit(ctx context.Context, r *unitv1.GetUnitRequest) (*unitv1.GetUnitResponse, error) {
	m, err := Units.Get(ctx, s.run.DB, r.Id)
	return &unitv1.GetUnitResponse{Unit: m}, err
}

// ListUnits implements the RPC.
func (s *Service) ListUnits(ctx context.Context, r *unitv1.ListUnitsRequest) (*unitv1.ListUnitsResponse, error) {
	rows, page, err := Units.Rows(ctx, s.run.DB, r.Query)
	return &unitv1.ListUnitsResponse{Units: rows, Page: page}, err
}

// ListStaff implements the RPC.
func (s *Service) ListStaff(ctx context.Context, r *unitv1.ListStaffRequest) (*unitv1.ListStaffResponse, error) {
	rows, page, err := Staff.Rows(ctx, s.run.DB, r.Query)
	return &unitv1.ListStaffResponse{Staff: rows, Page: page}, err
}

// FindSuperiors implements the RPC (A2).
func (s *Service) FindSuperiors(ctx context.Context, r *unitv1.FindSuperiorsRequest) (*unitv1.FindSuperiorsResponse, error) {
	resp := &unitv1.FindSuperiorsResponse{}
	err := s.run.DB.Read(ctx, func(tx *db.Tx) (err error) {
		resp.Superiors, err = superiors(ctx, tx, db.Like(r.Name))
		return err
	})
	return resp, err
}

// Bootstrap writes the unit at the top of the province with its super-administrator: the one unit that nobody else can create. It is
// refused once there is a unit without a superior. The first password stood on a command line, so it is to be changed like any other that
// somebody else has set.
func (s *Service) Bootstrap(ctx context.Context, u *unitv1.Unit, super *unitv1.NewStaff) error {
	for _, m := range []proto.Message{u, super} {
		problems, err := field.Check(m, field.Complete)
		if err := errors.Join(err, fault.Several(problems)); err != nil {
			return err
		}
	}
	hashes, err := hash(super)
	if err != nil {
		return err
	}
	_, err = command.Run(ctx, s.run, u, func(tx *command.Tx) (*unitv1.Unit, error) {
		var n int
		if err := tx.Get(ctx, []any{&n}, topUnits); err != nil {
			return nil, err
		}
		if n > 0 {
			return nil, fault.New(fault.State, "最高一级单位已存在，不能重复创建")
		}
		top := own(u)
		top.Authorised = true
		if err := fault.Several(rules.Check(top, nil, "unit")); err != nil {
			return nil, err
		}
		if err := put(ctx, tx, top); err != nil {
			return nil, err
		}
		return top, addStaff(ctx, tx, super.Staff, top.Id, true, hashes[0], session.ByOther)
	})
	return err
}

var topUnits = db.SQL("SELECT count(*) FROM unit WHERE superior_id = ''")
