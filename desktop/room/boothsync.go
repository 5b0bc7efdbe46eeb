package room

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/box"
	"zhiping/shared/fault"
)

// retryEvery is how long a laptop waits before it tries again to reach a sequencer.
const retryEvery = 500 * time.Millisecond

// Watch returns the view once it is newer than the number given; meanwhile it sends what has no receipt yet and waits for the sequencer's log to grow.
// It fails only when ctx ends or the laptop's own file does.
func (b *Booth) Watch(ctx context.Context, after int64) (*View, error) {
	for {
		v, changed, err := b.current(ctx)
		if err != nil || v.Seq > after {
			return v, err
		}
		if err := b.wait(ctx, changed); err != nil {
			return nil, err
		}
	}
}

// wait takes one turn at the network, or waits until something changes where there is none, or somebody else is at it.
func (b *Booth) wait(ctx context.Context, changed <-chan struct{}) error {
	if !b.linked() || !b.turn.TryLock() {
		select {
		case <-changed:
		case <-ctx.Done():
		}
		return ctx.Err()
	}
	defer b.turn.Unlock()
	poll, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-changed:
			cancel()
		case <-poll.Done():
		}
	}()
	err := b.deliver(ctx)
	if err == nil {
		err = b.poll(poll)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil || errors.Is(err, context.Canceled) {
		return nil
	}
	t := time.NewTimer(retryEvery)
	defer t.Stop()
	select {
	case <-t.C:
	case <-changed:
	case <-ctx.Done():
	}
	return ctx.Err()
}

// poll waits for the sequencer's log to grow.
func (b *Booth) poll(ctx context.Context) error {
	b.mu.Lock()
	l, after := b.all[b.at], b.status.Size
	b.mu.Unlock()
	err := b.ask(ctx, l, max(after, 1), pollTime)
	if err != nil && ctx.Err() == nil {
		b.lost(err)
	}
	return err // a new connection is noticed by the next delivery
}

// lost notes that the sequencer cannot be reached, or is not one now, and takes the next way.
func (b *Booth) lost(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.offline == 0 && fault.CodeOf(err) == fault.Offline {
		b.offline = b.o.Now()
	}
	if b.connected = false; b.notice == "" || fault.CodeOf(err) != fault.Offline {
		b.notice = err.Error() // of several ways, the one that answered says more than the one that did not
	}
	b.at = (b.at + 1) % len(b.all)
}

// deliver sends all that has no receipt of the present epoch.
func (b *Booth) deliver(ctx context.Context) error {
	return b.with(ctx, func(l *link) error { return b.flush(ctx, l) })
}

// refresh asks where everything stands now.
func (b *Booth) refresh(ctx context.Context) error {
	return b.with(ctx, func(l *link) error { return b.ask(ctx, l, 0, answerTime) })
}

// with runs fn over the first way that works, connecting if need be.
func (b *Booth) with(ctx context.Context, fn func(*link) error) (err error) {
	b.sending.Lock()
	defer b.sending.Unlock()
	b.mu.Lock()
	ways := len(b.all)
	b.mu.Unlock()
	if ways == 0 {
		return errNoWay
	}
	for range ways {
		b.mu.Lock()
		l := b.all[b.at]
		b.mu.Unlock()
		if err = b.over(ctx, l, fn); err == nil || ctx.Err() != nil {
			return err
		}
		b.lost(err)
	}
	return err
}

// over runs fn over one way. An answer over a new connection is worth nothing before the log at its end is proved; then fn runs again.
func (b *Booth) over(ctx context.Context, l *link, fn func(*link) error) (err error) {
	for range 3 {
		b.mu.Lock()
		connected := b.connected && l.same()
		b.mu.Unlock()
		if !connected {
			if err := b.connect(ctx, l); err != nil {
				return err
			}
		}
		if err = fn(l); !errors.Is(err, errRedialled) {
			break
		}
	}
	return err
}

var errNoWay = fault.New(fault.Offline, "本机没有连接主机，请用U盘传送")

// connect is the first talk with a sequencer: whether it has the same package, who it is, and whether its log has grown from what this laptop has seen (V10).
func (b *Booth) connect(ctx context.Context, l *link) error {
	if err := b.compare(ctx, l); err != nil {
		return err
	}
	if err := b.ask(ctx, l, 0, answerTime); err != nil {
		return err
	}
	made := l.dialled.Load()
	if err := b.prove(ctx, l); err != nil {
		return err
	}
	l.proved = made
	b.mu.Lock()
	defer b.mu.Unlock()
	b.connected, b.offline, b.notice = true, 0, ""
	return nil
}

func (b *Booth) compare(ctx context.Context, l *link) error {
	if l.compared {
		return nil
	}
	resp, err := call(ctx, answerTime, l.GetPackage, &roomv1.GetPackageRequest{Session: b.Package.Session})
	if err != nil {
		return err
	}
	if ballot.IDOf(resp.Package) != b.id {
		return errOtherPackage
	}
	l.compared = true
	return nil
}

// ask asks for the status and believes of it what is signed.
func (b *Booth) ask(ctx context.Context, l *link, after int64, within time.Duration) error {
	b.mu.Lock()
	who := b.who
	b.mu.Unlock()
	req := &roomv1.GetStatusRequest{Session: b.Package.Session, After: after}
	if who != nil {
		req.Expert = who.expert
	}
	s, err := call(ctx, within, l.GetStatus, req)
	if err != nil {
		return err
	}
	for _, e := range s.Epochs {
		if _, err := b.believe(ctx, e); err != nil {
			return err
		}
	}
	h, n, err := b.check(ctx, s.Checkpoint)
	if err != nil {
		return err
	}
	if err := b.shrunk(ctx, l, h); err != nil {
		return err
	}
	if n != s.Epoch {
		return fault.New(fault.State, "主机的任期与其签名的检查点不符，请联系会务人员")
	}
	for _, o := range [][]byte{s.Derived, s.Archive} {
		if len(o) == 0 {
			continue
		}
		if _, err := b.believe(ctx, o); err != nil {
			return err
		}
	}
	if s.Own != nil && who != nil {
		for _, x := range s.Own.Ballots {
			if len(x.Returned) == 0 {
				continue
			}
			if err := b.returned(ctx, who.expert, x.Round, x.Version, x.Returned); err != nil {
				return err
			}
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.who != who {
		s.Own = nil
	}
	s.Size = max(s.Size, h.Size)
	if b.highest == nil {
		b.highest = s.Checkpoint
		if err := b.outbox.KeepHighest(ctx, b.Package.Session, b.highest); err != nil {
			return err
		}
	} else {
		b.doubt(s.Checkpoint)
	}
	return b.hear(ctx, s, nil)
}

// shrunk shows a sequencer whose log is shorter than what was seen of it that checkpoint: its log was rolled back, or its answer has been overtaken.
func (b *Booth) shrunk(ctx context.Context, l *link, h ballot.Head) error {
	b.mu.Lock()
	seen := b.highest
	b.mu.Unlock()
	if x, err := ballot.ReadHead(seen); err != nil || x.Origin != h.Origin || x.Size <= h.Size {
		return nil
	}
	_, err := b.witness(ctx, l, seen, true)
	return err
}

// flush sends in order what has no receipt of the present epoch: after a hub was replaced that is everything again, whoever's it is (voting.md, "Hub lost").
func (b *Booth) flush(ctx context.Context, l *link) error {
	b.mu.Lock()
	epoch := b.epoch
	blocked := b.blocked[epoch]
	b.mu.Unlock()
	if blocked {
		return nil
	}
	items, err := b.outbox.Items(ctx, b.Package.Session, "")
	if err != nil {
		return err
	}
	stuck := map[string]bool{}
	sent, asked := false, false
	for _, i := range items {
		// A device word is about one moment: it is said anew, not sent again.
		if !i.Waits(epoch) || stuck[i.Expert] || i.Kind == box.Device || i.Kind == box.CheckIn && !lastCheckIn(items, i) {
			continue
		}
		if !asked {
			if err := b.still(ctx, l); err != nil {
				return err
			}
			asked = true
		}
		err := b.send(ctx, l, &i)
		switch code := fault.CodeOf(err); {
		case err == nil:
			sent = true
		case code == fault.Offline || code == fault.Internal || code == fault.Conflict || ctx.Err() != nil:
			return err
		case code == fault.State && i.Kind != box.Envelope:
			stuck[i.Expert] = true // not yet; what follows builds on it
		case i.Kind == box.Envelope:
			stuck[i.Expert] = true // a ballot is never given up: only a receipt ends it
			b.tell(err.Error())
		default:
			if err := b.outbox.Refuse(ctx, i.N, err.Error()); err != nil {
				return err
			}
		}
	}
	said, err := b.devices(ctx, l)
	if err != nil {
		return err
	}
	if sent || said {
		b.stir()
		return b.prove(ctx, l)
	}
	return nil
}

// still shows the sequencer the highest checkpoint before anything is sent to it: if the connection was lost in between, whoever answers now is asked for its log
// first.
func (b *Booth) still(ctx context.Context, l *link) error {
	b.mu.Lock()
	seen := b.highest
	b.mu.Unlock()
	if seen == nil {
		return nil
	}
	if _, err := b.witness(ctx, l, seen, true); err != nil {
		return err
	}
	if !l.same() {
		return errRedialled
	}
	return nil
}

func (b *Booth) tell(notice string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notice = notice
}

// lastCheckIn reports whether a check-in is the expert's newest: earlier ones are of credentials that were revoked.
func lastCheckIn(items []box.Item, i box.Item) bool {
	return !slices.ContainsFunc(items, func(x box.Item) bool { return x.Kind == box.CheckIn && x.Expert == i.Expert && x.Version > i.Version })
}

// send sends one thing and keeps the receipt, after it has been checked.
func (b *Booth) send(ctx context.Context, l *link, i *box.Item) error {
	object, err := b.outbox.Bytes(ctx, i.N)
	if err != nil {
		return err
	}
	if i.Kind == box.CheckIn {
		return b.sendCheckIn(ctx, l, i, object)
	}
	resp, err := call(ctx, answerTime, l.Submit, &roomv1.SubmitRequest{Session: b.Package.Session, Object: object})
	if err != nil {
		return err
	}
	if !l.same() {
		return errRedialled
	}
	atStep("sent")
	return b.receive(ctx, i, object, resp.Receipt)
}

// receive checks a receipt, by whatever way it came, and keeps it.
func (b *Booth) receive(ctx context.Context, i *box.Item, object, receipt []byte) error {
	b.mu.Lock()
	keys := b.hubKeys()
	b.mu.Unlock()
	r, err := ballot.CheckReceipt(receipt, object, b.Package, keys...)
	if err != nil {
		return err
	}
	if err := b.signedNow(ctx, r); err != nil {
		return err
	}
	if err := b.outbox.Receipt(ctx, i.N, r.Epoch, r.Index, r.Reason, receipt); err != nil {
		return err
	}
	atStep("received")
	if i.Kind == box.Attest {
		// voting.md: the secret is erased after the attestation.
		return b.outbox.EraseSecrets(ctx, i.Session, i.Expert, i.Subject)
	}
	if i.Kind == box.Wipe {
		_, err = b.outbox.Wipe(ctx, i.Session, i.Expert, nil, nil)
	}
	return err
}

// signedNow checks that the checkpoint of a receipt is by the hub of its epoch, and puts it among those to be proved.
func (b *Booth) signedNow(ctx context.Context, r *ballot.Receipt) error {
	if _, _, err := b.check(ctx, r.Checkpoint); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.doubt(r.Checkpoint)
	return nil
}

// devices says for who sits here that nothing is left on this laptop, once per round, epoch and opening, as soon as it is so (zp-device).
func (b *Booth) devices(ctx context.Context, l *link) (said bool, err error) {
	b.mu.Lock()
	who, rounds := b.who, b.status.Rounds
	b.mu.Unlock()
	if who == nil {
		return false, nil
	}
	for _, r := range rounds {
		if r.State != ballot.RoundOpen || !slices.Contains(r.Present, who.expert) {
			continue
		}
		one, err := b.say(ctx, l, who, r.Id, false)
		if err != nil {
			return said, err
		}
		said = said || one
	}
	return said, nil
}

// say says it for one round.
func (b *Booth) say(ctx context.Context, l *link, who *seat, round string, asked bool) (bool, error) {
	item, about, err := b.deviceWord(ctx, who, round, asked)
	if err != nil || item == nil {
		return false, err
	}
	err = b.send(ctx, l, item)
	if c := fault.CodeOf(err); c == fault.State || c == fault.Invalid || c == fault.Denied {
		return false, b.outbox.Refuse(ctx, item.N, err.Error()) // the round was closed meanwhile
	}
	if err != nil {
		return false, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said[who.expert+" "+round] = about
	return true, nil
}

// deviceWord signs and keeps a device word, nil if there is nothing new to say; about is what makes it new. asked says it though nothing was sealed, or again.
func (b *Booth) deviceWord(ctx context.Context, who *seat, round string, asked bool) (item *box.Item, about string, err error) {
	b.sealing.Lock()
	defer b.sealing.Unlock()
	items, err := b.outbox.Items(ctx, b.Package.Session, who.expert)
	if err != nil {
		return nil, "", err
	}
	b.mu.Lock()
	epoch, highest, opened, here := b.epoch, b.highest, b.reopened[round], b.who == who
	b.mu.Unlock()
	o := &ballot.Device{Session: b.Package.Session, Round: round, Expert: who.expert, Device: b.device, At: b.o.Now()}
	var version int64
	for _, i := range items {
		switch {
		case i.Kind == box.Device && i.Subject == round:
			version = max(version, i.Version)
		case i.Kind == box.Envelope && i.Subject == round:
			if o.Sealed++; i.Epoch > 0 {
				o.Receipts++
			}
		}
		if i.Kind != box.Device && i.Kind != box.CheckIn && i.Waits(epoch) {
			o.Outbox++
		}
	}
	about = fmt.Sprint(epoch, opened, o.Sealed, o.Receipts)
	h, err := ballot.ReadHead(highest)
	if !here || err != nil || !asked && (o.Outbox > 0 || o.Sealed == 0 || b.hasSaid(who.expert, round, about)) {
		return nil, "", nil
	}
	o.Origin, o.Size, o.Root = h.Origin, h.Size, h.Root[:]
	object, err := o.Sign(who.key)
	if err != nil {
		return nil, "", err
	}
	id := ballot.IDOf(object)
	item, err = b.outbox.Keep(ctx, box.Item{Session: b.Package.Session, Expert: who.expert, Kind: box.Device, Subject: round, Version: version + 1, ID: id.String()}, object, nil)
	return item, about, err
}

func (b *Booth) hasSaid(expert, round, about string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.said[expert+" "+round] == about
}

// Say says on request what this laptop holds of the expert who sits here in a round; on a stick it goes with the next bundle.
func (b *Booth) Say(ctx context.Context, round string) error {
	who, err := b.seated()
	if err != nil {
		return err
	}
	if !b.linked() {
		_, _, err = b.deviceWord(ctx, who, round, true)
		return err
	}
	return b.with(ctx, func(l *link) error {
		_, err := b.say(ctx, l, who, round, true)
		return err
	})
}

// atStep is where a test stops the process.
var atStep = func(string) {}
