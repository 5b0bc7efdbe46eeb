// Package feed tells each viewer what has changed: numbers follow commit order because they are taken from a locked counter row, so a
// client that has read up to a number has missed nothing before it (sync.md). Only the newest change of a record is kept per viewer. Beside
// it stand, by viewer and kind, the count and the sum of the hashes of all that is seen: what a mirror is compared with.
package feed

import (
	"context"
	"errors"
	"sync"

	"zhiping/shared/db"
	"zhiping/shared/wire"
)

// Everybody is the viewer of what every signed-in person sees.
const Everybody = "*"

// A Change is a record that a viewer gained, saw change, or lost from sight.
type Change struct {
	Viewer   string // "unit:…", or Everybody
	Kind, ID string
	Revision int64
	Gone     bool
}

// A Stamp says when changes were made, and who made them.
type Stamp struct {
	At int64 // UTC milliseconds
	By string
}

var (
	next   = db.SQL("UPDATE head SET value = value + $1 WHERE name = 'feed' RETURNING value")
	before = db.SQL("SELECT hash, gone FROM feed WHERE viewer = $1 AND kind = $2 AND id = $3")
	insert = db.SQL(`INSERT INTO feed (viewer, kind, id, seq, revision, gone, hash, at, by_whom) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (viewer, kind, id) DO UPDATE SET seq = excluded.seq, revision = excluded.revision, gone = excluded.gone, hash = excluded.hash, at = excluded.at, by_whom = excluded.by_whom`)
	// Each half comes out of its index in order: a viewer with many changes would otherwise have all the rest sorted for every page.
	after = db.SQL(`SELECT seq, viewer, kind, id, revision, gone, at, by_whom FROM (SELECT * FROM feed WHERE viewer = $1 AND seq > $2 ORDER BY seq LIMIT $3) AS own
		UNION ALL SELECT seq, viewer, kind, id, revision, gone, at, by_whom FROM (SELECT * FROM feed WHERE viewer = '*' AND seq > $2 ORDER BY seq LIMIT $3) AS everybodys
		ORDER BY seq LIMIT $3`)
	head      = db.SQL("SELECT value FROM head WHERE name = 'feed'")
	headOf    = db.SQL("SELECT COALESCE(MAX(seq), 0) FROM feed WHERE viewer IN ($1, '*')")
	addDigest = db.SQL("INSERT INTO digest (viewer, kind, count, sum) VALUES ($1, $2, $3, $4) ON CONFLICT (viewer, kind) DO UPDATE SET count = digest.count + excluded.count, sum = digest.sum + excluded.sum")
	digests   = db.SQL("SELECT viewer, kind, count, sum FROM digest WHERE viewer IN ($1, '*') AND count <> 0 ORDER BY viewer, kind")
)

// A Digest is what a viewer sees of a kind, in two numbers.
type Digest struct {
	Viewer, Kind string
	Count, Sum   int64
}

// Append adds changes as the last write of a command.
func Append(ctx context.Context, tx *db.Tx, changes []Change, stamp Stamp) error {
	if len(changes) == 0 {
		return nil
	}
	var last int64
	if err := tx.Get(ctx, []any{&last}, next, len(changes)); err != nil {
		return err
	}
	delta := map[Digest]*Digest{}
	for i, c := range changes {
		d := delta[Digest{Viewer: c.Viewer, Kind: c.Kind}]
		if d == nil {
			d = &Digest{Viewer: c.Viewer, Kind: c.Kind}
			delta[Digest{Viewer: c.Viewer, Kind: c.Kind}] = d
		}
		seq := last - int64(len(changes)-1-i)
		if err := d.put(ctx, tx, c, seq, stamp); err != nil {
			return err
		}
	}
	for _, d := range delta {
		if _, err := tx.Exec(ctx, addDigest, d.Viewer, d.Kind, d.Count, d.Sum); err != nil {
			return err
		}
	}
	return nil
}

// put writes one change and adds to the digest what it alters.
func (d *Digest) put(ctx context.Context, tx *db.Tx, c Change, seq int64, stamp Stamp) error {
	if c.Revision > 1 || c.Gone { // nobody has seen a new record before
		var old int64
		var gone bool
		switch err := tx.Get(ctx, []any{&old, &gone}, before, c.Viewer, c.Kind, c.ID); {
		case err == nil && !gone:
			d.Count, d.Sum = d.Count-1, d.Sum-old
		case err != nil && !errors.Is(err, db.ErrNoRow):
			return err
		}
	}
	hash := wire.Hash(c.Kind, c.ID, c.Revision)
	if !c.Gone {
		d.Count, d.Sum = d.Count+1, d.Sum+hash
	}
	_, err := tx.Exec(ctx, insert, c.Viewer, c.Kind, c.ID, seq, c.Revision, c.Gone, hash, stamp.At, stamp.By)
	return err
}

// Numbered is a change with its number.
type Numbered struct {
	Seq int64
	Change
	Stamp
}

// After returns the changes after a number that a viewer sees, with those that everybody sees, size at most.
func After(ctx context.Context, tx *db.Tx, viewer string, seq int64, size int) ([]Numbered, error) {
	var all []Numbered
	err := tx.Query(ctx, func(scan func(...any) error) error {
		var n Numbered
		if err := scan(&n.Seq, &n.Viewer, &n.Kind, &n.ID, &n.Revision, &n.Gone, &n.At, &n.By); err != nil {
			return err
		}
		all = append(all, n)
		return nil
	}, after, viewer, seq, size)
	return all, err
}

// Head returns the newest number.
func Head(ctx context.Context, tx *db.Tx) (seq int64, err error) {
	return seq, tx.Get(ctx, []any{&seq}, head)
}

// HeadOf returns the newest number that a viewer sees.
func HeadOf(ctx context.Context, tx *db.Tx, viewer string) (seq int64, err error) {
	return seq, tx.Get(ctx, []any{&seq}, headOf, viewer)
}

// Digests returns what a viewer sees, by kind, and what everybody sees.
func Digests(ctx context.Context, tx *db.Tx, viewer string) ([]Digest, error) {
	var all []Digest
	err := tx.Query(ctx, func(scan func(...any) error) error {
		var d Digest
		if err := scan(&d.Viewer, &d.Kind, &d.Count, &d.Sum); err != nil {
			return err
		}
		all = append(all, d)
		return nil
	}, digests, viewer)
	return all, err
}

// A Bell wakes those who wait for changes. The zero value is ready.
type Bell struct {
	mu   sync.Mutex
	wait chan struct{}
}

// Ring wakes everybody who waits.
func (b *Bell) Ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wait != nil {
		close(b.wait)
		b.wait = nil
	}
}

// Wait returns a channel that is closed at the next Ring.
func (b *Bell) Wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wait == nil {
		b.wait = make(chan struct{})
	}
	return b.wait
}
