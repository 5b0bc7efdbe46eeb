package syncer

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zhiping/desktop/cache"
	"zhiping/desktop/unit"
	"zhiping/desktop/vault"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/proto/gen/zhiping/session/v1/sessionv1connect"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/servertest"
	"zhiping/shared/fault"
)

// unplugged is a network cable that can be pulled.
type unplugged struct {
	next http.RoundTripper
	out  *bool
	cut  *int // calls to "Upload" that still get through; negative is all
}

func (u unplugged) RoundTrip(r *http.Request) (*http.Response, error) {
	if *u.out {
		return nil, errors.New("the cable is out")
	}
	if strings.HasSuffix(r.URL.Path, "/Upload") {
		if *u.cut == 0 {
			return nil, errors.New("the cable is out")
		}
		*u.cut--
	}
	return u.next.RoundTrip(r)
}

// place is a machine with a cable.
type place struct {
	t    *testing.T
	h    *servertest.House
	base string
	out  bool
	cut  int
}

func (p *place) open(password string) (*Client, *Account, error) {
	c := Dial(p.h.URL, "")
	c.plain = unplugged{c.plain, &p.out, &p.cut}
	c.http.Transport = c.plain
	a, err := OpenAccount(ctx, c, p.base, "topadmin", password, vault.None{}, time.Now)
	return c, a, err
}

func (p *place) must() (*Client, *Account, *Syncer) {
	p.t.Helper()
	p.h.Settle("topadmin")
	p.h.Advance(time.Minute) // whatever was mistyped before
	c, a, err := p.open(servertest.Password)
	if err != nil {
		p.t.Fatal(err)
	}
	s := New(c, a.Box, a.Mirror, c.Actor(), unit.Effects, a.Files(), time.Now, func(map[string]bool) {})
	return c, a, s
}

