// Package room is the meeting room without a network to the outside: the hub laptop that sequences the ballots, staff's hand on it, the spare that
// stands in for it, and the booths that vote (voting.md). It has no window; the screens of hub and booth, and the headless processes, drive it.
package room

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// Keys are the hub laptop's own: the sequencer's, the staff's, and the certificate for the LAN. A spare has its own.
type Keys struct {
	Hub, Staff ballot.Key
	Cert       []byte // PEM, certificate and key
	Pin        string // SHA-256 of the certificate, hex
}

type keyFile struct{ Hub, Staff, Cert string }

func keysPath(dir string) string { return filepath.Join(dir, "hub.json") }

// PrepareKeys makes the hub's keys in a folder, or reads those that are there. Their public halves go into the meeting before its package
// is issued.
func PrepareKeys(dir string) (*Keys, error) {
	b, err := os.ReadFile(keysPath(dir))
	if errors.Is(err, os.ErrNotExist) {
		if b, err = newKeys(); err == nil {
			err = writeDurably(keysPath(dir), b)
		}
	}
	if err != nil {
		return nil, err
	}
	var f keyFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, errKeys
	}
	hub, err := seed(f.Hub)
	if err != nil {
		return nil, err
	}
	staff, err := seed(f.Staff)
	if err != nil {
		return nil, err
	}
	k := &Keys{Hub: ballot.Key{Role: ballot.RoleHub, Private: hub}, Staff: ballot.Key{Role: ballot.RoleStaff, Private: staff}, Cert: []byte(f.Cert)}
	k.Pin, err = pinOf(k.Cert)
	return k, err
}

var errKeys = fault.New(fault.Invalid, "会场主机的密钥文件 hub.json 已损坏，请联系服务器管理员重新准备会场主机")

func newKeys() ([]byte, error) {
	cert, err := newCertificate()
	if err != nil {
		return nil, err
	}
	f := keyFile{Cert: string(cert)}
	for _, s := range []*string{&f.Hub, &f.Staff} {
		_, k, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		*s = hex.EncodeToString(k.Seed())
	}
	return json.Marshal(f)
}

func seed(s string) (ed25519.PrivateKey, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != ed25519.SeedSize {
		return nil, errKeys
	}
	return ed25519.NewKeyFromSeed(b), nil
}
