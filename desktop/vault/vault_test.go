package vault_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"zhiping/desktop/vault"
	"zhiping/shared/fault"
)

// ring is a keyring that lasts as long as the test.
type ring map[string]string

func (r ring) Get(service, user string) (string, error) {
	if s, ok := r[service+user]; ok {
		return s, nil
	}
	return "", errors.New("not there")
}

func (r ring) Set(service, user, secret string) error {
	r[service+user] = secret
	return nil
}

func (r ring) Delete(service, user string) error {
	delete(r, service+user)
	return nil
}

// broken is a machine without a keyring.
type broken struct{}

func (broken) Get(string, string) (string, error) { return "", errors.New("no keyring here") }
func (broken) Set(string, string, string) error   { return errors.New("no keyring here") }
func (broken) Delete(string, string) error        { return errors.New("no keyring here") }

func TestOpen(t *testing.T) {
	keys := ring{}
	for name, x := range map[string]struct {
		ring     vault.Keyring
		password string // the second time; the first is "old"
		known    bool   // the server has accepted it
		opens    bool
	}{
		"the same password, no network":            {broken{}, "old", false, true},
		"the same password":                        {broken{}, "old", true, true},
		"a wrong password, no network":             {keys, "wrong", false, false},
		"a changed password, with a keyring":       {keys, "new", true, true},
		"a changed password, without a keyring":    {broken{}, "new", true, false},
		"a keyring alone opens nothing without it": {keys, "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "server", "clerk")
			v, err := vault.Open(dir, "clerk", "old", true, x.ring)
			if err != nil {
				t.Fatal(err)
			}
			sealed := v.Seal([]byte("草稿"))
			again, err := vault.Open(dir, "clerk", x.password, x.known, x.ring)
			if (err == nil) != x.opens {
				t.Fatalf("opens: %v", err)
			}
			if !x.opens {
				if fault.CodeOf(err) != fault.Denied {
					t.Error(err)
				}
				return
			}
			if b, err := again.Open(sealed); string(b) != "草稿" || err != nil {
				t.Errorf("%q %v", b, err)
			}
			// After a changed password the new one is enough.
			if _, err := vault.Open(dir, "clerk", x.password, false, broken{}); err != nil {
				t.Error("the password is not enough the next time:", err)
			}
		})
	}
}

// After a change of the password the new one opens what was sealed before, the old one nothing, also without a keyring.
func TestReseal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server", "clerk")
	v, err := vault.Open(dir, "clerk", "old", true, broken{})
	if err != nil {
		t.Fatal(err)
	}
	sealed := v.Seal([]byte("草稿"))
	if err := v.Reseal(dir, "new"); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Open(dir, "clerk", "old", true, broken{}); fault.CodeOf(err) != fault.Denied {
		t.Error("the old password still opens:", err)
	}
	again, err := vault.Open(dir, "clerk", "new", false, broken{})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := again.Open(sealed); string(b) != "草稿" || err != nil {
		t.Errorf("%q %v", b, err)
	}
}

func TestNothingHereWithoutTheServer(t *testing.T) {
	dir := t.TempDir()
	if _, err := vault.Open(dir, "clerk", "old", false, broken{}); fault.CodeOf(err) != fault.Offline {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "key.json")); err == nil {
		t.Error("a key was made for somebody nobody knows")
	}
}

func TestHarmedBytesDoNotOpen(t *testing.T) {
	v, err := vault.Open(t.TempDir(), "clerk", "old", true, broken{})
	if err != nil {
		t.Fatal(err)
	}
	sealed := v.Seal([]byte("草稿"))
	for i := range sealed {
		harmed := append([]byte(nil), sealed...)
		harmed[i] ^= 1
		if _, err := v.Open(harmed); err == nil {
			t.Fatalf("with byte %d changed it opens", i)
		}
	}
	if _, err := v.Open(sealed[:5]); err == nil {
		t.Error("too short, and it opens")
	}
}
