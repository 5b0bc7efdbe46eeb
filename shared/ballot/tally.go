package ballot

import (
	"crypto/hpke"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"zhiping/shared/catalog"
	"zhiping/shared/fault"
)

// The decisions of a round on an applicant.
const (
	Passed   = "PASSED"
	NotPass  = "FAILED"
	NoResult = "NONE" // of a score that is a basis
)

// A Result is what a round decided on one applicant. The second line is of a vote, the third of a score.
type Result struct {
	Applicant                 string
	Abstain, Recused          int64
	Invalid, Missing          int64 // of the round: they stay in the base and count for nobody
	Agree, Oppose, Base, Need int64

	Scored, Kept int64 // valid scores, and those left after trimming
	Sum          int64 // of the weighted items of the kept scores
	Mean         int64 // in hundredths, rounded down
	Rank         int64 // from 1; equal means share a rank; 0 without a score

	Decision string
}

func (r *Result) values() []string {
	return []string{
		r.Applicant, digits(r.Agree), digits(r.Oppose), digits(r.Abstain), digits(r.Recused), digits(r.Invalid), digits(r.Missing), digits(r.Base), digits(r.Need),
		digits(r.Scored), digits(r.Kept), digits(r.Sum), digits(r.Mean), digits(r.Rank), r.Decision,
	}
}

func (r *Result) take(c *codec, v []string) {
	n := func(i int) int64 { return c.number("result", v[i]) }
	*r = Result{
		Applicant: v[0], Agree: n(1), Oppose: n(2), Abstain: n(3), Recused: n(4), Invalid: n(5), Missing: n(6), Base: n(7), Need: n(8),
		Scored: n(9), Kept: n(10), Sum: n(11), Mean: n(12), Rank: n(13), Decision: v[14],
	}
}

// oldValues is how the first version wrote a result: of a score the number of scores, their sum and mean stood in the places of a vote's figures.
func (r *Result) oldValues() []string {
	agree, base, need := r.Agree, r.Base, r.Need
	if r.Decision == NoResult {
		agree, base, need = r.Scored, r.Sum, r.Mean
	}
	return []string{r.Applicant, digits(agree), digits(r.Oppose), digits(r.Abstain), digits(r.Recused), digits(r.Invalid), digits(r.Missing), digits(base), digits(need), r.Decision}
}

func (r *Result) takeOld(c *codec, v []string) {
	n := func(i int) int64 { return c.number("result", v[i]) }
	*r = Result{Applicant: v[0], Agree: n(1), Oppose: n(2), Abstain: n(3), Recused: n(4), Invalid: n(5), Missing: n(6), Base: n(7), Need: n(8), Decision: v[9]}
	if r.Decision == NoResult {
		r.Scored, r.Kept, r.Sum, r.Mean = r.Agree, r.Agree, r.Base, r.Need
		r.Agree, r.Base, r.Need = 0, 0, 0
	}
}

// Text is the decision as it is printed, with the figures of the rule.
func (r *Result) Text(present int64) string {
	word := map[string]string{Passed: "通过", NotPass: "未通过"}[r.Decision]
	if r.scored() {
		s := fmt.Sprintf("有效评分%d份，平均%d.%02d分", r.Scored, r.Mean/100, r.Mean%100)
		if r.Rank > 0 {
			s += fmt.Sprintf("，第%d名", r.Rank)
		}
		if word != "" {
			s += "，" + word
		}
		return s
	}
	return fmt.Sprintf("出席%d人，同意%d票，需%d票，%s", present, r.Agree, r.Need, word)
}

func (r *Result) scored() bool { return r.Decision == NoResult || r.Scored > 0 }

// cells are the cells of those who were not recused.
func (r *Result) cells() int64 { return r.Agree + r.Oppose + r.Abstain + r.Scored }

// fewest is the least number of cells whose figures may be shown in a secret round: fewer would show who decided how.
const fewest = 3

// Hidden reports whether only the outcome of a result may be shown: a secret column of fewer than three cells.
func (r *Round) Hidden(res *Result) bool { return r.Secrecy == SecretBallot && res.cells() < fewest }

// Outcome is a result as it may be shown and printed.
func (r *Round) Outcome(res *Result, present int64) string {
	if !r.Hidden(res) {
		return res.Text(present)
	}
	word := map[string]string{Passed: "通过", NotPass: "未通过", NoResult: "已评分"}[res.Decision]
	return fmt.Sprintf("%s（有效选票不足%d份，只公布结论）", word, fewest)
}

