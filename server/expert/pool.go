package expert

import (
	"context"
	"errors"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	"zhiping/server/command"
	"zhiping/server/committee"
	"zhiping/server/session"
	"zhiping/shared/db"
	rules "zhiping/shared/expert"
	"zhiping/shared/fault"
)

var (
	countsOf = db.SQL("SELECT state, n FROM counter WHERE kind = 'expert' AND scope = 'pool' AND owner = $1")
	namesOf  = db.SQL("SELECT body FROM expert WHERE committee_id = $1 AND position = $2 AND state = 'ACTIVE' ORDER BY id")
	draftsOf = db.SQL("SELECT body FROM expert WHERE committee_id = $1 AND state = $2 ORDER BY id")
)

// counts are how many experts of a pool stand in each state, from the counters.
func counts(ctx context.Context, tx *db.Tx, committeeID string) (map[string]int64, error) {
	all := map[string]int64{}
	err := tx.Query(ctx, func(scan func(...any) error) error {
		var state string
		var n int64
		err := scan(&state, &n)
		all[state] = n
		return err
	}, countsOf, committeeID)
	return all, err
}

// each reads the experts that a statement gives.
func each(ctx context.Context, tx *db.Tx, fn func(*expertv1.Expert), query string, args ...any) error {
	return tx.Query(ctx, func(scan func(...any) error) error {
		var body []byte
		if err := scan(&body); err != nil {
			return err
		}
		e, err := Experts.Decode(body)
		if err == nil {
			fn(e)
		}
		return err
	}, query, args...)
}

// tally brings what a pool comes to up to date, at the end of a command that changed it (C5).
func tally(ctx context.Context, tx *command.Tx, c *committeev1.Committee) error {
	old, err := Pools.Find(ctx, tx.Tx, c.Id)
	if fault.CodeOf(err) == fault.NotFound {
		old, err = &expertv1.Pool{}, nil
	}
	if err != nil {
		return err
	}
	n, err := counts(ctx, tx.Tx, c.Id)
	if err != nil {
		return err
	}
	p := &expertv1.Pool{
		Id: c.Id, Revision: old.Revision, Name: c.Name, UnitId: c.UnitId, UnitName: c.UnitName, AuthorisingId: c.AuthorisingId, Series: c.Series, Levels: c.Levels,
		Active: n[rules.Active], Waiting: n[rules.Review],
	}
	for position, names := range map[expertv1.Position]*[]string{expertv1.Position_POSITION_CHAIR: &p.Chairs, expertv1.Position_POSITION_DEPUTY: &p.Deputies} {
		if err := each(ctx, tx.Tx, func(e *expertv1.Expert) { *names = append(*names, e.Name) }, namesOf, c.Id, int64(position)); err != nil {
			return err
		}
	}
	if proto.Equal(old, p) {
		return nil
	}
	return Pools.Put(ctx, tx, p)
}

// tallyAll is tally for the committees of a batch.
func tallyAll(ctx context.Context, tx *command.Tx, ids map[string]bool) error {
	for _, id := range slices.Sorted(maps.Keys(ids)) { // in one order always, as counters are
		c, err := committee.Committees.Find(ctx, tx.Tx, id)
		if err != nil {
			return err
		}
		if err := tally(ctx, tx, c); err != nil {
			return err
		}
	}
	return nil
}

// A Pool is what committees ask of their pools.
type Pool struct{}

// Members counts who would sit on a committee: those in the pool, under review and still to be handed in.
func (Pool) Members(ctx context.Context, tx *command.Tx, c *committeev1.Committee) (int, error) {
	n, err := counts(ctx, tx.Tx, c.Id)
	return int(n[rules.Active] + n[rules.Review] + n[rules.Draft]), err
}

// Incomplete names the experts whose information is not complete: a committee cannot be handed in with them (C2).
func (Pool) Incomplete(ctx context.Context, tx *command.Tx, c *committeev1.Committee) ([]string, error) {
	var names []string
	for _, state := range []string{rules.Draft, rules.Returned} {
		if err := each(ctx, tx.Tx, func(e *expertv1.Expert) {
			if len(rules.Missing(e)) > 0 {
				names = append(names, e.Name)
			}
		}, draftsOf, c.Id, state); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// Follow takes over what a pool's list shows of its committee.
func (Pool) Follow(ctx context.Context, tx *command.Tx, c *committeev1.Committee) error {
	return tally(ctx, tx, c)
}

var elsewhere = db.SQL("SELECT body FROM expert WHERE person_id = $1 AND state = 'ACTIVE' ORDER BY id")

// memberships are the other pools that a person is in: those that the caller sees, and the number of the rest.
func memberships(ctx context.Context, tx *db.Tx, c *session.Caller, e *expertv1.Expert) (all []*expertv1.Membership, rest int32, err error) {
	err = each(ctx, tx, func(o *expertv1.Expert) {
		switch {
		case o.Id == e.Id:
		case c != nil && (o.UnitId == c.Unit.Id || o.AuthorisingId == c.Unit.Id):
			all = append(all, &expertv1.Membership{CommitteeName: o.CommitteeName, Position: o.Position, TermUntil: o.TermUntil})
		default:
			rest++
		}
	}, elsewhere, e.PersonId)
	if errors.Is(err, db.ErrNoRow) || e.PersonId == "" {
		return nil, 0, nil
	}
	return all, rest, err
}
