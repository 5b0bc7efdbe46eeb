// Package committee serves review committees and their filing (features C1-C3).
package committee

import (
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/record"
	"zhiping/server/session"
	rules "zhiping/shared/committee"
)

// Committees are the records of committees.
var Committees = record.Define(&record.Kind[*committeev1.Committee]{
	Name: "committee",
	New:  func() *committeev1.Committee { return &committeev1.Committee{} },
	Columns: []record.Column[*committeev1.Committee]{
		{Name: "unit_id", Value: func(c *committeev1.Committee) any { return c.UnitId }},
		{Name: "authorising_id", Value: func(c *committeev1.Committee) any { return c.AuthorisingId }},
		{Name: "name", Value: func(c *committeev1.Committee) any { return c.Name }, Match: record.Contains, Sort: true},
		{Name: "series", Value: func(c *committeev1.Committee) any { return c.Series }, Match: record.Exact},
	},
	State: rules.State,
	Scopes: []record.Scope{
		{Name: "own", Column: "unit_id"},
		{Name: "authorised", Column: "authorising_id"},
		{Name: "filing", Matter: reviewv1.Matter_MATTER_COMMITTEE},
	},
	Cases: func(c *committeev1.Committee) []*reviewv1.Case { return record.Case(c.Filing) },
	Viewers: func(c *committeev1.Committee) []string {
		return []string{session.Viewer(c.UnitId), session.Viewer(c.AuthorisingId), session.Viewer(c.FilingId)}
	},
})
