package holder

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"zhiping/shared/ballot"
)

var makeGolden = flag.Bool("golden", false, "make the golden key file anew")

const goldenPassphrase = "golden-passphrase"

func golden(name string) string { return filepath.Join("testdata", name) }

func writeGolden(t *testing.T) {
	h := made(t, "保管人一（虚构）")
	os.Remove(golden("key.zpk"))
	if err := h.Save(golden("key.zpk"), goldenPassphrase, quick); err != nil {
		t.Fatal(err)
	}
	lines, err := h.Lines()
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := ballot.DrillChallenge(h.Custodian("K1", "").Public(), bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	challenge := ChallengeText("M1", envelope)
	answer, err := h.Answer(challenge)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"public.txt": h.Public().Text(), "codes.txt": strings.Join(h.Public().Codes(), "\n"), "lines.txt": strings.Join(lines, "\n"), "drill.txt": challenge, "answer.txt": answer} {
		if err := os.WriteFile(golden(name), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A key file, a paper copy, a public half and a drill that were made once stay good for ever: envelopes lie sealed for years.
func TestGolden(t *testing.T) {
	if *makeGolden {
		writeGolden(t)
	}
	read := func(name string) string {
		b, err := os.ReadFile(golden(name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(string(b), "\n")
	}
	h, err := Load(golden("key.zpk"), goldenPassphrase)
	if err != nil {
		t.Fatal(err)
	}
	if got := h.Public().Text(); got != read("public.txt") {
		t.Error("public half:", got)
	}
	if got := strings.Join(h.Public().Codes(), "\n"); got != read("codes.txt") {
		t.Error("codes:", got)
	}
	for _, text := range []string{read("public.txt"), read("codes.txt")} {
		if p, err := ParsePublic(text); err != nil || p != h.Public() {
			t.Error(p.Name, err)
		}
	}
	lines, err := h.Lines()
	if got := strings.Join(lines, "\n"); err != nil || got != read("lines.txt") {
		t.Error("paper:", got, err)
	}
	b, err := Recover(read("lines.txt"))
	if file, readErr := os.ReadFile(golden("key.zpk")); err != nil || readErr != nil || !bytes.Equal(b, file) {
		t.Error("not the file that the paper was made of", err, readErr)
	}
	if got, err := h.Answer(read("drill.txt")); err != nil || got != read("answer.txt") {
		t.Error("drill:", got, err)
	}
}

// Without its first line a key file is an age file with JSON in it, as the package's text says: whoever has the passphrase does not need this program.
func TestKeyFileWithoutThisProgram(t *testing.T) {
	b, err := os.ReadFile(golden("key.zpk"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(b, []byte("\n"))
	id, err := age.NewScryptIdentity(goldenPassphrase)
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(bytes.NewReader(rest), id)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(plain, &m); err != nil || m["format"] != "zp-key/1" || m["name"] != "保管人一（虚构）" || len(m) != 5 {
		t.Error(m, err)
	}
	for _, k := range []string{"signing", "custodian", "seal"} {
		if s, ok := m[k].(string); !ok || len(s) != 44 { // 32 bytes in base64
			t.Error(k, m[k])
		}
	}
}
