package cache

import (
	"context"
	"fmt"
	"strconv"

	"zhiping/shared/db"
)

// setting reads and writes the cache's own facts inside a transaction.
type setting struct {
	ctx    context.Context
	tx     *db.Tx
	values map[string]string
}

func settings(ctx context.Context, tx *db.Tx) (*setting, error) {
	s := &setting{ctx: ctx, tx: tx, values: map[string]string{}}
	return s, tx.Query(ctx, func(scan func(...any) error) error {
		var name, value string
		err := scan(&name, &value)
		s.values[name] = value
		return err
	}, "SELECT name, CAST(value AS BLOB) FROM setting")
}

func (s *setting) get(name string) string { return s.values[name] }

func (s *setting) number(name string) int64 {
	n, err := strconv.ParseInt(s.values[name], 10, 64)
	if err != nil {
		return 0 // not there yet
	}
	return n
}

func (s *setting) set(name string, value any) error {
	s.values[name] = fmt.Sprint(value)
	_, err := s.tx.Exec(s.ctx, "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, s.values[name])
	return err
}
