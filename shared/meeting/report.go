package meeting

import (
	"crypto/sha256"
	"fmt"
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

// Verification is the report of a verification, for people who know nothing of it. v is nil when why says what does not hold. file is the record.
func Verification(file []byte, v *ballot.Verified, why error) *print.Report {
	sum := sha256.Sum256(file)
	rep := &print.Report{
		Kind: "会议记录核验报告", Title: "会议记录核验报告",
		Facts: []print.Fact{{Label: "文件大小", Value: fmt.Sprintf("%d字节", len(file))}, {Label: "文件摘要", Value: fmt.Sprintf("%x", sum[:8]) + "…（SHA-256）"}},
	}
	if v == nil {
		rep.Paragraphs = []string{
			"核验结论：不成立。", "第一处不符：" + why.Error() + "。",
			"请勿采用本文件的结果。请核对文件是否完整、服务器公钥是否正确；仍不成立的，请将文件和本报告交监督人员。",
		}
		return rep
	}
	p := v.State.Package
	rep.Subtitle = p.Title
	rep.Facts = append(rep.Facts, print.Fact{Label: "会议日期", Value: p.Date}, print.Fact{Label: "记录", Value: fmt.Sprintf("%d条，短码 %s", v.Size, Short(v.Root[:]))})
	rep.Paragraphs = append(conclusion(v), "一、核验了什么")
	rep.Paragraphs = append(rep.Paragraphs, numbered(checked)...)
	for _, id := range v.State.Order {
		rep.Tables = append(rep.Tables, roundTables(v, id)...)
	}
	rep.Closing = append([]string{"本报告不能证明："}, numbered(unproved)...)
	return rep
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
		all = append(all, "核验结论：成立。")
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
