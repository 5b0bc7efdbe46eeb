package room

import (
	"context"
	"errors"

	"golang.org/x/mod/sumdb/tlog"

	"zhiping/server/ledger"
	"zhiping/shared/ballot"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

// Who holds a session's lease, and how a session ended.
const (
	Server = "SERVER"
	Hub    = "HUB"

	Archived = "ARCHIVED"
	Released = "RELEASED"
)

// A Row is one session of a meeting whose package has been issued.
type Row struct {
	Session, Meeting, Unit string
	Holder, Hub            string // who writes the log now, and with which key
	Epoch, Size            int64  // of the copy that the server keeps
	Ended                  string // "", Archived or Released
	Rehearsal              bool
	Pairing                string
	Server                 string // key (hex) that signed the package
	Package                []byte // set to begin a session; Find leaves it out, because every call of a booth reads the row
}

// content reads the package of a session.
func content(ctx context.Context, tx *db.Tx, session string) (b []byte, err error) {
	err = tx.Get(ctx, []any{&b}, readPkg, session)
	if errors.Is(err, db.ErrNoRow) {
		err = errNoRoom
	}
	return b, err
}

var (
	addRoom   = db.SQL("INSERT INTO room (session, meeting_id, unit_id, holder, hub, epoch, size, ended, rehearsal, pairing, server, package) VALUES ($1, $2, $3, $4, $5, $6, 1, '', $7, $8, $9, $10)")
	readRoom  = db.SQL("SELECT session, meeting_id, unit_id, holder, hub, epoch, size, ended, rehearsal, pairing, server FROM room WHERE session = $1")
	readPkg   = db.SQL("SELECT package FROM room WHERE session = $1")
	byPairing = db.SQL("SELECT session FROM room WHERE pairing = $1 ORDER BY session")
	growRoom  = db.SQL("UPDATE room SET size = $2 WHERE session = $1 AND holder = 'SERVER' AND ended <> 'RELEASED' AND size = $3")
	lendRoom  = db.SQL("UPDATE room SET holder = 'HUB', hub = $2, epoch = $3 WHERE session = $1 AND holder = 'SERVER' AND ended = '' AND size = $4")
	endRoom   = db.SQL("UPDATE room SET ended = $2, size = $3 WHERE session = $1 AND ended = '' AND size = $4")
	putPart   = db.SQL("INSERT INTO room_part (session, kind, name, body) VALUES ($1, $2, $3, $4) ON CONFLICT (session, kind, name) DO UPDATE SET body = excluded.body")
	readPart  = db.SQL("SELECT body FROM room_part WHERE session = $1 AND kind = $2 AND name = $3")
	allParts  = db.SQL("SELECT name, body FROM room_part WHERE session = $1 AND kind = $2 ORDER BY name")
)

// The kinds of parts.
const (
	partColumns = "COL"
	partSeen    = "SEEN"
	partLate    = "LATE"
	partPending = "PEND"
)

// Begin registers a session and begins the server's copy of its log with the package.
func Begin(ctx context.Context, tx *db.Tx, r *Row) error {
	if _, err := tx.Exec(ctx, addRoom, r.Session, r.Meeting, r.Unit, r.Holder, r.Hub, r.Epoch, r.Rehearsal, r.Pairing, r.Server, r.Package); err != nil {
		return err
	}
	hashes, err := tlog.StoredHashes(0, r.Package, tlog.HashReaderFunc(func([]int64) ([]tlog.Hash, error) { return nil, nil }))
	if err != nil {
		return err
	}
	return ledger.Put(ctx, tx, r.Session, 0, [][]byte{r.Package}, hashes)
}

// Find returns a session's row, or a NotFound fault.
func Find(ctx context.Context, tx *db.Tx, session string) (*Row, error) {
	r := &Row{}
	err := tx.Get(ctx, []any{&r.Session, &r.Meeting, &r.Unit, &r.Holder, &r.Hub, &r.Epoch, &r.Size, &r.Ended, &r.Rehearsal, &r.Pairing, &r.Server}, readRoom, session)
	if errors.Is(err, db.ErrNoRow) {
		return nil, errNoRoom
	}
	return r, err
}

var errNoRoom = fault.New(fault.NotFound, "会场不存在或会议包尚未签发，请核对会场")

// Lend gives the lease to a hub, from the size at which the server has written the log. The server writes nothing in it from then on.
func Lend(ctx context.Context, tx *db.Tx, session, hub string, epoch, size int64) error {
	n, err := tx.Exec(ctx, lendRoom, session, hub, epoch, size)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "会场的记录刚刚有变化，或已由会场主机接管，请刷新后重试")
	}
	return err
}

// End appends the object that ends a session - the server's word that it keeps the log, or the administrator's release - to the server's copy.
func End(ctx context.Context, tx *db.Tx, r *Row, how string, object []byte) error {
	b, err := content(ctx, tx, r.Session)
	if err != nil {
		return err
	}
	p, id, err := ballot.OpenPackage(b, r.Server)
	if err != nil {
		return err
	}
	state, err := ballot.NewState(p, id)
	if err != nil {
		return err
	}
	hashes, err := ledger.Get(ctx, tx, r.Session, state.Apply)
	if err != nil {
		return err
	}
	size := state.Size()
	if err := state.Apply(object); err != nil {
		return err
	}
	more, err := tlog.StoredHashes(size, object, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = hashes[x]
		}
		return out, nil
	}))
	if err != nil {
		return err
	}
	if n, err := tx.Exec(ctx, endRoom, r.Session, how, size+1, size); err != nil || n == 0 {
		return errors.Join(err, fault.New(fault.Conflict, "会场的记录刚刚有变化，请刷新后重试"))
	}
	return ledger.Put(ctx, tx, r.Session, size, [][]byte{object}, more)
}

// Close marks a session as ended whose log a hub has written: the word on it stands in the hub's log, not in the server's copy.
func Close(ctx context.Context, tx *db.Tx, r *Row) error {
	n, err := tx.Exec(ctx, endRoom, r.Session, Archived, r.Size, r.Size)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "会场已移交或已解除控制，请刷新后重试")
	}
	return err
}

// Stop ends a session for which nobody can sign any more, because the key of its package is retired.
func Stop(ctx context.Context, tx *db.Tx, r *Row) error {
	n, err := tx.Exec(ctx, endRoom, r.Session, Released, r.Size, r.Size)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "会场的记录刚刚有变化，请刷新后重试")
	}
	return err
}

// may is the guard of appends by the server: it holds the lease, and nobody has appended since. The update locks the row until the append is committed.
func (r *Rooms) may(session string) ledger.Guard {
	return func(ctx context.Context, tx *db.Tx, size, more int64) error {
		n, err := tx.Exec(ctx, growRoom, session, size+more, size)
		if err != nil || n == 1 {
			return err
		}
		row, err := Find(ctx, tx, session)
		switch {
		case err != nil:
			return err
		case row.Holder != Server:
			return errLent
		case row.Ended == Released:
			return fault.New(fault.State, "管理员已解除对会议的控制，不能再追加记录")
		}
		return fault.New(fault.Conflict, "会议记录已由另一个程序写入，请刷新后重试")
	}
}

var errLent = fault.New(fault.State, "会议现由会场主机控制，请连接会场主机")
