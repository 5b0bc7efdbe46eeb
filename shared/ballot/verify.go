package ballot

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"zhiping/shared/fault"
)

// A Verified is what a room record proves.
type Verified struct {
	State   *State
	Server  string // the key that signed the package
	Trusted bool   // that key was given, not read from the file
	Size    int64
	Root    tlog.Hash
	Columns map[string][]byte
	Firsts  []*Verified
	Earlier []*Verified
	Late    int      // objects kept as evidence
	Alarms  []string // the record is sound in itself, but somebody must look into these
}

// The steps of a verification, in order.
const (
	StepFile    = iota + 1 // the file is whole
	StepPackage            // the server has signed the package
	StepLog                // every object
	StepHead               // the hub's checkpoint
	StepRounds             // columns and results
	StepFirsts             // the records of first rounds
	StepOthers             // earlier hubs and the checkpoints of laptops
)

// Broken says at which step a verification has found the first difference. Its text is that of the difference.
type Broken struct {
	Step    int
	Objects int64  // in the log; those before Index hold
	Index   int64  // of the object, at StepLog
	Object  string // what it is, in Chinese
	Why     error
}

// Error is the difference.
func (b *Broken) Error() string { return b.Why.Error() }

// Unwrap gives the difference.
func (b *Broken) Unwrap() error { return b.Why }

// Verify recomputes a room record from nothing but the server's public key (hex): package, every object and signature in order, the log's
// root, the counted sets, the columns and the results. The error names the first difference, in Chinese. With an empty key the one in the
// file is used: the record is then proved to agree with itself, but not to be of a certain server.
func Verify(file []byte, server string) (*Verified, error) { return verify(file, server, 0) }

func verify(file []byte, server string, depth int) (*Verified, error) {
	e, err := ParseEvidence(file)
	if err == nil && depth > maxDepth {
		err = errBadEvidence
	}
	if err != nil {
		return nil, &Broken{Step: StepFile, Why: err}
	}
	v := &Verified{Server: server, Trusted: server != "", Columns: map[string][]byte{}, Late: len(e.Late)}
	at := func(step int, err error) error {
		return &Broken{Step: step, Objects: int64(len(e.Log)), Why: err}
	}
	p, id, err := v.open(e)
	if err != nil {
		return nil, at(StepPackage, err)
	}
	if v.State, err = replayed(p, id, e.Log); err != nil {
		return nil, err
	}
	if err := v.head(e.Checkpoint); err != nil {
		return nil, at(StepHead, err)
	}
	if err := v.rounds(e.Columns); err != nil {
		return nil, at(StepRounds, err)
	}
	if err := v.firsts(e.Firsts, depth); err != nil {
		return nil, at(StepFirsts, err)
	}
	v.Alarms = append(v.Alarms, v.State.Alarms...)
	if err := v.earlier(e.Earlier, depth); err != nil {
		return nil, at(StepOthers, err)
	}
	if err := v.seen(e.Checkpoints); err != nil {
		return nil, at(StepOthers, err)
	}
	return v, nil
}

// open finds the server's key and reads the package.
func (v *Verified) open(e *Evidence) (*Package, ID, error) {
	switch {
	case !v.Trusted && e.Server == "":
		return nil, ID{}, fault.New(fault.Invalid, "会议记录文件中没有服务器公钥，请用 --key 给出")
	case !v.Trusted:
		v.Server = e.Server
	case e.Server != "" && e.Server != v.Server:
		return nil, ID{}, fault.New(fault.Invalid, "会议记录文件中的服务器公钥与给出的公钥不同")
	}
	return OpenPackage(e.Log[0], v.Server)
}

func replayed(p *Package, id ID, log [][]byte) (*State, error) {
	s, err := NewState(p, id)
	if err != nil {
		return nil, &Broken{Step: StepPackage, Objects: int64(len(log)), Why: err}
	}
	for i, o := range log {
		if err := s.Apply(o); err != nil {
			why := fault.New(fault.Invalid, "第%d条会议记录不成立：%v", i, err)
			return nil, &Broken{Step: StepLog, Objects: int64(len(log)), Index: int64(i), Object: wordOf(o), Why: why}
		}
	}
	return s, nil
}

