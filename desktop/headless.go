package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"zhiping/desktop/room"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// boothCommand is an expert's laptop without a window: it checks in, waits for the round, votes by a seed and ends with a receipt. With a stick it takes one step
// of that each time it is run: it reads what the stick has brought, goes on as far as it can, and writes what is to be carried.
type boothCommand struct {
	Dir      string   `arg:"" help:"The laptop's folder."`
	Hub      string   `help:"Address of the hub; https://host for the server."`
	More     []string `help:"Further addresses of the same meeting, of its spare hub for instance."`
	TLS      string   `help:"Fingerprint of the hub's certificate."`
	Pairing  string   `help:"Pairing code."`
	Online   bool     `help:"The address is the server's."`
	Session  string   `help:"The group room, where the hub has several."`
	Package  string   `help:"The meeting's package from a file, for a laptop without a network."`
	Server   string   `required:"" help:"The server's public key, hex."`
	Expert   string   `required:"" help:"The expert's id."`
	Code     string   `help:"The one-time code from staff."`
	Pin      string   `required:"" help:"The PIN the expert chooses."`
	Round    string   `default:"R1" help:"The round."`
	Seed     uint64   `default:"1" help:"Invented votes come from this seed: eight in nine agree."`
	Return   string   `help:"Ask for the ballot back with this reason, wait for the return and hand in another, of the next seed."`
	Attest   bool     `help:"Wait until the round is counted and look for the own cells in the columns."`
	StickIn  string   `help:"A file from the hub to read first."`
	StickOut string   `help:"Write what is to be carried to the hub into this file, and end."`

	out io.Writer // where it says what it did, nil for the standard output
}

func (c *boothCommand) say(words ...any) {
	if c.out == nil {
		c.out = os.Stdout
	}
	fmt.Fprintln(c.out, words...)
}

func (c *boothCommand) Run(ctx context.Context) error {
	o := room.BoothOptions{
		Dir: c.Dir, Address: c.Hub, More: c.More, Pin: c.TLS, Pairing: c.Pairing, Online: c.Online, Session: c.Session, Server: c.Server, Now: now,
	}
	if c.Package != "" {
		var err error
		if o.Package, err = os.ReadFile(c.Package); err != nil {
			return fault.New(fault.NotFound, "找不到会议包文件“%s”", c.Package)
		}
	}
	b, err := room.OpenBooth(ctx, o)
	if err != nil {
		return err
	}
	if c.StickIn != "" || c.StickOut != "" {
		return errors.Join(c.carry(ctx, b), b.Close())
	}
	return errors.Join(c.vote(ctx, b), b.Close())
}

// checkIn checks in and waits for staff where staff has to confirm.
func (c *boothCommand) checkIn(ctx context.Context, b *room.Booth) error {
	err := b.CheckIn(ctx, c.Expert, c.Code, c.Pin)
	for after := int64(0); errors.Is(err, room.ErrPending); {
		v, bad := b.Watch(ctx, after)
		if bad != nil {
			return bad
		}
		if after = v.Seq; v.CheckedIn == room.CheckInDone {
			err = nil
		}
	}
	if err == nil {
		c.say("checked in")
	}
	return err
}

func (c *boothCommand) vote(ctx context.Context, b *room.Booth) error {
	if err := c.checkIn(ctx, b); err != nil {
		return err
	}
	if open, err := b.WaitOpen(ctx, c.Round); err != nil || !open {
		return errors.Join(err, fault.New(fault.State, "本轮表决未对您开放"))
	}
	if err := c.submit(ctx, b, c.Seed); err != nil {
		return err
	}
	if c.Return != "" {
		if err := c.again(ctx, b); err != nil {
			return err
		}
	}
	if !c.Attest {
		return nil
	}
	if _, err := c.until(ctx, b, func(r *room.RoundView) bool { return r.MayAttest }); err != nil {
		return err
	}
	n, err := b.Attest(ctx, c.Round, c.Pin)
	if err == nil {
		c.say("attested", n)
		err = b.Deliver(ctx)
	}
	return err
}

// submit votes and does not go before there is a receipt.
func (c *boothCommand) submit(ctx context.Context, b *room.Booth, seed uint64) error {
	v, err := b.Watch(ctx, 0)
	if err != nil {
		return err
	}
	s, err := b.Submit(ctx, c.Round, invent(v.Package, c.Expert, c.Round, seed))
	for err == nil && s.Pending {
		if err = b.Deliver(ctx); err == nil {
			s, err = b.Sent(ctx, c.Round)
		}
	}
	if err != nil {
		return err
	}
	if s.Receipt.Reason != "" {
		return fault.New(fault.State, "%s", ballot.RejectText(s.Receipt.Reason))
	}
	c.say("receipt", s.Receipt.Index, s.Receipt.Object)
	return nil
}

