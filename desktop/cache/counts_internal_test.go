package cache

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3"

	"zhiping/shared/db"
)

// The numbers of the first page are looked up in the index: what is not asked for is not read.
func TestCountsUseTheIndex(t *testing.T) {
	d, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	d.SetMaxOpenConns(1)
	if _, err := d.ExecContext(context.Background(), schema); err != nil {
		t.Fatal(err)
	}
	rows, err := d.QueryContext(context.Background(), db.Rebind(db.SQLite, "EXPLAIN QUERY PLAN "+countQuery(2)), "a", "x", "b", "y")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	plan := ""
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan += detail + "\n"
	}
	if strings.Count(plan, "SEARCH entry USING COVERING INDEX entry_state (list=? AND state=?)") != 2 || strings.Contains(plan, "SCAN entry") {
		t.Error(plan)
	}
}
