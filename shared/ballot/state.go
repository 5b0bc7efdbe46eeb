package ballot

import (
	"bytes"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"zhiping/shared/catalog"
	"zhiping/shared/fault"
)

// The states of a round.
const (
	RoundReady    = "READY"
	RoundOpen     = "OPEN"
	RoundClosed   = "CLOSED"
	RoundOpened   = "OPENED"
	RoundSigned   = "SIGNED"
	RoundArchived = "ARCHIVED"
	RoundVoid     = "VOID"
)

// A RoundState is what has happened in one round.
type RoundState struct {
	State    string
	Present  []string             // frozen when it opened, and the base
	Heads    map[string]*Envelope // by expert: the newest version
	Returned map[string]ID        // by expert: the return that has made his head void
	Returns  []*Return
	Accepted int64 // envelopes, with those that were returned
	OpenID   ID
	Openings int64 // how often it was opened
	Devices  map[string]*Device
	Alarmed  map[string]bool // experts whose laptops have seen another log
	CloseID  ID
	Close    *Close
	Openers  []string // ids of custodians who signed the opening
	Pair     string
	TallyID  ID
	Tally    *Tally
	tallied  int64              // size of the log with the tally
	Attests  map[string]*Attest // by expert
	Signed   bool
	SignOff  *SignOff
	Void     *Void
	Repeats  string // id of the void round it is held for, "" for none
}

func newRound() *RoundState {
	return &RoundState{State: RoundReady, Heads: map[string]*Envelope{}, Returned: map[string]ID{}, Devices: map[string]*Device{}, Alarmed: map[string]bool{}, Attests: map[string]*Attest{}}
}

// A Rejection is an envelope that does not count.
type Rejection struct {
	Envelope      ID
	Round, Expert string
	Reason        string
	Index         int64 // of the object that says so
}

// A State is what has happened in a session: a pure function of its log.
type State struct {
	Package     *Package // with the people of the second round once they are derived
	PackageID   ID       // leaf 0
	Derived     *Derive
	whole       *Package // before that
	binding     ID
	Epoch       int64
	Epochs      []*Epoch
	Hub         string            // key of the sequencer
	Credentials map[string]string // by expert
	Devices     map[string]string // by expert: the laptop of his credential
	Issued      int64             // credentials, with those that replaced another
	Revoked     map[string]string // reason by credential
	Status      map[string]string // by expert
	Reasons     map[string]string // of statuses other than present, by expert
	Rounds      map[string]*RoundState
	Order       []string // ids of the rounds, repeated ones at the end
	Opinions    []*Opinion
	Quarantined []*Quarantine
	Rejected    map[ID]string
	Rejections  []Rejection
	Alarms      []string // what somebody must look into
	Archived    *Archive
	Release     *Release
	Wiped       map[string]bool // by expert

	requests map[string]*Request // by id in hex
	rules    *catalog.RuleSet
	tree     tree
	roots    []tlog.Hash // after each object
}

// NewState begins a session with its package.
func NewState(p *Package, id ID) (*State, error) {
	rules, err := catalog.ReadRules(p.RuleSet)
	if err != nil {
		return nil, err
	}
	s := &State{
		Package: p, whole: p, PackageID: id, binding: id, Epoch: 1, Hub: p.Hub, Credentials: map[string]string{}, Devices: map[string]string{}, Revoked: map[string]string{},
		Status: map[string]string{}, Reasons: map[string]string{}, Rounds: map[string]*RoundState{}, Rejected: map[ID]string{}, Wiped: map[string]bool{},
		requests: map[string]*Request{}, rules: rules,
	}
	for _, r := range p.Rounds {
		s.Rounds[r.ID], s.Order = newRound(), append(s.Order, r.ID)
	}
	return s, nil
}

// Binding is what envelopes name as their package: the package, or the object that derived the people of a second round.
func (s *State) Binding() ID { return s.binding }

// Origin is the name of the log in this epoch.
func (s *State) Origin() string { return s.Package.OriginOf(s.Epoch) }

// Size is how many objects the log has.
func (s *State) Size() int64 { return int64(len(s.roots)) }

// RootAt is the root of the log when it had a size, and whether it has had it.
func (s *State) RootAt(size int64) (tlog.Hash, bool) {
	if size < 1 || size > s.Size() {
		return tlog.Hash{}, false
	}
	return s.roots[size-1], true
}

