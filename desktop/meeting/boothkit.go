package meeting

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
)

// Every key of a booth is a key of the screen: its widgets hand on what is not their own, so that no click takes the keys away.

// pass hands a key to the screen.
func pass(from fyne.CanvasObject, e *fyne.KeyEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(from); c != nil && c.OnTypedKey() != nil {
		c.OnTypedKey()(e)
	}
}

// A button that hands on keys.
type button struct{ widget.Button }

func newButton(text string, tapped func()) *button {
	b := &button{widget.Button{Text: text, OnTapped: tapped}}
	b.ExtendBaseWidget(b)
	return b
}

// TypedKey implements fyne.Focusable.
func (b *button) TypedKey(e *fyne.KeyEvent) { pass(b, e) }

// rows is a list whose cursor is the screen's.
type rows struct{ widget.List }

func newRows(length func() int, create func() fyne.CanvasObject, update func(int, fyne.CanvasObject), chosen func(int)) *rows {
	r := &rows{widget.List{Length: length, CreateItem: create, UpdateItem: update, OnSelected: chosen}}
	r.ExtendBaseWidget(r)
	return r
}

// TypedKey implements fyne.Focusable.
func (r *rows) TypedKey(e *fyne.KeyEvent) { pass(r, e) }

// at puts the cursor on a row and brings it into sight.
func (r *rows) at(i int) {
	if r.Length() == 0 {
		return
	}
	chosen := r.OnSelected
	r.OnSelected = nil // the screen has put it there; it need not be told
	r.Select(i)
	r.OnSelected = chosen
	// Some of those before and after it are in sight too.
	r.ScrollTo(min(i+2, r.Length()-1))
	r.ScrollTo(max(i-2, 0))
	r.Refresh()
}

// An entry of one line: Enter goes on, up and down move among the entries, and the screen's own keys work in it.
type entry struct{ kit.Entry }

func newEntry(hint string) *entry {
	e := &entry{}
	e.Wrapping = fyne.TextWrap(fyne.TextTruncateClip)
	e.PlaceHolder = hint
	e.ExtendBaseWidget(e)
	return e
}

// newPin is an entry whose text cannot be read.
func newPin(hint string) *entry {
	e := newEntry(hint)
	e.Password = true
	return e
}

// TypedKey implements fyne.Focusable.
func (e *entry) TypedKey(k *fyne.KeyEvent) {
	c := fyne.CurrentApp().Driver().CanvasForObject(e)
	switch {
	case screenKey(k.Name):
		pass(e, k)
	case c != nil && k.Name == fyne.KeyDown && !e.MultiLine:
		c.FocusNext()
	case c != nil && k.Name == fyne.KeyUp && !e.MultiLine:
		c.FocusPrevious()
	default:
		e.Entry.Entry.TypedKey(k)
	}
}

// screenKey reports whether a key can be no part of a text.
func screenKey(n fyne.KeyName) bool { return n == fyne.KeyEscape || len(n) > 1 && n[0] == 'F' }

// newText is an entry of several lines.
func newText(lines int) *entry {
	e := newEntry("")
	e.MultiLine, e.Wrapping = true, fyne.TextWrapBreak
	e.SetMinRowsVisible(lines)
	return e
}

// chain makes Enter go to the next entry that is still empty, and do what the screen is for once none is.
func chain(w fyne.Window, do func(), all ...*entry) {
	for i, e := range all {
		e.OnSubmitted = func(text string) {
			if text == "" {
				return
			}
			for k := range all {
				if next := all[(i+k)%len(all)]; next.Text == "" {
					w.Canvas().Focus(next)
					return
				}
			}
			do()
		}
	}
}

// An action is what can be done on a screen: by its key, or by a click on its button, which names the key.
type action struct {
	key  fyne.KeyName
	text string
	do   func()
	main bool // the one that goes on
}

var keyNames = map[fyne.KeyName]string{
	fyne.KeyReturn: "回车", fyne.KeyEscape: "Esc", fyne.KeySpace: "空格", fyne.KeyBackspace: "退格", fyne.KeyPageDown: "PgDn", fyne.KeyPageUp: "PgUp",
	fyne.KeyLeft: "←", fyne.KeyRight: "→",
}

