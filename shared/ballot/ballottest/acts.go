package ballottest

import (
	"context"
	"math/rand/v2"
	"strings"

	"zhiping/shared/ballot"
)

// What people do in the room besides voting straight on. Each appends an object that must be taken.

// Try appends an object that may be refused.
func (r *Room) Try(object []byte, err error) error {
	r.T.Helper()
	if err != nil {
		r.T.Fatal(err)
	}
	_, err = r.Session.Append(context.Background(), object)
	return err
}

// VoteNext seals and hands in the voter's next ballot, and remembers it as his laptop does.
func (r *Room) VoteNext(v *ballot.Voter, round string, b *ballot.Ballot) *ballot.Envelope {
	r.T.Helper()
	var chain ballot.Chain
	r.Session.View(func(s *ballot.State) { chain, _ = s.NextChain(round, v.Expert) })
	e, own, err := v.SealNext(round, chain, b, r.Now())
	if err != nil {
		r.T.Fatal(err)
	}
	receipt := r.Append(e.Raw, nil)
	if receipt.Reason == "" {
		r.Own[round+" "+v.Expert] = own
	}
	if _, err := ballot.CheckReceipt(receipt.Text(), e.Raw, r.Package); err != nil {
		r.T.Fatal(err)
	}
	return e
}

// Random is a ballot with random cells.
func (r *Room) Random(random *rand.Rand, round string) *ballot.Ballot {
	spec := r.Package.Round(round)
	b := &ballot.Ballot{}
	yes := int64(0)
	for range r.Package.Applicants {
		if spec.Kind == ballot.Vote {
			v := []byte{ballot.Agree, ballot.Agree, ballot.Agree, ballot.Oppose, ballot.Abstain}[random.IntN(5)]
			if v == ballot.Agree {
				if yes++; spec.Most > 0 && yes > spec.Most {
					v = ballot.Oppose
				}
			}
			b.Votes = append(b.Votes, v)
			continue
		}
		b.Scores = append(b.Scores, r.scores(random, spec))
	}
	return b
}

func (r *Room) scores(random *rand.Rand, spec *ballot.Round) []uint16 {
	abstains := random.IntN(8) == 0
	var row []uint16
	for k := range spec.Items {
		high := spec.Max
		for _, i := range r.Package.Items {
			if first, _, _ := strings.Cut(spec.ID, "~"); i.Round == first && i.Number == k+1 && i.Max > 0 {
				high = i.Max
			}
		}
		if v := spec.Min + spec.Step*random.Int64N((high-spec.Min)/spec.Step+1); abstains {
			row = append(row, ballot.ScoreAbstain)
		} else {
			row = append(row, uint16(v))
		}
	}
	return row
}

// Return gives a ballot back, at its expert's signed wish or on staff's own account.
func (r *Room) Return(v *ballot.Voter, e *ballot.Envelope, wish bool) {
	r.T.Helper()
	id := ballot.IDOf(e.Raw)
	request := ballot.ByStaff
	if wish {
		object, err := (&ballot.Request{Session: r.Package.Session, Envelope: id[:], Reason: "误选", At: r.Now()}).Sign(v.Key)
		r.Append(object, err)
		request = ballot.IDOf(object).String()
	}
	r.Append((&ballot.Return{Session: r.Package.Session, Envelope: id[:], Reason: "专家说明有误", Request: request, At: r.Now()}).Sign(r.Staff))
}

// Lose marks a voter's laptop as lost and checks him in on another.
func (r *Room) Lose(v *ballot.Voter, key ballot.Key) {
	r.T.Helper()
	r.Append((&ballot.Revoke{Session: r.Package.Session, Expert: v.Expert, Credential: v.Key.Public(), Reason: "电脑丢失", At: r.Now()}).Sign(r.Staff))
	v.Key, v.Device = key, "laptop2"
	half, err := v.CheckIn("123456", r.Now())
	if err != nil {
		r.T.Fatal(err)
	}
	r.Append(ballot.Countersign(half, r.Staff))
}

// DeviceWord is a laptop's word that nothing is left on it.
func (r *Room) DeviceWord(v *ballot.Voter, round string) {
	r.T.Helper()
	size, root, err := r.Session.Head()
	if err != nil {
		r.T.Fatal(err)
	}
	o := &ballot.Device{Session: r.Package.Session, Round: round, Expert: v.Expert, Device: v.Device, Size: size, Root: root[:], At: r.Now()}
	r.Session.View(func(s *ballot.State) { o.Origin = s.Origin() })
	r.Append(o.Sign(v.Key))
}

