package main

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/home"
	"zhiping/desktop/kit"
	"zhiping/desktop/notice"
	"zhiping/desktop/shell"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	noticev1 "zhiping/proto/gen/zhiping/notice/v1"
	rules "zhiping/shared/notice"
)

const addNotice = "添加公告"

// noticeMenu is the part of feature J3.
func (p *program) noticeMenu() []shell.Item {
	c := p.client.Notices()
	const edit = commonv1.Right_RIGHT_NOTICE_EDIT
	move := func(title string, to noticev1.State) kit.Action[*noticev1.Notice] {
		return kit.Action[*noticev1.Notice]{Title: title, Away: p.desk.Away, Run: func(rows []*noticev1.Notice, done func()) { notice.Ask(p.desk, c, rows, to, done) }}
	}
	published := notice.Published(c, p.mirror)
	p.news = append(p.news, home.NewsOf(published, notice.Line, func(n *noticev1.Notice) {
		p.shell.Open(&shell.Page{Key: "read-notice " + n.Id, Help: "notice-published", Title: n.Title, Content: notice.NewPage(n, c, p.desk, nil).Content})
	}))
	own := listItem(p, messageGroup, edit, notice.Own(c, p.mirror), p.openNotice,
		move("发布", noticev1.State_STATE_PUBLISHED), move("撤回", noticev1.State_STATE_WITHDRAWN), move("删除", noticev1.State_STATE_DELETED))
	add := func() *shell.Page { return p.noticeForm(notice.New(), func() {}) }
	open := own.Open
	own.Open = func() *shell.Page {
		return above(open(), widget.NewButtonWithIcon(addNotice, theme.ContentAddIcon(), func() { p.shell.Open(add()) }))
	}
	return []shell.Item{
		listItem(p, messageGroup, commonv1.Right_RIGHT_SIGNED_IN, published, p.readNotice),
		own,
		{Group: messageGroup, Title: addNotice, Right: edit, Open: add},
	}
}

// readNotice opens an announcement of anybody's as it is read.
func (p *program) readNotice(n *noticev1.Notice, from *kit.ListPage[*noticev1.Notice]) {
	casePage(p, n, n.Title, from, func(n *noticev1.Notice, _ func()) (fyne.CanvasObject, func()) {
		return notice.NewPage(n, p.client.Notices(), p.desk, nil).Content, nil
	}, p.readNotice)
}

// openNotice opens the form of what can still be changed; what is published is read, and can be withdrawn.
func (p *program) openNotice(n *noticev1.Notice, from *kit.ListPage[*noticev1.Notice]) {
	if rules.Editable(n) == nil {
		p.shell.Open(p.noticeForm(n, from.Load))
		return
	}
	key := "own-notice " + n.Id
	page := notice.NewPage(n, p.client.Notices(), p.desk, func() {
		p.shell.Close(key)
		from.Load()
	})
	p.shell.Open(&shell.Page{Key: key, Help: "notice", Title: n.Title, Content: page.Content, Kinds: []string{outboxKind}, Follow: page.Follow})
}

// noticeForm is the form of an announcement; done is called when it was published or deleted.
func (p *program) noticeForm(n *noticev1.Notice, done func()) *shell.Page {
	key, title := "notice "+n.Id, n.Title
	if n.Revision == 0 {
		key, title = addNotice, addNotice
	}
	e := notice.NewEdit(n, p.client.Notices(), p.desk, func() {
		p.shell.Close(key)
		done()
	})
	return &shell.Page{Key: key, Help: "notice", Title: title, Content: e.Content, Save: e.Save, Kinds: []string{outboxKind}, Follow: e.Follow}
}
