package ballot_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/ballot/box"
)

// Before the opening nothing that the room writes, sends or keeps holds a ballot's secret or cells in the clear, in any common writing; after it no
// file holds an expert's cells together with his name, and the codes of one ballot are nowhere but in their columns (V9).
func TestCanary(t *testing.T) {
	dir := t.TempDir()
	b, err := box.Open(ctx, filepath.Join(dir, "ballots.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	r := ballottest.New(t, b, 5, 96)
	r.CheckIn(5)
	r.Open("R1")
	var written bytes.Buffer
	canary := r.Ballot(ballot.Agree)
	for i := range canary.Votes {
		canary.Votes[i] = byte(1 + i*i*7%3)
	}
	for _, v := range r.Voters {
		e := r.VoteNext(v, "R1", canary)
		written.Write(e.Raw)
		receipt := r.Append(e.Raw, nil)
		written.Write(receipt.Text())
	}
	bundle, err := ballot.EncodeBundle(r.Session.Log()[1:])
	if err != nil {
		t.Fatal(err)
	}
	written.Write(bundle)
	written.Write(r.Record())
	if err := os.WriteFile(filepath.Join(dir, "sent"), written.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	own := r.Own["R1 E01"]
	needles := map[string][]byte{"the secret": own[1:33], "the cells": own[33:], "the ballot": own}
	for i := 1; i < 33; i += 8 { // a part of the secret is enough to guess the rest of it sooner
		needles[fmt.Sprint("the secret from byte ", i)] = own[i : i+8]
	}
	if found := search(t, dir, needles); len(found) > 0 {
		t.Fatal("before the opening: ", found)
	}
	// The search finds what is there.
	if err := os.WriteFile(filepath.Join(dir, "planted"), []byte(hex.EncodeToString(own)), 0o600); err != nil {
		t.Fatal(err)
	}
	if found := search(t, dir, needles); len(found) != len(needles) {
		t.Fatal("the search does not find a planted ballot: ", found)
	}
	if err := os.Remove(filepath.Join(dir, "planted")); err != nil {
		t.Fatal(err)
	}
	r.Finish("R1", "1,3", 0, 2)
	if err := os.WriteFile(filepath.Join(dir, "record"), r.Record(), 0o600); err != nil {
		t.Fatal(err)
	}
	if found := search(t, dir, needles); len(found) > 0 {
		t.Fatal("after the opening: ", found)
	}
	for i, a := range r.Package.Applicants[:3] {
		code := hex.EncodeToString(ballot.Code(own[1:33], "R1", a.ID))
		if n := strings.Count(string(r.Record()), code); n != 1 {
			t.Fatalf("the code of applicant %d stands %d times in the record", i, n)
		}
		for _, o := range r.Session.Log() {
			if bytes.Contains(o, []byte(code)) {
				t.Fatal("a code stands in the log")
			}
		}
	}
}

// search looks for needles in every file of a folder, in the common writings of bytes.
func search(t *testing.T, dir string, needles map[string][]byte) (found []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for name, needle := range needles {
			for _, form := range [][]byte{needle, []byte(hex.EncodeToString(needle)), []byte(base64.StdEncoding.EncodeToString(needle)), []byte(base64.RawURLEncoding.EncodeToString(needle))} {
				if bytes.Contains(b, form) {
					found = append(found, f.Name()+": "+name)
					break
				}
			}
		}
	}
	return found
}

// orders are the places of one voter's rows in the columns of many meetings, and the pairs of places in columns taken two by two.
type orders struct {
	places [9]int
	pairs  [81]int
	last   int
}

// add takes one column: the codes of all voters as they stand in it, and the code of the first voter. n is the number of the column.
func (o *orders) add(n int, column []string, own string) {
	at := slices.Index(column, own)
	o.places[at]++
	if n%2 == 1 {
		o.pairs[o.last*9+at]++
	}
	o.last = at
}

// With 9 places and 3,600 columns each expects 400; chi-square with 8 degrees of freedom is above 26.1 once in a thousand honest tests, with 80 above 124.8.
func (o *orders) even() bool        { return chiSquare(o.places[:]) <= 26.1 }
func (o *orders) independent() bool { return chiSquare(o.pairs[:]) <= 124.8 }

// The place of an expert's row in a column says nothing about who he is, nor about his row in another column: over many columns the first voter's rows
// stand at every place equally often, and so do the pairs of places in columns taken two by two (V9). The secrets come from a fixed seed. The same is
// measured of columns as a careless program would write them, and then it is found out: rows in the order of the log; rows in an order of their own that
// is the same in every column; rows sorted by codes that do not depend on the applicant.
func TestRowsAreInIndependentOrders(t *testing.T) {
	const experts, applicants, meetings = 9, 400, 9
	var real, byLog, shuffledOnce, alike orders
	random := rand.NewChaCha8([32]byte{7})
	for range meetings {
		r := ballottest.New(t, &ballot.Memory{}, experts, applicants)
		r.CheckIn(experts)
		r.Open("R1")
		var secrets [][]byte
		for _, v := range r.Voters {
			v.Random = random
			r.VoteNext(v, "R1", r.Ballot(ballot.Agree))
			secrets = append(secrets, r.Own["R1 "+v.Expert][1:33])
		}
		perm := rand.New(random).Perm(experts)
		columns := string(r.Finish("R1", "1,2", 0, 1))
		for i, col := range strings.Split(columns, "applicant ")[1:] {
			id := r.Package.Applicants[i].ID
			codes := func(applicant string) (all []string) {
				for _, secret := range secrets {
					all = append(all, fmt.Sprintf("%x", ballot.Code(secret, "R1", applicant)))
				}
				return all
			}
			var written []string
			for _, line := range strings.Split(strings.TrimSuffix(col, "\n"), "\n")[1:] {
				code, _, _ := strings.Cut(line, " ")
				written = append(written, code)
			}
			own := codes(id)
			real.add(i, written, own[0])
			byLog.add(i, own, own[0])
			once := make([]string, experts)
			for k, at := range perm {
				once[at] = own[k]
			}
			shuffledOnce.add(i, once, own[0])
			same := codes("")
			sorted := slices.Sorted(slices.Values(same))
			alike.add(i, sorted, same[0])
		}
	}
	if !real.even() {
		t.Errorf("the places of one expert's rows are not alike (%.1f): %v", chiSquare(real.places[:]), real.places)
	}
	if !real.independent() {
		t.Errorf("the places in two neighbouring columns depend on each other (%.1f)", chiSquare(real.pairs[:]))
	}
	if byLog.even() || byLog.independent() {
		t.Error("rows in the order of the log are not found out")
	}
	if shuffledOnce.independent() || alike.independent() {
		t.Error("rows in one order for all columns are not found out")
	}
}

func chiSquare(counts []int) (x float64) {
	total := 0
	for _, n := range counts {
		total += n
	}
	want := float64(total) / float64(len(counts))
	for _, n := range counts {
		x += (float64(n) - want) * (float64(n) - want) / want
	}
	return x
}
