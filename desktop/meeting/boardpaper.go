package meeting

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/skip2/go-qrcode"

	"zhiping/desktop/kit"
	"zhiping/desktop/room"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
	record "zhiping/shared/meeting"
	"zhiping/shared/print"
	"zhiping/shared/room/stick"
)

// pairing is what laptops of the room must know of this hub and session.
func (p *boardPage) pairing() *Pairing {
	return &Pairing{Hub: p.of.address(), TLS: p.of.pin(), Code: p.of.code(), Server: p.of.place.Server, Session: p.desk.Session}
}

// address is where laptops of the room find the hub, "" when it listens nowhere.
func (b *Board) address() string {
	if len(b.place.Addresses) == 0 {
		return ""
	}
	return b.place.Addresses[0]
}

// code is the pairing code that booths need.
func (b *Board) code() string {
	if b.place.Pairing != "" {
		return b.place.Pairing
	}
	return b.hub.Pairing
}

// pin is the fingerprint of this laptop's certificate: the spare has its own; where the server is the sequencer, it is the server's.
func (b *Board) pin() string {
	if b.place.Pairing != "" {
		return b.place.Pin
	}
	_, _, pin := b.hub.Keys()
	return pin
}

// placeText says where laptops find the hub.
func (p *boardPage) placeText() string {
	if p.of.address() == "" {
		return "本机不接受投票电脑联网，只用U盘"
	}
	if p.of.place.Pairing != "" {
		return "服务器 " + p.of.address() + "　配对码 " + p.of.code()
	}
	return "会场地址 " + p.of.address() + "　配对码 " + p.of.code()
}

// slip is the pairing slip: what is typed, or scanned, at a laptop of the room.
func (p *boardPage) slip() *print.Report {
	pkg := p.desk.Package()
	return &print.Report{
		Kind: "配对单", Title: "会场配对单", Subtitle: pkg.Title,
		Facts: []print.Fact{
			{Label: "会场主机地址", Value: strings.Join(p.of.place.Addresses, "　或　")},
			{Label: "配对码", Value: p.of.code()},
			{Label: "主机证书指纹", Value: p.of.pin()},
			{Label: "服务器公钥", Value: p.of.place.Server},
			{Label: "会议地点", Value: pkg.Place},
		},
		Paragraphs: []string{"在投票电脑上打开程序，选“打开评审会议”，读入配对单文件，或照上面各项填写。连接后请核对主机屏幕上的记录短码。会后交回会务人员。"},
		QR:         p.pairing().Text(), QRText: "配对信息。只在本场会议有效。",
	}
}

// showPairing shows the pairing slip large, with its QR code, and offers to print it.
func (p *boardPage) showPairing() {
	big := func(text string) *widget.Label {
		l := widget.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
		l.SizeName = theme.SizeNameHeadingText
		l.Selectable = true
		return l
	}
	long := func(text string) *widget.Label {
		l := newParagraph(text)
		l.Selectable = true
		return l
	}
	form := widget.NewForm(widget.NewFormItem("会场主机地址", big(strings.Join(p.of.place.Addresses, "\n"))), widget.NewFormItem("配对码", big(p.of.code())),
		widget.NewFormItem("主机证书指纹", long(p.of.pin())), widget.NewFormItem("服务器公钥", long(p.of.place.Server)))
	body := fyne.CanvasObject(newWide(460, form))
	if q, err := qrcode.New(p.pairing().Text(), qrcode.Medium); err == nil {
		img := canvas.NewImageFromImage(q.Image(-3))
		img.FillMode, img.ScaleMode = canvas.ImageFillOriginal, canvas.ImageScalePixels
		body = container.NewHBox(img, body)
	}
	p.of.desk.Choose("会场配对单", body, kit.Choice{Title: "关闭"}, kit.Choice{Title: "存到U盘…", Do: p.savePairing}, kit.Choice{Title: "打印配对单", Do: func() { p.printSecret("会场配对单", p.slip()) }})
}

// savePairing writes the slip into a file, which a laptop reads instead of being typed at.
func (p *boardPage) savePairing() {
	p.of.desk.Files.Save("会场配对单"+PairingEnding, func(path string) {
		p.of.desk.Do(func() error { return stick.Write(path, []byte(p.pairing().Text())) }, func() {
			p.of.desk.Say("配对单已写入 " + path + "。在投票电脑上读入即可，不用手工填写。")
		})
	})
}

// slipRows are the check-in slips of experts, a row to be cut off for each.
func slipRows(experts []room.ExpertRow) print.Table {
	t := print.Table{Heads: []print.Head{{Text: "姓名", Share: 2, Centre: true}, {Text: "专业组", Share: 2.5, Centre: true}, {Text: "签到码", Share: 2.5, Centre: true}, {Text: "说明", Share: 5}}, Least: 20}
	for _, e := range experts {
		t.Rows = append(t.Rows, []string{e.Name, e.Group, spaced(e.Code), "沿线裁开，当面交给本人。本人在投票电脑上选择姓名，输入签到码，自己设置PIN码。签到码只用一次，不要给他人看。"})
	}
	return t
}

