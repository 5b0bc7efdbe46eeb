package room

import (
	"context"
	"errors"
	"slices"
	"strings"

	"zhiping/shared/ballot"
	"zhiping/shared/fault"
	"zhiping/shared/room"
)

// OpenRound opens a round for those who are present (Article 19).
func (d *Desk) OpenRound(ctx context.Context, round string) error {
	if err := d.arrive(ctx); err != nil {
		return err
	}
	var o *ballot.Open
	err := d.round(round, func(s *ballot.State, r *ballot.RoundState) (err error) {
		if r.State == ballot.RoundClosed {
			return fault.New(fault.State, "该轮次已关闭；确需继续表决的，请由执行主任重新开启")
		}
		o, err = s.OpenOf(round, "", d.hub.now())
		return err
	})
	if err != nil {
		return err
	}
	object, err := o.Sign(d.Key())
	return d.append(ctx, object, err)
}

// arrive marks as present who has checked in and has not been marked: who came while a round was under way, or at whose check-in the hub died.
func (d *Desk) arrive(ctx context.Context) error {
	if err := d.staffed(); err != nil {
		return err
	}
	var arrived []*ballot.Attend
	d.View(func(s *ballot.State) { arrived = room.Arrived(s, d.hub.now()) })
	for _, a := range arrived {
		object, err := a.Sign(d.Key())
		if err := d.append(ctx, object, err); err != nil {
			return err
		}
	}
	return nil
}

// Reopen opens a closed round again with the chair's word, before any custodian has signed an opening.
func (d *Desk) Reopen(ctx context.Context, round, reason string, chair ballot.Key) error {
	var o *ballot.Open
	err := d.round(round, func(s *ballot.State, r *ballot.RoundState) (err error) {
		if r.State != ballot.RoundClosed {
			return fault.New(fault.State, "该轮次没有关闭，不能重新开启")
		}
		o, err = s.OpenOf(round, reason, d.hub.now())
		return err
	})
	if err != nil {
		return err
	}
	object, err := o.Sign(d.Key(), chair)
	return d.append(ctx, object, err)
}

// Return gives an expert's ballot back: at his signed request if there is one, else on staff's own account with a reason.
func (d *Desk) Return(ctx context.Context, round, expert, reason string) error {
	var o *ballot.Return
	err := d.round(round, func(s *ballot.State, _ *ballot.RoundState) error {
		e := s.InForce(round, expert)
		if e == nil {
			return fault.New(fault.State, "该专家在本轮没有已提交的选票，不能退回")
		}
		id := ballot.IDOf(e.Raw)
		o = &ballot.Return{Session: s.Package.Session, Envelope: id[:], Reason: reason, Request: s.RequestFor(id), At: d.hub.now()}
		switch {
		case o.Request == "":
			o.Request = ballot.ByStaff
		case o.Reason == "":
			o.Reason = s.RequestReason(id) // it is his reason that stands on the reconciliation sheet
		}
		return nil
	})
	if err != nil {
		return err
	}
	object, err := o.Sign(d.Key())
	return d.append(ctx, object, err)
}

// Need says what marking some experts as away would do to the base of a round and to the votes it needs: shown before anybody signs.
func (d *Desk) Need(round string, without ...string) (base, newBase, need, newNeed int64) {
	d.View(func(s *ballot.State) {
		if r := s.Rounds[round]; r != nil {
			base = int64(len(r.Present))
			newBase = base
			for _, e := range without {
				if s.Leaves(round, e, ballot.Absent) {
					newBase--
				}
			}
			need, newNeed = s.Need(base), s.Need(newBase)
		}
	})
	return base, newBase, need, newNeed
}

