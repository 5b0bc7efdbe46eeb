package meeting

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/room"
	"zhiping/desktop/theme"
	"zhiping/shared/ballot"
)

// round is the one round that a meeting has for now.
const round = "R1"

// A Booth is the expert's screens, one after the other: connect, check in, wait, vote, look over, done.
type Booth struct {
	Content fyne.CanvasObject

	window fyne.Window
	run    kit.Runner
	dial   func(address, pairing string) (*room.Booth, error)
	body   *fyne.Container
	booth  *room.Booth
	expert string
	paper  *Paper
}

// NewBooth draws the booth; dial connects to the hub at an address with the pairing code.
func NewBooth(w fyne.Window, run kit.Runner, address, pairing string, dial func(address, pairing string) (*room.Booth, error)) *Booth {
	b := &Booth{window: w, run: run, dial: dial, body: container.NewStack()}
	// Large type for everything (ui.md: at least 18 point).
	b.Content = container.NewThemeOverride(b.body, theme.New(1.45, false))
	b.connect(address, pairing)
	return b
}

// show puts a screen up; keys is what its keys do.
func (b *Booth) show(o fyne.CanvasObject, keys func(*fyne.KeyEvent)) {
	b.window.Canvas().Unfocus() // else the keys would go to an entry of the screen before
	kit.PageKeys(b.window.Canvas(), keys)
	b.body.Objects = []fyne.CanvasObject{container.NewThemeOverride(o, theme.New(1.45, false))}
	b.body.Refresh()
}

func (b *Booth) fail(err error) {
	if err != nil {
		dialog.ShowError(err, b.window)
	}
}

