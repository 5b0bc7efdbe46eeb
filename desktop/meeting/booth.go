package meeting

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/room"
	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// A Seat is what the screens need of the laptop's half of the protocol: a room.Booth.
type Seat interface {
	Known(ctx context.Context, expert string) (bool, error)
	CheckIn(ctx context.Context, expert, code, pin string) error
	Leave()
	Watch(ctx context.Context, after int64) (*room.View, error)
	Submit(ctx context.Context, round string, cells *ballot.Ballot) (*room.Sent, error)
	AskReturn(ctx context.Context, round, reason string) error
	Opinion(ctx context.Context, applicant, text string) error
	Opinions(ctx context.Context) ([]room.WrittenOpinion, error)
	Attest(ctx context.Context, round, pin string) (mismatches int64, err error)
	Draft(ctx context.Context, round string) ([]byte, error)
	KeepDraft(ctx context.Context, round string, b []byte) error
	Bundle(ctx context.Context) ([]byte, error)
	Import(ctx context.Context, file []byte) (*room.Taken, error)
	Archive(ctx context.Context, object []byte) error
	Wipe(ctx context.Context) error
	Use(address, pairing string)
	Close() error
}

// A Dial reaches a meeting.
type Dial struct {
	Sessions func(context.Context, room.BoothOptions) ([]*roomv1.SessionInfo, error)
	Open     func(context.Context, room.BoothOptions) (Seat, error)
	Keep     func(room.BoothOptions) // remembers what was typed once it was right
}

// A Booth is the expert's screens (F11, voting.md): connect, check in, the rounds, vote or score, look over, hand in, results, leave.
type Booth struct {
	window   fyne.Window
	run      kit.Runner
	files    kit.Files
	dial     Dial
	help     func(connected bool) (title string, content fyne.CanvasObject)
	body     *fyne.Container
	standing *canvas.Text // whether the sequencer can be reached, in the bar

	seat      Seat
	view      *room.View
	following context.Context // of the expert who sits here
	stop      func()
	seen      func()          // what the present screen does with news, nil for nothing
	met       map[string]bool // votes that have opened by themselves, by round and version
	chosen    int             // the round under the cursor
	alarms    int             // that a supervisor has looked at
	expert    string

	paper    paper
	voting   *room.RoundView   // the round of the paper
	keeping  bool              // a draft is being written
	behind   bool              // and is no longer the newest
	sealNext bool              // the ballot is to be sealed as soon as that is done, so that no draft outlives it
	writing  int               // the applicant under the cursor of the opinions
	reading  int               // and of those of the panel
	texts    map[string]string // opinions that have been begun, by applicant
}

// A paper is what both kinds of ballots can do while they are being filled in.
type paper interface {
	Undecided() bool
	Ballot() *ballot.Ballot
	Wipe()
	Draft(round string, version int64) ([]byte, error)
	Resume(b []byte, round string, version int64) bool
}

// NewBooth makes a window the booth's. help is the help of the screens before and after the meeting has been reached.
func NewBooth(w fyne.Window, run kit.Runner, files kit.Files, o room.BoothOptions, dial Dial, help func(connected bool) (title string, content fyne.CanvasObject)) *Booth {
	b := &Booth{window: w, run: run, files: files, dial: dial, help: help, body: container.NewStack(), stop: func() {}, met: map[string]bool{}, texts: map[string]string{}}
	w.SetContent(b.body)
	b.connect(o)
	if len(o.Package) > 0 { // it was given with the start: nothing has to be asked
		b.enter(o)
	}
	return b
}

// Close ends what the booth does beside the window.
func (b *Booth) Close() error {
	b.stop()
	if b.seat == nil {
		return nil
	}
	seat := b.seat
	b.seat = nil
	return seat.Close()
}

// fail says what is wrong, in its own words alone: a wrong code is no lack of rights.
func (b *Booth) fail(err error) {
	if f := fault.As(err); f != nil && len(f.Problems) == 0 {
		kit.Tell(b.window, f.Message)
		return
	}
	kit.ShowFault(b.window, err)
}

// do does slow work and goes on with then if it went well.
func (b *Booth) do(work func(context.Context) error, then func()) {
	ctx := b.following
	if ctx == nil {
		ctx = context.Background()
	}
	b.run(func() func() {
		err := work(ctx)
		return func() {
			switch {
			case ctx.Err() != nil: // the expert has left
			case err != nil:
				b.fail(err)
			default:
				then()
			}
		}
	})
}

// busy says that something is under way.
func (b *Booth) busy(head, text string) {
	b.seen = nil
	b.show(screen{title: head, body: middle(centred(text), widget.NewProgressBarInfinite())})
}

func (b *Booth) pkg() *ballot.Package { return b.view.Package }

// heading is what the bar says on its left: the meeting, and who sits here.
func (b *Booth) heading() string {
	if b.view == nil {
		return "职评通　专家投票"
	}
	if e := b.pkg().Expert(b.expert); e != nil {
		return e.Name + " 专家　" + short(b.pkg().Title, 22)
	}
	return short(b.pkg().Title, 30)
}

// short cuts a text that is too long for its place.
func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

