package meeting

import (
	"fmt"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
)

// score is the list on the left and on the right the items of the standard for the person under the cursor, filled in with digits.
func (b *Booth) score(p *Scores) {
	progress, person, total := centred(""), title(""), title("")
	items := container.NewVBox()
	scroll := container.NewVScroll(items)
	var list *rows
	var body *fyne.Container
	draw := func() {
		progress.SetText(b.scored(p))
		defer body.Refresh() // the lines above and below may have become more
		if p.Len() == 0 {
			person.SetText("本轮人员您均须回避，无须评分，请直接提交")
			return
		}
		x := p.Applicant(p.At)
		person.SetText(fmt.Sprintf("第%d位　%s", x.Position, x.Name))
		b.drawItems(p, items, scroll)
		switch {
		case p.Out(p.At):
			total.SetText("弃权")
		case p.Open(p.At) > 0:
			total.SetText(fmt.Sprintf("合计 %s 分（满分 %s，还有 %d 项未评）", p.Total(p.At), p.Highest(), p.Open(p.At)))
		default:
			total.SetText(fmt.Sprintf("合计 %s 分（满分 %s）", p.Total(p.At), p.Highest()))
		}
		list.at(p.At)
	}
	list = newRows(p.Len, newShortRow, func(i int, o fyne.CanvasObject) { fillShortRow(p, i, o) }, func(i int) {
		if err := p.Jump(i); err != nil {
			b.fail(err)
		}
		draw()
	})
	done := func(err error) {
		draw()
		if err != nil {
			b.fail(err)
			return
		}
		b.keep()
	}
	finish := func() {
		if err := p.Take(); err != nil {
			done(err)
			return
		}
		if p.Undecided() {
			draw()
			kit.Tell(b.window, fmt.Sprintf("还有未评分的项，已跳转到第%d位的“%s”。", p.Applicant(p.At).Position, p.Items[p.Item].Name))
			return
		}
		b.review()
	}
	keys := map[fyne.KeyName]func(){
		fyne.KeyUp: func() { done(p.MoveItem(-1)) }, fyne.KeyDown: func() { done(p.MoveItem(1)) },
		fyne.KeyPageUp: func() { done(p.Step(-1)) }, fyne.KeyPageDown: func() { done(p.Step(1)) },
		fyne.KeyLeft: func() { done(p.Step(-1)) }, fyne.KeyRight: func() { done(p.Step(1)) },
		fyne.KeySpace: func() {
			err := p.Take()
			if err == nil {
				p.Undecided()
			}
			done(err)
		},
		fyne.KeyBackspace: func() { p.Back(); draw(); b.keep() }, fyne.KeyDelete: func() { p.Back(); draw(); b.keep() },
		fyne.KeyEscape: b.rounds,
	}
	abstain := func() { p.Abstain(); done(nil) }
	keys[fyne.KeyMinus] = abstain // beside the digits, for who scores with one hand; no input method takes it
	for d := range 10 {
		keys[fyne.KeyName(strconv.Itoa(d))] = func() {
			p.Digit(rune('0' + d))
			draw()
		}
	}
	right := container.NewBorder(person, total, nil, nil, scroll)
	body = container.NewBorder(progress, nil, nil, nil, container.New(shares{0.36}, list, right))
	b.show(screen{
		title: b.roundName(b.voting.ID), body: body,
		hint: "数字 打分　↑↓ 换项　←→ 换人　退格 删除　空格 下一处未评　Esc 返回轮次一览", keys: keys,
		actions: []action{
			{fyne.KeyF2, "对此人弃权", abstain, false},
			{fyne.KeyF3, "书面意见", func() { b.readBeside(p.Len(), p.At, p.Applicant) }, false},
			{fyne.KeyReturn, "下一项", func() { done(p.Enter()) }, false},
			{fyne.KeyF8, "核对并提交", finish, true},
		},
	})
	draw()
}

// shares puts two objects side by side; the first has a share of the width.
type shares struct{ first float32 }

