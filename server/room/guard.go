package room

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"math/big"
	"net"
	"sync"
	"time"

	"connectrpc.com/connect"

	"zhiping/shared/db"
	"zhiping/shared/fault"
)

// PairingHeader carries the pairing code of a booth.
const PairingHeader = "Zhiping-Pairing"

type pairingKey struct{}

// NewPairing makes a pairing code. It is longer than a hub's, which only who is in the room can try.
func NewPairing() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1e10))
	if err != nil {
		return "", err
	}
	s := n.String()
	for len(s) < 10 {
		s = "0" + s
	}
	return s, nil
}

// Guard lets booths in that show the pairing code of a meeting. Wrong codes are counted by where they come from.
func (r *Rooms) Guard() connect.Interceptor { return guard{r} }

type guard struct{ r *Rooms }

func (g guard) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		if req.Spec().IsClient {
			return next(ctx, req)
		}
		code, from := req.Header().Get(PairingHeader), host(req.Peer().Addr)
		if !g.r.limit.may(from) {
			return nil, fault.New(fault.Denied, "配对码输错次数过多，请%d分钟后再试，并向会务人员核对配对码", limitFor/time.Minute)
		}
		known, err := g.r.paired(ctx, code)
		if err != nil {
			return nil, err
		}
		if !known {
			g.r.limit.wrong(from)
			return nil, fault.New(fault.Denied, "配对码不正确，请向会务人员核对")
		}
		return next(context.WithValue(ctx, pairingKey{}, code), req)
	}
}

func (g guard) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func (g guard) WrapStreamingHandler(connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(context.Context, connect.StreamingHandlerConn) error {
		return connect.NewError(connect.CodeUnimplemented, errors.New("no streams in a room"))
	}
}

// Until lets those who wait for a log to grow go when the server stops.
func Until(stop <-chan struct{}) connect.Interceptor {
	return connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			done := make(chan struct{})
			defer close(done)
			go func() {
				select {
				case <-stop:
					cancel()
				case <-done:
				}
			}()
			return next(ctx, req)
		}
	})
}

func (r *Rooms) paired(ctx context.Context, code string) (known bool, err error) {
	if code == "" {
		return false, nil
	}
	err = r.db.Read(ctx, func(tx *db.Tx) error {
		all, err := sessionsOf(ctx, tx, code)
		if err != nil || len(all) == 0 {
			return err
		}
		row, err := Find(ctx, tx, all[0])
		known = err == nil && subtle.ConstantTimeCompare([]byte(row.Pairing), []byte(code)) == 1
		return err
	})
	return known, err
}

func host(address string) string {
	if h, _, err := net.SplitHostPort(address); err == nil {
		return h
	}
	return address
}

// limitTries wrong codes from one address within limitFor, and it has to wait.
const (
	limitTries = 20
	limitFor   = 10 * time.Minute
)

// limit counts wrong pairing codes by address.
type limit struct {
	now func() time.Time
	mu  sync.Mutex
	all map[string]*tries
}

type tries struct {
	n     int
	since time.Time
}

func newLimit(now func() time.Time) *limit { return &limit{now: now, all: map[string]*tries{}} }

func (l *limit) may(from string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.all[from]
	if t != nil && l.now().Sub(t.since) >= limitFor {
		delete(l.all, from)
		t = nil
	}
	return t == nil || t.n < limitTries
}

func (l *limit) wrong(from string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) > 100000 { // somebody uses many addresses: forget what is over, so that memory is bounded
		for k, t := range l.all {
			if l.now().Sub(t.since) >= limitFor {
				delete(l.all, k)
			}
		}
	}
	if l.all[from] == nil {
		l.all[from] = &tries{since: l.now()}
	}
	l.all[from].n++
}
