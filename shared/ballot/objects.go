package ballot

// The objects of the room in the order in which they come. Each says its lines once, for writing and reading; an object that had fewer lines under
// the first version of the format is read and written so when Old is set.

// The first lines of the objects.
const (
	kindCheckIn   = "zp-checkin/1"
	kindAttend    = "zp-attend/2"
	kindAttendOne = "zp-attend/1"
	kindOpen      = "zp-open/2"
	kindOpenOne   = "zp-open/1"
	kindEnvelope  = "zp-envelope/1"
	kindReject    = "zp-reject/2"
	kindRejectOne = "zp-reject/1"
	kindClose     = "zp-close/2"
	kindCloseOne  = "zp-close/1"
	kindOpening   = "zp-opening/1"
	kindTally     = "zp-tally/2"
	kindTallyOne  = "zp-tally/1"
	kindSignOff   = "zp-signoff/1"
)

// version returns the first line of an object that has two versions.
func version(old bool, one, two string) string {
	if old {
		return one
	}
	return two
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
	Present   = "PRESENT"
	Absent    = "ABSENT"
	Left      = "LEFT"
	Withdrawn = "RECUSED" // takes no part in the session at all
)

// An Attend says who is there. While a round is under way it names the round and what it does to the base and to the votes needed, so that those
// who sign have seen it; otherwise these are empty and zero.
type Attend struct {
	Old                             bool
	Session, Expert, Status, Reason string
	Round                           string
	Base, NewBase, Need, NewNeed    int64
	At                              int64
}

func (o *Attend) kind() string { return version(o.Old, kindAttendOne, kindAttend) }

func (o *Attend) lines(c *codec) {
	c.text("session", &o.Session)
	c.text("expert", &o.Expert)
	c.text("status", &o.Status)
	c.text("reason", &o.Reason)
	if !o.Old {
		c.text("round", &o.Round)
		c.num("base", &o.Base)
		c.num("newbase", &o.NewBase)
		c.num("need", &o.Need)
		c.num("newneed", &o.NewNeed)
	}
	c.num("at", &o.At)
}

// An Open opens a round; attendance is frozen with it. Opening a closed round again names its close and has a reason.
type Open struct {
	Old            bool
	Session, Round string
	Spec           []byte
	Present        int64
	Again, Reason  string // id of the close that is taken back, "" for the first time
	At             int64
}

func (o *Open) kind() string { return version(o.Old, kindOpenOne, kindOpen) }

func (o *Open) lines(c *codec) {
	c.text("session", &o.Session)
	c.text("round", &o.Round)
	c.bytes("spec", &o.Spec, 32)
	c.num("present", &o.Present)
	if !o.Old {
		c.id("again", &o.Again)
		c.text("reason", &o.Reason)
	}
	c.num("at", &o.At)
}

// A Reject says why an envelope is not counted, and holds it, so that anybody can check the reason.
type Reject struct {
	Old      bool
	Session  string
	Envelope []byte
	Reason   string
	Content  []byte // all bytes of the envelope
}

func (o *Reject) kind() string { return version(o.Old, kindRejectOne, kindReject) }

func (o *Reject) lines(c *codec) {
	c.text("session", &o.Session)
	c.bytes("envelope", &o.Envelope, 32)
	c.text("reason", &o.Reason)
	if !o.Old {
		c.bytes("content", &o.Content, -1)
	}
}

// The kinds of exceptions at a close.
const (
	ExceptReturned    = "RETURNED"    // an expert whose returned ballot has not been replaced: it does not count
	ExceptDevice      = "DEVICE"      // an expert whose laptop has not said that nothing is left on it
	ExceptCheckpoint  = "CHECKPOINT"  // an expert whose laptop has seen another log
	ExceptQuarantined = "QUARANTINED" // something unreadable that was brought to the hub, by its SHA-256
)

// An Exception is what chair and staff close a round in spite of.
type Exception struct{ Kind, Subject string }

// A Close fixes which envelopes are counted.
type Close struct {
	Old                       bool
	Session, Round            string
	Opened                    string // id of the object that opened the round
	Root                      []byte // of the counted set
	Counted, Present, Missing int64
	Absent, Recused, Left     int64
	Exceptions                []Exception
	At                        int64
}

func (o *Close) kind() string { return version(o.Old, kindCloseOne, kindClose) }

func (o *Close) lines(c *codec) {
	c.text("session", &o.Session)
	c.text("round", &o.Round)
	if !o.Old {
		c.id("opened", &o.Opened)
	}
	c.bytes("root", &o.Root, 32)
	c.num("counted", &o.Counted)
	c.num("present", &o.Present)
	c.num("missing", &o.Missing)
	if !o.Old {
		c.num("absent", &o.Absent)
		c.num("recused", &o.Recused)
		c.num("left", &o.Left)
		lines(c, "exception", 2, &o.Exceptions, func(x *Exception) []string { return []string{x.Kind, x.Subject} }, func(x *Exception, v []string) { *x = Exception{v[0], v[1]} })
	}
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

// A Voted is what an expert decided in a named vote, in figures; of a score Agree is how many applicants he scored.
type Voted struct {
	Expert                          string
	Agree, Oppose, Abstain, Recused int64
}

// A Tally is the result of a round.
type Tally struct {
	Old            bool
	Session, Round string
	Close          []byte
	Pair, Program  string
	Columns        []byte
	Invalid        []string // ids of the envelopes that count for nobody
	Voted          []Voted  // of a named round
	Results        []Result
}

func (o *Tally) kind() string { return version(o.Old, kindTallyOne, kindTally) }

func (o *Tally) lines(c *codec) {
	c.text("session", &o.Session)
	c.text("round", &o.Round)
	c.bytes("close", &o.Close, 32)
	c.text("pair", &o.Pair)
	c.text("program", &o.Program)
	c.bytes("columns", &o.Columns, 32)
	if o.Old {
		lines(c, "result", 10, &o.Results, (*Result).oldValues, func(r *Result, v []string) { r.takeOld(c, v) })
		return
	}
	c.words("invalid", &o.Invalid)
	lines(c, "voted", 5, &o.Voted,
		func(v *Voted) []string {
			return []string{v.Expert, digits(v.Agree), digits(v.Oppose), digits(v.Abstain), digits(v.Recused)}
		},
		func(v *Voted, s []string) {
			*v = Voted{s[0], c.number("voted", s[1]), c.number("voted", s[2]), c.number("voted", s[3]), c.number("voted", s[4])}
		})
	lines(c, "result", 15, &o.Results, (*Result).values, func(r *Result, v []string) { r.take(c, v) })
}

// A SignOff is the chair's and the supervisor's word that the tally is the one they saw, and the log up to a size.
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
