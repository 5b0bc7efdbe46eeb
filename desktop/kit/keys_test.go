package kit_test

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
)

// In every entry the keys of the page work: Fyne gives them to the focused entry alone.
func TestKeysOfThePageWorkInEntries(t *testing.T) {
	look(t)
	form := kit.NewForm(&unitv1.Unit{}, unitv1.Unit_Name, unitv1.Unit_Nature)
	o := container.NewVBox(kit.NewEntry(), kit.NewParagraph(3), form.Content)
	w := show(t, o, 600, 500)
	save := &desktop.CustomShortcut{KeyName: fyne.KeyS, Modifier: fyne.KeyModifierControl}
	saved, refreshed, closed := 0, 0, 0
	w.Canvas().AddShortcut(save, func(fyne.Shortcut) { saved++ })
	w.Canvas().SetOnTypedKey(func(e *fyne.KeyEvent) {
		switch e.Name {
		case fyne.KeyF5:
			refreshed++
		case fyne.KeyEscape:
			closed++
		}
	})
	entries := 0
	each(o, func(o fyne.CanvasObject) {
		e, ok := o.(interface {
			fyne.Focusable
			fyne.Shortcutable
			SetText(string)
		})
		if !ok {
			return
		}
		entries++
		w.Canvas().Focus(e)
		e.TypedShortcut(save)
		e.TypedShortcut(&fyne.ShortcutSelectAll{})
		e.TypedKey(&fyne.KeyEvent{Name: fyne.KeyF5})
		e.TypedRune('x')
		e.TypedKey(&fyne.KeyEvent{Name: fyne.KeyBackspace})
		e.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
		if w.Canvas().Focused() != nil {
			t.Errorf("%T: Esc left the cursor in", e)
		}
	})
	if entries != 4 || saved != 4 || refreshed != 4 || closed != 0 {
		t.Error(entries, "entries; saved", saved, "refreshed", refreshed, "closed", closed)
	}
}

// A key pressed over a dialog does nothing on the page behind it: in a booth it would be a vote.
func TestKeysStopAtADialog(t *testing.T) {
	look(t)
	w := show(t, widget.NewLabel("页面"), 600, 400)
	pressed := 0
	kit.PageKeys(w.Canvas(), func(*fyne.KeyEvent) { pressed++ })
	key := func() { w.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.Key1}) }
	key()
	d := dialog.NewInformation("帮助", "文字", w)
	d.Show()
	key()
	d.Hide()
	key()
	if pressed != 2 {
		t.Errorf("%d keys reached the page, want 2", pressed)
	}
	kit.PageKeys(w.Canvas(), nil)
	key()
}
