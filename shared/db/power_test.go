package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"

	"zhiping/shared/db/powercut"
)

// powered opens the database of the disk that is in the machine, with the settings of the real one. That file system has no shared memory, so one
// connection holds the file and reads go through it before the writer starts.
func powered(ctx context.Context, synchronous, want string) (*sql.DB, error) {
	d, err := sql.Open("sqlite3", "file:/zhiping.db?vfs=db-power&_locking_mode=EXCLUSIVE&"+settings+synchronous)
	if err != nil {
		return nil, err
	}
	d.SetMaxOpenConns(1)
	// A small log, so that cuts fall into checkpoints too.
	for _, s := range []string{"PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=8", "CREATE TABLE IF NOT EXISTS head (clerk BIGINT PRIMARY KEY, last BIGINT NOT NULL)", "CREATE TABLE IF NOT EXISTS entry (clerk BIGINT, n BIGINT, body BLOB, PRIMARY KEY (clerk, n))"} {
		if _, err := d.ExecContext(ctx, s); err != nil {
			return nil, errors.Join(err, d.Close())
		}
	}
	if err := settled(ctx, d, want); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

var errRefused = errors.New("refused")

// work lets clerks write at the same time until the power is gone, and returns the last number each was told is stored. A command writes two
// tables; every fourth is refused after it has written, which must leave nothing.
func work(ctx context.Context, d *sql.DB, clerks int) []int {
	b := started(SQLite, d, d, 1)
	told := make([]int, clerks)
	var all sync.WaitGroup
	for c := range clerks {
		all.Go(func() {
			for n := 1; ; n++ {
				write := func(refuse bool) error {
					return b.Write(ctx, func(tx *Tx) error {
						if _, err := tx.Exec(ctx, "INSERT INTO entry (clerk, n, body) VALUES ($1, $2, $3)", c, n, fmt.Appendf(nil, "%d/%d%0900d", c, n, 0)); err != nil {
							return err
						}
						if refuse {
							return errRefused
						}
						_, err := tx.Exec(ctx, "INSERT INTO head (clerk, last) VALUES ($1, $2) ON CONFLICT (clerk) DO UPDATE SET last = excluded.last", c, n)
						return err
					})
				}
				if n%4 == 0 {
					if err := write(true); !errors.Is(err, errRefused) {
						return
					}
				}
				if write(false) != nil {
					return
				}
				told[c] = n
			}
		})
	}
	all.Wait()
	_ = b.Close() // the disk is dead
	return told
}

// lost compares what is there with what was told; anything half done is an error.
func lost(t *testing.T, ctx context.Context, d *sql.DB, told []int) (lost int) {
	t.Helper()
	var fine string
	if err := d.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&fine); err != nil || fine != "ok" {
		t.Fatalf("the file is damaged: %s %v", fine, err)
	}
	for c, n := range told {
		var head, entries, most int
		if err := d.QueryRowContext(ctx, "SELECT coalesce((SELECT last FROM head WHERE clerk = ?1), 0), count(*), coalesce(max(n), 0) FROM entry WHERE clerk = ?1", c).Scan(&head, &entries, &most); err != nil {
			t.Fatal(err)
		}
		if head != entries || entries != most {
			t.Errorf("clerk %d: head %d, %d entries up to %d: a command is half there", c, head, entries, most)
		}
		lost += max(0, n-head)
	}
	return lost
}

// The power is cut at random moments of the group commit, as it serves the server and the outbox: with FULL nothing that was answered is lost;
// with NORMAL something is, which shows that the cut is one. The file is whole with both.
func TestPowerCut(t *testing.T) {
	ctx := context.Background()
	m, err := powercut.Register("db-power")
	if err != nil {
		t.Fatal(err)
	}
	const cuts, clerks = 120, 8
	with := func(synchronous, want string) (gone, answered int) {
		for c := range cuts {
			disk := powercut.NewDisk(uint64(c))
			m.Use(disk)
			d, err := powered(ctx, synchronous, want)
			if err != nil {
				t.Fatal(err)
			}
			// The tables are older than the cut.
			if _, err := d.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
				t.Fatal(err)
			}
			disk.CutAfter(5 + disk.IntN(600))
			told := work(ctx, d, clerks)
			m.Use(disk.Reboot())
			if d, err = powered(ctx, synchronous, want); err != nil {
				t.Fatalf("after cut %d: %v", c, err)
			}
			gone += lost(t, ctx, d, told)
			for _, n := range told {
				answered += n
			}
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
		}
		return gone, answered
	}
	gone, answered := with("FULL", "2")
	t.Logf("FULL: %d answered, %d lost", answered, gone)
	if gone > 0 || answered < cuts {
		t.Errorf("FULL: %d of %d answered commands lost", gone, answered)
	}
	gone, answered = with("NORMAL", "1")
	t.Logf("NORMAL: %d answered, %d lost", answered, gone)
	if gone == 0 {
		t.Errorf("NORMAL lost nothing of %d: the cut is not one", answered)
	}
}
