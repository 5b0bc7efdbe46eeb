package shell

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/shared/fault"
)

// A SignIn is the page before all others.
type SignIn struct {
	Content                         fyne.CanvasObject
	Address, Pin, Account, Password *widget.Entry
	Keep                            *widget.Check // stay signed in
	Ways                            Ways

	button, link, others *widget.Button
	platforms            *fyne.Container // a button for each
	note                 *widget.Label
	waiting              *fyne.Container // for the browser
}

// Ways are what can be done on the page; what cannot be done is said by Fail.
type Ways struct {
	Submit   func(*SignIn) // with account and password
	Register func(*SignIn) // a unit without an account (A2)
	// Platforms asks the server for its unified identity platforms and calls Offer (A3).
	Platforms func(*SignIn)
	// With signs in at one of them.
	With func(s *SignIn, provider string)
	// Keys makes a key for a review meeting, which needs neither server nor account; nil is not offered.
	Keys func()
}

// NewSignIn draws the page.
func NewSignIn(ways Ways) *SignIn {
	s := &SignIn{Address: widget.NewEntry(), Pin: widget.NewEntry(), Account: widget.NewEntry(), Password: widget.NewPasswordEntry(), Ways: ways}
	s.Address.SetPlaceHolder("例如 zp.example.gov.cn:8443")
	s.Pin.SetPlaceHolder("证书由公共机构签发的，不用填写")
	s.Account.SetPlaceHolder("登录账号")
	s.Password.SetPlaceHolder("密码")
	s.Keep = widget.NewCheck("在本机保持登录（12小时内再次打开不用重新登录）", nil)
	s.note = widget.NewLabel("")
	s.note.Wrapping = fyne.TextWrapWord
	s.button = widget.NewButtonWithIcon("登　录", theme.LoginIcon(), func() { s.begin(s.Ways.Submit) })
	s.button.Importance = widget.HighImportance
	s.Password.OnSubmitted = func(string) { s.button.OnTapped() }
	s.Account.OnSubmitted = func(string) { s.button.OnTapped() }
	s.link = widget.NewButton("单位注册：还没有账号的单位由此申请", func() { s.addressed(s.Ways.Register) })
	s.link.Importance = widget.LowImportance
	s.others = widget.NewButtonWithIcon("统一身份登录", theme.AccountIcon(), func() { s.addressed(s.Ways.Platforms) })
	s.platforms = container.NewVBox(s.others)
	s.waiting = container.NewVBox()
	title := widget.NewLabelWithStyle("职评通", fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	title.SizeName = theme.SizeNameHeadingText
	title.Importance = widget.HighImportance
	form := widget.NewForm(widget.NewFormItem("服务器地址", s.Address), widget.NewFormItem("证书指纹", s.Pin), widget.NewFormItem("登录账号", s.Account), widget.NewFormItem("密码", s.Password))
	box := container.NewVBox(title, widget.NewLabelWithStyle("职称评审管理系统", fyne.TextAlignCenter, fyne.TextStyle{}), form, s.Keep, s.note, s.waiting, s.button, s.platforms, s.link)
	if ways.Keys != nil {
		keys := widget.NewButton("会议密钥：在本机生成、备份、试开，不用登录", ways.Keys)
		keys.Importance = widget.LowImportance
		box.Add(keys)
	}
	s.say("", widget.DangerImportance)
	s.Content = container.NewCenter(container.New(cardLayout{}, widget.NewCard("", "", box)))
	return s
}

// cardWidth is the width of the card at 100 %.
const cardWidth = 460

// cardLayout gives the card its width, and the height that it needs.
type cardLayout struct{}

// Layout implements fyne.Layout.
func (cardLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(size)
	}
}

// MinSize implements fyne.Layout.
func (cardLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.NewSize(cardWidth, 0)
	for _, o := range objects {
		o.Resize(fyne.NewSize(cardWidth, o.Size().Height)) // wrapped text then knows its height
		size = size.Max(o.MinSize())
	}
	return size
}

// begin does something that asks the server; until Fail nothing else can be begun.
func (s *SignIn) begin(do func(*SignIn)) {
	s.say("", widget.DangerImportance)
	s.enable(false)
	do(s)
}

// addressed does something for which the server must be known.
func (s *SignIn) addressed(do func(*SignIn)) {
	if s.Address.Text == "" {
		s.Fail(fault.New(fault.Invalid, "请先填写服务器地址"))
		return
	}
	s.begin(do)
}

func (s *SignIn) enable(on bool) {
	all := []*widget.Button{s.button, s.link}
	for _, o := range s.platforms.Objects {
		if b, ok := o.(*widget.Button); ok {
			all = append(all, b)
		}
	}
	for _, b := range all {
		if on {
			b.Enable()
		} else {
			b.Disable()
		}
	}
}

func (s *SignIn) say(text string, how widget.Importance) {
	s.note.Importance = how
	s.note.SetText(text)
	if text == "" {
		s.note.Hide()
	} else {
		s.note.Show()
	}
	s.waiting.RemoveAll()
}

// Fail says why it did not work, nothing for nil; what was typed stays.
func (s *SignIn) Fail(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	s.say(text, widget.DangerImportance)
	s.enable(true)
}

// Offer shows the unified identity platforms of the server as buttons.
func (s *SignIn) Offer(all []*sessionv1.Provider) {
	s.platforms.RemoveAll()
	for _, p := range all {
		s.platforms.Add(widget.NewButtonWithIcon(p.Label, theme.AccountIcon(), func() {
			s.begin(func(s *SignIn) { s.Ways.With(s, p.Id) })
		}))
	}
}

// Wait says that something goes on elsewhere, and how to leave it.
func (s *SignIn) Wait(text string, cancel func()) {
	s.say(text, widget.MediumImportance)
	s.waiting.Add(widget.NewButtonWithIcon("取消", theme.CancelIcon(), cancel))
}

// Submit presses the button.
func (s *SignIn) Submit() { s.button.OnTapped() }

// First is the first entry that is still empty, for the keyboard.
func (s *SignIn) First() fyne.Focusable {
	for _, e := range []*widget.Entry{s.Address, s.Account} {
		if e.Text == "" {
			return e
		}
	}
	return s.Password
}
