package box

import (
	"context"
	"database/sql"
	"errors"

	"zhiping/shared/fault"
)

// An Outbox is a booth's own file, booth.db: all that a laptop must not forget. What it has said (sealed ballots first of all) is in it, byte for byte and
// once, before it is sent; what it holds in confidence (an expert's key, drafts, the plaintext of a sealed ballot until it is attested) is in it under
// that expert's PIN alone (voting.md, "Laptop submit"; invariant V9).
type Outbox struct{ *Box }

// What the tables mean. laptop: what the laptop itself is. session: a meeting's package, the highest checkpoint seen of it, and its state as last
// heard. word: objects of others that were believed. expert: an expert's key under his PIN.
// sent: what was said here, in order. receipt: what the hub of an epoch answered. secret: what only the expert's PIN opens. alarm: two checkpoints that contradict
// each other. piece: columns of a counted round as they come on a stick.
const outboxSchema = `
CREATE TABLE IF NOT EXISTS laptop (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS session (session TEXT PRIMARY KEY, package BLOB NOT NULL, highest BLOB, status BLOB) STRICT;
CREATE TABLE IF NOT EXISTS word (session TEXT NOT NULL, n INTEGER PRIMARY KEY, kind TEXT NOT NULL, bytes BLOB NOT NULL, UNIQUE (session, bytes)) STRICT;
CREATE TABLE IF NOT EXISTS expert (session TEXT NOT NULL, expert TEXT NOT NULL, sealed BLOB NOT NULL, credential TEXT NOT NULL, PRIMARY KEY (session, expert)) STRICT;
CREATE TABLE IF NOT EXISTS sent (n INTEGER PRIMARY KEY, session TEXT NOT NULL, expert TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
	version INTEGER NOT NULL, try INTEGER NOT NULL, id TEXT NOT NULL, bytes BLOB NOT NULL, refused TEXT NOT NULL DEFAULT '',
	UNIQUE (session, expert, kind, subject, version, try)) STRICT;
CREATE TABLE IF NOT EXISTS receipt (n INTEGER NOT NULL, epoch INTEGER NOT NULL, place INTEGER NOT NULL, reason TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (n, epoch)) STRICT;
CREATE TABLE IF NOT EXISTS secret (session TEXT NOT NULL, expert TEXT NOT NULL, round TEXT NOT NULL, kind TEXT NOT NULL, version INTEGER NOT NULL, sealed BLOB NOT NULL,
	PRIMARY KEY (session, expert, round, kind, version)) STRICT;
CREATE TABLE IF NOT EXISTS alarm (session TEXT NOT NULL, epoch INTEGER NOT NULL, text TEXT NOT NULL, seen BLOB NOT NULL, shown BLOB NOT NULL, UNIQUE (session, seen, shown)) STRICT;
CREATE TABLE IF NOT EXISTS piece (session TEXT NOT NULL, round TEXT NOT NULL, start INTEGER NOT NULL, total INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (session, round, start)) STRICT;`

// outboxVersion is the present version of the file.
const outboxVersion = 2

// OpenOutbox opens or creates the file, with the same settings as the log. A file of the first version is taken over; one of a newer program is refused.
func OpenOutbox(ctx context.Context, path string) (*Outbox, error) {
	b, err := Open(ctx, path)
	if err != nil {
		return nil, err
	}
	o := &Outbox{b}
	if err := o.begin(ctx); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return o, nil
}

func (o *Outbox) begin(ctx context.Context) error {
	var version int
	if err := o.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch {
	case version == outboxVersion:
		return nil
	case version > outboxVersion:
		return fault.New(fault.State, "本机的投票数据由更新版本的程序写入，请先升级程序")
	}
	return o.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.Exec(outboxSchema); err != nil {
			return err
		}
		if err := migrate(tx); err != nil {
			return err
		}
		_, err := tx.Exec("PRAGMA user_version = 2")
		return err
	})
}

