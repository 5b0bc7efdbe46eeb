package meeting

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/room"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// An expertPane lists the experts of a session, and what staff does with one of them.
type expertPane struct {
	content fyne.CanvasObject

	of      *boardPage
	grid    *grid
	count   *widget.Label
	pending *fyne.Container
	codes   *kit.Button
	shown   bool   // the one-time codes are on the screen
	chosen  string // id of an expert
	who     *widget.Label
	acts    []*expertAct
}

// An expertAct is a button for the chosen expert; can says why it is not possible, "" for it is.
type expertAct struct {
	title  string
	button *kit.Button
	can    func(e *room.ExpertRow) string
	do     func(e *room.ExpertRow)
}

func newExpertPane(p *boardPage) *expertPane {
	x := &expertPane{of: p, count: widget.NewLabel(""), pending: container.NewVBox(), who: widget.NewLabelWithStyle("", fyne.TextAlignLeading, fyne.TextStyle{Bold: true})}
	x.who.Truncation = fyne.TextTruncateEllipsis
	x.grid = newGrid("", x.choose, x.columns()...)
	x.codes = kit.NewButton("显示签到码", nil, x.toggleCodes)
	head := container.NewBorder(nil, nil, nil, container.NewHBox(x.codes, kit.NewButton("打印签到条", theme.DocumentPrintIcon(), p.printSlips)), x.count)
	x.content = container.NewBorder(container.NewVBox(head, x.pending), x.bar(), nil, nil, x.grid.content)
	return x
}

func (x *expertPane) columns() []gridColumn {
	all := []gridColumn{{title: "姓名", share: 2}, {title: "专业组", share: 2.4}, {title: "状态", share: 1.3}, {title: "本轮选票", share: 1.8}, {title: "投票电脑", share: 2.4}}
	if x.shown {
		all = append(all, gridColumn{title: "签到码", share: 2})
	}
	return all
}

// toggleCodes shows or hides the one-time codes: who sees one could check in as that expert, so they are hidden until staff wants them.
func (x *expertPane) toggleCodes() {
	x.shown = !x.shown
	x.codes.SetText(map[bool]string{true: "隐藏签到码", false: "显示签到码"}[x.shown])
	x.grid.draw(x.columns())
	x.draw()
}

// draw draws the experts as the board has them.
func (x *expertPane) draw() {
	now := x.of.now
	r := theRound(now, x.of.round)
	rows := make([][]gridCell, len(now.Experts))
	for i, e := range now.Experts {
		rows[i] = expertCells(&e, r)
		if x.shown {
			rows[i] = append(rows[i], gridCell{text: spaced(e.Code)})
		}
	}
	x.grid.fill(rows)
	x.count.SetText(attendance(now))
	x.drawPending(now.Pending)
	x.drawActs()
}

// expertCells are the cells of an expert's row.
func expertCells(e *room.ExpertRow, r *room.RoundRow) []gridCell {
	status := gridCell{text: statusWords[e.Status]}
	switch e.Status {
	case "":
		status.how = widget.LowImportance
	case ballot.Present:
	default:
		status.how = widget.WarningImportance
	}
	device := gridCell{text: e.Device, how: widget.LowImportance}
	switch {
	case e.Wiped:
		device.text = "已清除"
	case e.Revoked:
		device.text, device.how = "已登记遗失", widget.WarningImportance
	}
	word, how := ballotWord(r, e.ID)
	return []gridCell{{text: e.Name, bold: true}, {text: e.Group}, status, {text: word, how: how}, device}
}

// spaced sets a code in two halves, as people read it out.
func spaced(code string) string {
	if len(code) != 8 {
		return code
	}
	return code[:4] + " " + code[4:]
}

func (x *expertPane) choose(row int) {
	if row < len(x.of.now.Experts) {
		x.chosen = x.of.now.Experts[row].ID
		x.drawActs()
	}
}

func (x *expertPane) expert() *room.ExpertRow {
	if x.of.now == nil {
		return nil
	}
	i := slices.IndexFunc(x.of.now.Experts, func(e room.ExpertRow) bool { return e.ID == x.chosen })
	if i < 0 {
		return nil
	}
	return &x.of.now.Experts[i]
}

