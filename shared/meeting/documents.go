// Package meeting makes the documents of a review meeting from its room record: minutes, vote table, reconciliation sheet and written opinions (features F10, F12;
// Articles 22 to 24). They say nothing that the record does not prove.
package meeting

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"zhiping/shared/ballot"
	"zhiping/shared/print"
)

var china = time.FixedZone("+08:00", 8*60*60)

func clock(ms int64) string { return time.UnixMilli(ms).In(china).Format("2006-01-02 15:04:05") }

// facts are what every document of the meeting begins with.
func facts(v *ballot.Verified, round string) []print.Fact {
	p := v.State.Package
	r := v.State.Rounds[round]
	all := []print.Fact{
		{Label: "评委会", Value: p.Committee},
		{Label: "会议日期", Value: p.Date},
		{Label: "会议地点", Value: p.Place},
		{Label: "应到专家", Value: fmt.Sprintf("%d人", p.Panel)},
		{Label: "参评人员", Value: fmt.Sprintf("%d人", len(p.Applicants))},
	}
	if r.Close != nil {
		all = append(all, print.Fact{Label: "出席专家", Value: fmt.Sprintf("%d人", r.Close.Present)}, print.Fact{Label: "提交选票", Value: fmt.Sprintf("%d份", r.Close.Counted)},
			print.Fact{Label: "表决方式", Value: secrecy(p.Round(round))})
	}
	return all
}

func secrecy(r *ballot.Round) string {
	if r.Secrecy == ballot.SecretBallot {
		return "无记名投票"
	}
	return "记名投票"
}

// Minutes are the minutes of the meeting (Article 22): who attended, who was voted on with which figures.
func Minutes(v *ballot.Verified, round string) *print.Report {
	p, r := v.State.Package, v.State.Rounds[round]
	passed := 0
	for _, res := range r.Tally.Results {
		if res.Decision == ballot.Passed {
			passed++
		}
	}
	experts := print.Table{Heading: "一、出席专家", Heads: []print.Head{{Text: "序号", Share: 1, Centre: true}, {Text: "姓名", Share: 2, Centre: true}, {Text: "专业组", Share: 3, Centre: true}, {Text: "出席情况", Share: 3, Centre: true}}}
	status := map[string]string{ballot.Present: "出席", ballot.Absent: "缺席", ballot.Left: "离场", ballot.Withdrawn: "不参加"}
	for i, e := range p.Experts {
		s := status[v.State.Status[e.ID]]
		if s == "" {
			s = "未签到"
		}
		experts.Rows = append(experts.Rows, []string{strconv.Itoa(i + 1), e.Name, e.Group, s})
	}
	return &print.Report{
		Kind: "评审会议纪要", Title: p.Committee + "评审会议纪要", Subtitle: p.Date, Facts: facts(v, round),
		Paragraphs: []string{
			fmt.Sprintf("会议由执行主任主持，出席专家%d人，达到评委会%d人的三分之二，符合《职称评审管理暂行规定》第十九条。", r.Close.Present, p.Panel),
			fmt.Sprintf("会议采取%s方式表决，同意票数达到出席专家三分之二以上的为通过（第二十条）。参评%d人，通过%d人，未通过%d人。", secrecy(p.Round(round)), len(p.Applicants), passed, len(p.Applicants)-passed),
		},
		Tables:     []print.Table{experts, results(v, round, "二、表决结果")},
		Signatures: []string{"执行主任", "监督人员", "记录人"}, Dated: true,
	}
}

// results are the figures and the outcome of each applicant. Where so few cells would show who decided how, the outcome stands alone.
func results(v *ballot.Verified, round, heading string) print.Table {
	r, p := v.State.Rounds[round], v.State.Package
	spec := p.Round(round)
	figures := []string{"同意", "反对", "弃权"}
	if spec.Kind == ballot.Score {
		figures = []string{"有效评分", "平均分", "名次"}
	}
	t := print.Table{Heading: heading, Heads: []print.Head{{Text: "排序号", Share: 1.2, Centre: true}, {Text: "姓名", Share: 2, Centre: true}, {Text: "工作单位", Share: 4}}}
	for _, f := range figures {
		t.Heads = append(t.Heads, print.Head{Text: f, Share: 1.2, Centre: true})
	}
	t.Heads = append(t.Heads, print.Head{Text: "结论", Share: 5})
	for i, a := range p.Applicants {
		res := &r.Tally.Results[i]
		cells := []string{strconv.FormatInt(res.Agree, 10), strconv.FormatInt(res.Oppose, 10), strconv.FormatInt(res.Abstain, 10)}
		if spec.Kind == ballot.Score {
			cells = []string{strconv.FormatInt(res.Scored, 10), fmt.Sprintf("%d.%02d", res.Mean/100, res.Mean%100), strconv.FormatInt(res.Rank, 10)}
		}
		if spec.Hidden(res) {
			cells = []string{"—", "—", "—"}
		}
		t.Rows = append(t.Rows, append(append([]string{strconv.FormatInt(a.Position, 10), a.Name, a.Unit}, cells...), spec.Outcome(res, r.Close.Present)))
	}
	return t
}

