package cache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	syncv1 "zhiping/proto/gen/zhiping/sync/v1"
	"zhiping/shared/db"
	"zhiping/shared/wire"
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
		for _, table := range []string{"item", "record", "entry", "digest", "incoming", "overlay"} {
			if _, err := tx.Exec(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, "DELETE FROM setting WHERE name IN ('epoch', 'cursor', 'last', 'pulled', 'staged_epoch', 'staged', 'staged_reset')")
		return err
	})
}

type place struct {
	kind string
	open bool
}

type applying struct {
	ctx     context.Context
	c       *Cache
	tx      *db.Tx
	fresh   bool // nothing was there before
	changed map[string]bool
	delta   map[place][2]int64
}

func (a *applying) exec(query string, args ...any) error {
	_, err := a.tx.Exec(a.ctx, query, args...)
	return err
}

// all applies the staged changes, then those of the last page.
func (a *applying) all(last []*syncv1.Change) error {
	for from := int64(0); ; {
		var sealed []byte
		err := a.tx.Get(a.ctx, []any{&from, &sealed}, "SELECT seq, page FROM incoming WHERE seq > $1 ORDER BY seq LIMIT 1", from)
		if errors.Is(err, db.ErrNoRow) {
			break
		}
		if err != nil {
			return err
		}
		b, err := a.c.vault.Open(sealed)
		if err != nil {
			return err
		}
		var page syncv1.PullResponse
		if err := proto.Unmarshal(b, &page); err != nil {
			return err
		}
		if err := a.each(page.Changes); err != nil {
			return err
		}
	}
	if err := a.exec("DELETE FROM incoming"); err != nil {
		return err
	}
	return a.each(last)
}

func (a *applying) each(changes []*syncv1.Change) error {
	for _, x := range changes {
		a.changed[x.Kind] = true
		if err := a.one(x); err != nil {
			return err
		}
	}
	return nil
}

func (a *applying) one(x *syncv1.Change) error {
	if err := a.member(x); err != nil {
		return err
	}
	if x.Gone {
		var one int
		if err := a.tx.Get(a.ctx, []any{&one}, "SELECT 1 FROM item WHERE kind = $1 AND id = $2 LIMIT 1", x.Kind, x.Id); err == nil {
			return nil // still seen the other way
		} else if !errors.Is(err, db.ErrNoRow) {
			return err
		}
		if err := a.exec("DELETE FROM record WHERE kind = $1 AND id = $2", x.Kind, x.Id); err != nil {
			return err
		}
		return a.index(x.Kind, x.Id, nil, 0)
	}
	if len(x.Body) == 0 { // kept on the server until it is asked for; what is here of it is old
		return a.exec("DELETE FROM record WHERE kind = $1 AND id = $2 AND revision <> $3", x.Kind, x.Id, x.Revision)
	}
	if err := a.exec("INSERT INTO record (kind, id, revision, used, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, id) DO UPDATE SET revision = excluded.revision, body = excluded.body", x.Kind, x.Id, x.Revision, a.c.now().UnixMilli(), a.c.vault.Seal(x.Body)); err != nil {
		return err
	}
	if len(a.c.lists[x.Kind]) == 0 {
		return nil // a kind without a list here, or one that only a newer program knows
	}
	m, err := a.c.decode(x.Kind, x.Body)
	if err != nil {
		return fmt.Errorf("cache: %s %s: %w", x.Kind, x.Id, err)
	}
	return a.index(x.Kind, x.Id, m, x.At)
}

// member notes that a record is seen, or no longer, and what that means for the digest.
func (a *applying) member(x *syncv1.Change) error {
	open := 0
	if x.Open {
		open = 1
	}
	at := place{x.Kind, x.Open}
	d := a.delta[at]
	if !a.fresh {
		var old int64
		switch err := a.tx.Get(a.ctx, []any{&old}, "SELECT revision FROM item WHERE kind = $1 AND id = $2 AND open = $3", x.Kind, x.Id, open); {
		case err == nil:
			d = [2]int64{d[0] - 1, d[1] - wire.Hash(x.Kind, x.Id, old)}
		case !errors.Is(err, db.ErrNoRow):
			return err
		}
	}
	if x.Gone {
		a.delta[at] = d
		return a.exec("DELETE FROM item WHERE kind = $1 AND id = $2 AND open = $3", x.Kind, x.Id, open)
	}
	a.delta[at] = [2]int64{d[0] + 1, d[1] + wire.Hash(x.Kind, x.Id, x.Revision)}
	return a.exec("INSERT INTO item (kind, id, open, revision, at, by_whom) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, id, open) DO UPDATE SET revision = excluded.revision, at = excluded.at, by_whom = excluded.by_whom",
		x.Kind, x.Id, open, x.Revision, x.At, x.By)
}

