package ballot

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"zhiping/shared/catalog"
	"zhiping/shared/fault"
)

// Suite names the algorithms, so that others can stand beside them one day.
const Suite = "zp1"

const (
	kindPackage    = "zp-package/2"
	kindPackageOne = "zp-package/1"
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

// The kinds, secrecies, bases and result rules of a round.
const (
	Vote  = "VOTE"
	Score = "SCORE"

	SecretBallot = "SECRET"
	NamedBallot  = "NAMED" // who voted how is shown after the opening, and proved by the commitments

	Attending            = "ATTENDING"         // recused experts stay in the base
	AttendingLessRecused = "ATTENDING-RECUSED" // they leave it

	RuleDefault = ""     // a vote passes with need(base) yes votes; a score is a basis and decides nothing
	RuleTop     = "TOP"  // of a score: ranks up to Value pass
	RuleMean    = "MEAN" // of a score: means of at least Value hundredths pass
)

// A Round is one vote or score on all applicants by all experts.
type Round struct {
	ID, Kind, Secrecy, Base string
	Min, Max, Step          int64 // of a score's item
	Items                   int64 // of the scoring standard; 0 for a vote
	Trim                    int64 // highest and lowest scores that are left out of the mean, each, if more than twice as many are there
	Most                    int64 // yes votes a ballot may hold; 0 is no limit
	Rule                    string
	Value                   int64 // of the rule
	Divisor                 int64 // of the weighted sum of items; 0 is 1
}

// An Item of the scoring standard of a round.
type Item struct {
	Round       string
	Number      int64 // from 1
	Name        string
	Weight, Max int64 // a Max of 0 is the round's
}

// A Reviewer is the main or assistant reviewer of an applicant, who writes an opinion.
type Reviewer struct{ Applicant, Expert, Role string }

// A Dependency is a first round whose result decides who stands in this session's rounds.
type Dependency struct {
	Session string
	Package []byte // id of its package
	Round   string
	Rule    string // TakePassed or TakeAll
}

// What a second round takes from a first.
const (
	TakePassed = "PASSED" // those the first round has passed
	TakeAll    = "ALL"    // everybody: the first round is a basis
)

// A Package is everything a room needs, signed by the server.
type Package struct {
	Old                                             bool // written under the first version of the format
	Meeting, Session, Title, Date, Place, Committee string
	Issued                                          int64
	Suite                                           string
	Rules                                           []byte // SHA-256 of RuleSet
	RuleSet                                         []byte
	Panel                                           int64
	Origin                                          string // of the log
	Hub, Spare                                      string // keys of the sequencer and of the one that stands in for it, "" for none
	TLS, SpareTLS                                   string // SHA-256 of their certificates, hex
	App                                             string // least version of the program
	Rehearsal                                       bool   // invented data; its record is never handed over
	Staff                                           []string
	Chair, Supervisor                               string
	Custodians                                      []Custodian
	Experts                                         []Expert
	Applicants                                      []Applicant
	Reviewers                                       []Reviewer
	Rounds                                          []Round
	Items                                           []Item
	Depends                                         []Dependency

	server string // the key that signed it
}

func (p *Package) kind() string {
	if p.Old {
		return kindPackageOne
	}
	return kindPackage
}

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
	if !p.Old {
		c.text("spare", &p.Spare)
	}
	c.text("tls", &p.TLS)
	if !p.Old {
		c.text("sparetls", &p.SpareTLS)
		c.text("app", &p.App)
		c.choice("mode", &p.Rehearsal, "REAL", "REHEARSAL")
	}
	lines(c, "staff", 1, &p.Staff, func(s *string) []string { return []string{*s} }, func(s *string, v []string) { *s = v[0] })
	c.text("chair", &p.Chair)
	c.text("supervisor", &p.Supervisor)
	p.people(c)
	if p.Old {
		lines(c, "round", 8, &p.Rounds, func(r *Round) []string { return r.values()[:8] }, func(r *Round, v []string) { r.take(c, v) })
		return
	}
	lines(c, "round", 13, &p.Rounds, (*Round).values, func(r *Round, v []string) { r.take(c, v) })
	lines(c, "item", 5, &p.Items,
		func(i *Item) []string {
			return []string{i.Round, digits(i.Number), i.Name, digits(i.Weight), digits(i.Max)}
		},
		func(i *Item, v []string) {
			*i = Item{v[0], c.number("item", v[1]), v[2], c.number("item", v[3]), c.number("item", v[4])}
		})
	lines(c, "depends", 4, &p.Depends,
		func(d *Dependency) []string { return []string{d.Session, hexOf(d.Package), d.Round, d.Rule} },
		func(d *Dependency, v []string) { *d = Dependency{v[0], c.hex("depends", v[1], 32), v[2], v[3]} })
}

