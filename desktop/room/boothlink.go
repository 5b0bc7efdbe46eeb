package room

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"github.com/google/uuid"

	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/proto/gen/zhiping/room/v1/roomv1connect"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

// A link is one way over the network to a sequencer: a hub on the LAN whose certificate is pinned, or the server.
type link struct {
	roomv1connect.RoomServiceClient
	address  string
	compared bool         // its package is the one kept here
	dialled  atomic.Int64 // connections made so far
	proved   int64        // how many had been made when its log was proved: who answers on a newer one may be another
}

// pairing is the client's interceptor: the pairing code out, faults in.
type pairing string

func (p pairing) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		req.Header().Set(pairingHeader, string(p))
		resp, err := next(ctx, req)
		if f := fault.As(err); f != nil {
			return resp, f // of the certificate
		}
		if err = wire.Decode(ctx, err); fault.CodeOf(err) == fault.Offline {
			err = fault.New(fault.Offline, "无法连接主机，请检查网络和主机地址，或联系会务人员")
		}
		return resp, err
	}
}

func (p pairing) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func (p pairing) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

// How long reaching a sequencer and one answer may take; a status may wait for the log to grow before it answers.
const (
	dialTime   = 5 * time.Second
	answerTime = 20 * time.Second
	pollTime   = 2 * answerTime
)

// newLink prepares a way. pins says which certificates are trusted, each time a connection is made; without one the system decides (online alone).
func newLink(address, code string, online bool, pins func() []string) *link {
	conf := &tls.Config{MinVersion: tls.VersionTLS13}
	if !online || len(pins()) > 0 {
		conf.InsecureSkipVerify = true //nolint:gosec // the fingerprint below decides instead
		conf.VerifyConnection = func(s tls.ConnectionState) error {
			sum := sha256.Sum256(s.PeerCertificates[0].Raw)
			if !slices.Contains(pins(), hex.EncodeToString(sum[:])) {
				return fault.New(fault.Denied, "连接的不是本次会议的主机，请联系会务人员")
			}
			return nil
		}
	}
	l := &link{address: address}
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		l.dialled.Add(1)
		return (&net.Dialer{Timeout: dialTime}).DialContext(ctx, network, addr)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: conf, ForceAttemptHTTP2: true, DialContext: dial, TLSHandshakeTimeout: dialTime}}
	url := address
	if !strings.Contains(url, "://") {
		url = "https://" + url
	}
	// wire.NewClient numbers what changes something, as the server asks for; a hub does not mind.
	faults := wire.NewClient(uuid.Must(uuid.NewV7()).String(), nil)
	l.RoomServiceClient = roomv1connect.NewRoomServiceClient(client, url, connect.WithInterceptors(faults, pairing(code)), connect.WithReadMaxBytes(64<<20))
	return l
}

// links are the ways that the options name.
func (o *BoothOptions) links(pins func() []string) (all []*link) {
	for _, a := range append([]string{o.Address}, o.More...) {
		address, code, other := strings.Cut(strings.TrimSpace(a), " ")
		if !other {
			code = o.Pairing
		}
		if address != "" {
			all = append(all, newLink(address, strings.TrimSpace(code), o.Online, pins))
		}
	}
	return all
}

// Use goes on at another address from now, with its own pairing code: the spare's, when the hub is dead. The ways there were stay.
func (b *Booth) Use(address, pairing string) {
	l := newLink(strings.TrimSpace(address), pairing, b.o.Online, b.pins)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(slices.Clone(b.all), l)
	b.at, b.connected = len(b.all)-1, false
	b.poke()
}

// same reports whether who answers is still the one whose log was proved.
func (l *link) same() bool { return l.proved == l.dialled.Load() }

// errRedialled is when an answer came over a new connection: another hub may stand at its end, and it is asked for its log first.
var errRedialled = fault.New(fault.Conflict, "与主机的连接已重新建立，正在核对会议记录")

// linked reports whether there is any way over the network.
func (b *Booth) linked() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.all) > 0
}

// alone reports whether the network brings nothing now; b.mu is held.
func (b *Booth) alone() bool { return len(b.all) == 0 || !b.connected }

// given are the pins of the options.
func (o *BoothOptions) given() []string {
	if o.Pin == "" {
		return nil
	}
	return []string{strings.ToLower(o.Pin)}
}

// Sessions asks a sequencer which group rooms it has, for somebody who has to choose one.
func Sessions(ctx context.Context, o BoothOptions) ([]*roomv1.SessionInfo, error) {
	err := error(fault.New(fault.Invalid, "请填写会场主机地址"))
	for _, l := range o.links(o.given) {
		var resp *roomv1.ListSessionsResponse
		if resp, err = call(ctx, answerTime, l.ListSessions, &roomv1.ListSessionsRequest{}); err == nil {
			return resp.Sessions, nil
		}
	}
	return nil, err
}

// call makes one call that must be answered in time.
func call[Q, A any](ctx context.Context, within time.Duration, fn func(context.Context, *Q) (*A, error), req *Q) (*A, error) {
	limit, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return fn(limit, req)
}

// unreachable reports whether another way, or the same one later, may answer otherwise: nobody is there, or not the sequencer.
func unreachable(err error) bool {
	c := fault.CodeOf(err)
	return c == fault.Offline || c == fault.Internal || c == fault.State || c == fault.Conflict
}
