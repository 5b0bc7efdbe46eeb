package ballot

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"zhiping/shared/fault"
)

// A Store keeps the log: objects and the hashes of its Merkle tree. Append must be durable when it returns.
type Store interface {
	// Append adds objects after the size they were made for, with the tree's new hashes, all or none; another size is an error.
	Append(ctx context.Context, size int64, objects [][]byte, hashes []tlog.Hash) error
	// Load calls fn for every object in order and returns the tree's hashes.
	Load(ctx context.Context, fn func(object []byte) error) ([]tlog.Hash, error)
}

// A Session is the one sequencer of a log: the hub while it holds the lease, or the server.
type Session struct {
	queue  sync.Mutex // guards waits
	waits  []*entry
	mu     sync.Mutex // guards the rest, through the store's fsync: nothing that is not durable is seen
	store  Store
	hub    Key
	pkg    *Package
	id     ID
	state  *State
	hashes []tlog.Hash
	index  map[ID]int64 // objects in the log
	log    [][]byte
	head   []byte // the sequencer's checkpoint that this copy of its log agrees with; the sequencer itself has none
	behind error  // why this log must not go on: a laptop has seen a later or another one
	broken error  // the store failed and could not be read again
}

// An entry is an object that waits for its place in the log.
type entry struct {
	object  []byte
	id      ID
	env     *Envelope // nil for another object
	done    bool
	reason  string
	record  ID // what stands in the log for it: itself, or the reject
	receipt *Receipt
	err     error
}

// Begin opens a session on a store: an empty one begins with the package, another is replayed. server is the key that signs packages. The spare
// hub may open one too; it takes nothing until an epoch makes it the sequencer.
func Begin(ctx context.Context, store Store, pkg []byte, server string, hub Key) (*Session, error) {
	s, err := start(ctx, store, pkg, server, hub)
	if err != nil {
		return nil, err
	}
	if key := hub.Public(); s.state.Hub != key && key != s.pkg.Hub && key != s.pkg.Spare {
		return nil, fault.New(fault.Denied, "本机不是会议包指定的主机")
	}
	return s, nil
}

func start(ctx context.Context, store Store, pkg []byte, server string, hub Key) (*Session, error) {
	p, id, err := OpenPackage(pkg, server)
	if err != nil {
		return nil, err
	}
	s := &Session{store: store, hub: hub, pkg: p, id: id}
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	if len(s.log) == 0 {
		err = s.begin(ctx, pkg)
	}
	return s, err
}

// load replays the store.
func (s *Session) load(ctx context.Context) error {
	state, err := NewState(s.pkg, s.id)
	if err != nil {
		return err
	}
	s.state, s.index, s.log = state, map[ID]int64{}, nil
	s.hashes, err = s.store.Load(ctx, func(object []byte) error {
		if len(s.log) == 0 && IDOf(object) != s.id {
			return fault.New(fault.State, "记录库属于另一个会议包，请检查文件夹")
		}
		if err := s.state.Apply(object); err != nil {
			return fmt.Errorf("第%d条会议记录：%w", len(s.log), err)
		}
		s.take(IDOf(object), object)
		return nil
	})
	return err
}

func (s *Session) begin(ctx context.Context, pkg []byte) error {
	hashes, err := tlog.StoredHashes(0, pkg, s.reader(nil))
	if err != nil {
		return err
	}
	if err := s.store.Append(ctx, 0, [][]byte{pkg}, hashes); err != nil {
		return err
	}
	s.hashes = hashes
	s.take(s.id, pkg)
	return s.state.Apply(pkg)
}

func (s *Session) take(id ID, object []byte) {
	s.index[id] = int64(len(s.log))
	s.log = append(s.log, object)
}

// reader reads the stored hashes and those that are about to be stored.
func (s *Session) reader(fresh []tlog.Hash) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			switch old := int64(len(s.hashes)); {
			case x < 0 || x >= old+int64(len(fresh)):
				return nil, fmt.Errorf("ballot: no hash %d", x)
			case x < old:
				out[i] = s.hashes[x]
			default:
				out[i] = fresh[x-old]
			}
		}
		return out, nil
	})
}

