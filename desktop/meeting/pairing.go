package meeting

import (
	"strings"

	"zhiping/shared/fault"
)

// A Pairing is what a laptop of the room must know to find its hub and to believe it: the pairing slip, as its QR code and its file have it.
type Pairing struct{ Hub, TLS, Code, Server, Session string }

// PairingEnding is that of a pairing slip's file.
const PairingEnding = ".zpl"

const pairingType = "zp-pair/1"

// Online reports whether the hub is the server itself: its certificate is one that the system trusts.
func (p *Pairing) Online() bool { return strings.HasPrefix(p.Hub, "https://") }

// lines are the lines of a slip, in their order.
func (p *Pairing) lines() []struct {
	key   string
	value *string
} {
	return []struct {
		key   string
		value *string
	}{{"hub", &p.Hub}, {"tls", &p.TLS}, {"pairing", &p.Code}, {"server", &p.Server}, {"session", &p.Session}}
}

// Text is the slip as text: its type, then a line for each thing that would be typed.
func (p *Pairing) Text() string {
	all := []string{pairingType}
	for _, l := range p.lines() {
		all = append(all, l.key+" "+*l.value)
	}
	return strings.Join(all, "\n") + "\n"
}

// ParsePairing reads a slip from its file or from what a scanner types; it proves nothing: the certificate's fingerprint and the package's signature do.
func ParsePairing(text string) (*Pairing, error) {
	p := &Pairing{}
	rest := strings.Split(strings.ReplaceAll(strings.TrimSpace(text), "\r", ""), "\n")
	if rest[0] != pairingType {
		return nil, fault.New(fault.Invalid, "这不是会场配对单，请向会务人员索取")
	}
	for _, line := range rest[1:] {
		key, value, _ := strings.Cut(line, " ")
		for _, l := range p.lines() {
			if l.key == key {
				*l.value = strings.TrimSpace(value)
			}
		}
	}
	if p.Hub == "" || p.TLS == "" && !p.Online() || p.Code == "" || p.Server == "" {
		return nil, fault.New(fault.Invalid, "会场配对单不完整，请向会务人员重新索取")
	}
	return p, nil
}
