package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"zhiping/desktop/room"
)

// A headlessBooth is the command as a process would run it, with its lines.
type headlessBooth struct {
	lines *bufio.Scanner
	done  <-chan error
}

func (b *bench) booth(c *boothCommand) *headlessBooth {
	b.t.Helper()
	r, w := io.Pipe()
	c.out = w
	return &headlessBooth{bufio.NewScanner(r), room.Background(func() error {
		err := c.Run(context.Background())
		w.CloseWithError(io.EOF)
		return err
	})}
}

// wants reads the next line, which begins so.
func (x *headlessBooth) wants(t *testing.T, begin string) {
	t.Helper()
	if !x.lines.Scan() {
		t.Fatalf("want %q, but it has ended: %v", begin, <-x.done)
	}
	if !strings.HasPrefix(x.lines.Text(), begin) {
		t.Fatalf("want %q, have %q", begin, x.lines.Text())
	}
}

// Booths without a window, driven as the demonstration and the tests do it: over the LAN with a return and an attestation, and by stick from the check-in to the device
// word and the attestation.
func TestHeadlessBooths(t *testing.T) {
	b := newBench(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	b.must(err)
	serving, stop := context.WithCancel(context.Background())
	served := room.Background(func() error { return b.hub.Serve(serving, l) })
	defer func() { stop(); <-served }()
	_, _, pin := b.hub.Keys()
	command := func(n int) *boothCommand {
		expert := fmt.Sprintf("E%02d", n)
		code, _ := b.desk.Code(expert)
		return &boothCommand{
			Dir: b.path(expert), Hub: l.Addr().String(), TLS: pin, Pairing: b.hub.Pairing, Server: b.model.Server.Public(), Expert: expert, Code: code, Pin: "135790",
			Round: "R1", Seed: uint64(n), Attest: true,
		}
	}
	b.must(os.WriteFile(b.path("package"), b.desk.Log()[0], 0o600))
	trips := 0
	trip := func(want string) {
		t.Helper()
		c := command(4)
		c.Hub, c.TLS, c.Pairing, c.Package, c.StickOut = "", "", "", b.path("package"), b.path("out.zpb")
		if trips++; trips > 1 {
			c.StickIn = b.path("reply.zpb")
		}
		var out strings.Builder
		c.out = &out
		b.must(c.Run(context.Background()))
		b.say("import", b.path("out.zpb"), b.path("reply.zpb"))
		if !strings.Contains(out.String(), want) {
			t.Fatalf("trip %d: want %q, have %q", trips, want, out.String())
		}
	}
	first := command(1)
	first.Return = "改票"
	booths := []*headlessBooth{b.booth(first), b.booth(command(2)), b.booth(command(3))}
	for _, x := range booths {
		x.wants(t, "checked in")
	}
	trip("saved READY")
	trip("done READY")
	b.say("open", "R1")
	trip("done READY")
	trip("sealed\ndone OPEN tick 1")
	trip("done OPEN tick 2")
	for _, x := range booths {
		x.wants(t, "receipt ")
	}
	booths[0].wants(t, "asked")
	b.say("return", "R1", "E01", "同意")
	booths[0].wants(t, "receipt ")
	if a := b.say("close", "R1", b.path("chair"), "-"); a.State != "CLOSED" {
		t.Fatalf("%+v", a)
	}
	one, two := b.path("custodian1"), b.path("custodian2")
	b.say("opening", "R1", "1,2", one, "passphrase")
	b.say("opening", "R1", "1,2", two, "passphrase")
	b.say("tally", "R1", one, "passphrase", two, "passphrase")
	for _, x := range booths {
		x.wants(t, "attested 0")
		if x.lines.Scan() {
			t.Error("more was said:", x.lines.Text())
		}
		if err := <-x.done; err != nil {
			t.Fatal(err)
		}
	}
	trip("done OPEN") // the reply of before
	trip("attested 0")
	if board := b.say("board").Board; board.Rounds[0].Attested != 4 || board.Rounds[0].Mismatches != 0 {
		t.Fatalf("%+v", board.Rounds[0])
	}
}
