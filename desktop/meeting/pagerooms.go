package meeting

import (
	"context"
	"os"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/shared/fault"
	"zhiping/shared/field"
)

// rooms are the sessions with their packages, and the rehearsal.
func (p *Page) rooms() fyne.CanvasObject {
	var rows [][]fyne.CanvasObject
	for _, s := range p.m.Sessions {
		rows = append(rows, []fyne.CanvasObject{cell(s.Name), cell(rounds(s)), cell(lease(s)), p.packageOf(s)})
	}
	content := container.NewVBox()
	if len(rows) == 0 {
		content.Add(hint("未分会场：全体专家在一个会场，进行一轮无记名投票。"))
	} else {
		content.Add(table([]string{"会场", "轮次", "控制方", "会议包"}, rows))
	}
	issue := p.button("签发会议包", p.issuable(), func() {
		p.desk.Confirm("签发会议包", "签发后，参评人员、专家、轮次和密钥都不能再修改，申报人员的材料在移交会议记录之前冻结。", "签　发", p.issue)
	})
	rehearse := p.button("签发演练会议包", p.rehearsable(), p.rehearse)
	content.Add(container.NewHBox(issue))
	content.Add(container.NewHBox(rehearse))
	content.Add(hint("演练会议包的人员都是虚构的，设置、密钥和真实会议相同。建议会前用它在会场完整演练一次，包括U盘传递和启用备用主机；演练结果不能移交。"))
	return container.NewVScroll(kit.NewPart("会场", content))
}

func rounds(s *meetingv1.Session) string {
	var all []string
	for _, r := range s.Rounds {
		all = append(all, r.Id+" "+field.Label(r.Kind))
	}
	if len(all) == 0 {
		return "投票"
	}
	return strings.Join(all, "、")
}

func lease(s *meetingv1.Session) string {
	if s.Lease == nil {
		return ""
	}
	line := field.Label(s.Lease.Holder)
	if s.Lease.Pairing != "" {
		line += "，配对码 " + s.Lease.Pairing
	}
	return line
}

func (p *Page) packageOf(s *meetingv1.Session) fyne.CanvasObject {
	if s.Package == nil {
		return cell("未签发")
	}
	read := func(then func([]byte)) func() {
		return func() {
			var b []byte
			p.desk.Do(func() error {
				path, err := p.fetch(s.Package, p.m.Id)
				if err == nil {
					b, err = os.ReadFile(path)
				}
				return err
			}, func() { then(b) })
		}
	}
	row := container.NewHBox(p.button("保存会议包", "", read(func(b []byte) { p.save(s.Name+".zpp", b, func() {}) })))
	if p.Host != nil && s.Lease.GetHolder() == meetingv1.Holder_HOLDER_SERVER {
		row.Add(p.button("在本机主持", "", read(func(b []byte) { p.Host(s, b) })))
	}
	return row
}

func (p *Page) issuable() string {
	switch {
	case p.m.State < meetingv1.State_STATE_CONFIRMED:
		return "请先抽选并确认参会专家"
	case p.m.State > meetingv1.State_STATE_CONFIRMED:
		return "会议包已签发"
	}
	return p.rehearsable()
}

// rehearsable says why no package can be made of the meeting as it is.
func (p *Page) rehearsable() string {
	if len(p.m.Custodians) < len(custodians) || p.m.ChairKey == "" || p.m.SupervisorKey == "" || len(p.m.StaffKeys) == 0 {
		return "请先在“密钥与试开”中导入各人的公钥"
	}
	for _, c := range p.m.Custodians {
		if c.DrilledAt == 0 {
			return "请先完成三名保管人的密钥试开"
		}
	}
	return ""
}

func (p *Page) issue() {
	var issued []*meetingv1.Issued
	p.call(func(ctx context.Context) (message, error) {
		resp, err := p.client.IssuePackage(ctx, &meetingv1.IssuePackageRequest{Base: p.base()})
		issued = resp.GetPackages()
		return resp.GetMeeting(), err
	}, func() { p.keep(issued, "") })
}

