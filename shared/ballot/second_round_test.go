package ballot_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
)

// plenary is a second round on top of two group rooms: a vote whose passed people go on, and a score from which everybody does.
func plenary(t *testing.T) (groups [2]*ballottest.Room, hall *ballottest.Room) {
	t.Helper()
	hall = ballottest.New(t, &ballot.Memory{}, 7, 6)
	hall.Package.Session, hall.Package.Origin = "M1-S3", "zhiping/M1-S3"
	for g := range groups {
		r := ballottest.New(t, &ballot.Memory{}, 4, 1)
		p := r.Package
		p.Session, p.Origin = fmt.Sprint("M1-S", g+1), fmt.Sprint("zhiping/M1-S", g+1)
		p.Applicants = slices.Clone(hall.Package.Applicants[3*g : 3*g+3])
		p.Rounds = p.Rounds[g : g+1]
		r.Issue(&ballot.Memory{})
		r.CheckIn(4)
		id := p.Rounds[0].ID
		r.Open(id)
		for _, v := range r.Voters {
			b := &ballot.Ballot{Votes: []byte{ballot.Agree, ballot.Oppose, ballot.Agree}}
			if g == 1 {
				b = &ballot.Ballot{Scores: [][]uint16{{90, 80}, {70, 60}, {80, 85}}}
			}
			r.VoteNext(v, id, b)
		}
		if g == 0 { // what counts is the repetition
			id = func() string { r.Close(id); return r.Void(id) }()
			r.Open(id)
			for _, v := range r.Voters {
				r.VoteNext(v, id, &ballot.Ballot{Votes: []byte{ballot.Oppose, ballot.Agree, ballot.Agree}})
			}
		}
		r.Finish(id, "1,2", 0, 1)
		groups[g] = r
		hall.Package.Depends = append(hall.Package.Depends, ballot.Dependency{Session: p.Session, Package: r.ID[:], Round: p.Rounds[0].ID, Rule: []string{ballot.TakePassed, ballot.TakeAll}[g]})
	}
	hall.Issue(&ballot.Memory{})
	return groups, hall
}

