// Package draw is the draw of experts that nobody can re-roll (feature F5): the pool is frozen, several parties seal a secret number and
// open it later, all numbers together give the seed, the seed gives the order, the order gives the panel. Whoever has the record
// recomputes it.
//
// # Bytes
//
// lp(p1, p2, …) is for each part its length as 8 bytes, big-endian, then the part. H(…) is SHA-256 of lp(…).
//
//	pool     for each stratum in order: its name and "\n", then its ids sorted bytewise, each followed by "\n"
//	planHash H("zp/draw/v1/plan", plan, pool)
//	commit   H("zp/draw/v1/commit", planHash, party, value)
//	seed     H("zp/draw/v1/seed", planHash, party1, value1, …, "public:" + public)
//	key      HMAC-SHA256(seed, lp("zp/draw/v1/key", stratum, id)); the order is ascending by key
package draw

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"zhiping/shared/fault"
)

// ValueSize is how many bytes a party's number has.
const ValueSize = 32

func lp(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}

func h(parts ...[]byte) []byte {
	s := sha256.Sum256(lp(parts...))
	return s[:]
}

// A Stratum is one draw group and the ids that may be drawn in it.
type Stratum struct {
	Name string   `json:"name"`
	Pool []string `json:"pool"`
}

// poolBytes checks the ids and returns the pool's bytes.
func poolBytes(strata []Stratum) ([]byte, error) {
	var b bytes.Buffer
	seen := map[string]bool{}
	names := map[string]bool{}
	for _, s := range strata {
		if s.Name == "" || strings.ContainsAny(s.Name, "\n\x00") || names[s.Name] {
			return nil, fault.New(fault.Invalid, "抽选组名称“%s”为空、重复或含有换行", s.Name)
		}
		names[s.Name] = true
		b.WriteString(s.Name + "\n")
		ids := slices.Clone(s.Pool)
		slices.Sort(ids)
		for _, id := range ids {
			if seen[id] {
				return nil, fault.New(fault.Invalid, "专家%s在抽选名单中出现两次，同一人只能在一个抽选组", id)
			}
			if !plain(id) {
				return nil, fault.New(fault.Invalid, "专家编号“%s”含有不允许的字符，只能用字母、数字和短横", id)
			}
			seen[id] = true
			b.WriteString(id + "\n")
		}
	}
	return b.Bytes(), nil
}

// plain allows ASCII only: two ids that look alike must not differ in bytes.
func plain(id string) bool {
	for i := range len(id) {
		c := id[i]
		if !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return id != ""
}

// PlanHash names a plan with its pool.
func PlanHash(plan string, strata []Stratum) ([]byte, error) {
	pool, err := poolBytes(strata)
	if err != nil {
		return nil, err
	}
	return h([]byte("zp/draw/v1/plan"), []byte(plan), pool), nil
}

// Commit is the sealed fingerprint of a party's number.
func Commit(planHash []byte, party string, value []byte) []byte {
	return h([]byte("zp/draw/v1/commit"), planHash, []byte(party), value)
}

// A Reveal is a party's number.
type Reveal struct {
	Party string `json:"party"`
	Value string `json:"value"` // hex
}

// Seed mixes the parties' numbers, in the order of the plan, and the public value ("none" where the plan names no source).
func Seed(planHash []byte, reveals []Reveal, public string) ([]byte, error) {
	parts := [][]byte{[]byte("zp/draw/v1/seed"), planHash}
	for _, r := range reveals {
		v, err := hex.DecodeString(r.Value)
		if err != nil || len(v) != ValueSize {
			return nil, fault.New(fault.Invalid, "参与方“%s”的密数须为%d位十六进制数", r.Party, 2*ValueSize)
		}
		parts = append(parts, []byte(r.Party), v)
	}
	return h(append(parts, []byte("public:"+public))...), nil
}

// Key is what a candidate is ordered by.
func Key(seed []byte, stratum, id string) []byte {
	m := hmac.New(sha256.New, seed)
	m.Write(lp([]byte("zp/draw/v1/key"), []byte(stratum), []byte(id)))
	return m.Sum(nil)
}

// Order ranks a stratum's pool by key.
func Order(seed []byte, s Stratum) []string {
	type ranked struct {
		id  string
		key []byte
	}
	all := make([]ranked, len(s.Pool))
	for i, id := range s.Pool {
		all[i] = ranked{id, Key(seed, s.Name, id)}
	}
	slices.SortFunc(all, func(a, b ranked) int { return bytes.Compare(a.key, b.key) })
	ids := make([]string, len(all))
	for i, r := range all {
		ids[i] = r.id
	}
	return ids
}

// A Decision says what became of a candidate on the walk down the ranking.
type Decision string

// The decisions.
const (
	Taken     Decision = "TAKEN"
	Alternate Decision = "ALTERNATE"
	Skipped   Decision = "SKIP"
	Declined  Decision = "DECLINED"
	Left      Decision = "LEFT" // the quota was full
)

// A Trace is one line of the walk.
type Trace struct {
	Rank     int      `json:"rank"`
	ID       string   `json:"id"`
	Key      string   `json:"key"` // the first eight bytes, in hex
	Decision Decision `json:"decision"`
	Reason   string   `json:"reason,omitempty"`
}

// A Quota is how many a stratum takes and how the walk decides.
type Quota struct {
	Take, Alternates int
	// Hinders says why a candidate cannot be taken together with those already taken, "" for nothing.
	Hinders func(id string, taken []string) string
	// Declined holds those who declined, with the evidence.
	Declined map[string]string
	// Needs, if set, must hold for at least one of the taken (a chair, F5): when only one place is left and nobody fits yet, the walk
	// skips those who do not fit.
	Needs func(id string) bool
}

// Walk goes down a ranking and decides on each candidate.
func Walk(seed []byte, stratum string, order []string, q Quota) []Trace {
	var trace []Trace
	var taken []string
	alternates := 0
	served := q.Needs == nil
	for i, id := range order {
		t := Trace{Rank: i + 1, ID: id, Key: hex.EncodeToString(Key(seed, stratum, id)[:8])}
		reason := ""
		if q.Hinders != nil {
			reason = q.Hinders(id, taken)
		}
		fits := q.Needs != nil && q.Needs(id)
		switch {
		case q.Declined[id] != "":
			t.Decision, t.Reason = Declined, q.Declined[id]
		case reason != "":
			t.Decision, t.Reason = Skipped, reason
		case len(taken) == q.Take-1 && !served && !fits:
			t.Decision, t.Reason = Skipped, "名额须留给主任委员"
		case len(taken) < q.Take:
			t.Decision = Taken
			taken = append(taken, id)
			served = served || fits
		case alternates < q.Alternates:
			t.Decision = Alternate
			alternates++
		default:
			t.Decision = Left
		}
		trace = append(trace, t)
	}
	return trace
}

// Chosen returns those of a trace with a decision, in order.
func Chosen(trace []Trace, d Decision) []string {
	var ids []string
	for _, t := range trace {
		if t.Decision == d {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

// MultipliedBy is how many candidates a multiplier of halves (3 is 1.5, 4 is 2, 6 is 3) asks for n places, rounded up (rules.md, section 3).
func MultipliedBy(n, halves int) int { return (n*halves + 1) / 2 }

func hexOf(b []byte) string { return fmt.Sprintf("%x", b) }
