package room

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/box"
	"zhiping/shared/fault"
	"zhiping/shared/room"
)

// A Desk is staff's hand on one session. Its methods are the same whether this laptop is the sequencer, or the central server is and this laptop has a
// copy of the log.
type Desk struct {
	Session string
	Whole   *ballot.Package // as the server issued it

	id     ballot.ID
	hub    *Hub
	room   *room.Room
	box    *box.Box
	shelf  *shelf
	remote *source // nil where this laptop is, or may become, the sequencer

	taking  sync.Mutex // a copy grows, or takes over
	there   [][]byte   // check-ins that wait at the remote sequencer
	trouble trouble
}

// Code implements room.Staff.
func (d *Desk) Code(expert string) (string, bool) {
	d.hub.mu.Lock()
	defer d.hub.mu.Unlock()
	code := d.hub.codes.Sessions[d.Session][expert]
	return code, code != ""
}

// Codes are the one-time codes that staff hands out on paper, by expert.
func (d *Desk) Codes() map[string]string {
	all := map[string]string{}
	for _, e := range d.Whole.Experts {
		if code, ok := d.Code(e.ID); ok {
			all[e.ID] = code
		}
	}
	return all
}

// Key implements room.Staff.
func (d *Desk) Key() ballot.Key { return d.hub.keys.Staff }

// View runs fn on the session's state, which it must not keep or change.
func (d *Desk) View(fn func(*ballot.State)) { d.room.Session.View(fn) }

// Log returns the objects so far.
func (d *Desk) Log() [][]byte { return d.room.Session.Log() }

// Grown is closed when the log has grown, or something else has changed that the board shows.
func (d *Desk) Grown() <-chan struct{} { return d.room.Grown() }

// Package is the session's package, with the applicants of a second round once they are derived.
func (d *Desk) Package() *ballot.Package { return d.room.Package() }

// Columns are the columns of a counted round as this laptop keeps them.
func (d *Desk) Columns(ctx context.Context, round string) ([]byte, error) {
	return d.shelf.Columns(ctx, round)
}

func (d *Desk) epoch() (n int64) {
	d.View(func(s *ballot.State) { n = s.Epoch })
	return n
}

// append hands an object to the sequencer; a remote one's log is copied up to it.
func (d *Desk) append(ctx context.Context, object []byte, err error) error {
	if err != nil {
		return err
	}
	if d.remote == nil {
		_, err = d.room.Take(ctx, object)
		return err
	}
	return d.appendThere(ctx, object)
}

// staffed refuses when this laptop's staff key is not among the meeting's: nothing it signs would be taken.
func (d *Desk) staffed() error {
	if !slices.Contains(d.Whole.Staff, d.Key().Public()) {
		return fault.New(fault.Denied, "本机的会务密钥不在会议包中，不能操作本场会议")
	}
	return nil
}

// round runs fn on a round of the session, or says that there is none.
func (d *Desk) round(id string, fn func(*ballot.State, *ballot.RoundState) error) error {
	err := fault.New(fault.Invalid, "会议包中没有轮次“%s”", id)
	var got error = err
	d.View(func(s *ballot.State) {
		if r := s.Rounds[id]; r != nil {
			got = fn(s, r)
		}
	})
	return got
}

func strangerText(epoch, size int64) string {
	return fmt.Sprintf("有电脑保存的检查点（第%d任主机，%d条）不在本机的记录中", epoch, size)
}

// waiting are the check-ins that wait at the remote sequencer, as of the last time it was asked.
func (d *Desk) waiting() [][]byte {
	d.taking.Lock()
	defer d.taking.Unlock()
	return slices.Clone(d.there)
}

// Refresh asks the remote sequencer which check-ins wait; where this laptop is the sequencer there is nothing to ask.
func (d *Desk) Refresh(ctx context.Context) error {
	if d.remote == nil {
		return nil
	}
	resp, err := d.remote.desk.ListPending(ctx, &roomv1.ListPendingRequest{Session: d.Session})
	if err != nil {
		return err
	}
	d.taking.Lock()
	same := slices.EqualFunc(d.there, resp.Objects, bytes.Equal)
	d.there = resp.Objects
	d.taking.Unlock()
	if !same {
		d.room.Wake()
	}
	return nil
}

// await asks again and again which check-ins wait at the remote sequencer: they do not stand in its log yet, so nothing else tells of them.
func (d *Desk) await(ctx context.Context) {
	tick := time.NewTicker(2 * followEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		d.Refresh(ctx) //nolint:errcheck // what fails here fails in follow too, which says it
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}
