package room_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zhiping/desktop/room"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/room/stick"
)

// Every step of the hub is ended once by SIGKILL at each of its failpoints, in a process of its own; then it is taken again. What must hold each time: the folder
// opens, the record is whole, what was done stays done, and the step can be taken (or says that it has been).

// The environment of the test's own program started again to take one step in a folder: the folder, and the failpoint at which it dies ("" for none).
const (
	stepFolder = "ZHIPING_TEST_STEP"
	stepPoint  = "ZHIPING_TEST_POINT"
)

// officers are the keys of tests.
func officers() (server, chair, supervisor ballot.Key) {
	return ballottest.Key(ballot.RoleServer, 1), ballottest.Key(ballot.RoleChair, 4), ballottest.Key(ballot.RoleSupervisor, 5)
}

// stepProcess takes one step in a folder and ends.
func stepProcess(dir string, a []string) error {
	server, _, _ := officers()
	clock := int64(1772413300000)
	h, err := room.OpenHub(ctx, dir, server.Public(), func() int64 { clock++; return clock })
	if err != nil {
		return err
	}
	h.Teller = []string{os.Args[0], tallyArgument}
	h.SetPoint(func(name string) {
		if name == os.Getenv(stepPoint) {
			p, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = p.Kill()
			}
			panic(err) // not reached: the kill ends the program
		}
	})
	if err := takeStep(h, h.Rooms[0], a); err != nil {
		return err
	}
	return h.Close()
}

// takeStep is one of the steps that are killed.
func takeStep(h *room.Hub, d *room.Desk, a []string) error {
	_, chair, supervisor := officers()
	switch a[0] {
	case "import":
		b, err := os.ReadFile(a[1])
		if err == nil {
			_, err = h.Import(ctx, b)
		}
		return err
	case "open":
		return d.OpenRound(ctx, a[1])
	case "reopen":
		return d.Reopen(ctx, a[1], "补交", chair)
	case "return":
		return d.Return(ctx, "R1", a[1], "核对")
	case "mark":
		return d.Mark(ctx, a[1], ballot.Left, "离场", chair, supervisor)
	case "revoke":
		_, err := d.Revoke(ctx, a[1], "丢失")
		return err
	case "close":
		x, err := d.Exceptions(a[1])
		if err != nil {
			return err
		}
		return d.CloseWith(ctx, a[1], x, chair)
	case "opening":
		s, err := room.LoadCustodian(room.KeyFile{Path: a[2], Passphrase: passphrase}, d.Whole)
		if err != nil {
			return err
		}
		return d.Opening(ctx, a[1], "1,3", s)
	case "tally":
		return d.Tally(ctx, a[1], room.KeyFile{Path: a[2], Passphrase: passphrase}, room.KeyFile{Path: a[3], Passphrase: passphrase})
	case "sign":
		return d.SignOff(ctx, a[1], "1", chair, supervisor)
	case "void":
		_, err := d.Void(ctx, a[1], "作废", true, chair, supervisor)
		return err
	case "derive":
		return d.Derive(ctx, nil, chair)
	case "takeover":
		return h.TakeOver(ctx, "", "主机损坏", chair)
	case "wipe":
		return h.Wipe(ctx, true)
	}
	return fmt.Errorf("no step %q", a[0])
}

// run takes a step in a process; it reports whether the process was killed at the failpoint.
func (h *house) run(dir, point string, step ...string) (dead bool, err error) {
	h.t.Helper()
	cmd := exec.Command(os.Args[0], step...)
	cmd.Env = append(os.Environ(), stepFolder+"="+dir, stepPoint+"="+point)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() == -1 {
		return true, nil
	}
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return false, err
}

