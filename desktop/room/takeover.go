package room

import (
	"context"
	"errors"
	"strings"

	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// TakeOver makes this laptop the sequencer of a session by the word of chair and staff: the spare in place of a dead hub, or this hub again after its log
// was found to be behind what laptops have seen. A log that is here whole goes on from the checkpoint of its hub; one that is lost begins anew, from the
// highest checkpoint that any laptop has shown.
func (h *Hub) TakeOver(ctx context.Context, session, reason string, chair ballot.Key) error {
	d, err := h.Room(session)
	if err != nil {
		return err
	}
	if d.remote != nil {
		return fault.New(fault.State, "本场会议由中心服务器主持；须由管理员在服务器上把会议交给会场主机")
	}
	if err := d.staffed(); err != nil {
		return err
	}
	if strings.TrimSpace(reason) == "" {
		return fault.New(fault.Invalid, "启用主机须填写原因")
	}
	d.taking.Lock()
	defer d.taking.Unlock()
	if d.room.Session.Sequencer() && d.room.Session.Behind() == nil {
		return fault.New(fault.State, "本机就是当前的主机，不需要启用")
	}
	o, err := d.epochOf(reason)
	if err != nil {
		return err
	}
	object, err := o.Sign(chair, d.Key())
	if err == nil {
		_, err = d.room.Append(ctx, object)
	}
	return err
}

// epochOf says where the new epoch begins.
func (d *Desk) epochOf(reason string) (*ballot.Epoch, error) {
	shown, err := d.shelf.kept(seenFolder)
	if err != nil {
		return nil, err
	}
	o := &ballot.Epoch{Session: d.Session, Epoch: d.epoch(), Hub: d.hub.keys.Hub.Public(), Reason: reason, At: d.hub.now()}
	var highest ballot.Head
	var highestSeen []byte
	d.View(func(s *ballot.State) {
		for _, cp := range shown {
			h, err := ballot.OpenCheckpoint(cp, s.HubKeys()...)
			n := s.Package.EpochOf(h.Origin)
			if err != nil || n == 0 {
				continue
			}
			// Laptops may have seen a hub whose epoch this log does not know of: the new one is later than all.
			o.Epoch = max(o.Epoch, n)
			if before := s.Package.EpochOf(highest.Origin); h.Size > 1 && (n > before || n == before && h.Size > highest.Size) {
				highest, highestSeen = h, cp
			}
		}
	})
	o.Epoch++
	if len(d.Log()) == 1 {
		o.From = highestSeen
		return o, nil
	}
	if o.From, err = d.room.Session.Checkpoint(); err != nil {
		return nil, errors.Join(fault.New(fault.State, "本机的会议记录没有原主机的检查点，请先导入原主机的副本"), err)
	}
	return o, nil
}
