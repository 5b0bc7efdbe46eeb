package meeting

import (
	"cmp"
	"slices"

	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/catalog"
	"zhiping/shared/fault"
)

// FirstRoundID is the round of a session that names none: one secret vote.
const FirstRoundID = "R1"

// Sessions are the sessions of a meeting; one that names none has one of all experts.
func Sessions(m *meetingv1.Meeting) []*meetingv1.Session {
	if len(m.Sessions) > 0 {
		return m.Sessions
	}
	return []*meetingv1.Session{{Id: m.Id, Name: "全体会议"}}
}

// Ordered puts the sessions of first rounds before those that build on them (F13), or says why that cannot be.
func Ordered(all []*meetingv1.Session) ([]*meetingv1.Session, error) {
	byID := map[string]*meetingv1.Session{}
	for _, s := range all {
		if byID[s.Id] != nil {
			return nil, fault.New(fault.Invalid, "会场“%s”与“%s”重复，请删除其中一个", s.Name, byID[s.Id].Name).At("meeting.sessions")
		}
		byID[s.Id] = s
	}
	var sorted []*meetingv1.Session
	var add func(s *meetingv1.Session, path []string) error
	add = func(s *meetingv1.Session, path []string) error {
		if slices.Contains(path, s.Id) {
			return fault.New(fault.Invalid, "会场“%s”的首轮又以它自己的结果为前提，请修改", s.Name).At("meeting.sessions")
		}
		if slices.Contains(sorted, s) {
			return nil
		}
		for _, f := range s.Firsts {
			if byID[f.SessionId] == nil {
				return fault.New(fault.Invalid, "会场“%s”的首轮会场不存在，请重新选择", s.Name).At("meeting.sessions")
			}
			if err := add(byID[f.SessionId], append(path, s.Id)); err != nil {
				return err
			}
		}
		sorted = append(sorted, s)
		return nil
	}
	for _, s := range all {
		if err := add(s, nil); err != nil {
			return nil, err
		}
	}
	return sorted, nil
}

// Decides reports whether the people of a session get their result there: no second round builds on it.
func Decides(m *meetingv1.Meeting, id string) bool {
	return !slices.ContainsFunc(Sessions(m), func(s *meetingv1.Session) bool {
		return slices.ContainsFunc(s.Firsts, func(f *meetingv1.FirstRound) bool { return f.SessionId == id })
	})
}

// People are the applications that a session is about, in the meeting's order: those it names, else those of its first rounds, else all.
func People(m *meetingv1.Meeting, s *meetingv1.Session) []string {
	in := map[string]bool{}
	for _, id := range s.ApplicationIds {
		in[id] = true
	}
	if len(in) == 0 {
		for _, f := range s.Firsts {
			for _, first := range Sessions(m) {
				if first.Id == f.SessionId {
					for _, id := range People(m, first) {
						in[id] = true
					}
				}
			}
		}
	}
	if len(in) == 0 {
		return m.ApplicationIds
	}
	var all []string
	for _, id := range m.ApplicationIds {
		if in[id] {
			all = append(all, id)
		}
	}
	return all
}

// Seats are the confirmed experts of a session.
func Seats(m *meetingv1.Meeting, s *meetingv1.Session) []*meetingv1.Seat {
	var all []*meetingv1.Seat
	for _, seat := range m.Panel {
		if seat.Confirmed && (len(s.Groups) == 0 || slices.Contains(s.Groups, seat.Group)) {
			all = append(all, seat)
		}
	}
	return all
}