// bar is the line of buttons for the chosen expert.
func (x *expertPane) bar() fyne.CanvasObject {
	x.acts = []*expertAct{
		{title: "退回选票", can: x.cannotReturn, do: x.of.askReturn},
		{title: "缺席", can: x.cannotMark(ballot.Absent), do: func(e *room.ExpertRow) { x.of.askMark(e, ballot.Absent) }},
		{title: "离场", can: x.cannotMark(ballot.Left), do: func(e *room.ExpertRow) { x.of.askMark(e, ballot.Left) }},
		{title: "回避", can: x.cannotMark(ballot.Withdrawn), do: func(e *room.ExpertRow) { x.of.askMark(e, ballot.Withdrawn) }},
		{title: "恢复出席", can: x.cannotMark(ballot.Present), do: func(e *room.ExpertRow) { x.of.askMark(e, ballot.Present) }},
		{title: "电脑遗失", can: x.cannotRevoke, do: x.of.askRevoke},
		{title: "补录签到码", can: cannotEnter, do: x.of.askCode},
	}
	row := container.NewHBox()
	for _, a := range x.acts {
		a.button = kit.NewButton(a.title, nil, func() { x.act(a) })
		row.Add(a.button)
	}
	return container.NewVBox(widget.NewSeparator(), container.NewBorder(nil, nil, nil, row, x.who))
}

// act does what a button is for, or says why it is not possible.
func (x *expertPane) act(a *expertAct) {
	e := x.expert()
	switch {
	case e == nil:
		x.of.of.desk.Fail(fault.New(fault.State, "请先在上面的名单中点选一名专家"))
	case idleText(x.of.now) != "":
		x.of.of.desk.Fail(fault.New(fault.State, "%s", idleText(x.of.now)))
	case a.can(e) != "":
		x.of.of.desk.Fail(fault.New(fault.State, "%s：%s", e.Name, a.can(e)))
	default:
		a.do(e)
	}
}

// drawActs names the chosen expert. A button that is not possible looks so, and says why when it is pressed.
func (x *expertPane) drawActs() {
	e := x.expert()
	x.who.SetText("点选专家后办理：")
	if e != nil {
		x.who.SetText(e.Name + "：")
	}
	for _, a := range x.acts {
		how := widget.MediumImportance
		if e == nil || a.can(e) != "" || idleText(x.of.now) != "" {
			how = widget.LowImportance
		}
		if a.button.Importance != how {
			a.button.Importance = how
			a.button.Refresh()
		}
	}
}

func (x *expertPane) cannotReturn(e *room.ExpertRow) string {
	return cannotReturn(theRound(x.of.now, x.of.round), e.ID)
}

// cannotReturn says why a ballot cannot be returned, "" for it can.
func cannotReturn(r *room.RoundRow, expert string) string {
	switch {
	case r == nil || r.State != ballot.RoundOpen:
		return "只有在表决中的轮次才能退回选票"
	case slices.Contains(r.Returned, expert):
		return "选票已经退回，等待重新提交"
	case !slices.Contains(r.Submitted, expert) && !slices.Contains(r.Requested, expert):
		return "还没有提交选票"
	}
	return ""
}

func (x *expertPane) cannotMark(status string) func(e *room.ExpertRow) string {
	return func(e *room.ExpertRow) string { return cannotMark(x.of.now, e, status) }
}

// cannotMark says why an expert cannot be given a status, "" for he can (ballot, "Experts").
func cannotMark(b *room.Board, e *room.ExpertRow, status string) string {
	r := roundUnderWay(b)
	switch {
	case e.Status == status:
		return "已经登记为“" + statusWords[status] + "”"
	case r != nil && r.State == ballot.RoundClosed:
		return "表决已关闭、尚未开票，出席情况不能再变；确需更正的，请先重新开启表决"
	case status == ballot.Present && r != nil:
		return "表决进行中，不能再增加出席专家"
	case status == ballot.Present && !e.CheckedIn:
		return "还没有在投票电脑上签到，签到后自动登记为出席"
	case status != ballot.Left && r != nil && slices.Contains(r.Submitted, e.ID):
		return "在进行中的轮次已提交选票，只能登记为离场，选票照样计入"
	}
	return ""
}

