package room

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"io"

	"filippo.io/age"

	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// What an expert's PIN protects on a laptop (voting.md, "Laptop lost"): his one-time key, and a data key for his drafts and for the plaintext of what he
// has sealed. Both are in the laptop's file under age's scrypt; the data key seals with AES-256-GCM, so that a draft can be kept at every keystroke.

// lockWork is the cost of the PIN's scrypt: about a tenth of a second.
const lockWork = 14

// secrets are what the PIN opens.
type secrets struct {
	key  ballot.Key
	data []byte // 32 bytes
}

// newSecrets makes an expert's key and data key; data is kept if there is one already.
func newSecrets(data []byte) (*secrets, error) {
	k, err := ballot.NewKey(ballot.RoleExpert, rand.Reader)
	if err != nil {
		return nil, err
	}
	if data == nil {
		data = make([]byte, 32)
		rand.Read(data)
	}
	return &secrets{k, data}, nil
}

// lock seals both keys under a PIN.
func (s *secrets) lock(pin string) ([]byte, error) {
	r, err := age.NewScryptRecipient(pin)
	if err != nil {
		return nil, fault.New(fault.Invalid, "请设置PIN码")
	}
	r.SetWorkFactor(lockWork)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, r)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(append(s.key.Private.Seed(), s.data...)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// unlock opens what lock has sealed. A file of the first version has no data key: then old is true and it is to be locked again.
func unlock(sealed []byte, pin string) (s *secrets, old bool, err error) {
	wrong := fault.New(fault.Denied, "PIN码不正确，请重新输入")
	id, err := age.NewScryptIdentity(pin)
	if err != nil {
		return nil, false, wrong
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), id)
	if err != nil {
		return nil, false, wrong
	}
	b, err := io.ReadAll(r)
	if err != nil || len(b) != ed25519.SeedSize && len(b) != ed25519.SeedSize+32 {
		return nil, false, wrong
	}
	s = &secrets{key: ballot.Key{Role: ballot.RoleExpert, Private: ed25519.NewKeyFromSeed(b[:ed25519.SeedSize])}, data: b[ed25519.SeedSize:]}
	if old = len(s.data) == 0; old {
		s.data = make([]byte, 32)
		rand.Read(s.data)
	}
	return s, old, nil
}

// forget overwrites the keys in memory.
func (s *secrets) forget() {
	clear(s.key.Private)
	clear(s.data)
	s.data = nil
}

// block is what the length of a secret is rounded up to: how far a draft has come cannot be seen from its length.
const block = 4096

// seal encrypts something under the data key; about names what it is, so that nothing can be put in another's place.
func (s *secrets) seal(about string, plain []byte) ([]byte, error) {
	a, err := s.aead()
	if err != nil {
		return nil, err
	}
	padded := make([]byte, (4+len(plain)+block-1)/block*block)
	binary.BigEndian.PutUint32(padded, uint32(len(plain)))
	copy(padded[4:], plain)
	defer clear(padded)
	return a.Seal(nil, nil, padded, []byte(about)), nil
}

// open decrypts what seal has made.
func (s *secrets) open(about string, sealed []byte) ([]byte, error) {
	a, err := s.aead()
	if err != nil {
		return nil, err
	}
	padded, err := a.Open(nil, nil, sealed, []byte(about))
	if err != nil || len(padded) < 4 || int(binary.BigEndian.Uint32(padded)) > len(padded)-4 {
		return nil, fault.New(fault.State, "本机保存的内容已损坏，无法读取，请联系会务人员")
	}
	return padded[4 : 4+binary.BigEndian.Uint32(padded)], nil
}

func (s *secrets) aead() (cipher.AEAD, error) {
	if s.data == nil {
		return nil, fault.New(fault.State, "请先签到")
	}
	c, err := aes.NewCipher(s.data)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(c)
}
