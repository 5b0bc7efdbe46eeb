package meeting

import (
	"bytes"
	"context"
	"slices"
	"strings"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/server/application"
	"zhiping/server/command"
	"zhiping/server/expert"
	"zhiping/server/room"
	"zhiping/server/session"
	applicationrules "zhiping/shared/application"
	"zhiping/shared/ballot"
	expertrules "zhiping/shared/expert"
	"zhiping/shared/fault"
	rules "zhiping/shared/meeting"
)

// own refuses a meeting that is not the caller's.
func (s *Service) own(ctx context.Context, id string) (message, error) {
	m, err := Meetings.Get(ctx, s.run.DB, id)
	if err == nil && m.UnitId != session.Of(ctx).Unit.Id {
		err = fault.New(fault.Denied, "只有组织会议的单位可以移交会议记录")
	}
	return m, err
}

// A handed is what has come back of one session, verified.
type handed struct {
	file []byte
	v    *ballot.Verified
	row  *room.Row
	size int64 // of the server's own log, where the server has sequenced the session to the end
}

// HandOver implements the RPC: each record is recomputed from nothing and held against what the server has of it; only what they prove is written.
func (s *Service) HandOver(ctx context.Context, r *meetingv1.HandOverRequest) (*meetingv1.HandOverResponse, error) {
	m, err := s.own(ctx, r.Base.Id) // first: a record is long work, and nobody else's
	if err != nil {
		return nil, err
	}
	if m.State != meetingv1.State_STATE_ISSUED {
		return nil, errNotIssued
	}
	files, err := s.content(append(slices.Clone(r.Records), r.Record), r.Files)
	if err != nil {
		return nil, err
	}
	all, err := s.recognise(ctx, m, files)
	if err != nil {
		return nil, err
	}
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.HandOverResponse, error) {
		m, err := ownAt(ctx, tx, r.Base.Id, r.Base.Revision)
		if err != nil {
			return nil, err
		}
		if m.State != meetingv1.State_STATE_ISSUED {
			return nil, errNotIssued
		}
		if m.Alarms = alarms(m, all); len(m.Alarms) > 0 && !r.AlarmsSeen {
			return nil, fault.New(fault.State, "会议记录自身一致，但有须查明的事项：%s。请与监督人员查明，再确认移交", strings.Join(m.Alarms, "；")).At("alarms_seen")
		}
		if err := s.results(ctx, tx, m, all); err != nil {
			return nil, err
		}
		resp := &meetingv1.HandOverResponse{Meeting: m, Holds: open(m)}
		for _, x := range m.Sessions {
			if err := s.archive(ctx, tx, x, all[x.Id]); err != nil {
				return nil, err
			}
			resp.Archives = append(resp.Archives, &meetingv1.Archived{SessionId: x.Id, Archive: x.Archive})
			if rules.Decides(m, x.Id) && m.Record == nil {
				m.Record = x.Record
			}
		}
		m.State = meetingv1.State_STATE_HELD
		return resp, Meetings.Put(ctx, tx, m)
	})
}

var errNotIssued = fault.New(fault.State, "会议包未签发或结果已移交")

