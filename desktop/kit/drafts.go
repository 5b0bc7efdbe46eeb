package kit

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Drafts keeps forms as they are being filled in; nil keeps none.
type Drafts interface {
	// Save keeps a form's message.
	Save(name string, m proto.Message) error
	// Load reads a form's message, false if none is kept.
	Load(name string, m proto.Message) (at time.Time, ok bool)
	// Drop forgets a form.
	Drop(name string) error
}

// A Draft keeps one form: every change a moment after it was typed, so that a power cut costs a second at most.
type Draft struct {
	Banner *Banner // says that something was restored

	desk  *Desk
	name  string
	m     proto.Message
	timer *time.Timer
}

// saveAfter is how long after the last key a form is kept.
const saveAfter = 600 * time.Millisecond

// NewDraft restores what was kept of a form into its message, before the form is drawn. revision tells whether the server has changed the record
// since.
func NewDraft(d *Desk, name string, m proto.Message) *Draft {
	x := &Draft{Banner: NewBanner(), desk: d, name: name, m: m}
	if d.Drafts == nil {
		return x
	}
	kept := m.ProtoReflect().New().Interface()
	at, ok := d.Drafts.Load(name, kept)
	if !ok {
		return x
	}
	text, how := "已恢复 "+at.In(china).Format("01-02 15:04")+" 未保存的内容。", widget.MediumImportance
	if revision(kept) != revision(m) {
		text, how = text+"服务器上的内容在此期间已被修改，保存前请核对。", widget.WarningImportance
	}
	now := revision(m)
	proto.Reset(m)
	proto.Merge(m, kept)
	setRevision(m, now)
	x.Banner.Say(text, how)
	return x
}

// Changed is called after every change of the form.
func (x *Draft) Changed(string) {
	if x.desk.Drafts == nil {
		return
	}
	if x.timer != nil {
		x.timer.Stop()
	}
	x.timer = time.AfterFunc(saveAfter, func() { fyne.Do(x.Save) })
}

// Save keeps the form as it is now.
func (x *Draft) Save() {
	if x.desk.Drafts == nil {
		return
	}
	m := proto.Clone(x.m)
	x.desk.Run(func() func() {
		err := x.desk.Drafts.Save(x.name, m)
		return func() {
			if err != nil {
				x.Banner.Say(Readable(err), widget.DangerImportance)
			}
		}
	})
}

// Drop forgets the draft: the form was taken.
func (x *Draft) Drop() {
	if x.desk.Drafts == nil {
		return
	}
	if x.timer != nil {
		x.timer.Stop()
	}
	x.Banner.Say("", widget.MediumImportance)
	x.desk.Run(func() func() {
		err := x.desk.Drafts.Drop(x.name)
		return func() { x.desk.Fail(err) }
	})
}

func revision(m proto.Message) int64 {
	if r, ok := m.(interface{ GetRevision() int64 }); ok {
		return r.GetRevision()
	}
	return 0
}

func setRevision(m proto.Message, n int64) {
	r := m.ProtoReflect()
	if fd := r.Descriptor().Fields().ByName("revision"); fd != nil {
		r.Set(fd, protoreflect.ValueOfInt64(n))
	}
}
