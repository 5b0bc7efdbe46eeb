package meeting

import (
	"context"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/room"
)

// A Place is the hub laptop as the room sees it: what stands on the pairing slip.
type Place struct {
	Addresses []string // of the hub in the room's network, host and port
	Server    string   // the server's public key, hex
	Session   string   // shown alone; "" is all of the hub's
	Pairing   string   // of a meeting that the server sequences; "" is the hub's
	Pin       string   // of the server's own certificate then; "" is one that the system trusts
	Dir       string   // the hub's folder: printed sheets are kept there
}

// A Board is the hub's window (ui.md, meeting room board): the experts and their ballots' standing on the left, the rounds and staff's steps on the
// right, for each session of the hub. It follows the log and asks for nothing by itself.
type Board struct {
	Content fyne.CanvasObject

	desk   *kit.Desk
	window fyne.Window
	hub    *room.Hub
	place  Place
	help   func()
	pages  []*boardPage
	open   *boardPage
	tabs   *container.AppTabs
}

// NewBoard draws the window of a hub; help shows its help. Follow keeps it up to date.
func NewBoard(w fyne.Window, desk *kit.Desk, hub *room.Hub, place Place, help func()) *Board {
	b := &Board{desk: desk, window: w, hub: hub, place: place, help: help}
	var desks []*room.Desk
	for _, d := range hub.Rooms {
		if place.Session == "" || place.Session == d.Session {
			desks = append(desks, d)
			b.pages = append(b.pages, newBoardPage(b, d))
		}
	}
	b.open = b.pages[0]
	if len(b.pages) == 1 {
		b.Content = b.open.content
		return b
	}
	b.tabs = container.NewAppTabs()
	for i, title := range tabTitles(desks) {
		b.tabs.Append(container.NewTabItem(title, b.pages[i].content))
	}
	b.tabs.OnSelected = func(*container.TabItem) { b.open = b.pages[b.tabs.SelectedIndex()] }
	b.Content = b.tabs
	return b
}

// tabTitles are short names of sessions: what all titles begin with says nothing, and a rehearsal is told from its meeting.
func tabTitles(desks []*room.Desk) []string {
	var titles []string
	for _, d := range desks {
		titles = append(titles, d.Whole.Title)
	}
	titles = shortened(titles)
	for i, d := range desks {
		if d.Whole.Rehearsal {
			titles[i] = "演练　" + titles[i]
		}
	}
	return titles
}

// shortened leaves out the words that all titles begin with, unless nothing would be left of one.
func shortened(titles []string) []string {
	common := titles[0]
	for _, t := range titles {
		for !strings.HasPrefix(t, common) {
			common = common[:strings.LastIndex(strings.TrimSuffix(common, " "), " ")+1]
		}
	}
	var short []string
	for _, t := range titles {
		if rest := strings.TrimPrefix(t, common); rest != "" {
			short = append(short, rest)
		}
	}
	if len(short) < len(titles) {
		return titles
	}
	return short
}

// Follow draws every session as it stands, and again whenever its log has grown, until the context ends.
func (b *Board) Follow(ctx context.Context) {
	for _, p := range b.pages {
		p.follow(ctx)
	}
}

// Refresh draws every session as it stands now (F5).
func (b *Board) Refresh() {
	for _, p := range b.pages {
		p.refresh()
	}
}

// Dropped takes files that are dropped on the window: what a stick brought.
func (b *Board) Dropped(paths []string) {
	for _, path := range paths {
		b.open.importStick(path)
	}
}

// A boardPage is the board of one session.
type boardPage struct {
	content fyne.CanvasObject

	of   *Board
	desk *room.Desk
	now  *room.Board // as it was drawn last
	err  error       // why it could not be read

	round   string // shown
	brought []byte // by the stick that was read last
	picked  bool   // staff has picked the round: it stays although another is next

	title, place, standing *widget.Label
	rehearsal              fyne.CanvasObject
	alarms, role           *kit.Banner
	experts                *expertPane
	rounds                 *roundPane
}

