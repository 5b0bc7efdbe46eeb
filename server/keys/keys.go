// Package keys keeps the server's own keys, files that only the server's account can read: the one that signs the audit log, certificates
// and meeting packages, and the certificate for TLS where none is given.
package keys

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Name is the name that the server signs under.
const Name = "zhiping-server"

// A Ring is the server's keys.
type Ring struct {
	dir  string
	now  func() time.Time
	seed ed25519.PrivateKey
	note note.Signer
	pub  string // the note verifier's text
}

// Open reads the keys, making them for a new server.
func Open(dir string, now func() time.Time) (*Ring, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	r := &Ring{dir: dir, now: now}
	seed, err := r.read("signing.seed", func() ([]byte, error) {
		b := make([]byte, ed25519.SeedSize)
		_, err := rand.Read(b)
		return b, err
	})
	if err != nil {
		return nil, err
	}
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("keys: %s has %d bytes", filepath.Join(dir, "signing.seed"), len(seed))
	}
	r.seed = ed25519.NewKeyFromSeed(seed)
	return r, r.signer()
}

// read returns a key file's content, written durably when it is new.
func (r *Ring) read(name string, make func() ([]byte, error)) ([]byte, error) {
	path := filepath.Join(r.dir, name)
	b, err := os.ReadFile(path)
	if !errors.Is(err, os.ErrNotExist) {
		return b, err
	}
	if b, err = make(); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	return b, os.Rename(path+".new", path)
}

// signer makes the note key of the signing key: note's own text form, so that notes and everything else are signed by one key.
func (r *Ring) signer() (err error) {
	pub := r.seed.Public().(ed25519.PublicKey)
	if r.pub, err = note.NewEd25519VerifierKey(Name, pub); err != nil {
		return err
	}
	r.note, err = newSigner(Name, r.seed, r.pub)
	return err
}

// Note signs notes: the checkpoints of the audit log.
func (r *Ring) Note() note.Signer { return r.note }

// Verifier checks notes.
func (r *Ring) Verifier() note.Verifier {
	v, err := note.NewVerifier(r.pub)
	if err != nil {
		panic(err) // made from our own key a moment ago
	}
	return v
}

// VerifierText is the public key as text, for those who check without the server.
func (r *Ring) VerifierText() string { return r.pub }

// Signing is the private key, for packages and certificates.
func (r *Ring) Signing() ed25519.PrivateKey { return r.seed }

// ID names the signing key: the first eight bytes of the SHA-256 of its public half, in hex.
func (r *Ring) ID() string { return ID(r.seed.Public().(ed25519.PublicKey)) }

// ID names a public key.
func ID(pub ed25519.PublicKey) string {
	h := sha256.Sum256(pub)
	return hex.EncodeToString(h[:8])
}

// TLS returns the server's own certificate, made for a new server: clients pin it by its fingerprint.
func (r *Ring) TLS() (*tls.Config, error) {
	pair, err := r.read("tls.pem", r.selfSigned)
	if err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(pair, pair)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}, nil
}

func (r *Ring) selfSigned() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: Name}, DNSNames: []string{Name, "localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:   r.now().Add(-time.Hour), NotAfter: r.now().AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	b, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return append(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: b})...), nil
}

// People is the key of the register of people: it makes the hashes that ID numbers are found by.
func (r *Ring) People() []byte {
	h := hmac.New(sha256.New, r.seed.Seed())
	h.Write([]byte("zp/people/v1"))
	return h.Sum(nil)
}

// PublicHex is the public half of the signing key in hex: what rooms and those who verify need.
func (r *Ring) PublicHex() string {
	return hex.EncodeToString(r.seed.Public().(ed25519.PublicKey))
}
