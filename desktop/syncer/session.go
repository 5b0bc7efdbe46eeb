package syncer

import (
	"context"
	"net/http"
	"os"
	"runtime"

	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/proto/gen/zhiping/session/v1/sessionv1connect"
	"zhiping/shared/fault"
)

// ErrMustChange says that the server has accepted a password that somebody else has set: it must be changed before anything else (A6).
var ErrMustChange = fault.New(fault.State, "当前密码由他人设置，请先修改密码再继续办理")

// Sessions is the client of the session service for pages.
func (c *Client) Sessions() sessionv1connect.SessionServiceClient {
	return sessionv1connect.NewSessionServiceClient(c.http, c.url, c.opts...)
}

// straight is the client of the session service beside the gate: signing in is what opens it.
func (c *Client) straight() sessionv1connect.SessionServiceClient {
	return sessionv1connect.NewSessionServiceClient(&http.Client{Transport: c.plain, Timeout: longestCall}, c.url, c.opts...)
}

// SignIn signs a person in.
func (c *Client) SignIn(ctx context.Context, account, password string) error {
	if account == "" || password == "" {
		return fault.New(fault.Invalid, "请输入登录账号和密码")
	}
	c.account, c.password, c.provider = account, password, ""
	return c.signIn(ctx)
}

// SignAgain begins a new session for the same person: the old one is over, or the password has changed.
func (c *Client) SignAgain(ctx context.Context, password string) error {
	c.password = password
	return c.signIn(ctx)
}

// Provider is the unified identity platform where the person signs in, "" for a password.
func (c *Client) Provider() string { return c.provider }

func (c *Client) signIn(ctx context.Context) error {
	if c.password == "" {
		return fault.New(fault.Denied, "登录已失效，请重新登录") // a kept session or one of a platform: a local password is not the server's business
	}
	resp, err := c.straight().SignIn(ctx, &sessionv1.SignInRequest{Account: c.account, Password: c.password, Device: device()})
	if err != nil {
		return err
	}
	c.begun(resp)
	return nil
}

// begun takes a session over.
func (c *Client) begun(resp *sessionv1.SignInResponse) {
	c.token.Store(resp.Token)
	c.Identity = resp.Identity
	c.keep(resp.Expires)
}

// ChangePassword changes the password of whoever is signed in. All sessions are over with it; the next call needs SignIn or SignAgain.
func (c *Client) ChangePassword(ctx context.Context, r *sessionv1.ChangePasswordRequest) error {
	_, err := c.straight().ChangePassword(ctx, r)
	return err
}

// SignOut ends the session on the server, so that nobody can go on with its token, and keeps it no longer.
func (c *Client) SignOut(ctx context.Context) error {
	if c.ring != nil {
		c.forget(c.ring, c.account)
	}
	if c.bearer() == "" {
		return nil
	}
	_, err := c.straight().SignOut(ctx, &sessionv1.SignOutRequest{})
	return err
}

// mostDevice is how much of a machine's name is sent.
const mostDevice = 60

// device is what this machine is called in the list of sessions: its name and its system.
func device() string {
	name, err := os.Hostname()
	if err != nil {
		name = "未命名的电脑"
	}
	system := map[string]string{"windows": "Windows", "linux": "Linux", "darwin": "macOS"}[runtime.GOOS]
	r := []rune(name)
	return string(r[:min(len(r), mostDevice)]) + "（" + system + "）"
}