// head recomputes the root and holds it against the hub's checkpoint.
func (v *Verified) head(checkpoint []byte) error {
	h, err := OpenCheckpoint(checkpoint, v.State.Hub)
	if err != nil {
		return err
	}
	v.Size = v.State.Size()
	v.Root, _ = v.State.RootAt(v.Size)
	if h.Origin != v.State.Origin() {
		return fault.New(fault.Invalid, "检查点属于另一个会议记录：%s", h.Origin)
	}
	if h.Size != v.Size || h.Root != v.Root {
		return fault.New(fault.Invalid, "会议记录与主机签名的检查点不一致：检查点%d条，记录%d条", h.Size, v.Size)
	}
	return nil
}

// rounds recomputes every round; columns without a tally are refused.
func (v *Verified) rounds(columns map[string][]byte) error {
	for _, id := range v.State.Order {
		if err := v.round(v.State.Package.Round(id), columns[id]); err != nil {
			return err
		}
		if sheet := v.State.Reconcile(id); sheet != nil && !sheet.Balanced() {
			return fault.New(fault.Invalid, "轮次%s的选票对账单不平衡", id)
		}
	}
	if len(columns) != len(v.Columns) {
		return fault.New(fault.Invalid, "会议记录文件含有不属于任何轮次的计票栏")
	}
	return nil
}

// round recomputes the results of a round from its columns.
func (v *Verified) round(r *Round, columns []byte) error {
	rs, p := v.State.Rounds[r.ID], v.State.Package
	if rs.Tally == nil {
		if len(columns) > 0 {
			return fault.New(fault.Invalid, "轮次%s没有计票结果，却有计票栏", r.ID)
		}
		return nil
	}
	sum := sha256.Sum256(columns)
	if !bytes.Equal(sum[:], rs.Tally.Columns) {
		return fault.New(fault.Invalid, "轮次%s的计票栏与计票结果的摘要不符", r.ID)
	}
	valid, err := v.State.valid(r.ID, rs.Tally)
	if err != nil {
		return err
	}
	invalid := int64(len(rs.Tally.Invalid))
	if p.Old {
		invalid = rs.Tally.Results[0].Invalid
	}
	ballots, rows, err := parseColumns(p, r, columns)
	if err != nil {
		return err
	}
	results, err := countRows(p, r, rows, rs.Close.Counted, invalid, rs.Close.Present)
	if err != nil {
		return err
	}
	for i := range results {
		got, said := results[i].values(), rs.Tally.Results[i].values()
		if !slices.Equal(got, said) {
			return fault.New(fault.Invalid, "轮次%s第%d位“%s”的结果不一致：记录为%v，重新计算得到%v", r.ID, i+1, p.Applicants[i].Name, said[1:], got[1:])
		}
		if !p.Old && results[i].Recused != recusals(p, valid, p.Applicants[i].ID) {
			return fault.New(fault.Invalid, "轮次%s“%s”的回避票数与回避名单不符", r.ID, p.Applicants[i].Name)
		}
	}
	if err := v.named(r, valid, ballots, columns, rs.Tally); err != nil {
		return err
	}
	v.Columns[r.ID] = columns
	return nil
}

// valid lists the counted envelopes without those the tally lists as invalid, which must be counted ones.
func (s *State) valid(round string, t *Tally) ([]*Envelope, error) {
	if !slices.IsSorted(t.Invalid) || len(slices.Compact(slices.Clone(t.Invalid))) != len(t.Invalid) {
		return nil, fault.New(fault.Invalid, "轮次%s的无效选票列表有重复或次序不正确", round)
	}
	var valid []*Envelope
	found := 0
	for _, e := range s.Counted(round) {
		if slices.Contains(t.Invalid, IDOf(e.Raw).String()) {
			found++
		} else {
			valid = append(valid, e)
		}
	}
	if found != len(t.Invalid) {
		return nil, fault.New(fault.Invalid, "轮次%s列出的无效选票不在计入的选票中", round)
	}
	return valid, nil
}

// recusals counts the valid ballots of experts who must not vote on an applicant.
func recusals(p *Package, valid []*Envelope, applicant string) (n int64) {
	for _, e := range valid {
		if slices.Contains(p.Expert(e.Expert).Recused, applicant) {
			n++
		}
	}
	return n
}

func (v *Verified) named(r *Round, valid []*Envelope, ballots []named, columns []byte, t *Tally) error {
	if v.State.Package.Old {
		return nil
	}
	voted, err := checkNamed(v.State.Package, r, valid, ballots, columns)
	if err == nil && !slices.Equal(voted, t.Voted) {
		err = fault.New(fault.Invalid, "轮次%s各专家的票数与记名选票不符", r.ID)
	}
	return err
}

// firsts verifies the records of the first rounds and derives the people of the second again.
func (v *Verified) firsts(files [][]byte, depth int) error {
	d := v.State.Derived
	if d == nil {
		if len(files) > 0 {
			return fault.New(fault.Invalid, "会议记录文件含有不需要的首轮记录")
		}
		return nil
	}
	for i, f := range files {
		first, err := verify(f, v.Server, depth+1)
		if err != nil {
			return fmt.Errorf("第%d场首轮会议：%w", i+1, err)
		}
		v.Firsts = append(v.Firsts, first)
		for _, a := range first.Alarms {
			v.Alarms = append(v.Alarms, "首轮会议"+first.State.Package.Session+"："+a)
		}
	}
	again, err := DeriveOf(v.State.whole, v.State.PackageID, v.Firsts, d.At)
	if err != nil {
		return err
	}
	got, err := encode(again)
	if err != nil {
		return err
	}
	if said, err := encode(d); err != nil || got != said {
		return fault.New(fault.Invalid, "第二轮的参评人员与首轮结果不符")
	}
	return nil
}

// earlier holds the logs of hubs that were given up against this one: what they had receipted and this one lacks is an alarm, and is not merged.
func (v *Verified) earlier(files [][]byte, depth int) error {
	for i, f := range files {
		old, err := verify(f, v.Server, depth+1)
		if err != nil {
			return fmt.Errorf("第%d份原主机记录：%w", i+1, err)
		}
		if old.State.PackageID != v.State.PackageID || old.State.Epoch >= v.State.Epoch {
			return fault.New(fault.Invalid, "第%d份原主机记录不属于本场会议之前的主机", i+1)
		}
		v.Earlier = append(v.Earlier, old)
		v.Alarms = append(v.Alarms, v.State.lost(old.State)...)
	}
	return nil
}

// lost lists what an earlier hub had receipted or opened and this log does not have.
func (s *State) lost(old *State) (alarms []string) {
	for _, id := range old.Order {
		r, now := old.Rounds[id], s.Rounds[id]
		for _, e := range old.Package.Experts {
			head := r.Heads[e.ID]
			if head == nil || r.void(e.ID) {
				continue
			}
			if now == nil || now.Heads[e.ID] == nil || now.Heads[e.ID].Version < head.Version || now.Heads[e.ID].Version == head.Version && !bytes.Equal(now.Heads[e.ID].Raw, head.Raw) {
				alarms = append(alarms, fmt.Sprintf("第%d任主机已回执专家%s在轮次%s的选票，现记录中没有", old.Epoch, e.ID, id))
			}
		}
		if len(r.Openers) > 0 && (now == nil || now.CloseID != r.CloseID) {
			alarms = append(alarms, fmt.Sprintf("第%d任主机已授权开票的轮次%s，在更换主机后又重新表决", old.Epoch, id))
		}
	}
	return alarms
}

// seen holds the checkpoints of laptops against the log: each of this epoch must be a beginning of it (V10).
func (v *Verified) seen(checkpoints [][]byte) error {
	keys := append(v.State.Package.hubs(), v.State.Hub)
	for _, e := range v.State.Epochs {
		keys = append(keys, e.Hub)
	}
	for i, cp := range checkpoints {
		h, err := OpenCheckpoint(cp, keys...)
		if err != nil {
			return fmt.Errorf("第%d份电脑保存的检查点：%w", i+1, err)
		}
		switch n := v.State.Package.epochOf(h.Origin); {
		case n == 0 || n > v.State.Epoch:
			return fault.New(fault.Invalid, "第%d份电脑保存的检查点不属于本场会议", i+1)
		case v.State.hasHead(h):
		default:
			v.Alarms = append(v.Alarms, fmt.Sprintf("有电脑保存的检查点（第%d任主机，%d条）不在本记录中", n, h.Size))
		}
	}
	return nil
}

// hasHead reports whether this log had a head, which an earlier hub may have signed if the log went on from its.
func (s *State) hasHead(h Head) bool {
	root, known := s.RootAt(h.Size)
	return known && root == h.Root
}
