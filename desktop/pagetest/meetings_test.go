package pagetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/meeting"
	"zhiping/desktop/room"
	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/server/activity"
	"zhiping/server/application"
	"zhiping/server/command"
	"zhiping/server/committee"
	"zhiping/server/expert"
	servermeeting "zhiping/server/meeting"
	"zhiping/server/record"
	"zhiping/server/servertest"
	"zhiping/shared/ballot"
	"zhiping/shared/catalog"
	"zhiping/shared/holder"
)

func keep[M record.Message](o *office, k *record.Kind[M], m M) {
	o.t.Helper()
	if _, err := command.Run(o.t.Context(), o.h.Server.Run, &meetingv1.GetMeetingRequest{}, func(tx *command.Tx) (*meetingv1.GetMeetingResponse, error) {
		return &meetingv1.GetMeetingResponse{}, k.Put(o.t.Context(), tx, m)
	}); err != nil {
		o.t.Fatal(err)
	}
}

// A secretary prepares a meeting whose panel is confirmed; typed is what the next question is answered with.
type secretary struct {
	*office
	page        *meeting.Page
	typed       string
	asked       string // what a question showed
	file, saved string
	opened      int
}

func (s *secretary) Open(_ []string, then func(string)) { s.opened++; then(s.file) }
func (s *secretary) Save(_ string, then func(string))   { then(s.saved) }

func newSecretary(t *testing.T) *secretary {
	o := newOffice(t)
	s := &secretary{office: o, saved: filepath.Join(t.TempDir(), "saved")}
	o.Files = s
	o.Ask = func(_ string, content fyne.CanvasObject, _ string, do func()) {
		var entries []*widget.Entry
		var walk func(fyne.CanvasObject)
		walk = func(x fyne.CanvasObject) {
			switch x := x.(type) {
			case *widget.Entry:
				entries = append(entries, x)
			case *fyne.Container:
				for _, in := range x.Objects {
					walk(in)
				}
			}
		}
		walk(content)
		s.asked = strings.ReplaceAll(entries[0].Text, "\n", "")
		entries[len(entries)-1].SetText(s.typed)
		do()
	}
	rules, err := catalog.RulesOn("2026-05-20")
	if err != nil {
		t.Fatal(err)
	}
	a := &activityv1.Activity{Id: servertest.NewID(), Name: "示例评审（虚构）", UnitId: o.h.Top.Id, CommitteeId: servertest.NewID(), RulesSha256: rules.SHA256, Published: true}
	keep(o, activity.Activities, a)
	keep(o, committee.Committees, &committeev1.Committee{Id: a.CommitteeId, Name: "示例评委会（虚构）", UnitId: o.h.Top.Id, FiledOn: "2025-05-20", ValidUntil: "2028-05-20"})
	m := &meetingv1.Meeting{
		Id: servertest.NewID(), Name: "示例会议（虚构）", HeldOn: "2026-05-20", Place: "虚构市会议室", UnitId: o.h.Top.Id, CommitteeId: a.CommitteeId, CommitteeName: "示例评委会（虚构）", ActivityId: a.Id,
		RulesSha256: rules.SHA256, State: meetingv1.State_STATE_CONFIRMED, PanelSize: 3,
	}
	for i := range 3 {
		e := &expertv1.Expert{Id: servertest.NewID(), Name: fmt.Sprint("专家", i+1), UnitId: o.h.Top.Id, CommitteeId: a.CommitteeId, PersonId: servertest.NewID()}
		keep(o, expert.Experts, e)
		m.Panel = append(m.Panel, &meetingv1.Seat{ExpertId: e.Id, Name: e.Name, Confirmed: true, Chair: i == 0, Executive: i == 0})
	}
	x := &applicationv1.Application{
		Id: servertest.NewID(), ActivityId: a.Id, CommitteeId: a.CommitteeId, CommitteeUnitId: o.h.Top.Id, UnitId: servertest.NewID(), PersonId: servertest.NewID(), Name: "申报人（虚构）",
		WorkUnit: "示例单位（虚构）", State: applicationv1.State_STATE_QUALIFIED,
	}
	keep(o, application.Applications, x)
	m.ApplicationIds = []string{x.Id}
	keep(o, servermeeting.Meetings, m)
	s.page = meeting.NewPage(m, o.c.Meetings(), o.Desk, func(*commonv1.Attachment, string) (string, error) { return s.file, nil }, func() {})
	o.window.SetContent(s.page.Content)
	return s
}

// reads turns to a part of the page and gives what stands there.
func (s *secretary) reads(part int) (string, fyne.CanvasObject) {
	tabs := s.page.Content.(*fyne.Container).Objects[0].(*container.AppTabs)
	tabs.SelectIndex(part)
	return texts(tabs.Selected().Content), tabs.Selected().Content
}

// push presses the n-th button with a text in a part of the page, and forgets what was said before.
func (s *secretary) push(part int, text string, n int) {
	s.t.Helper()
	s.said, s.failed = nil, nil
	_, content := s.reads(part)
	each := 0
	var found *widget.Button
	var walk func(fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		switch x := o.(type) {
		case *widget.Button:
			if x.Text == text {
				if each == n {
					found = x
				}
				each++
			}
		case *fyne.Container:
			for _, in := range x.Objects {
				walk(in)
			}
		case *container.Scroll:
			walk(x.Content)
		case *widget.Card:
			walk(x.Content)
		}
	}
	walk(content)
	if found == nil || found.Disabled() {
		all, _ := s.reads(part)
		s.t.Fatalf("%q (%d) cannot be pressed in:\n%s", text, n, all)
	}
	test.Tap(found)
}

