package room

import (
	"context"

	"zhiping/shared/ballot"
	"zhiping/shared/room"
)

// SetPoint sets the failpoint: tests end the program in it.
func (h *Hub) SetPoint(fn func(string)) { h.point = fn }

// Sequencer is the room of a desk, for tests that hand objects to it without a network.
func (d *Desk) Sequencer() *room.Room { return d.room }

// Fetch copies what the sequencer has now.
func (d *Desk) Fetch(ctx context.Context) error { return d.fetch(ctx, d.remote, false) }

// TakeCopy is what follows another's log does with an answer.
func (d *Desk) TakeCopy(ctx context.Context, from int64, objects [][]byte, checkpoint []byte) error {
	return d.take(ctx, from, objects, checkpoint)
}

// StaffKey and HubKey are the laptop's own.
func (h *Hub) StaffKey() ballot.Key { return h.keys.Staff }

// HubKey is the sequencer's.
func (h *Hub) HubKey() ballot.Key { return h.keys.Hub }
