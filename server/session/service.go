package session

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"

	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

// How long a token is good, and how failed sign-ins are slowed down: after five in a row the account rests for a quarter of an hour.
const (
	lifetime  = 12 * time.Hour
	failures  = 5
	lockedFor = 15 * time.Minute
	remember  = 2 * time.Second
)

// Resolve finds the caller that a member of staff is now: from the unit domain, which comes later than this package.
type Resolve func(ctx context.Context, tx *db.Tx, staffID string) (*Caller, error)

// A Service signs people in and out.
type Service struct {
	db      *db.DB
	now     func() time.Time
	resolve Resolve

	mu    sync.Mutex
	known map[string]knownCaller // by token, for a moment
}

type knownCaller struct {
	caller *Caller
	until  time.Time
}

// New returns the service; now is the server's clock.
func New(d *db.DB, now func() time.Time, resolve Resolve) *Service {
	return &Service{db: d, now: now, resolve: resolve, known: map[string]knownCaller{}}
}

var (
	readAccount   = db.SQL("SELECT staff_id, hash, failed, locked_until, disabled FROM account WHERE account = $1")
	accountFailed = db.SQL("UPDATE account SET failed = $2, locked_until = $3 WHERE account = $1")
	addSession    = db.SQL("INSERT INTO session (token, staff_id, created, expires) VALUES ($1, $2, $3, $4)")
	readSession   = db.SQL("SELECT s.staff_id FROM session s JOIN account a ON a.staff_id = s.staff_id WHERE s.token = $1 AND s.expires > $2 AND NOT a.disabled")
	dropSession   = db.SQL("DELETE FROM session WHERE token = $1")
	dropExpired   = db.SQL("DELETE FROM session WHERE expires <= $1")
	readHash      = db.SQL("SELECT hash FROM account WHERE staff_id = $1")
)

type account struct {
	staffID, hash string
	failed        int
	lockedUntil   int64
	disabled      bool
}

// SignIn implements the RPC.
func (s *Service) SignIn(ctx context.Context, r *sessionv1.SignInRequest) (*sessionv1.SignInResponse, error) {
	now := s.now()
	var a account
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, []any{&a.staffID, &a.hash, &a.failed, &a.lockedUntil, &a.disabled}, readAccount, r.Account)
	})
	if err != nil && !errors.Is(err, db.ErrNoRow) {
		return nil, err
	}
	if a.lockedUntil > now.UnixMilli() {
		return nil, fault.New(fault.Denied, "密码错误次数过多，该账号已锁定，请于 %s 后再试或联系本单位超级管理员", time.UnixMilli(a.lockedUntil).In(china).Format("15:04"))
	}
	if !matches(r.Password, a.hash) {
		return nil, s.failed(ctx, r.Account, a, now)
	}
	if a.disabled {
		return nil, fault.New(fault.Denied, "该账号已停用，请联系本单位超级管理员")
	}
	return s.signedIn(ctx, r.Account, a, now)
}

var china = time.FixedZone("+08:00", 8*60*60)

// failed counts a failed sign-in. Whether the account exists is not told.
func (s *Service) failed(ctx context.Context, name string, a account, now time.Time) error {
	if a.staffID != "" {
		n, until := a.failed+1, int64(0)
		if n >= failures {
			n, until = 0, now.Add(lockedFor).UnixMilli()
		}
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, accountFailed, name, n, until)
			return err
		})
		if err != nil {
			return err
		}
	}
	return fault.New(fault.Denied, "账号或密码不正确，请核对后重试").At("password")
}

func (s *Service) signedIn(ctx context.Context, name string, a account, now time.Time) (*sessionv1.SignInResponse, error) {
	token := rand.Text() + rand.Text()
	expires := now.Add(lifetime).UnixMilli()
	var c *Caller
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		if _, err = tx.Exec(ctx, accountFailed, name, 0, 0); err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, dropExpired, now.UnixMilli()); err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, addSession, tokenHash(token), a.staffID, now.UnixMilli(), expires); err != nil {
			return err
		}
		c, err = s.resolve(ctx, tx, a.staffID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &sessionv1.SignInResponse{Token: token, Identity: identity(c), Expires: expires}, nil
}

func identity(c *Caller) *sessionv1.Identity {
	return &sessionv1.Identity{Staff: c.Staff, Unit: c.Unit, Rights: c.Rights(), SuperiorIds: c.Superiors}
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

// ChangePassword implements the RPC: it ends all sessions of the person, this one too.
func (s *Service) ChangePassword(ctx context.Context, r *sessionv1.ChangePasswordRequest) (*sessionv1.ChangePasswordResponse, error) {
	c := Of(ctx)
	if err := CheckPassword(r.NewPassword, c.Staff.Account); err != nil {
		return nil, err
	}
	var old string
	if err := s.db.Read(ctx, func(tx *db.Tx) error { return tx.Get(ctx, []any{&old}, readHash, c.Staff.Id) }); err != nil {
		return nil, err
	}
	if !matches(r.OldPassword, old) {
		return nil, fault.New(fault.Denied, "原密码不正确，请重新输入").At("old_password")
	}
	hash := Hash(r.NewPassword)
	err := s.db.Write(ctx, func(tx *db.Tx) error { return SetPassword(ctx, tx, c.Staff.Id, hash) })
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
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		var staffID string
		if err := tx.Get(ctx, []any{&staffID}, readSession, tokenHash(token), now.UnixMilli()); err != nil {
			return err
		}
		c, err = s.resolve(ctx, tx, staffID)
		return err
	})
	if errors.Is(err, db.ErrNoRow) {
		return nil, connect.NewError(connect.CodeUnauthenticated, fault.New(fault.Denied, "登录已失效，请重新登录"))
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