// Close closes a round.
func (r *Room) Close(round string) {
	r.T.Helper()
	r.Append(r.CloseObject(round))
}

// Reopen opens a closed round again.
func (r *Room) Reopen(round string) {
	r.T.Helper()
	var o *ballot.Open
	var err error
	r.Session.View(func(s *ballot.State) { o, err = s.OpenOf(round, "有专家的选票尚在途中", r.Now()) })
	if err != nil {
		r.T.Fatal(err)
	}
	r.Append(o.Sign(r.Staff, r.Chair))
}

// Tally opens a closed round with custodians i and j and counts it.
func (r *Room) Tally(round, pair string, i, j int) {
	r.T.Helper()
	var id ballot.ID
	r.Session.View(func(s *ballot.State) { id = s.Rounds[round].CloseID })
	for _, k := range []int{i, j} {
		r.Append((&ballot.Opening{Session: r.Package.Session, Close: id[:], Pair: pair, At: r.Now()}).Sign(r.Custodians[k].Sign))
	}
	var tally, columns []byte
	var err error
	r.Session.View(func(s *ballot.State) {
		tally, columns, err = ballot.OpenRound(s, round, "test", r.Custodians[i], r.Custodians[j], r.Hub)
	})
	r.Append(tally, err)
	r.Columns[round] = columns
}

// Attest lets a voter's laptop compare his own cells with the columns.
func (r *Room) Attest(v *ballot.Voter, round string) (mismatches int64) {
	r.T.Helper()
	n, err := ballot.CheckOwn(r.Package, round, r.Own[round+" "+v.Expert], r.Columns[round])
	if err != nil {
		r.T.Fatal(err)
	}
	var tally ballot.ID
	r.Session.View(func(s *ballot.State) { tally = s.Rounds[round].TallyID })
	r.Append((&ballot.Attest{Session: r.Package.Session, Expert: v.Expert, Tally: tally[:], Mismatches: n, At: r.Now()}).Sign(v.Key))
	return n
}

// SignOffObject is the word of chair and supervisor on a tally as the log stands.
func (r *Room) SignOffObject(round string) ([]byte, error) {
	size, root, err := r.Session.Head()
	if err != nil {
		return nil, err
	}
	var tally ballot.ID
	r.Session.View(func(s *ballot.State) { tally = s.Rounds[round].TallyID })
	return (&ballot.SignOff{Session: r.Package.Session, Tally: tally[:], Size: size, Root: root[:], Sheet: "1", At: r.Now()}).Sign(r.Chair, r.Supervisor)
}

// Void makes a round void, to be held again.
func (r *Room) Void(round string) (next string) {
	r.T.Helper()
	var o *ballot.Void
	r.Session.View(func(s *ballot.State) { o = s.VoidOf(round, "核对发现差错", true, r.Now()) })
	r.Append(o.Sign(r.Chair, r.Supervisor, r.Staff))
	return o.Next
}

// TakeOver makes the spare hub the sequencer of the same log, from its head.
func (r *Room) TakeOver(store ballot.Store) {
	r.T.Helper()
	from, err := r.Session.Checkpoint()
	if err != nil {
		r.T.Fatal(err)
	}
	r.Restart(store, r.Spare, from)
	r.Hub, r.Spare = r.Spare, r.Hub
}

// Restart begins a session with a hub on a store, in the next epoch.
func (r *Room) Restart(store ballot.Store, hub ballot.Key, from []byte) {
	r.T.Helper()
	s, err := ballot.Begin(context.Background(), store, r.Bytes, r.Server.Public(), hub)
	if err != nil {
		r.T.Fatal(err)
	}
	r.Epoch++
	r.Session = s
	r.Append((&ballot.Epoch{Session: r.Package.Session, Epoch: r.Epoch, Hub: hub.Public(), From: from, Reason: "主机故障", At: r.Now()}).Sign(r.Chair, r.Staff))
}

// Archive is the server's word at the hand-over.
func (r *Room) Archive() {
	r.T.Helper()
	size, root, err := r.Session.Head()
	if err != nil {
		r.T.Fatal(err)
	}
	r.Append((&ballot.Archive{Session: r.Package.Session, Size: size, Root: root[:], At: r.Now()}).Sign(r.Server))
}

// Record is the room's evidence file with all columns so far.
func (r *Room) Record() []byte {
	r.T.Helper()
	return r.Evidence(r.Columns).Encode(r.Package)
}
