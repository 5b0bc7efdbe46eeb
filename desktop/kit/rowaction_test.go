package kit_test

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/kit/kittest"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
)

func TestRowActions(t *testing.T) {
	look(t)
	r := &registry{n: 2}
	var done []string
	added := 0
	p := kit.NewListPage(units(r), kit.Inline, func(*unitv1.Unit) {}, kit.Action[*unitv1.Unit]{Title: "新增下级单位", Always: true, Run: func(_ []*unitv1.Unit, done func()) { added++; done() }})
	p.RowActions(
		kit.RowAction[*unitv1.Unit]{Title: "编辑", Run: func(u *unitv1.Unit) { done = append(done, "edit "+u.Id) }},
		kit.RowAction[*unitv1.Unit]{Title: "审核", When: func(u *unitv1.Unit) bool { return u.Id == "1" }, Run: func(u *unitv1.Unit) { done = append(done, "review "+u.Id) }},
	)
	w := show(t, p.Content, 1000, 300)
	p.Load()
	var links []*widget.Hyperlink
	kittest.Each(p.Content, func(o fyne.CanvasObject) {
		if l, ok := o.(*widget.Hyperlink); ok {
			links = append(links, l)
		}
	})
	if len(links) != 3 {
		t.Fatal(len(links), "links:", texts(p.Content))
	}
	for _, l := range links {
		l.OnTapped()
	}
	if !slices.Equal(done, []string{"edit 0", "edit 1", "review 1"}) {
		t.Error(done)
	}
	if b := button(t, p.Content, "新增下级单位"); b.Disabled() || b.Text != "新增下级单位" {
		t.Error("what needs no rows asks for some:", b.Text)
	} else if test.Tap(b); added != 1 {
		t.Error(added)
	}
	test.AssertRendersToMarkup(t, "rowactions.xml", w.Canvas())
}
