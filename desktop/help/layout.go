package help

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// longestLine is how wide a text is at most, in signs: longer lines lose the reader on the way back.
const longestLine = 46

// readable keeps a text at a width that can be read, whatever the window has.
type readable struct{}

// Layout implements fyne.Layout.
func (readable) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	const margin = 12
	for _, o := range objects {
		o.Resize(fyne.NewSize(min(size.Width-2*margin, longestLine*theme.TextSize()), size.Height))
		o.Move(fyne.NewPos(margin, 0))
	}
}

// MinSize implements fyne.Layout.
func (readable) MinSize(objects []fyne.CanvasObject) fyne.Size {
	height := float32(0)
	for _, o := range objects {
		height = max(height, o.MinSize().Height)
	}
	return fyne.NewSize(200, height+24)
}

// closeLines sets two lines under each other without the air that labels bring.
type closeLines struct{}

// Layout implements fyne.Layout.
func (closeLines) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	y := float32(-2)
	for _, o := range objects {
		o.Resize(fyne.NewSize(size.Width, o.MinSize().Height))
		o.Move(fyne.NewPos(0, y))
		y += theme.TextSize() * 1.5
	}
}

// MinSize implements fyne.Layout.
func (closeLines) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(60, theme.TextSize()*3.4)
}

// hanging sets a mark before a text whose lines all begin at one place.
type hanging struct{}

func (hanging) indent() float32 { return theme.TextSize() * 2.2 }

// Layout implements fyne.Layout.
func (h hanging) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Resize(fyne.NewSize(h.indent(), objects[0].MinSize().Height))
	objects[1].Resize(fyne.NewSize(size.Width-h.indent(), size.Height))
	objects[1].Move(fyne.NewPos(h.indent(), 0))
}

// MinSize implements fyne.Layout.
func (h hanging) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(h.indent()+60, objects[1].MinSize().Height)
}

// blocks sets the blocks of a page under each other, each as high as its text is at the page's width, with less air than between widgets.
type blocks struct{}

// Layout implements fyne.Layout.
func (blocks) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	y := float32(0)
	for _, o := range objects {
		o.Resize(fyne.NewSize(size.Width, o.MinSize().Height)) // the text breaks at this width
		o.Resize(fyne.NewSize(size.Width, o.MinSize().Height))
		o.Move(fyne.NewPos(0, y))
		y += o.MinSize().Height - lineGap
	}
}

// MinSize implements fyne.Layout.
func (blocks) MinSize(objects []fyne.CanvasObject) fyne.Size {
	y := float32(0)
	for _, o := range objects {
		y += o.MinSize().Height - lineGap
	}
	return fyne.NewSize(200, y+lineGap)
}

// lineGap is what is taken from the air above and below each block.
const lineGap = 5
