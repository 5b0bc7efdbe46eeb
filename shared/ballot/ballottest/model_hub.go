package ballottest

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"zhiping/shared/ballot"
)

// What happens to the hub.

// kill: the hub's process ends and begins again; it stands where it stood (V1, V7).
func (w *world) kill(rt *rapid.T) {
	before, err := w.Session.Checkpoint()
	if err != nil {
		rt.Fatal(err)
	}
	if w.Session, err = ballot.Begin(context.Background(), w.store, w.Bytes, w.Server.Public(), w.Hub); err != nil {
		rt.Fatal(err)
	}
	if after, err := w.Session.Checkpoint(); err != nil || !bytes.Equal(before, after) {
		rt.Fatalf("V7: after a restart the log stands at\n%s\nnot\n%s", after, before)
	}
	w.did("hub killed")
}

// snapshot copies the hub's disk.
func (w *world) snapshot(rt *rapid.T) {
	p := &past{
		opened: w.opened, checked: maps.Clone(w.checked), base: maps.Clone(w.base), inForce: maps.Clone(w.inForce), back: maps.Clone(w.back), answers: maps.Clone(w.answers),
		places: maps.Clone(w.places), epoch: w.Epoch, hub: w.Hub,
	}
	for _, l := range w.laptops {
		p.keys = append(p.keys, l.voter.Key)
	}
	var err error
	if p.hashes, err = w.store.Load(context.Background(), func(o []byte) error { p.log = append(p.log, o); return nil }); err != nil {
		rt.Fatal(err)
	}
	w.past = p
}

// rollBack: the hub's disk is the copy. It learns from the laptops that it is behind, takes nothing, and goes on in a new epoch.
func (w *world) rollBack(rt *rapid.T) {
	p := w.past
	if p == nil || p.epoch != w.Epoch || p.hub.Public() != w.Hub.Public() {
		rt.Skip("no copy of this hub's disk")
	}
	ahead := w.Session
	w.archiveOld()
	w.store = w.open()
	ctx := context.Background()
	if err := w.store.Append(ctx, 0, p.log, p.hashes); err != nil {
		rt.Fatal(err)
	}
	s, err := ballot.Begin(ctx, w.store, w.Bytes, w.Server.Public(), w.Hub)
	if err != nil {
		rt.Fatal(err)
	}
	w.witnessed(rt, s)
	from, err := s.Checkpoint()
	if err != nil {
		rt.Fatal(err)
	}
	w.Restart(w.store, w.Hub, from)
	w.old = append(w.old, ahead)
	w.opened, w.checked, w.base, w.inForce, w.back = p.opened, maps.Clone(p.checked), maps.Clone(p.base), maps.Clone(p.inForce), maps.Clone(p.back)
	w.did("hub rolled back")
	w.answers, w.places, w.past = maps.Clone(p.answers), maps.Clone(p.places), nil
	for i, l := range w.laptops {
		if l.voter.Key.Public() != p.keys[i].Public() && w.checked[l.voter.Expert] { // he had another laptop then
			v := *l.voter
			key := v.Key
			v.Key = p.keys[i]
			w.Room.Lose(&v, key)
		}
	}
	w.resend(rt)
}

// witnessed shows a hub the laptops' checkpoints: it must refuse to go on when one is ahead of its log (V10).
func (w *world) witnessed(rt *rapid.T, s *ballot.Session) {
	size, _, err := s.Head()
	if err != nil {
		rt.Fatal(err)
	}
	behind := false
	for _, l := range w.laptops {
		if l.watch.Highest == nil {
			continue
		}
		h, err := ballot.OpenCheckpoint(l.watch.Highest, w.Hub.Public(), w.Spare.Public())
		if err != nil {
			rt.Fatal(err)
		}
		behind = behind || h.Origin == w.Package.OriginOf(w.Epoch) && h.Size > size
		if err := s.Witness(l.watch.Highest); (err != nil) != behind {
			rt.Fatalf("V10: behind %v, and the hub says %v", behind, err)
		}
	}
	if behind {
		o, err := w.Attend(0, ballot.Left, "临时有事").Sign(w.Staff)
		if err != nil {
			rt.Fatal(err)
		}
		if _, err := s.Append(context.Background(), o); err == nil {
			rt.Fatal("V10: a hub behind its laptops writes")
		}
	}
}

// takeOver: the spare goes on with the same disk; the hub before it can write nothing any more (V11).
func (w *world) takeOver(rt *rapid.T) {
	before := w.Session
	w.TakeOver(w.store)
	w.did("spare took over")
	good, err := ballot.NewOpinion(w.Package.Session, "A0001", w.Voters[0].Expert, ballot.Main, "同意推荐", w.Now()).Sign(w.Voters[0].Key)
	if err != nil {
		rt.Fatal(err)
	}
	for range 2 { // first it finds the store written by another, then it reads that it is no longer the hub
		if _, err := before.Append(context.Background(), good); err == nil {
			rt.Fatal("V11: two hubs write one log")
		}
	}
}

// hubLost: hub and disk are gone. The spare begins a new log from what the laptops have; each sends its chain again.
func (w *world) hubLost(rt *rapid.T) {
	w.archiveOld()
	var from []byte
	highest := int64(1)
	for _, l := range w.laptops {
		if l.watch.Highest == nil {
			continue
		}
		h, err := ballot.OpenCheckpoint(l.watch.Highest, w.Hub.Public(), w.Spare.Public())
		if err != nil {
			rt.Fatal(err)
		}
		if h.Size > highest && h.Origin == w.Package.OriginOf(w.Epoch) {
			highest, from = h.Size, l.watch.Highest
		}
	}
	w.old = append(w.old, w.Session)
	w.store = w.open()
	w.Restart(w.store, w.Spare, from)
	w.Hub, w.Spare, w.past = w.Spare, w.Hub, nil
	w.CheckIn(len(w.Voters))
	w.Room.Open(w.round)
	w.forget(len(w.Voters))
	w.did("hub lost")
	w.resend(rt)
}

// archiveOld keeps the record of the hub that is given up.
func (w *world) archiveOld() {
	held := map[string]*sealedBallot{}
	for expert, x := range w.inForce {
		if x != nil && !w.back[expert] {
			held[expert] = x
		}
	}
	w.gone = append(w.gone, lostHub{w.Record(), held})
}

// resend lets every laptop send what it has, in order: what was receipted is there again (V1), unless the hub has closed before.
func (w *world) resend(rt *rapid.T) {
	for _, l := range w.laptops {
		history := l.history
		l.history = nil
		for _, o := range history {
			if x := w.sealed[ballot.IDOf(o)]; x != nil {
				w.send(rt, x, true)
				if want := w.answers[ballot.IDOf(o)]; want == "" && !slices.ContainsFunc(l.history, func(b []byte) bool { return bytes.Equal(b, o) }) {
					l.history = append(l.history, o)
				}
				continue
			}
			if _, err := w.Session.Append(context.Background(), o); err == nil {
				l.history = append(l.history, o)
				w.back[l.voter.Expert] = w.returnOf(l.voter.Expert) != strings.Repeat("0", 64)
			}
		}
	}
}
