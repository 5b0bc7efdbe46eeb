// Package command runs a mutation once: the handler, its answer, the feed and the audit entry commit in one transaction, under the number
// that the client gave it, so that sending it again returns the stored answer and changes nothing (sync.md).
package command

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/server/audit"
	"zhiping/server/feed"
	"zhiping/server/session"
	"zhiping/shared/db"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

// A Runner runs commands on one database.
type Runner struct {
	DB  *db.DB
	Now func() time.Time // the server's clock
	// Bell is rung after a command that changed something.
	Bell feed.Bell
}

// A Call is one mutation as it came in; the RPC interceptor puts it into the context.
type Call struct {
	Procedure, Label string
	Client           string // the installation
	Number           int64  // of the mutation, from 1
	Outbox           bool   // of an outbox: its numbers are contiguous
	Skip             bool   // the clerk gives it up: only its number is taken
}

type key struct{}

// With puts the call into a request's context.
func With(ctx context.Context, c *Call) context.Context { return context.WithValue(ctx, key{}, c) }

// Of returns the call a request is; an empty one inside the server.
func Of(ctx context.Context) *Call {
	if c, ok := ctx.Value(key{}).(*Call); ok {
		return c
	}
	return &Call{}
}

// Today is the civil date at +08:00 by the server's clock.
func (r *Runner) Today() string { return r.Now().In(china).Format(time.DateOnly) }

// A Tx is the transaction of one command.
type Tx struct {
	*db.Tx
	Caller *session.Caller // nil for nobody, and for the server itself
	Now    int64           // UTC milliseconds; the same for the whole command
	Today  string          // the civil date at +08:00

	changes  []feed.Change
	subjects []audit.Subject
	made     []made
}

// made is a revision of a record that the command made.
type made struct {
	kind, id string
	revision int64
}

// Made notes a revision for later mutations of the same outbox.
func (t *Tx) Made(kind, id string, revision int64) {
	t.made = append(t.made, made{kind, id, revision})
}

// Changed notes a change for a viewer's feed.
func (t *Tx) Changed(c feed.Change) { t.changes = append(t.changes, c) }

// Touched notes a record for the audit entry.
func (t *Tx) Touched(s audit.Subject) { t.subjects = append(t.subjects, s) }

var (
	stored = db.SQL("SELECT digest, answer, fault FROM mutation WHERE account = $1 AND client = $2 AND number = $3")
	store  = db.SQL("INSERT INTO mutation (account, client, number, digest, answer, fault, at) VALUES ($1, $2, $3, $4, $5, $6, $7)")
)

var china = time.FixedZone("+08:00", 8*60*60)

// Run runs fn as the command of this request. A fault that fn returns undoes what it wrote and is stored as the answer; any other error
// undoes everything and may be tried again.
func Run[Resp proto.Message](ctx context.Context, r *Runner, req proto.Message, fn func(*Tx) (Resp, error)) (Resp, error) {
	var answer Resp
	var refused *fault.Error
	sent, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
	if err != nil {
		return answer, err
	}
	digest, err := digestOf(Of(ctx).Procedure, req, sent)
	if err != nil {
		return answer, err
	}
	changed, attempts := false, 0
	err = r.DB.Write(ctx, func(tx *db.Tx) error {
		if attempts++; attempts > 1 { // handlers write into the request; the second attempt begins with what was sent
			proto.Reset(req)
			if err := proto.Unmarshal(sent, req); err != nil {
				return err
			}
		}
		now := r.Now()
		t := &Tx{Tx: tx, Caller: session.Of(ctx), Now: now.UnixMilli(), Today: now.In(china).Format(time.DateOnly)}
		c := &attempt[Resp]{call: Of(ctx), tx: t, req: req, digest: digest, fn: fn}
		err := c.run(ctx)
		answer, refused, changed = c.answer, c.refused, len(t.changes) > 0
		return err
	})
	switch {
	case err != nil:
		return *new(Resp), err
	case refused != nil:
		return *new(Resp), refused
	}
	if changed {
		r.Bell.Ring()
	}
	return answer, nil
}

type attempt[Resp proto.Message] struct {
	call    *Call
	tx      *Tx
	req     proto.Message
	digest  []byte
	fn      func(*Tx) (Resp, error)
	answer  Resp
	refused *fault.Error
}

