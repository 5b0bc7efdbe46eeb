package draw_test

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zhiping/shared/draw"
	"zhiping/shared/fault"
)

// golden is the vector of draw.md.
func golden() *draw.Record {
	r := &draw.Record{Plan: `{"draw":"D-2026-001","stratum":"A","take":3,"rules":"v7"}`, Public: "none", Commits: map[string]string{}}
	s := draw.Stratum{Name: "A"}
	for i := range 7 {
		s.Pool = append(s.Pool, fmt.Sprintf("E%04d", i+1))
	}
	r.Strata = []draw.Stratum{s}
	hash, err := draw.PlanHash(r.Plan, r.Strata)
	if err != nil {
		panic(err)
	}
	for i, party := range []string{"organiser", "supervisor", "server"} {
		v := strings.Repeat(string(rune(i+1)), draw.ValueSize)
		r.Reveals = append(r.Reveals, draw.Reveal{Party: party, Value: hex.EncodeToString([]byte(v))})
		r.Commits[party] = hex.EncodeToString(draw.Commit(hash, party, []byte(v)))
	}
	return r
}

func take(n int) func(string) draw.Quota {
	return func(string) draw.Quota { return draw.Quota{Take: n, Alternates: 2} }
}

func TestGolden(t *testing.T) {
	r := golden()
	if err := r.Run(take(3)); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{r.PlanHash, "235e68ab58f3a80288e81fffebb07ef9466cc70382860e8d9a9ac63c6f57549b"},
		{r.Commits["organiser"], "4240a4a2f0b58f9e6aa3d98704dbf3d4f14e4ec3ab8daaefc040c9f338b836b4"},
		{r.Seed, "66da26b3f924856e00f370e00625505b7dbf69c965d359e2b52b7426f986fa2f"},
		{strings.Join(r.Result[0].Order, " "), "E0004 E0005 E0007 E0006 E0002 E0001 E0003"},
		{r.Result[0].Trace[0].Key, "209b73dbe45dd513"},
		{strings.Join(draw.Chosen(r.Result[0].Trace, draw.Taken), " "), "E0004 E0005 E0007"},
		{strings.Join(draw.Chosen(r.Result[0].Trace, draw.Alternate), " "), "E0006 E0002"},
	} {
		if c[0] != c[1] {
			t.Errorf("got %s, want %s", c[0], c[1])
		}
	}
}

func verify(t *testing.T, r *draw.Record) (string, error) {
	t.Helper()
	b, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err = draw.Verify(strings.NewReader(string(b)), &out)
	return out.String(), err
}

