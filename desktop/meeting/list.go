// Package meeting is review meetings on the desktop: what the unit does before and after one (features F5-F10, keys, package, hand-over), the board
// of the hub and the booth of an expert in the room (F11, F12; voting.md).
package meeting

import (
	"context"

	"zhiping/desktop/cache"
	lists "zhiping/desktop/list"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/proto/gen/zhiping/meeting/v1/meetingv1connect"
	"zhiping/shared/field"
)

type message = *meetingv1.Meeting

const kind = "meeting"

func text(name string) func(message) string {
	return func(m message) string { return field.Named(m, name)[0].Text(m) }
}

// Own is the list of the unit's meetings (F10).
func Own(c meetingv1connect.MeetingServiceClient, mirror *cache.Cache) *lists.List[message] {
	state := func(m message) string { return m.State.String() }
	tab := func(s meetingv1.State) lists.Tab { return lists.Tab{State: s.String(), Title: field.Label(s)} }
	return cache.Add(mirror, &lists.List[message]{
		Name: "meeting-own", Title: "评审会议", Scope: "own", ID: message.GetId, Mirror: lists.Owned(kind, message.GetUnitId, state),
		Source: func(ctx context.Context, q *commonv1.Query) ([]message, *commonv1.PageInfo, error) {
			resp, err := c.ListMeetings(ctx, &meetingv1.ListMeetingsRequest{Query: q})
			return resp.GetMeetings(), resp.GetPage(), err
		},
		Columns: []lists.Column[message]{
			{Key: "name", Title: "会议名称", Width: 260, Fixed: true, Text: text(meetingv1.Meeting_Name)},
			{Title: "评委会", Width: 250, Text: text(meetingv1.Meeting_CommitteeName)},
			{Key: "held_on", Title: "会议日期", Width: 96, Text: text(meetingv1.Meeting_HeldOn)},
			{Title: "会议地点", Width: 140, Text: text(meetingv1.Meeting_Place)},
			{Title: "应到专家", Width: 80, Text: text(meetingv1.Meeting_PanelSize)},
			{Title: "状态", Width: 96, Text: text(meetingv1.Meeting_State)},
		},
		Filters: []lists.Filter{{Column: "name", Title: "会议名称"}, {Column: "held_on", Title: "会议日期"}},
		Tabs: []lists.Tab{
			tab(meetingv1.State_STATE_PREPARING), tab(meetingv1.State_STATE_DRAWING), tab(meetingv1.State_STATE_DRAWN), tab(meetingv1.State_STATE_CONFIRMED),
			tab(meetingv1.State_STATE_ISSUED), tab(meetingv1.State_STATE_HELD), tab(meetingv1.State_STATE_CANCELLED),
		},
		ToDo:  []lists.Tab{{State: meetingv1.State_STATE_CONFIRMED.String(), Title: "待签发会议包"}, {State: meetingv1.State_STATE_ISSUED.String(), Title: "待移交会议记录"}},
		Empty: "此状态下没有评审会议。",
	})
}
