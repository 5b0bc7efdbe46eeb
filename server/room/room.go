// Package room is the central server as the sequencer of meetings that no hub laptop holds (voting.md, "Transports", "Leases"): it answers booths and
// staff's laptops with the handlers of shared/room over the logs of package ledger. Several servers may stand before one database; of two that append
// at once one does, and the other reads the log again.
package room

import (
	"context"
	"errors"
	"sync"
	"time"

	"zhiping/server/ledger"
	"zhiping/server/session"
	"zhiping/shared/ballot"
	"zhiping/shared/db"
	"zhiping/shared/fault"
	"zhiping/shared/room"
)

// Rooms are the sessions that this server sequences.
type Rooms struct {
	db      *db.DB
	key     ballot.Key // the sequencer's
	now     func() time.Time
	limit   *limit
	Handler *Handler

	mu   sync.Mutex
	open map[string]*opened
}

// An opened is a session in memory.
type opened struct {
	mu   sync.Mutex // while it is read from the database
	room *room.Room
}

// New returns the rooms of a server; key signs their logs.
func New(d *db.DB, key ballot.Key, now func() time.Time) *Rooms {
	r := &Rooms{db: d, key: key, now: now, limit: newLimit(now), open: map[string]*opened{}}
	r.Handler = &Handler{Handler: &room.Handler{Find: r.find, List: r.list}, rooms: r}
	return r
}

// Public is the sequencer's key in hex, as packages name it.
func (r *Rooms) Public() string { return r.key.Public() }

// Row reads the row of a session.
func (r *Rooms) Row(ctx context.Context, id string) (row *Row, err error) {
	err = r.db.Read(ctx, func(tx *db.Tx) error {
		row, err = Find(ctx, tx, id)
		return err
	})
	return row, err
}

// Room returns a session as the server has it now. Once a hub has its lease nothing more is written to it here.
func (r *Rooms) Room(ctx context.Context, row *Row) (*room.Room, error) {
	r.mu.Lock()
	o := r.open[row.Session]
	if o == nil {
		o = &opened{}
		r.open[row.Session] = o
	}
	r.mu.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.room == nil {
		var pkg []byte
		if err := r.db.Read(ctx, func(tx *db.Tx) (err error) {
			pkg, err = content(ctx, tx, row.Session)
			return err
		}); err != nil {
			return nil, err
		}
		s, err := ballot.Begin(ctx, ledger.Guarded(r.db, row.Session, r.may(row.Session)), pkg, row.Server, r.key)
		if err != nil {
			return nil, err
		}
		o.room = &room.Room{Session: s, Hub: r.key, Shelf: &shelf{r.db, row.Session}, Now: func() int64 { return r.now().UnixMilli() }}
		return o.room, nil
	}
	return o.room, o.follow(ctx, row.Size)
}

// follow reads what another server has appended.
func (o *opened) follow(ctx context.Context, size int64) error {
	have, _, err := o.room.Session.Head()
	if err != nil || have >= size {
		return err
	}
	if err := o.room.Session.Reload(ctx); err != nil {
		return err
	}
	o.room.Wake()
	return nil
}

// find is the handler's: who asks has shown the pairing code of the session, or is staff of the unit that holds the meeting.
func (r *Rooms) find(ctx context.Context, id string) (*room.Room, error) {
	all, err := r.rows(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case len(all) == 0:
		return nil, errNoRoom
	case len(all) > 1:
		return nil, fault.New(fault.Invalid, "本次会议有%d个会场，请先选择会场", len(all))
	}
	return r.sequenced(ctx, all[0])
}

// sequenced refuses booths while a hub has the lease: they would read an old log. Staff's laptop may read how far it went.
func (r *Rooms) sequenced(ctx context.Context, row *Row) (*room.Room, error) {
	if _, paired := ctx.Value(pairingKey{}).(string); paired && row.Holder != Server {
		return nil, errLent
	}
	return r.Room(ctx, row)
}

func (r *Rooms) list(ctx context.Context) (rooms []*room.Room, err error) {
	all, err := r.rows(ctx, "")
	if err != nil {
		return nil, err
	}
	var lent error
	for _, row := range all {
		x, err := r.sequenced(ctx, row)
		switch {
		case errors.Is(err, errLent): // the others are here still
			lent = err
		case err != nil:
			return nil, err
		default:
			rooms = append(rooms, x)
		}
	}
	if len(rooms) == 0 {
		return nil, lent
	}
	return rooms, nil
}

