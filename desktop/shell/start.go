package shell

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// NewStart draws the page of the very first start, when no server is known yet (ui.md): connect to one, open a meeting's package in a room
// without a network, make a key for one, or try the demonstration. What is nil is not offered.
func NewStart(connect, room, keys, demonstration func()) fyne.CanvasObject {
	title := widget.NewLabelWithStyle("职评通", fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	title.SizeName = theme.SizeNameHeadingText
	title.Importance = widget.HighImportance
	box := container.NewVBox(title, widget.NewLabelWithStyle("第一次使用，请选择：", fyne.TextAlignCenter, fyne.TextStyle{}))
	for _, c := range []struct {
		title, text string
		icon        fyne.Resource
		do          func()
	}{
		{"连接服务器", "日常办理：单位、专家、申报、审核、发证。服务器地址由上级部门提供。", theme.ComputerIcon(), connect},
		{"打开评审会议包", "会场使用，不需要联网：本机作为会场主机或投票席位。", theme.FolderOpenIcon(), room},
		{"会议密钥", "执行主任、监督人员、会务人员和密钥保管人：在本机生成、备份、试开自己的密钥。", theme.AccountIcon(), keys},
		{"试用演示", "用虚构的数据试用全部功能，不连接任何服务器。", theme.InfoIcon(), demonstration},
	} {
		if c.do == nil {
			continue
		}
		b := widget.NewButtonWithIcon(c.title, c.icon, c.do)
		b.Importance = widget.HighImportance
		l := widget.NewLabel(c.text)
		l.Wrapping = fyne.TextWrapWord
		box.Add(widget.NewCard("", "", container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSize(170, 40), b), nil, l)))
	}
	return container.NewCenter(container.NewGridWrap(fyne.NewSize(600, 420), box))
}
