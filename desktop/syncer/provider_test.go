package syncer

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zhiping/desktop/unit"
	"zhiping/desktop/vault"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/providertest"
	"zhiping/server/servertest"
	"zhiping/shared/fault"
)

const handlersNumber = "519900198003070017" // invented: no such address code

// ring is a keyring that lasts as long as the test.
type ring map[string]string

func (r ring) Get(service, user string) (string, error) {
	if s, ok := r[service+" "+user]; ok {
		return s, nil
	}
	return "", errors.New("not there")
}

func (r ring) Set(service, user, secret string) error {
	r[service+" "+user] = secret
	return nil
}

func (r ring) Delete(service, user string) error {
	delete(r, service+" "+user)
	return nil
}

// platform is a server with a platform at which its one clerk signs in.
func platform(t *testing.T) (h *servertest.House, browser func(string) error) {
	t.Helper()
	h = servertest.Start(t, "", providertest.Zitadel(t, "intranet", providertest.Person{Subject: "s-1", Login: handlersNumber, Name: "经办人甲"},
		providertest.Person{Subject: "s-2", Login: "519900198003070025", Name: "经办人乙"}))
	top := h.SignIn("topadmin")
	s := servertest.NewStaff("clerk")
	s.Staff.UnitId, s.Staff.Number = h.Top.Id, handlersNumber
	c := Dial(h.URL, "")
	if err := c.SignIn(ctx, "topadmin", servertest.Password); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Units().SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: s.Staff, Password: s.Password}); err != nil {
		t.Fatal(top.Identity, err)
	}
	return h, person(t, handlersNumber)
}

// person is the browser of somebody who signs in as this; its page is read as the person does.
func person(t *testing.T, login string) func(string) error {
	return func(address string) error {
		go func() {
			page, err := providertest.Browse(address, login, providertest.Password)
			if err != nil || !strings.Contains(page, "登录完成，请返回职评通") {
				t.Errorf("the browser ends at %q: %v", page, err)
			}
		}()
		return nil
	}
}

