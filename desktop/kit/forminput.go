package kit

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/field"
)

// Widths of a form's row at 100 %: the label before the entry, the counter behind it, and the whole; wider entries are not easier to read.
const (
	labelWidth = 150
	countWidth = 70
	formWidth  = 760
)

// narrowLayout keeps a row from growing wider than is good to read.
type narrowLayout struct{}

// Layout implements fyne.Layout.
func (narrowLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(fyne.NewSize(min(size.Width, formWidth*scale()), size.Height))
	}
}

// MinSize implements fyne.Layout.
func (narrowLayout) MinSize(objects []fyne.CanvasObject) (size fyne.Size) {
	for _, o := range objects {
		size = size.Max(o.MinSize())
	}
	return size
}

// requiredMark is the star before the label of what must be filled in.
const requiredMark = "* "

// star puts the star before a label.
func star(label *widget.RichText) {
	label.Segments[0].(*widget.TextSegment).Text = requiredMark
	label.Refresh()
}

// newFormLabel is the label of a field, with a red star where something must be filled in.
func newFormLabel(f *field.Info) *widget.RichText {
	style := widget.RichTextStyle{Alignment: fyne.TextAlignTrailing, Inline: true, ColorName: theme.ColorNameForeground, SizeName: theme.SizeNameText}
	red := style
	red.ColorName = theme.ColorNameError
	mark := "  " // as wide as the star, so that all labels end at the same place
	if f.Required {
		mark = requiredMark
	}
	return widget.NewRichText(&widget.TextSegment{Text: mark, Style: red}, &widget.TextSegment{Text: f.GetLabel(), Style: style})
}

// hint stands in an empty entry.
func hint(f *field.Info) string {
	if f.GetHelp() == "" && f.GetWidget() == commonv1.Widget_WIDGET_DATE {
		return "如 20240226 或 2024-02-26"
	}
	return f.GetHelp()
}

// leaveEntry is an entry that tells when the cursor leaves it.
type leaveEntry struct {
	widget.Entry
	left func()
}

// newLeaveEntry returns an entry of so many rows.
func newLeaveEntry(rows int, left func()) *leaveEntry {
	e := &leaveEntry{left: left}
	if rows > 1 {
		e.MultiLine = true
		e.Wrapping = fyne.TextWrapBreak // Chinese has no spaces to break at
	}
	e.ExtendBaseWidget(e)
	if rows > 1 {
		e.SetMinRowsVisible(rows)
	}
	return e
}

// FocusLost implements fyne.Focusable.
func (e *leaveEntry) FocusLost() {
	e.Entry.FocusLost()
	e.left()
}

// TypedShortcut implements fyne.Shortcutable.
func (e *leaveEntry) TypedShortcut(s fyne.Shortcut) {
	e.Entry.TypedShortcut(s)
	passShortcut(e, s)
}

// TypedKey implements fyne.Focusable.
func (e *leaveEntry) TypedKey(k *fyne.KeyEvent) {
	if !passKey(e, k) {
		e.Entry.TypedKey(k)
	}
}

// leavePick is an entry with choices that tells when the cursor leaves it.
type leavePick struct {
	widget.SelectEntry
	left func()
}

func newLeavePick(left func()) *leavePick {
	p := &leavePick{left: left}
	p.ExtendBaseWidget(p)
	return p
}

// FocusLost implements fyne.Focusable.
func (p *leavePick) FocusLost() {
	p.SelectEntry.FocusLost()
	p.left()
}

// TypedShortcut implements fyne.Shortcutable.
func (p *leavePick) TypedShortcut(s fyne.Shortcut) {
	p.SelectEntry.TypedShortcut(s)
	passShortcut(p, s)
}

// TypedKey implements fyne.Focusable.
func (p *leavePick) TypedKey(k *fyne.KeyEvent) {
	if !passKey(p, k) {
		p.SelectEntry.TypedKey(k)
	}
}

// rowsOf is how many rows a field is written in: an opinion in a few, an announcement in many.
func rowsOf(f *field.Info) int {
	switch {
	case f.GetWidget() != commonv1.Widget_WIDGET_PARAGRAPH:
		return 1
	case f.Max > 1000:
		return 14
	}
	return 4
}

// NewRow is a row of a form that a page makes itself: its label stands under the others', a star before it where something must be chosen.
func NewRow(label string, input fyne.CanvasObject) fyne.CanvasObject {
	l := newFormLabel(&field.Info{Field: &commonv1.Field{Label: strings.TrimPrefix(label, "* ")}, Required: strings.HasPrefix(label, "* ")})
	left := fyne.NewSize(labelWidth*scale(), l.MinSize().Height)
	return container.New(narrowLayout{}, container.NewBorder(nil, nil, container.NewGridWrap(left, l), nil, input))
}
