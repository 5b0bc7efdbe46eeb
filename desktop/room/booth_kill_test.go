package room_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"zhiping/desktop/room"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/box"
)

// boothJob names the environment of the test's own program started again as a booth that ends itself at a step.
const boothJob = "ZHIPING_TEST_BOOTH"

// job is what such a booth does.
type job struct {
	Dir, Address, Pin, Pairing, Server, Expert, Code string
	Step                                             string // at which it kills itself, "" for never
	Cell                                             byte
}

// boothProcess votes; at its step it kills itself with the signal that nothing can catch.
func boothProcess(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	room.SetAtStep(func(step string) {
		if step == j.Step {
			self.Kill() //nolint:errcheck // it does not return
			select {}
		}
	})
	limit, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	b, err := room.OpenBooth(limit, room.BoothOptions{
		Dir: j.Dir, Address: j.Address, Pin: j.Pin, Pairing: j.Pairing, Server: j.Server, Now: func() int64 { return time.Now().UnixMilli() },
	})
	if err != nil {
		return err
	}
	if err := b.CheckIn(limit, j.Expert, j.Code, boothPin); err != nil {
		return err
	}
	if open, err := b.WaitOpen(limit, "R1"); err != nil || !open {
		return fmt.Errorf("not open: %w", err)
	}
	r, err := delivered(limit, b, "R1", j.Cell)
	if err != nil {
		return err
	}
	fmt.Println("receipt", r.Object, r.Reason)
	return b.Close()
}

// A booth is killed at every step of its submission. The next start goes on: one envelope, sealed once, counts, and nothing of it is in the clear. Each has another cell in
// mind after the crash, which must not change anything once the first was sealed.
func TestKilledBooth(t *testing.T) {
	steps := []string{"sealed", "kept", "filed", "sent", "received"}
	h := newHouse(t, len(steps)+1, nil)
	a := h.start()
	a.sit("E06")
	run := func(j job) (string, error) {
		text, err := json.Marshal(j)
		h.must(err)
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), boothJob+"="+string(text))
		var out, bad bytes.Buffer
		c.Stdout, c.Stderr = &out, &bad
		if err := c.Run(); err != nil {
			return out.String(), fmt.Errorf("%w: %s", err, bad.String())
		}
		return out.String(), nil
	}
	var jobs []job
	for i, step := range steps {
		expert := fmt.Sprintf("E%02d", i+1)
		j := job{
			Dir: t.TempDir(), Address: a.address, Pin: a.pin, Pairing: a.hub.Pairing, Server: h.server.Public(), Expert: expert, Code: a.desk.Codes()[expert],
			Step: step, Cell: ballot.Agree,
		}
		l := h.laptop(a.options(j.Dir))
		h.must(l.CheckIn(ctx, expert, j.Code, boothPin))
		l.Close()
		jobs = append(jobs, j)
	}
	h.must(a.desk.OpenRound(ctx, "R1"))
	for _, j := range jobs {
		out, err := run(j)
		if err == nil || strings.Contains(out, "receipt") || !strings.Contains(err.Error(), "killed") {
			t.Fatal(j.Step, "was not killed:", out, err)
		}
		kept := len(query(t, j.Dir, "SELECT bytes FROM sent WHERE kind = 'ENVELOPE'"))
		if want := map[bool]int{true: 0, false: 1}[j.Step == "sealed"]; kept != want {
			t.Fatalf("after %s %d envelopes are kept", j.Step, kept)
		}
		first := query(t, j.Dir, "SELECT bytes FROM sent WHERE kind = 'ENVELOPE'")
		j.Step, j.Cell = "", ballot.Oppose
		for range 2 {
			if out, err = run(j); err != nil || !strings.HasPrefix(out, "receipt") || strings.Contains(out, "REJECTED") {
				t.Fatal(out, err)
			}
		}
		now := query(t, j.Dir, "SELECT bytes FROM sent WHERE kind = 'ENVELOPE'")
		if len(now) != 1 || kept == 1 && !bytes.Equal(first[0], now[0]) || len(envelopesOf(t, j.Dir)) != 1 {
			t.Fatal("sealed again after", j.Step)
		}
	}
	inLog := map[string]int{}
	for _, o := range a.desk.Log() {
		if e, err := ballot.ParseEnvelope(o); err == nil {
			inLog[e.Expert]++
		}
	}
	b, err := a.desk.Board()
	h.must(err)
	if len(a.counted("R1")) != len(steps) || len(b.Rejections) != 0 {
		t.Fatal(a.counted("R1"), b.Rejections)
	}
	for expert, n := range inLog {
		if n != 1 {
			t.Error(expert, "stands in the log", n, "times")
		}
	}
	a.count("R1")
	// Who was killed before anything was kept voted as he then decided; the others as they had sealed.
	if r := a.row("R1").Tally.Results[0]; r.Agree != 4 || r.Oppose != 1 {
		t.Fatalf("%+v", r)
	}
}

