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

	form   *kit.Form
	note   *kit.Banner
	text   *widget.Label
	button *widget.Button
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
	p.button, p.text = button, widget.NewLabel(limits)
	p.text.Wrapping = fyne.TextWrapWord
	p.Content = container.NewVBox(p.note.Content, p.text, p.form.Content, container.NewHBox(button))
	return p
}

// local says what a local password is for.
const local = "您通过统一身份登录，本系统不保存您的密码。请为这台电脑设置一个本机密码：未联网时用它打开本机上的数据，它只保存在本机，不会发送到服务器。至少10位。"

// NewLocal draws the page on which somebody who signs in at a unified identity platform chooses the local password of this machine. seal seals what is
// here under it.
func NewLocal(d *kit.Desk, seal func(local string) error, then func(local string)) *Password {
	p := NewPassword("-", "", d, func(r *sessionv1.ChangePasswordRequest) error { return seal(r.NewPassword) }, then)
	p.text.SetText(local)
	p.button.SetText("设置本机密码")
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
