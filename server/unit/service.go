package unit

import (
	"context"
	"fmt"

	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/blob"
	"zhiping/server/command"
	"zhiping/server/record"
	"zhiping/server/session"
	"zhiping/shared/db"
	"zhiping/shared/fault"
	"zhiping/shared/review"
	rules "zhiping/shared/unit"

	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
)

// A Service implements unitv1connect.UnitServiceHandler.
type Service struct {
	run      *command.Runner
	files    *blob.Store
	sessions *session.Service
}

// New returns the service.
func New(run *command.Runner, files *blob.Store, sessions *session.Service) *Service {
	return &Service{run: run, files: files, sessions: sessions}
}

// forget drops what the session remembers of callers: called whenever rights may have changed.
func (s *Service) forget() { s.sessions.Forget() }

// CreateUnit implements the RPC (A1).
func (s *Service) CreateUnit(ctx context.Context, r *unitv1.CreateUnitRequest) (*unitv1.CreateUnitResponse, error) {
	hashes := make([]string, len(r.Handlers))
	for i, h := range r.Handlers {
		hashed, err := hash(h)
		if err != nil {
			return nil, ofHandler(i, err)
		}
		hashes[i] = hashed[0]
	}
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*unitv1.CreateUnitResponse, error) {
		u := own(r.Unit)
		u.SuperiorId, u.SuperiorName, u.Authorised = tx.Caller.Unit.Id, tx.Caller.Unit.Name, true
		if err := fault.Several(rules.Check(u, tx.Caller.Unit, "unit")); err != nil {
			return nil, err
		}
		if err := put(ctx, tx, u); err != nil {
			return nil, err
		}
		for i, h := range r.Handlers {
			if err := addStaff(ctx, tx, h.Staff, u.Id, i == 0, hashes[i], session.ByOther); err != nil {
				return nil, ofHandler(i, err)
			}
		}
		return &unitv1.CreateUnitResponse{Unit: u}, nil
	})
}

// ofHandler says of a fault which of the handlers it is about.
func ofHandler(i int, err error) error {
	if f := fault.As(err); f != nil && f.Field != "" {
		return f.At(fmt.Sprintf("handlers[%d].%s", i, f.Field))
	}
	return err
}

// own returns a new unit with what its maker may say about it.
func own(from *unitv1.Unit) *unitv1.Unit {
	u := &unitv1.Unit{Id: from.Id, CreditCode: from.CreditCode, Kind: from.Kind}
	rules.Edit(u, from)
	return u
}

// put writes a unit; another one with its credit code is told as such, not as a conflict.
func put(ctx context.Context, tx *command.Tx, u *unitv1.Unit) error {
	if err := distinct(ctx, tx, u); err != nil {
		return err
	}
	return Units.Put(ctx, tx, u)
}

var creditCodeOf = db.SQL("SELECT id FROM unit WHERE credit_code = $1")

func distinct(ctx context.Context, tx *command.Tx, u *unitv1.Unit) error {
	var id string
	err := tx.Get(ctx, []any{&id}, creditCodeOf, u.CreditCode)
	if err == db.ErrNoRow || err == nil && id == u.Id {
		return nil
	}
	if err == nil {
		return fault.New(fault.Invalid, "统一社会信用代码 %s 已由其他单位注册，请核对；如确为本单位，请联系上级单位", u.CreditCode).At("unit.credit_code")
	}
	return err
}

func hash(handlers ...*unitv1.NewStaff) ([]string, error) {
	all := make([]string, len(handlers))
	for i, h := range handlers {
		if err := session.CheckPassword(h.Password, h.Staff.GetAccount()); err != nil {
			return nil, err
		}
		all[i] = session.Hash(h.Password)
	}
	return all, nil
}

func addStaff(ctx context.Context, tx *command.Tx, from *unitv1.Staff, unitID string, super bool, hash string, by session.Chosen) error {
	s := &unitv1.Staff{Id: from.Id, UnitId: unitID, Name: from.Name, Account: from.Account, Phone: from.Phone, Number: from.Number, Super: super || from.Super, RoleIds: from.RoleIds}
	if err := session.AddAccount(ctx, tx.Tx, s.Account, s.Id, hash, by); err != nil {
		return err
	}
	return Staff.Put(ctx, tx, s)
}

// SaveUnit implements the RPC (A4, A9).
func (s *Service) SaveUnit(ctx context.Context, r *unitv1.SaveUnitRequest) (*unitv1.SaveUnitResponse, error) {
	defer s.forget()
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*unitv1.SaveUnitResponse, error) {
		u, err := ownAt(ctx, tx, r.Unit.Id, r.Unit.Revision)
		if err != nil {
			return nil, err
		}
		return &unitv1.SaveUnitResponse{Unit: u}, edit(ctx, tx, u, r.Unit)
	})
}

// SaveSubordinate implements the RPC (A9).
func (s *Service) SaveSubordinate(ctx context.Context, r *unitv1.SaveSubordinateRequest) (*unitv1.SaveSubordinateResponse, error) {
	defer s.forget()
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*unitv1.SaveSubordinateResponse, error) {
		if _, err := directlyBelow(ctx, tx.Tx, tx.Caller, r.Unit.Id); err != nil {
			return nil, err
		}
		u, err := Units.SeeAt(ctx, tx, r.Unit.Id, r.Unit.Revision)
		if err != nil {
			return nil, err
		}
		return &unitv1.SaveSubordinateResponse{Unit: u}, edit(ctx, tx, u, r.Unit)
	})
}

