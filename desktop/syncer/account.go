package syncer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/cache"
	"zhiping/desktop/outbox"
	"zhiping/desktop/vault"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/shared/fault"
	"zhiping/shared/review"
)

// An Account is one person at one server on this machine: a folder with the work, the mirror and the key, which one program at a time has open.
type Account struct {
	Box    *outbox.Outbox
	Mirror *cache.Cache
	Dir    string

	lock  *flock.Flock
	vault *vault.Vault
}

// OpenAccount signs in and opens the person's folder under base, or gives ErrMustChange with the client signed in. Without a network it opens what
// is here, if the password fits; the session begins when the network is back.
func OpenAccount(ctx context.Context, c *Client, base, account, password string, ring vault.Keyring, now func() time.Time) (*Account, error) {
	err := c.SignIn(ctx, account, password)
	if err != nil && fault.CodeOf(err) != fault.Offline {
		return nil, err
	}
	if err == nil && c.Identity.MustChange {
		return nil, ErrMustChange // what is here is sealed under a password of the person's own
	}
	a := &Account{Dir: filepath.Join(base, c.Name(), account)}
	if err != nil {
		if _, none := os.Stat(a.Dir); none != nil {
			return nil, err // nothing of this person is here: that the server cannot be reached is all there is to say
		}
	}
	known := err == nil
	if !known {
		c.password = "" // not before it is known whose it is: of people who sign in at a platform it stays here
	}
	err = a.open(ctx, c, known, now, func() (*vault.Vault, error) { return vault.Open(a.Dir, account, password, known, ring) })
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	if c.provider == "" {
		c.password = password
	}
	return a, nil
}

// OpenSignedIn opens the folder of somebody who has signed in without a password: at a unified identity platform, or with a session that was
// kept. What is here is opened by the key in the system's keyring, or by the local password if one is given (vault.Recall says which is asked for).
func OpenSignedIn(ctx context.Context, c *Client, base, local string, ring vault.Keyring, now func() time.Time) (*Account, error) {
	a := &Account{Dir: filepath.Join(base, c.Name(), c.account)}
	err := a.open(ctx, c, true, now, func() (*vault.Vault, error) {
		if local == "" {
			return vault.Recall(a.Dir, c.account, ring)
		}
		return vault.Open(a.Dir, c.account, local, true, ring)
	})
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *Account) open(ctx context.Context, c *Client, known bool, now func() time.Time, unlock func() (*vault.Vault, error)) error {
	if err := os.MkdirAll(a.Dir, 0o700); err != nil {
		return err
	}
	a.lock = flock.New(filepath.Join(a.Dir, "lock"))
	if ok, err := a.lock.TryLock(); err != nil {
		return err
	} else if !ok {
		return fault.New(fault.State, "该账号已在本机的另一个窗口中打开，请使用那个窗口")
	}
	v, err := unlock()
	if err != nil {
		return err
	}
	a.vault = v
	if a.Box, err = outbox.Open(ctx, a.Dir, v, now); err != nil {
		return err
	}
	if err := a.identity(ctx, c, known); err != nil {
		return err
	}
	if err := a.Box.Retain(ctx); err != nil {
		return err
	}
	a.Mirror, err = cache.Open(ctx, a.Dir, v, c.Identity.Unit.Id, now)
	return err
}

// identity keeps who signed in, or recalls it when the server could not say.
func (a *Account) identity(ctx context.Context, c *Client, known bool) error {
	const name, at = "identity", "provider"
	if known {
		b, err := proto.Marshal(c.Identity)
		if err != nil {
			return err
		}
		return errors.Join(a.Box.Keep(ctx, name, b), a.Box.Keep(ctx, at, []byte(c.provider)))
	}
	b, err := a.Box.Kept(ctx, name)
	if err != nil {
		return err
	}
	provider, err := a.Box.Kept(ctx, at)
	if err != nil {
		return err
	}
	c.account, c.provider = filepath.Base(a.Dir), string(provider)
	if b == nil {
		return fault.New(fault.Offline, "本机没有该账号的数据，第一次登录须连接服务器")
	}
	c.Identity = &sessionv1.Identity{}
	return proto.Unmarshal(b, c.Identity)
}

// ChangePassword changes the password on the server, seals what is here under the new one, and begins a new session. Should the machine stop
// in between, the keyring or one more sign-in with the old password without the network opens what is here (vault.ErrPassword).
func (a *Account) ChangePassword(ctx context.Context, c *Client, r *sessionv1.ChangePasswordRequest) error {
	if err := c.ChangePassword(ctx, r); err != nil {
		return err
	}
	return errors.Join(a.vault.Reseal(a.Dir, r.NewPassword), c.SignAgain(ctx, r.NewPassword))
}

// SignAgain begins a new session for the same person, with a password that may have been changed elsewhere: what is here is sealed under it.
func (a *Account) SignAgain(ctx context.Context, c *Client, password string) error {
	if err := c.SignAgain(ctx, password); err != nil {
		return err
	}
	if c.Identity.MustChange {
		return ErrMustChange
	}
	return a.vault.Reseal(a.Dir, password)
}

// Reseal seals what is here under another local password.
func (a *Account) Reseal(password string) error { return a.vault.Reseal(a.Dir, password) }

// Files is the folder of attachments that are still to be sent.
func (a *Account) Files() string { return filepath.Join(a.Dir, "files") }

// Close closes the folder.
func (a *Account) Close() error {
	var all []error
	if a.Mirror != nil {
		all = append(all, a.Mirror.Close())
	}
	if a.Box != nil {
		all = append(all, a.Box.Close())
	}
	if a.lock != nil {
		all = append(all, a.lock.Unlock())
	}
	return errors.Join(all...)
}

// Actor is who is signed in, as reviews name people.
func (c *Client) Actor() review.Actor {
	who := c.Identity
	return review.Actor{UnitID: who.Unit.GetId(), UnitName: who.Unit.GetName(), StaffID: who.Staff.GetId(), StaffName: who.Staff.GetName()}
}
