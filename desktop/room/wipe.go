package room

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

func wipedPath(dir string) string { return filepath.Join(dir, "wiped.txt") }

// Wipe erases the laptop's keys and the one-time codes once the server keeps every record: after that this laptop can sign nothing in these meetings any
// more. Logs, columns and evidence stay; they hold no secret. Laptops that have not said that they erased theirs are named first; anyway goes on in
// spite of them (a lost laptop never says it). The hub must be opened no more.
func (h *Hub) Wipe(_ context.Context, anyway bool) error {
	var left []string
	for _, d := range h.Rooms {
		archived := false
		d.View(func(s *ballot.State) {
			archived = s.Archived != nil || s.Package.Rehearsal
			for _, e := range s.Package.Experts {
				if s.Credentials[e.ID] != "" && !s.Wiped[e.ID] && !s.Package.Rehearsal {
					left = append(left, e.Name)
				}
			}
		})
		if !archived {
			return fault.New(fault.State, "会场“%s”的记录尚未由中心确认归档，不能清除", d.Session)
		}
	}
	if len(left) > 0 && !anyway {
		return fault.New(fault.State, "以下专家的电脑尚未确认清除：%s。请先完成，或确认这些电脑无法清除后继续", strings.Join(left, "、"))
	}
	// The word first: a wipe that a power cut ends is finished by calling it again, and the hub is not opened with new keys meanwhile.
	if err := writeDurably(wipedPath(h.dir), []byte("本机的主机密钥和签到码已在归档后清除。\n")); err != nil {
		return err
	}
	h.point("wiping")
	h.mu.Lock()
	h.codes, h.Pairing = codesFile{}, ""
	h.mu.Unlock()
	return WipeFolder(h.dir)
}

// WipeFolder erases keys and codes of a folder whose wiping was begun.
func WipeFolder(dir string) error {
	if _, err := os.Stat(wipedPath(dir)); err != nil {
		return fault.New(fault.State, "该文件夹没有开始清除")
	}
	var err error
	for _, path := range []string{keysPath(dir), filepath.Join(dir, "codes.json")} {
		err = errors.Join(err, erase(path))
	}
	return err
}

// erase overwrites a file before it removes it: as much as a program can do.
func erase(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, info.Size()))
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(path))
}
