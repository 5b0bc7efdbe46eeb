package room

import (
	"bytes"
	"context"
	"crypto/hmac"
	"errors"

	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/box"
	"zhiping/shared/fault"
)

// CheckIn checks an expert in with the one-time code from staff, and seats him. His key is kept under the PIN, and the check-in as it was sent: after a
// crash of laptop or hub the same PIN goes on with them, and the code is not asked for again once it was good. Where staff has to confirm, or a stick has to
// carry it, the answer is ErrPending and the expert is seated; when the network is down it is that fault, and he is seated too.
func (b *Booth) CheckIn(ctx context.Context, expert, code, pin string) error {
	if b.Package.Expert(expert) == nil {
		return fault.New(fault.Invalid, "不在本次会议的专家名单中，请核对姓名")
	}
	if pin == "" {
		return fault.New(fault.Invalid, "请设置PIN码")
	}
	s, err := b.unlocked(ctx, expert, pin)
	if err != nil {
		return err
	}
	b.sit(&seat{expert, s})
	reach := b.here(ctx)
	if reach != nil && !unreachable(reach) {
		return b.stand(errors.Join(reach, b.outbox.Forget(ctx, b.Package.Session, expert)))
	}
	item, err := b.checkInItem(ctx, expert, code, pin)
	if err != nil {
		return b.stand(errors.Join(err, b.outbox.Forget(ctx, b.Package.Session, expert)))
	}
	if reach == nil {
		reach = b.deliver(ctx)
	}
	return b.settled(ctx, item, reach)
}

// stand gives the seat up again after a check-in that did not go well.
func (b *Booth) stand(err error) error {
	b.Leave()
	return err
}

// here learns where the expert who has just sat down stands: from the sequencer, or from what sticks have brought.
func (b *Booth) here(ctx context.Context) error {
	if !b.linked() {
		if err := b.refold(ctx); err != nil {
			return err
		}
		return errNoWay
	}
	return b.refresh(ctx)
}

// unlocked opens the expert's keys with the PIN, or makes them.
func (b *Booth) unlocked(ctx context.Context, expert, pin string) (*secrets, error) {
	x, err := b.outbox.Expert(ctx, b.Package.Session, expert)
	if err != nil {
		return nil, err
	}
	if x == nil {
		s, err := newSecrets(nil)
		if err != nil {
			return nil, err
		}
		return s, b.keepSecrets(ctx, expert, pin, s)
	}
	s, old, err := unlock(x.Sealed, pin)
	if err == nil && old {
		err = b.keepSecrets(ctx, expert, pin, s)
	}
	return s, err
}

func (b *Booth) keepSecrets(ctx context.Context, expert, pin string, s *secrets) error {
	sealed, err := s.lock(pin)
	if err != nil {
		return err
	}
	return b.outbox.KeepExpert(ctx, b.Package.Session, expert, &box.Expert{Sealed: sealed, Credential: s.key.Public()})
}

// checkInItem is the half of the check-in that is to be sent: the one kept, or a new one with a code. A credential that staff has revoked is replaced by a new one;
// what was sealed under it stays readable for the expert.
func (b *Booth) checkInItem(ctx context.Context, expert, code, pin string) (*box.Item, error) {
	session := b.Package.Session
	items, err := b.outbox.Items(ctx, session, expert)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	standing, who := b.checkedIn(items), b.who
	b.mu.Unlock()
	last := checkInOf(items)
	switch {
	case standing == CheckInRevoked && code == "":
		return nil, fault.New(fault.Denied, "本机的签到凭证已作废，请用会务人员新发的签到码重新签到")
	case standing == CheckInRevoked:
		s, err := newSecrets(bytes.Clone(who.data))
		if err != nil {
			return nil, err
		}
		if err := b.keepSecrets(ctx, expert, pin, s); err != nil {
			return nil, err
		}
		who = &seat{expert, s}
		b.sit(who)
	case last != nil && (code == "" || standing == CheckInDone):
		return last, nil
	case last != nil:
		half, err := b.outbox.Bytes(ctx, last.N)
		if err != nil {
			return nil, err
		}
		if o, err := ballot.ReadCheckIn(half); err == nil && hmac.Equal(o.Proof, ballot.Proof(code, session, expert, o.Credential)) {
			return last, nil
		}
	case code == "":
		return nil, fault.New(fault.Invalid, "请输入签到条上的签到码")
	}
	var version int64
	for _, i := range items {
		if i.Kind == box.CheckIn {
			version = max(version, i.Version)
		}
	}
	b.sealing.Lock()
	defer b.sealing.Unlock()
	half, err := b.voter(who).CheckIn(code, b.o.Now())
	if err != nil {
		return nil, err
	}
	id := ballot.IDOf(half)
	return b.outbox.Keep(ctx, box.Item{Session: session, Expert: expert, Kind: box.CheckIn, Version: version + 1, ID: id.String()}, half, nil)
}