// An opened round is what the tally process hands out: columns, nothing of single ballots of a secret round.
type opened struct {
	columns []byte
	invalid []string
}

// openRound opens every counted envelope with two custodians' keys. Invalid ballots stay in the base.
func openRound(p *Package, r *Round, counted []*Envelope, pair int, outer, inner hpke.PrivateKey) (*opened, error) {
	columns := make([][]row, len(p.Applicants))
	o := &opened{}
	var ballots []named
	for _, e := range counted {
		plain, ok, err := e.open(p, r, pair, outer, inner)
		if err != nil {
			return nil, err
		}
		if !ok {
			o.invalid = append(o.invalid, IDOf(e.Raw).String())
			continue
		}
		r.addTo(columns, p, plain)
		if r.Secrecy == NamedBallot {
			ballots = append(ballots, named{e.Expert, plain})
		}
	}
	slices.Sort(o.invalid)
	var err error
	if o.columns, err = columnText(p, ballots, columns); err != nil {
		return nil, err
	}
	return o, nil
}

// OpenRound opens a closed round with two custodians' keys and signs the tally as the hub: it reads the log alone and hands out columns
// and counts, nothing of single ballots. It returns the tally object and the columns.
func OpenRound(s *State, round, program string, a, b *Secret, hub Key) (tally, columns []byte, err error) {
	columns, invalid, err := Unseal(s, round, a, b)
	if err != nil {
		return nil, nil, err
	}
	t, err := TallyOf(s, round, program, columns, invalid)
	if err != nil {
		return nil, nil, err
	}
	tally, err = t.Sign(hub)
	return tally, columns, err
}

// Unseal opens a closed round with two custodians' keys: what the tally process does. It reads the log alone and hands out the columns and the ids
// of the invalid ballots, nothing of single ballots of a secret round. Of a round that has been counted it gives the same columns again, should they be lost.
func Unseal(s *State, round string, a, b *Secret) (columns []byte, invalid []string, err error) {
	r, spec := s.Rounds[round], s.Package.Round(round)
	if r == nil || r.Close == nil || len(r.Openers) != 2 {
		return nil, nil, errNotOpenable
	}
	i := pairOf(r.Pair)
	outer, inner := s.Package.secret(pairs[i].i, a, b), s.Package.secret(pairs[i].j, a, b)
	if outer == nil || inner == nil {
		return nil, nil, fault.New(fault.Denied, "密钥与所选的一组保管人不符")
	}
	o, err := openRound(s.Package, spec, s.Counted(round), i, outer.Seal, inner.Seal)
	if err != nil {
		return nil, nil, err
	}
	return o.columns, o.invalid, nil
}

var errNotOpenable = fault.New(fault.State, "该轮次尚未关闭，或没有两名保管人的授权")

// secret is the one of some secrets that is a custodian's; it is known by its signing key.
func (p *Package) secret(custodian int, some ...*Secret) *Secret {
	for _, x := range some {
		if x.Sign.Public() == p.Custodians[custodian].SignKey {
			return x
		}
	}
	return nil
}

// TallyOf counts a closed round from its columns and the ids of its invalid ballots, to be signed by the hub: it needs no key, and refuses columns
// that do not fit the ballots counted.
func TallyOf(s *State, round, program string, columns []byte, invalid []string) (*Tally, error) {
	r, spec := s.Rounds[round], s.Package.Round(round)
	if r == nil || r.State != RoundClosed || len(r.Openers) != 2 {
		return nil, errNotOpenable
	}
	sum := sha256.Sum256(columns)
	t := &Tally{Old: s.Package.Old, Session: s.Package.Session, Round: round, Close: r.CloseID[:], Pair: r.Pair, Program: program, Columns: sum[:], Invalid: invalid}
	valid, err := s.valid(round, t)
	if err != nil {
		return nil, err
	}
	ballots, rows, err := parseColumns(s.Package, spec, columns)
	if err != nil {
		return nil, err
	}
	if t.Results, err = countRows(s.Package, spec, rows, r.Close.Counted, int64(len(invalid)), r.Close.Present); err != nil {
		return nil, err
	}
	for _, res := range t.Results {
		if res.Recused != recusals(s.Package, valid, res.Applicant) && !s.Package.Old {
			return nil, fault.New(fault.Invalid, "轮次%s“%s”的回避票数与回避名单不符", round, s.Package.Applicant(res.Applicant).Name)
		}
	}
	t.Voted, err = checkNamed(s.Package, spec, valid, ballots, columns)
	return t, err
}

