package draw

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"zhiping/shared/fault"
)

// Verify reads a record and recomputes it: it writes "seed <hex>" and "order <stratum> <ids…>" per stratum, then 一致; or it returns the
// first difference as an error in Chinese. Of a void draw it writes "void <reason>" instead.
func Verify(in io.Reader, out io.Writer) error {
	d := json.NewDecoder(in)
	d.DisallowUnknownFields()
	var r Record
	if err := d.Decode(&r); err != nil {
		return fault.New(fault.Invalid, "抽选记录无法读取，或含有本程序不能核对的内容：%v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fault.New(fault.Invalid, "抽选记录之后还有多余内容")
	}
	check := r.recompute
	if r.Void != "" {
		check = r.recomputeVoid
	}
	if err := check(out); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "一致")
	return err
}

func (r *Record) recompute(out io.Writer) error {
	planHash, seed, err := r.seed()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "seed %x\n", seed)
	for _, s := range r.Strata {
		fmt.Fprintf(out, "order %s %s\n", s.Name, strings.Join(Order(seed, s), " "))
	}
	if err := r.named(planHash); err != nil {
		return err
	}
	if r.Seed != "" && !sameHex(r.Seed, hex.EncodeToString(seed)) {
		return fault.New(fault.Invalid, "种子不一致：记录为%s，计算得到%x", r.Seed, seed)
	}
	if err := r.ordered(seed); err != nil {
		return err
	}
	if err := r.decided(seed); err != nil {
		return err
	}
	return r.signed()
}

func (r *Record) recomputeVoid(out io.Writer) error {
	planHash, err := PlanHash(r.Plan, r.Strata)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "void %s\n", r.Void)
	if len(r.Result) > 0 || r.Seed != "" {
		return fault.New(fault.Invalid, "抽选已作废，记录中不应有种子和结果")
	}
	if err := r.named(planHash); err != nil {
		return err
	}
	if err := r.opened(planHash); err != nil {
		return err
	}
	return r.signed()
}

// named checks the plan's hash.
func (r *Record) named(planHash []byte) error {
	if r.PlanHash != "" && !sameHex(r.PlanHash, hex.EncodeToString(planHash)) {
		return fault.New(fault.Invalid, "方案摘要不一致：记录为%s，计算得到%x", r.PlanHash, planHash)
	}
	return nil
}

// ordered checks the order of every stratum.
func (r *Record) ordered(seed []byte) error {
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
	}
	return nil
}

// decided recomputes every decision where the plan is of a form that says how; of another plan it checks that the decisions make sense.
func (r *Record) decided(seed []byte) error {
	if r.Single && len(r.Reveals) >= leastParties {
		return fault.New(fault.Invalid, "记录标明参与方不足%d个，实际有%d个", leastParties, len(r.Reveals))
	}
	if r.Redraw > 1 && r.Reason == "" {
		return fault.New(fault.Invalid, "第%d次抽选没有注明理由", r.Redraw)
	}
	p := readPlan(r.Plan)
	if p == nil {
		for _, res := range r.Result {
			if err := plausible(seed, res, len(r.Declines) > 0); err != nil {
				return err
			}
		}
		return nil
	}
	if err := p.Check(r.Strata); err != nil {
		return err
	}
	if err := r.follows(p); err != nil {
		return err
	}
	want, err := selected(seed, r.Strata, p.quota(r.Strata), r.Declines)
	if err != nil {
		return err
	}
	for i, res := range r.Result {
		if err := same(res, want[i]); err != nil {
			return err
		}
	}
	return nil
}

// follows checks what the record repeats from the plan.
func (r *Record) follows(p *Plan) error {
	var parties []string
	for _, v := range r.Reveals {
		parties = append(parties, v.Party)
	}
	switch {
	case len(p.Parties) > 0 && !slices.Equal(parties, p.Parties):
		return fault.New(fault.Invalid, "参与方不一致：方案为%s，记录为%s", strings.Join(p.Parties, "、"), strings.Join(parties, "、"))
	case p.Public == "none" && r.Public != "none":
		return fault.New(fault.Invalid, "方案没有公共随机源，记录中却有公共值“%s”", r.Public)
	case len(r.Excluded) > 0 && !maps.Equal(r.Excluded, p.Excluded):
		return fault.New(fault.Invalid, "排除名单与方案不一致")
	case r.Redraw != 0 && r.Redraw != p.Redraw, r.Reason != "" && r.Reason != p.Reason:
		return fault.New(fault.Invalid, "重新抽选的次数或理由与方案不一致")
	}
	if p.Redraw > 1 {
		return r.twoSigned(p.Redraw)
	}
	return nil
}

