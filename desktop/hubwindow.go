package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"zhiping/desktop/kit"
	"zhiping/desktop/meeting"
	"zhiping/desktop/room"
	"zhiping/desktop/theme"
	"zhiping/shared/fault"
)

// hubWindowCommand opens the hub's window: the laptop that receives the ballots of a meeting, and the board that staff works at.
type hubWindowCommand struct {
	Dir     string   `arg:"" help:"The hub's folder."`
	Package []string `sep:"none" help:"Packages of the meeting's sessions; those of the folder need not be given again."`
	Server  string   `required:"" help:"The server's public key, hex."`
	Listen  string   `default:"0.0.0.0:7443" help:"Address for the booths; empty for a room without a network."`
	Follow  string   `help:"As the spare: the address of the hub whose log is copied."`
}

func (c *hubWindowCommand) Run(ctx context.Context) error {
	if err := theme.Speak(); err != nil {
		return err
	}
	a := app.NewWithID("cn.zhiping.hub")
	a.Settings().SetTheme(theme.New(1, false))
	w := a.NewWindow("职评通　会场主机")
	w.Resize(fyne.NewSize(1340, 720))
	end, err := c.show(ctx, w)
	if err != nil {
		return err
	}
	kit.ShowAndRun(w)
	return end()
}

// show puts the board into a window; what it gives ends the hub.
func (c *hubWindowCommand) show(ctx context.Context, w fyne.Window) (end func() error, err error) {
	var packages [][]byte
	for _, file := range c.Package {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fault.New(fault.NotFound, "找不到会议包“%s”，请确认U盘已插好", file)
		}
		packages = append(packages, b)
	}
	h, err := room.OpenHub(ctx, c.Dir, strings.TrimSpace(c.Server), now, packages...)
	if err != nil {
		return nil, err
	}
	if len(h.Rooms) == 0 {
		return nil, errors.Join(fault.New(fault.Invalid, "主机文件夹中没有会议包，请添加会议包文件（.zpp）"), h.Close())
	}
	if c.Follow != "" {
		if err := h.Follow(c.Follow); err != nil {
			return nil, errors.Join(err, h.Close())
		}
	}
	serving, stop := context.WithCancel(ctx)
	place := meeting.Place{Server: strings.TrimSpace(c.Server), Dir: c.Dir}
	done := room.Background(func() error { return nil })
	if c.Listen != "" {
		l, err := net.Listen("tcp", c.Listen)
		if err != nil {
			stop()
			return nil, errors.Join(fault.New(fault.State, "不能在“%s”接受投票电脑：请检查网线和地址，或换一个端口", c.Listen), h.Close())
		}
		place.Addresses = addresses(l.Addr(), localAddresses())
		done = room.Background(func() error { return h.Serve(serving, l) })
	}
	// A hub that is closed by mistake stops the vote: the ballots are safe, but the booths wait.
	w.SetCloseIntercept(func() {
		kit.Confirm(w, "关闭会场主机", "关闭后投票电脑连不上本机，专家不能签到和提交；已收到的选票都已保存，重新打开即可继续。", "关闭主机", w.Close)
	})
	c.draw(serving, w, h, place)
	return func() error {
		stop()
		return errors.Join(<-done, h.Close())
	}, nil
}

// draw puts a hub's board into a window and keeps it up to date.
func (c *hubWindowCommand) draw(ctx context.Context, w fyne.Window, h *room.Hub, place meeting.Place) {
	var board *meeting.Board
	help := helpKeys(w, "hub", map[fyne.KeyName]func(){fyne.KeyF5: func() { board.Refresh() }})
	board = meeting.NewBoard(w, hubDesk(w), h, place, help)
	w.SetContent(board.Content)
	w.SetOnDropped(func(_ fyne.Position, uris []fyne.URI) {
		var paths []string
		for _, u := range uris {
			paths = append(paths, u.Path())
		}
		board.Dropped(paths)
	})
	board.Follow(ctx)
}

// hubDesk is what the board needs of the program around it.
func hubDesk(w fyne.Window) *kit.Desk {
	return &kit.Desk{
		Run: kit.Background, Files: kit.WindowFiles(w),
		Say:     func(text string) { kit.Tell(w, text) },
		Fail:    func(err error) { kit.ShowFault(w, err) },
		Show:    func(path string) { kit.ShowFault(w, openFile(path)) },
		Confirm: func(title, text, button string, yes func()) { kit.Confirm(w, title, text, button, yes) },
		Choose: func(title string, content fyne.CanvasObject, choices ...kit.Choice) {
			kit.Choose(w, title, content, choices...)
		},
	}
}

// openFile opens a file in the system's program.
func openFile(path string) error {
	path, err := filepath.Abs(path)
	if err == nil {
		err = fyne.CurrentApp().OpenURL(&url.URL{Scheme: "file", Path: filepath.ToSlash(path)})
	}
	if err != nil {
		slog.Error("open", "file", path, "error", err)
		return fault.New(fault.NotFound, "本机没有能打开“%s”的程序，文件已保存在 %s", filepath.Base(path), path)
	}
	return nil
}

// localAddresses are the addresses of this laptop.
func localAddresses() []net.IP {
	all, err := net.InterfaceAddrs()
	if err != nil {
		slog.Error("addresses", "error", err)
	}
	var ips []net.IP
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok {
			ips = append(ips, n.IP)
		}
	}
	return ips
}

// addresses are where the laptops of the room find a listener: one that listens everywhere is found at each address of the laptop in a network.
func addresses(listens net.Addr, local []net.IP) []string {
	at, ok := listens.(*net.TCPAddr)
	if !ok || !at.IP.IsUnspecified() {
		return []string{listens.String()}
	}
	var all []string
	for _, ip := range local {
		if ip.To4() != nil && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() {
			all = append(all, (&net.TCPAddr{IP: ip, Port: at.Port}).String())
		}
	}
	if len(all) == 0 {
		all = append(all, (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: at.Port}).String())
	}
	return all
}
