package meeting

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"zhiping/shared/ballot"
	"zhiping/shared/print"
)

// checked is what a verification recomputes, in words for a layman.
var checked = []string{
	"会议包由中心签发，内容未改动；",
	"会议中的每一条记录都由有权的人签署，次序合理，没有增加、删除、改动或调换；",
	"主机签名的检查点与全部记录一致，执行主任和监督人员签字时看到的就是这份记录；",
	"每名专家在每一轮至多有一张选票计入，退回的选票只有在退回记录之后才被替换，拒收的选票逐张复核了拒收原因；",
	"开票前有两名保管人对同一次关闭的授权，开出的选票就是关闭时签字的那些选票；",
	"每名参评人员的计票栏行数与计入的选票数相等，票数、平均分、名次和结论由计票栏重新计算，与记录一致；",
	"选票对账单的各项平衡关系成立。",
}

// unproved is what no verification of this record can show.
var unproved = []string{
	"无记名轮次中，计票栏与封存选票的对应不能由本文件证明：那需要保管人的密钥，而密钥在归档后销毁。它由专家在会场用各自电脑核对本人选票来保证；",
	"专家的电脑是否如实显示和封存了专家的选择；",
	"专家是否受到他人影响，是否自愿；",
	"两名保管人是否私下共同打开过某张选票；",
	"没有记入本文件的事情，例如从未送到主机的选票。专家手中的回执和电脑保存的检查点可以揭示主机删去的记录。",
}

// steps are the checks of a verification in their order, and what it means when one does not hold.
var steps = []struct{ name, means string }{
	{"文件完整，未损坏", "文件在保存、复制或传输中损坏、被截断，或者被人改动过。请取原件重新核验。"},
	{"会议包（名单、轮次、规则、公钥）由中心签发", "文件开头的会议包不是由所给公钥的中心签发的，或内容被改动过。其后的一切都无从谈起。请先核对公钥是否抄写正确。"},
	{"每一条会议记录由有权的人签署，内容和次序成立", "从这一条起，文件与会议当时签署的内容不同，或者这一条不是由有权的人所写。在它之前的各条成立。"},
	{"主机签名的检查点与全部记录一致", "各条记录单独看都成立，但合起来不是主机签过名的那一份：有记录被删去、增加或调换，常见的是文件末尾被截去。"},
	{"计票栏、票数、名次和结论重新计算，与签字的结果一致", "记录本身成立，但所附的计票栏与签字的计票结果不符，或由它算出的结果不同：计票栏或结果被改动过。"},
	{"首轮会议的记录成立，第二轮人员由首轮结果得出", "第二轮的参评人员不能由所附的首轮记录得出，或首轮记录本身不成立。"},
	{"所附原主机的记录和电脑保存的检查点属于本场会议", "本场记录成立，但所附的旁证不属于本场会议或已损坏，不能用来证明没有丢失选票。"},
}

// Verification is the report of a verification, for people who know nothing of it. v is nil when why says what does not hold. file is the record.
func Verification(file []byte, v *ballot.Verified, why error) *print.Report {
	sum := sha256.Sum256(file)
	rep := &print.Report{
		Kind: "会议记录核验报告", Title: "会议记录核验报告",
		Facts: []print.Fact{{Label: "文件大小", Value: fmt.Sprintf("%d字节", len(file))}, {Label: "文件摘要", Value: fmt.Sprintf("%x", sum[:8]) + "…（SHA-256）"}},
	}
	if v == nil || why != nil {
		broken(rep, why)
		return rep
	}
	p := v.State.Package
	rep.Subtitle = p.Title
	rep.Facts = append(rep.Facts, print.Fact{Label: "会议日期", Value: p.Date}, print.Fact{Label: "记录", Value: fmt.Sprintf("%d条，短码 %s", v.Size, Short(v.Root[:]))})
	rep.Paragraphs = append(conclusion(v), "核验了什么：")
	rep.Paragraphs = append(rep.Paragraphs, numbered(checked)...)
	rep.Tables = append(rep.Tables, overview(v))
	for _, id := range v.State.Order {
		rep.Tables = append(rep.Tables, roundTables(v, id)...)
	}
	rep.Closing = append([]string{"本报告不能证明："}, numbered(unproved)...)
	return rep
}

