package meeting

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/room"
	"zhiping/shared/ballot"
)

// hall is a board with four experts and one round in a state.
func hall(state string) *room.Board {
	return &room.Board{
		Experts: []room.ExpertRow{
			{ID: "E1", Name: "甲（虚构）", Status: ballot.Present, Device: "一号", CheckedIn: true},
			{ID: "E2", Name: "乙（虚构）", Status: ballot.Present, Device: "二号", CheckedIn: true},
			{ID: "E3", Name: "丙（虚构）", Status: ballot.Present, Device: "三号", CheckedIn: true},
			{ID: "E4", Name: "丁（虚构）"},
		},
		Rounds: []room.RoundRow{{
			ID: "R1", Spec: &ballot.Round{ID: "R1", Kind: ballot.Vote, Secrecy: ballot.SecretBallot}, State: state, Base: 3, Need: 2,
			Present: []string{"E1", "E2", "E3"}, Submitted: []string{"E1"}, Returned: []string{"E2"}, Missing: []string{"E2", "E3"},
		}},
	}
}

// possible are the titles of the steps that are possible, without their numbers.
func possible(steps []step) string {
	var all []string
	for _, s := range steps {
		if s.can {
			all = append(all, s.key)
		}
	}
	return strings.Join(all, " ")
}

// In each state just the steps that the rules allow are possible, and every other one says why not.
func TestStepsFollowTheRound(t *testing.T) {
	terms := roundTerms{panel: 4, quorum: 3}
	for state, want := range map[string]string{
		ballot.RoundReady: "open", ballot.RoundOpen: "close void", ballot.RoundClosed: "count reopen void", ballot.RoundOpened: "sheet sign void",
		ballot.RoundSigned: "sheet", ballot.RoundArchived: "sheet", ballot.RoundVoid: "",
	} {
		b := hall(state)
		all := append(stepsOf(b, &b.Rounds[0], terms), besides(&b.Rounds[0], terms)...)
		if got := possible(all); got != want {
			t.Errorf("%s: %q, want %q", state, got, want)
		}
		for _, s := range all {
			if s.note == "" {
				t.Errorf("%s: the step %s says nothing", state, s.key)
			}
		}
	}
}

// What stands against a step is named: quorum, another round, first rounds, mismatches, custodians, another sequencer.
func TestStepsSayWhyNot(t *testing.T) {
	for _, c := range []struct {
		name  string
		state string
		turn  func(*room.Board, *roundTerms)
		key   string
		can   bool
		note  string
	}{
		{"quorum", ballot.RoundReady, func(_ *room.Board, t *roundTerms) { t.panel, t.quorum = 6, 4 }, stepOpen, false, "还差 1 人"},
		{"derive", ballot.RoundReady, func(_ *room.Board, t *roundTerms) { t.derive = true }, stepOpen, false, "首轮结果"},
		{"another", ballot.RoundReady, func(b *room.Board, _ *roundTerms) {
			b.Rounds = append(b.Rounds, room.RoundRow{ID: "R2", Spec: &ballot.Round{}, State: ballot.RoundClosed})
		}, stepOpen, false, "第2轮正在进行"},
		{"missing", ballot.RoundOpen, func(*room.Board, *roundTerms) {}, stepClose, true, "乙（虚构）、丙（虚构）"},
		{"exceptions", ballot.RoundOpen, func(b *room.Board, _ *roundTerms) {
			b.Rounds[0].Missing, b.Rounds[0].Exceptions = nil, []ballot.Exception{{Kind: ballot.ExceptDevice, Subject: "E1"}}
		}, stepClose, true, "须查明"},
		{"one opener", ballot.RoundClosed, func(b *room.Board, _ *roundTerms) { b.Rounds[0].Openers = []string{"K1"} }, stepCount, true, "另一名"},
		{"two openers", ballot.RoundClosed, func(b *room.Board, _ *roundTerms) { b.Rounds[0].Openers = []string{"K1", "K2"} }, stepCount, true, "尚未计票"},
		{"reopen", ballot.RoundClosed, func(b *room.Board, _ *roundTerms) { b.Rounds[0].Openers = []string{"K1"} }, stepReopen, false, "还没有授权"},
		{"mismatch", ballot.RoundOpened, func(b *room.Board, _ *roundTerms) { b.Rounds[0].Mismatches = 2 }, stepSign, false, "2 名专家核对本人选票不一致"},
		{"another hub", ballot.RoundOpen, func(_ *room.Board, t *roundTerms) { t.idle = "本机是备用主机" }, stepClose, false, "本机是备用主机"},
		{"another hub prints", ballot.RoundOpened, func(_ *room.Board, t *roundTerms) { t.idle = "本机是备用主机" }, stepSheet, true, "短码"},
	} {
		b, terms := hall(c.state), roundTerms{panel: 4, quorum: 3}
		c.turn(b, &terms)
		for _, s := range append(stepsOf(b, &b.Rounds[0], terms), besides(&b.Rounds[0], terms)...) {
			if s.key == c.key && (s.can != c.can || !strings.Contains(s.note, c.note)) {
				t.Errorf("%s: %v %q", c.name, s.can, s.note)
			}
		}
	}
}

