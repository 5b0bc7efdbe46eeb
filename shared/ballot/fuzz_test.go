package ballot_test

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

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

// golden adds files of the golden records as seeds: what was written once is read for ever.
func golden(f *testing.F, pattern string, add func([]byte)) {
	f.Helper()
	for _, dir := range []string{goldenFile(pattern), goldenTwo(pattern)} {
		files, err := filepath.Glob(dir)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			add(b)
		}
	}
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
	golden(f, "objects/*", func(b []byte) {
		f.Add(b)
		f.Add(bytes.Replace(b, []byte(" -\n"), []byte(" \n"), 1)) // an empty value in another writing
	})
	f.Fuzz(func(t *testing.T, raw []byte) {
		again, err := ballot.Rewrite(raw)
		if err == nil && again != ballot.TextOf(raw) {
			t.Fatalf("read\n%q\nwritten\n%q", raw, again)
		}
		r.Session.View(func(s *ballot.State) { _ = s.Check(raw) })
	})
}

// The seeds are the golden records and their pieces: the fuzzer's workers are programs of their own, and what is random differs between them.
func FuzzVerify(f *testing.F) {
	key := ballottest.Key(ballot.RoleServer, 1).Public()
	known := map[tlog.Hash]bool{}
	golden(f, "record.zpr", func(b []byte) {
		f.Add(b)
		v, err := ballot.Verify(b, key)
		if err != nil {
			f.Fatal(err)
		}
		known[v.Root] = true
	})
	f.Add([]byte("zp-record/1\n"))
	f.Add([]byte("zp-record/2\nLOG \xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, raw []byte) { // other parts may be there or not; the logs are these
		if v, err := ballot.Verify(ballot.Resum(raw), key); err == nil && !known[v.Root] {
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
	golden(f, "columns*", func(b []byte) { f.Add(b, true); f.Add(b, false) })
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
	e, err := ballot.ParseEvidence(mustRead(f, goldenTwo("record.zpr")))
	if err != nil {
		f.Fatal(err)
	}
	p, _, err := ballot.OpenPackage(e.Log[0], ballottest.Key(ballot.RoleServer, 1).Public())
	if err != nil {
		f.Fatal(err)
	}
	first := slices.IndexFunc(e.Log, func(o []byte) bool { _, err := ballot.ParseEnvelope(o); return err == nil })
	golden(f, "receipt.txt", func(b []byte) { f.Add(b) })
	f.Add([]byte("zp-receipt/1\n\n\n\n\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if x, err := ballot.CheckReceipt(text, e.Log[first], p); err == nil && (x.Reason != "" || x.Index != int64(first)) {
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

// Nothing opens but what was sealed: whatever stands in the place of an onion is no ballot, and breaks nothing.
func FuzzOnion(f *testing.F) {
	r := seedRoom(f)
	e, err := r.Voters[0].Seal("R1", r.Ballot(ballot.Agree), 1)
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range e.Blobs {
		f.Add(b)
	}
	f.Add([]byte{})
	f.Add(e.Blobs[0][:1120])
	good := bytes.Clone(e.Blobs[0])
	f.Fuzz(func(t *testing.T, blob []byte) {
		e.Blobs[0] = blob
		plain, valid, err := ballot.OpenOnion(e, r.Package, "R1", 0, r.Custodians[0], r.Custodians[1])
		if err != nil || valid != bytes.Equal(blob, good) || valid && len(plain) != 34 {
			t.Fatalf("%x opened: %v, %v", blob, valid, err)
		}
	})
}

// A checkpoint that is read is signed by the hub and written in the only way there is.
func FuzzCheckpoint(f *testing.F) {
	cp := mustRead(f, goldenTwo("checkpoint.txt"))
	f.Add(cp)
	f.Add(append(bytes.Clone(cp), cp[bytes.LastIndex(cp, []byte("\n\n"))+2:]...))
	f.Add(otherwise(cp, cp))
	hubs := []string{ballottest.Key(ballot.RoleHub, 2).Public(), ballottest.Key(ballot.RoleHub, 6).Public()}
	if _, err := ballot.OpenCheckpoint(cp, hubs...); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := ballot.OpenCheckpoint(text, hubs...); err == nil && !bytes.Equal(text, cp) {
			t.Fatalf("another checkpoint: %q", text)
		}
	})
}

func mustRead(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
