package serve_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/proto/gen/zhiping/session/v1/sessionv1connect"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/command"
	"zhiping/server/servertest"
	"zhiping/server/unit"
	"zhiping/shared/db"
	"zhiping/shared/db/dbtest"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
)

// parallel runs fn by 16 clients n times in all and gives the time.
func parallel(n int, fn func(i int) error) (time.Duration, error) {
	var next atomic.Int64
	var failed atomic.Value
	var wg sync.WaitGroup
	start := time.Now()
	for range 16 {
		wg.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				if err := fn(i); err != nil {
					failed.Store(err)
					return
				}
			}
		})
	}
	wg.Wait()
	err, _ := failed.Load().(error)
	return time.Since(start), err
}

// BenchmarkCommand compares a durable command (load, rule, write, feed, audit) by 16 clients with the bare writes of the same rows into the
// same tables under the same group commit, on SQLite with FULL.
func BenchmarkCommand(b *testing.B) {
	h, plain := servertest.Start(b, ""), servertest.Start(b, "")
	const n = 2000
	var ours, theirs time.Duration
	var hash atomic.Int64
	hash.Store(1 << 40)
	round := 0
	for b.Loop() {
		round++
		took, err := parallel(n, func(i int) error {
			u := &unitv1.Unit{Id: servertest.NewID(), Name: fmt.Sprint("单位", i), CreditCode: fmt.Sprintf("%d-%d", round, i), SuperiorId: h.Top.Id, Authorised: true}
			_, err := command.Run(ctx, h.Server.Run, u, func(tx *command.Tx) (*emptypb.Empty, error) { return &emptypb.Empty{}, unit.Units.Put(ctx, tx, u) })
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		ours += took
		took, err = parallel(n, func(i int) error { return bareWrites(plain, hash.Add(2), fmt.Sprintf("%d-%d", round, i)) })
		if err != nil {
			b.Fatal(err)
		}
		theirs += took
	}
	b.ReportMetric(float64(n*round)/ours.Seconds(), "commands/s")
	b.ReportMetric(float64(ours)/float64(theirs), "ratio(<=1.5)")
}

// bareWrites writes the rows of one command with nothing around them.
func bareWrites(h *servertest.House, hash int64, code string) error {
	u := &unitv1.Unit{Id: servertest.NewID(), Revision: 1, Name: "单位", CreditCode: code, SuperiorId: h.Top.Id, Authorised: true}
	body, err := proto.Marshal(u)
	if err != nil {
		return err
	}
	entry := fmt.Sprintf(`{"n":%d,"at":0,"procedure":"","label":"","subjects":[{"kind":"unit","id":%q,"after":%q}]}`, hash, u.Id, code)
	return h.Server.DB.Write(ctx, func(tx *db.Tx) error {
		for _, w := range []struct {
			sql  string
			args []any
		}{
			{"INSERT INTO unit (id, revision, updated_at, body, state, superior_id, name, credit_code, kind, division, nature) VALUES ($1, 1, $2, $3, 'AUTHORISED', $4, $5, $6, 3, '', '')", []any{u.Id, hash, body, u.SuperiorId, u.Name, code}},
			{"INSERT INTO counter (kind, scope, owner, state, n) VALUES ('unit', 'subordinate', $1, 'AUTHORISED', 1) ON CONFLICT (kind, scope, owner, state) DO UPDATE SET n = counter.n + 1", []any{u.SuperiorId}},
			{"UPDATE head SET value = value + 1 WHERE name = $1", []any{"audit"}},
			{"INSERT INTO audit_entry (n, at, entry) VALUES ($1, 0, $2)", []any{hash, entry}},
			{"INSERT INTO audit_hash (idx, hash) VALUES ($1, $2)", []any{hash, body[:32]}},
			{"INSERT INTO audit_hash (idx, hash) VALUES ($1, $2)", []any{hash + 1, body[:32]}},
			{"UPDATE head SET value = value + 2 WHERE name = $1", []any{"feed"}},
			{"INSERT INTO feed (viewer, kind, id, seq, revision, gone) VALUES ($1, 'unit', $2, $3, 1, false)", []any{"unit:" + u.Id, u.Id, hash}},
			{"INSERT INTO feed (viewer, kind, id, seq, revision, gone) VALUES ($1, 'unit', $2, $3, 1, false)", []any{"unit:" + u.SuperiorId, u.Id, hash + 1}},
		} {
			if _, err := tx.Exec(ctx, w.sql, w.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// BenchmarkList compares a page of 50 out of 100,000 units, with order and counts, with the same SQL by hand.
func BenchmarkList(b *testing.B) { lists(b, servertest.Start(b, ""), 100000) }

// BenchmarkMillion is BenchmarkList on a million rows, on both databases (make scale).
func BenchmarkMillion(b *testing.B) {
	for kind, url := range map[string]func() string{"sqlite": func() string { return "" }, "postgres": func() string { return dbtest.PostgresURL(b) }} {
		b.Run(kind, func(b *testing.B) { lists(b, servertest.Start(b, url()), 1000000) })
	}
}

func lists(b *testing.B, h *servertest.House, n int64) {
	b.Helper()
	seed(b, h.Server.DB, h.Top.Id, int(n))
	q := &commonv1.Query{State: "AUTHORISED", Size: 50, Sort: "name"}
	ours := func(tx *db.Tx) error {
		rows, page, err := unit.Units.Page(ctx, tx, "subordinate", h.Top.Id, q)
		if err == nil && (len(rows) != 50 || page.Total != n) {
			return fmt.Errorf("%d rows of %d", len(rows), page.Total)
		}
		return err
	}
	read := func(fn func(*db.Tx) error) func() {
		return func() {
			if err := h.Server.DB.Read(ctx, fn); err != nil {
				b.Fatal(err)
			}
		}
	}
	measure{ours: read(ours), bare: read(func(tx *db.Tx) error { return byHand(tx, h.Top.Id) })}.run(b)
}

func byHand(tx *db.Tx, owner string) error {
	var n int64
	if err := tx.Get(ctx, []any{&n}, "SELECT sum(n) FROM counter WHERE kind = 'unit' AND scope = 'subordinate' AND owner = $1", owner); err != nil {
		return err
	}
	return tx.Query(ctx, func(scan func(...any) error) error {
		var body []byte
		var name, id string
		if err := scan(&body, &name, &id); err != nil {
			return err
		}
		return proto.Unmarshal(body, &unitv1.Unit{})
	}, "SELECT body, name, id FROM unit WHERE superior_id = $1 AND state = 'AUTHORISED' ORDER BY name, id LIMIT 51", owner)
}

// seed writes n units below a superior, in bulk.
func seed(b testing.TB, d *db.DB, superior string, n int) {
	b.Helper()
	for from := 0; from < n; from += 1000 {
		err := d.Write(ctx, func(tx *db.Tx) error {
			for i := from; i < from+1000; i++ {
				u := &unitv1.Unit{Id: servertest.NewID(), Revision: 1, Name: fmt.Sprintf("示例单位%07d", i*7919%n), SuperiorId: superior, Authorised: true}
				body, err := proto.Marshal(u)
				if err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, "INSERT INTO unit (id, revision, updated_at, body, state, superior_id, name, credit_code, kind, division, nature) VALUES ($1, 1, $2, $3, 'AUTHORISED', $4, $5, $6, 3, '', '')",
					u.Id, i, body, superior, u.Name, fmt.Sprint("seed", i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	err := d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO counter (kind, scope, owner, state, n) VALUES ('unit', 'subordinate', $1, 'AUTHORISED', $2) ON CONFLICT (kind, scope, owner, state) DO UPDATE SET n = excluded.n", superior, n)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}

// bare answers WhoAmI with no interceptor at all.
type bare struct {
	sessionv1connect.UnimplementedSessionServiceHandler
	answer *sessionv1.WhoAmIResponse
}

func (s bare) WhoAmI(context.Context, *sessionv1.WhoAmIRequest) (*sessionv1.WhoAmIResponse, error) {
	return s.answer, nil
}

// BenchmarkRPC compares a call through every interceptor with the same handler behind none.
func BenchmarkRPC(b *testing.B) {
	h := servertest.Start(b, "")
	c := h.SignIn("topadmin")
	full := sessionv1connect.NewSessionServiceClient(c.HTTP, c.URL, c.Options...)
	answer, err := full.WhoAmI(ctx, &sessionv1.WhoAmIRequest{})
	if err != nil {
		b.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(sessionv1connect.NewSessionServiceHandler(bare{answer: answer}, connect.WithCompressMinBytes(1024)))
	plain := httptest.NewServer(mux)
	defer plain.Close()
	none := sessionv1connect.NewSessionServiceClient(http.DefaultClient, plain.URL, c.Options...)
	var ours, theirs time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := full.WhoAmI(ctx, &sessionv1.WhoAmIRequest{}); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(start)
		start = time.Now()
		if _, err := none.WhoAmI(ctx, &sessionv1.WhoAmIRequest{}); err != nil {
			b.Fatal(err)
		}
		theirs += time.Since(start)
	}
	b.ReportMetric(float64(ours)/float64(theirs), "ratio(<=1.6)")
}
