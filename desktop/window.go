package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/container"

	"zhiping/desktop/cache"
	"zhiping/desktop/kit"
	"zhiping/desktop/shell"
	"zhiping/desktop/syncer"
	"zhiping/desktop/theme"
	"zhiping/desktop/unit"
)

// windowCommand opens the window.
type windowCommand struct {
	Server   string  `help:"Address of the server." env:"ZHIPING_SERVER"`
	Pin      string  `help:"Fingerprint of the server's own certificate." env:"ZHIPING_PIN"`
	Account  string  `help:"Account to sign in with." env:"ZHIPING_ACCOUNT"`
	Password string  `help:"Password; only for the demonstration." env:"ZHIPING_DEMO_PASSWORD"`
	Dark     bool    `help:"Dark colours." env:"ZHIPING_DARK"`
	Scale    float32 `help:"Text size, 1 to 1.5." default:"1" env:"ZHIPING_SCALE"`
}

func (c *windowCommand) Run() error {
	if err := theme.Speak(); err != nil {
		return err
	}
	a := app.NewWithID("cn.zhiping.desktop")
	a.Settings().SetTheme(theme.New(min(max(c.Scale, 1), 1.5), c.Dark))
	w := a.NewWindow("职评通")
	w.Resize(fyne.NewSize(1340, 720))
	p := newProgram(w)
	if c.Server == "" {
		c.remembered(a.Preferences())
	}
	if c.Server == "" {
		w.SetContent(shell.NewStart(func() { p.showSignIn(c) }, p.openRoom, nil))
	} else {
		p.showSignIn(c)
	}
	w.ShowAndRun()
	return nil
}

// What the program remembers of the last sign-in: never the password.
const (
	serverKey  = "server"
	pinKey     = "pin"
	accountKey = "account"
)

func (c *windowCommand) remembered(prefs fyne.Preferences) {
	c.Server, c.Pin = prefs.String(serverKey), prefs.String(pinKey)
	if c.Account == "" {
		c.Account = prefs.String(accountKey)
	}
}

func (p *program) showSignIn(c *windowCommand) {
	s := p.signIn(c)
	p.window.SetContent(s.Content)
	p.window.Canvas().Focus(s.First())
}

func (p *program) signIn(c *windowCommand) *shell.SignIn {
	s := shell.NewSignIn(func(s *shell.SignIn) {
		client := syncer.Dial(s.Address.Text, s.Pin.Text)
		account, password := s.Account.Text, s.Password.Text
		p.desk.Run(func() func() {
			err := client.SignIn(context.Background(), account, password)
			var mirror *cache.Cache
			if err == nil {
				mirror, err = openCache(client, account, password)
			}
			return func() {
				if err != nil {
					s.Fail(err)
					return
				}
				prefs := fyne.CurrentApp().Preferences()
				prefs.SetString(serverKey, s.Address.Text)
				prefs.SetString(pinKey, s.Pin.Text)
				prefs.SetString(accountKey, account)
				p.enter(client, mirror)
			}
		})
	}, func(s *shell.SignIn) { p.register(c, s) })
	s.Address.SetText(c.Server)
	s.Pin.SetText(c.Pin)
	s.Account.SetText(c.Account)
	s.Password.SetText(c.Password)
	if c.Password != "" {
		s.Submit()
	}
	return s
}

// enter shows the main window for whoever has signed in.
func (p *program) enter(client *syncer.Client, mirror *cache.Cache) {
	p.client, p.mirror = client, mirror
	who := client.Identity
	p.desk.By.UnitID, p.desk.By.UnitName, p.desk.By.StaffID, p.desk.By.StaffName = who.Unit.Id, who.Unit.Name, who.Staff.Id, who.Staff.Name
	p.shell = shell.New(p.window, who, p.menu(), client.Answered)
	p.window.SetContent(p.shell.Content)
	p.window.SetOnDropped(p.dropped)
}

// register shows the form of a unit that has no account yet (A2).
func (p *program) register(c *windowCommand, s *shell.SignIn) {
	c.Server, c.Pin, c.Account, c.Password = s.Address.Text, s.Pin.Text, s.Account.Text, ""
	client := syncer.Dial(c.Server, c.Pin)
	back := func() { p.showSignIn(c) }
	form := unit.NewRegistration(client.Units(), p.desk, func(account string) {
		c.Account = account
		p.desk.Say("注册申请已提交，请等待上级单位审核。可先用账号“" + account + "”登录查看进度。")
		back()
	})
	p.window.SetContent(container.NewBorder(shell.Heading("单位注册", back), nil, nil, nil, container.NewPadded(form)))
}

// openCache opens the cache of this server and account: one folder each (sync.md).
func openCache(c *syncer.Client, account, password string) (*cache.Cache, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	return cache.Open(context.Background(), filepath.Join(base, "zhiping", c.Name(), account), password, time.Now)
}

func newProgram(w fyne.Window) *program {
	p := &program{window: w, dropping: map[string]func(string){}}
	p.desk = &kit.Desk{
		Run:     p.run,
		Files:   kit.WindowFiles(w),
		Say:     p.say,
		Fail:    p.fail,
		Fetch:   p.fetch,
		Upload:  p.upload,
		Confirm: func(title, text, button string, yes func()) { kit.Confirm(w, title, text, button, yes) },
		Ask: func(title string, content fyne.CanvasObject, button string, do func()) {
			kit.Ask(w, title, content, button, do)
		},
	}
	return p
}
