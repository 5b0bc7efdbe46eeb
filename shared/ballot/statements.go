package ballot

import "strings"

// The objects beside the straight way of a round: returns, laptops, other hubs, void rounds, second rounds, hand-over.

const (
	kindRevoke     = "zp-revoke/1"
	kindOpinion    = "zp-opinion/1"
	kindRequest    = "zp-retreq/1"
	kindReturn     = "zp-return/1"
	kindDevice     = "zp-device/1"
	kindQuarantine = "zp-quarantine/1"
	kindAttest     = "zp-attest/1"
	kindVoid       = "zp-void/1"
	kindEpoch      = "zp-epoch/1"
	kindDerive     = "zp-derive/1"
	kindArchive    = "zp-archive/1"
	kindRelease    = "zp-release/1"
	kindWipe       = "zp-wipe/1"
)

// A Revoke ends a credential: its laptop is lost or replaced. The expert gets another by checking in again; what he has handed in stays.
type Revoke struct {
	Session, Expert, Credential, Reason string
	At                                  int64
}

func (*Revoke) kind() string { return kindRevoke }

func (o *Revoke) lines(c *codec) {
	c.text("session", &o.Session)
	c.text("expert", &o.Expert)
	c.text("credential", &o.Credential)
	c.text("reason", &o.Reason)
	c.num("at", &o.At)
}

// The roles of reviewers.
const (
	Main      = "MAIN"
	Assistant = "ASSISTANT"
)

// An Opinion is a reviewer's written word on an applicant; it is not secret.
type Opinion struct {
	Session, Applicant, Expert, Role string
	Paragraphs                       []string
	At                               int64
}

// NewOpinion makes paragraphs of a text; what cannot stand in an object is replaced.
func NewOpinion(session, applicant, expert, role, text string, at int64) *Opinion {
	o := &Opinion{Session: session, Applicant: applicant, Expert: expert, Role: role, At: at}
	clean := strings.NewReplacer("|", "｜", "\r", "", "\t", " ")
	for _, p := range strings.Split(strings.TrimSpace(text), "\n") {
		if p = strings.TrimSpace(clean.Replace(p)); p != "" && p != "-" {
			o.Paragraphs = append(o.Paragraphs, p)
		}
	}
	return o
}

func (*Opinion) kind() string { return kindOpinion }

func (o *Opinion) lines(c *codec) {
	c.text("session", &o.Session)
	c.text("applicant", &o.Applicant)
	c.text("expert", &o.Expert)
	c.text("role", &o.Role)
	c.words("text", &o.Paragraphs)
	c.num("at", &o.At)
}

// A Request is an expert's wish to have his ballot back.
type Request struct {
	Session  string
	Envelope []byte
	Reason   string
	At       int64
}

func (*Request) kind() string { return kindRequest }

func (o *Request) lines(c *codec) {
	c.text("session", &o.Session)
	c.bytes("envelope", &o.Envelope, 32)
	c.text("reason", &o.Reason)
	c.num("at", &o.At)
}

// ByStaff is the request of a return that staff makes without the expert's wish.
const ByStaff = "staff"

// A Return gives a ballot back: it is void until the expert hands in another that names this return.
type Return struct {
	Session  string
	Envelope []byte
	Reason   string
	Request  string // id of the request, or ByStaff
	At       int64
}

func (*Return) kind() string { return kindReturn }

func (o *Return) lines(c *codec) {
	c.text("session", &o.Session)
	c.bytes("envelope", &o.Envelope, 32)
	c.text("reason", &o.Reason)
	c.text("request", &o.Request)
	c.num("at", &o.At)
}

// A Device is a laptop's word on what it holds of an expert in a round, and the highest checkpoint that it has seen.
type Device struct {
	Session, Round, Expert, Device string
	Sealed, Receipts, Outbox       int64 // envelopes sealed, receipts held, envelopes without a receipt
	Origin                         string
	Size                           int64
	Root                           []byte
	At                             int64
}

func (*Device) kind() string { return kindDevice }

func (o *Device) lines(c *codec) {
	c.text("session", &o.Session)
	c.text("round", &o.Round)
	c.text("expert", &o.Expert)
	c.text("device", &o.Device)
	c.num("sealed", &o.Sealed)
	c.num("receipts", &o.Receipts)
	c.num("outbox", &o.Outbox)
	c.text("origin", &o.Origin)
	c.num("size", &o.Size)
	c.bytes("root", &o.Root, 32)
	c.num("at", &o.At)
}

