package main

import (
	"context"
	"errors"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/home"
	"zhiping/desktop/session"
	"zhiping/desktop/shell"
	"zhiping/desktop/syncer"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/shared/fault"
)

// sessionMenu is a person's own account (A3, A6).
func (p *program) sessionMenu() []shell.Item {
	return []shell.Item{
		{Group: ownMachine, Title: "修改密码", Right: commonv1.Right_RIGHT_SIGNED_IN, Open: p.password},
		{Group: ownMachine, Title: "登录设备", Right: commonv1.Right_RIGHT_SIGNED_IN, Open: func() *shell.Page {
			x := session.NewOwnDevices(p.client.Sessions(), p.desk)
			return &shell.Page{Key: "devices", Help: "devices", Title: "登录设备", Content: container.NewVScroll(container.NewPadded(x.Content)), Refresh: x.Load}
		}},
	}
}

// password is the page on which a person changes the own password; who signs in at a platform has a local one only.
func (p *program) password() *shell.Page {
	const key = "password"
	changed := func(text string) func(string) {
		return func(string) {
			p.shell.Close(key)
			p.say(text)
			p.syncer.Kick()
		}
	}
	page := session.NewPassword("", "", p.desk, func(r *sessionv1.ChangePasswordRequest) error {
		p.asking = true // the sync finds the session over before the new one has begun
		err := p.account.ChangePassword(context.Background(), p.client, r)
		p.asking = false
		return err
	}, changed("密码已修改，下次登录（包括未联网时）请使用新密码。"))
	if p.client.Provider() != "" {
		page = session.NewLocal(p.desk, p.account.Reseal, changed("本机密码已修改。"))
	}
	return &shell.Page{Key: key, Help: "change-password", Title: "修改密码", Content: container.NewVScroll(container.NewPadded(page.Content)), Save: page.Submit, Refresh: func() { page.Focus(p.window.Canvas()) }}
}

// authorised looks whether the superior has approved the unit in the meantime, and then opens its functions (A2).
func (p *program) authorised() {
	if p.client.Identity.Unit.GetAuthorised() {
		return
	}
	client := p.client
	p.desk.Run(func() func() {
		resp, err := client.Sessions().WhoAmI(context.Background(), &sessionv1.WhoAmIRequest{})
		return func() {
			if err != nil || client != p.client || !resp.Identity.Unit.GetAuthorised() || client.Identity.Unit.GetAuthorised() {
				return
			}
			client.Identity = resp.Identity
			p.sources, p.news = map[string]func(func(string)) []home.Source{}, nil
			p.draw(p.menu())
			p.say("所在单位已通过上级单位的授权审核，可以办理业务了。")
		}
	})
}

// mustChange is why the page of a first sign-in stands there.
const mustChange = "当前密码由他人设置。为保证只有您本人知道密码，请先设置新密码，再继续办理。"

// changeFirst shows the change of a password that somebody else has set, in place of everything else (A6); old has just been typed.
func (p *program) changeFirst(client *syncer.Client, old string, back func(), then func(next string)) {
	page := session.NewPassword(old, mustChange, p.desk, func(r *sessionv1.ChangePasswordRequest) error {
		return client.ChangePassword(context.Background(), r)
	}, then)
	p.instead("首次登录：设置新密码", back, page)
}

// askPassword asks for the password again: the session is over, or the password was changed elsewhere.
func (p *program) askPassword() {
	p.asking = true
	if provider := p.client.Provider(); provider != "" {
		p.desk.Confirm("重新登录", "登录已失效，请在浏览器中重新登录；未同步的操作都保存在本机。", "打开浏览器", func() { p.browseAgain(provider) })
		return
	}
	password := widget.NewPasswordEntry()
	password.SetPlaceHolder("密码")
	note := widget.NewLabel("登录已失效。请重新输入“" + p.client.Identity.Staff.GetAccount() + "”的密码继续；未同步的操作都保存在本机。")
	note.Wrapping = fyne.TextWrapWord
	p.desk.Ask("重新登录", container.NewVBox(note, password), "登录", func() { p.signAgain(password.Text) })
}

// browseAgain begins a new session at a platform under the pages that are open.
func (p *program) browseAgain(provider string) {
	client := p.client
	p.desk.Do(func() error {
		vouched, err := client.SignInWith(context.Background(), provider, browse)
		if vouched != nil {
			err = fault.New(fault.Denied, "您已不是“%s”的工作人员，请联系单位超级管理员", client.Identity.Unit.GetName())
		}
		return err
	}, func() {
		p.asking = false
		p.syncer.Kick()
	})
}

// signAgain begins a new session under the pages that are open. A password that somebody else has set in the meantime is changed first.
func (p *program) signAgain(text string) {
	p.desk.Run(func() func() {
		err := p.account.SignAgain(context.Background(), p.client, text)
		return func() {
			if errors.Is(err, syncer.ErrMustChange) {
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