func title(s string) *widget.Label {
	l := widget.NewLabelWithStyle(s, fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	l.SizeName = "headingText"
	return l
}

func important(text string, fn func()) *widget.Button {
	w := widget.NewButton(text, fn)
	w.Importance = widget.HighImportance
	return w
}

func middle(objects ...fyne.CanvasObject) fyne.CanvasObject {
	return container.NewCenter(container.NewGridWrap(fyne.NewSize(620, 420), container.NewVBox(objects...)))
}

func (b *Booth) connect(address, pairing string) {
	host, code := widget.NewEntry(), widget.NewEntry()
	host.SetText(address)
	code.SetText(pairing)
	b.show(middle(title("专家投票"), widget.NewForm(widget.NewFormItem("主机地址", host), widget.NewFormItem("配对码", code)), important("连接主机", func() {
		b.run(func() func() {
			r, err := b.dial(host.Text, code.Text)
			return func() {
				if err != nil {
					b.fail(err)
					return
				}
				b.booth = r
				b.checkIn()
			}
		})
	})), nil)
}

func (b *Booth) checkIn() {
	byName := map[string]string{}
	var names []string
	for _, e := range b.booth.Package.Experts {
		byName[e.Name] = e.ID
		names = append(names, e.Name)
	}
	who := widget.NewSelect(names, nil)
	who.PlaceHolder = "请选择您的姓名"
	code, pin := widget.NewEntry(), widget.NewPasswordEntry()
	code.SetPlaceHolder("签到条上的8位数字")
	pin.SetPlaceHolder("自己设置，6位以上数字")
	b.show(middle(title(b.booth.Package.Title), widget.NewForm(widget.NewFormItem("姓名", who), widget.NewFormItem("签到码", code), widget.NewFormItem("PIN码", pin)), important("签　到", func() {
		b.expert = byName[who.Selected]
		b.run(func() func() {
			err := b.booth.CheckIn(context.Background(), b.expert, code.Text, pin.Text)
			return func() {
				if err != nil {
					b.fail(err)
					return
				}
				b.wait()
			}
		})
	})), nil)
}

func (b *Booth) wait() {
	b.show(middle(title("已签到"), widget.NewLabelWithStyle("请等待会务人员开启表决。", fyne.TextAlignCenter, fyne.TextStyle{}), widget.NewProgressBarInfinite()), nil)
	b.run(func() func() {
		open, err := b.booth.WaitOpen(context.Background(), round)
		return func() {
			switch {
			case err != nil:
				b.fail(err)
				b.checkIn()
			case !open:
				b.done("本轮表决未对您开放", "请与会务人员联系。")
			default:
				b.paper = NewPaper(b.booth.Package, b.expert)
				b.vote()
			}
		}
	})
}

var words = map[byte]string{0: "未表决", ballot.Agree: "同意", ballot.Oppose: "反对", ballot.Abstain: "弃权"}

// vote is the list in its order, with the choices by key 1, 2, 3.
func (b *Booth) vote() {
	progress := widget.NewLabel("")
	person := title("")
	var list *widget.List
	draw := func() {
		a, o, s, open := b.paper.Count()
		progress.SetText(fmt.Sprintf("同意 %d　反对 %d　弃权 %d　未表决 %d", a, o, s, open))
		x := b.paper.Applicants[b.paper.At]
		person.SetText(fmt.Sprintf("第 %d 位　%s　%s", x.Position, x.Name, words[b.paper.Choice(b.paper.At)]))
		list.Select(b.paper.At)
		list.ScrollTo(b.paper.At)
		list.Refresh()
	}
	list = widget.NewList(func() int { return len(b.paper.Applicants) }, newRow, func(i widget.ListItemID, o fyne.CanvasObject) { b.row(i, o) })
	list.OnSelected = func(i widget.ListItemID) {
		if !b.paper.Recused(i) && i != b.paper.At {
			b.paper.At = i
			draw()
		}
	}
	choose := func(c byte) func() { return func() { b.paper.Choose(c); draw() } }
	// All three look alike: the screen must not advise.
	agree, oppose, abstain := widget.NewButton("1　同意", choose(ballot.Agree)), widget.NewButton("2　反对", choose(ballot.Oppose)), widget.NewButton("3　弃权", choose(ballot.Abstain))
	finish := func() {
		if b.paper.Undecided() {
			draw()
			b.fail(fmt.Errorf("还有未表决的人员，已跳转到第%d位", b.paper.Applicants[b.paper.At].Position))
			return
		}
		b.review()
	}
	buttons := container.NewGridWithColumns(4, agree, oppose, abstain, important("核对并提交", finish))
	help := widget.NewLabel("按键：1 同意　2 反对　3 弃权　↑↓ 移动　回车 核对并提交")
	b.show(container.NewBorder(container.NewVBox(title(b.booth.Package.Title), progress), container.NewVBox(person, buttons, help), nil, nil, list), func(e *fyne.KeyEvent) {
		switch e.Name {
		case fyne.Key1:
			choose(ballot.Agree)()
		case fyne.Key2:
			choose(ballot.Oppose)()
		case fyne.Key3:
			choose(ballot.Abstain)()
		case fyne.KeyUp:
			b.paper.Move(-1)
			draw()
		case fyne.KeyDown:
			b.paper.Move(1)
			draw()
		case fyne.KeyReturn, fyne.KeyEnter:
			finish()
		}
	})
	draw()
}

func newRow() fyne.CanvasObject {
	n, name, unit, choice := widget.NewLabel("000"), widget.NewLabel("某某某某"), widget.NewLabel(""), widget.NewLabelWithStyle("未表决", fyne.TextAlignTrailing, fyne.TextStyle{Bold: true})
	unit.Truncation = fyne.TextTruncateEllipsis
	return container.NewBorder(nil, nil, container.NewHBox(container.NewGridWrap(fyne.NewSize(70, 36), n), container.NewGridWrap(fyne.NewSize(180, 36), name)), container.NewGridWrap(fyne.NewSize(130, 36), choice), unit)
}

func (b *Booth) row(i int, o fyne.CanvasObject) {
	row := o.(*fyne.Container)
	unit := row.Objects[0].(*widget.Label)
	left := row.Objects[1].(*fyne.Container).Objects
	choice := row.Objects[2].(*fyne.Container).Objects[0].(*widget.Label)
	a := b.paper.Applicants[i]
	left[0].(*fyne.Container).Objects[0].(*widget.Label).SetText(fmt.Sprint(a.Position))
	left[1].(*fyne.Container).Objects[0].(*widget.Label).SetText(a.Name)
	unit.SetText(a.Unit)
	choice.Importance = widget.MediumImportance
	switch text := words[b.paper.Choice(i)]; {
	case b.paper.Recused(i):
		choice.SetText("回避")
	case b.paper.Choice(i) == 0:
		choice.Importance = widget.WarningImportance
		choice.SetText(text)
	default:
		choice.SetText(text)
	}
}

// review is the one page before the ballot is sealed.
func (b *Booth) review() {
	a, o, s, _ := b.paper.Count()
	submit := func() { b.submit() }
	figures := widget.NewLabelWithStyle(fmt.Sprintf("同意 %d 人　　反对 %d 人　　弃权 %d 人", a, o, s), fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	b.show(middle(title("请核对您的表决"), layout.NewSpacer(), figures, layout.NewSpacer(),
		widget.NewLabelWithStyle("提交后选票即被密封，任何人（包括会务人员）不能查看。", fyne.TextAlignCenter, fyne.TextStyle{}), layout.NewSpacer(),
		container.NewGridWithColumns(2, widget.NewButton("返回修改（Esc）", b.vote), important("密封并提交（回车）", submit))), func(e *fyne.KeyEvent) {
		switch e.Name {
		case fyne.KeyEscape:
			b.vote()
		case fyne.KeyReturn, fyne.KeyEnter:
			submit()
		}
	})
}

func (b *Booth) submit() {
	cells := b.paper.Ballot()
	b.show(middle(title("① 已保存在本机"), widget.NewLabelWithStyle("正在送交主机，请稍候……", fyne.TextAlignCenter, fyne.TextStyle{}), widget.NewProgressBarInfinite()), nil)
	b.run(func() func() {
		s, err := b.booth.Submit(context.Background(), round, cells)
		for err == nil && s.Pending {
			if err = b.booth.Deliver(context.Background()); err == nil {
				s, err = b.booth.Sent(context.Background(), round)
			}
		}
		clear(cells.Votes)
		return func() {
			b.paper.Wipe()
			switch {
			case err != nil:
				b.done("选票未被接收", err.Error())
			case s.Receipt.Reason != "":
				b.done("选票未计入", ballot.RejectText(s.Receipt.Reason))
			default:
				b.done("① 已保存　② 已收到", fmt.Sprintf("主机已收到您的密封选票，回执编号 %d。\n感谢您的参与，请退出后离席。", s.Receipt.Index))
			}
		}
	})
}

// done is the end; leaving shows nothing of this expert to the next.
func (b *Booth) done(head, text string) {
	l := widget.NewLabelWithStyle(text, fyne.TextAlignCenter, fyne.TextStyle{})
	l.Wrapping = fyne.TextWrapWord
	leave := func() {
		b.expert, b.paper = "", nil
		b.checkIn()
	}
	b.show(middle(title(head), l, layout.NewSpacer(), important("退　出", leave)), func(e *fyne.KeyEvent) {
		if e.Name == fyne.KeyReturn {
			leave()
		}
	})
}