func TestVerify(t *testing.T) {
	r := golden()
	if err := r.Run(take(3)); err != nil {
		t.Fatal(err)
	}
	out, err := verify(t, r)
	want := "seed 66da26b3f924856e00f370e00625505b7dbf69c965d359e2b52b7426f986fa2f\norder A E0004 E0005 E0007 E0006 E0002 E0001 E0003\n一致\n"
	if err != nil || out != want {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, harm := range map[string]func(*draw.Record){
		"order":         func(r *draw.Record) { o := r.Result[0].Order; o[0], o[1] = o[1], o[0] },
		"commit":        func(r *draw.Record) { r.Commits["server"] = r.Commits["organiser"] },
		"reveal":        func(r *draw.Record) { r.Reveals[1].Value = strings.Repeat("00", 32) },
		"missing":       func(r *draw.Record) { r.Reveals = r.Reveals[:2] },
		"party twice":   func(r *draw.Record) { r.Reveals[1] = r.Reveals[0] },
		"pool":          func(r *draw.Record) { r.Strata[0].Pool[6] = "E0008" },
		"pool longer":   func(r *draw.Record) { r.Strata[0].Pool = append(r.Strata[0].Pool, "E0009") },
		"id twice":      func(r *draw.Record) { r.Strata[0].Pool[6] = "E0001" },
		"look-alike id": func(r *draw.Record) { r.Strata[0].Pool[6] = "Ｅ0007" },
		"plan":          func(r *draw.Record) { r.Plan += " " },
		"public":        func(r *draw.Record) { r.Public = "2026" },
		"seed":          func(r *draw.Record) { r.Seed = strings.Repeat("0", 64) },
		"taken":         func(r *draw.Record) { r.Result[0].Trace[6].Decision = draw.Taken },
		"skipped":       func(r *draw.Record) { r.Result[0].Trace[0].Decision = draw.Skipped },
	} {
		r := golden()
		if err := r.Run(take(3)); err != nil {
			t.Fatal(err)
		}
		harm(r)
		if out, err := verify(t, r); err == nil || strings.Contains(out, "一致") {
			t.Errorf("%s: not noticed", name)
		}
	}
}

// The least record of draw.md is accepted.
func TestLeastRecord(t *testing.T) {
	r := golden()
	if err := r.Run(take(3)); err != nil {
		t.Fatal(err)
	}
	r.PlanHash, r.Seed, r.Result[0].Trace = "", "", nil
	if out, err := verify(t, r); err != nil || !strings.HasSuffix(out, "一致\n") {
		t.Fatal(out, err)
	}
}

// Everybody comes to every place equally often: chi-square over 10^5 seeds, 49 degrees of freedom, p = 0.0001.
func TestNobodyIsPreferred(t *testing.T) {
	const people, draws = 8, 100_000
	s := draw.Stratum{Name: "甲组"}
	for i := range people {
		s.Pool = append(s.Pool, fmt.Sprintf("E%d", i))
	}
	var at [people][people]int
	seed := make([]byte, 32)
	for i := range uint64(draws) {
		binary.BigEndian.PutUint64(seed, i)
		for place, id := range draw.Order(seed, s) {
			at[id[1]-'0'][place]++
		}
	}
	chi := 0.0
	for _, row := range at {
		for _, n := range row {
			d := float64(n) - draws/people
			chi += d * d / (draws / people)
		}
	}
	if chi > 96 {
		t.Fatalf("chi-square %.1f", chi)
	}
}

// Taking somebody out of the pool does not move the others.
func TestOthersStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := draw.Stratum{Name: "A", Pool: rapid.SliceOfNDistinct(rapid.StringMatching(`[A-Z][0-9]{4}`), 2, 30, rapid.ID).Draw(t, "pool")}
		seed := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed")
		all := draw.Order(seed, s)
		gone := rapid.SampledFrom(s.Pool).Draw(t, "gone")
		without := slices.DeleteFunc(slices.Clone(all), func(id string) bool { return id == gone })
		s.Pool = slices.DeleteFunc(s.Pool, func(id string) bool { return id == gone })
		if !slices.Equal(draw.Order(seed, s), without) {
			t.Fatal("the others moved")
		}
	})
}

func TestMultiplier(t *testing.T) {
	for _, c := range [][3]int{{11, 3, 17}, {11, 4, 22}, {11, 6, 33}, {1, 3, 2}} {
		if got := draw.MultipliedBy(c[0], c[1]); got != c[2] {
			t.Error(c, got)
		}
	}
}

// What names the pool must not depend on how it was listed, and a name must not be able to look like another.
func TestPool(t *testing.T) {
	hash := func(s ...draw.Stratum) string {
		b, err := draw.PlanHash("p", s)
		if err != nil {
			t.Fatal(err)
		}
		return hex.EncodeToString(b)
	}
	if hash(draw.Stratum{Name: "A", Pool: []string{"E2", "E1"}}) != hash(draw.Stratum{Name: "A", Pool: []string{"E1", "E2"}}) {
		t.Error("the order of the list changed the hash")
	}
	if hash(draw.Stratum{Name: "A", Pool: []string{"E1", "E2"}}) == hash(draw.Stratum{Name: "A", Pool: []string{"E1"}}, draw.Stratum{Name: "B", Pool: []string{"E2"}}) {
		t.Error("two pools have one hash")
	}
	for name, s := range map[string][]draw.Stratum{
		"composed":      {{Name: "A", Pool: []string{"Eé"}}},
		"decomposed":    {{Name: "A", Pool: []string{"Ee\u0301"}}},
		"full-width":    {{Name: "A", Pool: []string{"Ｅ1"}}},
		"Cyrillic":      {{Name: "A", Pool: []string{"Е1"}}},
		"zero width":    {{Name: "A", Pool: []string{"E\u200b1"}}},
		"line break":    {{Name: "A", Pool: []string{"E1\nE2"}}},
		"empty id":      {{Name: "A", Pool: []string{""}}},
		"twice":         {{Name: "A", Pool: []string{"E1", "E1"}}},
		"in two groups": {{Name: "A", Pool: []string{"E1"}}, {Name: "B", Pool: []string{"E1"}}},
		"group twice":   {{Name: "A"}, {Name: "A"}},
		"group unnamed": {{Name: ""}},
		"group break":   {{Name: "A\nE1"}},
	} {
		if _, err := draw.PlanHash("p", s); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
