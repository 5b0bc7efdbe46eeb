package kit_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
)

// The places at the side of the file dialog have Chinese names, which Fyne itself does not translate.
func TestPlacesOfTheFileDialog(t *testing.T) {
	look(t)
	w := test.NewTempWindow(t, widget.NewLabel(""))
	w.Resize(fyne.NewSize(1000, 700))
	kit.WindowFiles(w).Open([]string{".pdf"}, func(string) {})
	if s := texts(w.Canvas().Overlays().Top()); !strings.Contains(s, "主目录") || strings.Contains(s, "Home") || strings.Contains(s, "Computer") {
		t.Error(s)
	}
}

// Each step of a wizard begins with the cursor in its first entry.
func TestWizardPutsTheCursor(t *testing.T) {
	look(t)
	u, s := &unitv1.Unit{}, &unitv1.Staff{}
	content := kit.NewWizard(func() {},
		kit.Step{Title: "基本信息", Content: kit.NewForm(u, unitv1.Unit_Name).Content},
		kit.Step{Title: "经办人员", Content: kit.NewForm(s, unitv1.Staff_Name).Content})
	w := show(t, content, 700, 300)
	test.Tap(button(t, content, "下一步"))
	if w.Canvas().Focused() == nil {
		t.Fatal("the cursor is nowhere")
	}
	w.Canvas().Focused().TypedRune('甲')
	if s.Name != "甲" {
		t.Errorf("typed into %v, %v", u, s)
	}
}