// directlyBelow loads a unit whose superior the caller's unit is: one further down is its own superior's to look after, and one that only asks
// to come below is not there yet (A9).
func directlyBelow(ctx context.Context, tx *db.Tx, c *session.Caller, id string) (*unitv1.Unit, error) {
	u, err := Units.See(ctx, tx, c, id)
	if err == nil && u.SuperiorId != c.Unit.Id {
		return nil, fault.New(fault.Denied, "只能办理直接下级单位的信息；其他单位由其上级单位办理").At("unit.id")
	}
	return u, err
}

func edit(ctx context.Context, tx *command.Tx, u, from *unitv1.Unit) error {
	superior, err := superiorOfUnit(ctx, tx.Tx, u)
	if err != nil {
		return err
	}
	rules.Edit(u, from)
	if err := fault.Several(rules.Check(u, superior, "unit")); err != nil {
		return err
	}
	return put(ctx, tx, u)
}

func superiorOfUnit(ctx context.Context, tx *db.Tx, u *unitv1.Unit) (*unitv1.Unit, error) {
	if u.SuperiorId == "" {
		return nil, nil
	}
	return Units.Find(ctx, tx, u.SuperiorId)
}

// ownAt loads the caller's own unit at a revision.
func ownAt(ctx context.Context, tx *command.Tx, id string, revision int64) (*unitv1.Unit, error) {
	if id != tx.Caller.Unit.Id {
		return nil, fault.New(fault.NotFound, "记录不存在或已被删除，请刷新列表").At("base.id")
	}
	return Units.SeeAt(ctx, tx, id, revision)
}

// ChangeSuperior implements the RPC (A4): until the new superior approves, the old one holds.
func (s *Service) ChangeSuperior(ctx context.Context, r *unitv1.ChangeSuperiorRequest) (*unitv1.ChangeSuperiorResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*unitv1.ChangeSuperiorResponse, error) {
		u, err := ownAt(ctx, tx, r.Base.GetId(), r.Base.GetRevision())
		if err != nil {
			return nil, err
		}
		superior, err := Units.Find(ctx, tx.Tx, r.SuperiorId)
		if err != nil {
			return nil, fault.New(fault.Invalid, "上级单位不存在，请重新选择上级单位").At("superior_id")
		}
		above, err := Above(ctx, tx.Tx, superior.Id)
		if err != nil {
			return nil, err
		}
		if err := rules.CheckSuperior(u, superior, above); err != nil {
			return nil, err
		}
		if err := askSuperior(u, superior, tx); err != nil {
			return nil, err
		}
		return &unitv1.ChangeSuperiorResponse{Unit: u}, put(ctx, tx, u)
	})
}

func askSuperior(u, superior *unitv1.Unit, tx *command.Tx) error {
	if u.SuperiorId == superior.Id {
		return fault.New(fault.Invalid, "“%s”已是本单位的上级单位", superior.Name).At("superior_id")
	}
	if u.SuperiorChange.GetStage() == reviewv1.Stage_STAGE_REVIEW {
		return fault.New(fault.State, "上一次变更申请正由“%s”审核，请等待审核结果", u.PendingSuperiorName)
	}
	u.PendingSuperiorId, u.PendingSuperiorName = superior.Id, superior.Name
	u.SuperiorChange = &reviewv1.Case{Matter: reviewv1.Matter_MATTER_SUPERIOR}
	return review.Submit(u.SuperiorChange, []*reviewv1.Node{rules.Posts(superior, reviewv1.Matter_MATTER_SUPERIOR)}, tx.Caller.Actor(), tx.Now)
}

// WithdrawSuperior implements the RPC (A4).
func (s *Service) WithdrawSuperior(ctx context.Context, r *unitv1.WithdrawSuperiorRequest) (*unitv1.WithdrawSuperiorResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*unitv1.WithdrawSuperiorResponse, error) {
		u, err := ownAt(ctx, tx, r.Base.GetId(), r.Base.GetRevision())
		if err != nil {
			return nil, err
		}
		withdraw := &reviewv1.Action{Move: reviewv1.Move_MOVE_WITHDRAW}
		if err := rules.Review(u, reviewv1.Matter_MATTER_SUPERIOR, withdraw, tx.Caller.Actor(), tx.Now); err != nil {
			return nil, err
		}
		return &unitv1.WithdrawSuperiorResponse{Unit: u}, put(ctx, tx, u)
	})
}

// ReviewUnits implements the RPC (A8, A4).
func (s *Service) ReviewUnits(ctx context.Context, r *unitv1.ReviewUnitsRequest) (*unitv1.ReviewUnitsResponse, error) {
	defer s.forget()
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*unitv1.ReviewUnitsResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, Units, r.Bases, func(u *unitv1.Unit) error {
			return rules.Review(u, r.Matter, r.Action, tx.Caller.Actor(), tx.Now)
		})
		return &unitv1.ReviewUnitsResponse{Outcomes: outcomes}, err
	})
}
