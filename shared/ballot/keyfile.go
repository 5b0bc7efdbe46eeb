package ballot

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"os"

	"filippo.io/age"

	"zhiping/shared/fault"
)

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
