package meeting

import (
	"context"
	"slices"

	"github.com/google/uuid"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/server/audit"
	"zhiping/server/command"
	"zhiping/server/room"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
	rules "zhiping/shared/meeting"
)

// subject names a meeting in the audit log without a change of it.
func subject(id string) audit.Subject { return audit.Subject{Kind: "meeting", ID: id} }

// TakeLease implements the RPC (voting.md): the server certifies a hub from the head of its log, and writes nothing in the session from then on.
func (s *Service) TakeLease(ctx context.Context, r *meetingv1.TakeLeaseRequest) (*meetingv1.TakeLeaseResponse, error) {
	m, err := s.own(ctx, r.Base.Id)
	if err != nil {
		return nil, err
	}
	if m.State != meetingv1.State_STATE_ISSUED {
		return nil, errNotIssued
	}
	row, err := s.rooms.Row(ctx, r.SessionId)
	if err != nil || row.Meeting != m.Id || row.Rehearsal {
		return nil, fault.New(fault.NotFound, "会场不属于本次会议，请重新选择").At("session_id")
	}
	firsts, err := s.kept(m, r.SessionId)
	if err != nil {
		return nil, err
	}
	file, size, err := s.rooms.Record(ctx, row, firsts)
	if err != nil {
		return nil, err
	}
	e, err := ballot.ParseEvidence(file)
	if err != nil {
		return nil, err
	}
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.TakeLeaseResponse, error) {
		m, err := ownAt(ctx, tx, r.Base.Id, r.Base.Revision)
		if err != nil {
			return nil, err
		}
		key, ok := s.keys.Private(row.Server)
		if !ok {
			return nil, fault.New(fault.State, "签发会议包的密钥已停用，不能更换主机，请联系系统管理员")
		}
		o := &ballot.Epoch{Session: row.Session, Epoch: row.Epoch + 1, Hub: r.HubKey, From: e.Checkpoint, Reason: r.Reason, At: tx.Now}
		object, err := o.Sign(ballot.Key{Role: ballot.RoleServer, Private: key})
		if err != nil {
			return nil, err
		}
		if err := s.rooms.Accepts(ctx, row, object); err != nil {
			return nil, err
		}
		if err := room.Lend(ctx, tx.Tx, row.Session, r.HubKey, o.Epoch, size); err != nil {
			return nil, err
		}
		i := slices.IndexFunc(m.Sessions, func(x *meetingv1.Session) bool { return x.Id == row.Session })
		m.Sessions[i].Lease = &meetingv1.Lease{Holder: meetingv1.Holder_HOLDER_HUB, HubKey: r.HubKey, Epoch: o.Epoch, Since: tx.Now}
		return &meetingv1.TakeLeaseResponse{Meeting: m, Epoch: object, Record: file}, Meetings.Put(ctx, tx, m)
	})
}

// kept are the records of a session's first rounds, of which none is handed over yet: a second round that has been derived online has them from staff's
// laptop, and the server has its own.
func (s *Service) kept(m message, id string) ([][]byte, error) {
	i := slices.IndexFunc(m.Sessions, func(x *meetingv1.Session) bool { return x.Id == id })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "会场不属于本次会议，请重新选择").At("session_id")
	}
	var all [][]byte
	for _, f := range m.Sessions[i].Firsts {
		row, err := s.rooms.Row(context.Background(), f.SessionId)
		if err != nil {
			return nil, err
		}
		if row.Holder != room.Server {
			return nil, nil
		}
		file, _, err := s.rooms.Record(context.Background(), row, nil)
		if err != nil {
			return nil, err
		}
		all = append(all, file)
	}
	return all, nil
}

// ReleaseLease implements the RPC (voting.md): an administrator ends what does not come back. The word stands in the server's log of each session; the
// people are free again, and the meeting can be issued anew under other sessions.
func (s *Service) ReleaseLease(ctx context.Context, r *meetingv1.ReleaseLeaseRequest) (*meetingv1.ReleaseLeaseResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.ReleaseLeaseResponse, error) {
		m, err := ownAt(ctx, tx, r.Base.Id, r.Base.Revision)
		if err != nil {
			return nil, err
		}
		if m.State != meetingv1.State_STATE_ISSUED {
			return nil, errNotIssued
		}
		for _, x := range m.Sessions {
			row, err := room.Find(ctx, tx.Tx, x.Id)
			if err != nil {
				return nil, err
			}
			object, err := s.release(ctx, tx, row, r.Reason)
			if err != nil {
				return nil, err
			}
			m.Released = append(m.Released, &meetingv1.Released{SessionId: x.Id, Name: x.Name, Package: x.Package, By: tx.Caller.Staff.Name, Reason: r.Reason, At: tx.Now, Release: object})
		}
		if err := free(ctx, tx, m); err != nil {
			return nil, err
		}
		renew(m)
		m.State, m.Package = meetingv1.State_STATE_CONFIRMED, nil
		return &meetingv1.ReleaseLeaseResponse{Meeting: m}, Meetings.Put(ctx, tx, m)
	})
}

