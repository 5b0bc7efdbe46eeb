package ballot

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"zhiping/shared/fault"
)

// The roles that sign.
const (
	RoleServer     = "server"
	RoleHub        = "hub"
	RoleStaff      = "staff"
	RoleChair      = "chair"
	RoleSupervisor = "supervisor"
	RoleExpert     = "expert"
	RoleCustodian  = "custodian"
)

// roleWords name the roles to people.
var roleWords = map[string]string{
	RoleServer: "中心", RoleHub: "主机", RoleStaff: "会务人员", RoleChair: "执行主任", RoleSupervisor: "监督人员", RoleExpert: "专家", RoleCustodian: "保管人",
}

// An ID names an object: the SHA-256 of all its bytes.
type ID [sha256.Size]byte

// IDOf names an object.
func IDOf(object []byte) ID { return sha256.Sum256(object) }

// String is the id in hex.
func (i ID) String() string { return hex.EncodeToString(i[:]) }

// A Key signs as a role.
type Key struct {
	Role    string
	Private ed25519.PrivateKey
}

// Public returns the public half in hex, as it stands in objects.
func (k Key) Public() string { return PublicOf(k.Private) }

// PublicOf returns the public half of a key in hex.
func PublicOf(k ed25519.PrivateKey) string {
	return hex.EncodeToString(k.Public().(ed25519.PublicKey))
}

type signer struct {
	name string
	hash uint32
	key  ed25519.PrivateKey
}

func (s signer) Name() string                    { return s.name }
func (s signer) KeyHash() uint32                 { return s.hash }
func (s signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

// verifier makes the note verifier of a public key in hex.
func verifier(role, public string) (note.Verifier, error) {
	pub, err := hex.DecodeString(public)
	if err != nil || len(pub) != ed25519.PublicKeySize || hexOf(pub) != public {
		return nil, fault.New(fault.Invalid, "%s的公钥不正确", role)
	}
	text, err := note.NewEd25519VerifierKey(role, pub)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(text)
}

// signText signs a text, adding to the signatures of object if there are any.
func signText(text string, keys ...Key) ([]byte, error) {
	var signers []note.Signer
	for _, k := range keys {
		v, err := verifier(k.Role, k.Public())
		if err != nil {
			return nil, err
		}
		signers = append(signers, signer{k.Role, v.KeyHash(), k.Private})
	}
	return note.Sign(&note.Note{Text: text}, signers...)
}

// sign encodes and signs an object.
func sign(b body, keys ...Key) ([]byte, error) {
	text, err := encode(b)
	if err != nil {
		return nil, err
	}
	return signText(text, keys...)
}

// A holder is a role with the public keys that may sign as it.
type holder struct {
	role string
	keys []string
}

// open reads an object that must be signed by one key of each holder and by nobody else.
func open(object []byte, b body, by ...holder) error {
	text, signed, err := split(object)
	if err != nil {
		return err
	}
	if err := decode(text, b); err != nil {
		return err
	}
	if len(signed) != len(by) {
		return fault.New(fault.Invalid, "“%s”应有%d个签名，现有%d个", wordOf(object), len(by), len(signed))
	}
	if !canonical(signed) {
		return fault.New(fault.Invalid, "“%s”的签名不是规范写法", wordOf(object))
	}
	for i, h := range by {
		if !signedBy(object, h) {
			return fault.New(fault.Invalid, "“%s”的第%d个签名（应为%s）无效或无权签署", wordOf(object), i+1, roleWords[h.role])
		}
	}
	return nil
}

// openBy is open for an object that itself says whose word it is.
func openBy(object []byte, b body, by func() []holder) error {
	text, _, err := split(object)
	if err != nil {
		return err
	}
	if err := decode(text, b); err != nil {
		return err
	}
	return open(object, b, by()...)
}

// split returns the text of a note and its signature lines.
func split(object []byte) (text string, signatures []string, err error) {
	s := string(object)
	i := strings.LastIndex(s, "\n\n")
	if len(s) > maxNote || !utf8.ValidString(s) {
		return "", nil, fault.New(fault.Invalid, "数据格式不正确：过长或不是UTF-8")
	}
	if i < 0 || !strings.HasSuffix(s, "\n") || !strings.HasPrefix(s[i+2:], "— ") {
		return "", nil, fault.New(fault.Invalid, "数据格式不正确：没有签名")
	}
	return s[:i+1], strings.Split(strings.TrimSuffix(s[i+2:], "\n"), "\n"), nil
}

// canonical reports whether signature lines are written in the only way there is: a second way of writing the same signature would give the same object
// another id, and whoever carries it could change it.
func canonical(signatures []string) bool {
	for _, line := range signatures {
		s := line[strings.LastIndexByte(line, ' ')+1:]
		if b, err := base64.StdEncoding.DecodeString(s); err != nil || base64.StdEncoding.EncodeToString(b) != s {
			return false
		}
	}
	return true
}

func signedBy(object []byte, h holder) bool {
	for _, k := range h.keys {
		v, err := verifier(h.role, k)
		if err != nil {
			continue
		}
		if n, err := note.Open(object, note.VerifierList(v)); err == nil && len(n.Sigs) == 1 {
			return true
		}
	}
	return false
}

// typeOf returns the first line of an object.
func typeOf(object []byte) string {
	line, _, _ := strings.Cut(string(object), "\n")
	return line
}

func mustHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}
