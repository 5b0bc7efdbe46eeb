// Package theme is the look of the desktop: calm, dense, government blue, with the bundled font for everything (ui.md).
package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"zhiping/assets"
)

// A Theme implements fyne.Theme.
type Theme struct {
	fyne.Theme
	Scale         float32 // of the text: 1 to 1.5
	Dark          bool    // a setting, not the system's: offices share machines whose setting nobody knows
	regular, bold fyne.Resource
}

// New returns the theme.
func New(scale float32, dark bool) *Theme {
	return &Theme{
		Theme: theme.DefaultTheme(), Scale: scale, Dark: dark,
		regular: fyne.NewStaticResource("ZhipingSansSC-Regular.ttf", assets.Regular), bold: fyne.NewStaticResource("ZhipingSansSC-Bold.ttf", assets.Bold),
	}
}

// Font implements fyne.Theme: one family for every style, so that no sign falls back to a font the machine may lack.
func (t *Theme) Font(s fyne.TextStyle) fyne.Resource {
	if s.Bold {
		return t.bold
	}
	return t.regular
}

var light = map[fyne.ThemeColorName]color.Color{
	theme.ColorNamePrimary:          color.NRGBA{0x1f, 0x5f, 0xa8, 0xff},
	theme.ColorNameBackground:       color.NRGBA{0xf5, 0xf7, 0xfa, 0xff},
	theme.ColorNameForeground:       color.NRGBA{0x1f, 0x29, 0x33, 0xff},
	theme.ColorNameInputBackground:  color.NRGBA{0xff, 0xff, 0xff, 0xff},
	theme.ColorNameInputBorder:      color.NRGBA{0x8a, 0x97, 0xa6, 0xff},
	theme.ColorNameButton:           color.NRGBA{0xe6, 0xec, 0xf4, 0xff},
	theme.ColorNameHeaderBackground: color.NRGBA{0xdd, 0xe8, 0xf4, 0xff},
	theme.ColorNameHover:            color.NRGBA{0x1f, 0x5f, 0xa8, 0x18},
	theme.ColorNameSelection:        color.NRGBA{0x1f, 0x5f, 0xa8, 0x30},
	theme.ColorNameFocus:            color.NRGBA{0x1f, 0x5f, 0xa8, 0x60},
	theme.ColorNameSeparator:        color.NRGBA{0xd5, 0xdc, 0xe5, 0xff},
	theme.ColorNameError:            color.NRGBA{0xb4, 0x23, 0x18, 0xff},
	theme.ColorNameSuccess:          color.NRGBA{0x1e, 0x7a, 0x3c, 0xff},
	theme.ColorNameWarning:          color.NRGBA{0x9a, 0x67, 0x00, 0xff},
	theme.ColorNameDisabled:         color.NRGBA{0x5b, 0x67, 0x75, 0xff},
	theme.ColorNamePlaceHolder:      color.NRGBA{0x62, 0x6e, 0x7c, 0xff},
	theme.ColorNameHyperlink:        color.NRGBA{0x1d, 0x5c, 0xa6, 0xff},
	theme.ColorNameScrollBar:        color.NRGBA{0x1f, 0x29, 0x33, 0x60},
	theme.ColorNameShadow:           color.NRGBA{0x1f, 0x29, 0x33, 0x20},
	theme.ColorNameDisabledButton:   color.NRGBA{0xe9, 0xec, 0xf0, 0xff},
}

// Color implements fyne.Theme.
func (t *Theme) Color(n fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	colors, variant := light, theme.VariantLight
	if t.Dark {
		colors, variant = dark, theme.VariantDark
	}
	if c, ok := colors[n]; ok {
		return c
	}
	return t.Theme.Color(n, variant)
}

var dark = map[fyne.ThemeColorName]color.Color{
	theme.ColorNamePrimary:             color.NRGBA{0x4f, 0x93, 0xe0, 0xff},
	theme.ColorNameForegroundOnPrimary: color.NRGBA{0x0b, 0x16, 0x24, 0xff},
	theme.ColorNameBackground:          color.NRGBA{0x17, 0x1c, 0x23, 0xff},
	theme.ColorNameForeground:          color.NRGBA{0xe6, 0xea, 0xef, 0xff},
	theme.ColorNameHeaderBackground:    color.NRGBA{0x22, 0x30, 0x42, 0xff},
	theme.ColorNameInputBackground:     color.NRGBA{0x10, 0x15, 0x1b, 0xff},
	theme.ColorNameInputBorder:         color.NRGBA{0x7c, 0x8a, 0x9a, 0xff},
	theme.ColorNameButton:              color.NRGBA{0x2a, 0x36, 0x44, 0xff},
	theme.ColorNameDisabledButton:      color.NRGBA{0x20, 0x27, 0x30, 0xff},
	theme.ColorNameSeparator:           color.NRGBA{0x3a, 0x47, 0x56, 0xff},
	theme.ColorNameHover:               color.NRGBA{0x4f, 0x93, 0xe0, 0x28},
	theme.ColorNameSelection:           color.NRGBA{0x4f, 0x93, 0xe0, 0x48},
	theme.ColorNameFocus:               color.NRGBA{0x4f, 0x93, 0xe0, 0x80},
	theme.ColorNameScrollBar:           color.NRGBA{0xe6, 0xea, 0xef, 0x70},
	theme.ColorNameMenuBackground:      color.NRGBA{0x1f, 0x27, 0x31, 0xff},
	theme.ColorNameOverlayBackground:   color.NRGBA{0x1f, 0x27, 0x31, 0xff},
	theme.ColorNameHyperlink:           color.NRGBA{0x7f, 0xb3, 0xf0, 0xff},
	theme.ColorNameError:               color.NRGBA{0xff, 0x8a, 0x80, 0xff},
	theme.ColorNameWarning:             color.NRGBA{0xff, 0xc0, 0x4d, 0xff},
	theme.ColorNameSuccess:             color.NRGBA{0x7d, 0xd1, 0x91, 0xff},
	theme.ColorNameForegroundOnError:   color.NRGBA{0x2a, 0x08, 0x05, 0xff},
	theme.ColorNameDisabled:            color.NRGBA{0x9a, 0xa5, 0xb1, 0xff},
	theme.ColorNamePlaceHolder:         color.NRGBA{0x9a, 0xa5, 0xb1, 0xff},
}

// Size implements fyne.Theme.
func (t *Theme) Size(n fyne.ThemeSizeName) float32 {
	switch n {
	case theme.SizeNameText:
		return 13 * t.Scale
	case theme.SizeNameSubHeadingText:
		return 16 * t.Scale
	case theme.SizeNameHeadingText:
		return 20 * t.Scale
	case theme.SizeNameCaptionText:
		return 11 * t.Scale
	case theme.SizeNamePadding:
		return 4
	case theme.SizeNameInnerPadding:
		return 6
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius:
		return 3
	}
	return t.Theme.Size(n)
}
