package record

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/audit"
	"zhiping/server/command"
	"zhiping/server/feed"
	"zhiping/server/session"
	"zhiping/shared/db"
	"zhiping/shared/fault"
	"zhiping/shared/review"
)

// Find returns a record whoever asks, or a NotFound fault.
func (k *Kind[M]) Find(ctx context.Context, tx *db.Tx, id string) (M, error) {
	m, _, err := k.load(ctx, tx, id)
	return m, err
}

func (k *Kind[M]) load(ctx context.Context, tx *db.Tx, id string) (m M, body []byte, err error) {
	if err = tx.Get(ctx, []any{&body}, k.sql.get, id); errors.Is(err, db.ErrNoRow) {
		return m, nil, fault.New(fault.NotFound, "记录不存在或已被删除，请刷新列表").At("id")
	} else if err != nil {
		return m, nil, err
	}
	m, err = k.Decode(body)
	return m, body, err
}

// See returns a record that the caller's unit may see; for a foreign one it is as if there were none.
func (k *Kind[M]) See(ctx context.Context, tx *db.Tx, c *session.Caller, id string) (M, error) {
	m, err := k.Find(ctx, tx, id)
	if err != nil {
		return m, err
	}
	if !k.seenBy(m, c.Viewer()) {
		return m, fault.New(fault.NotFound, "记录不存在或已被删除，请刷新列表").At("id")
	}
	return m, nil
}

// SeeAt is See for a change: a revision other than the record's is a Conflict.
func (k *Kind[M]) SeeAt(ctx context.Context, tx *command.Tx, id string, revision int64) (M, error) {
	m, err := k.See(ctx, tx.Tx, tx.Caller, id)
	if err == nil && m.GetRevision() != revision {
		return m, conflict()
	}
	return m, err
}

func conflict() error {
	return fault.New(fault.Conflict, "该记录已被他人修改，请刷新后核对再操作；您填写的内容未丢失")
}

// Put writes a message made from the revision it carries: 0 for a new record. Its revision is one more afterwards.
func (k *Kind[M]) Put(ctx context.Context, tx *command.Tx, m M) error {
	base := m.GetRevision()
	var old M
	var before []byte
	if base > 0 {
		var err error
		if old, before, err = k.load(ctx, tx.Tx, m.GetId()); err != nil {
			return err
		}
	}
	setRevision(m, base+1)
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return err
	}
	if err := k.write(ctx, tx, m, base, body); err != nil {
		setRevision(m, base)
		return err
	}
	if err := k.count(ctx, tx, old, m, base > 0); err != nil {
		return err
	}
	if err := k.seat(ctx, tx, old, m, base > 0); err != nil {
		return err
	}
	k.announce(tx, old, m, base > 0)
	s := audit.Subject{Kind: k.Name, ID: m.GetId(), After: digest(body)}
	if before != nil {
		s.Before = digest(before)
	}
	tx.Touched(s)
	tx.Made(k.Name, m.GetId(), m.GetRevision())
	return nil
}

func setRevision(m proto.Message, n int64) {
	r := m.ProtoReflect()
	r.Set(r.Descriptor().Fields().ByName("revision"), protoreflect.ValueOfInt64(n))
}

func (k *Kind[M]) write(ctx context.Context, tx *command.Tx, m M, base int64, body []byte) error {
	values := k.values(m, tx.Now, body)
	statement := k.sql.insert
	if base > 0 {
		statement, values = k.sql.update, append(values, base)
	}
	n, err := tx.Exec(ctx, statement, values...)
	if err == nil && n == 0 {
		return conflict()
	}
	return err
}

// announce tells everybody who sees the record now, and those who no longer do.
func (k *Kind[M]) announce(tx *command.Tx, old, m M, was bool) {
	now := k.viewers(m)
	for _, v := range unique(now) {
		tx.Changed(feed.Change{Viewer: v, Kind: k.Name, ID: m.GetId(), Revision: m.GetRevision()})
	}
	if !was {
		return
	}
	for _, v := range unique(k.viewers(old)) {
		if !slices.Contains(now, v) {
			tx.Changed(feed.Change{Viewer: v, Kind: k.Name, ID: m.GetId(), Revision: m.GetRevision(), Gone: true})
		}
	}
}

