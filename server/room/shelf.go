package room

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"zhiping/shared/db"
)

// A shelf implements room.Shelf in the server's database.
type shelf struct {
	db      *db.DB
	session string
}

func (s *shelf) keep(ctx context.Context, kind, name string, body []byte) error {
	return s.db.Write(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, putPart, s.session, kind, name, body)
		return err
	})
}

// KeepColumns implements room.Shelf.
func (s *shelf) KeepColumns(ctx context.Context, round string, columns []byte) error {
	return s.keep(ctx, partColumns, round, columns)
}

// Columns implements room.Shelf.
func (s *shelf) Columns(ctx context.Context, round string) (b []byte, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error { return tx.Get(ctx, []any{&b}, readPart, s.session, partColumns, round) })
	if errors.Is(err, db.ErrNoRow) {
		return nil, nil
	}
	return b, err
}

// KeepSeen implements room.Shelf.
func (s *shelf) KeepSeen(ctx context.Context, checkpoint []byte) error {
	return s.keep(ctx, partSeen, name(checkpoint), checkpoint)
}

// KeepLate implements room.Shelf.
func (s *shelf) KeepLate(ctx context.Context, object []byte) error {
	return s.keep(ctx, partLate, name(object), object)
}

// name is what a part is known by, so that it is kept once.
func name(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func parts(ctx context.Context, tx *db.Tx, session, kind string) (all [][]byte, err error) {
	err = tx.Query(ctx, func(scan func(...any) error) error {
		var n string
		var b []byte
		err := scan(&n, &b)
		all = append(all, b)
		return err
	}, allParts, session, kind)
	return all, err
}
