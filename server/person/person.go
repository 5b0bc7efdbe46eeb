// Package person keeps one record per human being: applications, experts and certificates refer to it. Looking somebody up needs name
// and number; the table holds only a keyed hash of the number beside the sealed message.
package person

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/google/uuid"

	personv1 "zhiping/proto/gen/zhiping/person/v1"
	"zhiping/server/command"
	"zhiping/server/record"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

// A Register finds and adds people; its key makes the hash of a number.
type Register struct {
	key  []byte
	kind *record.Kind[*personv1.Person]
}

// New returns the register.
func New(key []byte) *Register {
	r := &Register{key: key}
	r.kind = people(r)
	return r
}

// people is the kind; the digest column needs the key.
func people(r *Register) *record.Kind[*personv1.Person] {
	return record.Define(&record.Kind[*personv1.Person]{
		Name:    "person",
		New:     func() *personv1.Person { return &personv1.Person{} },
		Columns: []record.Column[*personv1.Person]{{Name: "digest", Value: func(p *personv1.Person) any { return r.digest(p.IdKind, p.Number) }}},
		Viewers: func(*personv1.Person) []string { return []string{} }, // nobody sees the register itself
	})
}

func (r *Register) digest(kind, number string) string {
	m := hmac.New(sha256.New, r.key)
	m.Write([]byte(kind + "\x00" + number))
	return hex.EncodeToString(m.Sum(nil))
}

var byDigest = db.SQL("SELECT id FROM person WHERE digest = $1")

// Ensure returns the id of the person with this kind and number of ID, adding the person when there is none. Another name under a known
// number is refused: one of the two is wrong.
func (r *Register) Ensure(ctx context.Context, tx *command.Tx, p *personv1.Person) (string, error) {
	var id string
	err := tx.Get(ctx, []any{&id}, byDigest, r.digest(p.IdKind, p.Number))
	if errors.Is(err, db.ErrNoRow) {
		p.Id, p.Revision = uuid.Must(uuid.NewV7()).String(), 0
		return p.Id, r.kind.Put(ctx, tx, p)
	}
	if err != nil {
		return "", err
	}
	known, err := r.kind.Find(ctx, tx.Tx, id)
	if err != nil {
		return "", err
	}
	if known.Name != p.Name {
		return "", fault.New(fault.Invalid, "证件号码已登记在另一姓名下，请核对姓名和证件号码；确有更名的，请联系人社部门变更").At("number")
	}
	return id, nil
}
