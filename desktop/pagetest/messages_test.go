package pagetest

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"zhiping/desktop/kit"
	"zhiping/desktop/kit/kittest"
	"zhiping/desktop/list"
	"zhiping/desktop/message"
	"zhiping/desktop/syncer"
	"zhiping/desktop/vault"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	messagev1 "zhiping/proto/gen/zhiping/message/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/application"
	"zhiping/server/command"
	"zhiping/server/servertest"
	"zhiping/shared/fault"
)

// typed fills every entry of a page.
func typed(page fyne.CanvasObject, text string) {
	kittest.Each(page, func(x fyne.CanvasObject) {
		if e, ok := x.(interface {
			fyne.Focusable
			SetText(string)
		}); ok {
			test.Type(e, text)
		}
	})
}

// tabbed draws a list and gives it with what it reads from the server.
func tabbed[M any](o *office, l *list.List[M], actions ...kit.Action[M]) *kit.ListPage[M] {
	o.t.Helper()
	p := kit.NewListPage(l, o.Run, func(M) {}, actions...)
	o.show(p.Content)
	p.Load()
	if p.Model.Err != nil {
		o.t.Fatal(p.Model.Err)
	}
	return p
}

// Two of three subordinates are ticked and written to; each confirms for itself, and the sender sees who has.
func TestWritingToUnits(t *testing.T) {
	o := newOffice(t)
	if s := texts(tabbed(o, message.Units(o.c.Units(), nil)).Content); !strings.Contains(s, "查看本单位人员列表") {
		t.Error("without subordinates it does not say what to do:", s)
	}
	o.subordinate("clerk-a")
	o.subordinate("clerk-b")
	o.subordinate("clerk-c")
	var to message.To
	units := tabbed(o, message.Units(o.c.Units(), nil), kit.Action[*unitv1.Unit]{Title: "编辑信息", Run: func(rows []*unitv1.Unit, _ func()) { to = message.ToUnits(rows) }})
	units.Model.Filter(map[string]string{"name": "clerk-a"})
	units.Load()
	if len(units.Model.Rows) != 1 {
		t.Fatal("the filter:", units.Model.Rows)
	}
	units.Model.Filter(nil)
	units.Load()
	for _, u := range units.Model.Rows {
		if !strings.HasSuffix(u.Name, "clerk-c") {
			units.Toggle(u)
		}
	}
	o.press(units.Content, "编辑信息（2）")

	sent := false
	compose := message.NewCompose(to, o.c.Messages(), o.Desk, func() { sent = true })
	o.contains(o.show(compose), "2 个下级单位：", "示例单位clerk-a", "标题", "附件")
	o.press(compose, "发送")
	o.contains(texts(compose), "标题为必填项", "内容为必填项")
	typed(compose, "示例")
	if o.press(compose, "发送"); !sent {
		t.Fatal("it was not sent:", o.failed)
	}
	o.told("消息已发送")

	boss := o.c
	for account, want := range map[string]int{"clerk-a": 1, "clerk-c": 0} {
		o.c = o.signIn(account)
		in := tabbed(o, message.Received(o.c.Messages(), nil))
		if len(in.Model.Rows) != want {
			t.Fatalf("%s received %v", account, in.Model.Rows)
		}
		if want == 0 {
			o.contains(texts(in.Content), "未读 0", "确认已读后移到“已读”")
			continue
		}
		d, confirmed := in.Model.Rows[0], false
		page := message.NewPage(d, o.c.Messages(), o.Desk, func() { confirmed = true })
		o.contains(o.show(page.Content), "示例", "发送单位", o.h.Top.Name)
		if in.Load(); len(in.Model.Rows) != 1 {
			t.Error("looking at it has marked it read")
		}
		o.press(page.Content, "确认已读")
		if in.Load(); !confirmed || len(in.Model.Rows) != 0 {
			t.Error("it is not confirmed:", o.failed)
		}
		if in.Show("READ"); len(in.Model.Rows) != 1 {
			t.Fatal("it is not under 已读")
		}
		read := message.NewPage(in.Model.Rows[0], o.c.Messages(), o.Desk, nil)
		if s := o.show(read.Content); strings.Contains(s, "确认已读") || !strings.Contains(s, "阅读时间") || read.Confirm != nil {
			t.Error("a read one asks again:", s)
		}
	}

	o.c = boss
	outbox := tabbed(o, message.Sent(boss.Messages(), nil))
	if len(outbox.Model.Rows) != 1 || outbox.Model.List.Columns[2].Text(outbox.Model.Rows[0]) != "1 / 2" {
		t.Fatal(outbox.Model.Rows)
	}
	who := tabbed(o, message.Recipients(outbox.Model.Rows[0], message.Deliveries(boss.Messages(), nil)))
	o.contains(texts(who.Content), "全部", "未读 1", "已读 1")
	if who.Show("UNREAD"); len(who.Model.Rows) != 1 || who.Model.Rows[0].UnitName != "示例单位clerk-b" {
		t.Error("who has not read it:", who.Model.Rows)
	}
}

