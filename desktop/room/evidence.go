package room

import (
	"context"

	"zhiping/shared/ballot"
)

// Export returns the session's record in one file, with all the evidence there is beside the log.
func (d *Desk) Export() ([]byte, error) {
	log, checkpoint, err := d.room.Session.Signed()
	if err != nil {
		return nil, err
	}
	e := &ballot.Evidence{Server: d.hub.server, Log: log, Checkpoint: checkpoint, Columns: map[string][]byte{}}
	var p *ballot.Package
	derived := false
	d.View(func(s *ballot.State) { p, derived = s.Package, s.Derived != nil })
	for _, id := range d.counted() {
		if e.Columns[id], err = d.shelf.Columns(context.Background(), id); err != nil {
			return nil, err
		}
	}
	if derived {
		if _, e.Firsts, err = d.firsts(nil); err != nil {
			return nil, err
		}
	}
	if e.Earlier, err = d.shelf.kept(earlierFolder); err != nil {
		return nil, err
	}
	if e.Late, err = d.shelf.kept(lateFolder); err != nil {
		return nil, err
	}
	e.Checkpoints, err = d.seen()
	return e.Encode(p), err
}

// counted are the rounds with a tally, void ones too.
func (d *Desk) counted() (all []string) {
	d.View(func(s *ballot.State) {
		for _, id := range s.Order {
			if s.Rounds[id].Tally != nil {
				all = append(all, id)
			}
		}
	})
	return all
}

// seen are the checkpoints of laptops that the evidence can prove: signed by a hub of this session, of no later epoch than the log's.
func (d *Desk) seen() ([][]byte, error) {
	kept, err := d.shelf.kept(seenFolder)
	if shown := d.room.Shown(); shown != nil {
		kept = append(kept, shown)
	}
	var all [][]byte
	d.View(func(s *ballot.State) {
		for _, cp := range kept {
			h, err := ballot.OpenCheckpoint(cp, s.HubKeys()...)
			if n := s.Package.EpochOf(h.Origin); err == nil && n > 0 && n <= s.Epoch {
				all = append(all, cp)
			}
		}
	})
	return all, err
}
