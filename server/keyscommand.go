package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"zhiping/server/audit"
	"zhiping/server/keys"
	"zhiping/server/serve"
	"zhiping/shared/db"
)

// keysCommand keeps the server's signing keys. The server may run meanwhile: it takes the change up by itself.
type keysCommand struct {
	List   keysList   `cmd:"" help:"List the signing keys with their ids and public halves."`
	Rotate keysRotate `cmd:"" help:"Make a new signing key and let it sign from now on; what earlier ones have signed stays good."`
	Retire keysRetire `cmd:"" help:"Stop believing a signing key that somebody else may have; what it has signed is not good any more."`
}

func (d *data) ring() (*keys.Ring, error) { return keys.Open(filepath.Join(d.Data, "keys"), time.Now) }

type keysList struct{ data }

func (c *keysList) Run() error {
	r, err := c.ring()
	if err != nil {
		return err
	}
	words := map[keys.State]string{keys.Active: "在用", keys.Verifies: "仅核验", keys.Retired: "已停用"}
	for _, k := range r.All() {
		fmt.Printf("%s\t%s\t%s\n", k.ID, words[k.State], k.Hex())
	}
	return nil
}

type keysRotate struct{ data }

func (c *keysRotate) Run(ctx context.Context) error {
	return c.change(ctx, "轮换签名密钥", func(r *keys.Ring) (string, error) {
		k, err := r.Rotate()
		if err != nil {
			return "", err
		}
		fmt.Printf("%s\t在用\t%s\n", k.ID, k.Hex())
		return k.ID, nil
	})
}

type keysRetire struct {
	data
	ID string `arg:"" name:"id" help:"The key's id, as list shows it."`
}

func (c *keysRetire) Run(ctx context.Context) error {
	return c.change(ctx, "停用签名密钥", func(r *keys.Ring) (string, error) { return c.ID, r.Retire(c.ID) })
}

// change changes the keys, notes it in the audit log and lets the active key sign the log's head, so that no signature of a retired one is left
// on it.
func (d *data) change(ctx context.Context, label string, fn func(*keys.Ring) (id string, err error)) error {
	r, err := d.ring()
	if err != nil {
		return err
	}
	b, err := serve.Database(ctx, serve.Config{Dir: d.Data, Database: d.Database})
	if err != nil {
		return err
	}
	id, err := fn(r)
	if err == nil {
		err = b.Write(ctx, func(tx *db.Tx) error {
			return audit.Append(ctx, tx, &audit.Entry{At: time.Now().UnixMilli(), Procedure: "zhiping-server keys", Label: label, Subjects: []audit.Subject{{Kind: "signing-key", ID: id}}})
		})
	}
	if err == nil {
		_, err = audit.Sign(ctx, b, r.Note())
	}
	return errors.Join(err, b.Close())
}
