package keys

import (
	"crypto/ed25519"

	"golang.org/x/mod/sumdb/note"
)

// signer signs notes with a key that also signs other things; the note package only reads signers from its own text.
type signer struct {
	name string
	hash uint32
	key  ed25519.PrivateKey
}

func newSigner(name string, key ed25519.PrivateKey, verifier string) (note.Signer, error) {
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return nil, err
	}
	return &signer{name: name, hash: v.KeyHash(), key: key}, nil
}

func (s *signer) Name() string    { return s.name }
func (s *signer) KeyHash() uint32 { return s.hash }

func (s *signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }
