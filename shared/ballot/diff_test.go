package ballot_test

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
)

// Two evidence files are compared: the first difference is named, and whether the second goes on from the first.
func TestDiff(t *testing.T) {
	r := counted(t, "R1", true)
	full := func() *ballot.Evidence {
		e := r.Evidence(map[string][]byte{})
		e.Log = slices.Clone(e.Log)
		for id, c := range r.Columns {
			e.Columns[id] = bytes.Clone(c)
		}
		return e
	}
	f := &forger{t: t, r: r, e: full()}
	attest, return1, checkIn, close1, envelope, signOff := f.index("zp-attest/1", 0), f.index("zp-return/1", 0), f.index("zp-checkin/1", 1), f.index("zp-close/2", 0), f.index("", 1), f.index("zp-signoff/1", 0)
	for _, x := range []struct {
		name    string
		change  func(e *ballot.Evidence)
		extends bool
		found   string
	}{
		{"a continuation", func(e *ballot.Evidence) { e.Log = append(e.Log, e.Log[attest]) }, true, "新文件在其后多1条：专家核对1条"},
		{"the end cut off", func(e *ballot.Evidence) { e.Log = e.Log[:attest] }, false, "新文件缺少其后的2条：专家核对1条、签字1条"},
		{"an object gone", func(e *ballot.Evidence) { e.Log = slices.Delete(e.Log, return1, return1+1) }, false, "新文件缺少第" + num(return1) + "条“退回选票”"},
		{"an object more", func(e *ballot.Evidence) { e.Log = slices.Insert(e.Log, close1, e.Log[checkIn]) }, false, "新文件在第" + num(close1) + "条处多出“签到”"},
		{"two exchanged", func(e *ballot.Evidence) {
			e.Log[attest], e.Log[signOff] = e.Log[signOff], e.Log[attest]
		}, false, "第" + num(attest) + "条“专家核对”与第" + num(signOff) + "条“签字”在新文件中对调"},
		{"a line changed", func(e *ballot.Evidence) {
			g := &forger{t: t, r: r, e: e}
			g.edit(attest, "mismatches 0", "mismatches 3", r.Voters[0].Key)
		}, false, "“专家核对”的“mismatches”行，旧文件“0”，新文件“3”"},
		{"onions changed", func(e *ballot.Evidence) { e.Log[envelope] = sealedAnew(t, e.Log[envelope]) }, false, "不同：“选票”的"},
		{"another meeting", func(e *ballot.Evidence) { e.Log = counted(t, "R3", false).Session.Log() }, false, "会议包不同，不是同一场会议的记录"},
		{"a cell changed", func(e *ballot.Evidence) {
			e.Columns["R1"] = bytes.Replace(e.Columns["R1"], []byte(" 2\n"), []byte(" 1\n"), 1)
		}, false, "轮次R1的计票栏第"},
		{"columns gone", func(e *ballot.Evidence) { delete(e.Columns, "R1") }, false, "新文件缺少轮次R1的计票栏"},
		{"columns more", func(e *ballot.Evidence) { e.Columns["R2"] = []byte("applicant A0001\n") }, true, "新文件多轮次R2的计票栏"},
		{"the checkpoint", func(e *ballot.Evidence) {
			e.Checkpoint = resigned(t, e.Checkpoint, ballottest.Key(ballot.RoleHub, 99))
		}, false, "会议记录相同，但主机签名的检查点不同"},
		{"the key", func(e *ballot.Evidence) { e.Server = "" }, false, "所带的服务器公钥不同"},
		{"something late", func(e *ballot.Evidence) { e.Late = [][]byte{[]byte("x")} }, true, "新文件多1份迟到的记录"},
		{"a laptop's checkpoint", func(e *ballot.Evidence) { e.Checkpoints = [][]byte{e.Checkpoint} }, true, "新文件多1份电脑保存的检查点"},
		{"an earlier hub", func(e *ballot.Evidence) { e.Earlier = [][]byte{r.Record()} }, true, "新文件多1份原主机记录"},
	} {
		before := full().Encode(r.Package)
		e := full()
		x.change(e)
		d, err := ballot.Diff(before, e.Encode(r.Package))
		if err != nil || d.Same || d.Extends != x.extends || len(d.Found) == 0 || !strings.Contains(d.Found[0], x.found) {
			t.Errorf("%s: %+v, %v; want %q", x.name, d, err, x.found)
		}
	}
	if d, err := ballot.Diff(r.Record(), r.Record()); err != nil || !d.Same || !d.Extends || len(d.Found) > 0 {
		t.Error(d, err)
	}
	for _, bad := range [][2][]byte{{[]byte("x"), r.Record()}, {r.Record(), []byte("x")}} {
		if d, err := ballot.Diff(bad[0], bad[1]); err == nil {
			t.Error("no evidence file was compared:", d)
		}
	}
	// A difference inside an earlier hub's record is named too.
	a, b := full(), full()
	a.Earlier = [][]byte{r.Record()}
	x := full()
	x.Log = x.Log[:attest]
	b.Earlier = [][]byte{x.Encode(r.Package)}
	if d, err := ballot.Diff(a.Encode(r.Package), b.Encode(r.Package)); err != nil || d.Extends || !strings.HasPrefix(d.Found[0], "第1份原主机记录：") {
		t.Error(d, err)
	}
}

func num(i int) string { return strconv.Itoa(i) }

// sealedAnew is an envelope with another byte in its header's signature.
func sealedAnew(t *testing.T, raw []byte) []byte {
	t.Helper()
	e, err := ballot.ParseEnvelope(raw)
	if err != nil {
		t.Fatal(err)
	}
	e.Note = otherwise(e.Note, e.Note)
	return e.Join()
}
