package meeting

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/kit/kittest"
	"zhiping/desktop/room"
	"zhiping/desktop/theme"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/holder"
	"zhiping/shared/room/stick"
)

// The test's own program is the tally process too: a round is opened in a process of its own.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "tally" {
		if err := room.TallyProcess(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const passphrase = "three-words-of-a-test"

// A stage is a hub with its window, everybody's key files, and voters who come by stick.
type stage struct {
	*ballottest.Room
	t        *testing.T
	window   fyne.Window
	hub      *room.Hub
	board    *Board
	keys     map[string]string // key file by person
	spareDir string
	files    []string // what the file dialog is answered with, one after the other
	saved    string   // where a file is saved
	said     []string
	failed   []error
	shown    []string
	clock    atomic.Int64
}

// Open implements kit.Files.
func (s *stage) Open(_ []string, then func(string)) {
	s.t.Helper()
	if len(s.files) == 0 {
		s.t.Fatal("a file is asked for that nobody has")
	}
	path := s.files[0]
	s.files = s.files[1:]
	then(path)
}

// Save implements kit.Files.
func (s *stage) Save(_ string, then func(string)) { then(s.saved) }

func newHall(t *testing.T, experts int, turn func(*ballot.Package)) *stage {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(1, false))
	s := &stage{t: t, Room: ballottest.New(t, &ballot.Memory{}, experts, 4), keys: map[string]string{}}
	s.clock.Store(1772413200000)
	s.spareDir = t.TempDir()
	dir := t.TempDir()
	keys, err := room.PrepareKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	spare, err := room.PrepareKeys(s.spareDir)
	if err != nil {
		t.Fatal(err)
	}
	p := s.Package
	p.Hub, p.Staff, p.TLS, p.Custodians = keys.Hub.Public(), []string{keys.Staff.Public(), spare.Staff.Public()}, keys.Pin, nil
	p.Spare, p.SpareTLS = spare.Hub.Public(), spare.Pin
	for i, name := range []string{"主任（虚构）", "会务（虚构）", "监督（虚构）"} {
		h, err := holder.New(name)
		if err != nil {
			t.Fatal(err)
		}
		s.keys[name] = filepath.Join(t.TempDir(), "key.zpk")
		if err := h.Save(s.keys[name], passphrase, 2); err != nil {
			t.Fatal(err)
		}
		p.Custodians = append(p.Custodians, h.Custodian(fmt.Sprint("K", i+1), []string{"执行主任", "会务负责人", "监督人员"}[i]).Public())
		switch i {
		case 0:
			p.Chair = h.Key(ballot.RoleChair).Public()
		case 2:
			p.Supervisor = h.Key(ballot.RoleSupervisor).Public()
		}
	}
	if turn != nil {
		turn(p)
	}
	s.Hub = keys.Hub
	s.Issue(&ballot.Memory{})
	s.sit(dir)
	return s
}

// sit opens the hub of a folder, and its window.
func (s *stage) sit(dir string) {
	t := s.t
	t.Helper()
	hub, err := room.OpenHub(t.Context(), dir, s.Server.Public(), func() int64 { return s.clock.Add(1) }, s.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := hub.Close(); err != nil {
			t.Error(err)
		}
	})
	s.hub = hub
	s.show(dir)
}

// show draws the hub's window.
func (s *stage) show(dir string) {
	t := s.t
	s.window = test.NewTempWindow(t, widget.NewLabel(""))
	s.window.Resize(fyne.NewSize(1340, 720))
	desk := &kit.Desk{
		Run: kit.Inline, Files: s, Say: func(text string) { s.said = append(s.said, text) }, Show: func(path string) { s.shown = append(s.shown, path) },
		Fail: func(err error) {
			if err != nil {
				s.failed = append(s.failed, err)
			}
		},
		Choose: func(title string, content fyne.CanvasObject, choices ...kit.Choice) {
			kit.Choose(s.window, title, content, choices...)
		},
	}
	s.board = NewBoard(s.window, desk, s.hub, Place{Addresses: []string{"192.0.2.1:7443"}, Server: s.Server.Public(), Dir: dir}, func() {})
	s.window.SetContent(s.board.Content)
	s.board.Refresh()
}

