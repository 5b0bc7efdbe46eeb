package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/room"
	"zhiping/shared/fault"
	"zhiping/shared/room/stick"
)

// openMeeting asks what this laptop is in the meeting room.
func (p *program) openMeeting() {
	box := container.NewVBox(widget.NewLabelWithStyle("这台电脑在会场中用作：", fyne.TextAlignCenter, fyne.TextStyle{}))
	for _, c := range []struct {
		title, text string
		do          func()
	}{
		{"投票席位", "专家签到、投票。按会务人员发放的配对单连接，或用U盘传递。", p.openRoom},
		{"会场主机", "会务人员使用：会前准备主机，会上接收密封选票、开票、打印对账单。", p.openHub},
	} {
		b := kit.NewButton(c.title, nil, c.do)
		b.Importance = widget.HighImportance
		l := widget.NewLabel(c.text)
		l.Wrapping = fyne.TextWrapBreak
		box.Add(widget.NewCard("", "", container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSize(170, 40), b), nil, l)))
	}
	box.Add(container.NewHBox(layout.NewSpacer(), kit.NewButton("返回", nil, p.showStart), layout.NewSpacer()))
	p.window.SetContent(withHelp(p.window, "meeting-open", container.NewCenter(container.NewGridWrap(fyne.NewSize(600, 260), box))))
}

// What is remembered of the hub, so that it is open again quickly after a power cut; nothing of it is secret.
const (
	hubDirKey    = "hub.dir"
	hubServerKey = "hub.server"
	hubListenKey = "hub.listen"
)

// openHub asks for the packages and turns this window into the hub: for a laptop on which nobody types commands.
func (p *program) openHub() {
	c := &hubWindowCommand{}
	prefs := fyne.CurrentApp().Preferences()
	server, listen := kit.NewEntry(), kit.NewEntry()
	server.SetPlaceHolder("64位，与会议包一起由经办单位提供")
	server.SetText(prefs.String(hubServerKey))
	listen.SetText(prefs.StringWithFallback(hubListenKey, "0.0.0.0:7443"))
	files := widget.NewLabel("以前打开过的不用再添加")
	files.Wrapping = fyne.TextWrapBreak
	choose := kit.NewButton("添加会议包…", nil, func() {
		p.desk.Files.Open([]string{".zpp"}, func(path string) {
			c.Package = append(c.Package, path)
			files.SetText(strings.Join(c.Package, "\n"))
		})
	})
	dir := widget.NewLabel(prefs.StringWithFallback(hubDirKey, hubDir()))
	dir.Wrapping = fyne.TextWrapBreak
	folder := kit.NewButton("选择文件夹…", nil, func() { chooseFolder(p.window, dir.SetText) })
	form := widget.NewForm(widget.NewFormItem("会议包", container.NewBorder(nil, nil, choose, nil, files)), widget.NewFormItem("主机文件夹", container.NewBorder(nil, nil, folder, nil, dir)),
		widget.NewFormItem("服务器公钥", server), widget.NewFormItem("本机地址", listen))
	open := kit.NewButton("打开会场主机", nil, func() {
		c.Dir, c.Server, c.Listen = dir.Text, server.Text, strings.TrimSpace(listen.Text)
		p.beHub(c)
	})
	open.Importance = widget.HighImportance
	buttons := container.NewHBox(kit.NewButton("返回", nil, p.openMeeting), layout.NewSpacer(), kit.NewButton("准备主机（会前）…", nil, func() { p.prepareHub(dir.Text) }), open)
	text := widget.NewLabel("把这台电脑作为会场主机：接收密封选票，开票，打印对账单。签发会议包以前，先在这里“准备主机”，把公钥交经办单位；会上用同一个主机文件夹打开。")
	text.Wrapping = fyne.TextWrapBreak
	p.window.SetContent(withHelp(p.window, "hub-open", container.NewCenter(container.NewGridWrap(fyne.NewSize(720, 300), widget.NewCard("", "", container.NewVBox(title("本机作为会场主机"), text, form, buttons))))))
}

func title(text string) *widget.Label {
	l := widget.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	l.SizeName = "subHeadingText"
	return l
}

// beHub turns this window into the hub.
func (p *program) beHub(c *hubWindowCommand) {
	if strings.TrimSpace(c.Server) == "" {
		p.fail(fault.New(fault.Invalid, "请填写服务器公钥，用来核对会议包的签名"))
		return
	}
	end, err := c.show(context.Background(), p.window)
	if err != nil {
		p.fail(err)
		return
	}
	prefs := fyne.CurrentApp().Preferences()
	prefs.SetString(hubDirKey, c.Dir)
	prefs.SetString(hubServerKey, strings.TrimSpace(c.Server))
	prefs.SetString(hubListenKey, c.Listen)
	p.end = func() {
		if err := end(); err != nil {
			slog.Error("hub", "error", err)
		}
	}
}

// hubPublic is what the meeting needs of a prepared hub, or of a spare, before its package is issued: one line, as "hub prepare" says it.
func hubPublic(k *room.Keys) (string, error) {
	b, err := json.Marshal(map[string]string{"hub": k.Hub.Public(), "staff": k.Staff.Public(), "tls": k.Pin})
	return string(b) + "\n", err
}

// prepareHub makes the laptop's keys, or finds those that are there, and hands out their public halves.
func (p *program) prepareHub(dir string) {
	var k *room.Keys
	var line string
	p.desk.Do(func() (err error) {
		if k, err = room.PrepareKeys(dir); err == nil {
			line, err = hubPublic(k)
		}
		return err
	}, func() {
		note := widget.NewLabel("主机密钥已保存在 " + dir + "，不会离开本机。\n请把公钥（一行文字）交给经办单位，在“评审会议管理”的“密钥与试开”中导入；备用主机导入到“备用主机”。\n导入后请核对公钥开头：" + k.Hub.Public()[:8])
		note.Wrapping = fyne.TextWrapBreak
		body := container.NewVBox(container.NewGridWrap(fyne.NewSize(520, 1), layout.NewSpacer()), note)
		p.desk.Choose("准备主机", body, kit.Choice{Title: "关闭"},
			kit.Choice{Title: "复制公钥", Do: func() { fyne.CurrentApp().Clipboard().SetContent(line) }},
			kit.Choice{Title: "存到U盘…", Do: func() {
				p.desk.Files.Save("主机公钥.txt", func(path string) {
					p.desk.Do(func() error { return stick.Write(path, []byte(line)) }, func() { p.say("主机公钥已写入 " + path + "。") })
				})
			}})
	})
}

// hubDir is where a hub keeps its keys and ballots unless another folder is chosen.
func hubDir() string {
	base, err := os.UserConfigDir()
	if err != nil {
		return "hub"
	}
	return filepath.Join(base, "zhiping", "hub")
}

// chooseFolder asks for a folder.
func chooseFolder(w fyne.Window, then func(path string)) {
	d := dialog.NewFolderOpen(func(u fyne.ListableURI, err error) {
		if err == nil && u != nil {
			then(u.Path())
		}
	}, w)
	if l, err := storage.ListerForURI(storage.NewFileURI(hubDir())); err == nil {
		d.SetLocation(l)
	}
	d.Resize(fyne.NewSize(820, 560))
	d.Show()
}
