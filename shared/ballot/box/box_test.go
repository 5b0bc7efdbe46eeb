package box

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/db/powercut"
	"zhiping/shared/fault"
)

var ctx = context.Background()

const appender = "ZHIPING_TEST_APPENDER"

func TestMain(m *testing.M) {
	if path := os.Getenv(appender); path != "" {
		appendForEver(path)
	}
	ballottest.KilledChild(func(path string) (ballot.Store, error) { return Open(ctx, path) })
	os.Exit(m.Run())
}

func object(i int) []byte {
	return fmt.Appendf(nil, "object %d %s", i, bytes.Repeat([]byte("x"), 2800))
}

// fill appends objects after those that are there until one fails; after each that is durable it says its number.
func fill(b *Box, from, most int, said func(int)) error {
	var hashes []tlog.Hash
	if _, err := b.Load(ctx, func([]byte) error { return nil }); err != nil {
		return err
	}
	reader := tlog.HashReaderFunc(func(x []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(x))
		for i, j := range x {
			out[i] = hashes[j]
		}
		return out, nil
	})
	for i := 0; i < from; i++ {
		h, err := tlog.StoredHashes(int64(i), object(i), reader)
		if err != nil {
			return err
		}
		hashes = append(hashes, h...)
	}
	for i := from; i < most; i++ {
		h, err := tlog.StoredHashes(int64(i), object(i), reader)
		if err != nil {
			return err
		}
		if err := b.Append(ctx, int64(i), [][]byte{object(i)}, h); err != nil {
			return err
		}
		hashes = append(hashes, h...)
		said(i)
	}
	return nil
}

