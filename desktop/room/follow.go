package room

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/proto/gen/zhiping/room/v1/roomv1connect"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// A laptop that is not the sequencer copies its log: the spare from the hub over the LAN or by stick, staff's from the central server. Each copy is
// proved by the sequencer's checkpoint before it is kept.

// trouble is why a copy is not up to date, and what must not be: two logs of one sequencer.
type trouble struct {
	mu    sync.Mutex
	text  string
	alarm string
}

func (t *trouble) set(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = ""
	if err != nil {
		t.text = err.Error()
	}
	if errors.Is(err, ballot.ErrEquivocal) {
		t.alarm = err.Error()
	}
}

func (t *trouble) get() (text, alarm string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text, t.alarm
}

// followEvery is how long a copy waits before it asks again after a failure.
const followEvery = time.Second

// A source is the sequencer whose log is copied.
type source struct {
	desk roomv1connect.DeskServiceClient
	room roomv1connect.RoomServiceClient // for the columns

	codes func(context.Context) ([]byte, error) // of a hub; nil for the server, which knows none
}

// follow copies a sequencer's log until the context ends or this laptop is the sequencer itself.
func (d *Desk) follow(ctx context.Context, from *source) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for ctx.Err() == nil && !d.room.Session.Sequencer() {
		err := d.fetch(ctx, from, true)
		if ctx.Err() != nil {
			return
		}
		before, _ := d.trouble.get()
		d.trouble.set(err)
		if after, _ := d.trouble.get(); after != before {
			d.room.Wake()
		}
		if err == nil {
			continue
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// fetch copies what there is now, or with wait what comes next, with the columns of what has been counted.
func (d *Desk) fetch(ctx context.Context, of *source, wait bool) error {
	from := int64(len(d.Log()))
	var objects [][]byte
	for {
		resp, err := of.desk.GetLog(ctx, &roomv1.GetLogRequest{Session: d.Session, From: from + int64(len(objects)), Wait: wait && len(d.lacking()) == 0})
		if err != nil {
			return err
		}
		objects = append(objects, resp.Objects...)
		if len(resp.Checkpoint) > 0 {
			if err := d.take(ctx, from, objects, resp.Checkpoint); err != nil {
				return err
			}
			if err := d.fetchCodes(ctx, of); err != nil {
				return err
			}
			return d.fetchColumns(ctx, of)
		}
		if len(resp.Objects) == 0 {
			return fault.New(fault.State, "主机的记录不完整，副本没有更新")
		}
	}
}

// fetchCodes copies the codes that the hub has given out.
func (d *Desk) fetchCodes(ctx context.Context, of *source) error {
	if of.codes == nil {
		return nil
	}
	b, err := of.codes(ctx)
	if err != nil {
		return err
	}
	return d.takeCodes([][]byte{b})
}

// lacking are the counted rounds whose columns are not here, with their sums.
func (d *Desk) lacking() map[string][]byte {
	all := map[string][]byte{}
	for _, id := range d.counted() {
		d.View(func(s *ballot.State) { all[id] = s.Rounds[id].Tally.Columns })
	}
	for id, sum := range all {
		if b, err := d.shelf.Columns(context.Background(), id); err == nil && summed(b, sum) {
			delete(all, id)
		}
	}
	return all
}

// fetchColumns copies the columns that are not here: without them a tally cannot be verified any more.
func (d *Desk) fetchColumns(ctx context.Context, of *source) error {
	if of.room == nil {
		return nil
	}
	for id, sum := range d.lacking() {
		var columns []byte
		for total := int64(1); int64(len(columns)) < total; {
			resp, err := of.room.GetColumns(ctx, &roomv1.GetColumnsRequest{Session: d.Session, Round: id, Offset: int64(len(columns))})
			if err != nil {
				return err
			}
			if total = resp.Total; len(resp.Piece) == 0 {
				break
			}
			columns = append(columns, resp.Piece...)
		}
		if !summed(columns, sum) {
			return fault.New(fault.State, "主机给出的轮次%s的计票栏与计票结果不符，副本没有采用", id)
		}
		if err := d.shelf.KeepColumns(ctx, id, columns); err != nil {
			return err
		}
		d.room.Wake()
	}
	return nil
}

// take keeps the next objects of a sequencer's log. They and the checkpoint that proves them are written down before they stand in the log: a laptop that dies here finishes
// when it starts again, and has the checkpoint from which it may take over.
func (d *Desk) take(ctx context.Context, from int64, objects [][]byte, checkpoint []byte) error {
	d.taking.Lock()
	defer d.taking.Unlock()
	if d.room.Session.Sequencer() {
		return fault.New(fault.State, "本机是当前的主机，不再跟随其他主机")
	}
	if len(objects) == 0 && string(d.room.Session.Copied()) == string(checkpoint) {
		return nil
	}
	note, err := encodeCopy(d.Session, from, objects, checkpoint)
	if err != nil {
		return err
	}
	err = d.room.Session.Follow(ctx, from, objects, checkpoint, func() error {
		err := writeDurably(d.copyPath(), note)
		d.hub.point("copied")
		return err
	})
	if err != nil {
		return err
	}
	d.room.Wake()
	return nil
}

func (d *Desk) copyPath() string { return d.shelf.path("copy", ".txt") }

// resume finishes the last copy that was begun, so that this laptop knows the sequencer's checkpoint of its log. A sequencer recalls what laptops have
// shown it: one that must not go on must not after a restart either.
func (d *Desk) resume(ctx context.Context) error {
	if d.room.Session.Sequencer() {
		shown, err := d.shelf.kept(seenFolder)
		d.View(func(s *ballot.State) { d.room.Held.Store(len(s.Credentials) > 0) })
		for _, cp := range shown {
			d.room.Session.Witness(cp) //nolint:errcheck // what it answers is what the session knows now
		}
		return err
	}
	b, err := os.ReadFile(d.copyPath())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := decodeCopy(b)
	if err != nil {
		return err
	}
	return d.room.Session.Follow(ctx, c.from, c.objects, c.checkpoint, nil)
}

// appendThere hands an object to the remote sequencer and copies its log up to it.
func (d *Desk) appendThere(ctx context.Context, object []byte) error {
	if _, err := d.remote.desk.Append(ctx, &roomv1.AppendRequest{Session: d.Session, Object: object}); err != nil {
		return err
	}
	return d.fetch(ctx, d.remote, false)
}
