package meeting

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/room"
	"zhiping/shared/ballot"
)

// rounds is where the expert waits: every round with its state and his own standing in it. A round that opens for him opens here by itself, once.
func (b *Booth) rounds() {
	b.drop()
	if b.view.CheckedIn == room.CheckInSaved {
		b.pending()
		return
	}
	if b.meet() {
		return
	}
	b.seen = b.rounds
	all := b.view.Rounds
	b.chosen = max(0, min(b.chosen, len(all)-1))
	said := centred("")
	said.SizeName = fynetheme.SizeNameSubHeadingText
	list := newRows(func() int { return len(all) }, newRoundRow, func(i int, o fyne.CanvasObject) { b.roundRow(&all[i], o) }, func(i int) {
		b.chosen = i
		b.rounds()
	})
	move := func(by int) func() {
		return func() {
			b.chosen += by
			b.rounds()
		}
	}
	s := screen{
		title: "轮次一览", body: container.NewBorder(shallow(list, len(all)), nil, nil, nil, middle(said)),
		keys: map[fyne.KeyName]func(){fyne.KeyUp: move(-1), fyne.KeyDown: move(1)},
	}
	if len(b.reviewed()) > 0 && !b.view.Archived {
		s.keys[fyne.KeyF5] = b.opinions // its button is on the screen of F3
	}
	if len(all) > 1 {
		s.hint = "↑↓ 选择轮次"
	}
	if len(all) > 0 {
		r := all[b.chosen]
		said.SetText(b.explain(&r))
		s.actions = b.roundActions(&r)
	}
	s.actions = append(s.actions, b.otherActions()...)
	b.show(s)
	list.at(b.chosen)
}

// meet opens the paper of a round that has just opened for this expert, or has just been given back to him; it reports whether there is one.
func (b *Booth) meet() bool {
	for i := range b.view.Rounds {
		r := &b.view.Rounds[i]
		if key := fmt.Sprint(r.ID, " ", r.Own.Version, r.Own.IsBack); r.MayVote && !b.met[key] {
			b.met[key], b.chosen = true, i
			b.begin(*r)
			return true
		}
	}
	return false
}

// roundActions are what can be done in a round now.
func (b *Booth) roundActions(r *room.RoundView) []action {
	var all []action
	switch {
	case r.MayVote && r.Own.IsBack:
		all = append(all, action{fyne.KeyReturn, "重新表决", func() { b.begin(*r) }, true})
	case r.MayVote:
		all = append(all, action{fyne.KeyReturn, "开始表决", func() { b.begin(*r) }, true})
	case r.Tally != nil:
		all = append(all, action{fyne.KeyReturn, "看结果并核对", func() { b.results(r.ID) }, true})
	}
	if r.MayReturn && !r.Own.Requested {
		all = append(all, action{fyne.KeyF4, "申请退回", func() { b.askReturn(r.ID) }, false})
	}
	return all
}

// otherActions are what can always be done.
func (b *Booth) otherActions() []action {
	var all []action
	all = append(all, action{fyne.KeyF3, "书面意见", b.panel, false})
	if b.view.Way == room.WayStick || b.view.OfflineSince != 0 {
		all = append(all, action{fyne.KeyF6, "写入U盘", func() { b.toStick(b.rounds) }, false}, action{fyne.KeyF7, "读入U盘", func() { b.fromStick(b.rounds) }, false})
	}
	if b.view.OfflineSince != 0 && b.view.Way != room.WayStick {
		all = append(all, action{fyne.KeyF8, "改连备用主机", func() { b.toSpare(b.rounds) }, false})
	}
	if b.view.Archived {
		all = append(all, action{fyne.KeyF9, "清除本机数据", b.askWipe, false})
	}
	return append(all, action{fyne.KeyF10, "退出", b.leave, false})
}

// roundName is what people call a round.
func (b *Booth) roundName(id string) string {
	var ids []string
	for _, r := range b.pkg().Rounds {
		ids = append(ids, r.ID)
	}
	name, again := nthRound(ids, id)
	if r := b.pkg().Round(id); r != nil {
		name += "　" + roundManner(r)
	}
	return name + again
}

func newRoundRow() fyne.CanvasObject {
	name, own := widget.NewLabelWithStyle("", fyne.TextAlignLeading, fyne.TextStyle{Bold: true}), widget.NewLabelWithStyle("", fyne.TextAlignTrailing, fyne.TextStyle{Bold: true})
	own.Truncation = fyne.TextTruncateEllipsis
	return container.NewBorder(nil, nil, container.NewHBox(wide(name, 400), wide(widget.NewLabel(""), 300)), nil, own)
}