// derived gives the derive object of the hall from the groups' records.
func derived(t *testing.T, groups [2]*ballottest.Room, hall *ballottest.Room) *ballot.Derive {
	t.Helper()
	var firsts []*ballot.Verified
	for _, g := range groups {
		v, err := ballot.Verify(g.Record(), g.Server.Public())
		if err != nil {
			t.Fatal(err)
		}
		firsts = append(firsts, v)
	}
	d, err := ballot.DeriveOf(hall.Package, hall.ID, firsts, 5)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The people of a second round follow from the records of the first, and its record proves it (F13).
func TestSecondRound(t *testing.T) {
	groups, hall := plenary(t)
	hall.CheckIn(7)
	open, err := hall.OpenObject("R1")
	if hall.Try(open, err) == nil {
		t.Fatal("the second round opened before its people were known")
	}
	d := derived(t, groups, hall)
	if got := strings.Join(d.Applicants, " "); got != "A0002 A0003 A0004 A0005 A0006" || d.Bases[0].Round != "R1~2" {
		t.Fatal(got, d.Bases[0].Round)
	}
	object, err := d.Sign(hall.Staff, hall.Chair)
	hall.Append(object, err)
	early, err := hall.Voters[0].Seal("R1", hall.Ballot(ballot.Agree), 1) // sealed for the package as it was
	if err != nil {
		t.Fatal(err)
	}
	hall.Session.View(func(s *ballot.State) {
		hall.Package = s.Package
		for _, v := range hall.Voters {
			v.Package, v.PackageID = s.Package, s.Binding()
		}
	})
	hall.Open("R1")
	if receipt := hall.Append(early.Raw, nil); receipt.Reason != ballot.RejectWrongRound {
		t.Fatal("a ballot for other people was taken:", receipt)
	}
	for _, v := range hall.Voters {
		hall.VoteNext(v, "R1", hall.Ballot(ballot.Agree))
	}
	hall.Finish("R1", "1,2", 0, 1)
	record := func(change func(*ballot.Evidence)) []byte {
		e := hall.Evidence(hall.Columns)
		e.Firsts = [][]byte{groups[0].Record(), groups[1].Record()}
		change(e)
		return e.Encode(hall.Package)
	}
	v := agree(t, record(func(*ballot.Evidence) {}), hall.Server.Public())
	if n := len(v.State.Rounds["R1"].Tally.Results); n != 5 || len(v.Firsts) != 2 {
		t.Fatal(n)
	}
	other, _ := plenary(t)
	for name, change := range map[string]func(*ballot.Evidence){
		"without the first rounds":      func(e *ballot.Evidence) { e.Firsts = nil },
		"the first rounds exchanged":    func(e *ballot.Evidence) { slices.Reverse(e.Firsts) },
		"another meeting's first round": func(e *ballot.Evidence) { e.Firsts[0] = other[0].Record() },
		"a first round cut off before its sign-off": func(e *ballot.Evidence) {
			x := groups[0].Evidence(groups[0].Columns)
			x.Log = x.Log[:len(x.Log)-1]
			size, root := ballot.Root(x.Log)
			cp, err := ballot.SignText(fmt.Sprintf("%s\n%d\n%s\n", groups[0].Package.Origin, size, root), groups[0].Hub)
			if err != nil {
				t.Fatal(err)
			}
			x.Checkpoint = cp
			e.Firsts[0] = x.Encode(groups[0].Package)
		},
		"a first round's columns altered": func(e *ballot.Evidence) {
			e.Firsts[1] = bytes.Replace(e.Firsts[1], []byte(" 90,80\n"), []byte(" 90,81\n"), 1)
		},
	} {
		file := record(change)
		if _, err := ballot.Verify(file, hall.Server.Public()); err == nil {
			t.Errorf("%s: not noticed", name)
		}
		if status, out := second(t, file, hall.Server.Public(), false); status != 1 {
			t.Errorf("%s: not noticed by the second verifier: %s", name, out)
		}
	}
}

// The verifiers say the same of every single change to the record of a second round and to those of the first rounds in it.
func TestVerifiersDoNotDifferOnSecondRounds(t *testing.T) {
	groups, hall := plenary(t)
	hall.CheckIn(7)
	object, err := derived(t, groups, hall).Sign(hall.Staff, hall.Chair)
	hall.Append(object, err)
	hall.Session.View(func(s *ballot.State) {
		hall.Package = s.Package
		for _, v := range hall.Voters {
			v.Package, v.PackageID = s.Package, s.Binding()
		}
	})
	hall.Open("R1")
	for _, v := range hall.Voters {
		hall.VoteNext(v, "R1", hall.Ballot(ballot.Agree))
	}
	hall.Finish("R1", "1,2", 0, 1)
	e := hall.Evidence(hall.Columns)
	e.Firsts = [][]byte{groups[0].Record(), groups[1].Record()}
	file := e.Encode(hall.Package)
	ring := keyring(hall)
	for _, g := range groups {
		for name, k := range keyring(g) {
			ring[name] = k
		}
	}
	all := []suspect{{"the second round", file}}
	random := rand.New(rand.NewPCG(2, 2))
	for range 5 * mutants() {
		what, mutated := mutate(t, random, ring, file, groups[0].Session.Log())
		all = append(all, suspect{"a second round, " + strings.ReplaceAll(what, "\n", " "), mutated})
	}
	if hold := compare(t, all, hall.Server.Public()); hold < 1 || hold > len(all)*9/10 {
		t.Errorf("%d of %d hold", hold, len(all))
	}
}

// Chair and staff sign another list than follows from the first rounds: the hub cannot know, both verifiers do.
func TestForgedShortlist(t *testing.T) {
	groups, hall := plenary(t)
	hall.CheckIn(7)
	for name, list := range map[string][]string{
		"one who did not pass let in": {"A0001", "A0002", "A0003", "A0004", "A0005", "A0006"},
		"one who passed left out":     {"A0003", "A0004", "A0005", "A0006"},
	} {
		d := derived(t, groups, hall)
		d.Applicants = list
		r := *hall
		r.Issue(&ballot.Memory{})
		object, err := d.Sign(hall.Staff, hall.Chair)
		r.Append(object, err)
		e := r.Evidence(nil)
		e.Firsts = [][]byte{groups[0].Record(), groups[1].Record()}
		file := e.Encode(r.Package)
		if _, err := ballot.Verify(file, hall.Server.Public()); err == nil {
			t.Errorf("%s: not noticed", name)
		}
		if status, out := second(t, file, hall.Server.Public(), false); status != 1 {
			t.Errorf("%s: not noticed by the second verifier: %s", name, out)
		}
	}
	d := derived(t, groups, hall)
	slices.Reverse(d.Applicants)
	if object, err := d.Sign(hall.Staff, hall.Chair); hall.Try(object, err) == nil {
		t.Error("a list in another order was taken")
	}
}
