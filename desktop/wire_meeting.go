package main

import (
	"context"
	"path/filepath"

	"zhiping/desktop/kit"
	"zhiping/desktop/meeting"
	"zhiping/desktop/shell"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
)

// meetingMenu is the part of features F5-F13 that is done at the unit.
func (p *program) meetingMenu() []shell.Item {
	return []shell.Item{listItem(p, "评审会议管理", commonv1.Right_RIGHT_MEETING_MANAGE, meeting.Own(p.client.Meetings(), p.mirror), p.showMeeting)}
}

// showMeeting opens the page of a meeting.
func (p *program) showMeeting(m *meetingv1.Meeting, from *kit.ListPage[*meetingv1.Meeting]) {
	fetch := func(a *commonv1.Attachment, id string) (string, error) {
		return p.client.Download(context.Background(), a, "meeting", id, filepath.Join(p.account.Dir, "opened"))
	}
	page := meeting.NewPage(m, p.client.Meetings(), p.desk, fetch, from.Load)
	p.shell.Open(&shell.Page{Key: caseKey(from, m.Id), Title: m.Name, Help: "meeting-own", Content: page.Content, Kinds: []string{outboxKind}, Follow: page.Follow})
}
