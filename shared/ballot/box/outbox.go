package box

import (
	"context"
	"database/sql"
	"errors"
)

// An Outbox is a booth's own file: each sealed envelope once, and the receipt it got. An envelope is in it before it is sent.
type Outbox struct{ *Box }

const outboxSchema = `
CREATE TABLE IF NOT EXISTS envelope (round TEXT NOT NULL, expert TEXT NOT NULL, bytes BLOB NOT NULL, receipt BLOB, PRIMARY KEY (round, expert)) STRICT;
CREATE TABLE IF NOT EXISTS credential (expert TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS checkin (expert TEXT PRIMARY KEY, half BLOB NOT NULL, taken INTEGER NOT NULL DEFAULT 0) STRICT;`

// OpenOutbox opens or creates the file, with the same settings as the log.
func OpenOutbox(ctx context.Context, path string) (*Outbox, error) {
	b, err := Open(ctx, path)
	if err != nil {
		return nil, err
	}
	if _, err := b.db.ExecContext(ctx, outboxSchema); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return &Outbox{b}, nil
}

// Keep stores an expert's envelope for a round, unless there is one already; it returns the one that is to be sent.
func (o *Outbox) Keep(ctx context.Context, round, expert string, envelope []byte) ([]byte, error) {
	_, err := o.db.ExecContext(ctx, "INSERT INTO envelope (round, expert, bytes) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", round, expert, envelope)
	if err != nil {
		return nil, err
	}
	kept, _, err := o.Kept(ctx, round, expert)
	return kept, err
}

// Kept returns an expert's envelope for a round and its receipt, nil for none.
func (o *Outbox) Kept(ctx context.Context, round, expert string) (envelope, receipt []byte, err error) {
	err = o.db.QueryRowContext(ctx, "SELECT bytes, receipt FROM envelope WHERE round = ? AND expert = ?", round, expert).Scan(&envelope, &receipt)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil, nil
	}
	return envelope, receipt, err
}

// Receipt stores what the hub answered.
func (o *Outbox) Receipt(ctx context.Context, round, expert string, receipt []byte) error {
	_, err := o.db.ExecContext(ctx, "UPDATE envelope SET receipt = ? WHERE round = ? AND expert = ?", receipt, round, expert)
	return err
}

// KeepCredential stores an expert's sealed credential, so that a restarted laptop goes on as the same one.
func (o *Outbox) KeepCredential(ctx context.Context, expert string, sealed []byte) error {
	_, err := o.db.ExecContext(ctx, "INSERT INTO credential (expert, sealed) VALUES (?, ?) ON CONFLICT (expert) DO UPDATE SET sealed = excluded.sealed", expert, sealed)
	return err
}

// Credential returns an expert's sealed credential, nil for none.
func (o *Outbox) Credential(ctx context.Context, expert string) (sealed []byte, err error) {
	err = o.db.QueryRowContext(ctx, "SELECT sealed FROM credential WHERE expert = ?", expert).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return sealed, err
}

// KeepCheckIn stores the booth's half of an expert's check-in before it is sent, so that after a crash the identical bytes are sent again; it
// returns the one that is to be sent.
func (o *Outbox) KeepCheckIn(ctx context.Context, expert string, half []byte) ([]byte, error) {
	if _, err := o.db.ExecContext(ctx, "INSERT INTO checkin (expert, half) VALUES (?, ?) ON CONFLICT DO NOTHING", expert, half); err != nil {
		return nil, err
	}
	kept, _, err := o.CheckIn(ctx, expert)
	return kept, err
}

// CheckIn returns the kept half of an expert's check-in, nil for none, and whether the hub has taken it.
func (o *Outbox) CheckIn(ctx context.Context, expert string) (half []byte, taken bool, err error) {
	err = o.db.QueryRowContext(ctx, "SELECT half, taken FROM checkin WHERE expert = ?", expert).Scan(&half, &taken)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return half, taken, err
}

// CheckInTaken notes that the hub has taken an expert's check-in.
func (o *Outbox) CheckInTaken(ctx context.Context, expert string) error {
	_, err := o.db.ExecContext(ctx, "UPDATE checkin SET taken = 1 WHERE expert = ?", expert)
	return err
}

// ForgetCheckIn drops an expert's check-in that the hub has refused, with its credential: the next attempt begins anew, with another code or
// PIN.
func (o *Outbox) ForgetCheckIn(ctx context.Context, expert string) error {
	tx, err := o.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	for _, q := range []string{"DELETE FROM credential WHERE expert = ?", "DELETE FROM checkin WHERE expert = ? AND taken = 0"} {
		if _, err := tx.ExecContext(ctx, q, expert); err != nil {
			return err
		}
	}
	return tx.Commit()
}
