package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/catalog"
	"zhiping/shared/field"
)

// A Section is a part of a detail page: fields of a message under a heading.
type Section struct {
	Title   string
	Message proto.Message
	Fields  []string
	Masked  bool // numbers and telephones are shown masked (rules.md, section 5); whose material it is must be readable
	// Open opens an attachment in the system's program; without it only names are shown.
	Open func(*commonv1.Attachment)
}

// NewDetail draws sections, a row for each field: label and value.
func NewDetail(sections ...Section) fyne.CanvasObject {
	all := container.NewVBox()
	width := labelsWidth(sections)
	for _, s := range sections {
		grid := container.New(layout.NewFormLayout())
		for _, f := range field.Named(s.Message, s.Fields...) {
			label := widget.NewLabelWithStyle(f.GetLabel(), fyne.TextAlignTrailing, fyne.TextStyle{})
			label.Importance = widget.LowImportance
			grid.Add(container.New(columnLayout{width}, label))
			grid.Add(s.value(f))
		}
		all.Add(NewPart(s.Title, grid))
	}
	return container.NewVScroll(all)
}

// NewPart draws a part of a page under its heading.
func NewPart(title string, content fyne.CanvasObject) fyne.CanvasObject {
	head := widget.NewLabelWithStyle(title, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	head.SizeName = "subHeadingText"
	return widget.NewCard("", "", container.NewVBox(head, content))
}

// labelsWidth is the width, at a text size of 100 %, of the widest label of all sections: values stand under each other down the whole page.
func labelsWidth(sections []Section) (width float32) {
	for _, s := range sections {
		for _, f := range field.Named(s.Message, s.Fields...) {
			width = max(width, widget.NewLabel(f.GetLabel()).MinSize().Width)
		}
	}
	return width / scale()
}

// NewFiles draws attachments under each other; open is asked for the one that is clicked.
func NewFiles(all []*commonv1.Attachment, open func(*commonv1.Attachment)) fyne.CanvasObject {
	box := container.NewVBox()
	for _, a := range all {
		link := widget.NewHyperlink(fileLabel(a), nil)
		link.OnTapped = func() { open(a) }
		box.Add(link)
	}
	return box
}

// value is what stands beside a label.
func (s *Section) value(f *field.Info) fyne.CanvasObject {
	if isAttachment(f) && s.Open != nil && s.Message.ProtoReflect().Has(f.Desc) {
		return NewFiles(attachments(s.Message.ProtoReflect(), f.Desc), s.Open)
	}
	text := f.Text(s.Message)
	if isDivision(f) {
		text = catalog.Division(code(s.Message, f))
	}
	if s.Masked && f.GetPersonal() != commonv1.Personal_PERSONAL_NAME {
		text = f.Masked(s.Message)
	}
	if text == "" {
		text = "—"
	}
	value := widget.NewLabel(text)
	value.Wrapping = fyne.TextWrapWord
	return value
}
