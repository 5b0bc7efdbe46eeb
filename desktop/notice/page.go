package notice

import (
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"github.com/google/uuid"

	"zhiping/desktop/kit"
	noticev1 "zhiping/proto/gen/zhiping/notice/v1"
	"zhiping/proto/gen/zhiping/notice/v1/noticev1connect"
)

// New returns a new announcement for the form.
func New() *noticev1.Notice {
	return &noticev1.Notice{Id: uuid.Must(uuid.NewV7()).String(), Kind: noticev1.Kind_KIND_NOTICE}
}

// A Page is an announcement as it is read.
type Page struct {
	Content fyne.CanvasObject
	Follow  func() // the server can be reached again, or no longer
}

// NewPage draws the page. moved, if set, is for whoever may withdraw the announcement, and is called when it was.
func NewPage(n message, c noticev1connect.NoticeServiceClient, d *kit.Desk, moved func()) *Page {
	head := widget.NewLabelWithStyle(n.Title, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	head.SizeName = "headingText"
	head.Wrapping = fyne.TextWrapWord
	line := widget.NewLabel(facts(n))
	line.Importance = widget.LowImportance
	body := container.NewVBox(newReading(n.Text).Content)
	if len(n.Attachments) > 0 {
		body.Add(kit.NewPart("附件", kit.NewFiles(n.Attachments, d.Opener("notice", n.Id))))
	}
	p := &Page{Follow: func() {}}
	var below fyne.CanvasObject
	if moved != nil && n.State == noticev1.State_STATE_PUBLISHED {
		const title = "撤　回"
		b := widget.NewButtonWithIcon(title, theme.ContentUndoIcon(), func() {
			Ask(d, c, []message{n}, noticev1.State_STATE_WITHDRAWN, moved)
		})
		p.Follow = func() { d.NeedsServer(b, title) }
		p.Follow()
		below = container.NewHBox(b)
	}
	p.Content = container.NewBorder(container.NewVBox(head, line, widget.NewSeparator()), below, nil, nil, container.NewVScroll(container.NewPadded(body)))
	return p
}

// facts is what is known of an announcement beside its text, in one line.
func facts(n message) string {
	all := []string{text(noticev1.Notice_Kind)(n), text(noticev1.Notice_UnitName)(n), text(noticev1.Notice_State)(n), text(noticev1.Notice_PublishedAt)(n)}
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), "　")
}

// questions are what is asked before announcements are moved; %s names them.
var questions = map[noticev1.State]struct{ verb, text string }{
	noticev1.State_STATE_PUBLISHED: {"发布", "发布后，所有人（包括没有账号的公众）都可以看到%s。"},
	noticev1.State_STATE_WITHDRAWN: {"撤回", "撤回后，公众和其他单位不再能看到%s；修改后可以重新发布。"},
	noticev1.State_STATE_DELETED:   {"删除", "删除后不能恢复：%s。"},
}

// Ask asks before it publishes, withdraws or deletes announcements and says what was refused; done is called when nothing was.
func Ask(d *kit.Desk, c noticev1connect.NoticeServiceClient, all []message, to noticev1.State, done func()) {
	what := "“" + all[0].Title + "”"
	if len(all) > 1 {
		what = fmt.Sprintf("所选的 %d 条公告", len(all))
	}
	q := questions[to]
	d.Confirm(q.verb+"公告", fmt.Sprintf(q.text, what), q.verb, func() {
		d.Do(func() error { return Move(c, all, to) }, func() {
			d.Say("已" + q.verb)
			done()
		})
	})
}
