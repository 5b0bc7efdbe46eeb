package meeting_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/help"
	"zhiping/desktop/meeting"
	"zhiping/desktop/room"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/holder"
)

// A hall is a hub on a loopback port, with everybody's keys.
type hall struct {
	*testing.T
	dir, address string
	model        *ballottest.Room
	hub          *room.Hub
	people       []*holder.Holder // chair, staff's lead, supervisor: the custodians
	files        []room.KeyFile
	stop         func()
	clock        atomic.Int64
	more         [][]byte // packages of further sessions
}

const passphrase = "words of a test"

func newHall(t *testing.T, turn func(*ballot.Package)) *hall {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, meeting.Theme())
	h := &hall{T: t, dir: t.TempDir(), model: ballottest.New(t, &ballot.Memory{}, 5, 4)}
	h.clock.Store(1772413200000)
	keys, err := room.PrepareKeys(h.dir)
	if err != nil {
		t.Fatal(err)
	}
	p := h.model.Package
	p.Hub, p.Staff, p.TLS, p.Custodians = keys.Hub.Public(), []string{keys.Staff.Public()}, keys.Pin, nil
	for i, name := range []string{"主任（虚构）", "会务（虚构）", "监督（虚构）"} {
		one, err := holder.New(name)
		if err != nil {
			t.Fatal(err)
		}
		file := room.KeyFile{Path: filepath.Join(t.TempDir(), "key.zpk"), Passphrase: passphrase}
		if err := one.Save(file.Path, passphrase, 2); err != nil {
			t.Fatal(err)
		}
		h.people, h.files = append(h.people, one), append(h.files, file)
		p.Custodians = append(p.Custodians, one.Custodian(fmt.Sprint("K", i+1), name).Public())
	}
	p.Chair, p.Supervisor = h.people[0].Key(ballot.RoleChair).Public(), h.people[2].Key(ballot.RoleSupervisor).Public()
	if turn != nil {
		turn(p)
	}
	h.model.Hub = keys.Hub
	h.model.Issue(&ballot.Memory{})
	h.start("127.0.0.1:0")
	return h
}

func (h *hall) now() int64 { return h.clock.Add(1) }

func (h *hall) start(listen string) {
	h.Helper()
	var err error
	if h.hub, err = room.OpenHub(h.Context(), h.dir, h.model.Server.Public(), h.now, append([][]byte{h.model.Bytes}, h.more...)...); err != nil {
		h.Fatal(err)
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		h.Fatal(err)
	}
	h.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	hub := h.hub
	go func() { done <- hub.Serve(ctx, l) }()
	var once sync.Once
	h.stop = func() {
		once.Do(func() {
			cancel()
			<-done
			if err := hub.Close(); err != nil {
				h.Error(err)
			}
		})
	}
	h.Cleanup(h.stop)
}

func (h *hall) desk() *room.Desk { return h.hub.Rooms[0] }

func (h *hall) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// code is what stands on an expert's slip.
func (h *hall) code(expert string) string {
	h.Helper()
	c, ok := h.desk().Code(expert)
	if !ok {
		h.Fatal("no code for", expert)
	}
	return c
}

// A chair is a laptop with its window, worked by keys alone.
type chair struct {
	*hall
	window fyne.Window
	booth  *meeting.Booth
	seat   meeting.Seat
	wrap   func(meeting.Seat) meeting.Seat
	then   chan func()
	file   string // the answer to a question for a file
}

func (h *hall) sit(dir string, o room.BoothOptions) *chair {
	h.Helper()
	c := &chair{hall: h, window: test.NewTempWindow(h, widget.NewLabel("")), then: make(chan func(), 1000)}
	c.window.Resize(fyne.NewSize(1366, 768))
	o.Dir, o.Now = dir, h.now
	c.booth = meeting.NewBooth(c.window, c.run, c, o, meeting.Dial{Sessions: room.Sessions, Open: func(ctx context.Context, o room.BoothOptions) (meeting.Seat, error) {
		b, err := room.OpenBooth(ctx, o)
		if err != nil {
			return nil, err
		}
		if c.seat = b; c.wrap != nil {
			c.seat = c.wrap(b)
		}
		return c.seat, nil
	}}, func(bool) (string, fyne.CanvasObject) { return help.Article("booth") })
	h.Cleanup(func() { h.must(c.booth.Close()) })
	return c
}

// run is a kit.Runner whose results wait until the test looks: everything of the window happens on one goroutine.
func (c *chair) run(work func() func()) {
	go func() { c.then <- work() }()
}

