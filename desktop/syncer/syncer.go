package syncer

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"zhiping/desktop/cache"
	"zhiping/desktop/outbox"
	"zhiping/shared/fault"
	"zhiping/shared/review"
)

// whole is how many records of a kind are mirrored with their bodies; of more only what is to be done (sync.md).
const whole = 20000

// pageSize is how many changes one answer brings: a checkpoint of many is kept in as many steps, each durable.
const pageSize = 4000

// mirrorLimit is how many bytes of bodies the mirror keeps.
const mirrorLimit = 512 << 20

// A Syncer keeps outbox, mirror and server in step: what was done here is pushed, then what has changed is pulled. It works by itself, whenever
// something is put into the outbox and whenever the server hints at a change; it never asks without a reason.
type Syncer struct {
	client  *Client
	box     *outbox.Outbox
	mirror  *cache.Cache
	by      review.Actor
	effects map[string]cache.Effect
	files   string // folder of attachments that are still to be sent
	now     func() time.Time

	kick    chan struct{}
	changed func(kinds map[string]bool)
	page    int32              // changes in one answer
	all     bool               // every record with its body, however many there are
	point   func(string) error // a failpoint: tests end the program here

	mu     sync.Mutex // one push and pull at a time
	state  sync.Mutex
	status Status
}

// A Status is what the state bar says.
type Status struct {
	Online    bool
	SignedOut bool      // the session is over: sign in again
	Pulled    time.Time // zero for never
	Err       string    // what stops the sync, in words; "" for nothing
	outbox.Summary
}

// New returns the syncer of a connection. changed is told which kinds of records look different now, "*" for all, from any goroutine.
func New(c *Client, box *outbox.Outbox, mirror *cache.Cache, by review.Actor, effects map[string]cache.Effect, files string, now func() time.Time, changed func(map[string]bool)) *Syncer {
	s := &Syncer{client: c, box: box, mirror: mirror, by: by, effects: effects, files: files, now: now, kick: make(chan struct{}, 1), changed: changed, page: pageSize, point: func(string) error { return nil }}
	s.status.Online = c.bearer() != ""
	if at, err := mirror.Pulled(context.Background()); err == nil {
		s.status.Pulled = at
	}
	if sum, err := box.Summary(context.Background()); err == nil {
		s.status.Summary = sum
	}
	c.through(gate{s, c.plain})
	return s
}

// Kick asks for a push and a pull soon.
func (s *Syncer) Kick() {
	select {
	case s.kick <- struct{}{}:
	default: // one is asked for already
	}
}

// Status is how things stand.
func (s *Syncer) Status() Status {
	s.state.Lock()
	defer s.state.Unlock()
	return s.status
}

// resting reports whether the server could not be reached when it was last tried.
func (s *Syncer) resting() bool { return !s.Status().Online }

func (s *Syncer) heard(online bool) {
	s.state.Lock()
	was := s.status.Online
	s.status.Online = online
	s.state.Unlock()
	if online != was {
		s.changed(nil)
	}
}

func (s *Syncer) note(fn func(*Status)) {
	sum, err := s.box.Summary(context.Background())
	if err != nil {
		slog.Error("outbox", "error", err)
	}
	s.state.Lock()
	s.status.Summary = sum
	fn(&s.status)
	s.state.Unlock()
	s.changed(nil)
}

// Run keeps in step until the context ends.
func (s *Syncer) Run(ctx context.Context) {
	hints := make(chan struct{}, 1)
	var wg sync.WaitGroup
	wg.Go(func() { s.watch(ctx, hints) })
	defer wg.Wait()
	wait := time.Duration(0)
	for {
		err := s.Sync(ctx)
		if wait = backOff(wait, err); err != nil {
			slog.Info("sync", "error", err)
		}
		retry := time.NewTimer(wait)
		if err == nil {
			retry.Stop()
		}
		select {
		case <-ctx.Done():
			retry.Stop()
			return
		case <-s.kick:
		case <-hints:
		case <-retry.C:
		}
		retry.Stop()
	}
}

// The waits between attempts while the server cannot be reached.
const (
	firstWait = time.Second
	mostWait  = 30 * time.Second
)

// backOff doubles the wait after every failure, with a little chance, so that a thousand desktops do not come back in one second.
func backOff(wait time.Duration, err error) time.Duration {
	if err == nil {
		return 0
	}
	wait = min(max(firstWait, 2*wait), mostWait)
	return wait/2 + rand.N(wait/2+1)
}

// Sync pushes what waits, then pulls what has changed.
func (s *Syncer) Sync(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.signedIn(ctx)
	if err == nil {
		err = s.push(ctx)
	}
	if err == nil {
		err = s.pull(ctx)
	}
	s.note(func(st *Status) {
		st.Err, st.SignedOut = "", errors.Is(err, errSignedOut)
		switch f := fault.As(err); {
		case err == nil:
			st.Online, st.Pulled = true, s.now()
		case errors.Is(err, errSignedOut):
			st.Err = "登录已失效，请重新登录；未同步的操作已保存在本机"
		case f != nil && f.Code == fault.Offline:
			st.Online = false
		case f != nil:
			st.Err = f.Message
		case errors.Is(err, errAway):
			st.Online = false
		case ctx.Err() == nil:
			st.Err = "同步出错，请联系管理员并提供日志"
			slog.Error("sync", "error", err)
		}
	})
	return err
}

// signedIn signs in where it could not be done before: the program was opened without a network.
func (s *Syncer) signedIn(ctx context.Context) error {
	if s.client.bearer() != "" {
		return nil
	}
	err := s.client.signIn(ctx)
	if f := fault.As(err); f != nil && f.Code == fault.Denied {
		return errSignedOut
	}
	return err
}

// Start keeps in step beside the window until stop is called, which waits for what is under way.
func (s *Syncer) Start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

var (
	errSignedOut = errors.New("syncer: signed out")
	errAway      = errors.New("syncer: the server cannot be reached")
)
