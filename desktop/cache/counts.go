package cache

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"zhiping/shared/db"
)

// A Count asks how many rows of a list stand under some states.
type Count struct {
	List, Kind string
	States     []string
}

// Counts answers for many lists at once how many rows stand under the states asked for, by the position of the question, and whether every
// record of its kind is here. It is one statement that reads what is counted and nothing else: the first page asks after every change.
func (c *Cache) Counts(ctx context.Context, asked []Count) (counts []map[string]int64, whole []bool, err error) {
	counts, whole = make([]map[string]int64, len(asked)), make([]bool, len(asked))
	var args []any
	var into []func(n int64)
	for i, a := range asked {
		counts[i] = map[string]int64{}
		for _, s := range a.States {
			args = append(args, a.List, s)
			into = append(into, func(n int64) { counts[i][s] = n })
		}
	}
	if !c.filled.Load() || len(into) == 0 {
		return counts, whole, nil // before the first checkpoint nothing is seen
	}
	return counts, whole, c.db.Read(ctx, func(tx *db.Tx) error {
		for i, a := range asked {
			missing, err := c.lacks(ctx, tx, a.Kind)
			if err != nil {
				return err
			}
			whole[i] = !missing
		}
		return tx.Query(ctx, func(scan func(...any) error) error {
			var at int
			var n int64
			err := scan(&at, &n)
			if err == nil {
				into[at](n)
			}
			return err
		}, countQuery(len(into)), args...)
	})
}

// countQuery counts n states of lists, one row each with its position.
func countQuery(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf("SELECT %d, COUNT(*) FROM entry WHERE list = $%d AND state = $%d", i, 2*i+1, 2*i+2)
	}
	return strings.Join(parts, " UNION ALL ")
}

// All returns every record of a kind that is here, as it is seen here. It is for kinds of which there are few.
func All[M proto.Message](ctx context.Context, c *Cache, kind string) ([]M, error) {
	var all []M
	if !c.filled.Load() {
		return nil, nil
	}
	return all, c.db.Read(ctx, func(tx *db.Tx) error {
		var ids []string
		if err := tx.Query(ctx, func(scan func(...any) error) error {
			ids = append(ids, "")
			return scan(&ids[len(ids)-1])
		}, "SELECT id FROM record WHERE kind = $1 UNION SELECT id FROM overlay WHERE kind = $1 ORDER BY id", kind); err != nil {
			return err
		}
		for _, id := range ids {
			m, err := c.effective(ctx, tx, kind, id)
			if err != nil {
				return err
			}
			if x, ok := m.(M); ok {
				all = append(all, x)
			}
		}
		return nil
	})
}
