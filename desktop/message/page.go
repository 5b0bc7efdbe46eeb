package message

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	messagev1 "zhiping/proto/gen/zhiping/message/v1"
	"zhiping/proto/gen/zhiping/message/v1/messagev1connect"
	"zhiping/shared/wire"
)

// A Page is a message that was received, with the button that confirms it as read while nobody of the unit has (J2).
type Page struct {
	Content fyne.CanvasObject
	Confirm func() // Ctrl+Enter; nil for a message that is read already
}

// NewPage draws the page; done is called after it was confirmed.
func NewPage(m delivery, c messagev1connect.MessageServiceClient, d *kit.Desk, done func()) *Page {
	fields := []string{messagev1.Delivery_SenderName, messagev1.Delivery_StaffName, messagev1.Delivery_SentAt}
	if m.ReadAt > 0 {
		fields = append(fields, messagev1.Delivery_ReadBy, messagev1.Delivery_ReadAt)
	}
	fields = append(fields, messagev1.Delivery_Text, messagev1.Delivery_Attachments)
	detail := kit.NewDetail(kit.Section{Title: m.Title, Message: m, Open: d.Opener("delivery", m.Id), Fields: fields})
	if m.ReadAt > 0 || m.UnitId != d.By.UnitID {
		return &Page{Content: detail}
	}
	p := &Page{Confirm: func() { d.Do(func() error { return Read(c, []delivery{m}) }, done) }}
	confirm := widget.NewButtonWithIcon("确认已读（Ctrl+Enter）", theme.ConfirmIcon(), p.Confirm)
	confirm.Importance = widget.HighImportance
	p.Content = container.NewBorder(nil, container.NewHBox(confirm), nil, nil, detail)
	return p
}

// Read confirms messages as read and says what was refused.
func Read(c messagev1connect.MessageServiceClient, all []delivery) error {
	r := &messagev1.ReadMessagesRequest{}
	names := map[string]string{}
	for _, m := range all {
		r.Bases = append(r.Bases, &commonv1.Base{Id: m.Id, Revision: m.Revision})
		names[m.Id] = m.Title
	}
	resp, err := c.ReadMessages(context.Background(), r)
	if err != nil {
		return err
	}
	return wire.Refused(resp.Outcomes, func(id string) string { return names[id] })
}
