package meeting

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/room"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// askOpen opens the round for those who are present.
func (p *boardPage) askOpen() {
	round, present := p.round, []string{}
	var away []string
	for _, e := range p.now.Experts {
		if e.Status == ballot.Present {
			present = append(present, e.ID)
		} else {
			away = append(away, e.ID)
		}
	}
	text := fmt.Sprintf("出席 %d 人，开启后固定为计票基数，之后签到的专家不参加本轮。", len(present))
	if len(away) > 0 {
		text += "\n不参加本轮：" + namesOf(p.now, away, 20) + "。"
	}
	p.sign(signing{
		title: "开启" + roundName(p.now, round), about: newParagraph(text, "请先与纸质签到表核对人数。"), button: "开启本轮",
		do: func() func(context.Context) error {
			return func(ctx context.Context) error { return p.desk.OpenRound(ctx, round) }
		},
	})
}

// askClose closes the round with the chair's key. What stands against it is listed by kind, and the chair accepts each kind or settles it first.
func (p *boardPage) askClose() {
	round := p.round
	r := theRound(p.now, round)
	about := container.NewVBox(newParagraph(closeText(p.now, r)...))
	accepted := slices.Clone(r.Exceptions)
	var boxes []*kit.Check
	if len(accepted) > 0 {
		list := container.NewVBox()
		for _, text := range exceptionTexts(p.now, accepted) {
			c := kit.NewCheck("", nil)
			boxes = append(boxes, c)
			list.Add(container.NewBorder(nil, nil, c, nil, newParagraph(text)))
		}
		head := widget.NewLabelWithStyle("以下情况须先查明；执行主任认可的逐项勾选，写入对账单：", fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
		head.Importance = widget.DangerImportance
		about.Add(head)
		about.Add(newTall(min(200, 70*float32(len(boxes))), list))
	}
	chair := p.chairInput()
	p.sign(signing{
		title: "关闭" + roundName(p.now, round), about: about, button: "关闭本轮", inputs: []*keyInput{chair},
		ready: func() string {
			if slices.ContainsFunc(boxes, func(c *kit.Check) bool { return !c.Checked }) {
				return "还有没有勾选的情况：请先查明，或由执行主任逐项勾选认可"
			}
			return ""
		},
		do: func() func(context.Context) error {
			key := p.chairKey(chair)
			return func(ctx context.Context) error {
				k, err := key()
				if err != nil {
					return err
				}
				return p.desk.CloseWith(ctx, round, accepted, k)
			}
		},
	})
}

// closeText says what a close fixes.
func closeText(b *room.Board, r *room.RoundRow) []string {
	all := []string{fmt.Sprintf("出席 %d 人，计入选票 %d 份，未提交 %d 人。关闭后不再接收选票；开票以前可以重新开启。", len(r.Present), len(r.Submitted), len(r.Missing))}
	if len(r.Requested) > 0 {
		all = append(all, "申请退回、尚未办理："+namesOf(b, r.Requested, 20)+"。不退回就关闭的，按原选票计入。")
	}
	if len(r.Missing) > 0 {
		all = append(all, "未提交："+namesOf(b, r.Missing, 20)+"。未提交的留在基数内，等于没有投同意票。确实离场的，请先登记离场。")
	}
	return all
}

// askReopen opens a closed round again.
func (p *boardPage) askReopen() {
	round, chair := p.round, p.chairInput()
	reason := newReason("有专家的选票尚未提交", "关闭有误")
	p.sign(signing{
		title: "重新开启" + roundName(p.now, round), about: newParagraph("已收到的选票照样有效；未提交的专家可以继续提交。"), fields: reason, first: reason, button: "重新开启", inputs: []*keyInput{chair},
		ready: func() string { return reasonMissing(reason) },
		do: func() func(context.Context) error {
			key, text := p.chairKey(chair), strings.TrimSpace(reason.Text)
			return func(ctx context.Context) error {
				k, err := key()
				if err != nil {
					return err
				}
				return p.desk.Reopen(ctx, round, text, k)
			}
		},
	})
}

// An opener is a custodian who has given his key for an opening.
type opener struct {
	at     int // his place among the custodians, from 0
	file   room.KeyFile
	secret *ballot.Secret
}

// askCount opens and counts a closed round: two custodians come with their keys one after the other, and sign the opening of this closed set before
// anything is opened (V12); then both layers are opened in a process of their own.
func (p *boardPage) askCount() {
	round := p.round
	r := theRound(p.now, round)
	if r == nil || r.State != ballot.RoundClosed {
		return
	}
	p.askCustodian("开票：第一名保管人", newParagraph(countText(p.now, r, p.desk.Package())...), "下一步", "", func(first opener) (func(context.Context) error, error) {
		return func(context.Context) error { return nil }, allowedOpener(r, p.desk.Package(), first.at)
	}, func(first opener) {
		about := newParagraph("第一名：" + custodianName(p.desk.Package(), first.at) + "。请第二名保管人插入密钥U盘。")
		p.askCustodian("开票：第二名保管人", about, "授权并计票", "正在开票计票，请不要关闭本机……", func(second opener) (func(context.Context) error, error) {
			return p.count(round, first, second)
		}, func(opener) {})
	})
}

// askCustodian asks for a custodian's key file and passphrase; do takes the key, and what it gives is then done.
func (p *boardPage) askCustodian(title string, about fyne.CanvasObject, button, note string, do func(opener) (func(context.Context) error, error), then func(opener)) {
	key := newKeyInput("保管人", p.of.desk.Files)
	var got opener
	p.sign(signing{
		title: title, about: about, button: button, note: note, inputs: []*keyInput{key},
		do: func() func(context.Context) error {
			file := room.KeyFile{Path: key.path, Passphrase: key.passphrase.Text}
			return func(ctx context.Context) error {
				at, secret, err := custodianOf(p.desk.Package(), file.Path, file.Passphrase)
				if err != nil {
					return err
				}
				got = opener{at, file, secret}
				run, err := do(got)
				if err != nil {
					return err
				}
				return run(ctx)
			}
		},
		then: func() { then(got) },
	})
}

// countText says what is opened.
func countText(b *room.Board, r *room.RoundRow, pkg *ballot.Package) []string {
	all := []string{fmt.Sprintf("%s已关闭：计入选票 %d 份。两名保管人先后授权以后开票，开票以后只能作废重投，不能改动。", roundName(b, r.ID), len(r.Submitted))}
	var names []string
	for i, c := range pkg.Custodians {
		name := fmt.Sprintf("%s（%s）", c.Name, c.Role)
		if slices.Contains(r.Openers, c.Name) {
			name += "已授权"
		}
		names = append(names, fmt.Sprintf("%d. %s", i+1, name))
	}
	all = append(all, "本场的保管人：")
	for _, n := range names {
		all = append(all, "　"+n)
	}
	if r.Pair != "" {
		all = append(all, "已按第"+strings.ReplaceAll(r.Pair, ",", "、")+"名保管人的组合授权，须由这两人开票。")
	}
	return all
}

func custodianName(pkg *ballot.Package, at int) string {
	return pkg.Custodians[at].Name + "（" + pkg.Custodians[at].Role + "）"
}

// pairOf names the pair of two custodians, by their places from 0.
func pairOf(a, b int) string {
	return strconv.Itoa(min(a, b)+1) + "," + strconv.Itoa(max(a, b)+1)
}

// allowedOpener says why a custodian cannot open a round with those who have signed already, nil for he can.
func allowedOpener(r *room.RoundRow, pkg *ballot.Package, at int) error {
	if r.Pair != "" && !slices.Contains(strings.Split(r.Pair, ","), strconv.Itoa(at+1)) {
		return fault.New(fault.State, "%s不在已授权的组合中，请由第%s名保管人开票", custodianName(pkg, at), strings.ReplaceAll(r.Pair, ",", "、"))
	}
	return nil
}

// count is the opening by two custodians and the tally; who has signed already does not sign again.
func (p *boardPage) count(round string, first, second opener) (func(context.Context) error, error) {
	pkg := p.desk.Package()
	if first.at == second.at {
		return nil, fault.New(fault.Invalid, "两次用的是同一名保管人的密钥，请由另一名保管人授权")
	}
	r, err := p.roundNow(round)
	if err != nil {
		return nil, err
	}
	if err := allowedOpener(r, pkg, second.at); err != nil {
		return nil, err
	}
	pair := pairOf(first.at, second.at)
	if second.at < first.at {
		first, second = second, first
	}
	return func(ctx context.Context) error {
		for _, o := range []opener{first, second} {
			if slices.Contains(r.Openers, pkg.Custodians[o.at].Name) {
				continue
			}
			if err := p.desk.Opening(ctx, round, pair, o.secret); err != nil {
				return err
			}
		}
		return p.desk.Tally(ctx, round, first.file, second.file)
	}, nil
}

// roundNow reads a round as it stands, for what runs beside the window.
func (p *boardPage) roundNow(id string) (*room.RoundRow, error) {
	now, err := p.desk.Board()
	if err != nil {
		return nil, err
	}
	r := theRound(now, id)
	if r == nil {
		return nil, fault.New(fault.State, "会议包中没有轮次“%s”", id)
	}
	return r, nil
}

// askSign takes the word of chair and supervisor that the result is the one on the sheet they signed by hand: the last digits of the short form on that
// paper say which head of the log they sign, for experts may have attested since it was printed.
func (p *boardPage) askSign() {
	round := p.round
	sheet, code := kit.NewEntry(), kit.NewEntry()
	sheet.SetPlaceHolder("例如 1")
	code.SetPlaceHolder("4位数字")
	inputs := []*keyInput{p.chairInput(), p.supervisorInput()}
	p.sign(signing{
		title: "签字确认" + roundName(p.now, round), about: newParagraph("请先打印选票对账单，核对后手签，再照手签的那一张填写："),
		fields: widget.NewForm(widget.NewFormItem("对账单编号", sheet), widget.NewFormItem("短码最后4位", code)), first: sheet, button: "签字确认", inputs: inputs,
		ready: func() string {
			switch {
			case strings.TrimSpace(sheet.Text) == "":
				return "请填写纸质对账单的编号"
			case len(strings.TrimSpace(code.Text)) != 4:
				return "请照对账单填写短码的最后4位数字"
			}
			return ""
		},
		do: func() func(context.Context) error {
			number, digits := strings.TrimSpace(sheet.Text), strings.TrimSpace(code.Text)
			return p.withKeys(inputs, func(ctx context.Context, keys []ballot.Key) error {
				size, found := p.desk.Printed(round, digits)
				if !found {
					return fault.New(fault.Invalid, "短码与本机的会议记录不符。请核对手签的对账单；仍不符的不要签字，重新打印对账单再核对")
				}
				return p.desk.SignOffAt(ctx, round, number, size, keys[0], keys[1])
			})
		},
	})
}

// askVoid makes a round void, to be held again or not.
func (p *boardPage) askVoid() {
	round := p.round
	name := roundName(p.now, round)
	reason := newReason("设备或网络故障", "核对不一致", "程序性问题")
	again := kit.NewCheck("作废后重投（开出一个新的轮次，全部专家重新投票）", nil)
	again.SetChecked(true)
	word := "作废" + name
	typed := kit.NewEntry()
	typed.SetPlaceHolder("请输入：" + word)
	inputs := []*keyInput{p.chairInput(), p.supervisorInput()}
	p.sign(signing{
		title: "作废" + name, about: newParagraph("本轮的全部选票不再计入，不能恢复；记录保留在会议记录和对账单中。"), fields: container.NewVBox(reason, again, typed), first: reason, button: "作废本轮", danger: true, inputs: inputs,
		ready: func() string {
			if text := reasonMissing(reason); text != "" {
				return text
			}
			if strings.TrimSpace(typed.Text) != word {
				return "请输入“" + word + "”，确认作废"
			}
			return ""
		},
		do: func() func(context.Context) error {
			text, repeat := strings.TrimSpace(reason.Text), again.Checked
			return p.withKeys(inputs, func(ctx context.Context, keys []ballot.Key) error {
				_, err := p.desk.Void(ctx, round, text, repeat, keys[0], keys[1])
				return err
			})
		},
		then: func() { p.picked = false },
	})
}

// askDerive takes the people of the second round from the records of the first rounds.
func (p *boardPage) askDerive() {
	depends := p.desk.Package().Depends
	paths := make([]string, len(depends))
	box := container.NewVBox(newParagraph(fmt.Sprintf("请选择 %d 个首轮会场的会议记录文件（.zpr），核验后确定参评人员，由执行主任签字。首轮在本机办理的、已用U盘读入的，不用选择。", len(depends))))
	for i := range depends {
		name := widget.NewLabel("未选择")
		name.Truncation = fyne.TextTruncateEllipsis
		box.Add(container.NewBorder(nil, nil, kit.NewButton(fmt.Sprintf("首轮会场 %d 的会议记录…", i+1), nil, func() {
			p.of.desk.Files.Open([]string{".zpr"}, func(path string) {
				paths[i] = path
				name.SetText(path)
			})
		}), nil, name))
	}
	chair := p.chairInput()
	p.sign(signing{
		title: "导入首轮结果", fields: box, button: "核验并确定参评人员", note: "正在逐条核验首轮会议记录……", inputs: []*keyInput{chair},
		do: func() func(context.Context) error {
			files, key := slices.Clone(paths), p.chairKey(chair)
			return func(ctx context.Context) error {
				var records [][]byte
				for _, path := range slices.DeleteFunc(files, func(path string) bool { return path == "" }) {
					b, err := os.ReadFile(path)
					if err != nil {
						return fault.New(fault.NotFound, "读不出“%s”，请检查U盘是否插好", path)
					}
					records = append(records, b)
				}
				k, err := key()
				if err != nil {
					return err
				}
				return p.desk.Derive(ctx, records, k)
			}
		},
	})
}