// broken is the report of a record that does not hold: how far the checks went, what the first difference means, and what to do.
func broken(rep *print.Report, why error) {
	b := &ballot.Broken{Step: ballot.StepFile, Why: why}
	errors.As(why, &b)
	step := steps[b.Step-1]
	rep.Paragraphs = []string{"核验结论：不成立。本文件不能作为会议结果的依据。", "第一处不符：" + why.Error() + "。"}
	if b.Step == ballot.StepLog {
		rep.Paragraphs = append(rep.Paragraphs, fmt.Sprintf("文件共有%d条会议记录（从第0条起编号）。前%d条成立，不成立的是第%d条，它是“%s”。", b.Objects, b.Index, b.Index, b.Object))
	}
	rep.Paragraphs = append(rep.Paragraphs, "这是什么意思："+step.means, "核验到第一处不符为止，其后的步骤没有进行；不符不一定只有这一处。")
	t := print.Table{Heading: "核验步骤", Heads: []print.Head{{Text: "序号", Share: 1, Centre: true}, {Text: "核验内容", Share: 7}, {Text: "结果", Share: 2, Centre: true}}}
	for i, s := range steps {
		word := "未核验"
		switch {
		case i+1 < b.Step:
			word = "成立"
		case i+1 == b.Step:
			word = "不成立"
		}
		t.Rows = append(t.Rows, []string{strconv.Itoa(i + 1), s.name, word})
	}
	rep.Tables = []print.Table{t}
	rep.Closing = append([]string{"应当怎样做："}, numbered([]string{
		"请勿采用本文件的结果。",
		"请向会务人员和中心各取一份会议记录文件，分别核验；手中有一份成立的文件时，可用“zhiping-server verify diff 成立的文件 本文件”看出两者第一处不同。",
		"请核对服务器公钥：它由中心公布，共64位。",
		"仍不成立的，请将文件和本报告一并交监督人员，不要改动或删除文件。",
	})...)
}