// Open and Save implement kit.Files.
func (c *chair) Open(_ []string, then func(string)) { then(c.file) }
func (c *chair) Save(_ string, then func(string))   { then(c.file) }

// reads is everything that is drawn in the window, dialogs first.
func (c *chair) reads() string {
	var all []string
	var walk func(fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		if o == nil || !o.Visible() {
			return
		}
		switch x := o.(type) {
		case *canvas.Text:
			all = append(all, x.Text)
		case *fyne.Container:
			for _, in := range x.Objects {
				walk(in)
			}
		case fyne.Widget:
			for _, in := range test.WidgetRenderer(x).Objects() {
				walk(in)
			}
		}
	}
	if top := c.window.Canvas().Overlays().Top(); top != nil {
		walk(top)
	}
	walk(c.window.Canvas().Content())
	return strings.Join(all, "\n")
}

// sees works off what happens beside the window until a text can be read, for half a minute at most.
func (c *chair) sees(text string) {
	c.Helper()
	c.until(fmt.Sprintf("%q", text), func() bool { return strings.Contains(strings.ReplaceAll(c.reads(), "\n", ""), text) })
}

// until works off what happens beside the window until something is so, for half a minute at most.
func (c *chair) until(what string, ok func() bool) {
	c.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	for !ok() {
		select {
		case then := <-c.then:
			then()
		case <-deadline.C:
			c.Fatalf("there is not %s in:\n%s", what, c.reads())
		}
	}
}

// press presses keys one after the other.
func (c *chair) press(keys ...fyne.KeyName) {
	c.Helper()
	for _, k := range keys {
		w := c.window.Canvas()
		if f := w.Focused(); f != nil {
			f.TypedKey(&fyne.KeyEvent{Name: k})
		} else if w.OnTypedKey() != nil {
			w.OnTypedKey()(&fyne.KeyEvent{Name: k})
		}
	}
}

// types writes into the entry where the cursor is, and Enter after it.
func (c *chair) types(texts ...string) {
	c.Helper()
	for _, s := range texts {
		f := c.window.Canvas().Focused()
		if f == nil {
			c.Fatalf("there is no cursor to type %q at in:\n%s", s, c.reads())
		}
		for _, r := range s {
			f.TypedRune(r)
		}
		f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	}
}

// connect fills in the pairing slip.
func (c *chair) connect() {
	c.Helper()
	c.sees("连接会场主机")
	c.types(c.address, c.hub.Pairing, c.model.Package.TLS, c.model.Server.Public())
	c.sees("请选择您的姓名")
}

const pin = "246813"

// arrive checks an expert in by his number.
func (c *chair) arrive(n int) {
	c.Helper()
	c.press(fyne.KeyName(fmt.Sprint(n)), fyne.KeyReturn)
	c.sees("设置PIN码")
	c.types(c.code(fmt.Sprintf("E%02d", n)), pin, pin)
	c.sees("轮次一览")
}

// others check in so that there is a quorum.
func (h *hall) others(from int) {
	h.Helper()
	for n := from; n <= len(h.model.Package.Experts); n++ {
		expert := fmt.Sprintf("E%02d", n)
		b, err := room.OpenBooth(h.Context(), room.BoothOptions{
			Dir: h.TempDir(), Address: h.address, Pin: h.model.Package.TLS, Pairing: h.hub.Pairing, Server: h.model.Server.Public(), Now: h.now,
		})
		h.must(err)
		h.must(b.CheckIn(h.Context(), expert, h.code(expert), pin))
		h.must(b.Close())
	}
}

