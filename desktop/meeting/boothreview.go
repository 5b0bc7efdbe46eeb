package meeting

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/room"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// tooMany says that a round allows no more yes votes, and what to do.
func tooMany(most int64) error {
	return fault.New(fault.Invalid, "本轮最多可以同意%d人，已经投满。如要改投此人，请先把另一位改为反对或弃权。", most)
}

// review is the one page before the ballot is sealed: the figures, and every decision once more in the order of the list. Its key is none of those that
// lead here: who keeps one pressed too long has not sealed anything.
func (b *Booth) review() {
	at := 0
	var figures string
	var list *rows
	length := 0
	switch p := b.paper.(type) {
	case *Paper:
		a, o, s, _ := p.Count()
		figures, length = fmt.Sprintf("同意 %d 人　　反对 %d 人　　弃权 %d 人", a, o, s), p.Len()
		list = newRows(p.Len, newRow, func(i int, o fyne.CanvasObject) { fillRow(o, p.Applicant(i), words[p.Choice(i)], false) }, nil)
	case *Scores:
		n, out, _ := p.Count()
		figures, length = fmt.Sprintf("评分 %d 人　　弃权 %d 人", n, out), p.Len()
		list = newRows(p.Len, newRow, func(i int, o fyne.CanvasObject) {
			text := p.Total(i) + " 分"
			if p.Out(i) {
				text = "弃权"
			}
			fillRow(o, p.Applicant(i), text, false)
		}, nil)
	}
	move := func(by int) {
		at = max(0, min(at+by, length-1))
		list.at(at)
	}
	b.show(screen{
		title: "请核对您的" + map[bool]string{true: "评分", false: "表决"}[b.voting.Spec.Kind == ballot.Score],
		body: container.NewBorder(told(figures, widget.HighImportance),
			centred(secrecy(b.voting.Spec)+"要修改须申请退回，从头再填。"), nil, nil, list),
		hint: "↑↓ 逐个查看　PgUp、PgDn 翻页", keys: moves(move, func() { move(1) }),
		actions: []action{{fyne.KeyEscape, "返回修改", b.fill, false}, {fyne.KeyF9, "密封并提交", b.submit, true}},
	})
	move(0)
}

// secrecy says who will ever see the ballot.
func secrecy(r *ballot.Round) string {
	if r.Secrecy == ballot.NamedBallot {
		return "本轮记名：开票前任何人都不能查看，开票后公布各位专家的表决。"
	}
	return "提交后选票即被密封，任何人（包括会务人员）都不能查看；"
}

// submit seals the ballot and hands it in.
func (b *Booth) submit() {
	if b.keeping {
		b.sealNext = true
		b.busy("正在密封", "请稍候……")
		return
	}
	round, cells, again := b.voting.ID, b.paper.Ballot(), b.paper
	voting := *b.voting
	b.voting = nil // news of the round is no reason to drop the paper any more
	b.busy("正在密封", "请稍候……")
	ctx := b.following
	b.run(func() func() {
		sent, err := b.seat.Submit(ctx, round, cells)
		clear(cells.Votes)
		for _, row := range cells.Scores {
			clear(row)
		}
		var v *room.View
		if err == nil || sent != nil && sent.Saved {
			v, err = b.seat.Watch(ctx, 0)
		}
		return func() {
			if ctx.Err() != nil {
				return
			}
			if err != nil && (sent == nil || !sent.Saved) {
				b.paper, b.voting = again, &voting
				b.review()
				b.fail(err)
				return
			}
			if v != nil {
				b.view = v
			}
			b.drop()
			b.handedIn(round)
		}
	})
}

