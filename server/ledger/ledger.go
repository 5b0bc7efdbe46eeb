// Package ledger keeps the logs of rooms in the server's database: the store of the sequencer while no hub holds a meeting's lease (voting.md).
package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"

	"golang.org/x/mod/sumdb/tlog"

	"zhiping/shared/db"
	"zhiping/shared/fault"
)

// A Ledger implements ballot.Store for one session.
type Ledger struct {
	db      *db.DB
	session string
	may     Guard
}

// A Guard says in the transaction of an append whether it may be: who holds the session's lease, and that nobody else has appended.
type Guard func(ctx context.Context, tx *db.Tx, size, more int64) error

// Open names the log of a session.
func Open(d *db.DB, session string) *Ledger { return &Ledger{db: d, session: session} }

// Guarded is Open with a guard.
func Guarded(d *db.DB, session string, may Guard) *Ledger { return &Ledger{d, session, may} }

// Append implements ballot.Store: what it has returned from is committed.
func (l *Ledger) Append(ctx context.Context, size int64, objects [][]byte, hashes []tlog.Hash) error {
	return l.db.Write(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		if l.may != nil {
			if err := l.may(ctx, tx, size, int64(len(objects))); err != nil {
				return err
			}
		}
		return Put(ctx, tx, l.session, size, objects, hashes)
	})
}

var (
	sizes      = db.SQL("SELECT (SELECT coalesce(max(i) + 1, 0) FROM ledger_object WHERE session = $1), (SELECT coalesce(max(i) + 1, 0) FROM ledger_hash WHERE session = $1)")
	addObject  = db.SQL("INSERT INTO ledger_object (session, i, body, sum) VALUES ($1, $2, $3, $4)")
	addHash    = db.SQL("INSERT INTO ledger_hash (session, i, hash) VALUES ($1, $2, $3)")
	allObjects = db.SQL("SELECT i, body, sum FROM ledger_object WHERE session = $1 ORDER BY i")
	allHashes  = db.SQL("SELECT hash FROM ledger_hash WHERE session = $1 ORDER BY i")
)

// Put appends objects to a session's log in a transaction. A log of another size has been written to by another program.
func Put(ctx context.Context, tx *db.Tx, session string, size int64, objects [][]byte, hashes []tlog.Hash) error {
	var have, haveHashes int64
	if err := tx.Get(ctx, []any{&have, &haveHashes}, sizes, session); err != nil {
		return err
	}
	if have != size {
		return fault.New(fault.Conflict, "会议记录已由另一个程序写入，请刷新后重试")
	}
	for i, o := range objects {
		sum := sha256.Sum256(o)
		if _, err := tx.Exec(ctx, addObject, session, size+int64(i), o, sum[:]); err != nil {
			return err
		}
	}
	for i, h := range hashes {
		if _, err := tx.Exec(ctx, addHash, session, haveHashes+int64(i), h[:]); err != nil {
			return err
		}
	}
	return nil
}

// Load implements ballot.Store.
func (l *Ledger) Load(ctx context.Context, fn func([]byte) error) (hashes []tlog.Hash, err error) {
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		hashes, err = Get(ctx, tx, l.session, fn)
		return err
	})
	return hashes, err
}

// Get calls fn for every object of a session's log and returns the tree's hashes. A damaged object is noticed by its sum.
func Get(ctx context.Context, tx *db.Tx, session string, fn func([]byte) error) (hashes []tlog.Hash, err error) {
	n := int64(0)
	if err := tx.Query(ctx, func(scan func(...any) error) error {
		var i int64
		var object, sum []byte
		if err := scan(&i, &object, &sum); err != nil {
			return err
		}
		if got := sha256.Sum256(object); i != n || !bytes.Equal(got[:], sum) {
			return fault.New(fault.State, "会议记录第%d条已损坏，请从备份恢复", n)
		}
		n++
		return fn(bytes.Clone(object))
	}, allObjects, session); err != nil {
		return nil, err
	}
	err = tx.Query(ctx, func(scan func(...any) error) error {
		var x []byte
		if err := scan(&x); err != nil {
			return err
		}
		if len(x) != tlog.HashSize {
			return fault.New(fault.State, "会议记录的校验树已损坏，请从备份恢复")
		}
		hashes = append(hashes, tlog.Hash(x))
		return nil
	}, allHashes, session)
	return hashes, err
}