// again asks for the ballot back and hands in another.
func (c *boothCommand) again(ctx context.Context, b *room.Booth) error {
	if err := b.AskReturn(ctx, c.Round, c.Return); err != nil {
		return err
	}
	c.say("asked")
	if _, err := c.until(ctx, b, func(r *room.RoundView) bool { return r.Own.IsBack && r.MayVote }); err != nil {
		return err
	}
	return c.submit(ctx, b, c.Seed+1)
}

// until watches until something is so of the round.
func (c *boothCommand) until(ctx context.Context, b *room.Booth, so func(*room.RoundView) bool) (*room.View, error) {
	for after := int64(0); ; {
		v, err := b.Watch(ctx, after)
		if err != nil {
			return nil, err
		}
		if r := roundOf(v, c.Round); r != nil && so(r) {
			return v, nil
		}
		after = v.Seq
	}
}

func roundOf(v *room.View, id string) *room.RoundView {
	for i := range v.Rounds {
		if v.Rounds[i].ID == id {
			return &v.Rounds[i]
		}
	}
	return nil
}

// carry takes one step by stick.
func (c *boothCommand) carry(ctx context.Context, b *room.Booth) error {
	if c.StickIn != "" {
		file, err := room.ReadStick(c.StickIn)
		if err != nil {
			return err
		}
		t, err := b.Import(ctx, file)
		if err != nil {
			return err
		}
		c.say("imported", t.Receipts, t.Returns, t.Words, t.Columns)
	}
	if err := b.CheckIn(ctx, c.Expert, c.Code, c.Pin); err != nil && !errors.Is(err, room.ErrPending) {
		return err
	}
	v, err := b.Watch(ctx, 0)
	if err != nil {
		return err
	}
	r := roundOf(v, c.Round)
	switch {
	case r == nil:
	case r.MayVote:
		seed := c.Seed + uint64(r.Own.Version)
		if _, err = b.Submit(ctx, c.Round, invent(v.Package, c.Expert, c.Round, seed)); err == nil {
			c.say("sealed")
		}
	case c.Return != "" && r.MayReturn && r.Own.Tick == room.Received && r.Own.Version == 1:
		err = b.AskReturn(ctx, c.Round, c.Return)
	case r.MayAttest:
		var n int64
		if n, err = b.Attest(ctx, c.Round, c.Pin); err == nil {
			c.say("attested", n)
		}
	}
	if err != nil || c.StickOut == "" {
		return err
	}
	file, err := b.Bundle(ctx)
	if err != nil {
		return err
	}
	if v, err = b.Watch(ctx, 0); err != nil {
		return err
	}
	if r := roundOf(v, c.Round); r != nil {
		c.say(strings.ToLower(v.CheckedIn), r.State, "tick", r.Own.Tick, "receipt", r.Own.Receipt)
	}
	return room.WriteStick(c.StickOut, file)
}

// invent makes a ballot: most experts agree on most people, and the last ones of the list find less approval; scores likewise.
func invent(p *ballot.Package, expert, round string, seed uint64) *ballot.Ballot {
	random := rand.New(rand.NewPCG(seed, 1))
	v := &ballot.Ballot{}
	r := p.Round(round)
	for i := range p.Applicants {
		limit := 9 - 5*i/max(len(p.Applicants), 1)
		if r != nil && r.Kind == ballot.Score {
			v.Scores = append(v.Scores, inventScore(r, p.Items, random, limit))
			continue
		}
		cell := ballot.Agree
		if random.IntN(10) >= limit {
			cell = []byte{ballot.Oppose, ballot.Abstain}[random.IntN(2)]
		}
		v.Votes = append(v.Votes, cell)
	}
	return v
}

// inventScore scores every item in the upper part of its range.
func inventScore(r *ballot.Round, items []ballot.Item, random *rand.Rand, limit int) (scores []uint16) {
	for n := int64(1); n <= r.Items; n++ {
		high := r.Max
		for _, i := range items {
			if i.Round == r.ID && i.Number == n && i.Max > 0 {
				high = i.Max
			}
		}
		steps := (high - r.Min) / r.Step
		down := int64(random.IntN(3+10-limit)) * steps / 20
		scores = append(scores, uint16(r.Min+(steps-down)*r.Step))
	}
	return scores
}

func now() int64 { return time.Now().UnixMilli() }
