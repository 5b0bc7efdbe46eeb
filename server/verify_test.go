package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
)

// said runs a command and gives what it printed.
func said(t *testing.T, run func() error) (out string, err error) {
	t.Helper()
	f, fault := os.CreateTemp(t.TempDir(), "out")
	if fault != nil {
		t.Fatal(fault)
	}
	stdout := os.Stdout
	os.Stdout = f
	err = run()
	os.Stdout = stdout
	if _, fault := f.Seek(0, io.SeekStart); fault != nil {
		t.Fatal(fault)
	}
	b, fault := io.ReadAll(f)
	if fault != nil {
		t.Fatal(fault)
	}
	return string(b), err
}

// verify diff says of both records whether they hold, that one goes on from the other, or the first difference; verify meeting writes facts and a report.
func TestVerifyMeetingAndDiff(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	r := ballottest.New(t, &ballot.Memory{}, 5, 2)
	r.CheckIn(5)
	r.Open("R1")
	for _, v := range r.Voters {
		r.VoteNext(v, "R1", r.Ballot(ballot.Agree))
	}
	r.Close("R1")
	old := write("old.zpr", r.Record())
	r.Tally("R1", "1,2", 0, 1)
	r.Append(r.SignOffObject("R1"))
	record := r.Record()
	now := write("new.zpr", record)
	forged := write("forged.zpr", ballottest.Resum(bytes.Replace(record, []byte("counted 5"), []byte("counted 4"), 1)))
	keys := publicKeys{Key: []string{r.Server.Public()}}
	for _, x := range []struct {
		name     string
		old, new string
		want     []string
		fails    bool
	}{
		{"the same", now, now, []string{"旧文件：成立", "新文件：成立", "两份文件逐字节相同"}, false},
		{"a continuation", old, now, []string{"第一处不同：前18条会议记录相同，新文件在其后多4条：保管人授权开票2条、计票结果1条、签字1条", "新文件是旧文件的延续"}, false},
		{"cut off", now, old, []string{"第一处不同：前18条会议记录相同，新文件缺少其后的4条"}, true},
		{"forged", now, forged, []string{"旧文件：成立", "新文件：不成立，第17条会议记录不成立", "第17条不同：“关闭表决”的“counted”行，旧文件“5”，新文件“4”"}, true},
	} {
		out, err := said(t, (&verifyDiff{Old: x.old, New: x.new, publicKeys: keys}).Run)
		if (err != nil) != x.fails {
			t.Errorf("%s: %v", x.name, err)
		}
		for _, want := range x.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in\n%s", x.name, want, out)
			}
		}
	}
	if _, err := said(t, (&verifyDiff{Old: now, New: filepath.Join(dir, "none")}).Run); err == nil {
		t.Error("a file that is not there was compared")
	}
	if out, err := said(t, (&verifyMeeting{File: now, publicKeys: keys, Facts: true}).Run); err != nil || !strings.HasPrefix(out, `{"alarms":[],`) {
		t.Error(out, err)
	}
	for _, name := range []string{"report.pdf", "report.txt"} {
		for _, file := range []string{now, forged} {
			path := filepath.Join(dir, name)
			if _, err := said(t, (&verifyMeeting{File: file, publicKeys: keys, Report: path}).Run); (err != nil) != (file == forged) {
				t.Error(err)
			}
			if b, err := os.ReadFile(path); err != nil || len(b) < 500 {
				t.Error(len(b), err)
			}
		}
	}
}
