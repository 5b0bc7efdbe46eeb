package catalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"zhiping/assets"
	"zhiping/shared/fault"
)

// A Figure is one value of a rule set with the article it is from.
type Figure[T any] struct {
	Value  T      `json:"value"`
	Source string `json:"source"`
	// Mark says how the source is known: S read in the manual, M from memory of the regulation and to be held against its official
	// text, L set by this project until the office decides.
	Mark string `json:"mark,omitempty"`
}

// A Threshold is a figure that counts something.
type Threshold = Figure[int]

// A RuleSet is every threshold of the business under one date (rules.md): data, not code, because the office may correct it. It never
// changes; it is named by the SHA-256 of its bytes, an activity is bound to it at publication, and a meeting's package carries it. What a
// set made earlier does not name yet is the zero value, without a source.
type RuleSet struct {
	SHA256 string `json:"-"`
	Bytes  []byte `json:"-"`

	Name string `json:"name"`
	From string `json:"from"` // civil date from which it holds

	FilingYears          Threshold    `json:"filing_years"`
	TermYears            Threshold    `json:"term_years"` // of an expert
	PanelOdd             Figure[bool] `json:"panel_odd"`
	LeastHighBySeries    Threshold    `json:"least_high_by_series"`
	LeastHighBySpecialty Threshold    `json:"least_high_by_specialty"`
	LeastGroup           Threshold    `json:"least_group"`
	PublicityDays        Threshold    `json:"publicity_days"`          // working days
	EmployerDays         Threshold    `json:"employer_publicity_days"` // working days

	// How long somebody cannot apply: after a sanction, in months, and after fraud, in years; and whether a refusal bars the year.
	WarningMonths   Threshold    `json:"warning_months"`
	DemeritMonths   Threshold    `json:"demerit_months"`
	DemotionMonths  Threshold    `json:"demotion_months"` // and dismissal
	FraudYears      Threshold    `json:"fraud_years"`
	RefusedBarsYear Figure[bool] `json:"refused_bars_year"`

	// Voting: the fraction for quorum and passing, and what a recusal does to the base (the values of package ballot).
	NeedNumerator     Threshold      `json:"need_numerator"`
	NeedDenominator   Threshold      `json:"need_denominator"`
	RecusalBase       Figure[string] `json:"recusal_base"`
	DropExtremes      Figure[bool]   `json:"drop_extremes"`       // of a group's scores, the highest and the lowest
	GroupRefusedLeave Figure[bool]   `json:"group_refused_leave"` // who fails the group's vote is not voted on in the plenary

	// The draw (F5).
	YearsRunning   Threshold     `json:"years_running"`    // attended one after the other: left out
	LeastChairs    Threshold     `json:"least_chairs"`     // among those taken
	ChairRestYears Threshold     `json:"chair_rest_years"` // after having chaired
	DrawHalves     Figure[[]int] `json:"draw_halves"`      // the multipliers to choose from, in halves: 3 is 1.5
}

// Need is how many of n a majority by this rule set needs: ceil(2n/3) by Articles 19 and 20, in integers.
func (r *RuleSet) Need(n int) int {
	return (r.NeedNumerator.Value*n + r.NeedDenominator.Value - 1) / r.NeedDenominator.Value
}

var ruleSets = sync.OnceValue(func() []*RuleSet {
	files, err := fs.Glob(assets.Rules, "rules/*.json")
	if err != nil {
		panic(err)
	}
	var all []*RuleSet
	for _, file := range files {
		b, err := fs.ReadFile(assets.Rules, file)
		if err != nil {
			panic(err)
		}
		r, err := ReadRules(b)
		if err != nil {
			panic(fmt.Sprintf("catalog: %s: %v", file, err))
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *RuleSet) int { return strings.Compare(b.From, a.From) })
	return all
})

// ReadRules reads a rule set from its bytes, which the set keeps. A key that this program does not know is an error: it would be a rule that
// nobody follows.
func ReadRules(b []byte) (*RuleSet, error) {
	sum := sha256.Sum256(b)
	r := &RuleSet{SHA256: hex.EncodeToString(sum[:]), Bytes: b}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(r); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the rule set")
	}
	if _, err := time.Parse(time.DateOnly, r.From); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	if n, d := r.NeedNumerator.Value, r.NeedDenominator.Value; n < 1 || d < n {
		return nil, fmt.Errorf("need %d/%d is no fraction", n, d)
	}
	return r, nil
}

// RulesOn returns the rule set that holds on a civil date: of those shipped, the one that began last.
func RulesOn(date string) (*RuleSet, error) {
	for _, r := range ruleSets() {
		if r.From <= date {
			return r, nil
		}
	}
	return nil, fault.New(fault.State, "没有适用于%s的规则集，请联系管理员", date)
}

// Rules returns the rule set of a SHA-256 in hex. A set once shipped stays: records are bound to it.
func Rules(sha256 string) (*RuleSet, error) {
	for _, r := range ruleSets() {
		if r.SHA256 == sha256 {
			return r, nil
		}
	}
	return nil, fault.New(fault.State, "本程序没有摘要为%.8s…的规则集，请升级程序", sha256)
}
