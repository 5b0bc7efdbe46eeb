package ballot_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
)

// A forger has the record of a meeting and the key of its hub. He changes one thing and signs again whatever the hub signs.
type forger struct {
	t    *testing.T
	r    *ballottest.Room
	e    *ballot.Evidence
	left bool // the checkpoint stays as it is
}

// index finds the n-th object of a type; "" is an envelope.
func (f *forger) index(kind string, n int) int {
	f.t.Helper()
	for i, o := range f.e.Log {
		line, _, _ := strings.Cut(string(o), "\n")
		if line == kind || kind == "" && !strings.HasPrefix(line, "zp-") {
			if n--; n < 0 {
				return i
			}
		}
	}
	f.t.Fatalf("the record has no such %q", kind)
	return -1
}

func (f *forger) remove(i int) { f.e.Log = slices.Delete(f.e.Log, i, i+1) }

func (f *forger) insert(i int, o []byte) { f.e.Log = slices.Insert(f.e.Log, i, o) }

func (f *forger) swap(i, j int) { f.e.Log[i], f.e.Log[j] = f.e.Log[j], f.e.Log[i] }

// edit replaces a piece of an object's text and signs it with the forger's keys.
func (f *forger) edit(i int, old, new string, keys ...ballot.Key) {
	f.t.Helper()
	text := ballot.TextOf(f.e.Log[i])
	if !strings.Contains(text, old) {
		f.t.Fatalf("object %d has no %q:\n%s", i, old, text)
	}
	f.e.Log[i] = f.signed(strings.Replace(text, old, new, 1), keys...)
}

func (f *forger) signed(text string, keys ...ballot.Key) []byte {
	f.t.Helper()
	o, err := ballot.SignText(text, keys...)
	if err != nil {
		f.t.Fatal(err)
	}
	return o
}

// must gives the bytes of an object that has just been signed.
func (f *forger) must(o []byte, err error) []byte {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
	return o
}

// sealed is a ballot of a voter of the room.
func (f *forger) sealed(v ballot.Voter, round string) *ballot.Envelope {
	f.t.Helper()
	e, err := v.Seal(round, f.r.Ballot(ballot.Agree), 7)
	if err != nil {
		f.t.Fatal(err)
	}
	return e
}

// columns changes the columns of a round and lets the hub sign a tally over them.
func (f *forger) columns(round string, change func([]byte) []byte) {
	old := sha256.Sum256(f.e.Columns[round])
	f.e.Columns[round] = change(bytes.Clone(f.e.Columns[round]))
	sum := sha256.Sum256(f.e.Columns[round])
	f.edit(f.index("zp-tally/2", 0), fmt.Sprintf("%x", old), fmt.Sprintf("%x", sum), f.r.Hub)
}

// file closes the record: the hub signs a checkpoint over what the log is now.
func (f *forger) file() []byte {
	if !f.left {
		size, root := ballot.Root(f.e.Log)
		f.e.Checkpoint = f.signed(fmt.Sprintf("%s\n%d\n%s\n", f.r.Package.Origin, size, root), f.r.Hub)
	}
	return f.e.Encode(f.r.Package)
}

// counted is a meeting of six whose round has been counted, with a returned ballot, a refused one and one recused expert, and signed off or not.
func counted(t *testing.T, round string, signed bool) *ballottest.Room {
	t.Helper()
	r := ballottest.New(t, &ballot.Memory{}, 6, 3)
	r.Package.Experts[3].Recused = []string{"A0002"}
	r.Issue(&ballot.Memory{})
	r.CheckIn(6)
	r.Open(round)
	for i, v := range r.Voters[:4] {
		e := r.VoteNext(v, round, r.Ballot([]byte{ballot.Agree, ballot.Oppose}[i%2]))
		switch i {
		case 0:
			r.Return(v, e, true)
			r.VoteNext(v, round, r.Ballot(ballot.Agree))
		case 1:
			second, err := v.Seal(round, r.Ballot(ballot.Agree), r.Now())
			r.Append(second.Raw, err)
		}
	}
	r.Append(r.Attend(4, ballot.Absent, "临时有事").Sign(r.Staff, r.Chair, r.Supervisor))
	r.DeviceWord(r.Voters[0], round)
	r.Close(round)
	r.Tally(round, "1,3", 0, 2)
	if signed { // without it nothing else holds the tally fast
		r.Attest(r.Voters[0], round)
		r.Append(r.SignOffObject(round))
	}
	return r
}

// forgeries are single changes to a record. Everything a forger with the hub's key could sign again is signed again; what each is caught by stands with it.
var forgeries = []struct {
	name  string
	round string // R1 secret, R3 named
	after bool   // the record has been signed off
	harm  func(f *forger)
}{
	{"a ballot removed (the close names the counted set)", "R1", false, func(f *forger) { f.remove(f.index("", 3)) }},
	{"a ballot added for one who has not voted (his key signs)", "R1", false, func(f *forger) {
		v := *f.r.Voters[5]
		v.Key = ballottest.Key(ballot.RoleExpert, 250)
		f.insert(f.index("zp-attend/2", 6), f.sealed(v, "R1").Raw)
	}},
	{"a ballot of the right expert added (the close names the counted set)", "R1", false, func(f *forger) {
		f.insert(f.index("zp-attend/2", 6), f.sealed(*f.r.Voters[5], "R1").Raw)
	}},
	{"a ballot that came late put in as counted (late)", "R1", false, func(f *forger) {
		f.insert(f.index("zp-close/2", 0)+1, f.sealed(*f.r.Voters[5], "R1").Raw)
	}},
	{"a ballot moved behind the close (the close names the counted set)", "R1", false, func(f *forger) {
		i, j := f.index("", 3), f.index("zp-close/2", 0)
		f.insert(j+1, f.e.Log[i])
		f.remove(i)
	}},
	{"one bit of a ballot altered (its own signature and sums)", "R1", false, func(f *forger) {
		i := f.index("", 2)
		f.e.Log[i] = flip(f.e.Log[i], 3000)
	}},
	{"a ballot's header altered (the expert signs)", "R1", false, func(f *forger) {
		i := f.index("", 2)
		f.e.Log[i] = bytes.Replace(f.e.Log[i], []byte("\nat "), []byte("\nat 9"), 1)
	}},
	{"a ballot twice in the log (a second needs a return)", "R1", false, func(f *forger) {
		i := f.index("", 2)
		f.insert(i+1, f.e.Log[i])
	}},
	{"the replaced ballot put in place of the newer one (the chain)", "R1", false, func(f *forger) { f.swap(f.index("", 0), f.index("", 1)) }},
	{"the return taken away (the chain)", "R1", false, func(f *forger) { f.remove(f.index("zp-return/1", 0)) }},
	{"a return forged by the hub (staff signs)", "R1", false, func(f *forger) {
		id := ballot.IDOf(f.e.Log[f.index("", 2)])
		o := &ballot.Return{Session: "M1-S1", Envelope: id[:], Reason: "伪造", Request: ballot.ByStaff, At: 1}
		f.insert(f.index("zp-close/2", 0), f.must(o.Sign(ballot.Key{Role: ballot.RoleStaff, Private: f.r.Hub.Private})))
	}},
	{"a return of staff for the wish of another (request and envelope)", "R1", false, func(f *forger) {
		id, wish := ballot.IDOf(f.e.Log[f.index("", 2)]), ballot.IDOf(f.e.Log[f.index("zp-retreq/1", 0)])
		o := &ballot.Return{Session: "M1-S1", Envelope: id[:], Reason: "申请", Request: wish.String(), At: 1}
		f.insert(f.index("zp-close/2", 0), f.must(o.Sign(f.r.Staff)))
	}},
	{"a ballot returned by staff after the vote was good (the close names the counted set)", "R1", false, func(f *forger) {
		id := ballot.IDOf(f.e.Log[f.index("", 3)])
		o := &ballot.Return{Session: "M1-S1", Envelope: id[:], Reason: "理由", Request: ballot.ByStaff, At: 1}
		f.insert(f.index("zp-close/2", 0), f.must(o.Sign(f.r.Staff)))
	}},
	{"a check-in countersigned by the hub (staff signs)", "R1", false, func(f *forger) {
		i := f.index("zp-checkin/1", 1)
		f.e.Log[i] = f.signed(ballot.TextOf(f.e.Log[i]), f.r.Voters[1].Key, ballot.Key{Role: ballot.RoleStaff, Private: f.r.Hub.Private})
	}},
	{"an attendance taken away (the opening names the number)", "R1", false, func(f *forger) { f.remove(f.index("zp-attend/2", 1)) }},
	{"an attendance changed by the hub", "R1", false, func(f *forger) { f.edit(f.index("zp-attend/2", 1), "PRESENT", "ABSENT", f.r.Hub) }},
	{"marked absent by staff alone during the round (chair and supervisor sign)", "R1", false, func(f *forger) {
		f.edit(f.index("zp-attend/2", 6), "临时有事", "临时有事", f.r.Staff)
	}},
	{"other figures under a marking (they are recomputed)", "R1", false, func(f *forger) {
		f.edit(f.index("zp-attend/2", 6), "newneed 4", "newneed 3", f.r.Staff, f.r.Chair, f.r.Supervisor)
	}},
	{"the checkpoint signed by another key", "R1", false, func(f *forger) {
		f.left = true
		text := ballot.TextOf(f.e.Checkpoint)
		f.e.Checkpoint = f.signed(text, ballottest.Key(ballot.RoleHub, 99))
	}},
	{"the checkpoint of a shorter log", "R1", false, func(f *forger) {
		f.left = true
		size, root := ballot.Root(f.e.Log[:len(f.e.Log)-1])
		f.e.Checkpoint = f.signed(fmt.Sprintf("%s\n%d\n%s\n", f.r.Package.Origin, size, root), f.r.Hub)
	}},
	{"the end of the log cut off under its old checkpoint", "R1", true, func(f *forger) { f.left, f.e.Log = true, f.e.Log[:len(f.e.Log)-1] }},
	{"the checkpoint of another session's log", "R1", false, func(f *forger) {
		f.left = true
		size, root := ballot.Root(f.e.Log)
		f.e.Checkpoint = f.signed(fmt.Sprintf("%s\n%d\n%s\n", "zhiping/M1-S2", size, root), f.r.Hub)
	}},
	{"a value in a column changed (its sum stands in the tally)", "R1", false, func(f *forger) {
		f.e.Columns["R1"] = bytes.Replace(f.e.Columns["R1"], []byte(" 2\n"), []byte(" 1\n"), 1)
	}},
	{"the code of a row changed, with the same results (the sum stands in the tally)", "R1", false, func(f *forger) {
		b := f.e.Columns["R1"]
		at := bytes.Index(b, []byte(" 1\n")) - 1
		b[at] = map[bool]byte{true: '0', false: '1'}[b[at] != '0']
	}},
	{"the values of two rows exchanged, with the same results (the sum stands in the tally)", "R1", false, func(f *forger) {
		b := f.e.Columns["R1"]
		i, j := bytes.Index(b, []byte(" 1\n"))+1, bytes.Index(b, []byte(" 2\n"))+1
		b[i], b[j] = b[j], b[i]
	}},
	{"a value changed and the sum signed again (the results are recomputed)", "R1", false, func(f *forger) {
		f.columns("R1", func(b []byte) []byte { return bytes.Replace(b, []byte(" 2\n"), []byte(" 1\n"), 1) })
	}},
	{"a row of a column taken away and the sum signed again (rows = counted)", "R1", false, func(f *forger) {
		f.columns("R1", func(b []byte) []byte { return cut(b, 1) })
	}},
	{"a row twice and the sum signed again", "R1", false, func(f *forger) {
		f.columns("R1", func(b []byte) []byte {
			lines := bytes.SplitAfter(b, []byte("\n"))
			return bytes.Join(slices.Insert(lines, 2, lines[1]), nil)
		})
	}},
	{"rows in another order and the sum signed again", "R1", false, func(f *forger) {
		f.columns("R1", func(b []byte) []byte {
			l := bytes.SplitAfter(b, []byte("\n"))
			l[1], l[2] = l[2], l[1]
			return bytes.Join(l, nil)
		})
	}},
	{"a recused cell made a vote, result and sum signed again (the recusals are known)", "R1", false, func(f *forger) {
		f.columns("R1", func(b []byte) []byte { return bytes.Replace(b, []byte(" 4\n"), []byte(" 1\n"), 1) })
		f.edit(f.index("zp-tally/2", 0), "result A0002|2|1|0|1|", "result A0002|3|1|0|0|", f.r.Hub)
	}},
	{"a result changed and signed again (conservation)", "R1", false, func(f *forger) {
		f.edit(f.index("zp-tally/2", 0), "result A0001|2|2|", "result A0001|3|2|", f.r.Hub)
	}},
	{"a result changed in balance and signed again (the results are recomputed)", "R1", false, func(f *forger) {
		f.edit(f.index("zp-tally/2", 0), "result A0001|2|2|", "result A0001|3|1|", f.r.Hub)
	}},
	{"a decision changed and signed again", "R1", false, func(f *forger) { f.edit(f.index("zp-tally/2", 0), "FAILED", "PASSED", f.r.Hub) }},
	{"an invalid ballot made up in place of a good one (the list names counted envelopes)", "R1", false, func(f *forger) {
		i, id := f.index("zp-tally/2", 0), ballot.IDOf(f.e.Log[0])
		f.edit(i, "result A0001|2|2|0|0|0|", "invalid "+id.String()+"\nresult A0001|1|2|0|0|1|", f.r.Hub)
		f.edit(i, "result A0002|2|1|0|1|0|", "result A0002|1|1|0|1|1|", f.r.Hub)
		f.edit(i, "result A0003|2|2|0|0|0|", "result A0003|1|2|0|0|1|", f.r.Hub)
	}},
	{"a ballot left out of the columns and said to be invalid, under an id that does not count (the list names counted envelopes)", "R1", false, func(f *forger) {
		f.columns("R1", func(b []byte) []byte {
			for _, a := range []string{"A0001", "A0002", "A0003"} { // the first yes of each column
				head, rest, _ := bytes.Cut(b, []byte("applicant "+a+"\n"))
				at := bytes.Index(rest, []byte(" 1\n"))
				from := bytes.LastIndexByte(rest[:at], '\n') + 1
				b = slices.Concat(head, []byte("applicant "+a+"\n"), rest[:from], rest[at+3:])
			}
			return b
		})
		i, id := f.index("zp-tally/2", 0), ballot.IDOf(f.e.Log[0])
		f.edit(i, "result A0001|2|2|0|0|0|", "invalid "+id.String()+"\nresult A0001|1|2|0|0|1|", f.r.Hub)
		f.edit(i, "result A0002|2|1|0|1|0|", "result A0002|1|1|0|1|1|", f.r.Hub)
		f.edit(i, "result A0003|2|2|0|0|0|", "result A0003|1|2|0|0|1|", f.r.Hub)
	}},
	{"a named ballot changed and the sum signed again (the commitment)", "R3", false, func(f *forger) {
		f.columns("R3", func(b []byte) []byte { b[bytes.IndexByte(b, '\n')-1] = '2'; return b })
	}},
	{"a named ballot changed with its row, the results and the expert's figures, all signed again (the commitment alone)", "R3", false, func(f *forger) {
		f.columns("R3", func(b []byte) []byte {
			line, _, _ := bytes.Cut(b, []byte("\n"))
			secret, err := hex.DecodeString(strings.Split(string(line), " ")[2])
			if err != nil {
				f.t.Fatal(err)
			}
			b[len(line)-1] = '2'
			code := fmt.Sprintf("%x ", ballot.Code(secret, "R3", "A0003"))
			return bytes.Replace(b, []byte(code+"1\n"), []byte(code+"2\n"), 1)
		})
		i := f.index("zp-tally/2", 0)
		f.edit(i, "result A0003|2|2|", "result A0003|1|3|", f.r.Hub)
		f.edit(i, "voted E01|3|0|", "voted E01|2|1|", f.r.Hub)
	}},
	{"an expert's figures in a named round changed and signed again", "R3", false, func(f *forger) {
		f.edit(f.index("zp-tally/2", 0), "voted E01|3|0|", "voted E01|2|1|", f.r.Hub)
	}},
	{"a named ballot under another's name", "R3", false, func(f *forger) {
		f.columns("R3", func(b []byte) []byte { return bytes.Replace(b, []byte("ballot E01"), []byte("ballot E05"), 1) })
	}},
	{"a custodian who is not of the pair", "R1", false, func(f *forger) {
		f.edit(f.index("zp-opening/1", 1), "pair 1,3", "pair 1,3", f.r.Custodians[1].Sign)
	}},
	{"two custodians of two pairs", "R1", false, func(f *forger) {
		f.edit(f.index("zp-opening/1", 1), "pair 1,3", "pair 2,3", f.r.Custodians[2].Sign)
	}},
	{"one custodian alone", "R1", false, func(f *forger) { f.remove(f.index("zp-opening/1", 1)) }},
	{"the tally under another pair", "R1", false, func(f *forger) { f.edit(f.index("zp-tally/2", 0), "pair 1,3", "pair 1,2", f.r.Hub) }},
	{"a tally before the openings", "R1", false, func(f *forger) { f.swap(f.index("zp-opening/1", 1), f.index("zp-tally/2", 0)) }},
	{"another hub's tally", "R1", false, func(f *forger) {
		f.edit(f.index("zp-tally/2", 0), "session", "session", ballottest.Key(ballot.RoleHub, 99))
	}},
	{"an envelope of another round", "R1", false, func(f *forger) { f.insert(f.index("zp-close/2", 0), f.sealed(*f.r.Voters[2], "R3").Raw) }},
	{"an envelope of another meeting", "R1", false, func(f *forger) {
		v, p := *f.r.Voters[2], *f.r.Package
		p.Meeting = "M2"
		v.Package = &p
		f.insert(f.index("zp-close/2", 0), f.sealed(v, "R1").Raw)
	}},
	{"an envelope under another package", "R1", false, func(f *forger) {
		v := *f.r.Voters[2]
		v.PackageID[5] ^= 1
		f.insert(f.index("zp-close/2", 0), f.sealed(v, "R1").Raw)
	}},
	{"another's onions under one's own header, in place of his ballot", "R1", false, func(f *forger) {
		original, err := ballot.ParseEnvelope(f.e.Log[f.index("", 2)])
		if err != nil {
			f.t.Fatal(err)
		}
		copied, err := f.r.Voters[2].SealCopied("R1", original, f.r.Ballot(ballot.Agree), 5)
		if err != nil {
			f.t.Fatal(err)
		}
		f.e.Log[f.index("", 3)] = copied.Raw
	}},
	{"the close counted by the hub alone", "R1", false, func(f *forger) { f.edit(f.index("zp-close/2", 0), "counted 4", "counted 3", f.r.Hub) }},
	{"the close without the chair", "R1", false, func(f *forger) { f.edit(f.index("zp-close/2", 0), "counted", "counted", f.r.Staff) }},
	{"an exception left out of the close, with staff and chair", "R1", false, func(f *forger) {
		f.edit(f.index("zp-close/2", 0), "exception DEVICE|E02\n", "", f.r.Staff, f.r.Chair)
	}},
	{"the device's word taken away (the exceptions are known)", "R1", false, func(f *forger) { f.remove(f.index("zp-device/1", 0)) }},
	{"the attendance before the check-in", "R1", false, func(f *forger) { f.swap(f.index("zp-checkin/1", 1), f.index("zp-attend/2", 1)) }},
	{"a reject taken away (the sign-off names the root)", "R1", true, func(f *forger) { f.remove(f.index("zp-reject/2", 0)) }},
	{"two ballots exchanged (the sign-off names the root)", "R1", true, func(f *forger) { f.swap(f.index("", 2), f.index("", 4)) }},
	{"a reject for another reason (it is decided again)", "R1", false, func(f *forger) {
		f.edit(f.index("zp-reject/2", 0), "NEED_RETURN", "LATE", f.r.Hub)
	}},
	{"a good ballot rejected instead of counted (it is decided again)", "R1", false, func(f *forger) {
		i := f.index("", 2)
		id := ballot.IDOf(f.e.Log[i])
		f.e.Log[i] = f.must((&ballot.Reject{Session: "M1-S1", Envelope: id[:], Reason: ballot.RejectLate, Content: f.e.Log[i]}).Sign(f.r.Hub))
	}},
	{"a reject holding another envelope", "R1", false, func(f *forger) {
		id := ballot.IDOf(f.e.Log[f.index("", 2)])
		text := ballot.TextOf(f.e.Log[f.index("zp-reject/2", 0)])
		line := strings.Split(text, "\n")[2]
		f.edit(f.index("zp-reject/2", 0), line, "envelope "+id.String(), f.r.Hub)
	}},
	{"a sign-off by the hub (chair and supervisor sign)", "R1", true, func(f *forger) {
		f.edit(f.index("zp-signoff/1", 0), "sheet", "sheet", ballot.Key{Role: ballot.RoleChair, Private: f.r.Hub.Private}, ballot.Key{Role: ballot.RoleSupervisor, Private: f.r.Hub.Private})
	}},
	{"a sign-off by the chair twice", "R1", true, func(f *forger) { f.edit(f.index("zp-signoff/1", 0), "sheet", "sheet", f.r.Chair, f.r.Chair) }},
	{"a sign-off in spite of a mismatch, by all who sign it", "R1", true, func(f *forger) {
		f.edit(f.index("zp-attest/1", 0), "mismatches 0", "mismatches 2", f.r.Voters[0].Key)
		i := f.index("zp-signoff/1", 0)
		size, root := ballot.Root(f.e.Log[:i])
		lines := strings.Split(ballot.TextOf(f.e.Log[i]), "\n")
		f.edit(i, lines[4], fmt.Sprintf("root %x", root[:]), f.r.Chair, f.r.Supervisor)
		f.edit(i, lines[3], fmt.Sprintf("size %d", size), f.r.Chair, f.r.Supervisor)
	}},
	{"the mismatch of an expert taken away (the sign-off names the root)", "R1", true, func(f *forger) { f.remove(f.index("zp-attest/1", 0)) }},
	{"a void round without the supervisor", "R1", false, func(f *forger) {
		o := &ballot.Void{Session: "M1-S1", Round: "R1", Next: "R1~2", Reason: "理由", At: 1}
		f.e.Log = append(f.e.Log, f.must(o.Sign(f.r.Chair, f.r.Staff)))
	}},
	{"a void round that goes on under a name of one's own", "R1", false, func(f *forger) {
		o := &ballot.Void{Session: "M1-S1", Round: "R1", Next: "R2", Reason: "理由", At: 1}
		f.e.Log = append(f.e.Log, f.must(o.Sign(f.r.Chair, f.r.Supervisor, f.r.Staff)))
	}},
	{"a signed round made void", "R1", true, func(f *forger) {
		o := &ballot.Void{Session: "M1-S1", Round: "R1", Next: "R1~2", Reason: "理由", At: 1}
		f.e.Log = append(f.e.Log, f.must(o.Sign(f.r.Chair, f.r.Supervisor, f.r.Staff)))
	}},
	{"a closed round opened again after the openings", "R1", false, func(f *forger) {
		id := ballot.IDOf(f.e.Log[f.index("zp-close/2", 0)])
		text := ballot.TextOf(f.e.Log[f.index("zp-open/2", 0)])
		text = strings.Replace(strings.Replace(text, "again -", "again "+id.String(), 1), "reason -", "reason 再议", 1)
		f.insert(f.index("zp-tally/2", 0), f.signed(strings.Replace(text, "present 6", "present 5", 1), f.r.Staff, f.r.Chair))
	}},
	{"an epoch declared by the hub", "R1", false, func(f *forger) {
		o := &ballot.Epoch{Session: "M1-S1", Epoch: 2, Hub: f.r.Hub.Public(), Reason: "理由", At: 1}
		f.insert(1, f.must(o.Sign(f.r.Hub)))
	}},
	{"an epoch for an uncertified hub", "R1", false, func(f *forger) {
		o := &ballot.Epoch{Session: "M1-S1", Epoch: 2, Hub: ballottest.Key(ballot.RoleHub, 99).Public(), Reason: "理由", At: 1}
		f.insert(1, f.must(o.Sign(f.r.Chair, f.r.Staff)))
	}},
	{"the checkpoint under the name of an epoch before (wrong epoch)", "R1", false, func(f *forger) {
		o := &ballot.Epoch{Session: "M1-S1", Epoch: 2, Hub: f.r.Hub.Public(), Reason: "理由", At: 1}
		f.insert(1, f.must(o.Sign(f.r.Chair, f.r.Staff))) // a good one: but the log goes on under its old name
	}},
	{"an epoch in the middle that takes over from nothing", "R1", false, func(f *forger) {
		o := &ballot.Epoch{Session: "M1-S1", Epoch: 2, Hub: f.r.Hub.Public(), Reason: "理由", At: 1}
		f.insert(f.index("zp-close/2", 0), f.must(o.Sign(f.r.Chair, f.r.Staff)))
	}},
	{"an archive word by the hub", "R1", true, func(f *forger) {
		size, root := ballot.Root(f.e.Log)
		o := &ballot.Archive{Session: "M1-S1", Size: size, Root: root[:], At: 1}
		f.e.Log = append(f.e.Log, f.must(o.Sign(ballot.Key{Role: ballot.RoleServer, Private: f.r.Hub.Private})))
	}},
	{"an archive word on another log", "R1", true, func(f *forger) {
		o := &ballot.Archive{Session: "M1-S1", Size: 3, Root: make([]byte, 32), At: 1}
		f.e.Log = append(f.e.Log, f.must(o.Sign(f.r.Server)))
	}},
	{"another rule set in the package (the server signs)", "R1", false, func(f *forger) {
		p := *f.r.Package
		p.RuleSet = bytes.Replace(p.RuleSet, []byte(`"value": 2,`), []byte(`"value": 1,`), 1)
		sum := sha256.Sum256(p.RuleSet)
		p.Rules = sum[:]
		f.e.Log[0] = f.must(p.Sign(ballot.Key{Role: ballot.RoleServer, Private: f.r.Hub.Private}))
	}},
	{"a letter of the package altered", "R1", false, func(f *forger) { f.e.Log[0] = flip(f.e.Log[0], 40) }},
	{"the server's key in the file replaced", "R1", false, func(f *forger) { f.e.Server = f.r.Hub.Public() }},
	{"columns for a round that was not counted", "R1", false, func(f *forger) { f.e.Columns["R2"] = []byte("applicant A0001\n") }},
	{"the columns left out", "R1", false, func(f *forger) { delete(f.e.Columns, "R1") }},
}

