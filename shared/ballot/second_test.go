package ballot_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
)

// second runs the second verifier, which was written from the package documentation alone, on a file. status is 0, 1 (does not hold) or 3 (alarms).
func second(t *testing.T, file []byte, key string, facts bool) (status int, out string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "meeting.zpr")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"../../packaging/verify/verify_meeting.py", path}
	if key != "" {
		args = append(args, "--key", key)
	}
	if facts {
		args = append(args, "--facts")
	}
	b, err := exec.Command("/usr/bin/python3", args...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if strings.Contains(string(b), "Traceback") {
			t.Fatalf("the second verifier broke down:\n%s", b)
		}
		return exit.ExitCode(), string(b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, string(b)
}

// same holds what two verifiers recomputed against each other.
func same(t *testing.T, v *ballot.Verified, out string) {
	t.Helper()
	b, err := v.Facts()
	if err != nil {
		t.Fatal(err)
	}
	if mine, said := decoded(t, b), decoded(t, []byte(out)); !reflect.DeepEqual(mine, said) {
		t.Fatal(firstDifference("", mine, said))
	}
}

// agree verifies a record with both programs.
func agree(t *testing.T, file []byte, key string) *ballot.Verified {
	t.Helper()
	v, err := ballot.Verify(file, key)
	if err != nil {
		t.Fatal(err)
	}
	status, out := second(t, file, key, true)
	if want := map[bool]int{false: 0, true: 3}[len(v.Alarms) > 0]; status != want {
		t.Fatalf("the second verifier ends with %d: %s", status, out)
	}
	same(t, v, out)
	return v
}

// Two verifiers in two languages recompute the same from every invented meeting.
func TestTwoVerifiersAgree(t *testing.T) {
	kinds := map[string]int{}
	var all []suspect
	for seed := range uint64(24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := ballottest.Play(t, &ballot.Memory{}, seed)
			file := r.Record()
			v, err := ballot.Verify(file, r.Server.Public())
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, suspect{t.Name(), file})
			for _, o := range r.Session.Log() {
				kind, _, _ := strings.Cut(string(o), "\n")
				if !strings.HasPrefix(kind, "zp-") {
					kind = "envelope"
				}
				kinds[kind]++
			}
			for id := range v.State.Rounds {
				if sheet := v.State.Reconcile(id); sheet != nil && !sheet.Balanced() {
					t.Errorf("round %s does not balance: %+v", id, sheet.Equations)
				}
			}
		})
	}
	if hold := compare(t, all, ballottest.Key(ballot.RoleServer, 1).Public()); hold != len(all) {
		t.Errorf("%d of %d meetings hold", hold, len(all))
	}
	for _, kind := range []string{
		"zp-package/2", "zp-checkin/1", "zp-revoke/1", "zp-attend/2", "zp-opinion/1", "zp-open/2", "envelope", "zp-reject/2", "zp-retreq/1", "zp-return/1", "zp-device/1",
		"zp-quarantine/1", "zp-close/2", "zp-opening/1", "zp-tally/2", "zp-attest/1", "zp-signoff/1", "zp-void/1", "zp-epoch/1", "zp-archive/1", "zp-wipe/1",
	} {
		if kinds[kind] == 0 {
			t.Errorf("no meeting had a %s", kind)
		}
	}
}

// Both read the record of the first version.
func TestSecondVerifierReadsTheFirstVersion(t *testing.T) {
	record, err := os.ReadFile(goldenFile("record.zpr"))
	if err != nil {
		t.Fatal(err)
	}
	agree(t, record, ballottest.Key(ballot.RoleServer, 1).Public())
}
