package shell

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/shared/fault"
)

// A SignIn is the page before all others.
type SignIn struct {
	Content                         fyne.CanvasObject
	Address, Pin, Account, Password *widget.Entry
	button                          *widget.Button
	note                            *widget.Label
}

// NewSignIn draws the page; submit is asked to sign in and calls the SignIn's Fail when it cannot; register is for units without an account
// (A2).
func NewSignIn(submit, register func(*SignIn)) *SignIn {
	s := &SignIn{Address: widget.NewEntry(), Pin: widget.NewEntry(), Account: widget.NewEntry(), Password: widget.NewPasswordEntry(), note: widget.NewLabel("")}
	s.Address.SetPlaceHolder("例如 zp.example.gov.cn:8443")
	s.Pin.SetPlaceHolder("证书由公共机构签发的，不用填写")
	s.Account.SetPlaceHolder("登录账号")
	s.Password.SetPlaceHolder("密码")
	s.note.Wrapping = fyne.TextWrapWord
	s.note.Importance = widget.DangerImportance
	s.button = widget.NewButtonWithIcon("登　录", theme.LoginIcon(), func() {
		s.note.SetText("")
		s.button.Disable()
		submit(s)
	})
	s.button.Importance = widget.HighImportance
	s.Password.OnSubmitted = func(string) { s.button.OnTapped() }
	s.Account.OnSubmitted = func(string) { s.button.OnTapped() }
	title := widget.NewLabelWithStyle("职评通", fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	title.SizeName = theme.SizeNameHeadingText
	title.Importance = widget.HighImportance
	link := widget.NewButton("单位注册：还没有账号的单位由此申请", func() {
		if s.Address.Text == "" {
			s.Fail(fault.New(fault.Invalid, "请先填写服务器地址"))
			return
		}
		register(s)
	})
	link.Importance = widget.LowImportance
	form := widget.NewForm(widget.NewFormItem("服务器地址", s.Address), widget.NewFormItem("证书指纹", s.Pin), widget.NewFormItem("登录账号", s.Account), widget.NewFormItem("密码", s.Password))
	card := widget.NewCard("", "", container.NewVBox(title, widget.NewLabelWithStyle("职称评审管理系统", fyne.TextAlignCenter, fyne.TextStyle{}), form, s.note, s.button, link))
	s.Content = container.NewCenter(container.NewGridWrap(fyne.NewSize(460, 380), card))
	return s
}

// Fail says why it did not work; what was typed stays.
func (s *SignIn) Fail(err error) {
	s.note.SetText(err.Error())
	s.button.Enable()
}

// Submit presses the button.
func (s *SignIn) Submit() { s.button.OnTapped() }

// First is the first entry that is still empty, for the keyboard.
func (s *SignIn) First() fyne.Focusable {
	for _, e := range []*widget.Entry{s.Address, s.Account} {
		if e.Text == "" {
			return e
		}
	}
	return s.Password
}
