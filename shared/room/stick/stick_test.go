package stick_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"zhiping/shared/fault"
	"zhiping/shared/room/stick"
)

// A bundle reaches only whom it is for, whole or not at all.
func TestBundles(t *testing.T) {
	objects := [][]byte{[]byte("zp-reply/1\nrecipient x\n"), bytes.Repeat([]byte{7}, 100000)}
	_, hub, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, other, _ := ed25519.GenerateKey(nil)
	file, err := stick.ToHub(hex.EncodeToString(hub.Public().(ed25519.PublicKey)), objects)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(file, objects[1][:64]) {
		t.Fatal("the bundle can be read")
	}
	got, err := stick.OpenAtHub(hub, file)
	if err != nil || len(got) != 2 || !bytes.Equal(got[1], objects[1]) {
		t.Fatal(len(got), err)
	}
	if _, err := stick.OpenAtHub(other, file); fault.CodeOf(err) != fault.Invalid {
		t.Fatal("another hub opened it:", err)
	}
	for _, bad := range [][]byte{nil, file[:len(file)-1], append(bytes.Clone(file), 0), flipped(file)} {
		if _, err := stick.OpenAtHub(hub, bad); fault.CodeOf(err) != fault.Invalid {
			t.Fatal("a damaged file was read:", err)
		}
	}
	identity, recipient, err := stick.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	if file, err = stick.ToLaptop(recipient, objects); err != nil {
		t.Fatal(err)
	}
	if got, err = stick.OpenAtLaptop(identity, file); err != nil || len(got) != 2 {
		t.Fatal(len(got), err)
	}
	if _, err := stick.ToLaptop("age1nobody", objects); fault.CodeOf(err) != fault.Invalid {
		t.Fatal(err)
	}
}

func flipped(b []byte) []byte {
	b = bytes.Clone(b)
	b[len(b)-20] ^= 1
	return b
}

// A file is written whole under its name, or a fault says so and the old one stands.
func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "回执"+stick.Extension)
	for _, b := range [][]byte{[]byte("one"), bytes.Repeat([]byte("two"), 1<<18)} {
		if err := stick.Write(path, b); err != nil {
			t.Fatal(err)
		}
		if got, err := stick.Read(path); err != nil || !bytes.Equal(got, b) {
			t.Fatal(err)
		}
	}
	if err := stick.Write(filepath.Join(t.TempDir(), "gone", "x"), nil); fault.CodeOf(err) != fault.Invalid {
		t.Fatal(err)
	}
	if _, err := os.Stat("/dev/full"); err == nil {
		dir := t.TempDir()
		if err := os.Symlink("/dev/full", filepath.Join(dir, "full.zpb.tmp")); err != nil {
			t.Fatal(err)
		}
		if err := stick.Write(filepath.Join(dir, "full.zpb"), []byte("x")); fault.CodeOf(err) != fault.Invalid {
			t.Fatal("a full stick:", err)
		}
	}
	if _, err := stick.Read(filepath.Join(t.TempDir(), "none")); fault.CodeOf(err) != fault.NotFound {
		t.Fatal(err)
	}
}
