package main

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/home"
	"zhiping/desktop/kit"
	"zhiping/desktop/list"
	"zhiping/desktop/message"
	"zhiping/desktop/shell"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	messagev1 "zhiping/proto/gen/zhiping/message/v1"
)

const messageGroup = "消息公告"

// messageMenu is the part of features J1 and J2.
func (p *program) messageMenu() []shell.Item {
	c := p.client.Messages()
	received, deliveries := message.Received(c, p.mirror), message.Deliveries(c, p.mirror)
	people := message.People(p.client.Applications(), p.mirror)
	p.news = append(p.news, home.NewsOf(received, message.Line, p.readDelivery))
	p.alert = message.NewAlert(received, p.desk.Run, alertWanted)
	inbox := listItem(p, messageGroup, commonv1.Right_RIGHT_SIGNED_IN, received, p.openDelivery,
		batch(p, "标为已读", func(rows []*messagev1.Delivery) error { return message.Read(c, rows) }))
	inbox.Count = todoCount(p, received)
	return []shell.Item{
		inbox,
		p.sendItem(people),
		listItem(p, messageGroup, commonv1.Right_RIGHT_MESSAGE_SEND, message.Sent(c, p.mirror), func(m *messagev1.Message, _ *kit.ListPage[*messagev1.Message]) {
			p.openMessage(m, deliveries)
		}),
	}
}

// todoCount counts what is to be done in a list, for its line of the menu.
func todoCount[M any](p *program, l *list.List[M]) *shell.Count {
	return &shell.Count{Kinds: []string{l.Mirror.Kind}, Read: func(then func(int64)) {
		count := home.Counter(p.mirror, p.client.Home())
		p.desk.Run(func() func() {
			counts, err := count(context.Background(), home.Of(l, nil))
			return func() {
				if err != nil {
					return // not known now
				}
				n := int64(0)
				for _, c := range counts {
					for _, t := range l.ToDo {
						n += c[t.State]
					}
				}
				then(n)
			}
		})
	}}
}

// sendItem is the line that chooses whom a new message goes to: subordinates, or from there the own applicants (J1).
func (p *program) sendItem(people *list.List[*applicationv1.Application]) shell.Item {
	units := message.Units(p.client.Units(), p.mirror)
	it := listItem(p, messageGroup, commonv1.Right_RIGHT_MESSAGE_SEND, units, toggle, composing(p, message.ToUnits))
	open := it.Open
	it.Open = func() *shell.Page {
		return above(open(),
			widget.NewButtonWithIcon("发给全部下级单位", theme.MailSendIcon(), func() { p.compose(message.ToAll(), func() {}) }),
			widget.NewButtonWithIcon("查看本单位人员列表", theme.AccountIcon(), func() {
				p.shell.Open(listPage(p, people, toggle, composing(p, message.ToPeople)))
			}))
	}
	return it
}

// toggle is a click on a row of a list from which is chosen.
func toggle[M any](row M, from *kit.ListPage[M]) { from.Toggle(row) }

// composing is the button that writes to the chosen rows.
func composing[M any](p *program, to func([]M) message.To) kit.Action[M] {
	return kit.Action[M]{Title: "编辑信息", Run: func(rows []M, done func()) { p.compose(to(rows), done) }}
}

// above puts buttons above a page that work on no row of it.
func above(page *shell.Page, buttons ...fyne.CanvasObject) *shell.Page {
	page.Content = container.NewBorder(container.NewHBox(buttons...), nil, nil, nil, page.Content)
	return page
}

// compose opens the form of a message; done is called when it was sent. A form that is open already is closed: what was typed in it is kept as
// the draft.
func (p *program) compose(to message.To, done func()) {
	const key = "compose"
	p.shell.Close(key)
	p.shell.Open(&shell.Page{Key: key, Help: "compose", Title: "编辑信息", Content: message.NewCompose(to, p.client.Messages(), p.desk, func() {
		p.shell.Close(key)
		done()
	})})
}

// openDelivery opens a message that was received; confirming it goes on to the next.
func (p *program) openDelivery(m *messagev1.Delivery, from *kit.ListPage[*messagev1.Delivery]) {
	casePage(p, m, m.Title, from, func(m *messagev1.Delivery, done func()) (fyne.CanvasObject, func()) {
		page := message.NewPage(m, p.client.Messages(), p.desk, done)
		return page.Content, page.Confirm
	}, p.openDelivery)
}

// readDelivery opens a message from the first page.
func (p *program) readDelivery(m *messagev1.Delivery) {
	key := "delivery " + m.Id
	page := message.NewPage(m, p.client.Messages(), p.desk, func() { p.shell.Close(key) })
	p.shell.Open(&shell.Page{Key: key, Help: "delivery-received", Title: m.Title, Content: page.Content, Approve: page.Confirm})
}

// openMessage opens a message that was sent, with who has read it.
func (p *program) openMessage(m *messagev1.Message, deliveries *list.List[*messagev1.Delivery]) {
	who := listPage(p, message.Recipients(m, deliveries), nil)
	detail := kit.NewDetail(kit.Section{Title: m.Title, Message: m, Open: p.desk.Opener("message", m.Id), Fields: []string{
		messagev1.Message_SentAt, messagev1.Message_StaffName, messagev1.Message_Audience, messagev1.Message_Text, messagev1.Message_Attachments,
	}})
	split := container.NewVSplit(detail, who.Content)
	split.Offset = 0.42
	p.shell.Open(&shell.Page{Key: "message " + m.Id, Help: "message-sent", Title: m.Title, Content: split, Refresh: who.Refresh, Search: who.Search, Kinds: who.Kinds, Follow: who.Follow})
}

// alertKey is where it is remembered on this machine that no notifications are wanted.
const alertKey = "no-alerts"

func alertWanted() bool { return !fyne.CurrentApp().Preferences().Bool(alertKey) }

// alertItem turns the notifications of new messages on and off on this machine.
func (p *program) alertItem() shell.Item {
	const title = "消息提醒"
	return shell.Item{Group: ownMachine, Title: title, Right: commonv1.Right_RIGHT_SIGNED_IN, Open: func() *shell.Page {
		on := widget.NewCheck("收到新消息时在桌面上弹出提醒", nil)
		on.SetChecked(alertWanted())
		p.desk.Ask(title, on, "保存", func() { fyne.CurrentApp().Preferences().SetBool(alertKey, !on.Checked) })
		return nil
	}}
}
