package ballot

import (
	"slices"
	"strings"

	"zhiping/shared/fault"
)

// Suite names the algorithms: Ed25519, HPKE (MLKEM768-X25519, HKDF-SHA256, AES-256-GCM), SHA-256.
const Suite = "zp1"

// Roles of officers.
const (
	Staff      = "STAFF"
	Chair      = "CHAIR"
	Supervisor = "SUPERVISOR"
)

// Kinds of round, secrecy, and what the votes are measured against.
const (
	Vote     = "VOTE"
	Score    = "SCORE"
	Secret   = "SECRET"
	Named    = "NAMED"
	Anyone   = "ATTENDING"              // base: everyone attending (the default of regulation 40, article 20)
	Unbiased = "ATTENDING_LESS_RECUSED" // base: attending less those recused from the applicant
)

// Rules that turn a result into a decision.
const (
	TwoThirds = "TWO_THIRDS" // VOTE: agree >= Need(base) (regulation 40, article 20)
	NoRule    = "NONE"       // no decision is made
	Line      = "LINE"       // SCORE: the mean reaches the figure
	Top       = "TOP"        // SCORE: the rank is at most the figure; ties share a rank
)

// A Package is what the server issues for one session: people, keys, rounds. It is the first record of the session's log.
type Package struct {
	Meeting, Session, Title string
	Issued                  int64  // UTC milliseconds
	Rules                   string // SHA-256 of the rule set
	Materials               string // SHA-256 over the applicants' frozen materials (applicants-root)
	Origin                  string // name of the log
	App                     string // lowest program version
	TLSPin                  string // SHA-256 of the hub's certificate, or ""
	Server, Hub, Spare      string // verifier keys; Spare may be ""
	Custodians              []CustodianKey
	Officers                []Officer
	Experts                 []Expert
	Applicants              []Applicant
	Rounds                  []Round

	ID         string // object id, set by OpenPackage
	raw        []byte
	experts    map[string]*Expert
	applicants map[string]*Applicant
}

// A CustodianKey is the public half of a custodian (开票密钥保管人).
type CustodianKey struct {
	ID, Name string
	HPKE     []byte // public key of MLKEM768-X25519
	Key      string // verifier key "custodian/<id>"
}

// An Officer signs in the room: staff, chair, supervisor.
type Officer struct{ Role, ID, Name, Key string }

// An Expert of the panel, with the applicants he is recused from.
type Expert struct {
	ID, Name string
	Group    string // or ""
	Recused  []string
}

// An Applicant on the list.
type Applicant struct {
	ID       string
	Position int64
	Name     string
	Unit     string
}

// A Round is one vote or one scoring. Figures of a SCORE round are whole numbers of its unit, 10^-Decimals points.
type Round struct {
	ID, Title     string
	Kind, Secrecy string
	Panel         int64    // the committee's size for the quorum
	Electorate    []string // expert ids
	Applicants    []string // applicant ids in the order of the cells
	NoAbstention  bool     // VOTE: ABSTAIN is not offered
	Items         []Criterion  // SCORE: the scoring standard
	Decimals      int64
	Trim          int64 // SCORE: that many highest and lowest totals are dropped
	Limit         int64 // VOTE: most AGREE on one ballot; 0 is no limit
	Denominator   string
	Pass          string
	Figure        int64 // of LINE (in units) and TOP
	Depends       string
}

// Criterion is one item of the scoring standard: Min, Min+Step … Max.
type Criterion struct {
	ID, Name       string
	Min, Max, Step int64
}
