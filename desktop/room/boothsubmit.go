package room

import (
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/box"
	"zhiping/shared/fault"
)

// Submit seals a ballot once, keeps it with its own secret, writes it into a file of its own, and sends the identical bytes; what was sealed before a crash is
// what is sent after it (voting.md, "Laptop submit"). After a return it seals the next version. A network that is down is no error: the ballot is pending.
func (b *Booth) Submit(ctx context.Context, round string, cells *ballot.Ballot) (*Sent, error) {
	item, err := b.seal(ctx, round, cells, true)
	if err != nil {
		return nil, err
	}
	b.stir()
	defer b.stir()
	if err := b.deliver(ctx); err != nil && !unreachable(err) {
		return &Sent{Saved: true, Pending: true}, err
	}
	return b.sent(ctx, item)
}

// Sent is what has become of the newest ballot that who sits here has sealed in a round, nil for none.
func (b *Booth) Sent(ctx context.Context, round string) (*Sent, error) {
	who, err := b.seated()
	if err != nil {
		return nil, err
	}
	items, err := b.outbox.Items(ctx, b.Package.Session, who.expert)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	c := b.chain(round, items)
	b.mu.Unlock()
	if c.last == nil {
		return nil, nil
	}
	return b.sent(ctx, c.last)
}

// sent is what has become of a ballot.
func (b *Booth) sent(ctx context.Context, item *box.Item) (*Sent, error) {
	text, err := b.outbox.ReceiptOf(ctx, item.N)
	if err != nil || text == nil {
		return &Sent{Saved: true, Pending: true}, err
	}
	r, err := ballot.ReadReceipt(text)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return &Sent{Saved: true, Receipt: r, Pending: r.Epoch < b.epoch && r.Reason == ""}, nil
}

// Deliver sends until nothing is left to be sent, or ctx ends: for a laptop without a window.
func (b *Booth) Deliver(ctx context.Context) error {
	for after := int64(0); ; {
		v, err := b.Watch(ctx, after)
		if err != nil || v.Waiting == 0 {
			return err
		}
		after = v.Seq
	}
}

// seal makes the envelope that is to be sent: the one that waits for a receipt or has one that counts, or a new one where that is allowed. Afterwards it is in the
// laptop's file and in a file of its own.
func (b *Booth) seal(ctx context.Context, round string, cells *ballot.Ballot, again bool) (*box.Item, error) {
	who, err := b.seated()
	if err != nil {
		return nil, err
	}
	b.sealing.Lock()
	item, fresh, err := b.sealed(ctx, who, round, cells)
	b.sealing.Unlock()
	if fresh && again && b.linked() {
		// What this laptop last heard does not allow it: ask once, before the expert is told.
		if err := b.refresh(ctx); err != nil && !unreachable(err) {
			return nil, err
		}
		return b.seal(ctx, round, cells, false)
	}
	return item, err
}

// sealed is seal under its lock; fresh says that a newer status might allow what is refused.
func (b *Booth) sealed(ctx context.Context, who *seat, round string, cells *ballot.Ballot) (item *box.Item, fresh bool, err error) {
	items, err := b.outbox.Items(ctx, b.Package.Session, who.expert)
	if err != nil {
		return nil, false, err
	}
	b.mu.Lock()
	c := b.chain(round, items)
	r := roundIn(b.status, round)
	open := r.State == ballot.RoundOpen && slices.Contains(r.Present, who.expert) && b.checkedIn(items) == CheckInDone
	seated := b.who == who
	b.mu.Unlock()
	switch {
	case !seated:
		return nil, false, fault.New(fault.State, "请先签到")
	case c.waits:
		return c.last, false, b.file(ctx, c.last)
	case c.inForce && !c.elsewhere:
		return c.top, false, nil
	case c.inForce:
		return nil, true, fault.New(fault.State, "您已在另一台电脑提交；如需修改，请先申请退回")
	case !open:
		return nil, true, fault.New(fault.State, "本轮表决未对您开放，请等待会务人员开启，或与会务人员联系")
	}
	if cells == nil {
		return nil, false, fault.New(fault.Invalid, "选票为空，请填写后再提交")
	}
	e, own, err := b.voter(who).SealNext(round, c.next, cells, b.o.Now())
	if err != nil {
		return nil, false, err
	}
	defer clear(own)
	id := ballot.IDOf(e.Raw)
	next := box.Item{Session: b.Package.Session, Expert: who.expert, Kind: box.Envelope, Subject: round, Version: e.Version, ID: id.String()}
	for _, i := range items {
		if i.Kind == box.Envelope && i.Subject == round && i.Version == e.Version {
			next.Try++
		}
	}
	secret, err := who.seal(ownName(&next), own)
	if err != nil {
		return nil, false, err
	}
	atStep("sealed")
	if item, err = b.outbox.Keep(ctx, next, e.Raw, secret); err != nil {
		return nil, false, err
	}
	atStep("kept")
	return item, false, b.file(ctx, item)
}

