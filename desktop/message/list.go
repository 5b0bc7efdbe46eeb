// Package message is messages on the desktop (features J1, J2): what was received and sent, the page of one, choosing to whom a new one goes and
// writing it, the notification of the system when one arrives.
package message

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"zhiping/desktop/cache"
	"zhiping/desktop/list"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	"zhiping/proto/gen/zhiping/application/v1/applicationv1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	messagev1 "zhiping/proto/gen/zhiping/message/v1"
	"zhiping/proto/gen/zhiping/message/v1/messagev1connect"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/field"
	rules "zhiping/shared/message"
	"zhiping/shared/review"
	unitrules "zhiping/shared/unit"
)

type (
	message     = *messagev1.Message
	delivery    = *messagev1.Delivery
	application = *applicationv1.Application
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
			{Title: "阅读时间", Width: 140, Text: text[delivery](messagev1.Delivery_ReadAt)},
		},
		Filters: []list.Filter{{Column: "title", Title: "标题"}, {Column: "sender_name", Title: "发送单位"}},
		Tabs:    []list.Tab{{State: rules.Unread, Title: "未读"}, {State: rules.Read, Title: "已读"}},
		Empty:   "此状态下没有消息。上级单位发送的消息会显示在“未读”中，确认已读后移到“已读”。",
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

// Sent is the list of what the unit has sent (J1), with how many have read it.
func Sent(c messagev1connect.MessageServiceClient, mirror *cache.Cache) *list.List[message] {
	return cache.Add(mirror, &list.List[message]{
		Name: "message-sent", Title: "已发消息", Scope: "sent", ID: message.GetId,
		Mirror: list.Owned("message", message.GetUnitId, func(message) string { return "" }),
		Columns: []list.Column[message]{
			{Key: "title", Title: "标题", Width: 340, Text: text[message](messagev1.Message_Title)},
			{Title: "接收对象", Width: 120, Text: text[message](messagev1.Message_Audience)},
			{Title: "已读 / 全部", Width: 90, Text: func(m message) string { return fmt.Sprintf("%d / %d", m.Read, m.Recipients) }},
			{Title: "发送人", Width: 100, Text: text[message](messagev1.Message_StaffName)},
			{Title: "发送时间", Width: 140, Text: text[message](messagev1.Message_SentAt)},
		},
		Filters: []list.Filter{{Column: "title", Title: "标题"}},
		Empty:   "还没有发送过消息。请从“消息通知”选择接收单位或人员。",
		Source: func(ctx context.Context, q *commonv1.Query) ([]message, *commonv1.PageInfo, error) {
			resp, err := c.ListMessages(ctx, &messagev1.ListMessagesRequest{Query: q})
			return resp.GetMessages(), resp.GetPage(), err
		},
	})
}

// Deliveries is the list of everybody who has received something from the unit. It is not shown by itself: Recipients is cut out of it, so that
// the mirror answers for every message.
func Deliveries(c messagev1connect.MessageServiceClient, mirror *cache.Cache) *list.List[delivery] {
	return cache.Add(mirror, &list.List[delivery]{
		Name: "delivery-sent", ID: delivery.GetId,
		Mirror: list.Owned("delivery", delivery.GetSenderId, rules.State),
		Columns: []list.Column[delivery]{
			{Key: messageID, Text: delivery.GetMessageId},
			{Key: "recipient_name", Text: rules.Recipient},
		},
		Source: func(ctx context.Context, q *commonv1.Query) ([]delivery, *commonv1.PageInfo, error) {
			r := &messagev1.ListDeliveriesRequest{Query: proto.CloneOf(q)}
			r.Query.Filters = nil
			for _, f := range q.Filters {
				if f.Column == messageID {
					r.MessageId = f.Value
				} else {
					r.Query.Filters = append(r.Query.Filters, f)
				}
			}
			resp, err := c.ListDeliveries(ctx, r)
			return resp.GetDeliveries(), resp.GetPage(), err
		},
	})
}

const messageID = "message_id"

// Recipients is the list of who has received a message that the unit has sent, and who has read it.
func Recipients(m message, sent *list.List[delivery]) *list.List[delivery] {
	who := "接收单位"
	if m.Audience == messagev1.Audience_AUDIENCE_PEOPLE {
		who = "接收人"
	}
	return &list.List[delivery]{
		Name: "delivery-of " + m.Id, Title: "阅读情况", ID: delivery.GetId, Mirror: sent.Mirror,
		Columns: []list.Column[delivery]{
			{Title: who, Width: 320, Text: rules.Recipient},
			{Title: "状态", Width: 80, Text: func(d delivery) string {
				return map[string]string{rules.Unread: "未读", rules.Read: "已读"}[rules.State(d)]
			}},
			{Title: "阅读人", Width: 100, Text: text[delivery](messagev1.Delivery_ReadBy)},
			{Title: "阅读时间", Width: 140, Text: text[delivery](messagev1.Delivery_ReadAt)},
		},
		Filters: []list.Filter{{Column: "recipient_name", Title: who}},
		Tabs:    []list.Tab{{Title: "全部"}, {State: rules.Unread, Title: "未读"}, {State: rules.Read, Title: "已读"}},
		Empty:   "此状态下没有接收方。",
		Source: func(ctx context.Context, q *commonv1.Query) ([]delivery, *commonv1.PageInfo, error) {
			mine := proto.CloneOf(q)
			mine.Filters = append(mine.Filters, &commonv1.Filter{Column: messageID, Value: m.Id})
			rows, page, err := sent.Source(ctx, mine)
			if page != nil {
				page.Counts = counts(ctx, sent, mine)
			}
			return rows, page, err
		},
	}
}

