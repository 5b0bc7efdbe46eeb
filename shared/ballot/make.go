package ballot

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"zhiping/shared/fault"
)

// NewKey makes a key for a role.
func NewKey(role string, random io.Reader) (Key, error) {
	_, k, err := ed25519.GenerateKey(random)
	return Key{role, k}, err
}

// Sign signs a package as the server.
func (p *Package) Sign(server Key) ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return sign(p, server)
}

// Proof proves that whoever checks in knows the one-time code that staff gave the expert.
func Proof(code, session, expert, credential string) []byte {
	m := hmac.New(sha256.New, []byte(code))
	m.Write([]byte(session + "\x00" + expert + "\x00" + credential))
	return m.Sum(nil)
}

// CheckIn makes the booth's half of a check-in, signed by the expert's new key; staff countersigns it with Countersign.
func (v *Voter) CheckIn(code string, at int64) ([]byte, error) {
	o := &CheckIn{Session: v.Package.Session, Expert: v.Expert, Credential: v.Key.Public(), Device: v.Device, At: at}
	o.Proof = Proof(code, o.Session, o.Expert, o.Credential)
	return sign(o, v.Key)
}

// ReadCheckIn reads the booth's half of a check-in and checks its signature.
func ReadCheckIn(object []byte) (*CheckIn, error) {
	text, _, err := split(object)
	if err != nil {
		return nil, err
	}
	o := &CheckIn{}
	if err := decode(text, o); err != nil {
		return nil, err
	}
	return o, open(object, o, holder{RoleExpert, []string{o.Credential}})
}

// Countersign adds a signature to an object, after those it has.
func Countersign(object []byte, k Key) ([]byte, error) {
	text, _, err := split(object)
	if err != nil {
		return nil, err
	}
	v, err := verifier(k.Role, k.Public())
	if err != nil {
		return nil, err
	}
	added, err := note.Sign(&note.Note{Text: text}, signer{k.Role, v.KeyHash(), k.Private})
	if err != nil {
		return nil, err
	}
	line := strings.TrimPrefix(string(added), text+"\n")
	return append(append([]byte{}, object...), line...), nil
}

// Attend, Open, Close, Opening, Tally and SignOff objects are made by signing their bodies.

// Sign signs the object by those whose word it is, in the order the package documentation gives.
func (o *Attend) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Open) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Close) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Opening) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Tally) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *SignOff) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// A Secret is the private half of a custodian.
type Secret struct {
	ID, Name, Role string
	Sign           Key
	Seal           hpke.PrivateKey
}

// secretFile is a custodian's key file before it is encrypted.
type secretFile struct {
	ID, Name, Role string
	Sign, Seal     string // hex: Ed25519 seed, HPKE private key
}

// NewSecret makes a custodian's keys on his own machine.
func NewSecret(id, name, role string) (*Secret, error) {
	k, err := NewKey(RoleCustodian, rand.Reader)
	if err != nil {
		return nil, err
	}
	seal, err := hpke.MLKEM768X25519().GenerateKey()
	return &Secret{id, name, role, k, seal}, err
}

// Public returns the custodian as the package names him.
func (s *Secret) Public() Custodian {
	return Custodian{s.ID, s.Name, s.Role, s.Sign.Public(), s.Seal.PublicKey().Bytes()}
}

// Save writes the keys into a file under a passphrase (age, scrypt).
func (s *Secret) Save(path, passphrase string, work int) error {
	seal, err := s.Seal.Bytes()
	if err != nil {
		return err
	}
	b, err := json.Marshal(secretFile{s.ID, s.Name, s.Role, hex.EncodeToString(s.Sign.Private.Seed()), hex.EncodeToString(seal)})
	if err != nil {
		return err
	}
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return err
	}
	if work > 0 {
		r.SetWorkFactor(work)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := age.Encrypt(f, r)
	if err != nil {
		return err
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return f.Sync()
}

// LoadSecret reads a custodian's key file.
func LoadSecret(path, passphrase string) (*Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.NotFound, "找不到密钥文件，请插入保管人的U盘")
	}
	defer f.Close()
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, err
	}
	r, err := age.Decrypt(f, id)
	if err != nil {
		return nil, fault.New(fault.Denied, "口令不正确或密钥文件已损坏，请重试")
	}
	var s secretFile
	if err := json.NewDecoder(r).Decode(&s); err != nil {
		return nil, err
	}
	seed, private := mustHex(s.Sign), mustHex(s.Seal)
	if len(seed) != ed25519.SeedSize {
		return nil, fault.New(fault.Invalid, "密钥文件已损坏")
	}
	seal, err := hpke.MLKEM768X25519().NewPrivateKey(private)
	return &Secret{s.ID, s.Name, s.Role, Key{RoleCustodian, ed25519.NewKeyFromSeed(seed)}, seal}, err
}

// Drill opens a test envelope with a custodian's keys, so that a package is only published once its keys are known to work.
func (s *Secret) Drill() error {
	const test = "drill"
	blob, err := seal(s.Seal.PublicKey().Bytes(), []byte("zp/ballot/v1|drill"), nil, []byte(test))
	if err != nil {
		return err
	}
	plain, err := unseal(s.Seal, []byte("zp/ballot/v1|drill"), nil, blob)
	if err != nil || string(plain) != test {
		return fault.New(fault.State, "密钥试开失败，请重新生成密钥")
	}
	return nil
}

// OpenRound opens a closed round with two custodians' keys and signs the tally as the hub: it reads the log alone and hands out columns
// and counts, nothing of single ballots. It returns the tally object and the columns.
func OpenRound(s *State, round, program string, a, b *Secret, hub Key) (tally, columns []byte, err error) {
	r, spec := s.Rounds[round], s.Package.Round(round)
	if r == nil || r.State != RoundClosed || len(r.Openers) != 2 {
		return nil, nil, fault.New(fault.State, "该轮次尚未关闭，或没有两名保管人的授权")
	}
	i := pairOf(r.Pair)
	keys := map[string]*Secret{a.ID: a, b.ID: b}
	outer, inner := keys[s.Package.Custodians[pairs[i].i].ID], keys[s.Package.Custodians[pairs[i].j].ID]
	if outer == nil || inner == nil {
		return nil, nil, fault.New(fault.Denied, "密钥与所选的一组保管人不符")
	}
	o, err := openRound(s.Package, spec, s.Counted(round), int64(len(r.Present)), i, outer.Seal, inner.Seal)
	if err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256(o.columns)
	t := &Tally{Session: s.Package.Session, Round: round, Close: r.CloseID[:], Pair: r.Pair, Program: program, Columns: sum[:], Results: o.results}
	tally, err = t.Sign(hub)
	return tally, o.columns, err
}
