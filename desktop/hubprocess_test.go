package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
)

// process is this program, running.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string // of its standard output; closed at its end
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0], args...), lines: make(chan string, 100)}
	p.cmd.Env = append(os.Environ(), programAgain+"=1")
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	p.in = in
	go func() {
		defer close(p.lines)
		s := bufio.NewScanner(out)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			p.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	})
	return p
}

// next is the next line.
func (p *process) next() string {
	p.t.Helper()
	select {
	case line, ok := <-p.lines:
		if !ok {
			p.t.Fatalf("%v has ended", p.cmd.Args[1:3])
		}
		return line
	case <-time.After(2 * time.Minute):
		p.t.Fatalf("%v says nothing", p.cmd.Args[1:3])
		return ""
	}
}

// wants waits for a line that begins so.
func (p *process) wants(begin string) {
	p.t.Helper()
	for !strings.HasPrefix(p.next(), begin) {
	}
}

// say gives a hub a line and wants it to be taken.
func (p *process) say(parts ...string) *answer {
	p.t.Helper()
	if _, err := io.WriteString(p.in, strings.Join(parts, "\t")+"\n"); err != nil {
		p.t.Fatal(err)
	}
	a := &answer{}
	if err := json.Unmarshal([]byte(p.next()), a); err != nil || !a.OK {
		p.t.Fatalf("%v: %v %+v", parts, err, a)
	}
	return a
}

// A meeting of processes: the hub is killed while booths vote, the spare takes over, and the booths go on by themselves, to the verified record.
func TestHubIsKilledAndSpareGoesOn(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	model := ballottest.New(t, &ballot.Memory{}, 3, 5)
	p := model.Package
	p.Staff = nil
	for _, x := range []struct {
		name     string
		hub, tls *string
	}{{"hub", &p.Hub, &p.TLS}, {"spare", &p.Spare, &p.SpareTLS}} {
		var keys struct{ Hub, Staff, TLS string }
		if err := json.Unmarshal([]byte(start(t, "hub", "prepare", path(x.name)).next()), &keys); err != nil {
			t.Fatal(err)
		}
		*x.hub, *x.tls = keys.Hub, keys.TLS
		p.Staff = append(p.Staff, keys.Staff)
	}
	pkg, err := p.Sign(model.Server)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"package": pkg, "chair": []byte(hex.EncodeToString(model.Chair.Private.Seed())), "supervisor": []byte(hex.EncodeToString(model.Supervisor.Private.Seed()))}
	for name, b := range files {
		if err := os.WriteFile(path(name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, h := range model.Holders {
		if err := h.Save(path(fmt.Sprint("custodian", i+1)), "passphrase", 10); err != nil {
			t.Fatal(err)
		}
	}
	var at, beside struct {
		Address, Pairing string
		Codes            map[string]string
	}
	hub := start(t, "hub", "run", path("hub"), "--package", path("package"), "--server", model.Server.Public())
	if err := json.Unmarshal([]byte(hub.next()), &at); err != nil {
		t.Fatal(err)
	}
	spare := start(t, "hub", "run", path("spare"), "--package", path("package"), "--server", model.Server.Public(), "--follow", at.Address)
	if err := json.Unmarshal([]byte(spare.next()), &beside); err != nil {
		t.Fatal(err)
	}
	var booths []*process
	for i, e := range p.Experts {
		booths = append(booths, start(t, "booth", path(e.ID), "--hub", at.Address, "--more", beside.Address, "--tls", p.TLS, "--pairing", at.Pairing, "--server", model.Server.Public(),
			"--expert", e.ID, "--code", at.Codes[e.ID], "--pin", "246813", "--seed", fmt.Sprint(i), "--attest"))
	}
	for _, b := range booths {
		b.wants("checked in")
	}
	// The spare has everybody before the hub dies; of the ballots it may or may not have heard.
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := 0; len(spare.say("status", "R1").Present) < 3; n++ {
		if <-tick.C; n > 3000 {
			t.Fatal("the spare does not follow")
		}
	}
	hub.say("open", "R1")
	booths[0].wants("receipt")
	if err := hub.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	hub.cmd.Wait()
	spare.say("takeover", "主机断电", path("chair"))
	if spare.say("status", "R1").State == ballot.RoundReady {
		spare.say("open", "R1") // the copy ended before the opening
	}
	for n := 0; len(spare.say("status", "R1").Submitted) < 3; n++ {
		if <-tick.C; n > 6000 {
			t.Fatalf("ballots did not come to the spare: %+v", spare.say("status", "R1"))
		}
	}
	spare.say("close", "R1", path("chair"))
	for _, k := range []string{"custodian1", "custodian3"} {
		spare.say("opening", "R1", "1,3", path(k), "passphrase")
	}
	spare.say("tally", "R1", path("custodian1"), "passphrase", path("custodian3"), "passphrase")
	for _, b := range booths {
		b.wants("attested 0")
		if err := b.cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	spare.say("sign", "R1", "1", path("chair"), path("supervisor"))
	spare.say("export", path("record"))
	b, err := os.ReadFile(path("record"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := ballot.Verify(b, model.Server.Public())
	if err != nil {
		t.Fatal(err)
	}
	r := v.State.Rounds["R1"]
	if v.State.Epoch != 2 || len(r.Attests) != 3 || r.Mismatch() || r.Tally.Results[0].Invalid != 0 || r.Close.Counted != 3 {
		t.Fatal(v.State.Epoch, len(r.Attests), r.Tally.Results[0])
	}
}
