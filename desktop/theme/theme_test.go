package theme_test

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/test"
	fyneTheme "fyne.io/fyne/v2/theme"

	"zhiping/desktop/theme"
)

// luminance is the relative luminance of WCAG 2.1.
func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	linear := func(v uint32) float64 {
		x := float64(v) / 0xffff
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

func contrast(a, b color.Color) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// What is to be read stands out from its ground: 4.5:1 (WCAG 2.1 AA), the text of the pages 7:1 (ui.md).
func TestContrast(t *testing.T) {
	test.NewTempApp(t) // Fyne asks the program for what the theme leaves to it
	for _, dark := range []bool{false, true} {
		x := theme.New(1, dark)
		for _, c := range []struct {
			text, ground fyne.ThemeColorName
			least        float64
		}{
			{fyneTheme.ColorNameForeground, fyneTheme.ColorNameBackground, 7},
			{fyneTheme.ColorNameForeground, fyneTheme.ColorNameInputBackground, 7},
			{fyneTheme.ColorNameForeground, fyneTheme.ColorNameHeaderBackground, 7},
			{fyneTheme.ColorNameForeground, fyneTheme.ColorNameButton, 7},
			{fyneTheme.ColorNameForegroundOnPrimary, fyneTheme.ColorNamePrimary, 4.5},
			{fyneTheme.ColorNameForegroundOnError, fyneTheme.ColorNameError, 4.5},
			{fyneTheme.ColorNameHyperlink, fyneTheme.ColorNameBackground, 4.5},
			{fyneTheme.ColorNameError, fyneTheme.ColorNameBackground, 4.5},
			{fyneTheme.ColorNameWarning, fyneTheme.ColorNameHeaderBackground, 3},
			{fyneTheme.ColorNameSuccess, fyneTheme.ColorNameBackground, 4.5},
			{fyneTheme.ColorNameInputBorder, fyneTheme.ColorNameBackground, 2.5},
			{fyneTheme.ColorNamePlaceHolder, fyneTheme.ColorNameInputBackground, 4.5},
			{fyneTheme.ColorNameDisabled, fyneTheme.ColorNameBackground, 4.5},
		} {
			if got := contrast(x.Color(c.text, 0), x.Color(c.ground, 0)); got < c.least {
				t.Errorf("dark %v: %s on %s has %.1f:1, want %.1f:1", dark, c.text, c.ground, got, c.least)
			}
		}
	}
}

func TestOneFontForEveryStyle(t *testing.T) {
	x := theme.New(1, false)
	for _, s := range []fyne.TextStyle{{}, {Italic: true}, {Monospace: true}, {Symbol: true}} {
		if x.Font(s).Name() != "ZhipingSansSC-Regular.ttf" {
			t.Errorf("%+v: %s", s, x.Font(s).Name())
		}
	}
	if x.Font(fyne.TextStyle{Bold: true, Monospace: true}).Name() != "ZhipingSansSC-Bold.ttf" {
		t.Error("bold is not the bundled bold")
	}
}

func TestTextGrows(t *testing.T) {
	small, large := theme.New(1, false), theme.New(1.5, false)
	for _, n := range []fyne.ThemeSizeName{fyneTheme.SizeNameText, fyneTheme.SizeNameHeadingText, fyneTheme.SizeNameSubHeadingText, fyneTheme.SizeNameCaptionText} {
		if large.Size(n) != small.Size(n)*1.5 {
			t.Errorf("%s: %v and %v", n, small.Size(n), large.Size(n))
		}
	}
}

func TestSpeak(t *testing.T) {
	if err := theme.Speak(); err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]string{"Cancel": "取消", "OK": "确定", "(Select one)": "请选择"} {
		if got := lang.L(word); got != want {
			t.Errorf("%s: %s", word, got)
		}
	}
	if got := lang.X("file.parent", "Parent"); got != "上一级" {
		t.Error(got)
	}
}
