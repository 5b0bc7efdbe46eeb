// Package room is the sequencer of a meeting room as booths and staff's laptop see it: the hub laptop and the central server mount the same
// handlers over a ballot.Session (voting.md, "Transports"). It has neither window nor network; who may call is decided by the interceptors and
// connections of those who mount it.
package room

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// Staff is staff's hand where staff's key is with the sequencer: on the hub laptop.
type Staff interface {
	// Code is the one-time code that an expert was given on paper; false if this laptop does not know it (a spare that has just taken over).
	Code(expert string) (string, bool)
	// Key signs as staff.
	Key() ballot.Key
}

// A Shelf keeps what belongs to a session and is no object of its log. What Keep methods have returned from survives a power cut.
type Shelf interface {
	KeepColumns(ctx context.Context, round string, columns []byte) error
	Columns(ctx context.Context, round string) ([]byte, error) // nil for none
	KeepSeen(ctx context.Context, checkpoint []byte) error     // a checkpoint that a laptop holds; again changes nothing
	KeepLate(ctx context.Context, object []byte) error         // what came after the log was archived or its hub released; again changes nothing
}

// A Room is one session at its sequencer.
type Room struct {
	Session *ballot.Session
	Hub     ballot.Key // signs tallies and quarantines
	Staff   Staff      // nil on the server: check-ins are pending there until staff's laptop has countersigned them
	Shelf   Shelf
	Now     func() int64

	// Held is set by a hub that has just been started on a log with experts in it: it takes nothing over the network until a laptop has shown what it has
	// seen, so that a log that was put back from an old copy does not grow (voting.md, "Hub rolled back"). Laptops do so whenever they connect.
	Held atomic.Bool

	arriving sync.Mutex // each is marked once

	mu      sync.Mutex
	shown   []byte            // highest checkpoint
	wait    chan struct{}     // closed when the log has grown
	pending map[string][]byte // halves of check-ins by expert; in memory: laptops send them again
}

// Package is the session's package, with the applicants of a second round once they are derived.
func (r *Room) Package() (p *ballot.Package) {
	r.Session.View(func(s *ballot.State) { p = s.Package })
	return p
}

// Grown is closed when the log has grown, or something has changed that does not stand in it.
func (r *Room) Grown() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.waiting()
}

func (r *Room) waiting() chan struct{} {
	if r.wait == nil {
		r.wait = make(chan struct{})
	}
	return r.wait
}

// Wake wakes those who wait for the log to grow.
func (r *Room) Wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.waiting())
	r.wait = nil
}

// Append appends an object and wakes those who wait. What an expert sends after the record is archived, or to a hub that was released, is kept as
// evidence and never merged.
func (r *Room) Append(ctx context.Context, object []byte) (*ballot.Receipt, error) {
	receipt, err := r.Session.Append(ctx, object)
	if err == nil {
		r.Wake()
		return receipt, nil
	}
	over := false
	r.Session.View(func(s *ballot.State) { over = s.Archived != nil || s.Release != nil })
	if over && fault.CodeOf(err) == fault.State && signedByExpert(object) {
		err = errors.Join(err, r.Shelf.KeepLate(ctx, object))
	}
	return nil, err
}

// expertKinds are the objects that an expert alone signs, besides the envelope.
var expertKinds = []string{"zp-retreq/1", "zp-opinion/1", "zp-device/1", "zp-attest/1", "zp-wipe/1"}

// kindReturn is staff's word that a laptop brings back to a hub whose log was lost, before the version that follows it: staff's signature decides.
const kindReturn = "zp-return/1"

// signedByExpert reports whether an object is of a type that an expert alone signs.
func signedByExpert(object []byte) bool {
	if slices.Contains(expertKinds, ballot.KindOf(object)) {
		return true
	}
	_, err := ballot.ParseEnvelope(object)
	return err == nil
}

// Submit takes what an expert has signed, and the returns that his laptop holds; anything else is refused.
func (r *Room) Submit(ctx context.Context, object []byte) (*ballot.Receipt, error) {
	if !signedByExpert(object) && ballot.KindOf(object) != kindReturn {
		return nil, fault.New(fault.Invalid, "无法识别提交的内容，请将本机程序升级到与会场主机相同的版本")
	}
	return r.Append(ctx, object)
}

