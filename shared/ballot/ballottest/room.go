// Package ballottest is an invented room for tests: a package with all its keys, and experts who vote.
package ballottest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"zhiping/shared/ballot"
	"zhiping/shared/catalog"
	"zhiping/shared/holder"
)

// T is what a room needs of a test: *testing.T, *testing.B or *rapid.T.
type T interface {
	Helper()
	Fatal(args ...any)
}

// A Room is a meeting with everybody's keys.
type Room struct {
	T                                     T
	Package                               *ballot.Package
	Bytes                                 []byte
	ID                                    ballot.ID
	Server, Hub, Staff, Chair, Supervisor ballot.Key
	Spare                                 ballot.Key
	Custodians                            []*ballot.Secret
	Holders                               []*holder.Holder // with their key files
	Voters                                []*ballot.Voter
	Session                               *ballot.Session
	Epoch                                 int64
	Columns, Own                          map[string][]byte // by round, and by round and expert
	clock                                 int64
	keys                                  int
	comeBack                              []int // voters who were marked as away
}

// Key makes a role's key from a number: the same every time.
func Key(role string, n byte) ballot.Key {
	seed := sha256.Sum256([]byte{n})
	return ballot.Key{Role: role, Private: ed25519.NewKeyFromSeed(seed[:])}
}

// New makes a room with a round R1 of votes, a round R2 of scores and a named round R3 on a store.
func New(t T, store ballot.Store, experts, applicants int) *Room {
	t.Helper()
	r := &Room{
		T: t, Server: Key(ballot.RoleServer, 1), Hub: Key(ballot.RoleHub, 2), Staff: Key(ballot.RoleStaff, 3),
		Chair: Key(ballot.RoleChair, 4), Supervisor: Key(ballot.RoleSupervisor, 5), Spare: Key(ballot.RoleHub, 6), Epoch: 1, Columns: map[string][]byte{}, Own: map[string][]byte{}, clock: 1772413200000,
	}
	rules, err := catalog.RulesOn("2026-03-02")
	if err != nil {
		t.Fatal(err)
	}
	p := &ballot.Package{
		Meeting: "M1", Session: "M1-S1", Title: "演练会议（虚构）", Date: "2026-03-02", Place: "会议室", Committee: "示例评委会（虚构）", Issued: r.clock, Suite: ballot.Suite,
		RuleSet: rules.Bytes, Panel: int64(experts), Origin: "zhiping/M1-S1", Hub: r.Hub.Public(), Spare: r.Spare.Public(), Rehearsal: true, Staff: []string{r.Staff.Public()},
		Chair: r.Chair.Public(), Supervisor: r.Supervisor.Public(),
		Rounds: []ballot.Round{
			{ID: "R1", Kind: ballot.Vote, Secrecy: ballot.SecretBallot, Base: ballot.Attending},
			{ID: "R2", Kind: ballot.Score, Secrecy: ballot.SecretBallot, Base: ballot.Attending, Max: 100, Step: 1, Items: 2},
			{ID: "R3", Kind: ballot.Vote, Secrecy: ballot.NamedBallot, Base: ballot.Attending},
		},
	}
	sum := sha256.Sum256(rules.Bytes)
	p.Rules = sum[:]
	for i, role := range []string{"执行主任", "会务负责人", "监督人员"} {
		h, err := holder.New("保管人" + fmt.Sprint(i+1))
		if err != nil {
			t.Fatal(err)
		}
		s := h.Custodian(fmt.Sprint("K", i+1), role)
		r.Holders, r.Custodians = append(r.Holders, h), append(r.Custodians, s)
		p.Custodians = append(p.Custodians, s.Public())
	}
	for i := range experts {
		p.Experts = append(p.Experts, ballot.Expert{ID: fmt.Sprintf("E%02d", i+1), Name: fmt.Sprint("专家", i+1), Group: ""})
	}
	for i := range applicants {
		p.Applicants = append(p.Applicants, ballot.Applicant{ID: fmt.Sprintf("A%04d", i+1), Position: int64(i + 1), Name: fmt.Sprint("申报人", i+1), Unit: "示例单位"})
	}
	r.Package = p
	r.Issue(store)
	return r
}

