// Package sync hands out the changes a desktop's mirror follows (sync.md, read path).
package sync

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"connectrpc.com/connect"

	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	syncv1 "zhiping/proto/gen/zhiping/sync/v1"
	"zhiping/server/command"
	"zhiping/server/feed"
	"zhiping/server/record"
	"zhiping/server/session"
	"zhiping/shared/db"
)

// defaultSize is how many changes an answer has when the request does not say.
const defaultSize = 500

// A Service implements syncv1connect.SyncServiceHandler.
type Service struct {
	db   *db.DB
	bell *feed.Bell
	stop <-chan struct{} // closed when the server stops, so that open streams end
}

// New returns the service.
func New(d *db.DB, bell *feed.Bell, stop <-chan struct{}) *Service {
	return &Service{db: d, bell: bell, stop: stop}
}

var (
	readEpoch = db.SQL("SELECT value FROM setting WHERE name = 'epoch'")
	saveEpoch = db.SQL("INSERT INTO setting (name, value) VALUES ('epoch', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
)

// Epoch returns the database's epoch, making one for a new database.
func Epoch(ctx context.Context, d *db.DB) (string, error) {
	var epoch string
	err := d.Write(ctx, func(tx *db.Tx) error {
		err := tx.Get(ctx, []any{&epoch}, readEpoch)
		if errors.Is(err, db.ErrNoRow) {
			epoch = rand.Text()
			_, err = tx.Exec(ctx, saveEpoch, epoch)
		}
		return err
	})
	return epoch, err
}

// NewEpoch begins another epoch: after a restore, so that every client notices that the server is older than what it knows.
func NewEpoch(ctx context.Context, d *db.DB) error {
	return d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, saveEpoch, rand.Text())
		return err
	})
}

// Pull implements the RPC. A cursor of another epoch, or one that is ahead of the server, begins anew.
func (s *Service) Pull(ctx context.Context, r *syncv1.PullRequest) (*syncv1.PullResponse, error) {
	resp := &syncv1.PullResponse{}
	size := int(r.Size)
	if size == 0 {
		size = defaultSize
	}
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		if err := tx.Get(ctx, []any{&resp.Epoch}, readEpoch); err != nil {
			return err
		}
		head, err := feed.Head(ctx, tx)
		if err != nil {
			return err
		}
		if resp.Cursor = r.Cursor; r.Epoch != resp.Epoch || r.Cursor > head {
			resp.Cursor, resp.Reset_ = 0, true
		}
		c := session.Of(ctx)
		if resp.Last, err = command.Last(ctx, tx, c.Staff.Id, r.Client); err != nil {
			return err
		}
		changes, err := feed.After(ctx, tx, c.Viewer(), resp.Cursor, size+1)
		if err != nil {
			return err
		}
		if resp.More = len(changes) > size; resp.More {
			changes = changes[:size]
		} else {
			resp.Cursor = head
		}
		return s.fill(ctx, tx, resp, c, r.Whole, changes)
	})
	return resp, err
}

func (s *Service) fill(ctx context.Context, tx *db.Tx, resp *syncv1.PullResponse, c *session.Caller, whole int64, changes []feed.Numbered) error {
	digests, err := feed.Digests(ctx, tx, c.Viewer())
	if err != nil {
		return err
	}
	big := map[string]bool{}
	for _, d := range digests {
		if !resp.More {
			resp.Digests = append(resp.Digests, &syncv1.Digest{Open: d.Viewer == feed.Everybody, Kind: d.Kind, Count: d.Count, Sum: d.Sum})
		}
		big[d.Kind] = big[d.Kind] || whole > 0 && d.Count > whole
	}
	wanted := map[string][]string{}
	for _, n := range changes {
		resp.Changes = append(resp.Changes, &syncv1.Change{Kind: n.Kind, Id: n.ID, Revision: n.Revision, Gone: n.Gone, Open: n.Viewer == feed.Everybody, At: n.At, By: n.By})
		if resp.More {
			resp.Cursor = n.Seq
		}
		if n.Gone {
			continue
		}
		if todo, err := toDo(ctx, tx, c, n, big[n.Kind]); err != nil {
			return err
		} else if todo {
			wanted[n.Kind] = append(wanted[n.Kind], n.ID)
		}
	}
	return bodies(ctx, tx, resp.Changes, wanted)
}

// The matters are named because the index of seats begins with them.
var hasToDo = db.SQL("SELECT 1 FROM seat WHERE matter IN (" + matters() + ") AND subject = $1 AND unit_id = $2 AND tab IN (1, 2, 3) LIMIT 1")

func matters() string {
	var all []string
	for _, n := range slices.Sorted(maps.Keys(reviewv1.Matter_name)) {
		all = append(all, strconv.Itoa(int(n)))
	}
	return strings.Join(all, ", ")
}

// toDo reports whether a record comes with its body: all do, but of a kind of which there are too many only what the unit has to do.
func toDo(ctx context.Context, tx *db.Tx, c *session.Caller, n feed.Numbered, big bool) (bool, error) {
	if !big {
		return true, nil
	}
	var one int
	err := tx.Get(ctx, []any{&one}, hasToDo, n.ID, c.Unit.Id)
	if errors.Is(err, db.ErrNoRow) {
		return false, nil
	}
	return err == nil, err
}

// bodies brings the messages of the records that are wanted. That they are seen, the feed has said in the same snapshot.
func bodies(ctx context.Context, tx *db.Tx, changes []*syncv1.Change, wanted map[string][]string) error {
	for kind, ids := range wanted {
		stored, err := record.Bodies(ctx, tx, kind, ids)
		if err != nil {
			return err
		}
		want := map[string]bool{}
		for _, id := range ids {
			want[id] = true
		}
		for _, change := range changes {
			if change.Kind != kind || change.Gone || !want[change.Id] {
				continue
			}
			s := stored[change.Id]
			if s.Revision != change.Revision {
				return fmt.Errorf("sync: the feed has %s %s at %d, the record is at %d", kind, change.Id, change.Revision, s.Revision)
			}
			change.Body = s.Body
		}
	}
	return nil
}

// Watch implements the RPC: a hint at once and after every change that the caller sees, until the client or the server goes.
func (s *Service) Watch(ctx context.Context, _ *syncv1.WatchRequest, stream *connect.ServerStream[syncv1.WatchResponse]) error {
	viewer, last := session.Of(ctx).Viewer(), int64(-1)
	for {
		wait := s.bell.Wait()
		var seq int64
		err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
			seq, err = feed.HeadOf(ctx, tx, viewer)
			return err
		})
		if err != nil {
			return err
		}
		if seq != last {
			if err := stream.Send(&syncv1.WatchResponse{Cursor: seq}); err != nil {
				return err
			}
			last = seq
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil
		case <-s.stop:
			return nil
		}
	}
}
