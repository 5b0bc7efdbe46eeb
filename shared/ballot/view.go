package ballot

import "golang.org/x/mod/sumdb/tlog"

// What screens and sequencers ask of a state besides its fields.

// KindOf is the first line of an object: its type and version. It proves nothing.
func KindOf(object []byte) string { return typeOf(object) }

// Need is the number of yes votes, and of experts present, that a base needs (Articles 19 and 20).
func (s *State) Need(base int64) int64 { return s.need(base) }

// Underway is the id of the round that is open, or closed and not opened; "" for none.
func (s *State) Underway() string { return s.underway() }

// Leaves reports whether marking an expert with a status takes him out of the base of a round.
func (s *State) Leaves(round, expert, status string) bool {
	r := s.Rounds[round]
	return r != nil && r.leaves(expert, status)
}

// InForce returns an expert's ballot of a round that has not been returned, nil for none.
func (s *State) InForce(round, expert string) *Envelope {
	if r := s.Rounds[round]; r == nil || !s.inForce(round, expert) {
		return nil
	}
	return s.Rounds[round].Heads[expert]
}

// RequestFor is the id of an expert's request to have an envelope back, "" for none.
func (s *State) RequestFor(envelope ID) string {
	for id, o := range s.requests {
		if ID(o.Envelope) == envelope {
			return id
		}
	}
	return ""
}

// RequestReason is the reason of an expert's request to have an envelope back, "" for none.
func (s *State) RequestReason(envelope ID) string {
	for _, o := range s.requests {
		if ID(o.Envelope) == envelope {
			return o.Reason
		}
	}
	return ""
}

// EpochOf is the number of the epoch whose log has a name, 0 for another session's.
func (p *Package) EpochOf(origin string) int64 { return p.epochOf(origin) }

// ReadHead reads what a checkpoint says without asking who signed it.
func ReadHead(checkpoint []byte) (Head, error) {
	text, _, err := split(checkpoint)
	if err != nil {
		return Head{}, err
	}
	return parseHead(text)
}

// HubKeys are the keys that may have signed checkpoints of a session so far.
func (s *State) HubKeys() []string {
	keys := s.Package.hubs()
	for _, e := range s.Epochs {
		keys = append(keys, e.Hub)
	}
	return keys
}

// HasHead reports whether the log had this size and root.
func (s *State) HasHead(h Head) bool { return s.hasHead(h) }

// Object returns the object of the log with an id, nil for none.
func (s *Session) Object(id ID) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, known := s.index[id]; known {
		return s.log[i]
	}
	return nil
}

// Behind says why this log must not go on until an epoch begins, nil if it may.
func (s *Session) Behind() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.behind
}

// ProofFrom proves that the log of a head is the beginning of this one; it is empty for the head of an earlier epoch, or of the same size.
func (s *Session) ProofFrom(h Head) (tlog.TreeProof, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cp, err := s.checkpoint()
	if err != nil || h.Origin != s.state.Origin() {
		return nil, cp, err
	}
	n := int64(len(s.log))
	if h.Size < 1 || h.Size > n {
		return nil, cp, s.behind
	}
	proof, err := tlog.ProveTree(n, h.Size, s.reader(nil))
	return proof, cp, err
}

// Check says why this session takes nothing now, nil if it does.
func (s *Session) Check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	return s.mayWrite(&entry{})
}

// Signed returns the objects so far and the checkpoint of just that size.
func (s *Session) Signed() ([][]byte, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cp, err := s.checkpoint()
	return s.log[:len(s.log):len(s.log)], cp, err
}
