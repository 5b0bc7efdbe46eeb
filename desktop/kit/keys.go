package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// Fyne gives keys and shortcuts to the focused entry alone, so that Ctrl+S in a form, Ctrl+Enter in an opinion and F5 in a filter would do
// nothing, where they are pressed most. The entries of this package hand on what they do not know.

// passShortcut gives a shortcut of the page to the window; those for texts (copy, undo) stay with the entry.
func passShortcut(from fyne.CanvasObject, s fyne.Shortcut) {
	if _, ok := s.(*desktop.CustomShortcut); !ok {
		return
	}
	if c, ok := fyne.CurrentApp().Driver().CanvasForObject(from).(fyne.Shortcutable); ok {
		c.TypedShortcut(s)
	}
}

// passKey reports whether a key was one of the page: F1 and F5 go to the window. Esc only takes the cursor out of the entry; pressed again it goes
// to the window, which closes the page: what is being typed is not to be lost by one key.
func passKey(from fyne.CanvasObject, e *fyne.KeyEvent) bool {
	c := fyne.CurrentApp().Driver().CanvasForObject(from)
	switch {
	case c == nil:
		return false
	case e.Name == fyne.KeyEscape:
		c.Unfocus()
		return true
	case (e.Name == fyne.KeyF1 || e.Name == fyne.KeyF5) && c.OnTypedKey() != nil:
		c.OnTypedKey()(e)
		return true
	}
	return false
}

// PageKeys makes keys what a page's keys do, but not while a dialog stands above it: Fyne hands them to the page behind, where nobody sees what they
// do. Esc closes the dialog then. Keys may be nil.
func PageKeys(c fyne.Canvas, keys func(*fyne.KeyEvent)) {
	c.SetOnTypedKey(func(e *fyne.KeyEvent) {
		switch asked := c.Overlays().Top(); {
		case asked != nil && e.Name == fyne.KeyEscape:
			asked.Hide()
		case asked == nil && keys != nil:
			keys(e)
		}
		awake()
	})
}

// An Entry is an entry in which the keys of the page work.
type Entry struct{ widget.Entry }

// NewEntry returns an entry of one line.
func NewEntry() *Entry {
	e := &Entry{}
	e.Wrapping = fyne.TextWrap(fyne.TextTruncateClip)
	e.ExtendBaseWidget(e)
	return e
}

// NewParagraph returns an entry of several lines; Chinese has no spaces to break at, so it breaks anywhere.
func NewParagraph(rows int) *Entry {
	e := &Entry{}
	e.MultiLine, e.Wrapping = true, fyne.TextWrapBreak
	e.ExtendBaseWidget(e)
	e.SetMinRowsVisible(rows)
	return e
}

// AcceptsTab implements fyne.Tabbable: Tab goes on from a paragraph too. Nobody wants a tab in one, and what is typed next, a passphrase perhaps, would
// stand there for all to see.
func (e *Entry) AcceptsTab() bool { return false }

// TypedShortcut implements fyne.Shortcutable.
func (e *Entry) TypedShortcut(s fyne.Shortcut) {
	e.Entry.TypedShortcut(s)
	passShortcut(e, s)
}

// TypedKey implements fyne.Focusable.
func (e *Entry) TypedKey(k *fyne.KeyEvent) {
	if !passKey(e, k) {
		e.Entry.TypedKey(k)
	}
}

// A Button is a button in which the keys of the page work.
type Button struct{ widget.Button }

// NewButton returns a button; no icon is nil.
func NewButton(text string, icon fyne.Resource, tapped func()) *Button {
	b := &Button{widget.Button{Text: text, Icon: icon, OnTapped: tapped}}
	b.ExtendBaseWidget(b)
	return b
}

// TypedKey implements fyne.Focusable: Enter presses the button as Space does, and Esc closes the question it stands in.
func (b *Button) TypedKey(k *fyne.KeyEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(b); c != nil && k.Name == fyne.KeyEscape && c.Overlays().Top() != nil {
		c.Overlays().Top().Hide()
		return
	}
	switch {
	case passKey(b, k):
	case k.Name == fyne.KeyReturn || k.Name == fyne.KeyEnter:
		b.Button.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	default:
		b.Button.TypedKey(k)
	}
}

// A Table is a table in which the keys of the page work: a click into it takes the cursor.
type Table struct{ widget.Table }

// newTable returns a table; see widget.NewTable.
func newTable(size func() (rows, columns int), create func() fyne.CanvasObject, update func(widget.TableCellID, fyne.CanvasObject)) *Table {
	t := &Table{widget.Table{Length: size, CreateCell: create, UpdateCell: update}}
	t.ExtendBaseWidget(t)
	return t
}

// TypedKey implements fyne.Focusable.
func (t *Table) TypedKey(k *fyne.KeyEvent) {
	if !passKey(t, k) {
		t.Table.TypedKey(k)
	}
}

// A List is a list in which the keys of the page work: a click into it takes the cursor.
type List struct{ widget.List }

// NewList returns a list; see widget.NewList.
func NewList(length func() int, create func() fyne.CanvasObject, update func(widget.ListItemID, fyne.CanvasObject)) *List {
	l := &List{widget.List{Length: length, CreateItem: create, UpdateItem: update}}
	l.ExtendBaseWidget(l)
	return l
}

// TypedKey implements fyne.Focusable.
func (l *List) TypedKey(k *fyne.KeyEvent) {
	if !passKey(l, k) {
		l.List.TypedKey(k)
	}
}

// A Check is a box to tick in which the keys of the page work.
type Check struct{ widget.Check }

// NewCheck returns a box to tick; changed may be nil.
func NewCheck(text string, changed func(bool)) *Check {
	c := &Check{widget.Check{Text: text, OnChanged: changed}}
	c.ExtendBaseWidget(c)
	return c
}

// TypedKey implements fyne.Focusable.
func (c *Check) TypedKey(k *fyne.KeyEvent) {
	if !passKey(c, k) {
		c.Check.TypedKey(k)
	}
}

// FirstEntry is the first entry of a form that can be written in, nil for none: where the cursor begins.
func FirstEntry(o fyne.CanvasObject) fyne.Focusable {
	return first(o, func(o fyne.CanvasObject) bool {
		switch o.(type) {
		case *leaveEntry, *leavePick:
			return true
		}
		return false
	})
}

// firstAsked is FirstEntry of a question, in which a paragraph stands by itself; on a page that would be a filter or a remark.
func firstAsked(o fyne.CanvasObject) fyne.Focusable {
	return first(o, func(o fyne.CanvasObject) bool {
		switch o.(type) {
		case *leaveEntry, *leavePick, *Entry:
			return true
		}
		return false
	})
}

func first(o fyne.CanvasObject, fits func(fyne.CanvasObject) bool) fyne.Focusable {
	if !o.Visible() {
		return nil
	}
	if d, ok := o.(fyne.Disableable); fits(o) && (!ok || !d.Disabled()) {
		f, _ := o.(fyne.Focusable)
		return f
	}
	var inside []fyne.CanvasObject
	switch x := o.(type) {
	case *fyne.Container:
		inside = x.Objects
	case *container.Scroll:
		inside = []fyne.CanvasObject{x.Content}
	case *container.Split:
		inside = []fyne.CanvasObject{x.Leading, x.Trailing}
	case *widget.Card:
		inside = []fyne.CanvasObject{x.Content}
	}
	for _, in := range inside {
		if in == nil {
			continue
		}
		if found := first(in, fits); found != nil {
			return found
		}
	}
	return nil
}
