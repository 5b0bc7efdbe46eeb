package home_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/home"
	"zhiping/desktop/kit"
	"zhiping/desktop/list"
	"zhiping/desktop/theme"
	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/activity"
	"zhiping/shared/fault"
	rules "zhiping/shared/home"
)

// texts are what can be read, and buttons what can be pressed, in order.
func read(o fyne.CanvasObject) (texts string, buttons []*widget.Button) {
	var walk func(fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		if !o.Visible() {
			return
		}
		switch x := o.(type) {
		case *fyne.Container:
			for _, c := range x.Objects {
				walk(c)
			}
		case *widget.Label:
			texts += x.Text + "\n"
		case *canvas.Text:
			texts += x.Text + "\n"
		case *widget.Hyperlink:
			texts += x.Text + "\n"
			x.OnTapped()
		case *widget.Button:
			texts += x.Text + "\n"
			buttons = append(buttons, x)
		case fyne.Widget:
			for _, c := range test.WidgetRenderer(x).Objects() {
				walk(c)
			}
		}
	}
	walk(o)
	return texts, buttons
}

// queue is a list whose server can be out of reach.
type queue struct {
	counts map[string]int64
	err    error
	kept   bool // on this machine
}

func (q *queue) count(_ context.Context, sources []home.Source) ([]map[string]int64, error) {
	if q.err != nil && !q.kept {
		return make([]map[string]int64, len(sources)), q.err
	}
	return []map[string]int64{q.counts}, nil
}

func TestPage(t *testing.T) {
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(1, false))
	q := &queue{counts: map[string]int64{"TAB_FIRST": 38, "TAB_PASSED": 7}}
	var opened, letter []string
	waiting := &list.List[*unitv1.Unit]{Name: "registrations", Title: "下级单位注册审核", Scope: "registration", ToDo: list.Waiting, Mirror: &list.Mirror[*unitv1.Unit]{Kind: "unit"}}
	sources := home.Of(waiting, func(state string) { opened = append(opened, state) })
	if none := home.Of(&list.List[*unitv1.Unit]{}, nil); len(sources) != 1 || len(none) != 0 || sources[0].List != "registrations" || sources[0].Scope != "registration" {
		t.Fatal("a list without to-dos has some, or one with has none", sources, none)
	}
	source := sources[0]
	source.Group = "单位管理"
	conflicts := int64(0)
	outbox := home.Source{Group: "本机", Title: "待同步", Kind: "outbox", States: []list.Tab{{State: "OPEN", Title: "被退回或有冲突"}}, Open: func(string) { opened = append(opened, "outbox") }, Counts: func(context.Context) (map[string]int64, error) {
		return map[string]int64{"OPEN": conflicts}, nil
	}}
	letters := &list.List[*unitv1.Unit]{Title: "收到的消息", Source: func(_ context.Context, q *commonv1.Query) ([]*unitv1.Unit, *commonv1.PageInfo, error) {
		return []*unitv1.Unit{{Name: "关于补正的消息"}}, &commonv1.PageInfo{}, nil
	}}
	news := home.NewsOf(letters, (*unitv1.Unit).GetName, func(u *unitv1.Unit) { letter = append(letter, u.Name) })
	before := &unitv1.Unit{Name: "示例局（虚构）", Phone: "13800000000"}
	now := before
	p := home.New(&kit.Desk{Run: kit.Inline}, home.Parts{
		Unit: before, Now: func(context.Context) (*unitv1.Unit, error) { return now, nil }, Sources: []home.Source{outbox, source}, Count: q.count, News: []home.News{news},
	})
	test.NewTempWindow(t, p.Content)
	p.Load()
	s, buttons := read(p.Content)
	if !strings.Contains(s, "下级单位注册审核：待审核\n38\n") || strings.Contains(s, "待复审") || strings.Contains(s, "\n7\n") || strings.Contains(s, "冲突") || !strings.Contains(s, "138****0000") || strings.Contains(s, "授权") {
		t.Error(s)
	}
	if !strings.Contains(s, "单位管理\n") {
		t.Error("the type is missing:", s)
	}
	for _, b := range buttons {
		test.Tap(b)
	}
	if strings.Join(opened, " ") != "TAB_FIRST" {
		t.Error(opened)
	}
	now = &unitv1.Unit{Name: before.Name, Registration: &reviewv1.Case{Stage: reviewv1.Stage_STAGE_RETURNED}}
	p.Load()
	if s, _ := read(p.Content); !strings.Contains(s, "单位注册申请已被退回") {
		t.Error("a registration that has come back is not said:", s)
	}
	// Everything follows what becomes of the records: the unit's card, the outbox, the counts.
	now, conflicts, q.counts = &unitv1.Unit{Name: "示例局（虚构）", Phone: "13900000001", Authorised: true}, 3, nil
	p.Load()
	if s, _ := read(p.Content); !strings.Contains(s, "139****0001") || !strings.Contains(s, "已通过授权审核") || !strings.Contains(s, "待同步：被退回或有冲突") || strings.Contains(s, "注册审核") {
		t.Error(s)
	}
	conflicts = 0
	p.Load()
	if s, _ := read(p.Content); !strings.Contains(s, "没有待办事项") {
		t.Error(s)
	}
	q.err = fault.New(fault.Offline, "无法连接服务器")
	p.Load()
	if s, _ := read(p.Content); !strings.Contains(s, "未能统计") || strings.Contains(s, "没有待办") {
		t.Error("what could not be counted reads as nothing to do:", s)
	}
	q.kept, q.counts = true, map[string]int64{"TAB_AGAIN": 2}
	p.Load()
	if s, _ := read(p.Content); !strings.Contains(s, "上级退回，待重审\n") || !strings.Contains(s, "2") {
		t.Error("what is on this machine was not counted:", s)
	}
	if len(letter) == 0 || letter[0] != "关于补正的消息" {
		t.Error("the news are not shown, or do not open:", letter)
	}
	if kinds := p.Kinds(); !slices.Contains(kinds, "unit") || !slices.Contains(kinds, "outbox") {
		t.Error(kinds)
	}
}

