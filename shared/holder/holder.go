package holder

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"strings"
	"unicode"
	"unicode/utf8"

	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// A Holder is one person with his keys. Old files (see Open) may hold only the signing key, or only the custodian's keys.
type Holder struct {
	Name string

	id, role  string // as an old custodian's file names him
	signing   ed25519.PrivateKey
	custodian ed25519.PrivateKey
	seal      hpke.PrivateKey
	file      []byte // as it is on the stick, encrypted; for the paper
}

// New makes a person's keys.
func New(name string) (*Holder, error) {
	name = strings.TrimSpace(name)
	if err := checkName(name); err != nil {
		return nil, err
	}
	h := &Holder{Name: name}
	for _, k := range []*ed25519.PrivateKey{&h.signing, &h.custodian} {
		_, made, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		*k = made
	}
	var err error
	h.seal, err = hpke.MLKEM768X25519().GenerateKey()
	return h, err
}

// maxName is the longest name of a custodian that a meeting takes.
const maxName = 30

// checkName refuses what could not stand in a package's line (package ballot, Objects).
func checkName(name string) error {
	switch n := utf8.RuneCountInString(name); {
	case n == 0 || name == "-":
		return fault.New(fault.Invalid, "请填写持有人姓名").At("name")
	case n > maxName:
		return fault.New(fault.Invalid, "持有人姓名最多%d个字，现有%d个", maxName, n).At("name")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r == '|' || !unicode.IsPrint(r) }):
		return fault.New(fault.Invalid, "持有人姓名不能含有竖线、换行等符号").At("name")
	}
	return nil
}

// Signs reports whether there is a key to sign as chair, supervisor or staff.
func (h *Holder) Signs() bool { return h.signing != nil }

// Keeps reports whether there are a custodian's keys.
func (h *Holder) Keeps() bool { return h.custodian != nil && h.seal != nil }

// Key is what he signs with as chair, supervisor or staff; without one (Signs) its private half is empty.
func (h *Holder) Key(role string) ballot.Key { return ballot.Key{Role: role, Private: h.signing} }

// Custodian is what he opens a round with; nil without a custodian's keys (Keeps). id and role are as the package names him; empty ones stay those
// of an old file.
func (h *Holder) Custodian(id, role string) *ballot.Secret {
	if !h.Keeps() {
		return nil
	}
	if id == "" {
		id = h.id
	}
	if role == "" {
		role = h.role
	}
	return &ballot.Secret{ID: id, Name: h.Name, Role: role, Sign: ballot.Key{Role: ballot.RoleCustodian, Private: h.custodian}, Seal: h.seal}
}

// roles are the words for those who sign.
var roles = map[string]string{ballot.RoleChair: "执行主任", ballot.RoleSupervisor: "监督人员", ballot.RoleStaff: "会务人员"}

// Of is his key for a role of a meeting; a file that is not that person's is refused before it signs anything.
func (h *Holder) Of(p *ballot.Package, role string) (ballot.Key, error) {
	if !h.Signs() {
		return ballot.Key{}, fault.New(fault.Invalid, "这个密钥文件只有保管人的密钥，不能用来签字，请换用%s的密钥文件", roles[role])
	}
	k := h.Key(role)
	for _, public := range map[string][]string{ballot.RoleChair: {p.Chair}, ballot.RoleSupervisor: {p.Supervisor}, ballot.RoleStaff: p.Staff}[role] {
		if public == k.Public() {
			return k, nil
		}
	}
	return ballot.Key{}, fault.New(fault.Denied, "这不是本次会议%s的密钥文件，请核对后换用", roles[role])
}

// CustodianOf is his keys as the custodian that a meeting names.
func (h *Holder) CustodianOf(p *ballot.Package) (*ballot.Secret, error) {
	if !h.Keeps() {
		return nil, fault.New(fault.Invalid, "这个密钥文件没有保管人的密钥，不能用来开启选票")
	}
	s := h.Custodian("", "")
	for _, c := range p.Custodians {
		if c.SignKey == s.Sign.Public() {
			return h.Custodian(c.ID, c.Role), nil
		}
	}
	return nil, fault.New(fault.Denied, "这不是本次会议密钥保管人的密钥文件，请核对后换用")
}

// Drill seals a test envelope to his own key and opens it: what is on the stick works.
func (h *Holder) Drill() error {
	if !h.Keeps() {
		return nil
	}
	return h.Custodian("", "").Drill()
}
