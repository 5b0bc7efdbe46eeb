package ballottest

import (
	"fmt"
	"math/rand/v2"

	"zhiping/shared/ballot"
)

// Play holds an invented meeting on a store that goes in every way a meeting may go, decided by a seed: returns, absences, lost laptops, refused ballots, a
// void round, other hubs, scores and named votes. The seals are random, all else follows from the seed.
func Play(t T, store ballot.Store, seed uint64) *Room {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	r := New(t, &ballot.Memory{}, 5+random.IntN(5), 2+random.IntN(5))
	varied(r, random)
	r.Issue(store)
	r.CheckIn(len(r.Voters) - random.IntN(2))
	for i := range r.Voters {
		if r.Present(i) && random.IntN(3) == 0 {
			r.Opinion(r.Voters[i], r.Package.Applicants[0].ID)
		}
	}
	for _, id := range []string{"R1", "R2", "R3"} {
		r.playRound(store, random, id)
	}
	if random.IntN(2) == 0 {
		r.Archive()
		r.Append((&ballot.Wipe{Session: r.Package.Session, Expert: r.Voters[0].Expert, Device: "laptop", At: r.Now()}).Sign(r.Voters[0].Key))
	}
	return r
}

// varied changes the package: recusals, secrecy, bases, trimming, weights, rules.
func varied(r *Room, random *rand.Rand) {
	p := r.Package
	for i := range p.Experts {
		if random.IntN(4) == 0 {
			p.Experts[i].Recused = []string{p.Applicants[random.IntN(len(p.Applicants))].ID}
		}
	}
	p.Panel = int64(len(p.Experts)) - int64(random.IntN(2))
	for i := range p.Rounds {
		p.Rounds[i].Secrecy = []string{ballot.SecretBallot, ballot.NamedBallot}[random.IntN(2)]
		p.Rounds[i].Base = []string{ballot.Attending, ballot.AttendingLessRecused}[random.IntN(2)]
	}
	p.Rounds[0].Most = int64(random.IntN(3))
	s := &p.Rounds[1]
	s.Trim, s.Items, s.Step = int64(random.IntN(3)), int64(1+random.IntN(3)), int64(1+random.IntN(5))
	s.Rule, s.Value = []string{ballot.RuleDefault, ballot.RuleTop, ballot.RuleMean}[random.IntN(3)], int64(1+random.IntN(3))
	if random.IntN(2) == 0 {
		for k := range s.Items {
			p.Items = append(p.Items, ballot.Item{Round: s.ID, Number: k + 1, Name: fmt.Sprint("第", k+1, "项"), Weight: 10 * (k + 1), Max: 50 + 10*k})
			s.Divisor += 10 * (k + 1)
		}
	}
	if random.IntN(2) == 0 {
		p.Reviewers = []ballot.Reviewer{{Applicant: p.Applicants[0].ID, Expert: p.Experts[0].ID, Role: ballot.Main}}
	}
}

// Present reports whether a voter is there.
func (r *Room) Present(voter int) (there bool) {
	r.Session.View(func(s *ballot.State) { there = s.Status[r.Voters[voter].Expert] == ballot.Present })
	return there
}

// Opinion writes an opinion if the voter may.
func (r *Room) Opinion(v *ballot.Voter, applicant string) {
	r.T.Helper()
	object, err := ballot.NewOpinion(r.Package.Session, applicant, v.Expert, ballot.Main, "业绩突出。\n同意推荐。", r.Now()).Sign(v.Key)
	if err != nil {
		r.T.Fatal(err)
	}
	may := false
	r.Session.View(func(s *ballot.State) { may = s.Check(object) == nil })
	if may {
		r.Append(object, nil)
	}
}

// playRound holds a round until it is signed off, again if it is made void.
func (r *Room) playRound(store ballot.Store, random *rand.Rand, id string) {
	r.T.Helper()
	r.Open(id)
	r.playVotes(random, id)
	if random.IntN(3) == 0 {
		r.TakeOver(store)
	}
	r.Close(id)
	if random.IntN(3) == 0 {
		r.Reopen(id)
		r.Close(id)
	}
	if random.IntN(6) == 0 {
		r.playRound(store, random, r.Void(id))
		return
	}
	pair := random.IntN(3)
	r.Tally(id, []string{"1,2", "1,3", "2,3"}[pair], []int{0, 0, 1}[pair], []int{1, 2, 2}[pair])
	for _, v := range r.Voters {
		if r.counts(v, id) && random.IntN(2) == 0 {
			r.Attest(v, id)
		}
	}
	if random.IntN(6) == 0 {
		r.playRound(store, random, r.Void(id))
		return
	}
	r.Append(r.SignOffObject(id))
}

func (r *Room) counts(v *ballot.Voter, id string) (yes bool) {
	r.Session.View(func(s *ballot.State) {
		for _, e := range s.Counted(id) {
			yes = yes || e.Expert == v.Expert
		}
	})
	return yes && r.Own[id+" "+v.Expert] != nil
}

// playVotes lets everybody who is in the round do something.
func (r *Room) playVotes(random *rand.Rand, id string) {
	r.T.Helper()
	var inside []string
	r.Session.View(func(s *ballot.State) { inside = s.Rounds[id].Present })
	in := map[string]bool{}
	for _, e := range inside {
		in[e] = true
	}
	for i, v := range r.Voters {
		if !in[v.Expert] {
			continue
		}
		switch random.IntN(9) {
		case 0: // does not submit
		case 1: // is marked as away, if enough stay
			r.Append(r.Attend(i, []string{ballot.Absent, ballot.Left, ballot.Withdrawn}[random.IntN(3)], "临时有事").Sign(r.Staff, r.Chair, r.Supervisor))
			r.comeBack = append(r.comeBack, i)
		case 2: // gets his ballot back and hands in another
			r.Return(v, r.VoteNext(v, id, r.Random(random, id)), random.IntN(2) == 0)
			r.VoteNext(v, id, r.Random(random, id))
		case 3: // gets it back and hands in none
			r.Return(v, r.VoteNext(v, id, r.Random(random, id)), true)
		case 4: // tries twice
			r.VoteNext(v, id, r.Random(random, id))
			second, err := v.Seal(id, r.Random(random, id), r.Now())
			if err != nil {
				r.T.Fatal(err)
			}
			r.Append(second.Raw, nil)
		case 5: // loses his laptop after the vote
			r.VoteNext(v, id, r.Random(random, id))
			r.keys++
			r.Lose(v, Key(ballot.RoleExpert, byte(200+r.keys)))
		default:
			r.VoteNext(v, id, r.Random(random, id))
		}
		if random.IntN(2) == 0 {
			r.DeviceWord(v, id)
		}
	}
	if random.IntN(4) == 0 {
		r.Append((&ballot.Quarantine{Session: r.Package.Session, Object: make([]byte, 32), Reason: "无法识别的文件", At: r.Now()}).Sign(r.Hub))
	}
}
