package main

import (
	"context"
	"errors"

	"zhiping/server/serve"
	serversync "zhiping/server/sync"
	"zhiping/shared/db"
)

// vacuumInto copies a database that may be in use into one whole file.
func vacuumInto(ctx context.Context, from, to string) error {
	d, err := db.OpenSQLite(ctx, from)
	if err != nil {
		return err
	}
	_, err = d.Raw().ExecContext(ctx, "VACUUM INTO ?", to)
	return errors.Join(err, d.Close())
}

// newEpoch makes every client notice that the server is older than what it knows.
func newEpoch(ctx context.Context, c data) error {
	d, err := serve.Database(ctx, serve.Config{Dir: c.Data, Database: c.Database})
	if err != nil {
		return err
	}
	return errors.Join(serversync.NewEpoch(ctx, d), d.Close())
}
