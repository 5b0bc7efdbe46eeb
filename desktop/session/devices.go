package session

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/proto/gen/zhiping/session/v1/sessionv1connect"
	"zhiping/shared/field"
)

// Devices are the places where somebody is signed in, each with a button that ends it.
type Devices struct {
	Content fyne.CanvasObject

	desk *kit.Desk
	rows *fyne.Container
	note *widget.Label
	all  *widget.Button // ends all; nil where one would end oneself
	list func(context.Context) ([]*sessionv1.Session, error)
	end  func(ctx context.Context, id string) error
}

// NewOwnDevices are those of whoever is signed in.
func NewOwnDevices(c sessionv1connect.SessionServiceClient, d *kit.Desk) *Devices {
	x := newDevices(d)
	x.list = func(ctx context.Context) ([]*sessionv1.Session, error) {
		resp, err := c.ListOwnSessions(ctx, &sessionv1.ListOwnSessionsRequest{})
		return resp.GetSessions(), err
	}
	x.end = func(ctx context.Context, id string) error {
		_, err := c.EndOwnSession(ctx, &sessionv1.EndOwnSessionRequest{SessionId: id})
		return err
	}
	return x
}

// NewStaffDevices are those of a member of the unit's staff (A6).
func NewStaffDevices(staffID string, c sessionv1connect.SessionServiceClient, d *kit.Desk) *Devices {
	x := newDevices(d)
	x.list = func(ctx context.Context) ([]*sessionv1.Session, error) {
		resp, err := c.ListStaffSessions(ctx, &sessionv1.ListStaffSessionsRequest{StaffId: staffID})
		return resp.GetSessions(), err
	}
	x.end = func(ctx context.Context, id string) error {
		_, err := c.EndStaffSessions(ctx, &sessionv1.EndStaffSessionsRequest{StaffId: staffID, SessionId: id})
		return err
	}
	x.all = widget.NewButtonWithIcon("结束全部登录", theme.LogoutIcon(), func() {
		d.Confirm("结束全部登录", "该人员在所有电脑上的登录都会立即结束，再次使用须重新登录。", "结束全部登录", func() { x.ending("") })
	})
	x.Content.(*fyne.Container).Add(container.NewHBox(x.all))
	return x
}

func newDevices(d *kit.Desk) *Devices {
	x := &Devices{desk: d, rows: container.NewVBox(), note: widget.NewLabel("正在读取……")}
	x.note.Wrapping = fyne.TextWrapWord
	x.Content = container.NewVBox(x.rows, x.note)
	return x
}

// Load asks for the sessions again.
func (x *Devices) Load() {
	x.desk.Run(func() func() {
		all, err := x.list(context.Background())
		return func() { x.draw(all, err) }
	})
}

func (x *Devices) ending(id string) {
	x.desk.Do(func() error { return x.end(context.Background(), id) }, x.Load)
}

func (x *Devices) draw(all []*sessionv1.Session, err error) {
	x.rows.RemoveAll()
	x.note.Show()
	switch {
	case err != nil:
		x.note.SetText(err.Error())
	case len(all) == 0:
		x.note.SetText("目前没有登录。")
	default:
		x.note.Hide()
	}
	for _, s := range all {
		x.rows.Add(x.row(s))
	}
	if x.all != nil && len(all) == 0 {
		x.all.Disable()
	} else if x.all != nil {
		x.all.Enable()
	}
}

// row is one session: what the machine is called, since when, when last.
func (x *Devices) row(s *sessionv1.Session) fyne.CanvasObject {
	name := s.Device
	if name == "" {
		name = "未知设备"
	}
	device := widget.NewLabelWithStyle(name, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	times := widget.NewLabel("登录于 " + instant(s, sessionv1.Session_Created) + "　最近使用 " + instant(s, sessionv1.Session_LastSeen))
	times.Importance = widget.LowImportance
	button := widget.NewButtonWithIcon("结束", theme.LogoutIcon(), func() {
		x.desk.Confirm("结束登录", "“"+name+"”上的登录会立即结束，再次使用须重新登录。", "结束登录", func() { x.ending(s.Id) })
	})
	if s.Current {
		button = widget.NewButton("本次登录", nil)
		button.Disable()
	}
	return container.NewBorder(nil, nil, nil, button, container.NewHBox(widget.NewIcon(theme.ComputerIcon()), device, times))
}

func instant(s *sessionv1.Session, name string) string { return field.Named(s, name)[0].Text(s) }
