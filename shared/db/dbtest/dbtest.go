// Package dbtest opens fresh databases for tests: every test of the server runs on SQLite and on PostgreSQL.
package dbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zhiping/shared/db"
)

// Env names the environment variable with the connection string of a throw-away PostgreSQL (packaging/linux/pgtmp.sh sets it).
const Env = "ZHIPING_TEST_POSTGRES"

// Each runs fn on a fresh database of each kind. A missing PostgreSQL is a failure, not a skip.
func Each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t)) })
}

// URLs returns the connection strings of a fresh database of each kind, by name.
func URLs(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{"sqlite": filepath.Join(t.TempDir(), "test.db"), "postgres": PostgresURL(t)}
}

// SQLite opens a fresh SQLite file.
func SQLite(t testing.TB) *db.DB {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "test.db"))
}

// Postgres opens a fresh schema of the throw-away PostgreSQL.
func Postgres(t testing.TB) *db.DB {
	t.Helper()
	return open(t, PostgresURL(t))
}

func open(t testing.TB, url string) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// PostgresURL makes a schema of its own and returns a connection string that uses it.
func PostgresURL(t testing.TB) string {
	t.Helper()
	url := os.Getenv(Env)
	if url == "" {
		t.Fatalf("%s is not set: run the tests through make test, or packaging/linux/pgtmp.sh go test …", Env)
	}
	schema := "t_" + strings.ToLower(rand.Text())
	c, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatalf("PostgreSQL at %s: %v", Env, err)
	}
	return url + " search_path=" + schema
}