// Attendance changes only as the log would take them.
func TestCannotMark(t *testing.T) {
	for _, c := range []struct {
		state, expert, status, why string
	}{
		{ballot.RoundReady, "E1", ballot.Absent, ""},
		{ballot.RoundReady, "E1", ballot.Present, "已经登记"},
		{ballot.RoundReady, "E4", ballot.Present, "还没有在投票电脑上签到"},
		{ballot.RoundOpen, "E1", ballot.Absent, "只能登记为离场"},
		{ballot.RoundOpen, "E1", ballot.Left, ""},
		{ballot.RoundOpen, "E3", ballot.Withdrawn, ""},
		{ballot.RoundClosed, "E3", ballot.Left, "先重新开启"},
		{ballot.RoundOpened, "E3", ballot.Left, ""},
	} {
		b := hall(c.state)
		for i := range b.Experts {
			if b.Experts[i].ID != c.expert {
				continue
			}
			if got := cannotMark(b, &b.Experts[i], c.status); (got == "") != (c.why == "") || !strings.Contains(got, c.why) {
				t.Errorf("%s %s %s: %q", c.state, c.expert, c.status, got)
			}
		}
	}
}

func TestCannotReturn(t *testing.T) {
	b := hall(ballot.RoundOpen)
	for expert, want := range map[string]string{"E1": "", "E2": "已经退回", "E3": "还没有提交"} {
		if got := cannotReturn(&b.Rounds[0], expert); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q", expert, got)
		}
	}
	b.Rounds[0].State = ballot.RoundClosed
	if cannotReturn(&b.Rounds[0], "E1") == "" {
		t.Error("a ballot of a closed round can be returned")
	}
}

// Who has submitted is shown, and nothing else of a ballot.
func TestBallotWords(t *testing.T) {
	b := hall(ballot.RoundOpen)
	r := &b.Rounds[0]
	r.Requested, r.Submitted = []string{"E3"}, []string{"E1", "E3"}
	for expert, want := range map[string]string{"E1": "已提交", "E2": "已退回", "E3": "申请退回", "E4": "—"} {
		if got, _ := ballotWord(r, expert); got != want {
			t.Errorf("%s: %s", expert, got)
		}
	}
	r.State = ballot.RoundReady
	if got, _ := ballotWord(r, "E1"); got != "" {
		t.Error(got)
	}
}

