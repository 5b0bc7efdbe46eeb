package meeting

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/room"
	"zhiping/shared/fault"
)

// across is how many of so many names stand side by side: sixty fit on the screen at once, so that everybody finds his own at a glance.
func across(names int) int {
	if names > 50 {
		return 6
	}
	return min(5, max(names, 1))
}

// names lets the expert say who he is: by his number, with the arrows, or by a click.
func (b *Booth) names() {
	b.seen = nil
	experts := b.pkg().Experts
	at, typed := 0, ""
	grid := container.NewGridWithColumns(across(len(experts)))
	scroll := container.NewVScroll(container.NewVBox(grid))
	var buttons []*button
	mark := func() {
		for i, n := range buttons {
			if want := map[bool]widget.Importance{true: widget.HighImportance, false: widget.MediumImportance}[i == at]; n.Importance != want {
				n.Importance = want
				n.Refresh()
			}
		}
		if n := buttons[at]; scroll.Size().Height > 0 {
			top, height := n.Position().Y, n.Size().Height
			scroll.Offset.Y = max(min(scroll.Offset.Y, top), top+height-scroll.Size().Height)
			scroll.Refresh()
		}
	}
	enter := func() {
		if len(experts) > 0 {
			b.askCode(experts[at].ID)
		}
	}
	for i, e := range experts {
		n := newButton(fmt.Sprintf("%d　%s", i+1, short(e.Name, 7)), func() { at = i; enter() })
		n.Alignment = widget.ButtonAlignLeading
		buttons = append(buttons, n)
		grid.Add(n)
	}
	goTo := func(to int) {
		if to >= 0 && to < len(experts) {
			at = to
			mark()
		}
	}
	keys := map[fyne.KeyName]func(){}
	for k, by := range map[fyne.KeyName]int{fyne.KeyLeft: -1, fyne.KeyRight: 1, fyne.KeyUp: -across(len(experts)), fyne.KeyDown: across(len(experts))} {
		keys[k] = func() { typed = ""; goTo(at + by) }
	}
	for d := range 10 {
		keys[fyne.KeyName(strconv.Itoa(d))] = func() {
			if typed += strconv.Itoa(d); len(typed) > len(strconv.Itoa(len(experts))) {
				typed = strconv.Itoa(d)
			}
			n, _ := strconv.Atoi(typed)
			goTo(n - 1)
		}
	}
	b.show(screen{
		title: "请选择您的姓名", body: scroll, hint: "输入姓名前的序号，或用 ↑↓←→ 选择", keys: keys,
		actions: []action{{fyne.KeyReturn, "是我，下一步", enter, true}},
	})
	if len(experts) > 0 {
		mark()
	}
}

// askCode asks for the one-time code and a PIN; of somebody who has been here before, for the PIN alone.
func (b *Booth) askCode(expert string) {
	known := false
	b.do(func(ctx context.Context) (err error) {
		known, err = b.seat.Known(ctx, expert)
		return err
	}, func() {
		if known {
			b.checkIn(expert, pinAlone)
		} else {
			b.checkIn(expert, first)
		}
	})
}

// The least length of a PIN.
const leastPin = 6

// What is asked of an expert who checks in.
type asked int

const (
	first     asked = iota // the code, and a PIN to be set
	pinAlone               // he has checked in here before
	renewedIn              // he has, but staff has revoked it and given him another code
)

func (b *Booth) checkIn(expert string, what asked) {
	name := b.pkg().Expert(expert).Name
	code, pin, again := newEntry("签到条上的数字"), newPin("签到时自己设置的PIN码"), newPin("再输入一遍")
	var text string
	var form fyne.CanvasObject
	var all []*entry
	switch what {
	case pinAlone:
		text, form, all = "您已在本机签到过，只需输入自己设置的PIN码。", fields("PIN码", pin), []*entry{pin}
	case renewedIn:
		text, form, all = "请输入会务人员新发的签到码，PIN码仍用原来的。", fields("新签到码", code, "PIN码", pin), []*entry{code, pin}
	default:
		pin.SetPlaceHolder("自己设置，6位以上数字")
		text = "签到码在会务人员发给您的签到条上，只能使用一次。\nPIN码由您自己设置，请记住，不要告诉任何人：\n回到本席位、核对选票时都要用。"
		form, all = fields("签　到　码", code, "设置PIN码", pin, "确认PIN码", again), []*entry{code, pin, again}
	}
	enter := func() {
		switch {
		case what != pinAlone && tidy(code.Text) == "":
			b.fail(fault.New(fault.Invalid, "请输入签到条上的签到码"))
		case pin.Text == "":
			b.fail(fault.New(fault.Invalid, "请输入PIN码"))
		case what == first && len([]rune(pin.Text)) < leastPin:
			b.fail(fault.New(fault.Invalid, "PIN码至少%d位，请重新设置", leastPin))
		case what == first && pin.Text != again.Text:
			again.SetText("")
			b.fail(fault.New(fault.Invalid, "两次输入的PIN码不一样，请重新输入"))
		default:
			b.signIn(expert, tidy(code.Text), pin.Text, what)
		}
	}
	chain(b.window, enter, all...)
	actions := []action{{fyne.KeyEscape, "不是我，重新选择", b.names, false}, {fyne.KeyReturn, "签　到", enter, true}}
	if what == pinAlone {
		actions = append([]action{{fyne.KeyF2, "领到了新的签到码", func() { b.checkIn(expert, renewedIn) }, false}}, actions...)
	}
	b.show(screen{title: name + " 专家", body: middle(centred(text), gap(16), form), hint: "↑↓ 换一栏", first: all[0], actions: actions})
}

func (b *Booth) signIn(expert, code, pin string, what asked) {
	b.busy("正在签到", "请稍候……")
	b.run(func() func() {
		ctx := context.Background()
		err := b.seat.CheckIn(ctx, expert, code, pin)
		var v *room.View
		// Without a network he has checked in too; the hub learns of it later.
		if waits := errors.Is(err, room.ErrPending) || fault.CodeOf(err) == fault.Offline; err == nil || waits {
			v, err = b.seat.Watch(ctx, 0)
		}
		return func() {
			if err != nil {
				b.checkIn(expert, what)
				b.fail(err)
				return
			}
			b.expert, b.view = expert, v
			b.follow()
			b.rounds()
		}
	})
}

// pending stands until staff has confirmed the check-in.
func (b *Booth) pending() {
	text := "您的签到已保存在本机，正在等待会务人员确认。\n请稍候，确认后本页会自动进入下一步。"
	if b.view.Way == room.WayStick {
		text = "您的签到已保存在本机。本机不联网：\n请会务人员用U盘把签到交给主机，再把主机的回执带回本机。"
	}
	b.seen = func() {
		if b.view.CheckedIn == room.CheckInDone {
			b.rounds()
		}
	}
	if b.view.OfflineSince != 0 {
		text = "现在连不上主机。您的签到已保存在本机，网络恢复后自动送达。\n请举手告知会务人员；也可以用U盘把签到交给主机，再读入主机的回执。"
	}
	lines := []fyne.CanvasObject{centred(text)}
	if b.view.Way != room.WayStick { // there nothing happens by itself
		lines = append(lines, widget.NewProgressBarInfinite())
	}
	b.show(screen{
		title: "等待确认签到", body: middle(lines...),
		actions: []action{
			{fyne.KeyF6, "写入U盘", func() { b.toStick(b.pending) }, false},
			{fyne.KeyF7, "读入U盘", func() { b.fromStick(b.pending) }, false},
			{fyne.KeyF10, "退出", b.leave, false},
		},
	})
}
