// Package cache is the mirror of what the account may see on the server: records with their sealed messages, and for every list the rows with
// what they are sorted and searched by. It is disposable: another schema, a damaged file or thirty days without a sign-in, and it is made
// anew (sync.md, read path). What has been done here and not yet come back from the server lies over it.
package cache

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mattn/go-sqlite3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"zhiping/desktop/vault"
	"zhiping/shared/db"
)

// A Cache is the file of one server and account.
type Cache struct {
	db    *db.DB
	vault *vault.Vault
	now   func() time.Time
	unit  string // whose view it is
	lists map[string][]index
	kinds map[string]protoreflect.MessageType

	filled  atomic.Bool // whether the first checkpoint is complete; before that nothing of it is seen
	mu      sync.Mutex
	missing map[string]bool // by kind, whether a body is missing; absent is not known
}

// schemaNumber is raised with every change of the schema or of what lists index; a file of another number is made anew.
const schemaNumber = 3

const schema = `
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS item (kind TEXT NOT NULL, id TEXT NOT NULL, open INTEGER NOT NULL, revision INTEGER NOT NULL, at INTEGER NOT NULL, by_whom TEXT NOT NULL, PRIMARY KEY (kind, id, open)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS record (kind TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, used INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, id)) STRICT;
CREATE INDEX IF NOT EXISTS record_used ON record (used);
CREATE TABLE IF NOT EXISTS overlay (kind TEXT NOT NULL, id TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, id)) STRICT;
CREATE TABLE IF NOT EXISTS entry (list TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL, part TEXT NOT NULL, c0 TEXT NOT NULL, c1 TEXT NOT NULL, c2 TEXT NOT NULL, c3 TEXT NOT NULL, PRIMARY KEY (list, id)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entry_state ON entry (list, state, at, id);
CREATE INDEX IF NOT EXISTS entry_part ON entry (list, part, state, at, id) WHERE part <> '';
CREATE INDEX IF NOT EXISTS entry_c0 ON entry (list, c0) WHERE c0 <> '';
CREATE INDEX IF NOT EXISTS entry_c1 ON entry (list, c1) WHERE c1 <> '';
CREATE INDEX IF NOT EXISTS entry_c2 ON entry (list, c2) WHERE c2 <> '';
CREATE INDEX IF NOT EXISTS entry_c3 ON entry (list, c3) WHERE c3 <> '';
CREATE TABLE IF NOT EXISTS term (term TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (term, text)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS digest (kind TEXT NOT NULL, open INTEGER NOT NULL, count INTEGER NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (kind, open)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS incoming (seq INTEGER PRIMARY KEY, page BLOB NOT NULL) STRICT;`

// fileName is the cache inside its folder.
const fileName = "cache.db"

// unused is how long a mirror nobody signed in to is kept.
const unused = 30 * 24 * time.Hour

// Open opens or creates the mirror of a folder for a unit. One that cannot be read, is of another program's schema, or was not opened for thirty
// days is made anew: it can always be filled again, and must not keep anybody from working.
func Open(ctx context.Context, dir string, v *vault.Vault, unit string, now func() time.Time) (*Cache, error) {
	c, err := open(ctx, dir, v, unit, now)
	var bad sqlite3.Error
	if err == nil || !errors.Is(err, errStale) && (!errors.As(err, &bad) || bad.Code != sqlite3.ErrNotADB && bad.Code != sqlite3.ErrCorrupt) {
		return c, err // a file that another window of the program has open is not damaged
	}
	slog.Warn("mirror is made anew", "error", err)
	if err := Remove(dir); err != nil {
		return nil, err
	}
	return open(ctx, dir, v, unit, now)
}

