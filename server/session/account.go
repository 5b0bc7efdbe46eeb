package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/crypto/argon2"

	"zhiping/shared/db"
	"zhiping/shared/fault"
	"zhiping/shared/idnum"
)

// The cost of argon2id (OWASP's second choice): 2 passes over 19 MiB. hashing bounds how many run at once, so that a flood of sign-ins
// cannot take the memory of the machine.
const (
	passes  = 2
	memory  = 19 * 1024
	keySize = 32
)

var hashing = make(chan struct{}, 2)

// Hash returns a password's argon2id hash with its parameters and a fresh salt.
func Hash(password string) string {
	salt := make([]byte, 16)
	rand.Read(salt)
	return fmt.Sprintf("argon2id$%d$%d$%s$%s", passes, memory, b64(salt), b64(derive(password, salt, passes, memory)))
}

func derive(password string, salt []byte, t, m uint32) []byte {
	hashing <- struct{}{}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(password), salt, t, m, 1, keySize)
}

func b64(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }

// matches reports whether the password is the one that was hashed.
func matches(password, hash string) bool {
	var t, m uint32
	var salt, want string
	parts := strings.Split(hash, "$")
	if len(parts) != 5 || parts[0] != "argon2id" {
		return false
	}
	if _, err := fmt.Sscan(parts[1]+" "+parts[2], &t, &m); err != nil {
		return false
	}
	salt, want = parts[3], parts[4]
	s, err := base64.RawStdEncoding.DecodeString(salt)
	if err != nil {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(b64(derive(password, s, t, m))), []byte(want)) == 1
}

// CheckPassword refuses passwords that are too short or of one kind of sign only.
func CheckPassword(password, account string) error {
	var letter, digit bool
	for _, r := range password {
		letter = letter || unicode.IsLetter(r)
		digit = digit || unicode.IsDigit(r)
	}
	switch {
	case len([]rune(password)) < 10 || !letter || !digit:
		return fault.New(fault.Invalid, "密码至少10位，且须同时包含字母和数字，请重新设置").At("password")
	case account != "" && strings.Contains(strings.ToLower(password), account):
		return fault.New(fault.Invalid, "密码不能包含登录账号，请重新设置").At("password")
	}
	return nil
}

// Chosen says by whom a password was chosen: one that somebody else has set must be changed at the first sign-in (A6).
type Chosen bool

// By whom.
const (
	ByOwner Chosen = true
	ByOther Chosen = false
)

var (
	addAccount   = db.SQL("INSERT INTO account (account, staff_id, hash, must_change, disabled) VALUES ($1, $2, $3, $4, false)")
	setPassword  = db.SQL("UPDATE account SET hash = $2, must_change = $3 WHERE staff_id = $1")
	setDisabled  = db.SQL("UPDATE account SET disabled = $2, account = $3 WHERE staff_id = $1")
	accountTaken = db.SQL("SELECT staff_id FROM account WHERE account = $1")
	accountOf    = db.SQL("SELECT account, hash FROM account WHERE staff_id = $1")
	endSessions  = db.SQL("DELETE FROM session WHERE staff_id = $1")
)

// AddAccount gives a new member of staff something to sign in with; hash is Hash of the first password, or NoPassword.
func AddAccount(ctx context.Context, tx *db.Tx, account, staffID, hash string, by Chosen) error {
	if err := free(ctx, tx, account, staffID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, addAccount, account, staffID, hash, !bool(by))
	return err
}

// NoPassword is the hash of an account that is signed in to at a provider only.
const NoPassword = ""

// SetPassword replaces a password by its hash, ends the person's sessions and forgets failed attempts.
func SetPassword(ctx context.Context, tx *db.Tx, staffID, hash string, by Chosen) error {
	var name, old string
	if err := tx.Get(ctx, []any{&name, &old}, accountOf, staffID); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, setPassword, staffID, hash, !bool(by)); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, dropAttempt, attemptName(name)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, endSessions, staffID)
	return err
}

// Reset gives an account a new password by its name: for the administrator of the server.
func Reset(ctx context.Context, tx *db.Tx, account, hash string) error {
	var staffID string
	err := tx.Get(ctx, []any{&staffID}, accountTaken, account)
	if errors.Is(err, db.ErrNoRow) {
		return fault.New(fault.NotFound, "没有登录账号“%s”，请核对", account)
	}
	if err != nil {
		return err
	}
	return SetPassword(ctx, tx, staffID, hash, ByOther)
}

// SetAccount renames, disables or enables an account; a disabled one loses its sessions.
func SetAccount(ctx context.Context, tx *db.Tx, account, staffID string, disabled bool) error {
	if err := free(ctx, tx, account, staffID); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, setDisabled, staffID, disabled, account); err != nil || !disabled {
		return err
	}
	_, err := tx.Exec(ctx, endSessions, staffID)
	return err
}

// free refuses an account name that somebody else has.
func free(ctx context.Context, tx *db.Tx, account, staffID string) error {
	var owner string
	err := tx.Get(ctx, []any{&owner}, accountTaken, account)
	if err == nil && owner != staffID {
		return fault.New(fault.Invalid, "登录账号“%s”已被使用，请换一个账号", account).At("staff.account")
	}
	if err != nil && !errors.Is(err, db.ErrNoRow) {
		return err
	}
	return nil
}

// Number is the number of an ID as people are looked up by it.
func Number(s string) string { return strings.ToUpper(idnum.Clean(s)) }

func tokenHash(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}
