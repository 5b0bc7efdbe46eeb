package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

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
	if err := theme.Speak(); err != nil {
		return err
	}
	a := app.NewWithID("cn.zhiping.booth")
	a.Settings().SetTheme(theme.New(boothScale, false))
	w := a.NewWindow("职评通　专家投票")
	w.Resize(fyne.NewSize(1340, 720))
	if err := c.show(w); err != nil {
		return err
	}
	w.ShowAndRun()
	return nil
}

// boothScale is the text size of a booth: at least 18 pt for eyes of sixty-five (ui.md).
const boothScale = 1.45

// show puts the booth into a window.
func (c *roomCommand) show(w fyne.Window) error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	b := meeting.NewBooth(w, kit.Background, c.Hub, c.Pairing, func(address, pairing string) (*room.Booth, error) {
		return room.OpenBooth(context.Background(), room.BoothOptions{Dir: c.Dir, Address: address, Pin: c.TLS, Pairing: pairing, Server: c.Server, Now: now})
	})
	w.SetContent(helpMark(w, "booth", b.Content))
	return nil
}

// openRoom asks for what stands on the pairing slip and turns this window into a booth: for a laptop on which nobody types commands.
func (p *program) openRoom() {
	c := &roomCommand{}
	var form *widget.Form
	hub, tls, pairing, server := widget.NewEntry(), widget.NewEntry(), widget.NewEntry(), widget.NewEntry()
	hub.SetPlaceHolder("例如 192.168.1.10:7443")
	for _, e := range []*widget.Entry{hub, tls, server} {
		e.Validator = func(s string) error {
			if strings.TrimSpace(s) == "" {
				return errors.New("请按配对单填写")
			}
			return nil
		}
	}
	form = widget.NewForm(widget.NewFormItem("会场主机地址", hub), widget.NewFormItem("主机证书指纹", tls), widget.NewFormItem("配对码", pairing), widget.NewFormItem("服务器公钥", server))
	form.SubmitText = "进入投票席位"
	form.OnSubmit = func() {
		c.Hub, c.TLS, c.Pairing, c.Server = strings.TrimSpace(hub.Text), strings.TrimSpace(tls.Text), strings.TrimSpace(pairing.Text), strings.TrimSpace(server.Text)
		base, err := os.UserConfigDir()
		if err == nil {
			c.Dir = filepath.Join(base, "zhiping", "booth")
			err = c.show(p.window)
		}
		if err != nil {
			p.fail(err)
			return
		}
		fyne.CurrentApp().Settings().SetTheme(theme.New(boothScale, false))
	}
	title := widget.NewLabel("按会场工作人员发放的配对单填写。本机在会议期间只用于投票，不需要联网。")
	p.window.SetContent(withHelp(p.window, "room", container.NewCenter(container.NewGridWrap(fyne.NewSize(640, 300), widget.NewCard("", "打开评审会议", container.NewVBox(title, form))))))
	p.window.Canvas().Focus(hub)
}
