// Package fault holds the errors a person may read.
//
// A fault carries a kind, a Chinese text that says what is wrong and what to do, and the fields it is about. Every other error is a
// bug or a broken machine: it is logged in full, and the person is shown "系统内部错误，编号 …" instead. The server's interceptor and
// the desktop's are the only places where faults and wire errors are turned into each other.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// A Code says what kind of fault it is, and so what a program may do about it.
type Code string

// The codes. Their values go over the wire and are kept in outboxes: never change one.
const (
	Invalid  Code = "invalid"  // the request is wrong whatever the state is
	NotFound Code = "notfound" // no such thing, or not for this person
	Denied   Code = "denied"   // this person may not do this
	State    Code = "state"    // right request, wrong moment: the record's state does not allow it
	Conflict Code = "conflict" // somebody else changed it first
	Late     Code = "late"     // a deadline has passed, by the server's clock
	Gap      Code = "gap"      // a mutation of this outbox is missing before this one; Field is the number to go on with
	Offline  Code = "offline"  // needs the server, which cannot be reached
	Internal Code = "internal" // not the person's fault; the text carries a number to quote
)

// A Problem is one thing that is wrong with one field.
type Problem struct {
	Field string // the path in the request, as in "expert.name"; "" is the whole
	Text  string // Chinese, with the field's label
}

// An Error is a fault.
type Error struct {
	Code     Code
	Message  string
	Field    string    // the first field to point at, or ""
	Problems []Problem // all that is wrong, when there is more than the message says
}

// Error returns the Chinese text.
func (e *Error) Error() string { return e.Message }

// New returns a fault with a formatted Chinese text.
func New(c Code, format string, args ...any) *Error {
	return &Error{Code: c, Message: fmt.Sprintf(format, args...)}
}

// Several returns one Invalid fault that carries every problem (rules.md, article 18: all defects are told at once), or nil for none.
func Several(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	texts := make([]string, len(problems))
	for i, p := range problems {
		texts[i] = p.Text
	}
	return &Error{Code: Invalid, Message: strings.Join(texts, "；"), Field: problems[0].Field, Problems: problems}
}

// At returns a copy of e that points at a field.
func (e *Error) At(field string) *Error {
	f := *e
	f.Field = field
	return &f
}

// As returns the fault in err's chain, or nil if there is none.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// CodeOf returns the code of err: "" for nil, Internal if it is not a fault.
func CodeOf(err error) Code {
	switch e := As(err); {
	case err == nil:
		return ""
	case e == nil:
		return Internal
	default:
		return e.Code
	}
}