func (a action) label() string {
	name := keyNames[a.key]
	switch {
	case a.key >= fyne.Key0 && a.key <= fyne.Key9:
		return string(a.key) + "　" + a.text
	case name == "":
		name = string(a.key)
	}
	return a.text + "（" + name + "）"
}

// A screen is what stands in the window at a time.
type screen struct {
	title   string
	body    fyne.CanvasObject
	hint    string // the keys that have no button
	actions []action
	keys    map[fyne.KeyName]func() // those of the hint
	first   fyne.Focusable          // where the cursor begins
	alarm   bool                    // nothing but this may be seen or done
}

// show puts a screen up.
func (b *Booth) show(s screen) {
	w := b.window
	if w.Canvas().Overlays().Top() == nil { // a message above keeps its button, so that Enter closes it whatever changes below
		w.Canvas().Unfocus() // else the keys would go to an entry of the screen before
	}
	do := map[fyne.KeyName]func(){fyne.KeyF1: b.showHelp, fyne.KeyF11: b.fullScreen}
	for k, fn := range s.keys {
		do[k] = fn
	}
	bar := container.New(layout.NewGridLayoutWithColumns(max(len(s.actions), 1)))
	for _, a := range s.actions {
		do[a.key] = a.do
		if a.key == fyne.KeyReturn {
			do[fyne.KeyEnter] = a.do
		}
		w := newButton(a.label(), a.do)
		if a.main {
			w.Importance = widget.HighImportance
		}
		bar.Add(w)
	}
	kit.PageKeys(w.Canvas(), func(e *fyne.KeyEvent) {
		if fn := do[e.Name]; fn != nil {
			fn()
		}
	})
	foot := container.NewVBox(widget.NewSeparator())
	if s.hint != "" {
		foot.Add(centred(s.hint))
	}
	if len(s.actions) > 0 {
		foot.Add(bar)
	}
	head := container.NewVBox(b.bar(s.alarm))
	if s.title != "" {
		head.Add(title(s.title))
	}
	b.body.Objects = []fyne.CanvasObject{container.NewBorder(head, container.NewPadded(foot), nil, nil, container.NewPadded(s.body))}
	b.body.Refresh()
	if s.first != nil {
		w.Canvas().Focus(s.first)
	}
}

// fullScreen turns the whole screen over to the booth, or gives it back.
func (b *Booth) fullScreen() { b.window.SetFullScreen(!b.window.FullScreen()) }

// showHelp shows the help in place of the screen, which is there again after it as it was; news waits that long.
func (b *Booth) showHelp() {
	c := b.window.Canvas()
	before, keys, focused, seen, standing := b.body.Objects, c.OnTypedKey(), c.Focused(), b.seen, b.standing
	head, text := b.help(b.seat != nil)
	news, left := false, false
	b.seen = nil
	if seen != nil {
		b.seen = func() { news = true }
	}
	back := func() {
		if left {
			return
		}
		left = true
		c.Unfocus()
		b.body.Objects, b.seen, b.standing = before, seen, standing
		b.body.Refresh()
		c.SetOnTypedKey(keys)
		if focused != nil {
			c.Focus(focused)
		}
		if news && seen != nil {
			seen()
		}
	}
	scroll := func(by float32) func() {
		return func() {
			if s, ok := text.(*container.Scroll); ok {
				s.ScrollToOffset(fyne.NewPos(0, max(0, s.Offset.Y+by)))
			}
		}
	}
	b.show(screen{
		title: "帮助　" + head, body: text, hint: "↑↓ PgUp、PgDn 上下翻看",
		keys: map[fyne.KeyName]func(){
			fyne.KeyUp: scroll(-60), fyne.KeyDown: scroll(60), fyne.KeyPageUp: scroll(-400), fyne.KeyPageDown: scroll(400), fyne.KeyF1: back, fyne.KeyReturn: back,
		},
		actions: []action{{fyne.KeyEscape, "关闭帮助", back, true}},
	})
}

