package message

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"github.com/google/uuid"

	"zhiping/desktop/kit"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	messagev1 "zhiping/proto/gen/zhiping/message/v1"
	"zhiping/proto/gen/zhiping/message/v1/messagev1connect"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/wire"
)

// NewPage draws a message that was received, which marks it read.
func NewPage(m delivery, c messagev1connect.MessageServiceClient, d *kit.Desk) fyne.CanvasObject {
	if m.ReadAt == 0 && m.UnitId == d.By.UnitID {
		d.Do(func() error { return Read(c, []delivery{m}) }, func() {})
	}
	return kit.NewDetail(
		kit.Section{Title: m.Title, Message: m, Open: d.Opener("delivery", m.Id), Fields: []string{messagev1.Delivery_SenderName, messagev1.Delivery_StaffName, messagev1.Delivery_SentAt, messagev1.Delivery_Text, messagev1.Delivery_Attachments}},
	)
}

// Read marks messages read and says what was refused.
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

// A compose is the form of a new message (J1): to all direct subordinates, or to chosen ones.
type compose struct {
	client messagev1connect.MessageServiceClient
	units  unitv1connect.UnitServiceClient
	desk   *kit.Desk
	m      message
	form   *kit.Form
	chosen map[string]string // names by id
	found  *widget.CheckGroup
	shown  *widget.Label
	to     *widget.RadioGroup
}

const (
	toAll    = "全部直接下级单位"
	toChosen = "选择的下级单位"
)

// NewCompose draws the form; done is called when the message is on its way.
func NewCompose(c messagev1connect.MessageServiceClient, units unitv1connect.UnitServiceClient, d *kit.Desk, done func()) fyne.CanvasObject {
	x := &compose{client: c, units: units, desk: d, m: &messagev1.Message{Id: uuid.Must(uuid.NewV7()).String()}, chosen: map[string]string{}, shown: widget.NewLabel("")}
	draft := kit.NewDraft(d, "message", x.m)
	x.form = kit.NewForm(x.m, messagev1.Message_Title, messagev1.Message_Text, messagev1.Message_Attachments)
	x.form.Attach(d.Attach)
	x.form.Changed = draft.Changed
	picker := x.picker()
	x.to = widget.NewRadioGroup([]string{toAll, toChosen}, func(s string) {
		if s == toChosen {
			picker.Show()
		} else {
			picker.Hide()
		}
	})
	x.to.Horizontal = true
	x.to.SetSelected(toAll)
	send := widget.NewButtonWithIcon("发　送", theme.MailSendIcon(), func() {
		x.send(func() {
			draft.Drop()
			done()
		})
	})
	send.Importance = widget.HighImportance
	body := container.NewVBox(draft.Banner.Content, kit.NewPart("接收单位", container.NewVBox(x.to, picker)), kit.NewPart("消息", x.form.Content))
	return container.NewBorder(nil, container.NewHBox(send), nil, nil, container.NewVScroll(container.NewPadded(body)))
}

// picker finds subordinates by a part of the name; what was chosen stays chosen over several searches.
func (x *compose) picker() fyne.CanvasObject {
	name := kit.NewEntry()
	name.SetPlaceHolder("按单位名称查找")
	ids := map[string]string{}
	x.found = widget.NewCheckGroup(nil, nil)
	search := func() {
		q := &commonv1.Query{Scope: "subordinate", State: "AUTHORISED", Size: 100, Sort: "name"}
		if name.Text != "" {
			q.Filters = []*commonv1.Filter{{Column: "name", Value: name.Text}}
		}
		var resp *unitv1.ListUnitsResponse
		x.desk.Do(func() (err error) {
			resp, err = x.units.ListUnits(context.Background(), &unitv1.ListUnitsRequest{Query: q})
			return err
		}, func() {
			var names, selected []string
			for _, u := range resp.Units {
				names = append(names, u.Name)
				ids[u.Name] = u.Id
				if x.chosen[u.Id] != "" {
					selected = append(selected, u.Name)
				}
			}
			x.found.OnChanged = nil
			x.found.Options, x.found.Selected = names, selected
			x.found.Refresh()
			x.found.OnChanged = func(on []string) {
				for _, n := range names {
					delete(x.chosen, ids[n])
				}
				for _, n := range on {
					x.chosen[ids[n]] = n
				}
				x.shown.SetText(fmt.Sprintf("已选择 %d 个单位", len(x.chosen)))
			}
		})
	}
	name.OnSubmitted = func(string) { search() }
	list := container.NewVScroll(x.found)
	list.SetMinSize(fyne.NewSize(0, 160))
	return container.NewBorder(container.NewBorder(nil, nil, nil, container.NewHBox(widget.NewButtonWithIcon("查找", theme.SearchIcon(), search), x.shown), name), nil, nil, nil, list)
}

func (x *compose) send(done func()) {
	if !x.form.Check() {
		return
	}
	r := &messagev1.SendMessageRequest{Message: x.m}
	if x.to.Selected == toChosen {
		for id := range x.chosen {
			r.UnitIds = append(r.UnitIds, id)
		}
		if len(r.UnitIds) == 0 {
			x.desk.Say("请先查找并勾选接收单位")
			return
		}
	}
	x.desk.Submit(func() error {
		_, err := x.client.SendMessage(context.Background(), r)
		return err
	}, func() {
		x.desk.Say("消息已发送")
		done()
	}, x.form)
}