// VoteTable is the table of votes (F12).
func VoteTable(v *ballot.Verified, round string) *print.Report {
	return &print.Report{
		Kind: "投票结果汇总表", Title: v.State.Package.Committee + "投票结果汇总表", Subtitle: v.State.Package.Date, Facts: facts(v, round), Wide: true,
		Tables: []print.Table{results(v, round, "")}, Signatures: []string{"执行主任", "监督人员"}, Dated: true,
	}
}

// Reconciliation is the sheet that chair and supervisor sign by hand (选票对账单): it ties paper and record together by the short form of the log's
// root.
func Reconciliation(v *ballot.Verified, round string) *print.Report {
	p, r := v.State.Package, v.State.Rounds[round]
	sheet := v.State.Reconcile(round)
	rep := &print.Report{
		Kind: "选票对账单", Title: "选票对账单", Subtitle: p.Title, Facts: facts(v, round),
		Tables: []print.Table{figures(v, sheet, r.Close.At), equations(sheet)},
		Closing: []string{
			"记录根摘要（短码）：" + Short(v.Root[:]) + "。请与主机屏幕显示的短码逐位核对，一致后签字。",
			"纸质签到表人数：________人（由监督人员独立填写，应与签到并出席专家人数一致）。",
		},
		Signatures: []string{"执行主任", "监督人员", "会务负责人"}, Dated: true, QR: "zp-root/1\n" + v.State.Origin() + "\n" + strconv.FormatInt(v.Size, 10) + "\n" + v.Root.String(),
		QRText: "会议记录的完整根摘要。任何人可用“zhiping-server verify meeting”核验会议记录文件，报告的“签字时的短码”应与此一致。",
	}
	rep.Paragraphs = remarks(p, sheet)
	return rep
}

// figures are the counts of a sheet.
func figures(v *ballot.Verified, s *ballot.Sheet, closed int64) print.Table {
	t := print.Table{Heading: "一、数量核对", Heads: []print.Head{{Text: "项目", Share: 3}, {Text: "数量", Share: 2, Centre: true}}}
	for _, x := range []struct {
		label string
		n     int64
	}{
		{"评委会应到专家", s.Panel},
		{"会议包中的专家 N", s.Roster},
		{"签到并出席专家 P", s.Present},
		{"缺席专家 A", s.Absent},
		{"不参加本环节专家 R", s.Recused},
		{"离场专家 L", s.Left},
		{"发放签到凭证（其中补发" + strconv.FormatInt(s.Reissued, 10) + "）", s.Credentials},
		{"收到有效选票", s.Accepted},
		{"已退回选票 T", s.Returned},
		{"未提交选票 U", s.Missing},
		{"计入选票 V", s.Counted},
		{"其中无效选票", s.Invalid},
		{"拒收选票", s.Rejected},
		{"声明无遗留选票的电脑", s.Statements},
		{"专家核对一致", s.Attested},
		{"专家核对不一致", s.Mismatched},
		{"隔离的不明数据", int64(s.Quarantined)},
		{"迟到的记录", int64(v.Late)},
		{"主机任期", s.Epochs},
		{"记录条数", v.Size},
	} {
		t.Rows = append(t.Rows, []string{x.label, strconv.FormatInt(x.n, 10)})
	}
	t.Rows = append(t.Rows, []string{"开票保管人", strings.Join(s.Custodians, "、")}, []string{"计票程序", s.Program}, []string{"表决关闭时间", clock(closed)})
	return t
}

// equations are the sums of a sheet, and whether they hold.
func equations(s *ballot.Sheet) print.Table {
	t := print.Table{Heading: "二、平衡关系", Heads: []print.Head{{Text: "关系", Share: 6}, {Text: "左边", Share: 1, Centre: true}, {Text: "右边", Share: 1, Centre: true}, {Text: "是否平衡", Share: 1.4, Centre: true}}}
	for _, e := range s.Equations {
		word := "不平衡"
		if e.Holds() {
			word = "平衡"
		}
		t.Rows = append(t.Rows, []string{e.Text, strconv.FormatInt(e.Left, 10), strconv.FormatInt(e.Right, 10), word})
	}
	return t
}

