package record

import (
	"context"
	"errors"
	"slices"

	"zhiping/shared/db"
)

// registered is a kind as the feed reads it.
type registered struct {
	get    string
	decode func(body []byte, viewer string) (m Message, visible bool, err error)
}

var kinds = map[string]registered{}

func register(name, get string, decode func([]byte, string) (Message, bool, error)) {
	kinds[name] = registered{get: get, decode: decode}
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
