// Package servertest runs the real server for tests: on a real listener on loopback, on SQLite and on PostgreSQL, with a client per person.
package servertest

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/uuid"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/proto/gen/zhiping/session/v1/sessionv1connect"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/serve"
	"zhiping/server/session"
	"zhiping/shared/db"
	"zhiping/shared/db/dbtest"
	"zhiping/shared/idnum"
	"zhiping/shared/wire"
)

// Password is every test person's.
const Password = "demo-password-1"

// A House is a running server with the unit at the top of an invented province.
type House struct {
	T      testing.TB
	Server *serve.Server
	URL    string
	Dir    string // its keys and files
	Top    *unitv1.Unit
	Said   Log          // what the server has logged
	clock  atomic.Int64 // UTC milliseconds
	units  int
	stop   func()
}

// Stop lets the server answer nobody any more; the test goes on without it.
func (h *House) Stop() { h.stop() }

// A Log is what a server has logged so far.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// String is the text.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Each runs fn on a fresh server on SQLite and on one on PostgreSQL; providers are the identity platforms it knows.
func Each(t *testing.T, fn func(t *testing.T, h *House), providers ...session.ProviderConfig) {
	t.Helper()
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			url := ""
			if kind == "postgres" {
				url = dbtest.PostgresURL(t)
			}
			fn(t, Start(t, url, providers...))
		})
	}
}

// Start starts a server on a database, "" for SQLite in a fresh folder. Its clock stands still at 2026-03-02 09:00 +08:00 until Advance.
func Start(t testing.TB, database string, providers ...session.ProviderConfig) *House {
	t.Helper()
	h := start(t, t.TempDir(), database, providers)
	h.bootstrap()
	return h
}

// Join starts a second server on the database, the keys and the files of another one; accounts and units are the same.
func Join(t testing.TB, other *House, database string) *House {
	t.Helper()
	h := start(t, other.Dir, database, nil)
	h.Top = other.Top
	return h
}

func start(t testing.TB, dir, database string, providers []session.ProviderConfig) *House {
	t.Helper()
	h := &House{T: t, Dir: dir}
	h.clock.Store(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC).UnixMilli())
	ctx, cancel := context.WithCancel(context.Background())
	s, err := serve.Open(ctx, serve.Config{Dir: dir, Database: database, Now: h.Now, Providers: providers, Log: slog.New(slog.NewMultiHandler(
		slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}), slog.NewTextHandler(&h.Said, nil)))})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l, nil) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		h.stop()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	h.Server, h.URL = s, "http://"+l.Addr().String()
	return h
}

// Now is the server's clock.
func (h *House) Now() time.Time { return time.UnixMilli(h.clock.Load()).UTC() }

// Advance moves the server's clock.
func (h *House) Advance(d time.Duration) { h.clock.Add(d.Milliseconds()) }

func (h *House) bootstrap() {
	h.T.Helper()
	h.Top = h.NewUnit("示例省人力资源和社会保障厅（虚构）", commonv1.UnitKind_UNIT_KIND_HR)
	if err := h.Server.Units.Bootstrap(context.Background(), h.Top, NewStaff("topadmin")); err != nil {
		h.T.Fatal(err)
	}
}

// NewUnit returns a complete unit with a fresh credit code.
func (h *House) NewUnit(name string, kind commonv1.UnitKind) *unitv1.Unit {
	h.units++
	return &unitv1.Unit{
		Id: NewID(), Name: name, CreditCode: CreditCode(h.units), Kind: kind, Division: "510100", Nature: "20",
		Contact: "联系人", Phone: "028-00000000", Address: "示例路1号",
	}
}

// CreditCode returns the nth invented credit code, with a right check sign.
func CreditCode(n int) string {
	const digits = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	tail := []byte("000000000")
	for i := len(tail) - 1; n > 0; i-- {
		tail[i], n = digits[n%len(digits)], n/len(digits)
	}
	code := "12519900" + string(tail)
	return code + string(idnum.CreditCheck(code))
}

// NewStaff returns a complete new account.
func NewStaff(account string) *unitv1.NewStaff {
	return &unitv1.NewStaff{Staff: &unitv1.Staff{Id: NewID(), Name: "经办人", Account: account, Phone: "13800000000", UnitId: NewID()}, Password: Password}
}

// NewID returns a UUIDv7.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// A Client is one signed-in person.
type Client struct {
	*House
	Identity *sessionv1.Identity
	Token    string
	HTTP     *http.Client
	Options  []connect.ClientOption
}

// Settle lets an account keep the password that somebody else has set for it, past the service: few tests are about the first sign-in, and each
// change would cost three hashes.
func Settle(d *db.DB, account string) error {
	return d.Write(context.Background(), func(tx *db.Tx) error {
		_, err := tx.Exec(context.Background(), "UPDATE account SET must_change = false WHERE account = $1", account)
		return err
	})
}

// Settle is Settle for an account of this house.
func (h *House) Settle(account string) {
	h.T.Helper()
	if err := Settle(h.Server.DB, account); err != nil {
		h.T.Fatal(err)
	}
}

// SignIn signs a person in, whose first password is settled.
func (h *House) SignIn(account string) *Client {
	h.T.Helper()
	h.Settle(account)
	c := h.Nobody()
	resp, err := sessionv1connect.NewSessionServiceClient(c.HTTP, h.URL, c.Options...).SignIn(context.Background(), &sessionv1.SignInRequest{Account: account, Password: Password})
	if err != nil {
		h.T.Fatalf("sign in %s: %v", account, err)
	}
	return h.Holding(resp)
}

// Holding returns the client of a session that has begun.
func (h *House) Holding(resp *sessionv1.SignInResponse) *Client {
	c := h.Nobody()
	c.Identity, c.Token = resp.Identity, resp.Token
	c.Options = []connect.ClientOption{connect.WithInterceptors(wire.NewClient(NewID(), func() string { return resp.Token }))}
	return c
}

// Nobody returns a client without an account.
func (h *House) Nobody() *Client {
	return &Client{House: h, HTTP: http.DefaultClient, Options: []connect.ClientOption{connect.WithInterceptors(wire.NewClient(NewID(), nil))}}
}