// killedAt kills a step at each of its failpoints, one after the other, each time from the folder as it was, and in the end takes it. done reports whether
// the step has been done, from the log alone.
func (h *house) killedAt(dir string, points []string, done func(*ballot.State) bool, step ...string) {
	h.t.Helper()
	for _, point := range points {
		copied := copyFolder(h.t, dir)
		dead, err := h.run(copied, point, step...)
		if err != nil || !dead {
			h.t.Fatalf("%s was not killed at %q: %v", step[0], point, err)
		}
		was := h.look(copied, done)
		if before := strings.HasPrefix(point, "before "); before && was {
			h.t.Errorf("%s killed %s is done", step[0], point)
		}
		if after := strings.HasPrefix(point, "after "); after && !was {
			h.t.Errorf("%s killed %s is not done: it was durable", step[0], point)
		}
		_, err = h.run(copied, "", step...)
		if err != nil && !was {
			h.t.Errorf("%s killed at %q cannot be taken again: %v", step[0], point, err)
		}
		if !h.look(copied, done) {
			h.t.Errorf("%s killed at %q and taken again is not done", step[0], point)
		}
	}
	if _, err := h.run(dir, "", step...); err != nil {
		h.t.Fatal(err)
	}
	if !h.look(dir, done) {
		h.t.Fatalf("%s is not done", step[0])
	}
}

// look opens a folder, proves its record and asks its state.
func (h *house) look(dir string, ask func(*ballot.State) bool) (yes bool) {
	h.t.Helper()
	hub, err := room.OpenHub(ctx, dir, h.server.Public(), h.now)
	h.must(err)
	defer hub.Close()
	d := hub.Rooms[0]
	d.View(func(s *ballot.State) { yes = ask(s) })
	if !d.Sequencer().Session.Sequencer() {
		return yes
	}
	record, err := d.Export()
	h.must(err)
	_, err = ballot.Verify(record, h.server.Public())
	h.must(err)
	return yes
}

