//go:build !windows

package meeting

import "path/filepath"

// sticks lists where desktops mount removable disks.
func sticks() []string {
	var all []string
	for _, pattern := range []string{"/media/*/*", "/run/media/*/*", "/Volumes/*"} {
		found, err := filepath.Glob(pattern)
		if err == nil {
			all = append(all, found...)
		}
	}
	return all
}
