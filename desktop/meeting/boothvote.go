package meeting

import (
	"context"
	"fmt"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/room"
	"zhiping/shared/ballot"
)

// begin takes a paper for a round: the one that was begun before a crash, or an empty one.
func (b *Booth) begin(r room.RoundView) {
	b.seen = nil
	b.voting = &r
	if r.Spec.Kind == ballot.Score {
		b.paper = NewScores(b.pkg(), r.Spec, b.expert)
	} else {
		b.paper = NewPaper(b.pkg(), r.Spec, b.expert)
	}
	var kept []byte
	b.do(func(ctx context.Context) (err error) {
		kept, err = b.seat.Draft(ctx, r.ID)
		return err
	}, func() {
		if b.voting == nil || b.voting.ID != r.ID {
			return
		}
		resumed := b.paper.Resume(kept, r.ID, r.Own.Version+1)
		b.fill()
		switch {
		case resumed:
			kit.Tell(b.window, "已恢复您先前没有填完的内容，请接着填写。")
		case r.Own.IsBack:
			kit.Tell(b.window, "您的选票已退回，原选票作废（理由："+r.Own.Returned+"）。原来的选择已经密封，任何人都看不到，所以请从头填写。")
		}
	})
}

// fill puts up the paper in hand.
func (b *Booth) fill() {
	switch p := b.paper.(type) {
	case *Paper:
		b.vote(p)
	case *Scores:
		b.score(p)
	}
}

// keep keeps the unfinished paper over a crash, encrypted. What is typed while it is being written is written after it.
func (b *Booth) keep() {
	if b.behind = b.keeping; b.keeping || b.voting == nil {
		return
	}
	round, seat := b.voting.ID, b.seat
	d, err := b.paper.Draft(round, b.voting.Own.Version+1)
	if err != nil {
		b.fail(err)
		return
	}
	b.keeping = true
	ctx := b.following
	b.run(func() func() {
		err := seat.KeepDraft(ctx, round, d)
		clear(d)
		return func() {
			if ctx.Err() != nil { // the expert has left
				return
			}
			b.keeping = false
			switch {
			case b.sealNext: // the ballot takes the draft's place
				b.sealNext = false
				b.submit()
			case err != nil:
				b.fail(err)
			case b.behind:
				b.keep()
			}
		}
	})
}

var words = map[byte]string{0: "未表决", ballot.Agree: "同意", ballot.Oppose: "反对", ballot.Abstain: "弃权"}

// pageOf is how many places PgUp and PgDn move.
const pageOf = 8

// moves are the keys that move among the people of a paper.
func moves(move func(by int), undecided func()) map[fyne.KeyName]func() {
	by := func(n int) func() { return func() { move(n) } }
	return map[fyne.KeyName]func(){
		fyne.KeyUp: by(-1), fyne.KeyDown: by(1), fyne.KeyPageUp: by(-pageOf), fyne.KeyPageDown: by(pageOf),
		fyne.KeyHome: by(-1 << 20), fyne.KeyEnd: by(1 << 20), fyne.KeySpace: undecided,
	}
}

