package box

import (
	"context"
	"database/sql"
	"errors"
)

// The kinds of what a laptop says.
const (
	CheckIn  = "CHECKIN"
	Envelope = "ENVELOPE"
	Request  = "REQUEST"
	Return   = "RETURN" // staff's word, kept in its place among them: a hub that has lost its log needs it for the next version
	Opinion  = "OPINION"
	Device   = "DEVICE"
	Attest   = "ATTEST"
	Wipe     = "WIPE"
)

// An Item is something said, without its bytes.
type Item struct {
	N                              int64
	Session, Expert, Kind, Subject string // subject: a round, or an opinion's applicant
	Version                        int64
	Try                            int64 // how many of that version were rejected for good before it
	ID                             string
	Refused                        string // why it is not sent any more, "" for nothing
	Epoch                          int64  // of the newest receipt, 0 for none
	Place                          int64  // in the log, by that receipt
	Reason                         string // of a rejection by that receipt
}

// Keep keeps something before it is said, unless something stands in its place already, together with the secret that belongs to it (a sealed ballot's
// plaintext under the PIN): one transaction. It returns what stands there and is to be sent, so that nothing is ever said twice in two ways.
func (o *Outbox) Keep(ctx context.Context, item Item, bytes, own []byte) (*Item, error) {
	err := o.tx(ctx, func(tx *sql.Tx) error {
		r, err := tx.Exec("INSERT INTO sent (session, expert, kind, subject, version, try, id, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			item.Session, item.Expert, item.Kind, item.Subject, item.Version, item.Try, item.ID, bytes)
		if err != nil || own == nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return keepSecret(tx, item.Session, item.Expert, item.Subject, Own, item.Version<<8|item.Try, own)
	})
	if err != nil {
		return nil, err
	}
	list, err := o.items(ctx, "WHERE session = ? AND expert = ? AND kind = ? AND subject = ? AND version = ? AND try = ?", item.Session, item.Expert, item.Kind, item.Subject, item.Version, item.Try)
	if err == nil && len(list) == 0 {
		err = errors.New("box: what was kept is not there")
	}
	if err != nil {
		return nil, err
	}
	return &list[0], nil
}

// Items returns what was said in a session, in order; expert "" is everybody.
func (o *Outbox) Items(ctx context.Context, session, expert string) ([]Item, error) {
	return o.items(ctx, "WHERE session = ?1 AND (expert = ?2 OR ?2 = '')", session, expert)
}

func (o *Outbox) items(ctx context.Context, where string, args ...any) (list []Item, err error) {
	rows, err := o.db.QueryContext(ctx, `SELECT s.n, session, expert, kind, subject, version, try, id, refused, coalesce(epoch, 0), coalesce(place, -1), coalesce(reason, '')
		FROM sent s LEFT JOIN receipt r ON r.n = s.n AND r.epoch = (SELECT max(epoch) FROM receipt x WHERE x.n = s.n) `+where+" ORDER BY s.n", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var i Item
		if err := rows.Scan(&i.N, &i.Session, &i.Expert, &i.Kind, &i.Subject, &i.Version, &i.Try, &i.ID, &i.Refused, &i.Epoch, &i.Place, &i.Reason); err != nil {
			return nil, err
		}
		list = append(list, i)
	}
	return list, rows.Err()
}

// Bytes returns the bytes of an item.
func (o *Outbox) Bytes(ctx context.Context, n int64) ([]byte, error) {
	return o.blob(ctx, "SELECT bytes FROM sent WHERE n = ?", n)
}

// Receipt keeps what the hub of an epoch answered; the receipts of earlier epochs stay, as evidence.
func (o *Outbox) Receipt(ctx context.Context, n, epoch, place int64, reason string, receipt []byte) error {
	return o.run(ctx, "INSERT INTO receipt (n, epoch, place, reason, bytes) VALUES (?, ?, ?, ?, ?) ON CONFLICT (n, epoch) DO UPDATE SET place = excluded.place, reason = excluded.reason, bytes = excluded.bytes", n, epoch, place, reason, receipt)
}

// Receipts returns the receipts of a session of an epoch.
func (o *Outbox) Receipts(ctx context.Context, session string, epoch int64) ([][]byte, error) {
	return o.all(ctx, "SELECT r.bytes FROM receipt r JOIN sent s ON s.n = r.n WHERE s.session = ? AND r.epoch = ? AND length(r.bytes) > 0 ORDER BY r.n", session, epoch)
}

// ReceiptOf returns the newest receipt of an item, nil for none.
func (o *Outbox) ReceiptOf(ctx context.Context, n int64) ([]byte, error) {
	return o.blob(ctx, "SELECT bytes FROM receipt WHERE n = ? ORDER BY epoch DESC LIMIT 1", n)
}

// Refuse notes why something is not sent any more.
func (o *Outbox) Refuse(ctx context.Context, n int64, why string) error {
	return o.run(ctx, "UPDATE sent SET refused = ? WHERE n = ?", why, n)
}

// The kinds of secrets.
const (
	Draft = "DRAFT"
	Own   = "OWN" // the plaintext of a sealed ballot
)

// Both are sealed under the PIN before they come here.
func keepSecret(tx interface {
	Exec(query string, args ...any) (sql.Result, error)
}, session, expert, round, kind string, version int64, sealed []byte,
) error {
	_, err := tx.Exec("INSERT INTO secret (session, expert, round, kind, version, sealed) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed", session, expert, round, kind, version, sealed)
	return err
}

// KeepDraft keeps a draft of a round in place of the one before.
func (o *Outbox) KeepDraft(ctx context.Context, session, expert, round string, sealed []byte) error {
	return o.tx(ctx, func(tx *sql.Tx) error { return keepSecret(tx, session, expert, round, Draft, 0, sealed) })
}

// Draft returns the draft of a round, nil for none.
func (o *Outbox) Draft(ctx context.Context, session, expert, round string) ([]byte, error) {
	return o.blob(ctx, "SELECT sealed FROM secret WHERE session = ? AND expert = ? AND round = ? AND kind = ?", session, expert, round, Draft)
}

// OwnOf returns the sealed plaintext of an envelope, nil for none.
func (o *Outbox) OwnOf(ctx context.Context, i *Item) ([]byte, error) {
	return o.blob(ctx, "SELECT sealed FROM secret WHERE session = ? AND expert = ? AND round = ? AND kind = ? AND version = ?", i.Session, i.Expert, i.Subject, Own, i.Version<<8|i.Try)
}

// EraseSecrets erases drafts and plaintexts of a round of an expert, so that the file and its write-ahead log hold no trace of them.
func (o *Outbox) EraseSecrets(ctx context.Context, session, expert, round string) error {
	return o.erase(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("DELETE FROM secret WHERE session = ? AND expert = ? AND round = ?", session, expert, round)
		return err
	})
}

