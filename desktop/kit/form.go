package kit

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

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
	// Path is where the message stands in the request, as in "handlers[1].staff"; without one every problem of a field of this name is shown here.
	Path string

	message proto.Message
	rows    map[string]*formRow
	order   []string
	repeats []func() (differs bool)
	again   []*leaveEntry // of the repeats
	attach  func(field string, then func(*commonv1.Attachment))
	bring   func() // brings the form to the person, where it is a step of a wizard
}

type formRow struct {
	info    *field.Info
	entry   *leaveEntry
	pick    *leavePick
	all     []string // what can be picked
	narrow  bool     // not everything that is declared can be
	check   *Check
	place   *divisionPick
	files   *fyne.Container
	shown   *widget.Label // of a derived field
	note    *widget.Label
	count   *widget.Label
	label   *widget.RichText
	asked   bool   // must be there though its declaration does not say so (Require)
	problem string // why what was typed is no value; said on leaving the field
	content fyne.CanvasObject
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

func newFormRow(info *field.Info) *formRow {
	r := &formRow{info: info, note: widget.NewLabel(""), count: widget.NewLabel("")}
	r.note.Importance = widget.DangerImportance
	r.note.Wrapping = fyne.TextWrapWord
	r.note.Hide()
	r.count.Importance = widget.LowImportance
	return r
}

func (f *Form) row(info *field.Info) fyne.CanvasObject {
	r := newFormRow(info)
	f.rows[info.Name] = r
	var input fyne.CanvasObject
	switch {
	case isAttachment(info):
		r.files = container.NewVBox()
		f.drawFiles(r)
		input = r.files
	case info.GetDerived():
		r.shown = widget.NewLabel(info.Text(f.message))
		input = r.shown
	case info.Desc.Kind() == protoreflect.BoolKind:
		r.check = NewCheck("", func(on bool) { f.set(r, map[bool]string{true: "是", false: "否"}[on]) })
		r.check.SetChecked(info.Text(f.message) == "是")
		input = r.check
	case isDivision(info):
		r.place = newDivisionPick(code(f.message, info), func(code string) { f.set(r, code) })
		input = r.place.content
	case len(info.Choices) > 0:
		input = f.choice(r)
	default:
		input = f.text(r)
	}
	return r.draw(input)
}

// draw puts label, input, counter and note together.
func (r *formRow) draw(input fyne.CanvasObject) fyne.CanvasObject {
	label := newFormLabel(r.info)
	r.label = label
	row := container.NewBorder(nil, nil, container.New(columnLayout{labelWidth}, label), container.New(columnLayout{countWidth}, r.count), input)
	note := container.NewBorder(nil, nil, container.New(columnLayout{labelWidth}), nil, r.note)
	r.content = container.New(narrowLayout{}, container.NewVBox(row, note))
	return r.content
}

func (f *Form) text(r *formRow) fyne.CanvasObject {
	r.entry = newLeaveEntry(rowsOf(r.info), func() { f.left(r) })
	if r.info.GetPersonal() == commonv1.Personal_PERSONAL_HIDDEN {
		r.entry.Password = true
	}
	r.entry.SetText(r.info.Text(f.message))
	r.entry.SetPlaceHolder(hint(r.info))
	r.counted()
	r.entry.OnChanged = func(s string) {
		f.set(r, s)
		r.counted()
	}
	return r.entry
}

// choice is an entry with a list under it: what is typed narrows the list, so that a long one can be searched.
func (f *Form) choice(r *formRow) fyne.CanvasObject {
	for _, c := range r.info.Choices {
		r.all = append(r.all, c.Label)
	}
	r.pick = newLeavePick(func() { f.left(r) })
	r.offer("")
	r.pick.SetText(r.info.Text(f.message))
	r.pick.SetPlaceHolder("输入文字可筛选")
	r.pick.OnChanged = func(s string) {
		r.offer(s)
		if f.set(r, s); r.narrow && s != "" && !slices.Contains(r.all, s) {
			r.problem = r.info.GetLabel() + "不是可选的值，请从列表中选择"
		}
	}
	return r.pick
}

// longList is how many choices are offered at once.
const longList = 60

// offer narrows the list to what holds the text; to everything once one is picked, so that another can be picked.
func (r *formRow) offer(s string) {
	if slices.Contains(r.all, s) {
		s = ""
	}
	var some []string
	for _, l := range r.all {
		if strings.Contains(l, s) && len(some) < longList {
			some = append(some, l)
		}
	}
	r.pick.SetOptions(some)
}

// Offer changes what can be picked for a field, for a list that depends on another field (series, then title). A value that is no longer
// among them is cleared.
func (f *Form) Offer(name string, labels []string) {
	r := f.rows[name]
	r.all, r.narrow = labels, true
	r.offer("")
	if r.pick.Text != "" && !slices.Contains(labels, r.pick.Text) {
		r.pick.SetText("")
	}
}

// Protect makes fields unchangeable: keys, and what another unit has verified.
func (f *Form) Protect(names ...string) {
	for _, n := range names {
		switch r := f.rows[n]; {
		case r.entry != nil:
			r.entry.Disable()
		case r.pick != nil:
			r.pick.Disable()
		case r.check != nil:
			r.check.Disable()
		case r.place != nil:
			r.place.disable()
		}
	}
}

// counted shows how much of a limited text is used.
func (r *formRow) counted() {
	if r.info.Max == 0 || r.info.Max >= 1000 || r.info.GetPersonal() == commonv1.Personal_PERSONAL_HIDDEN || r.info.GetWidget() == commonv1.Widget_WIDGET_DATE || r.info.GetWidget() == commonv1.Widget_WIDGET_MONTH {
		return
	}
	n := utf8.RuneCountInString(strings.TrimSpace(r.entry.Text))
	r.count.Importance = widget.LowImportance
	if n > r.info.Max {
		r.count.Importance = widget.DangerImportance
	}
	r.count.SetText(fmt.Sprintf("%d / %d", n, r.info.Max))
}

// set takes what is being typed. Nothing is complained about before the field is left: half a date is no mistake.
func (f *Form) set(r *formRow, s string) {
	r.say("")
	r.problem = ""
	if p := r.info.SetText(f.message, s); p != nil {
		r.problem = p.Text
		return
	}
	if f.Changed != nil {
		f.Changed(r.info.Name)
	}
}

// left says what is wrong with a field that the cursor has left, and shows the value as it will be kept: 20240226 becomes 2024-02-26.
func (f *Form) left(r *formRow) {
	if r.problem != "" {
		r.say(r.problem)
		return
	}
	if text := r.info.Text(f.message); r.entry != nil && r.entry.Text != text {
		r.entry.SetText(text)
	}
	if r.text() == "" {
		return // that something is still to be filled in is said when the form is sent
	}
	problems, err := field.Check(f.message, field.Draft)
	if err != nil {
		return // a bug in the declarations; Check says it
	}
	for _, p := range problems {
		if p.Field == r.info.Name {
			r.say(p.Text)
			return
		}
	}
}

func (r *formRow) text() string {
	if r.pick != nil {
		return r.pick.Text
	}
	return r.entry.Text
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
	return f.tell(problems, true)
}

// tell shows the problems under their fields and reports whether there are none.
func (f *Form) tell(problems []fault.Problem, complete bool) bool {
	wrong := false
	for _, name := range f.order {
		r := f.rows[name]
		r.say(r.problem)
		if r.problem != "" {
			wrong = true // what was typed is no value at all
			continue
		}
		for _, p := range problems {
			if p.Field == name || strings.HasPrefix(p.Field, name+"[") || strings.HasPrefix(p.Field, name+".") {
				r.say(p.Text)
				wrong = true
			}
		}
		if complete && r.asked && !r.info.Required && !f.message.ProtoReflect().Has(r.info.Desc) {
			r.say(r.info.GetLabel() + "为必填项，请填写")
			wrong = true
		}
	}
	for _, differs := range f.repeats {
		wrong = differs() || wrong
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
	var rest []fault.Problem
	for _, p := range problems {
		path, name := "", p.Field
		if i := strings.LastIndex(p.Field, "."); i >= 0 {
			path, name = p.Field[:i], p.Field[i+1:]
		}
		if r := f.rows[name]; r != nil && (f.Path == "" || f.Path == path) {
			r.say(p.Text)
			continue
		}
		rest = append(rest, p)
	}
	if len(rest) < len(problems) && f.bring != nil {
		f.bring()
	}
	switch len(rest) {
	case 0:
		return nil
	case len(problems):
		return err
	}
	left := *e
	left.Message, left.Field, left.Problems = fault.Several(rest).Error(), rest[0].Field, rest
	return &left
}

// Reset shows the message's values again, of the named fields or of all, after the program has changed them.
func (f *Form) Reset(names ...string) {
	for _, r := range f.rows {
		if len(names) > 0 && !slices.Contains(names, r.info.Name) {
			continue
		}
		switch text := r.info.Text(f.message); {
		case r.entry != nil:
			r.entry.SetText(text)
		case r.pick != nil:
			r.pick.SetText(text)
		case r.check != nil:
			r.check.SetChecked(text == "是")
		case r.place != nil:
			r.place.set(code(f.message, r.info))
		case r.files != nil:
			f.drawFiles(r)
		case r.shown != nil:
			r.shown.SetText(text)
		}
	}
}

// CheckTyped is Check for a form that may be saved incomplete: only what was typed must be right.
func (f *Form) CheckTyped() bool {
	problems, err := field.Check(f.message, field.Draft)
	if err != nil {
		return false
	}
	return f.tell(problems, false)
}

// Require marks fields that a rule of the domain asks for once the record is handed in, beside those whose declaration does: they carry a star,
// and Check misses them.
func (f *Form) Require(names ...string) {
	for _, n := range names {
		if r := f.rows[n]; r != nil {
			r.asked = true
			star(r.label)
		}
	}
}