// Mark says whether an expert is there. While a round is under way chair and supervisor sign too, in this order.
func (d *Desk) Mark(ctx context.Context, expert, status, reason string, keys ...ballot.Key) error {
	var o *ballot.Attend
	underway := false
	d.View(func(s *ballot.State) {
		o, underway = s.AttendOf(expert, status, reason, d.hub.now()), s.Underway() != ""
	})
	if underway && len(keys) != 2 {
		return fault.New(fault.Denied, "表决进行中变更出席情况，须由执行主任和监督人员共同签字")
	}
	if !underway {
		keys = nil
	}
	object, err := o.Sign(append([]ballot.Key{d.Key()}, keys...)...)
	return d.append(ctx, object, err)
}

// Revoke ends an expert's credential, whose laptop is lost or replaced, and gives him a new one-time code. What he has handed in stays.
func (d *Desk) Revoke(ctx context.Context, expert, reason string) (newCode string, err error) {
	var credential string
	known := false
	d.View(func(s *ballot.State) { credential, known = s.Credentials[expert], s.Package.Expert(expert) != nil })
	if !known {
		return "", fault.New(fault.Invalid, "不在本次会议的专家名单中")
	}
	if strings.TrimSpace(reason) == "" {
		return "", fault.New(fault.Invalid, "作废签到凭证须填写原因")
	}
	// The new code first: a crash in between leaves a code that nobody was told, not a lost laptop that can check in again with the old one.
	newCode = digits(8)
	if err := d.hub.setCode(d.Session, expert, newCode); err != nil || credential == "" {
		return newCode, err
	}
	object, err := (&ballot.Revoke{Session: d.Session, Expert: expert, Credential: credential, Reason: reason, At: d.hub.now()}).Sign(d.Key())
	return newCode, d.append(ctx, object, err)
}

// EnterCode tells this laptop the code that stands on an expert's slip: a spare that has just taken over does not know those of the hub.
func (d *Desk) EnterCode(expert, code string) error {
	if d.Whole.Expert(expert) == nil || strings.TrimSpace(code) == "" {
		return fault.New(fault.Invalid, "请选择专家，并填写签到条上的签到码")
	}
	err := d.hub.setCode(d.Session, expert, strings.TrimSpace(code))
	d.room.Wake()
	return err
}

// Admit countersigns a check-in that waits, if its code is the one on the expert's slip.
func (d *Desk) Admit(ctx context.Context, p PendingRow) error {
	o, err := ballot.ReadCheckIn(p.Object)
	if err != nil {
		return err
	}
	if err := d.staffed(); err != nil {
		return err
	}
	code, ok := d.Code(o.Expert)
	if !ok {
		return fault.New(fault.State, "本机没有该专家的签到码，请先输入其签到条上的签到码")
	}
	if !room.Proves(code, o) {
		return fault.New(fault.Denied, "签到码不正确，请核对专家的签到条")
	}
	object, err := ballot.Countersign(p.Object, d.Key())
	if err := d.append(ctx, object, err); err != nil {
		return err
	}
	return d.arrive(ctx)
}

// Exceptions are what stands against closing a round: a returned ballot that was not replaced, a laptop that has not said that nothing is left on it
// or has seen another log, something unreadable.
func (d *Desk) Exceptions(round string) (all []ballot.Exception, err error) {
	err = d.round(round, func(s *ballot.State, r *ballot.RoundState) error {
		if r.State == ballot.RoundOpen {
			all = s.Exceptions(round)
		}
		return nil
	})
	return all, err
}

// Close closes a round that nothing stands against.
func (d *Desk) Close(ctx context.Context, round string, chair ballot.Key) error {
	return d.CloseWith(ctx, round, nil, chair)
}

// CloseWith closes a round in spite of just those exceptions that the chair has been shown and signs; any others are named in the fault.
func (d *Desk) CloseWith(ctx context.Context, round string, accepted []ballot.Exception, chair ballot.Key) error {
	for {
		size := len(d.Log())
		err := d.closeOnce(ctx, round, accepted, chair)
		if err == nil {
			return nil
		}
		if d.remote != nil {
			if caught := d.fetch(ctx, d.remote, false); caught != nil {
				return err
			}
		}
		if len(d.Log()) == size {
			return err
		}
		// A ballot or a laptop's word came in meanwhile: what was signed is of a moment ago, and is made again of now, with what stands against it now.
	}
}

