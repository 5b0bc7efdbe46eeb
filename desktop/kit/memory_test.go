package kit_test

import (
	"context"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/kit/kittest"
	"zhiping/desktop/list"
	"zhiping/desktop/theme"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
)

// tableOf is the table of a list page.
func tableOf(t *testing.T, o fyne.CanvasObject) (found *kit.Table) {
	t.Helper()
	kittest.Each(o, func(o fyne.CanvasObject) {
		if x, ok := o.(*kit.Table); ok {
			found = x
		}
	})
	if found == nil {
		t.Fatal("there is no table")
	}
	return found
}

// A column that is dragged with the mouse, and a page size that is chosen, are there again when the list is opened anew, at any text size, and for this
// account alone.
func TestListIsLeftAsItWas(t *testing.T) {
	look(t)
	text := func(s string) string { return s }
	l := &list.List[string]{
		Name: "units of-one", ID: text, Columns: []list.Column[string]{{Title: "名称", Width: 200, Text: text}, {Title: "代码", Width: 100, Text: text}},
		Source: func(context.Context, *commonv1.Query) ([]string, *commonv1.PageInfo, error) {
			return []string{"甲", "乙"}, &commonv1.PageInfo{Total: 2}, nil
		},
	}
	prefs := fyne.CurrentApp().Preferences()
	open := func(account string) (*kit.ListPage[string], *kit.Table) {
		p := kit.NewListPage(l, kit.Inline, func(string) {})
		p.Remember(&kit.Memory{Preferences: prefs, Account: account})
		show(t, p.Content, 900, 500)
		p.Load()
		return p, tableOf(t, p.Content)
	}
	widths := func() []float64 { return prefs.FloatList("look/one/widths/units") }

	p, table := open("one")
	if len(widths()) != 0 {
		t.Error("opening a list is no change of it:", widths())
	}
	line := float32(34 + 4 + 200 + 2) // the check's column, the gap behind it, the first column, and into the gap
	table.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(line, 10)}})
	table.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(line, 10)}})
	table.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(line+60, 10)}})
	table.DragEnd()
	if w := widths(); len(w) != 2 || math.Abs(w[0]-260) > 1 || math.Abs(w[1]-100) > 1 {
		t.Fatal("after dragging by 60:", w)
	}
	test.ApplyTheme(t, theme.New(1.5, false))
	table.Refresh()
	p.Restyle()
	if w := widths(); math.Abs(w[0]-260) > 1 || math.Abs(w[1]-100) > 1 {
		t.Error("another text size changed what is remembered:", w)
	}
	test.ApplyTheme(t, theme.New(1, false))
	p.Restyle()

	kittest.Each(p.Content, func(o fyne.CanvasObject) {
		if s, ok := o.(*widget.Select); ok {
			s.SetSelected("50条/页")
		}
	})
	again, _ := open("one")
	if again.Model.Query.Size != 50 {
		t.Error("page size:", again.Model.Query.Size)
	}
	other, _ := open("another")
	if other.Model.Query.Size != 20 || len(prefs.FloatList("look/another/widths/units")) != 0 {
		t.Error("one account's settings are another's")
	}
	(&kit.Memory{Preferences: prefs, Account: "one"}).ForgetLists()
	if fresh, _ := open("one"); fresh.Model.Query.Size != 20 || len(widths()) != 0 {
		t.Error("it was not forgotten")
	}
}

// A laptop of 1366 by 768 shows at least fourteen rows of a list (ui.md): what the window leaves to a list is at most 24 + 36 + 44 pixels less.
func TestFourteenRows(t *testing.T) {
	look(t)
	var rows []string
	for range 20 {
		rows = append(rows, "行")
	}
	l := &list.List[string]{
		Name: "rows", ID: func(s string) string { return s }, Filters: []list.Filter{{Column: "name", Title: "名称"}}, Tabs: []list.Tab{{Title: "全部"}},
		Columns: []list.Column[string]{{Title: "名称", Width: 200, Text: func(s string) string { return s }}},
		Source: func(context.Context, *commonv1.Query) ([]string, *commonv1.PageInfo, error) {
			return rows, &commonv1.PageInfo{Total: 20}, nil
		},
	}
	p := kit.NewListPage(l, kit.Inline, func(string) {})
	show(t, p.Content, 1110, 768-24-36-44)
	p.Load()
	table := tableOf(t, p.Content)
	row := theme.New(1, false).Size("text")*2.1 + 4
	if fit := int((table.Size().Height - row) / row); fit < 14 {
		t.Errorf("%d rows fit", fit)
	}
}