// vote is the list in its order, with the choices by key 1, 2, 3.
func (b *Booth) vote(p *Paper) {
	progress, person := centred(""), title("")
	var list *rows
	var body *fyne.Container
	draw := func() {
		progress.SetText(b.progress(p))
		defer body.Refresh() // the lines above and below may have become more
		if p.Len() == 0 {
			person.SetText("本轮人员您均须回避，无须表决，请直接提交")
			return
		}
		x := p.Applicant(p.At)
		person.SetText(fmt.Sprintf("第%d位　%s　%s", x.Position, x.Name, words[p.Choice(p.At)]))
		list.at(p.At)
	}
	list = newRows(p.Len, newRow, func(i int, o fyne.CanvasObject) {
		text, open := words[p.Choice(i)], p.Choice(i) == 0
		fillRow(o, p.Applicant(i), text, open)
	}, func(i int) {
		p.Go(i)
		draw()
	})
	choose := func(c byte) func() {
		return func() {
			if !p.Choose(c) {
				b.fail(fmt.Errorf("%w", tooMany(p.Most)))
				return
			}
			draw()
			b.keep()
		}
	}
	finish := func() {
		if p.Undecided() {
			draw()
			kit.Tell(b.window, fmt.Sprintf("还有未表决的人员，已跳转到第%d位。", p.Applicant(p.At).Position))
			return
		}
		b.review()
	}
	body = container.NewBorder(progress, person, nil, nil, list)
	// All three look alike: the screen must not advise.
	b.show(screen{
		title: b.roundName(b.voting.ID), body: body,
		hint: "↑↓ 换人　PgUp、PgDn 翻页　空格 下一位未表决　Esc 返回轮次一览",
		keys: with(moves(func(by int) { p.Move(by); draw() }, func() { p.Undecided(); draw() }), fyne.KeyEscape, b.rounds),
		actions: []action{
			{fyne.Key1, "同意", choose(ballot.Agree), false},
			{fyne.Key2, "反对", choose(ballot.Oppose), false},
			{fyne.Key3, "弃权", choose(ballot.Abstain), false},
			{fyne.KeyF3, "书面意见", func() { b.readBeside(p.Len(), p.At, p.Applicant) }, false},
			{fyne.KeyReturn, "核对并提交", finish, true},
		},
	})
	draw()
}

func with(keys map[fyne.KeyName]func(), k fyne.KeyName, fn func()) map[fyne.KeyName]func() {
	keys[k] = fn
	return keys
}

// progress says how far the paper is, and how many yes votes are left.
func (b *Booth) progress(p *Paper) string {
	a, o, s, open := p.Count()
	text := fmt.Sprintf("同意 %d　反对 %d　弃权 %d　", a, o, s)
	if open > 0 {
		text += fmt.Sprintf("未表决 %d", open)
	} else {
		text += "已全部表决，请按回车核对"
	}
	if p.Most > 0 {
		text += fmt.Sprintf("　　最多同意 %d 人，还可 %d 人", p.Most, p.Left())
	}
	if n := p.Hidden(); n > 0 {
		text += fmt.Sprintf("　　另有 %d 人须回避", n)
	}
	return text
}

// newRow is a line of a paper: position, name, unit, what has been decided.
func newRow() fyne.CanvasObject {
	n, name, unit := widget.NewLabel(""), widget.NewLabel(""), widget.NewLabel("")
	choice := widget.NewLabelWithStyle("", fyne.TextAlignTrailing, fyne.TextStyle{Bold: true})
	name.Truncation, unit.Truncation = fyne.TextTruncateEllipsis, fyne.TextTruncateEllipsis
	return container.NewBorder(nil, nil, container.NewHBox(wide(n, 80), wide(name, 230)), wide(choice, 170), unit)
}

// wide gives a label of a row its width; narrow is the label again.
func wide(l *widget.Label, width float32) fyne.CanvasObject {
	return container.NewGridWrap(fyne.NewSize(width, l.MinSize().Height), l)
}

func narrow(o fyne.CanvasObject) *widget.Label { return o.(*fyne.Container).Objects[0].(*widget.Label) }

func fillRow(o fyne.CanvasObject, a ballot.Applicant, decided string, open bool) {
	row := o.(*fyne.Container)
	left := row.Objects[1].(*fyne.Container).Objects
	narrow(left[0]).SetText(strconv.FormatInt(a.Position, 10))
	narrow(left[1]).SetText(a.Name)
	row.Objects[0].(*widget.Label).SetText(a.Unit)
	choice := narrow(row.Objects[2])
	if choice.Importance = widget.MediumImportance; open {
		choice.Importance = widget.WarningImportance
	}
	choice.SetText(decided)
}
