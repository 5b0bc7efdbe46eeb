package catalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"zhiping/assets"
	"zhiping/shared/fault"
)

// A Threshold is one figure of a rule set with the article it is from.
type Threshold struct {
	Value  int    `json:"value"`
	Source string `json:"source"`
}

// A RuleSet is every threshold of the business under one date (rules.md): data, not code, because the office may correct it. It never
// changes; it is named by the SHA-256 of its bytes, an activity is bound to it at publication, and a meeting's package carries it.
type RuleSet struct {
	SHA256 string `json:"-"`
	Bytes  []byte `json:"-"`

	Name                 string    `json:"name"`
	From                 string    `json:"from"` // civil date from which it holds
	FilingYears          Threshold `json:"filing_years"`
	TermYears            Threshold `json:"term_years"`
	LeastHighBySeries    Threshold `json:"least_high_by_series"`
	LeastHighBySpecialty Threshold `json:"least_high_by_specialty"`
	LeastGroup           Threshold `json:"least_group"`
	PublicityDays        Threshold `json:"publicity_days"`
	EmployerDays         Threshold `json:"employer_publicity_days"`
	YearsRunning         Threshold `json:"years_running"`
	NeedNumerator        Threshold `json:"need_numerator"`
	NeedDenominator      Threshold `json:"need_denominator"`
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
	slices.SortFunc(all, func(a, b *RuleSet) int { return -bytes.Compare([]byte(a.From), []byte(b.From)) })
	return all
})

// ReadRules reads a rule set from its bytes.
func ReadRules(b []byte) (*RuleSet, error) {
	sum := sha256.Sum256(b)
	r := &RuleSet{SHA256: hex.EncodeToString(sum[:]), Bytes: b}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(r); err != nil {
		return nil, err
	}
	if r.NeedDenominator.Value < 1 || r.From == "" {
		return nil, fmt.Errorf("incomplete")
	}
	return r, nil
}

// RulesOn returns the rule set that holds on a civil date.
func RulesOn(date string) (*RuleSet, error) {
	for _, r := range ruleSets() {
		if r.From <= date {
			return r, nil
		}
	}
	return nil, fault.New(fault.State, "没有适用于%s的规则集，请联系管理员", date)
}

// Rules returns the rule set of a SHA-256.
func Rules(sha256 string) (*RuleSet, error) {
	for _, r := range ruleSets() {
		if r.SHA256 == sha256 {
			return r, nil
		}
	}
	return nil, fault.New(fault.State, "本程序没有摘要为%.8s…的规则集，请升级程序", sha256)
}
