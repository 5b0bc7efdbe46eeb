package ballot

import (
	"bytes"
	"context"

	"golang.org/x/mod/sumdb/tlog"

	"zhiping/shared/fault"
)

// A copy of another's log: the spare hub's, and that of staff's laptop while the central server is the sequencer.

// Replica opens a copy of the log on a store. It has no key and writes nothing of its own; Follow lets it grow.
func Replica(ctx context.Context, store Store, pkg []byte, server string) (*Session, error) {
	return start(ctx, store, pkg, server, Key{})
}

// Follow takes the next objects of the sequencer's log, from an index on, up to a checkpoint that the sequencer signed. Each is checked as the
// sequencer checked it; a log that comes out otherwise than the checkpoint says is refused whole. What is known already is passed over. Once all is proved, and before
// it is stored, note is called if it is not nil.
func (s *Session) Follow(ctx context.Context, from int64, objects [][]byte, checkpoint []byte, note func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	if s.sequencer() {
		return fault.New(fault.State, "本机是当前的主机，不再跟随其他主机")
	}
	n := int64(len(s.log))
	if from > n {
		return fault.New(fault.State, "副本只有%d条记录，缺少第%d条以前的记录", n, from)
	}
	for i, o := range objects {
		if at := from + int64(i); at < n && !bytes.Equal(o, s.log[at]) {
			return ErrEquivocal
		}
	}
	if from+int64(len(objects)) < n {
		return s.passed(checkpoint) // an answer that another has overtaken
	}
	fresh := objects[min(n-from, int64(len(objects))):]
	hashes, err := s.follow(fresh)
	if err == nil {
		err = s.agrees(checkpoint)
	}
	if err == nil && note != nil {
		err = note()
	}
	if err == nil && len(fresh) > 0 {
		err = s.store.Append(context.WithoutCancel(ctx), n, fresh, hashes)
	}
	if err != nil {
		if again := s.load(context.WithoutCancel(ctx)); again != nil {
			s.broken = again
		}
		return err
	}
	s.hashes = append(s.hashes, hashes...)
	s.head = checkpoint
	return nil
}

func (s *Session) follow(objects [][]byte) (hashes []tlog.Hash, err error) {
	for _, o := range objects {
		h, err := tlog.StoredHashes(int64(len(s.log)), o, s.reader(hashes))
		if err != nil {
			return nil, err
		}
		if err := s.state.Apply(o); err != nil {
			return nil, err
		}
		s.take(IDOf(o), o)
		hashes = append(hashes, h...)
	}
	return hashes, nil
}

// passed checks that a checkpoint is of a head that this log has had.
func (s *Session) passed(checkpoint []byte) error {
	h, err := OpenCheckpoint(checkpoint, s.state.HubKeys()...)
	if err == nil && !s.state.hasHead(h) {
		err = ErrEquivocal
	}
	return err
}

// agrees checks that a checkpoint is this log's head, signed by its sequencer.
func (s *Session) agrees(checkpoint []byte) error {
	h, err := OpenCheckpoint(checkpoint, s.state.Hub)
	if err != nil {
		return err
	}
	if root, _ := s.state.RootAt(s.state.Size()); h != (Head{s.state.Origin(), s.state.Size(), root}) {
		return fault.New(fault.State, "主机的记录与其签名的检查点不一致，副本没有采用，请联系监督人员")
	}
	return nil
}

// sequencer reports whether this session writes the log now.
func (s *Session) sequencer() bool { return s.hub.Private != nil && s.state.Hub == s.hub.Public() }

// Sequencer reports whether this session writes the log now.
func (s *Session) Sequencer() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sequencer()
}

// Copied is the sequencer's checkpoint that a copy agrees with, nil if it has followed nobody yet.
func (s *Session) Copied() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.head
}
