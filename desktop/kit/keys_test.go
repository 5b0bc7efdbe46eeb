package kit_test

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/kit/kittest"
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
	kittest.Each(o, func(o fyne.CanvasObject) {
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

// A click into a list or on a box to tick takes the cursor, and F1, F5 and Esc work as before.
func TestKeysOfThePageWorkInAList(t *testing.T) {
	look(t)
	check := kit.NewCheck("已核对", nil)
	page := kit.NewListPage(people(&registry{n: 3}), kit.Inline, nil)
	o := container.NewBorder(check, nil, nil, nil, page.Content)
	w := show(t, o, 900, 400)
	var pressed []fyne.KeyName
	kit.PageKeys(w.Canvas(), func(e *fyne.KeyEvent) { pressed = append(pressed, e.Name) })
	for _, in := range []fyne.Focusable{check, tableOf(t, o)} {
		for _, k := range []fyne.KeyName{fyne.KeyF1, fyne.KeyF5, fyne.KeyEscape} {
			w.Canvas().Focus(in)
			in.TypedKey(&fyne.KeyEvent{Name: k})
		}
		if w.Canvas().Focused() != nil {
			t.Errorf("%T: Esc left the cursor in", in)
		}
	}
	if len(pressed) != 4 {
		t.Error(pressed)
	}
	w.Canvas().Focus(check)
	if check.TypedRune(' '); !check.Checked {
		t.Error("the space bar does not tick")
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

// Tab goes on from a paragraph, as from every other entry: a passphrase typed next must not stand in it.
func TestTabLeavesAParagraph(t *testing.T) {
	look(t)
	paragraph, next := kit.NewParagraph(3), kit.NewEntry()
	w := show(t, container.NewVBox(paragraph, next), 600, 500)
	w.Canvas().Focus(paragraph)
	if e, ok := w.Canvas().Focused().(fyne.Tabbable); ok && e.AcceptsTab() {
		t.Error("Tab would stay in the paragraph")
	}
	test.FocusNext(w.Canvas())
	test.Type(w.Canvas().Focused(), "secret")
	if paragraph.Text != "" || next.Text != "secret" {
		t.Error(paragraph.Text, next.Text)
	}
}