// rows are the sessions that the caller may know of: a named one, or those of a pairing code.
func (r *Rooms) rows(ctx context.Context, id string) (all []*Row, err error) {
	code, paired := ctx.Value(pairingKey{}).(string)
	err = r.db.Read(ctx, func(tx *db.Tx) error {
		ids := []string{id}
		if id == "" && paired {
			if ids, err = sessionsOf(ctx, tx, code); err != nil {
				return err
			}
		}
		for _, id := range ids {
			row, err := Find(ctx, tx, id)
			if err != nil {
				return err
			}
			if paired && row.Pairing != code || !paired && (session.Of(ctx) == nil || session.Of(ctx).Unit.Id != row.Unit) {
				return errNoRoom
			}
			all = append(all, row)
		}
		return nil
	})
	return all, err
}

func sessionsOf(ctx context.Context, tx *db.Tx, code string) (ids []string, err error) {
	err = tx.Query(ctx, func(scan func(...any) error) error {
		var id string
		ids = append(ids, "")
		err := scan(&id)
		ids[len(ids)-1] = id
		return err
	}, byPairing, code)
	return ids, err
}

// Follow looks for what other servers have appended to the sessions that are open here, so that those who wait hear of it.
func (r *Rooms) Follow(ctx context.Context) error {
	r.mu.Lock()
	all := map[string]*opened{}
	for id, o := range r.open {
		all[id] = o
	}
	r.mu.Unlock()
	var errs []error
	for id, o := range all {
		row, err := r.Row(ctx, id)
		if err == nil {
			o.mu.Lock()
			if o.room != nil {
				err = o.follow(ctx, row.Size)
			}
			o.mu.Unlock()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Record is the evidence of a session that the server sequences, with firsts as those of its first rounds.
func (r *Rooms) Record(ctx context.Context, row *Row, firsts [][]byte) (file []byte, size int64, err error) {
	if row.Holder != Server {
		return nil, 0, errLent
	}
	e, p, err := r.evidence(ctx, row, firsts)
	if err != nil {
		return nil, 0, err
	}
	return e.Encode(p), int64(len(e.Log)), nil
}

// Copied is what the server has written of a session that a hub goes on with; nil if a hub had it from the beginning.
func (r *Rooms) Copied(ctx context.Context, row *Row) (*ballot.Evidence, error) {
	if row.Size < 2 {
		return nil, nil
	}
	e, _, err := r.evidence(ctx, row, nil)
	return e, err
}

// Accepts says whether the server's log of a session would take an object now.
func (r *Rooms) Accepts(ctx context.Context, row *Row, object []byte) error {
	x, err := r.Room(ctx, row)
	if err == nil {
		x.Session.View(func(s *ballot.State) { err = s.Check(object) })
	}
	return err
}

func (r *Rooms) evidence(ctx context.Context, row *Row, firsts [][]byte) (*ballot.Evidence, *ballot.Package, error) {
	x, err := r.Room(ctx, row)
	if err != nil {
		return nil, nil, err
	}
	log, checkpoint, err := x.Session.Signed()
	if err != nil {
		return nil, nil, err
	}
	e := &ballot.Evidence{Server: row.Server, Log: log, Checkpoint: checkpoint, Columns: map[string][]byte{}}
	derived := false
	var counted []string
	x.Session.View(func(s *ballot.State) {
		derived = s.Derived != nil
		for _, id := range s.Order {
			if s.Rounds[id].Tally != nil {
				counted = append(counted, id)
			}
		}
	})
	if derived {
		e.Firsts = firsts
	}
	for _, id := range counted {
		if e.Columns[id], err = x.Shelf.Columns(ctx, id); err != nil {
			return nil, nil, err
		}
	}
	err = r.db.Read(ctx, func(tx *db.Tx) error {
		if e.Checkpoints, err = parts(ctx, tx, row.Session, partSeen); err != nil {
			return err
		}
		e.Late, err = parts(ctx, tx, row.Session, partLate)
		return err
	})
	return e, x.Package(), err
}