// Layout implements fyne.Layout.
func (l shares) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	w := size.Width * l.first
	objects[0].Resize(fyne.NewSize(w, size.Height))
	objects[0].Move(fyne.NewPos(0, 0))
	objects[1].Resize(fyne.NewSize(size.Width-w-12, size.Height))
	objects[1].Move(fyne.NewPos(w+12, 0))
}

// MinSize implements fyne.Layout.
func (l shares) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return objects[0].MinSize().Max(objects[1].MinSize())
}

func (b *Booth) scored(p *Scores) string {
	n, out, open := p.Count()
	text := fmt.Sprintf("已评 %d 人　弃权 %d 人　未评 %d 人", n, out, open)
	if h := p.Hidden(); h > 0 {
		text += fmt.Sprintf("　　另有 %d 人须回避", h)
	}
	if open == 0 {
		text += "　　已全部评完，请按F8核对并提交"
	}
	return text
}

// drawItems draws the items of the person under the cursor, and brings the one under the cursor into sight.
func (b *Booth) drawItems(p *Scores, box *fyne.Container, scroll *container.Scroll) {
	box.RemoveAll()
	for k, item := range p.Items {
		name := widget.NewLabelWithStyle(fmt.Sprintf("%d　%s", k+1, item.Name), fyne.TextAlignLeading, fyne.TextStyle{Bold: k == p.Item})
		name.Truncation = fyne.TextTruncateEllipsis
		note := p.Range(k)
		if item.Weight != 1 {
			note += fmt.Sprintf("，权重%d", item.Weight)
		}
		value := widget.NewLabelWithStyle(p.Shown(k), fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
		if value.Text == "" && k == p.Item {
			value.SetText("？")
		}
		frame := canvas.NewRectangle(Theme().Color(fynetheme.ColorNameInputBackground, fynetheme.VariantLight))
		frame.StrokeColor, frame.StrokeWidth = Theme().Color(fynetheme.ColorNameInputBorder, fynetheme.VariantLight), 1
		back := canvas.NewRectangle(nil)
		if k == p.Item {
			frame.StrokeColor, frame.StrokeWidth = Theme().Color(fynetheme.ColorNamePrimary, fynetheme.VariantLight), 3
			back.FillColor = Theme().Color(fynetheme.ColorNameSelection, fynetheme.VariantLight)
		}
		height := value.MinSize().Height
		cell := container.NewGridWrap(fyne.NewSize(110, height), container.NewStack(frame, value))
		box.Add(container.NewStack(back, container.NewBorder(nil, nil, nil, container.NewHBox(widget.NewLabel(note), cell), name)))
	}
	box.Refresh()
	if p.Item < len(box.Objects) && scroll.Size().Height > 0 {
		box.Resize(box.MinSize().Max(scroll.Size()))
		o := box.Objects[p.Item]
		scroll.Offset.Y = max(min(scroll.Offset.Y, o.Position().Y), o.Position().Y+o.Size().Height-scroll.Size().Height)
		scroll.Refresh()
	}
}

func newShortRow() fyne.CanvasObject {
	name, total := widget.NewLabel(""), widget.NewLabelWithStyle("", fyne.TextAlignTrailing, fyne.TextStyle{Bold: true})
	name.Truncation = fyne.TextTruncateEllipsis
	return container.NewBorder(nil, nil, nil, total, name)
}

func fillShortRow(p *Scores, i int, o fyne.CanvasObject) {
	row := o.(*fyne.Container)
	a := p.Applicant(i)
	row.Objects[0].(*widget.Label).SetText(fmt.Sprintf("%d　%s", a.Position, a.Name))
	total := row.Objects[1].(*widget.Label)
	total.Importance = widget.MediumImportance
	switch {
	case p.Out(i):
		total.SetText("弃权")
	case p.Open(i) == 0:
		total.SetText(p.Total(i))
	default:
		total.Importance = widget.WarningImportance
		total.SetText("未评")
	}
}