func (p *Page) rehearse() {
	var issued []*meetingv1.Issued
	p.call(func(ctx context.Context) (message, error) {
		resp, err := p.client.IssueRehearsal(ctx, &meetingv1.IssueRehearsalRequest{Base: p.base()})
		issued = resp.GetPackages()
		return nil, err
	}, func() { p.keep(issued, "演练-") })
}

// keep saves packages one after the other.
func (p *Page) keep(all []*meetingv1.Issued, prefix string) {
	if len(all) > 0 {
		p.save(prefix+all[0].Name+".zpp", all[0].Package, func() { p.keep(all[1:], prefix) })
	}
}

// after is the hand-over, what waited for it, and the end of a lease whose hub does not come back.
func (p *Page) after() fyne.CanvasObject {
	why := ""
	switch {
	case p.m.State < meetingv1.State_STATE_ISSUED:
		why = "会议包尚未签发"
	case p.m.State > meetingv1.State_STATE_ISSUED:
		why = "已移交"
	}
	bring := "会后在会场主机导出各会场的会议记录（.zpr），在此移交。服务器从头重新核验并计票，不一致时拒收。"
	if names := p.brought(); len(names) > 0 {
		bring += "须依次选择的会议记录：" + strings.Join(names, "、") + "。"
	} else if p.m.State == meetingv1.State_STATE_ISSUED {
		bring = "会议由中心服务器在线主持，会议记录已在服务器上，直接移交即可。服务器从头重新核验并计票。"
	}
	over := container.NewVBox(
		hint(bring),
		container.NewHBox(p.button("移交会议记录", why, func() { p.handOver(nil) })),
		container.NewHBox(p.button("核验会议记录（不移交）", "", p.check)))
	var done []fyne.CanvasObject
	for _, s := range p.m.Sessions {
		if len(s.Archive) > 0 {
			done = append(done, container.NewHBox(cell(s.Name+"　已归档"), p.button("保存归档确认", "", func() { p.save(s.Name+".zpa", s.Archive, func() {}) })))
		}
	}
	for _, o := range done {
		over.Add(o)
	}
	for _, a := range p.m.Alarms {
		over.Add(hint("已查明的警示：" + a))
	}
	return container.NewVScroll(container.NewVBox(kit.NewPart("移交", over), kit.NewPart("待处理事项", p.holds()), kit.NewPart("解除会场控制", p.release())))
}

// brought are the rooms whose records somebody has to bring: what the server has sequenced itself it has.
func (p *Page) brought() (names []string) {
	for _, s := range p.m.Sessions {
		if s.GetLease().GetHolder() == meetingv1.Holder_HOLDER_HUB {
			names = append(names, s.Name)
		}
	}
	return names
}

// handOver asks for the records of the rooms, one after the other, and sends them.
func (p *Page) handOver(files [][]byte) {
	if len(files) < len(p.brought()) {
		p.open(".zpr", func(b []byte) { p.handOver(append(files, b)) })
		return
	}
	p.send(files, false)
}

func (p *Page) send(files [][]byte, seen bool) {
	r := &meetingv1.HandOverRequest{Base: p.base(), Records: files, AlarmsSeen: seen}
	var resp *meetingv1.HandOverResponse
	p.desk.Run(func() func() {
		var err error
		resp, err = p.client.HandOver(context.Background(), r)
		return func() {
			switch f := fault.As(err); {
			case f != nil && !seen && f.Field == "alarms_seen":
				p.desk.Confirm("记录中有警示", f.Error(), "已查明，移交", func() { p.send(files, true) })
			case err != nil:
				p.desk.Fail(err)
			default:
				p.m = resp.Meeting
				p.draw()
				p.done()
				p.desk.Say("移交成功。请把归档确认交给会场主机，再清除各投票席位并销毁保管人密钥。")
			}
		}
	})
}

