package ballot

import (
	"bytes"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"

	"zhiping/shared/fault"
)

// The cells of a vote.
const (
	Agree   byte = 1
	Oppose  byte = 2
	Abstain byte = 3
	Recused byte = 4
)

// The special cells of a score.
const (
	ScoreAbstain uint16 = 0xFFFE
	ScoreRecused uint16 = 0xFFFF
)

// pairs are the onions, by the numbers of the custodians.
var pairs = []struct {
	name string
	i, j int
}{{"1,2", 0, 1}, {"1,3", 0, 2}, {"2,3", 1, 2}}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// A Header is the readable part of an envelope.
type Header struct {
	Suite, Meeting, Session, Round string
	Package                        []byte // id of the package
	Expert, Credential             string
	Version                        int64
	Prev, Return                   string // ids in hex, "" for a first ballot
	Cells                          int64  // bytes of all cells
	Commit                         []byte
	Device                         string
	At                             int64
	Nonce                          []byte
	Onions                         []Onion
}

// An Onion is the line of one sealed blob.
type Onion struct {
	Pair string
	Hash string // SHA-256 of the blob, hex
}

func (*Header) kind() string { return kindEnvelope }

func (o *Header) lines(c *codec) {
	o.head(c)
	lines(c, "onion", 2, &o.Onions, func(x *Onion) []string { return []string{x.Pair, x.Hash} }, func(x *Onion, v []string) { *x = Onion{v[0], v[1]} })
}

func (o *Header) head(c *codec) {
	c.text("suite", &o.Suite)
	c.text("meeting", &o.Meeting)
	c.text("session", &o.Session)
	c.text("round", &o.Round)
	c.bytes("package", &o.Package, 32)
	c.text("expert", &o.Expert)
	c.text("credential", &o.Credential)
	c.num("version", &o.Version)
	c.text("prev", &o.Prev)
	c.text("return", &o.Return)
	c.num("cells", &o.Cells)
	c.bytes("commit", &o.Commit, 32)
	c.text("device", &o.Device)
	c.num("at", &o.At)
	c.bytes("nonce", &o.Nonce, 16)
}

// bare is the header without its onion lines: the associated data of the outer layers.
func (o *Header) bare() ([]byte, error) {
	c := &codec{}
	c.out.WriteString(kindEnvelope + "\n")
	o.head(c)
	return []byte(c.out.String()), c.bad
}

// An Envelope is a sealed ballot. Its bytes are the signed header, its length in front as a big-endian uint32, then the three blobs,
// each with its length in front.
type Envelope struct {
	Header
	Blobs [][]byte
	Raw   []byte // all bytes
	Note  []byte // the signed header
}

// A Ballot is what an expert has decided: one cell per applicant in the package's order. A score has one row of items per applicant.
type Ballot struct {
	Votes  []byte
	Scores [][]uint16
}

// cells returns the ballot's cells after checking each against the round; the cells of applicants the expert is recused from are written
// by the program itself.
func (b *Ballot) cells(p *Package, r *Round, e *Expert) ([]byte, error) {
	var out []byte
	for i, a := range p.Applicants {
		recused := contains(e.Recused, a.ID)
		if r.Kind == Vote {
			v := Recused
			if !recused {
				if i >= len(b.Votes) || b.Votes[i] < Agree || b.Votes[i] > Abstain {
					return nil, fault.New(fault.Invalid, "第%d位“%s”尚未表决，请补充后再提交", a.Position, a.Name)
				}
				v = b.Votes[i]
			}
			out = append(out, v)
			continue
		}
		for k := range int(r.Items) {
			v := ScoreRecused
			if !recused {
				if i >= len(b.Scores) || k >= len(b.Scores[i]) || !r.legal(b.Scores[i][k]) {
					return nil, fault.New(fault.Invalid, "第%d位“%s”的第%d项得分为空或不在%d至%d之间，请补充后再提交", a.Position, a.Name, k+1, r.Min, r.Max)
				}
				v = b.Scores[i][k]
			}
			out = binary.BigEndian.AppendUint16(out, v)
		}
	}
	return out, nil
}

// legal reports whether an expert may give this score.
func (r *Round) legal(v uint16) bool {
	return v == ScoreAbstain || int64(v) >= r.Min && int64(v) <= r.Max && (int64(v)-r.Min)%max(r.Step, 1) == 0
}

// width is how many bytes one applicant's cell takes.
func (r *Round) width() int {
	if r.Kind == Vote {
		return 1
	}
	return 2 * int(r.Items)
}

func contains(all []string, s string) bool {
	for _, x := range all {
		if x == s {
			return true
		}
	}
	return false
}

func (h *Header) info(layer string) []byte {
	return []byte("zp/ballot/v1|" + layer + "|" + h.Meeting + "|" + h.Session + "|" + h.Round + "|" + hexOf(h.Package))
}

// A Voter is an expert at a booth, after check-in.
type Voter struct {
	Package   *Package
	PackageID ID
	Expert    string
	Key       Key // role expert
	Device    string
	Random    io.Reader
}

