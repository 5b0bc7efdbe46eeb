package ballot_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
)

// A suspect is a record file of which nobody knows yet whether it holds.
type suspect struct {
	what string
	file []byte
}

// decoded reads facts so that two programs' can be compared.
func decoded(t *testing.T, b []byte) (v map[string]any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %.300s", err, b)
	}
	return v
}

// compare runs both verifiers over files and holds their verdicts, and all that they have recomputed, against each other. It says how many hold.
func compare(t *testing.T, all []suspect, key string) (hold int) {
	t.Helper()
	for len(all) > 0 {
		n := min(len(all), 200)
		hold += compareSome(t, all[:n], key)
		all = all[n:]
	}
	return hold
}

func compareSome(t *testing.T, all []suspect, key string) (hold int) {
	t.Helper()
	dir := t.TempDir()
	args := []string{"../../packaging/verify/verify_meeting.py", "--facts", "--key", key}
	for i, x := range all {
		path := filepath.Join(dir, strconv.Itoa(i))
		if err := os.WriteFile(path, x.file, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	var stderr bytes.Buffer
	cmd := exec.Command("/usr/bin/python3", args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(out, []byte("\n")), []byte("\n"))
	if stderr.Len() > 0 {
		t.Fatalf("the second verifier broke down at “%s” (%s):\n%s", all[len(lines)-1].what, kept(t, all[min(len(lines), len(all)-1)].file), stderr.Bytes())
	}
	if len(lines) != len(all) {
		t.Fatalf("%d answers for %d files", len(lines), len(all))
	}
	for i, x := range all {
		said := decoded(t, lines[i])
		v, why := ballot.Verify(x.file, key)
		if (said["bad"] != nil) != (why != nil) {
			t.Errorf("%s (%s): this verifier says %v, the second %v", x.what, kept(t, x.file), why, said["bad"])
			continue
		}
		if why != nil {
			continue
		}
		hold++
		b, err := v.Facts()
		if err != nil {
			t.Fatal(err)
		}
		if mine := decoded(t, b); !reflect.DeepEqual(mine, said) {
			t.Errorf("%s (%s): %s", x.what, kept(t, x.file), firstDifference("", mine, said))
		}
	}
	return hold
}

// kept writes a file on which the verifiers differ where it outlives the test.
func kept(t *testing.T, file []byte) string {
	t.Helper()
	f, err := os.CreateTemp("", "differ-*.zpr")
	if err == nil {
		_, err = f.Write(file)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// firstDifference finds where two decoded facts differ.
func firstDifference(at string, a, b any) string {
	x, okX := a.(map[string]any)
	y, okY := b.(map[string]any)
	if okX && okY {
		for k := range x {
			if !reflect.DeepEqual(x[k], y[k]) {
				return firstDifference(at+"/"+k, x[k], y[k])
			}
		}
	}
	return fmt.Sprintf("%s: %v, the second verifier says %v", at, a, b)
}

// rounds of mutation per meeting; many more in a soak.
func mutants() int {
	if os.Getenv("SOAK_S") != "" {
		return 400
	}
	return 16
}

// Two verifiers in two languages say the same, figure for figure, of every invented meeting and of every single change to it, be it of a byte or by
// somebody who has all keys and signs everything again.
func TestVerifiersDoNotDiffer(t *testing.T) {
	key := ballottest.Key(ballot.RoleServer, 1).Public()
	random := rand.New(rand.NewPCG(6, 13))
	var others [][]byte
	changed, hold := 0, 0
	for seed := range uint64(14) {
		r := ballottest.Play(t, &ballot.Memory{}, 100+seed)
		file := r.Record()
		if compare(t, []suspect{{fmt.Sprint("meeting ", seed), file}}, key) != 1 {
			t.Fatalf("meeting %d does not hold", seed)
		}
		log := r.Session.Log()
		if others == nil {
			others = log
		}
		var all []suspect
		for range mutants() {
			what, mutated := mutate(t, random, keyring(r), file, others)
			if bytes.Equal(mutated, file) {
				continue
			}
			all = append(all, suspect{fmt.Sprintf("meeting %d, %s", seed, strings.ReplaceAll(what, "\n", " ")), mutated})
		}
		others = log
		changed += len(all)
		hold += compare(t, all, key)
	}
	t.Logf("%d changed records, of which %d hold in themselves", changed, hold)
	if hold*20 < changed || hold*10 > changed*9 {
		t.Errorf("of %d changed records %d hold: the changes are too coarse or too fine", changed, hold)
	}
}