// A meeting as an expert has it, by keys alone: slip, check-in, a vote that opens by itself, the review, both ticks, a return and another ballot, and
// nothing on the screen after leaving.
func TestBallotAtTheWindow(t *testing.T) {
	h := newHall(t, func(p *ballot.Package) { p.Experts[0].Recused = []string{"A0003"} })
	c := h.sit(t.TempDir(), room.BoothOptions{})
	c.connect()
	c.sees("演练（数据虚构）")
	c.arrive(1)
	c.sees("未开始")
	h.others(2)
	h.must(h.desk().OpenRound(t.Context(), "R1"))
	c.sees("第1位")
	if s := c.reads(); strings.Contains(s, "申报人3") || !strings.Contains(s, "另有 1 人须回避") {
		t.Error("the expert is recused from the third:", s)
	}
	c.press(fyne.Key1, fyne.Key2, fyne.KeyReturn)
	c.sees("还有未表决的人员，已跳转到第4位")
	c.press(fyne.KeySpace, fyne.Key3, fyne.KeyReturn)
	c.sees("请核对您的表决")
	c.sees("同意 1 人　　反对 1 人　　弃权 1 人")
	c.sees("任何人（包括会务人员）都不能查看")
	c.press(fyne.KeyReturn) // pressed too long: nothing is sealed by it
	c.sees("请核对您的表决")
	c.press(fyne.KeyF9)
	c.sees("✓ ② 主机已收到")
	c.press(fyne.KeyReturn)
	c.sees("② 已收到")

	c.press(fyne.KeyF4)
	c.sees("申请退回选票")
	c.press(fyne.Key2)
	c.sees("申请已提出")
	c.press(fyne.KeySpace)
	h.must(h.desk().Return(t.Context(), "R1", "E01", "按申请退回"))
	c.sees("所以请从头填写")
	c.press(fyne.KeySpace)
	c.sees("未表决 3")
	c.press(fyne.Key2, fyne.Key2, fyne.Key2, fyne.KeyReturn)
	c.sees("反对 3 人")
	c.press(fyne.KeyF9)
	c.sees("✓ ② 主机已收到")
	version := int64(0)
	h.desk().View(func(s *ballot.State) { version = s.Rounds["R1"].Heads["E01"].Version })
	if version != 2 {
		t.Error("the second ballot is version", version)
	}
	c.press(fyne.KeyF10)
	c.sees("请选择您的姓名")
	if s := c.reads(); strings.Contains(s, "反对") || strings.Contains(s, "第1轮") {
		t.Error("something of the expert is still on the screen:", s)
	}
	// Back again, he needs his PIN alone, and the right one.
	c.press(fyne.Key1, fyne.KeyReturn)
	c.sees("您已在本机签到过")
	c.types("111111")
	c.sees("PIN码不正确")
	c.press(fyne.KeySpace)
	c.types(pin)
	c.sees("② 已收到")
}

// In a named round the expert is told, before he seals, that his decisions will be shown.
func TestNamedRoundSaysSo(t *testing.T) {
	h := newHall(t, func(p *ballot.Package) { p.Rounds[0].Secrecy = ballot.NamedBallot })
	c := h.sit(t.TempDir(), room.BoothOptions{})
	c.connect()
	c.arrive(1)
	h.others(2)
	h.must(h.desk().OpenRound(t.Context(), "R1"))
	c.sees("第1轮　记名投票")
	c.sees("未表决 4")
	c.press(fyne.Key1, fyne.Key1, fyne.Key1, fyne.Key1, fyne.KeyReturn)
	c.sees("开票后公布各位专家的表决")
	if s := c.reads(); strings.Contains(s, "任何人（包括会务人员）都不能查看") {
		t.Error("it promises a secrecy that a named round has not:", s)
	}
}

// What is wrong with a check-in is said, and nothing is lost by it.
func TestCheckInAtTheWindow(t *testing.T) {
	h := newHall(t, nil)
	c := h.sit(t.TempDir(), room.BoothOptions{Address: h.address, Pin: h.model.Package.TLS, Pairing: "000000", Server: h.model.Server.Public()})
	c.press(fyne.KeyReturn)
	c.sees("配对码")
	c.press(fyne.KeySpace)
	c.retype(1, h.hub.Pairing)
	c.sees("请选择您的姓名")
	c.press(fyne.Key2, fyne.KeyReturn)
	c.sees("专家2 专家")
	c.types(h.code("E02"), "123", "123")
	c.sees("PIN码至少6位")
	c.press(fyne.KeySpace, fyne.KeyEscape)
	c.press(fyne.Key2, fyne.KeyReturn)
	c.sees("设置PIN码")
	c.types(h.code("E02"), "246813", "246814")
	c.sees("两次输入的PIN码不一样")
	c.press(fyne.KeySpace, fyne.KeyEscape)
	c.press(fyne.Key2, fyne.KeyReturn)
	c.sees("设置PIN码")
	c.types(h.code("E03"), pin, pin)
	c.sees("签到码")
	c.press(fyne.KeySpace)
	c.sees("设置PIN码")
	c.types(h.code("E02"), pin, pin)
	c.sees("轮次一览")
}

