package portal

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	noticev1 "zhiping/proto/gen/zhiping/notice/v1"
	"zhiping/server/blob"
	"zhiping/server/command"
	"zhiping/server/migrations"
	"zhiping/server/notice"
	"zhiping/shared/db"
)

// published fills a database with so many published announcements and gives the id of the last.
func published(t testing.TB, n int) (d *db.DB, id string) {
	t.Helper()
	d, err := db.Open(t.Context(), filepath.Join(t.TempDir(), "zhiping.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Migrate(t.Context(), migrations.Files); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(t.Context(), func(tx *db.Tx) error {
		for i := range n {
			m := &noticev1.Notice{Id: uuid.Must(uuid.NewV7()).String(), Kind: noticev1.Kind(1 + i%8), Title: fmt.Sprintf("第%05d号公告", i), Text: "# 范围\n\n全省\n", UnitName: "示例局", State: noticev1.State_STATE_PUBLISHED, PublishedAt: int64(1 + i)}
			id = m.Id
			if err := notice.Notices.Put(t.Context(), &command.Tx{Tx: tx}, m); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return d, id
}

// A list costs two statements however it is asked, an announcement one.
func TestStatements(t *testing.T) {
	d, id := published(t, 50)
	for _, a := range []question{{}, {kind: 3}, {search: "公告"}, {kind: 3, search: "第 公告"}} {
		if err := d.Read(t.Context(), func(tx *db.Tx) error {
			page, err := listed(t.Context(), tx, a)
			if err == nil && (tx.Statements() != 2 || len(page.Notices) == 0 || page.Total == 0) {
				t.Errorf("%+v costs %d statements for %d rows of %d", a, tx.Statements(), len(page.Notices), page.Total)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Read(t.Context(), func(tx *db.Tx) error {
		_, err := read(t.Context(), tx, id)
		if tx.Statements() != 1 {
			t.Errorf("an announcement costs %d statements", tx.Statements())
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkPortal is a list and an announcement out of 5,000, whole pages.
func BenchmarkPortal(b *testing.B) {
	d, id := published(b, 5000)
	store, err := blob.Open(filepath.Join(b.TempDir(), "files"))
	if err != nil {
		b.Fatal(err)
	}
	p, err := New(d, store, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	mux := http.NewServeMux()
	p.Register(mux)
	for name, path := range map[string]string{"list": "/notices", "search": "/notices?kind=2&q=00", "page": "/notices/" + id} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				w := httptest.NewRecorder()
				mux.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), "GET", path, nil))
				if w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
