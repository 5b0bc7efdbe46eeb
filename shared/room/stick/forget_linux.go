package stick

import (
	"os"

	"golang.org/x/sys/unix"
)

// forget asks the system to read the file from the medium again.
func forget(f *os.File) {
	unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) //nolint:errcheck // it is advice
}
