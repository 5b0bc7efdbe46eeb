package ballot

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"zhiping/shared/fault"
)

// NewKey makes a key for a role.
func NewKey(role string, random io.Reader) (Key, error) {
	_, k, err := ed25519.GenerateKey(random)
	return Key{role, k}, err
}

// Sign signs a package as the server.
func (p *Package) Sign(server Key) ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if err := p.fits(); err != nil {
		return nil, err
	}
	return sign(p, server)
}

// fits refuses a package under which a ballot could not be written into a reject, which holds it in hex: its expert would never get an answer.
func (p *Package) fits() error {
	const header = 10_000 // more than its lines ever have
	for i := range p.Rounds {
		if r := &p.Rounds[i]; 2*(header+3*(33+r.width()*len(p.Applicants)+2*(encSize+16))) > maxNote {
			return fault.New(fault.Invalid, "轮次“%s”的参评人员和评分项太多，一张选票放不下，请分成几场会议", r.ID)
		}
	}
	return nil
}

// maxNote is how many bytes an object may have.
const maxNote = 1_000_000

// Proof proves that whoever checks in knows the one-time code that staff gave the expert.
func Proof(code, session, expert, credential string) []byte {
	m := hmac.New(sha256.New, []byte(code))
	m.Write([]byte(session + "\x00" + expert + "\x00" + credential))
	return m.Sum(nil)
}

// CheckIn makes the booth's half of a check-in, signed by the expert's new key; staff countersigns it with Countersign.
func (v *Voter) CheckIn(code string, at int64) ([]byte, error) {
	o := &CheckIn{Session: v.Package.Session, Expert: v.Expert, Credential: v.Key.Public(), Device: v.Device, At: at}
	o.Proof = Proof(code, o.Session, o.Expert, o.Credential)
	return sign(o, v.Key)
}

// ReadCheckIn reads the booth's half of a check-in and checks its signature.
func ReadCheckIn(object []byte) (*CheckIn, error) {
	o := &CheckIn{}
	return o, openBy(object, o, func() []holder { return []holder{{RoleExpert, []string{o.Credential}}} })
}

// Countersign adds a signature to an object, after those it has.
func Countersign(object []byte, k Key) ([]byte, error) {
	text, _, err := split(object)
	if err != nil {
		return nil, err
	}
	v, err := verifier(k.Role, k.Public())
	if err != nil {
		return nil, err
	}
	added, err := note.Sign(&note.Note{Text: text}, signer{k.Role, v.KeyHash(), k.Private})
	if err != nil {
		return nil, err
	}
	line := strings.TrimPrefix(string(added), text+"\n")
	return append(append([]byte{}, object...), line...), nil
}

// Objects are made by signing their bodies by those whose word it is, in the order the package documentation gives.

// Sign signs the object.
func (o *Attend) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Open) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Reject) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Close) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Opening) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Tally) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *SignOff) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Revoke) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Opinion) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Request) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Return) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Device) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Quarantine) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Attest) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Void) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Epoch) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Derive) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Archive) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Release) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }

// Sign signs the object.
func (o *Wipe) Sign(keys ...Key) ([]byte, error) { return sign(o, keys...) }
