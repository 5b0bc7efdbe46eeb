package ballot

import (
	"strconv"
	"strings"
)

// Suite names the algorithms, so that others can stand beside them one day.
const Suite = "zp1"

// The first lines of the objects.
const (
	kindPackage  = "zp-package/1"
	kindCheckIn  = "zp-checkin/1"
	kindAttend   = "zp-attend/1"
	kindOpen     = "zp-open/1"
	kindEnvelope = "zp-envelope/1"
	kindReject   = "zp-reject/1"
	kindClose    = "zp-close/1"
	kindOpening  = "zp-opening/1"
	kindTally    = "zp-tally/1"
	kindSignOff  = "zp-signoff/1"
)

// A Custodian keeps one of the three keys.
type Custodian struct {
	ID, Name, Role string
	SignKey        string // Ed25519, hex
	SealKey        []byte // HPKE
}

// An Expert of the panel.
type Expert struct {
	ID, Name, Group string
	Recused         []string // ids of applicants that the expert neither sees nor votes on
}

// An Applicant, in the order of the list.
type Applicant struct {
	ID         string
	Position   int64
	Name, Unit string
}

// The kinds, secrecies and bases of a round.
const (
	Vote  = "VOTE"
	Score = "SCORE"

	SecretBallot = "SECRET"
	NamedBallot  = "NAMED"

	Attending            = "ATTENDING"         // recused experts stay in the base
	AttendingLessRecused = "ATTENDING-RECUSED" // they leave it
)

// A Round is one vote or score on all applicants by all experts.
type Round struct {
	ID, Kind, Secrecy, Base string
	Min, Max, Step          int64 // of a score
	Items                   int64 // of the scoring standard; 0 for a vote
}

// A Package is everything a room needs, signed by the server.
type Package struct {
	Meeting, Session, Title, Date, Place, Committee string
	Issued                                          int64
	Suite                                           string
	Rules                                           []byte // SHA-256 of RuleSet
	RuleSet                                         []byte
	Panel                                           int64
	Origin                                          string // of the log
	Hub                                             string // key of the sequencer
	TLS                                             string // SHA-256 of the hub's certificate, hex
	Staff                                           []string
	Chair, Supervisor                               string
	Custodians                                      []Custodian
	Experts                                         []Expert
	Applicants                                      []Applicant
	Rounds                                          []Round
}

func (*Package) kind() string { return kindPackage }

func (p *Package) lines(c *codec) {
	c.text("meeting", &p.Meeting)
	c.text("session", &p.Session)
	c.text("title", &p.Title)
	c.text("date", &p.Date)
	c.text("place", &p.Place)
	c.text("committee", &p.Committee)
	c.num("issued", &p.Issued)
	c.text("suite", &p.Suite)
	c.bytes("rules", &p.Rules, 32)
	c.bytes("ruleset", &p.RuleSet, -1)
	c.num("panel", &p.Panel)
	c.text("origin", &p.Origin)
	c.text("hub", &p.Hub)
	c.text("tls", &p.TLS)
	lines(c, "staff", 1, &p.Staff, func(s *string) []string { return []string{*s} }, func(s *string, v []string) { *s = v[0] })
	c.text("chair", &p.Chair)
	c.text("supervisor", &p.Supervisor)
	lines(c, "custodian", 5, &p.Custodians,
		func(k *Custodian) []string { return []string{k.ID, k.Name, k.Role, k.SignKey, hexOf(k.SealKey)} },
		func(k *Custodian, v []string) { *k = Custodian{v[0], v[1], v[2], v[3], c.hex("custodian", v[4], -1)} })
	lines(c, "expert", 4, &p.Experts,
		func(e *Expert) []string { return []string{e.ID, e.Name, e.Group, strings.Join(e.Recused, ",")} },
		func(e *Expert, v []string) {
			*e = Expert{ID: v[0], Name: v[1], Group: v[2]}
			if v[3] != "" {
				e.Recused = strings.Split(v[3], ",")
			}
		})
	lines(c, "applicant", 4, &p.Applicants,
		func(a *Applicant) []string {
			return []string{a.ID, strconv.FormatInt(a.Position, 10), a.Name, a.Unit}
		},
		func(a *Applicant, v []string) { *a = Applicant{v[0], c.number("applicant", v[1]), v[2], v[3]} })
	lines(c, "round", 8, &p.Rounds, roundValues, func(r *Round, v []string) {
		*r = Round{v[0], v[1], v[2], v[3], c.number("min", v[4]), c.number("max", v[5]), c.number("step", v[6]), c.number("items", v[7])}
	})
}

