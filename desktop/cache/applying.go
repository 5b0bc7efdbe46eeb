package cache

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	syncv1 "zhiping/proto/gen/zhiping/sync/v1"
	"zhiping/shared/db"
	"zhiping/shared/wire"
)

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
	termed  map[string]bool // texts whose terms are noted
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
				if err := a.terms(ix, keys); err != nil {
					return err
				}
				if err := a.exec("INSERT INTO entry (list, id, state, at, part, c0, c1, c2, c3) VALUES ($1, $2, $3, $4, $9, $5, $6, $7, $8) ON CONFLICT (list, id) DO UPDATE SET state = excluded.state, at = excluded.at, part = excluded.part, c0 = excluded.c0, c1 = excluded.c1, c2 = excluded.c2, c3 = excluded.c3",
					ix.name, id, state, at, keys[0], keys[1], keys[2], keys[3], ix.part(m)); err != nil {
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
	for _, table := range []string{"item", "record", "entry", "term", "digest"} {
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

func idOf(m proto.Message) string {
	r := m.ProtoReflect()
	return r.Get(r.Descriptor().Fields().ByName("id")).String()
}

func revisionOf(n int64) protoreflect.Value { return protoreflect.ValueOfInt64(n) }