// Rounds are the rounds of a session as its package names them; what a setting leaves open is what the rule set says.
func Rounds(s *meetingv1.Session, rules *catalog.RuleSet) (rounds []ballot.Round, items []ballot.Item) {
	settings := s.Rounds
	if len(settings) == 0 {
		settings = []*meetingv1.RoundSetting{{Id: FirstRoundID, Kind: meetingv1.RoundKind_ROUND_KIND_VOTE}}
	}
	for _, x := range settings {
		r := ballot.Round{ID: x.Id, Kind: ballot.Vote, Secrecy: ballot.SecretBallot, Base: cmp.Or(rules.RecusalBase.Value, ballot.Attending), Most: int64(x.Most)}
		if x.Secrecy == meetingv1.Secrecy_SECRECY_NAMED {
			r.Secrecy = ballot.NamedBallot
		}
		switch x.Base {
		case meetingv1.BaseRule_BASE_RULE_ATTENDING:
			r.Base = ballot.Attending
		case meetingv1.BaseRule_BASE_RULE_LESS_RECUSED:
			r.Base = ballot.AttendingLessRecused
		}
		if x.Kind == meetingv1.RoundKind_ROUND_KIND_SCORE {
			score(&r, x)
			for i, item := range x.Items {
				items = append(items, ballot.Item{Round: x.Id, Number: int64(i + 1), Name: item.Name, Weight: int64(item.Weight), Max: int64(item.Max)})
			}
		}
		rounds = append(rounds, r)
	}
	return rounds, items
}

func score(r *ballot.Round, x *meetingv1.RoundSetting) {
	r.Kind, r.Min, r.Max, r.Step = ballot.Score, int64(x.Min), int64(x.Max), max(1, int64(x.Step))
	r.Items, r.Trim, r.Divisor = max(1, int64(len(x.Items))), int64(x.Trim), int64(x.Divisor)
	switch x.Rule {
	case meetingv1.ResultRule_RESULT_RULE_TOP:
		r.Rule, r.Value = ballot.RuleTop, int64(x.Value)
	case meetingv1.ResultRule_RESULT_RULE_MEAN:
		r.Rule, r.Value = ballot.RuleMean, int64(x.Value)
	}
}

// Concludes reports whether a round says who passes: a score without a rule is a basis.
func Concludes(r *ballot.Round) bool { return r.Kind == ballot.Vote || r.Rule != ballot.RuleDefault }

// Deciding is the round that decides in a session: the last that concludes; nil if there is none.
func Deciding(rounds []ballot.Round) *ballot.Round {
	for i := range slices.Backward(rounds) {
		if Concludes(&rounds[i]) {
			return &rounds[i]
		}
	}
	return nil
}

// CheckRounds holds the settings of rounds against each other (F11 to F13): what a package would refuse is said where it is typed.
func CheckRounds(m *meetingv1.Meeting) error {
	for _, s := range m.Sessions {
		seen := map[string]bool{}
		for _, r := range s.Rounds {
			bad := func(why string) error {
				return fault.New(fault.Invalid, "会场“%s”的轮次“%s”：%s", s.Name, r.Id, why).At("meeting.sessions")
			}
			concludes := r.Rule == meetingv1.ResultRule_RESULT_RULE_TOP || r.Rule == meetingv1.ResultRule_RESULT_RULE_MEAN
			switch {
			case seen[r.Id]:
				return bad("编号重复，请修改")
			case r.Kind == meetingv1.RoundKind_ROUND_KIND_VOTE && (len(r.Items) > 0 || r.Trim > 0 || r.Rule > meetingv1.ResultRule_RESULT_RULE_BASIS || r.Min > 0 || r.Max > 0 || r.Step > 0):
				return bad("投票轮次不能填写评分标准、分值、去分和评分结论，请清除")
			case r.Kind == meetingv1.RoundKind_ROUND_KIND_SCORE && r.Most > 0:
				return bad("评分轮次不能限制同意人数，请填0")
			case r.Kind == meetingv1.RoundKind_ROUND_KIND_SCORE && r.Max <= r.Min:
				return bad("最高分须大于最低分")
			case concludes && r.Value == 0:
				return bad("请填写名次或分数线")
			}
			seen[r.Id] = true
		}
	}
	_, err := Ordered(Sessions(m))
	return err
}

// Check says why the sessions of a meeting cannot be held as they are configured.
func Check(m *meetingv1.Meeting, rules *catalog.RuleSet) error {
	if err := CheckRounds(m); err != nil {
		return err
	}
	decided := map[string]string{}
	for _, s := range Sessions(m) {
		if err := checkSession(m, s, rules); err != nil {
			return err
		}
		if !Decides(m, s.Id) {
			continue
		}
		for _, id := range People(m, s) {
			if decided[id] != "" {
				return fault.New(fault.Invalid, "有参评人员同时列在“%s”和“%s”，每人只能在一个会场得出结论", decided[id], s.Name).At("meeting.sessions")
			}
			decided[id] = s.Name
		}
	}
	for i, id := range m.ApplicationIds {
		if decided[id] == "" {
			return fault.New(fault.Invalid, "参评人员第%d位没有列入任何得出结论的会场，请补充", i+1).At("meeting.sessions")
		}
	}
	return checkReviewers(m)
}

