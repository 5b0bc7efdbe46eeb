package meeting_test

import (
	"strings"
	"testing"

	"zhiping/desktop/meeting"
	"zhiping/shared/ballot"
)

// invented is a package with a vote of at most two yes votes and a score of two items, one of them with a higher weight.
func invented() *ballot.Package {
	return &ballot.Package{
		Experts:    []ballot.Expert{{ID: "E1", Recused: []string{"A1", "A3"}}},
		Applicants: []ballot.Applicant{{ID: "A1", Position: 1}, {ID: "A2", Position: 2, Name: "甲（虚构）"}, {ID: "A3", Position: 3}, {ID: "A4", Position: 4}, {ID: "A5", Position: 5}},
		Rounds: []ballot.Round{
			{ID: "R1", Kind: ballot.Vote, Most: 2},
			{ID: "R2", Kind: ballot.Score, Min: 10, Max: 50, Step: 5, Items: 2, Divisor: 4},
		},
		Items: []ballot.Item{{Round: "R2", Number: 1, Name: "业绩", Weight: 3}, {Round: "R2", Number: 2, Name: "论文", Weight: 1, Max: 30}},
	}
}

func vote() *meeting.Paper {
	p := invented()
	return meeting.NewPaper(p, p.Round("R1"), "E1")
}

func score() *meeting.Scores {
	p := invented()
	return meeting.NewScores(p, p.Round("R2"), "E1")
}

// Who the expert is recused from is not on the paper, and their cells are left to the program.
func TestPaperLeavesOutTheRecused(t *testing.T) {
	m := vote()
	if m.Len() != 3 || m.Hidden() != 2 || m.Applicant(0).ID != "A2" {
		t.Fatal(m.Len(), m.Hidden(), m.Applicant(0))
	}
	for _, c := range []byte{ballot.Agree, ballot.Oppose, ballot.Abstain} {
		m.Choose(c)
	}
	if got := m.Ballot().Votes; string(got) != string([]byte{0, ballot.Agree, 0, ballot.Oppose, ballot.Abstain}) {
		t.Error("cells:", got)
	}
}

func TestPaper(t *testing.T) {
	m := vote()
	m.Choose(ballot.Oppose)
	if m.At != 1 || m.Choice(0) != ballot.Oppose {
		t.Fatal(m.At)
	}
	m.Move(5)
	if m.At != 2 {
		t.Fatal("beyond the end:", m.At)
	}
	m.Choose(ballot.Abstain)
	if !m.Undecided() || m.At != 1 {
		t.Fatal("not at the undecided one:", m.At)
	}
	m.Choose(9)
	m.Choose(ballot.Recused)
	if a, o, s, open := m.Count(); a != 0 || o != 1 || s != 1 || open != 1 {
		t.Fatal(a, o, s, open)
	}
	m.Move(-9)
	if m.At != 0 {
		t.Fatal(m.At)
	}
	m.Wipe()
	if _, _, _, open := m.Count(); open != 3 {
		t.Fatal("something remained")
	}
}

// One yes vote more than the round allows is not taken; changing another makes room for it.
func TestPaperLimit(t *testing.T) {
	m := vote()
	for left := int64(1); left >= 0; left-- {
		if !m.Choose(ballot.Agree) || m.Left() != left {
			t.Fatal(m.Left())
		}
	}
	if m.Choose(ballot.Agree) || m.Choice(2) != 0 || m.At != 2 {
		t.Fatal("a third yes vote was taken")
	}
	m.Go(0)
	if !m.Choose(ballot.Agree) {
		t.Error("the same choice again is none more")
	}
	m.Go(0)
	m.Choose(ballot.Oppose)
	m.Go(2)
	if !m.Choose(ballot.Agree) || m.Left() != 0 {
		t.Error("there was room again:", m.Left())
	}
}