func (d *Desk) closeOnce(ctx context.Context, round string, accepted []ballot.Exception, chair ballot.Key) error {
	var o *ballot.Close
	err := d.round(round, func(s *ballot.State, _ *ballot.RoundState) (err error) {
		if o, err = s.CloseOf(round, d.hub.now()); err != nil {
			return err
		}
		return blockers(s.Package, o.Exceptions, accepted)
	})
	if err != nil {
		return err
	}
	object, err := o.Sign(d.Key(), chair)
	return d.append(ctx, object, err)
}

// blockers names the exceptions that nobody has accepted.
func blockers(p *ballot.Package, have, accepted []ballot.Exception) error {
	var problems []fault.Problem
	for _, x := range have {
		if !slices.Contains(accepted, x) {
			problems = append(problems, fault.Problem{Text: ExceptionText(p, x)})
		}
	}
	if len(problems) == 0 {
		return nil
	}
	err := fault.As(fault.Several(problems))
	err.Code, err.Message = fault.State, "还不能关闭表决："+err.Message+"。请先处理，或由执行主任逐项确认为例外"
	return err
}

// ExceptionText says an exception to people.
func ExceptionText(p *ballot.Package, x ballot.Exception) string {
	name := x.Subject
	if e := p.Expert(x.Subject); e != nil {
		name = e.Name
	}
	switch x.Kind {
	case ballot.ExceptReturned:
		return "专家" + name + "的选票已退回、尚未重新提交"
	case ballot.ExceptDevice:
		return "专家" + name + "的电脑尚未声明没有遗留选票"
	case ballot.ExceptCheckpoint:
		return "专家" + name + "的电脑见过另一份会议记录"
	default:
		return "收到无法读取的文件内容（摘要" + short(x.Subject) + "）"
	}
}

func short(s string) string { return s[:min(len(s), 8)] }

// Opening takes a custodian's word that the closed round may be opened with a pair of keys ("1,2").
func (d *Desk) Opening(ctx context.Context, round, pair string, c *ballot.Secret) error {
	var id ballot.ID
	err := d.round(round, func(_ *ballot.State, r *ballot.RoundState) error {
		if r.State != ballot.RoundClosed {
			return fault.New(fault.State, "该轮次尚未关闭或已开票，不能授权开票")
		}
		id = r.CloseID
		return nil
	})
	if err != nil {
		return err
	}
	object, err := (&ballot.Opening{Session: d.Session, Close: id[:], Pair: pair, At: d.hub.now()}).Sign(c.Sign)
	return d.append(ctx, object, err)
}

// SignOff takes the word of chair and supervisor that the tally is the one they saw, as the log stands; sheet is the number of the paper sheet.
func (d *Desk) SignOff(ctx context.Context, round, sheet string, chair, supervisor ballot.Key) error {
	return d.SignOffAt(ctx, round, sheet, int64(len(d.Log())), chair, supervisor)
}

// SignOffAt is SignOff over the log's head of a size: the one that stands on the paper, whatever experts have attested since it was printed.
func (d *Desk) SignOffAt(ctx context.Context, round, sheet string, size int64, chair, supervisor ballot.Key) error {
	var o *ballot.SignOff
	err := d.round(round, func(s *ballot.State, r *ballot.RoundState) error {
		if r.State != ballot.RoundOpened {
			return fault.New(fault.State, "该轮次尚未计票或已签字，不能签字")
		}
		root, known := s.RootAt(size)
		if !known {
			return fault.New(fault.State, "本机没有对账单上的那份记录，请重新打印对账单")
		}
		o = &ballot.SignOff{Session: d.Session, Tally: r.TallyID[:], Size: size, Root: root[:], Sheet: sheet, At: d.hub.now()}
		return nil
	})
	if err != nil {
		return err
	}
	object, err := o.Sign(chair, supervisor)
	return d.append(ctx, object, err)
}

