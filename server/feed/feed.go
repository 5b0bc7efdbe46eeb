// Package feed tells each viewer what has changed: numbers follow commit order because they are taken from a locked counter row, so a
// client that has read up to a number has missed nothing before it (sync.md). Only the newest change of a record is kept per viewer.
package feed

import (
	"context"
	"sync"

	"zhiping/shared/db"
)

// A Change is a record that a viewer gained, saw change, or lost from sight.
type Change struct {
	Viewer   string // "unit:…"
	Kind, ID string
	Revision int64
	Gone     bool
}

var (
	next   = db.SQL("UPDATE head SET value = value + $1 WHERE name = 'feed' RETURNING value")
	insert = db.SQL(`INSERT INTO feed (viewer, kind, id, seq, revision, gone) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (viewer, kind, id) DO UPDATE SET seq = excluded.seq, revision = excluded.revision, gone = excluded.gone`)
	after = db.SQL("SELECT seq, kind, id, revision, gone FROM feed WHERE viewer = $1 AND seq > $2 ORDER BY seq LIMIT $3")
	head  = db.SQL("SELECT value FROM head WHERE name = 'feed'")
)

// Append adds changes as the last write of a command.
func Append(ctx context.Context, tx *db.Tx, changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	var last int64
	if err := tx.Get(ctx, []any{&last}, next, len(changes)); err != nil {
		return err
	}
	for i, c := range changes {
		seq := last - int64(len(changes)-1-i)
		if _, err := tx.Exec(ctx, insert, c.Viewer, c.Kind, c.ID, seq, c.Revision, c.Gone); err != nil {
			return err
		}
	}
	return nil
}

// Numbered is a change with its number.
type Numbered struct {
	Seq int64
	Change
}

// After returns a viewer's changes after a number, size at most.
func After(ctx context.Context, tx *db.Tx, viewer string, seq int64, size int) ([]Numbered, error) {
	var all []Numbered
	err := tx.Query(ctx, func(scan func(...any) error) error {
		n := Numbered{Change: Change{Viewer: viewer}}
		if err := scan(&n.Seq, &n.Kind, &n.ID, &n.Revision, &n.Gone); err != nil {
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
