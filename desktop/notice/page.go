package notice

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/kit"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	noticev1 "zhiping/proto/gen/zhiping/notice/v1"
	"zhiping/proto/gen/zhiping/notice/v1/noticev1connect"
)

// New returns a new announcement for the form.
func New() *noticev1.Notice {
	return &noticev1.Notice{Id: uuid.Must(uuid.NewV7()).String(), Kind: noticev1.Kind_KIND_NOTICE}
}

// NewPage draws an announcement as it is read.
func NewPage(n *noticev1.Notice, open func(*commonv1.Attachment)) fyne.CanvasObject {
	body := rendered(n.Text)
	head := widget.NewLabelWithStyle(n.Title, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	head.SizeName = "headingText"
	head.Wrapping = fyne.TextWrapWord
	facts := kit.NewDetail(kit.Section{Message: n, Open: open, Fields: []string{noticev1.Notice_Kind, noticev1.Notice_UnitName, noticev1.Notice_PublishedAt, noticev1.Notice_Attachments}})
	split := container.NewVSplit(facts, container.NewVScroll(container.NewPadded(body)))
	split.Offset = 0.25
	return container.NewBorder(head, nil, nil, nil, split)
}

// rendered is Markdown as it is read.
func rendered(text string) *widget.RichText {
	r := widget.NewRichTextFromMarkdown(text)
	r.Wrapping = fyne.TextWrapWord
	return r
}

// An Edit is the form of an announcement, with the preview beside it.
type Edit struct {
	Content fyne.CanvasObject
	Save    func()
}

// NewEdit draws the form; done is called when it is published.
func NewEdit(n *noticev1.Notice, c noticev1connect.NoticeServiceClient, d *kit.Desk, done func()) *Edit {
	m := proto.CloneOf(n)
	name := "notice " + n.Id
	if n.Revision == 0 {
		name = "new notice"
	}
	draft := kit.NewDraft(d, name, m)
	form := kit.NewForm(m, noticev1.Notice_Kind, noticev1.Notice_Title, noticev1.Notice_Text, noticev1.Notice_Attachments)
	form.Attach(d.Attach)
	preview := rendered(m.Text)
	form.Changed = func(field string) {
		draft.Changed(field)
		if field == noticev1.Notice_Text {
			preview.ParseMarkdown(m.Text)
		}
	}
	save := func(then func()) {
		if !form.Check() {
			return
		}
		var resp *noticev1.SaveNoticeResponse
		d.Submit(func() (err error) {
			resp, err = c.SaveNotice(context.Background(), &noticev1.SaveNoticeRequest{Notice: m})
			return err
		}, func() {
			m.Revision, m.State = resp.Notice.Revision, resp.Notice.State
			draft.Drop()
			then()
		}, form)
	}
	e := &Edit{Save: func() { save(func() { d.Say("已保存") }) }}
	keep := widget.NewButtonWithIcon("保存（Ctrl+S）", theme.DocumentSaveIcon(), e.Save)
	publish := widget.NewButtonWithIcon("保存并发布", theme.UploadIcon(), func() {
		save(func() {
			d.Confirm("发布公告", "发布后，所有人（包括没有账号的公众）都可以看到“"+m.Title+"”。", "发布", func() {
				d.Do(func() error { return Move(c, []*noticev1.Notice{m}, noticev1.State_STATE_PUBLISHED) }, func() {
					d.Say("公告已发布")
					done()
				})
			})
		})
	})
	publish.Importance = widget.HighImportance
	left := container.NewVScroll(container.NewPadded(container.NewVBox(draft.Banner.Content, form.Content)))
	right := container.NewBorder(widget.NewLabelWithStyle("预览", fyne.TextAlignLeading, fyne.TextStyle{Bold: true}), nil, nil, nil, container.NewVScroll(container.NewPadded(preview)))
	split := container.NewHSplit(left, right)
	split.Offset = 0.62
	e.Content = container.NewBorder(nil, container.NewHBox(keep, publish), nil, nil, split)
	return e
}
