package ballot

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"zhiping/shared/fault"
)

// A Store keeps the log: objects and the hashes of its Merkle tree. Append must be durable when it returns.
type Store interface {
	// Append adds objects after the size they were made for, with the tree's new hashes; another size is an error.
	Append(ctx context.Context, size int64, objects [][]byte, hashes []tlog.Hash) error
	// Load calls fn for every object in order and returns the tree's hashes.
	Load(ctx context.Context, fn func(object []byte) error) ([]tlog.Hash, error)
}

// A Session is the one sequencer of a log: the hub while it holds the lease.
type Session struct {
	mu     sync.Mutex
	store  Store
	hub    Key
	state  *State
	hashes []tlog.Hash
	index  map[ID]int64 // objects in the log
	log    [][]byte
}

// Begin opens a session on a store: an empty one begins with the package, another is replayed. server is the key that signs packages.
func Begin(ctx context.Context, store Store, pkg []byte, server string, hub Key) (*Session, error) {
	p, id, err := OpenPackage(pkg, server)
	if err != nil {
		return nil, err
	}
	if hub.Public() != p.Hub {
		return nil, fault.New(fault.Denied, "本机不是会议包指定的主机")
	}
	state, err := NewState(p, id)
	if err != nil {
		return nil, err
	}
	s := &Session{store: store, hub: hub, state: state, index: map[ID]int64{}}
	s.hashes, err = store.Load(ctx, s.replay)
	if err != nil {
		return nil, err
	}
	if len(s.log) == 0 {
		return s, s.append(ctx, pkg)
	}
	if IDOf(s.log[0]) != id {
		return nil, fault.New(fault.State, "记录库属于另一个会议包，请检查文件夹")
	}
	return s, nil
}

func (s *Session) replay(object []byte) error {
	if len(s.log) > 0 {
		if err := s.state.Apply(object); err != nil {
			return fmt.Errorf("第%d条会议记录：%w", len(s.log), err)
		}
	}
	s.take(object)
	return nil
}

func (s *Session) take(object []byte) {
	s.index[IDOf(object)] = int64(len(s.log))
	s.log = append(s.log, object)
}

func (s *Session) reader() tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			if x < 0 || x >= int64(len(s.hashes)) {
				return nil, fmt.Errorf("ballot: no hash %d", x)
			}
			out[i] = s.hashes[x]
		}
		return out, nil
	})
}

// append writes an object durably before anything else learns of it.
func (s *Session) append(ctx context.Context, object []byte) error {
	n := int64(len(s.log))
	hashes, err := tlog.StoredHashes(n, object, s.reader())
	if err != nil {
		return err
	}
	if err := s.store.Append(ctx, n, [][]byte{object}, hashes); err != nil {
		return err
	}
	s.hashes = append(s.hashes, hashes...)
	s.take(object)
	return nil
}

// A Receipt is the hub's word that an object stands in the log, or why an envelope does not count.
type Receipt struct {
	Origin     string
	Index      int64
	Object     ID
	Reason     string // "" is accepted
	Proof      tlog.RecordProof
	Checkpoint []byte
}

// Append takes an object: an envelope is counted or rejected, and gets the same answer however often it comes; every other object is
// appended or refused with a fault. The receipt is made after the object is durable.
func (s *Session) Append(ctx context.Context, object []byte) (*Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := IDOf(object)
	if _, known := s.index[id]; known {
		return s.receipt(id, "")
	}
	if reason, known := s.state.Rejected[id]; known {
		return s.rejected(id, reason)
	}
	if e, err := ParseEnvelope(object); err == nil {
		if reason := s.state.Accept(e); reason != "" {
			return s.reject(ctx, id, reason)
		}
	}
	// Check before the store, apply after it: nothing that is not durable may be seen.
	change, err := s.state.read(object)
	if err != nil {
		return nil, err
	}
	if err := s.append(ctx, object); err != nil {
		return nil, err
	}
	change()
	return s.receipt(id, "")
}

// reject logs why an envelope does not count.
func (s *Session) reject(ctx context.Context, id ID, reason string) (*Receipt, error) {
	object, err := sign(&Reject{Session: s.state.Package.Session, Envelope: id[:], Reason: reason}, s.hub)
	if err != nil {
		return nil, err
	}
	if err := s.append(ctx, object); err != nil {
		return nil, err
	}
	s.state.Rejected[id] = reason
	return s.rejected(id, reason)
}

