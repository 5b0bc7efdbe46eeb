package kit_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/fault"
)

// What is wrong in an earlier step leads back to it, whether the step's own check finds it or the server.
func TestWizardLeadsBack(t *testing.T) {
	look(t)
	u := &unitv1.Unit{}
	basic := kit.NewForm(u, unitv1.Unit_Name)
	second := kit.NewForm(&unitv1.Staff{}, unitv1.Staff_Account)
	second.Path = "handlers[1].staff"
	skip, ok, finished := true, true, 0
	w := kit.NewWizard(func() { finished++ },
		kit.Step{Title: "基本信息", Content: basic.Content, Check: func() bool { return ok }, Forms: []*kit.Form{basic}},
		kit.Step{Title: "法人信息", Content: widget.NewLabel("法人"), Skip: func() bool { return skip }},
		kit.Step{Title: "经办人员", Content: second.Content, Forms: []*kit.Form{second}})
	show(t, w, 700, 300)
	test.Tap(button(t, w, "下一步"))
	if button(t, w, "2. 经办人员"); strings.Contains(texts(w), "法人") {
		t.Error("a step that is left out is shown")
	}
	test.Tap(button(t, w, "提　交"))
	ok = false
	test.Tap(button(t, w, "提　交"))
	if finished != 1 || button(t, w, "上一步").Disabled() == false {
		t.Fatal("a step that is not right any more did not stop it:", finished)
	}
	ok = true
	test.Tap(button(t, w, "2. 经办人员"))
	err := fault.Several([]fault.Problem{{Field: "handlers[0].staff.account", Text: "甲"}, {Field: "handlers[1].staff.account", Text: "乙"}, {Field: "unit.name", Text: "丙"}})
	if err = basic.Show(err); !strings.Contains(texts(w), "丙") {
		t.Error("the wizard did not go back to what is wrong:", texts(w))
	}
	if err = second.Show(err); err == nil || err.Error() != "甲" {
		t.Error("what is of no form is not left:", err)
	}
	skip = false
	test.Tap(button(t, w, "下一步"))
	button(t, w, "2. 法人信息")
	test.Tap(button(t, w, "下一步"))
	if s := texts(w); !strings.Contains(s, "乙") || strings.Contains(s, "甲") {
		t.Error("a problem stands under another person:", s)
	}
}
