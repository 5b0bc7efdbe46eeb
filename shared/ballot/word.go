package ballot

import (
	"bytes"
	"slices"

	"zhiping/shared/fault"
)

// A laptop has no log, only what is handed to it over the network or on a stick. OpenWord reads such an object and checks that those signed it who must: a
// laptop believes a return, an epoch, a second round or the archive's word for their signatures, whoever brings it (voting.md, "Transports"). What the
// object says of the log is not checked; the log's checkpoints are (Watch). It gives one of *CheckIn (countersigned), *Revoke, *Attend, *Open, *Return,
// *Close, *Tally, *SignOff, *Void, *Epoch, *Derive, *Archive. hubs are keys beyond the package's two that an epoch has named.
func OpenWord(object []byte, p *Package, hubs ...string) (any, error) {
	s := &State{Package: p}
	if typeOf(object) == kindEpoch {
		return s.openEpoch(object)
	}
	word := words[typeOf(object)]
	if word == nil {
		return nil, fault.New(fault.Invalid, "无法识别的会议记录")
	}
	o, session, by := word(s)
	err := openBy(object, o, func() []holder {
		all := by()
		for i, h := range all {
			if h.role == RoleHub {
				all[i].keys = append(p.hubs(), hubs...)
			}
		}
		return all
	})
	if err != nil {
		return nil, err
	}
	return o, s.mine(*session)
}

// OpenOpinion reads a written opinion that an expert with a credential has signed; credentialOf gives the one of an expert, "" for none, as the countersigned
// check-ins before the opinion say it.
func OpenOpinion(object []byte, p *Package, credentialOf func(expert string) string) (*Opinion, error) {
	o, s := &Opinion{}, &State{Package: p}
	if err := openBy(object, o, func() []holder { return []holder{{RoleExpert, []string{credentialOf(o.Expert)}}} }); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	return o, p.mayOpine(o)
}

// words are the objects that OpenWord knows, and who signs them.
var words = map[string]func(s *State) (o body, session *string, by func() []holder){
	kindCheckIn: func(s *State) (body, *string, func() []holder) {
		o := &CheckIn{}
		return o, &o.Session, func() []holder { return []holder{{RoleExpert, []string{o.Credential}}, s.staff()} }
	},
	kindRevoke: func(s *State) (body, *string, func() []holder) {
		o := &Revoke{}
		return o, &o.Session, func() []holder { return []holder{s.staff()} }
	},
	kindAttend: func(s *State) (body, *string, func() []holder) {
		o := &Attend{}
		return o, &o.Session, func() []holder {
			if o.Round == "" {
				return []holder{s.staff()}
			}
			return []holder{s.staff(), s.chair(), s.supervisor()}
		}
	},
	kindOpen: func(s *State) (body, *string, func() []holder) {
		o := &Open{}
		return o, &o.Session, func() []holder {
			if o.Again == "" {
				return []holder{s.staff()}
			}
			return []holder{s.staff(), s.chair()}
		}
	},
	kindReturn: func(s *State) (body, *string, func() []holder) {
		o := &Return{}
		return o, &o.Session, func() []holder { return []holder{s.staff()} }
	},
	kindClose: func(s *State) (body, *string, func() []holder) {
		o := &Close{}
		return o, &o.Session, func() []holder { return []holder{s.staff(), s.chair()} }
	},
	kindTally: func(s *State) (body, *string, func() []holder) {
		o := &Tally{}
		return o, &o.Session, func() []holder { return []holder{s.hub()} }
	},
	kindSignOff: func(s *State) (body, *string, func() []holder) {
		o := &SignOff{}
		return o, &o.Session, func() []holder { return []holder{s.chair(), s.supervisor()} }
	},
	kindVoid: func(s *State) (body, *string, func() []holder) {
		o := &Void{}
		return o, &o.Session, func() []holder { return []holder{s.chair(), s.supervisor(), s.staff()} }
	},
	kindDerive: func(s *State) (body, *string, func() []holder) {
		o := &Derive{}
		return o, &o.Session, func() []holder { return []holder{s.staff(), s.chair()} }
	},
	kindArchive: func(s *State) (body, *string, func() []holder) {
		o := &Archive{}
		return o, &o.Session, func() []holder { return []holder{s.server()} }
	},
}

// openEpoch reads an epoch and checks who signed it: the server may name any hub; chair and staff without the server only one that the package certifies.
func (s *State) openEpoch(object []byte) (*Epoch, error) {
	o := &Epoch{}
	_, signed, err := split(object)
	if err != nil {
		return nil, err
	}
	by := []holder{s.server()}
	if len(signed) > 1 {
		if by = []holder{s.chair(), s.staff()}; len(signed) > 2 {
			by = append(by, s.server())
		}
	}
	if err := open(object, o, by...); err != nil {
		return nil, err
	}
	if err := s.mine(o.Session); err != nil {
		return nil, err
	}
	if certified := slices.Contains(s.Package.hubs(), o.Hub) || len(signed) != 2; !certified || o.Hub == "" {
		return nil, fault.New(fault.Denied, "该主机没有中心的认证，不能启用")
	}
	if o.Reason == "" {
		return nil, fault.New(fault.Invalid, "更换主机须填写原因")
	}
	return o, nil
}

// Narrow is a package with the people of its second round: what a laptop votes on after it has read the derive; id is the package's. Envelopes then name
// the derive's id.
func (o *Derive) Narrow(p *Package, id ID) (*Package, error) {
	if !bytes.Equal(o.Package, id[:]) || len(o.Bases) != len(p.Depends) || len(p.Depends) == 0 {
		return nil, fault.New(fault.Invalid, "导入的首轮会议与会议包不符")
	}
	for i, b := range o.Bases {
		first, _ := runOf(b.Round)
		if d := p.Depends[i]; b.Session != d.Session || !bytes.Equal(b.Package, d.Package) || first != d.Round {
			return nil, fault.New(fault.Invalid, "导入的首轮会议“%s”与会议包不符", b.Session)
		}
	}
	return p.narrowed(o.Applicants)
}

// CheckpointOf reads a checkpoint that the hub of its epoch must have signed; hubOf gives that hub's key, "" for an epoch that is not known.
func CheckpointOf(text []byte, p *Package, hubOf func(epoch int64) string) (Head, int64, error) {
	origin := typeOf(text)
	n := p.epochOf(origin)
	if n == 0 {
		return Head{}, 0, fault.New(fault.Invalid, "检查点不属于本场会议")
	}
	key := hubOf(n)
	if key == "" {
		return Head{}, 0, fault.New(fault.State, "主机的任期%d没有收到启用记录，暂不接受", n)
	}
	h, err := OpenCheckpoint(text, key)
	return h, n, err
}

// ReadReceipt reads a receipt without checking what it proves: which object it is for, and what it says. CheckReceipt is what a laptop believes.
func ReadReceipt(text []byte) (*Receipt, error) { return parseReceipt(text) }