func copyFolder(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// around are the failpoints before and after an object is durable.
func around(kind string) []string { return []string{"before zp-" + kind, "after zp-" + kind} }

// file writes a bundle for a hub.
func (h *house) file(hub string, objects ...[]byte) string {
	h.t.Helper()
	b, err := stick.ToHub(hub, objects)
	h.must(err)
	path := filepath.Join(h.t.TempDir(), "x.zpb")
	h.must(os.WriteFile(path, b, 0o600))
	return path
}

func TestKilledAtEveryStep(t *testing.T) {
	h := newHouse(t, 4, nil)
	a := h.start()
	seats := []*seat{a.seat(0), a.seat(1), a.seat(2), a.seat(3)}
	for i, s := range seats {
		var err error
		s.half, err = s.voter.CheckIn(s.code, h.now())
		if h.must(err); i > 0 {
			s.checkIn(a)
		}
	}
	seal := func(s *seat, round string, after ballot.Chain) []byte {
		e, _, err := s.voter.SealNext(round, after, h.model.Ballot(ballot.Agree), h.now())
		h.must(err)
		return e.Raw
	}
	var votes [][]byte
	for _, s := range seats {
		votes = append(votes, seal(s, "R1", ballot.Chain{}))
	}
	wish := ballot.IDOf(votes[1])
	request, err := (&ballot.Request{Session: a.desk.Session, Envelope: wish[:], Reason: "误选", At: 1}).Sign(seats[1].voter.Key)
	h.must(err)
	hub := a.desk.Whole.Hub
	a.close()
	dir := h.dir
	has := func(expert string) func(*ballot.State) bool {
		return func(s *ballot.State) bool { return s.InForce("R1", expert) != nil }
	}
	// Check-in: credential and attendance are two entries; killed between them, the attendance follows.
	half := seats[0].half
	h.killedAt(copyFolder(t, dir), append(around("checkin"), "object", "imported"), func(s *ballot.State) bool { return s.Credentials["E01"] != "" }, "import", h.file(hub, half))
	if dead, err := h.run(h.dir, "after zp-checkin", "import", h.file(hub, half)); err != nil || !dead {
		t.Fatal(dead, err)
	}
	if _, err := h.run(h.dir, "", "import", h.file(hub, half)); err != nil || !h.look(dir, func(s *ballot.State) bool { return s.Status["E01"] == ballot.Present }) {
		t.Fatal("who was checked in when the hub died is not present:", err)
	}
	h.killedAt(dir, around("open"), func(s *ballot.State) bool { return s.Rounds["R1"].State == ballot.RoundOpen }, "open", "R1")
	if !h.look(dir, func(s *ballot.State) bool { return len(s.Rounds["R1"].Present) == 4 }) {
		t.Fatal("an expert who was checked in is not in the round")
	}
	h.killedAt(dir, append(around("envelope"), "object", "imported"), has("E01"), "import", h.file(hub, votes[0]))
	h.killedAt(dir, []string{"object", "imported"}, has("E02"), "import", h.file(hub, votes[1], votes[2], votes[0]))
	h.killedAt(dir, around("retreq"), func(s *ballot.State) bool { return s.RequestFor(wish) != "" }, "import", h.file(hub, request))
	h.killedAt(dir, around("quarantine"), func(s *ballot.State) bool { return len(s.Quarantined) == 1 }, "import", h.file(hub, []byte("zp-future/1\nx\n")))
	h.killedAt(dir, around("return"), func(s *ballot.State) bool { return len(s.Rounds["R1"].Returns) == 1 }, "return", "E02")
	h.killedAt(dir, around("attend"), func(s *ballot.State) bool { return s.Status["E04"] == ballot.Left }, "mark", "E04")
	h.killedAt(dir, around("revoke"), func(s *ballot.State) bool { return s.Credentials["E04"] == "" }, "revoke", "E04")
	closed := func(s *ballot.State) bool { return s.Rounds["R1"].State == ballot.RoundClosed }
	h.killedAt(dir, around("close"), closed, "close", "R1")
	h.killedAt(dir, around("open"), func(s *ballot.State) bool { return s.Rounds["R1"].State == ballot.RoundOpen }, "reopen", "R1")
	h.killedAt(dir, around("close"), closed, "close", "R1")
	one, three := h.keyFile(0), h.keyFile(2)
	h.killedAt(dir, around("opening"), func(s *ballot.State) bool { return len(s.Rounds["R1"].Openers) == 1 }, "opening", "R1", one.Path)
	h.killedAt(dir, around("opening"), func(s *ballot.State) bool { return len(s.Rounds["R1"].Openers) == 2 }, "opening", "R1", three.Path)
	h.killedAt(dir, append(around("tally"), "opened"), func(s *ballot.State) bool {
		r := s.Rounds["R1"]
		return r.State == ballot.RoundOpened && r.Tally.Results[0].Agree == 2
	}, "tally", "R1", one.Path, three.Path)
	h.killedAt(copyFolder(t, dir), around("void"), func(s *ballot.State) bool { return s.Rounds["R1~2"] != nil }, "void", "R1")
	h.killedAt(dir, around("signoff"), func(s *ballot.State) bool { return s.Rounds["R1"].Signed }, "sign", "R1")
	// The spare takes over from a copy that is itself killed on the way in.
	a = h.open(dir, "127.0.0.1:0")
	copied, err := a.desk.Copy()
	h.must(err)
	path, size := filepath.Join(t.TempDir(), "copy.zpb"), int64(len(a.desk.Log()))
	h.must(os.WriteFile(path, copied, 0o600))
	a.close()
	b := h.spare(nil)
	b.close()
	h.killedAt(h.spareDir, []string{"copied", "after zp-checkin"}, func(s *ballot.State) bool { return s.Size() == size }, "import", path)
	h.killedAt(h.spareDir, around("epoch"), func(s *ballot.State) bool { return s.Epoch == 2 }, "takeover")
}

// A wipe that is killed leaves a hub that cannot be opened with new keys, and is finished by doing it again.
func TestKilledWipe(t *testing.T) {
	h := newHouse(t, 3, nil) // a rehearsal: nobody archives it
	a := h.start()
	a.close()
	dead, err := h.run(h.dir, "wiping", "wipe")
	if err != nil || !dead {
		t.Fatal(dead, err)
	}
	if _, err := openAgain(h); err == nil {
		t.Fatal("a hub whose wiping was begun was opened")
	}
	h.must(room.WipeFolder(h.dir))
	h.must(room.WipeFolder(h.dir))
	for _, name := range []string{"hub.json", "codes.json"} {
		if _, err := os.Stat(filepath.Join(h.dir, name)); !os.IsNotExist(err) {
			t.Error(name, err)
		}
	}
}
