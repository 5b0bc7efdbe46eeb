package ballot

import (
	"bytes"
	"slices"

	"zhiping/shared/fault"
)

// underway is the round in which attendance is frozen: open, or closed and not opened yet. "" is none.
func (s *State) underway() string {
	for _, id := range s.Order {
		if r := s.Rounds[id]; r.State == RoundOpen || r.State == RoundClosed && !s.Package.Old {
			return id
		}
	}
	return ""
}

// need is the number of yes votes a base needs.
func (s *State) need(base int64) int64 { return int64(s.rules.Need(int(base))) }

// leaves reports whether an expert who is marked with a status leaves the base of a round. A ballot in force stays, and its expert with it:
// nobody can take a receipted ballot back by marking its expert.
func (r *RoundState) leaves(expert, status string) bool {
	inForce := r.Heads[expert] != nil && !r.void(expert)
	return status != Present && slices.Contains(r.Present, expert) && !inForce
}

// AttendOf says who is there, with what it does to the round under way, to be signed by staff (and chair and supervisor while there is one).
func (s *State) AttendOf(expert, status, reason string, at int64) *Attend {
	o := &Attend{Old: s.Package.Old, Session: s.Package.Session, Expert: expert, Status: status, Reason: reason, At: at}
	if round := s.underway(); round != "" && !o.Old {
		r := s.Rounds[round]
		o.Round, o.Base = round, int64(len(r.Present))
		if o.NewBase = o.Base; r.leaves(expert, status) {
			o.NewBase--
		}
		o.Need, o.NewNeed = s.need(o.Base), s.need(o.NewBase)
	}
	return o
}

var statuses = []string{Present, Absent, Left, Withdrawn}

func (s *State) attend(object []byte) (func(), error) {
	o := &Attend{Old: s.old(object, kindAttendOne)}
	round := s.underway()
	by := []holder{s.staff()}
	if round != "" {
		by = append(by, s.chair(), s.supervisor())
	}
	if err := open(object, o, by...); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	if err := s.member(o.Expert); err != nil {
		return nil, err
	}
	switch {
	case !slices.Contains(statuses, o.Status):
		return nil, fault.New(fault.Invalid, "出席状态“%s”不正确", o.Status)
	case o.Status == Present && s.Credentials[o.Expert] == "":
		return nil, fault.New(fault.State, "专家尚未签到，不能登记为出席")
	case o.Status == Present && round != "":
		return nil, fault.New(fault.State, "表决进行中，不能再增加出席专家")
	case o.Status != Present && o.Reason == "":
		return nil, fault.New(fault.Invalid, "缺席或离场须填写原因")
	case round != "" && s.Rounds[round].State == RoundClosed:
		return nil, fault.New(fault.State, "表决已关闭、尚未开票，出席情况不能再变；确需更正的，请先重新开启表决")
	case round != "" && o.Status != Left && s.inForce(round, o.Expert):
		return nil, fault.New(fault.State, "该专家在进行中的轮次已提交选票，不能再登记为缺席或不参加")
	}
	if !o.Old && *o != *s.AttendOf(o.Expert, o.Status, o.Reason, o.At) {
		return nil, fault.New(fault.State, "出席人数已变化，请重新核对后再签字")
	}
	return func() { s.mark(o, round) }, nil
}

// inForce reports whether an expert has a ballot in a round that counts.
func (s *State) inForce(round, expert string) bool {
	r := s.Rounds[round]
	return r.Heads[expert] != nil && !r.void(expert)
}

func (s *State) mark(o *Attend, round string) {
	s.Status[o.Expert], s.Reasons[o.Expert] = o.Status, o.Reason
	if round == "" {
		return
	}
	if r := s.Rounds[round]; r.leaves(o.Expert, o.Status) {
		r.Present = slices.DeleteFunc(slices.Clone(r.Present), func(id string) bool { return id == o.Expert })
	}
}

// OpenOf opens a round, or opens a closed one again with a reason, to be signed by staff (and by the chair, when it is again).
func (s *State) OpenOf(round, reason string, at int64) (*Open, error) {
	r, spec := s.Rounds[round], s.Package.Round(round)
	if r == nil || spec == nil {
		return nil, fault.New(fault.Invalid, "会议包中没有轮次“%s”", round)
	}
	o := &Open{Old: s.Package.Old, Session: s.Package.Session, Round: round, Spec: s.Package.spec(spec), Present: int64(len(s.Present())), Reason: reason, At: at}
	if r.State == RoundClosed {
		o.Again, o.Present = r.CloseID.String(), int64(len(r.Present))
	}
	return o, nil
}

// openRound opens a round if enough experts are there: need(committee size) (Article 19). A closed one may be opened again before any custodian
// has said a word.
func (s *State) openRound(object []byte) (func(), error) {
	o := &Open{Old: s.old(object, kindOpenOne)}
	if err := openBy(object, o, func() []holder {
		if o.Again != "" {
			return []holder{s.staff(), s.chair()}
		}
		return []holder{s.staff()}
	}); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	r, spec := s.Rounds[o.Round], s.Package.Round(o.Round)
	if r == nil || !bytes.Equal(o.Spec, s.Package.spec(spec)) {
		return nil, fault.New(fault.Invalid, "轮次与会议包不符")
	}
	if o.Again != "" {
		return s.reopen(object, o, r)
	}
	present := s.Present()
	switch need := s.need(s.Package.Panel); {
	case r.State != RoundReady:
		return nil, fault.New(fault.State, "该轮次已开启过")
	case s.underway() != "":
		return nil, fault.New(fault.State, "另一轮表决正在进行")
	case len(s.Package.Depends) > 0 && s.Derived == nil:
		return nil, fault.New(fault.State, "尚未导入首轮结果、确定参评人员，不能开启表决")
	case o.Present != int64(len(present)):
		return nil, fault.New(fault.State, "出席人数与记录不符：记录%d人，开启时填%d人", len(present), o.Present)
	case int64(len(present)) < need:
		return nil, fault.New(fault.State, "出席%d人，不足评委会%d人的三分之二（需%d人），不能开启表决（第十九条）", len(present), s.Package.Panel, need)
	}
	id := IDOf(object)
	return func() { r.State, r.Present, r.OpenID, r.Openings = RoundOpen, present, id, 1 }, nil
}

