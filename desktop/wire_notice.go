package main

import (
	"fyne.io/fyne/v2"

	"zhiping/desktop/home"
	"zhiping/desktop/kit"
	"zhiping/desktop/notice"
	"zhiping/desktop/shell"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	noticev1 "zhiping/proto/gen/zhiping/notice/v1"
	rules "zhiping/shared/notice"
)

// noticeMenu is the part of feature J3.
func (p *program) noticeMenu() []shell.Item {
	c := p.client.Notices()
	const edit = commonv1.Right_RIGHT_NOTICE_EDIT
	move := func(title string, to noticev1.State) kit.Action[*noticev1.Notice] {
		return batch(p, title, func(rows []*noticev1.Notice) error { return notice.Move(c, rows, to) })
	}
	published := notice.Published(c, p.mirror)
	p.news = append(p.news, home.NewsOf(published, notice.Line, func(n *noticev1.Notice) {
		p.shell.Open(&shell.Page{Key: "read-notice " + n.Id, Title: n.Title, Content: notice.NewPage(n, p.desk.Opener("notice", n.Id))})
	}))
	return []shell.Item{
		listItem(p, messageGroup, commonv1.Right_RIGHT_SIGNED_IN, published, p.readNotice),
		listItem(p, messageGroup, edit, notice.Own(c, p.mirror), p.openNotice,
			move("发布", noticev1.State_STATE_PUBLISHED), move("撤回", noticev1.State_STATE_WITHDRAWN), move("删除", noticev1.State_STATE_DELETED)),
		{Group: messageGroup, Title: "新建公告", Right: edit, Open: func() *shell.Page { return p.noticeForm(notice.New(), "新建公告") }},
	}
}

// readNotice opens an announcement as it is read.
func (p *program) readNotice(n *noticev1.Notice, from *kit.ListPage[*noticev1.Notice]) {
	casePage(p, n, n.Title, from, func(n *noticev1.Notice, _ func()) (fyne.CanvasObject, func()) {
		return notice.NewPage(n, p.desk.Opener("notice", n.Id)), nil
	}, p.readNotice)
}

// openNotice opens the form of what can still be changed, the page of what is published.
func (p *program) openNotice(n *noticev1.Notice, from *kit.ListPage[*noticev1.Notice]) {
	if !rules.Editable(n) {
		p.readNotice(n, from)
		return
	}
	p.shell.Open(p.noticeForm(n, n.Title))
}

func (p *program) noticeForm(n *noticev1.Notice, title string) *shell.Page {
	key := "notice " + n.Id
	if n.Revision == 0 {
		key = title
	}
	e := notice.NewEdit(n, p.client.Notices(), p.desk, func() { p.shell.Close(key) })
	return &shell.Page{Key: key, Title: title, Content: e.Content, Save: e.Save}
}
