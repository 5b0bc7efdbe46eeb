package outbox

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zhiping/desktop/vault"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

var ctx = context.Background()

// childFolder names the environment of the test's own program started again, to be killed while it works.
const childFolder = "ZHIPING_TEST_OUTBOX"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		if err := work(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func openAt(dir string, now func() time.Time) (*Outbox, error) {
	v, err := vault.Open(dir, "clerk", "password-1", true, vault.None{})
	if err != nil {
		return nil, err
	}
	return Open(ctx, dir, v, now)
}

func open(t *testing.T, dir string, now func() time.Time) *Outbox {
	t.Helper()
	o, err := openAt(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

const procedure = "/zhiping.unit.v1.UnitService/SaveUnit"

// work is the child: it puts changes into the outbox and keeps drafts until it is killed, and says what is on the disk.
func work(dir string) error {
	o, err := openAt(dir, time.Now)
	if err != nil {
		return err
	}
	for {
		numbers, err := o.Put(ctx, procedure, []byte("变更"), []byte("变更"))
		if err != nil {
			return err
		}
		if err := o.SaveDraft(ctx, "form", fmt.Appendf(nil, "%d", numbers[1])); err != nil {
			return err
		}
		fmt.Println(numbers[1])
	}
}

// The program is killed at random moments: what it said was kept is there, without a gap, and the draft is the last one or one newer.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(5, 5))
	said := int64(0)
	for range 25 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childFolder+"="+dir)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 1 + random.IntN(20); n > 0 && lines.Scan(); n-- {
			if _, err := fmt.Sscan(lines.Text(), &said); err != nil {
				t.Fatal(err)
			}
		}
		time.AfterFunc(time.Duration(random.IntN(3000))*time.Microsecond, func() { cmd.Process.Kill() })
		for lines.Scan() {
			if _, err := fmt.Sscan(lines.Text(), &said); err != nil {
				t.Fatal(err)
			}
		}
		cmd.Wait()
	}
	o := open(t, dir, time.Now)
	all, err := o.Since(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range all {
		if m.Number != int64(i+1) || m.State != Pending || string(m.Request) != "变更" {
			t.Fatalf("at %d: %+v", i+1, m)
		}
	}
	if int64(len(all)) < said || said < 25 {
		t.Errorf("%d are kept, it said %d", len(all), said)
	}
	var kept int64
	if body, _, err := o.Draft(ctx, "form"); err != nil {
		t.Error(err)
	} else if _, err := fmt.Sscan(string(body), &kept); err != nil || kept < said {
		t.Errorf("the draft is %q, it said %d: %v", body, said, err)
	}
}

func TestLife(t *testing.T) {
	now := time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	o := open(t, dir, func() time.Time { return now })
	name := o.Name()
	numbers, err := o.Put(ctx, procedure, []byte("一"), []byte("二"), []byte("三"))
	if err != nil || fmt.Sprint(numbers) != "[1 2 3]" {
		t.Fatal(numbers, err)
	}
	select {
	case <-o.Done(1):
		t.Fatal("it is done before it was sent")
	default:
	}
	for n, state := range map[int64]string{1: Applied, 2: Conflict} {
		if err := o.Finish(ctx, n, state, 200, []byte("答")); err != nil {
			t.Fatal(err)
		}
		<-o.Done(n)
	}
	if s, err := o.Summary(ctx); err != nil || s.Waiting != 1 || !s.Oldest.Equal(now) || s.Open != 1 {
		t.Fatal(s, err)
	}
	if all, err := o.All(ctx, 10); err != nil || all[0].State != Conflict || all[1].State != Pending {
		t.Fatal("what has to be decided stands first:", all, err)
	}
	// What is open stays however old it is; what is decided goes, and its number is not given again.
	now = now.Add(31 * 24 * time.Hour)
	if err := o.Retain(ctx); err != nil {
		t.Fatal(err)
	}
	if m, err := o.Get(ctx, 2); m == nil || err != nil {
		t.Fatal("an open conflict was forgotten", err)
	}
	if err := errors.Join(o.Decide(ctx, 2, "采用服务器内容"), o.Finish(ctx, 3, Applied, 200, nil)); err != nil {
		t.Fatal(err)
	}
	now = now.Add(31 * 24 * time.Hour)
	if err := o.Retain(ctx); err != nil {
		t.Fatal(err)
	}
	if all, err := o.All(ctx, 10); err != nil || len(all) != 0 {
		t.Fatal(all, err)
	}
	o.Close()
	o = open(t, dir, func() time.Time { return now })
	if numbers, err = o.Put(ctx, procedure, []byte("四")); err != nil || numbers[0] != 4 || o.Name() != name {
		t.Fatal(numbers, err, o.Name(), name)
	}
}

// A server that was restored over does not know the last changes any more: they wait again, if they are still here.
func TestAgain(t *testing.T) {
	o := open(t, t.TempDir(), time.Now)
	if _, err := o.Put(ctx, procedure, []byte("一"), []byte("二"), []byte("三")); err != nil {
		t.Fatal(err)
	}
	for n := range int64(3) {
		if err := o.Finish(ctx, n+1, Applied, 200, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Again(ctx, 2); err != nil {
		t.Fatal(err)
	}
	if all, err := o.Pending(ctx, 0, 10); err != nil || len(all) != 2 || string(all[0].Request) != "二" {
		t.Fatal(all, err)
	}
	if _, err := o.db.Raw().Exec("DELETE FROM mutation WHERE number = 2"); err != nil {
		t.Fatal(err)
	}
	if err := o.Again(ctx, 2); fault.CodeOf(err) != fault.State || !strings.Contains(err.Error(), "第 2 项") {
		t.Error(err)
	}
}

// What waits can be given up; what has its result cannot.
func TestSkip(t *testing.T) {
	o := open(t, t.TempDir(), time.Now)
	if _, err := o.Put(ctx, procedure, []byte("一"), []byte("二")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(o.Finish(ctx, 1, Applied, 200, nil), o.Skip(ctx, 1), o.Skip(ctx, 2)); err != nil {
		t.Fatal(err)
	}
	all, err := o.Since(ctx, 0)
	if err != nil || all[0].Choice != "" || all[0].GivenUp() || !all[1].GivenUp() {
		t.Error(all, err)
	}
}

// A full disk is said in words, and what is kept stays.
func TestDiskFull(t *testing.T) {
	o := open(t, t.TempDir(), time.Now)
	if _, err := o.Put(ctx, procedure, []byte("先")); err != nil {
		t.Fatal(err)
	}
	var pages int
	if err := o.db.Raw().QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if err := o.db.Write(ctx, func(tx *db.Tx) error { // the connection that writes
		_, err := tx.Exec(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages+1))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	big := bytes.Repeat([]byte("大"), 1<<16)
	_, err := o.Put(ctx, procedure, big)
	if fault.CodeOf(err) != fault.State || !strings.Contains(err.Error(), "磁盘空间不足") {
		t.Error(err)
	}
	if err := o.SaveDraft(ctx, "form", big); !strings.Contains(fmt.Sprint(err), "磁盘空间不足") {
		t.Error(err)
	}
	if all, err := o.Since(ctx, 0); err != nil || len(all) != 1 {
		t.Error("what was kept before is gone:", all, err)
	}
	if numbers, err := o.Put(ctx, procedure, []byte("后")); err != nil || numbers[0] != 2 {
		t.Error("after the disk has room again:", numbers, err)
	}
}

// A recovery file put into a folder on another machine goes on there, with the password.
func TestExport(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	o := open(t, dir, time.Now)
	if _, err := o.Put(ctx, procedure, []byte("变更")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "恢复文件.zip")
	if err := o.Export(ctx, dir, file); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if err := os.CopyFS(other, z); err != nil {
		t.Fatal(err)
	}
	there := open(t, other, time.Now)
	if all, err := there.Pending(ctx, 0, 10); err != nil || len(all) != 1 || string(all[0].Request) != "变更" || there.Name() != o.Name() {
		t.Error(all, err)
	}
	if err := o.Export(ctx, dir, filepath.Join(dir, "没有", "x.zip")); fault.CodeOf(err) != fault.Denied {
		t.Error(err)
	}
}

// What the first program with an outbox has left opens in every later one, without loss.
func TestTheFirstVersionOpens(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"work.db", "key.json"} {
		b, err := os.ReadFile(filepath.Join("testdata", "v1", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	o := open(t, dir, time.Now)
	all, err := o.Since(ctx, 0)
	if err != nil || len(all) != 2 || all[0].State != Applied || all[1].State != Pending || string(all[1].Request) != "还没有发出的变更" {
		t.Fatal(all, err)
	}
	if body, _, err := o.Draft(ctx, "form"); err != nil || string(body) != "填到一半的表单" {
		t.Errorf("%s %v", body, err)
	}
	for _, name := range []string{"work.db", "work.db-wal"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		b, err := io.ReadAll(f)
		f.Close()
		if err != nil || bytes.Contains(b, []byte("填到一半")) {
			t.Errorf("%s holds a draft in the clear (%v)", name, err)
		}
	}
}
