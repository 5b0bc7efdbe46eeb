package ballot

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"zhiping/shared/fault"
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

	checked int8 // of the signature: 1 bad, 2 good
}

func (h *Header) info(layer string) []byte {
	return []byte("zp/ballot/v1|" + layer + "|" + h.Meeting + "|" + h.Session + "|" + h.Round + "|" + hexOf(h.Package))
}

func (e *Envelope) join() []byte {
	var raw []byte
	for _, part := range append([][]byte{e.Note}, e.Blobs...) {
		raw = binary.BigEndian.AppendUint32(raw, uint32(len(part)))
		raw = append(raw, part...)
	}
	return raw
}

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
