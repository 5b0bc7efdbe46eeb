package kit_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
)

// Without a reason nothing is sent: it is asked for again, with what is missing in red; the cursor stands where to type.
func TestAskWhy(t *testing.T) {
	look(t)
	w := show(t, widget.NewLabel(""), 600, 500)
	d := &kit.Desk{Ask: func(title string, content fyne.CanvasObject, button string, do func()) {
		kit.Ask(w, title, content, button, do)
	}}
	var why []string
	kit.AskWhy(d, "移出专家库", "2 人。移出后不参加抽选。", "原因（必填）", "移出", func(s string) { why = append(why, s) })
	top := func() fyne.CanvasObject { return w.Canvas().Overlays().Top() }
	if s := texts(top()); strings.Contains(s, "请填写原因") || !strings.Contains(s, "移出后不参加抽选") {
		t.Error(s)
	}
	w.Canvas().Focused().TypedRune(' ')
	test.Tap(button(t, top(), "移出"))
	if top() == nil || !strings.Contains(texts(top()), "请填写原因") || len(why) > 0 {
		t.Fatal("an empty reason went through:", why)
	}
	for _, r := range "调离" {
		w.Canvas().Focused().TypedRune(r)
	}
	test.Tap(button(t, top(), "移出"))
	if top() != nil || len(why) != 1 || why[0] != "调离" {
		t.Error(why)
	}
}
