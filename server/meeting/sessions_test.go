package meeting_test

import (
	"strings"
	"testing"

	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/server/servertest"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// A meeting that names no session has one of all with one secret vote: its record gives everybody's result, the server signs for what it keeps, and
// nothing is taken twice.
func TestOneSession(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newCouncil(t, h, 3)
		c.drill()
		issued := c.issue()["全体会议"]
		equal(t, "states", c.states(), "mmm")
		if c.m.Sessions[0].Lease.Holder != meetingv1.Holder_HOLDER_HUB || issued.Pairing != "" {
			t.Error("the hub has no lease:", c.m.Sessions[0].Lease)
		}
		r := c.room(issued.Package, &ballot.Memory{})
		if r.Package.Panel != 10 || r.Package.Rehearsal || len(r.Package.Rounds) != 1 || r.Package.Rounds[0].ID != "R1" {
			t.Fatal(r.Package)
		}
		r.CheckIn(10)
		r.Open("R1")
		for i, v := range r.Voters {
			r.Vote(v, "R1", &ballot.Ballot{Votes: []byte{ballot.Agree, ballot.Oppose, []byte{ballot.Agree, ballot.Abstain}[i%2]}})
		}
		r.Close("R1")
		r.Tally("R1", "1,2", 0, 1)
		_, err := c.handOver(r.Record())
		c.refused(err, fault.State, "尚未由执行主任和监督人员签字")
		r.Append(r.SignOffObject("R1"))
		forged := r.Record()
		forged[len(forged)/2] ^= 1
		if _, err := c.handOver(forged); err == nil {
			t.Error("a forged record was taken")
		}
		_, err = c.handOver()
		c.refused(err, fault.Invalid, "缺少会场“全体会议”的会议记录")
		_, err = c.handOver(r.Record(), r.Record())
		c.refused(err, fault.Invalid, "有两份")
		equal(t, "states", c.states(), "mmm")
		resp := c.handed(r.Record())
		equal(t, "states", c.states(), "+--")
		if a := c.application(2); a.Result.Agree != 5 || a.Result.Abstain != 5 || a.Result.Need != 7 || a.Result.Base != 10 {
			t.Error(a.Result)
		}
		c.archived(r, resp)
		_, err = c.handOver(r.Record())
		c.refused(err, fault.State, "会议包未签发或结果已移交")
		if c.m.Record == nil || c.m.Sessions[0].Record == nil {
			t.Error("the record is not kept")
		}
	})
}

// group is a session of one group with its own people.
func group(name, of string, rounds []*meetingv1.RoundSetting, people ...string) *meetingv1.Session {
	return &meetingv1.Session{Id: servertest.NewID(), Name: name, Groups: []string{of}, Rounds: rounds, ApplicationIds: people}
}

