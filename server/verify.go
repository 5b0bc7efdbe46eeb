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
)

type verifyCommand struct {
	Audit verifyAudit `cmd:"" help:"Recompute the audit log and hold it against the signed checkpoint."`
}

type verifyAudit struct{ data }

func (c *verifyAudit) Run(ctx context.Context) error {
	ring, err := keys.Open(filepath.Join(c.Data, "keys"), time.Now)
	if err != nil {
		return err
	}
	d, err := serve.Database(ctx, serve.Config{Dir: c.Data, Database: c.Database})
	if err != nil {
		return err
	}
	r, err := audit.Verify(ctx, d, ring.Verifier())
	if err = errors.Join(err, d.Close()); err != nil {
		return err
	}
	fmt.Printf("审计记录 %d 条，根 %s，已签名至第 %d 条\n一致\n", r.Entries, r.Root, r.Signed)
	return nil
}
