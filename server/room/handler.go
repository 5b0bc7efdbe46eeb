package room

import (
	"bytes"
	"context"
	"slices"

	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/db"
	"zhiping/shared/room"
)

// A Handler answers booths and staff's laptops. It is that of every sequencer but for check-ins that wait for staff: booth and staff may speak to
// different servers, so they wait in the database.
type Handler struct {
	*room.Handler
	rooms *Rooms
}

// CheckIn implements RoomService.
func (h *Handler) CheckIn(ctx context.Context, req *roomv1.CheckInRequest) (*roomv1.CheckInResponse, error) {
	resp, err := h.Handler.CheckIn(ctx, req)
	if err != nil || !resp.Pending {
		return resp, err
	}
	o, err := ballot.ReadCheckIn(req.Object)
	if err != nil {
		return nil, err
	}
	return resp, (&shelf{h.rooms.db, o.Session}).keep(ctx, partPending, o.Expert, req.Object)
}

// ListPending implements DeskService.
func (h *Handler) ListPending(ctx context.Context, req *roomv1.ListPendingRequest) (*roomv1.ListPendingResponse, error) {
	resp, err := h.Handler.ListPending(ctx, req)
	if err != nil {
		return nil, err
	}
	x, err := h.rooms.find(ctx, req.Session)
	if err != nil {
		return nil, err
	}
	var waiting [][]byte
	if err := h.rooms.db.Read(ctx, func(tx *db.Tx) error {
		waiting, err = parts(ctx, tx, x.Package().Session, partPending)
		return err
	}); err != nil {
		return nil, err
	}
	for _, half := range waiting {
		o, err := ballot.ReadCheckIn(half)
		if err != nil {
			return nil, err
		}
		in := false
		x.Session.View(func(s *ballot.State) { in = s.Credentials[o.Expert] != "" })
		if !in && !slices.ContainsFunc(resp.Objects, func(b []byte) bool { return bytes.Equal(b, half) }) {
			resp.Objects = append(resp.Objects, half)
		}
	}
	return resp, nil
}
