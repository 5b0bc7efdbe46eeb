package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zhiping/desktop/room"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/holder"
	"zhiping/shared/room/stick"
)

// programAgain names the environment of the test's own program started again as the whole program: as hub, booth or tally process.
const programAgain = "ZHIPING_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programAgain) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// bench is a hub that is driven by lines, and the laptops of its experts by sticks.
type bench struct {
	t     *testing.T
	model *ballottest.Room
	hub   *room.Hub
	desk  *room.Desk
	dir   string
	id    ballot.ID
	now   int64
}

// say gives the hub a line and wants it to be taken.
func (b *bench) say(parts ...string) *answer {
	b.t.Helper()
	a := step(context.Background(), b.hub, parts)
	if !a.OK {
		b.t.Fatalf("%v: %s", parts, a.Error)
	}
	return a
}

// refused gives the hub a line and wants it to be refused with a word.
func (b *bench) refused(word string, parts ...string) {
	b.t.Helper()
	if a := step(context.Background(), b.hub, parts); a.OK || !strings.Contains(a.Error, word) {
		b.t.Fatalf("%v: want %q, have %+v", parts, word, a)
	}
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// carry brings objects to the hub on a stick.
func (b *bench) carry(objects ...[]byte) *room.Imported {
	b.t.Helper()
	_, to, err := stick.NewIdentity()
	b.must(err)
	file, err := stick.ToHub(b.desk.Whole.Hub, append([][]byte{[]byte("zp-reply/1\nrecipient " + to + "\n")}, objects...))
	b.must(err)
	b.must(os.WriteFile(b.path("in.zpb"), file, 0o600))
	a := b.say("import", b.path("in.zpb"), b.path("out.zpb"))
	if reply, err := os.ReadFile(b.path("out.zpb")); err != nil || len(reply) == 0 || a.Imported.Reply != nil {
		b.t.Fatal("no reply on the stick", err)
	}
	return a.Imported
}

func (b *bench) voter(i int) *ballot.Voter {
	v := b.model.Voters[i]
	v.Package, v.PackageID = b.desk.Whole, b.id
	return v
}

func newBench(t *testing.T) *bench {
	t.Helper()
	t.Setenv(programAgain, "1")
	b := &bench{t: t, dir: t.TempDir(), model: ballottest.New(t, &ballot.Memory{}, 4, 3), now: 1772413200000}
	keys, err := room.PrepareKeys(b.path("hub"))
	b.must(err)
	spare, err := room.PrepareKeys(b.path("spare"))
	b.must(err)
	p := b.model.Package
	p.Hub, p.TLS, p.Spare, p.SpareTLS = keys.Hub.Public(), keys.Pin, spare.Hub.Public(), spare.Pin
	p.Staff = []string{keys.Staff.Public(), spare.Staff.Public()}
	for i, c := range p.Custodians {
		h, err := holder.New(c.Name)
		b.must(err)
		b.must(h.Save(b.path(fmt.Sprint("custodian", i+1)), "passphrase", 10))
		b.model.Custodians[i] = h.Custodian(c.ID, c.Role)
		p.Custodians[i] = b.model.Custodians[i].Public()
	}
	pkg, err := p.Sign(b.model.Server)
	b.must(err)
	b.id = ballot.IDOf(pkg)
	b.hub, err = room.OpenHub(context.Background(), b.path("hub"), b.model.Server.Public(), func() int64 { b.now++; return b.now }, pkg)
	b.must(err)
	t.Cleanup(func() { b.hub.Close() })
	b.desk = b.hub.Rooms[0]
	for name, k := range map[string]ballot.Key{"chair": b.model.Chair, "supervisor": b.model.Supervisor} {
		b.must(os.WriteFile(b.path(name), []byte(hex.EncodeToString(k.Private.Seed())), 0o600))
	}
	return b
}

// Every line that staff can type, through a round that is void and one that is signed.
func TestHubSteps(t *testing.T) {
	b := newBench(t)
	hello := hello(b.hub, "127.0.0.1:1")
	if hello["pairing"] != b.hub.Pairing || len(hello["codes"].(map[string]string)) != 4 || len(hello["sessions"].(map[string]map[string]string)) != 1 {
		t.Fatal(hello)
	}
	for _, bad := range [][]string{{"dance"}, {"open"}, {"open", "R1", "R2"}, {"close"}, {"close", "R1", "a", "b", "c"}, {""}} {
		b.refused("unknown step", bad...)
	}
	b.refused("没有会场", "@M9", "status", "R1")
	chair, supervisor := b.path("chair"), b.path("supervisor")
	for i := range 4 {
		code, _ := b.desk.Code(b.voter(i).Expert)
		half, err := b.voter(i).CheckIn(code, 1)
		b.must(err)
		if x := b.carry(half); x.Accepted != 1 {
			t.Fatalf("%+v", x)
		}
	}
	b.refused("没有待确认", "admit", "E01")
	if a := b.say("@M1-S1", "open", "R1"); a.State != ballot.RoundOpen || len(a.Present) != 4 || a.Size == 0 || a.Root == "" {
		t.Fatalf("%+v", a)
	}
	vote := func(i int, round string) {
		e, err := b.voter(i).Seal(round, b.model.Ballot(ballot.Agree), 1)
		b.must(err)
		if x := b.carry(e.Raw); x.Accepted != 1 {
			t.Fatalf("%+v", x)
		}
	}
	for i := range 3 {
		vote(i, "R1")
	}
	if a := b.say("return", "R1", "E02", "核对"); len(a.Returned) != 1 || len(a.Submitted) != 2 {
		t.Fatalf("%+v", a)
	}
	if a := b.say("need", "R1", "E04,E02"); fmt.Sprint(a.Need) != "[4 2 3 2]" {
		t.Fatal(a.Need)
	}
	b.refused("共同签字", "mark", "E04", "LEFT", "离场")
	b.refused("找不到密钥文件", "mark", "E04", "LEFT", "离场", chair, b.path("nobody"))
	b.say("mark", "E04", "LEFT", "离场", chair, supervisor)
	if a := b.say("revoke", "E04", "丢失"); len(a.Code) != 8 {
		t.Fatal(a)
	}
	b.say("code", "E04", "12345678")
	if code, _ := b.desk.Code("E04"); code != "12345678" {
		t.Fatal(code)
	}
	b.refused("还不能关闭表决", "close", "R1", chair, "-")
	b.refused("还不能关闭表决", "close", "R1", chair, "RETURNED:E02")
	b.say("close", "R1", chair, "RETURNED:E02,DEVICE:E01,DEVICE:E02,DEVICE:E03")
	b.say("reopen", "R1", "补交", chair)
	if a := b.say("close", "R1", chair); a.State != ballot.RoundClosed {
		t.Fatal(a)
	}
	one, two := b.path("custodian1"), b.path("custodian2")
	b.refused("没有两名保管人", "tally", "R1", one, "passphrase", two, "passphrase")
	count := func(round string) {
		b.say("opening", round, "1,2", one, "passphrase")
		b.say("opening", round, "1,2", two, "passphrase")
		b.say("tally", round, one, "passphrase", two, "passphrase")
	}
	count("R1")
	if a := b.say("void", "R1", "作废", "again", chair, supervisor); a.Next != "R1~2" || a.State != ballot.RoundVoid {
		t.Fatalf("%+v", a)
	}
	b.say("open", "R1~2")
	for i := range 3 {
		vote(i, "R1~2")
	}
	b.say("close", "R1~2", chair)
	count("R1~2")
	b.say("sign", "R1~2", "1", chair, supervisor)
	a := b.say("board")
	if rows := a.Board.Rounds; rows[len(rows)-1].Tally.Results[0].Agree != 3 || rows[len(rows)-1].State != ballot.RoundSigned {
		t.Fatalf("%+v", rows)
	}
	b.refused("不需要启用", "takeover", "没有必要", chair)
	b.refused("不需要导入首轮结果", "derive", "-", supervisor)
	b.say("copy", b.path("copy.zpb"))
	b.say("export", b.path("record.zpr"))
	record, err := os.ReadFile(b.path("record.zpr"))
	b.must(err)
	if v, err := ballot.Verify(record, b.model.Server.Public()); err != nil || len(v.Columns) != 2 {
		t.Fatal(err)
	}
	b.refused("找不到文件", "import", b.path("nothing"), b.path("out"))
	b.say("wipe")
}

// The tally process says what is wrong in words, and takes nothing but its work.
func TestTallyProcess(t *testing.T) {
	if err := room.TallyProcess(strings.NewReader("not its work"), io.Discard); err == nil {
		t.Fatal("it worked on nothing")
	}
	if err := room.TallyProcess(strings.NewReader(`{"Round":"R1"}`), io.Discard); err == nil {
		t.Fatal("it worked on an empty log")
	}
}
