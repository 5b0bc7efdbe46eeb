// Package box keeps a room's log in an SQLite file of its own, ballots.db: what Append has returned from survives a power cut (voting.md,
// invariant V1).
package box

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"
	"golang.org/x/mod/sumdb/tlog"

	"zhiping/shared/fault"
)

// A Box implements ballot.Store.
type Box struct{ db *sql.DB }

const schema = `
CREATE TABLE IF NOT EXISTS object (i INTEGER PRIMARY KEY, bytes BLOB NOT NULL, sum BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS hash (i INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;`

// Open opens or creates the file. synchronous is FULL, read back: another setting is refused.
func Open(ctx context.Context, path string) (*Box, error) {
	b, err := open(ctx, "file:"+path+"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate&_busy_timeout=5000&_secure_delete=true")
	if err != nil {
		return nil, err
	}
	var mode, synchronous string
	err = errors.Join(b.db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode), b.db.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&synchronous))
	if err == nil && (mode != "wal" || synchronous != "2") {
		err = fmt.Errorf("box: journal_mode %s, synchronous %s", mode, synchronous)
	}
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// open opens a database by its full name, runs pragmas and makes the tables.
func open(ctx context.Context, dsn string, pragmas ...string) (*Box, error) {
	d, err := sql.Open("sqlite3", dsn)
	if err != nil {
		return nil, err
	}
	d.SetMaxOpenConns(1)
	for _, s := range append(pragmas, schema) {
		if _, err := d.ExecContext(ctx, s); err != nil {
			return nil, errors.Join(err, d.Close())
		}
	}
	return &Box{d}, nil
}

// Close closes the file.
func (b *Box) Close() error { return b.db.Close() }

// Append implements ballot.Store: one transaction, durable when it returns.
func (b *Box) Append(ctx context.Context, size int64, objects [][]byte, hashes []tlog.Hash) error {
	tx, err := b.db.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after the commit it does nothing
	var have, haveHashes int64
	if err := tx.QueryRow("SELECT (SELECT coalesce(max(i) + 1, 0) FROM object), (SELECT coalesce(max(i) + 1, 0) FROM hash)").Scan(&have, &haveHashes); err != nil {
		return err
	}
	if have != size {
		return fault.New(fault.Conflict, "记录库已被另一个程序写入，请确认只有一个主机程序在运行")
	}
	for i, o := range objects {
		sum := sha256.Sum256(o)
		if _, err := tx.Exec("INSERT INTO object (i, bytes, sum) VALUES (?, ?, ?)", size+int64(i), o, sum[:]); err != nil {
			return err
		}
	}
	for i, h := range hashes {
		if _, err := tx.Exec("INSERT INTO hash (i, bytes) VALUES (?, ?)", haveHashes+int64(i), h[:]); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// Load implements ballot.Store. A damaged object is noticed by its sum.
func (b *Box) Load(ctx context.Context, fn func([]byte) error) ([]tlog.Hash, error) {
	rows, err := b.db.QueryContext(ctx, "SELECT i, bytes, sum FROM object ORDER BY i")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for n := int64(0); rows.Next(); n++ {
		var i int64
		var object, sum []byte
		if err := rows.Scan(&i, &object, &sum); err != nil {
			return nil, err
		}
		if got := sha256.Sum256(object); i != n || string(got[:]) != string(sum) {
			return nil, fault.New(fault.State, "记录库第%d条已损坏，请启用备用主机", n)
		}
		if err := fn(object); err != nil {
			return nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return b.hashes(ctx)
}

func (b *Box) hashes(ctx context.Context) ([]tlog.Hash, error) {
	rows, err := b.db.QueryContext(ctx, "SELECT bytes FROM hash ORDER BY i")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []tlog.Hash
	for rows.Next() {
		var x []byte
		if err := rows.Scan(&x); err != nil {
			return nil, err
		}
		var h tlog.Hash
		copy(h[:], x)
		all = append(all, h)
	}
	return all, rows.Err()
}