// Two groups vote in rooms of their own, whom they refuse leave, the plenary of all votes on the rest. The packages say so, the records are held
// against each other, and everybody's result comes from where it fell, with what the group said (F13).
func TestGroupsAndPlenary(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newCouncil(t, h, 6)
		vote := []*meetingv1.RoundSetting{{Id: "G1", Kind: meetingv1.RoundKind_ROUND_KIND_VOTE}}
		a, b := group("土木组会场", "土木组", vote, c.people[:3]...), group("机械组会场", "机械组", vote, c.people[3:]...)
		hall := &meetingv1.Session{Id: servertest.NewID(), Name: "全体会场", Place: "大会议室", Firsts: []*meetingv1.FirstRound{
			{SessionId: a.Id, Round: "G1", Rule: meetingv1.TakeRule_TAKE_RULE_PASSED}, {SessionId: b.Id, Round: "G1", Rule: meetingv1.TakeRule_TAKE_RULE_PASSED},
		}}
		c.m.Sessions = []*meetingv1.Session{hall, a, b} // not in the order in which they are signed
		c.m.Reviewers = []*meetingv1.Reviewer{{ApplicationId: c.people[0], ExpertId: c.experts[1], Role: meetingv1.ReviewerRole_REVIEWER_ROLE_MAIN}, {ApplicationId: c.people[4], ExpertId: c.experts[7], Role: meetingv1.ReviewerRole_REVIEWER_ROLE_ASSISTANT}}
		c.save()
		c.drill()
		packages := c.issue()
		first, second, all := c.room(packages["土木组会场"].Package, &ballot.Memory{}), c.room(packages["机械组会场"].Package, &ballot.Memory{}), c.room(packages["全体会场"].Package, &ballot.Memory{})
		if first.Package.Panel != 5 || len(first.Package.Experts) != 5 || len(first.Package.Applicants) != 3 || all.Package.Panel != 10 || len(all.Package.Applicants) != 6 || all.Package.Place != "大会议室" {
			t.Fatal(first.Package.Panel, all.Package.Panel, all.Package.Place)
		}
		if r := first.Package.Reviewers; len(r) != 1 || r[0].Role != ballot.Main || len(all.Package.Reviewers) != 2 || len(second.Package.Reviewers) != 1 || second.Package.Reviewers[0].Role != ballot.Assistant {
			t.Error(r, all.Package.Reviewers, second.Package.Reviewers)
		}
		if d := all.Package.Depends; len(d) != 2 || string(d[0].Package) != string(first.ID[:]) || d[1].Rule != ballot.TakePassed {
			t.Fatal(d)
		}
		first.CheckIn(5)
		second.CheckIn(5)
		c.vote(first, "G1", func(i int) bool { return i != 1 })  // the second leaves
		c.vote(second, "G1", func(i int) bool { return i == 0 }) // the fifth and sixth leave
		all.CheckIn(10)
		c.derive(all, first.Record(), second.Record())
		c.vote(all, "R1", func(i int) bool { return i > 0 }) // of the first, third and fourth the plenary refuses the first
		e := all.Evidence(all.Columns)
		e.Firsts = [][]byte{first.Record(), second.Record()}
		record := e.Encode(all.Package)
		_, err := c.handOver(first.Record(), record)
		c.refused(err, fault.Invalid, "缺少会场“机械组会场”的会议记录")
		_, err = c.handOver(record, first.Record(), second.Record()[:100])
		if err == nil {
			t.Error("half a record was taken")
		}
		another := c.room(packages["土木组会场"].Package, &ballot.Memory{}) // the same package voted on once more
		another.CheckIn(5)
		c.vote(another, "G1", func(int) bool { return true })
		_, err = c.handOver(record, second.Record(), another.Record())
		c.refused(err, fault.Invalid, "与移交的首轮记录不同")
		equal(t, "states", c.states(), "mmmmmm")
		resp := c.handed(record, second.Record(), first.Record())
		equal(t, "states", c.states(), "--++--")
		if r := c.application(0).Result; !strings.Contains(r.Basis, "土木组会场：出席5人，同意5票") || r.Base != 10 {
			t.Error(r)
		}
		if r := c.application(1).Result; r.Base != 5 || r.Oppose != 5 || r.Basis != "" {
			t.Error("who left after the group has not the group's result:", r)
		}
		c.archived(first, resp)
		c.archived(second, resp)
		c.archived(all, resp)
	})
}

// A group score is only a basis: it decides nobody, stands with the result, and the vote of the same room decides. The score's settings reach the
// package.
func TestScoreIsABasis(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newCouncil(t, h, 2)
		c.m.Sessions = []*meetingv1.Session{{Id: servertest.NewID(), Name: "全体会场", Rounds: []*meetingv1.RoundSetting{
			{Id: "S1", Kind: meetingv1.RoundKind_ROUND_KIND_SCORE, Max: 100, Trim: 1, Divisor: 100, Items: []*meetingv1.ScoreItem{{Name: "业绩", Weight: 60}, {Name: "能力", Weight: 40, Max: 90}}},
			{Id: "V1", Kind: meetingv1.RoundKind_ROUND_KIND_VOTE, Secrecy: meetingv1.Secrecy_SECRECY_NAMED, Base: meetingv1.BaseRule_BASE_RULE_LESS_RECUSED},
		}}}
		c.save()
		c.drill()
		r := c.room(c.issue()["全体会场"].Package, &ballot.Memory{})
		s, v := r.Package.Rounds[0], r.Package.Rounds[1]
		if s.Kind != ballot.Score || s.Items != 2 || s.Trim != 1 || s.Divisor != 100 || s.Step != 1 || s.Rule != ballot.RuleDefault || r.Package.Items[1].Max != 90 || v.Secrecy != ballot.NamedBallot || v.Base != ballot.AttendingLessRecused {
			t.Fatal(s, v, r.Package.Items)
		}
		r.CheckIn(10)
		r.Open("S1")
		for _, x := range r.Voters {
			r.VoteNext(x, "S1", &ballot.Ballot{Scores: [][]uint16{{90, 80}, {70, 60}}})
		}
		r.Finish("S1", "1,2", 0, 1)
		_, err := c.handOver(r.Record())
		c.refused(err, fault.State, "轮次V1的计票结果尚未由执行主任和监督人员签字")
		c.vote(r, "V1", func(i int) bool { return i == 1 })
		c.handed(r.Record())
		equal(t, "states", c.states(), "-+")
		if x := c.application(1).Result; !strings.Contains(x.Basis, "S1：") || !strings.Contains(x.Basis, "66.00") {
			t.Error(x)
		}
	})
}

