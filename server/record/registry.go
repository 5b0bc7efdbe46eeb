package record

import (
	"context"
	"errors"
	"slices"

	"zhiping/shared/db"
)

// registered is a kind as the feed reads it.
type registered struct {
	public bool
	decode func([]byte) (Message, []string, error)
	get    string
}

var kinds = map[string]registered{}

func register(name string, public bool, decode func([]byte) (Message, []string, error), get string) {
	kinds[name] = registered{public: public, decode: decode, get: get}
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
	m, viewers, err := k.decode(body)
	if err != nil {
		return nil, nil, false, err
	}
	return body, m, k.public || slices.Contains(viewers, viewer), nil
}