// people are the lines of those who keep keys, vote and are voted on.
func (p *Package) people(c *codec) {
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
		func(a *Applicant) []string { return []string{a.ID, digits(a.Position), a.Name, a.Unit} },
		func(a *Applicant, v []string) { *a = Applicant{v[0], c.number("applicant", v[1]), v[2], v[3]} })
	if !p.Old {
		lines(c, "reviewer", 3, &p.Reviewers,
			func(r *Reviewer) []string { return []string{r.Applicant, r.Expert, r.Role} },
			func(r *Reviewer, v []string) { *r = Reviewer{v[0], v[1], v[2]} })
	}
}

func digits(v int64) string { return strconv.FormatInt(v, 10) }

func (r *Round) values() []string {
	return []string{
		r.ID, r.Kind, r.Secrecy, r.Base, digits(r.Min), digits(r.Max), digits(r.Step), digits(r.Items),
		digits(r.Trim), digits(r.Most), r.Rule, digits(r.Value), digits(r.Divisor),
	}
}

func (r *Round) take(c *codec, v []string) {
	n := func(i int) int64 { return c.number("round", v[i]) }
	*r = Round{ID: v[0], Kind: v[1], Secrecy: v[2], Base: v[3], Min: n(4), Max: n(5), Step: n(6), Items: n(7)}
	if len(v) > 8 {
		r.Trim, r.Most, r.Rule, r.Value, r.Divisor = n(8), n(9), v[10], n(11), n(12)
	}
}

// OpenPackage reads a package and checks that this server signed it.
func OpenPackage(object []byte, server string) (*Package, ID, error) {
	p := &Package{Old: typeOf(object) == kindPackageOne}
	if err := open(object, p, holder{RoleServer, []string{server}}); err != nil {
		return nil, ID{}, fault.New(fault.Invalid, "会议包不是由该公钥的服务器签发的，或者已被改动，请核对服务器公钥并重新取得会议包（%s）", err)
	}
	p.server = server
	return p, IDOf(object), p.check()
}

// Bounds that no meeting comes near, so that no sum overflows.
const (
	maxPanel   = 1_000_000
	maxTrim    = 1000
	maxDivisor = 1_000_000_000
)

// check refuses a package that a meeting cannot be held with.
func (p *Package) check() error {
	rules, err := catalog.ReadRules(p.RuleSet)
	if err != nil || !bytes.Equal(p.Rules, mustHex(rules.SHA256)) {
		return fault.New(fault.Invalid, "会议包的规则集与摘要不符")
	}
	ids := map[string]bool{}
	for _, e := range p.Experts {
		if e.ID == "" || strings.ContainsAny(e.ID, " ,") || ids["e"+e.ID] {
			return fault.New(fault.Invalid, "会议包的专家“%s”重复或没有编号", e.Name)
		}
		ids["e"+e.ID] = true
	}
	for _, a := range p.Applicants {
		if a.ID == "" || strings.ContainsAny(a.ID, " ,") || ids["a"+a.ID] {
			return fault.New(fault.Invalid, "会议包的参评人员“%s”重复或没有编号", a.Name)
		}
		ids["a"+a.ID] = true
	}
	if p.Suite != Suite || len(p.Custodians) != 3 || len(p.Rounds) == 0 || len(p.Staff) == 0 || len(p.Applicants) == 0 {
		return fault.New(fault.Invalid, "会议包不完整：须有3名密钥保管人、至少1个轮次、1名会务人员和1名参评人员")
	}
	if p.Old {
		return nil
	}
	if p.Panel > maxPanel {
		return fault.New(fault.Invalid, "会议包的评委会人数过大，请更正")
	}
	for i, k := range p.Custodians {
		if slices.ContainsFunc(p.Custodians[:i], func(x Custodian) bool {
			return x.ID == k.ID || x.SignKey == k.SignKey || bytes.Equal(x.SealKey, k.SealKey)
		}) {
			return fault.New(fault.Invalid, "会议包的三名密钥保管人须各有各的编号和密钥，“%s”与另一名相同", k.Name)
		}
	}
	if p.Hub == p.Spare {
		return fault.New(fault.Invalid, "备用主机与主机是同一台，请另行准备备用主机")
	}
	return p.checkRounds(ids)
}

