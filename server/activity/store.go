// Package activity serves review activities (features E1-E4).
package activity

import (
	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/record"
	"zhiping/server/session"
	rules "zhiping/shared/activity"
)

// everybody owns what is published.
const everybody = "all"

func openTo(a *activityv1.Activity) string {
	if a.Published {
		return everybody
	}
	return ""
}

// Activities are the records of activities.
var Activities = record.Define(&record.Kind[*activityv1.Activity]{
	Name: "activity",
	New:  func() *activityv1.Activity { return &activityv1.Activity{} },
	Columns: []record.Column[*activityv1.Activity]{
		{Name: "unit_id", Value: func(a *activityv1.Activity) any { return a.UnitId }},
		{Name: "committee_id", Value: func(a *activityv1.Activity) any { return a.CommitteeId }, Match: record.Exact},
		{Name: "open_to", Value: func(a *activityv1.Activity) any { return openTo(a) }},
		{Name: "name", Value: func(a *activityv1.Activity) any { return a.Name }, Match: record.Contains, Sort: true},
		{Name: "year", Value: func(a *activityv1.Activity) any { return int64(a.Year) }, Match: record.Exact, Sort: true},
	},
	State: rules.State,
	Scopes: []record.Scope{
		{Name: "own", Column: "unit_id"},
		{Name: "review", Matter: reviewv1.Matter_MATTER_ACTIVITY},
		{Name: "open", Column: "open_to", Owner: func(*session.Caller) string { return everybody }},
	},
	Cases: func(a *activityv1.Activity) []*reviewv1.Case { return record.Case(a.Publication) },
	Viewers: func(a *activityv1.Activity) []string {
		return []string{session.Viewer(a.UnitId), session.Viewer(a.AuthorisingId)}
	},
	Open: func(a *activityv1.Activity) bool { return a.Published },
})
