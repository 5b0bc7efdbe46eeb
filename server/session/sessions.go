package session

import (
	"context"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/reflect/protoreflect"

	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/server/audit"
	"zhiping/shared/db"
	"zhiping/shared/fault"
	"zhiping/shared/right"
)

// seenEvery is how exactly it is known when a session was last used: writing it down with each call would cost more than the call.
const seenEvery = 5 * time.Minute

var (
	listSessions = db.SQL("SELECT id, token, device, created, last_seen, expires FROM session WHERE staff_id = $1 AND expires > $2 ORDER BY last_seen DESC, id")
	endSession   = db.SQL("DELETE FROM session WHERE staff_id = $1 AND id = $2")
	seenSession  = db.SQL("UPDATE session SET last_seen = $2 WHERE token = $1")
)

// ListOwnSessions implements the RPC.
func (s *Service) ListOwnSessions(ctx context.Context, _ *sessionv1.ListOwnSessionsRequest) (*sessionv1.ListOwnSessionsResponse, error) {
	resp := &sessionv1.ListOwnSessionsResponse{}
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		resp.Sessions, err = s.sessions(ctx, tx, Of(ctx).Staff.Id)
		return err
	})
	return resp, err
}

// EndOwnSession implements the RPC.
func (s *Service) EndOwnSession(ctx context.Context, r *sessionv1.EndOwnSessionRequest) (*sessionv1.EndOwnSessionResponse, error) {
	return &sessionv1.EndOwnSessionResponse{}, s.end(ctx, Of(ctx).Staff.Id, r.SessionId)
}

// ListStaffSessions implements the RPC (A6).
func (s *Service) ListStaffSessions(ctx context.Context, r *sessionv1.ListStaffSessionsRequest) (*sessionv1.ListStaffSessionsResponse, error) {
	resp := &sessionv1.ListStaffSessionsResponse{}
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		if err := s.colleague(ctx, tx, r.StaffId); err != nil {
			return err
		}
		resp.Sessions, err = s.sessions(ctx, tx, r.StaffId)
		return err
	})
	return resp, err
}

// EndStaffSessions implements the RPC (A6).
func (s *Service) EndStaffSessions(ctx context.Context, r *sessionv1.EndStaffSessionsRequest) (*sessionv1.EndStaffSessionsResponse, error) {
	return &sessionv1.EndStaffSessionsResponse{}, s.end(ctx, r.StaffId, r.SessionId)
}

// sessions are those of a person, the one used last first.
func (s *Service) sessions(ctx context.Context, tx *db.Tx, staffID string) (all []*sessionv1.Session, err error) {
	mine := string(tokenHash(bearer(ctx)))
	err = tx.Query(ctx, func(scan func(...any) error) error {
		x, token := &sessionv1.Session{}, []byte{}
		if err := scan(&x.Id, &token, &x.Device, &x.Created, &x.LastSeen, &x.Expires); err != nil {
			return err
		}
		x.Current = string(token) == mine
		all = append(all, x)
		return nil
	}, listSessions, staffID, s.now().UnixMilli())
	return all, err
}

// end ends a session of a colleague or of the caller, or all of them; what they do next is refused at once.
func (s *Service) end(ctx context.Context, staffID, id string) error {
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := s.colleague(ctx, tx, staffID); err != nil {
			return err
		}
		if id == "" {
			if _, err := tx.Exec(ctx, endSessions, staffID); err != nil {
				return err
			}
			return s.noted(ctx, tx, audit.Subject{Kind: "account", ID: staffID})
		}
		n, err := tx.Exec(ctx, endSession, staffID, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.NotFound, "该登录已结束，请刷新后查看").At("session_id")
		}
		return s.noted(ctx, tx, audit.Subject{Kind: "session", ID: id})
	})
	s.Forget()
	return err
}

// colleague refuses whoever is not of the caller's unit, as if there were no such person.
func (s *Service) colleague(ctx context.Context, tx *db.Tx, staffID string) error {
	other, err := s.resolve(ctx, tx, staffID)
	if f := fault.As(err); f != nil && f.Code == fault.NotFound || err == nil && other.Unit.Id != Of(ctx).Unit.Id {
		return fault.New(fault.NotFound, "工作人员不存在，请刷新列表").At("staff_id")
	}
	return err
}

// noted writes the audit entry of a change that is no record's. Those of records are package command's, which stands on this one; what is
// done here has the same effect when it is done twice, so it needs no number either.
func (s *Service) noted(ctx context.Context, tx *db.Tx, subject audit.Subject) error {
	e := &audit.Entry{At: s.now().UnixMilli(), Subjects: []audit.Subject{subject}}
	if c := Of(ctx); c != nil {
		e.Staff, e.Unit = c.Staff.Id, c.Unit.Id
	}
	if info, ok := connect.CallInfoForHandlerContext(ctx); ok {
		e.Procedure = info.Spec().Procedure
		if md, ok := info.Spec().Schema.(protoreflect.MethodDescriptor); ok {
			e.Label = right.Method(md).GetLabel()
		}
	}
	return audit.Append(ctx, tx, e)
}
