package message_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	attachmentv1 "zhiping/proto/gen/zhiping/attachment/v1"
	"zhiping/proto/gen/zhiping/attachment/v1/attachmentv1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	messagev1 "zhiping/proto/gen/zhiping/message/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/application"
	"zhiping/server/command"
	"zhiping/server/feed"
	"zhiping/server/message"
	"zhiping/server/record"
	"zhiping/server/servertest"
	"zhiping/server/session"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

// applicant gives a unit an applicant, past the services, and returns the person's id.
func applicant(t *testing.T, c *servertest.Client, name string) string {
	t.Helper()
	a := &applicationv1.Application{Id: servertest.NewID(), UnitId: c.Identity.Unit.Id, PersonId: servertest.NewID(), Name: name}
	if _, err := command.Run(ctx, c.Server.Run, &unitv1.GetUnitRequest{}, func(tx *command.Tx) (*unitv1.GetUnitResponse, error) {
		return &unitv1.GetUnitResponse{}, application.Applications.Put(ctx, tx, a)
	}); err != nil {
		t.Fatal(err)
	}
	return a.PersonId
}

func sendTo(c *servertest.Client, people ...string) (*messagev1.Message, error) {
	resp, err := messages(c).SendMessage(ctx, &messagev1.SendMessageRequest{Message: &messagev1.Message{Id: servertest.NewID(), Title: "请补充材料", Text: "请于本周内补充业绩证明"}, PersonIds: people})
	return resp.GetMessage(), err
}

// A unit writes to its own applicants and to nobody else's; the delivery is seen by the person and the sender alone.
func TestMessagesToPeople(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		a, b := subordinate(t, top, "unit-a"), subordinate(t, top, "unit-b")
		mine, second, foreign := applicant(t, a, "张示例"), applicant(t, a, "李示例"), applicant(t, b, "王示例")
		for name, to := range map[string][]string{"another unit's": {foreign}, "one of another's among the own": {mine, foreign}, "nobody": {servertest.NewID()}} {
			if _, err := sendTo(a, to...); fault.CodeOf(err) != fault.NotFound {
				t.Errorf("to %s applicant: %v", name, err)
			}
		}
		_, err := sendTo(top, mine) // the superior's they are not
		refused(t, err, fault.NotFound, "不是本单位的申报人员")
		_, err = messages(top).SendMessage(ctx, &messagev1.SendMessageRequest{Message: &messagev1.Message{Id: servertest.NewID(), Title: "标题", Text: "内容"}, UnitIds: []string{a.Identity.Unit.Id}, PersonIds: []string{mine}})
		refused(t, err, fault.Invalid, "请分别发送")

		m, err := sendTo(a, mine, second)
		if err != nil || m.Recipients != 2 || m.Audience != messagev1.Audience_AUDIENCE_PEOPLE {
			t.Fatal(m, err)
		}
		who, err := messages(a).ListDeliveries(ctx, &messagev1.ListDeliveriesRequest{MessageId: m.Id, Query: &commonv1.Query{Filters: []*commonv1.Filter{{Column: "recipient_name", Value: "张"}}}})
		if err != nil || len(who.Deliveries) != 1 || who.Deliveries[0].PersonName != "张示例" {
			t.Fatal(who, err)
		}
		d := who.Deliveries[0]
		if rows, _ := received(t, a, ""); len(rows) != 0 {
			t.Error("the unit received what it sent to people:", rows)
		}
		resp, err := messages(a).ReadMessages(ctx, &messagev1.ReadMessagesRequest{Bases: []*commonv1.Base{{Id: d.Id, Revision: d.Revision}}})
		if err != nil || resp.Outcomes[0].Fault.GetCode() != string(fault.Denied) {
			t.Error("the unit read it for the person:", resp, err)
		}
		seen(t, h, d.Id, session.PersonViewer(mine), 1)
		seen(t, h, d.Id, session.PersonViewer(second), 0)
		seen(t, h, d.Id, b.Identity.GetUnit().GetId(), 0)
	})
}

// seen checks whether a viewer reads a delivery in its list, as a record and in the feed.
func seen(t *testing.T, h *servertest.House, id, viewer string, want int) {
	t.Helper()
	got := [3]int{}
	if err := h.Server.DB.Read(ctx, func(tx *db.Tx) error {
		rows, _, err := message.Deliveries.Page(ctx, tx, "received", viewer, &commonv1.Query{})
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.Id == id {
				got[0]++
			}
		}
		_, _, ok, err := record.Body(ctx, tx, viewer, "delivery", id)
		if err != nil {
			return err
		}
		if ok {
			got[1]++
		}
		changes, err := feed.After(ctx, tx, viewer, 0, 100)
		for _, c := range changes {
			if c.Kind == "delivery" && c.ID == id {
				got[2]++
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if got != [3]int{want, want, want} {
		t.Errorf("%s sees it %v times in list, as a record and in the feed, want %d", viewer, got, want)
	}
}

// An attachment is opened through the message that names it: by who received or sent it, and by nobody else.
func TestAttachments(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		a, b := subordinate(t, top, "unit-a"), subordinate(t, top, "unit-b")
		content := []byte("附件内容")
		sum := sha256.Sum256(content)
		file := &commonv1.Attachment{Sha256: hex.EncodeToString(sum[:]), Name: "附件.txt", Size: int64(len(content))}
		files := func(c *servertest.Client) attachmentv1connect.AttachmentServiceClient {
			return attachmentv1connect.NewAttachmentServiceClient(c.HTTP, c.URL, c.Options...)
		}
		if _, err := files(top).Upload(ctx, &attachmentv1.UploadRequest{Sha256: file.Sha256, Size: file.Size, Chunk: content}); err != nil {
			t.Fatal(err)
		}
		if _, err := messages(top).SendMessage(ctx, &messagev1.SendMessageRequest{Message: &messagev1.Message{Id: servertest.NewID(), Title: "标题", Text: "内容", Attachments: []*commonv1.Attachment{file}}, UnitIds: []string{a.Identity.Unit.Id}}); err != nil {
			t.Fatal(err)
		}
		rows, _ := received(t, a, "UNREAD")
		ask := &attachmentv1.DownloadRequest{Sha256: file.Sha256, Kind: "delivery", Id: rows[0].Id}
		for name, c := range map[string]*servertest.Client{"recipient": a, "sender": top} {
			if got, err := files(c).Download(ctx, ask); err != nil || string(got.Chunk) != string(content) {
				t.Error(name, got, err)
			}
		}
		if _, err := files(b).Download(ctx, ask); fault.CodeOf(err) != fault.NotFound {
			t.Error("another unit:", err)
		}
	})
}
