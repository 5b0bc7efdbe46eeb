package room

import (
	"bytes"
	"context"
	"encoding/hex"
	"slices"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
	"google.golang.org/protobuf/proto"

	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/box"
	"zhiping/shared/fault"
)

// What a laptop believes of others, whoever brings it: objects for their signatures, and checkpoints for being beginnings of one another (V10, V11).

// hubKeys are the keys that an epoch has named beyond the package's two; b.mu is held.
func (b *Booth) hubKeys() (keys []string) {
	for _, e := range b.epochs {
		keys = append(keys, e.Hub)
	}
	return keys
}

// hubOf is the one hub that may sign in an epoch, "" if no believed object names it; b.mu is held.
func (b *Booth) hubOf(epoch int64) string {
	if epoch == 1 {
		return b.Package.Hub
	}
	if e := b.epochs[epoch]; e != nil {
		return e.Hub
	}
	return ""
}

// believe takes an object of others: it is read, kept and learned from. Keeping comes first, so that a crash forgets nothing that was acted on.
func (b *Booth) believe(ctx context.Context, object []byte) (any, error) {
	b.mu.Lock()
	o, err := ballot.OpenWord(object, b.Package, b.hubKeys()...)
	b.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if err := b.outbox.KeepWord(ctx, b.Package.Session, ballot.KindOf(object), object); err != nil {
		return nil, err
	}
	return o, b.learn(ctx, object)
}

// learn takes into account what a kept object changes for the laptop itself: an epoch, the people of a second round.
func (b *Booth) learn(ctx context.Context, object []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, err := ballot.OpenWord(object, b.Package, b.hubKeys()...)
	if err != nil {
		return err
	}
	switch o := o.(type) {
	case *ballot.Epoch:
		if known := b.epochs[o.Epoch]; known != nil && known.Hub != o.Hub {
			return b.alarm(ctx, o.Epoch, "有两台主机同时被启用为第"+itoa(o.Epoch)+"任主机，请立即停止表决，并报告监督人员", []byte(known.Hub), []byte(o.Hub))
		}
		b.epochs[o.Epoch] = o
		b.epoch = max(b.epoch, o.Epoch)
	case *ballot.Derive:
		return b.derived(ctx, object, o)
	}
	return nil
}

// derived takes the people of a second round, once; b.mu is held.
func (b *Booth) derived(ctx context.Context, object []byte, o *ballot.Derive) error {
	id := ballot.IDOf(object)
	if b.binding != b.id {
		if b.binding != id {
			return b.alarm(ctx, b.epoch, "主机前后给出了两份不同的第二轮人员名单，请立即停止表决，并报告监督人员", b.binding[:], id[:])
		}
		return nil
	}
	p, err := o.Narrow(b.Package, b.id)
	if err != nil {
		return err
	}
	b.people, b.binding = p, id
	return nil
}

