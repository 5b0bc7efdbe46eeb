package kit

import (
	"fmt"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/field"
)

var attachmentName = (&commonv1.Attachment{}).ProtoReflect().Descriptor().FullName()

func isAttachment(f *field.Info) bool {
	return f.Desc.Message() != nil && f.Desc.Message().FullName() == attachmentName
}

// Attach lets files be added to the form's attachments: choose asks the person for a file for a field, stores it and hands over what names it.
// Without it the attachments can only be looked at.
func (f *Form) Attach(choose func(field string, then func(*commonv1.Attachment))) {
	f.attach = choose
	for _, r := range f.rows {
		if r.files != nil {
			f.drawFiles(r)
		}
	}
}

// drawFiles draws the row of an attachment, or of several.
func (f *Form) drawFiles(r *formRow) {
	r.files.RemoveAll()
	all := attachments(f.message.ProtoReflect(), r.info.Desc)
	for i, a := range all {
		row := container.NewHBox(widget.NewIcon(theme.FileIcon()), widget.NewLabel(fileLabel(a)))
		if f.attach != nil {
			row.Add(widget.NewButtonWithIcon("删除", theme.DeleteIcon(), func() { f.keepFiles(r, append(all[:i:i], all[i+1:]...)) }))
		}
		r.files.Add(row)
	}
	switch {
	case f.attach != nil && (r.info.Desc.IsList() || len(all) == 0):
		r.files.Add(container.NewHBox(widget.NewButtonWithIcon("选择文件", theme.FileIcon(), func() {
			f.attach(r.info.Name, func(a *commonv1.Attachment) { f.keepFiles(r, append(all[:len(all):len(all)], a)) })
		})))
	case len(all) == 0:
		r.files.Add(widget.NewLabel("—"))
	}
}

func (f *Form) keepFiles(r *formRow, all []*commonv1.Attachment) {
	m := f.message.ProtoReflect()
	m.Clear(r.info.Desc)
	for _, a := range all {
		if r.info.Desc.IsList() {
			m.Mutable(r.info.Desc).List().Append(protoreflect.ValueOfMessage(a.ProtoReflect()))
		} else {
			m.Set(r.info.Desc, protoreflect.ValueOfMessage(a.ProtoReflect()))
		}
	}
	r.say("")
	f.drawFiles(r)
	if f.Changed != nil {
		f.Changed(r.info.Name)
	}
}

// attachments are those of a field, single or repeated.
func attachments(m protoreflect.Message, fd protoreflect.FieldDescriptor) []*commonv1.Attachment {
	if !m.Has(fd) {
		return nil
	}
	if !fd.IsList() {
		return []*commonv1.Attachment{m.Get(fd).Message().Interface().(*commonv1.Attachment)}
	}
	l := m.Get(fd).List()
	all := make([]*commonv1.Attachment, l.Len())
	for i := range all {
		all[i] = l.Get(i).Message().Interface().(*commonv1.Attachment)
	}
	return all
}

// fileLabel is a file's name and size as people read it.
func fileLabel(a *commonv1.Attachment) string {
	switch n := a.GetSize(); {
	case n <= 0:
		return a.GetName()
	case n < 1<<20:
		return fmt.Sprintf("%s（%d KB）", a.GetName(), (n+1023)/1024)
	default:
		return fmt.Sprintf("%s（%.1f MB）", a.GetName(), float64(n)/(1<<20))
	}
}
