package meeting_test

import (
	"bytes"
	"errors"
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
				if o := v.State.Rounds[id].SignOff; o != nil && !strings.Contains(text, meeting.Short(o.Root)+"（第") {
					t.Fatal("the short code of the paper sheet is not there:", text)
				}
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

// What does not hold is named: the first difference, at which step, which object, what it means and what to do; nothing is said about results.
func TestReportOfABadRecord(t *testing.T) {
	r := ballottest.Play(t, &ballot.Memory{}, 1)
	good := r.Record()
	with := func(change func(e *ballot.Evidence)) []byte {
		e := r.Evidence(map[string][]byte{})
		e.Log = append([][]byte{}, e.Log...)
		for id, c := range r.Columns {
			e.Columns[id] = bytes.Clone(c)
		}
		change(e)
		return e.Encode(r.Package)
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 1
	for name, x := range map[string]struct {
		file []byte
		key  string
		step int
		says string
	}{
		"damaged":              {flipped, r.Server.Public(), 1, "取原件重新核验"},
		"another server's":     {with(func(e *ballot.Evidence) { e.Server = "" }), ballottest.Key(ballot.RoleServer, 99).Public(), 2, "请先核对公钥"},
		"an object altered":    {with(func(e *ballot.Evidence) { e.Log[3] = bytes.Replace(e.Log[3], []byte("session"), []byte("sessiom"), 1) }), r.Server.Public(), 3, "不成立的是第3条，它是“签到”"},
		"cut off":              {with(func(e *ballot.Evidence) { e.Log = e.Log[:len(e.Log)-1] }), r.Server.Public(), 4, "文件末尾被截去"},
		"a column altered":     {with(func(e *ballot.Evidence) { e.Columns["R1"] = append(e.Columns["R1"], ' ') }), r.Server.Public(), 5, "计票栏或结果被改动过"},
		"a first round more":   {with(func(e *ballot.Evidence) { e.Firsts = [][]byte{good} }), r.Server.Public(), 6, "首轮记录"},
		"another's checkpoint": {with(func(e *ballot.Evidence) { e.Checkpoints = [][]byte{[]byte("x")} }), r.Server.Public(), 7, "旁证"},
	} {
		v, err := ballot.Verify(x.file, x.key)
		if err == nil {
			t.Errorf("%s: the record holds", name)
			continue
		}
		var b *ballot.Broken
		if !errors.As(err, &b) || b.Step != x.step {
			t.Errorf("%s: broken at %+v", name, b)
		}
		text := meeting.Text(meeting.Verification(x.file, v, err))
		for _, want := range []string{"核验结论：不成立", err.Error(), "这是什么意思", "应当怎样做", x.says} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
		if strings.Contains(text, "通过") || strings.Count(text, "　不成立\n") != 1 || strings.Count(text, "　成立\n") != x.step-1 {
			t.Errorf("%s:\n%s", name, text)
		}
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

// The written opinions are listed by applicant, the main reviewer first, the latest of each alone; without any the paper says so.
func TestOpinions(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 3, 2)
	r.Package.Reviewers = []ballot.Reviewer{
		{Applicant: "A0001", Expert: "E01", Role: ballot.Assistant}, {Applicant: "A0001", Expert: "E02", Role: ballot.Main}, {Applicant: "A0002", Expert: "E01", Role: ballot.Main},
	}
	r.Issue(&ballot.Memory{})
	r.CheckIn(3)
	read := func() (*print.Report, string) {
		t.Helper()
		v, err := ballot.Verify(r.Record(), r.Server.Public())
		if err != nil {
			t.Fatal(err)
		}
		rep := meeting.Opinions(v)
		if b, err := print.Render(print.Meta{Made: time.UnixMilli(1)}, rep); err != nil || !bytes.HasPrefix(b, []byte("%PDF")) {
			t.Fatal(err)
		}
		return rep, meeting.Text(rep)
	}
	if _, text := read(); !strings.Contains(text, "没有书面意见") {
		t.Fatal(text)
	}
	write := func(i int, applicant, role, text string) {
		t.Helper()
		r.Append(ballot.NewOpinion(r.Package.Session, applicant, r.Voters[i].Expert, role, text, r.Now()).Sign(r.Voters[i].Key))
	}
	write(0, "A0001", ballot.Assistant, "先写的")
	write(0, "A0002", ballot.Main, strings.Repeat("很长的意见。\n", 300))
	write(1, "A0001", ballot.Main, "第一段\n第二段")
	write(0, "A0001", ballot.Assistant, "改写的")
	rep, text := read()
	rows := rep.Tables[0].Rows
	if len(rows) != 3 || !strings.HasSuffix(rows[0][3], "\n主审") || rows[0][4] != "第一段\n第二段" || !strings.HasSuffix(rows[1][3], "\n副主审") || rows[1][4] != "改写的" || rows[2][0] != "2" {
		t.Fatalf("%q", rows)
	}
	if strings.Contains(text, "先写的") || !strings.Contains(text, "有书面意见的人员") {
		t.Fatal(text)
	}
}
