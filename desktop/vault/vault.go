// Package vault seals what the desktop keeps on disk about people: one random key per server and account, kept in the system's keyring and,
// sealed under the password, in a file beside the data, so that the account can be opened without the network and on machines without a
// keyring (sync.md).
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/zalando/go-keyring"
	"golang.org/x/crypto/scrypt"

	"zhiping/shared/fault"
)

// A Keyring keeps secrets of the system's user; tests have one of their own.
type Keyring interface {
	Get(service, user string) (string, error)
	Set(service, user, secret string) error
	Delete(service, user string) error
}

// None is the keyring of a machine that has none.
type None struct{}

var errNone = errors.New("vault: no keyring here")

// Get implements Keyring.
func (None) Get(string, string) (string, error) { return "", errNone }

// Set implements Keyring.
func (None) Set(string, string, string) error { return errNone }

// Delete implements Keyring.
func (None) Delete(string, string) error { return errNone }

// System is the keyring of the system; where there is none it fails at once, and the file is all there is.
type System struct{}

// Get implements Keyring.
func (System) Get(service, user string) (string, error) { return keyring.Get(service, user) }

// Set implements Keyring.
func (System) Set(service, user, secret string) error { return keyring.Set(service, user, secret) }

// Delete implements Keyring.
func (System) Delete(service, user string) error { return keyring.Delete(service, user) }

// service is the name under which the keyring has the keys.
const service = "zhiping"

// FileName is the key file inside the folder of an account.
const FileName = "key.json"

// A Vault seals and opens with the key of one account.
type Vault struct {
	key []byte
	box cipher.AEAD
}

// file is the key sealed under the password.
type file struct {
	Salt   []byte `json:"salt"`
	Sealed []byte `json:"sealed"`
}

// ErrPassword says that the password does not open the key file, and no keyring has the key.
var ErrPassword = fault.New(fault.Denied, "密码与本机保存的数据不符。如果密码刚刚修改过，请用原密码在未联网时登录一次，或联系管理员")

// Open opens the vault of a folder, or makes a new one. known says that the server has accepted the password: then a key that the keyring
// has is sealed under the new password; without it the password alone decides, so that who has no network still has to know it.
func Open(dir, account, password string, known bool, ring Keyring) (*Vault, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, FileName)
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if !known {
			return nil, fault.New(fault.Offline, "本机没有该账号的数据，第一次登录须连接服务器")
		}
		return fresh(dir, account, password, ring)
	}
	if err != nil {
		return nil, err
	}
	var f file
	if json.Unmarshal(b, &f) == nil {
		if lid, err := lid(password, f.Salt); err != nil {
			return nil, err
		} else if key, err := open(lid, f.Sealed); err == nil {
			return of(key)
		}
	}
	if known {
		if key, err := fromRing(dir, account, ring); err == nil {
			if err := save(path, password, key); err != nil {
				return nil, err
			}
			return of(key)
		}
	}
	return nil, ErrPassword
}

// What Recall needs besides the keyring. People who sign in at a unified identity platform have no password that this program sees. They choose
// a local one on each machine when they first come: it opens what is here while there is no network, and where no keyring has the key; it
// is never sent anywhere.
var (
	ErrChoose = fault.New(fault.State, "请设置本机密码") // nothing is here yet
	ErrLocked = fault.New(fault.State, "请输入本机密码") // something is, and the keyring does not have its key
)

// Recall opens the vault of somebody whom the server has accepted without a password, by the key in the keyring. ErrChoose and ErrLocked ask for
// Open with a local password.
func Recall(dir, account string, ring Keyring) (*Vault, error) {
	if _, err := os.Stat(filepath.Join(dir, FileName)); errors.Is(err, os.ErrNotExist) {
		return nil, ErrChoose
	} else if err != nil {
		return nil, err
	}
	key, err := fromRing(dir, account, ring)
	if err != nil {
		return nil, ErrLocked
	}
	return of(key)
}

// Reseal seals the key under another password: the person has changed it. The data stay as they are.
func (v *Vault) Reseal(dir, password string) error {
	return save(filepath.Join(dir, FileName), password, v.key)
}

func fresh(dir, account, password string, ring Keyring) (*Vault, error) {
	key := make([]byte, 32)
	rand.Read(key)
	if err := save(filepath.Join(dir, FileName), password, key); err != nil {
		return nil, err
	}
	// A machine without a keyring is no reason not to work; the file has the key too.
	_ = ring.Set(service, ringName(dir, account), base64.StdEncoding.EncodeToString(key)) //nolint:errcheck // see above
	return of(key)
}

// ringName tells the accounts of several servers apart.
func ringName(dir, account string) string { return account + "@" + filepath.Base(filepath.Dir(dir)) }

func fromRing(dir, account string, ring Keyring) ([]byte, error) {
	s, err := ring.Get(service, ringName(dir, account))
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(s)
}

func save(path, password string, key []byte) error {
	f := file{Salt: make([]byte, 16)}
	rand.Read(f.Salt)
	box, err := lid(password, f.Salt)
	if err != nil {
		return err
	}
	f.Sealed = seal(box, key)
	b, err := json.Marshal(f)
	if err != nil {
		return err
	}
	next, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = next.Write(b)
	if err := errors.Join(err, next.Sync(), next.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// lid is the cipher that a password gives.
func lid(password string, salt []byte) (cipher.AEAD, error) {
	k, err := scrypt.Key([]byte(password), salt, 1<<15, 8, 1, 32)
	if err != nil {
		return nil, err
	}
	return aead(k)
}

func of(key []byte) (*Vault, error) {
	box, err := aead(key)
	return &Vault{key, box}, err
}

func aead(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func seal(box cipher.AEAD, b []byte) []byte {
	nonce := make([]byte, box.NonceSize(), box.NonceSize()+len(b)+box.Overhead())
	rand.Read(nonce)
	return box.Seal(nonce, nonce, b, nil)
}

func open(box cipher.AEAD, b []byte) ([]byte, error) {
	n := box.NonceSize()
	if len(b) < n {
		return nil, errors.New("vault: too short")
	}
	return box.Open(nil, b[:n], b[n:], nil)
}

// Seal seals bytes.
func (v *Vault) Seal(b []byte) []byte { return seal(v.box, b) }

// Open opens what Seal has sealed.
func (v *Vault) Open(b []byte) ([]byte, error) { return open(v.box, b) }
