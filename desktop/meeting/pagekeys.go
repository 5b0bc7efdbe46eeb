package meeting

import (
	"context"
	"encoding/json"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/kit"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/shared/fault"
	"zhiping/shared/holder"
)

// custodians are who keeps the three keys, unless the unit names others (voting.md).
var custodians = []string{"执行主任", "会务负责人", "监督人员"}

// keys are the public halves of everybody who signs in the room, and the drill that each custodian's key has to pass before a package is issued.
func (p *Page) keys() fyne.CanvasObject {
	m, fixed := p.m, ""
	if m.State >= meetingv1.State_STATE_ISSUED {
		fixed = "会议包已签发，不能更换"
	}
	row := func(who, have string, take taker) []fyne.CanvasObject {
		return []fyne.CanvasObject{cell(who), cell(have), container.NewHBox(p.button("导入公钥", fixed, func() { p.paste(who, take) }))}
	}
	signer := func(to *string) taker {
		return func(text string) (string, error) {
			pub, err := holder.ParsePublic(text)
			if err != nil {
				return "", err
			}
			if pub.Signing == "" {
				return "", fault.New(fault.Invalid, "这份公钥没有签字密钥，请让持有人重新制作密钥")
			}
			*to = pub.Signing
			return compare(pub), nil
		}
	}
	next := proto.CloneOf(m)
	rows := [][]fyne.CanvasObject{
		row("会场主机（含会务人员签字）", keyStart(m.HubKey), func(text string) (string, error) { return hub(text, &next.HubKey, &next.HubTls, &next.StaffKeys, 0) }),
		row("备用主机", keyStart(m.SpareKey), func(text string) (string, error) {
			return hub(text, &next.SpareKey, &next.SpareTls, &next.StaffKeys, 1)
		}),
		row("会务人员签字（在线主持）", keyStart(firstKey(m.StaffKeys)), func(text string) (string, error) {
			var key, tls string // the server is the hub
			return hub(text, &key, &tls, &next.StaffKeys, 0)
		}),
		row("执行主任签字", keyStart(m.ChairKey), signer(&next.ChairKey)),
		row("监督人员签字", keyStart(m.SupervisorKey), signer(&next.SupervisorKey)),
	}
	p.next = next
	keep := container.NewVBox(hint("三名保管人各自在自己的电脑上制作密钥，只把公钥交给会务人员；开票须任意两人到场。"))
	for i, role := range custodians {
		keep.Add(p.custodian(i, role, next, fixed))
	}
	drill := p.button("发起密钥试开", p.drillable(fixed), func() {
		p.call(func(ctx context.Context) (message, error) {
			resp, err := p.client.StartDrill(ctx, &meetingv1.StartDrillRequest{Base: p.base()})
			return resp.GetMeeting(), err
		}, func() { p.desk.Say("已为每名保管人准备试开内容，请分别交给本人试开") })
	})
	return container.NewVScroll(container.NewVBox(
		kit.NewPart("主机与签字人", container.NewVBox(hint("没有会场主机时不填：会议由中心服务器在线主持。"), table([]string{"", "公钥", ""}, rows))),
		kit.NewPart("密钥保管人", container.NewVBox(keep, container.NewHBox(drill)))))
}

func (p *Page) drillable(fixed string) string {
	switch {
	case fixed != "":
		return fixed
	case len(p.m.Custodians) < len(custodians):
		return "请先导入三名保管人的公钥"
	}
	return ""
}

// custodian is one keeper: who he is, his key, and his drill.
func (p *Page) custodian(i int, role string, next message, fixed string) fyne.CanvasObject {
	var c *meetingv1.Custodian
	if i < len(p.m.Custodians) {
		c = p.m.Custodians[i]
		role = c.Role
	}
	state := "未试开"
	switch {
	case c.GetDrilledAt() > 0:
		state = "试开成功　" + instant(c.DrilledAt)
	case len(c.GetDrill()) > 0:
		state = "等待本人试开"
	}
	why := fixed
	if why == "" && i > len(p.m.Custodians) {
		why = "请按顺序导入"
	}
	take := p.button("导入公钥", why, func() {
		p.paste(role, func(text string) (string, error) {
			pub, err := holder.ParsePublic(text)
			if err != nil {
				return "", err
			}
			if pub.Seal == "" {
				return "", fault.New(fault.Invalid, "这份公钥没有保管人的密钥，请让持有人重新制作密钥")
			}
			k := &meetingv1.Custodian{Name: pub.Name, Role: role, Key: pub.CustodianKey()}
			if i < len(next.Custodians) {
				next.Custodians[i] = k
			} else {
				next.Custodians = append(next.Custodians, k)
			}
			return compare(pub), nil
		})
	})
	line := container.NewHBox(take)
	if len(c.GetDrill()) > 0 && c.DrilledAt == 0 {
		line.Add(p.button("试开", fixed, func() { p.drill(c) }))
	}
	return container.NewGridWithColumns(4, cell(role+"　"+c.GetName()), cell(keyStart(c.GetKey())), cell(state), line)
}

