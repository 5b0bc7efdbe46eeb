package keys

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// State is what a signing key is good for.
type State string

// The states of a signing key.
const (
	Active   State = "ACTIVE"   // signs and verifies
	Verifies State = "VERIFIES" // verifies what it has signed, and ends what it began
	Retired  State = "RETIRED"  // is believed no longer
)

// A Key is one signing key.
type Key struct {
	ID     string
	Public ed25519.PublicKey
	State  State
	Made   int64 // UTC milliseconds; 0 for a first key that is older than the list
	Until  int64 // when it ceased to sign, or was retired

	private ed25519.PrivateKey // nil once it is retired, but for the first
}

// Hex is the public half as objects and commands name it.
func (k *Key) Hex() string { return hex.EncodeToString(k.Public) }

// entry is a key in the list's file.
type entry struct {
	ID, Public string
	State      State
	Made       int64
	Until      int64 `json:",omitempty"`
}

// listFile is there once a key has been rotated; before that the first key is all there is.
const listFile = "signing.json"

// reload reads the list again if it has changed: `zhiping-server keys rotate` runs beside the server.
func (r *Ring) reload() error {
	info, err := os.Stat(filepath.Join(r.dir, listFile))
	switch {
	case errors.Is(err, os.ErrNotExist):
		if r.keys == nil {
			pub := r.first.Public().(ed25519.PublicKey)
			r.keys = []*Key{{ID: ID(pub), Public: pub, State: Active, private: r.first}}
		}
		return nil
	case err != nil:
		return err
	case r.list != nil && info.ModTime().Equal(r.list.ModTime()) && info.Size() == r.list.Size():
		return nil
	}
	b, err := os.ReadFile(filepath.Join(r.dir, listFile))
	if err != nil {
		return err
	}
	var all []entry
	if err := json.Unmarshal(b, &all); err != nil {
		return fmt.Errorf("keys: %s: %w", listFile, err)
	}
	var keys []*Key
	for _, e := range all {
		k, err := r.key(e)
		if err != nil {
			return err
		}
		keys = append(keys, k)
	}
	if n := len(keys); n == 0 || keys[n-1].State != Active {
		return fmt.Errorf("keys: %s names no active key", listFile)
	}
	r.keys, r.list = keys, info
	return nil
}

func (r *Ring) key(e entry) (*Key, error) {
	k := &Key{ID: e.ID, Public: ed25519.PublicKey(unhex(e.Public)), State: e.State, Made: e.Made, Until: e.Until}
	if len(k.Public) != ed25519.PublicKeySize || ID(k.Public) != e.ID {
		return nil, fmt.Errorf("keys: %s: key %s is damaged", listFile, e.ID)
	}
	switch {
	case r.first.Public().(ed25519.PublicKey).Equal(k.Public):
		k.private = r.first
	case k.State != Retired:
		b, err := os.ReadFile(filepath.Join(r.dir, seedFile(e.ID)))
		if err != nil {
			return nil, err
		}
		if len(b) != ed25519.SeedSize {
			return nil, fmt.Errorf("keys: %s has %d bytes", seedFile(e.ID), len(b))
		}
		if k.private = ed25519.NewKeyFromSeed(b); !k.private.Public().(ed25519.PublicKey).Equal(k.Public) {
			return nil, fmt.Errorf("keys: %s is another key's", seedFile(e.ID))
		}
	}
	return k, nil
}

func seedFile(id string) string { return "signing-" + id + ".seed" }

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}

// All lists the keys, the active one last.
func (r *Ring) All() []*Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	// A list that cannot be read just now is replaced by rename and was good when the server started: it goes on with what it knows.
	_ = r.reload()
	return slices.Clone(r.keys)
}

// Active is the key that signs.
func (r *Ring) Active() *Key {
	all := r.All()
	return all[len(all)-1]
}

// Publics are the public keys (hex) whose signatures are believed, the active one first.
func (r *Ring) Publics() []string {
	var all []string
	for _, k := range slices.Backward(r.All()) {
		if k.State != Retired {
			all = append(all, k.Hex())
		}
	}
	return all
}

// Verifying are the public keys whose signatures are believed, the active one first.
func (r *Ring) Verifying() []ed25519.PublicKey {
	var all []ed25519.PublicKey
	for _, p := range r.Publics() {
		all = append(all, unhex(p))
	}
	return all
}

// Private is the private half of a public key (hex): what a key began, it ends, also after another has become active. A retired one ends nothing.
func (r *Ring) Private(public string) (ed25519.PrivateKey, bool) {
	for _, k := range r.All() {
		if k.Hex() == public && k.State != Retired {
			return k.private, true
		}
	}
	return nil, false
}

// Rotate makes a new key and lets it sign from now on.
func (r *Ring) Rotate() (*Key, error) {
	all := r.All()
	seed, err := newSeed()
	if err != nil {
		return nil, err
	}
	private := ed25519.NewKeyFromSeed(seed)
	k := &Key{Public: private.Public().(ed25519.PublicKey), State: Active, Made: r.now().UnixMilli(), private: private}
	k.ID = ID(k.Public)
	if err := r.write(seedFile(k.ID), seed); err != nil {
		return nil, err
	}
	old := *all[len(all)-1]
	old.State, old.Until = Verifies, k.Made
	return k, r.save(append(slices.Clone(all[:len(all)-1]), &old, k))
}

// Retire lets a key be believed no longer, because somebody else may have it. What it has signed does not verify from now on.
func (r *Ring) Retire(id string) error {
	all := r.All()
	i := slices.IndexFunc(all, func(k *Key) bool { return k.ID == id })
	switch {
	case i < 0:
		return fmt.Errorf("there is no key %s", id)
	case all[i].State == Active:
		return fmt.Errorf("key %s is active: rotate first", id)
	case all[i].State == Retired:
		return fmt.Errorf("key %s is retired already", id)
	}
	k := *all[i]
	k.State, k.Until = Retired, r.now().UnixMilli()
	all[i] = &k
	if err := r.save(all); err != nil {
		return err
	}
	err := os.Remove(filepath.Join(r.dir, seedFile(id)))
	if errors.Is(err, os.ErrNotExist) { // the first: its seed stays for what is derived from it
		return nil
	}
	return err
}

func (r *Ring) save(all []*Key) error {
	var list []entry
	for _, k := range all {
		list = append(list, entry{k.ID, k.Hex(), k.State, k.Made, k.Until})
	}
	b, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	if err := r.write(listFile, append(b, '\n')); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = nil
	return r.reload()
}
