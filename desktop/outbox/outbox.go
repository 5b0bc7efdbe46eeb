// Package outbox keeps the work of one account on this machine: every change as the request that makes it, under a number without gaps, until
// the server has said what became of it; and the drafts of forms. Nothing leaves it without a recorded result (sync.md).
package outbox

import (
	"archive/zip"
	"context"
	"embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"zhiping/desktop/vault"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

//go:embed migrations/*.sql
var files embed.FS

// fileName is the file inside the folder of an account.
const fileName = "work.db"

// The states of a mutation.
const (
	Pending  = "PENDING"
	Applied  = "APPLIED"
	Rejected = "REJECTED"
	Conflict = "CONFLICT"
)

// A Mutation is one change.
type Mutation struct {
	Number    int64
	At        int64 // when it was made, by this machine's clock, UTC milliseconds
	Procedure string
	Request   []byte // as it is sent, the same bytes every time
	State     string
	Status    int    // of the HTTP answer
	Answer    []byte // its body
	DoneAt    int64
	Choice    string // what the clerk decided about a refused one, "" while it is open
}

// An Outbox is the file of one account.
type Outbox struct {
	db    *db.DB
	vault *vault.Vault
	now   func() time.Time
	name  string

	mu      sync.Mutex
	waiting map[int64]chan struct{} // closed when a mutation is done
}

// Open opens or creates the outbox of a folder.
func Open(ctx context.Context, dir string, v *vault.Vault, now func() time.Time) (*Outbox, error) {
	d, err := db.OpenSQLite(ctx, filepath.Join(dir, fileName))
	if err != nil {
		return nil, err
	}
	o := &Outbox{db: d, vault: v, now: now, waiting: map[int64]chan struct{}{}}
	series, err := fs.Sub(files, "migrations")
	if err == nil {
		err = d.Migrate(ctx, series)
	}
	if err == nil {
		err = o.named(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return o, nil
}

// Close closes the file.
func (o *Outbox) Close() error { return o.db.Close() }

// named reads the outbox's name, or gives it one: an installation and an account have one for ever.
func (o *Outbox) named(ctx context.Context) error {
	return o.db.Write(ctx, func(tx *db.Tx) error {
		var b []byte
		err := tx.Get(ctx, []any{&b}, "SELECT value FROM setting WHERE name = 'client'")
		if errors.Is(err, db.ErrNoRow) {
			b = []byte(uuid.Must(uuid.NewV7()).String())
			_, err = tx.Exec(ctx, "INSERT INTO setting (name, value) VALUES ('client', $1)", b)
		}
		o.name = string(b)
		return err
	})
}

// Name is the outbox's name towards the server.
func (o *Outbox) Name() string { return o.name }

// Seal and Unseal seal what is kept beside the file, with its key.
func (o *Outbox) Seal(b []byte) []byte { return o.vault.Seal(b) }

// Unseal opens what Seal has sealed.
func (o *Outbox) Unseal(b []byte) ([]byte, error) { return o.vault.Open(b) }

// Keep keeps something small beside the work, sealed: who was signed in.
func (o *Outbox) Keep(ctx context.Context, name string, value []byte) error {
	sealed := o.vault.Seal(value)
	return o.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", "kept "+name, sealed)
		return err
	})
}

// Kept returns what Keep has kept, nil for nothing.
func (o *Outbox) Kept(ctx context.Context, name string) ([]byte, error) {
	var b []byte
	err := o.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, []any{&b}, "SELECT value FROM setting WHERE name = $1", "kept "+name)
	})
	if errors.Is(err, db.ErrNoRow) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return o.vault.Open(b)
}