// checkInOf is the newest check-in that was not refused, nil for none.
func checkInOf(items []box.Item) (last *box.Item) {
	for i := range items {
		if items[i].Kind == box.CheckIn && items[i].Refused == "" {
			last = &items[i]
		}
	}
	return last
}

// settled says what has become of a check-in: nothing to say if it is confirmed; a refused one is forgotten, and the next attempt begins anew with another code or PIN.
func (b *Booth) settled(ctx context.Context, item *box.Item, reach error) error {
	items, err := b.outbox.Items(ctx, b.Package.Session, item.Expert)
	if err != nil {
		return err
	}
	for _, i := range items {
		if i.N != item.N || i.Refused == "" {
			continue
		}
		if err := b.outbox.Forget(ctx, i.Session, i.Expert); err != nil {
			return err
		}
		return b.stand(fault.New(fault.Denied, "%s", i.Refused))
	}
	b.mu.Lock()
	standing, own, mine := b.checkedIn(items), b.status.Own, ""
	if b.who != nil {
		mine = b.who.key.Public()
	}
	b.mu.Unlock()
	switch {
	case standing == CheckInDone:
		return nil
	case standing == CheckInSaved && own != nil && own.Credential != "" && own.Credential != mine:
		if err := b.outbox.Forget(ctx, item.Session, item.Expert); err != nil {
			return err
		}
		return b.stand(fault.New(fault.State, "您已在另一台电脑签到；如需更换电脑，请会务人员先作废原来的签到，再用新的签到码签到"))
	case reach != nil && b.linked():
		return reach
	}
	return ErrPending
}

// checkedIn is what has become of the check-in of who sits here; b.mu is held.
func (b *Booth) checkedIn(items []box.Item) string {
	last := checkInOf(items)
	if b.who == nil || last == nil {
		return CheckInNone
	}
	own := b.status.Own
	switch mine := b.who.key.Public(); {
	case own != nil && own.Credential == mine:
		return CheckInDone
	case own != nil && b.alone() && own.Credential == "" && own.Status == ballot.Present:
		return CheckInDone // by stick: who is present has a credential, and no word says that it was revoked
	case last.Epoch == b.epoch && own != nil:
		return CheckInRevoked
	case last.Epoch == b.epoch:
		return CheckInDone
	}
	return CheckInSaved
}

// sendCheckIn sends the half of a check-in. Its receipt is for the whole that staff has countersigned, which the laptop does not have: what it proves is known from
// the credential in the status.
func (b *Booth) sendCheckIn(ctx context.Context, l *link, i *box.Item, half []byte) error {
	resp, err := call(ctx, answerTime, l.CheckIn, &roomv1.CheckInRequest{Session: i.Session, Object: half})
	if err != nil {
		return err
	}
	if !l.same() {
		return errRedialled
	}
	if resp.Pending {
		return ErrPending
	}
	r, err := ballot.ReadReceipt(resp.Receipt)
	if err != nil {
		return err
	}
	if err := b.signedNow(ctx, r); err != nil {
		return err
	}
	// The status first: a receipt without the credential in it would look like a revoked one.
	if err := b.ask(ctx, l, 0, answerTime); err != nil {
		return err
	}
	return b.outbox.Receipt(ctx, i.N, r.Epoch, r.Index, "", resp.Receipt)
}
