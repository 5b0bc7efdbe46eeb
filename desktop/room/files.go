package room

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"zhiping/shared/ballot"
)

// writeDurably writes a file so that it is there whole after a power cut, or not at all.
func writeDurably(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,60}$`)

// nameOf is a session's or a round's id as part of a file's name. Ids come from the package: what would not be a plain name is named by its hash.
func nameOf(id string) string {
	if plainName.MatchString(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

// A shelf is the folder's part of one session: everything beside its log. A session that was begun by an earlier version of the program has files
// without its name.
type shelf struct {
	dir, session string
	old          bool
}

func (s *shelf) path(kind, end string) string {
	if s.old {
		return filepath.Join(s.dir, kind+end)
	}
	return filepath.Join(s.dir, kind+"-"+nameOf(s.session)+end)
}

func (s *shelf) log() string { return s.path("ballots", ".db") }

func (s *shelf) columns(round string) string {
	if s.old {
		return filepath.Join(s.dir, "columns-"+round+".txt")
	}
	return s.path("columns", "-"+nameOf(round)+".txt")
}

// KeepColumns implements room.Shelf.
func (s *shelf) KeepColumns(_ context.Context, round string, columns []byte) error {
	return writeDurably(s.columns(round), columns)
}

// Columns implements room.Shelf.
func (s *shelf) Columns(_ context.Context, round string) ([]byte, error) {
	b, err := os.ReadFile(s.columns(round))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// The folders of what is kept as evidence: each thing once, in a file that has its SHA-256 as name.
const (
	seenFolder    = "seen"       // checkpoints that laptops hold
	lateFolder    = "late"       // what came too late
	earlierFolder = "earlier"    // records of hubs that were given up
	firstFolder   = "first"      // records of first rounds
	strayFolder   = "quarantine" // what could not be read
)

// KeepSeen implements room.Shelf.
func (s *shelf) KeepSeen(_ context.Context, checkpoint []byte) error {
	return s.keep(seenFolder, checkpoint)
}

// KeepLate implements room.Shelf.
func (s *shelf) KeepLate(_ context.Context, object []byte) error { return s.keep(lateFolder, object) }

func (s *shelf) folder(kind string) string { return s.path(kind, "") }

func (s *shelf) keep(kind string, b []byte) error {
	path := filepath.Join(s.folder(kind), ballot.IDOf(b).String())
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, b) {
		return nil
	}
	return writeDurably(path, b)
}

// kept reads what was kept, in the order of its names.
func (s *shelf) kept(kind string) ([][]byte, error) {
	files, err := os.ReadDir(s.folder(kind))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".new") {
			continue // a write that a power cut ended
		}
		b, err := os.ReadFile(filepath.Join(s.folder(kind), f.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// matching lists the files of a folder whose names begin and end so, sorted.
func matching(dir, begin, end string) ([]string, error) {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(f fs.DirEntry) bool {
		return f.IsDir() || !strings.HasPrefix(f.Name(), begin) || !strings.HasSuffix(f.Name(), end)
	})
	var all []string
	for _, f := range files {
		all = append(all, filepath.Join(dir, f.Name()))
	}
	return all, nil
}
