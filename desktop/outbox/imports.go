package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"zhiping/shared/db"
)

// The states of an import and of its rows: see migrations/00002_import.sql.
const (
	Reading   = "READING"
	Read      = "READ"
	Confirmed = "CONFIRMED"
	Done      = "DONE"
	Dropped   = "DROPPED"

	RowGood   = "GOOD"
	RowFailed = "FAILED"
	RowSent   = "SENT"
	RowTaken  = "TAKEN"
)

// An Import is a workbook on its way to the server.
type Import struct {
	ID       string
	Template string
	Subject  string // what it is for, such as an activity's id
	Hash     string // SHA-256 of the file in hex
	At       int64  // when it was read, UTC milliseconds
	State    string
	About
	Rows map[string]int // by state
}

// About is what is kept sealed of an import.
type About struct {
	File string `json:"file"` // its name
	By   string `json:"by"`   // who read it
}

// An ImportRow is a row of an import.
type ImportRow struct {
	Seq      int64 // its place, from 1
	State    string
	Mutation int64 // that carries it, 0 for none
	Body     []byte
}

// BeginImport keeps that a workbook is being read; At and State are set.
func (o *Outbox) BeginImport(ctx context.Context, i *Import) error {
	about, err := json.Marshal(i.About)
	if err != nil {
		return err
	}
	i.At, i.State = o.now().UnixMilli(), Reading
	return full(o.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO import (id, template, subject, hash, at, about, state) VALUES ($1, $2, $3, $4, $5, $6, $7)", i.ID, i.Template, i.Subject, i.Hash, i.At, o.vault.Seal(about), i.State)
		return err
	}))
}

// AddImportRows keeps rows of an import.
func (o *Outbox) AddImportRows(ctx context.Context, id string, rows []ImportRow) error {
	return full(o.db.Write(ctx, func(tx *db.Tx) error {
		for _, r := range rows {
			if _, err := tx.Exec(ctx, "INSERT INTO import_row (import, seq, state, body) VALUES ($1, $2, $3, $4)", id, r.Seq, r.State, o.vault.Seal(r.Body)); err != nil {
				return err
			}
		}
		return nil
	}))
}

// SetImport keeps the state of an import. What is done or dropped needs the content of its rows no longer; failed rows stay with what is done.
func (o *Outbox) SetImport(ctx context.Context, id, state string) error {
	return full(o.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, "UPDATE import SET state = $2 WHERE id = $1", id, state); err != nil || state != Dropped {
			return err
		}
		_, err := tx.Exec(ctx, "DELETE FROM import_row WHERE import = $1 AND state IN ('GOOD', 'FAILED')", id)
		return err
	}))
}

// PutImportRows keeps rows anew: corrected, or answered.
func (o *Outbox) PutImportRows(ctx context.Context, id string, rows ...ImportRow) error {
	return full(o.db.Write(ctx, func(tx *db.Tx) error {
		for _, r := range rows {
			if _, err := tx.Exec(ctx, "UPDATE import_row SET state = $3, mutation = $4, body = $5 WHERE import = $1 AND seq = $2", id, r.Seq, r.State, r.Mutation, o.vault.Seal(r.Body)); err != nil {
				return err
			}
		}
		return nil
	}))
}

// DropImportRow forgets a row.
func (o *Outbox) DropImportRow(ctx context.Context, id string, seq int64) error {
	return o.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM import_row WHERE import = $1 AND seq = $2 AND state = 'FAILED'", id, seq)
		return err
	})
}

// errMoved says that rows were handed over by another part of the program in the meantime.
var errMoved = errors.New("outbox: rows of an import were sent already")

// sent marks good rows as carried by a mutation, all or none.
func sent(ctx context.Context, tx *db.Tx, id string, seqs []int64, mutation int64) error {
	for _, seq := range seqs {
		n, err := tx.Exec(ctx, "UPDATE import_row SET state = 'SENT', mutation = $3 WHERE import = $1 AND seq = $2 AND state = 'GOOD'", id, seq, mutation)
		if err != nil {
			return err
		}
		if n != 1 {
			return errMoved
		}
	}
	return nil
}

// carrying is what a context says of the rows that a change carries.
type carrying struct {
	id   string
	seqs []int64
}

type carryingKey struct{}

// Carrying makes a change that is put into the outbox in this context mark the rows that it carries, in the same transaction: whatever kills the
// program, a row is either still to be sent, or in the outbox once.
func Carrying(ctx context.Context, id string, seqs []int64) context.Context {
	return context.WithValue(ctx, carryingKey{}, carrying{id, seqs})
}

