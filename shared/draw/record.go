package draw

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"zhiping/shared/fault"
)

// A Record is everything the draw is recomputed from (draw.md). Keys beyond plan, strata, reveals, public, commits and result are checked
// when they are there.
type Record struct {
	Plan    string            `json:"plan"`
	Strata  []Stratum         `json:"strata"`
	Reveals []Reveal          `json:"reveals"`
	Public  string            `json:"public"`
	Commits map[string]string `json:"commits"`
	Result  []Result          `json:"result"`

	PlanHash string `json:"planHash,omitempty"`
	Seed     string `json:"seed,omitempty"`
	// Redraw is the number of this draw, with the reason from the second on.
	Redraw int    `json:"redraw,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Single marks a draw with one party only, which a setting allows.
	Single bool `json:"single,omitempty"`
	// Excluded lists the experts left out beforehand, with reasons.
	Excluded map[string]string `json:"excluded,omitempty"`
}

// A Result is the order of one stratum, and what became of each candidate.
type Result struct {
	Stratum string   `json:"stratum"`
	Order   []string `json:"order"`
	Trace   []Trace  `json:"trace,omitempty"`
}

// Run completes a record that has plan, strata, commits, reveals and public value: it checks every number against its commit and fills in
// seed, orders and traces; quota gives what each stratum takes.
func (r *Record) Run(quota func(stratum string) Quota) error {
	planHash, seed, err := r.seed()
	if err != nil {
		return err
	}
	r.PlanHash, r.Seed, r.Result = hexOf(planHash), hexOf(seed), nil
	for _, s := range r.Strata {
		order := Order(seed, s)
		r.Result = append(r.Result, Result{Stratum: s.Name, Order: order, Trace: Walk(seed, s.Name, order, quota(s.Name))})
	}
	return nil
}

// seed recomputes plan hash and seed and checks the commits.
func (r *Record) seed() (planHash, seed []byte, err error) {
	if planHash, err = PlanHash(r.Plan, r.Strata); err != nil {
		return nil, nil, err
	}
	if len(r.Reveals) == 0 || len(r.Reveals) != len(r.Commits) {
		return nil, nil, fault.New(fault.Invalid, "承诺%d份，公开密数%d份，须一一对应", len(r.Commits), len(r.Reveals))
	}
	parties := map[string]bool{}
	for _, v := range r.Reveals {
		value, bad := hex.DecodeString(v.Value)
		if bad != nil || len(value) != ValueSize || parties[v.Party] {
			return nil, nil, fault.New(fault.Invalid, "参与方“%s”的密数重复或不是%d位十六进制数", v.Party, 2*ValueSize)
		}
		parties[v.Party] = true
		if got := hexOf(Commit(planHash, v.Party, value)); got != r.Commits[v.Party] {
			return nil, nil, fault.New(fault.Invalid, "参与方“%s”公开的密数与其承诺不符：应为%s，计算得到%s", v.Party, r.Commits[v.Party], got)
		}
	}
	seed, err = Seed(planHash, r.Reveals, r.Public)
	return planHash, seed, err
}

// JSON returns the record's bytes.
func (r *Record) JSON() ([]byte, error) { return json.MarshalIndent(r, "", "  ") }

// Verify reads a record and recomputes it: it writes "seed <hex>" and "order <stratum> <ids…>" per stratum, then 一致; or it returns the
// first difference as an error in Chinese.
func Verify(in io.Reader, out io.Writer) error {
	d := json.NewDecoder(in)
	d.DisallowUnknownFields()
	var r Record
	if err := d.Decode(&r); err != nil {
		return fault.New(fault.Invalid, "抽选记录无法读取：%v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fault.New(fault.Invalid, "抽选记录之后还有多余内容")
	}
	planHash, seed, err := r.seed()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "seed %x\n", seed)
	for _, s := range r.Strata {
		fmt.Fprintf(out, "order %s %s\n", s.Name, strings.Join(Order(seed, s), " "))
	}
	if err := r.differs(planHash, seed); err != nil {
		return err
	}
	fmt.Fprintln(out, "一致")
	return nil
}

func (r *Record) differs(planHash, seed []byte) error {
	if r.PlanHash != "" && r.PlanHash != hexOf(planHash) {
		return fault.New(fault.Invalid, "方案摘要不一致：记录为%s，计算得到%x", r.PlanHash, planHash)
	}
	if r.Seed != "" && r.Seed != hexOf(seed) {
		return fault.New(fault.Invalid, "种子不一致：记录为%s，计算得到%x", r.Seed, seed)
	}
	if len(r.Result) != len(r.Strata) {
		return fault.New(fault.Invalid, "抽选结果有%d组，抽选名单有%d组", len(r.Result), len(r.Strata))
	}
	for i, s := range r.Strata {
		got := r.Result[i]
		if got.Stratum != s.Name {
			return fault.New(fault.Invalid, "第%d组结果应为“%s”，记录为“%s”", i+1, s.Name, got.Stratum)
		}
		want := Order(seed, s)
		for j := range max(len(want), len(got.Order)) {
			if j >= len(want) || j >= len(got.Order) || want[j] != got.Order[j] {
				return fault.New(fault.Invalid, "“%s”组第%d位不一致：记录为%s，计算得到%s", s.Name, j+1, at(got.Order, j), at(want, j))
			}
		}
		if err := traced(seed, s.Name, want, got.Trace); err != nil {
			return err
		}
	}
	return nil
}

// traced checks that a trace, where there is one, follows the order: who was taken before all others is for the rules of the plan.
func traced(seed []byte, stratum string, order []string, trace []Trace) error {
	if trace == nil {
		return nil
	}
	if len(trace) != len(order) {
		return fault.New(fault.Invalid, "“%s”组的抽选过程有%d行，排序有%d人", stratum, len(trace), len(order))
	}
	full := false
	for i, t := range trace {
		key := hex.EncodeToString(Key(seed, stratum, order[i])[:8])
		if t.ID != order[i] || t.Rank != i+1 || t.Key != key {
			return fault.New(fault.Invalid, "“%s”组抽选过程第%d行与排序不一致", stratum, i+1)
		}
		if full && t.Decision == Taken {
			return fault.New(fault.Invalid, "“%s”组第%d位%s在名额已满后被选入", stratum, i+1, t.ID)
		}
		full = full || t.Decision == Alternate || t.Decision == Left
		if (t.Decision == Skipped || t.Decision == Declined) && t.Reason == "" {
			return fault.New(fault.Invalid, "“%s”组第%d位%s被跳过，但没有理由", stratum, i+1, t.ID)
		}
		if !slices.Contains([]Decision{Taken, Alternate, Skipped, Declined, Left}, t.Decision) {
			return fault.New(fault.Invalid, "“%s”组第%d位的结论“%s”无法识别", stratum, i+1, t.Decision)
		}
	}
	return nil
}

func at(ids []string, i int) string {
	if i < len(ids) {
		return ids[i]
	}
	return "（无）"
}
