// Package application serves applications from draft to the committee's table (features D1-D6, F1); later domains move them on.
package application

import (
	"context"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/record"
	"zhiping/server/session"
	rules "zhiping/shared/application"
	"zhiping/shared/db"
)

type message = *applicationv1.Application

// Applications are the records of applications.
var Applications = record.Define(&record.Kind[message]{
	Name: "application",
	New:  func() message { return &applicationv1.Application{} },
	Columns: []record.Column[message]{
		{Name: "unit_id", Value: func(a message) any { return a.UnitId }},
		{Name: "committee_unit_id", Value: func(a message) any { return rules.CommitteeUnit(a) }},
		{Name: "authority_id", Value: func(a message) any { return authority(a) }},
		{Name: "activity_id", Value: func(a message) any { return a.ActivityId }, Match: record.Exact},
		{Name: "person_id", Value: func(a message) any { return a.PersonId }},
		{Name: "name", Value: func(a message) any { return a.Name }, Match: record.Contains, Sort: true},
		{Name: "work_unit", Value: func(a message) any { return a.WorkUnit }, Match: record.Contains, Sort: true},
		{Name: "series", Value: func(a message) any { return a.Series }, Match: record.Exact},
		{Name: "level", Value: func(a message) any { return a.Level }, Match: record.Exact},
		{Name: "specialty", Value: func(a message) any { return a.Specialty }, Match: record.Exact},
		{Name: "method", Value: func(a message) any { return a.Method }, Match: record.Exact},
		{Name: "bar", Value: func(a message) any { return bar(a) }},
	},
	State: func(a message) string { return a.State.String() },
	Scopes: []record.Scope{
		{Name: "own", Column: "unit_id"},
		{Name: "review", Matter: reviewv1.Matter_MATTER_APPLICATION},
		{Name: "committee", Column: "committee_unit_id"},
		{Name: "confirmation", Column: "authority_id"},
	},
	Cases:   func(a message) []*reviewv1.Case { return record.Case(a.Review) },
	Viewers: viewers,
})

// authority is who confirms it, once it has come so far.
func authority(a message) string {
	switch a.State {
	case applicationv1.State_STATE_CONFIRMING, applicationv1.State_STATE_CONFIRMED, applicationv1.State_STATE_CERTIFIED:
		return a.AuthorisingId
	}
	return ""
}

func bar(a message) int64 {
	if rules.Bars(a) {
		return int64(a.Year)
	}
	return 0
}

func viewers(a message) []string {
	all := []string{session.Viewer(a.UnitId)}
	if c := rules.CommitteeUnit(a); c != "" {
		all = append(all, session.Viewer(c))
	}
	if u := authority(a); u != "" {
		all = append(all, session.Viewer(u))
	}
	for i, n := range a.GetReview().GetRoute() {
		if a.Review.Stage != reviewv1.Stage_STAGE_REVIEW || i <= int(a.Review.At) {
			all = append(all, session.Viewer(n.UnitId))
		}
	}
	return all
}

var ofPerson = db.SQL("SELECT body FROM application WHERE person_id = $1")

// OfPerson returns all applications of a person.
func OfPerson(ctx context.Context, tx *db.Tx, personID string) ([]message, error) {
	return all(ctx, tx, ofPerson, personID)
}

var applicant = db.SQL("SELECT name FROM application WHERE person_id = $1 AND unit_id = $2 ORDER BY updated_at DESC LIMIT 1")

// Applicant returns the name of a person who has an application of a unit, as the newest one has it; db.ErrNoRow for nobody of that unit.
func Applicant(ctx context.Context, tx *db.Tx, unitID, personID string) (name string, err error) {
	return name, tx.Get(ctx, []any{&name}, applicant, personID, unitID)
}

var ofActivity = db.SQL("SELECT body FROM application WHERE activity_id = $1 AND state = $2 ORDER BY id")

// OfActivity returns the applications of an activity in a state.
func OfActivity(ctx context.Context, tx *db.Tx, activityID string, s applicationv1.State) ([]message, error) {
	return all(ctx, tx, ofActivity, activityID, s.String())
}

func all(ctx context.Context, tx *db.Tx, query string, args ...any) ([]message, error) {
	var found []message
	err := tx.Query(ctx, func(scan func(...any) error) error {
		var body []byte
		if err := scan(&body); err != nil {
			return err
		}
		a, err := Applications.Decode(body)
		found = append(found, a)
		return err
	}, query, args...)
	return found, err
}
