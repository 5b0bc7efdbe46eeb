package ballot

import "slices"

// A Sheet is the reconciliation of a round (选票对账单): what came, what counts, and the equations that tie them together (V5).
type Sheet struct {
	Round, Repeats, State                string
	Panel, Roster                        int64 // confirmed panel, experts in the package
	Present, Absent, Recused, Left       int64
	CheckedIn, Credentials, Reissued     int64
	Logged, Accepted, Rejected, Returned int64 // envelopes; Returned are accepted ones that were given back
	Missing, Counted, Invalid            int64
	Devices, Statements                  int64 // laptops of those present; those that said that nothing is left on them
	Exceptions                           []Exception
	Rejections                           []Rejection // of this round, or of none
	Returns                              []*Return
	Attested, Mismatched                 int64
	Epochs                               int64
	Quarantined, Late                    int
	Custodians                           []string // roles of those who opened
	Program                              string
	Equations                            []Equation
}

// An Equation is one of the sums that must hold.
type Equation struct {
	Text        string // Chinese
	Left, Right int64
}

// Holds reports whether it does.
func (e Equation) Holds() bool { return e.Left == e.Right }

// Balanced reports whether every equation holds.
func (s *Sheet) Balanced() bool {
	return !slices.ContainsFunc(s.Equations, func(e Equation) bool { return !e.Holds() })
}

// Reconcile makes the sheet of a round that has been closed.
func (s *State) Reconcile(round string) *Sheet {
	r := s.Rounds[round]
	if r == nil || r.Close == nil {
		return nil
	}
	sheet := &Sheet{
		Round: round, Repeats: r.Repeats, State: r.State, Panel: s.Package.Panel, Roster: int64(len(s.Package.Experts)),
		Present: r.Close.Present, Absent: r.Close.Absent, Recused: r.Close.Recused, Left: r.Close.Left,
		Credentials: s.Issued, Accepted: r.Accepted, Returned: int64(len(r.Returns)), Missing: r.Close.Missing, Counted: r.Close.Counted,
		Devices: r.Close.Present, Exceptions: r.Close.Exceptions, Returns: r.Returns, Epochs: s.Epoch, Quarantined: len(s.Quarantined),
	}
	for _, e := range s.Package.Experts {
		if s.Credentials[e.ID] != "" || s.lostCredential(e.ID) {
			sheet.CheckedIn++
		}
		if r.Devices[e.ID] != nil && slices.Contains(r.Present, e.ID) {
			sheet.Statements++
		}
	}
	sheet.Reissued = sheet.Credentials - sheet.CheckedIn
	for _, x := range s.Rejections {
		if x.Round == round || x.Round == "" || s.Rounds[x.Round] == nil {
			sheet.Rejections = append(sheet.Rejections, x)
		}
	}
	sheet.Rejected = int64(len(sheet.Rejections))
	sheet.Logged = sheet.Accepted + sheet.Rejected
	for _, a := range r.Attests {
		if a.Mismatches > 0 {
			sheet.Mismatched++
		} else {
			sheet.Attested++
		}
	}
	for _, c := range s.Package.Custodians {
		if slices.Contains(r.Openers, c.ID) {
			sheet.Custodians = append(sheet.Custodians, c.Role)
		}
	}
	s.equations(sheet, r)
	return sheet
}

// lostCredential reports whether an expert has had a credential that was revoked and not replaced.
func (s *State) lostCredential(expert string) bool {
	return s.Devices[expert] != "" && s.Credentials[expert] == ""
}

func (s *State) equations(sheet *Sheet, r *RoundState) {
	devices := int64(0)
	for _, x := range sheet.Exceptions {
		if x.Kind == ExceptDevice {
			devices++
		}
	}
	sheet.Equations = []Equation{{"计入选票 V = 出席专家 P − 未提交 U", sheet.Counted, sheet.Present - sheet.Missing}}
	if !s.Package.Old {
		sheet.Equations = append(sheet.Equations,
			Equation{"应到专家 N = 出席 P + 缺席 A + 不参加 R + 离场 L", sheet.Roster, sheet.Present + sheet.Absent + sheet.Recused + sheet.Left},
			Equation{"收到有效选票 = 计入选票 V + 已退回选票 T", sheet.Accepted, sheet.Counted + sheet.Returned},
			Equation{"出席专家的电脑 D = 已声明无遗留选票的电脑 + 例外签字的电脑", sheet.Devices, sheet.Statements + devices},
		)
	}
	if r.Tally == nil {
		return
	}
	sheet.Program = r.Tally.Program
	held := int64(0)
	for _, res := range r.Tally.Results {
		if sheet.Invalid = res.Invalid; res.cells()+res.Recused+res.Invalid == sheet.Counted {
			held++
		}
	}
	sheet.Equations = append(sheet.Equations, Equation{"各票种之和等于 V 的参评人员数 = 参评人员总数", held, int64(len(r.Tally.Results))})
}