// Seal seals a ballot once and for all: the same bytes are sent until a receipt comes back, whatever the way. at is the device's clock.
func (v *Voter) Seal(round string, b *Ballot, at int64) (*Envelope, error) {
	r, e := v.Package.Round(round), v.Package.Expert(v.Expert)
	if r == nil || e == nil {
		return nil, fault.New(fault.Invalid, "会议包中没有该轮次或该专家")
	}
	cells, err := b.cells(v.Package, r, e)
	if err != nil {
		return nil, err
	}
	secret, nonce := make([]byte, 32), make([]byte, 16)
	if _, err := io.ReadFull(v.Random, secret); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(v.Random, nonce); err != nil {
		return nil, err
	}
	return v.seal(r, append(append([]byte{1}, secret...), cells...), nonce, at)
}

func (v *Voter) seal(r *Round, plain, nonce []byte, at int64) (*Envelope, error) {
	commit := sha256.Sum256(plain)
	env := &Envelope{Header: Header{
		Suite: Suite, Meeting: v.Package.Meeting, Session: v.Package.Session, Round: r.ID, Package: v.PackageID[:], Expert: v.Expert,
		Credential: v.Key.Public(), Version: 1, Cells: int64(len(plain) - 33), Commit: commit[:], Device: v.Device, At: at, Nonce: nonce,
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

func (e *Envelope) join() []byte {
	var raw []byte
	for _, part := range append([][]byte{e.Note}, e.Blobs...) {
		raw = binary.BigEndian.AppendUint32(raw, uint32(len(part)))
		raw = append(raw, part...)
	}
	return raw
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

// maxPart bounds one part of an envelope.
const maxPart = 1 << 20

// ParseEnvelope reads an envelope's bytes; signatures are checked by the sequencer.
func ParseEnvelope(raw []byte) (*Envelope, error) {
	e := &Envelope{Raw: raw}
	rest := raw
	var parts [][]byte
	for len(rest) > 0 {
		if len(rest) < 4 {
			return nil, malformed("长度不完整")
		}
		n := binary.BigEndian.Uint32(rest)
		if n > maxPart || int(n) > len(rest)-4 {
			return nil, malformed("长度超出")
		}
		parts = append(parts, rest[4:4+n])
		rest = rest[4+n:]
	}
	if len(parts) != 1+len(pairs) {
		return nil, malformed("应有4段")
	}
	e.Note, e.Blobs = parts[0], parts[1:]
	text, _, err := split(e.Note)
	if err != nil {
		return nil, err
	}
	if err := decode(text, &e.Header); err != nil {
		return nil, err
	}
	for i, p := range pairs {
		sum := sha256.Sum256(e.Blobs[i])
		if i >= len(e.Onions) || e.Onions[i].Pair != p.name || e.Onions[i].Hash != hexOf(sum[:]) {
			return nil, malformed("密封层与摘要不符")
		}
	}
	if len(e.Onions) != len(pairs) || e.Suite != Suite {
		return nil, malformed("密封层数或算法不符")
	}
	return e, nil
}

func malformed(why string) error {
	return fault.New(fault.Invalid, "选票封套格式不正确：%s", why)
}

// Code is the code of a cell.
func Code(secret []byte, round, applicant string) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(round + "\x00" + applicant))
	return m.Sum(nil)[:8]
}

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
	sum := sha256.Sum256(plain)
	expert := p.Expert(e.Expert)
	ok := bytes.Equal(sum[:], e.Commit) && len(plain) == 33+r.width()*len(p.Applicants) && plain[0] == 1 && expert != nil && r.allLegal(p, expert, plain[33:])
	return plain, ok, nil
}

// allLegal checks every cell: recused exactly where the expert is.
func (r *Round) allLegal(p *Package, e *Expert, cells []byte) bool {
	w := r.width()
	for i, a := range p.Applicants {
		cell := cells[i*w : (i+1)*w]
		recused := contains(e.Recused, a.ID)
		if r.Kind == Vote {
			if recused != (cell[0] == Recused) || cell[0] < Agree || cell[0] > Recused {
				return false
			}
			continue
		}
		for k := range int(r.Items) {
			v := binary.BigEndian.Uint16(cell[2*k:])
			if recused != (v == ScoreRecused) || !recused && !r.legal(v) {
				return false
			}
		}
	}
	return true
}

// Round returns the round of an id, nil for none.
func (p *Package) Round(id string) *Round {
	for i := range p.Rounds {
		if p.Rounds[i].ID == id {
			return &p.Rounds[i]
		}
	}
	return nil
}

// Expert returns the expert of an id, nil for none.
func (p *Package) Expert(id string) *Expert {
	for i := range p.Experts {
		if p.Experts[i].ID == id {
			return &p.Experts[i]
		}
	}
	return nil
}

// Spec names a round's line, so that the word that opens a round fixes what it is.
func (r *Round) Spec() []byte {
	c := &codec{}
	c.write("round", roundValues(r)...)
	sum := sha256.Sum256([]byte(c.out.String()))
	return sum[:]
}
