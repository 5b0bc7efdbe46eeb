// Package meeting serves review meetings (features F1-F13): the draw of the panel (draw.md), the package for the room and the hand-over of
// its record (voting.md). The meeting itself is held without the server.
package meeting

import (
	"context"

	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/server/command"
	"zhiping/server/record"
	"zhiping/server/session"
	"zhiping/shared/fault"
)

type message = *meetingv1.Meeting

// Meetings are the records of meetings.
var Meetings = record.Define(&record.Kind[message]{
	Name: "meeting",
	New:  func() message { return &meetingv1.Meeting{} },
	Columns: []record.Column[message]{
		{Name: "unit_id", Value: func(m message) any { return m.UnitId }},
		{Name: "authorising_id", Value: func(m message) any { return m.AuthorisingId }},
		{Name: "activity_id", Value: func(m message) any { return m.ActivityId }, Match: record.Exact},
		{Name: "name", Value: func(m message) any { return m.Name }, Match: record.Contains, Sort: true},
		{Name: "held_on", Value: func(m message) any { return m.HeldOn }, Match: record.Exact, Sort: true},
	},
	State:   func(m message) string { return m.State.String() },
	Scopes:  []record.Scope{{Name: "own", Column: "unit_id"}, {Name: "authorised", Column: "authorising_id"}},
	Viewers: func(m message) []string { return []string{session.Viewer(m.UnitId), session.Viewer(m.AuthorisingId)} },
})

// Own returns a meeting of the caller's unit.
func Own(ctx context.Context, tx *command.Tx, id string) (message, error) {
	m, err := Meetings.See(ctx, tx.Tx, tx.Caller, id)
	return m, onlyOwn(tx, m, err)
}

// ownAt is Own at a revision.
func ownAt(ctx context.Context, tx *command.Tx, id string, revision int64) (message, error) {
	m, err := Meetings.SeeAt(ctx, tx, id, revision)
	return m, onlyOwn(tx, m, err)
}

func onlyOwn(tx *command.Tx, m message, err error) error {
	if err == nil && m.UnitId != tx.Caller.Unit.Id {
		return fault.New(fault.Denied, "只有组建单位可以办理该会议的业务").At("base.id")
	}
	return err
}
