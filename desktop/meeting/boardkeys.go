package meeting

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/keys"
	"zhiping/desktop/kit"
	"zhiping/shared/ballot"
	"zhiping/shared/holder"
)

// keyEndings are those of people's key files, of now and of before.
var keyEndings = []string{keys.Ending, ".key", ".age"}

// A keyInput asks for one person's key: the file on his stick and its passphrase. Nothing of it is remembered.
type keyInput struct {
	who        string
	path       string
	file       *widget.Label
	passphrase *kit.Entry
	content    fyne.CanvasObject
}

func newKeyInput(who string, files kit.Files) *keyInput {
	k := &keyInput{who: who, file: widget.NewLabel("未选择"), passphrase: kit.NewEntry()}
	k.file.Truncation = fyne.TextTruncateEllipsis
	k.file.Importance = widget.LowImportance
	k.passphrase.Password = true
	k.passphrase.SetPlaceHolder("口令")
	choose := kit.NewButton("选择密钥文件…", theme.FileIcon(), func() {
		files.Open(keyEndings, func(path string) {
			k.path = path
			k.file.Importance = widget.MediumImportance
			k.file.SetText(filepath.Base(path))
			if c := fyne.CurrentApp().Driver().CanvasForObject(k.passphrase); c != nil {
				c.Focus(k.passphrase)
			}
		})
	})
	head := widget.NewLabelWithStyle(who, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	k.content = container.NewVBox(head, container.NewBorder(nil, nil, choose, nil, k.file), k.passphrase)
	return k
}

// missing says what has not been given yet, "" for nothing.
func (k *keyInput) missing() string {
	switch {
	case k.path == "":
		return "请选择" + k.who + "的密钥文件"
	case k.passphrase.Text == "":
		return "请输入" + k.who + "的口令"
	}
	return ""
}

// reader takes what has been typed now, to be read beside the window: deriving a key from a passphrase takes its time. A file that is not that
// person's is refused.
func (k *keyInput) reader(p *ballot.Package, role string) func() (ballot.Key, error) {
	path, passphrase := k.path, k.passphrase.Text
	return func() (ballot.Key, error) {
		h, err := holder.Open(path, passphrase)
		if err != nil {
			return ballot.Key{}, err
		}
		return h.Of(p, role)
	}
}

// custodianOf finds out which custodian of the meeting a key file belongs to: his place from 0, and his keys.
func custodianOf(p *ballot.Package, path, passphrase string) (int, *ballot.Secret, error) {
	h, err := holder.Open(path, passphrase)
	if err != nil {
		return 0, nil, err
	}
	s, err := h.CustodianOf(p)
	if err != nil {
		return 0, nil, err
	}
	return slices.IndexFunc(p.Custodians, func(c ballot.Custodian) bool { return c.SignKey == s.Sign.Public() }), s, nil
}

// A signing is a dialog in which people sign: what is signed, whatever has to be filled in, and the keys of those who sign. It stays open until the
// act has succeeded, so that a wrong passphrase does not cost what was typed.
type signing struct {
	title  string
	about  fyne.CanvasObject // what they sign
	fields fyne.CanvasObject // what is to be filled in; nil for nothing
	first  fyne.Focusable    // where the cursor begins; nil for nowhere
	button string
	danger bool
	inputs []*keyInput
	// ready says what is not filled in yet, "" for nothing; nil is ready always.
	ready func() string
	// do does it, beside the window; it is made on the window, so that it can take what is in the fields.
	do   func() func(context.Context) error
	then func()
	note string // shown while it works
}

// sign shows a dialog of people who sign.
func (p *boardPage) sign(s signing) {
	box := container.NewVBox()
	if s.about != nil {
		box.Add(s.about)
	}
	if s.fields != nil {
		box.Add(s.fields)
	}
	if len(s.inputs) > 0 {
		keys := container.NewGridWithColumns(len(s.inputs))
		for _, k := range s.inputs {
			keys.Add(k.content)
		}
		box.Add(widget.NewSeparator())
		box.Add(keys)
	}
	problem := widget.NewLabel("")
	problem.Wrapping = fyne.TextWrapBreak
	problem.Importance = widget.DangerImportance
	problem.Hide()
	bar := widget.NewProgressBarInfinite()
	bar.Stop()
	work := container.NewVBox(widget.NewLabel(s.note), bar)
	work.Hide()
	box.Add(problem)
	box.Add(work)
	d := dialog.NewCustomWithoutButtons(s.title, newWide(dialogWidth, box), p.of.window)
	closed := false
	d.SetOnClosed(func() { closed = true })
	cancel := kit.NewButton("取消", nil, d.Hide)
	var do *kit.Button
	say := func(text string) {
		problem.SetText(text)
		problem.Show()
		if text == "" {
			problem.Hide()
		}
	}
	busy := func(on bool) {
		if on {
			work.Show()
			bar.Start()
			do.Disable()
			cancel.Disable()
			return
		}
		bar.Stop()
		work.Hide()
		do.Enable()
		cancel.Enable()
	}
	do = kit.NewButton(s.button, nil, func() {
		if text := s.missing(); text != "" {
			say(text)
			return
		}
		say("")
		busy(true)
		run := s.do()
		p.of.desk.Run(func() func() {
			err := run(context.Background())
			return func() {
				busy(false)
				for _, k := range s.inputs {
					k.passphrase.SetText("")
				}
				switch {
				case err != nil && closed: // by Esc, while it worked
					p.of.desk.Fail(err)
					return
				case err != nil:
					say(kit.Readable(err))
					return
				}
				d.Hide()
				p.refresh()
				if s.then != nil {
					s.then()
				}
			}
		})
	})
	for _, k := range s.inputs {
		k.passphrase.OnSubmitted = func(string) { // Enter, when nothing is missing any more
			if !do.Disabled() && s.missing() == "" {
				do.OnTapped()
			}
		}
	}
	do.Importance = widget.HighImportance
	if s.danger {
		do.Importance = widget.DangerImportance
	}
	d.SetButtons([]fyne.CanvasObject{cancel, do})
	d.Show()
	switch {
	case s.first != nil:
		p.of.window.Canvas().Focus(s.first)
	case s.fields == nil && len(s.inputs) == 0 && !s.danger:
		p.of.window.Canvas().Focus(do) // nothing is to be filled in: Enter does it, Esc does not
	}
}

// missing says what the dialog still needs.
func (s *signing) missing() string {
	if s.ready != nil {
		if text := s.ready(); text != "" {
			return text
		}
	}
	for _, k := range s.inputs {
		if text := k.missing(); text != "" {
			return text
		}
	}
	return ""
}

// dialogWidth is the width of the board's dialogs at a text size of 100 %.
const dialogWidth = 560

// newWide makes an object at least so wide; text that wraps then knows its height.
func newWide(width float32, o fyne.CanvasObject) fyne.CanvasObject {
	line := container.NewGridWrap(fyne.NewSize(width*theme.TextSize()/13, 1), layout.NewSpacer())
	return container.NewVBox(line, o)
}

// newTall scrolls an object whose height would push a dialog's buttons off the screen; height is that at a text size of 100 %.
func newTall(height float32, o fyne.CanvasObject) fyne.CanvasObject {
	s := container.NewVScroll(o)
	s.SetMinSize(fyne.NewSize(0, height*theme.TextSize()/13))
	return s
}

// newParagraph is a paragraph of a dialog.
func newParagraph(lines ...string) *widget.Label {
	l := widget.NewLabel(strings.Join(lines, "\n"))
	l.Wrapping = fyne.TextWrapBreak
	return l
}

// newReason asks for a reason, offering those that are usual.
func newReason(usual ...string) *widget.SelectEntry {
	e := widget.NewSelectEntry(usual)
	e.SetPlaceHolder("原因（必填，可选择或填写）")
	return e
}

// reasonMissing says that a reason is missing.
func reasonMissing(e *widget.SelectEntry) string {
	if strings.TrimSpace(e.Text) == "" {
		return "请填写原因"
	}
	return ""
}

// chairInput and supervisorInput ask for the keys of the two who sign for the meeting.
func (p *boardPage) chairInput() *keyInput { return newKeyInput("执行主任", p.of.desk.Files) }

func (p *boardPage) supervisorInput() *keyInput { return newKeyInput("监督人员", p.of.desk.Files) }

// chairKey and supervisorKey make what reads their keys with what has been typed.
func (p *boardPage) chairKey(k *keyInput) func() (ballot.Key, error) {
	return k.reader(p.desk.Package(), ballot.RoleChair)
}

func (p *boardPage) supervisorKey(k *keyInput) func() (ballot.Key, error) {
	return k.reader(p.desk.Package(), ballot.RoleSupervisor)
}