func TestAccounts(t *testing.T) {
	p := &place{t: t, h: servertest.Start(t, ""), base: t.TempDir(), out: true, cut: -1}
	if _, _, err := p.open(servertest.Password); fault.CodeOf(err) != fault.Offline {
		t.Error("the first sign-in needs the server:", err)
	}
	p.out = false
	if _, _, err := p.open("wrong-password-1"); fault.CodeOf(err) != fault.Denied {
		t.Error("a wrong password:", err)
	}
	_, a, s := p.must()
	if err := s.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.open(servertest.Password); fault.CodeOf(err) != fault.State || !strings.Contains(err.Error(), "另一个窗口") {
		t.Error("a second window has the same account:", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	// Without the network the right password opens what is here, a wrong one nothing; the session begins when the network is back.
	p.out = true
	if _, _, err := p.open("wrong-password-1"); fault.CodeOf(err) != fault.Denied {
		t.Error("a wrong password without the network:", err)
	}
	c, a, s := p.must()
	defer a.Close()
	if c.Identity.Unit.Id != p.h.Top.Id {
		t.Error("it is not known who works here")
	}
	if _, err := c.Units().SaveRole(ctx, &unitv1.SaveRoleRequest{Base: &commonv1.Base{Id: p.h.Top.Id, Revision: 1}, Role: &unitv1.Role{Id: servertest.NewID(), Name: "审核", Rights: []commonv1.Right{commonv1.Right_RIGHT_UNIT_EDIT}}}); fault.CodeOf(err) != fault.Offline || !strings.Contains(err.Error(), "保存角色") {
		t.Error("what needs the server does not say so at once:", err)
	}
	got, err := c.Units().GetUnit(ctx, &unitv1.GetUnitRequest{Id: p.h.Top.Id})
	if err != nil || got.Unit.Name != p.h.Top.Name {
		t.Error("one record is not answered from here:", got, err)
	}
	p.out = false
	if err := s.Sync(ctx); err != nil || !s.Status().Online {
		t.Error("the session did not begin by itself:", err, s.Status())
	}
}

// A session that is over stops the sync and says so; nothing that was done is lost.
func TestRightsRevoked(t *testing.T) {
	p := &place{t: t, h: servertest.Start(t, ""), base: t.TempDir(), cut: -1}
	c, a, s := p.must()
	defer a.Close()
	if err := s.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	u := c.Identity.Unit
	u.Address = "撤销之前填写的地址"
	p.out = true
	s.heard(false)
	if _, err := c.Units().SaveUnit(ctx, &unitv1.SaveUnitRequest{Unit: u}); err != nil {
		t.Fatal(err)
	}
	p.out = false
	plain := p.h.SignIn("topadmin")
	if _, err := sessionv1connect.NewSessionServiceClient(plain.HTTP, plain.URL, plain.Options...).ChangePassword(ctx, &sessionv1.ChangePasswordRequest{OldPassword: servertest.Password, NewPassword: "another-password-2"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Sync(ctx); !errors.Is(err, errSignedOut) || !s.Status().SignedOut || s.Status().Waiting != 1 {
		t.Error("a session that is over:", err, s.Status())
	}
	c.password = "another-password-2"
	c.token.Store("")
	if err := s.Sync(ctx); err != nil || s.Status().Waiting != 0 {
		t.Error("after signing in again:", err, s.Status())
	}
	if m, _, err := a.Mirror.Get(ctx, "unit", u.Id); err != nil || m.(*unitv1.Unit).Address != u.Address || cache.Revision(m) < 2 {
		t.Error(m, err)
	}
}

// A change that cannot get through - here its file is gone from this machine - holds up the queue until the clerk gives it up.
func TestGivingUp(t *testing.T) {
	p := &place{t: t, h: servertest.Start(t, ""), base: t.TempDir(), cut: -1}
	c, a, s := p.must()
	defer a.Close()
	if err := s.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "执照.pdf")
	if err := os.WriteFile(file, []byte("执照"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.out = true
	s.heard(false)
	named, err := s.Keep(ctx, file)
	if err != nil {
		t.Fatal(err)
	}
	u := c.Identity.Unit
	u.Licence = named
	first, err := c.Units().SaveUnit(ctx, &unitv1.SaveUnitRequest{Unit: u})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.file(named), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.out = false
	if err := s.Sync(ctx); err == nil || s.Status().Waiting != 1 {
		t.Fatal("a damaged file got through:", err)
	}
	m, err := a.Box.Get(ctx, -first.Unit.Revision)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Skip(ctx, m); err != nil {
		t.Fatal(err)
	}
	if seen, _, _ := a.Mirror.Get(ctx, "unit", u.Id); seen.(*unitv1.Unit).Licence != nil {
		t.Error("what was given up is still seen")
	}
	if err := s.Sync(ctx); err != nil || s.Status().Waiting != 0 || s.Status().Open != 0 {
		t.Error("the queue does not go on:", err, s.Status())
	}
}

// An attachment that was added without the network goes before the change that names it, in chunks, and after an interruption where it was.
func TestAttachments(t *testing.T) {
	p := &place{t: t, h: servertest.Start(t, ""), base: t.TempDir(), cut: -1}
	c, a, s := p.must()
	defer a.Close()
	if err := s.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	content := make([]byte, 2*chunk+100)
	rand.Read(content)
	file := filepath.Join(t.TempDir(), "营业执照.pdf")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	p.out = true
	s.heard(false)
	named, err := s.Keep(ctx, file)
	if err != nil {
		t.Fatal(err)
	}
	u := c.Identity.Unit
	u.Licence = named
	if _, err := c.Units().SaveUnit(ctx, &unitv1.SaveUnitRequest{Unit: u}); err != nil {
		t.Fatal(err)
	}
	if kept, err := os.ReadFile(s.file(named)); err != nil || bytes.Contains(kept, content[:64]) {
		t.Error("the file is kept in the clear, or not at all:", err)
	}
	p.out, p.cut = false, 1
	if err := s.Sync(ctx); err == nil || s.Status().Waiting != 1 {
		t.Fatal("the change went before its file:", err)
	}
	p.cut = -1
	if err := s.Sync(ctx); err != nil || s.Status().Waiting != 0 {
		t.Fatal(err, s.Status())
	}
	path, err := c.Download(ctx, named, "unit", u.Id, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if back, err := os.ReadFile(path); err != nil || !bytes.Equal(back, content) {
		t.Error("another file came back", err)
	}
	if _, err := s.Keep(ctx, filepath.Join(t.TempDir(), "没有")); fault.CodeOf(err) != fault.NotFound {
		t.Error(err)
	}
	if _, err := c.Download(context.Background(), &commonv1.Attachment{Sha256: strings.Repeat("0", 64), Name: "x"}, "unit", u.Id, t.TempDir()); fault.CodeOf(err) != fault.NotFound {
		t.Error("a file that no record names:", err)
	}
}

// Whoever has a password that somebody else has set changes it before anything of the account is here; a change later on seals what is here
// under the new password, and what waited is sent.
func TestChangedPasswords(t *testing.T) {
	p := &place{t: t, h: servertest.Start(t, ""), base: t.TempDir(), cut: -1}
	c, _, err := p.open(servertest.Password)
	if !errors.Is(err, ErrMustChange) {
		t.Fatal(err)
	}
	if kept, err := os.ReadDir(p.base); err != nil || len(kept) > 0 {
		t.Error("something was kept under a password that somebody else knows:", kept, err)
	}
	const second, third = "another-password-2", "another-password-3"
	change := func(old, next string) *sessionv1.ChangePasswordRequest {
		return &sessionv1.ChangePasswordRequest{OldPassword: old, NewPassword: next}
	}
	if err := c.ChangePassword(ctx, change(servertest.Password, second)); err != nil {
		t.Fatal(err)
	}
	c, a, err := p.open(second)
	if err != nil {
		t.Fatal(err)
	}
	s := New(c, a.Box, a.Mirror, c.Actor(), unit.Effects, a.Files(), time.Now, func(map[string]bool) {})
	if err := s.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	p.out = true
	s.heard(false)
	u := c.Identity.Unit
	u.Address = "修改密码之前填写的地址"
	if _, err := c.Units().SaveUnit(ctx, &unitv1.SaveUnitRequest{Unit: u}); err != nil {
		t.Fatal(err)
	}
	if err := a.ChangePassword(ctx, c, change(second, third)); fault.CodeOf(err) != fault.Offline {
		t.Error("a password was changed without the server:", err)
	}
	p.out = false
	if err := a.ChangePassword(ctx, c, change(second, third)); err != nil {
		t.Fatal(err)
	}
	if err := s.Sync(ctx); err != nil || s.Status().Waiting != 0 {
		t.Error("what waited is not sent:", err, s.Status())
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	p.out = true
	if _, _, err := p.open(second); fault.CodeOf(err) != fault.Denied {
		t.Error("the old password opens what is here:", err)
	}
	_, a, err = p.open(third)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