// Append takes an object: an envelope is counted or rejected, and gets the same answer however often it comes; every other object is
// appended or refused with a fault. The receipt is made after the object is durable. What several callers bring while the store is busy is
// made durable together (group commit).
func (s *Session) Append(ctx context.Context, object []byte) (*Receipt, error) {
	e := &entry{object: object, id: IDOf(object)}
	if env, err := ParseEnvelope(object); err == nil {
		e.env = env
		env.signed() // outside the lock: it takes longest
	}
	s.queue.Lock()
	s.waits = append(s.waits, e)
	s.queue.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !e.done {
		s.queue.Lock()
		batch := s.waits
		s.waits = nil
		s.queue.Unlock()
		s.commit(context.WithoutCancel(ctx), batch)
	}
	return e.receipt, e.err
}

// attempt applies a batch in order, makes it durable, and only then writes receipts. When the store fails, the state is read from it again.
func (s *Session) attempt(ctx context.Context, batch []*entry) error {
	var objects [][]byte
	var hashes []tlog.Hash
	size := int64(len(s.log))
	for _, e := range batch {
		e.done = true
		object, err := s.place(e)
		if err != nil || object == nil {
			e.err = err
			continue
		}
		h, err := tlog.StoredHashes(size+int64(len(objects)), object, s.reader(hashes))
		if err != nil {
			s.broken, e.err = err, err
			continue
		}
		hashes, objects = append(hashes, h...), append(objects, object)
	}
	if len(objects) > 0 {
		if err := s.store.Append(ctx, size, objects, hashes); err != nil {
			s.fail(ctx, batch, err)
			return err
		}
	}
	s.hashes = append(s.hashes, hashes...)
	s.receipts(batch)
	return nil
}

// place decides on an entry and applies it; it returns what is to be written, nil if it is in the log already.
func (s *Session) place(e *entry) ([]byte, error) {
	if s.broken != nil {
		return nil, s.broken
	}
	e.record = e.id
	if i, known := s.index[e.id]; known && i < int64(len(s.log)) {
		return nil, nil
	}
	if reason, known := s.state.Rejected[e.id]; known {
		e.reason = reason
		for _, x := range s.state.Rejections {
			if x.Envelope == e.id {
				e.record = IDOf(s.log[x.Index])
			}
		}
		return nil, nil
	}
	if err := s.mayWrite(e); err != nil {
		return nil, err
	}
	object := e.object
	if e.env != nil {
		reason, err := s.state.Accept(e.env)
		if err != nil {
			return nil, err
		}
		if reason != "" {
			e.reason = reason
			if object, err = s.rejectOf(e).Sign(s.hub); err != nil {
				return nil, err
			}
			e.record = IDOf(object)
		}
	}
	if err := s.state.applyParsed(object, e); err != nil {
		return nil, err
	}
	if s.take(e.record, object); typeOf(object) == kindEpoch {
		s.behind = nil
	}
	return object, nil
}

// applyParsed is Apply without parsing an accepted envelope again.
func (s *State) applyParsed(object []byte, e *entry) error {
	if e.env == nil || e.reason != "" || s.Release != nil || s.Archived != nil {
		return s.Apply(object)
	}
	s.grow(object)
	s.count(e.env)
	return nil
}

func (s *Session) rejectOf(e *entry) *Reject {
	o := &Reject{Old: s.pkg.Old, Session: s.pkg.Session, Envelope: e.id[:], Reason: e.reason}
	if !o.Old {
		o.Content = e.object
	}
	return o
}

// mayWrite refuses what this hub must not write: it is not the sequencer, or its log is behind one that a laptop has seen. An epoch heals both.
func (s *Session) mayWrite(e *entry) error {
	if e.env == nil && typeOf(e.object) == kindEpoch {
		o := &Epoch{}
		if text, _, err := split(e.object); err != nil || decode(text, o) != nil || s.hub.Private == nil || o.Hub != s.hub.Public() {
			return fault.New(fault.Denied, "启用的不是本机，请在所启用的主机上操作")
		}
		return nil
	}
	if s.behind != nil {
		return s.behind
	}
	if !s.sequencer() {
		return fault.New(fault.State, "本机不是当前的主机；备用主机须由执行主任和会务人员启用后才能接收选票")
	}
	return nil
}

