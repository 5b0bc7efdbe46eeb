package cache

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	syncv1 "zhiping/proto/gen/zhiping/sync/v1"
	"zhiping/shared/db"
)

// ErrDigest says that the mirror is not what the server says it should be after a checkpoint.
var ErrDigest = errors.New("cache: the mirror differs from the server")

// Position is where the next pull goes on: after what has been staged, or after the last checkpoint.
func (c *Cache) Position(ctx context.Context) (epoch string, cursor, last int64, err error) {
	err = c.db.Read(ctx, func(tx *db.Tx) error {
		s, err := settings(ctx, tx)
		if err != nil {
			return err
		}
		last = s.number("last")
		if epoch, cursor = s.get("staged_epoch"), s.number("staged"); epoch == "" {
			epoch, cursor = s.get("epoch"), s.number("cursor")
		}
		return nil
	})
	return epoch, cursor, last, err
}

// Pulled is when the last checkpoint was applied; zero for never.
func (c *Cache) Pulled(ctx context.Context) (at time.Time, err error) {
	err = c.db.Read(ctx, func(tx *db.Tx) error {
		s, err := settings(ctx, tx)
		if err == nil && s.get("pulled") != "" {
			at = time.UnixMilli(s.number("pulled"))
		}
		return err
	})
	return at, err
}

// Stage keeps a page of a checkpoint that is not complete yet: nothing of it is seen, and after an interruption the pull goes on behind it. A
// mirror that has nothing yet takes the page in at once, since nothing of it is seen before the first checkpoint is complete.
func (c *Cache) Stage(ctx context.Context, p *syncv1.PullResponse) error {
	return c.db.Write(ctx, func(tx *db.Tx) error {
		s, err := settings(ctx, tx)
		if err != nil {
			return err
		}
		if s.get("epoch") == "" {
			err = c.fill(ctx, tx, p)
		} else {
			err = c.stage(ctx, tx, s, p)
		}
		return errors.Join(err, s.set("staged_epoch", p.Epoch), s.set("staged", p.Cursor))
	})
}

func (c *Cache) stage(ctx context.Context, tx *db.Tx, s *setting, p *syncv1.PullResponse) error {
	if p.Reset_ {
		if _, err := tx.Exec(ctx, "DELETE FROM incoming"); err != nil {
			return err
		}
		if err := s.set("staged_reset", 1); err != nil {
			return err
		}
	}
	b, err := proto.Marshal(&syncv1.PullResponse{Changes: p.Changes})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO incoming (page) VALUES ($1)", c.vault.Seal(b))
	return err
}

// fill takes a page of the first checkpoint in.
func (c *Cache) fill(ctx context.Context, tx *db.Tx, p *syncv1.PullResponse) error {
	a := &applying{ctx: ctx, c: c, tx: tx, changed: map[string]bool{}, delta: map[place][2]int64{}}
	if p.Reset_ { // begun anew, before it was ever complete
		if err := a.clear(); err != nil {
			return err
		}
		a.fresh = true
	}
	return errors.Join(a.each(p.Changes), a.count())
}

// A View is what has been done here, laid over the mirror: effects read and write it.
type View struct {
	ctx     context.Context
	c       *Cache
	tx      *db.Tx
	number  int64
	at      int64
	touched map[[2]string]bool
}

// Get returns a record as it is seen so far, nil for none; it may be changed and put.
func (v *View) Get(kind, id string) (proto.Message, error) {
	return v.c.effective(v.ctx, v.tx, kind, id)
}

// Put lays a record over the mirror as the result of the mutation that is being replayed; its revision becomes "my mutation n".
func (v *View) Put(kind string, m proto.Message) error {
	r := m.ProtoReflect()
	r.Set(r.Descriptor().Fields().ByName("revision"), revisionOf(-v.number))
	id := idOf(m)
	b, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	v.touched[[2]string{kind, id}] = true
	_, err = v.tx.Exec(v.ctx, "INSERT INTO overlay (kind, id, number, at, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, id) DO UPDATE SET number = excluded.number, at = excluded.at, body = excluded.body",
		kind, id, v.number, v.at, v.c.vault.Seal(b))
	return err
}

// Do replays one mutation.
func (v *View) Do(number, at int64, effect func(*View) error) error {
	v.number, v.at = number, at
	return effect(v)
}

// Apply makes a checkpoint visible, with all its staged pages, in one transaction; replay lays what the checkpoint does not contain yet over
// it. ErrDigest undoes everything. It returns the kinds of which something has changed.
func (c *Cache) Apply(ctx context.Context, p *syncv1.PullResponse, replay func(*View) error) (changed map[string]bool, err error) {
	changed = map[string]bool{}
	defer c.forget()
	err = c.db.Write(ctx, func(tx *db.Tx) error {
		s, err := settings(ctx, tx)
		if err != nil {
			return err
		}
		a := &applying{ctx: ctx, c: c, tx: tx, changed: changed, delta: map[place][2]int64{}}
		if p.Reset_ || s.number("staged_reset") == 1 {
			if err := a.clear(); err != nil {
				return err
			}
			a.fresh = true
			changed["*"] = true
		}
		if s.get("epoch") == "" {
			changed["*"] = true
		}
		if err := a.all(p.Changes); err != nil {
			return err
		}
		if err := a.digests(p.Digests); err != nil {
			return err
		}
		if err := a.overlay(replay); err != nil {
			return err
		}
		c.filled.Store(true)
		return errors.Join(s.set("epoch", p.Epoch), s.set("cursor", p.Cursor), s.set("last", p.Last), s.set("pulled", c.now().UnixMilli()),
			s.set("staged_epoch", ""), s.set("staged", 0), s.set("staged_reset", 0))
	})
	return changed, err
}

// Relay lays what has been done here over the mirror anew, without a checkpoint: after something was put into the outbox.
func (c *Cache) Relay(ctx context.Context, replay func(*View) error) (changed map[string]bool, err error) {
	changed = map[string]bool{}
	return changed, c.db.Write(ctx, func(tx *db.Tx) error {
		return (&applying{ctx: ctx, c: c, tx: tx, changed: changed}).overlay(replay)
	})
}

// Reset forgets everything that came from the server: the next pull begins anew.
func (c *Cache) Reset(ctx context.Context) error {
	defer c.forget()
	c.filled.Store(false)
	return c.db.Write(ctx, func(tx *db.Tx) error {
		for _, table := range []string{"item", "record", "entry", "term", "digest", "incoming", "overlay"} {
			if _, err := tx.Exec(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, "DELETE FROM setting WHERE name IN ('epoch', 'cursor', 'last', 'pulled', 'staged_epoch', 'staged', 'staged_reset')")
		return err
	})
}
