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
		{Name: "position", Value: func(e *expertv1.Expert) any { return int64(e.Position) }},
		{Name: "work_unit", Value: func(e *expertv1.Expert) any { return e.WorkUnit }, Match: record.Contains, Sort: true},
	},
	State: rules.State,
	Scopes: []record.Scope{
		{Name: "own", Column: "unit_id"},
		{Name: "review", Matter: reviewv1.Matter_MATTER_EXPERT},
		{Name: "pool", Column: "committee_id"}, // asked for one committee that the caller sees
	},
	Cases: func(e *expertv1.Expert) []*reviewv1.Case { return record.Case(e.Entry) },
	Viewers: func(e *expertv1.Expert) []string {
		return []string{session.Viewer(e.UnitId), session.Viewer(e.AuthorisingId)}
	},
})

// Pools are the records of what each pool comes to.
var Pools = record.Define(&record.Kind[*expertv1.Pool]{
	Name: "pool",
	New:  func() *expertv1.Pool { return &expertv1.Pool{} },
	Columns: []record.Column[*expertv1.Pool]{
		{Name: "unit_id", Value: func(p *expertv1.Pool) any { return p.UnitId }},
		{Name: "authorising_id", Value: func(p *expertv1.Pool) any { return p.AuthorisingId }},
		{Name: "name", Value: func(p *expertv1.Pool) any { return p.Name }, Match: record.Contains, Sort: true},
	},
	State:  rules.PoolState,
	Scopes: []record.Scope{{Name: "authorised", Column: "authorising_id"}, {Name: "own", Column: "unit_id"}},
	Viewers: func(p *expertv1.Pool) []string {
		return []string{session.Viewer(p.UnitId), session.Viewer(p.AuthorisingId)}
	},
})

// Recommendations are the records of people whom subordinate units recommend.
var Recommendations = record.Define(&record.Kind[*expertv1.Recommendation]{
	Name: "recommendation",
	New:  func() *expertv1.Recommendation { return &expertv1.Recommendation{} },
	Columns: []record.Column[*expertv1.Recommendation]{
		{Name: "unit_id", Value: func(r *expertv1.Recommendation) any { return r.UnitId }},
		{Name: "committee_id", Value: func(r *expertv1.Recommendation) any { return r.Expert.GetCommitteeId() }, Match: record.Exact},
		{Name: "name", Value: func(r *expertv1.Recommendation) any { return r.Expert.GetName() }, Match: record.Contains, Sort: true},
		{Name: "work_unit", Value: func(r *expertv1.Recommendation) any { return r.Expert.GetWorkUnit() }, Match: record.Contains},
	},
	State: rules.RecommendationState,
	Scopes: []record.Scope{
		{Name: "own", Column: "unit_id"},
		{Name: "review", Matter: reviewv1.Matter_MATTER_RECOMMENDATION},
	},
	Cases: func(r *expertv1.Recommendation) []*reviewv1.Case { return record.Case(r.Review) },
	Viewers: func(r *expertv1.Recommendation) []string {
		v := []string{session.Viewer(r.UnitId)}
		if rules.RecommendationState(r) != rules.Recommending { // a draft is the recommending unit's own
			v = append(v, session.Viewer(r.CommitteeUnitId))
		}
		return v
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
