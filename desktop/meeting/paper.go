package meeting

import (
	"bytes"
	"encoding/json"
	"slices"

	"zhiping/shared/ballot"
)

// place is an applicant whom the expert decides on, and where he stands among all of the round: the cells of those the expert is recused from are
// written by the program itself, and the expert does not see them (voting.md).
type place struct {
	ballot.Applicant
	cell int
}

// list is what the two kinds of papers have in common: who stands on it, and who is under the cursor.
type list struct {
	places []place
	cells  int // of the round, with the hidden ones
	At     int // the place under the cursor
}

func newList(p *ballot.Package, expert string) list {
	e := p.Expert(expert)
	l := list{cells: len(p.Applicants)}
	for i, a := range p.Applicants {
		if e == nil || !slices.Contains(e.Recused, a.ID) {
			l.places = append(l.places, place{a, i})
		}
	}
	return l
}

// Len is how many applicants the expert decides on.
func (l *list) Len() int { return len(l.places) }

// Applicant is the applicant of a place.
func (l *list) Applicant(i int) ballot.Applicant { return l.places[i].Applicant }

// Hidden is how many applicants the expert is recused from.
func (l *list) Hidden() int { return l.cells - len(l.places) }

// Move moves the cursor, as far as there are places.
func (l *list) Move(by int) { l.Go(l.At + by) }

// Go puts the cursor on a place, or the nearest one there is.
func (l *list) Go(at int) { l.At = max(0, min(at, len(l.places)-1)) }

// next goes to the next place from the cursor on that is not done, after the last one from the first on; it reports whether there is one.
func (l *list) next(done func(int) bool) bool {
	for k := range l.places {
		if i := (l.At + k) % len(l.places); !done(i) {
			l.At = i
			return true
		}
	}
	return false
}

// A Paper is a ballot of a vote being filled in: it lives in memory only, until it is sealed.
type Paper struct {
	list
	Most    int64 // yes votes there may be, 0 for any number
	choices []byte
}

// NewPaper begins a ballot of an expert.
func NewPaper(p *ballot.Package, r *ballot.Round, expert string) *Paper {
	l := newList(p, expert)
	return &Paper{list: l, Most: r.Most, choices: make([]byte, l.Len())}
}

// Choice is what has been chosen for a place: 0 for nothing yet.
func (m *Paper) Choice(i int) byte { return m.choices[i] }

// Choose chooses for the place under the cursor and goes on to the next. It reports false, and changes nothing, if that would be one yes vote more
// than the round allows.
func (m *Paper) Choose(c byte) bool {
	if m.At >= len(m.choices) || c < ballot.Agree || c > ballot.Abstain {
		return true
	}
	if c == ballot.Agree && m.choices[m.At] != c && m.Most > 0 && m.Left() == 0 {
		return false
	}
	m.choices[m.At] = c
	m.Move(1)
	return true
}

// Left is how many yes votes may still be given in a round that limits them.
func (m *Paper) Left() int64 {
	agree, _, _, _ := m.Count()
	return m.Most - int64(agree)
}

// Undecided goes to the next place without a choice; it reports whether there is one.
func (m *Paper) Undecided() bool {
	return m.next(func(i int) bool { return m.choices[i] != 0 })
}

// Count counts the choices and what is still open.
func (m *Paper) Count() (agree, oppose, abstain, open int) {
	for _, c := range m.choices {
		switch c {
		case ballot.Agree:
			agree++
		case ballot.Oppose:
			oppose++
		case ballot.Abstain:
			abstain++
		default:
			open++
		}
	}
	return agree, oppose, abstain, open
}

// Ballot is what is sealed.
func (m *Paper) Ballot() *ballot.Ballot {
	b := &ballot.Ballot{Votes: make([]byte, m.cells)}
	for i, p := range m.places {
		b.Votes[p.cell] = m.choices[i]
	}
	return b
}

// Wipe forgets every choice: nothing readable of the former expert remains.
func (m *Paper) Wipe() {
	clear(m.choices)
	m.At = 0
}

// A draft is an unfinished paper as it is kept, encrypted, over a crash. It names what it was for: another round, list or version does not take it.
type draft struct {
	Round   string
	Version int64
	People  []string
	At      int
	Votes   []byte   `json:",omitempty"`
	Scores  [][]int  `json:",omitempty"`
	Out     []string `json:",omitempty"`
}

func (l *list) people() (ids []string) {
	for _, p := range l.places {
		ids = append(ids, p.ID)
	}
	return ids
}

// read reads a draft that fits, nil for none.
func (l *list) read(b []byte, round string, version int64) *draft {
	d := &draft{}
	if len(b) == 0 || json.Unmarshal(bytes.TrimRight(b, "\n"), d) != nil || d.Round != round || d.Version != version || !slices.Equal(d.People, l.people()) {
		return nil
	}
	return d
}

// Draft is the unfinished paper as it is kept; version is that of the ballot it will be.
func (m *Paper) Draft(round string, version int64) ([]byte, error) {
	return json.Marshal(draft{Round: round, Version: version, People: m.people(), At: m.At, Votes: m.choices})
}

// Resume goes on with an unfinished paper; it reports false if what was kept is for something else, and changes nothing then.
func (m *Paper) Resume(b []byte, round string, version int64) bool {
	d := m.read(b, round, version)
	if d == nil || len(d.Votes) != len(m.choices) || slices.ContainsFunc(d.Votes, func(c byte) bool { return c > ballot.Abstain }) {
		return false
	}
	m.choices = d.Votes
	m.Go(d.At)
	return true
}