// Take appends what staff, chair, supervisor, custodians or the server have signed. Envelopes come by Submit, tallies by Count.
func (r *Room) Take(ctx context.Context, object []byte) (*ballot.Receipt, error) {
	_, err := ballot.ParseEnvelope(object)
	switch kind := ballot.KindOf(object); {
	case err == nil:
		return nil, fault.New(fault.Invalid, "选票须由专家的电脑提交")
	case kind == "zp-tally/1" || kind == "zp-tally/2":
		return nil, fault.New(fault.Invalid, "计票结果须由主机根据计票栏重新计算，请重新计票")
	}
	receipt, err := r.Append(ctx, object)
	if err == nil && ballot.KindOf(object) == "zp-checkin/1" {
		r.settle()
	}
	return receipt, err
}

// CheckIn takes a laptop's half of a check-in. Where staff's key is with the sequencer the right one-time code lets it in at once, and the expert is
// present; otherwise it waits for staff's laptop (pending). What was taken once gets the same receipt however often it comes.
func (r *Room) CheckIn(ctx context.Context, half []byte) (receipt *ballot.Receipt, pending bool, err error) {
	o, err := ballot.ReadCheckIn(half)
	if err != nil {
		return nil, false, err
	}
	var session string
	var known, mine bool
	r.Session.View(func(s *ballot.State) {
		session, known, mine = s.Package.Session, s.Package.Expert(o.Expert) != nil, s.Credentials[o.Expert] == o.Credential
	})
	switch {
	case o.Session != session:
		return nil, false, fault.New(fault.Invalid, "签到不属于本场会议，请核对会场")
	case !known:
		return nil, false, fault.New(fault.Invalid, "不在本次会议的专家名单中，请核对姓名")
	case mine:
		receipt, err = r.again(ctx, half)
		if err == nil && r.Staff != nil && r.Session.Check() == nil {
			err = r.Arrive(ctx) // a hub that was killed in between has not marked him yet
		}
		return receipt, false, err
	}
	if err := r.Session.Check(); err != nil {
		return nil, false, err
	}
	if r.Staff != nil {
		if code, ok := r.Staff.Code(o.Expert); ok {
			if !Proves(code, o) {
				return nil, false, fault.New(fault.Denied, "签到码不正确，请核对会务人员发放的签到条")
			}
			receipt, err = r.Admit(ctx, half)
			return receipt, false, err
		}
	}
	r.mu.Lock()
	if r.pending == nil {
		r.pending = map[string][]byte{}
	}
	r.pending[o.Expert] = half
	r.mu.Unlock()
	r.Wake()
	return nil, true, nil
}

// Proves reports whether a check-in proves a one-time code.
func Proves(code string, o *ballot.CheckIn) bool {
	return code != "" && hmac.Equal(ballot.Proof(code, o.Session, o.Expert, o.Credential), o.Proof)
}

// again finds the check-in in the log, whoever countersigned it, and makes its receipt anew.
func (r *Room) again(ctx context.Context, half []byte) (*ballot.Receipt, error) {
	for _, o := range r.Session.Log() {
		if bytes.HasPrefix(o, half) {
			return r.Append(ctx, o)
		}
	}
	return nil, fault.New(fault.State, "该专家已签到，不能重复签到")
}

// Admit countersigns a check-in with staff's key and marks the expert as present, unless a round is under way: then he is when it is over.
func (r *Room) Admit(ctx context.Context, half []byte) (*ballot.Receipt, error) {
	full, err := ballot.Countersign(half, r.Staff.Key())
	if err != nil {
		return nil, err
	}
	receipt, err := r.Append(ctx, full)
	if err != nil {
		return nil, err
	}
	r.settle()
	return receipt, r.Arrive(ctx)
}