// retype replaces what stands in an entry, counted from where the cursor is, and presses Enter in it.
func (c *chair) retype(down int, text string) {
	c.Helper()
	for range down {
		c.press(fyne.KeyDown)
	}
	e, ok := c.window.Canvas().Focused().(interface{ SetText(string) })
	if !ok {
		c.Fatalf("there is no entry to write %q into in:\n%s", text, c.reads())
	}
	e.SetText("")
	for _, r := range text {
		c.window.Canvas().Focused().TypedRune(r)
	}
	c.press(fyne.KeyReturn, fyne.KeyReturn, fyne.KeyReturn)
}

// Scores are typed by the items of the standard; one that the standard does not know is named, and who is not scored whole is not handed in.
func TestScoresAtTheWindow(t *testing.T) {
	h := newHall(t, func(p *ballot.Package) {
		p.Rounds = []ballot.Round{{ID: "R1", Kind: ballot.Score, Secrecy: ballot.SecretBallot, Base: ballot.Attending, Max: 50, Step: 5, Items: 2, Divisor: 2}}
		p.Items = []ballot.Item{{Round: "R1", Number: 1, Name: "业绩", Weight: 3}, {Round: "R1", Number: 2, Name: "论文", Weight: 1, Max: 30}}
	})
	c := h.sit(t.TempDir(), room.BoothOptions{})
	c.connect()
	c.arrive(1)
	h.others(2)
	h.must(h.desk().OpenRound(t.Context(), "R1"))
	c.sees("无记名评分")
	c.sees("业绩")
	number := func(s string) {
		for _, d := range s {
			c.press(fyne.KeyName(string(d)))
		}
	}
	number("5")
	c.press(fyne.KeyF3) // what is being typed waits for who reads
	c.sees("此人员没有书面意见。")
	number("9")
	c.press(fyne.KeyEscape)
	c.sees("业绩")
	number("2")
	c.press(fyne.KeyReturn)
	c.sees("“业绩”不能打52分，只能打0至50分，每5分一档")
	c.press(fyne.KeySpace)
	number("50")
	c.sees("合计 75 分（满分 90")
	c.press(fyne.KeyReturn)
	number("30")
	c.press(fyne.KeyReturn)
	c.sees("已评 1 人　弃权 0 人　未评 3 人")
	c.press(fyne.KeyF2, fyne.KeyF8)
	c.sees("还有未评分的项，已跳转到第3位的“业绩”")
	c.press(fyne.KeySpace)
	for range 2 {
		number("5")
		c.press(fyne.KeyReturn)
		number("0")
		c.press(fyne.KeyReturn)
	}
	c.sees("已全部评完")
	c.press(fyne.KeyF8)
	c.sees("请核对您的评分")
	c.sees("评分 3 人　　弃权 1 人")
	c.press(fyne.KeyF9)
	c.sees("✓ ② 主机已收到")
}

// A power cut in the middle of a ballot: what was filled in is there again. The network fails while it is handed in: it is saved, and arrives by itself later.
func TestCrashAndBrokenNetwork(t *testing.T) {
	h := newHall(t, nil)
	dir := t.TempDir()
	c := h.sit(dir, room.BoothOptions{})
	c.connect()
	c.arrive(1)
	h.others(2)
	h.must(h.desk().OpenRound(t.Context(), "R1"))
	c.sees("未表决 4")
	c.press(fyne.Key2, fyne.Key3)
	c.sees("未表决 2")
	c.keeps("R1", `"Votes":"AgMAAA=="`)
	h.must(c.booth.Close())

	c = h.sit(dir, room.BoothOptions{})
	c.connect()
	c.press(fyne.Key1, fyne.KeyReturn)
	c.sees("您已在本机签到过")
	c.types(pin)
	c.sees("已恢复您先前没有填完的内容")
	c.press(fyne.KeySpace)
	c.sees("反对 1　弃权 1　未表决 2")
	h.stop()
	c.sees("连接中断，选票安全")
	c.press(fyne.Key1, fyne.Key1, fyne.KeyReturn)
	c.sees("同意 2 人")
	c.press(fyne.KeyF9)
	c.sees("网络中断，选票已安全保存在本机")
	c.file = filepath.Join(t.TempDir(), "stick.zpb")
	c.press(fyne.KeyF6, fyne.KeyF2)
	c.sees("已写入U盘并核对无误")
	c.press(fyne.KeySpace)
	h.start(h.address)
	c.sees("✓ ② 主机已收到")
}

