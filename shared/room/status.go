package room

import (
	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/shared/ballot"
)

// Status is what the room may know: who is there and who has submitted, never what; and of one expert what has become of his ballots.
func (r *Room) Status(expert string) (*roomv1.GetStatusResponse, error) {
	log := r.Session.Log()
	resp := &roomv1.GetStatusResponse{}
	r.Session.View(func(s *ballot.State) {
		// What is added to the log meanwhile is in the next answer's size.
		resp.Size, resp.Epoch = s.Size(), s.Epoch
		for _, id := range s.Order {
			resp.Rounds = append(resp.Rounds, roundOf(s, id))
		}
		if expert != "" && s.Package.Expert(expert) != nil {
			resp.Own = ownOf(s, expert)
		}
		if b := s.Binding(); s.Derived != nil {
			resp.Derived = find(log, b)
		}
	})
	for _, o := range log {
		switch ballot.KindOf(o) {
		case "zp-epoch/1":
			resp.Epochs = append(resp.Epochs, o)
		case "zp-archive/1":
			resp.Archive = o
		}
	}
	for _, x := range resp.Rounds {
		if len(x.Tally) > 0 {
			x.Tally = r.Session.Object(ballot.ID(x.Tally))
		}
	}
	if resp.Own != nil {
		for _, b := range resp.Own.Ballots {
			if len(b.Returned) > 0 {
				b.Returned = r.Session.Object(ballot.ID(b.Returned))
			}
		}
	}
	if cp, err := r.Session.Checkpoint(); err == nil { // a spare that has followed nobody yet has none
		resp.Checkpoint = cp
	}
	return resp, nil
}

func find(log [][]byte, id ballot.ID) []byte {
	for _, o := range log {
		if ballot.KindOf(o) == "zp-derive/1" && ballot.IDOf(o) == id {
			return o
		}
	}
	return nil
}

// roundOf is where a round stands; of a tally its id, which the caller replaces by the object.
func roundOf(s *ballot.State, id string) *roomv1.Round {
	r := s.Rounds[id]
	x := &roomv1.Round{Id: id, State: r.State, Present: r.Present}
	if r.State == ballot.RoundReady {
		x.Present = s.Present()
	}
	for _, e := range s.Counted(id) {
		x.Submitted = append(x.Submitted, e.Expert)
	}
	for _, e := range s.Package.Experts {
		if _, returned := r.Returned[e.ID]; returned {
			x.Returned = append(x.Returned, e.ID)
		}
	}
	if r.Tally != nil {
		x.Tally = r.TallyID[:]
	}
	if r.Void != nil {
		x.Next = r.Void.Next
	}
	return x
}

// ownOf is what the sequencer knows of an expert; of returns their ids, which the caller replaces by the objects.
func ownOf(s *ballot.State, expert string) *roomv1.Own {
	own := &roomv1.Own{Status: s.Status[expert], Credential: s.Credentials[expert]}
	for _, o := range s.Opinions {
		if o.Expert == expert {
			own.Opinions = append(own.Opinions, o.Applicant)
		}
	}
	for _, id := range s.Order {
		r := s.Rounds[id]
		x := &roomv1.Standing{Round: id, Attested: r.Attests[expert] != nil}
		if head := r.Heads[expert]; head != nil {
			e := ballot.IDOf(head.Raw)
			x.Version, x.Envelope, x.Requested = head.Version, e.String(), s.RequestFor(e) != ""
		}
		if back, returned := r.Returned[expert]; returned {
			x.Returned = back[:]
		}
		for _, rej := range s.Rejections {
			if rej.Round == id && rej.Expert == expert {
				x.Rejected = rej.Reason
			}
		}
		if x.Version > 0 || x.Rejected != "" || x.Attested {
			own.Ballots = append(own.Ballots, x)
		}
	}
	return own
}