func (a *attempt[Resp]) run(ctx context.Context) error {
	if known, err := a.repeated(ctx); known || err != nil {
		return err
	}
	if ok, err := a.next(ctx); !ok || err != nil {
		return err
	}
	err := a.tx.Nested(ctx, func() (err error) {
		if a.call.Skip {
			return fault.New(fault.State, "该操作已由经办人放弃，未办理")
		}
		if err = a.rebase(ctx); err == nil {
			a.answer, err = a.fn(a.tx)
		}
		return err
	})
	if a.refused = fault.As(err); a.refused != nil {
		a.tx.changes, a.tx.subjects, a.tx.made = nil, nil, nil
	} else if err != nil {
		return err
	}
	if err := a.keep(ctx); err != nil {
		return err
	}
	return a.publish(ctx)
}

// account names whose numbers these are.
func (a *attempt[Resp]) account() string {
	if a.tx.Caller == nil {
		return ""
	}
	return a.tx.Caller.Staff.Id
}

// repeated answers from the store if this mutation has run before.
func (a *attempt[Resp]) repeated(ctx context.Context) (bool, error) {
	if a.call.Number == 0 {
		return false, nil
	}
	var digest, answer, refused []byte
	err := a.tx.Get(ctx, []any{&digest, &answer, &refused}, stored, a.account(), a.call.Client, a.call.Number)
	if errors.Is(err, db.ErrNoRow) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if string(digest) != string(a.digest) {
		return true, fault.New(fault.Conflict, "操作序号 %d 已用于另一项操作，请重新启动程序后再试", a.call.Number)
	}
	if refused != nil {
		var f commonv1.Fault
		if err := proto.Unmarshal(refused, &f); err != nil {
			return true, err
		}
		a.refused = wire.Fault(&f)
		return true, nil
	}
	a.answer = a.answer.ProtoReflect().New().Interface().(Resp)
	return true, proto.Unmarshal(answer, a.answer)
}

// keep stores the answer under the mutation's number.
func (a *attempt[Resp]) keep(ctx context.Context) error {
	if a.call.Number == 0 {
		return nil
	}
	var answer, refused []byte
	var err error
	if a.refused != nil {
		refused, err = proto.Marshal(wire.Proto(a.refused))
	} else {
		answer, err = proto.Marshal(a.answer)
		answer = append([]byte{}, answer...)
	}
	if err != nil {
		return err
	}
	if _, err = a.tx.Exec(ctx, store, a.account(), a.call.Client, a.call.Number, a.digest, answer, refused, a.tx.Now); err != nil {
		return err
	}
	return a.advance(ctx)
}

// publish writes the audit entry and, last, the feed.
func (a *attempt[Resp]) publish(ctx context.Context) error {
	if len(a.tx.subjects) > 0 {
		e := &audit.Entry{At: a.tx.Now, Procedure: a.call.Procedure, Label: a.call.Label, Subjects: a.tx.subjects}
		if c := a.tx.Caller; c != nil {
			e.Staff, e.Unit = c.Staff.Id, c.Unit.Id
		}
		if err := audit.Append(ctx, a.tx.Tx, e); err != nil {
			return err
		}
	}
	return feed.Append(ctx, a.tx.Tx, a.tx.changes, feed.Stamp{At: a.tx.Now, By: who(a.tx.Caller)})
}

// Each runs fn for every item of a batch in a savepoint of its own and answers for each: one that is refused does not hold up the others.
func Each[T any](ctx context.Context, tx *Tx, items []T, id func(T) string, fn func(T) error) ([]*commonv1.Outcome, error) {
	outcomes := make([]*commonv1.Outcome, len(items))
	for i, item := range items {
		changes, subjects, mades := len(tx.changes), len(tx.subjects), len(tx.made)
		err := tx.Nested(ctx, func() error { return fn(item) })
		f := fault.As(err)
		if err != nil && f == nil {
			return nil, err
		}
		if f != nil {
			tx.changes, tx.subjects, tx.made = tx.changes[:changes], tx.subjects[:subjects], tx.made[:mades]
		}
		outcomes[i] = &commonv1.Outcome{Id: id(item), Fault: wire.Proto(f)}
	}
	return outcomes, nil
}
