package windowtest

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"zhiping/desktop/room"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
)

// vacant is an address on loopback that nobody listens on.
func vacant(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// The hub's real window, started from a package file: experts check in at other processes over the network, and the first step becomes possible without
// anybody asking; a click and Enter open the round.
func TestHubWindow(t *testing.T) {
	_, desktop := programs(t, t.TempDir())
	dir := t.TempDir()
	keys, err := room.PrepareKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := ballottest.New(t, &ballot.Memory{}, 3, 4)
	r.Package.Hub, r.Package.Staff, r.Package.TLS = keys.Hub.Public(), []string{keys.Staff.Public()}, keys.Pin
	b, err := r.Package.Sign(r.Server)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "meeting.zpp")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	address := vacant(t)
	d := display(t)
	env := append(os.Environ(), "DISPLAY="+d, "LIBGL_ALWAYS_SOFTWARE=1", "LANG=zh_CN.UTF-8", "HOME="+t.TempDir())
	s := &screen{t: t, env: env, file: filepath.Join(t.TempDir(), "screen.png")}
	window := exec.Command(desktop, "hub", "window", dir, "--package", file, "--server", r.Server.Public(), "--listen", address)
	window.Env = env
	start(t, window)
	// The steps stand one under the other on the right; the one that is possible is blue.
	step := func(n int) int { _, blue := s.colours(636, firstStep+n*36, 784, firstStep+(n+1)*36); return blue }
	s.until("the board", func() bool { list, _ := s.colours(0, 150, 620, 330); return list > 20 })
	if step(0) > 0 {
		t.Fatal("a round can be opened before anybody is there")
	}
	var codes struct {
		Pairing  string
		Sessions map[string]map[string]string
	}
	saved, err := os.ReadFile(filepath.Join(dir, "codes.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(saved, &codes); err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		expert := fmt.Sprintf("E%02d", n+1)
		booth := exec.Command(desktop, "booth", t.TempDir(), "--hub", address, "--tls", keys.Pin, "--pairing", codes.Pairing, "--server", r.Server.Public(),
			"--expert", expert, "--code", codes.Sessions[r.Package.Session][expert], "--pin", "246813")
		booth.Env = env
		start(t, booth)
	}
	s.until("the first step in blue", func() bool { return step(0) > 2000 })
	s.run("xdotool", "mousemove", "710", fmt.Sprint(firstStep+18), "click", "1")
	s.until("the question", func() bool { return step(0) < 2000 })
	s.run("xdotool", "key", "Return")
	s.until("the second step in blue", func() bool { return step(0) == 0 && step(1) > 2000 })
}

// firstStep is where the first step begins, in pixels from above.
const firstStep = 287
