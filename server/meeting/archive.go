package meeting

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"

	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/server/command"
	"zhiping/server/room"
	"zhiping/shared/ballot"
	"zhiping/shared/db"
	"zhiping/shared/fault"
	rules "zhiping/shared/meeting"
)

// archive keeps a session's record and signs for it, with the key that signed its package: the third tick, after which keys may be destroyed and laptops
// wiped (voting.md).
func (s *Service) archive(ctx context.Context, tx *command.Tx, x *meetingv1.Session, r *handed) (err error) {
	if x.Record, err = s.keep(r.file, "会议记录.zpr"); err != nil {
		return err
	}
	key, ok := s.keys.Private(r.row.Server)
	if !ok {
		return fault.New(fault.State, "签发会场“%s”会议包的密钥已停用，不能确认归档，请联系系统管理员", x.Name)
	}
	o := &ballot.Archive{Session: x.Id, Size: r.v.Size, Root: r.v.Root[:], At: tx.Now}
	if x.Archive, err = o.Sign(ballot.Key{Role: ballot.RoleServer, Private: key}); err != nil {
		return err
	}
	x.Lease = &meetingv1.Lease{Holder: meetingv1.Holder_HOLDER_RETURNED, HubKey: r.v.State.Hub, Epoch: r.v.State.Epoch, Since: tx.Now}
	if r.size > 0 {
		if r.row.Size != r.size {
			return fault.New(fault.Conflict, "会场“%s”的记录刚刚有变化，请重试", x.Name)
		}
		return room.End(ctx, tx.Tx, r.row, room.Archived, x.Archive)
	}
	if r.row.Holder == room.Server { // a spare took over without asking the server
		if err := room.Lend(ctx, tx.Tx, x.Id, r.v.State.Hub, r.v.State.Epoch, r.row.Size); err != nil {
			return err
		}
	}
	return room.Close(ctx, tx.Tx, r.row)
}

// CheckRecord implements the RPC: what verify meeting says, for a record of the meeting or of one of its rehearsals.
func (s *Service) CheckRecord(ctx context.Context, r *meetingv1.CheckRecordRequest) (*meetingv1.CheckRecordResponse, error) {
	m, err := s.own(ctx, r.Id)
	if err != nil {
		return nil, err
	}
	file, err := s.one(r.Record, r.File)
	if err != nil {
		return nil, err
	}
	v, bad := s.verify(file)
	if bad == nil && v.State.Package.Meeting != m.Id {
		return nil, fault.New(fault.Invalid, "这是另一次会议的记录，请核对文件").At("record")
	}
	resp := &meetingv1.CheckRecordResponse{Report: rules.Text(rules.Verification(file, v, bad)), Holds: bad == nil}
	if v != nil {
		resp.Rehearsal, resp.ShortRoot = v.State.Package.Rehearsal, rules.Short(v.Root[:])
	}
	return resp, nil
}

// GetArchive implements the RPC. A session's id is known to those who have its package.
func (s *Service) GetArchive(ctx context.Context, r *meetingv1.GetArchiveRequest) (*meetingv1.GetArchiveResponse, error) {
	var x *meetingv1.Session
	err := s.run.DB.Read(ctx, func(tx *db.Tx) error {
		row, err := room.Find(ctx, tx, r.Session)
		if err != nil {
			return err
		}
		m, err := Meetings.Find(ctx, tx, row.Meeting)
		if err != nil {
			return err
		}
		for _, y := range m.Sessions {
			if y.Id == r.Session {
				x = y
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(x.GetArchive()) == 0 {
		return nil, fault.New(fault.State, "中心尚未确认归档，请在会议记录移交后再查询")
	}
	resp := &meetingv1.GetArchiveResponse{Archive: x.Archive}
	if r.Seen > 0 {
		resp.Proof, err = s.grown(x, r.Seen)
	}
	return resp, err
}

// grown proves that the archived log of a session begins with the log of a size.
func (s *Service) grown(x *meetingv1.Session, seen int64) ([][]byte, error) {
	file, _, err := s.files.Read(x.Record.Sha256, 0, x.Record.Size)
	if err != nil {
		return nil, err
	}
	e, err := ballot.ParseEvidence(file)
	if err != nil {
		return nil, err
	}
	if seen > int64(len(e.Log)) {
		return nil, fault.New(fault.State, "归档的记录只有%d条，本机见过%d条，请保留本机数据并联系会务人员", len(e.Log), seen)
	}
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = hashes[x]
		}
		return out, nil
	})
	for i, o := range e.Log {
		h, err := tlog.StoredHashes(int64(i), o, reader)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, h...)
	}
	proof, err := tlog.ProveTree(int64(len(e.Log)), seen, reader)
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for _, h := range proof {
		all = append(all, h[:])
	}
	return all, nil
}