// Wipe erases all that the laptop holds of an expert, and keeps his word that it has (nil for none) until it is received; expert "" is everybody, and the
// session with them. It returns the ids of the erased, for their files.
func (o *Outbox) Wipe(ctx context.Context, session, expert string, word *Item, bytes []byte) (ids []string, err error) {
	list, err := o.Items(ctx, session, expert)
	if err != nil {
		return nil, err
	}
	for _, i := range list {
		ids = append(ids, i.ID)
	}
	return ids, o.erase(ctx, func(tx *sql.Tx) error {
		queries := []string{
			"DELETE FROM receipt WHERE n IN (SELECT n FROM sent WHERE session = ?1 AND (expert = ?2 OR ?2 = ''))",
			"DELETE FROM sent WHERE session = ?1 AND (expert = ?2 OR ?2 = '')",
			"DELETE FROM secret WHERE session = ?1 AND (expert = ?2 OR ?2 = '')",
			"DELETE FROM expert WHERE session = ?1 AND (expert = ?2 OR ?2 = '')",
		}
		if expert == "" {
			queries = append(queries, "DELETE FROM word WHERE session = ?1 AND ?2 = ''", "DELETE FROM piece WHERE session = ?1 AND ?2 = ''", "DELETE FROM session WHERE session = ?1 AND ?2 = ''")
		}
		for _, q := range queries {
			if _, err := tx.Exec(q, session, expert); err != nil {
				return err
			}
		}
		if word == nil {
			return nil
		}
		_, err := tx.Exec("INSERT INTO sent (session, expert, kind, subject, version, try, id, bytes) VALUES (?, ?, ?, '', 1, 0, ?, ?)", session, expert, Wipe, word.ID, bytes)
		return err
	})
}

// erase deletes for good: secure_delete overwrites the pages, and the write-ahead log is emptied of what stood there before.
func (o *Outbox) erase(ctx context.Context, fn func(*sql.Tx) error) error {
	if err := o.tx(ctx, fn); err != nil {
		return err
	}
	return o.run(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
}

// Waits reports whether an item is still to be sent in an epoch: it has no receipt of that epoch's hub, was not rejected for good, and not refused.
func (i *Item) Waits(epoch int64) bool { return i.Refused == "" && i.Epoch < epoch && i.Reason == "" }
