package room_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zhiping/desktop/room"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
)

// canaryBooth names the environment of the test's own program started again as an expert's laptop with canary scores: what it is to do, as JSON.
const canaryBooth = "ZHIPING_TEST_CANARY_BOOTH"

// A canaryTask is what such a laptop is told.
type canaryTask struct {
	Dir, TLS, Server, Expert string
	Hub                      said
	Number                   int
}

const canaryItems, canaryApplicants = 4, 4

// canary is an expert's score of an applicant: values that nothing else has.
func canary(expert, applicant int) (row []uint16) {
	for k := range canaryItems {
		row = append(row, uint16(0xC35A^expert<<10^applicant<<6^k<<3))
	}
	return row
}

func canaryBallot(expert int) *ballot.Ballot {
	b := &ballot.Ballot{}
	for a := range canaryApplicants {
		b.Scores = append(b.Scores, canary(expert, a))
	}
	return b
}

// needles are the writings in which somebody would find an expert's scores: of each applicant and of all together.
func needles(expert int) map[string][]byte {
	all := map[string][]byte{}
	var whole []byte
	for a := range canaryApplicants {
		var big, little []byte
		var decimal []string
		for _, v := range canary(expert, a) {
			big, little = binary.BigEndian.AppendUint16(big, v), binary.LittleEndian.AppendUint16(little, v)
			decimal = append(decimal, fmt.Sprint(v))
		}
		whole = append(whole, big...)
		name := fmt.Sprintf("scores of expert %d for applicant %d", expert, a)
		all[name+" as cells"], all[name+" in memory"] = big, little
		all[name+" in hex"] = []byte(hex.EncodeToString(big))
		all[name+" in decimal"], all[name+" as JSON"] = []byte(strings.Join(decimal, ",")), []byte(strings.Join(decimal, ", "))
	}
	for name, form := range writings(whole) {
		all[fmt.Sprintf("whole ballot of expert %d %s", expert, name)] = form
	}
	return all
}

// writings are how a whole ballot may be written.
func writings(cells []byte) map[string][]byte {
	return map[string][]byte{
		"as cells": cells, "in hex": []byte(hex.EncodeToString(cells)), "in base64": []byte(base64.StdEncoding.EncodeToString(cells)), "in URL base64": []byte(base64.RawURLEncoding.EncodeToString(cells)),
	}
}

// canaryProcess is a laptop that checks in, keeps a draft, votes, leaves a file for a stick, and stays until it is killed.
func canaryProcess(task string) error {
	var c canaryTask
	if err := json.Unmarshal([]byte(task), &c); err != nil {
		return err
	}
	b, err := room.OpenBooth(ctx, room.BoothOptions{Dir: c.Dir, Address: c.Hub.Address, Pin: c.TLS, Pairing: c.Hub.Pairing, Server: c.Server, Now: func() int64 { return time.Now().UnixMilli() }})
	if err != nil {
		return err
	}
	if err := b.CheckIn(ctx, c.Expert, c.Hub.Codes[c.Expert], "246813"); err != nil {
		return err
	}
	if open, err := b.WaitOpen(ctx, "R1"); err != nil || !open {
		return fmt.Errorf("the round is not open: %w", err)
	}
	cells := canaryBallot(c.Number)
	draft, err := json.Marshal(cells)
	if err == nil {
		err = b.KeepDraft(ctx, "R1", draft)
	}
	if err != nil {
		return err
	}
	sent, err := b.Submit(ctx, "R1", cells)
	for err == nil && sent.Pending {
		if err = b.Deliver(ctx); err == nil {
			sent, err = b.Sent(ctx, "R1")
		}
	}
	if err != nil {
		return err
	}
	bundle, err := b.Bundle(ctx)
	if err == nil {
		err = os.WriteFile(filepath.Join(c.Dir, "stick.zpb"), bundle, 0o600)
	}
	if err != nil {
		return err
	}
	fmt.Println("submitted", len(cells.Scores))
	_, err = io.Copy(io.Discard, os.Stdin) // until it is killed
	fmt.Println(cells.Scores)
	return err
}

// child starts the test's own program again, with its temporary files, its words and its errors in a folder that is searched afterwards.
func child(t *testing.T, logs, env string, args ...string) (cmd *exec.Cmd, lines *bufio.Scanner) {
	t.Helper()
	cmd = exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), env, "TMPDIR="+logs, "GOTRACEBACK=crash")
	stderr, err := os.CreateTemp(logs, "stderr")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := os.CreateTemp(logs, "stdout")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Process.Kill()
		cmd.Wait()
		stderr.Close()
		stdout.Close()
	})
	return cmd, bufio.NewScanner(io.TeeReader(out, stdout))
}

// memory is what a core dump of a process would hold: everything that it may read and write.
func memory(t *testing.T, pid int) []byte {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	var dump bytes.Buffer
	for _, line := range strings.Split(string(maps), "\n") {
		var from, to int64
		var rights string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); err != nil || !strings.HasPrefix(rights, "rw") || strings.HasSuffix(line, "[vvar]") {
			continue
		}
		const piece = 1 << 20
		for at := from; at < to; at += piece { // pages that were never used cannot always be read
			b := make([]byte, min(piece, to-at))
			n, _ := mem.ReadAt(b, at)
			dump.Write(b[:n])
		}
	}
	return dump.Bytes()
}

// found looks for needles in bytes.
func found(where string, b []byte, all map[string][]byte) (hits []string) {
	for name, needle := range all {
		if bytes.Contains(b, needle) {
			hits = append(hits, where+": "+name)
		}
	}
	return hits
}

