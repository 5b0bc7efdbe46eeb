// Package blob keeps files by their content: a folder of files named by their SHA-256, written durably (write, fsync, rename, fsync of the
// folder), so a name that exists is a whole file.
package blob

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"zhiping/shared/fault"
)

// A Store is a folder of files.
type Store struct {
	dir string
	mu  sync.Mutex // one writer at a time per store: uploads of one file by two clients must not mix
}

// Open opens or creates the folder of a store.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(dir, "part"), 0o700); err != nil {
		return nil, err
	}
	return &Store{dir: dir}, nil
}

func (s *Store) path(sum string) string { return filepath.Join(s.dir, sum[:2], sum) }

// Size returns the size of a whole file; an error of os.ErrNotExist says there is none.
func (s *Store) Size(sum string) (int64, error) {
	i, err := os.Stat(s.path(sum))
	if err != nil {
		return 0, err
	}
	return i.Size(), nil
}

// Append adds a chunk of a file at an offset and returns where to go on: the file's size once it is whole and its digest agrees. A chunk
// that is there already changes nothing; one that would leave a gap is answered with where to go on.
func (s *Store) Append(sum string, size, offset int64, chunk []byte) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, err := s.Size(sum); err == nil {
		return n, nil
	}
	f, err := os.OpenFile(filepath.Join(s.dir, "part", sum), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil || offset > have {
		return have, err
	}
	if offset+int64(len(chunk)) > size {
		return 0, fault.New(fault.Invalid, "附件内容超过声明的大小，请重新上传").At("size")
	}
	if _, err := f.WriteAt(chunk, offset); err != nil {
		return 0, err
	}
	if have = max(have, offset+int64(len(chunk))); have < size {
		return have, nil
	}
	return size, s.finish(f, sum)
}

// finish checks the digest and gives the file its name.
func (s *Store) finish(f *os.File, sum string) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if hex.EncodeToString(h.Sum(nil)) != sum {
		return errors.Join(os.Remove(f.Name()), fault.New(fault.Invalid, "附件内容与摘要不符，请重新上传").At("sha256"))
	}
	if err := f.Sync(); err != nil {
		return err
	}
	to := s.path(sum)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Open opens a whole file for reading; an error of os.ErrNotExist says there is none.
func (s *Store) Open(sum string) (*os.File, error) { return os.Open(s.path(sum)) }

// Read returns a chunk of a file, at most limit bytes, and its whole size.
func (s *Store) Read(sum string, offset, limit int64) ([]byte, int64, error) {
	f, err := os.Open(s.path(sum))
	if err != nil {
		return nil, 0, fmt.Errorf("blob %s: %w", sum, err)
	}
	defer f.Close()
	i, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	b := make([]byte, max(0, min(limit, i.Size()-offset)))
	if len(b) == 0 {
		return b, i.Size(), nil
	}
	_, err = f.ReadAt(b, offset)
	return b, i.Size(), err
}

// Put stores a whole file and returns its name.
func (s *Store) Put(content []byte) (sum string, err error) {
	h := sha256.Sum256(content)
	sum = hex.EncodeToString(h[:])
	_, err = s.Append(sum, int64(len(content)), 0, content)
	return sum, err
}
