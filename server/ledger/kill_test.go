package ledger_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zhiping/server/ledger"
	"zhiping/server/migrations"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/db"
	"zhiping/shared/db/dbtest"
)

func TestMain(m *testing.M) {
	ballottest.KilledChild(func(name string) (ballot.Store, error) {
		url, session, _ := strings.Cut(name, "|")
		d, err := db.Open(context.Background(), url)
		if err != nil {
			return nil, err
		}
		return ledger.Open(d, session), nil
	})
	os.Exit(m.Run())
}

// The server is killed at every object of a meeting that it sequences, before and after its database has taken it.
func TestKilledAtEveryStep(t *testing.T) {
	ctx := context.Background()
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			url := filepath.Join(t.TempDir(), "server.db")
			if kind == "postgres" {
				url = dbtest.PostgresURL(t)
			}
			d, err := db.Open(ctx, url)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if err := d.Migrate(ctx, migrations.Files); err != nil {
				t.Fatal(err)
			}
			ballottest.Killed(t, url+"|M1-S1", func() ballot.Store { return ledger.Open(d, "M1-S1") })
		})
	}
}
