// Package message holds the rules of messages from a unit to its subordinates and its applicants (features J1, J2).
package message

import (
	messagev1 "zhiping/proto/gen/zhiping/message/v1"
	"zhiping/shared/review"
)

// The states of a delivery, as the tabs of its list.
const (
	Unread = "UNREAD"
	Read   = "READ"
)

// State returns the tab a delivery stands under.
func State(d *messagev1.Delivery) string {
	if d.ReadAt > 0 {
		return Read
	}
	return Unread
}

// MarkRead notes who has read a message for the unit; whoever was first stands.
func MarkRead(d *messagev1.Delivery, by review.Actor, at int64) {
	if d.ReadAt == 0 {
		d.ReadAt, d.ReadBy = at, by.StaffName
	}
}

// Recipient names who receives a delivery, a unit or a person.
func Recipient(d *messagev1.Delivery) string {
	if d.PersonId != "" {
		return d.PersonName
	}
	return d.UnitName
}

// Audience says whom a request sends its message to.
func Audience(r *messagev1.SendMessageRequest) messagev1.Audience {
	if len(r.PersonIds) > 0 {
		return messagev1.Audience_AUDIENCE_PEOPLE
	}
	return messagev1.Audience_AUDIENCE_UNITS
}
