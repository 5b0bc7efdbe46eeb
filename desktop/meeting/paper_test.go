package meeting_test

import (
	"testing"

	"zhiping/desktop/meeting"
	"zhiping/shared/ballot"
)

func paper() *meeting.Paper {
	return meeting.NewPaper(&ballot.Package{
		Experts:    []ballot.Expert{{ID: "E1", Recused: []string{"A1", "A3"}}},
		Applicants: []ballot.Applicant{{ID: "A1"}, {ID: "A2"}, {ID: "A3"}, {ID: "A4"}, {ID: "A5"}},
	}, "E1")
}

func TestPaper(t *testing.T) {
	m := paper()
	if m.At != 1 {
		t.Fatal("it begins with somebody the expert is recused from:", m.At)
	}
	m.Choose(ballot.Agree)
	if m.At != 3 || m.Choice(1) != ballot.Agree {
		t.Fatal(m.At)
	}
	m.Choose(ballot.Oppose)
	if !m.Undecided() || m.At != 4 {
		t.Fatal(m.At)
	}
	m.Choose(ballot.Abstain)
	if m.Undecided() {
		t.Fatal("everything is decided")
	}
	m.Move(-1)
	m.Choose(9)
	m.Choose(ballot.Recused)
	if a, o, s, open := m.Count(); a != 1 || o != 1 || s != 1 || open != 0 {
		t.Fatal(a, o, s, open)
	}
	m.Move(-1)
	m.Move(-1)
	m.Move(-1)
	if m.At != 1 {
		t.Fatal("the cursor went to somebody the expert is recused from:", m.At)
	}
	m.Wipe()
	if _, _, _, open := m.Count(); open != 3 {
		t.Fatal("something remained")
	}
}
