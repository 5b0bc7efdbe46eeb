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
//	trace    for each stratum in order and each candidate in rank: lp(stratum, rank in decimal digits, id, decision, reason)
//	digest   H("zp/draw/v1/record", planHash, seed, trace); signatures are Ed25519 over it
//
// # Walk
//
// From the top of the order a candidate is taken if a place is open and no rule stands against it; who is passed over has the reason on
// record. When somebody declines, the same walk is gone again from the top with all who were taken keeping their places: nobody is
// un-invited, and who was passed over only because of the one who declined comes before those further down.
//
// Taking one after the other is not uniform over all panels that keep the rules, and whoever composes the pool has influence: that is why
// the excluded stand on the record with reasons.
package draw

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"zhiping/shared/fault"
)

// ValueSize is how many bytes a party's number has.
const ValueSize = 32

func lp(parts ...[]byte) []byte {
	size := 0
	for _, p := range parts {
		size += 8 + len(p)
	}
	b := make([]byte, 0, size)
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
	m.Write(keyText(stratum, id))
	return m.Sum(nil)
}

func keyText(stratum, id string) []byte {
	return lp([]byte("zp/draw/v1/key"), []byte(stratum), []byte(id))
}

// Order ranks a stratum's pool by key: no modulo bias, the order of the pool does not matter, and who is struck out does not move the others.
func Order(seed []byte, s Stratum) []string {
	type ranked struct {
		id  string
		key [sha256.Size]byte
	}
	all := make([]ranked, len(s.Pool))
	m := hmac.New(sha256.New, seed)
	for i, id := range s.Pool {
		m.Reset()
		m.Write(keyText(s.Name, id))
		all[i].id = id
		m.Sum(all[i].key[:0])
	}
	slices.SortFunc(all, func(a, b ranked) int { return bytes.Compare(a.key[:], b.key[:]) })
	ids := make([]string, len(all))
	for i, r := range all {
		ids[i] = r.id
	}
	return ids
}