// viewers are all that see a record: the units it names, and everybody.
func (k *Kind[M]) viewers(m M) []string {
	v := k.Viewers(m)
	if k.Open != nil && k.Open(m) {
		v = append(slices.Clip(v), feed.Everybody)
	}
	return v
}

func unique(all []string) []string {
	all = slices.Clone(all)
	slices.Sort(all)
	return slices.Compact(all)
}

var (
	addCount   = db.SQL("INSERT INTO counter (kind, scope, owner, state, n) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, scope, owner, state) DO UPDATE SET n = counter.n + excluded.n")
	putSeat    = db.SQL("INSERT INTO seat (matter, subject, unit_id, tab, level, updated_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (matter, subject, unit_id) DO UPDATE SET tab = excluded.tab, level = excluded.level, updated_at = excluded.updated_at")
	removeSeat = db.SQL("DELETE FROM seat WHERE matter = $1 AND subject = $2 AND unit_id = $3")
)

type counted struct{ scope, owner, state string }

// counts are the counters a record stands in.
func (k *Kind[M]) counts(m M) map[counted]int64 {
	all := map[counted]int64{}
	for _, s := range k.Scopes {
		if s.Matter != 0 {
			for _, c := range k.cases(m) {
				if c.GetMatter() == s.Matter {
					for _, seat := range review.Seats(c) {
						all[counted{s.Name, seat.UnitID, seat.Tab.String()}]++
					}
				}
			}
			continue
		}
		if owner, ok := k.by[s.Column].Value(m).(string); ok && owner != "" {
			all[counted{s.Name, owner, k.state(m)}]++
		}
	}
	return all
}

func (k *Kind[M]) count(ctx context.Context, tx *command.Tx, old, m M, was bool) error {
	delta := k.counts(m)
	if was {
		for c, n := range k.counts(old) {
			delta[c] -= n
		}
	}
	// In one order always, so that two servers on one database do not wait for each other crosswise.
	keys := make([]counted, 0, len(delta))
	for c, n := range delta {
		if n != 0 {
			keys = append(keys, c)
		}
	}
	slices.SortFunc(keys, func(a, b counted) int {
		return slices.Compare([]string{a.scope, a.owner, a.state}, []string{b.scope, b.owner, b.state})
	})
	for _, c := range keys {
		if _, err := tx.Exec(ctx, addCount, k.Name, c.scope, c.owner, c.state, delta[c]); err != nil {
			return err
		}
	}
	return nil
}

type place struct {
	matter reviewv1.Matter
	unit   string
}

func (k *Kind[M]) seat(ctx context.Context, tx *command.Tx, old, m M, was bool) error {
	now := map[place]review.Seat{}
	for _, c := range k.cases(m) {
		for _, s := range review.Seats(c) {
			now[place{c.GetMatter(), s.UnitID}] = s
			if _, err := tx.Exec(ctx, putSeat, int32(c.GetMatter()), m.GetId(), s.UnitID, int32(s.Tab), s.Level, tx.Now); err != nil {
				return err
			}
		}
	}
	if !was {
		return nil
	}
	for _, c := range k.cases(old) {
		for _, s := range review.Seats(c) {
			if _, still := now[place{c.GetMatter(), s.UnitID}]; still {
				continue
			}
			if _, err := tx.Exec(ctx, removeSeat, int32(c.GetMatter()), m.GetId(), s.UnitID); err != nil {
				return err
			}
		}
	}
	return nil
}

func digest(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// EachAt runs fn on every record of a batch at the revision the caller saw, writes it, and answers for each (batch moves answer per case).
func EachAt[M Message](ctx context.Context, tx *command.Tx, k *Kind[M], bases []*commonv1.Base, fn func(M) error) ([]*commonv1.Outcome, error) {
	return command.Each(ctx, tx, bases, (*commonv1.Base).GetId, func(b *commonv1.Base) error {
		m, err := k.SeeAt(ctx, tx, b.Id, b.Revision)
		if err != nil {
			return err
		}
		if err := fn(m); err != nil {
			return err
		}
		return k.Put(ctx, tx, m)
	})
}
