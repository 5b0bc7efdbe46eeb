package meeting

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2/container"

	"zhiping/desktop/kit"
	"zhiping/desktop/room"
	"zhiping/shared/fault"
	"zhiping/shared/room/stick"
)

// stickEndings are those of what is brought to a hub: a laptop's or a hub's file, a record, the server's word.
var stickEndings = []string{stick.Extension, ".zpr", ".zpa", ".txt"}

// chooseStick asks for the file that was brought on a stick.
func (p *boardPage) chooseStick() {
	p.of.desk.Files.Open(stickEndings, p.importStick)
}

// importStick takes in what a stick brought and says in plain words what became of it.
func (p *boardPage) importStick(path string) {
	var got *room.Imported
	var brought []byte
	p.of.desk.Do(func() (err error) {
		if brought, err = stick.Read(path); err == nil {
			got, err = p.of.hub.Import(context.Background(), brought)
		}
		return err
	}, func() {
		p.of.Refresh()
		choices := []kit.Choice{{Title: "关闭"}}
		if len(got.Reply) > 0 {
			p.brought = brought
			choices = append(choices, kit.Choice{Title: "写回U盘", Do: p.writeReply})
		}
		p.of.desk.Choose("读入U盘", newWide(dialogWidth, container.NewVBox(newParagraph(importedText(got)...))), choices...)
	})
}

// importedText says what became of what a stick brought.
func importedText(got *room.Imported) []string {
	var all []string
	if got.Note != "" {
		all = append(all, got.Note+"。")
	}
	for _, part := range []struct {
		n    int
		text string
	}{
		{got.Accepted, "新收到 %d 项，已记入会议记录。"},
		{got.Known, "以前已收到 %d 项，不重复计入。"},
		{got.Pending, "有 %d 项签到待确认，请在名单上方确认。"},
		{got.Quarantined, "无法辨认 %d 项，已隔离保存，没有计入；关闭时须由执行主任认可。"},
		{len(got.Refused), "没有接受 %d 项："},
	} {
		if part.n > 0 {
			all = append(all, fmt.Sprintf(part.text, part.n))
		}
	}
	for _, why := range got.Refused {
		all = append(all, "　· "+why)
	}
	if len(all) == 0 {
		all = append(all, "文件中没有新的内容。")
	}
	if len(got.Reply) > 0 {
		all = append(all, "请点“写回U盘”，把U盘带回那台投票电脑读入：读入回执以后，专家才看到“已收到”。")
	}
	return all
}

// writeReply writes the reply for the laptop whose stick was read last. What it brought is taken in once more, which changes nothing: so the reply says
// how the meeting stands now, and not as it stood when the stick came.
func (p *boardPage) writeReply() {
	if p.brought == nil {
		p.of.desk.Fail(fault.New(fault.State, "请先读入投票电脑带来的U盘，再写回回执"))
		return
	}
	p.of.desk.Files.Save("回执"+stick.ReplyExtension, func(path string) {
		p.of.desk.Do(func() error {
			got, err := p.of.hub.Import(context.Background(), p.brought)
			if err == nil {
				err = stick.Write(path, got.Reply)
			}
			return err
		}, func() {
			p.of.desk.Say("回执已写入 " + path + "，并已读回核对。请带回那台投票电脑读入。")
		})
	})
}

// idleText says why nothing can be done on this laptop, "" for it can: another one is the sequencer, or this one must not go on.
func idleText(b *room.Board) string {
	switch {
	case b.Archived:
		return "中心已确认归档，不能再办理。"
	case b.Released != "":
		return "管理员已解除本机对会议的控制（" + b.Released + "），不能再办理。"
	case b.Behind != "":
		return "本机现在不能接收选票，先按红字处理，再继续办理。"
	case !b.Mine && !b.Remote:
		return "本机不是现在的主机（" + b.Sequencer + "），只看不办。主机损坏时，点“备用主机”启用本机。"
	}
	return ""
}

// alarmText joins what somebody must look into at once.
func alarmText(b *room.Board) string {
	var all []string
	for _, a := range b.Alarms {
		all = append(all, "警报："+a)
	}
	if b.Behind != "" {
		all = append(all, b.Behind)
	}
	return strings.Join(all, "\n")
}

// showSpare shows which laptop is the sequencer, and what can be done about it here: the hub hands its log to the spare, the spare follows the hub and
// takes over when it is dead.
func (p *boardPage) showSpare() {
	choices := []kit.Choice{{Title: "关闭"}}
	if p.now.Mine {
		choices = append(choices, kit.Choice{Title: "副本存到U盘…", Do: p.saveCopy})
	} else {
		choices = append(choices, kit.Choice{Title: "跟随主机…", Do: p.askFollow})
	}
	if !p.now.Mine || p.now.Behind != "" {
		choices = append(choices, kit.Choice{Title: "启用本机…", Do: p.askTakeOver})
	}
	p.of.desk.Choose("备用主机", newWide(dialogWidth, newParagraph(spareText(p.now)...)), choices...)
}

