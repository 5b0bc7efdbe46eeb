package draw_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zhiping/shared/draw"
	"zhiping/shared/fault"
)

// planned is a draw of two groups by a plan of the program's form: 12 experts of 4 units, at most 3 of one, one chair in each group.
func planned() (*draw.Plan, []draw.Stratum) {
	p := &draw.Plan{
		Draw: "D-2026-002", Rules: strings.Repeat("ab", 32), Year: 2026, On: "2026-03-02T01:00:00Z", Public: "none",
		Strata:  []draw.Places{{Name: "土木组", Take: 4, Alternates: 2}, {Name: "机械组", Take: 3, Alternates: 1}},
		Parties: []string{"organiser", "supervisor", "server"}, Chairs: []string{"E02", "E09"},
		Excluded: map[string]string{"E13": "已连续3年参会"}, MaxPerUnit: 3, Units: map[string]string{},
		Apart: []draw.Pair{{A: "E01", B: "E08", Reason: "近亲属"}},
	}
	strata := []draw.Stratum{{Name: "土木组"}, {Name: "机械组"}}
	for i := range 12 {
		id := fmt.Sprintf("E%02d", i+1)
		strata[i/7].Pool = append(strata[i/7].Pool, id)
		p.Units[id] = fmt.Sprint("单位", i%4)
	}
	return p, strata
}

// sealed is the record before the draw is run; salt changes the parties' numbers.
func sealed(p *draw.Plan, strata []draw.Stratum, salt byte) (*draw.Record, error) {
	text, err := p.Text()
	if err != nil {
		return nil, err
	}
	hash, err := draw.PlanHash(text, strata)
	if err != nil {
		return nil, err
	}
	r := &draw.Record{Plan: text, Strata: strata, Public: "none", Commits: map[string]string{}}
	for i, party := range p.Parties {
		v := []byte(strings.Repeat(string(rune(i+1)), draw.ValueSize-1) + string(rune(salt&0x7f)))
		r.Reveals = append(r.Reveals, draw.Reveal{Party: party, Value: hex.EncodeToString(v)})
		r.Commits[party] = hex.EncodeToString(draw.Commit(hash, party, v))
	}
	return r, nil
}

func run(t *testing.T, p *draw.Plan, strata []draw.Stratum) *draw.Record {
	t.Helper()
	r, err := sealed(p, strata, 7)
	if err == nil {
		err = r.RunPlan()
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func panel(r *draw.Record) []string {
	var all []string
	for _, res := range r.Result {
		all = append(all, draw.Chosen(res.Trace, draw.Taken)...)
	}
	return all
}

func TestPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, strata := planned()
		r, err := sealed(p, strata, rapid.Byte().Draw(t, "salt"))
		if err == nil {
			err = r.RunPlan()
		}
		if err != nil {
			t.Fatal(err)
		}
		for n := rapid.IntRange(0, 3).Draw(t, "declines"); n > 0; n-- {
			before := panel(r)
			gone := rapid.SampledFrom(before).Draw(t, "gone")
			r.Declines = append(r.Declines, draw.Decline{ID: gone, Evidence: "电话记录"})
			if err := r.RunPlan(); err != nil {
				t.Fatal(err)
			}
			after := panel(r)
			if slices.Contains(after, gone) {
				t.Fatalf("%s declined and is still in", gone)
			}
			for _, id := range before {
				if id != gone && !slices.Contains(after, id) {
					t.Fatalf("%s was un-invited when %s declined", id, gone)
				}
			}
		}
		units := map[string]int{}
		for _, id := range panel(r) {
			if units[p.Units[id]]++; units[p.Units[id]] > p.MaxPerUnit {
				t.Fatalf("more than %d of one unit: %v", p.MaxPerUnit, panel(r))
			}
		}
		if got := panel(r); slices.Contains(got, "E01") && slices.Contains(got, "E08") {
			t.Fatalf("relatives on one panel: %v", got)
		}
		b, err := r.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := draw.Verify(strings.NewReader(string(b)), &strings.Builder{}); err != nil {
			t.Fatal(err)
		}
	})
}

