package meeting

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/room"
	"zhiping/shared/ballot"
)

// results shows what a counted round has decided, as far as it may be shown; never the expert's own choices, nor the codes of his cells.
func (b *Booth) results(round string) {
	i := b.index(round)
	if i < 0 || b.view.Rounds[i].Tally == nil {
		b.rounds()
		return
	}
	r := b.view.Rounds[i]
	b.seen = func() { // only what changes the screen: the reader's place is not to be lost
		if i := b.index(round); i < 0 || b.view.Rounds[i].MayAttest != r.MayAttest || b.view.Rounds[i].Own != r.Own {
			b.results(round)
		}
	}
	at := 0
	all := r.Tally.Results
	list := newRows(func() int { return len(all) }, newRow, func(k int, o fyne.CanvasObject) {
		a := b.pkg().Applicant(all[k].Applicant)
		if a == nil {
			a = &ballot.Applicant{ID: all[k].Applicant, Name: all[k].Applicant}
		}
		shown := *a
		word := decision(&all[k])
		shown.Unit = strings.TrimSuffix(r.Spec.Outcome(&all[k], int64(r.Present)), "，"+word)
		fillRow(o, shown, word, false)
	}, nil)
	move := func(by int) {
		at = max(0, min(at+by, len(all)-1))
		list.at(at)
	}
	passed := 0
	for _, res := range all {
		if res.Decision == ballot.Passed {
			passed++
		}
	}
	s := screen{
		title: b.roundName(round) + "　结果", hint: "↑↓ 逐个查看　PgUp、PgDn 翻页", keys: moves(move, func() { move(1) }),
		actions: []action{{fyne.KeyEscape, "返回", b.rounds, false}},
	}
	note := told(b.attested(r.MayAttest, r.Own.Attested, r.Own.Mismatch), widget.MediumImportance)
	if r.MayAttest {
		s.actions = append(s.actions, action{fyne.KeyReturn, "用PIN码核对我的选票", func() { b.askAttest(round) }, true})
	} else if r.Own.Attested && r.Own.Mismatch == 0 {
		note.Importance = widget.SuccessImportance
	}
	head := fmt.Sprintf("共%d人", len(all))
	if all[0].Decision != ballot.NoResult {
		head = fmt.Sprintf("共%d人，通过%d人", len(all), passed)
	}
	s.body = container.NewBorder(centred(head), note, nil, nil, list)
	b.show(s)
	move(0)
}

// decision is the outcome in a word.
func decision(r *ballot.Result) string {
	return map[string]string{ballot.Passed: "通过", ballot.NotPass: "未通过"}[r.Decision]
}

func (b *Booth) attested(may, done bool, mismatch int64) string {
	switch {
	case mismatch > 0:
		return "核对不一致：请找监督人员。"
	case done:
		return "本人选票已计入，一致。"
	case may:
		return "请核对您的选票是否已计入：程序自动比对，屏幕上不显示您的选择。"
	}
	return "您没有需要核对的选票。"
}

// askAttest asks for the PIN, with which the laptop reads what it kept of the own ballot and compares it silently (voting.md, "Close → open → verify").
func (b *Booth) askAttest(round string) {
	b.seen = nil
	pin := newPin("签到时自己设置的PIN码")
	check := func() {
		if pin.Text == "" {
			return
		}
		typed := pin.Text
		b.busy("正在核对", "请稍候……")
		b.run(func() func() {
			wrong, err := b.seat.Attest(context.Background(), round, typed)
			return func() {
				switch {
				case err != nil:
					b.askAttest(round)
					b.fail(err)
				case wrong > 0:
					b.alarm([]string{fmt.Sprintf("%s：您的选票中有%d项与计票结果不一致。已通知主机，本轮不能签字。", b.roundName(round), wrong), "请监督人员封存本机和主机，按规则作废本轮并查明原因。"})
				default:
					b.results(round)
					kit.Tell(b.window, "本人选票已计入，一致。")
				}
			}
		})
	}
	chain(b.window, check, pin)
	b.show(screen{
		title: "核对我的选票", body: middle(centred("输入PIN码后，程序在本机比对您的选票与公布的计票数据，只显示“一致”或“不一致”。"), gap(12), fields("PIN码", pin)), first: pin,
		actions: []action{{fyne.KeyEscape, "返回", func() { b.results(round) }, false}, {fyne.KeyReturn, "核　对", check, true}},
	})
}