func (p *boardPage) slips(experts []room.ExpertRow) *print.Report {
	return &print.Report{Kind: "签到条", Title: "专家签到条", Subtitle: p.desk.Package().Title, Tables: []print.Table{slipRows(experts)}}
}

// printSlips prints the slips of all experts who have not checked in yet.
func (p *boardPage) printSlips() {
	var open []room.ExpertRow
	for _, e := range p.now.Experts {
		if !e.CheckedIn && e.Code != "" {
			open = append(open, e)
		}
	}
	if len(open) == 0 {
		p.of.desk.Fail(fault.New(fault.State, "全部专家都已签到，没有要打印的签到条"))
		return
	}
	p.printSecret("专家签到条", p.slips(open))
}

// printSlip prints the slip of one expert, who has got a new code.
func (p *boardPage) printSlip(id string) {
	p.of.desk.Run(func() func() {
		now, err := p.desk.Board()
		return func() {
			if err != nil {
				p.of.desk.Fail(err)
				return
			}
			for _, e := range now.Experts {
				if e.ID == id {
					p.printSecret("签到条 "+e.Name, p.slips([]room.ExpertRow{e}))
				}
			}
		}
	})
}

// The folders of what is printed, in the hub's: what holds codes goes when the laptop is wiped.
const (
	sheetsFolder = "documents"
	slipsFolder  = "slips"
)

// printSecret writes a document that holds codes into the hub's folder and opens it in the system's program.
func (p *boardPage) printSecret(name string, doc print.Document) {
	path := ""
	p.of.desk.Do(func() (err error) {
		path, err = p.write(slipsFolder, name, doc)
		return err
	}, func() { p.of.desk.Show(path) })
}

// write writes a document into the hub's folder; one of a rehearsal says so on every page.
func (p *boardPage) write(folder, name string, doc print.Document) (string, error) {
	now := time.Now()
	b, err := print.Render(print.Meta{Made: now, Demo: p.desk.Package().Rehearsal}, doc)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(p.of.place.Dir, folder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(dir, fmt.Sprintf("%s %s.pdf", name, now.Format("0102-150405")))
	return path, os.WriteFile(path, b, 0o600)
}

// The documents of a counted round.
var documents = []struct {
	name string
	make func(*ballot.Verified, string) *print.Report
}{
	{"选票对账单", record.Reconciliation}, {"投票结果汇总表", record.VoteTable}, {"评审会议纪要", record.Minutes},
}

// printRound prints a document of the round.
func (p *boardPage) printRound(name string, make func(*ballot.Verified, string) *print.Report) {
	round := p.round
	if r := theRound(p.now, round); r == nil || !reached(r, ballot.RoundOpened) || r.Tally == nil {
		p.of.desk.Fail(fault.New(fault.State, "%s还没有计票，不能打印%s", roundName(p.now, round), name))
		return
	}
	p.printVerified(name+" "+strings.ReplaceAll(round, "~", "-"), func(v *ballot.Verified) *print.Report { return make(v, round) })
}

// printVerified prints a document from a record that has been verified as anybody would: what the paper says, the record proves.
func (p *boardPage) printVerified(name string, make func(*ballot.Verified) *print.Report) {
	path, server := "", p.of.place.Server
	p.of.desk.Do(func() error {
		b, err := p.desk.Export()
		if err != nil {
			return err
		}
		v, err := ballot.Verify(b, server)
		if err != nil {
			return fault.New(fault.State, "会议记录核验不通过，不能打印：%s。请停止办理，联系技术人员", err)
		}
		path, err = p.write(sheetsFolder, name, make(v))
		return err
	}, func() { p.of.desk.Show(path) })
}

func (p *boardPage) printSheet() { p.printRound(documents[0].name, documents[0].make) }

// choosePrint offers what can be printed of the round that is shown.
func (p *boardPage) choosePrint() {
	choices := []kit.Choice{{Title: "关闭"}}
	for _, d := range documents {
		choices = append(choices, kit.Choice{Title: d.name, Do: func() { p.printRound(d.name, d.make) }})
	}
	// It belongs to no round, and the panel may want it on paper before it votes.
	choices = append(choices, kit.Choice{Title: "书面意见汇总", Do: func() { p.printVerified("书面意见汇总", record.Opinions) }})
	p.of.desk.Choose("打印"+roundName(p.now, p.round)+"的文书", newWide(420, newParagraph("计票以后可以打印；书面意见汇总随时可以打印。文书由核验过的会议记录生成，在系统的PDF程序中打开后打印。")), choices...)
}

// saveRecord writes the record of the meeting, which the server verifies at the hand-over.
func (p *boardPage) saveRecord() {
	p.of.desk.Files.Save("会议记录 "+p.desk.Package().Date+".zpr", func(path string) {
		p.of.desk.Do(func() error {
			b, err := p.desk.Export()
			if err != nil {
				return err
			}
			return stick.Write(path, b)
		}, func() {
			next := "请交由经办单位移交中心；中心核验确认以前，不要清除本机数据。"
			if p.desk.Package().Rehearsal {
				next = "这是演练的记录，不移交。"
			}
			p.of.desk.Say("会议记录已写入 " + path + "，并已读回核对。\n" + next)
		})
	})
}
