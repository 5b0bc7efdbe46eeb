package keys

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"github.com/skip2/go-qrcode"

	"zhiping/desktop/kit"
	"zhiping/shared/holder"
)

// opened is a key that is open: its public half, its paper, its drill.
type opened struct {
	p     *Page
	key   *holder.Holder
	path  string
	leave func()
}

func (o *opened) draw(said string) fyne.CanvasObject {
	note := kit.NewBanner()
	note.Say(said, widget.MediumImportance)
	print := widget.NewLabelWithStyle(o.key.Public().Fingerprint(), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	print.SizeName = theme.SizeNameSubHeadingText
	where := text(o.path)
	facts := widget.NewForm(widget.NewFormItem("持有人", widget.NewLabel(o.key.Name)), widget.NewFormItem("密钥文件", where), widget.NewFormItem("公钥指纹", print))
	close := widget.NewButtonWithIcon("关闭密钥", theme.LogoutIcon(), o.p.shut)
	return column(note.Content, facts, o.public(), o.paper(), o.drill(), container.NewHBox(close))
}

// section is a thing to do with a key.
func section(title, about string, objects ...fyne.CanvasObject) fyne.CanvasObject {
	return widget.NewCard("", title, container.NewVBox(append([]fyne.CanvasObject{text(about)}, objects...)...))
}

func (o *opened) public() fyne.CanvasObject {
	whole := []rune(o.key.Public().Text())
	line := text(fmt.Sprintf("%s……（共 %d 个字符）", string(whole[:min(72, len(whole))]), len(whole))) // whole it would fill the screen
	copied := kit.NewButton("复制公钥", theme.ContentCopyIcon(), nil)
	copied.OnTapped = func() {
		o.p.around.Copy(o.key.Public().Text())
		copied.SetText("已复制")
	}
	codes := kit.NewButton("显示二维码", theme.ViewFullScreenIcon(), func() { o.p.around.Dialog("公钥二维码（"+o.key.Name+"）", codesOf(o.key.Public())) })
	saved := kit.NewButton("存成文件", theme.DocumentSaveIcon(), func() {
		o.p.write(beside(o.path, "-公钥.txt"), []byte(o.key.Public().Text()+"\n"), func(path string) { o.p.around.Desk.Say("公钥已保存到 " + path) })
	})
	return section("公钥", "把公钥（一整行字符）交给会务人员，登记到评审会议。公钥不用保密；登记后请用电话等另一种方式核对公钥指纹。", line, container.NewHBox(copied, codes, saved))
}

func (o *opened) paper() fyne.CanvasObject {
	where := text("")
	where.Hide()
	b := kit.NewButton("生成纸质备份", theme.DocumentPrintIcon(), nil)
	b.OnTapped = func() {
		pdf, err := o.key.Paper(time.Now())
		if err != nil {
			o.p.fail(err)
			return
		}
		o.p.write(beside(o.path, "-纸质备份.pdf"), pdf, func(path string) {
			where.SetText("已生成：" + path)
			where.Show()
			o.p.around.Desk.Show(path)
		})
	}
	return section("纸质备份", "打印两张纸：第1张是加密的密钥，装信封封存；第2张由您亲笔写口令，装另一个信封，分开保管。打印后请删除PDF文件。", container.NewHBox(b), where)
}

func (o *opened) drill() fyne.CanvasObject {
	challenge, answer := kit.NewParagraph(2), kit.NewParagraph(2)
	challenge.SetPlaceHolder("粘贴会务人员提供的试开内容（以 zp-drill/1 开头的一整行）")
	result := container.NewVBox()
	b := kit.NewButton("试开", theme.ConfirmIcon(), nil)
	b.OnTapped = func() {
		result.RemoveAll()
		got, err := o.key.Answer(challenge.Text)
		if err != nil {
			o.p.fail(err)
			return
		}
		answer.SetText(got)
		answer.OnChanged = func(string) { answer.SetText(got) }
		copied := kit.NewButton("复制试开结果", theme.ContentCopyIcon(), nil)
		copied.OnTapped = func() {
			o.p.around.Copy(got)
			copied.SetText("已复制")
		}
		result.Add(text("试开成功。请把下面的试开结果交还会务人员，由其提交到评审会议。"))
		result.Add(answer)
		result.Add(container.NewHBox(copied))
	}
	return section("试开", "会议包签发前，每位保管人都要试开一次，证明手里的密钥和口令有效。试开不接触任何选票。", challenge, container.NewHBox(b), result)
}

// write writes a file beside the key file, whose name may have to be another; then is told it.
func (p *Page) write(path string, b []byte, then func(path string)) {
	ending := filepath.Ext(path)
	base := strings.TrimSuffix(path, ending)
	for n := 2; there(path); n++ { // an earlier one stays
		path = fmt.Sprintf("%s（%d）%s", base, n, ending)
	}
	p.around.Desk.Do(func() error { return holder.WriteNew(path, b, nil) }, func() { then(path) })
}

// codesOf shows a public half as QR codes side by side, for a scanner at the meeting's desk.
func codesOf(p holder.Public) fyne.CanvasObject {
	codes := p.Codes()
	row := container.NewHBox()
	for i, code := range codes {
		q, err := qrcode.New(code, qrcode.Medium)
		if err != nil {
			return text(err.Error())
		}
		const pixels = 291 // three for each of 97 modules
		image := canvas.NewImageFromImage(q.Image(pixels))
		image.FillMode, image.ScaleMode = canvas.ImageFillContain, canvas.ImageScalePixels
		image.SetMinSize(fyne.NewSquareSize(pixels))
		row.Add(container.NewVBox(image, widget.NewLabelWithStyle(fmt.Sprintf("第 %d 个，共 %d 个", i+1, len(codes)), fyne.TextAlignCenter, fyne.TextStyle{})))
	}
	return container.NewVBox(text("请会务人员用扫码枪把每个都扫一遍，先后不限。"), row, widget.NewLabel("公钥指纹："+p.Fingerprint()))
}