// index writes a record's rows of all lists, or takes them out.
func (a *applying) index(kind, id string, m proto.Message, at int64) error {
	for _, ix := range a.c.lists[kind] {
		if m != nil {
			if state, in := ix.state(m); in {
				var keys [mostKeys]string
				for i, key := range ix.keys {
					keys[i] = key(m)
				}
				if err := a.exec("INSERT INTO entry (list, id, state, at, c0, c1, c2, c3) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (list, id) DO UPDATE SET state = excluded.state, at = excluded.at, c0 = excluded.c0, c1 = excluded.c1, c2 = excluded.c2, c3 = excluded.c3",
					ix.name, id, state, at, keys[0], keys[1], keys[2], keys[3]); err != nil {
					return err
				}
				continue
			}
		}
		if a.fresh {
			continue
		}
		if err := a.exec("DELETE FROM entry WHERE list = $1 AND id = $2", ix.name, id); err != nil {
			return err
		}
	}
	return nil
}

// clear takes out everything that came from the server.
func (a *applying) clear() error {
	var all []error
	for _, table := range []string{"item", "record", "entry", "digest"} {
		all = append(all, a.exec("DELETE FROM "+table))
	}
	return errors.Join(all...)
}

// count brings the mirror's own digests up to date.
func (a *applying) count() error {
	for at, d := range a.delta {
		var have [2]int64
		if err := a.tx.Get(a.ctx, []any{&have[0], &have[1]}, "SELECT count, sum FROM digest WHERE kind = $1 AND open = $2", at.kind, number(at.open)); err != nil && !errors.Is(err, db.ErrNoRow) {
			return err
		}
		if err := a.exec("INSERT INTO digest (kind, open, count, sum) VALUES ($1, $2, $3, $4) ON CONFLICT (kind, open) DO UPDATE SET count = excluded.count, sum = excluded.sum", at.kind, number(at.open), have[0]+d[0], have[1]+d[1]); err != nil {
			return err
		}
	}
	return nil
}

// digests compares the mirror's digests with the server's.
func (a *applying) digests(want []*syncv1.Digest) error {
	if err := a.count(); err != nil {
		return err
	}
	have := map[place][2]int64{}
	if err := a.tx.Query(a.ctx, func(scan func(...any) error) error {
		var kind string
		var open int
		var d [2]int64
		err := scan(&kind, &open, &d[0], &d[1])
		have[place{kind, open == 1}] = d
		return err
	}, "SELECT kind, open, count, sum FROM digest WHERE count <> 0"); err != nil {
		return err
	}
	for _, d := range want {
		if got := have[place{d.Kind, d.Open}]; got != [2]int64{d.Count, d.Sum} {
			return fmt.Errorf("%w: %s has %v, should have %d and %d", ErrDigest, d.Kind, got, d.Count, d.Sum)
		}
		delete(have, place{d.Kind, d.Open})
	}
	if len(have) > 0 {
		return fmt.Errorf("%w: too much of %v", ErrDigest, have)
	}
	return nil
}

func number(on bool) int {
	if on {
		return 1
	}
	return 0
}

// overlay takes what lay over the mirror off, replays what is to lie over it now, and brings the lists up to date where either was.
func (a *applying) overlay(replay func(*View) error) error {
	v := &View{ctx: a.ctx, c: a.c, tx: a.tx, touched: map[[2]string]bool{}}
	if err := a.tx.Query(a.ctx, func(scan func(...any) error) error {
		var kind, id string
		err := scan(&kind, &id)
		v.touched[[2]string{kind, id}] = true
		return err
	}, "SELECT kind, id FROM overlay"); err != nil {
		return err
	}
	if err := a.exec("DELETE FROM overlay"); err != nil {
		return err
	}
	if err := replay(v); err != nil {
		return err
	}
	a.fresh = false
	for t := range v.touched {
		a.changed[t[0]] = true
		if err := a.reindex(t[0], t[1]); err != nil {
			return err
		}
	}
	return nil
}

// reindex brings a record's rows up to what is seen of it.
func (a *applying) reindex(kind, id string) error {
	m, err := a.c.effective(a.ctx, a.tx, kind, id)
	if err != nil {
		return err
	}
	var at int64
	err = a.tx.Get(a.ctx, []any{&at}, "SELECT MAX(at) FROM (SELECT at FROM overlay WHERE kind = $1 AND id = $2 UNION ALL SELECT at FROM item WHERE kind = $1 AND id = $2 UNION ALL SELECT 0)", kind, id)
	if err != nil {
		return err
	}
	return a.index(kind, id, m, at)
}

