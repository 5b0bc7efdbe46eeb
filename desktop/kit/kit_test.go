package kit_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/kit/kittest"
	"zhiping/desktop/list"
	"zhiping/desktop/theme"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/fault"
)

// look gives a test the program's look; widgets measure themselves by it.
func look(t *testing.T) {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(1, false))
}

// show puts something into a window.
func show(t *testing.T, o fyne.CanvasObject, w, h float32) fyne.Window {
	t.Helper()
	win := test.NewTempWindow(t, o)
	win.Resize(fyne.NewSize(w, h))
	return win
}

// texts are all words of labels, links and rich texts that can be seen.
func texts(o fyne.CanvasObject) string {
	var all []string
	kittest.Each(o, func(o fyne.CanvasObject) {
		switch x := o.(type) {
		case *widget.Label:
			all = append(all, x.Text)
		case *widget.Hyperlink:
			all = append(all, x.Text)
		case *widget.RichText:
			all = append(all, x.String())
		}
	})
	return strings.Join(all, "\n")
}

// button finds a button by the beginning of its text.
func button(t *testing.T, o fyne.CanvasObject, text string) *widget.Button {
	t.Helper()
	var found *widget.Button
	kittest.Each(o, func(o fyne.CanvasObject) {
		b, ok := o.(*widget.Button)
		if k, is := o.(*kit.Button); is {
			b, ok = &k.Button, true
		}
		if ok && found == nil && strings.HasPrefix(b.Text, text) {
			found = b
		}
	})
	if found == nil {
		t.Fatalf("there is no button %q", text)
	}
	return found
}

// entry finds an entry by its place holder.
func entry(t *testing.T, o fyne.CanvasObject, hint string) *widget.Entry {
	t.Helper()
	var found *widget.Entry
	kittest.Each(o, func(o fyne.CanvasObject) {
		switch e := o.(type) {
		case *widget.Entry:
			if e.PlaceHolder == hint {
				found = e
			}
		case *kit.Entry:
			if e.PlaceHolder == hint {
				found = &e.Entry
			}
		}
	})
	if found == nil {
		t.Fatalf("there is no entry %q", hint)
	}
	return found
}

// registry answers lists of fictional units.
type registry struct {
	n     int
	err   error
	asked []*commonv1.Query
}

func (r *registry) page(_ context.Context, q *commonv1.Query) ([]*unitv1.Unit, *commonv1.PageInfo, error) {
	r.asked = append(r.asked, q)
	if r.err != nil {
		return nil, nil, r.err
	}
	from := 0
	fmt.Sscan(q.After, &from)
	var rows []*unitv1.Unit
	for i := from; i < min(r.n, from+int(q.Size)); i++ {
		rows = append(rows, &unitv1.Unit{Id: fmt.Sprint(i), Name: fmt.Sprintf("示例第%d中学（虚构）", i+1), CreditCode: fmt.Sprintf("1251000000000%05d", i), Division: "511083", Kind: commonv1.UnitKind_UNIT_KIND_EMPLOYER})
	}
	page := &commonv1.PageInfo{Total: int64(r.n), Counts: []*commonv1.StateCount{{State: "WAITING", Count: 12}, {State: "DONE", Count: 3}}}
	if from+len(rows) < r.n {
		page.Next = fmt.Sprint(from + len(rows))
	}
	return rows, page, nil
}

func units(r *registry) *list.List[*unitv1.Unit] {
	return &list.List[*unitv1.Unit]{
		Name: "unit", Title: "下级单位", Source: r.page, ID: (*unitv1.Unit).GetId, Empty: "还没有下级单位。",
		Tabs: []list.Tab{{State: "WAITING", Title: "待审核"}, {State: "DONE", Title: "已审核"}, {Title: "全部"}},
		Columns: []list.Column[*unitv1.Unit]{
			{Key: "name", Title: "单位名称", Width: 200, Text: (*unitv1.Unit).GetName, Fixed: true},
			list.Declared[*unitv1.Unit](unitv1.Unit_CreditCode, 170),
			list.Declared[*unitv1.Unit](unitv1.Unit_Division, 100),
		},
		Filters: []list.Filter{
			{Column: "name", Title: "单位名称"},
			{Column: "kind", Title: "单位类型", Choices: []list.Choice{{Value: "HR", Title: "人社部门"}}},
			{Column: "contact", Title: "联系人"},
			{Column: "phone", Title: "联系电话"},
			{Column: "address", Title: "通讯地址"},
		},
	}
}

