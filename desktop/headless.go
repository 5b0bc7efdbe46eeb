package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"zhiping/desktop/room"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

func now() int64 { return time.Now().UnixMilli() }

// boothCommand is an expert's laptop without a window: it checks in, waits for the round, votes by a seed and ends with a receipt.
type boothCommand struct {
	Dir     string `arg:"" help:"The laptop's folder."`
	Hub     string `required:"" help:"Address of the hub."`
	TLS     string `required:"" help:"Fingerprint of the hub's certificate."`
	Pairing string `required:"" help:"Pairing code."`
	Server  string `required:"" help:"The server's public key, hex."`
	Expert  string `required:"" help:"The expert's id."`
	Code    string `required:"" help:"The one-time code from staff."`
	Pin     string `required:"" help:"The PIN the expert chooses."`
	Round   string `default:"R1" help:"The round."`
	Seed    uint64 `default:"1" help:"Invented votes come from this seed: eight in nine agree."`
}

func (c *boothCommand) Run(ctx context.Context) error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	b, err := room.OpenBooth(ctx, c.Dir, c.Hub, c.TLS, c.Pairing, c.Server, now)
	if err != nil {
		return err
	}
	return errors.Join(c.vote(ctx, b), b.Close())
}

func (c *boothCommand) vote(ctx context.Context, b *room.Booth) error {
	if err := b.CheckIn(ctx, c.Expert, c.Code, c.Pin); err != nil {
		return err
	}
	fmt.Println("checked in")
	open, err := b.WaitOpen(ctx, c.Round)
	if err != nil || !open {
		return errors.Join(err, fault.New(fault.State, "本轮表决未对您开放"))
	}
	r, err := b.Submit(ctx, c.Round, c.votes(b.Package))
	if err != nil {
		return err
	}
	if r.Reason != "" {
		return fault.New(fault.State, "%s", ballot.RejectText(r.Reason))
	}
	fmt.Println("receipt", r.Index, r.Object)
	return nil
}

// votes invents a ballot: most experts agree on most people, and the last ones of the list find less approval.
func (c *boothCommand) votes(p *ballot.Package) *ballot.Ballot {
	random := rand.New(rand.NewPCG(c.Seed, 1))
	v := &ballot.Ballot{}
	for i := range p.Applicants {
		cell := ballot.Agree
		if limit := 9 - 5*i/max(len(p.Applicants), 1); random.IntN(10) >= limit {
			cell = []byte{ballot.Oppose, ballot.Abstain}[random.IntN(2)]
		}
		v.Votes = append(v.Votes, cell)
	}
	return v
}