// Issue signs the package and begins a session on a store.
func (r *Room) Issue(store ballot.Store) {
	r.T.Helper()
	var err error
	if r.Bytes, err = r.Package.Sign(r.Server); err != nil {
		r.T.Fatal(err)
	}
	r.ID = ballot.IDOf(r.Bytes)
	if r.Session, err = ballot.Begin(context.Background(), store, r.Bytes, r.Server.Public(), r.Hub); err != nil {
		r.T.Fatal(err)
	}
	r.Voters = nil
	for i, e := range r.Package.Experts {
		r.Voters = append(r.Voters, &ballot.Voter{Package: r.Package, PackageID: r.ID, Expert: e.ID, Key: Key(ballot.RoleExpert, byte(100+i)), Device: "laptop", Random: rand.Reader})
	}
}

// Now is a clock that moves on with every call.
func (r *Room) Now() int64 {
	r.clock++
	return r.clock
}

// Append appends an object that must be taken.
func (r *Room) Append(object []byte, err error) *ballot.Receipt {
	r.T.Helper()
	if err != nil {
		r.T.Fatal(err)
	}
	receipt, err := r.Session.Append(context.Background(), object)
	if err != nil {
		r.T.Fatal(err)
	}
	return receipt
}

// CheckIn checks the first n experts in and marks them as present.
func (r *Room) CheckIn(n int) {
	r.T.Helper()
	for _, v := range r.Voters[:n] {
		half, err := v.CheckIn("123456", r.Now())
		if err != nil {
			r.T.Fatal(err)
		}
		r.Append(ballot.Countersign(half, r.Staff))
		r.Append((&ballot.Attend{Session: r.Package.Session, Expert: v.Expert, Status: ballot.Present, At: r.Now()}).Sign(r.Staff))
	}
}

// Open opens a round; those who were marked as away before are back.
func (r *Room) Open(round string) {
	r.T.Helper()
	for _, i := range r.comeBack {
		r.Append(r.Attend(i, ballot.Present, "").Sign(r.Staff))
	}
	r.comeBack = nil
	r.Append(r.OpenObject(round))
}

// Attend says who is there, as it is to be signed now.
func (r *Room) Attend(voter int, status, reason string) (o *ballot.Attend) {
	r.Session.View(func(s *ballot.State) { o = s.AttendOf(r.Voters[voter].Expert, status, reason, r.Now()) })
	return o
}

// OpenObject makes the object that opens a round.
func (r *Room) OpenObject(round string) ([]byte, error) {
	var o *ballot.Open
	var err error
	r.Session.View(func(s *ballot.State) { o, err = s.OpenOf(round, "", r.Now()) })
	if err != nil {
		return nil, err
	}
	return o.Sign(r.Staff)
}

// Ballot is a ballot whose cells are the same for everybody.
func (r *Room) Ballot(cell byte) *ballot.Ballot {
	b := &ballot.Ballot{Votes: make([]byte, len(r.Package.Applicants))}
	for i := range b.Votes {
		b.Votes[i] = cell
	}
	return b
}

// Vote seals and hands in a voter's ballot and checks the receipt.
func (r *Room) Vote(v *ballot.Voter, round string, b *ballot.Ballot) (*ballot.Envelope, *ballot.Receipt) {
	r.T.Helper()
	e, err := v.Seal(round, b, r.Now())
	if err != nil {
		r.T.Fatal(err)
	}
	receipt := r.Append(e.Raw, nil)
	if _, err := ballot.CheckReceipt(receipt.Text(), e.Raw, r.Package); err != nil {
		r.T.Fatal(err)
	}
	return e, receipt
}

// CloseObject makes the object that closes a round.
func (r *Room) CloseObject(round string) ([]byte, error) {
	var o *ballot.Close
	var err error
	r.Session.View(func(s *ballot.State) { o, err = s.CloseOf(round, r.Now()) })
	if err != nil {
		return nil, err
	}
	return o.Sign(r.Staff, r.Chair)
}

// Finish closes, opens with custodians i and j, tallies and signs off a round; it returns the columns.
func (r *Room) Finish(round, pair string, i, j int) []byte {
	r.T.Helper()
	r.Close(round)
	r.Tally(round, pair, i, j)
	r.Append(r.SignOffObject(round))
	return r.Columns[round]
}

// Evidence is the room's record.
func (r *Room) Evidence(columns map[string][]byte) *ballot.Evidence {
	r.T.Helper()
	cp, err := r.Session.Checkpoint()
	if err != nil {
		r.T.Fatal(err)
	}
	return &ballot.Evidence{Server: r.Server.Public(), Log: r.Session.Log(), Checkpoint: cp, Columns: columns}
}
