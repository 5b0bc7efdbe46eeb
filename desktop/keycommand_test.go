package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"zhiping/shared/ballot"
	"zhiping/shared/fault"
	"zhiping/shared/holder"
)

// runKey runs the program's command line and gives what it prints.
func runKey(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var c commands
	k, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := k.Parse(args)
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stdout
	os.Stdout = w
	defer func() { os.Stdout = old }()
	failed := parsed.Run()
	w.Close()
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out)), failed
}

// The way of a key on the command line: made, handed out, on paper, tried by the server's test envelope, lost, and made again from what was typed.
func TestKeyCommands(t *testing.T) {
	t.Setenv(passphraseVariable, "correct horse 7")
	dir := t.TempDir()
	file, pdf, text := filepath.Join(dir, "k.zpk"), filepath.Join(dir, "k.pdf"), filepath.Join(dir, "text")
	line, err := runKey(t, "key", "new", file, "--name", "王保管（虚构）", "--work", "10")
	if err != nil {
		t.Fatal(err)
	}
	public, err := holder.ParsePublic(line)
	if err != nil || public.Name != "王保管（虚构）" {
		t.Fatal(public, err)
	}
	if again, err := runKey(t, "key", "public", file); err != nil || again != line {
		t.Error(again, err)
	}
	if _, err := runKey(t, "key", "paper", file, pdf); err != nil {
		t.Error(err)
	}
	if b, err := os.ReadFile(pdf); err != nil || !strings.HasPrefix(string(b), "%PDF") {
		t.Error(err)
	}
	if _, err := runKey(t, "key", "paper", file, pdf); fault.CodeOf(err) != fault.State {
		t.Error(err)
	}

	h, err := holder.Load(file, "correct horse 7")
	if err != nil {
		t.Fatal(err)
	}
	c := h.Custodian("K1", "执行主任").Public()
	plain := []byte(strings.Repeat("x", 32))
	envelope, err := ballot.DrillChallenge(c, plain)
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, text, holder.ChallengeText("m", envelope))
	out, err := runKey(t, "key", "drill", file, text)
	if err != nil {
		t.Fatal(err)
	}
	meeting, _, answer, err := holder.ParseAnswer(out)
	if err != nil || ballot.CheckDrill(c, meeting, plain, answer) != nil {
		t.Error(err)
	}

	lines, err := h.Lines()
	if err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(dir, "again.zpk")
	writeText(t, text, strings.Join(lines[1:], "\n"))
	if _, err := runKey(t, "key", "recover", text, again); err == nil || !strings.Contains(err.Error(), "还缺编号01") {
		t.Error(err)
	}
	writeText(t, text, strings.Join(lines, "\n"))
	if _, err := runKey(t, "key", "recover", text, again); err != nil {
		t.Error(err)
	}
	if got, err := runKey(t, "key", "public", again); err != nil || got != line {
		t.Error(got, err)
	}
	t.Setenv(passphraseVariable, "another horse 7")
	if _, err := runKey(t, "key", "public", file); err == nil || !strings.Contains(err.Error(), "口令不正确") {
		t.Error(err)
	}
	t.Setenv(passphraseVariable, "short")
	if _, err := runKey(t, "key", "new", filepath.Join(dir, "n"), "--name", "甲"); err == nil || !strings.Contains(err.Error(), "至少10个字符") {
		t.Error(err)
	}
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Without the variable the passphrase comes from the standard input, twice when it is new.
func TestTypedPassphrase(t *testing.T) {
	type answer struct{ typed, want, words string }
	for _, a := range []answer{{"correct horse 7\ncorrect horse 7\n", "correct horse 7", ""}, {"correct horse 7\r\ncorrect horse 8\r\n", "", "不一致"}, {"short\n", "", "至少10个"}} {
		path := filepath.Join(t.TempDir(), "typed")
		writeText(t, path, a.typed)
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		old := os.Stdin
		os.Stdin = f
		got, err := askPassphrase(true)
		os.Stdin = old
		f.Close()
		if a.words == "" && (got != a.want || err != nil) || a.words != "" && (err == nil || !strings.Contains(err.Error(), a.words)) {
			t.Errorf("%q: %q %v", a.typed, got, err)
		}
	}
}
