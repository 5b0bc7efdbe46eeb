package kit

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/fault"
	"zhiping/shared/field"
)

// A Form edits fields of a message: label with a star where required, help, a counter for limited text, what is wrong under its field. The
// message always holds what was typed, so nothing is lost when a check fails.
type Form struct {
	Content fyne.CanvasObject
	Changed func(name string) // after a field has taken a new value; for values that follow from others

	message proto.Message
	rows    map[string]*formRow
	order   []string
}

type formRow struct {
	info  *field.Info
	entry *widget.Entry
	pick  *widget.SelectEntry
	check *widget.Check
	note  *widget.Label
	count *widget.Label
}

// NewForm draws the named fields of a message.
func NewForm(m proto.Message, names ...string) *Form {
	f := &Form{message: m, rows: map[string]*formRow{}, order: names}
	grid := container.NewVBox()
	for _, info := range field.Named(m, names...) {
		grid.Add(f.row(info))
	}
	f.Content = grid
	return f
}

func (f *Form) row(info *field.Info) fyne.CanvasObject {
	r := &formRow{info: info, note: widget.NewLabel(""), count: widget.NewLabel("")}
	f.rows[info.Name] = r
	title := info.GetLabel()
	if info.Required {
		title = "* " + title
	}
	label := widget.NewLabelWithStyle(title, fyne.TextAlignTrailing, fyne.TextStyle{})
	r.note.Importance = widget.DangerImportance
	r.note.Wrapping = fyne.TextWrapWord
	r.note.Hide()
	r.count.Importance = widget.LowImportance
	var input fyne.CanvasObject
	switch {
	case info.Desc.Kind() == protoreflect.BoolKind:
		r.check = widget.NewCheck("", func(on bool) { f.set(r, map[bool]string{true: "是", false: "否"}[on]) })
		r.check.SetChecked(info.Text(f.message) == "是")
		input = r.check
	case len(info.Choices) > 0:
		input = f.choice(r)
	default:
		input = f.text(r)
	}
	row := container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSize(150, 32), label), container.NewGridWrap(fyne.NewSize(70, 32), r.count), input)
	return container.NewVBox(row, container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSize(150, 1)), nil, r.note))
}

func (f *Form) text(r *formRow) fyne.CanvasObject {
	r.entry = widget.NewEntry()
	if r.info.GetWidget() == commonv1.Widget_WIDGET_PARAGRAPH {
		r.entry = widget.NewMultiLineEntry()
		r.entry.SetMinRowsVisible(4)
	}
	r.entry.SetText(r.info.Text(f.message))
	r.entry.SetPlaceHolder(r.info.GetHelp())
	r.counted()
	r.entry.OnChanged = func(s string) {
		f.set(r, s)
		r.counted()
	}
	return r.entry
}

// choice is an entry with a list under it: what is typed narrows the list, so that a long one can be searched.
func (f *Form) choice(r *formRow) fyne.CanvasObject {
	var all []string
	for _, c := range r.info.Choices {
		all = append(all, c.Label)
	}
	r.pick = widget.NewSelectEntry(all[:min(len(all), longList)])
	r.pick.SetText(r.info.Text(f.message))
	r.pick.SetPlaceHolder("输入文字可筛选")
	r.pick.OnChanged = func(s string) {
		var some []string
		for _, l := range all {
			if strings.Contains(l, s) && len(some) < longList {
				some = append(some, l)
			}
		}
		r.pick.SetOptions(some)
		f.set(r, s)
	}
	return r.pick
}

// longList is how many choices are offered at once.
const longList = 60

// counted shows how much of a limited text is used.
func (r *formRow) counted() {
	if r.info.Max > 0 && r.info.Max < 1000 {
		r.count.SetText(fmt.Sprintf("%d / %d", len([]rune(r.entry.Text)), r.info.Max))
	}
}

func (f *Form) set(r *formRow, s string) {
	if p := r.info.SetText(f.message, s); p != nil {
		r.say(p.Text)
		return
	}
	r.say("")
	if f.Changed != nil {
		f.Changed(r.info.Name)
	}
}

func (r *formRow) say(text string) {
	r.note.SetText(text)
	if text == "" {
		r.note.Hide()
	} else {
		r.note.Show()
	}
}

// Check holds what was typed against the declared limits and shows what is wrong under its field; it reports whether all is well.
func (f *Form) Check() bool {
	problems, err := field.Check(f.message, field.Complete)
	if err != nil {
		return false
	}
	wrong := false
	for _, name := range f.order {
		r := f.rows[name]
		if r.note.Visible() && r.note.Text != "" {
			wrong = true // what was typed is no value at all
			continue
		}
		for _, p := range problems {
			if p.Field == name {
				r.say(p.Text)
				wrong = true
			}
		}
	}
	return !wrong
}

// Show shows the problems of a fault under their fields and returns those that are of no field of this form.
func (f *Form) Show(err error) error {
	e := fault.As(err)
	if e == nil {
		return err
	}
	problems := e.Problems
	if len(problems) == 0 {
		problems = []fault.Problem{{Field: e.Field, Text: e.Message}}
	}
	shown := 0
	for _, p := range problems {
		if r := f.rows[p.Field[strings.LastIndex(p.Field, ".")+1:]]; r != nil {
			r.say(p.Text)
			shown++
		}
	}
	if shown == len(problems) {
		return nil
	}
	return err
}

// A Step is a part of a wizard.
type Step struct {
	Title   string
	Content fyne.CanvasObject
	Check   func() bool // whether one may go on; nil is always
}

// NewWizard draws named steps that can be gone through and back to; finish is called after the last.
func NewWizard(finish func(), steps ...Step) fyne.CanvasObject {
	at := 0
	body := container.NewStack()
	names := container.NewHBox()
	var show func()
	back := widget.NewButton("上一步", func() { at--; show() })
	next := widget.NewButton("下一步", nil)
	next.Importance = widget.HighImportance
	next.OnTapped = func() {
		if c := steps[at].Check; c != nil && !c() {
			return
		}
		if at == len(steps)-1 {
			finish()
			return
		}
		at++
		show()
	}
	show = func() {
		names.RemoveAll()
		for i, s := range steps {
			b := widget.NewButton(fmt.Sprintf("%d. %s", i+1, s.Title), func() { at = i; show() })
			if b.Importance = widget.LowImportance; i == at {
				b.Importance = widget.HighImportance
			} else if i > at {
				b.Disable()
			}
			names.Add(b)
		}
		body.Objects = []fyne.CanvasObject{container.NewVScroll(container.NewPadded(steps[at].Content))}
		body.Refresh()
		enable(back, at > 0)
		next.SetText("下一步")
		if at == len(steps)-1 {
			next.SetText("提　交")
		}
	}
	show()
	return container.NewBorder(names, container.NewHBox(back, next), nil, nil, body)
}

// Reset shows the message's values again, after the program has changed them.
func (f *Form) Reset() {
	for _, r := range f.rows {
		switch text := r.info.Text(f.message); {
		case r.entry != nil:
			r.entry.SetText(text)
		case r.pick != nil:
			r.pick.SetText(text)
		case r.check != nil:
			r.check.SetChecked(text == "是")
		}
	}
}