func (x *expertPane) cannotRevoke(e *room.ExpertRow) string {
	if !e.CheckedIn {
		return "没有在使用的投票电脑"
	}
	return ""
}

// cannotEnter says why a code is not entered, "" for it can be: a spare that has just taken over does not know those that the hub gave out.
func cannotEnter(e *room.ExpertRow) string {
	if e.Code != "" {
		return "本机已有该专家的签到码。只有备用主机启用以后，才需要照签到条补录"
	}
	return ""
}

// drawPending shows the check-ins that wait for staff: where the server is the sequencer, staff's key is not with it.
func (x *expertPane) drawPending(all []room.PendingRow) {
	x.pending.RemoveAll()
	box := container.NewVBox()
	for _, q := range all {
		var button fyne.CanvasObject
		if q.Right {
			button = kit.NewButton("确认签到", nil, func() {
				x.of.act(func(ctx context.Context) error { return x.of.desk.Admit(ctx, q) }, nil)
			})
		}
		box.Add(container.NewBorder(nil, nil, nil, button, widget.NewLabel(pendingText(q))))
	}
	if len(all) > manyPending { // sixty at once would push the list off the screen
		x.pending.Add(newTall(38*manyPending, box))
		return
	}
	x.pending.Add(box)
}

// manyPending is how many waiting check-ins are seen at a time.
const manyPending = 4

// pendingText says a check-in that waits, and what staff does about it.
func pendingText(q room.PendingRow) string {
	text := fmt.Sprintf("待确认：%s在“%s”签到。", q.Name, q.Device)
	switch {
	case q.Right:
		return text + "看到本人后确认。"
	case q.Known:
		return text + "签到码不对，请本人核对后重新签到。"
	}
	return text + "请点选该专家，补录签到码。"
}

// askReturn gives an expert's ballot back: at his own signed request, or on staff's account with a reason.
func (p *boardPage) askReturn(e *room.ExpertRow) {
	r := theRound(p.now, p.round)
	about := newParagraph(e.Name+"本人已在投票席位上申请退回选票，原因："+r.Wishes[e.ID]+"。", "退回后原选票作废，须由本人重新提交；退回记录写入对账单，本人可以看到。")
	reason := newReason("填写有误", "设备故障", "程序性问题")
	fields, first := fyne.CanvasObject(reason), fyne.Focusable(reason)
	ready := func() string { return reasonMissing(reason) }
	if slices.Contains(r.Requested, e.ID) {
		fields, first, ready = nil, nil, nil
	} else {
		about.SetText(e.Name + "本人没有申请退回。会务人员主动退回的，须写明原因，原因和“会务人员退回”字样写入对账单，本人可以看到。\n任何人都看不到选票内容；不得以退回影响专家的选择。")
	}
	round := p.round
	p.sign(signing{
		title: "退回" + e.Name + "的选票（" + roundName(p.now, round) + "）", about: about, fields: fields, first: first, button: "退回选票", danger: true, ready: ready,
		do: func() func(context.Context) error {
			text := strings.TrimSpace(reason.Text)
			return func(ctx context.Context) error { return p.desk.Return(ctx, round, e.ID, text) }
		},
	})
}

