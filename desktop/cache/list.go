package cache

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"zhiping/desktop/list"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

// mostKeys is how many columns of a list can be sorted and searched by.
const mostKeys = 4

// index is one list as the mirror keeps it.
type index struct {
	name     string
	state    func(proto.Message) (string, bool)
	keys     []func(proto.Message) string
	searched [mostKeys]bool // whether a key is found by a part of it, by pinyin and by initials
	part     func(proto.Message) string
}

// Add makes the mirror keep the rows of a list and answers the list from it: at once and without the network as long as every record of its
// kind is here; otherwise from the server, and without it from what is here, saying so. It must be called before the first checkpoint of a
// fresh mirror is applied; a list that was not there before is indexed by Fill.
func Add[M proto.Message](c *Cache, l *list.List[M]) *list.List[M] {
	if c == nil || l.Mirror == nil {
		return l
	}
	ix := index{
		name: l.Name, state: func(m proto.Message) (string, bool) { return l.Mirror.State(m.(M), c.unit) },
		part: func(m proto.Message) string { return l.Mirror.PartOf(m.(M)) },
	}
	columns := map[string]int{}
	for _, col := range l.Columns {
		if col.Key != "" && len(ix.keys) < mostKeys {
			columns[col.Key] = len(ix.keys)
			ix.searched[len(ix.keys)] = l.Searched(col.Key)
			ix.keys = append(ix.keys, func(m proto.Message) string { return col.Text(m.(M)) })
		}
	}
	kind := l.Mirror.Kind
	if t, err := typeOf(kind); err == nil {
		c.kinds[kind] = t
	}
	known := false
	for _, other := range c.lists[kind] {
		known = known || other.name == ix.name
	}
	if !known {
		c.lists[kind] = append(c.lists[kind], ix)
	}
	online := l.Source
	out := *l
	out.Source = func(ctx context.Context, q *commonv1.Query) ([]M, *commonv1.PageInfo, error) {
		whole, at, err := c.whole(ctx, kind)
		if err != nil {
			return nil, nil, err
		}
		if whole && local(l, columns, q) {
			return page(ctx, c, l, columns, l.Worded(q))
		}
		rows, info, err := online(ctx, q)
		switch {
		case err == nil:
			if bad := c.Learn(ctx, kind, messages(rows)); bad != nil { // the answer is good all the same
				slog.Warn("mirror", "list", l.Name, "error", bad)
			}
			return rows, info, nil
		case fault.CodeOf(err) != fault.Offline || !local(l, columns, q):
			return rows, info, err
		}
		rows, info, bad := page(ctx, c, l, columns, l.Worded(q))
		if bad != nil {
			return nil, nil, bad
		}
		return rows, info, fault.New(fault.Offline, "服务器连接不上，以下只是本机保存的部分数据（%s 更新）", at.In(china).Format("01-02 15:04"))
	}
	out.Quick = func() bool {
		whole, _, err := c.whole(context.Background(), kind)
		return err == nil && whole
	}
	return &out
}

var china = time.FixedZone("+08:00", 8*60*60)

func messages[M proto.Message](rows []M) []proto.Message {
	all := make([]proto.Message, len(rows))
	for i, r := range rows {
		all[i] = r
	}
	return all
}

// local reports whether a query can be answered from what entries are kept by. A place in the server's order means nothing here.
func local[M any](l *list.List[M], columns map[string]int, q *commonv1.Query) bool {
	if _, ok := columns[q.GetSort()]; q.GetSort() != "" && !ok {
		return false
	}
	for _, f := range q.GetFilters() {
		if _, ok := columns[f.Column]; !ok && f.Column != l.Mirror.Part {
			return false
		}
	}
	_, err := strconv.Atoi(q.GetAfter())
	return err == nil || q.GetAfter() == ""
}

// whole reports whether the mirror has every record of a kind, and when it was last brought up to date.
func (c *Cache) whole(ctx context.Context, kind string) (whole bool, at time.Time, err error) {
	err = c.db.Read(ctx, func(tx *db.Tx) error {
		s, err := settings(ctx, tx)
		if err != nil {
			return err
		}
		at = time.UnixMilli(s.number("pulled"))
		if s.get("epoch") == "" {
			return nil // nothing was pulled yet
		}
		missing, err := c.lacks(ctx, tx, kind)
		whole = !missing
		return err
	})
	return whole, at, err
}

// lacks reports whether the body of a record of a kind is missing. It is asked by every list, so it is remembered until the records change.
func (c *Cache) lacks(ctx context.Context, tx *db.Tx, kind string) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if missing, known := c.missing[kind]; known {
		return missing, nil
	}
	var n int
	err := tx.Get(ctx, []any{&n}, "SELECT COUNT(*) FROM (SELECT 1 FROM item i WHERE i.kind = $1 AND NOT EXISTS (SELECT 1 FROM record r WHERE r.kind = i.kind AND r.id = i.id) LIMIT 1)", kind)
	if err == nil {
		c.missing[kind] = n > 0
	}
	return n > 0, err
}

// forget forgets what is remembered of the records: they have changed.
func (c *Cache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.missing)
}

// page answers a query from the entries.
func page[M proto.Message](ctx context.Context, c *Cache, l *list.List[M], columns map[string]int, q *commonv1.Query) (rows []M, info *commonv1.PageInfo, err error) {
	size, from := int(q.GetSize()), 0
	if size == 0 {
		size = 50
	}
	if q.GetAfter() != "" {
		if from, err = strconv.Atoi(q.After); err != nil {
			return nil, nil, err
		}
	}
	tabs, where := narrowed(l, columns, q)
	key, dir := "at", "DESC"
	if q.GetSort() != "" {
		key, dir = fmt.Sprintf("c%d", columns[q.Sort]), "ASC"
		if q.Descending {
			dir = "DESC"
		}
	}
	info = &commonv1.PageInfo{}
	if !c.filled.Load() {
		return nil, info, nil
	}
	err = c.db.Read(ctx, func(tx *db.Tx) error {
		if err := tx.Query(ctx, func(scan func(...any) error) error {
			n := &commonv1.StateCount{}
			info.Counts = append(info.Counts, n)
			return scan(&n.State, &n.Count)
		}, "SELECT state, COUNT(*) FROM entry WHERE "+tabs.text+" GROUP BY state", tabs.args...); err != nil {
			return err
		}
		if err := tx.Get(ctx, []any{&info.Total}, "SELECT COUNT(*) FROM "+where.from+" WHERE "+where.text, where.args...); err != nil {
			return err
		}
		var ids []string
		if err := tx.Query(ctx, func(scan func(...any) error) error {
			ids = append(ids, "")
			return scan(&ids[len(ids)-1])
		}, fmt.Sprintf("SELECT id FROM %s WHERE %s ORDER BY %s %s, id %s LIMIT %d OFFSET %d", where.from, where.text, key, dir, dir, size, from), where.args...); err != nil {
			return err
		}
		for _, id := range ids {
			m, err := c.effective(ctx, tx, l.Mirror.Kind, id)
			if err != nil {
				return err
			}
			if m != nil {
				rows = append(rows, m.(M))
			}
		}
		return nil
	})
	if int64(from+size) < info.Total {
		info.Next = strconv.Itoa(from + size)
	}
	return rows, info, err
}
