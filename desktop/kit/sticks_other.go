//go:build !windows

package kit

import "path/filepath"

// Sticks lists where desktops mount removable disks.
func Sticks() []string {
	var all []string
	for _, pattern := range []string{"/media/*/*", "/run/media/*/*", "/Volumes/*"} {
		found, err := filepath.Glob(pattern)
		if err == nil {
			all = append(all, found...)
		}
	}
	return all
}
