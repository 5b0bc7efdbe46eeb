package ballot

import (
	"bytes"
	"testing"

	"zhiping/shared/fault"
)

// Only the custodian whose key a test was sealed to can answer it, for that meeting and that test.
func TestDrill(t *testing.T) {
	var all []*Secret
	for _, id := range []string{"K1", "K2"} {
		s, err := NewSecret(id, "保管人（虚构）", "监督人员")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	plain := bytes.Repeat([]byte{7}, 32)
	challenge, err := DrillChallenge(all[0].Public(), plain)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := all[0].AnswerDrill("M1", challenge)
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckDrill(all[0].Public(), "M1", plain, answer); err != nil {
		t.Fatal(err)
	}
	if _, err := all[1].AnswerDrill("M1", challenge); fault.CodeOf(err) != fault.State {
		t.Fatal("another custodian opened it:", err)
	}
	bad := bytes.Clone(answer)
	bad[3] ^= 1
	for name, err := range map[string]error{
		"another meeting":   CheckDrill(all[0].Public(), "M2", plain, answer),
		"another test":      CheckDrill(all[0].Public(), "M1", bytes.Repeat([]byte{8}, 32), answer),
		"another custodian": CheckDrill(all[1].Public(), "M1", plain, answer),
		"a changed answer":  CheckDrill(all[0].Public(), "M1", plain, bad),
		"no answer":         CheckDrill(all[0].Public(), "M1", plain, nil),
	} {
		if fault.CodeOf(err) != fault.Invalid {
			t.Error(name, err)
		}
	}
}
