package ballot

import (
	"bytes"
	"slices"

	"zhiping/shared/fault"
)

// The reasons why an envelope is not counted. They are final: the same bytes get the same answer for ever.
const (
	RejectLate        = "LATE"
	RejectEarly       = "NOT_OPEN" // of the first version; since then such an envelope is sent again
	RejectNeedReturn  = "NEED_RETURN"
	RejectNotEligible = "NOT_ELIGIBLE"
	RejectSignature   = "BAD_SIG"
	RejectWrongRound  = "WRONG_ROUND"
	RejectMalformed   = "MALFORMED"
	RejectCredential  = "CREDENTIAL"
)

// rejectWords says the reasons to people.
var rejectWords = map[string]string{
	RejectLate: "表决已关闭，未计入", RejectEarly: "表决尚未开启", RejectNeedReturn: "您已提交，须先由会务人员退回后才能再次提交",
	RejectNotEligible: "未签到或不参加本轮表决", RejectSignature: "签名无效", RejectWrongRound: "不属于本次会议或本轮次", RejectMalformed: "格式不正确",
	RejectCredential: "签到凭证不符",
}

// RejectText says a reason to people.
func RejectText(reason string) string { return rejectWords[reason] }

// Accept decides on an envelope: "" counts it, anything else is the reason of a reject. An error is neither: what the envelope needs is not in
// the log yet, and its sender sends it again. No rule reads a clock; the log's order decides.
func (s *State) Accept(e *Envelope) (reason string, later error) {
	r := s.Rounds[e.Round]
	switch {
	case e.Meeting != s.Package.Meeting || e.Session != s.Package.Session || !bytes.Equal(e.Package, s.binding[:]) || r == nil:
		return RejectWrongRound, nil
	case s.Package.Expert(e.Expert) == nil:
		return RejectNotEligible, nil
	case s.Revoked[e.Credential] != "":
		return RejectCredential, nil
	case s.Credentials[e.Expert] == "":
		return "", fault.New(fault.State, "主机尚未收到该专家的签到，请先签到")
	case s.Credentials[e.Expert] != e.Credential:
		return RejectCredential, nil
	case !e.signed():
		return RejectSignature, nil
	case r.State == RoundReady:
		return "", fault.New(fault.State, "表决尚未开启，选票已保存在本机，请稍候")
	case r.State != RoundOpen:
		return RejectLate, nil
	case !slices.Contains(r.Present, e.Expert):
		return RejectNotEligible, nil
	case e.Cells != int64(s.Package.Round(e.Round).width()*len(s.Package.Applicants)) || !s.sized(e):
		return RejectMalformed, nil
	}
	return r.follows(e)
}

// follows decides whether an envelope is the next of its expert: the first, or the one after a return.
func (r *RoundState) follows(e *Envelope) (reason string, later error) {
	missing := fault.New(fault.State, "主机尚未收到该选票的前一版本或退回记录，请先发送")
	head := r.Heads[e.Expert]
	if head == nil {
		switch {
		case e.Version > 1 && e.Prev != "" && e.Return != "":
			return "", missing
		case e.Version != 1 || e.Prev != "" || e.Return != "":
			return RejectMalformed, nil
		}
		return "", nil
	}
	prev, back := IDOf(head.Raw).String(), ""
	if id, returned := r.Returned[e.Expert]; returned {
		back = id.String()
	}
	switch {
	case back != "" && e.Version == head.Version+1 && e.Prev == prev && e.Return == back:
		return "", nil
	case back == "" && e.Version == head.Version+1 && e.Prev == prev && e.Return != "", e.Version > head.Version+1 && e.Prev != "" && e.Return != "":
		return "", missing
	}
	return RejectNeedReturn, nil
}

// signed checks the signature over the header, once.
func (e *Envelope) signed() bool {
	if e.checked == 0 {
		e.checked = 1
		if open(e.Note, &Header{}, holder{RoleExpert, []string{e.Credential}}) == nil {
			e.checked = 2
		}
	}
	return e.checked == 2
}

// sized checks that the blobs have the size that every ballot of the round has, so that no length tells anything.
func (s *State) sized(e *Envelope) bool {
	const tag = 16
	want := 33 + int(e.Cells) + 2*(encSize+tag)
	return !slices.ContainsFunc(e.Blobs, func(b []byte) bool { return len(b) != want })
}

// count makes an accepted envelope its expert's head.
func (s *State) count(e *Envelope) {
	r := s.Rounds[e.Round]
	r.Heads[e.Expert] = e
	delete(r.Returned, e.Expert)
	r.Accepted++
}

// Counted returns the envelopes of a round that count, in the package's order of experts.
func (s *State) Counted(round string) []*Envelope {
	var all []*Envelope
	r := s.Rounds[round]
	for _, e := range s.Package.Experts {
		if h := r.Heads[e.ID]; h != nil && !r.void(e.ID) {
			all = append(all, h)
		}
	}
	return all
}

