// Package audit keeps who changed what and when: one entry per command, written in the command's transaction, as the leaves of a Merkle
// log (golang.org/x/mod/sumdb/tlog) whose head the server signs. An entry that is altered or taken away later no longer fits a signed head.
package audit

import (
	"context"
	"encoding/json"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"zhiping/shared/db"
)

// A Subject is one record that a command changed, with the SHA-256 of its message before and after, "" where there was none.
type Subject struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// An Entry is what one command did. It holds no personal data beyond the ids of who acted.
type Entry struct {
	N         int64     `json:"n"`
	At        int64     `json:"at"` // UTC milliseconds
	Staff     string    `json:"staff,omitempty"`
	Unit      string    `json:"unit,omitempty"`
	Procedure string    `json:"procedure"`
	Label     string    `json:"label"`
	Subjects  []Subject `json:"subjects"`
}

var (
	next       = db.SQL("UPDATE head SET value = value + 1 WHERE name = 'audit' RETURNING value")
	insert     = db.SQL("INSERT INTO audit_entry (n, at, entry) VALUES ($1, $2, $3)")
	insertHash = db.SQL("INSERT INTO audit_hash (idx, hash) VALUES ($1, $2)")
	readHash   = db.SQL("SELECT hash FROM audit_hash WHERE idx = $1")
	size       = db.SQL("SELECT value FROM head WHERE name = 'audit'")
	entries    = db.SQL("SELECT n, entry FROM audit_entry ORDER BY n")
)

// Append adds an entry as the next leaf; its N is set.
func Append(ctx context.Context, tx *db.Tx, e *Entry) error {
	var count int64
	if err := tx.Get(ctx, []any{&count}, next); err != nil {
		return err
	}
	e.N = count - 1
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	hashes, err := tlog.StoredHashes(e.N, text, reader(ctx, tx))
	if err != nil {
		return fmt.Errorf("audit: entry %d: %w", e.N, err)
	}
	if _, err := tx.Exec(ctx, insert, e.N, e.At, string(text)); err != nil {
		return err
	}
	first := tlog.StoredHashIndex(0, e.N)
	for i, h := range hashes {
		if _, err := tx.Exec(ctx, insertHash, first+int64(i), h[:]); err != nil {
			return err
		}
	}
	return nil
}

func reader(ctx context.Context, tx *db.Tx) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, idx := range indexes {
			var b []byte
			if err := tx.Get(ctx, []any{&b}, readHash, idx); err != nil {
				return nil, fmt.Errorf("hash %d: %w", idx, err)
			}
			if len(b) != tlog.HashSize {
				return nil, fmt.Errorf("hash %d has %d bytes", idx, len(b))
			}
			copy(hashes[i][:], b)
		}
		return hashes, nil
	})
}

// Head returns the log's size and root.
func Head(ctx context.Context, tx *db.Tx) (tlog.Tree, error) {
	var t tlog.Tree
	if err := tx.Get(ctx, []any{&t.N}, size); err != nil || t.N == 0 {
		return t, err
	}
	var err error
	t.Hash, err = tlog.TreeHash(t.N, reader(ctx, tx))
	return t, err
}

// Recompute reads every entry and returns the size and root they give, without the stored hashes. It stops at the first entry that is
// missing or bears another number.
func Recompute(ctx context.Context, tx *db.Tx, each func(*Entry) error) (tlog.Tree, error) {
	var t tlog.Tree
	var stored []tlog.Hash
	mem := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, idx := range indexes {
			hashes[i] = stored[idx]
		}
		return hashes, nil
	})
	err := tx.Query(ctx, func(scan func(...any) error) error {
		var n int64
		var text string
		if err := scan(&n, &text); err != nil {
			return err
		}
		var e Entry
		if err := json.Unmarshal([]byte(text), &e); err != nil || n != t.N || e.N != n {
			return fmt.Errorf("第 %d 条审计记录缺失或编号不符", t.N)
		}
		hashes, err := tlog.StoredHashes(n, []byte(text), mem)
		if err != nil {
			return err
		}
		stored, t.N = append(stored, hashes...), n+1
		if each != nil {
			return each(&e)
		}
		return nil
	}, entries)
	if err != nil || t.N == 0 {
		return t, err
	}
	t.Hash, err = tlog.TreeHash(t.N, mem)
	return t, err
}
