package ballot_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/holder"
)

// makeGolden writes the golden record anew: only for a new version of the format, beside the old ones.
var makeGolden = flag.Bool("make-golden", false, "write testdata/v2 anew")

const goldenPassphrase = "golden-passphrase"

// goldenFile is a file of the first version, goldenTwo of the second.
func goldenFile(name string) string { return filepath.Join("testdata", name) }

func goldenTwo(name string) string { return filepath.Join("testdata", "v2", name) }

// facts is what the golden record says, as text that anybody can read and compare with another verifier's.
func facts(v *ballot.Verified) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\nsize %d\nroot %s\n", v.State.PackageID, v.Size, hex.EncodeToString(v.Root[:]))
	r := v.State.Rounds["R1"]
	fmt.Fprintf(&b, "close %s\ntally %s\ncolumns %s\n", r.CloseID, r.TallyID, hex.EncodeToString(r.Tally.Columns))
	for _, e := range v.State.Counted("R1") {
		fmt.Fprintf(&b, "envelope %s %s commit %s\n", e.Expert, ballot.IDOf(e.Raw), hex.EncodeToString(e.Commit))
	}
	for _, res := range r.Tally.Results {
		fmt.Fprintf(&b, "result %s %d %d %d %d %d %d %d %d %s\n", res.Applicant, res.Agree, res.Oppose, res.Abstain, res.Recused, res.Invalid, res.Missing, res.Base, res.Need, res.Decision)
	}
	return b.String()
}