// A record whose decisions do not follow from its plan is found out, though order and seed are right.
func TestDecisionsAreRecomputed(t *testing.T) {
	for name, harm := range map[string]func(*draw.Record){
		"swapped": func(r *draw.Record) {
			tr := r.Result[0].Trace
			i := slices.IndexFunc(tr, func(x draw.Trace) bool { return x.Decision == draw.Taken })
			j := slices.IndexFunc(tr, func(x draw.Trace) bool { return x.Decision == draw.Alternate })
			tr[i].Decision, tr[j].Decision = tr[j].Decision, tr[i].Decision
		},
		"an invented reason":         func(r *draw.Record) { r.Result[1].Trace[0].Decision, r.Result[1].Trace[0].Reason = draw.Skipped, "无" },
		"a hidden decline":           func(r *draw.Record) { r.Declines = nil },
		"a decline without evidence": func(r *draw.Record) { r.Declines[0].Evidence = "" },
		"a decline of nobody":        func(r *draw.Record) { r.Declines[0].ID = "E99" },
		"excluded":                   func(r *draw.Record) { r.Excluded = map[string]string{"E13": "退休"} },
		"redraw":                     func(r *draw.Record) { r.Redraw, r.Reason = 2, "重新抽选" },
		"parties":                    func(r *draw.Record) { r.Reveals[0], r.Reveals[1] = r.Reveals[1], r.Reveals[0] },
		"short":                      func(r *draw.Record) { r.Result[0].Short = 1 },
		"one line less":              func(r *draw.Record) { r.Result[0].Trace = r.Result[0].Trace[1:] },
		"single":                     func(r *draw.Record) { r.Single = true },
	} {
		p, strata := planned()
		r := run(t, p, strata)
		r.Declines = []draw.Decline{{ID: panel(r)[0], Evidence: "请假条"}}
		if err := r.RunPlan(); err != nil {
			t.Fatal(err)
		}
		if out, err := verify(t, r); err != nil {
			t.Fatal(out, err)
		}
		harm(r)
		if out, err := verify(t, r); fault.CodeOf(err) != fault.Invalid || strings.Contains(out, "一致") {
			t.Errorf("%s: not noticed (%v)", name, err)
		}
	}
}

func TestPlanIsChecked(t *testing.T) {
	for says, harm := range map[string]func(*draw.Plan){
		"抽选组":  func(p *draw.Plan) { p.Strata = p.Strata[:1] },
		"土木":   func(p *draw.Plan) { p.Strata[0].Name = "土建组" },
		"至少为1": func(p *draw.Plan) { p.Strata[0].Take = 0 },
		"不足8人": func(p *draw.Plan) { p.Strata[0].Take = 8 },
		"已排除":  func(p *draw.Plan) { p.Excluded["E03"] = "已退休" },
		"注明理由": func(p *draw.Plan) { p.Excluded["E13"] = "" },
		"工作单位": func(p *draw.Plan) { delete(p.Units, "E05") },
		"人选":   func(p *draw.Plan) { p.Chairs = []string{"E77"} },
		"回避关系": func(p *draw.Plan) { p.Apart[0].Reason = "" },
		"参与方":  func(p *draw.Plan) { p.Parties[1] = "organiser" },
		"摘要":   func(p *draw.Plan) { p.Redraw, p.Reason, p.Previous = 2, "程序有误", "00" },
	} {
		p, strata := planned()
		harm(p)
		if err := p.Check(strata); fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), says) {
			t.Errorf("want a fault with %s, got %v", says, err)
		}
	}
}

// One group that cannot be filled says how many are missing instead of taking somebody against the rules.
func TestShort(t *testing.T) {
	p, strata := planned()
	p.MaxPerUnit, p.Strata[0].Take, p.Strata[1].Take = 1, 4, 2
	r := run(t, p, strata)
	if r.Result[0].Short+r.Result[1].Short == 0 || len(panel(r)) > 4 {
		t.Fatalf("4 units with one each gave %v", panel(r))
	}
	if out, err := verify(t, r); err != nil {
		t.Fatal(out, err)
	}
}