// A score with a rule decides by itself.
func TestScoreDecides(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newCouncil(t, h, 3)
		c.m.Sessions = []*meetingv1.Session{{Id: servertest.NewID(), Name: "全体会场", Rounds: []*meetingv1.RoundSetting{
			{Id: "S1", Kind: meetingv1.RoundKind_ROUND_KIND_SCORE, Max: 100, Rule: meetingv1.ResultRule_RESULT_RULE_TOP, Value: 2},
		}}}
		c.save()
		c.drill()
		r := c.room(c.issue()["全体会场"].Package, &ballot.Memory{})
		r.CheckIn(10)
		r.Open("S1")
		for _, x := range r.Voters {
			r.VoteNext(x, "S1", &ballot.Ballot{Scores: [][]uint16{{60}, {90}, {70}}})
		}
		r.Finish("S1", "1,2", 0, 1)
		c.handed(r.Record())
		equal(t, "states", c.states(), "-++")
	})
}

// What cannot be held is said before anything is signed.
func TestSessionsThatCannotBeHeld(t *testing.T) {
	h := servertest.Start(t, "")
	c := newCouncil(t, h, 4)
	c.drill()
	vote := []*meetingv1.RoundSetting{{Id: "G1", Kind: meetingv1.RoundKind_ROUND_KIND_VOTE}}
	basis := []*meetingv1.RoundSetting{{Id: "G1", Kind: meetingv1.RoundKind_ROUND_KIND_SCORE, Max: 10}}
	plenary := func(first *meetingv1.Session, round string, rule meetingv1.TakeRule) *meetingv1.Session {
		return &meetingv1.Session{Id: servertest.NewID(), Name: "全体会场", Firsts: []*meetingv1.FirstRound{{SessionId: first.Id, Round: round, Rule: rule}}}
	}
	all := group("土木组会场", "土木组", vote)
	scored := group("土木组会场", "土木组", basis)
	some := group("土木组会场", "土木组", vote, c.people[:2]...)
	loop := group("土木组会场", "土木组", vote)
	loop.Firsts = []*meetingv1.FirstRound{{SessionId: loop.Id, Round: "G1", Rule: meetingv1.TakeRule_TAKE_RULE_ALL}}
	for says, sessions := range map[string][]*meetingv1.Session{
		"没有确认参会的专家":     {group("外科会场", "外科组", vote)},
		"没有列入任何得出结论的会场": {some},
		"同时列在":          {all, group("机械组会场", "机械组", vote)},
		"没有能得出结论的轮次":    {scored},
		"只作参考，不能决定谁进入":  {scored, plenary(scored, "G1", meetingv1.TakeRule_TAKE_RULE_PASSED)},
		"没有轮次“G2”":      {all, plenary(all, "G2", meetingv1.TakeRule_TAKE_RULE_ALL)},
		"首轮会场不存在":       {plenary(some, "G1", meetingv1.TakeRule_TAKE_RULE_ALL)},
		"以它自己的结果为前提":    {loop},
		"投票轮次不能填写评分标准":  {group("会场", "土木组", []*meetingv1.RoundSetting{{Id: "R1", Kind: meetingv1.RoundKind_ROUND_KIND_VOTE, Max: 100}})},
		"编号重复":          {group("会场", "土木组", append(vote, vote...))},
		"最高分须大于最低分":     {group("会场", "土木组", []*meetingv1.RoundSetting{{Id: "R1", Kind: meetingv1.RoundKind_ROUND_KIND_SCORE}})},
	} {
		c.m.Sessions = sessions
		resp, err := c.client().SaveMeeting(ctx, &meetingv1.SaveMeetingRequest{Meeting: c.m})
		if err == nil {
			c.m = resp.Meeting
			_, err = c.client().IssuePackage(ctx, &meetingv1.IssuePackageRequest{Base: c.base()})
		}
		c.refused(err, fault.Invalid, says)
	}
	c.m.Sessions, c.m.Reviewers = nil, []*meetingv1.Reviewer{{ApplicationId: c.people[0], ExpertId: c.experts[3], Role: meetingv1.ReviewerRole_REVIEWER_ROLE_MAIN}}
	c.save()
	c.employ(c.experts[3], "示例申报单位（虚构）") // a colleague of all
	_, err := c.client().IssuePackage(ctx, &meetingv1.IssuePackageRequest{Base: c.base()})
	c.refused(err, fault.Invalid, "须回避")
	equal(t, "states", c.states(), "qqqq")
}