func (s *Service) release(ctx context.Context, tx *command.Tx, row *room.Row, reason string) ([]byte, error) {
	key, ok := s.keys.Private(row.Server)
	if !ok { // nobody can sign for that package any more; the session ends all the same
		return nil, room.Stop(ctx, tx.Tx, row)
	}
	o := &ballot.Release{Session: row.Session, By: tx.Caller.Staff.Name, Reason: reason, At: tx.Now}
	object, err := o.Sign(ballot.Key{Role: ballot.RoleServer, Private: key})
	if err != nil {
		return nil, err
	}
	return object, room.End(ctx, tx.Tx, row, room.Released, object)
}

// renew gives the sessions of a meeting other ids, because each id has its log for ever.
func renew(m message) {
	ids := map[string]string{}
	for _, x := range m.Sessions {
		ids[x.Id] = uuid.Must(uuid.NewV7()).String()
		x.Id = ids[x.Id]
		x.Package, x.Record, x.Archive, x.Lease = nil, nil, nil, nil
	}
	for _, x := range m.Sessions {
		for _, f := range x.Firsts {
			f.SessionId = ids[f.SessionId]
		}
	}
}

// one is the record of a request that has one.
func (s *Service) one(record []byte, file *commonv1.Attachment) ([]byte, error) {
	var files []*commonv1.Attachment
	if file.GetSha256() != "" {
		files = append(files, file)
	}
	all, err := s.content([][]byte{record}, files)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, fault.New(fault.Invalid, "请选择一份会议记录文件").At("record")
	}
	return all[0], nil
}

// KeepLate implements the RPC (voting.md): what a released hub still brings is checked and kept beside the meeting, whatever it says. Nobody's result
// changes by it.
func (s *Service) KeepLate(ctx context.Context, r *meetingv1.KeepLateRequest) (*meetingv1.KeepLateResponse, error) {
	if _, err := s.own(ctx, r.Base.Id); err != nil {
		return nil, err
	}
	file, err := s.one(r.Record, r.File)
	if err != nil {
		return nil, err
	}
	e, err := ballot.ParseEvidence(file)
	if err != nil {
		return nil, err
	}
	v, bad := s.verify(file)
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.KeepLateResponse, error) {
		m, err := ownAt(ctx, tx, r.Base.Id, r.Base.Revision)
		if err != nil {
			return nil, err
		}
		x, err := s.releasedOf(m, e.Log[0])
		if err != nil {
			return nil, err
		}
		a, err := s.keep(file, "解除控制后的会议记录.zpr")
		if err != nil {
			return nil, err
		}
		finding := finding(v, bad)
		if i := slices.IndexFunc(x.Late, func(o *commonv1.Attachment) bool { return o.Sha256 == a.Sha256 }); i >= 0 {
			return &meetingv1.KeepLateResponse{Meeting: m, Finding: x.Findings[i]}, nil
		}
		x.Late, x.Findings = append(x.Late, a), append(x.Findings, finding)
		return &meetingv1.KeepLateResponse{Meeting: m, Finding: finding}, Meetings.Put(ctx, tx, m)
	})
}

func (s *Service) releasedOf(m message, pkg []byte) (*meetingv1.Released, error) {
	id := ballot.IDOf(pkg)
	for _, x := range m.Released {
		b, _, err := s.files.Read(x.Package.Sha256, 0, x.Package.Size)
		if err != nil {
			return nil, err
		}
		if ballot.IDOf(b) == id {
			return x, nil
		}
	}
	return nil, fault.New(fault.Invalid, "这不是本次会议已解除控制的会场的记录，请核对文件").At("record")
}

// finding is what a check of late evidence says in one sentence.
func finding(v *ballot.Verified, bad error) string {
	if bad != nil {
		return "核验不成立：" + bad.Error()
	}
	word := "记录自身一致"
	if n := len(v.Alarms); n > 0 {
		word = "记录自身一致，但有须查明的事项：" + v.Alarms[0]
	}
	return word + "，短码 " + rules.Short(v.Root[:]) + "；只作证据留存，不影响评审结果"
}
