package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash/fnv"
	"math"
	"sync"
	"time"

	"zhiping/shared/db"
	"zhiping/shared/fault"
)

// How failed sign-ins are slowed down: the next attempt waits 1, 2, 4, 8 seconds, after five in a row the account rests for a quarter of an
// hour. Failures are forgotten a quarter of an hour after they stopped mattering.
const (
	failures  = 5
	lockedFor = 15 * time.Minute
	forgotten = 15 * time.Minute
)

var (
	readAccount  = db.SQL("SELECT staff_id, hash, must_change, disabled FROM account WHERE account = $1")
	readAttempt  = db.SQL("SELECT failed, until FROM attempt WHERE name = $1")
	putAttempt   = db.SQL("INSERT INTO attempt (name, failed, until) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET failed = excluded.failed, until = excluded.until")
	dropAttempt  = db.SQL("DELETE FROM attempt WHERE name = $1")
	dropAttempts = db.SQL("DELETE FROM attempt WHERE until <= $1")
)

// attemptName is what attempts are counted under: people type passwords into the wrong entry, so what was typed is not kept.
func attemptName(account string) []byte {
	h := sha256.Sum256([]byte("attempt\x00" + account))
	return h[:]
}

type account struct {
	staffID, hash        string
	mustChange, disabled bool
}

// nobody is the hash that the password of an unknown account is held against, so that the answer takes as long.
var nobody = sync.OnceValue(func() string { return Hash("nobody has this password 0") })

// prove holds a password against an account. Unknown accounts are slowed down and locked like known ones and cost as much time: whether there
// is one is not told. wrong is what is said of a password that does not fit.
func (s *Service) prove(ctx context.Context, name, password string, wrong error) (a account, err error) {
	defer s.inTurn(name)()
	now := s.now()
	var failed int
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		var until int64
		if err := tx.Get(ctx, []any{&failed, &until}, readAttempt, attemptName(name)); err != nil && !errors.Is(err, db.ErrNoRow) {
			return err
		}
		if err := resting(failed, until, now); err != nil {
			return err
		}
		if err := tx.Get(ctx, []any{&a.staffID, &a.hash, &a.mustChange, &a.disabled}, readAccount, name); !errors.Is(err, db.ErrNoRow) {
			return err
		}
		return nil
	})
	if err != nil {
		return a, err
	}
	against := a.hash
	if against == NoPassword {
		against = nobody()
	}
	if !matches(password, against) || a.hash == NoPassword {
		if err := s.failed(ctx, name, failed%failures+1, now); err != nil {
			return a, err
		}
		return a, wrong
	}
	return a, nil
}

// resting refuses an attempt that comes too early, before any password is looked at.
func resting(failed int, until int64, now time.Time) error {
	left := time.UnixMilli(until).Sub(now)
	switch {
	case left <= 0:
		return nil
	case failed >= failures:
		return fault.New(fault.Denied, "密码错误次数过多，该账号已锁定，请于 %s 后再试或联系本单位超级管理员", time.UnixMilli(until).In(china).Format("15:04"))
	}
	return fault.New(fault.State, "刚才的账号或密码不正确，请在 %d 秒后再试", int(math.Ceil(left.Seconds())))
}

// failed counts a failed attempt, the nth in a row.
func (s *Service) failed(ctx context.Context, name string, n int, now time.Time) error {
	until := now.Add(time.Second << (n - 1))
	if n == failures {
		until = now.Add(lockedFor)
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, dropAttempts, now.Add(-forgotten).UnixMilli()); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, putAttempt, attemptName(name), n, until.UnixMilli())
		return err
	})
}

// inTurn lets attempts at one account go one after the other: a hundred at once would all be tried before the first had been counted.
func (s *Service) inTurn(name string) (leave func()) {
	h := fnv.New32a()
	h.Write([]byte(name))
	turn := &s.turns[h.Sum32()%uint32(len(s.turns))]
	turn.Lock()
	return turn.Unlock
}

var china = time.FixedZone("+08:00", 8*60*60)