// The hub is gone and another laptop of the meeting goes on elsewhere: staff types where, and what is sealed arrives there.
func TestOtherAddressAtTheWindow(t *testing.T) {
	h := newHall(t, nil)
	c := h.sit(t.TempDir(), room.BoothOptions{})
	c.connect()
	c.arrive(1)
	h.others(2)
	h.must(h.desk().OpenRound(t.Context(), "R1"))
	c.sees("未表决 4")
	h.stop()
	c.sees("连接中断，选票安全")
	c.press(fyne.Key1, fyne.Key1, fyne.Key2, fyne.Key1, fyne.KeyReturn)
	c.press(fyne.KeyF9)
	c.sees("网络中断，选票已安全保存在本机")
	gone := h.address
	h.start("127.0.0.1:0")
	if h.address == gone {
		t.Fatal("the other hub has the same address")
	}
	c.press(fyne.KeyF8)
	c.sees("改连备用主机")
	c.types(h.address, h.hub.Pairing)
	c.sees("✓ ② 主机已收到")
}

// keeps works off what happens beside the window until the draft of a round is the one that holds a text.
func (c *chair) keeps(round, text string) {
	c.Helper()
	c.until("a draft with "+text, func() bool {
		d, err := c.seat.Draft(c.Context(), round)
		return err == nil && strings.Contains(string(d), text)
	})
}

// After the opening the expert sees the results, and his PIN says whether his ballot is among them; never what he chose.
func TestResultsAtTheWindow(t *testing.T) {
	h := newHall(t, nil)
	c := h.sit(t.TempDir(), room.BoothOptions{})
	c.connect()
	c.arrive(1)
	h.others(2)
	h.must(h.desk().OpenRound(t.Context(), "R1"))
	c.sees("未表决 4")
	c.press(fyne.Key1, fyne.Key1, fyne.Key1, fyne.Key3, fyne.KeyReturn, fyne.KeyF9)
	c.sees("✓ ② 主机已收到")
	c.press(fyne.KeyReturn)
	for n := 2; n <= 5; n++ {
		h.must(h.desk().Mark(t.Context(), fmt.Sprintf("E%02d", n), ballot.Left, "临时离场", h.people[0].Key(ballot.RoleChair), h.people[2].Key(ballot.RoleSupervisor)))
	}
	all, err := h.desk().Exceptions("R1")
	h.must(err)
	h.must(h.desk().CloseWith(t.Context(), "R1", all, h.people[0].Key(ballot.RoleChair)))
	for i := range 2 {
		h.must(h.desk().Opening(t.Context(), "R1", "1,2", h.people[i].Custodian(fmt.Sprint("K", i+1), "")))
	}
	h.must(h.desk().Tally(t.Context(), "R1", h.files[0], h.files[1]))
	c.sees("本轮已开票")
	c.press(fyne.KeyReturn)
	c.sees("有效选票不足3份，只公布结论")
	c.press(fyne.KeyReturn)
	c.sees("核对我的选票")
	c.types("999999")
	c.sees("PIN码不正确")
	c.press(fyne.KeySpace)
	c.types(pin)
	c.sees("本人选票已计入，一致")
	c.press(fyne.KeySpace, fyne.KeyEscape)
	h.must(h.desk().SignOff(t.Context(), "R1", "1", h.people[0].Key(ballot.RoleChair), h.people[2].Key(ballot.RoleSupervisor)))
	c.sees("已签字")
	if s := c.reads(); strings.Contains(s, "清除本机数据") {
		t.Error("what is not archived may be erased:", s)
	}

	// The server's word that it keeps the record comes on a stick, and the laptop may forget.
	a := &ballot.Archive{Session: h.model.Package.Session, At: h.now()}
	h.desk().View(func(s *ballot.State) {
		a.Size = s.Size()
		root, _ := s.RootAt(a.Size)
		a.Root = root[:]
	})
	word, err := a.Sign(h.model.Server)
	h.must(err)
	_, err = h.hub.Import(t.Context(), word)
	h.must(err)
	c.sees("③ 已归档")
	c.press(fyne.KeyF9)
	c.sees("清除后不能恢复")
	c.press(fyne.KeyF8)
	c.sees("已清除您在本机的全部数据")
	c.press(fyne.KeySpace, fyne.Key1, fyne.KeyReturn)
	c.sees("设置PIN码")
}

