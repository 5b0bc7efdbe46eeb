package unit

import (
	"context"
	"errors"
	"slices"

	"google.golang.org/protobuf/proto"

	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/command"
	"zhiping/server/session"
	"zhiping/shared/db"
	"zhiping/shared/fault"
	"zhiping/shared/field"
	rules "zhiping/shared/unit"
)

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

// DeleteRole implements the RPC (A7).
func (s *Service) DeleteRole(ctx context.Context, r *unitv1.DeleteRoleRequest) (*unitv1.DeleteRoleResponse, error) {
	defer s.forget()
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*unitv1.DeleteRoleResponse, error) {
		u, err := ownAt(ctx, tx, r.Base.GetId(), r.Base.GetRevision())
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(u.Roles, func(x *unitv1.Role) bool { return x.Id == r.RoleId })
		if i < 0 {
			return nil, fault.New(fault.NotFound, "角色不存在或已被删除，请刷新列表").At("role_id")
		}
		staff, err := StaffOf(ctx, tx.Tx, u.Id)
		if err != nil {
			return nil, err
		}
		if err := rules.CheckUnused(u.Roles[i], staff); err != nil {
			return nil, err
		}
		u.Roles = slices.Delete(u.Roles, i, i+1)
		return &unitv1.DeleteRoleResponse{Unit: u}, put(ctx, tx, u)
	})
}

// SaveStaff implements the RPC (A6).
func (s *Service) SaveStaff(ctx context.Context, r *unitv1.SaveStaffRequest) (*unitv1.SaveStaffResponse, error) {
	defer s.forget()
	hashed, err := hashNew(r.Password, r.Staff)
	if err != nil {
		return nil, err
	}
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*unitv1.SaveStaffResponse, error) {
		if r.Staff.UnitId != tx.Caller.Unit.Id {
			return nil, fault.New(fault.NotFound, "工作人员不存在，请刷新列表").At("staff.unit_id")
		}
		staff, err := saveStaff(ctx, tx, tx.Caller.Staff, r.Staff, hashed)
		return &unitv1.SaveStaffResponse{Staff: staff}, err
	})
}

// SaveHandler implements the RPC (A9): whoever looks after a subordinate may also name its super-administrator (A1).
func (s *Service) SaveHandler(ctx context.Context, r *unitv1.SaveHandlerRequest) (*unitv1.SaveHandlerResponse, error) {
	defer s.forget()
	hashed, err := hashNew(r.Password, r.Staff)
	if err != nil {
		return nil, err
	}
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*unitv1.SaveHandlerResponse, error) {
		if _, err := directlyBelow(ctx, tx.Tx, tx.Caller, r.Staff.UnitId); err != nil {
			return nil, err
		}
		staff, err := saveStaff(ctx, tx, &unitv1.Staff{Super: true}, r.Staff, hashed)
		return &unitv1.SaveHandlerResponse{Staff: staff}, err
	})
}

// hashNew hashes the password that is to be set, if any.
func hashNew(password string, s *unitv1.Staff) (string, error) {
	if password == "" {
		return "", nil
	}
	hashes, err := hash(&unitv1.NewStaff{Staff: s, Password: password})
	if err != nil {
		return "", err
	}
	return hashes[0], nil
}

// saveStaff adds or changes an account of the unit that it names; by says what whoever does it may grant.
func saveStaff(ctx context.Context, tx *command.Tx, by, s *unitv1.Staff, hashed string) (*unitv1.Staff, error) {
	u, err := Units.Find(ctx, tx.Tx, s.UnitId)
	if err != nil {
		return nil, err
	}
	if err := checkRoles(s, u); err != nil {
		return nil, err
	}
	if s.Revision == 0 {
		return newStaff(ctx, tx, by, s, hashed)
	}
	return changeStaff(ctx, tx, by, s, u, hashed)
}

func checkRoles(s *unitv1.Staff, u *unitv1.Unit) error {
	for _, id := range s.RoleIds {
		if !slices.ContainsFunc(u.Roles, func(r *unitv1.Role) bool { return r.Id == id }) {
			return fault.New(fault.Invalid, "所选角色不存在，请重新选择角色").At("staff.role_ids")
		}
	}
	return nil
}

func newStaff(ctx context.Context, tx *command.Tx, by, s *unitv1.Staff, hashed string) (*unitv1.Staff, error) {
	if hashed == "" {
		return nil, fault.New(fault.Invalid, "新增工作人员须设置初始密码").At("password")
	}
	if err := rules.CheckGrant(by, nil, s); err != nil {
		return nil, err
	}
	if err := addStaff(ctx, tx, s, s.UnitId, false, hashed, session.ByOther); err != nil {
		return nil, err
	}
	return Staff.Find(ctx, tx.Tx, s.Id)
}

func changeStaff(ctx context.Context, tx *command.Tx, by, from *unitv1.Staff, u *unitv1.Unit, hashed string) (*unitv1.Staff, error) {
	s, err := Staff.Find(ctx, tx.Tx, from.Id)
	if err != nil {
		return nil, err
	}
	if s.UnitId != from.UnitId {
		return nil, fault.New(fault.NotFound, "工作人员不存在，请刷新列表").At("staff.id")
	}
	if err := rules.CheckGrant(by, s, from); err != nil {
		return nil, err
	}
	s.Name, s.Account, s.Phone, s.Number = from.Name, from.Account, from.Phone, from.Number
	s.Super, s.Disabled, s.RoleIds, s.Revision = from.Super, from.Disabled, from.RoleIds, from.Revision
	all, err := StaffOf(ctx, tx.Tx, u.Id)
	if err != nil {
		return nil, err
	}
	if err := rules.CheckStays(s, u, all); err != nil {
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
	return s, Staff.Put(ctx, tx, s)
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

// ListHandlers implements the RPC (A9).
func (s *Service) ListHandlers(ctx context.Context, r *unitv1.ListHandlersRequest) (*unitv1.ListHandlersResponse, error) {
	resp := &unitv1.ListHandlersResponse{}
	err := s.run.DB.Read(ctx, func(tx *db.Tx) error {
		u, err := directlyBelow(ctx, tx, session.Of(ctx), r.UnitId)
		if err != nil {
			return err
		}
		resp.Staff, resp.Page, err = Staff.Page(ctx, tx, "own", u.Id, r.Query)
		return err
	})
	return resp, err
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
