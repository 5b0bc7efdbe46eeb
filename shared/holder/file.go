package holder

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"filippo.io/age"

	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

const (
	format   = "zp-key/1"
	ageMagic = "age-encryption.org/v1"
	maxFile  = 64 << 10 // no key file is longer
)

// MinPassphrase is how many characters a passphrase has at least.
const MinPassphrase = 10

// maxWork bounds what a file can make this machine work before the passphrase is tried: 2^20 is about four seconds.
const maxWork = 20

// contents is a key file inside its encryption.
type contents struct {
	Format    string `json:"format"`
	Name      string `json:"name"`
	Signing   []byte `json:"signing"`
	Custodian []byte `json:"custodian"`
	Seal      []byte `json:"seal"`
}

// oldSecret is a custodian's key file of before (ballot.Secret).
type oldSecret struct{ ID, Name, Role, Sign, Seal string }

// CheckPassphrase refuses a passphrase that is too short to keep a key file safe when its stick or its paper is lost.
func CheckPassphrase(passphrase string) error {
	switch n := utf8.RuneCountInString(passphrase); {
	case n < MinPassphrase:
		return fault.New(fault.Invalid, "口令至少%d个字符，现有%d个，请加长", MinPassphrase, n).At("passphrase")
	case strings.TrimSpace(passphrase) != passphrase:
		return fault.New(fault.Invalid, "口令的开头和结尾不能是空格，否则以后容易输错").At("passphrase")
	case strings.Count(passphrase, passphrase[:1]) == len(passphrase):
		return fault.New(fault.Invalid, "口令不能是同一个字符的重复，请更换").At("passphrase")
	}
	return nil
}

// Seal is the key file's bytes under a passphrase. work is scrypt's work factor, 0 for age's own (a second of an ordinary machine).
func (h *Holder) Seal(passphrase string, work int) ([]byte, error) {
	if err := CheckPassphrase(passphrase); err != nil {
		return nil, err
	}
	if !h.Signs() || !h.Keeps() {
		return nil, fault.New(fault.Invalid, "旧的密钥文件不完整，请重新生成密钥")
	}
	private, err := h.seal.Bytes()
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(contents{format, h.Name, h.signing.Seed(), h.custodian.Seed(), private})
	if err != nil {
		return nil, err
	}
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, err
	}
	if work > 0 {
		r.SetWorkFactor(work)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, r)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return append([]byte(format+" "+checksum(b.Bytes())+"\n"), b.Bytes()...), nil
}

// checksum is the first 16 characters of the SHA-256.
func checksum(b []byte) string {
	sum := sha256.Sum256(b)
	return base32.EncodeToString(sum[:10])
}

// Save writes the key file and says nothing until it has been read back from the medium and opened with the same passphrase. A file that is there
// already stays as it is.
func (h *Holder) Save(path, passphrase string, work int) error {
	b, err := h.Seal(passphrase, work)
	if err != nil {
		return err
	}
	if err := h.write(path, b, passphrase); err != nil {
		return err
	}
	h.file = b
	return nil
}

// write puts a key file on the medium and opens what comes back from it.
func (h *Holder) write(path string, b []byte, passphrase string) error {
	return WriteNew(path, b, func(read []byte) error {
		again, err := parse(read, passphrase, path)
		if err != nil {
			return err
		}
		if again.Public() != h.Public() {
			return fault.New(fault.Internal, "密钥文件“%s”写入后核对不一致，请换一个U盘重试", path)
		}
		return again.Drill()
	})
}

// Load reads a key file that Save wrote.
func Load(path, passphrase string) (*Holder, error) {
	h, err := Open(path, passphrase)
	if err == nil && (!h.Signs() || !h.Keeps()) {
		return nil, fault.New(fault.Invalid, "“%s”是旧格式的密钥文件，请重新生成密钥", path)
	}
	return h, err
}

// Open reads any key file there has been: one of Save, an old custodian's (age, ballot.Secret) or an old signing key (a seed in hex, without a
// passphrase).
func Open(path, passphrase string) (*Holder, error) {
	b, err := Read(path)
	if err != nil {
		return nil, err
	}
	return parse(b, passphrase, path)
}

// Read reads a file that holds a key or a text about one.
func Read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, notOpened(path, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, notOpened(path, err)
	case len(b) > maxFile:
		return nil, fault.New(fault.Invalid, "“%s”太大，不是密钥文件，请重新选择", path)
	}
	return b, nil
}

