// Package keys is the screen of a person's keys for review meetings (features F10, F13; voting.md, roles and keys): make a key file, hand out its public
// half, print its paper copy, open a test envelope, recover it from paper. It needs neither a server nor an account: the key is made where it stays.
package keys

import (
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/shared/fault"
	"zhiping/shared/holder"
)

// Ending is that of key files.
const Ending = ".zpk"

// Around is what the screen needs of the program around it.
type Around struct {
	Desk   *kit.Desk
	Folder func(then func(dir string)) // asks for a folder
	Dialog func(title string, content fyne.CanvasObject)
	Copy   func(text string)
	Work   int // scrypt's work factor; 0 but in tests
}

// Window is the screen's surroundings in a window.
func Window(w fyne.Window, d *kit.Desk) Around {
	return Around{
		Desk:   d,
		Folder: func(then func(string)) { kit.Folder(w, then) },
		Dialog: func(title string, content fyne.CanvasObject) { dialog.ShowCustom(title, "关闭", content, w) },
		Copy:   func(text string) { fyne.CurrentApp().Clipboard().SetContent(text) },
	}
}

// A Page is the screen: three ways to a key, and what can be done with one.
type Page struct {
	Content fyne.CanvasObject

	around Around
	tabs   *container.AppTabs
	ways   []*container.TabItem
	firsts map[*container.TabItem]fyne.Focusable // where the cursor begins
	opened *opened                               // the key that is open, in the place of the way to it
}

// New draws the screen.
func New(a Around) *Page {
	p := &Page{around: a, firsts: map[*container.TabItem]fyne.Focusable{}}
	for _, w := range []struct {
		title string
		draw  func(*container.TabItem) fyne.CanvasObject
	}{{"生成密钥", p.make}, {"打开密钥", p.open}, {"用纸质备份恢复", p.recover}} {
		tab := container.NewTabItem(w.title, nil)
		tab.Content = w.draw(tab)
		p.ways = append(p.ways, tab)
	}
	p.tabs = container.NewAppTabs(p.ways...)
	p.tabs.OnSelected = func(*container.TabItem) {
		p.shut()
		if c := fyne.CurrentApp().Driver().CanvasForObject(p.tabs); c != nil {
			p.Focus(c) // else what is typed would go to the entry of the way that was left, unseen
		}
	}
	p.Content = p.tabs
	return p
}

// Focus puts the cursor where typing begins.
func (p *Page) Focus(c fyne.Canvas) { c.Focus(p.firsts[p.tabs.Selected()]) }

// text is a paragraph.
func text(s string) *widget.Label {
	l := widget.NewLabel(s)
	l.Wrapping = fyne.TextWrapWord
	return l
}

// way lays out a way to a key: what it is for, its form, its button; a key that is open takes its place.
func (p *Page) way(about string, form *widget.Form, button *widget.Button) fyne.CanvasObject {
	button.Importance = widget.HighImportance
	return column(text(about), form, container.NewHBox(button))
}

// column is a page from top to bottom, no wider than reads well.
func column(objects ...fyne.CanvasObject) fyne.CanvasObject {
	return container.NewVScroll(container.New(narrow{}, container.NewPadded(container.NewVBox(objects...))))
}

// narrow keeps what is in it to a width.
type narrow struct{}

const width = 860

// Layout implements fyne.Layout.
func (narrow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(fyne.NewSize(min(size.Width, width), size.Height))
	}
}

// MinSize implements fyne.Layout.
func (narrow) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.NewSize(0, 0)
	for _, o := range objects {
		size = size.Max(o.MinSize())
	}
	return size
}

func secret(hint string) *kit.Entry {
	e := kit.NewEntry()
	e.Password = true
	e.SetPlaceHolder(hint)
	return e
}

// folder is an entry for a folder with a button to choose one.
func (p *Page) folder() (*kit.Entry, fyne.CanvasObject) {
	e := kit.NewEntry()
	e.SetPlaceHolder("U盘的文件夹")
	return e, container.NewBorder(nil, nil, nil, kit.NewButton("选择文件夹…", theme.FolderOpenIcon(), func() { p.around.Folder(e.SetText) }), e)
}

// fileOf is the key file of a person in a folder.
func fileOf(folder, name string) (string, error) {
	switch {
	case strings.TrimSpace(name) == "":
		return "", fault.New(fault.Invalid, "请填写持有人姓名")
	case strings.TrimSpace(folder) == "":
		return "", fault.New(fault.Invalid, "请选择保存密钥文件的文件夹，最好是一个专用的U盘")
	}
	plain := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) || r < ' ' { // what Windows and sticks allow in no name
			return -1
		}
		return r
	}, strings.TrimSpace(name))
	return filepath.Join(strings.TrimSpace(folder), "会议密钥-"+plain+Ending), nil
}

// work does something that takes seconds (scrypt, a stick) beside the window; meanwhile the button says so.
func (p *Page) work(b *widget.Button, doing string, call func() error, then func()) {
	title := b.Text
	b.Disable()
	b.SetText(doing)
	p.around.Desk.Run(func() func() {
		err := call()
		return func() {
			b.SetText(title)
			b.Enable()
			if err != nil {
				p.fail(err)
				return
			}
			then()
		}
	})
}

// fail says what went wrong. A wrong passphrase is no missing right, and the window shall not be headed so.
func (p *Page) fail(err error) {
	if f := fault.As(err); f != nil && f.Field == "passphrase" {
		err = fault.New(fault.Invalid, "%s", f.Message)
	}
	p.around.Desk.Fail(err)
}