// What was begun before a crash goes on after it, but not on the paper of another round, or after a return.
func TestDrafts(t *testing.T) {
	m := vote()
	m.Choose(ballot.Agree)
	kept, err := m.Draft("R1", 1)
	if err != nil {
		t.Fatal(err)
	}
	again := vote()
	if again.Resume(kept, "R1~2", 1) || again.Resume(kept, "R1", 2) || again.Resume(kept[1:], "R1", 1) || again.Resume(nil, "R1", 1) || again.At != 0 {
		t.Fatal("a draft of something else was taken")
	}
	if !again.Resume(kept, "R1", 1) || again.At != 1 || again.Choice(0) != ballot.Agree {
		t.Error(again)
	}
	if score().Resume(kept, "R1", 1) {
		t.Error("a vote as a score")
	}
	s := score()
	digits(t, s, "20\n30\n")
	s.Abstain()
	if kept, err = s.Draft("R2", 1); err != nil {
		t.Fatal(err)
	}
	after := score()
	if !after.Resume(kept, "R2", 1) || after.Total(0) != "22.50" || !after.Out(1) || after.At != 2 {
		t.Error(after)
	}
	if score().Resume([]byte(strings.Replace(string(kept), "20", "99", 1)), "R2", 1) {
		t.Error("a score beyond the range was taken")
	}
}

// digits types into a scoring paper: digits, "\n" for Enter.
func digits(t *testing.T, m *meeting.Scores, s string) {
	t.Helper()
	for _, d := range s {
		if d != '\n' {
			m.Digit(d)
		} else if err := m.Enter(); err != nil {
			t.Fatal(err)
		}
	}
}

// total is what stands below after one digit more.
func total(m *meeting.Scores, d rune) string {
	m.Digit(d)
	return m.Total(0)
}

func TestScores(t *testing.T) {
	m := score()
	digits(t, m, "50\n3")
	if m.At != 0 || m.Item != 1 || m.Shown(0) != "50" || m.Shown(1) != "3" || m.Total(0) != "37.50" || total(m, '0') != "45" || m.Highest() != "45" {
		t.Fatal(m.At, m.Item, m.Shown(0), m.Shown(1), m.Total(0), m.Highest())
	}
	digits(t, m, "\n")
	if m.At != 1 || m.Item != 0 || m.Total(0) != "45" {
		t.Fatal(m.At, m.Item, m.Total(0))
	}
	m.Abstain()
	if s, a, open := m.Count(); s != 1 || a != 1 || open != 1 || m.At != 2 {
		t.Fatal(s, a, open, m.At)
	}
	digits(t, m, "10\n")
	m.Go(0)
	if !m.Undecided() || m.At != 2 || m.Item != 1 {
		t.Fatal("not at the open item:", m.At, m.Item)
	}
	digits(t, m, "15\n")
	if m.Undecided() {
		t.Fatal("everything is scored")
	}
	got := m.Ballot().Scores
	for i, want := range [][]uint16{nil, {50, 30}, nil, {ballot.ScoreAbstain, ballot.ScoreAbstain}, {10, 15}} {
		if len(got[i]) != len(want) || len(want) > 0 && (got[i][0] != want[0] || got[i][1] != want[1]) {
			t.Error(i, got[i])
		}
	}
	m.Wipe()
	if _, _, open := m.Count(); open != 3 {
		t.Error("something remained")
	}
}

// A score that the standard does not know is named with what it takes, and does not replace the one there.
func TestIllegalScores(t *testing.T) {
	m := score()
	digits(t, m, "20\n20\n")
	m.Go(0)
	for _, typed := range []string{"55", "5", "22", "99999"} {
		for _, d := range typed {
			m.Digit(d)
		}
		err := m.MoveItem(1)
		if err == nil || !strings.Contains(err.Error(), "业绩") || !strings.Contains(err.Error(), typed+"分") || !strings.Contains(err.Error(), "10至50分，每5分一档") || m.Item != 0 || m.Shown(0) != "20" {
			t.Error(typed, err, m.Item, m.Shown(0))
		}
	}
	if err := m.MoveItem(1); err != nil {
		t.Fatal(err)
	}
	m.Digit('5')
	m.Digit('0')
	if err := m.Step(1); err == nil || !strings.Contains(err.Error(), "论文") || m.At != 0 {
		t.Error("more than the item's own highest:", err)
	}
	m.Back()
	if m.Open(0) != 1 {
		t.Error("the score is still there")
	}
}
