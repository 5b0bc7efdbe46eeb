package ballottest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"zhiping/shared/ballot"
)

// A Failing store is one that fails where it is told to: before it has written, after it has, or while it is read. Each counts down and fails at zero.
type Failing struct {
	ballot.Store
	Before, After, Read int
	Fail                func() error // what happens then
}

// ErrDisk is what a failing store says in tests.
var ErrDisk = errors.New("the disk is gone")

// Append implements ballot.Store.
func (f *Failing) Append(ctx context.Context, size int64, objects [][]byte, hashes []tlog.Hash) error {
	if f.Before--; f.Before == 0 {
		return f.Fail()
	}
	if err := f.Store.Append(ctx, size, objects, hashes); err != nil {
		return err
	}
	if f.After--; f.After == 0 {
		return f.Fail()
	}
	return nil
}

// Load implements ballot.Store.
func (f *Failing) Load(ctx context.Context, fn func([]byte) error) ([]tlog.Hash, error) {
	f.Read--
	n := 0
	return f.Store.Load(ctx, func(o []byte) error {
		if n++; f.Read == 0 && n > 1 {
			return f.Fail()
		}
		return fn(o)
	})
}

// steps are the objects of a small meeting, each made when its turn has come: check-in, opening, ballots, a return, a refused ballot, a laptop's word,
// close, opening, tally, attest, sign-off.
func steps(r *Room) (all []func() ([]byte, error)) {
	session := r.Package.Session
	add := func(make func() ([]byte, error)) { all = append(all, make) }
	for i, v := range r.Voters {
		add(func() ([]byte, error) {
			half, err := v.CheckIn("123456", r.Now())
			if err != nil {
				return nil, err
			}
			return ballot.Countersign(half, r.Staff)
		})
		add(func() ([]byte, error) { return r.Attend(i, ballot.Present, "").Sign(r.Staff) })
	}
	add(func() ([]byte, error) { return r.OpenObject("R1") })
	vote := func(v *ballot.Voter, cell byte) {
		add(func() ([]byte, error) {
			var chain ballot.Chain
			r.Session.View(func(s *ballot.State) { chain, _ = s.NextChain("R1", v.Expert) })
			if chain.Return == strings.Repeat("0", 64) {
				chain = ballot.Chain{}
			}
			e, own, err := v.SealNext("R1", chain, r.Ballot(cell), r.Now())
			r.Own["R1 "+v.Expert] = own
			if err != nil {
				return nil, err
			}
			return e.Raw, nil
		})
	}
	head := func(v *ballot.Voter) (id ballot.ID) {
		r.Session.View(func(s *ballot.State) { id = ballot.IDOf(s.Rounds["R1"].Heads[v.Expert].Raw) })
		return id
	}
	for _, v := range r.Voters {
		vote(v, ballot.Agree)
	}
	vote(r.Voters[1], ballot.Oppose) // refused
	v := r.Voters[0]
	var wish ballot.ID
	add(func() ([]byte, error) {
		id := head(v)
		o, err := (&ballot.Request{Session: session, Envelope: id[:], Reason: "误选", At: r.Now()}).Sign(v.Key)
		wish = ballot.IDOf(o)
		return o, err
	})
	add(func() ([]byte, error) {
		id := head(v)
		return (&ballot.Return{Session: session, Envelope: id[:], Reason: "误选", Request: wish.String(), At: r.Now()}).Sign(r.Staff)
	})
	vote(v, ballot.Oppose)
	add(func() ([]byte, error) {
		size, root, err := r.Session.Head()
		if err != nil {
			return nil, err
		}
		return (&ballot.Device{Session: session, Round: "R1", Expert: v.Expert, Device: v.Device, Origin: r.Package.Origin, Size: size, Root: root[:], At: r.Now()}).Sign(v.Key)
	})
	add(func() ([]byte, error) { return r.CloseObject("R1") })
	for _, k := range []int{0, 2} {
		add(func() ([]byte, error) {
			var id ballot.ID
			r.Session.View(func(s *ballot.State) { id = s.Rounds["R1"].CloseID })
			return (&ballot.Opening{Session: session, Close: id[:], Pair: "1,3", At: r.Now()}).Sign(r.Custodians[k].Sign)
		})
	}
	add(func() (tally []byte, err error) {
		r.Session.View(func(s *ballot.State) {
			tally, r.Columns["R1"], err = ballot.OpenRound(s, "R1", "test", r.Custodians[0], r.Custodians[2], r.Hub)
		})
		return tally, err
	})
	add(func() ([]byte, error) {
		var tally ballot.ID
		r.Session.View(func(s *ballot.State) { tally = s.Rounds["R1"].TallyID })
		return (&ballot.Attest{Session: session, Expert: v.Expert, Tally: tally[:], At: r.Now()}).Sign(v.Key)
	})
	add(func() ([]byte, error) { return r.SignOffObject("R1") })
	return all
}

