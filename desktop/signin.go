package main

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/session"
	"zhiping/desktop/shell"
	"zhiping/desktop/syncer"
	"zhiping/desktop/unit"
	"zhiping/desktop/vault"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/shared/fault"
)

// signIn is the page before all others, with every way into an account (A2, A3).
func (p *program) signIn(c *windowCommand) *shell.SignIn {
	take := func(s *shell.SignIn) *syncer.Client {
		c.Server, c.Pin, c.Account, c.Password = s.Address.Text, s.Pin.Text, s.Account.Text, ""
		client := syncer.Dial(c.Server, c.Pin)
		if s.Keep.Checked {
			client.Stay(vault.System{})
		}
		fyne.CurrentApp().Preferences().SetBool(keepKey, s.Keep.Checked)
		return client
	}
	s := shell.NewSignIn(shell.Ways{
		Submit:    func(s *shell.SignIn) { p.open(take(s), s.Password.Text, s.Fail) },
		Register:  func(s *shell.SignIn) { p.register(take(s), nil, s.Account.Text) },
		Platforms: func(s *shell.SignIn) { p.platforms(take(s), s, s.Fail) },
		With:      func(s *shell.SignIn, provider string) { p.signInWith(take(s), s, provider) },
		Keys:      func() { p.keys("返回登录", func() { p.showSignIn(c) }) },
	})
	s.Address.SetText(c.Server)
	s.Pin.SetText(c.Pin)
	s.Account.SetText(c.Account)
	s.Password.SetText(c.Password)
	s.Keep.SetChecked(fyne.CurrentApp().Preferences().Bool(keepKey))
	switch {
	case c.Password != "":
		s.Submit()
	case c.Server != "":
		p.platforms(syncer.Dial(c.Server, c.Pin), s, func(error) {}) // that the server cannot be reached is said when something is asked of it
	}
	return s
}

// platforms asks the server for its unified identity platforms and offers them.
func (p *program) platforms(client *syncer.Client, s *shell.SignIn, failed func(error)) {
	p.desk.Run(func() func() {
		all, err := client.Providers(context.Background())
		return func() {
			if err == nil {
				s.Offer(all)
				if len(all) == 0 {
					err = fault.New(fault.NotFound, "该服务器没有配置统一身份登录，请使用账号和密码登录")
				}
			}
			failed(err)
		}
	})
}

// browse opens an address in the system's browser.
func browse(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	return fyne.CurrentApp().OpenURL(u)
}

// signInWith signs in at a platform in the browser; the page waits and can be left.
func (p *program) signInWith(client *syncer.Client, s *shell.SignIn, provider string) {
	ctx, cancel := context.WithCancel(context.Background())
	s.Wait("已打开浏览器，请在浏览器中完成登录，完成后自动返回这里。", cancel)
	p.desk.Run(func() func() {
		vouched, err := client.SignInWith(ctx, provider, browse)
		cancel()
		return func() {
			switch {
			case errors.Is(err, context.Canceled):
				s.Fail(nil)
			case fault.CodeOf(err) == fault.Offline && p.command.Account != "":
				s.Fail(fault.New(fault.Offline, "无法连接服务器。未联网时，可用登录账号“%s”和本机密码登录", p.command.Account))
			case err != nil:
				s.Fail(err)
			case vouched != nil:
				p.register(client, vouched, "")
			default:
				p.openSignedIn(client, "", s.Fail)
			}
		}
	})
}

// openSignedIn enters as somebody who has signed in without a password; a local one is asked for where it is needed (package vault).
func (p *program) openSignedIn(client *syncer.Client, local string, fail func(error)) {
	c := p.command
	back := func() { p.showSignIn(c) }
	p.desk.Run(func() func() {
		base, err := base()
		var opened *syncer.Account
		if err == nil {
			opened, err = syncer.OpenSignedIn(context.Background(), client, base, local, vault.System{}, time.Now)
		}
		return func() {
			again := func(local string) { p.openSignedIn(client, local, func(err error) { back(); p.fail(err) }) }
			switch {
			case errors.Is(err, vault.ErrChoose):
				p.instead("设置本机密码", back, session.NewLocal(p.desk, func(string) error { return nil }, again))
			case errors.Is(err, vault.ErrLocked):
				p.askLocal(again, back)
			case err != nil:
				fail(err)
			default:
				c.Account = client.Identity.Staff.GetAccount()
				c.remember(fyne.CurrentApp().Preferences())
				p.enter(client, opened)
			}
		}
	})
}

