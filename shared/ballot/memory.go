package ballot

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"zhiping/shared/fault"
)

// A Memory is a store that lasts as long as the program: for tests and for replaying.
type Memory struct {
	mu     sync.Mutex
	log    [][]byte
	hashes []tlog.Hash
}

// Append implements Store.
func (m *Memory) Append(_ context.Context, size int64, objects [][]byte, hashes []tlog.Hash) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if size != int64(len(m.log)) {
		return fault.New(fault.Conflict, "记录库已被另一个程序写入")
	}
	for _, o := range objects {
		m.log = append(m.log, slices.Clone(o))
	}
	m.hashes = append(m.hashes, hashes...)
	return nil
}

// Load implements Store.
func (m *Memory) Load(_ context.Context, fn func([]byte) error) ([]tlog.Hash, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range m.log {
		if err := fn(slices.Clone(o)); err != nil {
			return nil, err
		}
	}
	return slices.Clone(m.hashes), nil
}
