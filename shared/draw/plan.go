package draw

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"zhiping/shared/fault"
)

// Places is how many a stratum takes, and how many stand by after them.
type Places struct {
	Name       string `json:"name"`
	Take       int    `json:"take"`
	Alternates int    `json:"alternates"`
}

// A Pair of experts cannot sit on one panel: kinship, supervisor and student, co-authors (回避).
type Pair struct {
	A      string `json:"a"`
	B      string `json:"b"`
	Reason string `json:"reason"`
}

// A Plan is what everybody agrees on before any number is sealed: its text goes into every commit. The program can run and verify a draw
// by a plan of this form from the first line to the last; of a plan in other words it verifies numbers and order only.
type Plan struct {
	Draw     string            `json:"draw"`
	Purpose  string            `json:"purpose"`
	Rules    string            `json:"rules"` // SHA-256 of the rule set
	Year     int               `json:"year"`
	On       string            `json:"on"` // when it was made
	Strata   []Places          `json:"strata"`
	Parties  []string          `json:"parties"`
	Chairs   []string          `json:"chairs"`   // who can be drawn as chair; at least one is taken (F5)
	Excluded map[string]string `json:"excluded"` // left out beforehand, with the reason

	Public     string            `json:"public,omitempty"` // the public source, "none" where there is none
	MaxPerUnit int               `json:"max_per_unit,omitempty"`
	Units      map[string]string `json:"units,omitempty"` // each expert's work unit, for MaxPerUnit
	Apart      []Pair            `json:"apart,omitempty"`
	Deadline   string            `json:"deadline,omitempty"` // for revealing
	Fallback   string            `json:"fallback,omitempty"` // what is done when a party does not reveal
	Code       string            `json:"code,omitempty"`     // the program's version

	Redraw   int    `json:"redraw,omitempty"` // 2 is the first redraw
	Reason   string `json:"reason,omitempty"`
	Previous string `json:"previous,omitempty"` // the plan hash of the draw that is replaced
}

// Text returns the plan's bytes.
func (p *Plan) Text() (string, error) {
	b, err := json.Marshal(p)
	return string(b), err
}

// Again returns the plan of a redraw, with its number: the earlier record stays (draw.md, 3).
func (p *Plan) Again(previous []byte, reason string) *Plan {
	next := *p
	next.Redraw = max(p.Redraw, 1) + 1
	next.Reason, next.Previous = reason, hex.EncodeToString(previous)
	return &next
}

// readPlan returns the plan of a text, nil if it is not of this form.
func readPlan(text string) *Plan {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	p := &Plan{}
	if d.Decode(p) != nil || len(p.Strata) == 0 {
		return nil
	}
	if _, err := d.Token(); err != io.EOF {
		return nil
	}
	return p
}

// Check holds a plan against its pool.
func (p *Plan) Check(strata []Stratum) error {
	if len(p.Strata) != len(strata) {
		return fault.New(fault.Invalid, "方案有%d个抽选组，抽选名单有%d个", len(p.Strata), len(strata))
	}
	pooled := map[string]bool{}
	for i, s := range strata {
		want := p.Strata[i]
		switch {
		case want.Name != s.Name:
			return fault.New(fault.Invalid, "第%d个抽选组在方案中为“%s”，在抽选名单中为“%s”", i+1, want.Name, s.Name)
		case want.Take < 1 || want.Alternates < 0:
			return fault.New(fault.Invalid, "“%s”组的抽取人数须至少为1，候补人数不能为负", s.Name)
		case len(s.Pool) < want.Take:
			return fault.New(fault.Invalid, "“%s”组可抽选%d人，不足%d人，请调整抽取人数或补充专家", s.Name, len(s.Pool), want.Take)
		}
		for _, id := range s.Pool {
			pooled[id] = true
			if why := p.Excluded[id]; why != "" {
				return fault.New(fault.Invalid, "专家%s已排除（%s），不能在抽选名单中", id, why)
			}
			if p.MaxPerUnit > 0 && p.Units[id] == "" {
				return fault.New(fault.Invalid, "方案限制同一单位人数，但没有专家%s的工作单位", id)
			}
		}
	}
	for _, id := range p.Chairs {
		if !pooled[id] {
			return fault.New(fault.Invalid, "主任委员人选%s不在抽选名单中", id)
		}
	}
	return p.checkRest()
}

func (p *Plan) checkRest() error {
	for id, why := range p.Excluded {
		if why == "" {
			return fault.New(fault.Invalid, "排除专家%s须注明理由", id)
		}
	}
	for _, x := range p.Apart {
		if x.A == x.B || x.Reason == "" {
			return fault.New(fault.Invalid, "专家%s与%s的回避关系须为两人并注明理由", x.A, x.B)
		}
	}
	for i, name := range p.Parties {
		if name == "" || slices.Contains(p.Parties[:i], name) {
			return fault.New(fault.Invalid, "参与方“%s”为空或重复", name)
		}
	}
	if previous, err := hex.DecodeString(p.Previous); p.Redraw > 1 && (p.Reason == "" || err != nil || len(previous) != 32) {
		return fault.New(fault.Invalid, "第%d次抽选须注明重新抽选的理由和上一次抽选的方案摘要", p.Redraw)
	}
	return nil
}

// quota returns the rules of the plan as the walk asks for them.
func (p *Plan) quota(strata []Stratum) func(stratum string) Quota {
	chair := func(id string) bool { return slices.Contains(p.Chairs, id) }
	first := slices.IndexFunc(strata, func(s Stratum) bool { return slices.ContainsFunc(s.Pool, chair) })
	return func(name string) Quota {
		i := slices.IndexFunc(p.Strata, func(x Places) bool { return x.Name == name })
		q := Quota{Take: p.Strata[i].Take, Alternates: p.Strata[i].Alternates, Hinders: p.hinders}
		if i == first {
			q.Needs = chair
		}
		return q
	}
}

func (p *Plan) hinders(id string, taken []string) string {
	same := 0
	for _, other := range taken {
		if p.MaxPerUnit > 0 && p.Units[other] == p.Units[id] {
			same++
		}
		for _, x := range p.Apart {
			if x.A == id && x.B == other || x.B == id && x.A == other {
				return fmt.Sprintf("与%s回避：%s", other, x.Reason)
			}
		}
	}
	if p.MaxPerUnit > 0 && same >= p.MaxPerUnit {
		return fmt.Sprintf("同一单位不超过%d人", p.MaxPerUnit)
	}
	return ""
}