const (
	keysPart  = 1
	roomsPart = 2
	afterPart = 3
)

// prepared imports everybody's keys and has the custodians open their tests, as the page asks for it, with a hub or without.
func (s *secretary) prepared(hub bool) {
	s.t.Helper()
	laptop, err := room.PrepareKeys(s.t.TempDir())
	if err != nil {
		s.t.Fatal(err)
	}
	s.typed = "没有公钥"
	s.push(keysPart, "导入公钥", 3)
	if len(s.failed) != 1 || !strings.Contains(s.failed[0].Error(), "这不是公钥") {
		s.t.Fatal(s.failed)
	}
	s.typed = fmt.Sprintf(`{"hub":%q,"staff":%q,"tls":%q}`, laptop.Hub.Public(), laptop.Staff.Public(), laptop.Pin)
	s.push(keysPart, "导入公钥", map[bool]int{true: 0, false: 2}[hub])
	s.told("")
	var people []*holder.Holder
	for i, row := range []int{3, 6, 4} { // the chair, the lead of staff, the supervisor; the first and the last sign too
		h, err := holder.New(fmt.Sprint("保管人", i+1, "（虚构）"))
		if err != nil {
			s.t.Fatal(err)
		}
		people = append(people, h)
		s.typed = h.Public().Text()
		if i != 1 {
			s.push(keysPart, "导入公钥", row)
			s.told(h.Public().Fingerprint())
		}
		s.push(keysPart, "导入公钥", 5+i)
		s.told(h.Public().Fingerprint())
	}
	if all, _ := s.reads(roomsPart); !strings.Contains(all, "请先完成三名保管人的密钥试开") {
		s.t.Fatal(all)
	}
	s.push(keysPart, "发起密钥试开", 0)
	for _, h := range people {
		s.typed = "" // only looks at the test
		s.push(keysPart, "试开", 0)
		answer, err := h.Answer(s.asked)
		if err != nil {
			s.t.Fatal(err)
		}
		s.typed = answer
		s.push(keysPart, "试开", 0)
		s.told("密钥试开成功")
	}
}

// A meeting without a hub: keys, drill, rehearsal, package; the server has the record itself, so that nobody is asked for one.
func TestMeetingPageOnline(t *testing.T) {
	s := newSecretary(t)
	s.prepared(false)
	for _, x := range []struct {
		button    string
		rehearsal bool
	}{{"签发演练会议包", true}, {"签发会议包", false}} {
		s.push(roomsPart, x.button, 0)
		b, err := os.ReadFile(s.saved)
		if err != nil {
			t.Fatal(err, s.failed)
		}
		p, _, err := ballot.OpenPackage(b, s.h.Server.Keys.PublicHex())
		if err != nil || p.Rehearsal != x.rehearsal || len(p.Experts) != 3 {
			t.Fatal(p, err)
		}
	}
	if all, _ := s.reads(roomsPart); !strings.Contains(all, "中心服务器，配对码 ") {
		t.Fatal(all)
	}
	s.push(afterPart, "移交会议记录", 0)
	if s.opened != 0 || len(s.failed) != 1 || !strings.Contains(s.failed[0].Error(), "签字") {
		t.Fatal("a meeting that was not held was handed over, or a file was asked for:", s.opened, s.failed)
	}
}

// A meeting with a hub: what waits is noted and settled, a wrong record is refused, and when the hub does not come back the lease ends.
func TestMeetingPageWithAHub(t *testing.T) {
	s := newSecretary(t)
	s.prepared(true)
	s.push(roomsPart, "签发会议包", 0)
	if all, _ := s.reads(roomsPart); !strings.Contains(all, "会场主机") || !strings.Contains(all, "会议包已签发") {
		t.Fatal(all)
	}
	s.typed = "收到举报，待核实"
	s.push(afterPart, "登记待处理事项", 0)
	if all, _ := s.reads(afterPart); len(s.failed) != 0 || !strings.Contains(all, "收到举报，待核实") || !strings.Contains(all, "移交会议记录后处理") {
		t.Fatal(s.failed, all)
	}
	s.file = filepath.Join(t.TempDir(), "wrong.zpr")
	if err := os.WriteFile(s.file, []byte("zp-record/2\nnot a record"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.push(afterPart, "移交会议记录", 0)
	if s.opened != 1 || len(s.failed) != 1 {
		t.Fatal("no file was asked for, or the wrong one was taken:", s.opened, s.failed)
	}
	s.typed = "主机损坏，无法恢复，重新开会"
	s.push(afterPart, "解除会议控制权", 0)
	if all, _ := s.reads(afterPart); len(s.failed) != 0 || !strings.Contains(all, "主机损坏，无法恢复，重新开会") || !strings.Contains(all, "留存迟到的会议记录") {
		t.Fatal(s.failed, all)
	}
	s.typed = "核实无误"
	s.push(afterPart, "填写处理意见", 0) // no room holds the meeting any more
	if all, _ := s.reads(afterPart); len(s.failed) != 0 || !strings.Contains(all, "→　核实无误") {
		t.Fatal(s.failed, all)
	}
}
