package ballot

import (
	"bytes"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/sha256"
	"io"

	"zhiping/shared/fault"
)

// A Voter is an expert at a booth, after check-in.
type Voter struct {
	Package   *Package
	PackageID ID // of the package, or of the object that derived its list (State.Binding)
	Expert    string
	Key       Key // role expert
	Device    string
	Random    io.Reader
}

// A Chain is where a ballot stands among those of its expert: the zero Chain is the first.
type Chain struct {
	Version      int64
	Prev, Return string // ids in hex
}

// Seal seals a first ballot once and for all: the same bytes are sent until a receipt comes back, whatever the way. at is the device's clock.
func (v *Voter) Seal(round string, b *Ballot, at int64) (*Envelope, error) {
	e, _, err := v.SealNext(round, Chain{}, b, at)
	return e, err
}

// SealNext seals a ballot that replaces a returned one, or a first one. own is the plaintext, for the laptop alone: kept under the expert's PIN until
// he has checked the columns with CheckOwn.
func (v *Voter) SealNext(round string, after Chain, b *Ballot, at int64) (e *Envelope, own []byte, err error) {
	r, x := v.Package.Round(round), v.Package.Expert(v.Expert)
	if r == nil || x == nil {
		return nil, nil, fault.New(fault.Invalid, "会议包中没有该轮次或该专家")
	}
	cells, err := b.cells(v.Package, r, x)
	if err != nil {
		return nil, nil, err
	}
	random := make([]byte, 48)
	if _, err := io.ReadFull(v.Random, random); err != nil {
		return nil, nil, err
	}
	own = append(append([]byte{1}, random[:32]...), cells...)
	e, err = v.seal(r, after, own, random[32:], at)
	return e, own, err
}

func (v *Voter) seal(r *Round, after Chain, plain, nonce []byte, at int64) (*Envelope, error) {
	commit := sha256.Sum256(plain)
	env := &Envelope{Header: Header{
		Suite: Suite, Meeting: v.Package.Meeting, Session: v.Package.Session, Round: r.ID, Package: v.PackageID[:], Expert: v.Expert,
		Credential: v.Key.Public(), Version: max(after.Version, 1), Prev: after.Prev, Return: after.Return,
		Cells: int64(len(plain) - 33), Commit: commit[:], Device: v.Device, At: at, Nonce: nonce,
	}}
	aad, err := env.bare()
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		blob, err := env.onion(v.Package, p.i, p.j, plain, aad)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(blob)
		env.Blobs, env.Onions = append(env.Blobs, blob), append(env.Onions, Onion{p.name, hexOf(sum[:])})
	}
	if env.Note, err = sign(&env.Header, v.Key); err != nil {
		return nil, err
	}
	env.Raw = env.join()
	return env, nil
}

// onion seals plain to custodian j inside custodian i.
func (h *Header) onion(p *Package, i, j int, plain, aad []byte) ([]byte, error) {
	inner, err := seal(p.Custodians[j].SealKey, h.info("inner"), nil, plain)
	if err != nil {
		return nil, err
	}
	return seal(p.Custodians[i].SealKey, h.info("outer"), aad, inner)
}

func seal(public, info, aad, plain []byte) ([]byte, error) {
	key, err := hpke.MLKEM768X25519().NewPublicKey(public)
	if err != nil {
		return nil, fault.New(fault.Invalid, "密钥保管人的公钥不正确")
	}
	enc, s, err := hpke.NewSender(key, hpke.HKDFSHA256(), hpke.AES256GCM(), info)
	if err != nil {
		return nil, err
	}
	ct, err := s.Seal(aad, plain)
	return append(enc, ct...), err
}

// encSize is the length of the encapsulated key of MLKEM768-X25519.
const encSize = 1120

func unseal(key hpke.PrivateKey, info, aad, blob []byte) ([]byte, error) {
	if len(blob) < encSize {
		return nil, errSealed
	}
	r, err := hpke.NewRecipient(blob[:encSize], key, hpke.HKDFSHA256(), hpke.AES256GCM(), info)
	if err != nil {
		return nil, errSealed
	}
	plain, err := r.Open(aad, blob[encSize:])
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

var errSealed = fault.New(fault.Invalid, "密封内容无法打开")

// open opens both layers with the keys of two custodians and checks the ballot against the commitment and the round. A ballot that does
// not match is invalid: it stays in the base and counts for nobody.
func (e *Envelope) open(p *Package, r *Round, pair int, outer, inner hpke.PrivateKey) (plain []byte, valid bool, err error) {
	aad, err := e.bare()
	if err != nil {
		return nil, false, err
	}
	mid, err := unseal(outer, e.info("outer"), aad, e.Blobs[pair])
	if err != nil {
		return nil, false, nil
	}
	plain, err = unseal(inner, e.info("inner"), nil, mid)
	if err != nil {
		return nil, false, nil
	}
	return plain, e.proves(p, r, plain), nil
}

// proves reports whether a plaintext is the one that the envelope's signed header committed to, and legal in its round.
func (e *Envelope) proves(p *Package, r *Round, plain []byte) bool {
	sum := sha256.Sum256(plain)
	expert := p.Expert(e.Expert)
	return bytes.Equal(sum[:], e.Commit) && len(plain) == 33+r.width()*len(p.Applicants) && plain[0] == 1 && expert != nil && r.allLegal(p, expert, plain[33:])
}

// Code is the code of a cell.
func Code(secret []byte, round, applicant string) []byte {
	return mustHex(coder(secret, round)(applicant))
}

// coder gives the codes of one ballot in hex, with the key set up once for all its cells.
func coder(secret []byte, round string) func(applicant string) string {
	m := hmac.New(sha256.New, secret)
	buf := make([]byte, 0, sha256.Size)
	return func(applicant string) string {
		m.Reset()
		m.Write([]byte(round + "\x00" + applicant))
		return hexOf(m.Sum(buf)[:8])
	}
}
