package outbox

import (
	"context"
	"errors"
	"time"

	"zhiping/shared/db"
)

// SaveDraft keeps a form as it is being filled in.
func (o *Outbox) SaveDraft(ctx context.Context, name string, body []byte) error {
	return full(o.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO draft (name, at, body) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET at = excluded.at, body = excluded.body", name, o.now().UnixMilli(), o.vault.Seal(body))
		return err
	}))
}

// Draft returns a form as it was left, and when; nil for none.
func (o *Outbox) Draft(ctx context.Context, name string) (body []byte, at time.Time, err error) {
	var ms int64
	err = o.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, []any{&body, &ms}, "SELECT body, at FROM draft WHERE name = $1", name)
	})
	if errors.Is(err, db.ErrNoRow) {
		return nil, at, nil
	}
	if err != nil {
		return nil, at, err
	}
	body, err = o.vault.Open(body)
	return body, time.UnixMilli(ms), err
}

// DropDraft forgets a form: it was handed in, or the person gave it up.
func (o *Outbox) DropDraft(ctx context.Context, name string) error {
	return o.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM draft WHERE name = $1", name)
		return err
	})
}
