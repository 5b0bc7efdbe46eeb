// Package record keeps the authoritative records: one record is the columns that lists filter and sort by, and its message. Writing one takes
// the revision it was made from (another one is a Conflict), and puts columns, body, feed, counters, review seats and audit note into the
// command's transaction.
package record

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/session"
	"zhiping/shared/db"
)

// A Message is what a record can be: every record has an id and a revision.
type Message interface {
	proto.Message
	GetId() string
	GetRevision() int64
}

// Match says how a list filters by a column.
type Match int

// The ways to match.
const (
	No       Match = iota // cannot be filtered by
	Exact                 // the whole value
	Contains              // a part of the text
)

// A Column is a value of the message that lists filter and sort by.
type Column[M Message] struct {
	Name  string
	Value func(M) any // string, int64 or bool
	Match Match
	Sort  bool
}

// A Scope is a view on the records of a kind: those whose column holds the owner's name.
type Scope struct {
	Name   string
	Column string
	// Owner gives the value from the caller; nil is the caller's unit.
	Owner func(*session.Caller) string
	// Matter, if set, makes it a scope of review: the cases that lie or lay before the caller's unit, with tabs as states.
	Matter reviewv1.Matter
}

// A Kind declares the records of one table.
type Kind[M Message] struct {
	Name    string // of the table, and in the feed
	New     func() M
	Columns []Column[M]
	State   func(M) string // the state for tabs; nil for none
	Scopes  []Scope
	Cases   func(M) []*reviewv1.Case
	Viewers func(M) []string // who sees it: "unit:…"
	Open    func(M) bool     // whether everybody who is signed in sees it; nil is never

	sql statements
	by  map[string]*Column[M]
}

type statements struct{ get, insert, update string }

// Define finishes a kind: it works out the statements and registers them for the test that prepares them on both databases.
func Define[M Message](k *Kind[M]) *Kind[M] {
	k.by = map[string]*Column[M]{}
	names := []string{"id", "revision", "updated_at", "body", "state"}
	for i := range k.Columns {
		names = append(names, k.Columns[i].Name)
		k.by[k.Columns[i].Name] = &k.Columns[i]
	}
	marks, sets := make([]string, len(names)), []string(nil)
	for i, n := range names {
		marks[i] = fmt.Sprintf("$%d", i+1)
		if n != "id" {
			sets = append(sets, fmt.Sprintf("%s = $%d", n, i+1))
		}
	}
	k.sql.get = db.SQL(fmt.Sprintf("SELECT body FROM %s WHERE id = $1", k.Name))
	k.sql.insert = db.SQL(fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) ON CONFLICT DO NOTHING", k.Name, strings.Join(names, ", "), strings.Join(marks, ", ")))
	k.sql.update = db.SQL(fmt.Sprintf("UPDATE %s SET %s WHERE id = $1 AND revision = $%d", k.Name, strings.Join(sets, ", "), len(names)+1))
	for _, s := range k.Scopes {
		for _, q := range k.samples(s) {
			db.SQL(q)
		}
	}
	register(k.Name, k.sql.get, func(b []byte, viewer string) (Message, bool, error) {
		m, err := k.Decode(b)
		return m, err == nil && k.seenBy(m, viewer), err
	})
	return k
}

// Decode reads a record's message.
func (k *Kind[M]) Decode(body []byte) (M, error) {
	m := k.New()
	return m, proto.Unmarshal(body, m)
}

// seenBy reports whether a viewer sees a record.
func (k *Kind[M]) seenBy(m M, viewer string) bool {
	return slices.Contains(k.Viewers(m), viewer) || viewer != "" && k.Open != nil && k.Open(m)
}

func (k *Kind[M]) cases(m M) []*reviewv1.Case {
	if k.Cases == nil {
		return nil
	}
	return k.Cases(m)
}

func (k *Kind[M]) state(m M) string {
	if k.State == nil {
		return ""
	}
	return k.State(m)
}

// values are the columns' values of a message, in the order of the statements.
func (k *Kind[M]) values(m M, now int64, body []byte) []any {
	all := []any{m.GetId(), m.GetRevision(), now, body, k.state(m)}
	for i := range k.Columns {
		all = append(all, k.Columns[i].Value(m))
	}
	return all
}

// Case is the one case of a record, none for a record that was never handed in.
func Case(c *reviewv1.Case) []*reviewv1.Case {
	if c == nil {
		return nil
	}
	return []*reviewv1.Case{c}
}
