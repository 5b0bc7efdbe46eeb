package db

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrate brings the database to the newest version of the series in files (names like 00001_what.sql). It refuses a database that a
// newer program has already migrated further. On PostgreSQL only one server migrates at a time.
func (d *DB) Migrate(ctx context.Context, files fs.FS) error {
	p, err := d.provider(files)
	if err != nil {
		return err
	}
	if err := d.notNewer(ctx, p); err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("db: migrate: %w", err)
	}
	return nil
}

// Version returns the version the database has and the newest one in files.
func (d *DB) Version(ctx context.Context, files fs.FS) (has, newest int64, err error) {
	p, err := d.provider(files)
	if err != nil {
		return 0, 0, err
	}
	return p.GetVersions(ctx)
}

func (d *DB) provider(files fs.FS) (*goose.Provider, error) {
	if d.Dialect == SQLite {
		return goose.NewProvider(goose.DialectSQLite3, d.write, files)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, d.write, files, goose.WithSessionLocker(locker))
}

func (d *DB) notNewer(ctx context.Context, p *goose.Provider) error {
	has, newest, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if has > newest {
		return fmt.Errorf("db: the database has version %d, this program knows %d: install the newer program", has, newest)
	}
	return nil
}