// Reviewers write on those they have been given, and see that it has arrived.
func TestOpinionAtTheWindow(t *testing.T) {
	h := newHall(t, func(p *ballot.Package) {
		p.Reviewers = []ballot.Reviewer{{Applicant: "A0002", Expert: "E01", Role: ballot.Main}}
	})
	c := h.sit(t.TempDir(), room.BoothOptions{})
	c.connect()
	c.arrive(1)
	c.press(fyne.KeyF5)
	c.sees("未提交")
	c.press(fyne.KeyReturn)
	c.sees("主审意见")
	c.types("材料齐全，")
	c.press(fyne.KeyEscape)
	c.press(fyne.KeyReturn)
	c.types("同意推荐。")
	c.press(fyne.KeyF8)
	c.sees("意见已签名")
	c.press(fyne.KeySpace)
	c.sees("② 已收到")
	said := ""
	h.desk().View(func(s *ballot.State) { said = strings.Join(s.Opinions[0].Paragraphs, "") })
	if !strings.Contains(said, "材料齐全") || !strings.Contains(said, "同意推荐") {
		t.Error(said)
	}
}

// The panel reads the written opinions from the rounds and beside its paper, which stays as it is; nobody reads those on whom he is recused from.
func TestOpinionsOfThePanelAtTheWindow(t *testing.T) {
	h := newHall(t, func(p *ballot.Package) {
		p.Reviewers = []ballot.Reviewer{
			{Applicant: "A0001", Expert: "E02", Role: ballot.Assistant}, {Applicant: "A0001", Expert: "E03", Role: ballot.Main}, {Applicant: "A0003", Expert: "E02", Role: ballot.Main},
		}
		p.Experts[0].Recused = []string{"A0003"}
	})
	c := h.sit(t.TempDir(), room.BoothOptions{})
	c.connect()
	c.arrive(1)
	c.press(fyne.KeyF3)
	c.sees("还没有书面意见。")
	if got := c.reads(); strings.Contains(got, "申报人3") || strings.Contains(got, "写意见") {
		t.Error("recused from the third, and reviewer of none:", got)
	}
	c.press(fyne.KeyReturn)
	c.sees("此人员没有书面意见。")
	c.press(fyne.KeyEscape, fyne.KeyEscape)
	c.sees("轮次一览")

	for n, texts := range map[int]map[string]string{2: {"A0001": "副主审：基本同意。", "A0003": "不给回避的人看。"}, 3: {"A0001": "第一段。\n" + strings.Repeat("材料齐全。", 400) + "\n末段：同意推荐。"}} {
		expert := fmt.Sprintf("E%02d", n)
		b, err := room.OpenBooth(t.Context(), room.BoothOptions{
			Dir: t.TempDir(), Address: h.address, Pin: h.model.Package.TLS, Pairing: h.hub.Pairing, Server: h.model.Server.Public(), Now: h.now,
		})
		h.must(err)
		h.must(b.CheckIn(t.Context(), expert, h.code(expert), pin))
		for applicant, text := range texts {
			h.must(b.Opinion(t.Context(), applicant, text))
		}
		h.must(b.Deliver(t.Context()))
		h.must(b.Close())
	}
	c.press(fyne.KeyF3)
	c.sees("2份")
	h.others(4)
	h.must(h.desk().OpenRound(t.Context(), "R1"))
	c.sees("未表决 3") // the round does not wait for the reader
	c.press(fyne.Key1)
	c.sees("未表决 2")
	c.press(fyne.KeyUp, fyne.KeyF3)
	c.sees("副主审：基本同意。")
	got := c.reads()
	main, assistant := strings.Index(got, "主审　专家3"), strings.Index(got, "副主审　专家2")
	if main < 0 || assistant < main || !strings.Contains(got, "同意推荐") {
		t.Error("the main reviewer's is not first, or something is missing:", main, assistant, got)
	}
	c.press(fyne.KeyDown, fyne.KeyPageDown, fyne.KeyEnd, fyne.KeyUp, fyne.KeyPageUp, fyne.KeyHome, fyne.Key3) // what decides on the paper does nothing here
	c.press(fyne.KeyRight)
	c.sees("第2位　申报人2")
	c.sees("此人员没有书面意见。")
	c.press(fyne.KeyRight, fyne.KeyRight, fyne.KeyRight)
	c.sees("第4位　申报人4")
	if strings.Contains(c.reads(), "不给回避的人看") {
		t.Error("he is recused from the third")
	}
	c.press(fyne.KeyEscape)
	c.sees("同意 1　反对 0　弃权 0　未表决 2")
	c.sees("第1位　申报人1")
	c.press(fyne.KeyDown, fyne.Key2, fyne.KeyF3, fyne.KeyEscape, fyne.Key2, fyne.KeyReturn, fyne.KeyF9)
	c.sees("✓ ② 主机已收到")
	// The round ends under somebody who reads beside his paper: he stands at the rounds then.
	h.must(h.desk().Return(t.Context(), "R1", "E01", "演练"))
	c.sees("所以请从头填写")
	c.press(fyne.KeySpace, fyne.KeyF3)
	c.sees("副主审：基本同意。")
	_, err := h.desk().Void(t.Context(), "R1", "设备故障", false, h.people[0].Key(ballot.RoleChair), h.people[2].Key(ballot.RoleSupervisor))
	h.must(err)
	c.sees("本轮表决已经关闭或有变化")
	c.press(fyne.KeySpace)
	c.sees("轮次一览")
}

