package kit

import "golang.org/x/sys/windows"

// Sticks lists where removable disks are.
func Sticks() []string {
	var all []string
	for letter := 'D'; letter <= 'Z'; letter++ {
		root := string(letter) + `:\`
		name, err := windows.UTF16PtrFromString(root)
		if err == nil && windows.GetDriveType(name) == windows.DRIVE_REMOVABLE {
			all = append(all, root)
		}
	}
	return all
}