// twoSigned checks that a redraw stands on two persons' signatures (draw.md, 3).
func (r *Record) twoSigned(redraw int) error {
	signers := map[string]bool{}
	for _, s := range r.Signatures {
		signers[strings.ToLower(s.Key)] = true
	}
	if len(signers) < 2 {
		return fault.New(fault.Invalid, "第%d次抽选须有两人签名，记录中有%d人", redraw, len(signers))
	}
	return nil
}

// same compares a recorded walk with the one that was recomputed; a record without trace says nothing about it.
func same(got, want Result) error {
	if got.Trace == nil {
		return nil
	}
	for i := range max(len(got.Trace), len(want.Trace)) {
		if i >= len(got.Trace) || i >= len(want.Trace) || got.Trace[i] != want.Trace[i] {
			return fault.New(fault.Invalid, "“%s”组抽选过程第%d行不一致：记录为%s，计算得到%s", got.Stratum, i+1, line(got.Trace, i), line(want.Trace, i))
		}
	}
	if got.Short != want.Short {
		return fault.New(fault.Invalid, "“%s”组缺额不一致：记录为%d，计算得到%d", got.Stratum, got.Short, want.Short)
	}
	return nil
}

func line(trace []Trace, i int) string {
	if i >= len(trace) {
		return "（无）"
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", trace[i].ID, trace[i].Decision, trace[i].Reason))
}

// plausible checks that a trace, where there is one, follows the order: who was taken before all others is for the rules of the plan. After
// a decline somebody who was taken earlier may stand below an alternate.
func plausible(seed []byte, r Result, declined bool) error {
	if r.Trace == nil {
		return nil
	}
	if len(r.Trace) != len(r.Order) {
		return fault.New(fault.Invalid, "“%s”组的抽选过程有%d行，排序有%d人", r.Stratum, len(r.Trace), len(r.Order))
	}
	full := false
	for i, t := range r.Trace {
		key := hex.EncodeToString(Key(seed, r.Stratum, r.Order[i])[:8])
		switch {
		case t.ID != r.Order[i] || t.Rank != i+1 || t.Key != key:
			return fault.New(fault.Invalid, "“%s”组抽选过程第%d行与排序不一致", r.Stratum, i+1)
		case full && !declined && t.Decision == Taken:
			return fault.New(fault.Invalid, "“%s”组第%d位%s在名额已满后被选入", r.Stratum, i+1, t.ID)
		case (t.Decision == Skipped || t.Decision == Declined) && t.Reason == "":
			return fault.New(fault.Invalid, "“%s”组第%d位%s被跳过，但没有理由", r.Stratum, i+1, t.ID)
		case !slices.Contains([]Decision{Taken, Alternate, Skipped, Declined, Left}, t.Decision):
			return fault.New(fault.Invalid, "“%s”组第%d位的结论“%s”无法识别", r.Stratum, i+1, t.Decision)
		}
		full = full || t.Decision == Alternate || t.Decision == Left
	}
	return nil
}

// signed checks every signature that is there.
func (r *Record) signed() error {
	if len(r.Signatures) == 0 {
		return nil
	}
	digest, err := r.Digest()
	if err != nil {
		return err
	}
	for _, s := range r.Signatures {
		key, bad := hex.DecodeString(s.Key)
		value, worse := hex.DecodeString(s.Value)
		if bad != nil || worse != nil || len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, digest, value) {
			return fault.New(fault.Invalid, "“%s”的签名与抽选记录不符", s.Name)
		}
	}
	return nil
}

// sameHex compares two hexadecimal texts, in small letters or capitals.
func sameHex(a, b string) bool {
	x, bad := hex.DecodeString(a)
	y, worse := hex.DecodeString(b)
	return bad == nil && worse == nil && bytes.Equal(x, y)
}

func at(ids []string, i int) string {
	if i < len(ids) {
		return ids[i]
	}
	return "（无）"
}
