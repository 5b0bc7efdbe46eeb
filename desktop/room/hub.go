// Package room is the meeting room without a network to the outside: the hub laptop that sequences the ballots and the booths that vote
// (voting.md). It has no window; the screens of hub and booth, and the headless processes, drive it.
package room

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"sync"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/box"
	"zhiping/shared/fault"
)

// Keys are the hub laptop's own: the sequencer's, the staff's, and the certificate for the LAN.
type Keys struct {
	Hub, Staff ballot.Key
	Cert       []byte // PEM, certificate and key
	Pin        string // SHA-256 of the certificate, hex
}

type keyFile struct{ Hub, Staff, Cert string }

// PrepareKeys makes the hub's keys in a folder, or reads those that are there. Their public halves go into the meeting before its package
// is issued.
func PrepareKeys(dir string) (*Keys, error) {
	path := filepath.Join(dir, "hub.json")
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if b, err = newKeys(); err == nil {
			err = writeDurably(path, b)
		}
	}
	if err != nil {
		return nil, err
	}
	var f keyFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, err
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
		return nil, fault.New(fault.Invalid, "会场主机的密钥文件 hub.json 已损坏，请联系服务器管理员重新准备会场主机")
	}
	return ed25519.NewKeyFromSeed(b), nil
}

// writeDurably writes a file so that it is there whole after a power cut, or not at all.
func writeDurably(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// A Hub is the sequencer of a room.
type Hub struct {
	Session *ballot.Session
	Package *ballot.Package
	Pairing string            // six digits that a booth needs to talk to the hub
	Codes   map[string]string // one-time codes of the experts, by id; staff hands them out on paper

	dir    string
	server string // key that signs packages
	keys   *Keys
	box    *box.Box
	now    func() int64

	mu   sync.Mutex
	wait chan struct{} // closed when the log has grown
}

// OpenHub opens the room of a package in a folder, going on where it stood. server is the key (hex) that packages are signed with.
func OpenHub(ctx context.Context, dir string, pkg []byte, server string, now func() int64) (*Hub, error) {
	keys, err := PrepareKeys(dir)
	if err != nil {
		return nil, err
	}
	b, err := box.Open(ctx, filepath.Join(dir, "ballots.db"))
	if err != nil {
		return nil, err
	}
	h := &Hub{dir: dir, server: server, keys: keys, box: b, now: now, wait: make(chan struct{})}
	if h.Session, err = ballot.Begin(ctx, b, pkg, server, keys.Hub); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	h.Session.View(func(s *ballot.State) { h.Package = s.Package })
	return h, h.codes()
}

type codesFile struct {
	Pairing string
	Codes   map[string]string
}

// codes reads or makes the pairing code and the experts' one-time codes; they stay the same over a restart.
func (h *Hub) codes() error {
	path := filepath.Join(h.dir, "codes.json")
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f := codesFile{Codes: map[string]string{}}
	if err == nil {
		if err := json.Unmarshal(b, &f); err != nil {
			return err
		}
	} else {
		f.Pairing = digits(6)
		for _, e := range h.Package.Experts {
			f.Codes[e.ID] = digits(8)
		}
		if b, err = json.Marshal(f); err != nil {
			return err
		}
		if err := writeDurably(path, b); err != nil {
			return err
		}
	}
	h.Pairing, h.Codes = f.Pairing, f.Codes
	return nil
}

func digits(n int) string {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	v, err := rand.Int(rand.Reader, most)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return fmt.Sprintf("%0*d", n, v)
}

// Close closes the log.
func (h *Hub) Close() error { return h.box.Close() }

// Append appends an object and wakes those who wait.
func (h *Hub) Append(ctx context.Context, object []byte) (*ballot.Receipt, error) {
	r, err := h.Session.Append(ctx, object)
	if err == nil {
		h.mu.Lock()
		close(h.wait)
		h.wait = make(chan struct{})
		h.mu.Unlock()
	}
	return r, err
}

// Grown is closed when the log has grown.
func (h *Hub) Grown() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.wait
}

// CheckIn takes a booth's half of a check-in: with the right one-time code staff's key countersigns it, and the expert is present.
func (h *Hub) CheckIn(ctx context.Context, half []byte) (*ballot.Receipt, error) {
	o, err := ballot.ReadCheckIn(half)
	if err != nil {
		return nil, err
	}
	code, known := h.Codes[o.Expert]
	want := ballot.Proof(code, h.Package.Session, o.Expert, o.Credential)
	if !known || !hmac.Equal(want, o.Proof) {
		return nil, fault.New(fault.Denied, "签到码不正确，请核对会务人员发放的签到条")
	}
	full, err := ballot.Countersign(half, h.keys.Staff)
	if err != nil {
		return nil, err
	}
	r, err := h.Append(ctx, full)
	if err != nil {
		return nil, err
	}
	var present *ballot.Attend
	h.Session.View(func(s *ballot.State) {
		if s.Status[o.Expert] != ballot.Present {
			present = s.AttendOf(o.Expert, ballot.Present, "", h.now())
		}
	})
	if present != nil {
		err = h.signed(ctx)(present.Sign(h.keys.Staff))
	}
	return r, err
}

// paired reports whether a booth knows the pairing code.
func (h *Hub) paired(code string) bool {
	a, b := sha256.Sum256([]byte(code)), sha256.Sum256([]byte(h.Pairing))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