// drill shows the test of a custodian and takes his answer.
func (p *Page) drill(c *meetingv1.Custodian) {
	challenge := newLongLine(4)
	text := holder.ChallengeText(p.m.Id, c.Drill)
	challenge.SetText(text)
	answer := newLongLine(3)
	copied := widget.NewButton("复制试开内容", func() { fyne.CurrentApp().Clipboard().SetContent(text) })
	content := container.NewVBox(widget.NewLabel("1. 把试开内容交给“"+c.Name+"”本人，在其电脑的“会议密钥”中试开："), challenge, container.NewHBox(copied),
		widget.NewLabel("2. 把本人得到的试开结果粘贴在这里："), answer)
	p.desk.Ask("密钥试开："+c.Name, content, "提交试开结果", func() {
		of, _, b, err := holder.ParseAnswer(joined(answer.Text))
		if err == nil && of != p.m.Id {
			err = fault.New(fault.Invalid, "这是另一次会议的试开结果，请让保管人用本次的试开内容重新试开")
		}
		if err != nil {
			p.desk.Fail(err)
			return
		}
		p.call(func(ctx context.Context) (message, error) {
			resp, err := p.client.AnswerDrill(ctx, &meetingv1.AnswerDrillRequest{Base: p.base(), Key: c.Key, Answer: b})
			return resp.GetMeeting(), err
		}, func() { p.desk.Say("“" + c.Name + "”的密钥试开成功") })
	})
}

// lineLength is how many letters stand in a line of what is pasted as one of thousands.
const lineLength = 50

// newLongLine is an entry for what is pasted in one line of thousands of letters. It breaks the line itself: to measure where takes the toolkit a second,
// and unbroken the line is wider than anything that can be drawn. Whoever reads it joins the lines again.
func newLongLine(rows int) *widget.Entry {
	e := widget.NewMultiLineEntry()
	e.Wrapping = fyne.TextWrapOff
	e.SetMinRowsVisible(rows)
	e.OnChanged = func(s string) {
		if folded := fold(s); folded != s {
			e.SetText(folded)
		}
	}
	return e
}

// fold breaks the lines that are too long.
func fold(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if r == '\n' {
			n = 0
		} else if n++; n > lineLength {
			b.WriteByte('\n')
			n = 1
		}
		b.WriteRune(r)
	}
	return b.String()
}

// joined takes out the breaks.
func joined(s string) string { return strings.NewReplacer("\r", "", "\n", "").Replace(s) }

// A taker writes what somebody has pasted into the meeting, and says what is to be compared with whose it is.
type taker func(text string) (said string, err error)

// compare says how a person makes sure that the key is his: the short form stands on his own screen too.
func compare(p holder.Public) string {
	return "已导入“" + p.Name + "”的公钥。指纹 " + p.Fingerprint() + "，请与本人屏幕上的核对。"
}

// paste asks for a public half and saves the meeting with it.
func (p *Page) paste(who string, take taker) {
	e := newLongLine(6)
	e.SetPlaceHolder("在此粘贴公钥的整行内容")
	p.desk.Ask("导入公钥："+who, e, "导　入", func() {
		said, err := take(joined(e.Text))
		if err != nil {
			p.desk.Fail(err)
			return
		}
		p.call(func(ctx context.Context) (message, error) {
			resp, err := p.client.SaveMeeting(ctx, &meetingv1.SaveMeetingRequest{Meeting: p.next})
			return resp.GetMeeting(), err
		}, func() { p.desk.Say(said) })
	})
}

// hub reads what a hub laptop says of itself when it has been prepared: its key, its certificate and the key that staff signs with on it.
func hub(text string, key, tls *string, staff *[]string, at int) (string, error) {
	var h struct{ Hub, Staff, TLS string }
	if json.Unmarshal([]byte(strings.TrimSpace(text)), &h) != nil || h.Hub == "" || h.Staff == "" || h.TLS == "" {
		return "", fault.New(fault.Invalid, "这不是主机的公钥。请在会场主机上准备主机，并复制所显示的整行内容")
	}
	*key, *tls = h.Hub, h.TLS
	for len(*staff) <= at {
		*staff = append(*staff, h.Staff)
	}
	(*staff)[at] = h.Staff
	return "已导入主机公钥，开头为 " + keyStart(h.Hub) + "请与主机上显示的核对", nil
}

func firstKey(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

// keyStart is the beginning of a key, to compare by eye.
func keyStart(key string) string {
	if key == "" {
		return "未导入"
	}
	return key[:min(8, len(key))] + "……"
}
