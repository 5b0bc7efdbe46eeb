package session

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"
	"github.com/google/uuid"

	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/server/audit"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

// How long a token is good, and how long this server remembers whose it is.
const (
	lifetime = 12 * time.Hour
	remember = 2 * time.Second
)

// Resolve finds the caller that a member of staff is now: from the unit domain, which comes later than this package.
type Resolve func(ctx context.Context, tx *db.Tx, staffID string) (*Caller, error)

// A Config is what the service stands on. Resolve and ByNumber are the unit domain's, which comes later than this package.
type Config struct {
	DB        *db.DB
	Now       func() time.Time // the server's clock
	Resolve   Resolve
	ByNumber  func(ctx context.Context, tx *db.Tx, number string) (staffIDs []string, err error) // enabled staff with a number of the ID
	Providers []ProviderConfig
	Log       *slog.Logger
}

// A Service signs people in and out.
type Service struct {
	db        *db.DB
	now       func() time.Time
	resolve   Resolve
	byNumber  func(ctx context.Context, tx *db.Tx, number string) ([]string, error)
	providers []*provider
	turns     [64]sync.Mutex // attempts at one account go one after the other

	mu    sync.Mutex
	known map[string]knownCaller // by token, for a moment
}

type knownCaller struct {
	caller *Caller
	until  time.Time
}

// New returns the service.
func New(c Config) *Service {
	s := &Service{db: c.DB, now: c.Now, resolve: c.Resolve, byNumber: c.ByNumber, known: map[string]knownCaller{}}
	for _, p := range c.Providers {
		s.providers = append(s.providers, &provider{ProviderConfig: p, log: c.Log})
	}
	return s
}

var (
	addSession  = db.SQL("INSERT INTO session (token, id, staff_id, provider, device, created, last_seen, expires) VALUES ($1, $2, $3, $4, $5, $6, $6, $7)")
	readSession = db.SQL("SELECT s.staff_id, s.provider, s.last_seen, a.must_change FROM session s JOIN account a ON a.staff_id = s.staff_id WHERE s.token = $1 AND s.expires > $2 AND NOT a.disabled")
	dropSession = db.SQL("DELETE FROM session WHERE token = $1")
	dropExpired = db.SQL("DELETE FROM session WHERE expires <= $1")
)

// SignIn implements the RPC.
func (s *Service) SignIn(ctx context.Context, r *sessionv1.SignInRequest) (*sessionv1.SignInResponse, error) {
	a, err := s.prove(ctx, r.Account, r.Password, fault.New(fault.Denied, "账号或密码不正确，请核对后重试").At("password"))
	if err != nil {
		return nil, err
	}
	if a.disabled {
		return nil, disabled()
	}
	var resp *sessionv1.SignInResponse
	err = s.db.Write(ctx, func(tx *db.Tx) (err error) {
		if _, err = tx.Exec(ctx, dropAttempt, attemptName(r.Account)); err != nil {
			return err
		}
		resp, err = s.begin(ctx, tx, &begun{staffID: a.staffID, device: r.Device, mustChange: a.mustChange})
		return err
	})
	return resp, err
}

func disabled() error {
	return fault.New(fault.Denied, "该账号已停用，请联系本单位超级管理员")
}

// begun is a session that begins.
type begun struct {
	staffID, device string
	provider        string // "" for a password
	mustChange      bool
}

// begin begins a session and answers its token.
func (s *Service) begin(ctx context.Context, tx *db.Tx, b *begun) (*sessionv1.SignInResponse, error) {
	now := s.now()
	token, expires := rand.Text()+rand.Text(), now.Add(lifetime).UnixMilli()
	if _, err := tx.Exec(ctx, dropExpired, now.UnixMilli()); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, addSession, tokenHash(token), uuid.Must(uuid.NewV7()).String(), b.staffID, b.provider, b.device, now.UnixMilli(), expires); err != nil {
		return nil, err
	}
	c, err := s.resolve(ctx, tx, b.staffID)
	if err != nil {
		return nil, err
	}
	c.MustChange = b.mustChange
	return &sessionv1.SignInResponse{Token: token, Identity: identity(c), Expires: expires}, nil
}

