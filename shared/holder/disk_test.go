//go:build unix

package holder

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"zhiping/shared/fault"
)

// full is set in the process that runs this test with a limit to the size of its files: the kernel then refuses to write as on a full disk.
const full = "ZHIPING_TEST_FULL"

func TestDiskFull(t *testing.T) {
	if path := os.Getenv(full); path != "" {
		h := made(t, "甲")
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100, Max: 100}); err != nil {
			t.Fatal(err)
		}
		refused(t, h.Save(path, passphrase, quick), fault.State, "磁盘已满", "换一个U盘")
		return
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestDiskFull$")
	cmd.Env = append(os.Environ(), full+"="+filepath.Join(dir, "k"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Error("left on the full disk:", left, err)
	}
}
