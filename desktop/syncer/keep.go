package syncer

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"zhiping/desktop/vault"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/shared/fault"
)

// keptService is the name under which the system's keyring has the tokens of people who want to stay signed in.
const keptService = "zhiping-session"

// kept is a session that outlives the program. Where there is no keyring none is kept: a file would be as good as the password.
type kept struct {
	Token    string `json:"token"`
	Expires  int64  `json:"expires"` // UTC milliseconds
	Provider string `json:"provider,omitempty"`
}

// Stay keeps every session that begins from now on in the keyring, until SignOut.
func (c *Client) Stay(ring vault.Keyring) { c.ring = ring }

func (c *Client) keptName(account string) string { return account + "@" + c.Name() }

func (c *Client) keep(expires int64) {
	if c.ring == nil {
		return
	}
	b, err := json.Marshal(kept{c.bearer(), expires, c.provider})
	if err == nil {
		err = c.ring.Set(keptService, c.keptName(c.account), string(b))
	}
	if err != nil {
		slog.Info("the session is not kept", "error", err)
	}
}

// forget takes what is kept of an account out of the keyring.
func (c *Client) forget(ring vault.Keyring, account string) {
	if err := ring.Delete(keptService, c.keptName(account)); err != nil {
		slog.Info("no session was kept", "error", err)
	}
}

// Resume goes on with the session that was kept of an account. Without one, or with one that is over, it is a Denied fault; whether the
// session is still good only the server knows.
func (c *Client) Resume(ctx context.Context, account string, ring vault.Keyring, now time.Time) error {
	var k kept
	text, err := ring.Get(keptService, c.keptName(account))
	if err != nil || json.Unmarshal([]byte(text), &k) != nil || k.Token == "" || k.Expires <= now.UnixMilli() {
		return fault.New(fault.Denied, "没有保持的登录")
	}
	c.token.Store(k.Token)
	resp, err := c.straight().WhoAmI(ctx, &sessionv1.WhoAmIRequest{})
	if err == nil && (resp.Identity.Staff.GetAccount() != account || resp.Identity.MustChange) {
		err = fault.New(fault.Denied, "保持的登录已失效")
	}
	if err != nil {
		c.token.Store("")
		if fault.CodeOf(err) == fault.Denied {
			c.forget(ring, account)
		}
		return err
	}
	c.account, c.provider, c.Identity, c.ring = account, k.Provider, resp.Identity, ring
	return nil
}