// askWipe erases what this laptop kept of the expert, once the centre keeps the record.
func (b *Booth) askWipe() {
	b.seen = nil
	wipe := func() {
		b.do(b.seat.Wipe, func() {
			b.leave()
			kit.Tell(b.window, "已清除您在本机的全部数据。")
		})
	}
	b.show(screen{
		title: "清除本机数据", body: middle(centred("中心已归档全部记录。现在清除本机保存的您的密封选票、回执和密钥，清除后不能恢复。")),
		actions: []action{{fyne.KeyEscape, "不清除，返回", b.rounds, false}, {fyne.KeyF8, "清　除", wipe, true}},
	})
}

// An assigned is an applicant on whom the expert writes an opinion.
type assigned struct {
	ballot.Applicant
	role string
}

// reviewed are the applicants whose main or assistant reviewer the expert is; where the package names no reviewers, all from whom he is not recused.
func (b *Booth) reviewed() []assigned {
	var all []assigned
	if len(b.pkg().Reviewers) == 0 {
		for _, a := range b.pkg().Applicants {
			if role := room.Reviews(b.pkg(), b.expert, a.ID); role != "" {
				all = append(all, assigned{a, role})
			}
		}
	}
	for _, r := range b.pkg().Reviewers {
		if a := b.pkg().Applicant(r.Applicant); r.Expert == b.expert && a != nil && room.Reviews(b.pkg(), b.expert, r.Applicant) != "" {
			all = append(all, assigned{*a, r.Role})
		}
	}
	slices.SortStableFunc(all, func(x, y assigned) int { return int(x.Position - y.Position) })
	return all
}

var roleNames = map[string]string{ballot.Main: "主审", ballot.Assistant: "副主审"}

// opinions are the applicants on whom the expert writes. What he writes is not secret: it is signed, and the panel sees it.
func (b *Booth) opinions() {
	b.seen = b.opinions
	all := b.reviewed()
	at := max(0, min(b.writing, len(all)-1))
	list := newRows(func() int { return len(all) }, newRow, func(i int, o fyne.CanvasObject) {
		shown := all[i].Applicant
		shown.Unit = b.roleName(all[i].role) + "　" + shown.Unit
		state := "未提交"
		for _, v := range b.view.Opinions {
			if v.Applicant == shown.ID {
				state = map[bool]string{true: "② 已收到", false: "① 已保存"}[v.Received]
			}
		}
		fillRow(o, shown, state, state == "未提交")
	}, func(i int) { at, b.writing = i, i })
	move := func(by int) {
		at = max(0, min(at+by, len(all)-1))
		b.writing = at
		list.at(at)
	}
	who := "您是下列人员的主审或副主审。"
	if len(b.pkg().Reviewers) == 0 {
		who = "本次会议没有指定主审和副主审，每位专家都可以写，也可以不写。"
	}
	b.show(screen{
		title: "写书面意见", body: container.NewBorder(centred(who+"意见由您签名，不是秘密，全体专家都能看到。"), nil, nil, nil, list), hint: "↑↓ 选择", keys: moves(move, func() {}),
		actions: []action{{fyne.KeyEscape, "返回", b.rounds, false}, {fyne.KeyReturn, "写意见", func() { b.opinion(all[at]) }, true}},
	})
	list.at(at)
}

func (b *Booth) opinion(a assigned) {
	b.seen = nil
	text := newText(8)
	text.PlaceHolder = "请在此填写评审意见，回车换行"
	text.SetText(b.texts[a.ID])
	text.OnChanged = func(s string) { b.texts[a.ID] = s }
	send := func() {
		written := text.Text
		b.do(func(ctx context.Context) error { return b.seat.Opinion(ctx, a.ID, written) }, func() {
			delete(b.texts, a.ID)
			b.opinions()
			kit.Tell(b.window, "意见已签名并保存在本机，送达主机后显示“已收到”。")
		})
	}
	b.show(screen{
		title: fmt.Sprintf("%s意见　第%d位　%s", b.roleName(a.role), a.Position, a.Name), body: text, first: text,
		actions: []action{{fyne.KeyEscape, "暂不提交", b.opinions, false}, {fyne.KeyF8, "签名并提交", send, true}},
	})
}
