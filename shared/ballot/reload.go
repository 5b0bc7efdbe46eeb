package ballot

import (
	"bytes"
	"context"
	"fmt"

	"zhiping/shared/fault"
)

// Reload takes in what another process has appended to the store: two servers can stand before one database. Objects that are known are compared, not
// applied again.
func (s *Session) Reload(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	err := s.reread(ctx)
	if err == nil {
		return nil
	}
	if err := s.load(ctx); err != nil { // half of it may have been applied
		s.broken = err
	}
	return err
}

func (s *Session) reread(ctx context.Context) error {
	n := 0
	hashes, err := s.store.Load(ctx, func(object []byte) error {
		n++
		if n <= len(s.log) {
			if !bytes.Equal(object, s.log[n-1]) {
				return fault.New(fault.State, "第%d条会议记录与本程序所见的不同，请检查数据库", n-1)
			}
			return nil
		}
		if err := s.state.Apply(object); err != nil {
			return fmt.Errorf("第%d条会议记录：%w", n-1, err)
		}
		s.take(IDOf(object), object)
		return nil
	})
	if err != nil {
		return err
	}
	if n < len(s.log) {
		return fault.New(fault.State, "会议记录比本程序所见的少，请检查数据库")
	}
	s.hashes = hashes
	return nil
}

// retries is how often a batch is tried again that met another process at the store.
const retries = 5

// commit makes a batch durable. A store that another process has written to in the meantime refuses it (Conflict): the log is read again, and the batch
// decided anew where it now stands. Only one of the two has appended.
func (s *Session) commit(ctx context.Context, batch []*entry) {
	for range retries {
		err := s.attempt(ctx, batch)
		if fault.CodeOf(err) != fault.Conflict || s.broken != nil {
			return
		}
		for _, e := range batch {
			e.err, e.reason, e.record, e.receipt = nil, "", ID{}, nil
		}
	}
	for _, e := range batch {
		e.err = fault.New(fault.Conflict, "会议记录正由另一个程序写入，请稍后重试")
	}
}