// handedIn shows how far the sealed ballot has come: on this laptop, with the sequencer, in the archive (voting.md, "UI ticks").
func (b *Booth) handedIn(round string) {
	i := b.index(round)
	if i < 0 {
		b.rounds()
		return
	}
	b.chosen = i
	r := &b.view.Rounds[i]
	if r.Own.Rejected != "" || r.Own.IsBack {
		b.rounds()
		return
	}
	b.seen = func() { b.handedIn(round) }
	tick := max(r.Own.Tick, room.Saved) // it is saved before anything is said
	step := func(n int, done, not string) fyne.CanvasObject {
		if tick >= n {
			return big("✓ "+done, widget.SuccessImportance)
		}
		return big("○ "+not, widget.MediumImportance)
	}
	s := screen{title: b.roundName(round)}
	lines := []fyne.CanvasObject{
		step(room.Saved, "① 已保存在本机", ""), step(room.Received, "② 主机已收到", "② 等待主机收到……"), step(room.Archived, "③ 中心已归档", "③ 会后由中心归档"), gap(12),
	}
	switch {
	case tick >= room.Received:
		lines = append(lines, centred(b.explain(r)))
	case b.view.Way == room.WayStick:
		lines = append(lines, told("已保存在本机，请用U盘交给会务人员", widget.WarningImportance), centred("按F6写入U盘，交给会务人员；会务人员带回回执后，按F7读入。"))
	case b.view.OfflineSince != 0:
		lines = append(lines, told("网络中断，选票已安全保存在本机", widget.WarningImportance), centred("网络恢复后自动送达，不必重新投票。如长时间未恢复，请按F6写入U盘，交给会务人员。"))
	case b.view.Notice != "":
		lines = append(lines, told(b.view.Notice, widget.WarningImportance), centred("选票已安全保存在本机，本机会不断重试，不必重新投票。"))
	default:
		lines = append(lines, centred("正在送交主机，请稍候……"))
	}
	s.body = middle(lines...)
	s.actions = append(s.actions, action{fyne.KeyReturn, "回到轮次一览", b.rounds, true})
	if tick < room.Received {
		again := func() { b.handedIn(round) }
		s.actions = append(s.actions, action{fyne.KeyF6, "写入U盘", func() { b.toStick(again) }, false}, action{fyne.KeyF7, "读入U盘", func() { b.fromStick(again) }, false})
	}
	if tick < room.Received && b.view.OfflineSince != 0 && b.view.Way != room.WayStick {
		s.actions = append(s.actions, action{fyne.KeyF8, "改连备用主机", func() { b.toSpare(func() { b.handedIn(round) }) }, false})
	}
	s.actions = append(s.actions, action{fyne.KeyF10, "退出", b.leave, false})
	b.show(s)
}

func big(s string, i widget.Importance) *widget.Label {
	l := title(s)
	l.Importance = i
	return l
}

// askReturn asks why the expert wants his ballot back, and says what that means.
func (b *Booth) askReturn(round string) {
	b.seen = nil
	ask := func(reason string) func() {
		return func() {
			b.do(func(ctx context.Context) error { return b.seat.AskReturn(ctx, round, reason) }, func() {
				b.rounds()
				kit.Tell(b.window, "申请已提出。会务人员退回后，本机会自动打开空白选票；在此之前，原选票仍然有效。")
			})
		}
	}
	other := newEntry("其他原因，写在这里后按回车")
	other.OnSubmitted = func(s string) {
		if s != "" {
			ask(s)()
		}
	}
	b.show(screen{
		title: "申请退回选票　" + b.roundName(round),
		body: middle(centred("会务人员按您的申请退回后，原选票作废，您须从头重新表决。原来的选择已经密封，任何人都看不到，不会带到新的选票上。"),
			told("请选择申请的原因：", widget.HighImportance), other),
		actions: []action{
			{fyne.Key1, "按错了键", ask("按错了键"), false},
			{fyne.Key2, "需要重新考虑", ask("需要重新考虑"), false},
			{fyne.Key3, "其他原因", func() { b.window.Canvas().Focus(other) }, false},
			{fyne.KeyEscape, "不申请，返回", b.rounds, false},
		},
	})
}