func (s *State) reopen(object []byte, o *Open, r *RoundState) (func(), error) {
	switch {
	case r.State != RoundClosed || o.Again != r.CloseID.String() || len(r.Openers) > 0:
		return nil, fault.New(fault.State, "该轮次没有关闭，或保管人已授权开票，不能重新开启")
	case o.Reason == "":
		return nil, fault.New(fault.Invalid, "重新开启表决须填写原因")
	case o.Present != int64(len(r.Present)):
		return nil, fault.New(fault.State, "出席人数与记录不符：记录%d人，开启时填%d人", len(r.Present), o.Present)
	}
	id := IDOf(object)
	return func() {
		r.State, r.OpenID, r.Close, r.CloseID = RoundOpen, id, nil, ID{}
		r.Openings++
		r.Devices = map[string]*Device{}
	}, nil
}

// Exceptions lists what stands against closing a round: chair and staff sign the close in spite of it, or it is settled first.
func (s *State) Exceptions(round string) []Exception {
	var all []Exception
	r := s.Rounds[round]
	for _, e := range s.Package.Experts {
		if r.void(e.ID) {
			all = append(all, Exception{ExceptReturned, e.ID})
		}
	}
	for _, e := range s.Package.Experts {
		if slices.Contains(r.Present, e.ID) && r.Devices[e.ID] == nil {
			all = append(all, Exception{ExceptDevice, e.ID})
		}
	}
	for _, e := range s.Package.Experts {
		if r.Alarmed[e.ID] {
			all = append(all, Exception{ExceptCheckpoint, e.ID})
		}
	}
	for _, q := range s.Quarantined {
		all = append(all, Exception{ExceptQuarantined, hexOf(q.Object)})
	}
	return all
}

// CloseOf closes a round as it stands, to be signed by staff and chair.
func (s *State) CloseOf(round string, at int64) (*Close, error) {
	r := s.Rounds[round]
	if r == nil || r.State != RoundOpen {
		return nil, fault.New(fault.State, "该轮次没有在表决中，不能关闭")
	}
	counted := s.Counted(round)
	o := &Close{
		Old: s.Package.Old, Session: s.Package.Session, Round: round, Opened: r.OpenID.String(), Root: CountedRoot(counted),
		Counted: int64(len(counted)), Present: int64(len(r.Present)), At: at,
	}
	o.Missing = o.Present - o.Counted
	if o.Old {
		return o, nil
	}
	for _, e := range s.Package.Experts {
		switch status := s.Status[e.ID]; {
		case slices.Contains(r.Present, e.ID):
		case status == Withdrawn:
			o.Recused++
		case status == Left:
			o.Left++
		default:
			o.Absent++
		}
	}
	o.Exceptions = s.Exceptions(round)
	return o, nil
}

func (s *State) closeRound(object []byte) (func(), error) {
	o := &Close{Old: s.old(object, kindCloseOne)}
	if err := open(object, o, s.staff(), s.chair()); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	want, err := s.CloseOf(o.Round, o.At)
	if err != nil {
		return nil, err
	}
	text, err := encode(want)
	if err != nil {
		return nil, err
	}
	if got, err := encode(o); err != nil || got != text {
		return nil, fault.New(fault.State, "关闭时的计数或例外与记录不符：计入%d，出席%d，未提交%d，例外%d项", want.Counted, want.Present, want.Missing, len(want.Exceptions))
	}
	r, id := s.Rounds[o.Round], IDOf(object)
	return func() { r.State, r.CloseID, r.Close = RoundClosed, id, o }, nil
}

// byClose finds the round that was closed under an id.
func (s *State) byClose(id []byte) (string, *RoundState) {
	for name, r := range s.Rounds {
		if r.Close != nil && bytes.Equal(id, r.CloseID[:]) {
			return name, r
		}
	}
	return "", nil
}

func (s *State) opening(object []byte) (func(), error) {
	o := &Opening{}
	var custodian string
	for i, k := range s.Package.Custodians {
		if open(object, o, holder{RoleCustodian, []string{k.SignKey}}) == nil && inPair(o.Pair, i) {
			custodian = k.ID
		}
	}
	if custodian == "" {
		return nil, fault.New(fault.Denied, "开票授权的签名无效，或保管人不在所选的一组中")
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	_, r := s.byClose(o.Close)
	switch {
	case r == nil || r.State != RoundClosed:
		return nil, fault.New(fault.State, "该轮次尚未关闭或已开票")
	case r.Pair != "" && r.Pair != o.Pair:
		return nil, fault.New(fault.State, "另一名保管人选择的是第%s组", r.Pair)
	case slices.Contains(r.Openers, custodian):
		return nil, fault.New(fault.State, "该保管人已授权开票")
	}
	return func() { r.Pair, r.Openers = o.Pair, append(r.Openers, custodian) }, nil
}

// pairOf returns the index of a pair, -1 for none.
func pairOf(name string) int {
	for i, p := range pairs {
		if p.name == name {
			return i
		}
	}
	return -1
}

func inPair(name string, custodian int) bool {
	i := pairOf(name)
	return i >= 0 && (pairs[i].i == custodian || pairs[i].j == custodian)
}
