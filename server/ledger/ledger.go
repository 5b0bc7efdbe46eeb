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
}

// Open names the log of a session.
func Open(d *db.DB, session string) *Ledger { return &Ledger{d, session} }

// Append implements ballot.Store: what it has returned from is committed.
func (l *Ledger) Append(ctx context.Context, size int64, objects [][]byte, hashes []tlog.Hash) error {
	return l.db.Write(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		var have, haveHashes int64
		err := tx.Get(ctx, []any{&have, &haveHashes}, `SELECT
			(SELECT coalesce(max(i) + 1, 0) FROM ledger_object WHERE session = $1), (SELECT coalesce(max(i) + 1, 0) FROM ledger_hash WHERE session = $1)`, l.session)
		if err != nil {
			return err
		}
		if have != size {
			return fault.New(fault.Conflict, "会议记录已由另一个程序写入，请刷新后重试")
		}
		for i, o := range objects {
			sum := sha256.Sum256(o)
			if _, err := tx.Exec(ctx, "INSERT INTO ledger_object (session, i, body, sum) VALUES ($1, $2, $3, $4)", l.session, size+int64(i), o, sum[:]); err != nil {
				return err
			}
		}
		for i, h := range hashes {
			if _, err := tx.Exec(ctx, "INSERT INTO ledger_hash (session, i, hash) VALUES ($1, $2, $3)", l.session, haveHashes+int64(i), h[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Load implements ballot.Store. A damaged object is noticed by its sum.
func (l *Ledger) Load(ctx context.Context, fn func([]byte) error) (hashes []tlog.Hash, err error) {
	err = l.db.Read(ctx, func(tx *db.Tx) error {
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
		}, "SELECT i, body, sum FROM ledger_object WHERE session = $1 ORDER BY i", l.session); err != nil {
			return err
		}
		return tx.Query(ctx, func(scan func(...any) error) error {
			var x []byte
			if err := scan(&x); err != nil {
				return err
			}
			hashes = append(hashes, tlog.Hash(x))
			return nil
		}, "SELECT hash FROM ledger_hash WHERE session = $1 ORDER BY i", l.session)
	})
	return hashes, err
}
