package ledger_test

import (
	"context"
	"path/filepath"
	"testing"

	"zhiping/server/ledger"
	"zhiping/server/migrations"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/db"
	"zhiping/shared/db/dbtest"
	"zhiping/shared/fault"
)

// Both databases of the server do what every store of ballots must do; sessions of one database do not touch each other.
func TestConforms(t *testing.T) {
	ctx := context.Background()
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			url := filepath.Join(t.TempDir(), "server.db")
			if kind == "postgres" {
				url = dbtest.PostgresURL(t)
			}
			on := func() *db.DB {
				d, err := db.Open(ctx, url)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { d.Close() })
				return d
			}
			d := on()
			if err := d.Migrate(ctx, migrations.Files); err != nil {
				t.Fatal(err)
			}
			ballottest.Conform(t, func(t *testing.T) (ballot.Store, func() ballot.Store) {
				return ledger.Open(d, t.Name()), func() ballot.Store { return ledger.Open(on(), t.Name()) }
			})
			damaged(ctx, t, d)
		})
	}
}

// A record that the disk has changed is noticed when it is read.
func damaged(ctx context.Context, t *testing.T, d *db.DB) {
	t.Helper()
	l := ledger.Open(d, "damaged")
	if err := l.Append(ctx, 0, [][]byte{[]byte("one"), []byte("two")}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Raw().ExecContext(ctx, "UPDATE ledger_object SET body = sum WHERE session = 'damaged' AND i = 1"); err != nil {
		t.Fatal(err)
	}
	n := 0
	if _, err := l.Load(ctx, func([]byte) error { n++; return nil }); fault.CodeOf(err) != fault.State || n != 1 {
		t.Fatal(n, err)
	}
}