// alarm is kept and shown, and nothing more is sent in that epoch; b.mu is held.
func (b *Booth) alarm(ctx context.Context, epoch int64, text string, seen, shown []byte) error {
	b.blocked[epoch] = true
	if err := b.outbox.Alarm(ctx, b.Package.Session, epoch, text, seen, shown); err != nil {
		return err
	}
	return fault.New(fault.State, "%s", text)
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// doubt keeps a checkpoint until it is proved to be of the same log as the highest one; b.mu is held, or nobody else knows of the booth yet.
func (b *Booth) doubt(checkpoint []byte) {
	h, err := ballot.ReadHead(checkpoint)
	if err != nil {
		return
	}
	if x, err := ballot.ReadHead(b.highest); err == nil && x == h {
		return
	}
	for _, u := range b.unproved {
		if x, err := ballot.ReadHead(u); err == nil && x == h {
			return
		}
	}
	b.unproved = append(b.unproved, checkpoint)
}

// check reads a checkpoint of the present epoch, or a later one that is known, and compares it with the highest as far as that goes without a proof.
func (b *Booth) check(ctx context.Context, checkpoint []byte) (ballot.Head, int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h, n, err := ballot.CheckpointOf(checkpoint, b.Package, b.hubOf)
	if err != nil {
		return h, n, err
	}
	if n < b.epoch {
		return h, n, fault.New(fault.State, "连接的是已被替换的主机，请连接新的主机")
	}
	for _, seen := range append([][]byte{b.highest}, b.unproved...) {
		if x, err := ballot.ReadHead(seen); err == nil && x.Origin == h.Origin && x.Size == h.Size && x.Root != h.Root {
			return h, n, b.alarm(ctx, n, ballot.ErrEquivocal.Message, seen, checkpoint)
		}
	}
	return h, n, nil
}

// prove shows the sequencer the highest checkpoint and every one that stands in a receipt, and checks that each is a beginning of its log. A contradiction
// is an alarm: both checkpoints are kept. While the log grows quickly some may have to wait for the next time.
func (b *Booth) prove(ctx context.Context, l *link) error {
	for range 4 {
		b.mu.Lock()
		doubts := slices.Clone(b.unproved)
		if b.highest == nil && len(doubts) > 0 {
			b.highest, doubts = doubts[0], doubts[1:]
			b.unproved = doubts
		}
		base := b.highest
		b.mu.Unlock()
		if base == nil {
			return nil
		}
		head, err := b.witness(ctx, l, base, true)
		if err != nil {
			return err
		}
		quiet := true
		for _, d := range doubts {
			x, err := b.witness(ctx, l, d, false)
			if err != nil {
				return err
			}
			quiet = quiet && x == head
		}
		if quiet {
			b.mu.Lock()
			b.unproved = slices.DeleteFunc(b.unproved, func(u []byte) bool {
				return slices.ContainsFunc(doubts, func(d []byte) bool { return bytes.Equal(d, u) })
			})
			b.mu.Unlock()
			return nil
		}
	}
	return nil
}

// witness shows one checkpoint and checks the proof that the sequencer's log has grown from it; up makes the answer the highest.
func (b *Booth) witness(ctx context.Context, l *link, seen []byte, up bool) (ballot.Head, error) {
	resp, err := call(ctx, answerTime, l.Witness, &roomv1.WitnessRequest{Session: b.Package.Session, Checkpoint: seen})
	if err != nil {
		return ballot.Head{}, err
	}
	head, n, err := b.check(ctx, resp.Checkpoint)
	if err != nil {
		return head, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	before, err := ballot.ReadHead(seen)
	if err != nil {
		return head, err
	}
	if before.Origin == head.Origin && head.Size < before.Size {
		return head, fault.New(fault.State, "主机的记录（%d条）落后于本机见过的记录（%d条），可能恢复过旧的备份；选票仍保存在本机，请会务人员重新启用主机", head.Size, before.Size)
	}
	w := &ballot.Watch{Package: b.Package, Hubs: b.hubKeys(), Highest: seen}
	var proof tlog.TreeProof
	for _, h := range resp.Proof {
		var x tlog.Hash
		copy(x[:], h)
		proof = append(proof, x)
	}
	if err := w.See(resp.Checkpoint, proof); err != nil {
		return head, b.alarm(ctx, n, ballot.ErrEquivocal.Message, seen, resp.Checkpoint)
	}
	if !up {
		return head, nil
	}
	b.highest = w.Highest
	return head, b.outbox.KeepHighest(ctx, b.Package.Session, b.highest)
}

// returned keeps staff's return of a ballot in its place among what was said: a hub that has lost its log needs it before the next version.
func (b *Booth) returned(ctx context.Context, expert, round string, version int64, object []byte) error {
	o, err := b.believe(ctx, object)
	if err != nil {
		return err
	}
	back, ok := o.(*ballot.Return)
	if !ok {
		return fault.New(fault.Invalid, "无法识别的退回记录")
	}
	items, err := b.outbox.Items(ctx, b.Package.Session, expert)
	if err != nil {
		return err
	}
	for _, i := range items {
		if i.Kind == box.Envelope && i.ID == hex.EncodeToString(back.Envelope) {
			round, version = i.Subject, i.Version
		}
	}
	if round == "" {
		return nil // of a ballot that this laptop has not sealed
	}
	id := ballot.IDOf(object)
	_, err = b.outbox.Keep(ctx, box.Item{Session: b.Package.Session, Expert: expert, Kind: box.Return, Subject: round, Version: version, ID: id.String()}, object, nil)
	return err
}

// fold is where the rounds stand by the objects of others that this laptop holds: all that is known without a network.
func (b *Booth) fold(words [][]byte) *roomv1.GetStatusResponse {
	s := &roomv1.GetStatusResponse{Epoch: b.epoch}
	for _, r := range b.Package.Rounds {
		s.Rounds = append(s.Rounds, &roomv1.Round{Id: r.ID, State: ballot.RoundReady})
	}
	present := map[string]bool{}
	for _, w := range words {
		o, err := ballot.OpenWord(w, b.Package, b.hubKeys()...)
		if err != nil {
			continue
		}
		foldOne(s, present, o, w)
	}
	return s
}

func roundIn(s *roomv1.GetStatusResponse, id string) *roomv1.Round {
	for _, r := range s.Rounds {
		if r.Id == id {
			return r
		}
	}
	return &roomv1.Round{} // of nobody: changes to it are lost
}

func foldOne(s *roomv1.GetStatusResponse, present map[string]bool, o any, w []byte) {
	switch o := o.(type) {
	case *ballot.Attend:
		present[o.Expert] = o.Status == ballot.Present
		if r := roundIn(s, o.Round); !present[o.Expert] {
			r.Present = slices.DeleteFunc(r.Present, func(e string) bool { return e == o.Expert })
		}
	case *ballot.Open:
		r := roundIn(s, o.Round)
		r.State = ballot.RoundOpen
		for e, here := range present {
			if here && o.Again == "" && !slices.Contains(r.Present, e) {
				r.Present = append(r.Present, e)
			}
		}
		slices.Sort(r.Present)
	case *ballot.Close:
		roundIn(s, o.Round).State = ballot.RoundClosed
	case *ballot.Tally:
		r := roundIn(s, o.Round)
		r.State, r.Tally = ballot.RoundOpened, w
	case *ballot.SignOff:
		for _, r := range s.Rounds {
			if id := ballot.IDOf(r.Tally); bytes.Equal(id[:], o.Tally) {
				r.State = ballot.RoundSigned
			}
		}
	case *ballot.Void:
		r := roundIn(s, o.Round)
		if r.State, r.Next = ballot.RoundVoid, o.Next; o.Next != "" && roundIn(s, o.Next).Id == "" {
			s.Rounds = append(s.Rounds, &roomv1.Round{Id: o.Next, State: ballot.RoundReady})
		}
	case *ballot.Archive:
		for _, r := range s.Rounds {
			if r.State == ballot.RoundSigned {
				r.State = ballot.RoundArchived
			}
		}
	}
}

// foldOwn is what the words say of one expert.
func (b *Booth) foldOwn(words [][]byte, expert string) *roomv1.Own {
	own := &roomv1.Own{}
	for _, w := range words {
		o, err := ballot.OpenWord(w, b.Package, b.hubKeys()...)
		if err != nil {
			continue
		}
		switch o := o.(type) {
		case *ballot.Attend:
			if o.Expert == expert {
				own.Status = o.Status
			}
		case *ballot.CheckIn:
			if o.Expert == expert {
				own.Credential = o.Credential
			}
		case *ballot.Revoke:
			if o.Expert == expert {
				own.Credential = "-" // nobody's
			}
		}
	}
	return own
}

// refold takes the words as the state of the meeting: after a stick, or when another expert sits down where there is no network.
func (b *Booth) refold(ctx context.Context) error {
	words, err := b.outbox.Words(ctx, b.Package.Session, "")
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.hear(ctx, b.fold(words), words)
}

// hear takes a status as the newest, and keeps it without what concerns one expert; b.mu is held.
func (b *Booth) hear(ctx context.Context, s *roomv1.GetStatusResponse, words [][]byte) error {
	for _, r := range s.Rounds {
		if before := roundIn(b.status, r.Id); r.State == ballot.RoundOpen && before.State != ballot.RoundOpen {
			b.reopened[r.Id]++
		}
	}
	if words != nil && b.who != nil {
		s.Own = b.foldOwn(words, b.who.expert)
	}
	b.status = s
	bare := proto.CloneOf(s)
	bare.Own = nil
	kept, err := proto.Marshal(bare)
	if err != nil {
		return err
	}
	return b.outbox.KeepStatus(ctx, b.Package.Session, kept)
}
