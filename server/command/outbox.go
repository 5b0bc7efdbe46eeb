package command

import (
	"context"
	"errors"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/emptypb"

	"zhiping/server/session"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

var (
	// The update locks the outbox's row, so that two servers on one database do not run two of its mutations at once.
	lockClient   = db.SQL("UPDATE client SET seen_at = $3 WHERE account = $1 AND client = $2 RETURNING last")
	addClient    = db.SQL("INSERT INTO client (account, client, last, seen_at) VALUES ($1, $2, 0, $3) ON CONFLICT (account, client) DO NOTHING")
	advance      = db.SQL("UPDATE client SET last = $3 WHERE account = $1 AND client = $2")
	addMade      = db.SQL("INSERT INTO made (account, client, number, kind, id, revision) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, client, number, id, kind) DO UPDATE SET revision = excluded.revision")
	readMade     = db.SQL("SELECT revision FROM made WHERE account = $1 AND client = $2 AND number = $3 AND id = $4")
	readLast     = db.SQL("SELECT last FROM client WHERE account = $1 AND client = $2")
	forgetAnswer = db.SQL("DELETE FROM mutation WHERE at < $1")
)

// next makes sure that a mutation of an outbox is the next one: an earlier one whose answer is no longer kept is refused, one after a gap is
// told where to go on. ok is false if nothing is to be run; only then is the fault not stored.
func (a *attempt[Resp]) next(ctx context.Context) (ok bool, err error) {
	if !a.call.Outbox {
		return true, nil
	}
	var last int64
	for range 2 { // the second time after adding it
		err = a.tx.Get(ctx, []any{&last}, lockClient, a.account(), a.call.Client, a.tx.Now)
		if !errors.Is(err, db.ErrNoRow) {
			break
		}
		if _, err := a.tx.Exec(ctx, addClient, a.account(), a.call.Client, a.tx.Now); err != nil {
			return false, err
		}
	}
	switch {
	case err != nil:
		return false, err
	case a.call.Number <= last:
		a.refused = fault.New(fault.State, "第 %d 项操作已于30天前处理，结果不再保存", a.call.Number)
		return false, nil
	case a.call.Number > last+1:
		a.refused = fault.New(fault.Gap, "第 %d 项操作之前缺少第 %d 项，请从第 %d 项开始重新发送", a.call.Number, last+1, last+1).At(strconv.FormatInt(last+1, 10))
		return false, nil
	}
	return true, nil
}

// Refuse takes the number of a mutation that is refused before its service sees it - the right is gone, a limit is passed -, and returns the
// refusal: the first one, if the mutation was refused before. One that has been done stays done.
func Refuse(ctx context.Context, r *Runner, req proto.Message, f *fault.Error) error {
	if _, err := Run(ctx, r, req, func(*Tx) (*emptypb.Empty, error) { return nil, f }); err != nil {
		return err
	}
	return f
}

// advance moves the outbox on and keeps which revisions were made.
func (a *attempt[Resp]) advance(ctx context.Context) error {
	if !a.call.Outbox {
		return nil
	}
	for _, m := range a.tx.made {
		if _, err := a.tx.Exec(ctx, addMade, a.account(), a.call.Client, a.call.Number, m.kind, m.id, m.revision); err != nil {
			return err
		}
	}
	_, err := a.tx.Exec(ctx, advance, a.account(), a.call.Client, a.call.Number)
	return err
}

// rebase turns every revision that is "my mutation n", written as -n, into the revision that this mutation made: two edits of one record in
// a row are no conflict. What n did not make cannot be built on.
func (a *attempt[Resp]) rebase(ctx context.Context) error {
	if !a.call.Outbox {
		return nil
	}
	return a.rebaseIn(ctx, a.req.ProtoReflect())
}

func (a *attempt[Resp]) rebaseIn(ctx context.Context, m protoreflect.Message) error {
	fields := m.Descriptor().Fields()
	id, revision := fields.ByName("id"), fields.ByName("revision")
	if id != nil && revision != nil && revision.Kind() == protoreflect.Int64Kind && m.Get(revision).Int() < 0 {
		var made int64
		err := a.tx.Get(ctx, []any{&made}, readMade, a.account(), a.call.Client, -m.Get(revision).Int(), m.Get(id).String())
		if errors.Is(err, db.ErrNoRow) {
			return fault.New(fault.Conflict, "本机在此之前对该记录的操作（第 %d 项）未成功，请先处理它", -m.Get(revision).Int())
		}
		if err != nil {
			return err
		}
		m.Set(revision, protoreflect.ValueOfInt64(made))
	}
	var bad error
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.Kind() != protoreflect.MessageKind || fd.IsMap():
		case fd.IsList():
			for i := 0; i < v.List().Len() && bad == nil; i++ {
				bad = a.rebaseIn(ctx, v.List().Get(i).Message())
			}
		default:
			bad = a.rebaseIn(ctx, v.Message())
		}
		return bad == nil
	})
	return bad
}

// Last returns the number of the last mutation that an outbox of a member of staff has had run, 0 for an unknown one.
func Last(ctx context.Context, tx *db.Tx, staffID, client string) (last int64, err error) {
	if err = tx.Get(ctx, []any{&last}, readLast, staffID, client); errors.Is(err, db.ErrNoRow) {
		return 0, nil
	}
	return last, err
}

// keepAnswers is how long the answer of a mutation is kept for a client that asks again.
const keepAnswers = 30 * 24 * time.Hour

// Retain forgets the answers that nobody asks for any more.
func (r *Runner) Retain(ctx context.Context) error {
	return r.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, forgetAnswer, r.Now().Add(-keepAnswers).UnixMilli())
		return err
	})
}

// who names the caller for those who see the change.
func who(c *session.Caller) string {
	if c == nil {
		return ""
	}
	return c.Unit.Name + " " + c.Staff.Name
}
