package unit

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/field"
)

// A superiorPick looks a superior up by a part of its name: the tree of a province is too long for a drop-down.
type superiorPick struct {
	content fyne.CanvasObject
	chosen  *unitv1.Superior
	name    *kit.Entry
}

func newSuperiorPick(c unitv1connect.UnitServiceClient, d *kit.Desk, chose func(*unitv1.Superior)) *superiorPick {
	p := &superiorPick{name: kit.NewEntry()}
	p.name.SetPlaceHolder("单位名称中的几个字，至少两个字")
	found := widget.NewRadioGroup(nil, nil)
	note := widget.NewLabel("")
	note.Importance = widget.LowImportance
	search := func() {
		var resp *unitv1.FindSuperiorsResponse
		d.Do(func() (err error) {
			resp, err = c.FindSuperiors(context.Background(), &unitv1.FindSuperiorsRequest{Name: p.name.Text})
			return err
		}, func() {
			byName := map[string]*unitv1.Superior{}
			found.Options, found.Selected = nil, ""
			for _, s := range resp.Superiors {
				line := s.Name + "（" + field.Label(s.Kind) + "）"
				byName[line] = s
				found.Options = append(found.Options, line)
			}
			found.OnChanged = func(line string) {
				if p.chosen = byName[line]; p.chosen != nil && chose != nil {
					chose(p.chosen)
				}
			}
			note.SetText("")
			if len(resp.Superiors) == 0 {
				note.SetText("没有找到已授权的单位，请换几个字再查。")
			}
			found.Refresh()
		})
	}
	p.name.OnSubmitted = func(string) { search() }
	button := widget.NewButtonWithIcon("查找", theme.SearchIcon(), search)
	list := container.NewVScroll(container.NewVBox(found, note))
	list.SetMinSize(fyne.NewSize(0, 150))
	p.content = container.NewBorder(container.NewBorder(nil, nil, nil, button, p.name), nil, nil, nil, list)
	return p
}

// PickSuperior asks for a superior in a window of its own.
func PickSuperior(c unitv1connect.UnitServiceClient, d *kit.Desk, title, text string, then func(*unitv1.Superior)) {
	p := newSuperiorPick(c, d, nil)
	d.Ask(title, container.NewBorder(widget.NewLabel(text), nil, nil, nil, p.content), "提交申请", func() {
		if p.chosen != nil {
			then(p.chosen)
		}
	})
}