// remarks say what a figure does not: rejects, returns and exceptions, each with its expert and reason.
func remarks(p *ballot.Package, s *ballot.Sheet) []string {
	name := func(id string) string {
		if e := p.Expert(id); e != nil {
			return e.Name
		}
		return id
	}
	var rejects, returns, exceptions, all []string
	for _, x := range s.Rejections {
		rejects = append(rejects, strings.TrimPrefix(name(x.Expert)+"：", "：")+ballot.RejectText(x.Reason))
	}
	for _, x := range s.Returns {
		by := "本人申请"
		if x.Request == ballot.ByStaff {
			by = "会务人员退回"
		}
		returns = append(returns, by+"（"+x.Reason+"）")
	}
	words := map[string]string{
		ballot.ExceptReturned: "退回后未再提交", ballot.ExceptDevice: "电脑未声明无遗留选票", ballot.ExceptCheckpoint: "电脑见过的记录不一致", ballot.ExceptQuarantined: "不明数据",
	}
	for _, x := range s.Exceptions {
		exceptions = append(exceptions, name(x.Subject)+words[x.Kind])
	}
	for _, part := range []struct {
		label string
		items []string
	}{{"拒收情况", rejects}, {"退回情况", returns}, {"关闭时由执行主任签字认可的例外", exceptions}} {
		if len(part.items) > 0 {
			all = append(all, part.label+"："+strings.Join(part.items, "；")+"。")
		}
	}
	return all
}

// Opinions are the written opinions of the meeting, by applicant: the latest of each expert. They are not secret (voting.md).
func Opinions(v *ballot.Verified) *print.Report {
	p := v.State.Package
	latest := map[[2]string]*ballot.Opinion{}
	for _, o := range v.State.Opinions {
		latest[[2]string{o.Applicant, o.Expert}] = o
	}
	t := print.Table{Heads: []print.Head{
		{Text: "排序号", Share: 1.2, Centre: true},
		{Text: "姓名", Share: 2, Centre: true},
		{Text: "工作单位", Share: 3},
		{Text: "专家", Share: 2, Centre: true},
		{Text: "意见", Share: 9},
		{Text: "时间", Share: 2.4, Centre: true},
	}}
	roles := map[string]string{ballot.Main: "主审", ballot.Assistant: "副主审"}
	if len(p.Reviewers) == 0 { // everybody wrote as what he is
		roles = nil
	}
	people := 0
	for _, a := range p.Applicants {
		before := len(t.Rows)
		for _, role := range []string{ballot.Main, ballot.Assistant} {
			for _, e := range p.Experts {
				o := latest[[2]string{a.ID, e.ID}]
				if o == nil || o.Role != role {
					continue
				}
				t.Rows = append(t.Rows, []string{
					strconv.FormatInt(a.Position, 10), a.Name, a.Unit, strings.TrimSpace(e.Name + "\n" + roles[role]), strings.Join(o.Paragraphs, "\n"), clock(o.At),
				})
			}
		}
		if len(t.Rows) > before {
			people++
		}
	}
	r := &print.Report{
		Kind: "书面意见汇总", Title: p.Committee + "书面意见汇总", Subtitle: p.Date, Wide: true,
		Facts: []print.Fact{{Label: "会议地点", Value: p.Place}, {Label: "参评人员", Value: fmt.Sprintf("%d人", len(p.Applicants))}, {Label: "有书面意见的人员", Value: fmt.Sprintf("%d人", people)}},
	}
	if len(t.Rows) == 0 {
		r.Paragraphs = []string{"本场会议的记录中没有书面意见。"}
		return r
	}
	r.Paragraphs = []string{"以下意见由专家本人签名，记入会议记录；同一专家对同一人员写过多次的，列最后一次。"}
	r.Tables = []print.Table{t}
	return r
}

// Short is the short form of a root that people compare: four groups of four digits, from its first eight bytes.
func Short(root []byte) string {
	var n uint64
	for _, b := range root[:8] {
		n = n<<8 | uint64(b)
	}
	s := fmt.Sprintf("%016d", n%1e16)
	return s[:4] + " " + s[4:8] + " " + s[8:12] + " " + s[12:]
}
