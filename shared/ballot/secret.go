package ballot

import (
	"crypto/hpke"
	"crypto/rand"
)

// A Secret is the private half of a custodian; package holder keeps it in his key file.
type Secret struct {
	ID, Name, Role string
	Sign           Key
	Seal           hpke.PrivateKey
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
