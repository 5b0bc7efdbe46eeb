package meeting

import (
	"encoding/json"
	"fmt"
	"strconv"

	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// noScore is an item without a score.
const noScore = -1

// A Scores is a ballot of a scoring round being filled in, by the items of the standard, in memory only.
type Scores struct {
	list
	Round *ballot.Round
	Items []ballot.Item
	Item  int // the item under the cursor

	typed  string // digits that have been typed for it
	values [][]int
	out    []bool // abstained
}

// NewScores begins a scoring ballot of an expert.
func NewScores(p *ballot.Package, r *ballot.Round, expert string) *Scores {
	m := &Scores{list: newList(p, expert), Round: r, Items: p.Standard(r)}
	m.blank()
	return m
}

func (m *Scores) blank() {
	m.values, m.out = make([][]int, m.Len()), make([]bool, m.Len())
	for i := range m.values {
		m.values[i] = make([]int, len(m.Items))
		for k := range m.values[i] {
			m.values[i][k] = noScore
		}
	}
}

// Shown is what stands in an item of the person under the cursor: the typed digits while the cursor is in it.
func (m *Scores) Shown(item int) string {
	switch {
	case m.Len() == 0:
		return ""
	case item == m.Item && m.typed != "":
		return m.typed
	case m.out[m.At]:
		return "弃权"
	case m.values[m.At][item] == noScore:
		return ""
	}
	return strconv.Itoa(m.values[m.At][item])
}

// Digit types a digit; the first one replaces what stood there.
func (m *Scores) Digit(d rune) {
	if m.Len() > 0 && d >= '0' && d <= '9' && len(m.typed) < 5 {
		m.typed += string(d)
	}
}

// Back takes the last digit back, or the score of the item.
func (m *Scores) Back() {
	switch {
	case m.typed != "":
		m.typed = m.typed[:len(m.typed)-1]
	case m.Len() > 0:
		m.values[m.At][m.Item], m.out[m.At] = noScore, false
	}
}

// Take takes what has been typed as the item's score, or says why it cannot be one.
func (m *Scores) Take() error {
	if m.typed == "" {
		return nil
	}
	v, legal := m.number()
	m.typed = ""
	if a := m.Applicant(m.At); !legal {
		return fault.New(fault.Invalid, "第%d位%s的“%s”不能打%d分，只能打%s。请重新输入", a.Position, a.Name, m.Items[m.Item].Name, v, m.Range(m.Item))
	}
	m.values[m.At][m.Item], m.out[m.At] = v, false
	return nil
}

// number is what has been typed, and whether the standard knows such a score.
func (m *Scores) number() (v int, legal bool) {
	v, err := strconv.Atoi(m.typed)
	return v, err == nil && int64(v) >= m.Round.Min && int64(v) <= m.Items[m.Item].Max && (int64(v)-m.Round.Min)%max(m.Round.Step, 1) == 0
}

// Range says which scores an item takes.
func (m *Scores) Range(item int) string {
	s := fmt.Sprintf("%d至%d分", m.Round.Min, m.Items[item].Max)
	if m.Round.Step > 1 {
		s += fmt.Sprintf("，每%d分一档", m.Round.Step)
	}
	return s
}

// Enter takes what has been typed and goes on: to the next item, after the last one to the next person.
func (m *Scores) Enter() error {
	if err := m.Take(); err != nil {
		return err
	}
	switch {
	case m.Item+1 < len(m.Items) && m.Len() > 0 && !m.out[m.At]:
		m.Item++
	case m.At+1 < m.Len():
		m.At, m.Item = m.At+1, 0
	}
	return nil
}

// MoveItem takes what has been typed and moves among the items of the person.
func (m *Scores) MoveItem(by int) error {
	err := m.Take()
	if err == nil {
		m.Item = max(0, min(m.Item+by, len(m.Items)-1))
	}
	return err
}

// Step takes what has been typed and moves among the people.
func (m *Scores) Step(by int) error {
	err := m.Take()
	if err == nil {
		m.Item = 0
		m.Move(by)
	}
	return err
}

// Jump is Step to a place.
func (m *Scores) Jump(at int) error { return m.Step(at - m.At) }

// Abstain abstains from the person under the cursor, in all items, and goes on to the next.
func (m *Scores) Abstain() {
	if m.Len() == 0 {
		return
	}
	m.typed = ""
	for k := range m.values[m.At] {
		m.values[m.At][k] = noScore
	}
	m.out[m.At], m.Item = true, 0
	m.Move(1)
}

// Open is how many items of a person have no score yet.
func (m *Scores) Open(i int) int {
	n := 0
	for _, v := range m.values[i] {
		if v == noScore && !m.out[i] {
			n++
		}
	}
	return n
}

// Out reports whether the expert abstains from a person.
func (m *Scores) Out(i int) bool { return m.out[i] }

// Total is the weighted sum of a person's items so far, with what is being typed, as it is printed.
func (m *Scores) Total(i int) string {
	sum := int64(0)
	for k, v := range m.values[i] {
		if n, legal := m.number(); legal && i == m.At && k == m.Item {
			v = n
		}
		if v != noScore {
			sum += int64(v) * m.Items[k].Weight
		}
	}
	return m.weighted(sum)
}

// Highest is the most a person can get.
func (m *Scores) Highest() string {
	sum := int64(0)
	for _, item := range m.Items {
		sum += item.Max * item.Weight
	}
	return m.weighted(sum)
}

// weighted writes a weighted sum by the round's divisor, rounded down to hundredths as the tally does.
func (m *Scores) weighted(sum int64) string {
	c := 100 * sum / max(m.Round.Divisor, 1)
	if c%100 == 0 {
		return fmt.Sprint(c / 100)
	}
	return fmt.Sprintf("%d.%02d", c/100, c%100)
}

// Undecided goes to the next person who has not been scored whole, and there to the first open item; it reports whether there is one.
func (m *Scores) Undecided() bool {
	if !m.next(func(i int) bool { return m.Open(i) == 0 }) {
		return false
	}
	m.Item = 0
	for m.values[m.At][m.Item] != noScore {
		m.Item++
	}
	return true
}

// Count counts who has been scored whole, who was abstained from and who is open.
func (m *Scores) Count() (scored, abstain, open int) {
	for i := range m.values {
		switch {
		case m.out[i]:
			abstain++
		case m.Open(i) == 0:
			scored++
		default:
			open++
		}
	}
	return scored, abstain, open
}

// Ballot is what is sealed.
func (m *Scores) Ballot() *ballot.Ballot {
	b := &ballot.Ballot{Scores: make([][]uint16, m.cells)}
	for i, p := range m.places {
		row := make([]uint16, len(m.Items))
		for k, v := range m.values[i] {
			if row[k] = ballot.ScoreAbstain; !m.out[i] && v != noScore {
				row[k] = uint16(v)
			}
		}
		b.Scores[p.cell] = row
	}
	return b
}

// Wipe forgets every score.
func (m *Scores) Wipe() {
	for i := range m.values {
		clear(m.values[i])
	}
	m.blank()
	m.typed, m.At, m.Item = "", 0, 0
}

// Draft is the unfinished paper as it is kept.
func (m *Scores) Draft(round string, version int64) ([]byte, error) {
	d := draft{Round: round, Version: version, People: m.people(), At: m.At, Scores: m.values}
	for i, p := range m.places {
		if m.out[i] {
			d.Out = append(d.Out, p.ID)
		}
	}
	return json.Marshal(d)
}

// Resume goes on with an unfinished paper, if it is for this round, list and version.
func (m *Scores) Resume(b []byte, round string, version int64) bool {
	d := m.read(b, round, version)
	if d == nil || len(d.Scores) != m.Len() {
		return false
	}
	for _, row := range d.Scores {
		if len(row) != len(m.Items) {
			return false
		}
		for k, v := range row {
			if v != noScore && (int64(v) < m.Round.Min || int64(v) > m.Items[k].Max) {
				return false
			}
		}
	}
	m.values = d.Scores
	for i, p := range m.places {
		for _, id := range d.Out {
			m.out[i] = m.out[i] || id == p.ID
		}
	}
	m.Go(d.At)
	return true
}