// A laptop's file is lost, or an old copy of it put back, but the envelope's own file is there: it is sent, and no other is sealed.
func TestEnvelopeFileAlone(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	all := a.sits(2)
	l := all[0]
	h.must(a.desk.OpenRound(ctx, "R1"))
	l.round("R1", mayVote)
	l.Close()
	old := copyFolder(t, l.dir)
	l = h.laptop(a.options(l.dir))
	h.must(l.CheckIn(ctx, "E01", "", boothPin))
	l.round("R1", mayVote)
	a.close()
	l.vote("R1", ballot.Agree)
	first := l.Package
	l.Close()
	for _, f := range []string{"booth.db", "booth.db-wal", "booth.db-shm"} {
		h.must(removeIfThere(l.dir + "/" + f))
	}
	b, err := os.ReadFile(old + "/booth.db")
	h.must(err)
	h.must(os.WriteFile(l.dir+"/booth.db", b, 0o600))
	a = h.open(h.dir, a.address, h.pkg)
	l = h.laptop(a.options(l.dir))
	h.must(l.CheckIn(ctx, "E01", "", boothPin))
	l.round("R1", tick(room.Received))
	if s, err := l.Submit(ctx, "R1", same(first, ballot.Oppose)); err != nil || s.Receipt == nil || s.Receipt.Reason != "" {
		t.Fatal(s, err)
	}
	if got := a.counted("R1"); got["E01"] != 1 {
		t.Fatal(got)
	}
}

// A laptop's file of the first version is taken over: keys open with their PINs, a ballot with a receipt keeps it, one without is sent, and drafts can be kept.
func TestOldBooth(t *testing.T) {
	h := newHouse(t, 3, nil)
	a := h.start()
	a.sit("E03")
	dir := t.TempDir()
	type old struct {
		expert       string
		voter        *ballot.Voter
		half, sealed []byte
	}
	var all []old
	for i, expert := range []string{"E01", "E02"} {
		s := a.seat(i)
		s.checkIn(a)
		all = append(all, old{expert, s.voter, s.half, oldLock(t, s.voter.Key, boothPin)})
	}
	h.must(a.desk.OpenRound(ctx, "R1"))
	var envelopes [][]byte
	for _, x := range all {
		e, err := x.voter.Seal("R1", same(a.desk.Whole, ballot.Agree), h.now())
		h.must(err)
		envelopes = append(envelopes, e.Raw)
	}
	s := a.seat(0)
	receipt, err := s.send(a, envelopes[0])
	h.must(err)
	write(t, dir, func(run func(string, ...any)) {
		run(`CREATE TABLE object (i INTEGER PRIMARY KEY, bytes BLOB NOT NULL, sum BLOB NOT NULL) STRICT`)
		run(`CREATE TABLE hash (i INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT`)
		run(`CREATE TABLE envelope (round TEXT NOT NULL, expert TEXT NOT NULL, bytes BLOB NOT NULL, receipt BLOB, PRIMARY KEY (round, expert)) STRICT`)
		run(`CREATE TABLE credential (expert TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT`)
		run(`CREATE TABLE checkin (expert TEXT PRIMARY KEY, half BLOB NOT NULL, taken INTEGER NOT NULL DEFAULT 0) STRICT`)
		for _, x := range all {
			run(`INSERT INTO credential (expert, sealed) VALUES (?, ?)`, x.expert, x.sealed)
			run(`INSERT INTO checkin (expert, half, taken) VALUES (?, ?, 1)`, x.expert, x.half)
		}
		run(`INSERT INTO credential (expert, sealed) VALUES ('E09', ?)`, all[0].sealed) // never sent
		run(`INSERT INTO envelope (round, expert, bytes, receipt) VALUES ('R1', 'E01', ?, ?)`, envelopes[0], receipt.Text())
		run(`INSERT INTO envelope (round, expert, bytes) VALUES ('R1', 'E02', ?)`, envelopes[1])
	})
	l := h.laptop(a.options(dir))
	for _, x := range all {
		h.must(l.CheckIn(ctx, x.expert, "", boothPin))
		l.round("R1", tick(room.Received))
		h.must(l.KeepDraft(ctx, "R2", []byte("草稿")))
		if s, err := l.Submit(ctx, "R1", same(l.Package, ballot.Oppose)); err != nil || s.Receipt.Object != ballot.IDOf(envelopes[map[string]int{"E01": 0, "E02": 1}[x.expert]]) {
			t.Fatal(s, err)
		}
	}
	if got := a.counted("R1"); len(got) != 2 {
		t.Fatal(got)
	}
	l.Close()
	l = h.laptop(a.options(dir))
	h.must(l.CheckIn(ctx, "E02", "", boothPin))
	if d, err := l.Draft(ctx, "R2"); err != nil || string(d) != "草稿" {
		t.Fatal(string(d), err)
	}
	l.Close()
	// A file of a newer program is not touched.
	write(t, dir, func(run func(string, ...any)) { run("PRAGMA user_version = 9") })
	if o, err := box.OpenOutbox(ctx, dir+"/booth.db"); err == nil {
		o.Close()
		t.Fatal("a newer file was opened")
	}
}

// oldLock is how the first version kept a key.
func oldLock(t *testing.T, k ballot.Key, pin string) []byte {
	t.Helper()
	r, err := age.NewScryptRecipient(pin)
	if err != nil {
		t.Fatal(err)
	}
	r.SetWorkFactor(14)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(k.Private.Seed()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
