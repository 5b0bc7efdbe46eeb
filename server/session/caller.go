// Package session signs people in and says who calls: accounts with argon2id passwords, opaque tokens of which only the SHA-256 is kept,
// the sessions that begin with them or at a provider (OpenID Connect), and the caller of a request with the rights the person has now (features
// A2, A3, A6, A7).
package session

import (
	"context"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/review"
	"zhiping/shared/right"
)

// A Caller is who calls: the person, the unit and what they may do.
type Caller struct {
	Staff *unitv1.Staff
	Unit  *unitv1.Unit
	// The units above the own one, the nearest first.
	Superiors []string

	// MustChange says that the session began with a password that somebody else has set: nothing is open before it is changed.
	MustChange bool
	rights     map[commonv1.Right]bool
}

// NewCaller works out a person's rights: a super-administrator has all that units of this kind can have, others the union of their roles
// (A7). A unit that is not yet authorised can only mend its own registration (A2).
func NewCaller(staff *unitv1.Staff, unit *unitv1.Unit) *Caller {
	c := &Caller{Staff: staff, Unit: unit, rights: map[commonv1.Right]bool{}}
	give := func(r commonv1.Right) {
		if right.Allowed(r, unit.Kind) && (unit.Authorised || r == commonv1.Right_RIGHT_UNIT_EDIT || r == commonv1.Right_RIGHT_SIGNED_IN) {
			c.rights[r] = true
		}
	}
	give(commonv1.Right_RIGHT_SIGNED_IN)
	if staff.Super {
		for _, r := range right.All() {
			give(r)
		}
	}
	for _, role := range unit.Roles {
		for _, id := range staff.RoleIds {
			if id == role.Id {
				for _, r := range role.Rights {
					give(r)
				}
			}
		}
	}
	return c
}

// Has reports whether the caller has a right; nobody has no rights but the public one.
func (c *Caller) Has(r commonv1.Right) bool {
	return r == commonv1.Right_RIGHT_PUBLIC || c != nil && c.rights[r]
}

// Rights returns the caller's rights in the order of their numbers.
func (c *Caller) Rights() []commonv1.Right {
	var all []commonv1.Right
	for _, r := range right.All() {
		if c.Has(r) {
			all = append(all, r)
		}
	}
	return all
}

// Actor returns the caller as somebody who moves a case.
func (c *Caller) Actor() review.Actor {
	return review.Actor{UnitID: c.Unit.Id, UnitName: c.Unit.Name, StaffID: c.Staff.Id, StaffName: c.Staff.Name}
}

// Viewer returns the name under which the caller's unit sees records.
func (c *Caller) Viewer() string {
	if c == nil {
		return ""
	}
	return Viewer(c.Unit.Id)
}

// Viewer returns the name under which a unit sees records.
func Viewer(unitID string) string { return "unit:" + unitID }

// PersonViewer returns the name under which a person sees records: an applicant, what was sent to them.
func PersonViewer(personID string) string { return "person:" + personID }

type key struct{}

// With puts the caller into a request's context.
func With(ctx context.Context, c *Caller) context.Context { return context.WithValue(ctx, key{}, c) }

// Of returns who calls, nil for nobody.
func Of(ctx context.Context) *Caller {
	c, _ := ctx.Value(key{}).(*Caller)
	return c
}
