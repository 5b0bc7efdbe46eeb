// Package expert serves the expert pools (features C4, C5).
package expert

import (
	"context"

	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/record"
	"zhiping/server/session"
	"zhiping/shared/db"
	rules "zhiping/shared/expert"
)

// Experts are the records of experts.
var Experts = record.Define(&record.Kind[*expertv1.Expert]{
	Name: "expert",
	New:  func() *expertv1.Expert { return &expertv1.Expert{} },
	Columns: []record.Column[*expertv1.Expert]{
		{Name: "unit_id", Value: func(e *expertv1.Expert) any { return e.UnitId }},
		{Name: "committee_id", Value: func(e *expertv1.Expert) any { return e.CommitteeId }, Match: record.Exact},
		{Name: "person_id", Value: func(e *expertv1.Expert) any { return e.PersonId }},
		{Name: "name", Value: func(e *expertv1.Expert) any { return e.Name }, Match: record.Contains, Sort: true},
		{Name: "specialty", Value: func(e *expertv1.Expert) any { return e.Specialty }, Match: record.Exact},
		{Name: "work_unit", Value: func(e *expertv1.Expert) any { return e.WorkUnit }, Match: record.Contains, Sort: true},
	},
	State: rules.State,
	Scopes: []record.Scope{
		{Name: "own", Column: "unit_id"},
		{Name: "review", Matter: reviewv1.Matter_MATTER_EXPERT},
	},
	Cases: func(e *expertv1.Expert) []*reviewv1.Case { return record.Case(e.Entry) },
	Viewers: func(e *expertv1.Expert) []string {
		return []string{session.Viewer(e.UnitId), session.Viewer(e.AuthorisingId)}
	},
})

var activeOf = db.SQL("SELECT id FROM expert WHERE committee_id = $1 AND state = 'ACTIVE' ORDER BY id")

// Active returns the active experts of a committee, by id.
func Active(ctx context.Context, tx *db.Tx, committeeID string) ([]*expertv1.Expert, error) {
	var ids []string
	err := tx.Query(ctx, func(scan func(...any) error) error {
		ids = append(ids, "")
		return scan(&ids[len(ids)-1])
	}, activeOf, committeeID)
	if err != nil {
		return nil, err
	}
	all := make([]*expertv1.Expert, len(ids))
	for i, id := range ids {
		if all[i], err = Experts.Find(ctx, tx, id); err != nil {
			return nil, err
		}
	}
	return all, nil
}
