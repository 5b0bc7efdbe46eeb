package main

import (
	"context"
	"log/slog"
	"maps"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

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
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
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
		p.showStart()
	} else {
		p.showSignIn(c)
		p.resume(c)
	}
	w.SetOnClosed(func() {
		size := w.Canvas().Size()
		prefs.SetFloat(widthKey, float64(size.Width))
		prefs.SetFloat(heightKey, float64(size.Height))
	})
	kit.ShowAndRun(w)
	p.end()
	return nil
}

// What the program remembers: the window, and of the last sign-in everything but the password.
const (
	serverKey  = "server"
	pinKey     = "pin"
	accountKey = "account"
	keepKey    = "keep"
	widthKey   = "width"
	heightKey  = "height"
)

func (c *windowCommand) remembered(prefs fyne.Preferences) {
	c.Server, c.Pin = prefs.String(serverKey), prefs.String(pinKey)
	if c.Account == "" {
		c.Account = prefs.String(accountKey)
	}
}

func (c *windowCommand) remember(prefs fyne.Preferences) {
	prefs.SetString(serverKey, c.Server)
	prefs.SetString(pinKey, c.Pin)
	prefs.SetString(accountKey, c.Account)
}

// showStart shows the page of the very first start.
func (p *program) showStart() {
	p.window.SetContent(withHelp(p.window, "start", shell.NewStart(func() { p.showSignIn(p.command) }, p.openMeeting, func() { p.keys("返回", p.showStart) }, nil)))
}

func (p *program) showSignIn(c *windowCommand) {
	if p.client != nil {
		c.Password = "" // signed out: the next one is another person, or types it
	}
	s := p.signIn(c)
	p.window.SetContent(withHelp(p.window, "sign-in", s.Content))
	p.window.Canvas().Focus(s.First())
}

// enter shows the main window for whoever has signed in, and keeps it in step with the server.
func (p *program) enter(client *syncer.Client, opened *syncer.Account) {
	p.client, p.account, p.mirror = client, opened, opened.Mirror
	p.remember(client.Name(), client.Identity.Staff.GetAccount())
	p.desk.By = client.Actor()
	p.desk.Drafts, p.desk.Opinions = drafts{p}, opinions{p}
	p.desk.Box, p.desk.Judge = opened.Box, syncer.Faults
	effects := map[string]cache.Effect{}
	maps.Copy(effects, unit.Effects)
	maps.Copy(effects, application.Effects)
	maps.Copy(effects, committee.Effects)
	maps.Copy(effects, expert.Effects)
	maps.Copy(effects, message.Effects)
	maps.Copy(effects, notice.Effects)
	p.syncer = syncer.New(client, opened.Box, opened.Mirror, p.desk.By, effects, opened.Files(), time.Now, p.followed)
	p.sources, p.news = map[string]func(func(string)) []home.Source{}, nil
	menu := p.menu() // makes every list, so that the mirror keeps it from the first record on
	p.records = home.Supervised(client, p.mirror)
	if err := p.mirror.Fill(context.Background()); err != nil {
		slog.Error("mirror", "error", err)
	}
	p.alert.Begin()
	p.draw(menu)
	stop := p.syncer.Start()
	p.end = func() {
		stop()
		if err := opened.Close(); err != nil {
			slog.Error("close", "error", err)
		}
	}
	p.window.SetOnDropped(p.dropped)
	p.resumeImports()
}

// draw draws the main window by the rights that the person has now.
func (p *program) draw(menu []shell.Item) {
	p.shell = shell.New(p.window, p.client.Identity, menu, p.home(menu), p.standing)
	p.shell.Help = p.showHelp
	p.restore(menu)
	p.window.Canvas().Unfocus() // the cursor of the former page would blink on, unseen, and cost a laptop's battery
	p.window.SetContent(p.shell.Content)
}

func newProgram(w fyne.Window) *program {
	p := &program{window: w, end: func() {}, dropping: map[string]func(string){}}
	p.desk = &kit.Desk{
		Run:    kit.Background,
		Files:  kit.WindowFiles(w),
		Say:    p.say,
		Fail:   p.fail,
		Fetch:  p.fetch,
		Upload: p.upload,
		Show:   p.show,
		Record: p.record,
		MayExportWhole: func() bool {
			return shell.Has(p.client.Identity, shell.Item{Right: commonv1.Right_RIGHT_FULL_NUMBERS})
		},
		Online:  func() bool { return p.syncer == nil || p.syncer.Status().Online },
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