// ownName names the secret of an envelope.
func ownName(i *box.Item) string {
	return strings.Join([]string{"own", i.Session, i.Expert, i.Subject, itoa(i.Version), itoa(i.Try)}, "|")
}

// fileOf is where an envelope stands beside the laptop's file: a second copy, should that be damaged.
func (b *Booth) fileOf(id string) string {
	return filepath.Join(b.o.Dir, "outbox", filepath.Base(id)+".zpe")
}

// file writes an envelope's own file, unless it is there.
func (b *Booth) file(ctx context.Context, i *box.Item) error {
	if _, err := os.Stat(b.fileOf(i.ID)); err == nil {
		return nil
	}
	raw, err := b.outbox.Bytes(ctx, i.N)
	if err != nil {
		return err
	}
	if err := writeDurably(b.fileOf(i.ID), raw); err != nil {
		return err
	}
	atStep("filed")
	return nil
}

// adopt brings the laptop's file and the envelopes' own files together after a crash: a ballot that stands in one of them alone is in both afterwards, and is
// not sealed again.
func (b *Booth) adopt(ctx context.Context) error {
	session := b.Package.Session
	items, err := b.outbox.Items(ctx, session, "")
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, i := range items {
		if known[i.ID] = true; i.Kind == box.Envelope {
			if err := b.file(ctx, &i); err != nil {
				return err
			}
		}
	}
	files, err := os.ReadDir(filepath.Join(b.o.Dir, "outbox"))
	if err != nil {
		return err
	}
	for _, f := range files {
		id, ok := strings.CutSuffix(f.Name(), ".zpe")
		if !ok || known[id] {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(b.o.Dir, "outbox", f.Name()))
		if err != nil {
			return err
		}
		e, err := ballot.ParseEnvelope(raw)
		if sum := ballot.IDOf(raw); err != nil || sum.String() != id || e.Session != session {
			continue // of another session, or not whole: the laptop's file decides
		}
		if _, err := b.outbox.Keep(ctx, box.Item{Session: session, Expert: e.Expert, Kind: box.Envelope, Subject: e.Round, Version: e.Version, ID: id}, raw, nil); err != nil {
			return err
		}
	}
	return nil
}

// AskReturn asks for the own ballot of a round back, with a reason; staff decides. It is not void before staff has returned it.
func (b *Booth) AskReturn(ctx context.Context, round, reason string) error {
	who, err := b.seated()
	if err != nil {
		return err
	}
	if err := b.request(ctx, who, round, reason); err != nil {
		return err
	}
	defer b.stir()
	if err := b.deliver(ctx); err != nil && !unreachable(err) {
		return err
	}
	return nil
}

func (b *Booth) request(ctx context.Context, who *seat, round, reason string) error {
	b.sealing.Lock()
	defer b.sealing.Unlock()
	items, err := b.outbox.Items(ctx, b.Package.Session, who.expert)
	if err != nil {
		return err
	}
	b.mu.Lock()
	c := b.chain(round, items)
	open := roundIn(b.status, round).State == ballot.RoundOpen && b.who == who
	b.mu.Unlock()
	envelope, err := hex.DecodeString(c.envelope)
	if err != nil || !c.inForce || c.waits || !open {
		return fault.New(fault.State, "没有可以退回的选票，或表决已关闭")
	}
	item := box.Item{Session: b.Package.Session, Expert: who.expert, Kind: box.Request, Subject: round, Version: c.next.Version - 1}
	for _, i := range items {
		if i.Kind == box.Request && i.Subject == round && i.Version == item.Version {
			if i.Refused == "" {
				return nil // asked already
			}
			item.Try++
		}
	}
	return b.signed(ctx, item, &ballot.Request{Session: b.Package.Session, Envelope: envelope, Reason: reason, At: b.o.Now()}, who.key)
}

// signable is an object that an expert signs.
type signable interface {
	Sign(keys ...ballot.Key) ([]byte, error)
}

