package ballot

import (
	"bytes"

	"zhiping/shared/fault"
)

// From the tally to the signatures, or to a round that is void.

func (s *State) tally(object []byte) (func(), error) {
	o := &Tally{Old: s.old(object, kindTallyOne)}
	if err := open(object, o, s.hub()); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	name, r := s.byClose(o.Close)
	switch {
	case r == nil || name != o.Round || r.State != RoundClosed:
		return nil, fault.New(fault.State, "该轮次尚未关闭或已开票")
	case len(r.Openers) != 2 || o.Pair != r.Pair:
		return nil, fault.New(fault.Denied, "开票须有同一组两名保管人的授权，现有%d名", len(r.Openers))
	}
	if err := s.balanced(o, r.Close); err != nil {
		return nil, err
	}
	id := IDOf(object)
	return func() { r.State, r.TallyID, r.Tally, r.tallied = RoundOpened, id, o, s.Size() }, nil
}

// balanced checks the conservation of a tally: every counted ballot is in every applicant's figures once (V5).
func (s *State) balanced(o *Tally, c *Close) error {
	if len(o.Results) != len(s.Package.Applicants) {
		return fault.New(fault.Invalid, "轮次%s的结果有%d人，参评人员有%d人", o.Round, len(o.Results), len(s.Package.Applicants))
	}
	for i, res := range o.Results {
		a := s.Package.Applicants[i]
		if res.Applicant != a.ID || res.cells()+res.Recused+res.Invalid != c.Counted || res.Missing != c.Missing {
			return fault.New(fault.Invalid, "轮次%s“%s”的票数之和不等于计入的%d票", o.Round, a.Name, c.Counted)
		}
		if !o.Old && res.Invalid != int64(len(o.Invalid)) {
			return fault.New(fault.Invalid, "轮次%s列出的无效选票数与结果不符", o.Round)
		}
	}
	return nil
}

// attest takes an expert's word that his own cells stand in the columns. Each counted expert says it once.
func (s *State) attest(object []byte) (func(), error) {
	o := &Attest{}
	if err := openBy(object, o, func() []holder { return []holder{s.expert(o.Expert)} }); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	for _, r := range s.Rounds {
		if r.Tally == nil || !bytes.Equal(o.Tally, r.TallyID[:]) || r.State != RoundOpened {
			continue
		}
		if r.Heads[o.Expert] == nil || r.void(o.Expert) || r.Attests[o.Expert] != nil {
			return nil, fault.New(fault.State, "该专家没有计入的选票，或已核对过")
		}
		return func() { r.Attests[o.Expert] = o }, nil
	}
	return nil, fault.New(fault.State, "核对的计票结果与记录不符，或已签字")
}

// Mismatch reports whether an expert has not found his cells in the columns: nothing is signed off then.
func (r *RoundState) Mismatch() bool {
	for _, a := range r.Attests {
		if a.Mismatches > 0 {
			return true
		}
	}
	return false
}

func (s *State) signOff(object []byte) (func(), error) {
	o := &SignOff{}
	if err := open(object, o, s.chair(), s.supervisor()); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	for _, r := range s.Rounds {
		if r.Tally == nil || !bytes.Equal(o.Tally, r.TallyID[:]) || r.State != RoundOpened {
			continue
		}
		if r.Mismatch() {
			return nil, fault.New(fault.State, "有专家核对时发现本人选票与计票栏不符，不能签字；请作废本轮并查明原因")
		}
		if root, known := s.RootAt(o.Size); !known || o.Size < r.tallied || !bytes.Equal(root[:], o.Root) {
			return nil, fault.New(fault.State, "签字的记录根摘要与本机记录不一致")
		}
		return func() { r.State, r.Signed, r.SignOff = RoundSigned, true, o }, nil
	}
	return nil, fault.New(fault.State, "签字的计票结果与记录不符")
}

// VoidOf makes a round void, to be signed by chair, supervisor and staff; again says whether it is held again.
func (s *State) VoidOf(round, reason string, again bool, at int64) *Void {
	o := &Void{Session: s.Package.Session, Round: round, Reason: reason, At: at}
	if again {
		o.Next = NextRun(round)
	}
	return o
}

// void makes a round count for nothing. Its objects stay in the log; what replaces it is a round of its own.
func (s *State) void(object []byte) (func(), error) {
	o := &Void{}
	if err := open(object, o, s.chair(), s.supervisor(), s.staff()); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	r := s.Rounds[o.Round]
	switch {
	case r == nil || r.State != RoundOpen && r.State != RoundClosed && r.State != RoundOpened:
		return nil, fault.New(fault.State, "该轮次尚未开启，或已签字、已作废")
	case o.Reason == "":
		return nil, fault.New(fault.Invalid, "作废轮次须填写原因")
	case o.Next != "" && o.Next != NextRun(o.Round):
		return nil, fault.New(fault.Invalid, "重新表决的轮次编号应为“%s”", NextRun(o.Round))
	}
	return func() {
		r.State, r.Void = RoundVoid, o
		if o.Next != "" {
			s.Rounds[o.Next], s.Order = newRound(), append(s.Order, o.Next)
			s.Rounds[o.Next].Repeats = o.Round
		}
	}, nil
}
