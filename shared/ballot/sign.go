package ballot

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"zhiping/shared/fault"
)

// A Key is an Ed25519 key with a name, as golang.org/x/mod/sumdb/note uses them. Names inside a package are role/id: "expert/…",
// "staff/…", "chair/…", "supervisor/…", "custodian/…"; the server's and the hub's are free.
type Key struct {
	private, public string
	signer          note.Signer
}

// NewKey makes a key; random gives 32 bytes of seed.
func NewKey(name string, random io.Reader) (*Key, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, err
	}
	public, err := note.NewEd25519VerifierKey(name, ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	hash := strings.Split(public, "+")[1]
	return ParseKey("PRIVATE+KEY+" + name + "+" + hash + "+" + b64(append([]byte{1}, seed...)))
}

// NewCredential makes an expert's one-time key for a session.
func NewCredential(expert string, random io.Reader) (*Key, error) {
	return NewKey("expert/"+expert, random)
}

// ParseKey reads the text that Private returns.
func ParseKey(private string) (*Key, error) {
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, fault.New(fault.Invalid, "密钥文件已损坏，无法读取")
	}
	public, err := publicOf(private)
	return &Key{private: private, public: public, signer: signer}, err
}

// publicOf computes the verifier key that belongs to a signer key.
func publicOf(private string) (string, error) {
	parts := strings.SplitN(private, "+", 5) // PRIVATE KEY name hash base64
	r := reader{rest: "key " + parts[4] + "\n"}
	seed := r.blob("key")
	if r.err != nil {
		return "", r.err
	}
	return note.NewEd25519VerifierKey(parts[2], ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey))
}

// Name is the key's name, as it stands on signature lines.
func (k *Key) Name() string { return k.signer.Name() }

// Public is the verifier key in the text form of note, as packages and check-ins carry it.
func (k *Key) Public() string { return k.public }

// Private is the secret key in the text form of note. Keep it only inside LockKey or a protected store.
func (k *Key) Private() string { return k.private }

// Object is one of the texts this package defines.
type Object interface {
	kind() string
	write(*writer)
	read(*reader)
}

// kinds makes an empty object for each first line.
var kinds = map[string]func() Object{}

func init() {
	for _, make := range []func() Object{
		func() Object { return &Package{} }, func() Object { return &Checkin{} }, func() Object { return &Attend{} },
		func() Object { return &Open{} }, func() Object { return &Envelope{} }, func() Object { return &Close{} },
		func() Object { return &Opening{} }, func() Object { return &Tally{} }, func() Object { return &Signoff{} },
		func() Object { return &Reject{} },
	} {
		kinds[make().kind()] = make
	}
}

// Text returns the bytes that are signed: the first line and the object's lines.
func Text(o Object) string {
	w := &writer{}
	w.b.WriteString(o.kind() + "\n")
	o.write(w)
	return w.b.String()
}

// Sign encodes an object with the signatures of the keys, in that order. It fails if the object would not read back as it is.
func Sign(o Object, keys ...*Key) ([]byte, error) {
	raw, err := note.Sign(&note.Note{Text: Text(o)}, signers(keys)...)
	if err != nil {
		return nil, err
	}
	if _, err := Decode(raw); err != nil {
		return nil, err
	}
	return raw, nil
}

// Countersign adds signatures after those already there, as a staff member does on an expert's check-in.
func Countersign(raw []byte, keys ...*Key) ([]byte, error) {
	it, err := Decode(raw)
	if err != nil {
		return nil, err
	}
	n := &note.Note{Text: it.text, UnverifiedSigs: it.sigs}
	return note.Sign(n, signers(keys)...)
}

func signers(keys []*Key) []note.Signer {
	list := make([]note.Signer, len(keys))
	for i, k := range keys {
		list[i] = k.signer
	}
	return list
}

// An Item is a signed object taken apart. Its signatures are not yet checked.
type Item struct {
	Raw    []byte
	ID     string // SHA-256 of Raw, 64 hexadecimal digits
	Object Object
	text   string
	sigs   []note.Signature
}

// Decode takes a signed object apart and refuses bytes that encoding would not give again. It does not check signatures: whose they must
// be depends on the session.
func Decode(raw []byte) (*Item, error) {
	text, sigs, err := split(raw)
	if err != nil {
		return nil, err
	}
	first, rest, _ := strings.Cut(text, "\n")
	make := kinds[first]
	if make == nil {
		return nil, fault.New(fault.Invalid, "不认识的记录类型，可能由更高版本的程序生成")
	}
	o := make()
	r := &reader{rest: rest, n: 1}
	o.read(r)
	if r.err == nil && r.rest != "" {
		r.fail("之后有多余的内容")
	}
	if r.err != nil {
		return nil, fault.New(fault.Invalid, "%s：%s", first, r.err.Error())
	}
	if Text(o) != text {
		return nil, fault.New(fault.Invalid, "%s：书写方式不规范", first)
	}
	return &Item{Raw: raw, ID: sum(raw), Object: o, text: text, sigs: sigs}, nil
}

// split separates a note's text from its signature lines, which must stand in the one way note.Sign writes them.
func split(raw []byte) (string, []note.Signature, error) {
	bad := fault.New(fault.Invalid, "不是有效的签名文本")
	if len(raw) > maxObject {
		return "", nil, fault.New(fault.Invalid, "记录过大")
	}
	n, err := note.Open(raw, nil)
	if unverified, ok := err.(*note.UnverifiedNoteError); ok {
		n = unverified.Note
	} else {
		return "", nil, bad
	}
	again, err := note.Sign(&note.Note{Text: n.Text, UnverifiedSigs: n.UnverifiedSigs})
	if err != nil || !bytes.Equal(again, raw) {
		return "", nil, bad
	}
	return n.Text, n.UnverifiedSigs, nil
}

// verify checks that the item bears exactly one signature per place, in order, each by one of the keys allowed in that place.
func (it *Item) verify(places ...[]string) error {
	wrong := fault.New(fault.Denied, "%s：签名不是由规定的人员作出", it.Object.kind())
	if len(it.sigs) != len(places) {
		return wrong
	}
	for i, keys := range places {
		ok := slices.ContainsFunc(keys, func(k string) bool { return verifies(k, it.text, it.sigs[i]) })
		if !ok {
			return wrong
		}
	}
	return nil
}

func verifies(key, text string, s note.Signature) bool {
	v, err := note.NewVerifier(key)
	if err != nil || v.Name() != s.Name || v.KeyHash() != s.Hash {
		return false
	}
	_, err = note.Open(fmt.Appendf(nil, "%s\n— %s %s\n", text, s.Name, s.Base64), note.VerifierList(v))
	return err == nil
}

// keyName returns the name inside a verifier key, or "" if it is none.
func keyName(key string) string {
	v, err := note.NewVerifier(key)
	if err != nil {
		return ""
	}
	return v.Name()
}