// carried marks the rows of the context, if it has any.
func carried(ctx context.Context, tx *db.Tx, mutation int64) error {
	c, ok := ctx.Value(carryingKey{}).(carrying)
	if !ok {
		return nil
	}
	return sent(ctx, tx, c.id, c.seqs, mutation)
}

// ImportSeqs are the places of the rows of an import in a state, in order.
func (o *Outbox) ImportSeqs(ctx context.Context, id, state string) (all []int64, err error) {
	err = o.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, func(scan func(...any) error) error {
			var n int64
			err := scan(&n)
			all = append(all, n)
			return err
		}, "SELECT seq FROM import_row WHERE import = $1 AND state = $2 ORDER BY seq", id, state)
	})
	return all, err
}

// ImportRows are rows of an import in a state from a place on, n at most.
func (o *Outbox) ImportRows(ctx context.Context, id, state string, from int64, n int) (all []ImportRow, err error) {
	err = o.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, func(scan func(...any) error) error {
			r := ImportRow{State: state}
			err := scan(&r.Seq, &r.Mutation, &r.Body)
			if err == nil {
				r.Body, err = o.vault.Open(r.Body)
			}
			all = append(all, r)
			return err
		}, "SELECT seq, mutation, body FROM import_row WHERE import = $1 AND state = $2 AND seq >= $3 ORDER BY seq LIMIT $4", id, state, from, n)
	})
	return all, err
}

// Imports are the imports of a template for a subject, newest first; "" stands for any.
func (o *Outbox) Imports(ctx context.Context, template, subject string) ([]*Import, error) {
	return o.imports(ctx, "($1 = '' OR template = $1) AND ($2 = '' OR subject = $2) ORDER BY at DESC, id DESC", template, subject)
}

// Unfinished are the imports that were confirmed and have good rows left: the program was ended while they went to the server.
func (o *Outbox) Unfinished(ctx context.Context) ([]*Import, error) {
	return o.imports(ctx, "state = $1 ORDER BY at", Confirmed)
}

func (o *Outbox) imports(ctx context.Context, where string, args ...any) (all []*Import, err error) {
	err = o.db.Read(ctx, func(tx *db.Tx) error {
		err := tx.Query(ctx, func(scan func(...any) error) error {
			i := &Import{Rows: map[string]int{}}
			var about []byte
			if err := scan(&i.ID, &i.Template, &i.Subject, &i.Hash, &i.At, &about, &i.State); err != nil {
				return err
			}
			b, err := o.vault.Open(about)
			if err != nil {
				return err
			}
			all = append(all, i)
			return json.Unmarshal(b, &i.About)
		}, "SELECT id, template, subject, hash, at, about, state FROM import WHERE "+where, args...)
		for _, i := range all {
			if err == nil {
				err = tx.Query(ctx, func(scan func(...any) error) error {
					var state string
					var n int
					err := scan(&state, &n)
					i.Rows[state] = n
					return err
				}, "SELECT state, COUNT(*) FROM import_row WHERE import = $1 GROUP BY state", i.ID)
			}
		}
		return err
	})
	return all, err
}

// keepImport is how long the rows of a workbook are kept that nobody confirmed, and that it was imported.
const (
	keepImport = 30 * 24 * time.Hour
	knowImport = 400 * 24 * time.Hour
)

// retainImports forgets what was not read to the end before the program was killed, the rows of workbooks that were read long ago and never confirmed, and in the end that they were imported.
func retainImports(ctx context.Context, tx *db.Tx, now time.Time) error {
	for _, x := range []struct {
		sql string
		at  time.Time
	}{
		{"DELETE FROM import_row WHERE import IN (SELECT id FROM import WHERE state = 'READING' AND at <= $1)", now},
		{"DELETE FROM import WHERE state = 'READING' AND at <= $1", now},
		{"DELETE FROM import_row WHERE import IN (SELECT id FROM import WHERE state <> 'CONFIRMED' AND at < $1) AND state IN ('GOOD', 'FAILED')", now.Add(-keepImport)},
		{"DELETE FROM import_row WHERE import IN (SELECT id FROM import WHERE state <> 'CONFIRMED' AND at < $1)", now.Add(-knowImport)},
		{"DELETE FROM import WHERE state <> 'CONFIRMED' AND at < $1", now.Add(-knowImport)},
	} {
		if _, err := tx.Exec(ctx, x.sql, x.at.UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}
