package message

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"github.com/google/uuid"

	"zhiping/desktop/kit"
	messagev1 "zhiping/proto/gen/zhiping/message/v1"
	"zhiping/proto/gen/zhiping/message/v1/messagev1connect"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
)

// A To is whom a new message goes to.
type To struct {
	people bool
	ids    []string // none is every direct subordinate
	text   string   // in words
}

// ToAll is every direct subordinate.
func ToAll() To { return To{text: "全部已授权的直接下级单位"} }

// ToUnits are chosen subordinates.
func ToUnits(rows []*unitv1.Unit) To {
	t := To{}
	var names []string
	for _, u := range rows {
		t.ids, names = append(t.ids, u.Id), append(names, u.Name)
	}
	t.text = fmt.Sprintf("%d 个下级单位：%s", len(names), named(names))
	return t
}

// ToPeople are chosen applicants, each once.
func ToPeople(rows []application) To {
	t := To{people: true}
	var names []string
	for _, a := range rows {
		if !slices.Contains(t.ids, a.PersonId) {
			t.ids, names = append(t.ids, a.PersonId), append(names, a.Name)
		}
	}
	t.text = fmt.Sprintf("本单位 %d 名申报人员：%s", len(names), named(names))
	return t
}

// mostNames is how many recipients are named.
const mostNames = 20

func named(all []string) string {
	if len(all) > mostNames {
		return strings.Join(all[:mostNames], "、") + "等"
	}
	return strings.Join(all, "、")
}

// NewCompose draws the form of a message to somebody (编辑信息, J1); done is called when it is on its way.
func NewCompose(to To, c messagev1connect.MessageServiceClient, d *kit.Desk, done func()) fyne.CanvasObject {
	m := &messagev1.Message{Id: uuid.Must(uuid.NewV7()).String()}
	draft := kit.NewDraft(d, "message", m)
	form := kit.NewForm(m, messagev1.Message_Title, messagev1.Message_Text, messagev1.Message_Attachments)
	form.Attach(d.Attach)
	form.Changed = draft.Changed
	who := widget.NewLabel(to.text)
	who.Wrapping = fyne.TextWrapWord
	send := widget.NewButtonWithIcon("发　送", theme.MailSendIcon(), func() {
		if !form.Check() {
			return
		}
		r := &messagev1.SendMessageRequest{Message: m}
		if to.people {
			r.PersonIds = to.ids
		} else {
			r.UnitIds = to.ids
		}
		d.Submit(func() error {
			_, err := c.SendMessage(context.Background(), r)
			return err
		}, func() {
			draft.Drop()
			d.Say("消息已发送")
			done()
		}, form)
	})
	send.Importance = widget.HighImportance
	body := container.NewVBox(draft.Banner.Content, kit.NewPart("接收对象", who), kit.NewPart("编辑信息", form.Content))
	return container.NewBorder(nil, container.NewHBox(send), nil, nil, container.NewVScroll(container.NewPadded(body)))
}
