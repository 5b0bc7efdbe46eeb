package draw

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"strconv"

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
	// Single marks a draw with fewer than three parties, which a setting allows.
	Single bool `json:"single,omitempty"`
	// Excluded lists the experts left out beforehand, with reasons.
	Excluded map[string]string `json:"excluded,omitempty"`
	// Declines are those who cannot come, in the order in which they said so.
	Declines []Decline `json:"declines,omitempty"`
	// Void says why nothing was drawn: a party did not reveal its number.
	Void string `json:"void,omitempty"`
	// Signatures are over Digest.
	Signatures []Signature `json:"signatures,omitempty"`
}

// A Result is the order of one stratum, and what became of each candidate.
type Result struct {
	Stratum string   `json:"stratum"`
	Order   []string `json:"order"`
	Trace   []Trace  `json:"trace,omitempty"`
	// Short is how many places nobody could be found for.
	Short int `json:"short,omitempty"`
}

// A Signature is somebody's Ed25519 signature over the record's digest.
type Signature struct {
	Name  string `json:"name"`
	Key   string `json:"key"`   // hex
	Value string `json:"value"` // hex
}

// leastParties is how many parties a draw has unless a setting allows fewer (draw.md, 2).
const leastParties = 3

// RunPlan completes a record by the rules of its own plan: it checks every number against its commit and fills in seed, orders and traces.
// Called again after a decline was added, it goes on with the same draw: all others keep their places.
func (r *Record) RunPlan() error {
	p := readPlan(r.Plan)
	if p == nil {
		return fault.New(fault.Invalid, "抽选方案的格式无法识别，请重新制定方案")
	}
	if err := p.Check(r.Strata); err != nil {
		return err
	}
	r.Excluded, r.Redraw, r.Reason = p.Excluded, p.Redraw, p.Reason
	return r.Run(p.quota(r.Strata))
}

// Run completes a record that has plan, strata, commits, reveals and public value; quota gives what each stratum takes.
func (r *Record) Run(quota func(stratum string) Quota) error {
	if r.Void != "" {
		return fault.New(fault.State, "本次抽选已作废（%s），请重新抽选", r.Void)
	}
	planHash, seed, err := r.seed()
	if err != nil {
		return err
	}
	result, err := selected(seed, r.Strata, quota, r.Declines)
	if err != nil {
		return err
	}
	r.PlanHash, r.Seed, r.Result, r.Single, r.Signatures = hex.EncodeToString(planHash), hex.EncodeToString(seed), result, len(r.Reveals) < leastParties, nil
	return nil
}

// Abandon makes the record of a draw that was not finished: the numbers that were revealed stay on it, nothing is drawn.
func (r *Record) Abandon(why string) error {
	if why == "" || r.Result != nil {
		return fault.New(fault.State, "抽选作废须注明理由；已抽出结果的抽选不能作废，只能重新抽选")
	}
	hash, err := PlanHash(r.Plan, r.Strata)
	if err != nil {
		return err
	}
	r.Void, r.PlanHash, r.Signatures = why, hex.EncodeToString(hash), nil
	return r.opened(hash)
}

// Sign adds a signature over the record as it stands.
func (r *Record) Sign(name string, key ed25519.PrivateKey) error {
	digest, err := r.Digest()
	if err != nil {
		return err
	}
	r.Signatures = append(r.Signatures, Signature{
		Name: name, Key: hex.EncodeToString(key.Public().(ed25519.PublicKey)), Value: hex.EncodeToString(ed25519.Sign(key, digest)),
	})
	return nil
}

// Digest is what is signed: the plan with its pool, the seed and every decision; of a void draw, why it is void.
func (r *Record) Digest() ([]byte, error) {
	planHash, err := PlanHash(r.Plan, r.Strata)
	if err != nil {
		return nil, err
	}
	if r.Void != "" {
		return h([]byte("zp/draw/v1/void"), planHash, []byte(r.Void)), nil
	}
	_, seed, err := r.seed()
	if err != nil {
		return nil, err
	}
	var trace []byte
	for _, res := range r.Result {
		for _, t := range res.Trace {
			trace = append(trace, lp([]byte(res.Stratum), []byte(strconv.Itoa(t.Rank)), []byte(t.ID), []byte(t.Decision), []byte(t.Reason))...)
		}
	}
	return h([]byte("zp/draw/v1/record"), planHash, seed, trace), nil
}

// seed recomputes plan hash and seed and checks the commits.
func (r *Record) seed() (planHash, seed []byte, err error) {
	if planHash, err = PlanHash(r.Plan, r.Strata); err != nil {
		return nil, nil, err
	}
	if len(r.Reveals) == 0 || len(r.Reveals) != len(r.Commits) {
		return nil, nil, fault.New(fault.Invalid, "承诺%d份，公开密数%d份，须一一对应", len(r.Commits), len(r.Reveals))
	}
	if err := r.opened(planHash); err != nil {
		return nil, nil, err
	}
	seed, err = Seed(planHash, r.Reveals, r.Public)
	return planHash, seed, err
}

// opened checks every revealed number against its commit.
func (r *Record) opened(planHash []byte) error {
	parties := map[string]bool{}
	for _, v := range r.Reveals {
		value, bad := hex.DecodeString(v.Value)
		if bad != nil || len(value) != ValueSize || parties[v.Party] {
			return fault.New(fault.Invalid, "参与方“%s”的密数重复或不是%d位十六进制数", v.Party, 2*ValueSize)
		}
		parties[v.Party] = true
		if got := hex.EncodeToString(Commit(planHash, v.Party, value)); !sameHex(r.Commits[v.Party], got) {
			return fault.New(fault.Invalid, "参与方“%s”公开的密数与其承诺不符：应为%s，计算得到%s", v.Party, r.Commits[v.Party], got)
		}
	}
	return nil
}

// JSON returns the record's bytes.
func (r *Record) JSON() ([]byte, error) { return json.MarshalIndent(r, "", "  ") }