// front is what the person sees in front: the dialog, or the window.
func (s *stage) front() fyne.CanvasObject {
	if top := s.window.Canvas().Overlays().Top(); top != nil {
		return top
	}
	return s.board.Content
}

// reads is everything that can be read in front.
func (s *stage) reads() string {
	var all []string
	kittest.Each(s.front(), func(o fyne.CanvasObject) {
		switch x := o.(type) {
		case *widget.Label:
			all = append(all, x.Text)
		case *canvas.Text:
			all = append(all, x.Text)
		case *kit.Button:
			all = append(all, x.Text)
		}
	})
	return strings.Join(all, "\n")
}

// press presses the button in front that has a text.
func (s *stage) press(text string) {
	s.t.Helper()
	var found fyne.Tappable
	kittest.Each(s.front(), func(o fyne.CanvasObject) {
		switch x := o.(type) {
		case *kit.Button:
			if strings.HasSuffix(x.Text, text) && !x.Disabled() {
				found = x
			}
		case *widget.Button:
			if strings.HasSuffix(x.Text, text) && !x.Disabled() {
				found = x
			}
		}
	})
	if found == nil {
		s.t.Fatalf("there is no button %q to press in:\n%s", text, s.reads())
	}
	found.Tapped(&fyne.PointEvent{})
}

// types writes into the entries in front, in their order; "" leaves one as it is.
func (s *stage) types(texts ...string) {
	s.t.Helper()
	i := 0
	kittest.Each(s.front(), func(o fyne.CanvasObject) {
		var e *widget.Entry
		switch x := o.(type) {
		case *kit.Entry:
			e = &x.Entry
		case *widget.SelectEntry:
			e = &x.Entry
		default:
			return
		}
		if i < len(texts) && texts[i] != "" {
			e.SetText(texts[i])
		}
		i++
	})
	if i < len(texts) {
		s.t.Fatalf("there are %d entries in:\n%s", i, s.reads())
	}
}

// signs gives the keys of people to the dialog in front: the files first, then the passphrases, which stand last.
func (s *stage) signs(button string, before []string, people ...string) {
	s.t.Helper()
	var choose []*kit.Button
	kittest.Each(s.front(), func(o fyne.CanvasObject) {
		if b, ok := o.(*kit.Button); ok && b.Text == "选择密钥文件…" {
			choose = append(choose, b)
		}
	})
	for i, who := range people {
		s.files = append(s.files, s.keys[who])
		choose[i].Tapped(&fyne.PointEvent{})
		before = append(before, passphrase)
	}
	s.types(before...)
	s.press(button)
}

// closed checks that no dialog stands in front any more: what was asked has been done.
func (s *stage) closed() {
	s.t.Helper()
	if s.window.Canvas().Overlays().Top() != nil {
		s.t.Fatalf("the dialog is still there:\n%s", s.reads())
	}
	if len(s.failed) > 0 {
		s.t.Fatal(s.failed)
	}
}

// brings brings objects to the hub on a stick, as staff does.
func (s *stage) brings(objects ...[]byte) {
	s.t.Helper()
	_, to, err := stick.NewIdentity()
	if err != nil {
		s.t.Fatal(err)
	}
	hub, _, _ := s.hub.Keys()
	b, err := stick.ToHub(hub, append([][]byte{[]byte("zp-reply/1\nrecipient " + to + "\n")}, objects...))
	if err != nil {
		s.t.Fatal(err)
	}
	path := filepath.Join(s.t.TempDir(), "专家.zpb")
	if err := stick.Write(path, b); err != nil {
		s.t.Fatal(err)
	}
	s.files = append(s.files, path)
	s.press("读入U盘")
}

func (s *stage) desk() *room.Desk { return s.hub.Rooms[0] }

// checkIns are the check-ins of voters with the codes on their slips.
func (s *stage) checkIns(voters ...*ballot.Voter) (all [][]byte) {
	s.t.Helper()
	for _, v := range voters {
		half, err := v.CheckIn(s.desk().Codes()[v.Expert], s.clock.Add(1))
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, half)
	}
	return all
}

// votes are the sealed ballots of voters, and their laptops' words that nothing is left on them.
func (s *stage) votes(round string, cell byte, voters ...*ballot.Voter) (all [][]byte) {
	s.t.Helper()
	for _, v := range voters {
		e, err := v.Seal(round, s.Ballot(cell), s.clock.Add(1))
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, e.Raw)
	}
	return all
}

