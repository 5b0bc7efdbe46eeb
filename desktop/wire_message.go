package main

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"zhiping/desktop/home"
	"zhiping/desktop/kit"
	"zhiping/desktop/message"
	"zhiping/desktop/shell"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	messagev1 "zhiping/proto/gen/zhiping/message/v1"
)

const messageGroup = "消息公告"

// messageMenu is the part of features J1 and J2.
func (p *program) messageMenu() []shell.Item {
	c := p.client.Messages()
	const group, compose = messageGroup, "发送消息"
	received := message.Received(c, p.mirror)
	p.news = append(p.news, home.NewsOf(received, message.Line, func(m *messagev1.Delivery) {
		p.shell.Open(&shell.Page{Key: "delivery " + m.Id, Title: m.Title, Content: message.NewPage(m, c, p.desk)})
	}))
	return []shell.Item{
		listItem(p, group, commonv1.Right_RIGHT_SIGNED_IN, received, p.openDelivery,
			batch(p, "标为已读", func(rows []*messagev1.Delivery) error { return message.Read(c, rows) })),
		{Group: group, Title: compose, Right: commonv1.Right_RIGHT_MESSAGE_SEND, Open: func() *shell.Page {
			return &shell.Page{Key: compose, Title: compose, Content: message.NewCompose(c, p.client.Units(), p.desk, func() { p.shell.Close(compose) })}
		}},
		listItem(p, group, commonv1.Right_RIGHT_MESSAGE_SEND, message.Sent(c, p.mirror), p.openMessage),
	}
}

// openDelivery opens a message that was received.
func (p *program) openDelivery(m *messagev1.Delivery, from *kit.ListPage[*messagev1.Delivery]) {
	casePage(p, m, m.Title, from, func(m *messagev1.Delivery, _ func()) (fyne.CanvasObject, func()) {
		return message.NewPage(m, p.client.Messages(), p.desk), nil
	}, p.openDelivery)
}

// openMessage opens a message that was sent, with who has read it.
func (p *program) openMessage(m *messagev1.Message, _ *kit.ListPage[*messagev1.Message]) {
	who := listPage(p, message.Recipients(m, p.client.Messages()), func(*messagev1.Delivery, *kit.ListPage[*messagev1.Delivery]) {})
	detail := kit.NewDetail(kit.Section{Title: m.Title, Message: m, Open: p.desk.Opener("message", m.Id), Fields: []string{messagev1.Message_SentAt, messagev1.Message_StaffName, messagev1.Message_Text, messagev1.Message_Attachments}})
	split := container.NewVSplit(detail, who.Content)
	split.Offset = 0.4
	p.shell.Open(&shell.Page{Key: "message " + m.Id, Title: m.Title, Content: split, Refresh: who.Refresh, Search: who.Search})
}