func identity(c *Caller) *sessionv1.Identity {
	return &sessionv1.Identity{Staff: c.Staff, Unit: c.Unit, Rights: c.Rights(), MustChange: c.MustChange, SuperiorIds: c.Superiors}
}

// SignOut implements the RPC.
func (s *Service) SignOut(ctx context.Context, _ *sessionv1.SignOutRequest) (*sessionv1.SignOutResponse, error) {
	token := bearer(ctx)
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, dropSession, tokenHash(token))
		return err
	})
	s.Forget()
	return &sessionv1.SignOutResponse{}, err
}

// WhoAmI implements the RPC.
func (s *Service) WhoAmI(ctx context.Context, _ *sessionv1.WhoAmIRequest) (*sessionv1.WhoAmIResponse, error) {
	return &sessionv1.WhoAmIResponse{Identity: identity(Of(ctx))}, nil
}

// ChangePassword implements the RPC: it ends all sessions of the person, this one too. Wrong old passwords are slowed down like sign-ins.
func (s *Service) ChangePassword(ctx context.Context, r *sessionv1.ChangePasswordRequest) (*sessionv1.ChangePasswordResponse, error) {
	c := Of(ctx)
	if err := CheckPassword(r.NewPassword, c.Staff.Account); err != nil {
		return nil, fault.As(err).At("new_password")
	}
	if r.NewPassword == r.OldPassword {
		return nil, fault.New(fault.Invalid, "新密码不能与原密码相同，请重新设置").At("new_password")
	}
	if _, err := s.prove(ctx, c.Staff.Account, r.OldPassword, fault.New(fault.Denied, "原密码不正确，请重新输入").At("old_password")); err != nil {
		return nil, err
	}
	hash := Hash(r.NewPassword)
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := SetPassword(ctx, tx, c.Staff.Id, hash, ByOwner); err != nil {
			return err
		}
		return s.noted(ctx, tx, audit.Subject{Kind: "account", ID: c.Staff.Id})
	})
	s.Forget()
	return &sessionv1.ChangePasswordResponse{}, err
}

type tokenKey struct{}

func bearer(ctx context.Context) string {
	t, _ := ctx.Value(tokenKey{}).(string)
	return t
}

// Identify puts the caller of a request into its context, from the header "Authorization: Bearer …". No header is nobody; a token that
// is not or no longer good is a fault.
func (s *Service) Identify(ctx context.Context, authorization string) (context.Context, error) {
	token, ok := strings.CutPrefix(authorization, "Bearer ")
	if !ok {
		return ctx, nil
	}
	now := s.now()
	s.mu.Lock()
	k, hit := s.known[token]
	s.mu.Unlock()
	if !hit || now.After(k.until) {
		c, err := s.lookUp(ctx, token, now)
		if err != nil {
			return ctx, err
		}
		k = knownCaller{caller: c, until: now.Add(remember)}
		s.mu.Lock()
		if len(s.known) > 10000 {
			s.known = map[string]knownCaller{}
		}
		s.known[token] = k
		s.mu.Unlock()
	}
	return context.WithValue(With(ctx, k.caller), tokenKey{}, token), nil
}

func (s *Service) lookUp(ctx context.Context, token string, now time.Time) (c *Caller, err error) {
	var seen int64
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		var staffID, provider string
		var mustChange bool
		if err := tx.Get(ctx, []any{&staffID, &provider, &seen, &mustChange}, readSession, tokenHash(token), now.UnixMilli()); err != nil {
			return err
		}
		if c, err = s.resolve(ctx, tx, staffID); err == nil {
			c.MustChange = mustChange && provider == "" // who came by a provider has not used that password
		}
		return err
	})
	if errors.Is(err, db.ErrNoRow) {
		return nil, connect.NewError(connect.CodeUnauthenticated, fault.New(fault.Denied, "登录已失效，请重新登录"))
	}
	if err == nil && now.Sub(time.UnixMilli(seen)) > seenEvery {
		err = s.db.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, seenSession, tokenHash(token), now.UnixMilli())
			return err
		})
	}
	return c, err
}

// Forget drops what is remembered of callers: called whenever staff or units change, so that a right that was taken is gone at once on
// this server (and within two seconds on others).
func (s *Service) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = map[string]knownCaller{}
}