// deviceWords are laptops' words on what they hold, of the log as it is.
func (s *stage) deviceWords(round string, voters ...*ballot.Voter) (all [][]byte) {
	s.t.Helper()
	for _, v := range voters {
		o := &ballot.Device{Session: s.Package.Session, Round: round, Expert: v.Expert, Device: v.Device, Sealed: 1, Receipts: 1, At: s.clock.Add(1)}
		s.desk().View(func(st *ballot.State) {
			root, _ := st.RootAt(st.Size())
			o.Origin, o.Size, o.Root = st.Origin(), st.Size(), root[:]
		})
		b, err := o.Sign(v.Key)
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// request is an expert's signed wish to have his ballot back.
func (s *stage) request(round, reason string, v *ballot.Voter) []byte {
	s.t.Helper()
	o := &ballot.Request{Session: s.Package.Session, Reason: reason, At: s.clock.Add(1)}
	s.desk().View(func(st *ballot.State) {
		id := ballot.IDOf(st.InForce(round, v.Expert).Raw)
		o.Envelope = id[:]
	})
	b, err := o.Sign(v.Key)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// attests appends an expert's word that his own cells stand in the columns.
func (s *stage) attests(round string, v *ballot.Voter) {
	s.t.Helper()
	o := &ballot.Attest{Session: s.Package.Session, Expert: v.Expert, At: s.clock.Add(1)}
	s.desk().View(func(st *ballot.State) { o.Tally = st.Rounds[round].TallyID[:] })
	b, err := o.Sign(v.Key)
	if err != nil {
		s.t.Fatal(err)
	}
	to, err := stick.ToHub(s.Package.Hub, [][]byte{b})
	if err != nil {
		s.t.Fatal(err)
	}
	if got, err := s.hub.Import(s.t.Context(), to); err != nil || got.Accepted != 1 {
		s.t.Fatal(got, err)
	}
}

func (s *stage) round(id string) *room.RoundRow {
	s.t.Helper()
	b, err := s.desk().Board()
	if err != nil {
		s.t.Fatal(err)
	}
	return theRound(b, id)
}

// Staff holds a round from the first check-in to the signed sheet at the window alone, with everybody's key files; before the opening no choice is on the
// screen.
func TestARoundAtTheWindow(t *testing.T) {
	s := newHall(t, 4, nil)
	chair, staff, supervisor := "主任（虚构）", "会务（虚构）", "监督（虚构）"
	if got := s.reads(); !strings.Contains(got, "演练（数据虚构）") || !strings.Contains(got, "专家 4 人：出席 0，未签到 4") || !strings.Contains(got, "还差 3 人") {
		t.Fatal(got)
	}
	s.brings(s.checkIns(s.Voters...)...)
	if got := s.reads(); !strings.Contains(got, "新收到 4 项") {
		t.Fatal(got)
	}
	s.saved = filepath.Join(t.TempDir(), "回执.zph")
	s.press("写回U盘")
	if b, err := os.ReadFile(s.saved); err != nil || len(b) == 0 || len(s.said) != 1 {
		t.Fatal("no reply was written:", err, s.said)
	}
	// What the reviewers have written is printed before anything is voted on.
	opinion, err := ballot.NewOpinion(s.Package.Session, "A0001", s.Voters[0].Expert, ballot.Main, "同意推荐。", s.Now()).Sign(s.Voters[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	s.brings(opinion)
	s.press("关闭")
	s.press("打印")
	s.press("书面意见汇总")
	if len(s.shown) != 1 || !strings.Contains(s.shown[0], "书面意见汇总") {
		t.Fatal(s.shown)
	}
	if b, err := os.ReadFile(s.shown[0]); err != nil || !strings.HasPrefix(string(b), "%PDF") {
		t.Fatal(err)
	}
	s.shown = nil
	s.press("开启本轮")
	s.press("开启本轮")
	s.closed()

	s.brings(s.votes("R1", ballot.Agree, s.Voters[:3]...)...)
	s.press("关闭")
	s.brings(s.deviceWords("R1", s.Voters[:3]...)...)
	s.press("关闭")
	if got := s.reads(); !strings.Contains(got, "尚未提交：专家4") || strings.Contains(got, "同意") && !strings.Contains(got, "通过需同意票") {
		t.Fatal(got)
	}
	// The fourth leaves without a ballot: chair and supervisor see the base and sign.
	s.board.open.experts.choose(3)
	s.press("离场")
	if got := s.reads(); !strings.Contains(got, "4 → 3 人") || !strings.Contains(got, "3 → 2 票") {
		t.Fatal(got)
	}
	s.signs("登记为离场", []string{"因病"}, chair, supervisor)
	s.closed()
	if r := s.round("R1"); len(r.Present) != 3 {
		t.Fatal(r.Present)
	}

	s.press("关闭本轮")
	s.signs("关闭本轮", nil, supervisor)
	if got := s.reads(); !strings.Contains(got, "这不是本次会议执行主任的密钥文件") {
		t.Fatal("the supervisor closed a round:", got)
	}
	s.signs("关闭本轮", nil, chair)
	s.closed()
	if s.round("R1").State != ballot.RoundClosed {
		t.Fatal(s.round("R1").State)
	}

	s.press("开票计票")
	s.signs("下一步", nil, supervisor)
	s.signs("授权并计票", nil, supervisor)
	if got := s.reads(); !strings.Contains(got, "同一名保管人") {
		t.Fatal("one custodian opened alone:", got)
	}
	s.signs("授权并计票", nil, staff)
	s.closed()
	r := s.round("R1")
	if r.State != ballot.RoundOpened || r.Pair != "2,3" || r.Tally.Results[0].Agree != 3 {
		t.Fatalf("%+v", r)
	}
	if got := s.reads(); !strings.Contains(got, "出席3人，同意3票，需2票，通过") {
		t.Fatal(got)
	}

	s.press("打印")
	s.press("选票对账单")
	s.press("打印")
	s.press("投票结果汇总表")
	if len(s.shown) != 2 || !strings.Contains(s.shown[0], "选票对账单") {
		t.Fatal(s.shown)
	}
	for _, path := range s.shown {
		if b, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(b), "%PDF") {
			t.Fatal(path, err)
		}
	}
	s.board.open.rounds.tabs.SelectIndex(0)
	s.press("签字确认")
	// An expert attests after the sheet was printed: what chair and supervisor sign is the sheet, not what has come since.
	printed := s.board.open.now
	digits := printed.Root[len(printed.Root)-4:]
	s.attests("R1", s.Voters[0])
	s.signs("签字确认", []string{"1", "x" + digits[1:]}, chair, supervisor)
	if got := s.reads(); !strings.Contains(got, "短码与本机的会议记录不符") {
		t.Fatal("another sheet was signed:", got)
	}
	s.signs("签字确认", []string{"1", digits}, chair, supervisor)
	s.closed()
	s.desk().View(func(st *ballot.State) {
		if o := st.Rounds["R1"].SignOff; o == nil || o.Size != printed.Size || o.Size >= st.Size()-1 {
			t.Errorf("%+v, printed at %d", o, printed.Size)
		}
	})
	if r := s.round("R1"); r.State != ballot.RoundSigned {
		t.Fatal(r.State)
	}
	s.saved = filepath.Join(t.TempDir(), "会议记录.zpr")
	s.press("会议记录")
	b, err := os.ReadFile(s.saved)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ballot.Verify(b, s.Server.Public()); err != nil {
		t.Fatal(err)
	}
	s.closed()
}

// A ballot is given back on staff's account with a reason, and stands as returned until the expert hands in another.
func TestReturnAtTheWindow(t *testing.T) {
	s := newHall(t, 3, nil)
	s.brings(s.checkIns(s.Voters...)...)
	s.press("关闭")
	s.press("开启本轮")
	s.press("开启本轮")
	s.brings(s.votes("R1", ballot.Agree, s.Voters[0])...)
	s.press("关闭")
	s.board.open.experts.choose(0)
	s.press("退回选票")
	s.press("退回选票")
	if got := s.reads(); !strings.Contains(got, "请填写原因") {
		t.Fatal("a ballot was returned without a reason:", got)
	}
	s.types("程序性问题")
	s.press("退回选票")
	s.closed()
	if r := s.round("R1"); len(r.Returned) != 1 || len(r.Submitted) != 0 {
		t.Fatal(r.Returned, r.Submitted)
	}
	if got := s.reads(); !strings.Contains(got, "已退回") {
		t.Fatal(got)
	}
	s.press("退回选票")
	if len(s.failed) != 1 || !strings.Contains(s.failed[0].Error(), "已经退回") {
		t.Fatal(s.failed)
	}
	s.failed = nil

	// Another asks for his himself: his reason is what staff sees and what stands in the return.
	s.brings(s.votes("R1", ballot.Agree, s.Voters[1])...)
	s.press("关闭")
	s.brings(s.request("R1", "看错了人", s.Voters[1]))
	s.press("关闭")
	if got := s.reads(); !strings.Contains(got, "申请退回选票，请先在名单中办理：专家2") {
		t.Fatal(got)
	}
	s.board.open.experts.choose(1)
	s.press("退回选票")
	if got := s.reads(); !strings.Contains(got, "看错了人") {
		t.Fatal(got)
	}
	s.press("退回选票")
	s.closed()
	s.desk().View(func(st *ballot.State) {
		if all := st.Rounds["R1"].Returns; len(all) != 2 || all[0].Request != ballot.ByStaff || all[1].Request == ballot.ByStaff || all[1].Reason != "看错了人" {
			t.Errorf("%+v", all)
		}
	})
}

// A round whose blockers nobody has accepted is not closed; the chair accepts each, and they stand in the close.
func TestExceptionsAreAcceptedOneByOne(t *testing.T) {
	s := newHall(t, 3, nil)
	s.brings(s.checkIns(s.Voters...)...)
	s.press("关闭")
	s.press("开启本轮")
	s.press("开启本轮")
	s.brings(s.votes("R1", ballot.Oppose, s.Voters...)...)
	s.press("关闭")
	s.press("关闭本轮")
	s.signs("关闭本轮", nil, "主任（虚构）")
	if got := s.reads(); !strings.Contains(got, "没有勾选") || s.round("R1").State != ballot.RoundOpen {
		t.Fatal(got)
	}
	kittest.Each(s.front(), func(o fyne.CanvasObject) {
		if c, ok := o.(*kit.Check); ok {
			c.SetChecked(true)
		}
	})
	s.signs("关闭本轮", nil, "主任（虚构）")
	s.closed()
	if r := s.round("R1"); r.State != ballot.RoundClosed || len(r.Sheet.Exceptions) != 3 {
		t.Fatalf("%+v", r.Sheet)
	}
	// Closed too early: it is opened again with a reason.
	s.press("重新开启…")
	s.signs("重新开启", []string{"关闭有误"}, "主任（虚构）")
	s.closed()
	if s.round("R1").State != ballot.RoundOpen {
		t.Fatal("not open again")
	}
	// And made void, to be held again, only when its name has been typed.
	s.press("作废本轮…")
	s.signs("作废本轮", []string{"设备或网络故障", "作废第2轮"}, "主任（虚构）", "监督（虚构）")
	if s.round("R1").State != ballot.RoundOpen {
		t.Fatal("another round's name made it void")
	}
	s.signs("作废本轮", []string{"设备或网络故障", "作废第1轮"}, "主任（虚构）", "监督（虚构）")
	s.closed()
	if r := s.round("R1"); r.State != ballot.RoundVoid || r.Next != "R1~2" {
		t.Fatalf("%+v", r)
	}
}

// Of a named round the figures of each expert are shown after the opening; the codes are on the screen only while staff wants them.
func TestNamedRoundAndCodes(t *testing.T) {
	s := newHall(t, 3, func(p *ballot.Package) { p.Rounds = p.Rounds[2:] })
	code := s.desk().Codes()["E01"]
	if strings.Contains(s.reads(), spaced(code)) {
		t.Fatal("a one-time code is on the screen")
	}
	s.press("显示签到码")
	if !strings.Contains(s.reads(), spaced(code)) {
		t.Fatal(s.reads())
	}
	s.press("隐藏签到码")
	if strings.Contains(s.reads(), spaced(code)) {
		t.Fatal("a one-time code is still on the screen")
	}
	s.brings(s.checkIns(s.Voters...)...)
	s.press("关闭")
	s.press("开启本轮")
	s.press("开启本轮")
	s.brings(s.votes("R3", ballot.Abstain, s.Voters...)...)
	s.press("关闭")
	s.brings(s.deviceWords("R3", s.Voters...)...)
	s.press("关闭")
	if strings.Contains(s.reads(), "各人票数") {
		t.Fatal("figures of experts before the opening")
	}
	s.press("关闭本轮")
	s.signs("关闭本轮", nil, "主任（虚构）")
	s.press("开票计票")
	s.signs("下一步", nil, "主任（虚构）")
	s.signs("授权并计票", nil, "会务（虚构）")
	s.closed()
	s.board.open.rounds.tabs.Select(s.board.open.rounds.named)
	if got := s.reads(); !strings.Contains(got, "各人票数") || !strings.Contains(got, "专家1\n0\n0\n4\n0") {
		t.Fatal(got)
	}
}

// A lost laptop ends its credential, and its expert gets another code.
func TestLostLaptop(t *testing.T) {
	s := newHall(t, 3, nil)
	old := s.desk().Codes()["E01"]
	s.brings(s.checkIns(s.Voters...)...)
	s.press("关闭")
	s.board.open.experts.choose(0)
	s.press("电脑遗失")
	s.types("电脑遗失")
	s.press("登记遗失，发新签到码")
	code := s.desk().Codes()["E01"]
	if got := s.reads(); code == old || !strings.Contains(got, spaced(code)) {
		t.Fatal(got)
	}
	s.press("关闭")
	if got := s.reads(); !strings.Contains(got, "已登记遗失") {
		t.Fatal(got)
	}
}

// The spare gets the hub's log and codes by stick, says that it only looks on, and takes over by the chair's key once its word has been typed.
func TestSpareTakesOver(t *testing.T) {
	s := newHall(t, 3, nil)
	s.brings(s.checkIns(s.Voters[:2]...)...)
	s.press("关闭")
	s.saved = filepath.Join(t.TempDir(), "主机副本.zpb")
	s.press("备用主机")
	s.press("副本存到U盘…")
	code := s.desk().Codes()["E03"]

	s.sit(s.spareDir)
	if got := s.reads(); !strings.Contains(got, "本机不是现在的主机") {
		t.Fatal(got)
	}
	s.files = append(s.files, s.saved)
	s.press("读入U盘")
	if got := s.reads(); !strings.Contains(got, "已导入主机的记录副本") {
		t.Fatal(got)
	}
	s.press("关闭")
	if got := s.reads(); !strings.Contains(got, "出席 2，未签到 1") || s.desk().Codes()["E03"] != code {
		t.Fatal(got)
	}
	s.board.open.experts.choose(0)
	s.press("缺席")
	if len(s.failed) != 1 || !strings.Contains(s.failed[0].Error(), "只看不办") {
		t.Fatal(s.failed)
	}
	s.failed = nil
	s.press("备用主机")
	s.press("启用本机…")
	s.signs("启用本机", []string{"主机损坏，不能开机", "启用"}, "主任（虚构）")
	if got := s.reads(); !strings.Contains(got, "请输入“启用本机”") {
		t.Fatal("it took over without its word:", got)
	}
	s.signs("启用本机", []string{"", "启用本机"}, "主任（虚构）")
	s.closed()
	if got := s.reads(); strings.Contains(got, "只看不办") || !strings.Contains(got, "主机任期 2") {
		t.Fatal(got)
	}
	// It holds the meeting from here on.
	s.brings(s.checkIns(s.Voters[2])...)
	s.press("关闭")
	s.press("开启本轮")
	s.press("开启本轮")
	s.closed()
	if s.round("R1").State != ballot.RoundOpen {
		t.Fatal(s.round("R1").State)
	}
}

// What comes over the network is on the screen without anybody asking, and once the window has ended nothing is drawn any more.
func TestTheBoardFollowsTheLog(t *testing.T) {
	s := newHall(t, 3, nil)
	drawn := make(chan func())
	over := make(chan struct{})
	var running sync.WaitGroup
	s.board.desk.Run = func(work func() func()) {
		running.Go(func() {
			then := work()
			select {
			case drawn <- then:
			case <-over:
			}
		})
	}
	ctx, stop := context.WithCancel(t.Context())
	s.board.Follow(ctx)
	(<-drawn)()
	half := s.checkIns(s.Voters[0])[0]
	hub, _, _ := s.hub.Keys()
	file, err := stick.ToHub(hub, [][]byte{half})
	if err != nil {
		t.Fatal(err)
	}
	running.Go(func() {
		if _, err := s.hub.Import(t.Context(), file); err != nil {
			t.Error(err)
		}
	})
	deadline := time.After(30 * time.Second)
	for !strings.Contains(s.reads(), "出席 1，未签到 2") {
		select {
		case then := <-drawn:
			then()
		case <-deadline:
			t.Fatal("the board does not follow:", s.reads())
		}
	}
	s.board.open.title.SetText("")
	stop()
	(<-drawn)() // what waited for the log ends, and draws nothing
	if s.board.open.title.Text != "" {
		t.Error("it was drawn after its end")
	}
	close(over)
	running.Wait()
}

// The people of a second round come from a first round on the same laptop, by the chair's key; until then no round of it opens.
func TestSecondRoundAtTheWindow(t *testing.T) {
	s := newHall(t, 3, func(p *ballot.Package) { p.Rounds = p.Rounds[:1] })
	second := *s.Package
	second.Session, second.Origin, second.Title = "M1-S2", "zhiping/M1-S2", "全体会议（虚构）"
	second.Depends = []ballot.Dependency{{Session: s.Package.Session, Package: s.ID[:], Round: "R1", Rule: ballot.TakePassed}}
	b, err := second.Sign(s.Server)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.hub.Add(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	s.show(t.TempDir())
	if s.board.tabs == nil || len(s.board.tabs.Items) != 2 {
		t.Fatal("two sessions have no tabs")
	}
	alone := NewBoard(s.window, s.board.desk, s.hub, Place{Session: second.Session, Addresses: []string{"https://192.0.2.2"}, Pairing: "1234567890"}, func() {})
	if slip := alone.open.pairing(); alone.tabs != nil || alone.open.desk.Session != second.Session || slip.Code != "1234567890" || slip.TLS != "" || !slip.Online() {
		t.Errorf("%+v", slip)
	}
	s.brings(s.checkIns(s.Voters...)...)
	s.press("关闭")
	s.press("开启本轮")
	s.press("开启本轮")
	var all [][]byte
	for _, v := range s.Voters {
		x := s.Ballot(ballot.Agree)
		x.Votes[0] = ballot.Oppose
		e, err := v.Seal("R1", x, s.clock.Add(1))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Raw)
	}
	s.brings(all...)
	s.press("关闭")
	s.brings(s.deviceWords("R1", s.Voters...)...)
	s.press("关闭")
	s.press("关闭本轮")
	s.signs("关闭本轮", nil, "主任（虚构）")
	s.press("开票计票")
	s.signs("下一步", nil, "主任（虚构）")
	s.signs("授权并计票", nil, "监督（虚构）")
	s.board.tabs.SelectIndex(1)
	s.board.Refresh()
	if got := s.reads(); !strings.Contains(got, "请先导入首轮结果") {
		t.Fatal(got)
	}
	s.press("导入首轮结果…")
	s.signs("核验并确定参评人员", nil, "主任（虚构）")
	if got := s.reads(); !strings.Contains(got, "核验并确定参评人员") {
		t.Fatal("people were derived from a round that nobody has signed")
	}
	s.press("取消")
	s.board.tabs.SelectIndex(0)
	s.board.open.rounds.tabs.SelectIndex(0)
	printed := s.board.open.now.Root
	s.press("签字确认")
	s.signs("签字确认", []string{"1", printed[len(printed)-4:]}, "主任（虚构）", "监督（虚构）")
	s.closed()
	s.board.tabs.SelectIndex(1)
	s.press("导入首轮结果…")
	s.signs("核验并确定参评人员", nil, "主任（虚构）")
	s.closed()
	if got := s.reads(); strings.Contains(got, "导入首轮结果") {
		t.Fatal(got)
	}
	var people []ballot.Applicant
	s.hub.Rooms[1].View(func(st *ballot.State) { people = st.Package.Applicants })
	if len(people) != 3 || people[0].ID != s.Package.Applicants[1].ID {
		t.Fatal(people)
	}
}
