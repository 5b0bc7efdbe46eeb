package meeting

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"

	"zhiping/desktop/room"
	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/shared/fault"
)

// packageEnding is that of a meeting's package as a file.
const packageEnding = ".zpp"

// connect asks staff for what stands on the pairing slip: of the room's hub, or of the server where the meeting is held online.
func (b *Booth) connect(o room.BoothOptions) {
	b.seen = nil
	host, code, pin, server := newEntry("例如 192.168.1.10:7443"), newEntry("配对单上的配对码"), newEntry("配对单上的证书指纹"), newEntry("配对单上的服务器公钥")
	if o.Online {
		host.PlaceHolder = "例如 https://zhiping.example.cn"
	}
	for e, s := range map[*entry]string{host: o.Address, code: o.Pairing, pin: o.Pin, server: o.Server} {
		e.SetText(s)
	}
	read := func() room.BoothOptions {
		n := o
		n.Address, n.Pairing, n.Pin, n.Server, n.Package = tidy(host.Text), tidy(code.Text), tidy(pin.Text), tidy(server.Text), nil
		return n
	}
	open := func() {
		n := read()
		if n.Address == "" || n.Server == "" || n.Pairing == "" || n.Pin == "" && !n.Online {
			b.fail(fault.New(fault.Invalid, "请按会务人员发放的配对单，把各项填写完整"))
			return
		}
		b.reachOut(n)
	}
	turn := func(online bool) func() {
		return func() {
			n := read()
			if n.Online != online {
				n.Online, n.Address = online, ""
			}
			b.connect(n)
		}
	}
	title, other := "连接会场主机", action{fyne.KeyF4, "改用在线服务器", turn(true), false}
	form := fields("主机地址", host, "配　对　码", code, "证书指纹", pin, "服务器公钥", server)
	all := []*entry{host, code, pin, server}
	if o.Online {
		title, other = "连接在线服务器", action{fyne.KeyF4, "改用会场主机", turn(false), false}
		form = fields("服务器地址", host, "配　对　码", code, "证书指纹", pin, "服务器公钥", server)
	}
	chain(b.window, open, all...)
	first := all[0]
	for _, e := range all {
		if e.Text == "" && !(o.Online && e == pin) {
			first = e
			break
		}
	}
	b.show(screen{
		title: title, body: middle(centred("由会务人员填写。本机在会议期间只用于投票。"), gap(16), form),
		hint: "↑↓ 换一栏", first: first,
		actions: []action{{fyne.KeyF2, "读入配对单", func() { b.fromSlip(read()) }, false}, {fyne.KeyF3, "用会议包文件", func() { b.fromFile(read()) }, false}, other, {fyne.KeyReturn, "连　接", open, true}},
	})
}

// tidy takes blanks out of what was typed from paper.
func tidy(s string) string { return strings.Join(strings.Fields(s), "") }

// fromSlip fills the form from the pairing slip on a stick: nobody types two keys of 64 digits at forty laptops.
func (b *Booth) fromSlip(o room.BoothOptions) {
	back := func() { b.connect(o) }
	b.pickFile("选择配对单文件", []string{PairingEnding}, func(path string) {
		var p *Pairing
		b.do(func(context.Context) error {
			text, err := room.ReadStick(path)
			if err == nil {
				p, err = ParsePairing(string(text))
			}
			return err
		}, func() {
			o.Address, o.Pin, o.Pairing, o.Server, o.Session, o.Online, o.Package = p.Hub, p.TLS, p.Code, p.Server, p.Session, p.Online(), nil
			b.connect(o)
		})
	}, back)
}

// fromFile opens the meeting from a package on a stick: this laptop is never on a network.
func (b *Booth) fromFile(o room.BoothOptions) {
	if o.Server == "" {
		b.fail(fault.New(fault.Invalid, "请先填写配对单上的服务器公钥，用来核对会议包的真伪"))
		return
	}
	b.pickFile("选择会议包文件", []string{packageEnding}, func(path string) {
		var file []byte
		b.do(func(context.Context) (err error) {
			file, err = room.ReadStick(path)
			return err
		}, func() {
			o.Address, o.Pairing, o.Pin, o.Online, o.Package = "", "", "", false, file
			b.enter(o)
		})
	}, func() { b.connect(o) })
}

// reachOut asks which group rooms there are, and enters the one or lets staff choose.
func (b *Booth) reachOut(o room.BoothOptions) {
	if o.Session != "" {
		b.enter(o)
		return
	}
	b.busy("正在连接", "请稍候……")
	b.run(func() func() {
		all, err := b.dial.Sessions(context.Background(), o)
		return func() {
			switch {
			case err != nil:
				b.connect(o)
				b.fail(err)
			case len(all) > 1:
				b.choose(o, all)
			default:
				if len(all) == 1 {
					o.Session = all[0].Session
				}
				b.enter(o)
			}
		}
	})
}

// choose lets staff choose the group room.
func (b *Booth) choose(o room.BoothOptions, all []*roomv1.SessionInfo) {
	var lines []string
	for _, x := range all {
		lines = append(lines, x.Title+"　"+x.Place)
	}
	b.pick("请选择会场", "本席位设在哪一个会场？", "", lines, func(i int) {
		o.Session = all[i].Session
		b.enter(o)
	}, func() { b.connect(o) })
}

// enter opens the meeting.
func (b *Booth) enter(o room.BoothOptions) {
	b.busy("正在打开会议", "请稍候……")
	b.run(func() func() {
		ctx := context.Background()
		seat, err := b.dial.Open(ctx, o)
		var v *room.View
		if err == nil {
			v, err = seat.Watch(ctx, 0)
		}
		return func() {
			if err != nil {
				o.Session = ""
				b.connect(o)
				b.fail(err)
				return
			}
			b.seat, b.view = seat, v
			if b.dial.Keep != nil {
				b.dial.Keep(o)
			}
			b.follow()
			b.names()
			b.take(v)
		}
	})
}
