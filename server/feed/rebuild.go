package feed

import (
	"context"

	"zhiping/shared/db"
	"zhiping/shared/wire"
)

var (
	anyDigest = db.SQL("SELECT COUNT(*) FROM (SELECT 1 FROM digest LIMIT 1) AS d")
	allRows   = db.SQL("SELECT viewer, kind, id, revision FROM feed WHERE NOT gone")
	setHash   = db.SQL("UPDATE feed SET hash = $4 WHERE viewer = $1 AND kind = $2 AND id = $3")
)

// Rebuild works hashes and digests out for a feed that was written before there were any; otherwise it does nothing.
func Rebuild(ctx context.Context, d *db.DB) error {
	return d.Write(ctx, func(tx *db.Tx) error {
		var n int
		if err := tx.Get(ctx, []any{&n}, anyDigest); err != nil || n > 0 {
			return err
		}
		var rows []Change
		if err := tx.Query(ctx, func(scan func(...any) error) error {
			var c Change
			rows = append(rows, c)
			r := &rows[len(rows)-1]
			return scan(&r.Viewer, &r.Kind, &r.ID, &r.Revision)
		}, allRows); err != nil {
			return err
		}
		sums := map[Digest]Digest{}
		for _, c := range rows {
			hash, key := wire.Hash(c.Kind, c.ID, c.Revision), Digest{Viewer: c.Viewer, Kind: c.Kind}
			if _, err := tx.Exec(ctx, setHash, c.Viewer, c.Kind, c.ID, hash); err != nil {
				return err
			}
			sums[key] = Digest{Count: sums[key].Count + 1, Sum: sums[key].Sum + hash}
		}
		for key, d := range sums {
			if _, err := tx.Exec(ctx, addDigest, key.Viewer, key.Kind, d.Count, d.Sum); err != nil {
				return err
			}
		}
		return nil
	})
}