// instead shows a page of a person's own account in place of everything else.
func (p *program) instead(title string, back func(), page *session.Password) {
	p.window.SetContent(container.NewBorder(shell.Heading(title, back), nil, nil, nil, container.NewPadded(page.Content)))
	page.Focus(p.window.Canvas())
}

// askLocal asks for the local password with which what is on this machine is sealed.
func (p *program) askLocal(then func(local string), back func()) {
	entry := widget.NewPasswordEntry()
	entry.SetPlaceHolder("本机密码")
	note := widget.NewLabel("本机的系统没有保存数据的密钥。请输入您在本机设置的本机密码，打开本机上的数据。")
	note.Wrapping = fyne.TextWrapWord
	back()
	p.desk.Ask("本机密码", container.NewVBox(note, entry), "打开", func() { then(entry.Text) })
}

// resume goes on with the session that was kept when the program was last used; without one the sign-in page stays.
func (p *program) resume(c *windowCommand) {
	if c.Account == "" || c.Password != "" || !fyne.CurrentApp().Preferences().Bool(keepKey) {
		return
	}
	client := syncer.Dial(c.Server, c.Pin)
	p.desk.Run(func() func() {
		err := client.Resume(context.Background(), c.Account, vault.System{}, time.Now())
		return func() {
			if err == nil && p.client == nil {
				p.openSignedIn(client, "", p.fail)
			}
		}
	})
}

// open signs in with the account that was typed, changes a password that somebody else has set, and enters.
func (p *program) open(client *syncer.Client, password string, fail func(error)) {
	c := p.command
	p.desk.Run(func() func() {
		opened, err := openAccount(client, c.Account, password)
		return func() {
			switch {
			case errors.Is(err, syncer.ErrMustChange):
				p.changeFirst(client, password, func() { p.showSignIn(c) }, func(next string) {
					p.open(client, next, func(err error) {
						p.showSignIn(c)
						p.fail(err)
					})
				})
			case err != nil:
				fail(err)
			default:
				c.remember(fyne.CurrentApp().Preferences())
				p.enter(client, opened)
			}
		}
	})
}

// register shows the form of a unit that has no account yet; of somebody whom a platform has vouched for it is the application for rights (A2).
func (p *program) register(client *syncer.Client, vouched *sessionv1.Vouched, account string) {
	c := p.command
	back := func() { p.showSignIn(c) }
	title, done := "单位注册", func(account string) {
		c.Account = account
		p.desk.Say("注册申请已提交，请等待上级单位审核。可先用账号“" + account + "”登录查看进度。")
		back()
	}
	if vouched != nil {
		title, done = "用户权限申请", func(string) {
			p.desk.Say("申请已提交，请等待上级单位审核。可先用统一身份登录查看进度。")
			back()
		}
	}
	form := unit.NewRegistration(client.Units(), p.desk, vouched, done)
	page := container.NewBorder(shell.Heading(title, back), nil, nil, nil, container.NewPadded(form))
	if vouched != nil {
		p.window.SetContent(withHelp(p.window, "permission-application", page))
		return
	}
	p.window.SetContent(withHelp(p.window, "unit-register", page))
}

// base is the folder with the folders of all accounts.
func base() (string, error) {
	dir, err := os.UserConfigDir()
	return filepath.Join(dir, "zhiping"), err
}

// openAccount signs in and opens the person's folder on this machine: one for each server and account (sync.md).
func openAccount(c *syncer.Client, account, password string) (*syncer.Account, error) {
	base, err := base()
	if err != nil {
		return nil, err
	}
	return syncer.OpenAccount(context.Background(), c, base, account, password, vault.System{}, time.Now)
}
