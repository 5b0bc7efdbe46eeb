package message_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	messagev1 "zhiping/proto/gen/zhiping/message/v1"
	"zhiping/proto/gen/zhiping/message/v1/messagev1connect"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/servertest"
	"zhiping/shared/fault"
)

var ctx = context.Background()

func messages(c *servertest.Client) messagev1connect.MessageServiceClient {
	return messagev1connect.NewMessageServiceClient(c.HTTP, c.URL, c.Options...)
}

// subordinate creates a unit below a client's and signs it in.
func subordinate(t *testing.T, c *servertest.Client, account string) *servertest.Client {
	t.Helper()
	_, err := unitv1connect.NewUnitServiceClient(c.HTTP, c.URL, c.Options...).CreateUnit(ctx, &unitv1.CreateUnitRequest{Unit: c.NewUnit("示例单位"+account, commonv1.UnitKind_UNIT_KIND_DEPARTMENT), Handlers: []*unitv1.NewStaff{servertest.NewStaff(account)}})
	if err != nil {
		t.Fatal(err)
	}
	return c.SignIn(account)
}

func send(c *servertest.Client, title string, to ...string) (*messagev1.Message, error) {
	resp, err := messages(c).SendMessage(ctx, &messagev1.SendMessageRequest{Message: &messagev1.Message{Id: servertest.NewID(), Title: title, Text: "请按时报送材料"}, UnitIds: to})
	return resp.GetMessage(), err
}

// received are the titles under a tab, with the count of unread ones.
func received(t *testing.T, c *servertest.Client, state string) (rows []*messagev1.Delivery, unread int64) {
	t.Helper()
	resp, err := messages(c).ListDeliveries(ctx, &messagev1.ListDeliveriesRequest{Query: &commonv1.Query{State: state}})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range resp.Page.Counts {
		if n.State == "UNREAD" {
			unread = n.Count
		}
	}
	return resp.Deliveries, unread
}

func refused(t *testing.T, err error, code fault.Code, says string) {
	t.Helper()
	if f := fault.As(err); f == nil || f.Code != code || !strings.Contains(f.Message, says) {
		t.Errorf("want %s saying %q, got %v", code, says, err)
	}
}

func TestMessages(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		_, err := send(top, "太早")
		refused(t, err, fault.State, "没有已授权的下级单位")
		a, b := subordinate(t, top, "unit-a"), subordinate(t, top, "unit-b")
		below := subordinate(t, a, "below-a")
		all, err := send(top, "致全部下级")
		if err != nil || all.Recipients != 2 {
			t.Fatal(all, err)
		}
		if _, err := send(top, "只给甲", a.Identity.Unit.Id); err != nil {
			t.Fatal(err)
		}
		_, err = send(top, "越级", below.Identity.Unit.Id)
		refused(t, err, fault.NotFound, "不是本单位的直接下级")
		_, err = send(a, "致旁边的单位", b.Identity.Unit.Id)
		refused(t, err, fault.NotFound, "不是本单位的直接下级")
		_, err = messages(top).SendMessage(ctx, &messagev1.SendMessageRequest{Message: all})
		refused(t, err, fault.State, "不能修改")

		rows, unread := received(t, a, "")
		if len(rows) != 2 || unread != 2 || rows[0].SenderName != h.Top.Name {
			t.Fatal(rows, unread)
		}
		if rows, _ := received(t, below, ""); len(rows) != 0 {
			t.Error("two levels down:", rows)
		}
		base := []*commonv1.Base{{Id: rows[0].Id, Revision: rows[0].Revision}}
		for range 2 { // the second time somebody else has read it already: no conflict
			resp, err := messages(a).ReadMessages(ctx, &messagev1.ReadMessagesRequest{Bases: base})
			if err != nil || resp.Outcomes[0].Fault != nil {
				t.Fatal(resp, err)
			}
		}
		if rows, unread := received(t, a, "READ"); len(rows) != 1 || unread != 1 || rows[0].ReadBy != "经办人" {
			t.Error(rows, unread)
		}
		resp, err := messages(top).ReadMessages(ctx, &messagev1.ReadMessagesRequest{Bases: base})
		if err != nil || resp.Outcomes[0].Fault.GetCode() != string(fault.Denied) {
			t.Error("the sender read it for the recipient:", resp, err)
		}
		who, err := messages(top).ListDeliveries(ctx, &messagev1.ListDeliveriesRequest{MessageId: all.Id, Query: &commonv1.Query{}})
		if err != nil || len(who.Deliveries) != 2 {
			t.Error("who has received it:", who, err)
		}
		_, err = messages(a).ListDeliveries(ctx, &messagev1.ListDeliveriesRequest{MessageId: all.Id, Query: &commonv1.Query{}})
		refused(t, err, fault.NotFound, "不存在")
		sent, err := messages(top).ListMessages(ctx, &messagev1.ListMessagesRequest{Query: &commonv1.Query{}})
		reads := ""
		for _, m := range sent.GetMessages() {
			reads += fmt.Sprintf("%s %d/%d;", m.Title, m.Read, m.Recipients)
		}
		// a has read the newer one of two, twice; the message that changed last stands first
		if err != nil || !strings.Contains(reads, "只给甲 1/1;") && !strings.Contains(reads, "致全部下级 1/2;") || strings.Contains(reads, "2/2") {
			t.Error(reads, err)
		}
		if sent, err = messages(top).ListMessages(ctx, &messagev1.ListMessagesRequest{Query: &commonv1.Query{Filters: []*commonv1.Filter{{Column: "title", Value: "全部"}}}}); err != nil || fmt.Sprint(len(sent.Messages), sent.Page.Total) != "1 1" {
			t.Error(sent, err)
		}
	})
}
