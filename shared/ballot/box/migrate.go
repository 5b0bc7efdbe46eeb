package box

import (
	"database/sql"
	"encoding/hex"

	"zhiping/shared/ballot"
)

// migrate takes over a file of the first version, which knew one meeting, one envelope per round and expert, and keys without a data key: what was sealed
// then is sent on, and a receipt stays a receipt. A key without a check-in was never sent and is dropped.
func migrate(tx *sql.Tx) error {
	var old int
	if err := tx.QueryRow("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('envelope', 'credential', 'checkin')").Scan(&old); err != nil || old < 3 {
		return err
	}
	if err := migrateCheckIns(tx); err != nil {
		return err
	}
	if err := migrateEnvelopes(tx); err != nil {
		return err
	}
	_, err := tx.Exec("DROP TABLE envelope; DROP TABLE credential; DROP TABLE checkin")
	return err
}

// say keeps one thing that was said under the first version.
func say(tx *sql.Tx, i Item, bytes []byte) (n int64, err error) {
	id := ballot.IDOf(bytes)
	r, err := tx.Exec("INSERT INTO sent (session, expert, kind, subject, version, try, id, bytes) VALUES (?, ?, ?, ?, 1, 0, ?, ?)", i.Session, i.Expert, i.Kind, i.Subject, hex.EncodeToString(id[:]), bytes)
	if err != nil {
		return 0, err
	}
	return r.LastInsertId()
}

func migrateCheckIns(tx *sql.Tx) error {
	rows, err := tx.Query("SELECT c.expert, c.half, c.taken, k.sealed FROM checkin c JOIN credential k ON k.expert = c.expert")
	if err != nil {
		return err
	}
	type row struct {
		expert       string
		half, sealed []byte
		taken        int64
	}
	var all []row
	for rows.Next() {
		var x row
		if err := rows.Scan(&x.expert, &x.half, &x.taken, &x.sealed); err != nil {
			return err
		}
		all = append(all, x)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, x := range all {
		o, err := ballot.ReadCheckIn(x.half)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO session (session, package) VALUES (?, x'') ON CONFLICT DO NOTHING", o.Session); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO expert (session, expert, sealed, credential) VALUES (?, ?, ?, ?)", o.Session, x.expert, x.sealed, o.Credential); err != nil {
			return err
		}
		n, err := say(tx, Item{Session: o.Session, Expert: x.expert, Kind: CheckIn}, x.half)
		if err != nil {
			return err
		}
		if x.taken > 0 {
			if _, err := tx.Exec("INSERT INTO receipt (n, epoch, place, reason, bytes) VALUES (?, 1, 0, '', x'')", n); err != nil {
				return err
			}
		}
	}
	return nil
}

func migrateEnvelopes(tx *sql.Tx) error {
	rows, err := tx.Query("SELECT round, expert, bytes, receipt FROM envelope")
	if err != nil {
		return err
	}
	type row struct {
		round, expert  string
		bytes, receipt []byte
	}
	var all []row
	for rows.Next() {
		var x row
		if err := rows.Scan(&x.round, &x.expert, &x.bytes, &x.receipt); err != nil {
			return err
		}
		all = append(all, x)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, x := range all {
		e, err := ballot.ParseEnvelope(x.bytes)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO session (session, package) VALUES (?, x'') ON CONFLICT DO NOTHING", e.Session); err != nil {
			return err
		}
		n, err := say(tx, Item{Session: e.Session, Expert: x.expert, Kind: Envelope, Subject: x.round}, x.bytes)
		if err != nil {
			return err
		}
		if x.receipt == nil {
			continue
		}
		r, err := ballot.ReadReceipt(x.receipt)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO receipt (n, epoch, place, reason, bytes) VALUES (?, ?, ?, ?, ?)", n, r.Epoch, r.Index, r.Reason, x.receipt); err != nil {
			return err
		}
	}
	return nil
}
