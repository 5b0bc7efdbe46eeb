package syncer

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"zhiping/desktop/cache"
	"zhiping/desktop/list"
	"zhiping/desktop/vault"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/feed"
	"zhiping/server/serve"
	"zhiping/server/servertest"
	"zhiping/shared/db"
)

// BenchmarkPull compares a first pull of 100,000 records into a mirror - over the network, checked, sealed and indexed - with reading them from
// the server's database and writing them into one of the same form in one transaction.
func BenchmarkPull(b *testing.B) {
	const n = 100000
	dir := b.TempDir()
	s, err := serve.Open(ctx, serve.Config{Dir: filepath.Join(dir, "server"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	top := &unitv1.Unit{Id: servertest.NewID(), Name: "示例省厅（虚构）", CreditCode: servertest.CreditCode(1), Kind: commonv1.UnitKind_UNIT_KIND_HR, Division: "510000", Nature: "20", Contact: "联系人", Phone: "028-00000000", Authorised: true}
	if err := s.Units.Bootstrap(ctx, top, servertest.NewStaff("first")); err != nil {
		b.Fatal(err)
	}
	if err := servertest.Settle(s.DB, "first"); err != nil {
		b.Fatal(err)
	}
	plant(b, s.DB, top.Id, n)
	web := httptest.NewServer(s.Handler())
	defer web.Close()
	var ours, bare time.Duration
	for i := 0; b.Loop(); i++ {
		c := Dial(web.URL, "")
		a, err := OpenAccount(ctx, c, filepath.Join(dir, fmt.Sprint("desktop", i)), "first", servertest.Password, vault.None{}, time.Now)
		if err != nil {
			b.Fatal(err)
		}
		y := New(c, a.Box, a.Mirror, c.Actor(), nil, a.Files(), time.Now, func(map[string]bool) {})
		l := cache.Add(a.Mirror, &list.List[*unitv1.Unit]{Name: "below", Columns: []list.Column[*unitv1.Unit]{{Key: "name", Text: (*unitv1.Unit).GetName}}, Mirror: list.Owned("unit", (*unitv1.Unit).GetSuperiorId, func(*unitv1.Unit) string { return "A" })})
		y.all = true
		start := time.Now()
		if err := y.Sync(ctx); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(start)
		if _, page, err := l.Source(ctx, &commonv1.Query{}); err != nil || page.Total != n {
			b.Fatal(page, err)
		}
		if err := a.Close(); err != nil {
			b.Fatal(err)
		}
		start = time.Now()
		copied(b, s.DB, filepath.Join(dir, fmt.Sprint("bare", i, ".db")), n)
		bare += time.Since(start)
	}
	b.ReportMetric(float64(ours)/float64(bare), "ratio(<=2)")
	b.ReportMetric(float64(n*b.N)/ours.Seconds(), "records/s")
}

// plant writes n units below a superior, with their feed, in bulk.
func plant(b *testing.B, d *db.DB, superior string, n int) {
	b.Helper()
	for from := 0; from < n; from += 1000 {
		if err := d.Write(ctx, func(tx *db.Tx) error {
			var changes []feed.Change
			for i := from; i < from+1000; i++ {
				u := &unitv1.Unit{
					Id: servertest.NewID(), Revision: 1, Name: fmt.Sprintf("示例单位%07d", i), SuperiorId: superior, Authorised: true, CreditCode: servertest.CreditCode(i + 2), Division: "510100", Nature: "20",
					Contact: "联系人", Phone: "028-00000000", Address: "虚构市示例路1号",
				}
				body, err := proto.Marshal(u)
				if err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, "INSERT INTO unit (id, revision, updated_at, body, state, superior_id, name, credit_code, kind, division, nature) VALUES ($1, 1, $2, $3, 'AUTHORISED', $4, $5, $6, 3, '', '')",
					u.Id, i, body, superior, u.Name, u.CreditCode); err != nil {
					return err
				}
				changes = append(changes, feed.Change{Viewer: "unit:" + superior, Kind: "unit", ID: u.Id, Revision: 1})
			}
			return feed.Append(ctx, tx, changes, feed.Stamp{})
		}); err != nil {
			b.Fatal(err)
		}
	}
}

// copied is what the pull is measured against: the rows read by their feed, and written with the same columns and indexes in one transaction.
func copied(b *testing.B, from *db.DB, path string, n int) {
	b.Helper()
	to, err := db.OpenSQLite(ctx, path)
	if err != nil {
		b.Fatal(err)
	}
	defer to.Close()
	if _, err := to.Raw().Exec(`CREATE TABLE item (kind TEXT NOT NULL, id TEXT NOT NULL, open INTEGER NOT NULL, revision INTEGER NOT NULL, at INTEGER NOT NULL, by_whom TEXT NOT NULL, PRIMARY KEY (kind, id, open)) STRICT, WITHOUT ROWID;
		CREATE TABLE record (kind TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, used INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, id)) STRICT;
		CREATE INDEX record_used ON record (used);
		CREATE TABLE entry (list TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL, c0 TEXT NOT NULL, PRIMARY KEY (list, id)) STRICT, WITHOUT ROWID;
		CREATE INDEX entry_state ON entry (list, state, at, id);
		CREATE INDEX entry_c0 ON entry (list, c0) WHERE c0 <> ''`); err != nil {
		b.Fatal(err)
	}
	rows := 0
	err = to.Write(ctx, func(w *db.Tx) error {
		return from.Read(ctx, func(r *db.Tx) error {
			return r.Query(ctx, func(scan func(...any) error) error {
				var id, name string
				var body []byte
				if err := scan(&id, &name, &body); err != nil {
					return err
				}
				rows++
				for _, x := range []struct {
					sql  string
					args []any
				}{
					{"INSERT INTO item (kind, id, open, revision, at, by_whom) VALUES ('unit', $1, 0, 1, 1, '')", []any{id}},
					{"INSERT INTO record (kind, id, revision, used, body) VALUES ('unit', $1, 1, 1, $2)", []any{id, body}},
					{"INSERT INTO entry (list, id, state, at, c0) VALUES ('below', $1, 'A', 1, $2)", []any{id, name}},
				} {
					if _, err := w.Exec(ctx, x.sql, x.args...); err != nil {
						return err
					}
				}
				return nil
			}, "SELECT u.id, u.name, u.body FROM feed f JOIN unit u ON u.id = f.id WHERE f.viewer = (SELECT viewer FROM feed GROUP BY viewer ORDER BY COUNT(*) DESC LIMIT 1) ORDER BY f.seq")
		})
	})
	if err != nil || rows < n {
		b.Fatal(rows, err)
	}
}

// An idle desktop does nothing: no call reaches the server while nothing happens (sync.md: hints, no polling).
func TestIdle(t *testing.T) {
	h := servertest.Start(t, "")
	h.Settle("topadmin")
	calls := make(chan string, 100)
	c := Dial(h.URL, "")
	c.plain = noting{c.plain, calls}
	a, err := OpenAccount(ctx, c, t.TempDir(), "topadmin", servertest.Password, vault.None{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	pulled := make(chan struct{}, 100)
	s := New(c, a.Box, a.Mirror, c.Actor(), nil, a.Files(), time.Now, func(kinds map[string]bool) {
		if kinds != nil {
			pulled <- struct{}{}
		}
	})
	stop := s.Start()
	defer stop()
	<-pulled
	quiet, enough := context.WithTimeout(ctx, 4*time.Second)
	defer enough()
	// The hint that every stream begins with may still ask for one pull; after that there is silence.
	settled := time.NewTimer(time.Second)
	var late []string
	for done := false; !done; {
		select {
		case p := <-calls:
			if !settled.Stop() {
				late = append(late, p)
			}
			settled.Reset(time.Second)
		case <-settled.C:
			for len(calls) > 0 {
				<-calls
			}
			select {
			case p := <-calls:
				late = append(late, p)
			case <-quiet.Done():
			}
			done = true
		}
	}
	if len(late) > 0 {
		t.Errorf("an idle desktop called %v", late)
	}
}

// noting says which calls go out.
type noting struct {
	next  http.RoundTripper
	calls chan<- string
}

func (n noting) RoundTrip(r *http.Request) (*http.Response, error) {
	n.calls <- r.URL.Path
	return n.next.RoundTrip(r)
}