// void reports whether an expert's ballot has been returned and not been replaced.
func (r *RoundState) void(expert string) bool {
	_, returned := r.Returned[expert]
	return returned
}

// NextChain is where the next ballot of an expert stands: false while he has one that counts.
func (s *State) NextChain(round, expert string) (Chain, bool) {
	r := s.Rounds[round]
	if r == nil {
		return Chain{}, false
	}
	head := r.Heads[expert]
	if head == nil {
		return Chain{Version: 1}, true
	}
	back, returned := r.Returned[expert]
	return Chain{head.Version + 1, IDOf(head.Raw).String(), back.String()}, returned
}

// headOf finds the ballot of an open round by its id.
func (s *State) headOf(id []byte) (*RoundState, *Envelope) {
	for _, name := range s.Order {
		r := s.Rounds[name]
		if r.State != RoundOpen {
			continue
		}
		for expert, e := range r.Heads {
			if sum := IDOf(e.Raw); bytes.Equal(sum[:], id) && !r.void(expert) {
				return r, e
			}
		}
	}
	return nil, nil
}

var errNoBallot = fault.New(fault.State, "没有这份生效的选票，或表决已关闭，不能退回")

// request takes an expert's signed wish to have his ballot back.
func (s *State) request(object []byte) (func(), error) {
	o := &Request{}
	text, _, err := split(object)
	if err == nil {
		err = decode(text, o)
	}
	if err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	_, e := s.headOf(o.Envelope)
	if e == nil {
		return nil, errNoBallot
	}
	if err := open(object, o, s.expert(e.Expert)); err != nil {
		return nil, err
	}
	return func() { s.requests[IDOf(object).String()] = o }, nil
}

// giveBack returns a ballot: at its expert's signed request, or by staff with a reason. It is void at once.
func (s *State) giveBack(object []byte) (func(), error) {
	o := &Return{}
	if err := open(object, o, s.staff()); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	r, e := s.headOf(o.Envelope)
	if e == nil {
		return nil, errNoBallot
	}
	if o.Request == ByStaff {
		if o.Reason == "" {
			return nil, fault.New(fault.Invalid, "会务人员主动退回须填写原因")
		}
	} else {
		wish := s.requests[o.Request]
		if wish == nil || !bytes.Equal(wish.Envelope, o.Envelope) {
			return nil, fault.New(fault.Denied, "没有专家本人对这份选票的退回申请")
		}
	}
	id := IDOf(object)
	return func() {
		r.Returned[e.Expert] = id
		r.Returns = append(r.Returns, o)
	}, nil
}

// reject takes the hub's word that an envelope does not count, and checks its reason with the envelope itself.
func (s *State) reject(object []byte) (func(), error) {
	o := &Reject{Old: s.old(object, kindRejectOne)}
	if err := open(object, o, s.hub()); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	x := Rejection{Envelope: ID(o.Envelope), Reason: o.Reason, Index: s.Size()}
	if rejectWords[o.Reason] == "" {
		return nil, fault.New(fault.Invalid, "拒收原因“%s”无法识别", o.Reason)
	}
	if !o.Old {
		e, err := ParseEnvelope(o.Content)
		if err != nil || IDOf(o.Content) != x.Envelope {
			return nil, fault.New(fault.Invalid, "拒收记录中的选票与其编号不符")
		}
		reason, err := s.Accept(e)
		if err != nil || reason != o.Reason {
			return nil, fault.New(fault.Invalid, "拒收原因不成立：记录为“%s”", rejectWords[o.Reason])
		}
		x.Round, x.Expert = e.Round, e.Expert
	}
	return func() {
		s.Rejected[x.Envelope] = o.Reason
		s.Rejections = append(s.Rejections, x)
	}, nil
}

// device takes a laptop's word on what it holds. A checkpoint that this log never had is an alarm.
func (s *State) device(object []byte) (func(), error) {
	o := &Device{}
	if err := openBy(object, o, func() []holder { return []holder{s.expert(o.Expert)} }); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	r := s.Rounds[o.Round]
	if r == nil || r.State != RoundOpen {
		return nil, fault.New(fault.State, "该轮次没有在表决中，不接收电脑状态")
	}
	bad := false
	if o.Origin == s.Origin() {
		root, known := s.RootAt(o.Size)
		bad = !known || !bytes.Equal(root[:], o.Root)
	}
	return func() {
		if o.Outbox == 0 && o.Sealed == o.Receipts {
			r.Devices[o.Expert] = o
		}
		if bad && !r.Alarmed[o.Expert] {
			r.Alarmed[o.Expert] = true
			s.Alarms = append(s.Alarms, "专家"+o.Expert+"的电脑保存的检查点与本记录不一致")
		}
	}, nil
}