// A secret column of fewer than three cells shows its outcome alone; a unanimous one warns of what it tells.
func TestResultsHideFewCells(t *testing.T) {
	spec := &ballot.Round{ID: "R1", Kind: ballot.Vote, Secrecy: ballot.SecretBallot}
	few := &ballot.Result{Applicant: "A1", Agree: 1, Oppose: 1, Base: 2, Need: 2, Decision: ballot.NotPass}
	if got := strings.Join(resultCells(spec, few, 2), "|"); strings.ContainsAny(strings.TrimSuffix(got, "）"), "12") || !strings.Contains(got, "未通过") {
		t.Error(got)
	}
	enough := &ballot.Result{Applicant: "A1", Agree: 3, Base: 3, Need: 2, Decision: ballot.Passed}
	if got := resultCells(spec, enough, 3); got[0] != "3" || got[1] != "0" {
		t.Error(got)
	}
	r := &room.RoundRow{ID: "R1", Spec: spec, Submitted: []string{"E1", "E2", "E3"}, Tally: &ballot.Tally{Results: []ballot.Result{*enough, *few}}}
	if got := resultNote(r); !strings.Contains(got, "通过 1 人，未通过 1 人") || !strings.Contains(got, "其中 1 人票数一致") {
		t.Error(got)
	}
	spec.Secrecy = ballot.NamedBallot
	if got := resultCells(spec, few, 2); got[0] != "1" {
		t.Error(got)
	}
}

// What stands against a close is said by kind, with all names; while experts still vote, a laptop that has not spoken is no trouble yet.
func TestExceptionTexts(t *testing.T) {
	b := hall(ballot.RoundOpen)
	all := []ballot.Exception{
		{Kind: ballot.ExceptReturned, Subject: "E2"}, {Kind: ballot.ExceptDevice, Subject: "E1"}, {Kind: ballot.ExceptDevice, Subject: "E3"}, {Kind: ballot.ExceptQuarantined, Subject: "00"},
	}
	got := exceptionTexts(b, all)
	if len(got) != 3 || !strings.Contains(got[1], "甲（虚构）、丙（虚构）") || !strings.Contains(got[2], "1 项") {
		t.Error(got)
	}
	r := &b.Rounds[0]
	r.Exceptions = all
	if got := pressing(r); len(got) != 3 || got[1].Subject != "E1" {
		t.Error(got)
	}
	if rows := troubles(b, r); len(rows) != 2 || rows[0][1].text != "乙（虚构）" {
		t.Error(rows)
	}
}

func TestRoundNames(t *testing.T) {
	b := &room.Board{Rounds: []room.RoundRow{{ID: "S1"}, {ID: "R7"}, {ID: "R7~3"}}}
	for id, want := range map[string]string{"S1": "第1轮", "R7": "第2轮", "R7~3": "第2轮（第3次）"} {
		if got := roundName(b, id); got != want {
			t.Error(got)
		}
	}
}

// The next round is the one that staff has to do with; when all are finished, the last.
func TestNextRound(t *testing.T) {
	b := &room.Board{Rounds: []room.RoundRow{{ID: "R1", State: ballot.RoundVoid}, {ID: "R2", State: ballot.RoundReady}, {ID: "R1~2", State: ballot.RoundOpen}}}
	if got := nextRound(b); got != "R2" {
		t.Error(got)
	}
	b.Rounds[1].State, b.Rounds[2].State = ballot.RoundSigned, ballot.RoundSigned
	if got := nextRound(b); got != "R1~2" {
		t.Error(got)
	}
}

func TestPairs(t *testing.T) {
	if pairOf(2, 0) != "1,3" || pairOf(1, 2) != "2,3" {
		t.Error(pairOf(2, 0), pairOf(1, 2))
	}
	p := &ballot.Package{Custodians: []ballot.Custodian{{ID: "K1", Name: "甲"}, {ID: "K2", Name: "乙"}, {ID: "K3", Name: "丙"}}}
	r := &room.RoundRow{Pair: "1,3"}
	if allowedOpener(r, p, 0) != nil || allowedOpener(r, p, 2) != nil || allowedOpener(r, p, 1) == nil {
		t.Error("a custodian outside the pair that has signed is taken")
	}
}

func TestTexts(t *testing.T) {
	b := hall(ballot.RoundOpen)
	for got, want := range map[string]string{
		attendance(b):                                "专家 4 人：出席 3，未签到 1",
		namesOf(b, []string{"E1", "E2"}, 1):          "甲（虚构）等2人",
		needText(9, 8, 6, 6):                         "9 → 8 人；通过所需同意票：6 → 6 票",
		spaced("12345678"):                           "1234 5678",
		strings.Join(closeText(b, &b.Rounds[0]), ""): "未提交：乙（虚构）、丙（虚构）",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not say %q", got, want)
		}
	}
	if cells := expertCells(&b.Experts[3], &b.Rounds[0]); cells[2].text != "未签到" || cells[2].how != widget.LowImportance {
		t.Error(cells)
	}
	lost := room.ExpertRow{Name: "甲", Device: "一号", Revoked: true}
	if cells := expertCells(&lost, nil); cells[4].text != "已登记遗失" {
		t.Error(cells)
	}
}