// Remove removes the mirror of a folder; it must not be open.
func Remove(dir string) error {
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(dir, fileName+end)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// errStale says that a mirror is of no use any more.
var errStale = errors.New("cache: another schema, another unit, or not used for long")

func open(ctx context.Context, dir string, v *vault.Vault, unit string, now func() time.Time) (*Cache, error) {
	d, err := db.OpenMirror(ctx, filepath.Join(dir, fileName))
	if err != nil {
		return nil, err
	}
	c := &Cache{db: d, vault: v, now: now, unit: unit, lists: map[string][]index{}, kinds: map[string]protoreflect.MessageType{}, missing: map[string]bool{}}
	if err := c.prepare(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return c, nil
}

// proof is what the key seals, so that a mirror of another key is noticed.
const proof = "zhiping"

func (c *Cache) prepare(ctx context.Context) error {
	var version int
	if err := c.db.Raw().QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	var tables int
	if err := c.db.Raw().QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return err
	}
	if tables > 0 && version != schemaNumber {
		return errStale
	}
	if _, err := c.db.Raw().ExecContext(ctx, schema+"\nPRAGMA user_version = 3;"); err != nil {
		return err
	}
	return c.db.Write(ctx, func(tx *db.Tx) error {
		s, err := settings(ctx, tx)
		if err != nil {
			return err
		}
		if tables > 0 {
			sealed, bad := c.vault.Open([]byte(s.get("proof")))
			opened := time.UnixMilli(s.number("opened"))
			if bad != nil || string(sealed) != proof || s.get("unit") != c.unit || c.now().Sub(opened) > unused {
				return errStale
			}
		}
		c.filled.Store(s.get("epoch") != "")
		return errors.Join(s.set("proof", string(c.vault.Seal([]byte(proof)))), s.set("unit", c.unit), s.set("opened", c.now().UnixMilli()))
	})
}

// Close closes the file.
func (c *Cache) Close() error { return c.db.Close() }

// Get returns a record as it is seen here: with what has been done on this machine. ok is false for one that is not here.
func (c *Cache) Get(ctx context.Context, kind, id string) (m proto.Message, ok bool, err error) {
	err = c.db.Read(ctx, func(tx *db.Tx) error {
		m, err = c.effective(ctx, tx, kind, id)
		return err
	})
	return m, m != nil, err
}

// Base returns a record as the server has it, with who changed it last and when.
func (c *Cache) Base(ctx context.Context, kind, id string) (m proto.Message, by string, at time.Time, err error) {
	var ms int64
	err = c.db.Read(ctx, func(tx *db.Tx) error {
		if m, err = c.body(ctx, tx, "SELECT body FROM record WHERE kind = $1 AND id = $2", kind, id); err != nil || m == nil {
			return err
		}
		err := tx.Get(ctx, []any{&by, &ms}, "SELECT by_whom, at FROM item WHERE kind = $1 AND id = $2 ORDER BY open LIMIT 1", kind, id)
		if errors.Is(err, db.ErrNoRow) {
			return nil
		}
		return err
	})
	return m, by, time.UnixMilli(ms), err
}

// effective is the overlay's message, or the server's; nil for none.
func (c *Cache) effective(ctx context.Context, tx *db.Tx, kind, id string) (proto.Message, error) {
	m, err := c.body(ctx, tx, "SELECT body FROM overlay WHERE kind = $1 AND id = $2", kind, id)
	if m != nil || err != nil || !c.filled.Load() {
		return m, err
	}
	return c.body(ctx, tx, "SELECT body FROM record WHERE kind = $1 AND id = $2", kind, id)
}

func (c *Cache) body(ctx context.Context, tx *db.Tx, query, kind, id string) (proto.Message, error) {
	var sealed []byte
	if err := tx.Get(ctx, []any{&sealed}, query, kind, id); errors.Is(err, db.ErrNoRow) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	b, err := c.vault.Open(sealed)
	if err != nil {
		return nil, err
	}
	return c.decode(kind, b)
}

func (c *Cache) decode(kind string, b []byte) (proto.Message, error) {
	t := c.kinds[kind]
	if t == nil {
		var err error
		if t, err = typeOf(kind); err != nil {
			return nil, err
		}
	}
	m := t.New().Interface()
	return m, proto.Unmarshal(b, m)
}

// domains are the kinds that are of a domain of another name.
var domains = map[string]string{"staff": "unit", "delivery": "message", "competence": "committee", "pool": "expert", "recommendation": "expert"}

// KindOf is the kind of records that a procedure of a domain is about: SubmitRecommendations of experts is about recommendations.
func KindOf(domain, procedure string) string {
	for kind, d := range domains {
		if d == domain && strings.Contains(strings.ToLower(procedure), kind) {
			return kind
		}
	}
	return domain
}

// typeOf finds the message of a kind: its domain's package has it under its own name.
func typeOf(kind string) (protoreflect.MessageType, error) {
	domain := kind
	if d := domains[kind]; d != "" {
		domain = d
	}
	name := string(kind[0]-'a'+'A') + kind[1:]
	return protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName("zhiping." + domain + ".v1." + name))
}

// Revision is the revision that a message carries.
func Revision(m proto.Message) int64 {
	if r, ok := m.(interface{ GetRevision() int64 }); ok {
		return r.GetRevision()
	}
	return 0
}
