package meeting

import (
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/room"
	"zhiping/shared/ballot"
)

// statusWords are what has become of an expert, in words.
var statusWords = map[string]string{
	"": "未签到", ballot.Present: "出席", ballot.Absent: "缺席", ballot.Left: "离场", ballot.Withdrawn: "回避",
}

// roundStages are the states of a round in the order of the work, as they are shown along the line.
var roundStages = []struct{ state, word string }{
	{ballot.RoundReady, "未开启"}, {ballot.RoundOpen, "表决中"}, {ballot.RoundClosed, "已关闭"}, {ballot.RoundOpened, "已计票"}, {ballot.RoundSigned, "已签字"}, {ballot.RoundArchived, "已归档"},
}

func stateWord(state string) string {
	for _, s := range roundStages {
		if s.state == state {
			return s.word
		}
	}
	return "已作废"
}

// nthRound names a round by its place among those of a session, and says which repetition it is: R2~3 is the second round, held for the third time.
func nthRound(ids []string, id string) (name, again string) {
	first, times, repeated := strings.Cut(id, "~")
	name = fmt.Sprintf("第%d轮", 1+slices.Index(ids, first))
	if repeated {
		again = "（第" + times + "次）"
	}
	return name, again
}

// roundName names a round of the board.
func roundName(b *room.Board, id string) string {
	var ids []string
	for _, r := range b.Rounds {
		ids = append(ids, r.ID)
	}
	name, again := nthRound(ids, id)
	return name + again
}

// roundManner says how a round is held.
func roundManner(r *ballot.Round) string {
	kind, secrecy := "投票", "无记名"
	if r.Kind == ballot.Score {
		kind = "评分"
	}
	if r.Secrecy == ballot.NamedBallot {
		secrecy = "记名"
	}
	return secrecy + kind
}

// underWay reports whether a round is between its opening and its tally.
func underWay(r *room.RoundRow) bool {
	return r.State == ballot.RoundOpen || r.State == ballot.RoundClosed
}

// roundUnderWay is the round under way, nil for none.
func roundUnderWay(b *room.Board) *room.RoundRow {
	for i := range b.Rounds {
		if underWay(&b.Rounds[i]) {
			return &b.Rounds[i]
		}
	}
	return nil
}

// theRound is the round with an id, nil for none.
func theRound(b *room.Board, id string) *room.RoundRow {
	for i := range b.Rounds {
		if b.Rounds[i].ID == id {
			return &b.Rounds[i]
		}
	}
	return nil
}

// nextRound is the round that staff has to do with now: the first one that is neither finished nor void; the last one if there is none.
func nextRound(b *room.Board) string {
	for _, r := range b.Rounds {
		if !slices.Contains([]string{ballot.RoundSigned, ballot.RoundArchived, ballot.RoundVoid}, r.State) {
			return r.ID
		}
	}
	if len(b.Rounds) == 0 {
		return ""
	}
	return b.Rounds[len(b.Rounds)-1].ID
}

// ballotWord says where an expert's ballot of a round stands: that he has one, never what is in it.
func ballotWord(r *room.RoundRow, expert string) (string, widget.Importance) {
	switch {
	case r == nil || r.State == ballot.RoundReady:
		return "", widget.MediumImportance
	case slices.Contains(r.Returned, expert):
		return "已退回", widget.DangerImportance
	case slices.Contains(r.Requested, expert):
		return "申请退回", widget.WarningImportance
	case slices.Contains(r.Submitted, expert):
		return "已提交", widget.SuccessImportance
	case !slices.Contains(r.Present, expert):
		return "—", widget.LowImportance
	}
	return "未提交", widget.WarningImportance
}

// expertName is the name of an expert of the board.
func expertName(b *room.Board, id string) string {
	for _, e := range b.Experts {
		if e.ID == id {
			return e.Name
		}
	}
	return id
}

// namesOf names experts, at most so many of them.
func namesOf(b *room.Board, ids []string, most int) string {
	var all []string
	for i, id := range ids {
		if i == most {
			return strings.Join(all, "、") + fmt.Sprintf("等%d人", len(ids))
		}
		all = append(all, expertName(b, id))
	}
	return strings.Join(all, "、")
}

// attendance counts the experts by status, in words.
func attendance(b *room.Board) string {
	n := map[string]int{}
	for _, e := range b.Experts {
		n[e.Status]++
	}
	s := fmt.Sprintf("专家 %d 人：出席 %d", len(b.Experts), n[ballot.Present])
	for _, status := range []string{"", ballot.Absent, ballot.Left, ballot.Withdrawn} {
		if n[status] > 0 {
			s += fmt.Sprintf("，%s %d", statusWords[status], n[status])
		}
	}
	return s
}