// whole counts the objects and checks that each is the one that was written.
func whole(t *testing.T, b *Box) int {
	t.Helper()
	n := 0
	_, err := b.Load(ctx, func(o []byte) error {
		if !bytes.Equal(o, object(n)) {
			t.Errorf("object %d is another", n)
		}
		n++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The power is cut at random moments: with FULL nothing that was acknowledged is lost; with NORMAL something is, which shows that the
// cut is one.
func TestPowerCut(t *testing.T) {
	m, err := powercut.Register("box-power")
	if err != nil {
		t.Fatal(err)
	}
	cuts := 120
	lostWith := func(synchronous string) (lost, acknowledged int) {
		for c := range cuts {
			d := powercut.NewDisk(uint64(c))
			m.Use(d)
			on := func() (*Box, error) {
				return open(ctx, "file:/ballots.db?vfs=box-power&_locking_mode=EXCLUSIVE", "PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=WAL", "PRAGMA synchronous="+synchronous, "PRAGMA wal_autocheckpoint=8")
			}
			b, err := on()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.db.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
				t.Fatal(err)
			}
			d.CutAfter(5 + d.IntN(300))
			said := 0
			if err := fill(b, 0, 1<<20, func(i int) { said = i + 1 }); err == nil {
				t.Fatal("the power was not cut")
			}
			b.Close()
			m.Use(d.Reboot())
			if b, err = on(); err != nil {
				t.Fatalf("after cut %d: %v", c, err)
			}
			if n := whole(t, b); n < said {
				lost += said - n
			}
			acknowledged += said
			b.Close()
		}
		return lost, acknowledged
	}
	if lost, said := lostWith("FULL"); lost > 0 || said < cuts {
		t.Errorf("FULL: %d of %d acknowledged objects lost", lost, said)
	}
	if lost, said := lostWith("NORMAL"); lost == 0 {
		t.Errorf("NORMAL lost nothing of %d: the cut is not one", said)
	}
}

// appendForEver is the child: it says a number once the object is durable.
func appendForEver(path string) {
	b, err := Open(ctx, path)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	from := 0
	if _, err := b.Load(ctx, func([]byte) error { from++; return nil }); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	if err := fill(b, from, from+100000, func(i int) { fmt.Println(i) }); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// A process that appends is killed at random moments; what it had acknowledged is there afterwards.
func TestKilled(t *testing.T) {
	kills := 10
	if os.Getenv("SOAK_S") != "" {
		kills = 50
	}
	path := filepath.Join(t.TempDir(), "ballots.db")
	random := rand.New(rand.NewPCG(7, 7))
	total := 0
	for range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), appender+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := -1
		lines := bufio.NewScanner(out)
		stop := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
		for after := 5 + random.IntN(150); lines.Scan(); after-- {
			if _, err := fmt.Sscan(lines.Text(), &said); err != nil {
				t.Fatal(lines.Text())
			}
			if after == 0 {
				cmd.Process.Kill()
			}
		}
		stop.Stop()
		cmd.Wait()
		b, err := Open(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		if total = whole(t, b); total <= said {
			t.Fatalf("%d was acknowledged, %d objects are there", said, total)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if total < kills*5 {
		t.Fatalf("only %d objects were written", total)
	}
}

// What Append has returned from is on the disk: the file is opened with the settings under which the power cuts lose nothing, and a file that
// will not take them is refused (V1).
func TestSettings(t *testing.T) {
	b, err := Open(ctx, filepath.Join(t.TempDir(), "ballots.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "secure_delete": "1"} {
		var got string
		if err := b.db.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, want %s: %v", pragma, got, want, err)
		}
	}
	if b, err := Open(ctx, ":memory:"); err == nil {
		b.Close()
		t.Error("a store without a journal on the disk was opened")
	}
}

// The sequencer is killed at every object of a meeting, before and after its file has taken it.
func TestKilledAtEveryStep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ballots.db")
	ballottest.Killed(t, path, func() ballot.Store {
		b, err := Open(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		return b
	})
}

func TestConforms(t *testing.T) {
	ballottest.Conform(t, func(t *testing.T) (ballot.Store, func() ballot.Store) {
		path := filepath.Join(t.TempDir(), "ballots.db")
		on := func() ballot.Store {
			b, err := Open(ctx, path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { b.Close() })
			return b
		}
		return on(), on
	})
}

func TestTwoWritersAreNoticed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ballots.db")
	a, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := a.Append(ctx, 0, [][]byte{object(0)}, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.Append(ctx, 0, [][]byte{object(0)}, nil); fault.CodeOf(err) != fault.Conflict {
		t.Fatal(err)
	}
}

// A whole meeting on the file, reopened in the middle; before the opening no file of it holds a ballot's cells or secret in the clear.
func TestMeetingOnAFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ballots.db")
	b, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	r := ballottest.New(t, b, 5, 64)
	r.CheckIn(5)
	r.Open("R1")
	canary := r.Ballot(ballot.Agree)
	for i := range canary.Votes {
		canary.Votes[i] = byte(1 + i*i%3)
	}
	for _, v := range r.Voters {
		r.Vote(v, "R1", canary)
	}
	searched := 0
	for _, name := range []string{"ballots.db", "ballots.db-wal"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		searched += len(content)
		for _, form := range [][]byte{canary.Votes, []byte(hex.EncodeToString(canary.Votes))} {
			if bytes.Contains(content, form) {
				t.Errorf("%s holds cells in the clear", name)
			}
		}
	}
	if searched < 20000 {
		t.Fatalf("only %d bytes were searched", searched)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err = Open(ctx, path); err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if r.Session, err = ballot.Begin(ctx, b, r.Bytes, r.Server.Public(), r.Hub); err != nil {
		t.Fatal(err)
	}
	columns := map[string][]byte{"R1": r.Finish("R1", "1,2", 0, 1)}
	if _, err := ballot.Verify(r.Evidence(columns).Encode(r.Package), r.Server.Public()); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkBallot compares seal, append and receipt with one fsynced insert plus the cryptography alone.
func BenchmarkBallot(b *testing.B) {
	box, err := Open(ctx, filepath.Join(b.TempDir(), "ballots.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer box.Close()
	r := ballottest.New(b, box, 3, 300)
	var whole, bare time.Duration
	plain, err := Open(ctx, filepath.Join(b.TempDir(), "plain.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer plain.Close()
	r.CheckIn(3)
	r.Open("R1")
	n := 0
	var last *ballot.Envelope
	for b.Loop() {
		if last != nil {
			r.Return(r.Voters[0], last, false) // so that the next one counts
		}
		var chain ballot.Chain
		r.Session.View(func(s *ballot.State) { chain, _ = s.NextChain("R1", "E01") })
		start := time.Now()
		e, _, err := r.Voters[0].SealNext("R1", chain, r.Ballot(ballot.Agree), r.Now())
		if err != nil {
			b.Fatal(err)
		}
		sealed := time.Since(start)
		receipt, err := r.Session.Append(ctx, e.Raw)
		if err != nil || receipt.Reason != "" {
			b.Fatal(receipt, err)
		}
		_ = receipt.Text()
		whole += time.Since(start)
		start = time.Now()
		if err := plain.Append(ctx, int64(n), [][]byte{e.Raw}, nil); err != nil {
			b.Fatal(err)
		}
		bare += sealed + time.Since(start)
		n, last = n+1, e
	}
	b.ReportMetric(float64(whole)/float64(bare), "ratio(<=1.5)")
}