// tx runs fn in one durable transaction.
func (o *Outbox) tx(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := o.db.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after the commit it does nothing
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func (o *Outbox) run(ctx context.Context, query string, args ...any) error {
	_, err := o.db.ExecContext(context.WithoutCancel(ctx), query, args...)
	return err
}

// blob reads one value, nil for none.
func (o *Outbox) blob(ctx context.Context, query string, args ...any) (b []byte, err error) {
	err = o.db.QueryRowContext(ctx, query, args...).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return b, err
}

// all reads one value per row.
func (o *Outbox) all(ctx context.Context, query string, args ...any) (list [][]byte, err error) {
	rows, err := o.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return list, rows.Err()
}

// Once keeps what the laptop itself is, unless it is kept already, and returns what is kept.
func (o *Outbox) Once(ctx context.Context, key string, value []byte) ([]byte, error) {
	if err := o.run(ctx, "INSERT INTO laptop (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING", key, value); err != nil {
		return nil, err
	}
	return o.blob(ctx, "SELECT value FROM laptop WHERE key = ?", key)
}

// KeepPackage keeps a session's package, once.
func (o *Outbox) KeepPackage(ctx context.Context, session string, pkg []byte) error {
	return o.run(ctx, "INSERT INTO session (session, package) VALUES (?, ?) ON CONFLICT (session) DO UPDATE SET package = excluded.package WHERE length(package) = 0", session, pkg)
}

// Package returns a session's package, nil for none; "" is the only session that there is.
func (o *Outbox) Package(ctx context.Context, session string) ([]byte, error) {
	all, err := o.all(ctx, "SELECT package FROM session WHERE (session = ?1 OR ?1 = '') AND length(package) > 0", session)
	if len(all) != 1 {
		return nil, err
	}
	return all[0], err
}

// Highest is the highest checkpoint that the laptop has seen of a session.
func (o *Outbox) Highest(ctx context.Context, session string) ([]byte, error) {
	return o.blob(ctx, "SELECT highest FROM session WHERE session = ?", session)
}

// KeepHighest keeps it.
func (o *Outbox) KeepHighest(ctx context.Context, session string, checkpoint []byte) error {
	return o.run(ctx, "UPDATE session SET highest = ? WHERE session = ?", checkpoint, session)
}

// Status is a session's state as last heard.
func (o *Outbox) Status(ctx context.Context, session string) ([]byte, error) {
	return o.blob(ctx, "SELECT status FROM session WHERE session = ?", session)
}

// KeepStatus keeps it.
func (o *Outbox) KeepStatus(ctx context.Context, session string, status []byte) error {
	return o.run(ctx, "UPDATE session SET status = ? WHERE session = ?", status, session)
}

// KeepWord keeps an object of others, once.
func (o *Outbox) KeepWord(ctx context.Context, session, kind string, object []byte) error {
	return o.run(ctx, "INSERT INTO word (session, kind, bytes) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", session, kind, object)
}

// Words returns the objects of others of a kind, in the order in which they came; "" is every kind.
func (o *Outbox) Words(ctx context.Context, session, kind string) ([][]byte, error) {
	return o.all(ctx, "SELECT bytes FROM word WHERE session = ?1 AND (kind = ?2 OR ?2 = '') ORDER BY n", session, kind)
}

// An Expert is what the laptop keeps of somebody who has checked in on it.
type Expert struct {
	Sealed     []byte // key and data key under the PIN
	Credential string // public key, hex
}

// Expert returns an expert, nil for none.
func (o *Outbox) Expert(ctx context.Context, session, expert string) (*Expert, error) {
	x := &Expert{}
	err := o.db.QueryRowContext(ctx, "SELECT sealed, credential FROM expert WHERE session = ? AND expert = ?", session, expert).Scan(&x.Sealed, &x.Credential)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return x, err
}

// KeepExpert keeps an expert.
func (o *Outbox) KeepExpert(ctx context.Context, session, expert string, x *Expert) error {
	return o.run(ctx, `INSERT INTO expert (session, expert, sealed, credential) VALUES (?, ?, ?, ?)
		ON CONFLICT (session, expert) DO UPDATE SET sealed = excluded.sealed, credential = excluded.credential`, session, expert, x.Sealed, x.Credential)
}

// Forget drops a check-in that has no receipt: staff has refused it, or it was never made. The key goes with it unless something has been sealed under it: the next attempt begins anew.
func (o *Outbox) Forget(ctx context.Context, session, expert string) error {
	return o.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.Exec("DELETE FROM sent WHERE session = ? AND expert = ? AND kind = ? AND n NOT IN (SELECT n FROM receipt)", session, expert, CheckIn); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM expert WHERE session = ?1 AND expert = ?2 AND NOT EXISTS (SELECT 1 FROM sent WHERE session = ?1 AND expert = ?2)", session, expert)
		return err
	})
}

// Alarm keeps two checkpoints that contradict each other: evidence.
func (o *Outbox) Alarm(ctx context.Context, session string, epoch int64, text string, seen, shown []byte) error {
	return o.run(ctx, "INSERT INTO alarm (session, epoch, text, seen, shown) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", session, epoch, text, seen, shown)
}

// An Alarm is what somebody must look into.
type Alarm struct {
	Epoch       int64
	Text        string
	Seen, Shown []byte // checkpoints
}

// Alarms returns a session's alarms.
func (o *Outbox) Alarms(ctx context.Context, session string) (list []Alarm, err error) {
	rows, err := o.db.QueryContext(ctx, "SELECT epoch, text, seen, shown FROM alarm WHERE session = ? ORDER BY rowid", session)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a Alarm
		if err := rows.Scan(&a.Epoch, &a.Text, &a.Seen, &a.Shown); err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// KeepPiece keeps a piece of a round's columns as it comes on a stick.
func (o *Outbox) KeepPiece(ctx context.Context, session, round string, start, total int64, piece []byte) error {
	return o.run(ctx, "INSERT INTO piece (session, round, start, total, bytes) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET total = excluded.total, bytes = excluded.bytes", session, round, start, total, piece)
}

// Columns puts the pieces of a round together, nil while some are missing. Their sum against the tally decides whether they are the right ones.
func (o *Outbox) Columns(ctx context.Context, session, round string) ([]byte, error) {
	rows, err := o.db.QueryContext(ctx, "SELECT start, total, bytes FROM piece WHERE session = ? AND round = ? ORDER BY start", session, round)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []byte
	var total int64
	for rows.Next() {
		var start int64
		var piece []byte
		if err := rows.Scan(&start, &total, &piece); err != nil {
			return nil, err
		}
		if start != int64(len(all)) {
			return nil, nil
		}
		all = append(all, piece...)
	}
	if int64(len(all)) != total {
		return nil, rows.Err()
	}
	return all, rows.Err()
}
