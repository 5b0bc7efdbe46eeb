package syncer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"zhiping/desktop/cache"
	"zhiping/desktop/outbox"
	syncv1 "zhiping/proto/gen/zhiping/sync/v1"
	"zhiping/proto/gen/zhiping/sync/v1/syncv1connect"
	"zhiping/shared/fault"
	"zhiping/shared/review"
	"zhiping/shared/wire"
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

// put puts a change into the outbox and shows its effect.
func (s *Syncer) put(ctx context.Context, path string, parts [][]byte) ([]int64, error) {
	numbers, err := s.box.Put(ctx, path, parts...)
	if err != nil {
		return nil, err
	}
	kinds, err := s.Relay(ctx)
	if err != nil {
		slog.Error("effect", "error", err) // the change is in the outbox all the same
	}
	s.Kick()
	s.note(func(*Status) {})
	s.changed(kinds)
	return numbers, nil
}

// Relay shows anew what was done here over what the mirror has.
func (s *Syncer) Relay(ctx context.Context) (map[string]bool, error) {
	_, _, last, err := s.mirror.Position(ctx)
	if err != nil {
		return nil, err
	}
	replay, err := s.replay(ctx, last)
	if err != nil {
		return nil, err
	}
	return s.mirror.Relay(ctx, replay)
}

// replay lays what a checkpoint up to a number does not contain over it: what waits, and what was applied after it.
func (s *Syncer) replay(ctx context.Context, last int64) (func(*cache.View) error, error) {
	all, err := s.box.Since(ctx, last)
	return func(v *cache.View) error {
		for _, m := range all {
			effect := s.effects[m.Procedure]
			if effect == nil || m.State != outbox.Pending && m.State != outbox.Applied {
				continue
			}
			request, err := Request(m)
			if err != nil {
				return err
			}
			if err := v.Do(m.Number, m.At, func(v *cache.View) error { return effect(v, request, s.by) }); err != nil {
				return err
			}
		}
		return nil
	}, err
}

// push sends what waits, one after the other, the same bytes every time.
func (s *Syncer) push(ctx context.Context) error {
	for after := int64(0); ; {
		waiting, err := s.box.Pending(ctx, after, 50)
		if err != nil || len(waiting) == 0 {
			return err
		}
		for _, m := range waiting {
			back, err := s.send(ctx, m)
			if err != nil {
				return err
			}
			if after = m.Number; back > 0 {
				after = back - 1
				break
			}
		}
	}
}

// send sends one mutation and records what became of it; back is where to go on when the server lacks earlier ones.
func (s *Syncer) send(ctx context.Context, m *outbox.Mutation) (back int64, err error) {
	if err := s.sendFiles(ctx, m); err != nil {
		return 0, err
	}
	if err := s.point("send"); err != nil {
		return 0, err
	}
	status, body, err := s.post(ctx, m)
	if err != nil {
		return 0, err
	}
	if err := s.point("answered"); err != nil {
		return 0, err
	}
	what, state, f := judge(m.Procedure, status, body)
	switch what {
	case signedOut:
		return 0, errSignedOut
	case later:
		if f != nil {
			return 0, f
		}
		return 0, errAway
	case gap:
		if back, err = strconv.ParseInt(f.Field, 10, 64); err != nil || back >= m.Number || back < 1 {
			return 0, f
		}
		return back, s.box.Again(ctx, back)
	}
	if err := s.box.Finish(ctx, m.Number, state, status, body); err != nil {
		return 0, err
	}
	if err := s.point("finished"); err != nil {
		return 0, err
	}
	s.note(func(st *Status) { st.Online = true })
	return 0, nil
}

// longestCall is how long one call may take before it counts as lost.
const longestCall = time.Minute

func (s *Syncer) post(ctx context.Context, m *outbox.Mutation) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, longestCall)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.client.url+m.Procedure, bytes.NewReader(m.Request))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/proto")
	r.Header.Set("Connect-Protocol-Version", "1")
	r.Header.Set("Authorization", "Bearer "+s.client.bearer())
	r.Header.Set(wire.MutationHeader, s.box.Name()+"/"+strconv.FormatInt(m.Number, 10))
	resp, err := s.client.plain.RoundTrip(r)
	if err != nil {
		return 0, nil, errors.Join(errAway, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, errors.Join(errAway, err)
	}
	return resp.StatusCode, b, nil
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

// Redo puts a refused change into the outbox once more, on top of what the server has now: the clerk has looked at both (sync.md). The choice is
// recorded.
func (s *Syncer) Redo(ctx context.Context, m *outbox.Mutation) error {
	request, err := Request(m)
	if err != nil {
		return err
	}
	if err := s.rebase(ctx, request.ProtoReflect()); err != nil {
		return err
	}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(request)
	if err != nil {
		return err
	}
	numbers, err := s.put(ctx, m.Procedure, [][]byte{b})
	if err != nil {
		return err
	}
	return s.box.Decide(ctx, m.Number, "采用本机内容，已作为第 "+strconv.FormatInt(numbers[0], 10)+" 项重新提交")
}

// GiveUp leaves a refused change be: what the server has holds. The choice is recorded.
func (s *Syncer) GiveUp(ctx context.Context, m *outbox.Mutation) error {
	err := s.box.Decide(ctx, m.Number, "采用服务器内容，放弃本机操作")
	s.note(func(*Status) {})
	return err
}
