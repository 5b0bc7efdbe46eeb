package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"zhiping/desktop/help"
	"zhiping/desktop/kit"
	"zhiping/desktop/meeting"
	"zhiping/desktop/room"
	"zhiping/desktop/theme"
)

// roomCommand opens the voting booth's window on a laptop of the meeting room. What is not said here is asked for in the window.
type roomCommand struct {
	Dir     string `arg:"" optional:"" help:"The laptop's folder: what must survive a crash."`
	Hub     string `help:"Address of the hub, or of the server (https://...) for a meeting that is held online." env:"ZHIPING_HUB"`
	TLS     string `help:"Fingerprint of the hub's certificate, from the pairing slip." env:"ZHIPING_HUB_TLS"`
	Pairing string `help:"Pairing code." env:"ZHIPING_PAIRING"`
	Session string `help:"Which group room, where the hub has several." env:"ZHIPING_SESSION"`
	Server  string `help:"The server's public key, hex." env:"ZHIPING_SERVER_KEY"`
	Package string `help:"The meeting's package as a file: the laptop is on no network." type:"existingfile"`
	Online  bool   `help:"The address is the server's."`
	Window  bool   `help:"Begin in a window instead of on the whole screen."`
}

func (c *roomCommand) Run() error {
	if err := theme.Speak(); err != nil {
		return err
	}
	a := app.NewWithID("cn.zhiping.booth")
	w := a.NewWindow("职评通　专家投票")
	w.Resize(fyne.NewSize(1340, 720))
	end, err := c.show(a, w)
	if err != nil {
		return err
	}
	kit.ShowAndRun(w)
	end()
	return nil
}

// What a booth remembers of the pairing slip, so that nobody types it again after a power cut.
const (
	hubKey       = "booth.hub"
	hubPinKey    = "booth.pin"
	pairingKey   = "booth.pairing"
	serverKeyKey = "booth.server"
	onlineKey    = "booth.online"
)

// show makes a window a booth; end ends it.
func (c *roomCommand) show(a fyne.App, w fyne.Window) (end func(), err error) {
	if c.Dir == "" {
		base, err := os.UserConfigDir()
		if err != nil {
			return nil, err
		}
		c.Dir = filepath.Join(base, "zhiping", "booth")
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, err
	}
	o := room.BoothOptions{Dir: c.Dir, Address: c.Hub, Pin: c.TLS, Pairing: c.Pairing, Session: c.Session, Server: c.Server, Online: c.Online, Now: now}
	if c.Package != "" {
		if o.Package, err = os.ReadFile(c.Package); err != nil {
			return nil, err
		}
	}
	prefs := a.Preferences()
	if c.Hub == "" && c.Package == "" {
		o.Address, o.Pin, o.Pairing, o.Online = prefs.String(hubKey), prefs.String(hubPinKey), prefs.String(pairingKey), prefs.Bool(onlineKey)
	}
	if o.Server == "" {
		o.Server = prefs.String(serverKeyKey)
	}
	keep := func(o room.BoothOptions) {
		prefs.SetString(serverKeyKey, o.Server)
		if o.Address != "" {
			prefs.SetString(hubKey, o.Address)
			prefs.SetString(hubPinKey, o.Pin)
			prefs.SetString(pairingKey, o.Pairing)
			prefs.SetBool(onlineKey, o.Online)
		}
	}
	a.Settings().SetTheme(meeting.Theme())
	b := meeting.NewBooth(w, kit.Background, kit.WindowFiles(w), o, meeting.Dial{Sessions: room.Sessions, Open: openSeat, Keep: keep}, func(connected bool) (string, fyne.CanvasObject) {
		if connected {
			return help.Article("booth")
		}
		return help.Article("room")
	})
	w.SetFullScreen(!c.Window) // nothing else is to be done on this laptop; F11 gives the screen back
	return func() {
		if err := b.Close(); err != nil {
			slog.Error("booth", "error", err)
		}
	}, nil
}

// openSeat opens the laptop's half of the protocol for the screens.
func openSeat(ctx context.Context, o room.BoothOptions) (meeting.Seat, error) {
	b, err := room.OpenBooth(ctx, o)
	if err != nil {
		return nil, err // not a Seat that holds no booth
	}
	return b, nil
}

// openRoom turns this window into a booth, which asks for what stands on the pairing slip: for a laptop on which nobody types commands.
func (p *program) openRoom() {
	end, err := (&roomCommand{}).show(fyne.CurrentApp(), p.window)
	if err != nil {
		p.fail(err)
		return
	}
	p.end = end
}
