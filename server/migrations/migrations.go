// Package migrations holds the one forward series of the central database. Each file opens with what its tables mean; a file that has
// been released is never edited. Types are those that SQLite and PostgreSQL share.
package migrations

import "embed"

// Files is the series, for db.Migrate.
//
//go:embed *.sql
var Files embed.FS