// failpoints holds a small meeting in which the store fails at every single step: before it has written, after it has (nobody hears of it), and after it has
// and cannot be read again, which ends the program. Nobody has a receipt then; the same bytes sent again get one, and stand in the log once (V1, V8).
func failpoints(ctx context.Context, t *testing.T, open func(*testing.T) (ballot.Store, func() ballot.Store)) {
	for _, where := range []string{"before", "after", "after, and unreadable"} {
		t.Run(where, func(t *testing.T) {
			store, again := open(t)
			f := &Failing{Store: store, Fail: func() error { return ErrDisk }}
			r := New(t, f, 3, 2)
			for i, step := range steps(r) {
				object, err := step()
				if err != nil {
					t.Fatal(err)
				}
				r.failsOnce(ctx, t, f, again, where, fmt.Sprintf("step %d", i), object)
			}
			v, err := ballot.Verify(r.Record(), r.Server.Public())
			if err != nil || v.State.Rounds["R1"].State != ballot.RoundSigned {
				t.Fatal(err)
			}
			if res := v.State.Rounds["R1"].Tally.Results[0]; res.Agree != 2 || res.Oppose != 1 {
				t.Error(res)
			}
			replays(ctx, t, r, again())
		})
	}
	t.Run("while it is read at the start", func(t *testing.T) {
		store, again := open(t)
		r := New(t, store, 3, 2)
		r.CheckIn(3)
		f := &Failing{Store: again(), Read: 1, Fail: func() error { return ErrDisk }}
		if _, err := ballot.Begin(ctx, f, r.Bytes, r.Server.Public(), r.Hub); !errors.Is(err, ErrDisk) {
			t.Fatal("a session began on half a log:", err)
		}
		replays(ctx, t, r, again())
	})
}

// failsOnce appends an object to a store that fails, and then again.
func (r *Room) failsOnce(ctx context.Context, t *testing.T, f *Failing, again func() ballot.Store, where, what string, object []byte) {
	t.Helper()
	size := int64(len(r.Session.Log()))
	if f.Before, f.After = 0, 1; where == "before" {
		f.Before, f.After = 1, 0
	}
	if where == "after, and unreadable" {
		f.Read = 1
	}
	if receipt, err := r.Session.Append(ctx, object); !errors.Is(err, ErrDisk) || receipt != nil {
		t.Fatalf("%s: a receipt without a record: %v, %v", what, receipt, err)
	}
	written := map[string]int64{"before": 0, "after": 1}[where]
	if where == "after, and unreadable" {
		if receipt, err := r.Session.Append(ctx, object); err == nil {
			t.Fatalf("%s: a session that cannot read its store answers %v", what, receipt)
		}
		var err error
		f.Store, written = again(), 1
		if r.Session, err = ballot.Begin(ctx, f, r.Bytes, r.Server.Public(), r.Hub); err != nil {
			t.Fatal(err)
		}
	}
	if n := int64(len(r.Session.Log())); n != size+written {
		t.Fatalf("%s: the log has %d objects, want %d", what, n, size+written)
	}
	receipt, err := r.Session.Append(ctx, object)
	if err != nil || receipt.Index != size || int64(len(r.Session.Log())) != size+1 {
		t.Fatalf("%s again: %v, %v, %d objects", what, receipt, err, len(r.Session.Log()))
	}
	if e, err := ballot.ParseEnvelope(object); err == nil {
		if _, err := ballot.CheckReceipt(receipt.Text(), e.Raw, r.Package); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(r.Session.Log()[size], object) {
		t.Fatalf("%s: another object stands in its place", what)
	}
}
