package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A Banner is a line above a page that says what the person must know while working on it: that the data are old, that a newer version is
// there, that the unit is not authorised. It is not there when it has nothing to say.
type Banner struct {
	Content fyne.CanvasObject
	label   *widget.Label
	icon    *widget.Icon
	ground  *canvas.Rectangle
}

// NewBanner returns a banner that says nothing yet.
func NewBanner() *Banner {
	b := &Banner{label: widget.NewLabel(""), icon: widget.NewIcon(theme.WarningIcon()), ground: canvas.NewRectangle(theme.Color(theme.ColorNameHeaderBackground))}
	b.label.Wrapping = fyne.TextWrapWord
	b.ground.CornerRadius = theme.InputRadiusSize()
	b.Content = container.NewStack(b.ground, container.NewBorder(nil, nil, container.NewPadded(b.icon), nil, b.label))
	b.Content.Hide()
	return b
}

// Say shows a text, or nothing for "".
func (b *Banner) Say(text string, how widget.Importance) {
	if text == "" {
		b.Content.Hide()
		return
	}
	b.label.Importance = how
	b.label.SetText(text)
	switch how {
	case widget.DangerImportance:
		b.icon.SetResource(theme.NewErrorThemedResource(theme.ErrorIcon()))
	case widget.WarningImportance:
		b.icon.SetResource(theme.NewWarningThemedResource(theme.WarningIcon()))
	default:
		b.icon.SetResource(theme.InfoIcon())
	}
	b.ground.FillColor = theme.Color(theme.ColorNameHeaderBackground)
	b.ground.Refresh()
	b.Content.Show()
}
