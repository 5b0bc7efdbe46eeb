package ballottest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"zhiping/shared/ballot"
)

// killedAt names the environment of the test's own program started again as a sequencer that ends itself: "folder|before" or "folder|after".
const killedAt = "ZHIPING_TEST_KILLED_AT"

// KilledChild is the sequencer, when the program has been started as one: it appends the objects of a folder and is killed at the first that is new, before or
// after the store has written it. It says the index of every receipt it gives. open opens the store by the name in the environment.
func KilledChild(open func(name string) (ballot.Store, error)) {
	dir, where, child := strings.Cut(os.Getenv(killedAt), "|")
	if !child {
		return
	}
	if err := killed(dir, where, open); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func killed(dir, where string, open func(name string) (ballot.Store, error)) error {
	name, err := os.ReadFile(filepath.Join(dir, "store"))
	if err != nil {
		return err
	}
	store, err := open(string(name))
	if err != nil {
		return err
	}
	f := &Failing{Store: store, Fail: killSelf}
	objects, err := readObjects(dir)
	if err != nil {
		return err
	}
	if f.After = 1; where == "before" {
		f.Before, f.After = 1, 0
	}
	s, err := ballot.Begin(context.Background(), f, objects[0], Key(ballot.RoleServer, 1).Public(), Key(ballot.RoleHub, 2))
	if err != nil {
		return err
	}
	for _, o := range objects[1:] {
		receipt, err := s.Append(context.Background(), o)
		if err != nil {
			return err
		}
		fmt.Println(receipt.Index)
	}
	return nil
}

func readObjects(dir string) ([][]byte, error) {
	b, err := os.ReadFile(filepath.Join(dir, "objects"))
	if err != nil {
		return nil, err
	}
	return ballot.ParseBundle(b)
}

// Killed lets a sequencer of its own process append a meeting's objects one by one, and be killed at each of them before and after its store has written
// it. What it gave a receipt for is there, in its place; the log at the end is the one that came of it without a kill. name is the store's, for KilledChild.
func Killed(t *testing.T, name string, again func() ballot.Store) {
	dir := t.TempDir()
	r := New(t, &ballot.Memory{}, 3, 2)
	sent := [][]byte{r.Bytes}
	for _, step := range steps(r) {
		o, err := step()
		r.Append(o, err)
		sent = append(sent, o)
	}
	bundle, err := ballot.EncodeBundle(sent)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "objects"), bundle, 0o600)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "store"), []byte(name), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	kills := 0
	for {
		n := 0
		for _, where := range []string{"before", "after"} {
			if killedOnce(t, dir, where) {
				kills++
				n++
			}
		}
		if n == 0 {
			break
		}
		if kills > 3*len(sent) {
			t.Fatal("it does not get on")
		}
	}
	if kills < 2*len(sent)-1 {
		t.Errorf("%d kills for %d objects", kills, len(sent))
	}
	var log [][]byte
	if _, err := again().Load(context.Background(), func(o []byte) error { log = append(log, bytes.Clone(o)); return nil }); err != nil {
		t.Fatal(err)
	}
	want := r.Session.Log()
	if len(log) != len(want) {
		t.Fatalf("the log has %d objects, want %d", len(log), len(want))
	}
	for i := range log {
		if !bytes.Equal(log[i], want[i]) {
			t.Fatalf("object %d is another", i)
		}
	}
}

// killedOnce runs the child until it ends and reports whether it was killed. Its receipts must be for the places where the objects stand.
func killedOnce(t *testing.T, dir, where string) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), killedAt+"="+dir+"|"+where)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if at++; lines.Text() != fmt.Sprint(at) {
			t.Fatalf("killed %s: object %d got the answer %q", where, at, lines.Text())
		}
	}
	err = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
		return true
	}
	if err != nil {
		t.Fatal(err)
	}
	return false
}

// killSelf ends the program as kill -9 does, without a word.
func killSelf() error {
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = p.Kill()
	}
	return err
}