// Put puts changes into the outbox, all or none, and returns their numbers. It returns when they are on the disk.
func (o *Outbox) Put(ctx context.Context, procedure string, requests ...[]byte) ([]int64, error) {
	numbers := make([]int64, len(requests))
	err := o.db.Write(ctx, func(tx *db.Tx) error {
		var last int64
		if err := tx.Get(ctx, []any{&last}, "SELECT COALESCE(MAX(number), 0) FROM mutation"); err != nil {
			return err
		}
		var floor int64
		if err := tx.Get(ctx, []any{&floor}, "SELECT COALESCE((SELECT CAST(CAST(value AS TEXT) AS INTEGER) FROM setting WHERE name = 'last'), 0)"); err != nil {
			return err
		}
		last = max(last, floor) // numbers that were archived and forgotten are not given again
		o.mu.Lock()
		defer o.mu.Unlock()
		for i, r := range requests {
			last++
			numbers[i] = last
			o.waiting[last] = make(chan struct{}) // before anybody can send it
			if _, err := tx.Exec(ctx, "INSERT INTO mutation (number, at, procedure, request, state) VALUES ($1, $2, $3, $4, $5)", last, o.now().UnixMilli(), procedure, o.vault.Seal(r), Pending); err != nil {
				return err
			}
		}
		return carried(ctx, tx, last)
	})
	return numbers, full(err)
}

// full says in words that the disk is full: the one failure of a write that a clerk can mend.
func full(err error) error {
	if db.IsFull(err) {
		return fault.New(fault.State, "磁盘空间不足，操作没有保存。请清理磁盘后重试，页面上的内容不会丢失")
	}
	return err
}

// Done is closed once a mutation of this run of the program has its result.
func (o *Outbox) Done(number int64) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if c := o.waiting[number]; c != nil {
		return c
	}
	done := make(chan struct{})
	close(done)
	return done
}

// Finish records what became of a mutation.
func (o *Outbox) Finish(ctx context.Context, number int64, state string, status int, answer []byte) error {
	err := o.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE mutation SET state = $2, status = $3, answer = $4, done_at = $5 WHERE number = $1", number, state, status, o.vault.Seal(answer), o.now().UnixMilli())
		return err
	})
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if c := o.waiting[number]; c != nil {
		close(c)
		delete(o.waiting, number)
	}
	return nil
}

// Again makes every mutation from a number on pending again: the server was restored from a backup that does not know them. It is an error if
// one of them is no longer there.
func (o *Outbox) Again(ctx context.Context, from int64) error {
	return o.db.Write(ctx, func(tx *db.Tx) error {
		var first int64
		err := tx.Get(ctx, []any{&first}, "SELECT COALESCE(MIN(number), 0) FROM mutation WHERE number >= $1", from)
		if err != nil {
			return err
		}
		if first != from {
			return fault.New(fault.State, "服务器已恢复到较早的备份，需要第 %d 项操作，但本机只保存最近30天的操作，请联系管理员", from)
		}
		_, err = tx.Exec(ctx, "UPDATE mutation SET state = $2 WHERE number >= $1", from, Pending)
		return err
	})
}

const columns = "number, at, procedure, request, state, status, answer, done_at, choice"

func (o *Outbox) read(scan func(...any) error) (*Mutation, error) {
	m := &Mutation{}
	err := scan(&m.Number, &m.At, &m.Procedure, &m.Request, &m.State, &m.Status, &m.Answer, &m.DoneAt, &m.Choice)
	if err != nil {
		return nil, err
	}
	if m.Request, err = o.vault.Open(m.Request); err == nil && m.Answer != nil {
		m.Answer, err = o.vault.Open(m.Answer)
	}
	return m, err
}

func (o *Outbox) list(ctx context.Context, where string, args ...any) ([]*Mutation, error) {
	var all []*Mutation
	err := o.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, func(scan func(...any) error) error {
			m, err := o.read(scan)
			all = append(all, m)
			return err
		}, "SELECT "+columns+" FROM mutation WHERE "+where, args...)
	})
	return all, err
}

// Pending returns what is still to be sent after a number, in order, n at most.
func (o *Outbox) Pending(ctx context.Context, after int64, n int) ([]*Mutation, error) {
	return o.list(ctx, "state = $1 AND number > $2 ORDER BY number LIMIT $3", Pending, after, n)
}

// Since returns every mutation after a number, whatever became of it, in order: those whose effect the mirror may not have yet.
func (o *Outbox) Since(ctx context.Context, number int64) ([]*Mutation, error) {
	return o.list(ctx, "number > $1 ORDER BY number", number)
}