// What a pairing slip's file says is what is read from it; another text, or half of one, is refused.
func TestPairing(t *testing.T) {
	p := Pairing{Hub: "192.0.2.1:7443", TLS: "ab", Code: "123456", Server: "cd", Session: "S1"}
	text := p.Text()
	for _, typed := range []string{text, strings.ReplaceAll(text, "\n", "\r\n"), "\n" + text} {
		if got, err := ParsePairing(typed); err != nil || *got != p {
			t.Error(got, err)
		}
	}
	online := Pairing{Hub: "https://192.0.2.2", Code: "1234567890", Server: "cd", Session: "S1"}
	if got, err := ParsePairing(online.Text()); err != nil || *got != online || !got.Online() || p.Online() {
		t.Error(got, err)
	}
	for _, bad := range []string{"", "zp-pair/2\n", strings.ReplaceAll(text, "server cd\n", "")} {
		if got, err := ParsePairing(bad); err == nil {
			t.Error(bad, got)
		}
	}
}

// A laptop that must not go on says why, before any step is tried.
func TestIdle(t *testing.T) {
	for _, c := range []struct {
		b    room.Board
		want string
	}{
		{room.Board{Mine: true}, ""},
		{room.Board{Remote: true}, ""},
		{room.Board{Mine: true, Archived: true}, "已确认归档"},
		{room.Board{Mine: true, Released: "主机遗失"}, "主机遗失"},
		{room.Board{Mine: true, Behind: "本机的记录落后"}, "先按红字处理"},
		{room.Board{Sequencer: "主机"}, "只看不办"},
	} {
		if got := idleText(&c.b); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q", c.b, got)
		}
	}
	if got := alarmText(&room.Board{Alarms: []string{"甲"}, Behind: "乙"}); got != "警报：甲\n乙" {
		t.Error(got)
	}
}

// What a stick brought is said in plain words, with every reason why something was not taken.
func TestImportedText(t *testing.T) {
	got := strings.Join(importedText(&room.Imported{Accepted: 2, Known: 3, Pending: 1, Quarantined: 1, Refused: []string{"选票迟到"}, Reply: []byte{1}}), "\n")
	for _, want := range []string{"新收到 2 项", "已收到 3 项", "1 项签到待确认", "无法辨认 1 项", "没有接受 1 项", "选票迟到", "写回U盘"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not said: %s", want, got)
		}
	}
	if got := importedText(&room.Imported{}); len(got) != 1 {
		t.Error(got)
	}
}

// A check-in waits for staff where the server is the sequencer; only one whose code is right can be confirmed.
func TestPendingText(t *testing.T) {
	q := room.PendingRow{Name: "甲（虚构）", Device: "一号"}
	if got := pendingText(q); !strings.Contains(got, "补录签到码") {
		t.Error(got)
	}
	q.Known = true
	if got := pendingText(q); !strings.Contains(got, "签到码不对") {
		t.Error(got)
	}
	q.Right = true
	if got := pendingText(q); !strings.Contains(got, "看到本人后确认") {
		t.Error(got)
	}
}

// Sessions are told apart by what differs in their titles.
func TestShortened(t *testing.T) {
	for _, c := range [][2][]string{
		{{"年度会议 土建组", "年度会议 机电组", "年度会议 全体"}, {"土建组", "机电组", "全体"}},
		{{"年度会议", "年度会议 全体"}, {"年度会议", "年度会议 全体"}},
		{{"年度会议", "年度会议"}, {"年度会议", "年度会议"}},
		{{"甲会", "乙会"}, {"甲会", "乙会"}},
	} {
		if got := shortened(c[0]); strings.Join(got, "|") != strings.Join(c[1], "|") {
			t.Error(got)
		}
	}
}
