// Package syncer is the desktop's way to the server: the connection with its pinned certificate, the session, and the clients of every service.
package syncer

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"github.com/google/uuid"

	"zhiping/desktop/clock"
	"zhiping/desktop/vault"
	"zhiping/proto/gen/zhiping/activity/v1/activityv1connect"
	"zhiping/proto/gen/zhiping/application/v1/applicationv1connect"
	"zhiping/proto/gen/zhiping/export/v1/exportv1connect"
	"zhiping/proto/gen/zhiping/message/v1/messagev1connect"
	"zhiping/proto/gen/zhiping/notice/v1/noticev1connect"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

// A Client is a connection to one server.
type Client struct {
	Identity *sessionv1.Identity // who is signed in

	url   string
	plain http.RoundTripper // straight to the server
	http  *http.Client      // of the pages: through the gate once there is an outbox
	opts  []connect.ClientOption
	token atomic.Value
	last  atomic.Int64 // when the server last answered, UTC milliseconds
	// Whether the last call could not reach the server.
	offline atomic.Bool
	// What to sign in with again when the session is over, or could not begin for want of a network; only in memory.
	account, password string
	// Where the person signs in, "" for a password: then there is nothing to sign in with again but the browser.
	provider string
	ring     vault.Keyring // keeps the session, nil for not
}

// Dial prepares a connection to "host:port"; pin is the fingerprint of the server's own certificate in hex, "" for one that the system
// trusts. Nothing is sent yet.
func Dial(address, pin string) *Client {
	c := &Client{url: "https://" + strings.TrimPrefix(address, "https://")}
	if strings.HasPrefix(address, "http://") {
		c.url = address // behind a proxy of one's own, and in tests
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if pin != "" {
		conf.InsecureSkipVerify = true //nolint:gosec // the fingerprint below decides instead
		conf.VerifyConnection = func(s tls.ConnectionState) error {
			sum := sha256.Sum256(s.PeerCertificates[0].Raw)
			if hex.EncodeToString(sum[:]) != strings.ToLower(pin) {
				return fault.New(fault.Denied, "服务器证书与登记的指纹不符，请联系管理员")
			}
			return nil
		}
	}
	c.plain = &http.Transport{TLSClientConfig: conf, ForceAttemptHTTP2: true, DialContext: (&net.Dialer{Timeout: dialTime}).DialContext, TLSHandshakeTimeout: dialTime, MaxIdleConnsPerHost: 4}
	c.http = &http.Client{Transport: c.plain, Timeout: time.Minute}
	id := uuid.Must(uuid.NewV7()).String()
	c.opts = []connect.ClientOption{connect.WithInterceptors(answered{c}, wire.NewClient(id, c.bearer))}
	return c
}

// dialTime is how long reaching the server may take: an office without a network is to notice soon.
const dialTime = 5 * time.Second

// through lets the pages' calls go through a gate.
func (c *Client) through(g http.RoundTripper) { c.http.Transport = g }

func (c *Client) bearer() string {
	t, _ := c.token.Load().(string)
	return t
}

// answered notes when the server has answered, for the state bar.
type answered struct{ c *Client }

func (a answered) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		resp, err := next(ctx, req)
		if a.c.offline.Store(fault.CodeOf(err) == fault.Offline); !a.c.offline.Load() {
			a.c.last.Store(time.Now().UnixMilli())
		}
		if err == nil {
			clock.Learn(resp.Header().Get("Date"))
		}
		return resp, err
	}
}

func (a answered) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func (a answered) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

// Answered is when the server last answered, and whether it could be reached the last time it was tried.
func (c *Client) Answered() (at time.Time, online bool) {
	return time.UnixMilli(c.last.Load()), !c.offline.Load()
}

// Units is the client of the unit service.
func (c *Client) Units() unitv1connect.UnitServiceClient {
	return unitv1connect.NewUnitServiceClient(c.http, c.url, c.opts...)
}

// Activities is the client of the activity service.
func (c *Client) Activities() activityv1connect.ActivityServiceClient {
	return activityv1connect.NewActivityServiceClient(c.http, c.url, c.opts...)
}

// Applications is the client of the application service.
func (c *Client) Applications() applicationv1connect.ApplicationServiceClient {
	return applicationv1connect.NewApplicationServiceClient(c.http, c.url, c.opts...)
}

// Exports is the client of the export service.
func (c *Client) Exports() exportv1connect.ExportServiceClient {
	return exportv1connect.NewExportServiceClient(c.http, c.url, c.opts...)
}

// Messages is the client of the message service.
func (c *Client) Messages() messagev1connect.MessageServiceClient {
	return messagev1connect.NewMessageServiceClient(c.http, c.url, c.opts...)
}

// Notices is the client of the notice service.
func (c *Client) Notices() noticev1connect.NoticeServiceClient {
	return noticev1connect.NewNoticeServiceClient(c.http, c.url, c.opts...)
}

// Name names the server as a folder can be named.
func (c *Client) Name() string {
	return strings.NewReplacer(":", "_", "/", "_", "[", "", "]", "").Replace(strings.TrimPrefix(strings.TrimPrefix(c.url, "https://"), "http://"))
}
