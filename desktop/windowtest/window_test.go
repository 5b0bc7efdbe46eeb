// Package windowtest drives the real window: the built program under Xvfb with real clicks and keys, against the real server.
package windowtest

import (
	"bufio"
	"fmt"
	"image/png"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// programs builds both programs into a folder.
func programs(t *testing.T, dir string) (server, desktop string) {
	t.Helper()
	server, desktop = filepath.Join(dir, "zhiping-server"), filepath.Join(dir, "zhiping")
	for program, source := range map[string]string{server: "zhiping/server", desktop: "zhiping/desktop"} {
		if out, err := exec.Command("go", "build", "-o", program, source).CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", source, err, out)
		}
	}
	return server, desktop
}

// start starts a process that is ended with the test.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
}

// display starts an X server of its own and returns its name.
func display(t *testing.T) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	x := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1366x768x24", "+extension", "GLX", "-nolisten", "tcp")
	x.ExtraFiles = []*os.File{w}
	start(t, x)
	w.Close()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal("Xvfb did not start:", err)
	}
	return ":" + strings.TrimSpace(line)
}

// listening starts a server with a unit and gives its address and fingerprint.
func listening(t *testing.T, program string) (address, pin string) {
	t.Helper()
	data := t.TempDir()
	if out, err := exec.Command(program, "admin", "bootstrap", "--data", data, "--name", "示例省人社厅（虚构）", "--credit-code", "12510000MB00004650", "--division", "510000",
		"--contact", "管理员", "--phone", "028-00000000", "--account", "administrator", "--password", "demo-password-1").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(program, "serve", "--data", data, "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(line, "listening on %s certificate %s", &address, &pin); err != nil {
		t.Fatal(line, err)
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		t.Fatal(err)
	}
	return address, pin
}

// screen is what can be seen.
type screen struct {
	t    *testing.T
	env  []string
	file string
}

func (s *screen) run(args ...string) {
	s.t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = s.env
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

// colours counts the different colours of the part of the screen between two points; blue counts those of the main button.
func (s *screen) colours(x0, y0, x1, y1 int) (different, blue int) {
	s.t.Helper()
	s.run("import", "-window", "root", s.file)
	f, err := os.Open(s.file)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		s.t.Fatal(err)
	}
	seen := map[[3]uint32]bool{}
	for x := x0; x < x1; x++ {
		for y := y0; y < y1; y++ {
			r, g, b, _ := img.At(x, y).RGBA()
			c := [3]uint32{r >> 8, g >> 8, b >> 8}
			seen[c] = true
			if c == [3]uint32{0x1f, 0x5f, 0xa8} {
				blue++
			}
		}
	}
	return len(seen), blue
}

// until waits until something can be seen, for half a minute at most.
func (s *screen) until(what string, ok func() bool) {
	s.t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			s.t.Fatalf("not seen: %s", what)
		case <-tick.C:
		}
	}
}

// A clerk types the first password into the real window, sets one of the own by the keyboard alone, and gets the menu; then opens a list by a
// click.
func TestSignInByKeyboard(t *testing.T) {
	server, desktop := programs(t, t.TempDir())
	address, pin := listening(t, server)
	d := display(t)
	env := append(os.Environ(), "DISPLAY="+d, "LIBGL_ALWAYS_SOFTWARE=1", "LANG=zh_CN.UTF-8", "HOME="+t.TempDir())
	s := &screen{t: t, env: env, file: filepath.Join(t.TempDir(), "screen.png")}
	window := exec.Command(desktop, "--server", address, "--pin", pin, "--account", "administrator")
	window.Env = env
	start(t, window)
	s.until("the sign-in page with its blue button", func() bool { _, blue := s.colours(300, 100, 1100, 700); return blue > 3000 })
	// The keyboard stands in the password already; without a window manager it goes to the window under the pointer.
	s.run("xdotool", "mousemove", "700", "600")
	s.run("xdotool", "type", "--delay", "40", "demo-password-1")
	s.run("xdotool", "key", "Return")
	s.until("the page of the new password", func() bool {
		_, button := s.colours(0, 190, 110, 235)
		_, before := s.colours(300, 100, 1100, 700)
		return button > 1000 && before == 0
	})
	for _, keys := range [][]string{{"type", "--delay", "40", "demo-password-2"}, {"key", "Tab"}, {"type", "--delay", "40", "demo-password-2"}, {"key", "Return"}} {
		s.run(append([]string{"xdotool"}, keys...)...)
	}
	s.until("the menu on the left and the state bar below", func() bool {
		menu, _ := s.colours(0, 60, 190, 340)
		bar, _ := s.colours(0, 690, 400, 715)
		return menu > 20 && bar > 10
	})
	s.run("xdotool", "mousemove", "75", "137", "click", "1")
	s.until("the list with its chosen tab", func() bool { _, blue := s.colours(215, 80, 300, 118); return blue > 500 })
}
