package ballot

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"zhiping/shared/fault"
)

// A Head is what a checkpoint says.
type Head struct {
	Origin string
	Size   int64
	Root   tlog.Hash
}

// text is a checkpoint before it is signed.
func (h Head) text() string {
	return h.Origin + "\n" + digits(h.Size) + "\n" + h.Root.String() + "\n"
}

// OpenCheckpoint reads a checkpoint that one of the keys (hex) has signed as the hub.
func OpenCheckpoint(text []byte, keys ...string) (Head, error) {
	bad := fault.New(fault.Invalid, "检查点的签名无效")
	if _, signed, err := split(text); err != nil || len(signed) != 1 || !canonical(signed) {
		return Head{}, bad
	}
	for _, k := range keys {
		v, err := verifier(RoleHub, k)
		if err != nil {
			continue
		}
		n, err := note.Open(text, note.VerifierList(v))
		if err != nil || len(n.Sigs) != 1 || len(n.UnverifiedSigs) > 0 {
			continue
		}
		return parseHead(n.Text)
	}
	return Head{}, bad
}

func parseHead(text string) (Head, error) {
	bad := fault.New(fault.Invalid, "检查点格式不正确")
	lines := strings.Split(text, "\n")
	if len(lines) != 4 {
		return Head{}, bad
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 1 {
		return Head{}, bad
	}
	root, err := tlog.ParseHash(lines[2])
	if h := (Head{lines[0], size, root}); err == nil && h.text() == text {
		return h, nil
	}
	return Head{}, bad
}

// OriginOf is the name of the log of an epoch: each hub that takes over writes under its own.
func (p *Package) OriginOf(epoch int64) string {
	if epoch == 1 {
		return p.Origin
	}
	return p.Origin + "+" + digits(epoch)
}

// hubs are the keys of the hubs that the server certified.
func (p *Package) hubs() []string {
	if p.Spare == "" {
		return []string{p.Hub}
	}
	return []string{p.Hub, p.Spare}
}

// epochOf is the number of the epoch whose log has a name, 0 for another session's.
func (p *Package) epochOf(origin string) int64 {
	if origin == p.Origin {
		return 1
	}
	rest, ok := strings.CutPrefix(origin, p.Origin+"+")
	n, err := strconv.ParseInt(rest, 10, 64)
	if !ok || err != nil || n < 2 || p.OriginOf(n) != origin {
		return 0
	}
	return n
}

// epoch makes another hub the sequencer. Chair and staff may name a hub the server has certified; the server may name any.
func (s *State) epoch(object []byte) (func(), error) {
	o, err := s.openEpoch(object)
	if err != nil {
		return nil, err
	}
	if o.Epoch <= s.Epoch {
		return nil, fault.New(fault.State, "主机的任期编号应大于%d", s.Epoch)
	}
	if err := s.continues(o); err != nil {
		return nil, err
	}
	return func() { s.Epoch, s.Hub, s.Epochs = o.Epoch, o.Hub, append(s.Epochs, o) }, nil
}

// continues checks where a new epoch begins: at the head of this log, or at the beginning of a new one.
func (s *State) continues(o *Epoch) error {
	fresh := s.Size() == 1
	if len(o.From) == 0 {
		if fresh {
			return nil
		}
		return fault.New(fault.State, "续写原记录时须有原主机签名的检查点")
	}
	h, err := OpenCheckpoint(o.From, append(s.Package.hubs(), s.Hub)...)
	if err != nil {
		return err
	}
	n := s.Package.epochOf(h.Origin)
	switch {
	case n == 0 || n >= o.Epoch:
		return fault.New(fault.Invalid, "检查点不属于本场会议之前的主机")
	case fresh && h.Size > 1:
		return nil
	}
	if root, known := s.RootAt(h.Size); h.Size != s.Size() || n != s.Epoch || !known || root != h.Root {
		return fault.New(fault.State, "检查点与记录不一致：检查点%d条，记录%d条", h.Size, s.Size())
	}
	return nil
}

// derive names the people of a second round. That they follow from the first rounds is checked with their records (Evidence).
func (s *State) derive(object []byte) (func(), error) {
	o := &Derive{}
	if err := open(object, o, s.staff(), s.chair()); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	if len(s.Package.Depends) == 0 || s.Derived != nil || s.started() {
		return nil, fault.New(fault.State, "本会议包不需要导入首轮结果，或已导入")
	}
	p, err := o.Narrow(s.Package, s.PackageID)
	if err != nil {
		return nil, err
	}
	id := IDOf(object)
	return func() { s.Package, s.Derived, s.binding = p, o, id }, nil
}

func (s *State) started() bool {
	return slices.ContainsFunc(s.Order, func(id string) bool { return s.Rounds[id].State != RoundReady })
}

// narrowed is the package with those applicants alone, in its own order.
func (p *Package) narrowed(ids []string) (*Package, error) {
	n := *p
	n.Applicants = nil
	for _, a := range p.Applicants {
		if len(n.Applicants) < len(ids) && ids[len(n.Applicants)] == a.ID {
			n.Applicants = append(n.Applicants, a)
		}
	}
	if len(n.Applicants) != len(ids) || len(ids) == 0 {
		return nil, fault.New(fault.Invalid, "第二轮的参评人员为空，或不在会议包中，或顺序不同")
	}
	return &n, nil
}

// DeriveOf names the people of a second round from the verified records of its first rounds, in the order of the package's depends lines; to be
// signed by staff and chair.
func DeriveOf(p *Package, id ID, firsts []*Verified, at int64) (*Derive, error) {
	o := &Derive{Session: p.Session, Package: id[:], At: at}
	stays := map[string]bool{}
	if len(firsts) != len(p.Depends) {
		return nil, fault.New(fault.Invalid, "应导入%d场首轮会议的记录，现有%d场", len(p.Depends), len(firsts))
	}
	for i, v := range firsts {
		b, err := p.Depends[i].take(v, stays)
		if err != nil {
			return nil, err
		}
		o.Bases = append(o.Bases, *b)
	}
	for _, a := range p.Applicants {
		if stays[a.ID] {
			o.Applicants = append(o.Applicants, a.ID)
		}
	}
	if len(o.Applicants) == 0 {
		return nil, fault.New(fault.State, "首轮没有人通过，不能举行第二轮")
	}
	return o, nil
}

// take checks a first round's record and adds those who stay.
func (d *Dependency) take(v *Verified, stays map[string]bool) (*Basis, error) {
	s := v.State
	round := s.Current(d.Round)
	r := s.Rounds[round]
	if s.Package.Session != d.Session || !bytes.Equal(s.PackageID[:], d.Package) || r == nil || !r.Signed {
		return nil, fault.New(fault.Invalid, "首轮会议“%s”的记录不是会议包所指的一场，或尚未签字", d.Session)
	}
	for _, res := range r.Tally.Results {
		if d.Rule == TakeAll || res.Decision == Passed {
			stays[res.Applicant] = true
		}
	}
	return &Basis{Session: d.Session, Package: s.PackageID[:], Round: round, Size: r.SignOff.Size, Root: r.SignOff.Root, Tally: r.TallyID[:]}, nil
}