// overview is what came out of each round, in one line.
func overview(v *ballot.Verified) print.Table {
	t := print.Table{Heading: "各轮次概况", Heads: []print.Head{
		{Text: "轮次", Share: 1.2, Centre: true},
		{Text: "方式", Share: 2.4, Centre: true},
		{Text: "状态", Share: 2.4, Centre: true},
		{Text: "出席", Share: 1, Centre: true},
		{Text: "计入选票", Share: 1.4, Centre: true},
		{Text: "结果", Share: 3},
	}}
	for _, id := range v.State.Order {
		r, spec := v.State.Rounds[id], v.State.Package.Round(id)
		row := []string{id, kind(spec), stateWords[r.State], "—", "—", "没有结果"}
		if r.Close != nil {
			row[3], row[4] = strconv.FormatInt(r.Close.Present, 10), strconv.FormatInt(r.Close.Counted, 10)
		}
		if r.Tally != nil {
			row[5] = outcome(r.Tally)
		}
		if r.Void != nil {
			row[5] = "作废，不作数"
			if r.Void.Next != "" {
				row[5] += "；以" + r.Void.Next + "为准"
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func kind(r *ballot.Round) string {
	word := map[string]string{ballot.Vote: "投票", ballot.Score: "评分"}[r.Kind]
	if r.Secrecy == ballot.SecretBallot {
		return "无记名" + word
	}
	return "记名" + word
}

// outcome counts the decisions of a tally.
func outcome(t *ballot.Tally) string {
	n := map[string]int{}
	for _, res := range t.Results {
		n[res.Decision]++
	}
	if n[ballot.NoResult] == len(t.Results) {
		return fmt.Sprintf("%d人已评分，不作结论", len(t.Results))
	}
	return fmt.Sprintf("参评%d人，通过%d人，未通过%d人", len(t.Results), n[ballot.Passed], n[ballot.NotPass])
}

// SignedCode is what stands on the paper sheet that chair and supervisor signed by hand: the log has grown since, by their signatures at least, so the short
// code of the whole record is another one.
func SignedCode(o *ballot.SignOff) string {
	return fmt.Sprintf("%s（第%s号对账单，记录%d条）", Short(o.Root), o.Sheet, o.Size)
}

// conclusion is what a verified record amounts to.
func conclusion(v *ballot.Verified) []string {
	var all []string
	switch {
	case len(v.Alarms) > 0:
		all = append(all, fmt.Sprintf("核验结论：记录自身一致，但有%d项须查明：", len(v.Alarms)))
		all = append(all, numbered(v.Alarms)...)
	case !v.Trusted:
		all = append(all, "核验结论：记录自身一致。")
	default:
		all = append(all, "核验结论：成立。下列结果由本文件从头重新计算得到，与会场签字的结果逐项相同。")
	}
	if v.Trusted {
		all = append(all, "会议包的签名用给出的服务器公钥核验："+v.Server+"。")
	} else {
		all = append(all, "核验时没有给出服务器公钥，使用了文件中所带的公钥："+v.Server+"。因此只证明了文件前后一致，没有证明会议包由哪台服务器签发。请向中心核对这64位公钥，或用 --key 给出后重新核验。")
	}
	if v.State.Package.Rehearsal {
		all = append(all, "这是演练的会议记录，数据是虚构的。")
	}
	return all
}

func numbered(items []string) []string {
	all := make([]string, len(items))
	for i, s := range items {
		all[i] = fmt.Sprintf("（%d）%s", i+1, s)
	}
	return all
}

var stateWords = map[string]string{
	ballot.RoundReady: "未开启", ballot.RoundOpen: "表决中", ballot.RoundClosed: "已关闭，未开票", ballot.RoundOpened: "已计票，未签字", ballot.RoundSigned: "已签字",
	ballot.RoundArchived: "已归档", ballot.RoundVoid: "已作废",
}

// roundTables are the figures, equations and results of a round.
func roundTables(v *ballot.Verified, id string) []print.Table {
	r, spec := v.State.Rounds[id], v.State.Package.Round(id)
	heading := fmt.Sprintf("轮次 %s（%s，%s）", id, secrecy(spec), stateWords[r.State])
	sheet := v.State.Reconcile(id)
	if sheet == nil {
		return []print.Table{{Heading: heading, Heads: []print.Head{{Text: "说明", Share: 1}}, Rows: [][]string{{"该轮次没有关闭，没有结果"}}}}
	}
	all := []print.Table{figures(v, sheet, r.Close.At), equations(sheet)}
	all[0].Heading, all[1].Heading = heading+"：选票对账", ""
	if r.Void != nil {
		all[0].Rows = append(all[0].Rows, []string{"作废原因", r.Void.Reason})
	}
	if r.SignOff != nil {
		all[0].Rows = append(all[0].Rows, []string{"签字时的短码", SignedCode(r.SignOff)})
	}
	if r.Tally != nil {
		all = append(all, results(v, id, heading+"：结果"))
	}
	return all
}

// Text writes a report without layout, for a terminal or a plain file.
func Text(r *print.Report) string {
	var b strings.Builder
	line := func(parts ...string) { b.WriteString(strings.Join(parts, "　") + "\n") }
	line(r.Title)
	if r.Subtitle != "" {
		line(r.Subtitle)
	}
	for _, f := range r.Facts {
		line(f.Label + "：" + f.Value)
	}
	line()
	for _, p := range r.Paragraphs {
		line(p)
	}
	for _, t := range r.Tables {
		line()
		line(t.Heading)
		heads := make([]string, len(t.Heads))
		for i, h := range t.Heads {
			heads[i] = h.Text
		}
		line(heads...)
		for _, row := range t.Rows {
			line(row...)
		}
	}
	line()
	for _, p := range r.Closing {
		line(p)
	}
	return b.String()
}
