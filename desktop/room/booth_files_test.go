package room_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/mattn/go-sqlite3"
)

// query reads one column of a laptop's file, beside the program.
func query(t *testing.T, dir, q string) (all [][]byte) {
	t.Helper()
	d, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "booth.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	rows, err := d.Query(q)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// secretsOf are beginnings of what a laptop keeps under PINs, as it stands in the file.
func secretsOf(t *testing.T, dir string) (all [][]byte) {
	t.Helper()
	for _, s := range query(t, dir, "SELECT sealed FROM secret") {
		all = append(all, s[:32])
	}
	return all
}

// envelopesOf are the nonces of the envelopes that a laptop keeps; each has to stand in a file of its own too.
func envelopesOf(t *testing.T, dir string) (all [][]byte) {
	t.Helper()
	for _, e := range query(t, dir, "SELECT bytes FROM sent WHERE kind = 'ENVELOPE' ORDER BY n") {
		all = append(all, e[len(e)-64:])
	}
	files, err := filepath.Glob(filepath.Join(dir, "outbox", "*.zpe"))
	if err != nil || len(files) != len(all) {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if s, err := os.Stat(f); err != nil || s.Size() == 0 {
			t.Fatal(f, err)
		}
	}
	return all
}

// write runs statements on a laptop's file.
func write(t *testing.T, dir string, fn func(run func(string, ...any))) {
	t.Helper()
	d, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "booth.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	fn(func(q string, args ...any) {
		t.Helper()
		if _, err := d.Exec(q, args...); err != nil {
			t.Fatal(err)
		}
	})
}