func (p *Page) make(tab *container.TabItem) fyne.CanvasObject {
	name, first, second := kit.NewEntry(), secret("至少10个字符，可以是一句话"), secret("同样的口令")
	name.SetPlaceHolder("会议中显示的姓名")
	p.firsts[tab] = name
	folder, pick := p.folder()
	form := widget.NewForm(widget.NewFormItem("持有人姓名", name), widget.NewFormItem("口令", first), widget.NewFormItem("再输一遍", second), widget.NewFormItem("保存到", pick))
	button := widget.NewButtonWithIcon("生成密钥", theme.ConfirmIcon(), nil)
	button.OnTapped = func() {
		path, err := fileOf(folder.Text, name.Text)
		if err == nil {
			err = holder.CheckPassphrase(first.Text)
		}
		if err == nil && first.Text != second.Text {
			err = fault.New(fault.Invalid, "两次输入的口令不一致，请重新输入")
		}
		if err != nil {
			p.fail(err)
			return
		}
		var h *holder.Holder
		phrase, who := first.Text, name.Text
		p.work(button, "正在生成、写入并核对，请稍候……", func() (err error) {
			if h, err = holder.New(who); err == nil {
				err = h.Save(path, phrase, p.around.Work)
			}
			return err
		}, func() {
			first.SetText("")
			second.SetText("")
			p.show(tab, h, path, "密钥已生成，写入后已读回并试开无误。请接着做两件事：把公钥交给会务人员；打印纸质备份，装信封封存。")
		})
	}
	return p.way("执行主任、监督人员、会务人员和密钥保管人，各在自己的电脑上生成自己的密钥。密钥文件加密保存在您选择的位置，只把公钥交给会务人员。口令不保存在任何地方，忘记后只能重新生成密钥。", form, button)
}

func (p *Page) open(tab *container.TabItem) fyne.CanvasObject {
	file, phrase := kit.NewEntry(), secret("密钥文件的口令")
	p.firsts[tab] = file
	file.SetPlaceHolder("密钥文件（" + Ending + "）")
	pick := container.NewBorder(nil, nil, nil, kit.NewButton("选择文件…", theme.FileIcon(), func() { p.around.Desk.Files.Open([]string{Ending}, file.SetText) }), file)
	button := widget.NewButtonWithIcon("打开", theme.LoginIcon(), nil)
	button.OnTapped = func() {
		path, typed := strings.TrimSpace(file.Text), phrase.Text
		if path == "" {
			p.fail(fault.New(fault.Invalid, "请选择密钥文件"))
			return
		}
		var h *holder.Holder
		p.work(button, "正在打开，请稍候……", func() (err error) {
			h, err = holder.Load(path, typed)
			return err
		}, func() {
			phrase.SetText("")
			p.show(tab, h, path, "密钥已打开。")
		})
	}
	phrase.OnSubmitted = func(string) { button.OnTapped() }
	form := widget.NewForm(widget.NewFormItem("密钥文件", pick), widget.NewFormItem("口令", phrase))
	return p.way("打开密钥文件后，可以复制公钥、打印纸质备份，以及在会议包签发前试开：证明您的密钥确实能打开选票。", form, button)
}

func (p *Page) recover(tab *container.TabItem) fyne.CanvasObject {
	lines, phrase := kit.NewParagraph(9), secret("密钥文件的口令")
	p.firsts[tab] = lines
	lines.SetPlaceHolder("用扫码枪逐个扫描纸上的二维码，先后不限；不能扫描的，照纸面逐行录入，每行一回车")
	folder, pick := p.folder()
	form := widget.NewForm(widget.NewFormItem("备份内容", lines), widget.NewFormItem("口令", phrase), widget.NewFormItem("保存到", pick))
	button := widget.NewButtonWithIcon("恢复密钥文件", theme.ConfirmIcon(), nil)
	button.OnTapped = func() {
		_, err := holder.Recover(lines.Text)
		if err == nil {
			_, err = fileOf(folder.Text, "-")
		}
		if err != nil {
			p.fail(err)
			return
		}
		var h *holder.Holder
		var path string
		typed, under, to := lines.Text, phrase.Text, folder.Text
		p.work(button, "正在恢复并核对，请稍候……", func() (err error) {
			if h, err = holder.Unlock(typed, under); err != nil {
				return err
			}
			if path, err = fileOf(to, h.Name); err != nil {
				return err
			}
			return h.Copy(path, under)
		}, func() {
			phrase.SetText("")
			lines.SetText("")
			p.show(tab, h, path, "密钥文件已恢复，写入后已读回并试开无误。请与原来登记的公钥指纹核对，并把纸质备份重新封存。")
		})
	}
	return p.way("U盘遗失或损坏时，用密封信封里的纸质备份恢复密钥文件。恢复后的密钥与原来的完全相同，不用重新登记公钥。", form, button)
}

// show puts the key that is open in the place of the way to it.
func (p *Page) show(way *container.TabItem, h *holder.Holder, path, said string) {
	p.tabs.Select(way) // somebody may have looked at another meanwhile
	form := way.Content
	p.opened = &opened{p: p, key: h, path: path, leave: func() {
		way.Content = form
		p.tabs.Refresh()
	}}
	way.Content = p.opened.draw(said)
	p.tabs.Refresh()
}

// shut forgets the key that is open.
func (p *Page) shut() {
	if p.opened != nil {
		p.opened.leave()
		p.opened = nil
	}
}

// beside is a file beside a key file, of the same name with another ending.
func beside(path, ending string) string {
	return strings.TrimSuffix(path, Ending) + ending
}

// there reports whether a file is there already.
func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
