package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/meeting"
	"zhiping/desktop/room"
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
	page.Host = p.hostOnline
	page.Follow()
	p.shell.Open(&shell.Page{Key: caseKey(from, m.Id), Title: m.Name, Help: "meeting-own", Content: page.Content, Kinds: []string{outboxKind}, Follow: page.Follow})
}

// hostOnline makes this computer host a session that the server sequences: a window of its own, in which staff takes the same steps as at a hub.
func (p *program) hostOnline(s *meetingv1.Session, pkg []byte) {
	prefs := fyne.CurrentApp().Preferences()
	server := kit.NewEntry()
	server.SetText(prefs.String(hubServerKey))
	server.SetPlaceHolder("服务器公钥，64位，由管理员提供，用来核对会议包的签名")
	p.desk.Ask("在本机主持“"+s.Name+"”", container.NewVBox(widget.NewLabel("选票由中心服务器接收；开启、关闭、开票等在本机办理。"), server), "主　持", func() {
		c := &hubWindowCommand{Dir: prefs.StringWithFallback(hubDirKey, hubDir()), Server: strings.TrimSpace(server.Text)}
		prefs.SetString(hubServerKey, c.Server)
		var h *room.Hub
		p.desk.Do(func() (err error) {
			if h, err = room.OpenHub(context.Background(), c.Dir, c.Server, now); err != nil {
				return err
			}
			if _, err = h.Connect(context.Background(), pkg, p.client.Desk(), p.client.Rooms(room.Paired(s.Lease.Pairing))); err != nil {
				return errors.Join(err, h.Close())
			}
			return nil
		}, func() {
			w := fyne.CurrentApp().NewWindow("职评通　在线主持：" + s.Name)
			w.Resize(fyne.NewSize(1340, 720))
			ctx, stop := context.WithCancel(context.Background())
			c.draw(ctx, w, h, meeting.Place{Addresses: []string{p.client.Address()}, Server: c.Server, Dir: c.Dir, Session: s.Id, Pairing: s.Lease.Pairing, Pin: p.command.Pin})
			w.SetOnClosed(func() {
				stop()
				if err := h.Close(); err != nil {
					slog.Error("hub", "error", err)
				}
			})
			w.Show()
		})
	})
}
