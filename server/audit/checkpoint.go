package audit

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"zhiping/shared/db"
)

var (
	readCheckpoint = db.SQL("SELECT value FROM setting WHERE name = 'audit-checkpoint'")
	saveCheckpoint = db.SQL("INSERT INTO setting (name, value) VALUES ('audit-checkpoint', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
)

// Sign signs the log's present head, unless the kept checkpoint is of this size already, and keeps it in the database.
func Sign(ctx context.Context, d *db.DB, signer note.Signer) (string, error) {
	var text string
	err := d.Write(ctx, func(tx *db.Tx) error {
		t, err := Head(ctx, tx)
		if err != nil || t.N == 0 {
			return err
		}
		b, err := note.Sign(&note.Note{Text: string(tlog.FormatTree(t))}, signer)
		if err != nil {
			return err
		}
		text = string(b)
		_, err = tx.Exec(ctx, saveCheckpoint, text)
		return err
	})
	return text, err
}

// Checkpoint returns the kept checkpoint, "" for none.
func Checkpoint(ctx context.Context, tx *db.Tx) (string, error) {
	var text string
	if err := tx.Get(ctx, []any{&text}, readCheckpoint); err != nil && !errors.Is(err, db.ErrNoRow) {
		return "", err
	}
	return text, nil
}

// A Report is what Verify found.
type Report struct {
	Entries int64
	Root    string
	Signed  int64 // the size of the signed checkpoint
}

// Verify recomputes the log from its entries and compares it with the stored hashes and with the checkpoint the server signed last. The
// error names the first difference, in Chinese.
func Verify(ctx context.Context, d *db.DB, keys note.Verifiers) (Report, error) {
	var r Report
	err := d.Read(ctx, func(tx *db.Tx) error {
		kept, err := Checkpoint(ctx, tx)
		if err != nil {
			return err
		}
		signed, err := opened(kept, keys)
		if err != nil {
			return err
		}
		stored, err := Head(ctx, tx)
		if err != nil {
			return err
		}
		t, err := Recompute(ctx, tx, nil)
		if err != nil {
			return err
		}
		r = Report{Entries: t.N, Root: t.Hash.String(), Signed: signed.N}
		if t.N != stored.N || t.Hash != stored.Hash {
			return fmt.Errorf("审计记录与校验树不一致：重新计算得到 %d 条，库中登记 %d 条", t.N, stored.N)
		}
		return prefix(ctx, tx, signed, t)
	})
	return r, err
}

func opened(text string, keys note.Verifiers) (tlog.Tree, error) {
	if text == "" {
		return tlog.Tree{}, nil
	}
	n, err := note.Open([]byte(text), keys)
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("审计检查点的签名无效：%w", err)
	}
	return tlog.ParseTree([]byte(n.Text))
}

// prefix checks that the signed head is a head that the log went through.
func prefix(ctx context.Context, tx *db.Tx, signed, now tlog.Tree) error {
	if signed.N == 0 {
		return nil
	}
	if signed.N > now.N {
		return fmt.Errorf("审计记录少于已签名的检查点：检查点 %d 条，现有 %d 条", signed.N, now.N)
	}
	root, err := tlog.TreeHash(signed.N, reader(ctx, tx))
	if err != nil {
		return err
	}
	if root != signed.Hash {
		return fmt.Errorf("审计记录与已签名的检查点不一致：前 %d 条中有记录被改动", signed.N)
	}
	return nil
}
