// Package meeting is the meeting room's screens: the voting booth (F11; ui.md: one person at a time, large type, everything by keys alone).
package meeting

import (
	"slices"

	"zhiping/shared/ballot"
)

// A Paper is a ballot being filled in: it lives in memory only, until it is sealed.
type Paper struct {
	Applicants []ballot.Applicant
	At         int // the place under the cursor

	recused []bool
	choices []byte
}

// NewPaper begins a ballot of an expert; applicants that the expert is recused from are left out and written by the program itself.
func NewPaper(p *ballot.Package, expert string) *Paper {
	e := p.Expert(expert)
	m := &Paper{Applicants: p.Applicants, choices: make([]byte, len(p.Applicants)), recused: make([]bool, len(p.Applicants))}
	for i, a := range p.Applicants {
		m.recused[i] = e != nil && slices.Contains(e.Recused, a.ID)
	}
	m.skip(1)
	return m
}

// Choice is what has been chosen for a place: 0 for nothing yet.
func (m *Paper) Choice(i int) byte { return m.choices[i] }

// Recused reports whether the expert must not vote on a place.
func (m *Paper) Recused(i int) bool { return m.recused[i] }

// Choose chooses for the place under the cursor and goes on to the next.
func (m *Paper) Choose(c byte) {
	if m.At < len(m.choices) && !m.recused[m.At] && c >= ballot.Agree && c <= ballot.Abstain {
		m.choices[m.At] = c
		m.Move(1)
	}
}

// Move moves the cursor, over those the expert is recused from.
func (m *Paper) Move(by int) {
	if next := m.At + by; next >= 0 && next < len(m.choices) {
		old := m.At
		m.At = next
		if m.recused[m.At] && !m.skip(by) {
			m.At = old
		}
	}
}

// skip goes on while the expert is recused; it reports whether there was a place to go to.
func (m *Paper) skip(by int) bool {
	for i := m.At; i >= 0 && i < len(m.recused); i += by {
		if !m.recused[i] {
			m.At = i
			return true
		}
	}
	return false
}

// Undecided goes to the next place without a choice; it reports whether there is one.
func (m *Paper) Undecided() bool {
	for k := range m.choices {
		i := (m.At + k) % len(m.choices)
		if m.choices[i] == 0 && !m.recused[i] {
			m.At = i
			return true
		}
	}
	return false
}

// Count counts the choices and what is still open.
func (m *Paper) Count() (agree, oppose, abstain, open int) {
	for i, c := range m.choices {
		switch {
		case m.recused[i]:
		case c == ballot.Agree:
			agree++
		case c == ballot.Oppose:
			oppose++
		case c == ballot.Abstain:
			abstain++
		default:
			open++
		}
	}
	return agree, oppose, abstain, open
}

// Ballot is what is sealed.
func (m *Paper) Ballot() *ballot.Ballot { return &ballot.Ballot{Votes: slices.Clone(m.choices)} }

// Wipe forgets every choice: nothing readable of the former expert remains.
func (m *Paper) Wipe() {
	clear(m.choices)
	m.At = 0
}