// saveCopy writes a copy of the log, with the codes, for the spare in a room without a network.
func (p *boardPage) saveCopy() {
	p.of.desk.Files.Save("主机副本"+stick.Extension, func(path string) {
		p.of.desk.Do(func() error {
			b, err := p.desk.Copy()
			if err != nil {
				return err
			}
			return stick.Write(path, b)
		}, func() {
			p.of.desk.Say("副本已写入 " + path + "，并已读回核对。请在备用主机上点“读入U盘”。")
		})
	})
}

// askFollow lets the spare follow the hub over the room's network.
func (p *boardPage) askFollow() {
	address := kit.NewEntry()
	address.SetPlaceHolder("主机配对单上的会场主机地址，例如 192.168.1.10:7443")
	p.sign(signing{
		title: "跟随主机", about: newParagraph("跟随以后，主机每记一条，本机就存一份。主机损坏时启用本机，已收到的选票都在。"), fields: address, first: address, button: "跟随",
		ready: func() string {
			if strings.TrimSpace(address.Text) == "" {
				return "请填写会场主机地址"
			}
			return ""
		},
		do: func() func(context.Context) error {
			text := strings.TrimSpace(address.Text)
			return func(context.Context) error { return p.of.hub.Follow(text) }
		},
	})
}

// askTakeOver makes this laptop the sequencer.
func (p *boardPage) askTakeOver() {
	chair := p.chairInput()
	reason := newReason("主机损坏，不能开机", "主机被盗或遗失", "主机恢复过旧的备份")
	typed := kit.NewEntry()
	typed.SetPlaceHolder("请输入：" + takeOverWord)
	p.sign(signing{
		title: "启用本机", fields: container.NewVBox(reason, typed), first: reason, button: "启用本机", danger: true, inputs: []*keyInput{chair},
		about: newParagraph("启用后，由本机接收选票，任期加一。原主机不得再用；以后找到的，其记录只作证据，不合并。", "请先确认原主机确实不能用了。投票电脑会各自出示见过的记录：有比本机新的，屏幕会有红字，按提示重新收集。"),
		ready: func() string {
			if text := reasonMissing(reason); text != "" {
				return text
			}
			if strings.TrimSpace(typed.Text) != takeOverWord {
				return "请输入“" + takeOverWord + "”，确认启用"
			}
			return ""
		},
		do: func() func(context.Context) error {
			key, text := p.chairKey(chair), strings.TrimSpace(reason.Text)
			return func(ctx context.Context) error {
				k, err := key()
				if err != nil {
					return err
				}
				return p.of.hub.TakeOver(ctx, p.desk.Package().Session, text, k)
			}
		},
	})
}

const takeOverWord = "启用本机"

// spareText says who sequences, and how far the log is here.
func spareText(b *room.Board) []string {
	all := []string{fmt.Sprintf("现在的主机：%s。任期 %d。本机的记录：%d 条，短码 %s。", b.Sequencer, b.Epoch, b.Size, b.Root)}
	switch {
	case b.Behind != "":
		all = append(all, b.Behind)
	case b.Mine:
		all = append(all, "会场有网络的，在备用主机上点“跟随主机”；没有网络的，把副本存到U盘，拿到备用主机上读入。")
	default:
		all = append(all, "短码与主机屏幕一致，说明副本是最新的。主机损坏时点“启用本机”。")
	}
	return all
}

// askWipe erases this laptop's keys and codes once the server has confirmed that it keeps the record.
func (p *boardPage) askWipe() {
	if !p.now.Archived && !p.now.Rehearsal {
		p.of.desk.Fail(fault.New(fault.State, "中心还没有确认核验会议记录，不能清除。请先移交会议记录，再把中心的确认文件读入本机"))
		return
	}
	anyway := kit.NewCheck("没有确认清除的投票电脑已无法找到，仍然清除本机", nil)
	typed := kit.NewEntry()
	typed.SetPlaceHolder("请输入：" + wipeWord)
	p.sign(signing{
		title: "清除本机密钥和签到码", button: "清除", danger: true, fields: container.NewVBox(anyway, typed), first: typed,
		about: newParagraph("清除以后，本机再也不能为本场会议签字，不能恢复。会议记录、计票栏和证据保留，其中没有秘密。", "专家用过的投票电脑应先各自清除。"),
		ready: func() string {
			if strings.TrimSpace(typed.Text) != wipeWord {
				return "请输入“" + wipeWord + "”，确认清除"
			}
			return ""
		},
		do: func() func(context.Context) error {
			inSpite := anyway.Checked
			return func(ctx context.Context) error {
				if err := p.of.hub.Wipe(ctx, inSpite); err != nil {
					return err
				}
				return os.RemoveAll(filepath.Join(p.of.place.Dir, slipsFolder))
			}
		},
		then: func() { p.of.desk.Say("本机的密钥和签到码已清除，可以关闭程序。") },
	})
}

const wipeWord = "清除"