// exceptionKinds are what stands against closing a round, in the order in which it stands in the close, and what is done about it.
var exceptionKinds = []struct{ kind, what, remedy string }{
	{ballot.ExceptReturned, "选票已退回，没有重新提交", "请专家重新提交；不再提交的，不计入"},
	{ballot.ExceptDevice, "投票电脑没有报告“没有遗留选票”", "请检查电脑是否联网，或带U盘去取"},
	{ballot.ExceptCheckpoint, "投票电脑见过另一份会议记录", "请先查明主机是否被换过或恢复过备份"},
	{ballot.ExceptQuarantined, "读入过无法辨认的数据", "请查明U盘上文件的来源"},
}

// exceptionTexts say exceptions to people, one text for all of a kind, and what is done about them.
func exceptionTexts(b *room.Board, all []ballot.Exception) (texts []string) {
	for _, k := range exceptionKinds {
		var subjects []string
		for _, e := range all {
			if e.Kind == k.kind {
				subjects = append(subjects, e.Subject)
			}
		}
		switch {
		case len(subjects) == 0:
		case k.kind == ballot.ExceptQuarantined:
			texts = append(texts, fmt.Sprintf("%s %d 项。%s。", k.what, len(subjects), k.remedy))
		default:
			texts = append(texts, fmt.Sprintf("%s：%s。%s。", k.what, namesOf(b, subjects, 60), k.remedy))
		}
	}
	return texts
}

// pressing are the exceptions that are worth looking into while experts still vote: a laptop says that nothing is left on it when its ballot is in.
func pressing(r *room.RoundRow) []ballot.Exception {
	return slices.DeleteFunc(slices.Clone(r.Exceptions), func(e ballot.Exception) bool {
		return e.Kind == ballot.ExceptDevice && slices.Contains(r.Missing, e.Subject)
	})
}

// A step is one of staff's steps with a round: what it does, or why it is not possible now.
type step struct {
	key, title, note string
	can, done        bool
}

// The steps' keys.
const (
	stepOpen   = "open"
	stepClose  = "close"
	stepCount  = "count"
	stepSheet  = "sheet"
	stepSign   = "sign"
	stepReopen = "reopen"
	stepVoid   = "void"
)

// reached reports whether a round has come as far as a state, or further.
func reached(r *room.RoundRow, state string) bool {
	at := func(s string) int {
		return slices.IndexFunc(roundStages, func(x struct{ state, word string }) bool { return x.state == s })
	}
	return at(r.State) >= at(state)
}

// roundTerms are what the steps of a round depend on beside the round itself.
type roundTerms struct {
	panel, quorum int64  // the committee's size, and how many of it must be there
	derive        bool   // the people of the second round are still to be taken from the first rounds
	idle          string // why nothing can be done on this laptop at all, "" for it can
}

// stepsOf are the steps of a round in the order of the work.
func stepsOf(b *room.Board, r *room.RoundRow, t roundTerms) []step {
	all := []step{openStep(b, r, t), closeStep(b, r), countStep(b, r), sheetStep(r), signStep(r)}
	for i := range all {
		if t.idle != "" && all[i].can && all[i].key != stepSheet {
			all[i].can, all[i].note = false, t.idle
		}
	}
	return all
}

func openStep(b *room.Board, r *room.RoundRow, t roundTerms) step {
	s := step{key: stepOpen, title: "1　开启本轮", done: r.State != ballot.RoundReady}
	present := 0
	for _, e := range b.Experts {
		if e.Status == ballot.Present {
			present++
		}
	}
	switch other := roundUnderWay(b); {
	case r.State == ballot.RoundVoid:
		s.note = "本轮已作废。"
	case s.done:
		s.note = fmt.Sprintf("已开启，出席 %d 人，为计票基数。", len(r.Present))
	case other != nil:
		s.note = roundName(b, other.ID) + "正在进行，请先办完。"
	case t.derive:
		s.note = "请先导入首轮结果，确定参评人员。"
	case int64(present) < t.quorum:
		s.note = fmt.Sprintf("出席 %d 人，不足评委会 %d 人的三分之二，还差 %d 人（第十九条）。", present, t.panel, t.quorum-int64(present))
	default:
		s.can, s.note = true, fmt.Sprintf("出席 %d 人，已达到 %d 人。开启后出席人员固定，为计票基数。", present, t.quorum)
	}
	return s
}

