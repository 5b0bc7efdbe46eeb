package record

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/session"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

// defaultSize is how many rows a page has when the query does not say.
const defaultSize = 50

// where builds the conditions of a list from declared columns and bound values.
type where struct {
	parts []string
	args  []any
}

func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return fmt.Sprintf("$%d", len(w.args))
}

func (w *where) and(part string) { w.parts = append(w.parts, part) }

func (w *where) text() string { return strings.Join(w.parts, " AND ") }

// plan is one list query, worked out.
type plan struct {
	from     string
	key      string // the column it is ordered by
	number   bool   // that column holds numbers
	desc     bool
	where    where
	filtered bool
}

// List returns one page of a scope: its rows, how many there are in all, the number on each state tab and where the next page begins. The
// totals come from counters; only a filtered list is counted.
func (k *Kind[M]) List(ctx context.Context, tx *db.Tx, c *session.Caller, q *commonv1.Query) ([]M, *commonv1.PageInfo, error) {
	s, err := k.scope(q.GetScope())
	if err != nil {
		return nil, nil, err
	}
	owner := ""
	if s.Owner != nil {
		owner = s.Owner(c)
	} else if c != nil {
		owner = c.Unit.Id
	}
	return k.Page(ctx, tx, s.Name, owner, q)
}

// Page is List for an owner that the service names itself, having checked that the caller may see it.
func (k *Kind[M]) Page(ctx context.Context, tx *db.Tx, scope, owner string, q *commonv1.Query) ([]M, *commonv1.PageInfo, error) {
	return k.page(ctx, tx, scope, owner, q, true)
}

// Part is Page without the numbers on the tabs, in two statements.
func (k *Kind[M]) Part(ctx context.Context, tx *db.Tx, scope, owner string, q *commonv1.Query) ([]M, *commonv1.PageInfo, error) {
	return k.page(ctx, tx, scope, owner, q, false)
}

func (k *Kind[M]) page(ctx context.Context, tx *db.Tx, scope, owner string, q *commonv1.Query, tabs bool) ([]M, *commonv1.PageInfo, error) {
	s, err := k.scope(scope)
	if err != nil {
		return nil, nil, err
	}
	p, err := k.plan(s, owner, q)
	if err != nil {
		return nil, nil, err
	}
	page := &commonv1.PageInfo{}
	if tabs || !p.filtered {
		if page.Counts, err = k.tabs(ctx, tx, s, owner); err != nil {
			return nil, nil, err
		}
	}
	if page.Total, err = p.total(ctx, tx, page.Counts, q.GetState()); err != nil {
		return nil, nil, err
	}
	rows, next, err := k.rows(ctx, tx, p, q)
	page.Next = next
	return rows, page, err
}

func (k *Kind[M]) scope(name string) (*Scope, error) {
	for i := range k.Scopes {
		if s := &k.Scopes[i]; s.Name == name || name == "" && i == 0 {
			return s, nil
		}
	}
	return nil, fault.New(fault.Invalid, "列表范围“%s”不存在，请重新打开列表", name).At("query.scope")
}

func (k *Kind[M]) plan(s *Scope, owner string, q *commonv1.Query) (*plan, error) {
	p := &plan{from: k.Name + " r", key: "r.updated_at", number: true, desc: true}
	if s.Matter != 0 {
		p.from = "seat s JOIN " + k.Name + " r ON r.id = s.subject"
		p.key = "s.updated_at"
		p.where.and("s.matter = " + p.where.arg(int32(s.Matter)))
		p.where.and("s.unit_id = " + p.where.arg(owner))
	} else {
		p.where.and("r." + s.Column + " = " + p.where.arg(owner))
	}
	if err := p.state(s, q.GetState()); err != nil {
		return nil, err
	}
	for _, f := range q.GetFilters() {
		if err := k.filter(p, f); err != nil {
			return nil, err
		}
	}
	if q.GetSort() != "" {
		col := k.by[q.Sort]
		if col == nil || !col.Sort {
			return nil, fault.New(fault.Invalid, "列表不能按“%s”排序，请换一列", q.Sort).At("query.sort")
		}
		_, text := col.Value(k.New()).(string)
		p.key, p.number, p.desc = "r."+col.Name, !text, q.Descending
	}
	return p, nil
}

func (p *plan) state(s *Scope, state string) error {
	switch {
	case state == "":
	case s.Matter != 0:
		tab, ok := reviewv1.Tab_value[state]
		if !ok {
			return fault.New(fault.Invalid, "状态“%s”不存在，请重新选择", state).At("query.state")
		}
		p.where.and("s.tab = " + p.where.arg(tab))
	default:
		p.where.and("r.state = " + p.where.arg(state))
	}
	return nil
}

func (k *Kind[M]) filter(p *plan, f *commonv1.Filter) error {
	col := k.by[f.Column]
	if col == nil || col.Match == No {
		return fault.New(fault.Invalid, "列表不能按“%s”筛选，请重置筛选条件", f.Column).At("query.filters")
	}
	if f.Value == "" {
		return nil
	}
	p.filtered = true
	if col.Match == Contains {
		p.where.and("r." + col.Name + " LIKE " + p.where.arg(db.Like(f.Value)) + ` ESCAPE '\'`)
		return nil
	}
	v, err := typed(col.Value(k.New()), f.Value)
	if err != nil {
		return fault.New(fault.Invalid, "筛选值“%s”不正确，请重新填写", f.Value).At("query.filters")
	}
	p.where.and("r." + col.Name + " = " + p.where.arg(v))
	return nil
}