func roundValues(r *Round) []string {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	return []string{r.ID, r.Kind, r.Secrecy, r.Base, n(r.Min), n(r.Max), n(r.Step), n(r.Items)}
}

// A CheckIn gives an expert a credential: a key made on his laptop for this meeting.
type CheckIn struct {
	Session, Expert, Credential, Device string
	Proof                               []byte // HMAC-SHA256(one-time code, session ‖ 0x00 ‖ expert ‖ 0x00 ‖ credential)
	At                                  int64
}

func (*CheckIn) kind() string { return kindCheckIn }

func (o *CheckIn) lines(c *codec) {
	c.text("session", &o.Session)
	c.text("expert", &o.Expert)
	c.text("credential", &o.Credential)
	c.text("device", &o.Device)
	c.bytes("proof", &o.Proof, 32)
	c.num("at", &o.At)
}

// The statuses of an expert.
const (
	Present = "PRESENT"
	Absent  = "ABSENT"
	Left    = "LEFT"
)

// An Attend says who is there.
type Attend struct {
	Session, Expert, Status, Reason string
	At                              int64
}

func (*Attend) kind() string { return kindAttend }

func (o *Attend) lines(c *codec) {
	c.text("session", &o.Session)
	c.text("expert", &o.Expert)
	c.text("status", &o.Status)
	c.text("reason", &o.Reason)
	c.num("at", &o.At)
}

// An Open opens a round; attendance is frozen with it.
type Open struct {
	Session, Round string
	Spec           []byte
	Present        int64
	At             int64
}

func (*Open) kind() string { return kindOpen }

func (o *Open) lines(c *codec) {
	c.text("session", &o.Session)
	c.text("round", &o.Round)
	c.bytes("spec", &o.Spec, 32)
	c.num("present", &o.Present)
	c.num("at", &o.At)
}

// A Reject says why an envelope is not counted.
type Reject struct {
	Session  string
	Envelope []byte
	Reason   string
}

func (*Reject) kind() string { return kindReject }

func (o *Reject) lines(c *codec) {
	c.text("session", &o.Session)
	c.bytes("envelope", &o.Envelope, 32)
	c.text("reason", &o.Reason)
}

// A Close fixes which envelopes are counted.
type Close struct {
	Session, Round            string
	Root                      []byte // of the counted set
	Counted, Present, Missing int64
	At                        int64
}

func (*Close) kind() string { return kindClose }

func (o *Close) lines(c *codec) {
	c.text("session", &o.Session)
	c.text("round", &o.Round)
	c.bytes("root", &o.Root, 32)
	c.num("counted", &o.Counted)
	c.num("present", &o.Present)
	c.num("missing", &o.Missing)
	c.num("at", &o.At)
}

// An Opening is a custodian's word that this closed set may be opened.
type Opening struct {
	Session string
	Close   []byte
	Pair    string
	At      int64
}

func (*Opening) kind() string { return kindOpening }

func (o *Opening) lines(c *codec) {
	c.text("session", &o.Session)
	c.bytes("close", &o.Close, 32)
	c.text("pair", &o.Pair)
	c.num("at", &o.At)
}

// A Tally is the result of a round.
type Tally struct {
	Session, Round string
	Close          []byte
	Pair, Program  string
	Columns        []byte
	Results        []Result
}

func (*Tally) kind() string { return kindTally }

func (o *Tally) lines(c *codec) {
	c.text("session", &o.Session)
	c.text("round", &o.Round)
	c.bytes("close", &o.Close, 32)
	c.text("pair", &o.Pair)
	c.text("program", &o.Program)
	c.bytes("columns", &o.Columns, 32)
	lines(c, "result", 10, &o.Results, (*Result).values, func(r *Result, v []string) {
		n := make([]int64, 8)
		for i := range n {
			n[i] = c.number("result", v[i+1])
		}
		*r = Result{v[0], n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], v[9]}
	})
}

// A SignOff is the chair's and the supervisor's word that the tally is the one they saw.
type SignOff struct {
	Session string
	Tally   []byte
	Size    int64
	Root    []byte
	Sheet   string
	At      int64
}

func (*SignOff) kind() string { return kindSignOff }

func (o *SignOff) lines(c *codec) {
	c.text("session", &o.Session)
	c.bytes("tally", &o.Tally, 32)
	c.num("size", &o.Size)
	c.bytes("root", &o.Root, 32)
	c.text("sheet", &o.Sheet)
	c.num("at", &o.At)
}
