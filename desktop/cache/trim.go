package cache

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"zhiping/shared/db"
)

// Learn keeps records that the server has just answered, if they are what the mirror knows of.
func (c *Cache) Learn(ctx context.Context, kind string, rows []proto.Message) error {
	defer c.forget()
	return c.db.Write(ctx, func(tx *db.Tx) error {
		a := &applying{ctx: ctx, c: c, tx: tx, changed: map[string]bool{}}
		for _, m := range rows {
			var at int64
			err := tx.Get(ctx, []any{&at}, "SELECT at FROM item WHERE kind = $1 AND id = $2 AND revision = $3 LIMIT 1", kind, idOf(m), Revision(m))
			if errors.Is(err, db.ErrNoRow) {
				continue // a checkpoint will bring it
			}
			if err != nil {
				return err
			}
			b, err := proto.Marshal(m)
			if err != nil {
				return err
			}
			if err := a.exec("INSERT INTO record (kind, id, revision, used, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, id) DO UPDATE SET revision = excluded.revision, used = excluded.used, body = excluded.body", kind, idOf(m), Revision(m), c.now().UnixMilli(), c.vault.Seal(b)); err != nil {
				return err
			}
			if err := a.reindex(kind, idOf(m)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Fill indexes the records that are here already for lists that were added after they came.
func (c *Cache) Fill(ctx context.Context) error {
	return c.db.Write(ctx, func(tx *db.Tx) error {
		a := &applying{ctx: ctx, c: c, tx: tx, changed: map[string]bool{}}
		if err := a.exec(sweep); err != nil {
			return err
		}
		for kind := range c.lists {
			var ids []string
			if err := tx.Query(ctx, func(scan func(...any) error) error {
				ids = append(ids, "")
				return scan(&ids[len(ids)-1])
			}, "SELECT id FROM record WHERE kind = $1 AND NOT EXISTS (SELECT 1 FROM setting WHERE name = $2)", kind, "filled "+c.signature(kind)); err != nil {
				return err
			}
			for _, id := range ids {
				if err := a.reindex(kind, id); err != nil {
					return err
				}
			}
			if err := a.exec("INSERT INTO setting (name, value) VALUES ($1, '1') ON CONFLICT DO NOTHING", "filled "+c.signature(kind)); err != nil {
				return err
			}
		}
		return nil
	})
}

// signature names the lists of a kind, so that another program's lists are noticed.
func (c *Cache) signature(kind string) string {
	s := kind
	for _, ix := range c.lists[kind] {
		s += fmt.Sprintf(" %s/%d", ix.name, len(ix.keys))
	}
	return s
}

// Trim drops the bodies that were not used for longest until the rest is no more than limit bytes: never what has to be done, and never what
// has been done here. The lists of a kind that is not whole any more are asked of the server.
func (c *Cache) Trim(ctx context.Context, limit int64) error {
	if small, err := c.small(ctx, limit); small || err != nil {
		return err
	}
	defer c.forget()
	return c.db.Write(ctx, func(tx *db.Tx) error {
		var size int64
		if err := tx.Get(ctx, []any{&size}, "SELECT COALESCE(SUM(LENGTH(body)), 0) FROM record"); err != nil || size <= limit {
			return err
		}
		type row struct {
			kind, id string
			size     int64
		}
		var rows []row
		if err := tx.Query(ctx, func(scan func(...any) error) error {
			var r row
			err := scan(&r.kind, &r.id, &r.size)
			rows = append(rows, r)
			return err
		}, `SELECT kind, id, LENGTH(body) FROM record r WHERE NOT EXISTS (SELECT 1 FROM overlay o WHERE o.kind = r.kind AND o.id = r.id)
			AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.id = r.id AND e.state IN ('TAB_FIRST', 'TAB_FURTHER', 'TAB_AGAIN')) AND kind NOT IN ('unit', 'staff', 'committee', 'activity', 'meeting') ORDER BY used`); err != nil {
			return err
		}
		for _, r := range rows {
			if size <= limit*9/10 {
				return nil
			}
			if _, err := tx.Exec(ctx, "DELETE FROM record WHERE kind = $1 AND id = $2", r.kind, r.id); err != nil {
				return err
			}
			size -= r.size
		}
		return nil
	})
}

// small reports whether the whole file is no larger than limit: asking that costs nothing.
func (c *Cache) small(ctx context.Context, limit int64) (small bool, err error) {
	err = c.db.Read(ctx, func(tx *db.Tx) error {
		var pages, size int64
		if err := tx.Get(ctx, []any{&pages}, "PRAGMA page_count"); err != nil {
			return err
		}
		err := tx.Get(ctx, []any{&size}, "PRAGMA page_size")
		small = pages*size <= limit
		return err
	})
	return small, err
}
