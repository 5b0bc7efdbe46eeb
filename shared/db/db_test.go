package db_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/fstest"

	"zhiping/shared/db"
	"zhiping/shared/db/dbtest"
)

var ctx = context.Background()

var files = fstest.MapFS{"00001_first.sql": {Data: []byte("-- +goose Up\nCREATE TABLE item (id TEXT PRIMARY KEY, n BIGINT NOT NULL, body BYTEA, ok BOOLEAN);\n")}}

func each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.Migrate(ctx, files); err != nil {
			t.Fatal(err)
		}
		fn(t, d)
	})
}

func count(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	err := d.Read(ctx, func(tx *db.Tx) error { return tx.Get(ctx, []any{&n}, "SELECT count(*) FROM item") })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestArgumentsAreBoundByNumber(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		var id string
		var n int
		var body []byte
		var ok bool
		err := d.Write(ctx, func(tx *db.Tx) error {
			if _, err := tx.Exec(ctx, "INSERT INTO item (n, id, ok, body) VALUES ($2, $1, $4, $3)", "a", 7, []byte{0, 1}, true); err != nil {
				return err
			}
			return tx.Get(ctx, []any{&id, &n, &body, &ok}, "SELECT id, n, body, ok FROM item WHERE n = $2 AND id = $1", "a", 7)
		})
		if err != nil || id != "a" || n != 7 || len(body) != 2 || !ok {
			t.Fatal(id, n, body, ok, err)
		}
	})
}

func TestOneFailedCommandDoesNotDisturbTheOthers(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		odd := errors.New("odd")
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				err := d.Write(ctx, func(tx *db.Tx) error {
					if _, err := tx.Exec(ctx, "INSERT INTO item (id, n) VALUES ($1, $2)", fmt.Sprint(i), i); err != nil {
						return err
					}
					if i%2 == 1 {
						return odd
					}
					return nil
				})
				if i%2 == 1 != errors.Is(err, odd) {
					t.Errorf("command %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := count(t, d); n != 100 {
			t.Fatalf("%d rows, want 100", n)
		}
	})
}

func TestAPanicIsTheCallersAlone(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic did not reach the caller")
				}
			}()
			d.Write(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(ctx, "INSERT INTO item (id, n) VALUES ($1, 1)", "x")
				if err == nil {
					panic("boom")
				}
				return err
			})
		}()
		if n := count(t, d); n != 0 {
			t.Fatalf("%d rows, want none", n)
		}
	})
}

func TestNestedUndoesOnlyItself(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		err := d.Write(ctx, func(tx *db.Tx) error {
			if _, err := tx.Exec(ctx, "INSERT INTO item (id, n) VALUES ('kept', 1)"); err != nil {
				return err
			}
			err := tx.Nested(ctx, func() error {
				_, err := tx.Exec(ctx, "INSERT INTO item (id, n) VALUES ('kept', 2)")
				return err
			})
			if err == nil {
				t.Error("a second row with one key was taken")
			}
			return nil
		})
		if n := count(t, d); err != nil || n != 1 {
			t.Fatal(n, err)
		}
	})
}

func TestACancelledCommandIsNotRun(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		c, cancel := context.WithCancel(ctx)
		cancel()
		err := d.Write(c, func(*db.Tx) error { t.Error("it ran"); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	})
}

func TestANewerDatabaseIsRefused(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		newer := fstest.MapFS{"00001_first.sql": files["00001_first.sql"], "00002_next.sql": {Data: []byte("-- +goose Up\nCREATE TABLE other (id TEXT);\n")}}
		if err := d.Migrate(ctx, newer); err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(ctx, files); err == nil {
			t.Fatal("an older program took a newer database")
		}
	})
}

func TestReadersCannotWrite(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		err := d.Read(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO item (id, n) VALUES ('a', 1)")
			return err
		})
		if err == nil {
			t.Fatal("a reader wrote")
		}
	})
}

func TestLike(t *testing.T) {
	for part, want := range map[string]string{"": "%%", "住建局": "%住建局%", " 住建局　": "%住建局%", "第 1 院": "%第 1 院%", `5%_\`: `%5\%\_\\%`} {
		if got := db.Like(part); got != want {
			t.Errorf("%q gives %q, want %q", part, got, want)
		}
	}
}
