package meeting_test

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"zhiping/desktop/meeting"
)

// luminance is that of WCAG 2.
func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	l := 0.0
	for _, part := range []struct {
		value  uint32
		weight float64
	}{{r, 0.2126}, {g, 0.7152}, {b, 0.0722}} {
		v := float64(part.value) / 0xffff
		if v <= 0.03928 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		l += part.weight * v
	}
	return l
}

// Every text of a booth has at least 18 points and a contrast of at least 7:1 on every ground it stands on (ui.md).
func TestReadableAtSixtyFive(t *testing.T) {
	test.NewTempApp(t)
	look := meeting.Theme()
	for _, size := range []fyne.ThemeSizeName{fynetheme.SizeNameText, fynetheme.SizeNameCaptionText, fynetheme.SizeNameSubHeadingText, fynetheme.SizeNameHeadingText} {
		if points := look.Size(size) * 72 / 96; points < 18 {
			t.Errorf("%s has %.1f points", size, points)
		}
	}
	grounds := map[fyne.ThemeColorName][]fyne.ThemeColorName{
		fynetheme.ColorNameForeground: {
			fynetheme.ColorNameBackground, fynetheme.ColorNameButton, fynetheme.ColorNameInputBackground, fynetheme.ColorNameSelection, fynetheme.ColorNameOverlayBackground,
		},
		fynetheme.ColorNamePlaceHolder:         {fynetheme.ColorNameInputBackground},
		fynetheme.ColorNameDisabled:            {fynetheme.ColorNameBackground},
		fynetheme.ColorNamePrimary:             {fynetheme.ColorNameBackground, fynetheme.ColorNameSelection},
		fynetheme.ColorNameWarning:             {fynetheme.ColorNameBackground, fynetheme.ColorNameSelection},
		fynetheme.ColorNameSuccess:             {fynetheme.ColorNameBackground, fynetheme.ColorNameSelection},
		fynetheme.ColorNameError:               {fynetheme.ColorNameBackground, fynetheme.ColorNameSelection},
		fynetheme.ColorNameForegroundOnPrimary: {fynetheme.ColorNamePrimary, fynetheme.ColorNameError, fynetheme.ColorNameWarning},
		fynetheme.ColorNameForegroundOnError:   {fynetheme.ColorNameError},
	}
	for text, on := range grounds {
		for _, ground := range on {
			a, b := luminance(look.Color(text, fynetheme.VariantLight)), luminance(look.Color(ground, fynetheme.VariantLight))
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 7 {
				t.Errorf("%s on %s has a contrast of %.1f:1", text, ground, ratio)
			}
		}
	}
}