func (p *Page) check() {
	p.open(".zpr", func(b []byte) {
		var resp *meetingv1.CheckRecordResponse
		p.desk.Do(func() (err error) {
			resp, err = p.client.CheckRecord(context.Background(), &meetingv1.CheckRecordRequest{Id: p.m.Id, Record: b})
			return err
		}, func() {
			report := widget.NewLabel(resp.Report)
			report.Wrapping = fyne.TextWrapWord
			box := container.NewVScroll(report)
			box.SetMinSize(fyne.NewSize(760, 420))
			p.desk.Choose("核验报告", box, kit.Choice{Title: "关　闭"})
		})
	})
}

// holds is what came up while the room held the meeting.
func (p *Page) holds() fyne.CanvasObject {
	all := container.NewVBox(hint("会议进行中，服务器不改动会议和参评人员。需要处理的事项（如举报、处分）先登记在此，移交后处理；处理完之前不能公示。"))
	settled := "" // why nothing can be settled now
	if p.m.State == meetingv1.State_STATE_ISSUED {
		settled = "移交会议记录后处理"
	}
	for _, h := range p.m.Holds {
		line := instant(h.At) + "　" + h.Subject + "　" + h.Reason + "（" + h.Staff + "）"
		if h.SettledAt > 0 {
			all.Add(hint(line + "　→　" + h.Finding + "（" + h.SettledBy + "）"))
			continue
		}
		all.Add(container.NewHBox(widget.NewLabel(line), p.button("填写处理意见", settled, func() {
			p.ask("处理意见", func(ctx context.Context, text string) (message, error) {
				resp, err := p.client.SettleHold(ctx, &meetingv1.SettleHoldRequest{Base: p.base(), HoldId: h.Id, Finding: text})
				return resp.GetMeeting(), err
			})
		})))
	}
	all.Add(container.NewHBox(p.button("登记待处理事项", "", func() {
		p.ask("待处理事项", func(ctx context.Context, text string) (message, error) {
			resp, err := p.client.AddHold(ctx, &meetingv1.AddHoldRequest{Base: p.base(), Reason: text})
			return resp.GetMeeting(), err
		})
	})))
	return all
}

// ask asks for a text and does something with it.
func (p *Page) ask(what string, do func(context.Context, string) (message, error)) {
	e := widget.NewMultiLineEntry()
	e.SetMinRowsVisible(3)
	p.desk.Ask(what, e, "确　定", func() {
		p.call(func(ctx context.Context) (message, error) { return do(ctx, strings.TrimSpace(e.Text)) }, func() {})
	})
}

// release is for a hub that does not come back.
func (p *Page) release() fyne.CanvasObject {
	why := ""
	if p.m.State != meetingv1.State_STATE_ISSUED {
		why = "没有会场控制本会议"
	}
	all := container.NewVBox(hint("只在主机和备用主机都无法恢复、会议须重新举行时使用。解除后，原会场的记录只作为证据留存，不再计入结果。"),
		container.NewHBox(p.button("解除会议控制权", why, func() {
			p.ask("解除理由", func(ctx context.Context, text string) (message, error) {
				resp, err := p.client.ReleaseLease(ctx, &meetingv1.ReleaseLeaseRequest{Base: p.base(), Reason: text})
				return resp.GetMeeting(), err
			})
		})))
	for _, r := range p.m.Released {
		all.Add(hint(instant(r.At) + "　" + r.Name + "　" + r.By + "：" + r.Reason))
		for i, f := range r.Findings {
			all.Add(p.late(r.Late[i], f))
		}
	}
	if len(p.m.Released) > 0 {
		all.Add(container.NewHBox(p.button("留存迟到的会议记录", "", func() {
			p.open(".zpr", func(b []byte) {
				p.call(func(ctx context.Context) (message, error) {
					resp, err := p.client.KeepLate(ctx, &meetingv1.KeepLateRequest{Base: p.base(), Record: b})
					return resp.GetMeeting(), err
				}, func() {})
			})
		})))
	}
	return all
}

func (p *Page) late(a *commonv1.Attachment, finding string) fyne.CanvasObject {
	return hint("迟到的记录“" + a.GetName() + "”：" + finding)
}