func TestListPage(t *testing.T) {
	look(t)
	r := &registry{n: 45}
	var opened []string
	var batch []string
	p := kit.NewListPage(units(r), kit.Inline, func(u *unitv1.Unit) { opened = append(opened, u.Id) }, kit.Action[*unitv1.Unit]{
		Title: "批量通过", Run: func(rows []*unitv1.Unit, done func()) {
			for _, u := range rows {
				batch = append(batch, u.Id)
			}
			done()
		},
	})
	w := show(t, p.Content, 1000, 600)
	if !strings.Contains(texts(p.Content), "正在加载") {
		t.Error("nothing says that it is loading")
	}
	p.Load()
	if s := texts(p.Content); !strings.Contains(s, "示例第1中学（虚构）\n") || !strings.Contains(s, "共 45 条，第 1 页") || !strings.Contains(s, "隆昌市") {
		t.Error(s)
	}
	if b := button(t, p.Content, "批量通过"); !b.Disabled() || b.Text != "批量通过（0）" {
		t.Error("a batch of none is offered:", b.Text)
	}
	p.Model.Toggle(p.Model.Rows[4])
	test.Tap(button(t, p.Content, "下一页"))
	p.Model.Toggle(p.Model.Rows[0])
	p.Load()
	b := button(t, p.Content, "批量通过")
	if b.Text != "批量通过（2）" || !strings.Contains(texts(p.Content), "第 2 页，已选 2 条") {
		t.Error(b.Text, texts(p.Content))
	}
	test.Tap(b)
	if !slices.Equal(batch, []string{"4", "20"}) || len(p.Model.Selection()) != 0 {
		t.Error(batch, p.Model.Selection())
	}
	test.TapCanvas(w.Canvas(), fyne.NewPos(120, 170))
	if len(opened) != 1 {
		t.Error("tapping a row did not open it")
	}
}

func TestFilterBar(t *testing.T) {
	look(t)
	r := &registry{n: 3}
	p := kit.NewListPage(units(r), kit.Inline, nil)
	w := show(t, p.Content, 1000, 500)
	p.Search(w.Canvas())
	for _, r := range " 中学 " {
		w.Canvas().Focused().TypedRune(r)
	}
	if _, ok := w.Canvas().Focused().(*kit.Entry); !ok {
		t.Error("Ctrl+F put the cursor nowhere")
	}
	kittest.Each(p.Content, func(o fyne.CanvasObject) {
		if s, ok := o.(*widget.Select); ok && s.PlaceHolder == "单位类型" {
			s.SetSelected("人社部门")
		}
	})
	test.Tap(button(t, p.Content, "展开"))
	entry(t, p.Content, "通讯地址").SetText("路")
	test.Tap(button(t, p.Content, "收起"))
	test.Tap(button(t, p.Content, "查询"))
	var got []string
	for _, f := range r.asked[len(r.asked)-1].Filters {
		got = append(got, f.Column+"="+f.Value)
	}
	if !slices.Equal(got, []string{"name=中学", "kind=HR", "address=路"}) {
		t.Error(got)
	}
	test.Tap(button(t, p.Content, "重置"))
	if f := r.asked[len(r.asked)-1].Filters; len(f) != 0 {
		t.Error(f)
	}
}

func TestListPageSaysWhyItIsEmpty(t *testing.T) {
	look(t)
	r := &registry{}
	p := kit.NewListPage(units(r), kit.Inline, nil)
	show(t, p.Content, 1000, 500)
	p.Load()
	if s := texts(p.Content); !strings.Contains(s, "还没有下级单位。") {
		t.Error(s)
	}
	r.err = fault.New(fault.Offline, "服务器连接不上，请检查网络")
	p.Load()
	if s := texts(p.Content); strings.Count(s, "服务器连接不上，请检查网络") != 1 {
		t.Error(s)
	}
	r.err, r.n = nil, 2
	p.Load()
	r.err = fault.New(fault.Offline, "服务器连接不上，请检查网络")
	p.Load()
	if s := texts(p.Content); !strings.Contains(s, "服务器连接不上") || !strings.Contains(s, "示例第1中学") {
		t.Error("an error took the rows away, or was not said:", s)
	}
}

// A clerk's laptop shows at least fourteen rows (ui.md): 1366 x 720 inside the frame, less page tabs and state bar.
func TestRowsOnASmallScreen(t *testing.T) {
	look(t)
	r := &registry{n: 50}
	p := kit.NewListPage(units(r), kit.Inline, nil)
	show(t, p.Content, 1366-220, 720-90)
	p.Load()
	if n := strings.Count(texts(p.Content), "隆昌市"); n < 15 { // the last one may be cut
		t.Errorf("%d rows can be seen", n)
	}
}

func TestListPageMarkup(t *testing.T) {
	look(t)
	r := &registry{n: 3}
	p := kit.NewListPage(units(r), kit.Inline, func(*unitv1.Unit) {}, kit.Action[*unitv1.Unit]{Title: "批量通过"})
	w := show(t, p.Content, 760, 320)
	p.Load()
	p.Model.Toggle(p.Model.Rows[1])
	p.Model.SortBy("name")
	p.Load()
	test.AssertRendersToMarkup(t, "list.xml", w.Canvas())
}