// An answer that comes after a newer question is dropped: the page never goes back in time.
func TestLateAnswers(t *testing.T) {
	test.NewTempApp(t)
	var begun []func() func()
	n := int64(1)
	source := home.Source{Title: "待审核", States: []list.Tab{{State: "A", Title: "甲"}}, Counts: func(context.Context) (map[string]int64, error) {
		return map[string]int64{"A": n}, nil
	}}
	p := home.New(&kit.Desk{Run: func(work func() func()) { begun = append(begun, work) }}, home.Parts{
		Unit: &unitv1.Unit{}, Now: func(context.Context) (*unitv1.Unit, error) { return nil, nil }, Sources: []home.Source{source}, Count: (&queue{}).count,
	})
	p.Load()
	late := begun[0]()
	n = 2
	p.Load()
	begun[1]()()
	late()
	if s, _ := read(p.Content); !strings.Contains(s, "2\n") || strings.Contains(s, "1\n") {
		t.Error(s)
	}
}

// The supervision (B4): numbers, lines, the way to each and to all.
func TestSupervision(t *testing.T) {
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(1, false))
	now := time.Date(2026, 3, 10, 1, 0, 0, 0, time.UTC)
	r := rules.Records{
		Committees: []*committeev1.Committee{{Id: "c0", Name: "示例中级评委会（虚构）", FiledOn: "2026-01-01", ValidUntil: "2028-12-31", Divisions: []string{"510100"}}},
		Activities: []*activityv1.Activity{{Id: "a", Name: "2026年度评审（虚构）", CommitteeId: "c0", Published: true, OpensAt: now.Add(-time.Hour).UnixMilli(), SubmitBy: now.Add(24 * time.Hour).UnixMilli()}},
	}
	for i := range 8 {
		r.Committees = append(r.Committees, &committeev1.Committee{Id: fmt.Sprint("c", i+1), Name: fmt.Sprintf("未备案评委会%d（虚构）", i+1)})
	}
	var opened []string
	away := false
	sup := &home.Supervision{
		Division: "510100", Now: func() time.Time { return now },
		Records: func(context.Context) (rules.Records, error) {
			if away {
				return rules.Records{}, fault.New(fault.Offline, "无法连接服务器")
			}
			return r, nil
		},
		Open: func(r rules.Row) { opened = append(opened, r.Committee.Id) }, All: func() { opened = append(opened, "all") },
	}
	p := home.New(&kit.Desk{Run: kit.Inline}, home.Parts{Unit: &unitv1.Unit{Authorised: true}, Now: func(context.Context) (*unitv1.Unit, error) { return nil, nil }, Count: (&queue{}).count, Supervision: sup})
	w := test.NewTempWindow(t, p.Content)
	w.Resize(fyne.NewSize(1140, 690))
	p.Load()
	s, _ := read(p.Content)
	for _, want := range []string{"评委会总数\n9\n", "已备案\n1\n", "未备案\n8\n", "进行中的评审活动\n1\n", "示例中级评委会（虚构）\n已备案\n2026-01-01 至 2028-12-31\n成都市\n2026年度评审（虚构）\n2026-03-10 至 2026-03-11\n申报中\n", "查看全部 9 项"} {
		if !strings.Contains(s, want) {
			t.Errorf("the page does not say %q: %s", want, s)
		}
	}
	if strings.Contains(s, "未备案评委会6") {
		t.Error("more lines than there is room for")
	}
	if strings.Join(opened, " ") != "all c0 c1 c2 c3 c4 c5" { // read taps every link
		t.Error(opened)
	}
	l := sup.List()
	rows, page, err := l.Source(t.Context(), &commonv1.Query{State: "RESTING", Size: 5})
	if err != nil || len(rows) != 5 || page.Total != 8 || page.Next == "" {
		t.Error(rows, page, err)
	}
	closed := r.Activities[0]
	closed.Closed = true
	p.Load()
	if s, _ := read(p.Content); !strings.Contains(s, "已办结") || !strings.Contains(s, "进行中的评审活动\n0\n") {
		t.Error("the page does not follow:", s)
	}
	away = true
	p.Load()
	if s, _ := read(p.Content); !strings.Contains(s, "联网后显示") {
		t.Error(s)
	}
	progress := home.NewProgress(rules.Row{Committee: r.Committees[0], Activity: closed, Stage: activity.Announced})
	if s, _ := read(progress); !strings.Contains(s, "申报中\n材料审核中\n评审中\n公示中\n结果确认中\n已办结") {
		t.Error(s)
	}
}
