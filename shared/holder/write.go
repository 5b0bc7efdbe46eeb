package holder

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"zhiping/shared/fault"
)

// WriteNew writes a file that was not there before, so that it is there whole after the stick has been pulled, or not at all: the name is taken
// (O_EXCL), the bytes go beside it (temp, fsync), over the name (rename, fsync of the folder), and are read back and compared, because a stick of false
// capacity says it has written what it has not. check then tries what was read. Nothing is left behind when it fails.
func WriteNew(path string, b []byte, check func(read []byte) error) (err error) {
	f, err := take(path)
	if err != nil {
		return notWritten(path, err)
	}
	temp := path + ".new"
	defer func() {
		if err != nil {
			os.Remove(temp)
			os.Remove(path)
			err = notWritten(path, err)
		}
	}()
	if err := f.Close(); err != nil {
		return err
	}
	if err := flush(temp, b); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return err
	}
	read, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(read, b) {
		return fault.New(fault.Invalid, "写入“%s”后读回的内容不一致，U盘可能已损坏，请换一个U盘", path)
	}
	if check != nil {
		return check(read)
	}
	return nil
}

// take takes a name. An empty file under it is one that a power cut has left here before anything was written: nobody's key.
func take(path string) (*os.File, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	f, err := os.OpenFile(path, flags, 0o600)
	if i, stat := os.Lstat(path); errors.Is(err, fs.ErrExist) && stat == nil && i.Mode().IsRegular() && i.Size() == 0 {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
		return os.OpenFile(path, flags, 0o600)
	}
	return f, err
}

// flush writes a file down to the medium; one that a crash has left under the name goes, with whatever rights it had.
func flush(path string, b []byte) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// syncFolder brings a rename down to the medium. Windows has no such call and does it by itself.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Windows' numbers for a full disk and for one that is write-protected, which Go has no name for.
const (
	windowsFull      = syscall.Errno(112)
	windowsProtected = syscall.Errno(19)
)

func notWritten(path string, err error) error {
	var no syscall.Errno
	errors.As(err, &no)
	windows := runtime.GOOS == "windows"
	switch {
	case fault.As(err) != nil:
		return err
	case errors.Is(err, fs.ErrExist):
		return fault.New(fault.State, "“%s”已经存在。为了不覆盖原来的密钥，请换一个文件名或文件夹", path)
	case no == syscall.ENOSPC || no == syscall.EFBIG || no == syscall.EDQUOT || windows && no == windowsFull:
		return fault.New(fault.State, "磁盘已满，“%s”没有写入，请清理空间或换一个U盘", path)
	case no == syscall.EROFS || windows && no == windowsProtected:
		return fault.New(fault.Denied, "U盘有写保护，“%s”没有写入，请打开写保护开关或换一个U盘", path)
	case errors.Is(err, fs.ErrPermission):
		return fault.New(fault.Denied, "没有写入“%s”的权限，请换一个文件夹", filepath.Dir(path))
	case errors.Is(err, fs.ErrNotExist) || no == syscall.ENOTDIR:
		return fault.New(fault.NotFound, "找不到文件夹“%s”，请检查U盘是否已插好", filepath.Dir(path))
	}
	return fault.New(fault.State, "“%s”没有写入，U盘可能已拔出或损坏，请重新插好后再试（%v）", path, err)
}