// Printed finds the head of the log whose short form on a paper sheet of a counted round ends with some digits: the newest since the tally. False if
// there is none: the sheet is of another record, or of before the tally.
func (d *Desk) Printed(round, digits string) (size int64, found bool) {
	log := d.Log()
	err := d.round(round, func(s *ballot.State, r *ballot.RoundState) error {
		for size = int64(len(log)); size > 0 && r.Tally != nil; size-- {
			if root, known := s.RootAt(size); known && strings.HasSuffix(ShortRoot(root[:]), digits) {
				found = true
				return nil
			}
			if ballot.IDOf(log[size-1]) == r.TallyID {
				return nil
			}
		}
		return nil
	})
	return size, found && err == nil
}

// Void makes a round count for nothing, and says the id of the round that is held again in its place, if it is.
func (d *Desk) Void(ctx context.Context, round, reason string, again bool, chair, supervisor ballot.Key) (next string, err error) {
	var o *ballot.Void
	err = d.round(round, func(s *ballot.State, _ *ballot.RoundState) error {
		o = s.VoidOf(round, reason, again, d.hub.now())
		return nil
	})
	if err != nil {
		return "", err
	}
	object, err := o.Sign(chair, supervisor, d.Key())
	return o.Next, d.append(ctx, object, err)
}

// Derive names the people of the second round from the verified records of the first rounds, which are kept for the evidence. Records of sessions
// held on this laptop, and those brought to it before, need not be given.
func (d *Desk) Derive(ctx context.Context, records [][]byte, chair ballot.Key) error {
	if len(d.Whole.Depends) == 0 {
		return fault.New(fault.State, "本场会议没有首轮会议，不需要导入首轮结果")
	}
	firsts, files, err := d.firsts(records)
	if err != nil {
		return err
	}
	o, err := ballot.DeriveOf(d.Whole, d.id, firsts, d.hub.now())
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := d.shelf.keep(firstFolder, f); err != nil {
			return err
		}
	}
	object, err := o.Sign(d.Key(), chair)
	return d.append(ctx, object, err)
}

// firsts finds the records of the first rounds, in the order of the package.
func (d *Desk) firsts(records [][]byte) (firsts []*ballot.Verified, files [][]byte, err error) {
	kept, err := d.shelf.kept(firstFolder)
	if err != nil {
		return nil, nil, err
	}
	for _, dep := range d.Whole.Depends {
		all := append(slices.Clone(records), kept...)
		if own, err := d.hub.Room(dep.Session); err == nil {
			b, err := own.Export()
			if err != nil {
				return nil, nil, err
			}
			all = append(all, b)
		}
		v, file, err := d.first(dep, all)
		if err != nil {
			return nil, nil, err
		}
		firsts, files = append(firsts, v), append(files, file)
	}
	return firsts, files, nil
}

func (d *Desk) first(dep ballot.Dependency, records [][]byte) (*ballot.Verified, []byte, error) {
	var why error
	for _, b := range records {
		v, err := ballot.Verify(b, d.hub.server)
		if err != nil {
			why = errors.Join(why, err)
			continue
		}
		if v.State.Package.Session != dep.Session || !slices.Equal(v.State.PackageID[:], dep.Package) {
			continue
		}
		if r := v.State.Rounds[v.State.Current(dep.Round)]; r != nil && r.Signed {
			return v, b, nil
		}
		why = errors.Join(why, fault.New(fault.State, "首轮会议“%s”尚未签字", dep.Session))
	}
	return nil, nil, errors.Join(fault.New(fault.NotFound, "缺少首轮会议“%s”已签字的会议记录，请先导入", dep.Session), why)
}
