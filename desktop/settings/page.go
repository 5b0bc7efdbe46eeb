// Package settings is the page on which a person sets up the window: text size and colours (ui.md).
package settings

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
)

// Scales are the text sizes that can be chosen, in percent.
var Scales = []int{100, 110, 125, 140, 150}

const (
	light = "浅色"
	dark  = "深色"
)

// A Page is the settings.
type Page struct {
	Content fyne.CanvasObject
	Scale   *widget.RadioGroup
	Colours *widget.RadioGroup
}

// New draws the settings as they are; apply takes every change at once, forget sets the lists back.
func New(look kit.Look, apply func(kit.Look), forget func()) *Page {
	p := &Page{}
	var names []string
	for _, n := range Scales {
		names = append(names, percent(n))
	}
	p.Scale, p.Colours = widget.NewRadioGroup(names, nil), widget.NewRadioGroup([]string{light, dark}, nil)
	for _, g := range []*widget.RadioGroup{p.Scale, p.Colours} {
		g.Horizontal, g.Required = true, true
	}
	p.show(look)
	changed := func(string) {
		for _, n := range Scales {
			if percent(n) == p.Scale.Selected {
				look.Scale = float32(n) / 100
			}
		}
		look.Dark = p.Colours.Selected == dark
		apply(look)
	}
	p.Scale.OnChanged, p.Colours.OnChanged = changed, changed
	back := widget.NewButtonWithIcon("恢复默认设置", theme.ContentUndoIcon(), func() {
		p.Scale.OnChanged, p.Colours.OnChanged = nil, nil
		look = kit.Look{Scale: 1}
		p.show(look)
		p.Scale.OnChanged, p.Colours.OnChanged = changed, changed
		apply(look)
		forget()
	})
	note := widget.NewLabel("设置马上生效，只影响您在这台电脑上的账号。每个列表的列宽、每页条数，以及上次打开的页面，程序会自动记住。")
	note.Wrapping = fyne.TextWrapBreak
	p.Content = container.NewVBox(
		kit.NewPart("文字大小", p.Scale), kit.NewPart("颜色", p.Colours),
		kit.NewPart("列表", widget.NewLabel("拖动表头之间的竖线可调整列宽。")), note, container.NewHBox(back),
	)
	return p
}

func percent(n int) string { return fmt.Sprintf("%d%%", n) }

// show chooses what a look is; a text size between two choices shows as the next smaller one.
func (p *Page) show(look kit.Look) {
	chosen := Scales[0]
	for _, n := range Scales {
		if float32(n)/100 <= look.Scale+0.001 {
			chosen = n
		}
	}
	p.Scale.SetSelected(percent(chosen))
	p.Colours.SetSelected(map[bool]string{false: light, true: dark}[look.Dark])
}
