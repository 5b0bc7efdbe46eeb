// Package kittest is what tests of pages have in common.
package kittest

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
)

// Each walks what can be seen of an object, itself first. What a person takes for one thing, a button or an entry, is not taken apart.
func Each(o fyne.CanvasObject, fn func(fyne.CanvasObject)) {
	if o == nil || !o.Visible() {
		return
	}
	fn(o)
	switch x := o.(type) {
	case *fyne.Container:
		for _, in := range x.Objects {
			Each(in, fn)
		}
	case *widget.PopUp:
		Each(x.Content, fn)
	case *widget.Label, *widget.Button, *kit.Button, *widget.Entry, *kit.Entry, *kit.Check, *widget.Select, *widget.SelectEntry, *widget.Hyperlink:
	case fyne.Widget:
		for _, in := range test.WidgetRenderer(x).Objects() {
			Each(in, fn)
		}
	}
}