// Count recomputes the results of a round from its columns: what anyone can do afterwards.
func Count(p *Package, r *Round, columns []byte, counted, invalid, present int64) ([]Result, error) {
	_, parsed, err := parseColumns(p, r, columns)
	if err != nil {
		return nil, err
	}
	return countRows(p, r, parsed, counted, invalid, present)
}

func countRows(p *Package, r *Round, parsed [][]row, counted, invalid, present int64) ([]Result, error) {
	rules, err := catalog.ReadRules(p.RuleSet)
	if err != nil {
		return nil, err
	}
	var results []Result
	for i, a := range p.Applicants {
		if int64(len(parsed[i])) != counted-invalid {
			return nil, fault.New(fault.Invalid, "“%s”一栏有%d行，应有%d行", a.Name, len(parsed[i]), counted-invalid)
		}
		res := Result{Applicant: a.ID, Invalid: invalid, Missing: present - counted}
		totals, err := res.count(p, r, parsed[i])
		if err != nil {
			return nil, err
		}
		if r.Kind == Score {
			res.average(r, totals)
		} else {
			res.pass(r, present, rules)
		}
		results = append(results, res)
	}
	if r.Kind == Score {
		r.rank(p, results)
	}
	return results, nil
}

// count counts a column, and of a score gives the weighted total of each ballot that scored.
func (res *Result) count(p *Package, r *Round, rows []row) (totals []int64, err error) {
	items := p.items(r)
	for _, x := range rows {
		cell, ok := r.cellOf(x.value)
		if !ok || !p.legalCell(r, cell, r.kindOf(cell) == Recused) {
			return nil, fault.New(fault.Invalid, "计票栏中有无法识别的值“%s”", x.value)
		}
		switch kind := r.kindOf(cell); {
		case kind == Abstain:
			res.Abstain++
		case kind == Recused:
			res.Recused++
		case r.Kind == Score:
			total := int64(0)
			for k := range int(r.Items) {
				v := int64(binary.BigEndian.Uint16(cell[2*k:]))
				if k < len(items) {
					v *= items[k].Weight
				}
				total += v
			}
			totals = append(totals, total)
		case kind == Agree:
			res.Agree++
		default:
			res.Oppose++
		}
	}
	return totals, nil
}

// pass decides a vote: passed with need(base) yes votes, the base being those attending when the round opened (Article 20).
func (res *Result) pass(r *Round, present int64, rules *catalog.RuleSet) {
	if res.Base = present; r.Base == AttendingLessRecused {
		res.Base -= res.Recused
	}
	res.Need, res.Decision = int64(rules.Need(int(res.Base))), NotPass
	if res.Base > 0 && res.Agree >= res.Need {
		res.Decision = Passed
	}
}

// average takes the mean in integers, without the highest and the lowest scores if the round says so and enough are left.
func (res *Result) average(r *Round, totals []int64) {
	res.Scored = int64(len(totals))
	slices.Sort(totals)
	if res.Scored > 2*r.Trim {
		totals = totals[r.Trim : res.Scored-r.Trim]
	}
	res.Kept = int64(len(totals))
	for _, t := range totals {
		res.Sum += t
	}
	if res.Kept > 0 {
		res.Mean = 100 * res.Sum / (res.Kept * max(r.Divisor, 1))
	}
}

// rank ranks the scored by their means as they are printed, and decides by the round's rule.
func (r *Round) rank(p *Package, results []Result) {
	var means []int64
	for i := range results {
		if results[i].Kept > 0 {
			means = append(means, results[i].Mean)
		}
	}
	slices.SortFunc(means, func(a, b int64) int { return int(b - a) })
	for i := range results {
		res := &results[i]
		if res.Kept > 0 && !p.Old {
			res.Rank = int64(slices.Index(means, res.Mean)) + 1
		}
		res.Decision = NotPass
		switch {
		case r.Rule == RuleDefault:
			res.Decision = NoResult
		case res.Kept > 0 && (r.Rule == RuleTop && res.Rank <= r.Value || r.Rule == RuleMean && res.Mean >= r.Value):
			res.Decision = Passed
		}
	}
}
