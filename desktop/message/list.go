// Package message is messages from unit to unit on the desktop (features J1, J2): what was received and sent, the page of one, the form of a new
// one.
package message

import (
	"context"

	"google.golang.org/protobuf/proto"

	"zhiping/desktop/cache"
	"zhiping/desktop/list"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	messagev1 "zhiping/proto/gen/zhiping/message/v1"
	"zhiping/proto/gen/zhiping/message/v1/messagev1connect"
	"zhiping/shared/field"
	rules "zhiping/shared/message"
	"zhiping/shared/review"
)

type (
	message  = *messagev1.Message
	delivery = *messagev1.Delivery
)

func text[M proto.Message](name string) func(M) string {
	return func(m M) string { return field.Named(m, name)[0].Text(m) }
}

// Received is the list of what the unit has received (J2).
func Received(c messagev1connect.MessageServiceClient, mirror *cache.Cache) *list.List[delivery] {
	return cache.Add(mirror, &list.List[delivery]{
		Name: "delivery-received", Title: "收到的消息", Scope: "received", ID: delivery.GetId,
		Mirror: list.Owned("delivery", delivery.GetUnitId, rules.State), ToDo: []list.Tab{{State: rules.Unread, Title: "未读"}},
		Columns: []list.Column[delivery]{
			{Key: "title", Title: "标题", Width: 320, Text: text[delivery](messagev1.Delivery_Title)},
			{Key: "sender_name", Title: "发送单位", Width: 260, Text: text[delivery](messagev1.Delivery_SenderName)},
			{Title: "发送时间", Width: 140, Text: text[delivery](messagev1.Delivery_SentAt)},
			{Title: "阅读人", Width: 90, Text: text[delivery](messagev1.Delivery_ReadBy)},
		},
		Filters: []list.Filter{{Column: "title", Title: "标题"}, {Column: "sender_name", Title: "发送单位"}},
		Tabs:    []list.Tab{{State: "", Title: "全部"}, {State: rules.Unread, Title: "未读"}, {State: rules.Read, Title: "已读"}},
		Empty:   "还没有收到消息。上级单位发送的消息会显示在这里。",
		Source: func(ctx context.Context, q *commonv1.Query) ([]delivery, *commonv1.PageInfo, error) {
			resp, err := c.ListDeliveries(ctx, &messagev1.ListDeliveriesRequest{Query: q})
			return resp.GetDeliveries(), resp.GetPage(), err
		},
	})
}

// Line is a message in one line, for the first page (B2).
func Line(m delivery) string {
	line := list.Day(text[delivery](messagev1.Delivery_SentAt)(m)) + "　" + m.Title
	if m.ReadAt == 0 {
		line = "【未读】" + line
	}
	return line
}

// Sent is the list of what the unit has sent (J1).
func Sent(c messagev1connect.MessageServiceClient, mirror *cache.Cache) *list.List[message] {
	return cache.Add(mirror, &list.List[message]{
		Name: "message-sent", Title: "已发消息", Scope: "sent", ID: message.GetId,
		Mirror: list.Owned("message", message.GetUnitId, func(message) string { return "" }),
		Columns: []list.Column[message]{
			{Key: "title", Title: "标题", Width: 360, Text: text[message](messagev1.Message_Title)},
			{Title: "接收单位数", Width: 100, Text: text[message](messagev1.Message_Recipients)},
			{Title: "发送人", Width: 100, Text: text[message](messagev1.Message_StaffName)},
			{Title: "发送时间", Width: 140, Text: text[message](messagev1.Message_SentAt)},
		},
		Filters: []list.Filter{{Column: "title", Title: "标题"}},
		Empty:   "还没有发送过消息。",
		Source: func(ctx context.Context, q *commonv1.Query) ([]message, *commonv1.PageInfo, error) {
			resp, err := c.ListMessages(ctx, &messagev1.ListMessagesRequest{Query: q})
			return resp.GetMessages(), resp.GetPage(), err
		},
	})
}

// Recipients is the list of who has received a message that the unit has sent, and who has read it.
func Recipients(m message, c messagev1connect.MessageServiceClient) *list.List[delivery] {
	return &list.List[delivery]{
		Name: "delivery-of " + m.Id, Title: "阅读情况", ID: delivery.GetId,
		Columns: []list.Column[delivery]{
			{Title: "接收单位", Width: 320, Text: text[delivery](messagev1.Delivery_UnitName)},
			{Title: "阅读人", Width: 100, Text: text[delivery](messagev1.Delivery_ReadBy)},
			{Title: "阅读时间", Width: 140, Text: text[delivery](messagev1.Delivery_ReadAt)},
		},
		Filters: []list.Filter{{Column: "unit_name", Title: "接收单位"}},
		Tabs:    []list.Tab{{State: "", Title: "全部"}, {State: rules.Unread, Title: "未读"}, {State: rules.Read, Title: "已读"}},
		Empty:   "没有接收单位。",
		Source: func(ctx context.Context, q *commonv1.Query) ([]delivery, *commonv1.PageInfo, error) {
			resp, err := c.ListDeliveries(ctx, &messagev1.ListDeliveriesRequest{Query: q, MessageId: m.Id})
			return resp.GetDeliveries(), resp.GetPage(), err
		},
	}
}

// Effects are what the changes of this domain look like before the server has run them (sync.md). To whom a message goes the server knows.
var Effects = map[string]cache.Effect{
	messagev1connect.MessageServiceSendMessageProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		x := proto.CloneOf(m.(*messagev1.SendMessageRequest).Message)
		x.UnitId, x.UnitName, x.StaffName, x.SentAt = by.UnitID, by.UnitName, by.StaffName, v.At()
		return v.Put("message", x)
	},
	messagev1connect.MessageServiceReadMessagesProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		for _, b := range m.(*messagev1.ReadMessagesRequest).Bases {
			if err := cache.Change(v, "delivery", b.Id, func(d delivery) error {
				rules.MarkRead(d, by, v.At())
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	},
}
