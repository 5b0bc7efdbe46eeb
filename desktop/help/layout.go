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
