package record

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"zhiping/shared/db"
)

// registered is a kind as the feed reads it.
type registered struct {
	get    string
	name   string // of the table
	decode func(body []byte, viewer string) (m Message, visible bool, err error)
}

var kinds = map[string]registered{}

func register(name, get string, decode func([]byte, string) (Message, bool, error)) {
	kinds[name] = registered{get: get, name: name, decode: decode}
}

// Kinds returns the names of all kinds, in order.
func Kinds() []string {
	var names []string
	for n := range kinds {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Body returns the bytes and revision of a record of any kind if the viewer may see it; ok is false for a foreign or missing one.
func Body(ctx context.Context, tx *db.Tx, viewer, kind, id string) (body []byte, m Message, ok bool, err error) {
	k, known := kinds[kind]
	if !known {
		return nil, nil, false, nil
	}
	if err := tx.Get(ctx, []any{&body}, k.get, id); errors.Is(err, db.ErrNoRow) {
		return nil, nil, false, nil
	} else if err != nil {
		return nil, nil, false, err
	}
	m, ok, err = k.decode(body, viewer)
	return body, m, ok, err
}

// A Stored is a record as it is stored.
type Stored struct {
	Revision int64
	Body     []byte
}

// bodiesAt is how many records one statement reads.
const bodiesAt = 100

// Bodies returns records of a kind by id, whoever asks: the feed has said who sees them. Reading them together costs a tenth of reading each.
func Bodies(ctx context.Context, tx *db.Tx, kind string, ids []string) (map[string]Stored, error) {
	k, known := kinds[kind]
	all := make(map[string]Stored, len(ids))
	if !known {
		return all, nil
	}
	for part := range slices.Chunk(ids, bodiesAt) {
		args := make([]any, bodiesAt) // always as many, so that the statement is prepared once
		for i := range args {
			args[i] = ""
			if i < len(part) {
				args[i] = part[i]
			}
		}
		if err := tx.Query(ctx, func(scan func(...any) error) error {
			var id string
			var s Stored
			err := scan(&id, &s.Revision, &s.Body)
			all[id] = s
			return err
		}, "SELECT id, revision, body FROM "+k.name+" WHERE id IN ("+places(bodiesAt)+")", args...); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// places are n places of a statement: $1, $2 …
func places(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	return b.String()
}
