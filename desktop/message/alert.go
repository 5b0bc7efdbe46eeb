package message

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"fyne.io/fyne/v2"

	"zhiping/desktop/kit"
	"zhiping/desktop/list"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	rules "zhiping/shared/message"
)

// An Alert tells the person through the system when messages have arrived (J2): one notification for each pull at most, none for what was here
// before, and none on a mirror that is filled for the first time or anew.
type Alert struct {
	received *list.List[delivery]
	run      kit.Runner
	wanted   func() bool

	ready  bool // what was here before has been looked at
	seen   map[string]bool
	newest int64 // when the newest of the seen was sent, UTC milliseconds
}

// NewAlert returns an alert that knows of no message yet; wanted says whether the person wants to be told.
func NewAlert(received *list.List[delivery], run kit.Runner, wanted func() bool) *Alert {
	return &Alert{received: received, run: run, wanted: wanted, seen: map[string]bool{}}
}

// Begin takes what the mirror has now as old.
func (a *Alert) Begin() {
	a.look(func([]delivery) { a.ready = true })
}

// Follow is told which kinds of records look different now, "*" for all.
func (a *Alert) Follow(kinds map[string]bool) {
	switch {
	case kinds["*"] || !a.ready && kinds[a.received.Mirror.Kind]:
		a.Begin()
	case kinds[a.received.Mirror.Kind]:
		a.look(func(fresh []delivery) {
			if len(fresh) > 0 && a.wanted() {
				fyne.CurrentApp().SendNotification(notification(fresh))
			}
		})
	}
}

// mostUnread is how many of the newest unread messages are looked at.
const mostUnread = 100

// slack is how much later than a newer one a message may arrive and still be new: what is sent first need not come first.
const slack = time.Minute

// look reads the unread messages and hands over those that were not seen before.
func (a *Alert) look(then func(fresh []delivery)) {
	a.run(func() func() {
		rows, _, err := a.received.Source(context.Background(), &commonv1.Query{Scope: a.received.Scope, State: rules.Unread, Size: mostUnread})
		return func() {
			if err != nil {
				slog.Warn("unread messages", "error", err)
			}
			then(a.fresh(rows))
		}
	})
}

// fresh are the rows that were not seen before. An older one that comes into sight because a newer one was read is not fresh.
func (a *Alert) fresh(rows []delivery) (all []delivery) {
	since := a.newest - slack.Milliseconds()
	for _, d := range rows {
		if !a.seen[d.Id] && d.SentAt > since {
			all = append(all, d)
		}
	}
	for _, d := range rows {
		a.seen[d.Id] = true
		a.newest = max(a.newest, d.SentAt)
	}
	return all
}

func notification(fresh []delivery) *fyne.Notification {
	d := fresh[0]
	title, more := "收到新消息", ""
	if len(fresh) > 1 {
		title, more = fmt.Sprintf("收到 %d 条新消息", len(fresh)), "等"
	}
	return fyne.NewNotification(title, d.Title+more+"\n发送单位："+d.SenderName)
}
