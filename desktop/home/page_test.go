package home_test

import (
	"context"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/home"
	"zhiping/desktop/kit"
	"zhiping/desktop/list"
	"zhiping/desktop/theme"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/fault"
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

func (q *queue) list() *list.List[*unitv1.Unit] {
	return &list.List[*unitv1.Unit]{
		Title: "下级单位注册审核", ToDo: list.Waiting, Mirror: &list.Mirror[*unitv1.Unit]{Kind: "unit"},
		Source: func(context.Context, *commonv1.Query) ([]*unitv1.Unit, *commonv1.PageInfo, error) {
			if q.err != nil && !q.kept {
				return nil, nil, q.err
			}
			page := &commonv1.PageInfo{}
			for s, n := range q.counts {
				page.Counts = append(page.Counts, &commonv1.StateCount{State: s, Count: n})
			}
			return nil, page, q.err
		},
	}
}

func TestToDos(t *testing.T) {
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(1, false))
	q := &queue{counts: map[string]int64{"TAB_FIRST": 38, "TAB_PASSED": 7}}
	var opened, jumped []string
	source, ok := home.Of(q.list(), func(state string) { opened = append(opened, state) })
	if _, none := home.Of(&list.List[*unitv1.Unit]{}, nil); !ok || none {
		t.Fatal("a list without to-dos has some, or one with has none")
	}
	var opened2 []string
	letters := &list.List[*unitv1.Unit]{Title: "收到的消息", Source: func(_ context.Context, q *commonv1.Query) ([]*unitv1.Unit, *commonv1.PageInfo, error) {
		return []*unitv1.Unit{{Name: "关于补正的消息"}}, &commonv1.PageInfo{}, nil
	}}
	news := home.NewsOf(letters, (*unitv1.Unit).GetName, func(u *unitv1.Unit) { opened2 = append(opened2, u.Name) })
	who := &sessionv1.Identity{Unit: &unitv1.Unit{Name: "示例局（虚构）", Phone: "13800000000"}}
	p := home.New(who, &kit.Desk{Run: kit.Inline}, []home.Source{source}, []home.News{news}, []home.Jump{{Title: "新建申报", Do: func() { jumped = append(jumped, "新建申报") }}})
	test.NewTempWindow(t, p.Content)
	p.Load()
	s, buttons := read(p.Content)
	if !strings.Contains(s, "下级单位注册审核\n待审核\n38") || strings.Contains(s, "待复审") || strings.Contains(s, "\n7\n") || !strings.Contains(s, "138****0000") {
		t.Error(s)
	}
	for _, b := range buttons {
		test.Tap(b)
	}
	if strings.Join(opened, " ") != "TAB_FIRST" || strings.Join(jumped, " ") != "新建申报" {
		t.Error(opened, jumped)
	}
	q.counts = nil
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
	if s, _ := read(p.Content); !strings.Contains(s, "上级退回，待重审\n2") {
		t.Error("what is on this machine was not counted:", s)
	}
	if len(opened2) == 0 || opened2[0] != "关于补正的消息" {
		t.Error("the news are not shown, or do not open:", opened2)
	}
	if p.Kinds()[0] != "unit" {
		t.Error(p.Kinds())
	}
}
