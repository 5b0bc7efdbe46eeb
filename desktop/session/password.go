// Package session is a person's own account on the desktop (features A3, A6): the change of a password, where one is signed in, and the question
// for a local password of those who sign in at a provider.
package session

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/shared/fault"
)

// limits are what a password must be, told before it is refused (server/session).
const limits = "新密码至少10位，须同时包含字母和数字，不能包含登录账号，也不能与原密码相同。修改后，本账号在其他电脑上的登录会一并结束。"

// A Password is the page on which a person changes the own password.
type Password struct {
	Content fyne.CanvasObject
	Submit  func() // Ctrl+S

	form *kit.Form
	note *kit.Banner
}

// NewPassword draws the page. old is the present password where it is known because it has just been typed; why says why it is to be changed, "" for the
// person's own wish. change changes it, beside the window; then is called when it has been done.
func NewPassword(old, why string, d *kit.Desk, change func(r *sessionv1.ChangePasswordRequest) error, then func(next string)) *Password {
	r := &sessionv1.ChangePasswordRequest{OldPassword: old}
	fields := []string{sessionv1.ChangePasswordRequest_OldPassword, sessionv1.ChangePasswordRequest_NewPassword}
	if old != "" {
		fields = fields[1:]
	}
	p := &Password{form: kit.NewForm(r, fields...), note: kit.NewBanner()}
	p.form.Repeat(sessionv1.ChangePasswordRequest_NewPassword)
	p.note.Say(why, widget.WarningImportance)
	button := widget.NewButtonWithIcon("修改密码", theme.ConfirmIcon(), nil)
	button.Importance = widget.HighImportance
	p.Submit = func() {
		if button.Disabled() || !p.form.Check() {
			return
		}
		button.Disable()
		d.Run(func() func() {
			err := change(r)
			return func() {
				button.Enable()
				if err == nil {
					then(r.NewPassword)
					return
				}
				p.fail(err)
			}
		})
	}
	button.OnTapped = p.Submit
	p.form.Entered(p.Submit)
	text := widget.NewLabel(limits)
	text.Wrapping = fyne.TextWrapWord
	p.Content = container.NewVBox(p.note.Content, text, p.form.Content, container.NewHBox(button))
	return p
}

// Focus puts the cursor where typing begins.
func (p *Password) Focus(c fyne.Canvas) { p.form.Focus(c) }

// fail shows what is wrong under its field; what is of no field stands on top. What was typed stays.
func (p *Password) fail(err error) {
	if rest := p.form.Show(err); rest != nil {
		text := rest.Error()
		if fault.As(rest) == nil {
			text = "密码没有修改，请稍后重试"
		}
		p.note.Say(text, widget.DangerImportance)
	}
}
