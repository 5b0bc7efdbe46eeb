package meeting_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/meeting"
	"zhiping/shared/print"
)

// The report and the sheet of every kind of meeting can be printed, say whether the key was given, and show every equation in balance.
func TestReports(t *testing.T) {
	for seed := range uint64(8) {
		r := ballottest.Play(t, &ballot.Memory{}, seed)
		file := r.Record()
		for _, key := range []string{"", r.Server.Public()} {
			v, err := ballot.Verify(file, key)
			if err != nil {
				t.Fatal(err)
			}
			rep := meeting.Verification(file, v, nil)
			text := meeting.Text(rep)
			if strings.Contains(text, "没有给出服务器公钥") != (key == "") || strings.Contains(text, "不平衡") || !strings.Contains(text, "核验结论") || !strings.Contains(text, meeting.Short(v.Root[:])) {
				t.Fatal(text)
			}
			docs := []print.Document{rep}
			for _, id := range v.State.Order {
				if v.State.Rounds[id].Tally != nil {
					docs = append(docs, meeting.Reconciliation(v, id), meeting.VoteTable(v, id), meeting.Minutes(v, id))
				}
			}
			for _, doc := range docs {
				if b, err := print.Render(print.Meta{Made: time.UnixMilli(1)}, doc); err != nil || !bytes.HasPrefix(b, []byte("%PDF")) {
					t.Fatal(err)
				}
			}
		}
	}
}

// What does not hold is named, and nothing is said about results.
func TestReportOfABadRecord(t *testing.T) {
	r := ballottest.Play(t, &ballot.Memory{}, 1)
	file := r.Record()
	file[len(file)/2] ^= 1
	v, err := ballot.Verify(file, r.Server.Public())
	if err == nil {
		t.Fatal("the record holds")
	}
	text := meeting.Text(meeting.Verification(file, v, err))
	if !strings.Contains(text, "不成立") || !strings.Contains(text, err.Error()) || strings.Contains(text, "通过") {
		t.Fatal(text)
	}
}

// A secret column of fewer than three cells shows its outcome alone, on every paper.
func TestFewCellsShowTheOutcomeOnly(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 3, 1)
	r.CheckIn(2)
	r.Open("R1")
	r.Vote(r.Voters[0], "R1", r.Ballot(ballot.Agree))
	r.Vote(r.Voters[1], "R1", r.Ballot(ballot.Oppose))
	r.Finish("R1", "1,2", 0, 1)
	v, err := ballot.Verify(r.Record(), r.Server.Public())
	if err != nil {
		t.Fatal(err)
	}
	for _, rep := range []*print.Report{meeting.VoteTable(v, "R1"), meeting.Minutes(v, "R1"), meeting.Verification(r.Record(), v, nil)} {
		text := meeting.Text(rep)
		if !strings.Contains(text, "只公布结论") || strings.Contains(text, "同意1票") {
			t.Fatal(text)
		}
	}
}
