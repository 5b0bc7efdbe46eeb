package holder

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

const publicFormat = "zp-public/1"

// A Public is what others may know of a person's keys: hex. It goes to whoever prepares the meeting.
type Public struct {
	Name      string
	Signing   string // the meeting's staff_keys, chair_key or supervisor_key
	Custodian string // the custodian's signing key
	Seal      string // HPKE
}

// Public is the public half of the keys that are there.
func (h *Holder) Public() Public {
	p := Public{Name: h.Name}
	if h.Signs() {
		p.Signing = ballot.PublicOf(h.signing)
	}
	if h.Keeps() {
		p.Custodian, p.Seal = ballot.PublicOf(h.custodian), hex.EncodeToString(h.seal.PublicKey().Bytes())
	}
	return p
}

// CustodianKey is the value of a meeting's custodians.key.
func (p Public) CustodianKey() string { return p.Custodian + ":" + p.Seal }

// Text is the public half as one line.
func (p Public) Text() string {
	return checked(publicFormat, p.Name, p.Signing, p.Custodian, p.Seal)
}

func publicCheck(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// Fingerprint is a short form to compare by eye or by telephone: four times four characters of the SHA-256 of Text.
func (p Public) Fingerprint() string {
	s := checksum([]byte(p.Text()))
	return s[:4] + " " + s[4:8] + " " + s[8:12] + " " + s[12:]
}

// codeSize is how many characters a QR code of ours has at most: about version 18 at level M, which a telephone reads from a screen and from paper.
const codeSize = 800

// Codes is the public half as the texts of QR codes.
func (p Public) Codes() []string { return gather(split(kindPublic, p.bytes(), publicLine), codeSize) }

func (p Public) bytes() []byte {
	b := append([]byte{byte(len(p.Name))}, p.Name...)
	for _, k := range []string{p.Signing, p.Custodian, p.Seal} {
		raw, err := hex.DecodeString(k)
		if err != nil {
			panic(err) // made by Public or checked by ParsePublic
		}
		b = append(b, raw...)
	}
	return b
}

// ParsePublic reads a public half from its line of text, or from its scanned QR codes; what is wrong is named.
func ParsePublic(text string) (Public, error) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	switch {
	case text == "":
		return Public{}, fault.New(fault.Invalid, "请粘贴公钥：以“%s”开头的一整行", publicFormat)
	case strings.HasPrefix(text, "zp-key/") || strings.HasPrefix(text, ageMagic):
		return Public{}, fault.New(fault.Invalid, "这是密钥文件的内容，不是公钥。密钥文件不能交给别人，请粘贴公钥")
	case strings.HasPrefix(text, publicFormat+"|"):
		return parseLine(strings.NewReplacer("\r", "", "\n", "").Replace(text)) // a mail program has broken it
	case strings.HasPrefix(text, "zp-public/"):
		return Public{}, fault.New(fault.Invalid, "公钥的格式比本程序新，请升级程序后再导入")
	case strings.HasPrefix(squeeze(text), string(kindPublic)) || strings.HasPrefix(squeeze(text), string(kindKey)):
		b, err := join(kindPublic, text)
		if err != nil {
			return Public{}, err
		}
		return parseBytes(b)
	}
	return Public{}, fault.New(fault.Invalid, "这不是公钥。公钥是以“%s”开头的一整行，请让持有人重新复制", publicFormat)
}

func parseLine(text string) (Public, error) {
	parts := strings.Split(text, "|")
	if len(parts) != 6 {
		return Public{}, fault.New(fault.Invalid, "公钥不完整：应有6段，现有%d段，复制时可能漏了一部分，请重新复制整行", len(parts))
	}
	if at := strings.LastIndex(text, "|") + 1; publicCheck(text[:at]) != parts[5] {
		return Public{}, fault.New(fault.Invalid, "公钥的校验码不符，复制时可能漏字或改动，请让持有人重新复制整行")
	}
	return Public{parts[1], parts[2], parts[3], parts[4]}.proper()
}

func parseBytes(b []byte) (Public, error) {
	const keys = 2 * ed25519.PublicKeySize
	if len(b) == 0 || len(b) < 1+int(b[0])+keys {
		return Public{}, fault.New(fault.Invalid, "二维码中的公钥不完整，请重新扫描")
	}
	name, rest := string(b[1:1+b[0]]), b[1+int(b[0]):]
	return Public{name, hex.EncodeToString(rest[:keys/2]), hex.EncodeToString(rest[keys/2 : keys]), hex.EncodeToString(rest[keys:])}.proper()
}

// proper refuses a public half that no Public has made.
func (p Public) proper() (Public, error) {
	if err := checkName(p.Name); err != nil {
		return Public{}, err
	}
	for _, k := range []struct{ what, key string }{{"签字公钥", p.Signing}, {"保管人签字公钥", p.Custodian}} {
		if b, err := hex.DecodeString(k.key); err != nil || len(b) != ed25519.PublicKeySize || strings.ToLower(k.key) != k.key {
			return Public{}, fault.New(fault.Invalid, "“%s”的%s不正确，请让本人重新生成密钥", p.Name, k.what)
		}
	}
	b, err := hex.DecodeString(p.Seal)
	if err == nil {
		_, err = hpke.MLKEM768X25519().NewPublicKey(b)
	}
	if err != nil || strings.ToLower(p.Seal) != p.Seal {
		return Public{}, fault.New(fault.Invalid, "“%s”的密封公钥不正确，请让本人重新生成密钥", p.Name)
	}
	if p.Signing == p.Custodian {
		return Public{}, fault.New(fault.Invalid, "“%s”的两个签字公钥相同，请让本人重新生成密钥", p.Name)
	}
	return p, nil
}
