package imports_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"zhiping/desktop/imports"
	"zhiping/desktop/outbox"
	"zhiping/desktop/vault"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	"zhiping/proto/gen/zhiping/application/v1/applicationv1connect"
	"zhiping/shared/fault"
	"zhiping/shared/sheet"
)

var ctx = context.Background()

type (
	message = *applicationv1.Application
	row     = *sheet.Row[message]
	batch   = *imports.Batch[message]
)

const subject = "0190a7c0-0000-7000-8000-000000000001"

// people is a template with three columns.
func people() *sheet.Sheet[message] {
	return &sheet.Sheet[message]{
		Name: "people", Title: "人员表", New: func() message { return &applicationv1.Application{} },
		Columns: []sheet.Column[message]{{Field: applicationv1.Application_Name}, {Field: applicationv1.Application_School}, {Field: applicationv1.Application_GraduatedOn}},
	}
}

func openBox(dir string) (*outbox.Outbox, error) {
	v, err := vault.Open(dir, "clerk", "password-1", true, vault.None{})
	if err != nil {
		return nil, err
	}
	box, err := outbox.Open(ctx, dir, v, time.Now)
	if err == nil {
		err = box.Retain(ctx) // as signing in does
	}
	return box, err
}

func open(t *testing.T, dir string) *outbox.Outbox {
	t.Helper()
	box, err := openBox(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	return box
}

// file writes a workbook of n rows; every row whose number can be divided by bad has a wrong date.
func file(t *testing.T, dir string, n, bad int) string {
	t.Helper()
	path := filepath.Join(dir, "people.xlsx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := iter.Seq[message](func(yield func(message) bool) {
		for i := 1; i <= n; i++ {
			a := &applicationv1.Application{Name: fmt.Sprintf("人员%d", i), School: "某某大学", GraduatedOn: "2012-07-01"}
			if bad > 0 && i%bad == 0 {
				a.GraduatedOn = "明年"
			}
			if !yield(a) {
				return
			}
		}
	})
	if err := people().Write(f, all); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, box *outbox.Outbox, path string) batch {
	t.Helper()
	_, hash, err := imports.Known(ctx, box, "people", subject, path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := imports.Read(ctx, box, judge, people(), subject, "经办人", path, hash, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// judge is the server's answer as the tests write it: "id:reason" lines.
func judge(m *outbox.Mutation) map[string]*fault.Error {
	all := map[string]*fault.Error{}
	for line := range strings.SplitSeq(string(m.Answer), "\n") {
		if id, why, ok := strings.Cut(line, ":"); ok {
			all[id] = fault.New(fault.Invalid, "%s", why)
		}
	}
	return all
}

// queued is the sender of the tests: rows go into the outbox as the desktop's calls do.
func queued(box *outbox.Outbox, each func()) imports.Sender[message] {
	return func(ctx context.Context, rows []row) error {
		r := &applicationv1.ImportApplicationsRequest{}
		for _, x := range rows {
			x.Message.Id, x.Message.ActivityId = x.ID, subject
			r.Applications = append(r.Applications, x.Message)
		}
		b, err := proto.Marshal(r)
		if err == nil {
			_, err = box.Put(ctx, applicationv1connect.ApplicationServiceImportApplicationsProcedure, b)
		}
		each()
		return err
	}
}

// carried are the names of all rows in the outbox, in order, and how often each id is there.
func carried(t *testing.T, box *outbox.Outbox) (names []string, ids map[string]int) {
	t.Helper()
	all, err := box.Since(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	ids = map[string]int{}
	for _, m := range all {
		r := &applicationv1.ImportApplicationsRequest{}
		if err := proto.Unmarshal(m.Request, r); err != nil {
			t.Fatal(err)
		}
		for _, a := range r.Applications {
			names = append(names, a.Name)
			ids[a.Id]++
		}
	}
	return names, ids
}

const childFolder = "ZHIPING_TEST_IMPORT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		if err := work(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println("done")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// work is the child: it goes on with what was confirmed, as the desktop does when it starts, and says every part that is on the disk.
func work(dir string) error {
	box, err := openBox(dir)
	if err != nil {
		return err
	}
	waiting, err := box.Unfinished(ctx)
	if err != nil {
		return err
	}
	for _, i := range waiting {
		if _, err := imports.Resume(ctx, box, judge, people(), i, queued(box, func() { fmt.Println("part") })); err != nil {
			return err
		}
	}
	return box.Close()
}

// The program is killed again and again while an import goes to the server: in the end every good row is in the outbox exactly once, in its order.
func TestKilledWhileSending(t *testing.T) {
	dir := t.TempDir()
	box, err := openBox(dir)
	if err != nil {
		t.Fatal(err)
	}
	const n, bad = 3000, 7
	b := read(t, box, file(t, dir, n, bad))
	if err := errors.Join(box.SetImport(ctx, b.Import.ID, outbox.Confirmed), box.Close()); err != nil { // confirmed, and the power goes
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(7, 7))
	kills := 0
	for done := false; !done; {
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
		for i := 1 + random.IntN(3); i > 0 && lines.Scan(); i-- {
			done = done || lines.Text() == "done"
		}
		if !done {
			kills++
			time.AfterFunc(time.Duration(random.IntN(3000))*time.Microsecond, func() { cmd.Process.Kill() })
		}
		for lines.Scan() {
			done = done || lines.Text() == "done"
		}
		cmd.Wait()
	}
	box = open(t, dir)
	names, ids := carried(t, box)
	if want := n - n/bad; len(names) != want || len(ids) != want || kills < 5 {
		t.Fatalf("%d rows with %d ids after %d kills, want %d", len(names), len(ids), kills, want)
	}
	at := 0
	for i := 1; i <= n; i++ {
		if i%bad != 0 {
			if want := fmt.Sprintf("人员%d", i); names[at] != want {
				t.Fatalf("row %d is %s, want %s", at, names[at], want)
			}
			at++
		}
	}
	if left, err := box.Unfinished(ctx); err != nil || len(left) > 0 {
		t.Error("it is still to be done:", left, err)
	}
}

func TestWhatTheServerSays(t *testing.T) {
	dir := t.TempDir()
	box := open(t, dir)
	b := read(t, box, file(t, dir, 150, 0))
	out, err := b.Send(ctx, queued(box, func() {}), func(int, int) {})
	if err != nil || out.Waiting != 150 || out.Taken != 0 {
		t.Fatal(out, err)
	}
	_, ids := carried(t, box)
	var first string
	r := &applicationv1.ImportApplicationsRequest{}
	m, err := box.Get(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(m.Request, r); err != nil {
		t.Fatal(err)
	}
	first = r.Applications[3].Id
	if err := errors.Join(box.Finish(ctx, 1, outbox.Rejected, 200, []byte(first+":该人员已申报")), box.Finish(ctx, 2, outbox.Rejected, 400, []byte(":活动已截止"))); err != nil {
		t.Fatal(err)
	}
	b, err = imports.Last(ctx, box, judge, people(), subject)
	if err != nil {
		t.Fatal(err)
	}
	if good, failed := b.Count(); good != 0 || failed != 51 || len(ids) != 150 {
		t.Fatal(good, failed)
	}
	if r := b.Failed(0); r.ID != first || r.Reasons() != "该人员已申报" || b.Failed(1).Reasons() != "活动已截止" {
		t.Error(r, b.Failed(1).Reasons())
	}
	// Corrected, it is the same record under the same id, and what the server had said is forgotten.
	if r, whole, err := b.Edit(ctx, 0, 0, "人员四"); err != nil || !whole || r.ID != first {
		t.Fatal(r, whole, err)
	}
	if _, err := b.Send(ctx, queued(box, func() {}), func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	if _, ids := carried(t, box); ids[first] != 2 || len(ids) != 150 {
		t.Error(ids[first], len(ids))
	}
}

// A procedure that goes straight to the server answers at once; what fails stays to be confirmed again.
func TestStraightToTheServer(t *testing.T) {
	dir := t.TempDir()
	box := open(t, dir)
	b := read(t, box, file(t, dir, 250, 0))
	parts := 0
	seen := map[string]int{}
	send := func(_ context.Context, rows []row) error {
		if parts++; parts == 2 {
			return fault.New(fault.Offline, "服务器连接不上")
		}
		for _, r := range rows {
			seen[r.ID]++
		}
		rows[0].Add("已存在")
		return nil
	}
	if out, err := b.Send(ctx, send, func(int, int) {}); fault.CodeOf(err) != fault.Offline || out.Taken != 99 || out.Refused != 1 {
		t.Fatal(out, err)
	}
	if good, failed := b.Count(); good != 150 || failed != 1 {
		t.Fatal(good, failed)
	}
	if out, err := b.Send(ctx, send, func(int, int) {}); err != nil || out.Taken != 148 {
		t.Fatal(out, err)
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s was sent %d times", id, n)
		}
	}
}

func TestKnown(t *testing.T) {
	dir := t.TempDir()
	box := open(t, dir)
	path := file(t, dir, 3, 3)
	known := func(subject string) *outbox.Import {
		i, _, err := imports.Known(ctx, box, "people", subject, path)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	b := read(t, box, path)
	if i := known(subject); i != nil {
		t.Fatal("it was only read:", i)
	}
	if _, err := b.Send(ctx, queued(box, func() {}), func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	if i := known(subject); i == nil || i.By != "经办人" || i.File != "people.xlsx" || i.Rows[outbox.RowSent] != 2 || i.Rows[outbox.RowFailed] != 1 {
		t.Fatal(i)
	}
	if i := known("another"); i != nil {
		t.Error("for another purpose:", i)
	}
	file(t, dir, 4, 3)
	if i := known(subject); i != nil {
		t.Error("another file:", i)
	}
}

// What was being read when the program was killed is gone, and the file is read anew.
func TestKilledWhileReading(t *testing.T) {
	dir := t.TempDir()
	box, err := openBox(dir)
	if err != nil {
		t.Fatal(err)
	}
	i := &outbox.Import{ID: "1", Template: "people", Subject: subject}
	if err := errors.Join(box.BeginImport(ctx, i), box.AddImportRows(ctx, "1", []outbox.ImportRow{{Seq: 1, State: outbox.RowGood, Body: []byte("{}")}}), box.Close()); err != nil {
		t.Fatal(err)
	}
	box = open(t, dir)
	if all, err := box.Imports(ctx, "", ""); err != nil || len(all) > 0 {
		t.Fatal(all, err)
	}
	if b, err := imports.Last(ctx, box, judge, people(), subject); b != nil || err != nil {
		t.Fatal(b, err)
	}
}

// A hundred thousand rows are read, looked at, corrected and handed over in memory that does not grow with them.
func TestFlatMemory(t *testing.T) {
	dir := t.TempDir()
	box := open(t, dir)
	const n, bad = 100_000, 10
	path := file(t, dir, n, bad)
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	most := uint64(0)
	look := func() {
		runtime.GC()
		runtime.ReadMemStats(&now)
		most = max(most, now.HeapAlloc)
	}
	_, hash, err := imports.Known(ctx, box, "people", subject, path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := imports.Read(ctx, box, judge, people(), subject, "经办人", path, hash, func(rows int) {
		if rows%20_000 == 0 {
			look()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if good, failed := b.Count(); good != n-n/bad || failed != n/bad {
		t.Fatal(good, failed)
	}
	for i := range n / bad {
		if r := b.Failed(i); len(r.Problems) != 1 || r.Message.Name != fmt.Sprintf("人员%d", (i+1)*bad) {
			t.Fatal(i, r)
		}
	}
	look()
	if err := b.Export(ctx, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	parts := 0
	out, err := b.Send(ctx, func(context.Context, []row) error {
		if parts++; parts%200 == 0 {
			look()
		}
		return nil
	}, func(int, int) {})
	if err != nil || out.Taken != n-n/bad {
		t.Fatal(out, err)
	}
	if grown := int64(most) - int64(before.HeapAlloc); grown > 32<<20 {
		t.Errorf("the heap grew by %d MB", grown>>20)
	}
}
