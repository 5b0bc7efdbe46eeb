// Package keys keeps the server's own keys, files that only the server's account can read: those that sign the audit log, certificates
// and meeting packages, the sequencer's for meetings that no hub laptop holds, and the certificate for TLS where none is given.
//
// Several signing keys can stand side by side, each with an id. One is active and signs; those before it still verify what they have signed, until
// they are retired: what a retired key has signed is no longer believed. The first key's seed is kept for ever, because the register of people and
// the server's share in draws are derived from it: they do not change with the key that signs.
package keys

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Name is the name that the server signs under.
const Name = "zhiping-server"

// A Ring is the server's keys.
type Ring struct {
	dir       string
	now       func() time.Time
	first     ed25519.PrivateKey
	sequencer ed25519.PrivateKey

	mu   sync.Mutex
	list os.FileInfo // of the list that was read last, nil for none
	keys []*Key
}

// firstSeed is the file with the seed of the first signing key.
const firstSeed = "signing.seed"

// Open reads the keys, making them for a new server.
func Open(dir string, now func() time.Time) (*Ring, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	r := &Ring{dir: dir, now: now}
	var err error
	if r.first, err = r.seed(firstSeed); err != nil {
		return nil, err
	}
	if r.sequencer, err = r.seed("sequencer.seed"); err != nil {
		return nil, err
	}
	return r, r.reload()
}

// seed reads the private key of a seed file, or makes one.
func (r *Ring) seed(name string) (ed25519.PrivateKey, error) {
	b, err := r.read(name, newSeed)
	if err != nil {
		return nil, err
	}
	if len(b) != ed25519.SeedSize {
		return nil, fmt.Errorf("keys: %s has %d bytes", filepath.Join(r.dir, name), len(b))
	}
	return ed25519.NewKeyFromSeed(b), nil
}

func newSeed() ([]byte, error) {
	b := make([]byte, ed25519.SeedSize)
	_, err := rand.Read(b)
	return b, err
}

// read returns a key file's content, written durably when it is new.
func (r *Ring) read(name string, make func() ([]byte, error)) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(r.dir, name))
	if !errors.Is(err, os.ErrNotExist) {
		return b, err
	}
	if b, err = make(); err != nil {
		return nil, err
	}
	return b, r.write(name, b)
}

// write replaces a file so that it is there whole after a power cut, or not at all.
func (r *Ring) write(name string, b []byte) error {
	path := filepath.Join(r.dir, name)
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// Note signs notes with the active key: the checkpoints of the audit log.
func (r *Ring) Note() note.Signer {
	k := r.Active()
	text, err := note.NewEd25519VerifierKey(Name, k.Public)
	if err == nil {
		var s note.Signer
		if s, err = newSigner(Name, k.private, text); err == nil {
			return s
		}
	}
	panic(err) // made from our own key a moment ago
}

// Verifiers check notes that any key has signed which is not retired.
func (r *Ring) Verifiers() note.Verifiers {
	var all []note.Verifier
	for _, k := range r.All() {
		if k.State == Retired {
			continue
		}
		text, err := note.NewEd25519VerifierKey(Name, k.Public)
		if err != nil {
			panic(err) // made from our own key
		}
		v, err := note.NewVerifier(text)
		if err != nil {
			panic(err)
		}
		all = append(all, v)
	}
	return note.VerifierList(all...)
}

// Signing is the active private key, for packages and certificates.
func (r *Ring) Signing() ed25519.PrivateKey { return r.Active().private }

// ID names the active key.
func (r *Ring) ID() string { return r.Active().ID }

// ID names a public key: the first eight bytes of its SHA-256, in hex.
func ID(pub ed25519.PublicKey) string {
	h := sha256.Sum256(pub)
	return hex.EncodeToString(h[:8])
}

// Sequencer signs the logs of meetings as their hub while no hub laptop holds them. It is no signing key: it does not rotate, because a log names it.
func (r *Ring) Sequencer() ed25519.PrivateKey { return r.sequencer }

// People is the key of the register of people: it makes the hashes that ID numbers are found by.
func (r *Ring) People() []byte { return r.derived("zp/people/v1") }

// Chance is the secret that the server's shares of draws are made from.
func (r *Ring) Chance() []byte { return r.first.Seed() }

// Drill is the secret that the tests in custodians' drills are made from.
func (r *Ring) Drill() []byte { return r.derived("zp/drill/v1") }

func (r *Ring) derived(use string) []byte {
	h := hmac.New(sha256.New, r.first.Seed())
	h.Write([]byte(use))
	return h.Sum(nil)
}

// PublicHex is the public half of the active key in hex: what rooms and those who verify need.
func (r *Ring) PublicHex() string { return hex.EncodeToString(r.Active().Public) }