// Somebody signs in at a platform, chooses a local password, works without the network with it, and gets a new session only through the browser:
// the local password never goes to the server.
func TestSignInWithPlatform(t *testing.T) {
	h, browser := platform(t)
	base := t.TempDir()
	c := Dial(h.URL, "")
	if all, err := c.Providers(ctx); err != nil || len(all) != 1 || all[0].Label != "内网登录" {
		t.Fatal(all, err)
	}
	if v, err := c.SignInWith(ctx, "intranet", browser); v != nil || err != nil || c.Provider() != "intranet" || c.Identity.Staff.Account != "clerk" {
		t.Fatal(v, err)
	}
	if _, err := OpenSignedIn(ctx, c, base, "", vault.None{}, time.Now); !errors.Is(err, vault.ErrChoose) {
		t.Fatal("no local password is asked for:", err)
	}
	const local = "local-password-1"
	a, err := OpenSignedIn(ctx, c, base, local, vault.None{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s := New(c, a.Box, a.Mirror, c.Actor(), unit.Effects, a.Files(), time.Now, func(map[string]bool) {})
	if err := s.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	// Without a keyring the local password is asked for again; another one opens nothing.
	if _, err := OpenSignedIn(ctx, c, base, "", vault.None{}, time.Now); !errors.Is(err, vault.ErrLocked) {
		t.Error(err)
	}
	if _, err := OpenSignedIn(ctx, c, base, "another-password", vault.None{}, time.Now); fault.CodeOf(err) != fault.Denied {
		t.Error(err)
	}
	// Without the network.
	out, cut := true, -1
	c = Dial(h.URL, "")
	c.plain = unplugged{c.plain, &out, &cut}
	c.http.Transport = c.plain
	if _, err := OpenAccount(ctx, c, base, "clerk", "another-password", vault.None{}, time.Now); fault.CodeOf(err) != fault.Denied {
		t.Error("another local password opens what is here:", err)
	}
	a, err = OpenAccount(ctx, c, base, "clerk", local, vault.None{}, time.Now)
	if err != nil || c.Provider() != "intranet" {
		t.Fatal(err, c.Provider())
	}
	defer a.Close()
	s = New(c, a.Box, a.Mirror, c.Actor(), unit.Effects, a.Files(), time.Now, func(map[string]bool) {})
	out = false
	calls := strings.Count(h.Said.String(), "/SignIn ")
	if err := s.Sync(ctx); !errors.Is(err, errSignedOut) || !s.Status().SignedOut {
		t.Error("a new session began without the browser:", err)
	}
	if n := strings.Count(h.Said.String(), "/SignIn "); n != calls || c.password != "" {
		t.Error("the local password went to the server")
	}
	if _, err := c.SignInWith(ctx, "intranet", person(t, "519900198003070025")); err != nil {
		t.Fatal(err) // vouched for, and nobody of this account: the pages say so
	}
	if c.bearer() != "" {
		t.Error("another person's session was taken over")
	}
	if _, err := c.SignInWith(ctx, "intranet", browser); err != nil {
		t.Fatal(err)
	}
	if err := s.Sync(ctx); err != nil {
		t.Error("after signing in again:", err)
	}
}

// What can go wrong on the way through the browser ends the wait, closes the port and is said in words.
func TestPlatformTroubles(t *testing.T) {
	h, _ := platform(t)
	for name, x := range map[string]struct {
		browser func(address, back, state string) error
		page    string
		says    string
	}{
		"cancelled at the platform": {func(_, back, state string) error {
			return visit(t, back+"?error=access_denied&state="+state, "登录没有完成：您在统一身份认证平台取消了登录")
		}, "", "取消了登录"},
		"another error": {func(_, back, state string) error {
			return visit(t, back+"?error=server_error&state="+state, "没有完成登录")
		}, "", "没有完成登录"},
		"another state": {func(_, back, _ string) error {
			return visit(t, back+"?code=stolen&state=guessed", "与本次登录不匹配")
		}, "", "与本次登录不匹配"},
		"no browser": {func(string, string, string) error { return errors.New("no browser") }, "", "打不开浏览器"},
	} {
		t.Run(name, func(t *testing.T) {
			c := Dial(h.URL, "")
			back := ""
			_, err := c.SignInWith(ctx, "intranet", func(address string) error {
				u, err := url.Parse(address)
				if err != nil {
					return err
				}
				back = u.Query().Get("redirect_uri")
				return x.browser(address, back, u.Query().Get("state"))
			})
			if f := fault.As(err); f == nil || !strings.Contains(f.Message, x.says) {
				t.Errorf("want %q, got %v", x.says, err)
			}
			if _, err := http.Get(back); err == nil {
				t.Error("the port is still open")
			}
		})
	}
	c := Dial(h.URL, "")
	cancelled, cancel := context.WithCancel(ctx)
	if _, err := c.SignInWith(cancelled, "intranet", func(string) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Error("leaving the wait:", err)
	}
	late, stop := context.WithDeadline(ctx, time.Now().Add(300*time.Millisecond))
	defer stop()
	if _, err := c.SignInWith(late, "intranet", func(string) error { return nil }); fault.CodeOf(err) != fault.Late || !strings.Contains(err.Error(), "没有在浏览器中完成登录") {
		t.Error("nobody came back:", err)
	}
	if _, err := Dial("http://127.0.0.1:1", "").SignInWith(ctx, "intranet", nil); fault.CodeOf(err) != fault.Offline {
		t.Error("without the server:", err)
	}
	if err := openPage("file:///etc/passwd", nil); fault.CodeOf(err) != fault.Invalid {
		t.Error("an address that is no page was opened:", err)
	}
}

// visit is a browser at an address; the page must say so.
func visit(t *testing.T, address, says string) error {
	go func() {
		page, err := providertest.Browse(address, "", "")
		if err != nil || !strings.Contains(page, says) {
			t.Errorf("the page says %q, want %q: %v", page, says, err)
		}
	}()
	return nil
}

// A session is kept in the keyring for those who want it, until they sign out or it is over; without a keyring nothing is kept.
func TestStayingSignedIn(t *testing.T) {
	h := servertest.Start(t, "")
	h.Settle("topadmin")
	keys, base := ring{}, t.TempDir()
	resume := func(keys vault.Keyring) (*Client, error) {
		c := Dial(h.URL, "")
		return c, c.Resume(ctx, "topadmin", keys, h.Now())
	}
	if _, err := resume(keys); fault.CodeOf(err) != fault.Denied {
		t.Error("a session that nobody kept:", err)
	}
	c := Dial(h.URL, "")
	c.Stay(keys)
	a, err := OpenAccount(ctx, c, base, "topadmin", servertest.Password, keys, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	c, err = resume(keys)
	if err != nil {
		t.Fatal(err)
	}
	a, err = OpenSignedIn(ctx, c, base, "", keys, time.Now)
	if err != nil {
		t.Fatal("what is here does not open with the keyring:", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(h.URL, "").Providers(ctx); err != nil {
		t.Fatal(err)
	}
	away := Dial("http://127.0.0.1:1", "")
	keys.Set(keptService, away.keptName("topadmin"), keys[keptService+" "+c.keptName("topadmin")])
	if err := away.Resume(ctx, "topadmin", keys, h.Now()); fault.CodeOf(err) != fault.Offline || len(keys) != 3 {
		t.Error("without the server what is kept is lost:", err, len(keys))
	}
	if err := c.SignOut(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := resume(keys); fault.CodeOf(err) != fault.Denied || keys[keptService+" "+c.keptName("topadmin")] != "" {
		t.Error("after signing out:", err)
	}
	// One that was ended from elsewhere is no longer kept either.
	c.Stay(keys)
	if err := c.SignIn(ctx, "topadmin", servertest.Password); err != nil {
		t.Fatal(err)
	}
	h.Advance(12 * time.Hour)
	if _, err := resume(keys); fault.CodeOf(err) != fault.Denied {
		t.Error("a session that is over:", err)
	}
	none := Dial(h.URL, "")
	none.Stay(vault.None{})
	if err := none.SignIn(ctx, "topadmin", servertest.Password); err != nil {
		t.Error("without a keyring nobody can sign in:", err)
	}
	if files, err := os.ReadDir(filepath.Join(base, c.Name(), "topadmin")); err != nil || len(files) == 0 {
		t.Error(files, err)
	}
	if err := filepath.WalkDir(base, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), none.bearer()) {
			t.Error("the token stands in", path)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}