// Current is the id of the round that counts: the last repetition of a round that was void.
func (s *State) Current(round string) string {
	for s.Rounds[round] != nil && s.Rounds[round].Void != nil && s.Rounds[round].Void.Next != "" {
		round = s.Rounds[round].Void.Next
	}
	return round
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

// readers read one type of object each: they check it against the state and return what it changes.
var readers = map[string]func(*State, []byte) (func(), error){
	kindCheckIn:    (*State).checkIn,
	kindRevoke:     (*State).revoke,
	kindAttend:     (*State).attend,
	kindAttendOne:  (*State).attend,
	kindOpinion:    (*State).opinion,
	kindOpen:       (*State).openRound,
	kindOpenOne:    (*State).openRound,
	kindRequest:    (*State).request,
	kindReturn:     (*State).giveBack,
	kindReject:     (*State).reject,
	kindRejectOne:  (*State).reject,
	kindDevice:     (*State).device,
	kindQuarantine: (*State).quarantine,
	kindClose:      (*State).closeRound,
	kindCloseOne:   (*State).closeRound,
	kindOpening:    (*State).opening,
	kindTally:      (*State).tally,
	kindTallyOne:   (*State).tally,
	kindAttest:     (*State).attest,
	kindSignOff:    (*State).signOff,
	kindVoid:       (*State).void,
	kindEpoch:      (*State).epoch,
	kindDerive:     (*State).derive,
	kindArchive:    (*State).archive,
	kindRelease:    (*State).release,
	kindWipe:       (*State).wipe,
}

// versions are the types of which there are two: true is the first version, which stands with a package of the first version and with no other.
var versions = map[string]bool{
	kindAttendOne: true, kindOpenOne: true, kindRejectOne: true, kindCloseOne: true, kindTallyOne: true,
	kindAttend: false, kindOpen: false, kindReject: false, kindClose: false, kindTally: false,
}

// Check says whether an object may be appended now, or why not; envelopes are decided by Accept.
func (s *State) Check(object []byte) error {
	_, err := s.read(object)
	return err
}

// Apply takes an object of the log into the state. The first is the package.
func (s *State) Apply(object []byte) error {
	if s.Size() == 0 {
		if IDOf(object) != s.PackageID {
			return fault.New(fault.Invalid, "记录的第一条不是本场会议的会议包")
		}
		s.grow(object)
		return nil
	}
	change, err := s.read(object)
	if err == nil {
		s.grow(object)
		change()
	}
	return err
}

func (s *State) grow(object []byte) {
	s.tree.add(tlog.RecordHash(object))
	s.roots = append(s.roots, s.tree.root())
}

// read checks an object against the state and returns what it changes.
func (s *State) read(object []byte) (func(), error) {
	kind := typeOf(object)
	if s.Archived != nil && kind != kindWipe {
		return nil, fault.New(fault.State, "中心已确认归档，不能再追加记录")
	}
	if s.Release != nil && kind != kindArchive && kind != kindWipe {
		return nil, fault.New(fault.State, "管理员已解除本机对会议的控制，不能再追加记录：%s", s.Release.Reason)
	}
	if one, versioned := versions[kind]; versioned && one != s.Package.Old {
		return nil, fault.New(fault.Invalid, "记录“%s”的版本与会议包不符", kind)
	}
	if read := readers[kind]; read != nil {
		return read(s, object)
	}
	e, err := ParseEnvelope(object)
	if err != nil {
		return nil, fault.New(fault.Invalid, "无法识别的会议记录")
	}
	reason, err := s.Accept(e)
	if err != nil {
		return nil, err
	}
	if reason != "" {
		return nil, fault.New(fault.State, "%s", RejectText(reason))
	}
	return func() { s.count(e) }, nil
}

func (s *State) mine(session string) error {
	if session != s.Package.Session {
		return fault.New(fault.Invalid, "不属于本场会议")
	}
	return nil
}

// old reports whether an object is of the first version, which only a package of the first version may have.
func (s *State) old(object []byte, one string) bool { return s.Package.Old && typeOf(object) == one }

func (s *State) server() holder     { return holder{RoleServer, []string{s.Package.server}} }
func (s *State) staff() holder      { return holder{RoleStaff, s.Package.Staff} }
func (s *State) hub() holder        { return holder{RoleHub, []string{s.Hub}} }
func (s *State) chair() holder      { return holder{RoleChair, []string{s.Package.Chair}} }
func (s *State) supervisor() holder { return holder{RoleSupervisor, []string{s.Package.Supervisor}} }

// expert is an expert under the credential that he has now.
func (s *State) expert(id string) holder { return holder{RoleExpert, []string{s.Credentials[id]}} }

// member refuses who is not on the panel.
func (s *State) member(id string) error {
	if s.Package.Expert(id) == nil {
		return fault.New(fault.Invalid, "不在本次会议的专家名单中")
	}
	return nil
}

func (s *State) checkIn(object []byte) (func(), error) {
	o := &CheckIn{}
	if err := openBy(object, o, func() []holder { return []holder{{RoleExpert, []string{o.Credential}}, s.staff()} }); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	if err := s.member(o.Expert); err != nil {
		return nil, err
	}
	switch {
	case s.Credentials[o.Expert] != "":
		return nil, fault.New(fault.State, "该专家已签到，不能重复签到")
	case s.Revoked[o.Credential] != "":
		return nil, fault.New(fault.State, "该签到凭证已作废，请在新的电脑上重新签到")
	case s.holds(o.Credential):
		return nil, fault.New(fault.State, "该签到凭证已由另一名专家使用")
	}
	return func() {
		s.Credentials[o.Expert], s.Devices[o.Expert] = o.Credential, o.Device
		s.Issued++
	}, nil
}

func (s *State) holds(credential string) bool {
	for _, c := range s.Credentials {
		if c == credential {
			return true
		}
	}
	return false
}

// revoke ends a credential whose laptop is lost; what was handed in with it stays.
func (s *State) revoke(object []byte) (func(), error) {
	o := &Revoke{}
	if err := open(object, o, s.staff()); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	if o.Credential == "" || s.Credentials[o.Expert] != o.Credential || o.Reason == "" {
		return nil, fault.New(fault.State, "该专家没有这个签到凭证，或没有填写作废原因")
	}
	return func() {
		delete(s.Credentials, o.Expert)
		s.Revoked[o.Credential] = o.Reason
	}, nil
}

// opinion takes a reviewer's written word. It is not secret.
func (s *State) opinion(object []byte) (func(), error) {
	o := &Opinion{}
	if err := openBy(object, o, func() []holder { return []holder{s.expert(o.Expert)} }); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	if err := s.Package.mayOpine(o); err != nil {
		return nil, err
	}
	return func() { s.Opinions = append(s.Opinions, o) }, nil
}

// mayOpine says why an opinion may not stand, nil if it may.
func (p *Package) mayOpine(o *Opinion) error {
	e := p.Expert(o.Expert)
	named := slices.Contains(p.Reviewers, Reviewer{o.Applicant, o.Expert, o.Role})
	switch {
	case e == nil || p.Applicant(o.Applicant) == nil || slices.Contains(e.Recused, o.Applicant):
		return fault.New(fault.Denied, "该专家不能对此人员发表意见")
	case o.Role != Main && o.Role != Assistant || len(p.Reviewers) > 0 && !named:
		return fault.New(fault.Denied, "该专家不是此人员的主审或副主审")
	case len(o.Paragraphs) == 0:
		return fault.New(fault.Invalid, "意见内容为空，请填写后再提交")
	}
	return nil
}

func (s *State) quarantine(object []byte) (func(), error) {
	o := &Quarantine{}
	if err := open(object, o, s.hub()); err != nil {
		return nil, err
	}
	return func() { s.Quarantined = append(s.Quarantined, o) }, s.mine(o.Session)
}

// archive takes the server's word that it keeps the log as it stood at a size.
func (s *State) archive(object []byte) (func(), error) {
	o := &Archive{}
	if err := open(object, o, s.server()); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	if root, known := s.RootAt(o.Size); !known || !bytes.Equal(root[:], o.Root) || s.Archived != nil {
		return nil, fault.New(fault.State, "服务器确认的记录与本机记录不一致，请联系管理员")
	}
	return func() {
		s.Archived = o
		for _, r := range s.Rounds {
			if r.State == RoundSigned {
				r.State = RoundArchived
			}
		}
	}, nil
}

func (s *State) release(object []byte) (func(), error) {
	o := &Release{}
	if err := open(object, o, s.server()); err != nil {
		return nil, err
	}
	return func() { s.Release = o }, s.mine(o.Session)
}

// wipe notes that a laptop has erased what it held of an expert: only after the server keeps the record.
func (s *State) wipe(object []byte) (func(), error) {
	o := &Wipe{}
	if err := openBy(object, o, func() []holder { return []holder{s.expert(o.Expert)} }); err != nil {
		return nil, err
	}
	if s.Archived == nil {
		return nil, fault.New(fault.State, "中心尚未确认归档，不能清除本机数据")
	}
	return func() { s.Wiped[o.Expert] = true }, s.mine(o.Session)
}