// Learn keeps records that the server has just answered, if they are what the mirror knows of.
func (c *Cache) Learn(ctx context.Context, kind string, rows []proto.Message) error {
	defer c.forget()
	return c.db.Write(ctx, func(tx *db.Tx) error {
		a := &applying{ctx: ctx, c: c, tx: tx, changed: map[string]bool{}}
		for _, m := range rows {
			var at int64
			err := tx.Get(ctx, []any{&at}, "SELECT at FROM item WHERE kind = $1 AND id = $2 AND revision = $3 LIMIT 1", kind, idOf(m), Revision(m))
			if errors.Is(err, db.ErrNoRow) {
				continue // a checkpoint will bring it
			}
			if err != nil {
				return err
			}
			b, err := proto.Marshal(m)
			if err != nil {
				return err
			}
			if err := a.exec("INSERT INTO record (kind, id, revision, used, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, id) DO UPDATE SET revision = excluded.revision, used = excluded.used, body = excluded.body", kind, idOf(m), Revision(m), c.now().UnixMilli(), c.vault.Seal(b)); err != nil {
				return err
			}
			if err := a.reindex(kind, idOf(m)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Fill indexes the records that are here already for lists that were added after they came.
func (c *Cache) Fill(ctx context.Context) error {
	return c.db.Write(ctx, func(tx *db.Tx) error {
		a := &applying{ctx: ctx, c: c, tx: tx, changed: map[string]bool{}}
		for kind := range c.lists {
			var ids []string
			if err := tx.Query(ctx, func(scan func(...any) error) error {
				ids = append(ids, "")
				return scan(&ids[len(ids)-1])
			}, "SELECT id FROM record WHERE kind = $1 AND NOT EXISTS (SELECT 1 FROM setting WHERE name = $2)", kind, "filled "+c.signature(kind)); err != nil {
				return err
			}
			for _, id := range ids {
				if err := a.reindex(kind, id); err != nil {
					return err
				}
			}
			if err := a.exec("INSERT INTO setting (name, value) VALUES ($1, '1') ON CONFLICT DO NOTHING", "filled "+c.signature(kind)); err != nil {
				return err
			}
		}
		return nil
	})
}

// signature names the lists of a kind, so that another program's lists are noticed.
func (c *Cache) signature(kind string) string {
	s := kind
	for _, ix := range c.lists[kind] {
		s += fmt.Sprintf(" %s/%d", ix.name, len(ix.keys))
	}
	return s
}

// Trim drops the bodies that were not used for longest until the rest is no more than limit bytes: never what has to be done, and never what
// has been done here. The lists of a kind that is not whole any more are asked of the server.
func (c *Cache) Trim(ctx context.Context, limit int64) error {
	if small, err := c.small(ctx, limit); small || err != nil {
		return err
	}
	defer c.forget()
	return c.db.Write(ctx, func(tx *db.Tx) error {
		var size int64
		if err := tx.Get(ctx, []any{&size}, "SELECT COALESCE(SUM(LENGTH(body)), 0) FROM record"); err != nil || size <= limit {
			return err
		}
		type row struct {
			kind, id string
			size     int64
		}
		var rows []row
		if err := tx.Query(ctx, func(scan func(...any) error) error {
			var r row
			err := scan(&r.kind, &r.id, &r.size)
			rows = append(rows, r)
			return err
		}, `SELECT kind, id, LENGTH(body) FROM record r WHERE NOT EXISTS (SELECT 1 FROM overlay o WHERE o.kind = r.kind AND o.id = r.id)
			AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.id = r.id AND e.state IN ('TAB_FIRST', 'TAB_FURTHER', 'TAB_AGAIN')) AND kind NOT IN ('unit', 'staff', 'committee', 'activity', 'meeting') ORDER BY used`); err != nil {
			return err
		}
		for _, r := range rows {
			if size <= limit*9/10 {
				return nil
			}
			if _, err := tx.Exec(ctx, "DELETE FROM record WHERE kind = $1 AND id = $2", r.kind, r.id); err != nil {
				return err
			}
			size -= r.size
		}
		return nil
	})
}

// small reports whether the whole file is no larger than limit: asking that costs nothing.
func (c *Cache) small(ctx context.Context, limit int64) (small bool, err error) {
	err = c.db.Read(ctx, func(tx *db.Tx) error {
		var pages, size int64
		if err := tx.Get(ctx, []any{&pages}, "PRAGMA page_count"); err != nil {
			return err
		}
		err := tx.Get(ctx, []any{&size}, "PRAGMA page_size")
		small = pages*size <= limit
		return err
	})
	return small, err
}

func idOf(m proto.Message) string {
	r := m.ProtoReflect()
	return r.Get(r.Descriptor().Fields().ByName("id")).String()
}

func revisionOf(n int64) protoreflect.Value { return protoreflect.ValueOfInt64(n) }
