package meeting

import (
	"image/color"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"

	"zhiping/desktop/theme"
)

// boothScale makes the smallest text of a booth 24 pixels, which are 18 points on a screen of 96 dots per inch: for eyes of sixty-five (ui.md).
const boothScale = 1.85

// look is the desktop's look in large type, with colours of a contrast of at least 7:1 on what they stand on.
type look struct{ *theme.Theme }

// Theme is the look of a booth.
func Theme() fyne.Theme { return look{theme.New(boothScale, false)} }

var strong = map[fyne.ThemeColorName]color.Color{
	fynetheme.ColorNamePrimary:     color.NRGBA{0x12, 0x3f, 0x75, 0xff},
	fynetheme.ColorNameHyperlink:   color.NRGBA{0x12, 0x3f, 0x75, 0xff},
	fynetheme.ColorNameError:       color.NRGBA{0x80, 0x12, 0x0c, 0xff},
	fynetheme.ColorNameSuccess:     color.NRGBA{0x0b, 0x4c, 0x22, 0xff},
	fynetheme.ColorNameWarning:     color.NRGBA{0x58, 0x3a, 0x00, 0xff},
	fynetheme.ColorNameDisabled:    color.NRGBA{0x48, 0x53, 0x60, 0xff},
	fynetheme.ColorNamePlaceHolder: color.NRGBA{0x48, 0x53, 0x60, 0xff},
	fynetheme.ColorNameInputBorder: color.NRGBA{0x48, 0x53, 0x60, 0xff},
	fynetheme.ColorNameSelection:   color.NRGBA{0xc6, 0xdb, 0xf3, 0xff},
	fynetheme.ColorNameFocus:       color.NRGBA{0x12, 0x3f, 0x75, 0x60},
}

// Color implements fyne.Theme.
func (l look) Color(n fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	if c, ok := strong[n]; ok {
		return c
	}
	return l.Theme.Color(n, v)
}

// Size implements fyne.Theme: nothing is smaller than the text.
func (l look) Size(n fyne.ThemeSizeName) float32 {
	switch n {
	case fynetheme.SizeNameCaptionText:
		return l.Theme.Size(fynetheme.SizeNameText)
	case fynetheme.SizeNameHeadingText:
		return 30
	case fynetheme.SizeNameInnerPadding: // more lines of a list at once
		return 4
	case fynetheme.SizeNameInlineIcon:
		return 28
	}
	return l.Theme.Size(n)
}
