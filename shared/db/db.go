// Package db opens SQLite and PostgreSQL and lets one SQL text run on both.
//
// Statements use $1, $2 … and the portable subset of both databases; the few differences live here. All writes of a program go through
// one writer that commits what has gathered in the meantime together (group commit): each command runs in a savepoint of its own and
// is answered only after the commit, which on SQLite runs with synchronous=FULL, so an answered write survives a power cut.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/mattn/go-sqlite3"      // also the driver "sqlite3"
)

// A Dialect is one of the two databases.
type Dialect int

// The dialects.
const (
	SQLite Dialect = iota
	Postgres
)

// A DB is an open database: a pool of readers and the one writer.
type DB struct {
	Dialect Dialect
	read    *sql.DB
	write   *sql.DB
	writer  *writer
	readers *pool
	closing sync.Once
}

// readers is how many connections read at once on SQLite: more starve the writer on small machines.
const readers = 4

// Open opens the database that url names: "postgres://…" (or a libpq keyword string, "host=… dbname=…") is PostgreSQL, anything
// else the path of an SQLite file, which is created.
func Open(ctx context.Context, url string) (*DB, error) {
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") || strings.Contains(url, "dbname=") {
		return openPostgres(ctx, url)
	}
	return OpenSQLite(ctx, url)
}

// OpenSQLite opens or creates an SQLite file for durable work: WAL, synchronous=FULL, foreign keys, secure delete. The settings are read
// back and another value is an error, because the driver ignores what it does not know.
func OpenSQLite(ctx context.Context, path string) (*DB, error) {
	return openSQLite(ctx, path, "FULL", "2")
}

// OpenMirror opens or creates an SQLite file for what can be fetched again: like OpenSQLite, but with synchronous=NORMAL. After a power cut it is
// whole, and may lack the last changes.
func OpenMirror(ctx context.Context, path string) (*DB, error) {
	return openSQLite(ctx, path, "NORMAL&_cache_size=-32768", "1")
}

// settings are the driver's for every connection besides the journal mode; synchronous comes last.
const settings = "_txlock=immediate&_busy_timeout=10000&_foreign_keys=1&_secure_delete=true&_case_sensitive_like=1&_synchronous="

func openSQLite(ctx context.Context, path, synchronous, want string) (*DB, error) {
	settings := "?_journal_mode=WAL&" + settings + synchronous
	write, err := sql.Open("sqlite3", "file:"+path+settings)
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(2) // the writer's own and Raw
	if err := settled(ctx, write, want); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read, err := sql.Open("sqlite3", "file:"+path+settings+"&mode=ro&_query_only=1")
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return started(SQLite, read, write, readers), nil
}

// settled reads back the settings that durability depends on.
func settled(ctx context.Context, d *sql.DB, synchronous string) error {
	for _, want := range []struct{ pragma, value string }{{"journal_mode", "wal"}, {"synchronous", synchronous}, {"foreign_keys", "1"}} {
		var got string
		if err := d.QueryRowContext(ctx, "PRAGMA "+want.pragma).Scan(&got); err != nil {
			return fmt.Errorf("db: read back %s: %w", want.pragma, err)
		}
		if got != want.value {
			return fmt.Errorf("db: %s is %q, not %q", want.pragma, got, want.value)
		}
	}
	return nil
}

func openPostgres(ctx context.Context, url string) (*DB, error) {
	read, err := sql.Open("pgx", url)
	if err != nil {
		return nil, err
	}
	read.SetMaxOpenConns(16)
	read.SetMaxIdleConns(16)
	if err := read.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("db: PostgreSQL: %w", err), read.Close())
	}
	write, err := sql.Open("pgx", url)
	if err != nil {
		return nil, errors.Join(err, read.Close())
	}
	write.SetMaxOpenConns(2)
	return started(Postgres, read, write, 16), nil
}

func started(d Dialect, read, write *sql.DB, n int) *DB {
	b := &DB{Dialect: d, read: read, write: write, readers: newPool(read, n)}
	b.writer = startWriter(b)
	return b
}