// fail answers a batch whose objects are not durable, and reads the state from the store again.
func (s *Session) fail(ctx context.Context, batch []*entry, err error) {
	for _, e := range batch {
		if e.err == nil {
			e.err = err
		}
	}
	if again := s.load(ctx); again != nil {
		s.broken = fmt.Errorf("ballot: the store failed (%w) and cannot be read again: %w", err, again)
	}
}

// receipts writes the receipts of a batch under one checkpoint.
func (s *Session) receipts(batch []*entry) {
	cp, err := s.checkpoint()
	n := int64(len(s.log))
	for _, e := range batch {
		if e.err != nil {
			continue
		}
		if e.err = err; err != nil {
			continue
		}
		i := s.index[e.record]
		r := &Receipt{Origin: s.state.Origin(), Epoch: s.state.Epoch, Index: i, Object: e.id, Reason: e.reason, Checkpoint: cp}
		if e.reason != "" {
			r.Signature = lastSignature(s.log[i])
		}
		r.Proof, e.err = tlog.ProveRecord(n, i, s.reader(nil))
		e.receipt = r
	}
}

// checkpoint signs the log's head; Ed25519 is deterministic, so the same head gives the same bytes. A copy shows its sequencer's.
func (s *Session) checkpoint() ([]byte, error) {
	if !s.sequencer() {
		if s.head == nil {
			return nil, fault.New(fault.State, "本机不是当前的主机，也还没有当前主机的记录")
		}
		return s.head, nil
	}
	n := s.state.Size()
	root, _ := s.state.RootAt(n)
	return signText(Head{s.state.Origin(), n, root}.text(), s.hub)
}

// Head returns the log's size and root.
func (s *Session) Head() (int64, tlog.Hash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	root, _ := s.state.RootAt(s.state.Size())
	return s.state.Size(), root, s.broken
}

// View runs fn on the session's state, which it must not keep or change.
func (s *Session) View(fn func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn(s.state)
}

// Log returns the objects so far. The caller must not change them.
func (s *Session) Log() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log[:len(s.log):len(s.log)]
}

// Checkpoint returns the signed head.
func (s *Session) Checkpoint() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.checkpoint()
}

// Consistency proves that the log of a size is the beginning of this one: what a laptop asks that has seen an earlier checkpoint.
func (s *Session) Consistency(size int64) (tlog.TreeProof, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := int64(len(s.log))
	if size < 1 || size > n {
		return nil, nil, fault.New(fault.State, "主机的记录只有%d条，本机见过%d条", n, size)
	}
	proof, err := tlog.ProveTree(n, size, s.reader(nil))
	if err != nil {
		return nil, nil, err
	}
	cp, err := s.checkpoint()
	return proof, cp, err
}

// Witness shows the hub the highest checkpoint that a laptop has seen. A hub whose log is behind it, or is another one, has been rolled back or
// replaced: it takes nothing any more until a new epoch begins (V10).
func (s *Session) Witness(checkpoint []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, err := OpenCheckpoint(checkpoint, append(s.pkg.hubs(), s.state.Hub)...)
	if err != nil {
		return err
	}
	if s.pkg.epochOf(h.Origin) < s.state.Epoch {
		return s.behind // of a hub before this one; what it lost is found at the hand-over
	}
	root, known := s.state.RootAt(h.Size)
	switch same := h.Origin == s.state.Origin() && known && root == h.Root; {
	case same:
	case !s.sequencer():
		return s.mayWrite(&entry{}) // a copy may well be behind the log that it follows
	default:
		s.behind = fault.New(fault.State, "本机的记录（%d条）落后于专家电脑见过的记录（%d条）或与其不一致：可能恢复过旧的备份。请由执行主任和会务人员重新启用主机", s.state.Size(), h.Size)
	}
	return s.behind
}
