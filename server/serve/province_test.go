package serve_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/command"
	"zhiping/server/migrations"
	"zhiping/server/servertest"
	"zhiping/server/session"
	"zhiping/server/unit"
	"zhiping/shared/db"
	"zhiping/shared/db/dbtest"
	"zhiping/shared/review"
	rules "zhiping/shared/unit"
	"zhiping/shared/wire"
)

// A province is an invented one: the HR department at its top, cities, counties, departments and employers, with their staff.
type province struct {
	top, wide, crowded *unitv1.Unit // wide has the widest level below it, crowded the most accounts
	units              []*unitv1.Unit
	staff              []*unitv1.Staff
	now                int64
}

// A size says how large a province is. Units and staff are all of them; what the levels leave over are employers, spread over the counties.
type size struct{ cities, counties, departments, wide, waiting, units, crowd, staff int }

// full is a province of 20,000 units and 100,000 accounts; small has every kind of unit that full has.
var (
	full  = size{cities: 21, counties: 183, departments: 1200, wide: 5000, waiting: 500, units: 20000, crowd: 5000, staff: 100000}
	small = size{cities: 2, counties: 4, departments: 6, wide: 30, waiting: 5, units: 80, crowd: 20, staff: 200}
)

// newProvince makes the messages of a province below a top; the first city has the widest level, the first department the most staff.
func newProvince(t testing.TB, top *unitv1.Unit, s size, now int64) *province {
	p := &province{top: top, now: now}
	level := func(n int, kind commonv1.UnitKind, name string, above ...*unitv1.Unit) (made []*unitv1.Unit) {
		for i := range n {
			made = append(made, p.add(above[i%len(above)], kind, fmt.Sprintf("%s%05d", name, (i*7919+13)%99991)))
		}
		return made
	}
	cities := level(s.cities, commonv1.UnitKind_UNIT_KIND_HR, "示例市人社局", top)
	counties := level(s.counties, commonv1.UnitKind_UNIT_KIND_HR, "示例县人社局", cities...)
	offices := append(append([]*unitv1.Unit{top}, cities...), counties...)
	departments := level(s.departments, commonv1.UnitKind_UNIT_KIND_DEPARTMENT, "示例主管部门", offices...)
	p.wide, p.crowded = cities[0], departments[0]
	level(s.wide, commonv1.UnitKind_UNIT_KIND_EMPLOYER, "示例直属学校", p.wide)
	for _, above := range []*unitv1.Unit{top, p.wide} {
		for _, u := range level(s.waiting, commonv1.UnitKind_UNIT_KIND_EMPLOYER, "示例新单位", above) {
			p.register(t, u, above)
		}
	}
	level(s.units-len(p.units), commonv1.UnitKind_UNIT_KIND_EMPLOYER, "示例医院", counties...)
	for i := range s.staff {
		u := p.crowded
		if i >= s.crowd {
			u = p.units[i%len(p.units)]
		}
		p.staff = append(p.staff, &unitv1.Staff{
			Id: servertest.NewID(), Revision: 1, UnitId: u.Id, Name: fmt.Sprintf("示例人员%05d", (i*7919+13)%99991), Account: fmt.Sprintf("clerk-%06d", i), Phone: "13800000000", Super: i%5 == 0, Disabled: i%50 == 49,
		})
	}
	return p
}

func (p *province) add(above *unitv1.Unit, kind commonv1.UnitKind, name string) *unitv1.Unit {
	u := &unitv1.Unit{
		Id: servertest.NewID(), Revision: 1, Name: name, CreditCode: servertest.CreditCode(len(p.units) + 1000), Kind: kind, Division: "510100", Nature: []string{"10", "20"}[len(p.units)%2],
		Contact: "联系人", Phone: "028-00000000", Address: "示例路1号", SuperiorId: above.Id, SuperiorName: above.Name, Authorised: true,
	}
	p.units = append(p.units, u)
	return u
}

// register makes a unit one that waits for its superior (A8).
func (p *province) register(t testing.TB, u, above *unitv1.Unit) {
	u.Authorised, u.Registration = false, &reviewv1.Case{Matter: reviewv1.Matter_MATTER_UNIT}
	by := review.Actor{UnitID: u.Id, UnitName: u.Name, StaffID: servertest.NewID(), StaffName: "经办人"}
	if err := review.Submit(u.Registration, []*reviewv1.Node{rules.Posts(above, reviewv1.Matter_MATTER_UNIT)}, by, p.now); err != nil {
		t.Fatal(err)
	}
}

// A bulk is rows on their way into the database, many with one statement.
type bulk struct {
	t        testing.TB
	d        *db.DB
	rows     map[string][][]any // by table and its columns
	counters map[[4]string]int64
	digests  map[[2]string][2]int64
	seq      int64
}

