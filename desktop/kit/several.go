package kit

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/shared/field"
)

// A Several edits a field that takes several values of a list: boxes to tick for a short list, a search with the chosen ones below for a long one.
type Several struct {
	Content fyne.CanvasObject
	Changed func()

	message proto.Message
	info    *field.Info
	body    *fyne.Container
	note    *widget.Label
	label   *widget.RichText
	asked   bool
	offered []string
}

// manyBoxes is how many values are still offered as boxes.
const manyBoxes = 32

// NewSeveral draws a field of a message.
func NewSeveral(m proto.Message, name string) *Several {
	s := &Several{message: m, info: field.Named(m, name)[0], body: container.NewStack(), note: widget.NewLabel("")}
	for _, c := range s.info.Choices {
		s.offered = append(s.offered, c.Label)
	}
	s.note.Importance = widget.LowImportance
	s.note.Wrapping = fyne.TextWrapWord
	label := newFormLabel(s.info)
	s.label = label
	left := container.NewGridWrap(fyne.NewSize(labelWidth*scale(), label.MinSize().Height), label)
	s.Content = container.New(narrowLayout{}, container.NewBorder(nil, nil, container.NewVBox(left), nil, container.NewVBox(s.body, s.note)))
	s.Say("")
	s.draw()
	return s
}

// Offer changes what can be chosen, for a list that depends on another field; what is no longer among it is taken out.
func (s *Several) Offer(labels []string) {
	s.offered = labels
	s.set(slices.DeleteFunc(s.chosen(), func(l string) bool { return !slices.Contains(labels, l) }))
	s.draw()
}

// Say shows what is wrong, or the field's help for "".
func (s *Several) Say(text string) {
	s.note.Importance = widget.DangerImportance
	if text == "" {
		s.note.Importance, text = widget.LowImportance, s.info.GetHelp()
	}
	s.note.SetText(text)
	if text == "" {
		s.note.Hide()
	} else {
		s.note.Show()
	}
}

// Require marks the field as one that a rule of the domain asks for, as Form.Require does.
func (s *Several) Require() {
	s.asked = true
	star(s.label)
}

// Check holds what is chosen against the declared limits and says what is wrong.
func (s *Several) Check() bool {
	s.Say("")
	problems, err := field.Check(s.message, field.Complete)
	if err != nil {
		return false
	}
	for _, p := range problems {
		if p.Field == s.info.Name || strings.HasPrefix(p.Field, s.info.Name+"[") {
			s.Say(p.Text)
			return false
		}
	}
	if s.asked && len(s.chosen()) == 0 {
		s.Say(s.info.GetLabel() + "为必填项，请选择")
		return false
	}
	return true
}

func (s *Several) chosen() []string {
	if text := s.info.Text(s.message); text != "" {
		return strings.Split(text, "、")
	}
	return nil
}

func (s *Several) set(labels []string) {
	if p := s.info.SetText(s.message, strings.Join(labels, "、")); p != nil {
		s.Say(p.Text)
		return
	}
	s.Say("")
	if s.Changed != nil {
		s.Changed()
	}
}

// toggle chooses a value or lets go of it; the order stays that of the list.
func (s *Several) toggle(label string, on bool) {
	now := s.chosen()
	s.set(slices.DeleteFunc(slices.Clone(s.offered), func(l string) bool {
		if l == label {
			return !on
		}
		return !slices.Contains(now, l)
	}))
}

func (s *Several) draw() {
	if len(s.offered) > manyBoxes {
		s.body.Objects = []fyne.CanvasObject{s.long()}
	} else {
		s.body.Objects = []fyne.CanvasObject{s.boxes()}
	}
	s.body.Refresh()
}

func (s *Several) boxes() fyne.CanvasObject {
	if len(s.offered) == 0 {
		l := widget.NewLabel("没有可选的项")
		l.Importance = widget.LowImportance
		return l
	}
	width, height := float32(0), float32(0)
	var all []fyne.CanvasObject
	chosen := s.chosen()
	for _, l := range s.offered {
		c := NewCheck(l, nil)
		c.SetChecked(slices.Contains(chosen, l))
		c.OnChanged = func(on bool) { s.toggle(l, on) }
		width, height = max(width, c.MinSize().Width), c.MinSize().Height
		all = append(all, c)
	}
	return container.NewGridWrap(fyne.NewSize(width, height), all...)
}

func (s *Several) long() fyne.CanvasObject {
	rows := container.NewVBox()
	for _, l := range s.chosen() {
		remove := widget.NewButtonWithIcon("", theme.DeleteIcon(), func() {
			s.toggle(l, false)
			s.draw()
		})
		remove.Importance = widget.LowImportance
		rows.Add(container.NewHBox(widget.NewLabel(l), remove))
	}
	pick := newLeavePick(func() {})
	offer := func(typed string) {
		var some []string
		for _, l := range s.offered {
			if strings.Contains(l, typed) && len(some) < longList {
				some = append(some, l)
			}
		}
		pick.SetOptions(some)
	}
	offer("")
	pick.SetPlaceHolder("输入文字可筛选，选中即添加")
	pick.OnChanged = func(typed string) {
		if slices.Contains(s.offered, typed) {
			s.toggle(typed, true)
			s.draw()
			return
		}
		offer(typed)
	}
	return container.NewVBox(pick, rows)
}
