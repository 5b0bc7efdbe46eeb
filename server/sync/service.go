// Package sync hands out the changes a desktop's mirror follows (sync.md, read path).
package sync

import (
	"context"
	"crypto/rand"
	"errors"

	"connectrpc.com/connect"

	syncv1 "zhiping/proto/gen/zhiping/sync/v1"
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

// Pull implements the RPC. A cursor of another epoch begins anew.
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
		resp.Cursor = r.Cursor
		if r.Epoch != resp.Epoch {
			resp.Cursor = 0
		}
		viewer := session.Of(ctx).Viewer()
		changes, err := feed.After(ctx, tx, viewer, resp.Cursor, size+1)
		if err != nil {
			return err
		}
		if resp.More = len(changes) > size; resp.More {
			changes = changes[:size]
		}
		return fill(ctx, tx, resp, viewer, changes)
	})
	return resp, err
}

func fill(ctx context.Context, tx *db.Tx, resp *syncv1.PullResponse, viewer string, changes []feed.Numbered) error {
	for _, n := range changes {
		c := &syncv1.Change{Kind: n.Kind, Id: n.ID, Revision: n.Revision, Gone: n.Gone}
		if !n.Gone {
			body, m, visible, err := record.Body(ctx, tx, viewer, n.Kind, n.ID)
			if err != nil {
				return err
			}
			if c.Gone = !visible; visible {
				c.Body, c.Revision = body, m.GetRevision()
			}
		}
		resp.Changes, resp.Cursor = append(resp.Changes, c), n.Seq
	}
	return nil
}

// Watch implements the RPC: a hint at once and after every change until the client or the server goes.
func (s *Service) Watch(ctx context.Context, _ *syncv1.WatchRequest, stream *connect.ServerStream[syncv1.WatchResponse]) error {
	for {
		wait := s.bell.Wait()
		var seq int64
		err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
			seq, err = feed.Head(ctx, tx)
			return err
		})
		if err != nil {
			return err
		}
		if err := stream.Send(&syncv1.WatchResponse{Cursor: seq}); err != nil {
			return err
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
