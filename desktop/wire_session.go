package main

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/session"
	"zhiping/desktop/shell"
	"zhiping/desktop/syncer"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
)

// sessionMenu is a person's own account (A3, A6).
func (p *program) sessionMenu() []shell.Item {
	return []shell.Item{
		{Group: ownMachine, Title: "修改密码", Right: commonv1.Right_RIGHT_SIGNED_IN, Open: p.password},
		{Group: ownMachine, Title: "登录设备", Right: commonv1.Right_RIGHT_SIGNED_IN, Open: func() *shell.Page {
			x := session.NewOwnDevices(p.client.Sessions(), p.desk)
			return &shell.Page{Key: "devices", Title: "登录设备", Content: container.NewVScroll(container.NewPadded(x.Content)), Refresh: x.Load}
		}},
	}
}

// password is the page on which a person changes the own password.
func (p *program) password() *shell.Page {
	const key = "password"
	page := session.NewPassword("", "", p.desk, func(r *sessionv1.ChangePasswordRequest) error {
		p.asking = true // the sync finds the session over before the new one has begun
		err := p.account.ChangePassword(context.Background(), p.client, r)
		p.asking = false
		return err
	}, func(string) {
		p.shell.Close(key)
		p.say("密码已修改，下次登录（包括未联网时）请使用新密码。")
		p.syncer.Kick()
	})
	return &shell.Page{Key: key, Title: "修改密码", Content: container.NewVScroll(container.NewPadded(page.Content)), Save: page.Submit, Refresh: func() { page.Focus(p.window.Canvas()) }}
}

// mustChange is why the page of a first sign-in stands there.
const mustChange = "当前密码由他人设置。为保证只有您本人知道密码，请先设置新密码，再继续办理。"

// changeFirst shows the change of a password that somebody else has set, in place of everything else (A6); old has just been typed.
func (p *program) changeFirst(client *syncer.Client, old string, back func(), then func(next string)) {
	page := session.NewPassword(old, mustChange, p.desk, func(r *sessionv1.ChangePasswordRequest) error {
		return client.ChangePassword(context.Background(), r)
	}, then)
	p.window.SetContent(container.NewBorder(shell.Heading("首次登录：设置新密码", back), nil, nil, nil, container.NewPadded(page.Content)))
	page.Focus(p.window.Canvas())
}

// askPassword asks for the password again: the session is over, or the password was changed elsewhere.
func (p *program) askPassword() {
	p.asking = true
	password := widget.NewPasswordEntry()
	password.SetPlaceHolder("密码")
	note := widget.NewLabel("登录已失效。请重新输入“" + p.client.Identity.Staff.GetAccount() + "”的密码继续；未同步的操作都保存在本机。")
	note.Wrapping = fyne.TextWrapWord
	p.desk.Ask("重新登录", container.NewVBox(note, password), "登录", func() { p.signAgain(password.Text) })
}

// signAgain begins a new session under the pages that are open. A password that somebody else has set in the meantime is changed first.
func (p *program) signAgain(text string) {
	p.desk.Run(func() func() {
		err := p.account.SignAgain(context.Background(), p.client, text)
		return func() {
			if err == syncer.ErrMustChange {
				resume := func() { p.window.SetContent(p.shell.Content) }
				p.changeFirst(p.client, text, func() { p.asking = false; resume() }, func(next string) {
					resume()
					p.signAgain(next)
				})
				return
			}
			p.asking = false
			p.fail(err)
			p.syncer.Kick()
		}
	})
}