// bar is the line on top: which meeting, who sits here, and whether the laptop reaches the sequencer.
func (b *Booth) bar(alarm bool) fyne.CanvasObject {
	colour := fynetheme.ColorNamePrimary
	if alarm {
		colour = fynetheme.ColorNameError
	}
	white := Theme().Color(fynetheme.ColorNameForegroundOnPrimary, fynetheme.VariantLight)
	text := func(s string) *canvas.Text {
		t := canvas.NewText(s, white)
		t.TextSize = Theme().Size(fynetheme.SizeNameText)
		return t
	}
	left := text(b.heading())
	left.TextStyle.Bold = true
	b.standing = text(b.reach())
	help := newButton("帮助（F1）", b.showHelp)
	line := container.NewHBox(gap(1), left, layout.NewSpacer(), b.standing, gap(1), help)
	back := canvas.NewRectangle(Theme().Color(colour, fynetheme.VariantLight))
	all := container.NewVBox(container.NewStack(back, container.NewPadded(line)))
	if b.rehearsal() {
		word := canvas.NewText("演练（数据虚构）　本次表决不产生任何效力", white)
		word.TextSize, word.Alignment, word.TextStyle.Bold = Theme().Size(fynetheme.SizeNameText), fyne.TextAlignCenter, true
		all.Add(container.NewStack(canvas.NewRectangle(Theme().Color(fynetheme.ColorNameWarning, fynetheme.VariantLight)), word))
	}
	return all
}

func title(s string) *widget.Label {
	l := widget.NewLabelWithStyle(s, fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	l.SizeName = fynetheme.SizeNameHeadingText
	l.Truncation = fyne.TextTruncateEllipsis
	return l
}

// centred is a line in the middle that breaks where it must; Chinese has no spaces to break at.
func centred(s string) *widget.Label {
	l := widget.NewLabelWithStyle(s, fyne.TextAlignCenter, fyne.TextStyle{})
	l.Wrapping = fyne.TextWrapBreak
	return l
}

// told is centred in a colour.
func told(s string, i widget.Importance) *widget.Label {
	l := centred(s)
	l.Importance, l.TextStyle.Bold = i, true
	return l
}

// middle puts lines into the middle of the screen, not wider than can be read at a glance.
func middle(objects ...fyne.CanvasObject) fyne.CanvasObject {
	return container.New(middleLayout{}, container.NewVBox(objects...))
}

// middleLayout gives its one object a width that reads well and the height it needs, in the middle.
type middleLayout struct{}

const readable = 1080

// Layout implements fyne.Layout.
func (middleLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		width := min(readable, size.Width)
		o.Resize(fyne.NewSize(width, o.Size().Height)) // wrapped text knows its height then
		height := min(o.MinSize().Height, size.Height)
		o.Resize(fyne.NewSize(width, height))
		o.Move(fyne.NewPos((size.Width-width)/2, (size.Height-height)*2/5))
	}
}

// MinSize implements fyne.Layout.
func (middleLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.Size{}
	for _, o := range objects {
		size = size.Max(o.MinSize())
	}
	return size
}

// shallow gives a list the height of so many rows, what is below it gets the rest.
func shallow(list fyne.CanvasObject, count int) fyne.CanvasObject {
	row := widget.NewLabel("").MinSize().Height + Theme().Size(fynetheme.SizeNamePadding)
	return container.New(heightLayout{row * float32(min(max(count, 1), 6))}, list)
}

type heightLayout struct{ height float32 }

// Layout implements fyne.Layout.
func (heightLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(size)
	}
}

// MinSize implements fyne.Layout.
func (l heightLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(1, l.height) }

// fields are entries with their names before them.
func fields(pairs ...any) fyne.CanvasObject {
	form := container.New(layout.NewFormLayout())
	for i := 0; i < len(pairs); i += 2 {
		form.Add(widget.NewLabelWithStyle(pairs[i].(string), fyne.TextAlignTrailing, fyne.TextStyle{Bold: true}))
		form.Add(pairs[i+1].(fyne.CanvasObject))
	}
	return form
}

// gap is room between two parts.
func gap(height float32) fyne.CanvasObject {
	r := canvas.NewRectangle(nil)
	r.SetMinSize(fyne.NewSize(1, height))
	return r
}
