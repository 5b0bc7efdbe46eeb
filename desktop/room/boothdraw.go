package room

import (
	"context"
	"slices"

	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/box"
)

// draw makes the view of this moment; b.mu is held.
func (b *Booth) draw(ctx context.Context) (*View, error) {
	everybody, err := b.outbox.Items(ctx, b.Package.Session, "")
	if err != nil {
		return nil, err
	}
	alarms, err := b.outbox.Alarms(ctx, b.Package.Session)
	if err != nil {
		return nil, err
	}
	v := &View{Package: b.people, Way: b.way(), OfflineSince: b.offline, Epoch: b.epoch, Notice: b.notice}
	if h, err := ballot.ReadHead(b.highest); err == nil {
		v.Size, v.Root = h.Size, ShortRoot(h.Root[:])
	}
	for _, a := range alarms {
		v.Alarms = append(v.Alarms, a.Text)
	}
	archive, err := b.outbox.Words(ctx, b.Package.Session, "zp-archive/1")
	if err != nil {
		return nil, err
	}
	v.Archived = len(archive) > 0
	var mine []box.Item
	for _, i := range everybody {
		if i.Waits(b.epoch) && i.Kind != box.Device && (i.Kind != box.CheckIn || lastCheckIn(everybody, i)) {
			v.Waiting++
		}
		if b.who != nil && i.Expert == b.who.expert {
			mine = append(mine, i)
		}
	}
	if b.who != nil {
		v.Expert, v.CheckedIn, v.Status = b.who.expert, b.checkedIn(mine), b.status.GetOwn().GetStatus()
	}
	for _, r := range b.status.Rounds {
		rv, err := b.drawRound(ctx, r, mine, v)
		if err != nil {
			return nil, err
		}
		v.Rounds = append(v.Rounds, *rv)
	}
	for _, i := range mine {
		if i.Kind == box.Opinion && i.Refused == "" {
			v.Opinions = append(v.Opinions, OpinionView{i.Subject, i.Epoch == b.epoch})
		}
	}
	return v, nil
}

func (b *Booth) way() string {
	switch {
	case len(b.all) == 0:
		return WayStick
	case b.o.Online:
		return WayOnline
	}
	return WayLAN
}

// drawRound is a round and where the own ballot of it stands.
func (b *Booth) drawRound(ctx context.Context, r *roomv1.Round, mine []box.Item, v *View) (*RoundView, error) {
	rv := &RoundView{ID: r.Id, Spec: b.people.Round(r.Id), State: r.State, Next: r.Next, Present: len(r.Present), Submitted: len(r.Submitted)}
	if len(r.Tally) > 0 {
		if o, err := ballot.OpenWord(r.Tally, b.Package, b.hubKeys()...); err == nil {
			rv.Tally, _ = o.(*ballot.Tally)
		}
	}
	if b.who == nil {
		return rv, nil
	}
	c := b.chain(r.Id, mine)
	own, err := b.drawOwn(ctx, r, mine, c, v.Archived)
	if err != nil {
		return nil, err
	}
	rv.Own = *own
	in := v.CheckedIn == CheckInDone && r.State == ballot.RoundOpen && slices.Contains(r.Present, b.who.expert)
	rv.MayVote = in && !c.waits && !c.inForce
	rv.MayReturn = in && c.inForce && !own.Requested && !c.waits
	if r.State == ballot.RoundOpened && c.top != nil && c.inForce && !own.Attested && rv.Tally != nil {
		secret, err := b.outbox.OwnOf(ctx, c.top)
		if err != nil {
			return nil, err
		}
		rv.MayAttest = secret != nil
	}
	return rv, nil
}

// A chained says where the ballots of one expert in one round stand, by what this laptop has said and heard.
type chained struct {
	last      *box.Item    // sealed last, nil for none
	top       *box.Item    // the newest that was accepted, or may still be
	back      *box.Item    // the return of the newest one, nil if it has not been returned
	next      ballot.Chain // where the next one stands
	envelope  string       // id of the newest one in the log
	inForce   bool         // it counts
	waits     bool         // the last one has no receipt yet
	elsewhere bool         // the newest one was sealed on another laptop
}

// chain works out where the next ballot of who sits here stands (acceptance rule of voting.md): after what this laptop has sealed, and after what the
// sequencer says was handed in elsewhere; b.mu is held.
func (b *Booth) chain(round string, mine []box.Item) *chained {
	c := &chained{next: ballot.Chain{Version: 1}}
	var version int64
	for i := range mine {
		x := &mine[i]
		if x.Kind != box.Envelope || x.Subject != round {
			continue
		}
		c.last = x
		if x.Reason == "" {
			c.top, c.envelope, version = x, x.ID, x.Version
		}
	}
	c.waits = c.last != nil && c.last.Waits(b.epoch)
	for _, s := range b.status.GetOwn().GetBallots() {
		if s.Round == round && s.Version > version {
			c.top, c.envelope, version, c.elsewhere = nil, s.Envelope, s.Version, true
		}
	}
	if version == 0 {
		return c
	}
	for i := range mine {
		if x := &mine[i]; x.Kind == box.Return && x.Subject == round && x.Version == version {
			c.back = x
		}
	}
	c.inForce = c.back == nil
	if c.next = (ballot.Chain{Version: version + 1, Prev: c.envelope}); c.back != nil {
		c.next.Return = c.back.ID
	}
	return c
}

// drawOwn is where the own ballot stands for the screen.
func (b *Booth) drawOwn(ctx context.Context, r *roomv1.Round, mine []box.Item, c *chained, archived bool) (*Own, error) {
	o := &Own{Version: c.next.Version - 1, Receipt: -1, Elsewhere: c.elsewhere}
	if c.last != nil && c.last.Reason != "" && (c.top == nil || c.last.N > c.top.N) {
		o.Rejected = ballot.RejectText(c.last.Reason)
	}
	switch {
	case c.inForce && c.elsewhere:
		o.Tick = Received
	case c.inForce && c.top.Epoch == b.epoch:
		o.Tick, o.Receipt = Received, c.top.Place
	case c.inForce:
		o.Tick = Saved
	}
	if o.Tick == Received && archived && r.State == ballot.RoundArchived { // by the server's signature, not by the hub's word
		o.Tick = Archived
	}
	if c.back != nil {
		text, err := b.outbox.Bytes(ctx, c.back.N)
		if err != nil {
			return nil, err
		}
		if w, err := ballot.OpenWord(text, b.Package); err == nil {
			back := w.(*ballot.Return)
			o.IsBack, o.Returned, o.ByStaff = true, back.Reason, back.Request == ballot.ByStaff
		}
	}
	for _, i := range mine {
		switch {
		case i.Subject != r.Id || i.Refused != "":
		case i.Kind == box.Request && i.Version == o.Version && c.inForce:
			o.Requested = true
		case i.Kind == box.Attest:
			o.Attested, o.Mismatch = true, i.Try
		}
	}
	for _, s := range b.status.GetOwn().GetBallots() {
		if s.Round == r.Id {
			o.Requested = o.Requested || s.Requested && c.inForce
			o.Attested = o.Attested || s.Attested
		}
	}
	draft, err := b.outbox.Draft(ctx, b.Package.Session, b.who.expert, r.Id)
	o.Draft = draft != nil
	return o, err
}
