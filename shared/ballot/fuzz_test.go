package ballot_test

import (
	"bytes"
	"crypto/rand"
	"testing"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
)

// seedRoom is a meeting whose bytes are the seeds of the fuzzing.
func seedRoom(f *testing.F) *ballottest.Room {
	f.Helper()
	r := ballottest.New(f, &ballot.Memory{}, 3, 1)
	r.CheckIn(3)
	r.Open("R1")
	return r
}

func FuzzParseEnvelope(f *testing.F) {
	r := ballottest.New(f, &ballot.Memory{}, 3, 1)
	e, err := (&ballot.Voter{Package: r.Package, PackageID: r.ID, Expert: "E01", Key: r.Voters[0].Key, Device: "d", Random: rand.Reader}).Seal("R1", r.Ballot(1), 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(e.Raw)
	f.Add([]byte{})
	f.Add([]byte{255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if e, err := ballot.ParseEnvelope(raw); err == nil && (len(e.Blobs) != 3 || !bytes.Equal(e.Join(), raw)) {
			t.Fatal("an envelope that would be written otherwise")
		}
	})
}

// Every object that is read is written again with the same bytes; none that is read breaks the state.
func FuzzObject(f *testing.F) {
	r := ballottest.Play(f, &ballot.Memory{}, 5)
	for _, o := range r.Session.Log() {
		f.Add(o)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		again, err := ballot.Rewrite(raw)
		if err == nil && again != ballot.TextOf(raw) {
			t.Fatalf("read\n%q\nwritten\n%q", raw, again)
		}
		r.Session.View(func(s *ballot.State) { _ = s.Check(raw) })
	})
}

func FuzzVerify(f *testing.F) {
	r := seedRoom(f)
	r.VoteNext(r.Voters[0], "R1", r.Ballot(ballot.Agree))
	r.Finish("R1", "1,2", 0, 1)
	record := r.Record()
	f.Add(record)
	f.Add([]byte("zp-record/1\n"))
	f.Add([]byte("zp-record/2\nLOG \xff\xff\xff\xff"))
	_, root, err := r.Session.Head()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) { // other parts may be there or not; the log is this one
		if v, err := ballot.Verify(ballot.Resum(raw), r.Server.Public()); err == nil && v.Root != root {
			t.Fatal("a file that was made up is a room record")
		}
	})
}

func FuzzColumns(f *testing.F) {
	r := seedRoom(f)
	for _, v := range r.Voters {
		r.VoteNext(v, "R1", r.Ballot(ballot.Agree))
	}
	f.Add(r.Finish("R1", "1,2", 0, 1), true)
	f.Add([]byte("applicant A0001\n0000000000000000 4\n"), true)
	f.Add([]byte("ballot E01 00 01\n"), false)
	f.Fuzz(func(t *testing.T, columns []byte, vote bool) {
		round := r.Package.Round(map[bool]string{true: "R1", false: "R2"}[vote])
		results, err := ballot.Count(r.Package, round, columns, 3, 0, 3)
		if err == nil && (len(results) != 1 || vote && results[0].Agree+results[0].Oppose+results[0].Abstain+results[0].Recused != 3) {
			t.Fatal("columns that do not add up were counted")
		}
	})
}

func FuzzReceipt(f *testing.F) {
	r := seedRoom(f)
	e, receipt := r.Vote(r.Voters[0], "R1", r.Ballot(ballot.Agree))
	f.Add(receipt.Text())
	second, err := r.Voters[0].Seal("R1", r.Ballot(ballot.Oppose), 2)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(r.Append(second.Raw, nil).Text())
	f.Add([]byte("zp-receipt/1\n\n\n\n\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if x, err := ballot.CheckReceipt(text, e.Raw, r.Package); err == nil && (x.Reason != "" || x.Index != receipt.Index) {
			t.Fatal("a receipt that the hub did not give")
		}
	})
}

func FuzzBundle(f *testing.F) {
	good, err := ballot.EncodeBundle([][]byte{[]byte("a"), []byte("bc")})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("zp-bundle/1\n\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, b := range [][]byte{raw, ballot.Resum(raw)} {
			objects, err := ballot.ParseBundle(b)
			if err != nil {
				continue
			}
			if again, err := ballot.EncodeBundle(objects); err != nil || !bytes.Equal(again, b) {
				t.Fatal("a bundle that would be written otherwise")
			}
		}
	})
}
