package kit

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// A Step is a part of a wizard.
type Step struct {
	Title   string
	Content fyne.CanvasObject
	Check   func() bool // whether one may go on; nil is always
	Skip    func() bool // whether the step is left out as things stand; nil is never
	Forms   []*Form     // of the step: when one of them has something wrong to show, the wizard goes back to it
}

// wizard goes through the steps that are not left out.
type wizard struct {
	steps  []Step
	at     int // in steps
	far    int // the furthest that was reached: a step can be revisited, not jumped to
	finish func()

	names, body *fyne.Container
	back, next  *widget.Button
}

// NewWizard draws named steps that can be gone through and back to; finish is called after the last, when every step is right.
func NewWizard(finish func(), steps ...Step) fyne.CanvasObject {
	return NewWizardWith(nil, finish, steps...)
}

// NewWizardWith is NewWizard with buttons of the page beside those that go on and back.
func NewWizardWith(buttons []fyne.CanvasObject, finish func(), steps ...Step) fyne.CanvasObject {
	w := &wizard{steps: steps, finish: finish, names: container.NewHBox(), body: container.NewStack()}
	w.back = widget.NewButton("上一步", func() { w.show(w.beside(-1)) })
	w.next = widget.NewButton("下一步", w.forward)
	w.next.Importance = widget.HighImportance
	for i, s := range steps {
		for _, f := range s.Forms {
			f.bring = func() {
				if i < w.at {
					w.show(i)
				}
			}
		}
	}
	w.show(0)
	return container.NewBorder(w.names, container.NewHBox(append([]fyne.CanvasObject{w.back, w.next}, buttons...)...), nil, nil, w.body)
}

func (w *wizard) skipped(i int) bool { return w.steps[i].Skip != nil && w.steps[i].Skip() }

// beside is the next step in a direction that is not left out, or -1.
func (w *wizard) beside(by int) int {
	for i := w.at + by; i >= 0 && i < len(w.steps); i += by {
		if !w.skipped(i) {
			return i
		}
	}
	return -1
}

// forward goes on from a step that is right; from the last one it finishes, if the steps before still are.
func (w *wizard) forward() {
	if next := w.beside(1); next >= 0 {
		if w.right(w.at) {
			w.show(next)
		}
		return
	}
	for i := range w.steps {
		if !w.skipped(i) && !w.right(i) {
			w.show(i)
			return
		}
	}
	w.finish()
}

func (w *wizard) right(i int) bool {
	c := w.steps[i].Check
	return c == nil || c()
}

func (w *wizard) show(at int) {
	w.at, w.far = at, max(w.far, at)
	w.names.RemoveAll()
	number := 0
	for i, s := range w.steps {
		if w.skipped(i) {
			continue
		}
		number++
		b := widget.NewButton(fmt.Sprintf("%d. %s", number, s.Title), func() { w.show(i) })
		if b.Importance = widget.LowImportance; i == at {
			b.Importance = widget.HighImportance
		}
		enable(b, i <= w.far)
		w.names.Add(b)
	}
	w.body.Objects = []fyne.CanvasObject{container.NewVScroll(container.NewPadded(w.steps[at].Content))}
	w.body.Refresh()
	if c := fyne.CurrentApp().Driver().CanvasForObject(w.body); c != nil {
		if e := FirstEntry(w.body); e != nil {
			c.Focus(e)
		}
	}
	enable(w.back, w.beside(-1) >= 0)
	w.next.SetText("下一步")
	if w.beside(1) < 0 {
		w.next.SetText("提　交")
	}
}
