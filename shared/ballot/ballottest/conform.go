package ballottest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// Conform runs what every store must do. open makes a fresh one; again opens the same one anew, as after a restart.
func Conform(t *testing.T, open func(t *testing.T) (store ballot.Store, again func() ballot.Store)) {
	ctx := context.Background()
	t.Run("order", func(t *testing.T) { order(ctx, t, open) })
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("meeting ", seed), func(t *testing.T) {
			store, again := open(t)
			replays(ctx, t, Play(t, store, seed), again())
		})
	}
	t.Run("fails", func(t *testing.T) { failpoints(ctx, t, open) })
	t.Run("many at once", func(t *testing.T) {
		store, again := open(t)
		r := New(t, store, 20, 3)
		r.CheckIn(20)
		r.Open("R1")
		together(t, r)
		replays(ctx, t, r, again())
	})
	t.Run("a second writer", func(t *testing.T) {
		store, again := open(t)
		r := New(t, store, 5, 2)
		other, err := ballot.Begin(ctx, again(), r.Bytes, r.Server.Public(), r.Hub)
		if err != nil {
			t.Fatal(err)
		}
		r.CheckIn(2)
		half, err := r.Voters[3].CheckIn("123456", 1)
		if err != nil {
			t.Fatal(err)
		}
		full, err := ballot.Countersign(half, r.Staff)
		if err != nil {
			t.Fatal(err)
		}
		size, _, err := r.Session.Head()
		if err != nil {
			t.Fatal(err)
		}
		// It finds that somebody else has written, reads that, and appends after it.
		if receipt, err := other.Append(ctx, full); err != nil || receipt.Index != size {
			t.Fatalf("a second writer was not noticed: %v, %v, the log had %d objects", receipt, err, size)
		}
		if receipt, err := r.Session.Append(ctx, full); err != nil || receipt.Index != size {
			t.Fatalf("the same object of two writers stands in the log twice: %v, %v", receipt, err)
		}
		for _, s := range []*ballot.Session{r.Session, other} {
			replays(ctx, t, &Room{Package: r.Package, Bytes: r.Bytes, Server: r.Server, Hub: r.Hub, Session: s}, again())
		}
	})
}

// order: objects come back in order with their hashes, a wrong size is refused and changes nothing.
func order(ctx context.Context, t *testing.T, open func(*testing.T) (ballot.Store, func() ballot.Store)) {
	store, again := open(t)
	hash := func(n byte) (h tlog.Hash) { h[0] = n; return h }
	objects := [][]byte{[]byte("a"), {0, 1, 2, 255}, []byte("公民")}
	if err := store.Append(ctx, 0, objects[:2], []tlog.Hash{hash(1), hash(2), hash(3)}); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{0, 1, 3} {
		if err := store.Append(ctx, size, objects[2:], []tlog.Hash{hash(9)}); fault.CodeOf(err) != fault.Conflict {
			t.Fatalf("an append after %d objects where there are two: %v", size, err)
		}
	}
	if err := store.Append(ctx, 2, objects[2:], []tlog.Hash{hash(4)}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []ballot.Store{store, again()} {
		n := 0
		hashes, err := s.Load(ctx, func(o []byte) error {
			if !bytes.Equal(o, objects[n]) {
				t.Errorf("object %d is %q", n, o)
			}
			n++
			return nil
		})
		if err != nil || n != 3 || len(hashes) != 4 || hashes[3] != hash(4) || hashes[0] != hash(1) {
			t.Fatal(n, hashes, err)
		}
	}
	stop := errors.New("stop")
	if _, err := store.Load(ctx, func([]byte) error { return stop }); !errors.Is(err, stop) {
		t.Fatal(err)
	}
}

// replays: a session that is begun anew from the store stands where the first stood (V7), and every receipt it gives is for the same place.
func replays(ctx context.Context, t *testing.T, r *Room, store ballot.Store) {
	t.Helper()
	s, err := ballot.Begin(ctx, store, r.Bytes, r.Server.Public(), r.Hub)
	if err != nil {
		t.Fatal(err)
	}
	a, errA := r.Session.Checkpoint()
	b, errB := s.Checkpoint()
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Fatalf("the log stands at\n%s, and after a restart at\n%s", a, b)
	}
	for i, o := range r.Session.Log() {
		if receipt, err := s.Append(ctx, o); err != nil || receipt.Index != int64(i) || receipt.Reason != "" {
			t.Fatalf("object %d again: %v, %v", i, receipt, err)
		}
	}
	if n, _, _ := s.Head(); n != int64(len(r.Session.Log())) {
		t.Fatal("duplicates made the log grow")
	}
}

// together hands in all ballots at once.
func together(t *testing.T, r *Room) {
	t.Helper()
	var wait sync.WaitGroup
	faults := make([]error, len(r.Voters))
	for i, v := range r.Voters {
		e, err := v.Seal("R1", r.Ballot(ballot.Agree), r.Now())
		if err != nil {
			t.Fatal(err)
		}
		wait.Go(func() {
			receipt, err := r.Session.Append(context.Background(), e.Raw)
			if err == nil {
				_, err = ballot.CheckReceipt(receipt.Text(), e.Raw, r.Package)
			}
			faults[i] = err
		})
	}
	wait.Wait()
	if err := errors.Join(faults...); err != nil {
		t.Fatal(err)
	}
	r.Session.View(func(s *ballot.State) {
		if n := len(s.Counted("R1")); n != len(r.Voters) {
			t.Errorf("%d of %d ballots count", n, len(r.Voters))
		}
	})
}
