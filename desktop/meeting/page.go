package meeting

import (
	"context"
	"os"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/proto/gen/zhiping/meeting/v1/meetingv1connect"
)

// A Page is one meeting at the unit that holds it: who sits in it, whose keys open it, its rooms with their packages, the hand-over and what waited
// for it (F5-F10; voting.md). Every button works with the server only: a package is signed there, and a record is believed there.
type Page struct {
	Content fyne.CanvasObject

	m      message
	next   message // what the next import of a key is written into
	client meetingv1connect.MeetingServiceClient
	desk   *kit.Desk
	fetch  func(a *commonv1.Attachment, id string) (path string, err error)
	done   func()
	// Host lets this computer host a session that the server sequences; pkg is its package. nil for who cannot.
	Host  func(s *meetingv1.Session, pkg []byte)
	frame *fyne.Container
	tabs  *container.AppTabs
}

// NewPage draws a meeting; fetch gets an attachment of it into a file, changed is called when it has changed.
func NewPage(m message, c meetingv1connect.MeetingServiceClient, d *kit.Desk, fetch func(*commonv1.Attachment, string) (string, error), changed func()) *Page {
	p := &Page{m: m, client: c, desk: d, fetch: fetch, done: changed, frame: container.NewStack()}
	p.Content = p.frame
	p.draw()
	p.read()
	return p
}

// read gets the whole meeting: a row of the list lacks its draw, and may be older.
func (p *Page) read() {
	p.call(func(ctx context.Context) (message, error) {
		resp, err := p.client.GetMeeting(ctx, &meetingv1.GetMeetingRequest{Id: p.m.Id})
		return resp.GetMeeting(), err
	}, func() {})
}

// call runs something that answers the meeting as it is now, and draws it.
func (p *Page) call(do func(context.Context) (message, error), then func()) {
	var m message
	p.desk.Do(func() (err error) {
		m, err = do(context.Background())
		return err
	}, func() {
		if m != nil {
			p.m = m
			p.draw()
			p.done()
		}
		then()
	})
}

// Follow draws again after the server has come or gone.
func (p *Page) Follow() { p.draw() }

func (p *Page) base() *commonv1.Base { return &commonv1.Base{Id: p.m.Id, Revision: p.m.Revision} }

func (p *Page) draw() {
	at := 0
	if p.tabs != nil {
		at = p.tabs.SelectedIndex()
	}
	p.tabs = container.NewAppTabs(
		container.NewTabItem("会议与专家", p.about()),
		container.NewTabItem("密钥与试开", p.keys()),
		container.NewTabItem("会场与会议包", p.rooms()),
		container.NewTabItem("移交与待处理事项", p.after()),
	)
	p.tabs.SelectIndex(at)
	p.frame.Objects = []fyne.CanvasObject{p.tabs}
	p.frame.Refresh()
}

func (p *Page) about() fyne.CanvasObject {
	sections := []kit.Section{{Title: "会议", Message: p.m, Fields: []string{
		meetingv1.Meeting_Name, meetingv1.Meeting_CommitteeName, meetingv1.Meeting_HeldOn, meetingv1.Meeting_Place, meetingv1.Meeting_PanelSize, meetingv1.Meeting_State,
	}}}
	people := container.NewVBox()
	for _, s := range p.m.Panel {
		if !s.Confirmed {
			continue
		}
		line := s.Name + "　" + s.WorkUnit + "　" + s.Group
		if s.Executive {
			line += "　执行主任"
		}
		people.Add(widget.NewLabel(line))
	}
	if len(people.Objects) == 0 {
		people.Add(widget.NewLabel("还没有确认参会专家。"))
	}
	return container.NewVScroll(container.NewVBox(kit.NewDetail(sections...).(*container.Scroll).Content, kit.NewPart("参会专家", people)))
}

// table draws rows of texts under headings, each with what can be done in it.
func table(heads []string, rows [][]fyne.CanvasObject) fyne.CanvasObject {
	grid := container.NewGridWithColumns(len(heads))
	for _, h := range heads {
		grid.Add(widget.NewLabelWithStyle(h, fyne.TextAlignLeading, fyne.TextStyle{Bold: true}))
	}
	for _, r := range rows {
		for _, o := range r {
			grid.Add(o)
		}
	}
	return grid
}

func cell(s string) fyne.CanvasObject {
	if s == "" {
		s = "—"
	}
	l := widget.NewLabel(s)
	l.Truncation = fyne.TextTruncateEllipsis
	return l
}

// hint is a line that says what a part is for.
func hint(s string) fyne.CanvasObject {
	l := widget.NewLabel(s)
	l.Wrapping = fyne.TextWrapWord
	l.Importance = widget.LowImportance
	return l
}

// button is one that needs the server; why says why it cannot be used now, "" if it can.
func (p *Page) button(title, why string, do func()) fyne.CanvasObject {
	b := widget.NewButton(title, do)
	p.desk.NeedsServer(b, title)
	if why == "" {
		return b
	}
	b.Disable()
	l := widget.NewLabel(why)
	l.Importance = widget.LowImportance
	return container.NewHBox(b, l)
}

// save lets the person choose where bytes go, and writes them there.
func (p *Page) save(name string, content []byte, then func()) {
	p.desk.Files.Save(name, func(path string) {
		p.desk.Do(func() error { return os.WriteFile(path, content, 0o600) }, func() {
			p.desk.Say("已保存到 " + path)
			then()
		})
	})
}

// open lets the person choose a file and reads it.
func (p *Page) open(ending string, then func([]byte)) {
	p.desk.Files.Open([]string{ending}, func(path string) {
		var b []byte
		p.desk.Do(func() (err error) {
			b, err = os.ReadFile(path)
			return err
		}, func() { then(b) })
	})
}

var china = time.FixedZone("+08:00", 8*60*60)

func instant(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).In(china).Format("2006-01-02 15:04")
}
