package ballot_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
)

// makeGolden writes the golden record anew: only for a new version of the format, beside the old one.
var makeGolden = flag.Bool("make-golden", false, "write testdata anew")

const goldenPassphrase = "golden-passphrase"

func goldenFile(name string) string { return filepath.Join("testdata", name) }

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
	if *makeGolden {
		writeGolden(t)
	}
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
		s, err := ballot.LoadSecret(goldenFile(name), goldenPassphrase)
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

func writeGolden(t *testing.T) {
	t.Helper()
	r, columns := held(t)
	record := r.Evidence(columns).Encode(r.Package)
	v, err := ballot.Verify(record, r.Server.Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"record.zpr": record, "facts.txt": []byte(facts(v)), "columns.txt": columns["R1"], "package.txt": r.Bytes} {
		if err := os.WriteFile(goldenFile(name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range map[int]string{0: "k1.age", 2: "k3.age"} {
		os.Remove(goldenFile(name))
		if err := r.Custodians[i].Save(goldenFile(name), goldenPassphrase, 10); err != nil {
			t.Fatal(err)
		}
	}
}