// A Quarantine notes something unreadable that was brought to the hub.
type Quarantine struct {
	Session string
	Object  []byte // SHA-256
	Reason  string
	At      int64
}

func (*Quarantine) kind() string { return kindQuarantine }

func (o *Quarantine) lines(c *codec) {
	c.text("session", &o.Session)
	c.bytes("object", &o.Object, 32)
	c.text("reason", &o.Reason)
	c.num("at", &o.At)
}

// An Attest is an expert's word that his own cells stand in the columns, or how many do not.
type Attest struct {
	Session, Expert string
	Tally           []byte
	Mismatches      int64
	At              int64
}

func (*Attest) kind() string { return kindAttest }

func (o *Attest) lines(c *codec) {
	c.text("session", &o.Session)
	c.text("expert", &o.Expert)
	c.bytes("tally", &o.Tally, 32)
	c.num("mismatches", &o.Mismatches)
	c.num("at", &o.At)
}

// A Void makes a round count for nothing. Next is the round that is held again in its place, "" for none.
type Void struct {
	Session, Round, Next, Reason string
	At                           int64
}

func (*Void) kind() string { return kindVoid }

func (o *Void) lines(c *codec) {
	c.text("session", &o.Session)
	c.text("round", &o.Round)
	c.text("next", &o.Next)
	c.text("reason", &o.Reason)
	c.num("at", &o.At)
}

// An Epoch makes a hub the one sequencer from here on. From is the signed checkpoint it takes over from: the head of this log when the log goes on,
// the highest that any laptop has shown when it is lost and a new one begins, empty when none is known.
type Epoch struct {
	Session string
	Epoch   int64
	Hub     string
	From    []byte
	Reason  string
	At      int64
}

func (*Epoch) kind() string { return kindEpoch }

func (o *Epoch) lines(c *codec) {
	c.text("session", &o.Session)
	c.num("epoch", &o.Epoch)
	c.text("hub", &o.Hub)
	c.bytes("from", &o.From, -1)
	c.text("reason", &o.Reason)
	c.num("at", &o.At)
}

// A Basis is the record of a first round that a second round builds on.
type Basis struct {
	Session string
	Package []byte
	Round   string // as it was signed off: a repeated round has its own id
	Size    int64
	Root    []byte
	Tally   []byte
}

// A Derive names the people of a second round, from the records of the first rounds. From then on its id stands for the package in envelopes.
type Derive struct {
	Session    string
	Package    []byte
	Bases      []Basis
	Applicants []string
	At         int64
}

func (*Derive) kind() string { return kindDerive }

func (o *Derive) lines(c *codec) {
	c.text("session", &o.Session)
	c.bytes("package", &o.Package, 32)
	lines(c, "basis", 6, &o.Bases,
		func(b *Basis) []string {
			return []string{b.Session, hexOf(b.Package), b.Round, digits(b.Size), hexOf(b.Root), hexOf(b.Tally)}
		},
		func(b *Basis, v []string) {
			*b = Basis{v[0], c.hex("basis", v[1], 32), v[2], c.number("basis", v[3]), c.hex("basis", v[4], 32), c.hex("basis", v[5], 32)}
		})
	c.words("applicant", &o.Applicants)
	c.num("at", &o.At)
}

// An Archive is the server's word that it has verified the log up to a size and keeps it: only then keys are destroyed and laptops wiped.
type Archive struct {
	Session string
	Size    int64
	Root    []byte
	At      int64
}

func (*Archive) kind() string { return kindArchive }

func (o *Archive) lines(c *codec) {
	c.text("session", &o.Session)
	c.num("size", &o.Size)
	c.bytes("root", &o.Root, 32)
	c.num("at", &o.At)
}

// A Release ends a hub's lease by an administrator's decision: what the hub writes afterwards is evidence, and is never merged.
type Release struct {
	Session, By, Reason string
	At                  int64
}

func (*Release) kind() string { return kindRelease }

func (o *Release) lines(c *codec) {
	c.text("session", &o.Session)
	c.text("by", &o.By)
	c.text("reason", &o.Reason)
	c.num("at", &o.At)
}

// A Wipe is a laptop's word that it has erased what it held of an expert.
type Wipe struct {
	Session, Expert, Device string
	At                      int64
}

func (*Wipe) kind() string { return kindWipe }

func (o *Wipe) lines(c *codec) {
	c.text("session", &o.Session)
	c.text("expert", &o.Expert)
	c.text("device", &o.Device)
	c.num("at", &o.At)
}