func checkSession(m *meetingv1.Meeting, s *meetingv1.Session, rules *catalog.RuleSet) error {
	bad := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "会场“"+s.Name+"”"+format, args...).At("meeting.sessions")
	}
	for _, g := range s.Groups {
		if !slices.ContainsFunc(m.Panel, func(seat *meetingv1.Seat) bool { return seat.Confirmed && seat.Group == g }) {
			return bad("的专业组“%s”没有确认参会的专家，请重新选择", g)
		}
	}
	if n, least := len(Seats(m, s)), rules.LeastGroup.Value; len(s.Groups) > 0 && n < least {
		return bad("只有%d名专家，专业组至少%d名（第二十一条）", n, least)
	}
	people := People(m, s)
	if len(people) == 0 || len(s.ApplicationIds) > 0 && len(people) != len(s.ApplicationIds) {
		return bad("的参评人员为空、有重复，或不在本次会议的名单中，请重新选择")
	}
	rounds, _ := Rounds(s, rules)
	if Decides(m, s.Id) && Deciding(rounds) == nil {
		return bad("没有能得出结论的轮次，请增加投票轮次或设置评分结论")
	}
	return checkFirsts(m, s, people, rules)
}

func checkFirsts(m *meetingv1.Meeting, s *meetingv1.Session, people []string, rules *catalog.RuleSet) error {
	from := map[string]string{}
	for _, f := range s.Firsts {
		i := slices.IndexFunc(Sessions(m), func(x *meetingv1.Session) bool { return x.Id == f.SessionId })
		first := Sessions(m)[i]
		rounds, _ := Rounds(first, rules)
		k := slices.IndexFunc(rounds, func(r ballot.Round) bool { return r.ID == f.Round })
		if k < 0 {
			return fault.New(fault.Invalid, "会场“%s”的首轮“%s”没有轮次“%s”，请重新选择", s.Name, first.Name, f.Round).At("meeting.sessions")
		}
		if f.Rule == meetingv1.TakeRule_TAKE_RULE_PASSED && !Concludes(&rounds[k]) {
			return fault.New(fault.Invalid, "首轮“%s”的轮次“%s”只作参考，不能决定谁进入第二轮，请选择全部人员或设置评分结论", first.Name, f.Round).At("meeting.sessions")
		}
		for _, id := range People(m, first) {
			if from[id] != "" {
				return fault.New(fault.Invalid, "有参评人员同时列在首轮“%s”和“%s”，请修改", from[id], first.Name).At("meeting.sessions")
			}
			from[id] = first.Name
		}
	}
	if len(s.Firsts) == 0 {
		return nil
	}
	for _, id := range people {
		if from[id] == "" {
			return fault.New(fault.Invalid, "会场“%s”有参评人员没有列入任何首轮，请修改", s.Name).At("meeting.sessions")
		}
	}
	return nil
}

func checkReviewers(m *meetingv1.Meeting) error {
	seen := map[string]bool{}
	for _, r := range m.Reviewers {
		if !slices.Contains(m.ApplicationIds, r.ApplicationId) {
			return fault.New(fault.Invalid, "主审和辅审名单中有不在本次会议的参评人员，请重新分配").At("meeting.reviewers")
		}
		i := slices.IndexFunc(m.Panel, func(s *meetingv1.Seat) bool { return s.Confirmed && s.ExpertId == r.ExpertId })
		if i < 0 {
			return fault.New(fault.Invalid, "主审和辅审名单中有未确认参会的专家，请重新分配").At("meeting.reviewers")
		}
		if seen[r.ApplicationId+r.ExpertId] {
			return fault.New(fault.Invalid, "专家“%s”对同一名参评人员重复分配，请删除重复项", m.Panel[i].Name).At("meeting.reviewers")
		}
		seen[r.ApplicationId+r.ExpertId] = true
	}
	return nil
}
