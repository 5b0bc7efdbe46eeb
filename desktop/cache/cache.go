// Package cache is what the desktop has seen, on disk: lists are read through it, so that without the network the last state is shown (sync.md,
// read path; the full mirror comes with the sync issue). It is disposable, and sealed: bodies hold personal data and are encrypted with a
// key that only the person's password gives.
package cache

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-sqlite3"
	"golang.org/x/crypto/scrypt"
	"google.golang.org/protobuf/proto"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

// A Cache is the file of one server and account.
type Cache struct {
	db  *db.DB
	box cipher.AEAD
	now func() time.Time
}

const schema = `
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS page (key BLOB PRIMARY KEY, at INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;`

// fileName is the cache inside its folder.
const fileName = "cache.db"

// Open opens or creates the cache of a folder. A cache that another password sealed is emptied, and one that cannot be read is made anew: it
// can always be filled again, and must not keep anybody from working.
func Open(ctx context.Context, dir, password string, now func() time.Time) (*Cache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	c, err := open(ctx, dir, password, now)
	var bad sqlite3.Error
	if err == nil || !errors.As(err, &bad) || bad.Code != sqlite3.ErrNotADB && bad.Code != sqlite3.ErrCorrupt {
		return c, err // a file that another window of the program has open is not damaged
	}
	slog.Warn("cache is made anew", "error", err)
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(dir, fileName+end)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	return open(ctx, dir, password, now)
}

func open(ctx context.Context, dir, password string, now func() time.Time) (*Cache, error) {
	d, err := db.OpenSQLite(ctx, filepath.Join(dir, fileName))
	if err != nil {
		return nil, err
	}
	c := &Cache{db: d, now: now}
	if err := c.unlock(ctx, password); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return c, nil
}

// Close closes the file.
func (c *Cache) Close() error { return c.db.Close() }

// proof is what the key seals so that another password is noticed.
var proof = []byte("zhiping cache 1")

func (c *Cache) unlock(ctx context.Context, password string) error {
	if _, err := c.db.Raw().ExecContext(ctx, schema); err != nil {
		return err
	}
	return c.db.Write(ctx, func(tx *db.Tx) error {
		var salt, sealed []byte
		err := tx.Get(ctx, []any{&salt}, "SELECT value FROM setting WHERE name = 'salt'")
		if err == nil {
			err = tx.Get(ctx, []any{&sealed}, "SELECT value FROM setting WHERE name = 'proof'")
		}
		if err != nil && !errors.Is(err, db.ErrNoRow) {
			return err
		}
		if err == nil {
			if err := c.key(password, salt); err != nil {
				return err
			}
			if _, err := c.unseal(sealed); err == nil {
				return nil
			}
		}
		return c.begin(ctx, tx, password)
	})
}

// begin empties the cache under a new key.
func (c *Cache) begin(ctx context.Context, tx *db.Tx, password string) error {
	salt := make([]byte, 16)
	rand.Read(salt)
	if err := c.key(password, salt); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "DELETE FROM page"); err != nil {
		return err
	}
	for name, value := range map[string][]byte{"salt": salt, "proof": c.seal(proof)} {
		if _, err := tx.Exec(ctx, "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cache) key(password string, salt []byte) error {
	k, err := scrypt.Key([]byte(password), salt, 1<<15, 8, 1, 32)
	if err != nil {
		return err
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return err
	}
	c.box, err = cipher.NewGCM(block)
	return err
}

func (c *Cache) seal(b []byte) []byte {
	nonce := make([]byte, c.box.NonceSize())
	rand.Read(nonce)
	return c.box.Seal(nonce, nonce, b, nil)
}

func (c *Cache) unseal(b []byte) ([]byte, error) {
	n := c.box.NonceSize()
	if len(b) < n {
		return nil, errors.New("cache: too short")
	}
	return c.box.Open(nil, b[:n], b[n:], nil)
}

// A Source answers one page of a list.
type Source[M any] func(context.Context, *commonv1.Query) ([]M, *commonv1.PageInfo, error)

// Through reads a list through the cache: what the server answers is kept; when it cannot be reached, what was kept is answered instead,
// together with an Offline fault that says how old it is (list.Source).
func Through[M proto.Message](c *Cache, name string, source Source[M]) Source[M] {
	return func(ctx context.Context, q *commonv1.Query) ([]M, *commonv1.PageInfo, error) {
		rows, page, err := source(ctx, q)
		if c == nil {
			return rows, page, err
		}
		key, bad := keyOf(name, q)
		if bad != nil {
			return rows, page, err
		}
		switch {
		case err == nil:
			if bad := keep(ctx, c, key, rows, page); bad != nil { // the answer is good all the same
				slog.Warn("cache", "list", name, "error", bad)
			}
		case fault.CodeOf(err) == fault.Offline:
			if rows, page, at, bad := kept[M](ctx, c, key); bad == nil {
				return rows, page, fault.New(fault.Offline, "服务器连接不上，以下是本机 %s 保存的数据", at.In(china).Format("01-02 15:04"))
			}
		}
		return rows, page, err
	}
}

var china = time.FixedZone("+08:00", 8*60*60)

func keyOf(name string, q *commonv1.Query) ([]byte, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(q)
	h := sha256.Sum256(append([]byte(name+"\x00"), b...))
	return h[:], err
}

// keep stores a page: its info and its rows, each with its length in front.
func keep[M proto.Message](ctx context.Context, c *Cache, key []byte, rows []M, page *commonv1.PageInfo) error {
	var all []byte
	for _, m := range append([]proto.Message{page}, messages(rows)...) {
		b, err := proto.Marshal(m)
		if err != nil {
			return err
		}
		all = append(binary.AppendUvarint(all, uint64(len(b))), b...)
	}
	sealed := c.seal(all)
	return c.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO page (key, at, sealed) VALUES ($1, $2, $3) ON CONFLICT (key) DO UPDATE SET at = excluded.at, sealed = excluded.sealed", key, c.now().UnixMilli(), sealed)
		return err
	})
}

func messages[M proto.Message](rows []M) []proto.Message {
	all := make([]proto.Message, len(rows))
	for i, r := range rows {
		all[i] = r
	}
	return all
}

func kept[M proto.Message](ctx context.Context, c *Cache, key []byte) ([]M, *commonv1.PageInfo, time.Time, error) {
	var at int64
	var sealed []byte
	if err := c.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, []any{&at, &sealed}, "SELECT at, sealed FROM page WHERE key = $1", key)
	}); err != nil {
		return nil, nil, time.Time{}, err
	}
	all, err := c.unseal(sealed)
	if err != nil {
		return nil, nil, time.Time{}, err
	}
	rows, page, err := decode[M](all)
	return rows, page, time.UnixMilli(at), err
}

// decode reads what keep has written.
func decode[M proto.Message](all []byte) ([]M, *commonv1.PageInfo, error) {
	page := &commonv1.PageInfo{}
	var rows []M
	for first := true; len(all) > 0; first = false {
		n, used := binary.Uvarint(all)
		if used <= 0 || n > uint64(len(all)-used) {
			return nil, nil, errors.New("cache: damaged")
		}
		b := all[used : used+int(n)]
		all = all[used+int(n):]
		if first {
			if err := proto.Unmarshal(b, page); err != nil {
				return nil, nil, err
			}
			continue
		}
		var zero M
		m := zero.ProtoReflect().New().Interface().(M)
		if err := proto.Unmarshal(b, m); err != nil {
			return nil, nil, err
		}
		rows = append(rows, m)
	}
	return rows, page, nil
}