// Where the package names no reviewers everybody may write, on all from whom he is not recused.
func TestOpinionOfAnybodyAtTheWindow(t *testing.T) {
	h := newHall(t, func(p *ballot.Package) { p.Experts[0].Recused = []string{"A0001"} })
	c := h.sit(t.TempDir(), room.BoothOptions{})
	c.connect()
	c.arrive(1)
	c.press(fyne.KeyF3)
	c.sees("还没有书面意见。")
	c.press(fyne.KeyF5)
	c.sees("每位专家都可以写")
	c.press(fyne.KeyReturn)
	c.sees("评审专家意见　第2位")
	c.types("可以推荐。")
	c.press(fyne.KeyF8)
	c.sees("意见已签名")
	c.press(fyne.KeySpace)
	c.sees("② 已收到")
	c.press(fyne.KeyEscape, fyne.KeyF3)
	c.sees("1份")
	c.press(fyne.KeyReturn)
	c.sees("评审专家　专家1")
	c.sees("可以推荐。")
	h.stop()
	c.press(fyne.KeyEscape)
	c.sees("暂时读不到书面意见")
	c.press(fyne.KeyEscape)
	c.sees("轮次一览")
}

// A laptop on no network: the package, the check-in, the ballot and the receipts all travel on a stick.
func TestStickAtTheWindow(t *testing.T) {
	h := newHall(t, nil)
	c := h.sit(t.TempDir(), room.BoothOptions{Server: h.model.Server.Public()})
	folder := t.TempDir()
	c.file = filepath.Join(folder, "meeting.zpp")
	h.must(os.WriteFile(c.file, h.model.Bytes, 0o600))
	c.press(fyne.KeyF3)
	c.sees("选择会议包文件")
	c.press(fyne.KeyF2)
	c.sees("不联网，用U盘传递")
	c.press(fyne.Key1, fyne.KeyReturn)
	c.sees("设置PIN码")
	c.types(h.code("E01"), pin, pin)
	c.sees("等待确认签到")
	carry := func() {
		c.file = filepath.Join(folder, "out.zpb")
		c.press(fyne.KeyF6, fyne.KeyF2)
		c.sees("已写入U盘并核对无误")
		c.press(fyne.KeySpace)
		file, err := os.ReadFile(c.file)
		h.must(err)
		got, err := h.hub.Import(t.Context(), file)
		h.must(err)
		if len(got.Refused)+got.Quarantined != 0 {
			t.Fatal(got)
		}
		c.file = filepath.Join(folder, "back.zph")
		h.must(os.WriteFile(c.file, got.Reply, 0o600))
		c.press(fyne.KeyF7, fyne.KeyF2)
		c.sees("读入完成")
		c.press(fyne.KeySpace)
	}
	carry()
	c.sees("轮次一览")
	h.others(2)
	h.must(h.desk().OpenRound(t.Context(), "R1"))
	carry()
	c.sees("未表决 4")
	c.press(fyne.Key1, fyne.Key1, fyne.Key2, fyne.Key2, fyne.KeyReturn, fyne.KeyF9)
	c.sees("已保存在本机，请用U盘交给会务人员")
	carry()
	c.sees("✓ ② 主机已收到")
}

