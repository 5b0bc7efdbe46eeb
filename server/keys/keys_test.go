package keys_test

import (
	"bytes"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"zhiping/server/keys"
)

func open(t *testing.T, dir string) *keys.Ring {
	t.Helper()
	r, err := keys.Open(dir, func() time.Time { return time.UnixMilli(1772413200000) })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func signed(t *testing.T, r *keys.Ring, text string) []byte {
	t.Helper()
	b, err := note.Sign(&note.Note{Text: text}, r.Note())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A rotation changes who signs and nothing else: what was signed before still verifies, in a server that runs too, and people are found as before.
func TestRotate(t *testing.T) {
	dir := t.TempDir()
	running, console := open(t, dir), open(t, dir)
	people, chance, drill, sequencer, first := running.People(), running.Chance(), running.Drill(), running.Sequencer(), running.ID()
	old := signed(t, running, "before\n")
	made, err := console.Rotate()
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*keys.Ring{"running": running, "console": console, "restarted": open(t, dir)} {
		if r.ID() != made.ID || r.ID() == first || len(r.Publics()) != 2 || r.Publics()[0] != made.Hex() {
			t.Fatal(name, r.ID(), r.Publics())
		}
		if !bytes.Equal(r.People(), people) || !bytes.Equal(r.Chance(), chance) || !bytes.Equal(r.Drill(), drill) || !r.Sequencer().Equal(sequencer) {
			t.Fatal(name, "what is derived changed with the key that signs")
		}
		for _, b := range [][]byte{old, signed(t, r, "after\n")} {
			if _, err := note.Open(b, r.Verifiers()); err != nil {
				t.Fatal(name, err)
			}
		}
	}
	if bytes.Equal(old, signed(t, running, "before\n")) {
		t.Fatal("the old key still signs")
	}
}

// A retired key is believed no longer and signs nothing; the active one cannot be retired, and the first one's seed stays for what is derived from it.
func TestRetire(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir)
	people, first, firstPublic := r.People(), r.ID(), r.PublicHex()
	old := signed(t, r, "before\n")
	if err := r.Retire(first); err == nil {
		t.Fatal("the active key was retired")
	}
	second, err := r.Rotate()
	if err != nil {
		t.Fatal(err)
	}
	middle := signed(t, r, "between\n")
	if _, err := r.Rotate(); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{first, second.ID} {
		if err := r.Retire(id); err != nil {
			t.Fatal(err)
		}
		if err := r.Retire(id); err == nil {
			t.Fatal("retired twice")
		}
	}
	if err := r.Retire("0000000000000000"); err == nil {
		t.Fatal("an unknown key was retired")
	}
	r = open(t, dir)
	for _, b := range [][]byte{old, middle} {
		if _, err := note.Open(b, r.Verifiers()); err == nil {
			t.Error("a retired key is believed")
		}
	}
	if _, ok := r.Private(firstPublic); ok {
		t.Error("a retired key signs")
	}
	if _, err := os.Stat(filepath.Join(dir, "signing-"+second.ID+".seed")); !os.IsNotExist(err) {
		t.Error("the seed of a retired key is still there:", err)
	}
	if !bytes.Equal(r.People(), people) || len(r.Publics()) != 1 {
		t.Error("people changed, or", r.Publics())
	}
}

// A list or a seed that was damaged is noticed when the server starts, not when it signs.
func TestDamagedList(t *testing.T) {
	for name, spoil := range map[string]func(dir string, k *keys.Key) error{
		"list": func(dir string, _ *keys.Key) error {
			return os.WriteFile(filepath.Join(dir, "signing.json"), []byte("[]"), 0o600)
		},
		"seed": func(dir string, k *keys.Key) error {
			return os.WriteFile(filepath.Join(dir, "signing-"+k.ID+".seed"), make([]byte, ed25519.SeedSize), 0o600)
		},
		"no seed": func(dir string, k *keys.Key) error { return os.Remove(filepath.Join(dir, "signing-"+k.ID+".seed")) },
	} {
		dir := t.TempDir()
		k, err := open(t, dir).Rotate()
		if err != nil {
			t.Fatal(err)
		}
		if err := spoil(dir, k); err != nil {
			t.Fatal(err)
		}
		if _, err := keys.Open(dir, time.Now); err == nil {
			t.Error(name, "was not noticed")
		}
	}
}