// Arrive marks as present who has checked in and has not been marked yet.
func (r *Room) Arrive(ctx context.Context) error {
	r.arriving.Lock()
	defer r.arriving.Unlock()
	var arrived []*ballot.Attend
	r.Session.View(func(s *ballot.State) { arrived = Arrived(s, r.Now()) })
	for _, a := range arrived {
		object, err := a.Sign(r.Staff.Key())
		if err == nil {
			_, err = r.Append(ctx, object)
		}
		if err != nil && r.underway() {
			return nil // a round was opened in between: they are marked when it is over
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Room) underway() (yes bool) {
	r.Session.View(func(s *ballot.State) { yes = s.Underway() != "" })
	return yes
}

// Arrived lists what staff has to sign for those who have checked in and have not been marked yet; nothing while a round is under way.
func Arrived(s *ballot.State, at int64) (all []*ballot.Attend) {
	if s.Underway() != "" {
		return nil
	}
	for _, e := range s.Package.Experts {
		if s.Credentials[e.ID] != "" && s.Status[e.ID] == "" {
			all = append(all, s.AttendOf(e.ID, ballot.Present, "", at))
		}
	}
	return all
}

// Pending are the check-ins that wait for staff.
func (r *Room) Pending() (all [][]byte) {
	p := r.Package()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range p.Experts {
		if half := r.pending[e.ID]; half != nil {
			all = append(all, half)
		}
	}
	return all
}

// settle drops what no longer waits: the expert has a credential now.
func (r *Room) settle() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Session.View(func(s *ballot.State) {
		for expert := range r.pending {
			if s.Credentials[expert] != "" {
				delete(r.pending, expert)
			}
		}
	})
}

// Witness takes the highest checkpoint of a laptop, and proves that the log has grown from there. One that this log never had is kept as evidence.
func (r *Room) Witness(ctx context.Context, checkpoint []byte) (proof [][]byte, own []byte, err error) {
	err = r.Session.Witness(checkpoint)
	h, bad := ballot.ReadHead(checkpoint)
	if bad != nil {
		return nil, nil, bad
	}
	stranger := false
	r.Session.View(func(s *ballot.State) {
		_, unsigned := ballot.OpenCheckpoint(checkpoint, s.HubKeys()...)
		stranger = unsigned == nil && s.Package.EpochOf(h.Origin) > 0 && !s.HasHead(h)
	})
	if stranger {
		err = errors.Join(err, r.Shelf.KeepSeen(ctx, checkpoint))
		r.Wake()
	}
	if err != nil {
		return nil, nil, err
	}
	r.Held.Store(false)
	r.noteShown(checkpoint, h)
	hashes, own, err := r.Session.ProofFrom(h)
	for _, x := range hashes {
		proof = append(proof, x[:])
	}
	return proof, own, err
}

// noteShown remembers the highest checkpoint that a laptop has shown and that this log has had.
func (r *Room) noteShown(checkpoint []byte, h ballot.Head) {
	mine := false
	r.Session.View(func(s *ballot.State) { mine = s.Origin() == h.Origin && s.HasHead(h) })
	r.mu.Lock()
	defer r.mu.Unlock()
	if before, err := ballot.ReadHead(r.shown); mine && (err != nil || before.Origin != h.Origin || before.Size < h.Size) {
		r.shown = checkpoint
	}
}

// Shown is the highest checkpoint of this epoch that a laptop has shown since the sequencer was started, nil for none: evidence that laptops saw this very log.
func (r *Room) Shown() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.shown
}

// Count takes the columns of a closed round as staff's laptop has opened them, counts them and signs the tally. The columns are kept before the word
// about them: a tally whose columns are lost could not be verified any more.
func (r *Room) Count(ctx context.Context, round string, columns []byte, invalid []string) (*ballot.Receipt, error) {
	var tally *ballot.Tally
	var done ballot.ID
	var err error
	r.Session.View(func(s *ballot.State) {
		sum := sha256.Sum256(columns)
		if x := s.Rounds[round]; x != nil && x.Tally != nil && bytes.Equal(sum[:], x.Tally.Columns) {
			done = x.TallyID
			return
		}
		tally, err = ballot.TallyOf(s, round, program(), columns, invalid)
	})
	if err != nil {
		return nil, err
	}
	if tally == nil {
		return r.Append(ctx, r.Session.Object(done))
	}
	if err := r.Shelf.KeepColumns(ctx, round, columns); err != nil {
		return nil, err
	}
	object, err := tally.Sign(r.Hub)
	if err != nil {
		return nil, err
	}
	return r.Append(ctx, object)
}

// program names the program that counts, by the SHA-256 of its file.
var program = sync.OnceValue(func() string {
	const name = "zhiping"
	path, err := os.Executable()
	if err != nil {
		return name
	}
	f, err := os.Open(path)
	if err != nil {
		return name
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return name
	}
	return name + " " + hex.EncodeToString(sum.Sum(nil))
})

// Quarantine notes something unreadable that was brought to the hub, once.
func (r *Room) Quarantine(ctx context.Context, object []byte, reason string) error {
	sum := sha256.Sum256(object)
	var session string
	known := false
	r.Session.View(func(s *ballot.State) {
		session = s.Package.Session
		known = slices.ContainsFunc(s.Quarantined, func(q *ballot.Quarantine) bool { return bytes.Equal(q.Object, sum[:]) })
	})
	if known {
		return nil
	}
	note, err := (&ballot.Quarantine{Session: session, Object: sum[:], Reason: reason, At: r.Now()}).Sign(r.Hub)
	if err == nil {
		_, err = r.Append(ctx, note)
	}
	return err
}
