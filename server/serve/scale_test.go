package serve_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	syncv1 "zhiping/proto/gen/zhiping/sync/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/feed"
	"zhiping/server/servertest"
	"zhiping/server/session"
	serversync "zhiping/server/sync"
	"zhiping/server/unit"
	"zhiping/shared/db"
	"zhiping/shared/db/dbtest"
)

// hand is SQL by hand: one connection of database/sql with its prepared statements, each question in a transaction as the program's are.
type hand struct {
	t     testing.TB
	d     db.Dialect
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func newHand(t testing.TB, d *db.DB) *hand {
	conn, err := d.Raw().Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &hand{t: t, d: d.Dialect, conn: conn, stmts: map[string]*sql.Stmt{}}
}

// rows runs a statement and fn for every row.
func (h *hand) rows(fn func(*sql.Rows) error, query string, args ...any) {
	h.t.Helper()
	s := h.stmts[query]
	if s == nil {
		var err error
		if s, err = h.conn.PrepareContext(ctx, db.Rebind(h.d, query)); err != nil {
			h.t.Fatal(err, query)
		}
		h.stmts[query] = s
	}
	r, err := s.QueryContext(ctx, args...)
	if err != nil {
		h.t.Fatal(err, query)
	}
	defer r.Close()
	for r.Next() {
		if err := fn(r); err != nil {
			h.t.Fatal(err)
		}
	}
	if err := r.Err(); err != nil {
		h.t.Fatal(err)
	}
}

// reading runs fn in a transaction that only reads.
func (h *hand) reading(fn func()) {
	begin := "BEGIN DEFERRED"
	if h.d == db.Postgres {
		begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	}
	for _, q := range []string{begin, ""} {
		if q == "" {
			fn()
			q = "ROLLBACK"
		}
		if _, err := h.conn.ExecContext(ctx, q); err != nil {
			h.t.Fatal(err)
		}
	}
}

// list is a list by hand: the counters and a page of rows; count is the statement that counts a filtered one.
func (h *hand) list(m proto.Message, scope, owner, count, rows string, args ...any) {
	h.reading(func() {
		kind := string(m.ProtoReflect().Descriptor().Name())
		h.rows(func(r *sql.Rows) error {
			var state string
			var n int64
			return r.Scan(&state, &n)
		}, "SELECT state, n FROM counter WHERE kind = $1 AND scope = $2 AND owner = $3 AND n <> 0 ORDER BY state", strings.ToLower(kind), scope, owner)
		if count != "" {
			h.rows(func(r *sql.Rows) error { var n int64; return r.Scan(&n) }, count, args...)
		}
		h.rows(func(r *sql.Rows) error {
			var body []byte
			var key any
			var id string
			if err := r.Scan(&body, &key, &id); err != nil {
				return err
			}
			return proto.Unmarshal(body, m.ProtoReflect().New().Interface())
		}, rows, args...)
	})
}

// A measure is one question to a province, the program's way and by hand.
type measure struct {
	name       string
	ours, bare func()
}

// found says that a question was answered with as many rows as there are.
func found(t testing.TB, what string, n, want int, err error) {
	t.Helper()
	if err != nil || n != want {
		t.Fatalf("%s: %d rows, want %d: %v", what, n, want, err)
	}
}

const (
	unitRows = "SELECT r.body, %s, r.id FROM unit r WHERE r.superior_id = $1 AND r.state = $2%s ORDER BY %s LIMIT 51"
	seatRows = "SELECT r.body, s.updated_at, r.id FROM seat s JOIN unit r ON r.id = s.subject WHERE s.matter = $1 AND s.unit_id = $2 AND s.tab = $3 ORDER BY s.updated_at DESC, s.subject DESC LIMIT 51"
)

// listMeasures are the lists of a city and of a department.
func listMeasures(t testing.TB, s *unit.Service, h *hand, p *province) []measure {
	wide, crowded := session.With(ctx, session.NewCaller(&unitv1.Staff{Super: true}, p.wide)), session.With(ctx, session.NewCaller(&unitv1.Staff{Super: true}, p.crowded))
	units := func(q *commonv1.Query) func() {
		return func() {
			r, err := s.ListUnits(wide, &unitv1.ListUnitsRequest{Query: q})
			found(t, q.String(), len(r.GetUnits()), 50, err)
		}
	}
	staff := func(q *commonv1.Query) func() {
		return func() {
			r, err := s.ListStaff(crowded, &unitv1.ListStaffRequest{Query: q})
			found(t, q.String(), len(r.GetStaff()), 50, err)
		}
	}
	u, a := &unitv1.Unit{}, &unitv1.Staff{}
	part, waiting := db.Like("12"), len(p.waiting(p.wide))
	like := ` AND r.name LIKE $3 ESCAPE '\'`
	return []measure{
		{"subordinates", units(&commonv1.Query{State: "AUTHORISED", Size: 50}), func() {
			h.list(u, "subordinate", p.wide.Id, "", fmt.Sprintf(unitRows, "r.updated_at", "", "r.updated_at DESC, r.id DESC"), p.wide.Id, "AUTHORISED")
		}},
		{"subordinates-by-name", units(&commonv1.Query{State: "AUTHORISED", Size: 50, Sort: "name"}), func() {
			h.list(u, "subordinate", p.wide.Id, "", fmt.Sprintf(unitRows, "r.name", "", "r.name, r.id"), p.wide.Id, "AUTHORISED")
		}},
		{"subordinates-filtered", units(&commonv1.Query{State: "AUTHORISED", Size: 50, Filters: []*commonv1.Filter{{Column: "name", Value: "12"}}}), func() {
			h.list(u, "subordinate", p.wide.Id, "SELECT count(*) FROM unit r WHERE r.superior_id = $1 AND r.state = $2"+like, fmt.Sprintf(unitRows, "r.updated_at", like, "r.updated_at DESC, r.id DESC"), p.wide.Id, "AUTHORISED", part)
		}},
		{"staff", staff(&commonv1.Query{State: "ENABLED", Size: 50}), func() {
			h.list(a, "own", p.crowded.Id, "", "SELECT r.body, r.updated_at, r.id FROM staff r WHERE r.unit_id = $1 AND r.state = $2 ORDER BY r.updated_at DESC, r.id DESC LIMIT 51", p.crowded.Id, "ENABLED")
		}},
		{"staff-by-name", staff(&commonv1.Query{Size: 50, Sort: "name"}), func() {
			h.list(a, "own", p.crowded.Id, "", "SELECT r.body, r.name, r.id FROM staff r WHERE r.unit_id = $1 ORDER BY r.name, r.id LIMIT 51", p.crowded.Id)
		}},
		{"registrations", units(&commonv1.Query{Scope: "registration", State: "TAB_FIRST", Size: 50}), func() {
			h.list(u, "registration", p.wide.Id, "", seatRows, 1, p.wide.Id, 1)
		}},
		{"to-dos", func() {
			r, err := s.ListUnits(wide, &unitv1.ListUnitsRequest{Query: &commonv1.Query{Scope: "registration", State: "TAB_FIRST", Size: 1}})
			found(t, "to-dos", int(r.GetPage().GetTotal()), waiting, err)
		}, func() {
			h.list(u, "registration", p.wide.Id, "", strings.Replace(seatRows, "LIMIT 51", "LIMIT 2", 1), 1, p.wide.Id, 1)
		}},
	}
}

const (
	level = `SELECT u.id, u.name, u.kind, u.state, (SELECT COALESCE(SUM(c.n), 0) FROM counter c WHERE c.kind = 'unit' AND c.scope = 'subordinate' AND c.owner = u.id), ''
		FROM unit u WHERE u.superior_id = $1 ORDER BY u.name, u.id LIMIT 1000`
	walk = `WITH RECURSIVE above (id, depth, way) AS (
		SELECT id, 0, '' FROM unit WHERE id = $1
		UNION ALL SELECT u.id, a.depth + 1, a.way || u.name || $3 FROM above a JOIN unit u ON u.superior_id = a.id
			WHERE a.depth < 20 AND EXISTS (SELECT 1 FROM counter c WHERE c.kind = 'unit' AND c.scope = 'subordinate' AND c.owner = u.id)),
		found AS (SELECT u.id, u.name, a.depth, a.way FROM above a CROSS JOIN unit u WHERE u.superior_id = a.id AND u.name LIKE $2 ESCAPE '\' ORDER BY a.depth, u.name, u.id LIMIT 100)
		SELECT u.id, u.name, u.kind, u.state, 0, f.way FROM found f JOIN unit u ON u.id = f.id ORDER BY f.depth, f.name, f.id`
	superiorsByName = `SELECT id, name, kind FROM unit WHERE state = 'AUTHORISED' AND name LIKE $1 ESCAPE '\' ORDER BY name, id LIMIT 20`
)

// treeMeasures are the tree and its search from the top, and the search for a superior.
func treeMeasures(t testing.TB, s *unit.Service, h *hand, p *province) []measure {
	top := session.With(ctx, session.NewCaller(&unitv1.Staff{Super: true}, p.top))
	ours := func(r *unitv1.ListBranchesRequest, want int) func() {
		return func() {
			got, err := s.ListBranches(top, r)
			found(t, r.String(), len(got.GetBranches()), want, err)
		}
	}
	bare := func(query string, args ...any) func() {
		return func() {
			h.reading(func() {
				h.rows(func(r *sql.Rows) error {
					var id, name, state, way string
					var kind, below int64
					return r.Scan(&id, &name, &kind, &state, &below, &way)
				}, query, args...)
			})
		}
	}
	return []measure{
		{"tree-top", ours(&unitv1.ListBranchesRequest{SuperiorId: p.top.Id}, min(p.below(p.top), 1000)), bare(level, p.top.Id)},
		{"tree-widest", ours(&unitv1.ListBranchesRequest{SuperiorId: p.wide.Id}, min(p.below(p.wide), 1000)), bare(level, p.wide.Id)},
		{"search-few", ours(&unitv1.ListBranchesRequest{SuperiorId: p.top.Id, Name: "主管部门00013"}, 1), bare(walk, p.top.Id, db.Like("主管部门00013"), "\x1f")},
		{"search-many", ours(&unitv1.ListBranchesRequest{SuperiorId: p.top.Id, Name: "医院"}, 100), bare(walk, p.top.Id, db.Like("医院"), "\x1f")},
		{"find-superior", func() {
			r, err := s.FindSuperiors(ctx, &unitv1.FindSuperiorsRequest{Name: "县人社局"})
			found(t, "superiors", len(r.GetSuperiors()), 20, err)
		}, func() {
			h.reading(func() {
				h.rows(func(r *sql.Rows) error { var id, name string; var kind int; return r.Scan(&id, &name, &kind) }, superiorsByName, db.Like("县人社局"))
			})
		}},
	}
}

// pullMeasure is the first pull of a desktop of an HR department: itself, its accounts and all directly below it.
func pullMeasure(t testing.TB, name string, d *db.DB, h *hand, u *unitv1.Unit, rows int) measure {
	s := serversync.New(d, &feed.Bell{}, nil)
	c := session.With(ctx, session.NewCaller(&unitv1.Staff{Id: servertest.NewID(), Super: true}, u))
	return measure{name, func() {
		r, n := &syncv1.PullRequest{Client: "scale"}, 0
		for {
			resp, err := s.Pull(c, r)
			if err != nil {
				t.Fatal(err)
			}
			n += len(resp.Changes)
			if r.Epoch, r.Cursor = resp.Epoch, resp.Cursor; !resp.More {
				break
			}
		}
		found(t, name, n, rows, nil)
	}, func() { h.pull(session.Viewer(u.Id)) }}
}

const (
	changes = `SELECT seq, viewer, kind, id, revision, gone, at, by_whom FROM (SELECT * FROM feed WHERE viewer = $1 AND seq > $2 ORDER BY seq LIMIT 501) AS own
		UNION ALL SELECT seq, viewer, kind, id, revision, gone, at, by_whom FROM (SELECT * FROM feed WHERE viewer = '*' AND seq > $2 ORDER BY seq LIMIT 501) AS everybodys
		ORDER BY seq LIMIT 501`
	atOnceRead = 100
)

// pull is a pull by hand: the feed in pages of 500, and the messages a hundred at once.
func (h *hand) pull(viewer string) {
	for after, more := int64(0), true; more; {
		ids := map[string][]any{}
		n := 0
		h.reading(func() {
			h.rows(func(r *sql.Rows) error {
				var seq, revision, at int64
				var viewer, kind, id, by string
				var gone bool
				if n++; n > 500 {
					return nil
				}
				err := r.Scan(&seq, &viewer, &kind, &id, &revision, &gone, &at, &by)
				ids[kind], after = append(ids[kind], id), seq
				return err
			}, changes, viewer, after)
			for kind, all := range ids {
				for part := range slices.Chunk(all, atOnceRead) {
					h.bodies(kind, part)
				}
			}
		})
		more = n > 500
	}
}

func (h *hand) bodies(kind string, ids []any) {
	for len(ids) < atOnceRead {
		ids = append(ids[:len(ids):len(ids)], "")
	}
	marks := make([]string, atOnceRead)
	for i := range marks {
		marks[i] = fmt.Sprint("$", i+1)
	}
	h.rows(func(r *sql.Rows) error {
		var id string
		var revision int64
		var body []byte
		return r.Scan(&id, &revision, &body)
	}, "SELECT id, revision, body FROM "+kind+" WHERE id IN ("+strings.Join(marks, ", ")+")", ids...)
}

// below counts the units directly below one.
func (p *province) below(u *unitv1.Unit) (n int) {
	for _, x := range p.units {
		if x.SuperiorId == u.Id {
			n++
		}
	}
	return n
}

// waiting are the units that wait for a superior's review.
func (p *province) waiting(u *unitv1.Unit) (all []*unitv1.Unit) {
	for _, x := range p.units {
		if x.SuperiorId == u.Id && !x.Authorised {
			all = append(all, x)
		}
	}
	return all
}

// accounts counts the accounts of a unit.
func (p *province) accounts(u *unitv1.Unit) (n int) {
	for _, x := range p.staff {
		if x.UnitId == u.Id {
			n++
		}
	}
	return n
}

// BenchmarkProvince asks a province of 20,000 units and 100,000 accounts what a clerk asks, on both databases, and compares it with the same SQL by hand
// (make scale).
func BenchmarkProvince(b *testing.B) {
	for kind, url := range map[string]func() string{"sqlite": func() string { return "" }, "postgres": func() string { return dbtest.PostgresURL(b) }} {
		b.Run(kind, func(b *testing.B) {
			house := servertest.Start(b, url())
			p := newProvince(b, house.Top, full, house.Now().UnixMilli())
			seedProvince(b, house.Server.DB, p)
			spotCheck(b, house.Server.DB, fresh(b, kind), p, append(p.waiting(p.wide)[:5:5], p.units[:50]...), p.staff[:50])
			h := newHand(b, house.Server.DB)
			all := append(listMeasures(b, house.Server.Units, h, p), treeMeasures(b, house.Server.Units, h, p)...)
			all = append(all, pullMeasure(b, "pull-top", house.Server.DB, h, p.top, p.below(p.top)+2), // itself and its first account were there before
				pullMeasure(b, "pull-widest", house.Server.DB, h, p.wide, 1+p.below(p.wide)+p.accounts(p.wide)))
			for _, m := range all {
				b.Run(m.name, m.run)
			}
		})
	}
}

// warm is how often a question is asked before it counts: PostgreSQL plans a statement anew five times on each connection.
const warm = 20

// run takes turns, so that whatever else the machine does strikes both alike, and compares the medians.
func (m measure) run(b *testing.B) {
	var ours, bare []time.Duration
	for range warm {
		m.ours()
	}
	for range warm {
		m.bare()
	}
	for b.Loop() {
		ours, bare = append(ours, timed(m.ours)), append(bare, timed(m.bare))
	}
	b.ReportMetric(float64(median(ours))/float64(median(bare)), "ratio(<=1.5)")
	b.ReportMetric(float64(median(ours).Microseconds())/1000, "ms")
	b.ReportMetric(0, "ns/op")
}

func timed(fn func()) time.Duration {
	start := time.Now()
	fn()
	return time.Since(start)
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