// applicant gives the office's unit an application of a person, past the services.
func (o *office) applicant(name, person string) {
	o.t.Helper()
	a := &applicationv1.Application{Id: servertest.NewID(), UnitId: o.By.UnitID, PersonId: person, Name: name, Number: "11010119900307803X", State: applicationv1.State_STATE_IN_REVIEW, ActivityName: "示例活动"}
	if _, err := command.Run(o.t.Context(), o.h.Server.Run, &unitv1.GetUnitRequest{}, func(tx *command.Tx) (*unitv1.GetUnitResponse, error) {
		return &unitv1.GetUnitResponse{}, application.Applications.Put(o.t.Context(), tx, a)
	}); err != nil {
		o.t.Fatal(err)
	}
}

// Who has two applications is one recipient: one tick, one delivery.
func TestWritingToPeople(t *testing.T) {
	o := newOffice(t)
	one := servertest.NewID()
	o.applicant("张示例", one)
	o.applicant("张示例", one)
	o.applicant("李示例", servertest.NewID())
	people := tabbed(o, message.People(o.c.Applications(), nil))
	if s := texts(people.Content); strings.Contains(s, "11010119900307803X") {
		t.Error("the number is not masked:", s)
	}
	people.Model.Filter(map[string]string{"name": "张"})
	people.Load()
	people.Toggle(people.Model.Rows[0])
	if n := len(people.Model.Selection()); len(people.Model.Rows) != 2 || n != 1 || !people.Model.Chosen(people.Model.Rows[1]) {
		t.Error("one person with two applications:", len(people.Model.Rows), n)
	}
	people.Model.Filter(nil)
	people.Load()
	people.Model.All()
	compose := message.NewCompose(message.ToPeople(people.Model.Rows), o.c.Messages(), o.Desk, func() {})
	o.contains(o.show(compose), "本单位 2 名申报人员：")
	typed(compose, "示例")
	o.press(compose, "发送")
	o.told("消息已发送")
	outbox := tabbed(o, message.Sent(o.c.Messages(), nil))
	if m := outbox.Model.Rows[0]; m.Recipients != 2 || m.Audience != messagev1.Audience_AUDIENCE_PEOPLE {
		t.Error(m)
	}
	o.contains(texts(tabbed(o, message.Recipients(outbox.Model.Rows[0], message.Deliveries(o.c.Messages(), nil))).Content), "未读 2", "已读 0")
}

// A desktop is a machine with a mirror that follows the server.
type desktop struct {
	*syncer.Syncer
	c        *syncer.Client
	account  *syncer.Account
	received *list.List[*messagev1.Delivery]
	alert    *message.Alert
	wanted   bool
}

// newDesktop opens an account on a machine whose folder is base.
func (o *office) newDesktop(account, base string) *desktop {
	o.t.Helper()
	d := &desktop{c: syncer.Dial(o.h.URL, ""), wanted: true}
	var err error
	o.h.Settle(account)
	if d.account, err = syncer.OpenAccount(o.t.Context(), d.c, base, account, servertest.Password, vault.None{}, time.Now); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { d.account.Close() })
	d.received = message.Received(d.c.Messages(), d.account.Mirror)
	d.alert = message.NewAlert(d.received, kit.Inline, func() bool { return d.wanted })
	d.Syncer = syncer.New(d.c, d.account.Box, d.account.Mirror, d.c.Actor(), message.Effects, d.account.Files(), time.Now, d.alert.Follow)
	if err := d.account.Mirror.Fill(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	d.alert.Begin()
	return d
}

func (o *office) sync(d *desktop) func() {
	return func() {
		if err := d.Sync(o.t.Context()); err != nil {
			o.t.Error(err)
		}
	}
}

// write sends messages to all subordinates.
func (o *office) write(titles ...string) {
	o.t.Helper()
	for _, title := range titles {
		if _, err := o.c.Messages().SendMessage(o.t.Context(), &messagev1.SendMessageRequest{Message: &messagev1.Message{Id: servertest.NewID(), Title: title, Text: "内容"}}); err != nil {
			o.t.Fatal(err)
		}
		o.h.Advance(time.Second)
	}
}

