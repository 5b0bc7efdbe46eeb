package kit

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/field"
)

// defectList is where the reviewer notes what is to be corrected, field by field.
type defectList struct {
	content fyne.CanvasObject
	all     []*reviewv1.Defect

	field  *widget.Select
	text   *Entry
	rows   *fyne.Container
	fields map[string]string // the name of a field by what the choice says
}

// theWhole is the choice for what is wrong with no single field.
const theWhole = "整份材料"

func newDefectList() *defectList {
	d := &defectList{field: widget.NewSelect(nil, nil), text: NewEntry(), rows: container.NewVBox(), fields: map[string]string{theWhole: ""}}
	d.text.SetPlaceHolder("哪里不对，怎么改")
	d.text.OnSubmitted = func(string) { d.add() }
	add := widget.NewButtonWithIcon("", theme.ContentAddIcon(), d.add)
	d.content = container.NewVBox(container.NewBorder(nil, nil, d.field, add, d.text), d.rows)
	d.content.Hide()
	return d
}

// offer makes the fields of the sections choosable.
func (d *defectList) offer(sections []Section) {
	names := []string{theWhole}
	for _, s := range sections {
		for _, f := range field.Named(s.Message, s.Fields...) {
			label := f.GetLabel()
			if _, twice := d.fields[label]; twice {
				continue // several achievements have the same fields: the text says which
			}
			d.fields[label] = f.Name
			names = append(names, label)
		}
	}
	d.field.SetOptions(names)
	d.field.SetSelected(theWhole)
	d.content.Show()
}

func (d *defectList) add() {
	text := strings.TrimSpace(d.text.Text)
	if text == "" {
		return
	}
	if d.field.Selected != theWhole {
		text = d.field.Selected + "：" + text
	}
	d.all = append(d.all, &reviewv1.Defect{Field: d.fields[d.field.Selected], Text: text})
	d.text.SetText("")
	d.draw()
}

func (d *defectList) draw() {
	d.rows.RemoveAll()
	for i, x := range d.all {
		l := widget.NewLabel("· " + x.Text)
		l.Wrapping = fyne.TextWrapWord
		remove := widget.NewButtonWithIcon("", theme.DeleteIcon(), func() {
			d.all = append(d.all[:i:i], d.all[i+1:]...)
			d.draw()
		})
		remove.Importance = widget.LowImportance
		d.rows.Add(container.NewBorder(nil, nil, nil, remove, l))
	}
}
