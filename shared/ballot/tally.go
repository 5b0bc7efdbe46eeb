package ballot

import (
	"bytes"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"zhiping/shared/catalog"
	"zhiping/shared/fault"
)

// The decisions of a round on an applicant.
const (
	Passed   = "PASSED"
	NotPass  = "FAILED"
	NoResult = "NONE" // of a score: a basis, no decision
)

// A Result is what a round decided on one applicant. Of a score Agree is the number of valid scores, Base their sum in units, Need the mean
// in hundredths (rounded down) and Decision NONE.
type Result struct {
	Applicant                                         string
	Agree, Oppose, Abstain, Recused, Invalid, Missing int64
	Base, Need                                        int64
	Decision                                          string
}

func (r *Result) values() []string {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	return []string{r.Applicant, n(r.Agree), n(r.Oppose), n(r.Abstain), n(r.Recused), n(r.Invalid), n(r.Missing), n(r.Base), n(r.Need), r.Decision}
}

// Text is the decision as it is printed, with the figures of the rule.
func (r *Result) Text(present int64) string {
	word := map[string]string{Passed: "通过", NotPass: "未通过"}[r.Decision]
	if r.Decision == NoResult {
		return fmt.Sprintf("有效评分%d份，平均%d.%02d分", r.Agree, r.Need/100, r.Need%100)
	}
	return fmt.Sprintf("出席%d人，同意%d票，需%d票，%s", present, r.Agree, r.Need, word)
}

// A row is one opened ballot of a column.
type row struct {
	code  []byte
	value string
}

// An opened round is what the tally process hands out: columns and counts, nothing of single ballots.
type opened struct {
	columns []byte
	results []Result
}

// openRound opens every counted envelope with two custodians' keys and counts. invalid ballots stay in the base.
func openRound(p *Package, r *Round, counted []*Envelope, present int64, pair int, outer, inner hpke.PrivateKey) (*opened, error) {
	columns := make([][]row, len(p.Applicants))
	invalid := int64(0)
	for _, e := range counted {
		plain, ok, err := e.open(p, r, pair, outer, inner)
		if err != nil {
			return nil, err
		}
		if !ok {
			invalid++
			continue
		}
		secret, cells, w := plain[1:33], plain[33:], r.width()
		for i, a := range p.Applicants {
			columns[i] = append(columns[i], row{Code(secret, r.ID, a.ID), r.value(cells[i*w : (i+1)*w])})
		}
	}
	text, err := columnText(p, columns)
	if err != nil {
		return nil, err
	}
	results, err := Count(p, r, text, int64(len(counted)), invalid, present)
	return &opened{columns: text, results: results}, err
}

// value writes a cell.
func (r *Round) value(cell []byte) string {
	if r.Kind == Vote {
		return strconv.Itoa(int(cell[0]))
	}
	var items []string
	for k := range int(r.Items) {
		items = append(items, strconv.Itoa(int(binary.BigEndian.Uint16(cell[2*k:]))))
	}
	return strings.Join(items, ",")
}

// columnText writes the columns, each sorted by code.
func columnText(p *Package, columns [][]row) ([]byte, error) {
	var b bytes.Buffer
	for i, a := range p.Applicants {
		col := columns[i]
		sort.Slice(col, func(x, y int) bool { return bytes.Compare(col[x].code, col[y].code) < 0 })
		fmt.Fprintf(&b, "applicant %s\n", a.ID)
		for j, c := range col {
			if j > 0 && bytes.Equal(c.code, col[j-1].code) {
				return nil, fault.New(fault.State, "两张选票的核对码相同，计票停止，请联系技术人员")
			}
			fmt.Fprintf(&b, "%x %s\n", c.code, c.value)
		}
	}
	return b.Bytes(), nil
}