// signed signs something that an expert says and keeps it before it is sent.
func (b *Booth) signed(ctx context.Context, item box.Item, o signable, k ballot.Key) error {
	object, err := o.Sign(k)
	if err != nil {
		return err
	}
	id := ballot.IDOf(object)
	item.ID = id.String()
	_, err = b.outbox.Keep(ctx, item, object, nil)
	return err
}

// Opinion hands in a written opinion on an applicant; it is not secret (zp-opinion).
func (b *Booth) Opinion(ctx context.Context, applicant, text string) error {
	who, err := b.seated()
	if err != nil {
		return err
	}
	if err := b.opinion(ctx, who, applicant, text); err != nil {
		return err
	}
	defer b.stir()
	if err := b.deliver(ctx); err != nil && !unreachable(err) {
		return err
	}
	return nil
}

// Reviews is the role in which an expert writes an opinion on an applicant, "" if he does not: he is not named, or recused.
func Reviews(p *ballot.Package, expert, applicant string) string {
	x := p.Expert(expert)
	if x == nil || p.Applicant(applicant) == nil || slices.Contains(x.Recused, applicant) {
		return ""
	}
	for _, r := range p.Reviewers {
		if r.Expert == expert && r.Applicant == applicant {
			return r.Role
		}
	}
	if len(p.Reviewers) > 0 {
		return ""
	}
	return ballot.Main
}

func (b *Booth) opinion(ctx context.Context, who *seat, applicant, text string) error {
	b.sealing.Lock()
	defer b.sealing.Unlock()
	b.mu.Lock()
	role, seated := Reviews(b.people, who.expert, applicant), b.who == who
	b.mu.Unlock()
	o := ballot.NewOpinion(b.Package.Session, applicant, who.expert, role, text, b.o.Now())
	switch {
	case !seated:
		return fault.New(fault.State, "请先签到")
	case role == "":
		return fault.New(fault.Denied, "您不是此人员的主审或副主审，或已回避，不能发表意见")
	case len(o.Paragraphs) == 0:
		return fault.New(fault.Invalid, "意见内容为空，请填写后再提交")
	}
	items, err := b.outbox.Items(ctx, b.Package.Session, who.expert)
	if err != nil {
		return err
	}
	item := box.Item{Session: b.Package.Session, Expert: who.expert, Kind: box.Opinion, Subject: applicant, Version: 1}
	for _, i := range items {
		if i.Kind == box.Opinion && i.Subject == applicant {
			item.Version = max(item.Version, i.Version+1)
		}
	}
	return b.signed(ctx, item, o, who.key)
}

func draftName(session, expert, round string) string {
	return strings.Join([]string{"draft", session, expert, round}, "|")
}

// KeepDraft keeps what the expert has filled in so far, under his PIN alone.
func (b *Booth) KeepDraft(ctx context.Context, round string, draft []byte) error {
	who, err := b.seated()
	if err != nil {
		return err
	}
	b.sealing.Lock()
	defer b.sealing.Unlock()
	sealed, err := who.seal(draftName(b.Package.Session, who.expert, round), draft)
	if err != nil {
		return err
	}
	return b.outbox.KeepDraft(ctx, b.Package.Session, who.expert, round, sealed)
}

// Draft returns what KeepDraft kept, nil for none.
func (b *Booth) Draft(ctx context.Context, round string) ([]byte, error) {
	who, err := b.seated()
	if err != nil {
		return nil, err
	}
	sealed, err := b.outbox.Draft(ctx, b.Package.Session, who.expert, round)
	if err != nil || sealed == nil {
		return nil, err
	}
	b.sealing.Lock()
	defer b.sealing.Unlock()
	return who.open(draftName(b.Package.Session, who.expert, round), sealed)
}

// WaitOpen waits until a round is open for who sits here; ok is false once it is past that.
func (b *Booth) WaitOpen(ctx context.Context, round string) (ok bool, err error) {
	for after := int64(0); ; {
		v, err := b.Watch(ctx, after)
		if err != nil {
			return false, err
		}
		after = v.Seq
		i := slices.IndexFunc(v.Rounds, func(r RoundView) bool { return r.ID == round })
		if i < 0 {
			if b.Package.Round(round) != nil {
				continue // a repeated round that this laptop has not heard of yet
			}
			return false, fault.New(fault.Invalid, "会议包中没有轮次“%s”", round)
		}
		switch r := v.Rounds[i]; {
		case r.State == ballot.RoundOpen && v.CheckedIn == CheckInSaved:
			continue
		case r.State == ballot.RoundOpen:
			return r.MayVote || r.Own.Tick > NotSent, nil
		case r.State != ballot.RoundReady:
			return false, nil
		}
	}
}
