// Package unit serves units, their accounts, roles and review posts (features A1-A9). It is the reference domain: store.go declares the
// records and their lists, service.go the procedures, each as: scope, load, rule from shared/unit, write through record.
package unit

import (
	"context"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/record"
	"zhiping/server/session"
	"zhiping/shared/db"
	rules "zhiping/shared/unit"
)

// Units are the records of units.
var Units = record.Define(&record.Kind[*unitv1.Unit]{
	Name: "unit",
	New:  func() *unitv1.Unit { return &unitv1.Unit{} },
	Columns: []record.Column[*unitv1.Unit]{
		{Name: "superior_id", Value: func(u *unitv1.Unit) any { return u.SuperiorId }},
		{Name: "name", Value: func(u *unitv1.Unit) any { return u.Name }, Match: record.Contains, Sort: true},
		{Name: "credit_code", Value: func(u *unitv1.Unit) any { return u.CreditCode }, Match: record.Exact},
		{Name: "kind", Value: func(u *unitv1.Unit) any { return int64(u.Kind) }, Match: record.Exact},
		{Name: "division", Value: func(u *unitv1.Unit) any { return u.Division }, Match: record.Exact},
		{Name: "nature", Value: func(u *unitv1.Unit) any { return u.Nature }, Match: record.Exact},
	},
	State: rules.State,
	Scopes: []record.Scope{
		{Name: "subordinate", Column: "superior_id"},
		{Name: "registration", Matter: reviewv1.Matter_MATTER_UNIT},
		{Name: "superior", Matter: reviewv1.Matter_MATTER_SUPERIOR},
	},
	Cases: func(u *unitv1.Unit) []*reviewv1.Case {
		var all []*reviewv1.Case
		if u.Registration != nil {
			all = append(all, u.Registration)
		}
		if u.SuperiorChange != nil {
			all = append(all, u.SuperiorChange)
		}
		return all
	},
	Viewers: func(u *unitv1.Unit) []string {
		v := []string{session.Viewer(u.Id)}
		if u.SuperiorId != "" {
			v = append(v, session.Viewer(u.SuperiorId))
		}
		if u.PendingSuperiorId != "" {
			v = append(v, session.Viewer(u.PendingSuperiorId))
		}
		return v
	},
})

// Staff are the records of people with an account.
var Staff = record.Define(&record.Kind[*unitv1.Staff]{
	Name: "staff",
	New:  func() *unitv1.Staff { return &unitv1.Staff{} },
	Columns: []record.Column[*unitv1.Staff]{
		{Name: "unit_id", Value: func(s *unitv1.Staff) any { return s.UnitId }},
		{Name: "name", Value: func(s *unitv1.Staff) any { return s.Name }, Match: record.Contains, Sort: true},
		{Name: "account", Value: func(s *unitv1.Staff) any { return s.Account }, Match: record.Contains, Sort: true},
		{Name: "number", Value: func(s *unitv1.Staff) any { return session.Number(s.Number) }},
	},
	State:   rules.StaffState,
	Scopes:  []record.Scope{{Name: "own", Column: "unit_id"}},
	Viewers: func(s *unitv1.Staff) []string { return []string{session.Viewer(s.UnitId)} },
})

// Resolve finds the caller that a member of staff is now, for the session.
func Resolve(ctx context.Context, tx *db.Tx, staffID string) (*session.Caller, error) {
	s, err := Staff.Find(ctx, tx, staffID)
	if err != nil {
		return nil, err
	}
	u, err := Units.Find(ctx, tx, s.UnitId)
	if err != nil {
		return nil, err
	}
	c := session.NewCaller(s, u)
	c.Superiors, err = Above(ctx, tx, u.Id)
	return c, err
}

var (
	staffOf       = db.SQL("SELECT id FROM staff WHERE unit_id = $1 ORDER BY id")
	staffByNumber = db.SQL("SELECT id FROM staff WHERE number = $1 AND state = 'ENABLED' ORDER BY id LIMIT 2")
	superiorOf    = db.SQL("SELECT superior_id FROM unit WHERE id = $1")
	findSuperiors = db.SQL(`SELECT id, name, kind FROM unit WHERE state = 'AUTHORISED' AND name LIKE $1 ESCAPE '\' ORDER BY name, id LIMIT 20`)
)

// ByNumber returns the enabled accounts, of whatever unit, that have been entered with this number of the ID (session.Number), for the session.
func ByNumber(ctx context.Context, tx *db.Tx, number string) (ids []string, err error) {
	err = tx.Query(ctx, func(scan func(...any) error) error {
		ids = append(ids, "")
		return scan(&ids[len(ids)-1])
	}, staffByNumber, number)
	return ids, err
}

// StaffOf returns all accounts of a unit.
func StaffOf(ctx context.Context, tx *db.Tx, unitID string) ([]*unitv1.Staff, error) {
	var ids []string
	err := tx.Query(ctx, func(scan func(...any) error) error {
		ids = append(ids, "")
		return scan(&ids[len(ids)-1])
	}, staffOf, unitID)
	if err != nil {
		return nil, err
	}
	all := make([]*unitv1.Staff, len(ids))
	for i, id := range ids {
		if all[i], err = Staff.Find(ctx, tx, id); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Above returns the ids of a unit's superiors, the nearest first.
func Above(ctx context.Context, tx *db.Tx, id string) ([]string, error) {
	var all []string
	for range maxDepth {
		var up string
		if err := tx.Get(ctx, []any{&up}, superiorOf, id); err != nil || up == "" {
			return all, err
		}
		all, id = append(all, up), up
	}
	return all, nil
}

// maxDepth bounds the walk up the tree, whatever is in the database.
const maxDepth = 20

func superiors(ctx context.Context, tx *db.Tx, like string) ([]*unitv1.Superior, error) {
	var all []*unitv1.Superior
	err := tx.Query(ctx, func(scan func(...any) error) error {
		s := &unitv1.Superior{}
		var kind int32
		if err := scan(&s.Id, &s.Name, &kind); err != nil {
			return err
		}
		s.Kind = commonv1.UnitKind(kind)
		all = append(all, s)
		return nil
	}, findSuperiors, like)
	return all, err
}