func (b *Booth) rehearsal() bool { return b.view != nil && b.pkg().Rehearsal }

// reach says whether the sequencer can be reached; what is handed in is safe either way.
func (b *Booth) reach() string {
	switch {
	case b.view == nil:
		return ""
	case len(b.view.Alarms) > 0:
		return "有警报"
	case b.view.Way == room.WayStick:
		return "不联网，用U盘传递"
	case b.view.OfflineSince != 0:
		return "连接中断，选票安全"
	}
	return "已连接"
}

// follow begins to look for news, for the expert who sits here.
func (b *Booth) follow() {
	b.stop()
	b.following, b.stop = context.WithCancel(context.Background())
	b.watch(b.following)
}

func (b *Booth) watch(ctx context.Context) {
	seat, after := b.seat, int64(0)
	if b.view != nil {
		after = b.view.Seq
	}
	b.run(func() func() {
		v, err := seat.Watch(ctx, after)
		return func() {
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				b.broken(err, func() { b.watch(ctx) })
				return
			}
			b.take(v)
			b.watch(ctx)
		}
	})
}

// broken stands when the laptop itself does not work: its disk for instance.
func (b *Booth) broken(err error, again func()) {
	b.seen = nil
	b.show(screen{
		title: "本机出现故障", body: middle(centred("请举手请会务人员处理。已提交的选票都保存在本机，不会丢失。")), alarm: true,
		actions: []action{{fyne.KeyReturn, "再试一次", func() { again(); b.rounds() }, true}},
	})
	b.fail(err)
}

// take takes news.
func (b *Booth) take(v *room.View) {
	b.view = v
	if b.standing != nil {
		b.standing.Text = b.reach()
		b.standing.Refresh()
	}
	switch {
	case len(v.Alarms) > b.alarms:
		b.clearAway()
		b.alarm(v.Alarms)
	case b.expert != "" && v.CheckedIn == room.CheckInRevoked:
		b.clearAway()
		b.revoked()
	case b.voting != nil && !b.stillOpen():
		b.clearAway()
		b.drop()
		b.rounds()
		kit.Tell(b.window, "本轮表决已经关闭或有变化，未提交的内容没有计入。请看轮次一览。")
	case b.seen != nil:
		b.seen()
	}
}

// clearAway closes what is asked or told above the screen: the screen it was about is no more.
func (b *Booth) clearAway() {
	o := b.window.Canvas().Overlays()
	for top := o.Top(); top != nil; top = o.Top() {
		top.Hide()
		o.Remove(top)
	}
}

// stillOpen reports whether the paper in hand can still be handed in.
func (b *Booth) stillOpen() bool {
	i := b.index(b.voting.ID)
	return i >= 0 && b.view.Rounds[i].MayVote && b.view.Rounds[i].Own.Version == b.voting.Own.Version
}

func (b *Booth) index(round string) int {
	return slices.IndexFunc(b.view.Rounds, func(r room.RoundView) bool { return r.ID == round })
}

// drop forgets the paper in hand; its draft stays, encrypted.
func (b *Booth) drop() {
	if b.paper != nil {
		b.paper.Wipe()
	}
	b.paper, b.voting = nil, nil
}

// leave makes room for the next expert: nothing readable of this one remains (ui.md).
func (b *Booth) leave() {
	b.stop()
	b.drop()
	b.expert, b.seen, b.chosen, b.met, b.keeping, b.behind, b.sealNext = "", nil, 0, map[string]bool{}, false, false, false
	b.writing, b.reading, b.texts = 0, 0, map[string]string{}
	b.seat.Leave()
	b.follow()
	b.names()
}

// revoked stands when staff has ended the credential of this laptop.
func (b *Booth) revoked() {
	b.drop()
	b.seen = nil
	b.show(screen{
		title: "本机的签到已作废", body: middle(centred("会务人员已作废您在这台电脑上的签到，已提交的选票不受影响。\n请退出，向会务人员领取新的签到码后重新签到。")),
		actions: []action{{fyne.KeyReturn, "退出", b.leave, true}},
	})
}

// alarm stops everything: the sequencer has shown two records, or a ballot is not in the count.
func (b *Booth) alarm(texts []string) {
	b.drop()
	b.seen = nil
	lines := []fyne.CanvasObject{told("请立即停止表决，举手请监督人员到本席位查看。", widget.DangerImportance), gap(10)}
	for _, t := range texts {
		lines = append(lines, centred(t))
	}
	lines = append(lines, gap(10), centred("请不要关闭电脑。您已提交的选票保存在本机，可用U盘交给监督人员作为证据。"))
	look := func() {
		b.alarms = len(b.view.Alarms)
		if b.expert == "" {
			b.names()
		} else {
			b.rounds()
		}
	}
	b.show(screen{
		title: "警　报", body: middle(lines...), alarm: true,
		actions: []action{{fyne.KeyF6, "写入U盘", func() { b.toStick(func() { b.alarm(texts) }) }, false}, {fyne.KeyF9, "监督人员已查看，继续", look, false}},
	})
}

// lines puts texts under each other.
func lines(s ...string) string { return strings.Join(s, "\n") }