// askMark says who is there; while a round is under way, chair and supervisor see what it does to the base and to the votes needed, and sign.
func (p *boardPage) askMark(e *room.ExpertRow, status string) {
	lines := []string{e.Name + "：由“" + statusWords[e.Status] + "”改为“" + statusWords[status] + "”。"}
	if status == ballot.Withdrawn {
		lines = append(lines, "“回避”是整场不参加。只对个别参评人员的回避已写在会议包中，不在这里登记。")
	}
	var inputs []*keyInput
	r := roundUnderWay(p.now)
	if r != nil {
		base, newBase, need, newNeed := p.desk.Need(r.ID, e.ID)
		if slices.Contains(r.Submitted, e.ID) {
			lines = append(lines, "该专家已提交选票：选票照样计入，基数不变。")
		}
		lines = append(lines, needText(base, newBase, need, newNeed), roundName(p.now, r.ID)+"正在进行，须由执行主任和监督人员签字。")
		inputs = []*keyInput{p.chairInput(), p.supervisorInput()}
	}
	s := signing{title: "登记" + statusWords[status], about: newParagraph(lines...), button: "登记为" + statusWords[status], inputs: inputs}
	reason := newReason("因病", "因公", "个人原因", "与参评人员有利害关系")
	if status != ballot.Present {
		s.fields, s.first, s.ready = reason, reason, func() string { return reasonMissing(reason) }
	}
	s.do = func() func(context.Context) error {
		text := strings.TrimSpace(reason.Text)
		return p.withKeys(inputs, func(ctx context.Context, keys []ballot.Key) error {
			return p.desk.Mark(ctx, e.ID, status, text, keys...)
		})
	}
	p.sign(s)
}

// needText says what a change does to the base and to the votes needed.
func needText(base, newBase, need, newNeed int64) string {
	return fmt.Sprintf("计票基数：%d → %d 人；通过所需同意票：%d → %d 票。", base, newBase, need, newNeed)
}

// withKeys takes what has been typed of the chair's and then the supervisor's key, and gives both keys to fn beside the window.
func (p *boardPage) withKeys(inputs []*keyInput, fn func(context.Context, []ballot.Key) error) func(context.Context) error {
	var readers []func() (ballot.Key, error)
	for i, k := range inputs {
		readers = append(readers, []func(*keyInput) func() (ballot.Key, error){p.chairKey, p.supervisorKey}[i](k))
	}
	return func(ctx context.Context) error {
		var keys []ballot.Key
		for _, read := range readers {
			k, err := read()
			if err != nil {
				return err
			}
			keys = append(keys, k)
		}
		return fn(ctx, keys)
	}
}

// askRevoke ends the credential of a lost laptop; the expert gets a new code for another one.
func (p *boardPage) askRevoke(e *room.ExpertRow) {
	reason := newReason("电脑遗失", "电脑损坏", "更换电脑")
	code := ""
	p.sign(signing{
		title:  "电脑遗失：" + e.Name,
		about:  newParagraph("“"+e.Device+"”上的签到凭证立即作废，以后从这台电脑送来的选票一律拒收。", "已经收到的选票照样有效。"+e.Name+"用新的签到码在另一台电脑上重新签到。"),
		fields: reason, first: reason, button: "登记遗失，发新签到码", danger: true, ready: func() string { return reasonMissing(reason) },
		do: func() func(context.Context) error {
			text := strings.TrimSpace(reason.Text)
			return func(ctx context.Context) (err error) {
				code, err = p.desk.Revoke(ctx, e.ID, text)
				return err
			}
		},
		then: func() { p.showCode(e, code) },
	})
}

// showCode shows an expert's new code, large enough to be read out.
func (p *boardPage) showCode(e *room.ExpertRow, code string) {
	big := widget.NewLabelWithStyle(spaced(code), fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	big.SizeName = theme.SizeNameHeadingText
	p.of.desk.Choose(e.Name+"的新签到码", newWide(360, container.NewVBox(big, newParagraph("只告诉本人。旧的签到码已作废。"))), kit.Choice{Title: "关闭"},
		kit.Choice{Title: "打印签到条", Do: func() { p.printSlip(e.ID) }})
}

// askCode takes the code that stands on an expert's slip.
func (p *boardPage) askCode(e *room.ExpertRow) {
	code := kit.NewEntry()
	code.SetPlaceHolder("签到条上的8位数字")
	p.sign(signing{
		title: "补录" + e.Name + "的签到码", about: newParagraph("原主机发出的签到条仍然有效。请照专家本人手中的签到条填写。"), fields: code, first: code, button: "保存",
		ready: func() string {
			if strings.TrimSpace(code.Text) == "" {
				return "请填写签到条上的签到码"
			}
			return ""
		},
		do: func() func(context.Context) error {
			text := strings.ReplaceAll(code.Text, " ", "")
			return func(context.Context) error { return p.desk.EnterCode(e.ID, text) }
		},
	})
}
