package kit

import (
	"fyne.io/fyne/v2"
	"google.golang.org/protobuf/proto"
)

// Repeat asks for a hidden field a second time: what cannot be read while it is typed is mistyped easily. Check refuses two that differ.
func (f *Form) Repeat(name string) {
	first := f.rows[name]
	info := *first.info
	info.Field = proto.CloneOf(info.Field)
	info.Label, info.Help, info.Max = "再次输入", "", 0
	again := newFormRow(&info)
	again.entry = newLeaveEntry(1, func() {
		if again.entry.Text != "" {
			again.differs(first)
		}
	})
	again.entry.Password = true
	again.entry.OnChanged = func(string) { again.say("") }
	f.again = append(f.again, again.entry)
	f.repeats = append(f.repeats, func() bool { return again.differs(first) })
	grid := f.Content.(*fyne.Container)
	for i, o := range grid.Objects {
		if o == first.content {
			grid.Objects = append(grid.Objects[:i+1], append([]fyne.CanvasObject{again.draw(again.entry)}, grid.Objects[i+1:]...)...)
		}
	}
	grid.Refresh()
}

// differs says so if what was typed twice is not the same.
func (r *formRow) differs(first *formRow) bool {
	if r.entry.Text == first.entry.Text {
		r.say("")
		return false
	}
	r.say("两次输入的内容不一致，请重新输入")
	return true
}

// Focus puts the cursor into the first entry.
func (f *Form) Focus(c fyne.Canvas) {
	if r := f.rows[f.order[0]]; c != nil && r.entry != nil {
		c.Focus(r.entry)
	}
}

// Entered is called when Enter is pressed in an entry of one line: for short forms, which are sent like a sign-in.
func (f *Form) Entered(fn func()) {
	for _, r := range f.rows {
		if r.entry != nil {
			r.entry.OnSubmitted = func(string) { fn() }
		}
	}
	for _, e := range f.again {
		e.OnSubmitted = func(string) { fn() }
	}
}