func closeStep(b *room.Board, r *room.RoundRow) step {
	s := step{key: stepClose, title: "2　关闭本轮", done: reached(r, ballot.RoundClosed)}
	switch {
	case s.done:
		s.note = "已关闭，计入的选票已固定。"
	case r.State != ballot.RoundOpen:
		s.note = "开启以后才能关闭。"
	default:
		s.can = true
		switch {
		case len(r.Requested) > 0:
			s.note = "申请退回选票，请先在名单中办理：" + namesOf(b, r.Requested, 4) + "。"
		case len(r.Missing) > 0:
			s.note = "尚未提交：" + namesOf(b, r.Missing, 4) + "。"
		case len(r.Exceptions) > 0:
			s.note = "全部已提交；还有情况须查明，或由执行主任认可，见“异常情况”页。"
		default:
			s.note = "全部已提交，可以关闭（执行主任签字）。"
		}
	}
	return s
}

func countStep(b *room.Board, r *room.RoundRow) step {
	s := step{key: stepCount, title: "3　开票计票", done: reached(r, ballot.RoundOpened)}
	switch {
	case s.done && r.Tally != nil && len(r.Tally.Invalid) > 0:
		s.note = fmt.Sprintf("已计票；无效票 %d 份，留在基数内。", len(r.Tally.Invalid))
	case s.done:
		s.note = "已计票，见“结果”页。"
	case r.State != ballot.RoundClosed:
		s.note = "关闭以后，由两名保管人共同开票。"
	case len(r.Openers) == 0:
		s.can, s.note = true, "请两名保管人带密钥文件，先后授权，然后计票。"
	case len(r.Openers) == 1:
		s.can, s.note = true, "已有一名保管人授权，请另一名授权，然后计票。"
	default:
		s.can, s.note = true, "两名保管人已授权，尚未计票：请两人再用密钥文件计票一次。"
	}
	return s
}

func sheetStep(r *room.RoundRow) step {
	s := step{key: stepSheet, title: "4　打印对账单", note: "计票以后打印，执行主任和监督人员手签。"}
	if reached(r, ballot.RoundOpened) {
		s.can, s.note = true, "打印后核对短码和签到人数，由执行主任、监督人员手签。"
	}
	return s
}

func signStep(r *room.RoundRow) step {
	s := step{key: stepSign, title: "5　签字确认", done: reached(r, ballot.RoundSigned)}
	switch {
	case s.done:
		s.note = "已签字。可以导出会议记录，移交中心。"
	case r.State != ballot.RoundOpened:
		s.note = "计票、核对、手签对账单以后，才能签字。"
	case r.Mismatches > 0:
		s.note = fmt.Sprintf("%d 名专家核对本人选票不一致，不能签字。请查明；必要时作废并重投。", r.Mismatches)
	default:
		s.can, s.note = true, fmt.Sprintf("专家核对一致 %d 人，不一致 0 人；未核对的不影响签字。", r.Attested)
	}
	return s
}

// besides are the steps beside the order of the work.
func besides(r *room.RoundRow, t roundTerms) []step {
	reopen := step{key: stepReopen, title: "重新开启…", can: r.State == ballot.RoundClosed && len(r.Openers) == 0 && t.idle == "", note: "只有已关闭、保管人还没有授权的轮次可以重新开启。"}
	void := step{key: stepVoid, title: "作废本轮…", can: (underWay(r) || r.State == ballot.RoundOpened) && t.idle == "", note: "没有开启，或已经签字、作废的轮次不能作废。"}
	return []step{reopen, void}
}

// resultCells are the figures and the outcome of one applicant as they may be shown: of a secret column of fewer than three cells the outcome alone.
func resultCells(spec *ballot.Round, res *ballot.Result, present int64) []string {
	cells := []string{fmt.Sprint(res.Agree), fmt.Sprint(res.Oppose), fmt.Sprint(res.Abstain), fmt.Sprint(res.Recused)}
	if spec.Kind == ballot.Score {
		cells = []string{fmt.Sprint(res.Scored), fmt.Sprintf("%d.%02d", res.Mean/100, res.Mean%100), fmt.Sprint(res.Rank), fmt.Sprint(res.Recused)}
	}
	if spec.Hidden(res) {
		cells = []string{"—", "—", "—", "—"}
	}
	return append(cells, spec.Outcome(res, present))
}
