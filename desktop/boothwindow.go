package main

import (
	"context"
	"os"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"zhiping/desktop/kit"
	"zhiping/desktop/meeting"
	"zhiping/desktop/room"
	"zhiping/desktop/theme"
)

// roomCommand opens the voting booth's window on a laptop of the meeting room.
type roomCommand struct {
	Dir     string `arg:"" help:"The laptop's folder: what must survive a crash."`
	Hub     string `help:"Address of the hub." env:"ZHIPING_HUB"`
	TLS     string `required:"" help:"Fingerprint of the hub's certificate, from the pairing slip." env:"ZHIPING_HUB_TLS"`
	Pairing string `help:"Pairing code." env:"ZHIPING_PAIRING"`
	Server  string `required:"" help:"The server's public key, hex." env:"ZHIPING_SERVER_KEY"`
}

func (c *roomCommand) Run() error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	if err := translate(); err != nil {
		return err
	}
	a := app.NewWithID("cn.zhiping.booth")
	a.Settings().SetTheme(theme.New(1.45, false))
	w := a.NewWindow("职评通　专家投票")
	w.Resize(fyne.NewSize(1340, 720))
	b := meeting.NewBooth(w, kit.Background, c.Hub, c.Pairing, func(address, pairing string) (*room.Booth, error) {
		return room.OpenBooth(context.Background(), c.Dir, address, c.TLS, pairing, c.Server, now)
	})
	w.SetContent(b.Content)
	w.ShowAndRun()
	return nil
}