// Staff returns a ballot on its own, ends a laptop's check-in, makes the round void: the expert is told each time, and what to do.
func TestWhatStaffDoesAtTheWindow(t *testing.T) {
	h := newHall(t, nil)
	c := h.sit(t.TempDir(), room.BoothOptions{})
	c.connect()
	c.arrive(1)
	h.others(2)
	h.must(h.desk().OpenRound(t.Context(), "R1"))
	c.sees("未表决 4")
	c.press(fyne.Key1, fyne.Key1, fyne.Key1, fyne.Key1, fyne.KeyReturn, fyne.KeyF9)
	c.sees("✓ ② 主机已收到")
	h.must(h.desk().Return(t.Context(), "R1", "E01", "名单有误（演练）"))
	c.sees("所以请从头填写")
	c.press(fyne.KeySpace, fyne.KeyEscape)
	c.sees("会务人员退回了您的选票，理由：名单有误（演练）")
	c.press(fyne.KeyReturn)
	c.sees("未表决 4")
	c.press(fyne.Key3)
	_, err := h.desk().Void(t.Context(), "R1", "设备故障", true, h.people[0].Key(ballot.RoleChair), h.people[2].Key(ballot.RoleSupervisor))
	h.must(err)
	c.sees("未提交的内容没有计入")
	c.press(fyne.KeySpace)
	c.sees("本轮已作废，将重新表决：第1轮　无记名投票（第2次）")
	code, err := h.desk().Revoke(t.Context(), "E01", "电脑更换")
	h.must(err)
	c.sees("本机的签到已作废")
	c.press(fyne.KeyReturn)
	c.sees("请选择您的姓名")
	c.press(fyne.Key1, fyne.KeyReturn)
	c.sees("您已在本机签到过")
	c.press(fyne.KeyF2)
	c.sees("新签到码")
	c.types(code, pin)
	c.sees("轮次一览")
}

// An uneasy seat finds the hub's records contradicting each other once it is told to (that a real one does is tested in package room).
type uneasy struct {
	meeting.Seat
	found atomic.Bool
}

func (u *uneasy) Watch(ctx context.Context, after int64) (*room.View, error) {
	v, err := u.Seat.Watch(ctx, after)
	if err == nil && u.found.Load() {
		shown := *v
		shown.Alarms = append(slices.Clone(v.Alarms), ballot.ErrEquivocal.Error())
		return &shown, nil
	}
	return v, err
}

// A hub that has shown two records stops the laptop in red, whatever stands on the screen, until a supervisor has looked at it.
func TestAlarmAtTheWindow(t *testing.T) {
	h := newHall(t, nil)
	u := &uneasy{}
	c := h.sit(t.TempDir(), room.BoothOptions{})
	c.wrap = func(s meeting.Seat) meeting.Seat { u.Seat = s; return u }
	c.connect()
	c.arrive(1)
	h.others(2)
	h.must(h.desk().OpenRound(t.Context(), "R1"))
	c.sees("未表决 4")
	c.press(fyne.Key1, fyne.KeyReturn)
	c.sees("还有未表决的人员")
	u.found.Store(true)
	h.must(h.desk().Mark(t.Context(), "E05", ballot.Left, "临时离场", h.people[0].Key(ballot.RoleChair), h.people[2].Key(ballot.RoleSupervisor)))
	c.sees("请立即停止表决，举手请监督人员到本席位查看")
	c.sees("主机前后出示的会议记录不一致")
	if s := c.reads(); strings.Contains(s, "同意") || strings.Contains(s, "未表决") {
		t.Error("the ballot is still on the screen:", s)
	}
	c.press(fyne.KeyReturn, fyne.KeyEscape, fyne.Key1)
	c.sees("警　报")
	c.press(fyne.KeyF9)
	c.sees("有警报")
}

// A hub with several group rooms: the laptop is put into one of them, by its number.
func TestGroupRoomsAtTheWindow(t *testing.T) {
	h := newHall(t, nil)
	h.stop()
	other := *h.model.Package
	other.Session, other.Origin, other.Title, other.Place = "M1-S2", "zhiping/M1-S2", "第二组（虚构）", "二号会议室"
	pkg, err := other.Sign(h.model.Server)
	h.must(err)
	h.more = append(h.more, pkg)
	h.start("127.0.0.1:0")
	c := h.sit(t.TempDir(), room.BoothOptions{Address: h.address, Pin: other.TLS, Pairing: h.hub.Pairing, Server: h.model.Server.Public()})
	c.press(fyne.KeyReturn)
	c.sees("请选择会场")
	c.press(fyne.Key2)
	c.sees("请选择您的姓名")
	c.sees("第二组（虚构）")
	code, ok := h.hub.Rooms[1].Code("E01")
	if !ok {
		t.Fatal("no code")
	}
	c.press(fyne.Key1, fyne.KeyReturn)
	c.sees("设置PIN码")
	c.types(code, pin, pin)
	c.sees("轮次一览")
	here := func(d *room.Desk) (in bool) {
		d.View(func(s *ballot.State) { in = s.Credentials["E01"] != "" })
		return in
	}
	if here(h.hub.Rooms[0]) || !here(h.hub.Rooms[1]) {
		t.Error("the expert is in the wrong room")
	}
}