// The golden record was made once and stays readable for ever: every byte of every object, the ids, the root, the columns, the result; and
// its envelopes still open with their custodians' keys to the same columns.
func TestGolden(t *testing.T) {
	record, err := os.ReadFile(goldenFile("record.zpr"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(goldenFile("facts.txt"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := ballot.Verify(record, ballottest.Key(ballot.RoleServer, 1).Public())
	if err != nil {
		t.Fatal(err)
	}
	if got := facts(v); got != string(want) {
		t.Fatalf("the record says\n%s\nwant\n%s", got, want)
	}
	var keys []*ballot.Secret
	for _, name := range []string{"k1.age", "k3.age"} {
		s, err := holder.OpenCustodian(goldenFile(name), goldenPassphrase)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, s)
	}
	v.State.Rounds["R1"].State = ballot.RoundClosed
	_, columns, err := ballot.OpenRound(v.State, "R1", "test", keys[0], keys[1], ballottest.Key(ballot.RoleHub, 2))
	if err != nil || !bytes.Equal(columns, v.Columns["R1"]) {
		t.Fatalf("the envelopes open to other columns: %v", err)
	}
}

// goldenMeeting is the meeting of the second version's golden record: every kind of object, all kinds of rounds.
func goldenMeeting(t *testing.T) *ballottest.Room {
	t.Helper()
	store := &ballot.Memory{}
	r := ballottest.New(t, store, 5, 3)
	p := r.Package
	p.Experts[2].Recused = []string{"A0003"}
	p.Rounds[1].Trim, p.Rounds[1].Rule, p.Rounds[1].Value, p.Rounds[1].Divisor = 1, ballot.RuleTop, 2, 30
	p.Items = []ballot.Item{{Round: "R2", Number: 1, Name: "业绩", Weight: 20, Max: 100}, {Round: "R2", Number: 2, Name: "能力", Weight: 10, Max: 50}}
	store = &ballot.Memory{}
	r.Issue(store)
	r.CheckIn(5)
	r.Opinion(r.Voters[0], "A0001")
	random := mathrand.New(mathrand.NewPCG(2, 2))
	r.Open("R1")
	first := r.VoteNext(r.Voters[0], "R1", r.Ballot(ballot.Oppose))
	r.Return(r.Voters[0], first, true)
	r.VoteNext(r.Voters[0], "R1", r.Ballot(ballot.Agree))
	r.Lose(r.Voters[0], ballottest.Key(ballot.RoleExpert, 201))
	r.VoteNext(r.Voters[1], "R1", r.Ballot(ballot.Agree))
	second, err := r.Voters[1].Seal("R1", r.Ballot(ballot.Abstain), r.Now())
	r.Append(second.Raw, err)
	r.VoteNext(r.Voters[2], "R1", r.Ballot(ballot.Agree))
	r.VoteNext(r.Voters[3], "R1", r.Ballot(ballot.Abstain))
	r.Append(r.Attend(4, ballot.Absent, "临时有事").Sign(r.Staff, r.Chair, r.Supervisor))
	r.DeviceWord(r.Voters[0], "R1")
	r.Append((&ballot.Quarantine{Session: p.Session, Object: make([]byte, 32), Reason: "无法识别的文件", At: r.Now()}).Sign(r.Hub))
	r.Close("R1")
	r.Reopen("R1")
	r.TakeOver(store)
	r.Close("R1")
	r.Tally("R1", "1,3", 0, 2)
	r.Attest(r.Voters[0], "R1")
	r.Append(r.SignOffObject("R1"))
	for _, id := range []string{"R2", "R3"} {
		r.Open(id)
		for _, v := range r.Voters {
			r.VoteNext(v, id, r.Random(random, id))
		}
		if id == "R3" {
			r.Close(id)
			id = r.Void(id)
			r.Open(id)
			for _, v := range r.Voters {
				r.VoteNext(v, id, r.Random(random, id))
			}
		}
		r.Finish(id, "2,3", 1, 2)
	}
	r.Archive()
	r.Append((&ballot.Wipe{Session: p.Session, Expert: "E01", Device: "laptop2", At: r.Now()}).Sign(r.Voters[0].Key))
	return r
}

func writeGolden(t *testing.T) {
	t.Helper()
	if err := os.MkdirAll(goldenTwo("objects"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := goldenMeeting(t)
	record := r.Record()
	write := func(name string, content []byte) {
		if err := os.WriteFile(goldenTwo(name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("record.zpr", record)
	_, out := second(t, record, r.Server.Public(), true)
	write("facts.json", []byte(out))
	for id, columns := range r.Columns {
		write("columns-"+id+".txt", columns)
	}
	e, err := ballot.ParseEvidence(record)
	if err != nil {
		t.Fatal(err)
	}
	write("checkpoint.txt", e.Checkpoint)
	seen := map[string]bool{}
	for _, o := range e.Log {
		kind, _, _ := strings.Cut(string(o), "\n")
		name := strings.ReplaceAll(kind, "/", "-") + ".txt"
		if env, err := ballot.ParseEnvelope(o); err == nil {
			o, name = env.Note, "zp-envelope-1.txt"
			if !seen[name] {
				receipt, err := r.Session.Append(ctx, env.Raw)
				if err != nil {
					t.Fatal(err)
				}
				write("receipt.txt", receipt.Text())
			}
		}
		if !seen[name] {
			write(filepath.Join("objects", name), o)
		}
		seen[name] = true
	}
	for i, name := range map[int]string{0: "k1.age", 2: "k3.age"} {
		os.Remove(goldenTwo(name))
		if err := r.Holders[i].Save(goldenTwo(name), goldenPassphrase, 10); err != nil {
			t.Fatal(err)
		}
	}
}

// The golden record of the second version: both verifiers say what was said when it was made, its receipt holds, its objects are written as they are read,
// and its envelopes still open to the same columns.
func TestGoldenTwo(t *testing.T) {
	if *makeGolden {
		writeGolden(t)
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(goldenTwo(name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	record := read("record.zpr")
	v := agree(t, record, ballottest.Key(ballot.RoleServer, 1).Public())
	same(t, v, string(read("facts.json")))
	objects, err := os.ReadDir(goldenTwo("objects"))
	if err != nil || len(objects) < 21 {
		t.Fatal(len(objects), err)
	}
	for _, f := range objects {
		o := read(filepath.Join("objects", f.Name()))
		if again, err := ballot.Rewrite(o); err != nil || again != ballot.TextOf(o) {
			t.Fatal(f.Name(), err)
		}
	}
	e, err := ballot.ParseEvidence(record)
	if err != nil {
		t.Fatal(err)
	}
	first := slices.IndexFunc(e.Log, func(o []byte) bool { _, err := ballot.ParseEnvelope(o); return err == nil })
	if _, err := ballot.CheckReceipt(read("receipt.txt"), e.Log[first], v.State.Package); err != nil {
		t.Fatal(err)
	}
	var keys []*ballot.Secret
	for _, name := range []string{"k1.age", "k3.age"} {
		s, err := holder.OpenCustodian(goldenTwo(name), goldenPassphrase)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, s)
	}
	v.State.Rounds["R1"].State = ballot.RoundClosed
	_, columns, err := ballot.OpenRound(v.State, "R1", "test", keys[0], keys[1], ballottest.Key(ballot.RoleHub, 6))
	if err != nil || !bytes.Equal(columns, read("columns-R1.txt")) {
		t.Fatalf("the envelopes open to other columns: %v", err)
	}
}
