// Package powercut is a disk for tests under SQLite that can lose power: a write is durable only once its file has been synced. At the cut a
// random part of what was not yet synced, sector by sector, is on the platter all the same. A kill -9 proves nothing about power loss,
// because the operating system still writes what it has; this does.
package powercut

import (
	"bytes"
	"io"
	"math/rand/v2"
	"sync"

	vfs "github.com/psanford/sqlite3vfs"
)

const sector = 512

// pending is a write or truncation that has not been synced.
type pending struct {
	at       int64
	data     []byte
	truncate bool
}

func (p pending) apply(b []byte) []byte {
	end := p.at + int64(len(p.data))
	if p.truncate {
		end = p.at
	}
	if grow := end - int64(len(b)); grow > 0 {
		b = append(b, make([]byte, grow)...)
	}
	if p.truncate {
		return b[:end]
	}
	copy(b[p.at:], p.data)
	return b
}

// A Disk is what a machine has: files as programs see them, and as they will be after a power cut.
type Disk struct {
	mu      sync.Mutex
	live    map[string][]byte
	durable map[string][]byte
	pending map[string][]pending
	left    int // operations until the cut; negative is never
	dead    bool
	random  *rand.Rand
}

// NewDisk returns an empty disk that does not fail.
func NewDisk(seed uint64) *Disk {
	return &Disk{live: map[string][]byte{}, durable: map[string][]byte{}, pending: map[string][]pending{}, left: -1, random: rand.New(rand.NewPCG(seed, 1))}
}

// CutAfter cuts the power at the nth write or sync from now.
func (d *Disk) CutAfter(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left = n
}

// IntN is the disk's source of chance.
func (d *Disk) IntN(n int) int { return d.random.IntN(n) }

// Reboot returns the disk as it is after the cut.
func (d *Disk) Reboot() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.dead {
		d.cut()
	}
	n := NewDisk(d.random.Uint64())
	for name, b := range d.durable {
		n.live[name], n.durable[name] = bytes.Clone(b), bytes.Clone(b)
	}
	return n
}

func (d *Disk) tick() error {
	if d.dead {
		return vfs.IOError
	}
	if d.left--; d.left == 0 {
		d.cut()
		return vfs.IOError
	}
	return nil
}

// cut lets a random half of the sectors that were not synced reach the platter.
func (d *Disk) cut() {
	d.dead = true
	for name, ops := range d.pending {
		b := d.durable[name]
		for _, p := range ops {
			for at := 0; at < len(p.data); at += sector {
				if d.random.IntN(2) == 0 {
					b = pending{at: p.at + int64(at), data: p.data[at:min(at+sector, len(p.data))]}.apply(b)
				}
			}
			if p.truncate && d.random.IntN(2) == 0 {
				b = p.apply(b)
			}
		}
		d.durable[name] = b
	}
}

func (d *Disk) write(name string, p pending) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.dead {
		d.pending[name] = append(d.pending[name], p)
	}
	if err := d.tick(); err != nil {
		return err
	}
	d.live[name] = p.apply(d.live[name])
	return nil
}

// A Machine is an SQLite file system whose disk can be exchanged: one per test binary and name.
type Machine struct {
	mu   sync.Mutex
	disk *Disk
}

// Register registers a machine as an SQLite VFS.
func Register(name string) (*Machine, error) {
	m := &Machine{disk: NewDisk(0)}
	return m, vfs.RegisterVFS(name, m)
}

// Use puts a disk into the machine.
func (m *Machine) Use(d *Disk) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.disk = d
}

func (m *Machine) now() *Disk {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.disk
}

// Open implements vfs.VFS.
func (m *Machine) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	d := m.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return nil, 0, vfs.CantOpenError
	}
	if _, ok := d.live[name]; !ok {
		if flags&vfs.OpenCreate == 0 {
			return nil, 0, vfs.CantOpenError
		}
		d.live[name], d.durable[name] = nil, nil
	}
	return &file{d, name}, flags, nil
}

// Delete implements vfs.VFS.
func (m *Machine) Delete(name string, _ bool) error {
	d := m.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return vfs.IOError
	}
	delete(d.live, name)
	delete(d.durable, name)
	delete(d.pending, name)
	return nil
}

// Access implements vfs.VFS.
func (m *Machine) Access(name string, _ vfs.AccessFlag) (bool, error) {
	d := m.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.live[name]
	return ok, nil
}

// FullPathname implements vfs.VFS.
func (m *Machine) FullPathname(name string) string { return name }

type file struct {
	d    *Disk
	name string
}

func (f *file) Close() error { return nil }

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	b := f.d.live[f.name]
	if off >= int64(len(b)) {
		return 0, io.EOF
	}
	n := copy(p, b[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	return len(p), f.d.write(f.name, pending{at: off, data: bytes.Clone(p)})
}

func (f *file) Truncate(size int64) error {
	return f.d.write(f.name, pending{at: size, truncate: true})
}

func (f *file) Sync(vfs.SyncType) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.tick(); err != nil {
		return err
	}
	for _, p := range f.d.pending[f.name] {
		f.d.durable[f.name] = p.apply(f.d.durable[f.name])
	}
	f.d.pending[f.name] = nil
	return nil
}

func (f *file) FileSize() (int64, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return int64(len(f.d.live[f.name])), nil
}

func (f *file) Lock(vfs.LockType) error                         { return nil }
func (f *file) Unlock(vfs.LockType) error                       { return nil }
func (f *file) CheckReservedLock() (bool, error)                { return false, nil }
func (f *file) SectorSize() int64                               { return sector }
func (f *file) DeviceCharacteristics() vfs.DeviceCharacteristic { return 0 }