// rejected is the receipt of the reject object, for the envelope.
func (s *Session) rejected(id ID, reason string) (*Receipt, error) {
	object, err := sign(&Reject{Session: s.state.Package.Session, Envelope: id[:], Reason: reason}, s.hub)
	if err != nil {
		return nil, err
	}
	r, err := s.receipt(IDOf(object), reason)
	if err == nil {
		r.Object = id
	}
	return r, err
}

func (s *Session) receipt(id ID, reason string) (*Receipt, error) {
	n := int64(len(s.log))
	i := s.index[id]
	proof, err := tlog.ProveRecord(n, i, s.reader())
	if err != nil {
		return nil, err
	}
	cp, err := s.checkpoint()
	return &Receipt{Origin: s.state.Package.Origin, Index: i, Object: id, Reason: reason, Proof: proof, Checkpoint: cp}, err
}

// checkpoint signs the log's head; Ed25519 is deterministic, so the same head gives the same bytes.
func (s *Session) checkpoint() ([]byte, error) {
	n := int64(len(s.log))
	root, err := tlog.TreeHash(n, s.reader())
	if err != nil {
		return nil, err
	}
	return signText(checkpointText(s.state.Package.Origin, n, root), s.hub)
}

func checkpointText(origin string, n int64, root tlog.Hash) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, n, root)
}

// Head returns the log's size and root.
func (s *Session) Head() (int64, tlog.Hash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	root, err := tlog.TreeHash(int64(len(s.log)), s.reader())
	return int64(len(s.log)), root, err
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

// Text writes a receipt: "zp-receipt/1", origin, index, object, ACCEPTED or REJECTED and the reason, the proof's hashes (base64, separated
// by ","), then the checkpoint.
func (r *Receipt) Text() []byte {
	verdict := "ACCEPTED"
	if r.Reason != "" {
		verdict = "REJECTED " + r.Reason
	}
	var proof []string
	for _, h := range r.Proof {
		proof = append(proof, base64.StdEncoding.EncodeToString(h[:]))
	}
	return fmt.Appendf(nil, "zp-receipt/1\n%s\n%d\n%s\n%s\n%s\n%s", r.Origin, r.Index, r.Object, verdict, strings.Join(proof, ","), r.Checkpoint)
}

// CheckReceipt reads a receipt and checks that the hub signed it and that it is for this envelope: only then has it been received.
func CheckReceipt(text, envelope []byte, p *Package) (*Receipt, error) {
	lines := strings.SplitN(string(text), "\n", 7)
	bad := fault.New(fault.Invalid, "主机的回执无效，选票仍保存在本机，请重新发送")
	if len(lines) != 7 || lines[0] != "zp-receipt/1" || lines[1] != p.Origin || lines[3] != IDOf(envelope).String() {
		return nil, bad
	}
	r := &Receipt{Origin: lines[1], Object: IDOf(envelope), Checkpoint: []byte(lines[6])}
	var err error
	if r.Index, err = strconv.ParseInt(lines[2], 10, 64); err != nil {
		return nil, bad
	}
	r.Reason = strings.TrimPrefix(strings.TrimPrefix(lines[4], "REJECTED "), "ACCEPTED")
	if lines[5] != "" {
		for _, h := range strings.Split(lines[5], ",") {
			hash, err := tlog.ParseHash(h)
			if err != nil {
				return nil, bad
			}
			r.Proof = append(r.Proof, hash)
		}
	}
	size, root, err := openCheckpoint(r.Checkpoint, p)
	if err != nil {
		return nil, bad
	}
	if r.Reason != "" {
		return r, nil // what is proved is the reject object; its reason is the hub's signed word
	}
	if tlog.CheckRecord(r.Proof, size, root, r.Index, tlog.RecordHash(envelope)) != nil {
		return nil, bad
	}
	return r, nil
}

// openCheckpoint reads a checkpoint signed by the package's hub.
func openCheckpoint(text []byte, p *Package) (int64, tlog.Hash, error) {
	v, err := verifier(RoleHub, p.Hub)
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	n, err := note.Open(text, note.VerifierList(v))
	if err != nil {
		return 0, tlog.Hash{}, fault.New(fault.Invalid, "检查点的签名无效")
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != p.Origin {
		return 0, tlog.Hash{}, fault.New(fault.Invalid, "检查点格式不正确")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return size, root, err
}