// The system tells of messages that arrive, once for each pull; not of those that were there at the first sign-in, nor of read ones, nor when it
// is not wanted.
func TestNotifications(t *testing.T) {
	o := newOffice(t)
	o.subordinate("clerk")
	o.write("从前的消息")
	base := filepath.Join(t.TempDir(), "machine")
	d := o.newDesktop("clerk", base)
	o.write("首次同步带来的消息")
	test.AssertNotificationSent(t, nil, o.sync(d))
	o.write("第一条")
	test.AssertNotificationSent(t, fyne.NewNotification("收到新消息", "第一条\n发送单位："+o.h.Top.Name), o.sync(d))
	test.AssertNotificationSent(t, nil, o.sync(d))
	o.write("第二条", "第三条")
	test.AssertNotificationSent(t, fyne.NewNotification("收到 2 条新消息", "第三条等\n发送单位："+o.h.Top.Name), o.sync(d))
	// Reading on another machine changes the records, and brings no notification.
	other := o.newDesktop("clerk", filepath.Join(t.TempDir(), "other"))
	rows, _, err := other.received.Source(t.Context(), &commonv1.Query{Scope: "received", State: "UNREAD"})
	if err != nil || len(rows) != 5 {
		t.Fatal(len(rows), err)
	}
	if err := message.Read(o.signIn("clerk").Messages(), rows[:1]); err != nil {
		t.Fatal(err)
	}
	o.c = o.signIn("topadmin")
	test.AssertNotificationSent(t, nil, o.sync(d))
	d.wanted = false
	o.write("第四条")
	test.AssertNotificationSent(t, nil, o.sync(d))
	if err := d.account.Close(); err != nil {
		t.Fatal(err)
	}
	// What came while the program was closed is new when it is opened again.
	o.write("夜里的消息")
	d = o.newDesktop("clerk", base)
	test.AssertNotificationSent(t, fyne.NewNotification("收到新消息", "夜里的消息\n发送单位："+o.h.Top.Name), o.sync(d))
}

// Without the server the lists are answered from the mirror, and reading and sending wait in the outbox.
func TestMessagesWithoutTheServer(t *testing.T) {
	o := newOffice(t)
	o.subordinate("clerk")
	o.write("一", "二")
	base := t.TempDir()
	clerk, boss := o.newDesktop("clerk", base), o.newDesktop("topadmin", base)
	sent, deliveries := message.Sent(boss.c.Messages(), boss.account.Mirror), message.Deliveries(boss.c.Messages(), boss.account.Mirror)
	o.sync(clerk)()
	o.sync(boss)()
	o.h.Stop()
	clerk.Sync(t.Context()) // finds out that the server is gone
	boss.Sync(t.Context())

	o.By = clerk.c.Actor()
	in := tabbed(o, clerk.received)
	if len(in.Model.Rows) != 2 || in.Model.Counts["UNREAD"] != 2 {
		t.Fatal("received:", in.Model.Rows, in.Model.Counts)
	}
	page := message.NewPage(in.Model.Rows[0], clerk.c.Messages(), o.Desk, in.Load)
	o.show(page.Content)
	o.press(page.Content, "确认已读")
	if len(in.Model.Rows) != 1 || clerk.Status().Waiting != 1 || len(o.failed) > 0 {
		t.Error("reading:", in.Model.Rows, clerk.Status().Waiting, o.failed)
	}

	o.By = boss.c.Actor()
	compose := message.NewCompose(message.ToAll(), boss.c.Messages(), o.Desk, func() {})
	o.show(compose)
	typed(compose, "离线时写的")
	o.press(compose, "发送")
	o.told("消息已发送")
	outbox := tabbed(o, sent)
	if len(outbox.Model.Rows) != 3 || boss.Status().Waiting != 1 {
		t.Error("sent:", outbox.Model.Rows, boss.Status().Waiting)
	}
	for _, m := range outbox.Model.Rows {
		who := tabbed(o, message.Recipients(m, deliveries))
		if want := map[bool]int{true: 1, false: 0}[m.Revision > 0]; len(who.Model.Rows) != want || who.Model.Counts["UNREAD"] != int64(want) {
			t.Errorf("who received %s: %v %v", m.Title, who.Model.Rows, who.Model.Counts)
		}
	}
	if _, err := boss.c.Notices().MoveNotices(t.Context(), moveNotice(servertest.NewID(), 1)); fault.CodeOf(err) != fault.Offline || !strings.Contains(err.Error(), "发布、撤回或删除公告") {
		t.Error("publishing does not say that it needs the server:", err)
	}
}
