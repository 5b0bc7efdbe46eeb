package committee

import (
	"context"
	"errors"
	"slices"

	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/unit"
	rules "zhiping/shared/committee"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

var entryOf = db.SQL("SELECT body FROM competence WHERE unit_id = $1 AND committee_id = $2")

// Route returns the route of an application for a committee (A10, D6): its own unit, then the department that the nearest superior with an
// entry for the committee has set, then that department's superiors up to and with the first HR department. Without an entry that holds it
// goes from superior to superior. A unit stands once. A case keeps its route until it is handed in again, whatever becomes of the map.
func Route(ctx context.Context, tx *db.Tx, m reviewv1.Matter, unitID, committeeID string) ([]*reviewv1.Node, error) {
	above, err := unit.Above(ctx, tx, unitID)
	if err != nil {
		return nil, err
	}
	var set []*committeev1.Competence
	for _, id := range above {
		var body []byte
		if err := tx.Get(ctx, []any{&body}, entryOf, id, committeeID); errors.Is(err, db.ErrNoRow) {
			continue
		} else if err != nil {
			return nil, err
		}
		e, err := Competences.Decode(body)
		if err != nil {
			return nil, err
		}
		set = append(set, e)
	}
	e, err := rules.OfNearest(set, committeeID, above, checked(ctx, tx))
	if err != nil {
		return nil, err
	}
	if e == nil || e.DepartmentId == unitID {
		return unit.RouteUp(ctx, tx, m, unitID)
	}
	route, err := unit.Route(ctx, tx, m, unitID)
	if err != nil {
		return nil, err
	}
	up, err := unit.RouteUp(ctx, tx, m, e.DepartmentId)
	return append(route, slices.DeleteFunc(up, func(n *reviewv1.Node) bool { return n.UnitId == unitID })...), err
}

// checked says of an entry whether it holds: its department may have lost its authorisation, or have moved away from the unit that set it,
// after it was set. The answers are remembered, because a map names few departments many times.
func checked(ctx context.Context, tx *db.Tx) func(*committeev1.Competence) (bool, error) {
	known := map[[2]string]bool{}
	return func(e *committeev1.Competence) (bool, error) {
		key := [2]string{e.UnitId, e.DepartmentId}
		ok, asked := known[key]
		if asked {
			return ok, nil
		}
		_, ok, err := receives(ctx, tx, e.UnitId, e.DepartmentId)
		known[key] = ok
		return ok, err
	}
}

// receives returns a unit, and whether it can receive material as the competent department that another has set: it is that unit itself, or
// an authorised department at any depth below it.
func receives(ctx context.Context, tx *db.Tx, setter, id string) (*unitv1.Unit, bool, error) {
	d, err := unit.Units.Find(ctx, tx, id)
	if fault.CodeOf(err) == fault.NotFound {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if id == setter {
		return d, d.Authorised, nil
	}
	above, err := unit.Above(ctx, tx, id)
	return d, d.Authorised && rules.Department(d.Kind) && slices.Contains(above, setter), err
}