// counts are the numbers on the tabs of one message: how many of its deliveries stand under each state.
func counts(ctx context.Context, sent *list.List[delivery], q *commonv1.Query) (all []*commonv1.StateCount) {
	for _, state := range []string{rules.Unread, rules.Read} {
		one := &commonv1.Query{State: state, Size: 1, Filters: q.Filters}
		if _, page, _ := sent.Source(ctx, one); page != nil {
			all = append(all, &commonv1.StateCount{State: state, Count: page.Total})
		}
	}
	return all
}

// pick is what a click on a row of recipients does.
const pick = "勾选"

// Units are the direct subordinates that a message can be sent to (J1).
func Units(c unitv1connect.UnitServiceClient, mirror *cache.Cache) *list.List[*unitv1.Unit] {
	column := func(name string, width float32) list.Column[*unitv1.Unit] {
		return list.Declared[*unitv1.Unit](name, width)
	}
	return cache.Add(mirror, &list.List[*unitv1.Unit]{
		Name: "message-units", Title: "消息通知", Scope: "subordinate", Verb: pick, ID: (*unitv1.Unit).GetId,
		Mirror: &list.Mirror[*unitv1.Unit]{Kind: "unit", State: func(u *unitv1.Unit, unit string) (string, bool) {
			return unitrules.State(u), u.SuperiorId == unit && u.Authorised
		}},
		Columns: []list.Column[*unitv1.Unit]{
			column(unitv1.Unit_Name, 320).By("name"),
			column(unitv1.Unit_CreditCode, 190),
			column(unitv1.Unit_Kind, 110),
			column(unitv1.Unit_Division, 140),
			column(unitv1.Unit_Nature, 110),
		},
		Filters: []list.Filter{{Column: "name", Title: "单位名称"}},
		Tabs:    []list.Tab{{State: unitrules.StateAuthorised, Title: "下级单位"}},
		Empty:   "没有已授权的下级单位。要发给本单位的申报人员，请点“查看本单位人员列表”。",
		Source: func(ctx context.Context, q *commonv1.Query) ([]*unitv1.Unit, *commonv1.PageInfo, error) {
			resp, err := c.ListUnits(ctx, &unitv1.ListUnitsRequest{Query: q})
			return resp.GetUnits(), resp.GetPage(), err
		},
	})
}

// People are the unit's own applicants that a message can be sent to (J1). A row is an application; who has several is one recipient all the
// same, because rows are told apart by the person.
func People(c applicationv1connect.ApplicationServiceClient, mirror *cache.Cache) *list.List[application] {
	column := list.Declared[application]
	return cache.Add(mirror, &list.List[application]{
		Name: "message-people", Title: "本单位人员列表", Scope: "own", Verb: pick, ID: application.GetPersonId,
		Mirror: &list.Mirror[application]{Kind: "application", State: func(a application, unit string) (string, bool) {
			return a.State.String(), a.UnitId == unit && a.PersonId != "" // one that the server has not seen yet names nobody
		}},
		Columns: []list.Column[application]{
			{Key: "name", Title: "姓名", Width: 100, Text: application.GetName},
			column(applicationv1.Application_Number, 170),
			column(applicationv1.Application_ActivityName, 320),
			column(applicationv1.Application_Specialty, 140),
			column(applicationv1.Application_State, 100),
		},
		Filters: []list.Filter{{Column: "name", Title: "姓名"}},
		Empty:   "本单位还没有申报人员。",
		Source: func(ctx context.Context, q *commonv1.Query) ([]application, *commonv1.PageInfo, error) {
			resp, err := c.ListApplications(ctx, &applicationv1.ListApplicationsRequest{Query: q})
			return resp.GetApplications(), resp.GetPage(), err
		},
	})
}

// Effects are what the changes of this domain look like before the server has run them (sync.md). To whom a message goes the server knows.
var Effects = map[string]cache.Effect{
	messagev1connect.MessageServiceSendMessageProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		r := m.(*messagev1.SendMessageRequest)
		x := proto.CloneOf(r.Message)
		x.UnitId, x.UnitName, x.StaffName, x.SentAt = by.UnitID, by.UnitName, by.StaffName, v.At()
		x.Audience, x.Recipients = rules.Audience(r), int32(len(r.UnitIds)+len(r.PersonIds))
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