func notOpened(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fault.New(fault.Denied, "没有读取“%s”的权限，请检查文件权限", path)
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return fault.New(fault.NotFound, "找不到文件夹“%s”，请检查U盘是否已插好", filepath.Dir(path))
		}
	default:
		if i, err := os.Stat(path); err != nil || i.Mode().IsRegular() {
			return fault.New(fault.Invalid, "“%s”读不出来，U盘可能已拔出或损坏，请重新插好后再试", path)
		}
	}
	return fault.New(fault.NotFound, "找不到密钥文件“%s”，请插入存放密钥的U盘并核对路径", path)
}

func damaged(path string) error {
	return fault.New(fault.Invalid, "密钥文件“%s”已损坏，请换用另一份，或用纸质备份恢复", path)
}

// parse opens the bytes of a key file; path is for the messages.
func parse(b []byte, passphrase, path string) (*Holder, error) {
	switch head, rest, _ := bytes.Cut(b, []byte("\n")); {
	case strings.HasPrefix(string(head), "zp-key/"):
		version, sum, _ := strings.Cut(string(head), " ")
		if version != format && len(version) == len(format) {
			return nil, fault.New(fault.Invalid, "密钥文件“%s”是用更新版本的程序生成的，请升级程序后再打开", path)
		}
		if version != format || sum != checksum(rest) {
			return nil, damaged(path)
		}
		h, err := unlock(rest, passphrase, path)
		if err == nil {
			h.file = b
		}
		return h, err
	case string(head) == ageMagic:
		return unlock(b, passphrase, path)
	}
	if seed, err := hex.DecodeString(string(bytes.TrimSpace(b))); err == nil && len(seed) == ed25519.SeedSize {
		return &Holder{signing: ed25519.NewKeyFromSeed(seed)}, nil
	}
	return nil, damaged(path)
}

func unlock(b []byte, passphrase, path string) (*Holder, error) {
	if passphrase == "" {
		return nil, fault.New(fault.Denied, "请输入密钥文件的口令").At("passphrase")
	}
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, err
	}
	id.SetMaxWorkFactor(maxWork)
	r, err := age.Decrypt(bytes.NewReader(b), id)
	var no *age.NoIdentityMatchError
	switch {
	case errors.As(err, &no):
		return nil, fault.New(fault.Denied, "口令不正确，请核对大小写和输入法后重新输入").At("passphrase")
	case err != nil:
		return nil, damaged(path)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, damaged(path)
	}
	h := read(plain)
	if h == nil {
		return nil, damaged(path)
	}
	return h, nil
}

// read takes the decrypted contents apart, new or old; nil if they are neither.
func read(plain []byte) *Holder {
	var kind struct{ Format string }
	if json.Unmarshal(plain, &kind) != nil {
		return nil
	}
	if kind.Format == "" {
		return readOld(plain)
	}
	var c contents
	if json.Unmarshal(plain, &c) != nil || c.Format != format {
		return nil
	}
	seal, err := hpke.MLKEM768X25519().NewPrivateKey(c.Seal)
	if err != nil || len(c.Signing) != ed25519.SeedSize || len(c.Custodian) != ed25519.SeedSize || checkName(c.Name) != nil {
		return nil
	}
	return &Holder{Name: c.Name, signing: ed25519.NewKeyFromSeed(c.Signing), custodian: ed25519.NewKeyFromSeed(c.Custodian), seal: seal}
}

// readOld reads the contents of an old custodian's file.
func readOld(plain []byte) *Holder {
	var old oldSecret
	if json.Unmarshal(plain, &old) != nil {
		return nil
	}
	seed, err := hex.DecodeString(old.Sign)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil
	}
	private, err := hex.DecodeString(old.Seal)
	if err != nil {
		return nil
	}
	seal, err := hpke.MLKEM768X25519().NewPrivateKey(private)
	if err != nil {
		return nil
	}
	return &Holder{Name: old.Name, id: old.ID, role: old.Role, custodian: ed25519.NewKeyFromSeed(seed), seal: seal}
}

// OpenKey reads the key that signs in a role from any key file.
func OpenKey(path, passphrase, role string) (ballot.Key, error) {
	h, err := Open(path, passphrase)
	if err != nil {
		return ballot.Key{}, err
	}
	if !h.Signs() {
		return ballot.Key{}, fault.New(fault.Invalid, "“%s”是旧的保管人密钥文件，不能用来签字，请换用%s的密钥文件", path, roles[role])
	}
	return h.Key(role), nil
}

// OpenCustodian reads a custodian's keys from any key file.
func OpenCustodian(path, passphrase string) (*ballot.Secret, error) {
	h, err := Open(path, passphrase)
	if err != nil {
		return nil, err
	}
	if !h.Keeps() {
		return nil, fault.New(fault.Invalid, "“%s”是旧的签字密钥文件，不能用来开启选票，请换用保管人的密钥文件", path)
	}
	return h.Custodian("", ""), nil
}