const atOnce = 500

func (b *bulk) add(into string, values ...any) {
	if b.rows[into] = append(b.rows[into], values); len(b.rows[into]) == atOnce {
		b.flush(into, "")
	}
}

// flush writes the rows of a table; end is what the statement ends with.
func (b *bulk) flush(into, end string) {
	b.t.Helper()
	rows := b.rows[into]
	b.rows[into] = nil
	if len(rows) == 0 {
		return
	}
	var text strings.Builder
	var args []any
	for i, r := range rows {
		for j, v := range r {
			args = append(args, v)
			fmt.Fprintf(&text, "%s$%d", map[bool]string{true: ", ", false: ""}[j > 0], len(args))
		}
		if i < len(rows)-1 {
			text.WriteString("), (")
		}
	}
	err := b.d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO "+into+" VALUES ("+text.String()+")"+end, args...)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// sees notes that a viewer sees a new record.
func (b *bulk) sees(viewer, kind, id string, now int64) {
	b.seq++
	hash := wire.Hash(kind, id, 1)
	b.add("feed (viewer, kind, id, seq, revision, gone, hash, at, by_whom)", viewer, kind, id, b.seq, 1, false, hash, now, "")
	d := b.digests[[2]string{viewer, kind}]
	b.digests[[2]string{viewer, kind}] = [2]int64{d[0] + 1, d[1] + hash}
}

// seedProvince writes a province in bulk: every row that record.Put would write, but the audit log, which no list and no pull reads. That it is so
// is TestSeedIsWhatPutWrites.
func seedProvince(t testing.TB, d *db.DB, p *province) {
	t.Helper()
	b := &bulk{t: t, d: d, rows: map[string][][]any{}, counters: map[[4]string]int64{}, digests: map[[2]string][2]int64{}}
	if err := d.Read(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, []any{&b.seq}, "SELECT value FROM head WHERE name = 'feed'")
	}); err != nil {
		t.Fatal(err)
	}
	for _, u := range p.units {
		b.unit(u, p.now)
	}
	hash := session.Hash(servertest.Password)
	for _, s := range p.staff {
		b.staff(s, hash, p.now)
	}
	for k, n := range b.counters {
		b.add("counter (kind, scope, owner, state, n)", k[0], k[1], k[2], k[3], n)
	}
	for into := range b.rows {
		b.flush(into, "")
	}
	for k, v := range b.digests { // the top has seen itself since it was made
		b.add("digest (viewer, kind, count, sum)", k[0], k[1], v[0], v[1])
		b.flush("digest (viewer, kind, count, sum)", " ON CONFLICT (viewer, kind) DO UPDATE SET count = digest.count + excluded.count, sum = digest.sum + excluded.sum")
	}
	if err := d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE head SET value = $1 WHERE name = 'feed'", b.seq)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if d.Dialect == db.Postgres { // what its own daemon does after a while
		if _, err := d.Raw().ExecContext(ctx, "ANALYZE"); err != nil {
			t.Fatal(err)
		}
	}
}

func (b *bulk) body(m proto.Message) []byte {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		b.t.Fatal(err)
	}
	return body
}

func (b *bulk) unit(u *unitv1.Unit, now int64) {
	b.add("unit (id, revision, updated_at, body, state, superior_id, name, credit_code, kind, division, nature)",
		u.Id, 1, now, b.body(u), rules.State(u), u.SuperiorId, u.Name, u.CreditCode, int64(u.Kind), u.Division, u.Nature)
	b.counters[[4]string{"unit", "subordinate", u.SuperiorId, rules.State(u)}]++
	for _, s := range review.Seats(u.Registration) {
		b.counters[[4]string{"unit", "registration", s.UnitID, s.Tab.String()}]++
		b.add("seat (matter, subject, unit_id, tab, level, updated_at)", int32(reviewv1.Matter_MATTER_UNIT), u.Id, s.UnitID, int32(s.Tab), s.Level, now)
	}
	viewers := []string{session.Viewer(u.Id), session.Viewer(u.SuperiorId)}
	slices.Sort(viewers)
	for _, v := range viewers {
		b.sees(v, "unit", u.Id, now)
	}
}

func (b *bulk) staff(s *unitv1.Staff, hash string, now int64) {
	b.add("staff (id, revision, updated_at, body, state, unit_id, name, account, number)", s.Id, 1, now, b.body(s), rules.StaffState(s), s.UnitId, s.Name, s.Account, session.Number(s.Number))
	b.add("account (account, staff_id, hash, must_change, disabled)", s.Account, s.Id, hash, true, s.Disabled)
	b.counters[[4]string{"staff", "own", s.UnitId, rules.StaffState(s)}]++
	b.sees(session.Viewer(s.UnitId), "staff", s.Id, now)
}

