package main

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/container"

	"zhiping/desktop/application"
	"zhiping/desktop/cache"
	"zhiping/desktop/committee"
	"zhiping/desktop/expert"
	"zhiping/desktop/home"
	"zhiping/desktop/kit"
	"zhiping/desktop/message"
	"zhiping/desktop/notice"
	"zhiping/desktop/shell"
	"zhiping/desktop/syncer"
	"zhiping/desktop/theme"
	"zhiping/desktop/unit"
	"zhiping/desktop/vault"
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
	prefs := a.Preferences()
	w.Resize(fyne.NewSize(float32(prefs.FloatWithFallback(widthKey, 1340)), float32(prefs.FloatWithFallback(heightKey, 720))))
	p := newProgram(w)
	p.command = c
	if c.Server == "" {
		c.remembered(a.Preferences())
	}
	if c.Server == "" {
		w.SetContent(shell.NewStart(func() { p.showSignIn(c) }, p.openRoom, nil))
	} else {
		p.showSignIn(c)
	}
	w.SetOnClosed(func() {
		size := w.Canvas().Size()
		prefs.SetFloat(widthKey, float64(size.Width))
		prefs.SetFloat(heightKey, float64(size.Height))
	})
	w.ShowAndRun()
	p.end()
	return nil
}

// What the program remembers: the window, and of the last sign-in everything but the password.
const (
	serverKey  = "server"
	pinKey     = "pin"
	accountKey = "account"
	widthKey   = "width"
	heightKey  = "height"
)

func (c *windowCommand) remembered(prefs fyne.Preferences) {
	c.Server, c.Pin = prefs.String(serverKey), prefs.String(pinKey)
	if c.Account == "" {
		c.Account = prefs.String(accountKey)
	}
}

func (p *program) showSignIn(c *windowCommand) {
	if p.client != nil {
		c.Password = "" // signed out: the next one is another person, or types it
	}
	s := p.signIn(c)
	p.window.SetContent(s.Content)
	p.window.Canvas().Focus(s.First())
}

func (p *program) signIn(c *windowCommand) *shell.SignIn {
	s := shell.NewSignIn(func(s *shell.SignIn) {
		client := syncer.Dial(s.Address.Text, s.Pin.Text)
		account, password := s.Account.Text, s.Password.Text
		p.desk.Run(func() func() {
			opened, err := openAccount(client, account, password)
			return func() {
				if err != nil {
					s.Fail(err)
					return
				}
				prefs := fyne.CurrentApp().Preferences()
				prefs.SetString(serverKey, s.Address.Text)
				prefs.SetString(pinKey, s.Pin.Text)
				prefs.SetString(accountKey, account)
				p.enter(client, opened)
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

// enter shows the main window for whoever has signed in, and keeps it in step with the server.
func (p *program) enter(client *syncer.Client, opened *syncer.Account) {
	p.client, p.account, p.mirror = client, opened, opened.Mirror
	p.desk.By = client.Actor()
	p.desk.Drafts, p.desk.Opinions = drafts{p}, opinions{p}
	effects := map[string]cache.Effect{}
	maps.Copy(effects, unit.Effects)
	maps.Copy(effects, application.Effects)
	maps.Copy(effects, committee.Effects)
	maps.Copy(effects, expert.Effects)
	maps.Copy(effects, message.Effects)
	maps.Copy(effects, notice.Effects)
	p.syncer = syncer.New(client, opened.Box, opened.Mirror, p.desk.By, effects, opened.Files(), time.Now, p.followed)
	p.sources, p.news = map[string]func(func(string)) (home.Source, bool){}, nil
	menu := p.menu() // makes every list, so that the mirror keeps it from the first record on
	if err := p.mirror.Fill(context.Background()); err != nil {
		slog.Error("mirror", "error", err)
	}
	p.shell = shell.New(p.window, client.Identity, menu, p.home(menu), p.standing)
	stop := p.syncer.Start()
	p.end = func() {
		stop()
		if err := opened.Close(); err != nil {
			slog.Error("close", "error", err)
		}
	}
	p.window.Canvas().Unfocus() // the cursor of the former page would blink on, unseen, and cost a laptop's battery
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

// openAccount signs in and opens the person's folder on this machine: one for each server and account (sync.md).
func openAccount(c *syncer.Client, account, password string) (*syncer.Account, error) {
	base, err := os.UserConfigDir()
	if err != nil {
		return nil, err
	}
	return syncer.OpenAccount(context.Background(), c, filepath.Join(base, "zhiping"), account, password, vault.System{}, time.Now)
}

func newProgram(w fyne.Window) *program {
	p := &program{window: w, end: func() {}, dropping: map[string]func(string){}}
	p.desk = &kit.Desk{
		Run:     kit.Background,
		Files:   kit.WindowFiles(w),
		Say:     p.say,
		Fail:    p.fail,
		Fetch:   p.fetch,
		Upload:  p.upload,
		Confirm: func(title, text, button string, yes func()) { kit.Confirm(w, title, text, button, yes) },
		Ask: func(title string, content fyne.CanvasObject, button string, do func()) {
			kit.Ask(w, title, content, button, do)
		},
		Choose: func(title string, content fyne.CanvasObject, choices ...kit.Choice) {
			kit.Choose(w, title, content, choices...)
		},
	}
	return p
}
