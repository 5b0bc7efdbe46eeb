package ballot

import (
	"bytes"
	"slices"

	"zhiping/shared/catalog"
	"zhiping/shared/fault"
)

// The states of a round.
const (
	RoundReady  = "READY"
	RoundOpen   = "OPEN"
	RoundClosed = "CLOSED"
	RoundOpened = "OPENED"
	RoundSigned = "SIGNED"
)

// The reasons why an envelope is not counted.
const (
	RejectLate        = "LATE"
	RejectEarly       = "NOT_OPEN"
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

// A RoundState is what has happened in one round.
type RoundState struct {
	State   string
	Present []string             // frozen when it opened
	Heads   map[string]*Envelope // by expert
	CloseID ID
	Close   *Close
	Openers []string // ids of custodians who signed the opening
	Pair    string
	TallyID ID
	Tally   *Tally
	Signed  bool
}

// A State is what has happened in a session: a pure function of its log.
type State struct {
	Package     *Package
	PackageID   ID
	Credentials map[string]string // by expert
	Status      map[string]string // by expert: PRESENT, ABSENT, LEFT
	Rounds      map[string]*RoundState
	Rejected    map[ID]string
	rules       *catalog.RuleSet
}

// OpenPackage reads a package and checks that this server signed it.
func OpenPackage(object []byte, server string) (*Package, ID, error) {
	p := &Package{}
	if err := open(object, p, holder{RoleServer, []string{server}}); err != nil {
		return nil, ID{}, err
	}
	return p, IDOf(object), p.check()
}

// check refuses a package that a meeting cannot be held with.
func (p *Package) check() error {
	rules, err := catalog.ReadRules(p.RuleSet)
	if err != nil || !bytes.Equal(p.Rules, mustHex(rules.SHA256)) {
		return fault.New(fault.Invalid, "会议包的规则集与摘要不符")
	}
	ids := map[string]bool{}
	for _, e := range p.Experts {
		if e.ID == "" || ids["e"+e.ID] {
			return fault.New(fault.Invalid, "会议包的专家“%s”重复或没有编号", e.Name)
		}
		ids["e"+e.ID] = true
	}
	for _, a := range p.Applicants {
		if a.ID == "" || ids["a"+a.ID] {
			return fault.New(fault.Invalid, "会议包的参评人员“%s”重复或没有编号", a.Name)
		}
		ids["a"+a.ID] = true
	}
	if p.Suite != Suite || len(p.Custodians) != 3 || len(p.Rounds) == 0 || len(p.Staff) == 0 || len(p.Applicants) == 0 {
		return fault.New(fault.Invalid, "会议包不完整：须有3名密钥保管人、至少1个轮次、1名会务人员和1名参评人员")
	}
	return nil
}

// NewState begins a session with its package.
func NewState(p *Package, id ID) (*State, error) {
	rules, err := catalog.ReadRules(p.RuleSet)
	if err != nil {
		return nil, err
	}
	s := &State{Package: p, PackageID: id, Credentials: map[string]string{}, Status: map[string]string{}, Rounds: map[string]*RoundState{}, Rejected: map[ID]string{}, rules: rules}
	for _, r := range p.Rounds {
		s.Rounds[r.ID] = &RoundState{State: RoundReady, Heads: map[string]*Envelope{}}
	}
	return s, nil
}

// Present lists the experts who are there, in the package's order.
func (s *State) Present() []string {
	var all []string
	for _, e := range s.Package.Experts {
		if s.Status[e.ID] == Present {
			all = append(all, e.ID)
		}
	}
	return all
}

// Accept decides on an envelope: "" counts it, anything else is the reason of a reject. No rule reads a clock; the log's order decides.
func (s *State) Accept(e *Envelope) string {
	r := s.Rounds[e.Round]
	switch {
	case e.Meeting != s.Package.Meeting || e.Session != s.Package.Session || !bytes.Equal(e.Package, s.PackageID[:]) || r == nil:
		return RejectWrongRound
	case s.Credentials[e.Expert] == "" || s.Credentials[e.Expert] != e.Credential:
		return RejectCredential
	case open(e.Note, &Header{}, holder{RoleExpert, []string{e.Credential}}) != nil:
		return RejectSignature
	case r.State == RoundReady:
		return RejectEarly
	case r.State != RoundOpen:
		return RejectLate
	case !slices.Contains(r.Present, e.Expert) || s.Status[e.Expert] != Present:
		return RejectNotEligible
	case e.Cells != int64(s.Package.Round(e.Round).width()*len(s.Package.Applicants)) || !s.sized(e):
		return RejectMalformed
	case r.Heads[e.Expert] != nil:
		return RejectNeedReturn
	case e.Version != 1 || e.Prev != "" || e.Return != "":
		return RejectMalformed
	}
	return ""
}

// sized checks that the blobs have the size that every ballot of the round has, so that no length tells anything.
func (s *State) sized(e *Envelope) bool {
	const tag = 16
	want := 33 + int(e.Cells) + 2*(encSize+tag)
	return !slices.ContainsFunc(e.Blobs, func(b []byte) bool { return len(b) != want })
}

// Check says whether an object may be appended now, or why not; envelopes are decided by Accept.
func (s *State) Check(object []byte) error {
	_, err := s.read(object)
	return err
}

// Apply takes an object of the log into the state.
func (s *State) Apply(object []byte) error {
	change, err := s.read(object)
	if err == nil {
		change()
	}
	return err
}

// read checks an object against the state and returns what it changes.
func (s *State) read(object []byte) (func(), error) {
	switch typeOf(object) {
	case kindCheckIn:
		return s.checkIn(object)
	case kindAttend:
		return s.attend(object)
	case kindOpen:
		return s.openRound(object)
	case kindReject:
		return s.reject(object)
	case kindClose:
		return s.closeRound(object)
	case kindOpening:
		return s.opening(object)
	case kindTally:
		return s.tally(object)
	case kindSignOff:
		return s.signOff(object)
	}
	if e, err := ParseEnvelope(object); err == nil {
		if reason := s.Accept(e); reason != "" {
			return nil, fault.New(fault.State, "%s", RejectText(reason))
		}
		return func() { s.Rounds[e.Round].Heads[e.Expert] = e }, nil
	}
	return nil, fault.New(fault.Invalid, "无法识别的会议记录")
}

func (s *State) mine(session string) error {
	if session != s.Package.Session {
		return fault.New(fault.Invalid, "不属于本场会议")
	}
	return nil
}

func (s *State) staff() holder { return holder{RoleStaff, s.Package.Staff} }
func (s *State) chair() holder { return holder{RoleChair, []string{s.Package.Chair}} }

func (s *State) supervisor() holder { return holder{RoleSupervisor, []string{s.Package.Supervisor}} }

func (s *State) hub() holder { return holder{RoleHub, []string{s.Package.Hub}} }

func (s *State) checkIn(object []byte) (func(), error) {
	o := &CheckIn{}
	// The credential is inside: read first, then check that it signed.
	text, _, err := split(object)
	if err != nil {
		return nil, err
	}
	if err := decode(text, o); err != nil {
		return nil, err
	}
	if err := open(object, o, holder{RoleExpert, []string{o.Credential}}, s.staff()); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	if s.Package.Expert(o.Expert) == nil {
		return nil, fault.New(fault.Invalid, "不在本次会议的专家名单中")
	}
	if s.Credentials[o.Expert] != "" {
		return nil, fault.New(fault.State, "该专家已签到，不能重复签到")
	}
	return func() { s.Credentials[o.Expert] = o.Credential }, nil
}

func (s *State) attend(object []byte) (func(), error) {
	o := &Attend{}
	by := []holder{s.staff()}
	if s.anyOpen() {
		by = append(by, s.chair(), s.supervisor())
	}
	if err := open(object, o, by...); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	switch {
	case s.Package.Expert(o.Expert) == nil:
		return nil, fault.New(fault.Invalid, "不在本次会议的专家名单中")
	case o.Status != Present && o.Status != Absent && o.Status != Left:
		return nil, fault.New(fault.Invalid, "出席状态“%s”不正确", o.Status)
	case o.Status == Present && s.Credentials[o.Expert] == "":
		return nil, fault.New(fault.State, "专家尚未签到，不能登记为出席")
	case o.Status == Present && s.anyOpen():
		return nil, fault.New(fault.State, "表决进行中，不能再增加出席专家")
	case o.Status != Present && o.Reason == "":
		return nil, fault.New(fault.Invalid, "缺席或离场须填写原因")
	case s.submitted(o.Expert):
		// A receipted ballot is counted: nobody can take it back by marking its expert as absent.
		return nil, fault.New(fault.State, "该专家在进行中的轮次已提交选票，不能再登记为缺席或离场")
	}
	return func() {
		s.Status[o.Expert] = o.Status
		for _, r := range s.Rounds {
			if r.State == RoundOpen && o.Status != Present {
				r.Present = slices.DeleteFunc(r.Present, func(id string) bool { return id == o.Expert })
			}
		}
	}, nil
}

// submitted reports whether an expert has a ballot in the open round.
func (s *State) submitted(expert string) bool {
	for _, r := range s.Rounds {
		if r.State == RoundOpen && r.Heads[expert] != nil {
			return true
		}
	}
	return false
}

func (s *State) anyOpen() bool {
	for _, r := range s.Rounds {
		if r.State == RoundOpen {
			return true
		}
	}
	return false
}

// openRound opens a round if enough experts are there: need(committee size) (Article 19).
func (s *State) openRound(object []byte) (func(), error) {
	o := &Open{}
	if err := open(object, o, s.staff()); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	r, spec := s.Rounds[o.Round], s.Package.Round(o.Round)
	present := s.Present()
	switch need := s.rules.Need(int(s.Package.Panel)); {
	case r == nil || !bytes.Equal(o.Spec, spec.Spec()):
		return nil, fault.New(fault.Invalid, "轮次与会议包不符")
	case r.State != RoundReady:
		return nil, fault.New(fault.State, "该轮次已开启过")
	case s.anyOpen():
		return nil, fault.New(fault.State, "另一轮表决正在进行")
	case o.Present != int64(len(present)):
		return nil, fault.New(fault.State, "出席人数与记录不符：记录%d人，开启时填%d人", len(present), o.Present)
	case len(present) < need:
		return nil, fault.New(fault.State, "出席%d人，不足评委会%d人的三分之二（需%d人），不能开启表决（第十九条）", len(present), s.Package.Panel, need)
	}
	return func() { r.State, r.Present = RoundOpen, present }, nil
}

func (s *State) reject(object []byte) (func(), error) {
	o := &Reject{}
	if err := open(object, o, s.hub()); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	if rejectWords[o.Reason] == "" {
		return nil, fault.New(fault.Invalid, "拒收原因“%s”无法识别", o.Reason)
	}
	return func() { s.Rejected[ID(o.Envelope)] = o.Reason }, nil
}

// Counted returns the envelopes of a round that count, in the package's order of experts.
func (s *State) Counted(round string) []*Envelope {
	var all []*Envelope
	for _, e := range s.Package.Experts {
		if h := s.Rounds[round].Heads[e.ID]; h != nil {
			all = append(all, h)
		}
	}
	return all
}

func (s *State) closeRound(object []byte) (func(), error) {
	o := &Close{}
	if err := open(object, o, s.staff(), s.chair()); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	r := s.Rounds[o.Round]
	if r == nil || r.State != RoundOpen {
		return nil, fault.New(fault.State, "该轮次没有在表决中，不能关闭")
	}
	counted := s.Counted(o.Round)
	present := int64(len(r.Present))
	if o.Counted != int64(len(counted)) || o.Present != present || o.Missing != present-o.Counted || !bytes.Equal(o.Root, CountedRoot(counted)) {
		return nil, fault.New(fault.State, "关闭时的计数与记录不符：计入%d，出席%d，未提交%d", len(counted), present, present-int64(len(counted)))
	}
	id := IDOf(object)
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

func (s *State) tally(object []byte) (func(), error) {
	o := &Tally{}
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
	id := IDOf(object)
	return func() { r.State, r.TallyID, r.Tally = RoundOpened, id, o }, nil
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
		if r.Tally != nil && bytes.Equal(o.Tally, r.TallyID[:]) && r.State == RoundOpened {
			return func() { r.State, r.Signed = RoundSigned, true }, nil
		}
	}
	return nil, fault.New(fault.State, "签字的计票结果与记录不符")
}