// Get returns one mutation, nil if it is no longer kept.
func (o *Outbox) Get(ctx context.Context, number int64) (*Mutation, error) {
	all, err := o.list(ctx, "number = $1", number)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// All returns the newest mutations, n at most: open ones first.
func (o *Outbox) All(ctx context.Context, n int) ([]*Mutation, error) {
	return o.list(ctx, "1 = 1 ORDER BY CASE WHEN state IN ('REJECTED', 'CONFLICT') AND choice = '' THEN 0 WHEN state = 'PENDING' THEN 1 ELSE 2 END, number DESC LIMIT $1", n)
}

// A Summary is what the state bar says of the outbox.
type Summary struct {
	Waiting int
	Oldest  time.Time // of what waits; zero for nothing
	Open    int       // refused, and the clerk has not decided yet
}

// Summary counts.
func (o *Outbox) Summary(ctx context.Context) (s Summary, err error) {
	var oldest int64
	err = o.db.Read(ctx, func(tx *db.Tx) error {
		if err := tx.Get(ctx, []any{&s.Waiting, &oldest}, "SELECT COUNT(*), COALESCE(MIN(at), 0) FROM mutation WHERE state = $1", Pending); err != nil {
			return err
		}
		return tx.Get(ctx, []any{&s.Open}, "SELECT COUNT(*) FROM mutation WHERE state IN ('REJECTED', 'CONFLICT') AND choice = ''")
	})
	if oldest > 0 {
		s.Oldest = time.UnixMilli(oldest)
	}
	return s, err
}

// skipped is the choice of a mutation that is given up before it was sent.
const skipped = "放弃，未提交"

// Skip gives a mutation up that still waits: it will be sent as one that only takes its number. What has its result already stays.
func (o *Outbox) Skip(ctx context.Context, number int64) error {
	return o.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE mutation SET choice = $2 WHERE number = $1 AND state = $3", number, skipped, Pending)
		return err
	})
}

// GivenUp reports whether a mutation is to be sent as one that only takes its number.
func (m *Mutation) GivenUp() bool { return m.State == Pending && m.Choice == skipped }

// Decide records what the clerk has decided about a refused mutation.
func (o *Outbox) Decide(ctx context.Context, number int64, choice string) error {
	return o.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE mutation SET choice = $2 WHERE number = $1", number, choice)
		return err
	})
}

// keepDone is how long a mutation that is done is kept (sync.md).
const keepDone = 30 * 24 * time.Hour

// Retain forgets what has been done for thirty days and about which nothing is open.
func (o *Outbox) Retain(ctx context.Context) error {
	return o.db.Write(ctx, func(tx *db.Tx) error {
		if err := retainImports(ctx, tx, o.now()); err != nil {
			return err
		}
		var last int64
		if err := tx.Get(ctx, []any{&last}, "SELECT COALESCE(MAX(number), 0) FROM mutation"); err != nil || last == 0 {
			return err
		}
		if _, err := tx.Exec(ctx, "INSERT INTO setting (name, value) VALUES ('last', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value", []byte(strconv.FormatInt(last, 10))); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "DELETE FROM mutation WHERE done_at > 0 AND done_at < $1 AND state <> 'PENDING' AND (state = 'APPLIED' OR choice <> '')", o.now().Add(-keepDone).UnixMilli())
		return err
	})
}

// Export writes everything that was done here into one file: the work and its key, which the password still seals. Put back into the account's
// folder on any machine, it goes on there.
func (o *Outbox) Export(ctx context.Context, dir, path string) error {
	tmp, err := os.MkdirTemp("", "zhiping-export-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	whole := filepath.Join(tmp, fileName)
	if _, err := o.db.Raw().ExecContext(ctx, "VACUUM INTO ?", whole); err != nil {
		return full(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fault.New(fault.Denied, "不能写入“%s”，请换一个文件夹", path)
	}
	z := zip.NewWriter(f)
	for _, file := range []string{whole, filepath.Join(dir, vault.FileName)} {
		b, bad := os.ReadFile(file)
		w, worse := z.Create(filepath.Base(file))
		if err = errors.Join(err, bad, worse); err == nil {
			_, err = w.Write(b)
		}
	}
	return errors.Join(err, z.Close(), f.Sync(), f.Close())
}