// Count recomputes the results of a round from its columns: what anyone can do afterwards.
func Count(p *Package, r *Round, columns []byte, counted, invalid, present int64) ([]Result, error) {
	rules, err := catalog.ReadRules(p.RuleSet)
	if err != nil {
		return nil, err
	}
	parsed, err := parseColumns(p, columns)
	if err != nil {
		return nil, err
	}
	var results []Result
	for i, a := range p.Applicants {
		if int64(len(parsed[i])) != counted-invalid {
			return nil, fault.New(fault.Invalid, "“%s”一栏有%d行，应有%d行", a.Name, len(parsed[i]), counted-invalid)
		}
		res := Result{Applicant: a.ID, Invalid: invalid, Missing: present - counted}
		if r.Kind == Score {
			err = res.score(r, parsed[i])
		} else {
			err = res.vote(r, parsed[i], present, rules)
		}
		if err != nil {
			return nil, err
		}
		results = append(results, res)
	}
	return results, nil
}

// vote counts a column: passed with need(base) yes votes, the base being those attending when the round opened (Article 20).
func (res *Result) vote(r *Round, values []string, present int64, rules *catalog.RuleSet) error {
	for _, v := range values {
		switch v {
		case "1":
			res.Agree++
		case "2":
			res.Oppose++
		case "3":
			res.Abstain++
		case "4":
			res.Recused++
		default:
			return fault.New(fault.Invalid, "计票栏中有无法识别的值“%s”", v)
		}
	}
	if res.Base = present; r.Base == AttendingLessRecused {
		res.Base -= res.Recused
	}
	res.Need, res.Decision = int64(rules.Need(int(res.Base))), NotPass
	if res.Base > 0 && res.Agree >= res.Need {
		res.Decision = Passed
	}
	return nil
}

// score adds a column up in integers: the sum of all items of all valid scores, and their mean in hundredths.
func (res *Result) score(r *Round, values []string) error {
	for _, v := range values {
		total := int64(0)
		special := uint64(0)
		for _, item := range strings.Split(v, ",") {
			n, err := strconv.ParseUint(item, 10, 16)
			if err != nil {
				return fault.New(fault.Invalid, "计票栏中有无法识别的值“%s”", v)
			}
			if n >= uint64(ScoreAbstain) {
				special = n
			}
			total += int64(n)
		}
		switch special {
		case uint64(ScoreRecused):
			res.Recused++
		case uint64(ScoreAbstain):
			res.Abstain++
		default:
			res.Agree++
			res.Base += total
		}
	}
	res.Decision = NoResult
	if res.Agree > 0 {
		res.Need = res.Base * 100 / res.Agree
	}
	return nil
}

// parseColumns reads columns and refuses any that would be written otherwise.
func parseColumns(p *Package, columns []byte) ([][]string, error) {
	all := make([][]string, len(p.Applicants))
	at, last := -1, ""
	for _, line := range strings.Split(strings.TrimSuffix(string(columns), "\n"), "\n") {
		if id, ok := strings.CutPrefix(line, "applicant "); ok {
			if at++; at >= len(p.Applicants) || p.Applicants[at].ID != id {
				return nil, fault.New(fault.Invalid, "计票栏的人员与会议包不符：%s", id)
			}
			last = ""
			continue
		}
		code, value, ok := strings.Cut(line, " ")
		if !ok || at < 0 || len(code) != 16 || code <= last {
			return nil, fault.New(fault.Invalid, "计票栏的行“%s”格式或顺序不正确", line)
		}
		all[at], last = append(all[at], value), code
	}
	if at != len(p.Applicants)-1 {
		return nil, fault.New(fault.Invalid, "计票栏缺少人员：应有%d人，现有%d人", len(p.Applicants), at+1)
	}
	return all, nil
}

// CountedRoot names the counted set: SHA-256 over the sorted lines "expert version envelope-id".
func CountedRoot(counted []*Envelope) []byte {
	var all []string
	for _, e := range counted {
		all = append(all, fmt.Sprintf("%s %d %s\n", e.Expert, e.Version, IDOf(e.Raw)))
	}
	slices.Sort(all)
	sum := sha256.Sum256([]byte(strings.Join(all, "")))
	return sum[:]
}
