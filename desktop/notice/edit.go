package notice

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/kit"
	noticev1 "zhiping/proto/gen/zhiping/notice/v1"
	"zhiping/proto/gen/zhiping/notice/v1/noticev1connect"
)

// An Edit is the form of an announcement, with the preview beside it.
type Edit struct {
	Content fyne.CanvasObject
	Save    func()
	Follow  func() // the server can be reached again, or no longer

	m      *noticev1.Notice
	client noticev1connect.NoticeServiceClient
	desk   *kit.Desk
	draft  *kit.Draft
	form   *kit.Form
}

// NewEdit draws the form; done is called when it is published or deleted.
func NewEdit(n *noticev1.Notice, c noticev1connect.NoticeServiceClient, d *kit.Desk, done func()) *Edit {
	e := &Edit{m: proto.CloneOf(n), client: c, desk: d}
	name := "notice " + n.Id
	if n.Revision == 0 {
		name = "new notice"
	}
	e.draft = kit.NewDraft(d, name, e.m)
	e.form = kit.NewForm(e.m, noticev1.Notice_Kind, noticev1.Notice_Title, noticev1.Notice_Text, noticev1.Notice_Attachments)
	e.form.Attach(d.Attach)
	preview := newReading(e.m.Text)
	e.form.Changed = func(field string) {
		e.draft.Changed(field)
		if field == noticev1.Notice_Text {
			preview.show(e.m.Text)
		}
	}
	e.Save = func() { e.save(func() { d.Say("已保存") }) }
	left := container.NewVScroll(container.NewPadded(container.NewVBox(e.draft.Banner.Content, e.form.Content)))
	right := container.NewBorder(widget.NewLabelWithStyle("预览", fyne.TextAlignLeading, fyne.TextStyle{Bold: true}), nil, nil, nil, container.NewVScroll(container.NewPadded(preview.Content)))
	split := container.NewHSplit(left, right)
	split.Offset = 0.62
	e.Content = container.NewBorder(nil, e.buttons(done), nil, nil, split)
	return e
}

func (e *Edit) buttons(done func()) fyne.CanvasObject {
	const publishTitle, deleteTitle = "保存并发布", "删　除"
	keep := widget.NewButtonWithIcon("保存（Ctrl+S）", theme.DocumentSaveIcon(), func() { e.Save() })
	publish := widget.NewButtonWithIcon(publishTitle, theme.UploadIcon(), func() {
		e.save(func() { Ask(e.desk, e.client, []message{e.m}, noticev1.State_STATE_PUBLISHED, done) })
	})
	publish.Importance = widget.HighImportance
	remove := widget.NewButtonWithIcon(deleteTitle, theme.DeleteIcon(), func() {
		Ask(e.desk, e.client, []message{e.m}, noticev1.State_STATE_DELETED, func() {
			e.draft.Drop()
			done()
		})
	})
	e.Follow = func() {
		e.desk.NeedsServer(publish, publishTitle)
		e.desk.NeedsServer(remove, deleteTitle)
		if e.m.Revision == 0 {
			remove.Hide() // there is nothing to delete yet
		} else {
			remove.Show()
		}
	}
	e.Follow()
	return container.NewHBox(keep, publish, remove)
}

func (e *Edit) save(then func()) {
	if !e.form.Check() {
		return
	}
	var resp *noticev1.SaveNoticeResponse
	e.desk.Submit(func() (err error) {
		resp, err = e.client.SaveNotice(context.Background(), &noticev1.SaveNoticeRequest{Notice: e.m})
		return err
	}, func() {
		e.m.Revision, e.m.State = resp.Notice.Revision, resp.Notice.State
		e.draft.Drop()
		e.Follow()
		then()
	}, e.form)
}
