package ballot

import (
	"crypto/rand"
	"crypto/sha256"
)

// SealCopied puts another's sealed blobs and commitment under a header of the voter's own, properly signed: what somebody would do who wants to
// vote as a colleague did without knowing how.
func (v *Voter) SealCopied(round string, other *Envelope, b *Ballot, at int64) (*Envelope, error) {
	e, err := v.Seal(round, b, at)
	if err != nil {
		return nil, err
	}
	e.Commit, e.Blobs, e.Onions = other.Commit, other.Blobs, other.Onions
	if e.Note, err = sign(&e.Header, v.Key); err != nil {
		return nil, err
	}
	e.Raw = e.join()
	return e, nil
}

// SealUnequal seals a ballot whose last onion holds other cells than the first two: what a broken or dishonest booth might do.
func (v *Voter) SealUnequal(round string, b, other *Ballot, at int64) (*Envelope, error) {
	e, err := v.Seal(round, b, at)
	if err != nil {
		return nil, err
	}
	cells, err := other.cells(v.Package, v.Package.Round(round), v.Package.Expert(v.Expert))
	if err != nil {
		return nil, err
	}
	plain := make([]byte, 33, 33+len(cells))
	rand.Read(plain[1:])
	plain[0] = 1
	aad, err := e.bare()
	if err != nil {
		return nil, err
	}
	blob, err := e.onion(v.Package, 1, 2, append(plain, cells...), aad)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(blob)
	e.Blobs[2], e.Onions[2].Hash = blob, hexOf(sum[:])
	if e.Note, err = sign(&e.Header, v.Key); err != nil {
		return nil, err
	}
	e.Raw = e.join()
	return e, nil
}

// SignText signs any text as roles, which is what somebody does who has their keys.
func SignText(text string, keys ...Key) ([]byte, error) { return signText(text, keys...) }

// TextOf is the text of an object without its signatures.
func TextOf(object []byte) string {
	text, _, _ := split(object)
	return text
}

// Waiting is how many objects wait for the next commit.
func (s *Session) Waiting() int {
	s.queue.Lock()
	defer s.queue.Unlock()
	return len(s.waits)
}

// Join writes an envelope from its parts.
func (e *Envelope) Join() []byte { return e.join() }

// Resum replaces the sum at the end of a file by the right one.
func Resum(file []byte) []byte {
	if len(file) < sha256.Size {
		return file
	}
	body := file[:len(file)-sha256.Size]
	sum := sha256.Sum256(body)
	return append(body[:len(body):len(body)], sum[:]...)
}

// Rewrite reads an object's text and writes it again.
func Rewrite(object []byte) (string, error) {
	text, _, err := split(object)
	if err != nil {
		return "", err
	}
	b := map[string]body{
		kindPackage: &Package{}, kindPackageOne: &Package{Old: true}, kindCheckIn: &CheckIn{}, kindRevoke: &Revoke{}, kindAttend: &Attend{}, kindAttendOne: &Attend{Old: true},
		kindOpinion: &Opinion{}, kindOpen: &Open{}, kindOpenOne: &Open{Old: true}, kindEnvelope: &Header{}, kindReject: &Reject{}, kindRejectOne: &Reject{Old: true},
		kindRequest: &Request{}, kindReturn: &Return{}, kindDevice: &Device{}, kindQuarantine: &Quarantine{}, kindClose: &Close{}, kindCloseOne: &Close{Old: true},
		kindOpening: &Opening{}, kindTally: &Tally{}, kindTallyOne: &Tally{Old: true}, kindAttest: &Attest{}, kindSignOff: &SignOff{}, kindVoid: &Void{},
		kindEpoch: &Epoch{}, kindDerive: &Derive{}, kindArchive: &Archive{}, kindRelease: &Release{}, kindWipe: &Wipe{},
	}[typeOf(object)]
	if b == nil {
		return "", errBadEvidence
	}
	if err := decode(text, b); err != nil {
		return "", err
	}
	return encode(b)
}

// SealLonger seals a ballot that has one byte more than those of the round; honest says whether its header says so.
func (v *Voter) SealLonger(round string, b *Ballot, honest bool, at int64) (*Envelope, error) {
	r := v.Package.Round(round)
	cells, err := b.cells(v.Package, r, v.Package.Expert(v.Expert))
	if err != nil {
		return nil, err
	}
	e, err := v.seal(r, Chain{}, append(make([]byte, 34), cells...), make([]byte, 16), at)
	if err != nil {
		return nil, err
	}
	if !honest {
		e.Cells--
	}
	if e.Note, err = sign(&e.Header, v.Key); err != nil {
		return nil, err
	}
	e.Raw = e.join()
	return e, nil
}

// OpenOnion opens both layers of one onion.
func OpenOnion(e *Envelope, p *Package, round string, pair int, outer, inner *Secret) (plain []byte, valid bool, err error) {
	return e.open(p, p.Round(round), pair, outer.Seal, inner.Seal)
}