func newBoardPage(b *Board, d *room.Desk) *boardPage {
	p := &boardPage{of: b, desk: d, alarms: kit.NewBanner(), role: kit.NewBanner(), rehearsal: newRehearsal()}
	p.title = widget.NewLabelWithStyle("", fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	p.title.SizeName = theme.SizeNameSubHeadingText
	p.title.Truncation = fyne.TextTruncateEllipsis
	p.place, p.standing = widget.NewLabel(""), widget.NewLabel("")
	for _, l := range []*widget.Label{p.place, p.standing} {
		l.Truncation = fyne.TextTruncateEllipsis
	}
	p.experts, p.rounds = newExpertPane(p), newRoundPane(p)
	head := container.NewVBox(p.rehearsal, container.NewBorder(nil, nil, nil, p.tools(), p.title), container.NewGridWithColumns(2, p.place, p.standing), p.role.Content, p.alarms.Content, widget.NewSeparator())
	split := container.NewHSplit(p.experts.content, p.rounds.content)
	split.Offset = 0.47
	p.content = container.NewBorder(head, nil, nil, nil, split)
	return p
}

// newRehearsal is the strip across the window that tells a rehearsal from a meeting: nobody may take invented results for real ones.
func newRehearsal() fyne.CanvasObject {
	l := canvas.NewText("演练（数据虚构）　　结果无效，不移交", theme.Color(theme.ColorNameForegroundOnError))
	l.TextStyle.Bold = true
	l.TextSize = theme.Size(theme.SizeNameSubHeadingText)
	l.Alignment = fyne.TextAlignCenter
	strip := container.NewStack(canvas.NewRectangle(theme.Color(theme.ColorNameWarning)), container.NewPadded(l))
	strip.Hide()
	return strip
}

// tools are the buttons for what is done beside the rounds.
func (p *boardPage) tools() fyne.CanvasObject {
	row := container.NewHBox()
	for _, t := range []struct {
		title string
		do    func()
	}{
		{"配对单", p.showPairing},
		{"读入U盘", p.chooseStick},
		{"写回U盘", p.writeReply},
		{"打印", p.choosePrint},
		{"会议记录", p.saveRecord},
		{"备用主机", p.showSpare},
		{"清除", p.askWipe},
	} {
		row.Add(kit.NewButton(t.title, nil, t.do))
	}
	mark := kit.NewButton("帮助", theme.QuestionIcon(), p.of.help)
	mark.Importance = widget.LowImportance
	row.Add(mark)
	return row
}

// follow draws the session and waits for the log to grow.
func (p *boardPage) follow(ctx context.Context) {
	grown := p.desk.Grown() // before reading: what is added meanwhile wakes it again
	p.of.desk.Run(func() func() {
		now, err := p.desk.Board()
		return func() {
			if ctx.Err() != nil {
				return
			}
			p.take(now, err)
			p.of.desk.Run(func() func() {
				select {
				case <-grown:
				case <-ctx.Done():
				}
				return func() {
					if ctx.Err() == nil {
						p.follow(ctx)
					}
				}
			})
		}
	})
}

// refresh draws the session as it stands.
func (p *boardPage) refresh() {
	p.of.desk.Run(func() func() {
		now, err := p.desk.Board()
		return func() { p.take(now, err) }
	})
}

// take draws what has been read.
func (p *boardPage) take(now *room.Board, err error) {
	if p.err = err; err != nil {
		p.alarms.Say("读不出会议记录：请保留本机不要关机，改用备用主机，并联系技术人员。", widget.DangerImportance)
		return
	}
	p.now = now
	if r := theRound(now, p.round); !p.picked || r == nil {
		p.round = nextRound(now)
	}
	p.title.SetText(now.Title)
	p.place.SetText(p.placeText())
	p.standing.SetText(fmt.Sprintf("记录短码 %s　共 %d 条　主机任期 %d", now.Root, now.Size, now.Epoch))
	if now.Rehearsal {
		p.rehearsal.Show()
	}
	p.role.Say(idleText(now), widget.WarningImportance)
	p.alarms.Say(alarmText(now), widget.DangerImportance)
	p.experts.draw()
	p.rounds.draw()
}

// act does one of staff's acts beside the window and draws what has come of it.
func (p *boardPage) act(do func(context.Context) error, then func()) {
	p.of.desk.Do(func() error { return do(context.Background()) }, func() {
		p.refresh()
		if then != nil {
			then()
		}
	})
}