// The record is altered in one place each; both verifiers refuse it.
func TestForgeries(t *testing.T) {
	if len(forgeries) < 25 {
		t.Fatal("too few")
	}
	rooms := map[string]*ballottest.Room{}
	var all []suspect
	for _, x := range forgeries {
		t.Run(x.name, func(t *testing.T) {
			key := fmt.Sprint(x.round, x.after)
			if rooms[key] == nil {
				rooms[key] = counted(t, x.round, x.after)
				agree(t, rooms[key].Record(), rooms[key].Server.Public())
			}
			r := rooms[key]
			f := &forger{t: t, r: r, e: r.Evidence(map[string][]byte{})}
			f.e.Log = slices.Clone(f.e.Log)
			for id, c := range r.Columns {
				f.e.Columns[id] = bytes.Clone(c)
			}
			x.harm(f)
			file := f.file()
			if _, err := ballot.Verify(file, r.Server.Public()); err == nil {
				t.Error("not noticed")
			} else {
				t.Log(err)
			}
			all = append(all, suspect{x.name, file})
		})
	}
	if hold := compare(t, all, ballottest.Key(ballot.RoleServer, 1).Public()); hold > 0 {
		t.Errorf("%d forgeries hold", hold)
	}
}

// Any byte of the file changed is noticed, and so is a file cut off.
func TestDamagedFiles(t *testing.T) {
	r := counted(t, "R1", true)
	file := r.Record()
	for i := 0; i < len(file); i += 997 {
		if _, err := ballot.Verify(flip(file, i), r.Server.Public()); err == nil {
			t.Errorf("byte %d of the file changed: not noticed", i)
		}
	}
	for _, n := range []int{0, 5, 12, 44, len(file) / 2, len(file) - 33, len(file) - 1} {
		if _, err := ballot.Verify(file[:n], r.Server.Public()); err == nil {
			t.Errorf("cut off at %d: not noticed", n)
		}
		if status, _ := second(t, file[:n], r.Server.Public(), false); status != 1 {
			t.Errorf("cut off at %d: not noticed by the second verifier", n)
		}
	}
	if _, err := ballot.Verify(file, ballottest.Key(ballot.RoleServer, 99).Public()); err == nil {
		t.Error("another server's package is taken")
	}
	v, err := ballot.Verify(file, "")
	if err != nil || v.Trusted {
		t.Error("without a key the record agrees with itself, and is not trusted:", err)
	}
}

func flip(b []byte, i int) []byte {
	b = bytes.Clone(b)
	b[i%len(b)] ^= 1
	return b
}

func cut(b []byte, line int) []byte {
	lines := bytes.SplitAfter(b, []byte("\n"))
	return bytes.Join(append(lines[:line:line], lines[line+1:]...), nil)
}