// typed reads a filter's text as the type the column has.
func typed(sample any, text string) (any, error) {
	switch sample.(type) {
	case string:
		return text, nil
	case bool:
		return text == "true", nil
	}
	var n int64
	_, err := fmt.Sscan(text, &n)
	return n, err
}

var readCounts = db.SQL("SELECT state, n FROM counter WHERE kind = $1 AND scope = $2 AND owner = $3 AND n <> 0 ORDER BY state")

func (k *Kind[M]) tabs(ctx context.Context, tx *db.Tx, s *Scope, owner string) ([]*commonv1.StateCount, error) {
	var all []*commonv1.StateCount
	err := tx.Query(ctx, func(scan func(...any) error) error {
		c := &commonv1.StateCount{}
		all = append(all, c)
		return scan(&c.State, &c.Count)
	}, readCounts, k.Name, s.Name, owner)
	return all, err
}

// total comes from the counters, unless the list is filtered.
func (p *plan) total(ctx context.Context, tx *db.Tx, counts []*commonv1.StateCount, state string) (n int64, err error) {
	if p.filtered {
		return n, tx.Get(ctx, []any{&n}, "SELECT count(*) FROM "+p.from+" WHERE "+p.where.text(), p.where.args...)
	}
	for _, c := range counts {
		if state == "" || c.State == state {
			n += c.Count
		}
	}
	return n, nil
}

// cursor is where a page ended.
type cursor struct {
	Key any    `json:"k"`
	ID  string `json:"i"`
}

func (k *Kind[M]) rows(ctx context.Context, tx *db.Tx, p *plan, q *commonv1.Query) ([]M, string, error) {
	if err := p.after(q.GetAfter()); err != nil {
		return nil, "", err
	}
	size := int(q.GetSize())
	if size == 0 {
		size = defaultSize
	}
	var all []M
	last := cursor{}
	more := false
	err := tx.Query(ctx, func(scan func(...any) error) error {
		if len(all) == size {
			more = true
			return nil
		}
		var body []byte
		if err := scan(&body, &last.Key, &last.ID); err != nil {
			return err
		}
		m := k.New()
		all = append(all, m)
		return proto.Unmarshal(body, m)
	}, p.query(size+1), p.where.args...)
	if err != nil || !more {
		return all, "", err
	}
	b, err := json.Marshal(last)
	return all, base64.RawURLEncoding.EncodeToString(b), err
}

func (p *plan) query(limit int) string {
	dir := "ASC"
	if p.desc {
		dir = "DESC"
	}
	return fmt.Sprintf("SELECT r.body, %s, r.id FROM %s WHERE %s ORDER BY %s %s, %s %s LIMIT %d", p.key, p.from, p.where.text(), p.key, dir, p.id(), dir, limit)
}

// id is the column that breaks ties, of the table whose index gives the order.
func (p *plan) id() string {
	if strings.HasPrefix(p.key, "s.") {
		return "s.subject"
	}
	return "r.id"
}

func (p *plan) after(token string) error {
	if token == "" {
		return nil
	}
	var c cursor
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		d := json.NewDecoder(strings.NewReader(string(b)))
		d.UseNumber()
		err = d.Decode(&c)
	}
	if n, ok := c.Key.(json.Number); ok && err == nil {
		c.Key, err = n.Int64()
	}
	if err != nil || c.ID == "" || !p.holds(c) {
		return fault.New(fault.Invalid, "翻页位置已失效，请回到第一页").At("query.after")
	}
	op := ">"
	if p.desc {
		op = "<"
	}
	p.where.and(fmt.Sprintf("(%s, %s) %s (%s, %s)", p.key, p.id(), op, p.where.arg(c.Key), p.where.arg(c.ID)))
	return nil
}

// holds reports whether a place can be one of this list; the database would stumble over another.
func (p *plan) holds(c cursor) bool {
	text, isText := c.Key.(string)
	_, isNumber := c.Key.(int64)
	return (p.number && isNumber || !p.number && isText) && !strings.ContainsRune(text+c.ID, 0)
}

// samples are the list queries of a scope that stand for all: each sort and each filter once, with and without a state.
func (k *Kind[M]) samples(s Scope) []string {
	queries := []*commonv1.Query{{}}
	for _, state := range []string{"", "TAB_FIRST"} {
		for _, col := range k.Columns {
			if col.Sort {
				queries = append(queries, &commonv1.Query{State: state, Sort: col.Name, Descending: state == ""})
			}
			if col.Match != No {
				queries = append(queries, &commonv1.Query{State: state, Filters: []*commonv1.Filter{{Column: col.Name, Value: "1"}}})
			}
		}
	}
	var all []string
	for _, q := range queries {
		p, err := k.plan(&s, "owner", q)
		if err != nil {
			panic(fmt.Sprintf("record: kind %s, scope %s: %v", k.Name, s.Name, err))
		}
		all = append(all, p.query(2))
	}
	return all
}

// Get answers a procedure that gets one record: the caller must be able to see it.
func (k *Kind[M]) Get(ctx context.Context, d *db.DB, id string) (m M, err error) {
	err = d.Read(ctx, func(tx *db.Tx) error {
		m, err = k.See(ctx, tx, session.Of(ctx), id)
		return err
	})
	return m, err
}

// Rows answers a procedure that lists records.
func (k *Kind[M]) Rows(ctx context.Context, d *db.DB, q *commonv1.Query) (rows []M, page *commonv1.PageInfo, err error) {
	err = d.Read(ctx, func(tx *db.Tx) error {
		rows, page, err = k.List(ctx, tx, session.Of(ctx), q)
		return err
	})
	return rows, page, err
}