// searched looks for needles in every file below folders and says how many bytes it has read.
func searched(t *testing.T, all map[string][]byte, dirs ...string) (hits []string, read int) {
	t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			read += len(b)
			hits = append(hits, found(path, b, all)...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return hits, read
}

// Real processes: a hub and three laptops, with scores that nothing else has. Before the opening no file, journal, temporary file, log or bundle of anybody
// holds them, nor does the memory of the hub, which is what a core dump of it would show; nor do they after everybody was killed, nor in the record. After the
// opening the columns hold the scores of each applicant, and nothing holds the ballot of an expert as a whole (V9).
func TestCanaryInEveryProcess(t *testing.T) {
	const experts = 3
	root, logs := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", logs) // of the tally process too
	dir := filepath.Join(root, "hub")
	server := ballottest.Key(ballot.RoleServer, 1)
	keys, err := room.PrepareKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	model := ballottest.New(t, &ballot.Memory{}, experts, canaryApplicants)
	p := model.Package
	p.Hub, p.Staff, p.TLS = keys.Hub.Public(), []string{keys.Staff.Public()}, keys.Pin
	p.Rounds = []ballot.Round{{ID: "R1", Kind: ballot.Score, Secrecy: ballot.SecretBallot, Base: ballot.Attending, Max: 65533, Step: 1, Items: canaryItems}}
	pkg, err := p.Sign(server)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "package"), pkg, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	hub, lines := child(t, logs, hubFolder+"="+dir, "127.0.0.1:0")
	var up said
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &up) != nil {
		t.Fatalf("the hub did not come up: %s", lines.Bytes())
	}
	go func() { // its words go into a file that is searched
		for ok := true; ok; {
			ok = lines.Scan()
		}
	}()
	all, whole := map[string][]byte{}, map[string][]byte{}
	var laptops []*exec.Cmd
	var says []*bufio.Scanner
	for i := range experts {
		for name, form := range needles(i) {
			if all[name] = form; strings.HasPrefix(name, "whole") {
				whole[name] = form
			}
		}
		task, err := json.Marshal(canaryTask{filepath.Join(root, fmt.Sprint("laptop", i)), p.TLS, server.Public(), fmt.Sprintf("E%02d", i+1), up, i})
		if err != nil {
			t.Fatal(err)
		}
		laptop, out := child(t, logs, canaryBooth+"="+string(task))
		laptops, says = append(laptops, laptop), append(says, out)
	}
	for i, out := range says {
		if !out.Scan() || !strings.HasPrefix(out.Text(), "submitted") {
			t.Fatalf("laptop %d: %q", i, out.Text())
		}
	}
	if hits := found("memory of the laptop", memory(t, laptops[0].Process.Pid), needles(0)); len(hits) == 0 {
		t.Fatal("the search does not find the scores in the memory of the laptop that has them")
	}
	dump := memory(t, hub.Process.Pid)
	if hits := found("memory of the hub", dump, all); len(hits) > 0 {
		t.Error(hits)
	}
	if !bytes.Contains(dump, []byte("zp-envelope/1")) || len(dump) < 1<<20 {
		t.Errorf("%d bytes of the hub's memory were read, and no envelope stands in them", len(dump))
	}
	if hits, read := searched(t, all, root, logs); len(hits) > 0 || read < 100000 {
		t.Errorf("with everybody at work, in %d bytes: %v", read, hits)
	}
	for _, c := range append(laptops, hub) {
		c.Process.Kill()
		c.Wait()
	}
	if hits, _ := searched(t, all, root, logs); len(hits) > 0 {
		t.Errorf("after everybody was killed: %v", hits)
	}
	canaryOpened(t, dir, root, logs, server, pkg, model, all, whole)
}

// canaryOpened goes on with the hub after the kill: it exports before the opening, closes, opens and counts.
func canaryOpened(t *testing.T, dir, root, logs string, server ballot.Key, pkg []byte, model *ballottest.Room, all, whole map[string][]byte) {
	t.Helper()
	h, err := room.OpenHub(ctx, dir, server.Public(), func() int64 { return time.Now().UnixMilli() }, pkg)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	d := h.Rooms[0]
	h.Teller = []string{os.Args[0], tallyArgument}
	write := func(name string) {
		t.Helper()
		b, err := d.Export()
		if err == nil {
			err = os.WriteFile(filepath.Join(root, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	write("before.zpr")
	if hits, _ := searched(t, all, root, logs); len(hits) > 0 {
		t.Errorf("in the record before the opening: %v", hits)
	}
	var exceptions []ballot.Exception
	d.View(func(s *ballot.State) { exceptions = s.Exceptions("R1") })
	if err := d.CloseWith(ctx, "R1", exceptions, model.Chair); err != nil {
		t.Fatal(err)
	}
	for _, k := range []int{0, 2} {
		if err := d.Opening(ctx, "R1", "1,3", model.Custodians[k]); err != nil {
			t.Fatal(err)
		}
	}
	s := &stage{t: t, dir: root, holders: model.Holders, custodians: model.Custodians}
	if err := d.Tally(ctx, "R1", s.keyFile(0), s.keyFile(2)); err != nil {
		t.Fatal(err)
	}
	write("after.zpr")
	hits, _ := searched(t, all, root, logs)
	if len(hits) < canaryApplicants {
		t.Errorf("the columns do not hold the scores: %v", hits)
	}
	if hits, _ := searched(t, whole, root, logs); len(hits) > 0 {
		t.Errorf("a ballot stands together after the opening: %v", hits)
	}
}