// content are the records of a request: as they are, or uploaded as files before.
func (s *Service) content(records [][]byte, files []*commonv1.Attachment) ([][]byte, error) {
	all := slices.DeleteFunc(records, func(b []byte) bool { return len(b) == 0 })
	for _, f := range files {
		size, err := s.files.Size(f.Sha256)
		if err != nil {
			return nil, fault.New(fault.NotFound, "会议记录文件“%s”没有上传完整，请重新上传", f.Name).At("files")
		}
		b, _, err := s.files.Read(f.Sha256, 0, size)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// verify recomputes a record with the key of this server that signed its package.
func (s *Service) verify(file []byte) (*ballot.Verified, error) {
	key, err := ballot.ServerOf(file, s.keys.Publics())
	if err != nil {
		return nil, err
	}
	return ballot.Verify(file, key)
}

// recognise verifies records and finds out whose they are: one for every session, of the package that was issued. Of a session that the server has
// sequenced it takes its own.
func (s *Service) recognise(ctx context.Context, m message, files [][]byte) (map[string]*handed, error) {
	all := map[string]*handed{}
	for _, f := range files {
		v, err := s.verify(f)
		if err != nil {
			return nil, err
		}
		x, err := s.sessionOf(m, v)
		if err != nil {
			return nil, err
		}
		if all[x.Id] != nil {
			return nil, fault.New(fault.Invalid, "会场“%s”的会议记录有两份，请只移交最后导出的一份", x.Name).At("records")
		}
		row, err := s.rooms.Row(ctx, x.Id)
		if err != nil {
			return nil, err
		}
		if all[x.Id], err = s.compared(ctx, &handed{file: f, v: v, row: row}); err != nil {
			return nil, err
		}
	}
	ordered, err := rules.Ordered(m.Sessions)
	if err != nil {
		return nil, err
	}
	for _, x := range ordered {
		if all[x.Id] != nil {
			continue
		}
		if all[x.Id], err = s.ownRecord(ctx, x, all); err != nil {
			return nil, err
		}
	}
	return all, builtOn(m, all)
}

// ownRecord is the record of a session that the server has sequenced to the end.
func (s *Service) ownRecord(ctx context.Context, x *meetingv1.Session, all map[string]*handed) (*handed, error) {
	row, err := s.rooms.Row(ctx, x.Id)
	if err != nil {
		return nil, err
	}
	if row.Holder != room.Server {
		return nil, fault.New(fault.Invalid, "缺少会场“%s”的会议记录，请将各会场的记录一并移交", x.Name).At("records")
	}
	var firsts [][]byte
	for _, f := range x.Firsts {
		firsts = append(firsts, all[f.SessionId].file)
	}
	own := &handed{row: row}
	if own.file, own.size, err = s.rooms.Record(ctx, row, firsts); err == nil {
		own.v, err = s.verify(own.file)
	}
	return own, err
}

// sessionOf finds the session of a record; it must be of the very package that was issued, and of a real meeting.
func (s *Service) sessionOf(m message, v *ballot.Verified) (*meetingv1.Session, error) {
	if v.State.Package.Rehearsal {
		return nil, fault.New(fault.Invalid, "这是演练的会议记录，数据是虚构的，不能移交").At("records")
	}
	for _, x := range m.Sessions {
		if x.Id != v.State.Package.Session {
			continue
		}
		same, err := s.samePackage(x.Package, v)
		if same || err != nil {
			return x, err
		}
	}
	for _, x := range m.Released {
		if same, err := s.samePackage(x.Package, v); same || err != nil {
			return nil, fault.New(fault.State, "会场“%s”的控制权已由管理员解除，其会议记录只能作为证据留存，不能移交", x.Name).At("records")
		}
	}
	return nil, fault.New(fault.Invalid, "会议记录不是按本会议签发的会议包形成的，请核对文件").At("records")
}

func (s *Service) samePackage(a *commonv1.Attachment, v *ballot.Verified) (bool, error) {
	b, _, err := s.files.Read(a.GetSha256(), 0, a.GetSize())
	if err != nil {
		return false, err
	}
	id := ballot.IDOf(b)
	return bytes.Equal(id[:], v.State.PackageID[:]), nil
}

// compared holds a hub's record against what the server had written of the session before the hub took over. If that is no beginning of it, the server's
// log is evidence beside it, and what it had receipted and the hub does not have is an alarm.
func (s *Service) compared(ctx context.Context, r *handed) (*handed, error) {
	own, err := s.rooms.Copied(ctx, r.row)
	if err != nil || own == nil {
		return r, err
	}
	e, err := ballot.ParseEvidence(r.file)
	if err != nil {
		return nil, err
	}
	if len(own.Log) <= len(e.Log) && slices.EqualFunc(own.Log, e.Log[:len(own.Log)], bytes.Equal) {
		return r, nil
	}
	e.Earlier = append(e.Earlier, own.Encode(r.v.State.Package))
	r.file = e.Encode(r.v.State.Package)
	r.v, err = s.verify(r.file)
	return r, err
}

// builtOn checks that a second round was derived from the records that are handed over with it, not from others of the same rooms.
func builtOn(m message, all map[string]*handed) error {
	for _, x := range m.Sessions {
		d := all[x.Id].v.State.Derived
		if d == nil {
			continue
		}
		for i, b := range d.Bases {
			first := all[x.Firsts[i].SessionId].v.State
			root, known := first.RootAt(b.Size)
			rs := first.Rounds[b.Round]
			if !known || !bytes.Equal(root[:], b.Root) || rs == nil || rs.Tally == nil || !bytes.Equal(rs.TallyID[:], b.Tally) {
				return fault.New(fault.Invalid, "会场“%s”的第二轮依据的首轮记录与移交的首轮记录不同，请核对文件", x.Name).At("records")
			}
		}
	}
	return nil
}

// alarms are what somebody must look into, by session.
func alarms(m message, all map[string]*handed) (said []string) {
	for _, x := range m.Sessions {
		for _, a := range all[x.Id].v.Alarms {
			if len(m.Sessions) > 1 {
				a = x.Name + "：" + a
			}
			said = append(said, a)
		}
	}
	return said
}

// results writes what the records prove: for everybody the result of the session that decides, with what earlier rounds said as its basis.
func (s *Service) results(ctx context.Context, tx *command.Tx, m message, all map[string]*handed) error {
	set := map[string]bool{}
	for _, x := range m.Sessions {
		if !rules.Decides(m, x.Id) {
			continue
		}
		v := all[x.Id].v
		results, err := outcome(m, x, all)
		if err != nil {
			return err
		}
		for _, a := range rules.People(m, x) {
			if results[a] == nil {
				return fault.New(fault.Invalid, "会场“%s”的记录缺少参评人员的结果，请核对文件", v.State.Package.Title).At("records")
			}
			if err := decide(ctx, tx, a, results[a]); err != nil {
				return err
			}
			set[a] = true
		}
	}
	if len(set) != len(m.ApplicationIds) {
		return fault.New(fault.Invalid, "会议记录没有得出全部参评人员的结论，请核对文件").At("records")
	}
	return attended(ctx, tx, m, all)
}

// outcome is what the rounds of a session, and of those it builds on, say about its people.
func outcome(m message, x *meetingv1.Session, all map[string]*handed) (map[string]*applicationv1.Result, error) {
	v := all[x.Id].v
	results, basis := map[string]*applicationv1.Result{}, map[string][]string{}
	for _, f := range x.Firsts {
		i := slices.IndexFunc(m.Sessions, func(s *meetingv1.Session) bool { return s.Id == f.SessionId })
		first, err := outcomeOf(all[f.SessionId].v, f.Round, m.Sessions[i].Name)
		if err != nil {
			return nil, err
		}
		for id, r := range first {
			// Who does not stand in the second round has his result from the first.
			results[id], basis[id] = r, append(basis[id], m.Sessions[i].Name+"："+r.Text)
		}
	}
	rounds := v.State.Package.Rounds
	deciding := rules.Deciding(rounds)
	if deciding == nil {
		return nil, fault.New(fault.Invalid, "会议包没有能得出结论的轮次，请核对文件").At("records")
	}
	for _, spec := range rounds {
		last := spec.ID == deciding.ID
		if rs := v.State.Rounds[v.State.Current(spec.ID)]; !last && !rs.Signed {
			continue
		}
		of, err := outcomeOf(v, spec.ID, x.Name)
		if err != nil {
			return nil, err
		}
		for id, r := range of {
			if last {
				r.Basis = strings.Join(basis[id], "；")
				results[id] = r
			} else {
				basis[id] = append(basis[id], spec.ID+"："+r.Text)
			}
		}
		if last {
			break
		}
	}
	return results, nil
}

// outcomeOf reads the results of a round that chair and supervisor have signed.
func outcomeOf(v *ballot.Verified, round, name string) (map[string]*applicationv1.Result, error) {
	id := v.State.Current(round)
	rs, spec := v.State.Rounds[id], v.State.Package.Round(id)
	if rs == nil || !rs.Signed {
		return nil, fault.New(fault.State, "会场“%s”轮次%s的计票结果尚未由执行主任和监督人员签字，请先完成签字再移交", name, round)
	}
	all := map[string]*applicationv1.Result{}
	for _, res := range rs.Tally.Results {
		r := &applicationv1.Result{Base: int32(res.Base), Need: int32(res.Need), Passed: res.Decision == ballot.Passed, Text: spec.Outcome(&res, rs.Close.Present)}
		if !spec.Hidden(&res) { // so few cells would show who voted how
			r.Agree, r.Oppose, r.Abstain = int32(res.Agree), int32(res.Oppose), int32(res.Abstain)
		}
		all[res.Applicant] = r
	}
	return all, nil
}

func decide(ctx context.Context, tx *command.Tx, id string, r *applicationv1.Result) error {
	a, err := application.Applications.Find(ctx, tx.Tx, id)
	if err != nil {
		return err
	}
	event := applicationrules.Fail
	if r.Passed {
		event = applicationrules.Pass
	}
	if err := applicationrules.Move(a, event); err != nil {
		return err
	}
	a.Result = r
	return application.Applications.Put(ctx, tx, a)
}

// attended notes who sat on the panel this year, in whichever session, and who chaired it: the next draw asks (F5).
func attended(ctx context.Context, tx *command.Tx, m message, all map[string]*handed) error {
	year := int32(0)
	for _, r := range m.HeldOn[:4] {
		year = year*10 + r - '0'
	}
	for _, seat := range m.Panel {
		there := false
		for _, r := range all {
			there = there || r.v.State.Credentials[seat.ExpertId] != ""
		}
		if !seat.Confirmed || !there {
			continue
		}
		e, err := expert.Experts.Find(ctx, tx.Tx, seat.ExpertId)
		if err != nil {
			return err
		}
		expertrules.Attended(e, year, m.Name, m.HeldOn, seat.Executive)
		if err := expert.Experts.Put(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}
