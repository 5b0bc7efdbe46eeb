// Package stick is what is carried between laptops without a network: bundles encrypted with age to their receiver, and files that are read back
// after they were written (voting.md, "Transports", USB). The name of a file says nothing, and no path is taken from one.
package stick

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// Extension is how the files' names end.
const Extension = ".zpb"

// ReplyExtension is the ending of what the hub writes for a laptop: on one stick both lie side by side, and nobody should have to know which is which.
const ReplyExtension = ".zph"

// maxFile bounds what is read from a stick.
const maxFile = 512 << 20

// ToHub encrypts a bundle of objects to a hub by its key in the package (hex, Ed25519), and to more that may stand in for it: whichever is the sequencer
// when the stick arrives can open it.
func ToHub(hub string, objects [][]byte, more ...string) ([]byte, error) {
	var to []age.Recipient
	for _, k := range append([]string{hub}, more...) {
		r, err := recipientOf(k)
		if err != nil {
			return nil, err
		}
		to = append(to, r)
	}
	return seal(objects, to...)
}

func recipientOf(hub string) (age.Recipient, error) {
	pub, err := hex.DecodeString(hub)
	if err != nil || len(pub) != ed25519.PublicKeySize {
		return nil, fault.New(fault.Invalid, "会议包中的主机公钥不正确")
	}
	key, err := ssh.NewPublicKey(ed25519.PublicKey(pub))
	if err != nil {
		return nil, err
	}
	return agessh.NewEd25519Recipient(key)
}

// ToLaptop encrypts a bundle of objects to a laptop by the recipient that it has named ("age1…").
func ToLaptop(recipient string, objects [][]byte) ([]byte, error) {
	to, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		return nil, fault.New(fault.Invalid, "文件没有写明回执的接收电脑，请重新导出")
	}
	return seal(objects, to)
}

func seal(objects [][]byte, to ...age.Recipient) ([]byte, error) {
	b, err := ballot.EncodeBundle(objects)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// OpenAtHub reads a bundle that was encrypted to a hub's key.
func OpenAtHub(hub ed25519.PrivateKey, file []byte) ([][]byte, error) {
	id, err := agessh.NewEd25519Identity(hub)
	if err != nil {
		return nil, err
	}
	return open(id, file)
}

// OpenAtLaptop reads a bundle that was encrypted to a laptop, whose identity ("AGE-SECRET-KEY-1…") is in its folder.
func OpenAtLaptop(identity string, file []byte) ([][]byte, error) {
	id, err := age.ParseX25519Identity(identity)
	if err != nil {
		return nil, fault.New(fault.Invalid, "本机的接收密钥已损坏，请联系会务人员")
	}
	return open(id, file)
}

// NewIdentity makes a laptop's identity and the recipient that it names to others.
func NewIdentity() (identity, recipient string, err error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return "", "", err
	}
	return id.String(), id.Recipient().String(), nil
}

// RecipientOf is the recipient of a laptop's identity.
func RecipientOf(identity string) (string, error) {
	id, err := age.ParseX25519Identity(identity)
	if err != nil {
		return "", fault.New(fault.Invalid, "本机的接收密钥已损坏，请联系会务人员")
	}
	return id.Recipient().String(), nil
}

func open(id age.Identity, file []byte) ([][]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(file), id)
	var other *age.NoIdentityMatchError
	if errors.As(err, &other) {
		return nil, fault.New(fault.Invalid, "文件不是给本机的，请核对是否拿错了U盘")
	}
	if err != nil {
		return nil, errDamaged
	}
	b, err := io.ReadAll(io.LimitReader(r, maxFile))
	if err != nil {
		return nil, errDamaged
	}
	return ballot.ParseBundle(b)
}

var errDamaged = fault.New(fault.Invalid, "文件不完整或已损坏，请在原电脑上重新导出")

// Read reads a file from a stick.
func Read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.NotFound, "找不到文件“%s”，请确认U盘已插好", filepath.Base(path))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fault.New(fault.Invalid, "读取文件“%s”失败，请换一个U盘重试", filepath.Base(path))
	}
	if len(b) > maxFile {
		return nil, fault.New(fault.Invalid, "文件“%s”过大，不是会议数据文件", filepath.Base(path))
	}
	return b, nil
}

// Write writes a file under another name, makes it durable, renames it, opens it again and compares what stands there: a stick of false capacity, or
// one pulled out too early, is noticed while the people are still standing there.
func Write(path string, b []byte) error {
	temp := path + ".tmp"
	if err := writeTemp(temp, b); err != nil {
		return errors.Join(errWrite, err, os.Remove(temp))
	}
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(errWrite, err)
	}
	syncDir(filepath.Dir(path))
	return check(path, b)
}

var errWrite = fault.New(fault.Invalid, "写入U盘失败，请检查剩余空间，或换一个U盘重试")

func writeTemp(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// syncDir makes a rename durable where the file system can; FAT sticks and Windows cannot, and the read-back decides there.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync() //nolint:errcheck // see above
		d.Close()
	}
}

// check reads a written file back, from the medium if the system can be made to forget what it has in memory.
func check(path string, b []byte) error {
	f, err := os.Open(path)
	if err != nil {
		return errors.Join(errWrite, err)
	}
	defer f.Close()
	forget(f)
	got, err := io.ReadAll(io.LimitReader(f, int64(len(b))+1))
	if err != nil || !bytes.Equal(got, b) {
		return fault.New(fault.Invalid, "写入U盘后读回的内容不一致，U盘可能已损坏，请换一个U盘重试")
	}
	return nil
}
