package serve_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"zhiping/server/servertest"
	"zhiping/shared/db"
)

// byIndex are the statements that must not read a whole table, by what they contain: all lists, the tree and its search, the pull, the counters.
var byIndex = []string{"SELECT r.body, ", "FROM unit u WHERE u.superior_id", "WITH RECURSIVE above", "FROM feed WHERE viewer", "FROM counter WHERE", "FROM seat WHERE", "FROM staff WHERE unit_id"}

var (
	// newestFirst are the lists as they open, on a tab or on none. What is published is asked for by its day instead.
	newestFirst = regexp.MustCompile(`WHERE (r\.\w+ = \$1|s\.matter = \$1 AND s\.unit_id = \$2)( AND [rs]\.(state|tab) = \$\d)? ORDER BY [rs]\.updated_at`)
	placeholder = regexp.MustCompile(`\$\d+`)
	tableScan   = regexp.MustCompile(`Seq Scan on (\w+)|SCAN (r|s|u|c|unit|staff|seat|counter|feed)\b`)
)

// explained is the plan of a statement. PostgreSQL is told not to scan a table that it has an index for, because small ones are better scanned:
// what it scans all the same, it has no index for.
func explained(t *testing.T, d *db.DB, query string) string {
	t.Helper()
	conn, err := d.Raw().Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	marks := placeholder.FindAllString(query, -1)
	slices.Sort(marks)
	n := len(slices.Compact(marks))
	first, args := []string{}, []any{}
	explain := "EXPLAIN QUERY PLAN " + db.Rebind(d.Dialect, query)
	if d.Dialect == db.Postgres {
		first = []string{"SET enable_seqscan = off", "SET plan_cache_mode = force_generic_plan", "PREPARE asked AS " + query}
		explain = "EXPLAIN EXECUTE asked" + strings.Replace("("+strings.TrimSuffix(strings.Repeat("NULL, ", n), ", ")+")", "()", "", 1)
		defer conn.ExecContext(ctx, "DEALLOCATE asked")
	} else {
		args = make([]any, n)
	}
	for _, q := range first {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			t.Fatal(err, q)
		}
	}
	rows, err := conn.QueryContext(ctx, explain, args...)
	if err != nil {
		t.Fatal(err, query)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var line string
		var skip int
		dest := []any{&line}
		if d.Dialect == db.SQLite {
			dest = []any{&skip, &skip, &skip, &line}
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, line)
	}
	return strings.Join(plan, "\n")
}

// Every list and every pull goes by an index on both databases, whatever it is filtered and sorted by: no question grows with the province.
func TestPlansUseTheIndex(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		seen := 0
		for _, q := range db.Statements() {
			if !slices.ContainsFunc(byIndex, func(part string) bool { return strings.Contains(q, part) }) {
				continue
			}
			seen++
			plan := explained(t, h.Server.DB, q)
			if table := tableScan.FindString(plan); table != "" {
				t.Errorf("%s in %s\n%s", table, q, plan)
			}
			if newestFirst.MatchString(q) && !strings.Contains(q, "open_to") && strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("the rows are sorted for every page in %s\n%s", q, plan)
			}
		}
		if seen < 30 {
			t.Fatalf("only %d statements were looked at", seen)
		}
	})
}