// Close waits for the reads and writes under way and closes the database; closing it again does nothing.
func (d *DB) Close() error {
	var err error
	d.closing.Do(func() {
		d.writer.stop()
		err = errors.Join(d.closeReaders(), d.read.Close(), d.write.Close())
	})
	return err
}

// Ping reports whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.read.PingContext(ctx) }

// Raw gives the connection that writes, for migrations and tests before anything else runs.
func (d *DB) Raw() *sql.DB { return d.write }

// Read runs fn on one snapshot of the database. Nothing fn does may write.
func (d *DB) Read(ctx context.Context, fn func(*Tx) error) error {
	c, err := d.readers.take(ctx)
	if err != nil {
		return err
	}
	defer d.readers.give(c)
	begin := "BEGIN"
	if d.Dialect == Postgres {
		begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	}
	if err := c.begin(ctx, begin); err != nil {
		return err
	}
	defer c.rollback()
	return fn(&Tx{dialect: d.Dialect, conn: c})
}

// Write runs fn in a savepoint of the writer's transaction and returns once it is committed. fn may run again when two servers met
// on one row, so everything it does must be in the database or be assigned anew each time.
func (d *DB) Write(ctx context.Context, fn func(*Tx) error) error { return d.writer.do(ctx, fn) }

// A Tx is a transaction, or one savepoint of the writer's.
type Tx struct {
	dialect Dialect
	conn    *conn
	// Set on the writer: interrupting one statement makes SQLite roll back the whole transaction, with everybody else's commands in it.
	unstoppable bool
	statements  int
}

// Statements is how many statements have run in it: what a page costs.
func (t *Tx) Statements() int { return t.statements }

var numbered = regexp.MustCompile(`\$(\d+)`)

var likeEscape = strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`)

// Like returns the pattern for LIKE … ESCAPE '\' that finds part anywhere, whatever characters it has. Spaces around it, full-width ones too, are
// what came along with a copied name: they are not looked for.
func Like(part string) string { return "%" + likeEscape.Replace(strings.TrimSpace(part)) + "%" }

// Rebind turns $n into ?n for SQLite, whose driver binds names like $1 by the order in which they appear.
func Rebind(d Dialect, query string) string {
	if d == SQLite {
		return numbered.ReplaceAllString(query, "?$1")
	}
	return query
}

// Dialect says which database this runs on.
func (t *Tx) Dialect() Dialect { return t.dialect }

func (t *Tx) stmt(ctx context.Context, query string) (context.Context, *sql.Stmt, error) {
	t.statements++
	if t.unstoppable {
		ctx = context.WithoutCancel(ctx)
	}
	s, err := t.conn.prepared(ctx, t.dialect, query)
	if err != nil {
		return ctx, nil, fmt.Errorf("%w in %s", err, query)
	}
	return ctx, s, nil
}

// Exec runs a statement and returns how many rows it changed.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	ctx, s, err := t.stmt(ctx, query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, fmt.Errorf("%w in %s", err, query)
	}
	return r.RowsAffected()
}

// Query runs fn for every row.
func (t *Tx) Query(ctx context.Context, fn func(scan func(...any) error) error, query string, args ...any) error {
	ctx, s, err := t.stmt(ctx, query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return fmt.Errorf("%w in %s", err, query)
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// ErrNoRow says that Get found nothing.
var ErrNoRow = sql.ErrNoRows

// Get scans the one row of a query, or returns ErrNoRow.
func (t *Tx) Get(ctx context.Context, dest []any, query string, args ...any) error {
	ctx, s, err := t.stmt(ctx, query)
	if err != nil {
		return err
	}
	if err := s.QueryRowContext(ctx, args...).Scan(dest...); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w in %s", err, query)
	} else if err != nil {
		return ErrNoRow
	}
	return nil
}

// closeReaders takes every reader's connection back, so that none is in use when the pool closes.
func (d *DB) closeReaders() error {
	for range cap(d.readers.turns) {
		if c, err := d.readers.take(context.Background()); err == nil && c.sql != nil {
			c.drop()
		}
	}
	if d.writer.conn.sql != nil {
		d.writer.conn.drop()
	}
	return nil
}

// IsFull reports whether a write failed because the disk is full.
func IsFull(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.Code == sqlite3.ErrFull
}
