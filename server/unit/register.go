package unit

import (
	"context"

	"google.golang.org/protobuf/proto"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/command"
	"zhiping/server/session"
	"zhiping/shared/fault"
	"zhiping/shared/review"
	rules "zhiping/shared/unit"
)

// RegisterUnit implements the RPC (A2). Whoever registers has chosen a password, or signed in at a unified identity platform, which then vouches
// for name and number.
func (s *Service) RegisterUnit(ctx context.Context, r *unitv1.RegisterUnitRequest) (*unitv1.RegisterUnitResponse, error) {
	hashed, err := chosen(r)
	if err != nil {
		return nil, err
	}
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*unitv1.RegisterUnitResponse, error) {
		superior, err := Units.Find(ctx, tx.Tx, r.Unit.SuperiorId)
		if err != nil || !superior.Authorised {
			return nil, fault.New(fault.Invalid, "上级单位不存在或尚未授权，请重新选择上级单位").At("unit.superior_id")
		}
		u := own(r.Unit)
		u.SuperiorId, u.SuperiorName = superior.Id, superior.Name
		if err := fault.Several(rules.Check(u, superior, "unit")); err != nil {
			return nil, err
		}
		h, err := s.handler(ctx, tx, r, u)
		if err != nil {
			return nil, err
		}
		if err := s.licence(r.Licence, u); err != nil {
			return nil, err
		}
		by := review.Actor{UnitID: u.Id, UnitName: u.Name, StaffID: h.Id, StaffName: h.Name}
		if err := submit(u, superior, by, tx.Now); err != nil {
			return nil, err
		}
		if err := put(ctx, tx, u); err != nil {
			return nil, err
		}
		return &unitv1.RegisterUnitResponse{Unit: u}, addStaff(ctx, tx, h, u.Id, true, hashed, session.ByOwner)
	})
}

// chosen is the hash of the password that whoever registers has chosen; of somebody with a ticket there is none.
func chosen(r *unitv1.RegisterUnitRequest) (string, error) {
	switch {
	case r.Ticket != "" && r.Person != nil:
		return session.NoPassword, nil
	case r.Handler == nil:
		return "", fault.New(fault.Invalid, "经办人员为必填项，请填写").At("handler")
	}
	hashes, err := hash(r.Handler)
	if err != nil {
		return "", err
	}
	return hashes[0], nil
}

// handler is the first member of staff: as typed, or as the platform has vouched for.
func (s *Service) handler(ctx context.Context, tx *command.Tx, r *unitv1.RegisterUnitRequest, u *unitv1.Unit) (*unitv1.Staff, error) {
	if r.Ticket == "" {
		return r.Handler.Staff, nil
	}
	h := proto.CloneOf(r.Person)
	name, number, err := s.sessions.Redeem(ctx, tx.Tx, r.Ticket, h.Id, u.Kind)
	if name != "" {
		h.Name = name
	}
	if number != "" {
		h.Number = number
	}
	return h, err
}

// licence stores the licence that came with a registration and names it in the unit. The file is there before the record that names it.
func (s *Service) licence(f *unitv1.File, u *unitv1.Unit) error {
	u.Licence = nil // whatever the request names: nobody was signed in to upload it
	if f == nil {
		return rules.CheckLicence(u)
	}
	if err := rules.CheckFile(f); err != nil {
		return err
	}
	sum, err := s.files.Put(f.Content)
	u.Licence = &commonv1.Attachment{Sha256: sum, Name: f.Name, Size: int64(len(f.Content))}
	return err
}

func submit(u, superior *unitv1.Unit, by review.Actor, now int64) error {
	if u.Registration == nil {
		u.Registration = &reviewv1.Case{Matter: reviewv1.Matter_MATTER_UNIT}
	}
	return review.Submit(u.Registration, []*reviewv1.Node{rules.Posts(superior, reviewv1.Matter_MATTER_UNIT)}, by, now)
}

// SubmitUnit implements the RPC (A2).
func (s *Service) SubmitUnit(ctx context.Context, r *unitv1.SubmitUnitRequest) (*unitv1.SubmitUnitResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*unitv1.SubmitUnitResponse, error) {
		u, err := ownAt(ctx, tx, r.Base.GetId(), r.Base.GetRevision())
		if err != nil {
			return nil, err
		}
		if u.Registration == nil || u.SuperiorId == "" {
			return nil, fault.New(fault.State, "本单位由上级单位创建并已授权，无须提交注册")
		}
		if err := rules.CheckLicence(u); err != nil {
			return nil, err
		}
		superior, err := superiorOfUnit(ctx, tx.Tx, u)
		if err != nil {
			return nil, err
		}
		if err := submit(u, superior, tx.Caller.Actor(), tx.Now); err != nil {
			return nil, err
		}
		return &unitv1.SubmitUnitResponse{Unit: u}, put(ctx, tx, u)
	})
}