func signer(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(n)), ed25519.SeedSize)))
}

// A draw in which a party does not reveal is void and stays on record; its redraw is numbered and signed by two.
func TestVoidAndRedraw(t *testing.T) {
	p, strata := planned()
	first, err := sealed(p, strata, 1)
	if err != nil {
		t.Fatal(err)
	}
	first.Reveals = first.Reveals[:2]
	if err := first.RunPlan(); fault.CodeOf(err) != fault.Invalid {
		t.Fatalf("drawn without a party's number: %v", err)
	}
	if err := first.Abandon("server未在期限内公开密数"); err != nil {
		t.Fatal(err)
	}
	if err := first.RunPlan(); fault.CodeOf(err) != fault.State {
		t.Fatalf("a void draw was run: %v", err)
	}
	if err := first.Sign("监督人员", signer(1)); err != nil {
		t.Fatal(err)
	}
	if out, err := verify(t, first); err != nil || out != "void server未在期限内公开密数\n一致\n" {
		t.Fatal(out, err)
	}
	first.Void = "无"
	if _, err := verify(t, first); err == nil {
		t.Fatal("another reason than the one that was signed")
	}

	hash, err := hex.DecodeString(first.PlanHash)
	if err != nil {
		t.Fatal(err)
	}
	second := run(t, p.Again(hash, "上次抽选作废"), strata)
	if second.Redraw != 2 || second.PlanHash == first.PlanHash {
		t.Fatalf("redraw %d, plan %s", second.Redraw, second.PlanHash)
	}
	for i, want := range []bool{false, false, true} {
		if i > 0 {
			if err := second.Sign("签名人", signer(byte(i))); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := verify(t, second); (err == nil) != want {
			t.Fatalf("with %d signatures: %v", i, err)
		}
	}
	second.Signatures[1].Key = second.Signatures[0].Key
	if _, err := verify(t, second); err == nil {
		t.Fatal("a signature of somebody else's key")
	}
}

// A drawn record cannot be called void to draw again until it suits.
func TestDrawnIsNotVoid(t *testing.T) {
	p, strata := planned()
	r := run(t, p, strata)
	if err := r.Abandon("结果不满意"); fault.CodeOf(err) != fault.State {
		t.Fatal(err)
	}
	r.Void = "结果不满意"
	if _, err := verify(t, r); err == nil {
		t.Fatal("a void record with a result")
	}
}

// A draw with fewer than three parties is marked.
func TestFewParties(t *testing.T) {
	p, strata := planned()
	p.Parties = []string{"organiser", "server"}
	if r := run(t, p, strata); !r.Single {
		t.Fatal("not marked")
	}
}

// What the program cannot check it does not pass.
func TestUnknownContent(t *testing.T) {
	r := golden()
	if err := r.Run(take(3)); err != nil {
		t.Fatal(err)
	}
	b, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	more := maps.Clone(m)
	more["proofs"] = []string{"x"}
	for name, text := range map[string]string{"unknown key": marshal(more), "trailing": string(b) + "{}", "no JSON": "x", "empty": ""} {
		if err := draw.Verify(strings.NewReader(text), &strings.Builder{}); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func marshal(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// Whatever is in the file, the answer is 一致 after the seed or a fault in words.
func FuzzVerify(f *testing.F) {
	p, strata := planned()
	r, err := sealed(p, strata, 7)
	if err == nil {
		err = r.RunPlan()
	}
	if err != nil {
		f.Fatal(err)
	}
	f.Add(marshal(r))
	f.Add(marshal(golden()))
	f.Add(`{"void":"x","strata":[{}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var out strings.Builder
		err := draw.Verify(strings.NewReader(text), &out)
		if err == nil != strings.HasSuffix(out.String(), "\n一致\n") {
			t.Fatalf("%v after %q", err, out.String())
		}
		if err != nil && fault.CodeOf(err) != fault.Invalid {
			t.Fatalf("not in words: %v", err)
		}
	})
}
