package syncer

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"zhiping/desktop/cache"
	"zhiping/desktop/outbox"
	syncv1 "zhiping/proto/gen/zhiping/sync/v1"
	"zhiping/proto/gen/zhiping/sync/v1/syncv1connect"
	"zhiping/shared/fault"
)

// watch waits for hints of the server. While it cannot be reached, the attempts of Run find that out.
func (s *Syncer) watch(ctx context.Context, hints chan<- struct{}) {
	wait := time.Duration(0)
	for ctx.Err() == nil {
		err := s.follow(ctx, hints)
		if ctx.Err() != nil {
			return
		}
		wait = backOff(wait, errors.Join(err, io.EOF))
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
		s.Kick()
	}
}

func (s *Syncer) follow(ctx context.Context, hints chan<- struct{}) error {
	stream, err := syncv1connect.NewSyncServiceClient(&http.Client{Transport: s.client.plain}, s.client.url, s.client.opts...).Watch(ctx, &syncv1.WatchRequest{})
	if err != nil {
		return err
	}
	defer stream.Close()
	for stream.Receive() {
		select {
		case hints <- struct{}{}:
		default:
		}
	}
	return stream.Err()
}

// pull brings the mirror up to date. A mirror that turns out to differ begins anew, once.
func (s *Syncer) pull(ctx context.Context) error {
	for resets := 0; ; resets++ {
		err := s.pullOnce(ctx)
		if !errors.Is(err, cache.ErrDigest) {
			return err
		}
		slog.Error("mirror differs", "error", err)
		if resets > 0 {
			return fault.New(fault.State, "本机数据与服务器核对不一致，重新下载后仍不一致，请联系管理员")
		}
		if err := s.mirror.Reset(ctx); err != nil {
			return err
		}
	}
}

func (s *Syncer) pullOnce(ctx context.Context) error {
	epoch, cursor, _, err := s.mirror.Position(ctx)
	if err != nil {
		return err
	}
	next := s.fetch(ctx, epoch, cursor)
	for {
		got := <-next
		resp, err := got.resp, got.err
		if err != nil {
			return s.refused(err)
		}
		if again, err := s.restored(ctx, resp); again || err != nil {
			return err
		}
		if err := s.point("pulled"); err != nil {
			return err
		}
		if resp.More { // the next page is on its way while this one is kept
			next = s.fetch(ctx, resp.Epoch, resp.Cursor)
			if err := s.mirror.Stage(ctx, resp); err != nil {
				<-next
				return err
			}
			continue
		}
		replay, err := s.replay(ctx, resp.Last)
		if err != nil {
			return err
		}
		kinds, err := s.mirror.Apply(ctx, resp, replay)
		if err != nil {
			return err
		}
		s.changed(kinds)
		return s.mirror.Trim(ctx, mirrorLimit)
	}
}

// fetched is a page of a pull.
type fetched struct {
	resp *syncv1.PullResponse
	err  error
}

// fetch asks for a page beside what is being done.
func (s *Syncer) fetch(ctx context.Context, epoch string, cursor int64) <-chan fetched {
	r := &syncv1.PullRequest{Epoch: epoch, Cursor: cursor, Size: s.page, Client: s.box.Name(), Whole: whole}
	if s.all {
		r.Whole = 0
	}
	c := make(chan fetched, 1)
	go func() {
		resp, err := syncv1connect.NewSyncServiceClient(&http.Client{Transport: s.client.plain, Timeout: longestCall}, s.client.url, s.client.opts...).Pull(ctx, r)
		c <- fetched{resp, err}
	}()
	return c
}

// refused says what a pull was refused for: a session that is over may show nothing more.
func (s *Syncer) refused(err error) error {
	if f := fault.As(err); f != nil && f.Code == fault.Denied {
		return errSignedOut
	}
	return err
}

// restored notices a server that was restored from a backup and does not know our last changes any more: they are sent again first.
func (s *Syncer) restored(ctx context.Context, resp *syncv1.PullResponse) (again bool, err error) {
	if !resp.Reset_ {
		return false, nil
	}
	all, err := s.box.Since(ctx, resp.Last)
	if err != nil {
		return false, err
	}
	for _, m := range all {
		if m.State != outbox.Pending {
			if err := s.box.Again(ctx, resp.Last+1); err != nil {
				return true, err
			}
			return true, s.push(ctx)
		}
	}
	return false, nil
}