func (b *Booth) roundRow(r *room.RoundView, o fyne.CanvasObject) {
	row := o.(*fyne.Container)
	own := row.Objects[0].(*widget.Label)
	left := row.Objects[1].(*fyne.Container).Objects
	narrow(left[0]).SetText(b.roundName(r.ID))
	narrow(left[1]).SetText(b.roundState(r))
	own.Importance = widget.MediumImportance
	text, i := standing(r)
	own.Importance = i
	own.SetText(text)
}

// roundState is what everybody may know of a round.
func (b *Booth) roundState(r *room.RoundView) string {
	switch r.State {
	case ballot.RoundReady:
		return "未开始"
	case ballot.RoundOpen:
		if b.view.Way == room.WayStick { // nobody has told this laptop of the others
			return "进行中"
		}
		return fmt.Sprintf("进行中，已交%d/%d", r.Submitted, r.Present)
	case ballot.RoundClosed:
		return "已关闭，待开票"
	case ballot.RoundOpened:
		return "已开票"
	case ballot.RoundVoid:
		return "已作废"
	}
	return "已签字"
}

// standing is where the expert's own ballot stands, in one word, and how it is coloured.
func standing(r *room.RoundView) (string, widget.Importance) {
	o := r.Own
	switch {
	case r.State == ballot.RoundVoid:
		return "本轮作废", widget.MediumImportance
	case o.Rejected != "":
		return "未计入", widget.DangerImportance
	case o.IsBack && r.MayVote:
		return "已退回，请重新表决", widget.DangerImportance
	case o.IsBack:
		return "已退回", widget.DangerImportance
	case o.Mismatch > 0:
		return "核对不一致", widget.DangerImportance
	case r.MayVote:
		return "请表决", widget.DangerImportance
	case o.Tick == room.Archived:
		return "③ 已归档", widget.SuccessImportance
	case o.Tick == room.Received && o.Attested:
		return "② 已收到，已核对", widget.SuccessImportance
	case o.Tick == room.Received && o.Requested:
		return "② 已收到，已申请退回", widget.WarningImportance
	case o.Tick == room.Received:
		return "② 已收到", widget.SuccessImportance
	case o.Tick == room.Saved:
		return "① 已保存，待送达", widget.WarningImportance
	case r.State == ballot.RoundReady:
		return "", widget.MediumImportance
	}
	return "您没有参加本轮", widget.MediumImportance
}

// explain says what the standing in a round means and what comes next.
func (b *Booth) explain(r *room.RoundView) string {
	o := r.Own
	var s string
	switch {
	case r.State == ballot.RoundVoid && r.Next != "":
		s = "本轮已作废，将重新表决：" + b.roundName(r.Next)
	case r.State == ballot.RoundVoid:
		s = "本轮已作废，不产生结果。"
	case o.Rejected != "":
		s = "您的选票没有计入：" + o.Rejected + "。请举手告知会务人员。"
	case o.IsBack && o.ByStaff:
		s = lines("会务人员退回了您的选票，理由："+o.Returned, "原选票已作废；请从头重新表决。如您不清楚原因，请举手询问。")
	case o.IsBack:
		s = lines("已按您的申请退回选票，理由："+o.Returned, "原选票已作废；原来的选择已密封，看不到，请从头重新表决。")
	case r.MayVote && o.Draft:
		s = "本轮已开启。您先前没有填完的内容还在，可以接着填。"
	case r.MayVote:
		s = "本轮已开启，请表决。"
	case o.Requested && r.MayReturn:
		s = "已向会务人员申请退回，请等待。退回之前，原选票仍然有效。"
	case o.Tick == room.Archived:
		s = "您的选票已由中心归档。感谢您的参与。"
	case r.MayAttest:
		s = "本轮已开票。请按回车查看结果，并用PIN码核对您的选票是否计入。"
	case r.Tally != nil && o.Attested:
		s = "您已核对，选票已计入，一致。可以按回车再看结果。"
	case r.Tally != nil:
		s = "本轮已开票，可以按回车看结果。"
	case o.Tick == room.Received && o.Receipt >= 0:
		s = fmt.Sprintf("主机已收到您的密封选票，回执编号%d。\n可以退出后离席，也可以在此等候下一轮。", o.Receipt)
	case o.Tick == room.Received:
		s = "主机已收到您的密封选票。"
	case o.Tick == room.Saved && b.view.Way == room.WayStick:
		s = "您的选票已密封保存在本机。请按F6写入U盘，交给会务人员；会务人员带回回执后，按F7读入。"
	case o.Tick == room.Saved:
		s = "您的选票已密封保存在本机，不会丢失；网络恢复后自动送达。如长时间未送达，请按F6写入U盘，交给会务人员。"
	case r.State == ballot.RoundReady:
		s = "请等待会务人员开启本轮，开启后会自动进入表决。"
	default:
		s = "如有疑问，请举手询问会务人员。"
	}
	if o.Elsewhere {
		s += "（这张选票是在另一台电脑上提交的）"
	}
	if b.view.Notice != "" {
		s = b.view.Notice + "\n" + s
	}
	return s
}