// putRecords writes records the way the server does.
func putRecords(t testing.TB, d *db.DB, now int64, units []*unitv1.Unit, staff []*unitv1.Staff) {
	t.Helper()
	run := &command.Runner{DB: d, Now: func() time.Time { return time.UnixMilli(now) }}
	do := func(fn func(tx *command.Tx) error) {
		if _, err := command.Run(ctx, run, &emptypb.Empty{}, func(tx *command.Tx) (*emptypb.Empty, error) { return &emptypb.Empty{}, fn(tx) }); err != nil {
			t.Fatal(err)
		}
	}
	for _, u := range units {
		u = proto.CloneOf(u)
		u.Revision = 0
		do(func(tx *command.Tx) error { return unit.Units.Put(ctx, tx, u) })
	}
	for _, s := range staff {
		s = proto.CloneOf(s)
		s.Revision = 0
		do(func(tx *command.Tx) error {
			if err := session.AddAccount(ctx, tx.Tx, s.Account, s.Id, "", session.ByOther); err != nil {
				return err
			}
			if err := session.SetAccount(ctx, tx.Tx, s.Account, s.Id, s.Disabled); err != nil {
				return err
			}
			return unit.Staff.Put(ctx, tx, s)
		})
	}
}

// tables are what a record is written into, but the audit log; sums are those in which all records stand together. Hashes of passwords have a
// salt each.
var (
	tables = []string{
		"SELECT * FROM unit WHERE id IN (%s) ORDER BY id", "SELECT * FROM staff WHERE id IN (%s) ORDER BY id", "SELECT * FROM seat WHERE subject IN (%s) ORDER BY matter, subject, unit_id",
		"SELECT viewer, kind, id, revision, gone, hash, at, by_whom FROM feed WHERE id IN (%s) ORDER BY id, kind, viewer", "SELECT account, staff_id, must_change, disabled FROM account WHERE staff_id IN (%s) ORDER BY account",
	}
	sums = []string{"SELECT * FROM counter ORDER BY kind, scope, owner, state", "SELECT * FROM digest ORDER BY viewer, kind", "SELECT name, value FROM head WHERE name = 'feed'", "SELECT viewer, id, seq FROM feed ORDER BY seq"}
)

// dumped are the rows of queries, as text.
func dumped(t testing.TB, d *db.DB, queries []string) (all []string) {
	t.Helper()
	for _, q := range queries {
		rows, err := d.Raw().QueryContext(ctx, q)
		if err != nil {
			t.Fatal(err, q)
		}
		names, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		values, dest := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			dest[i] = &values[i]
		}
		for rows.Next() {
			if err := rows.Scan(dest...); err != nil {
				t.Fatal(err)
			}
			all = append(all, fmt.Sprintf("%s: %x", strings.Fields(q)[1:4], values))
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// spotCheck holds what was written in bulk about some records against what record.Put writes about them in a database of its own.
func spotCheck(t testing.TB, seeded, own *db.DB, p *province, units []*unitv1.Unit, staff []*unitv1.Staff, more ...string) {
	t.Helper()
	putRecords(t, own, p.now, units, staff)
	var ids []string
	for _, u := range units {
		ids = append(ids, u.Id)
	}
	for _, s := range staff {
		ids = append(ids, s.Id)
	}
	queries := slices.Clone(more)
	for _, q := range tables {
		queries = append(queries, fmt.Sprintf(q, "'"+strings.Join(ids, "', '")+"'"))
	}
	got, want := dumped(t, seeded, queries), dumped(t, own, queries)
	if len(want) < 2*len(ids) {
		t.Fatalf("only %d rows for %d records", len(want), len(ids))
	}
	for i := range max(len(got), len(want)) {
		if line(got, i) != line(want, i) {
			t.Fatalf("row %d of %d and %d:\nin bulk %s\nby Put  %s", i, len(got), len(want), line(got, i), line(want, i))
		}
	}
}

func line(all []string, i int) string {
	if i < len(all) {
		return all[i]
	}
	return "-"
}

// fresh opens a migrated database without anything in it.
func fresh(t testing.TB, kind string) *db.DB {
	t.Helper()
	d := map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres}[kind](t)
	if err := d.Migrate(ctx, migrations.Files); err != nil {
		t.Fatal(err)
	}
	return d
}

// What make scale seeds in bulk is, byte for byte in all tables, what record.Put writes for the same records.
func TestSeedIsWhatPutWrites(t *testing.T) {
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			d := fresh(t, kind)
			p := newProvince(t, &unitv1.Unit{Id: servertest.NewID(), Name: "示例省人社厅（虚构）"}, small, time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC).UnixMilli())
			seedProvince(t, d, p)
			spotCheck(t, d, fresh(t, kind), p, p.units, p.staff, sums...)
		})
	}
}