func (p *Package) checkRounds(ids map[string]bool) error {
	for i := range p.Rounds {
		r := &p.Rounds[i]
		if err := p.checkRound(r); err != nil {
			return err
		}
		if ids["r"+r.ID] {
			return fault.New(fault.Invalid, "会议包的轮次“%s”重复", r.ID)
		}
		ids["r"+r.ID] = true
	}
	for _, r := range p.Reviewers {
		if !ids["a"+r.Applicant] || !ids["e"+r.Expert] || r.Role != Main && r.Role != Assistant {
			return fault.New(fault.Invalid, "会议包的主审、副主审名单与人员名单不符")
		}
	}
	for _, d := range p.Depends {
		if d.Session == "" || d.Rule != TakePassed && d.Rule != TakeAll {
			return fault.New(fault.Invalid, "会议包的首轮会议“%s”不正确", d.Session)
		}
	}
	return nil
}

// checkRound refuses a round that cannot be held. A "~" in its id is kept for repeated rounds.
func (p *Package) checkRound(r *Round) error {
	bad := func(why string) error {
		return fault.New(fault.Invalid, "会议包的轮次“%s”不正确：%s", r.ID, why)
	}
	switch {
	case r.ID == "" || strings.ContainsAny(r.ID, "~ /\\"):
		return bad("编号为空或含有不允许的符号")
	case r.Secrecy != SecretBallot && r.Secrecy != NamedBallot || r.Base != Attending && r.Base != AttendingLessRecused:
		return bad("记名方式或基数")
	case r.Kind == Vote && (r.Items != 0 || r.Rule != RuleDefault || r.Trim != 0 || len(p.items(r)) > 0):
		return bad("投票轮次不能有评分设置")
	case r.Kind == Vote:
		return nil
	case r.Kind != Score || r.Items < 1 || r.Items > 100 || r.Step < 1 || r.Min > r.Max || r.Max >= int64(ScoreAbstain) || r.Most != 0:
		return bad("评分范围")
	case r.Trim > maxTrim || r.Divisor > maxDivisor:
		return bad("去掉的最高分、最低分个数或总分的除数过大")
	case r.Rule != RuleDefault && r.Rule != RuleTop && r.Rule != RuleMean:
		return bad("结果规则")
	}
	items := p.items(r)
	if len(items) != 0 && int64(len(items)) != r.Items {
		return bad("评分标准的项数")
	}
	for i, item := range items {
		if item.Number != int64(i+1) || item.Weight < 1 || item.Weight > 10000 || item.Max != 0 && (item.Max < r.Min || item.Max >= int64(ScoreAbstain)) {
			return bad("评分标准第" + digits(int64(i+1)) + "项")
		}
	}
	return nil
}

// items are the items of the scoring standard of a round, none if all are alike.
func (p *Package) items(r *Round) []Item {
	first, _ := runOf(r.ID)
	var all []Item
	for _, i := range p.Items {
		if i.Round == first {
			all = append(all, i)
		}
	}
	return all
}

// runOf takes the id of a repeated round apart: "R1~2" is the second run of "R1".
func runOf(id string) (first string, run int) {
	first, n, again := strings.Cut(id, "~")
	if !again {
		return id, 1
	}
	run, err := strconv.Atoi(n)
	if err != nil || run < 2 || strconv.Itoa(run) != n {
		return "", 0
	}
	return first, run
}

// NextRun is the id of the round that is held again in place of a void one.
func NextRun(id string) string {
	first, run := runOf(id)
	return fmt.Sprintf("%s~%d", first, run+1)
}

// Round returns the round of an id, nil for none. A repeated round is the round it repeats under its own id.
func (p *Package) Round(id string) *Round {
	first, _ := runOf(id)
	i := slices.IndexFunc(p.Rounds, func(r Round) bool { return r.ID == first })
	if i < 0 {
		return nil
	}
	if id == first {
		return &p.Rounds[i]
	}
	r := p.Rounds[i]
	r.ID = id
	return &r
}

// before orders rounds as the package does, repeated ones after those they repeat.
func (p *Package) before(a, b string) int {
	x, n := runOf(a)
	y, m := runOf(b)
	at := func(id string) int { return slices.IndexFunc(p.Rounds, func(r Round) bool { return r.ID == id }) }
	return cmp.Or(at(x)-at(y), n-m)
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

// Applicant returns the applicant of an id, nil for none.
func (p *Package) Applicant(id string) *Applicant {
	for i := range p.Applicants {
		if p.Applicants[i].ID == id {
			return &p.Applicants[i]
		}
	}
	return nil
}

// spec names a round's line, so that the word that opens a round fixes what it is.
func (p *Package) spec(r *Round) []byte {
	c := &codec{}
	if v := r.values(); p.Old {
		c.write("round", v[:8]...)
	} else {
		c.write("round", v...)
	}
	sum := sha256.Sum256([]byte(c.out.String()))
	return sum[:]
}
