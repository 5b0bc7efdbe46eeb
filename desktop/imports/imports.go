// Package imports brings workbooks from the file to the server: read and checked into the outbox, corrected there, handed over in parts. All of
// it lies on the disk, so memory does not grow with the rows, and an import that was cut off goes on where it was. It knows no window.
package imports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/outbox"
	"zhiping/shared/fault"
	"zhiping/shared/sheet"
)

// A Sender hands rows over, PartSize at most. What the server refuses of one row it notes in that row (Row.Add); the error is one of the whole.
// It makes records with the rows' ids, so that a row that is sent again is the same record.
type Sender[M proto.Message] func(ctx context.Context, rows []*sheet.Row[M]) error

// PartSize is how many rows go in one call.
const PartSize = 100

// A Judge says why a mutation that is done was refused, by record; "" stands for the whole (syncer.Faults).
type Judge func(*outbox.Mutation) map[string]*fault.Error

// A Batch is one workbook that was read. Its methods may be called from any goroutine.
type Batch[M proto.Message] struct {
	Import *outbox.Import
	Notes  []string // what a clerk should know although it is no mistake

	sheet *sheet.Sheet[M]
	box   *outbox.Outbox
	judge Judge

	mu           sync.Mutex
	good, failed []int64 // the places of the rows
	kept         map[int64]*sheet.Row[M]
}

// body is a row as it is kept: the message follows from the cells.
type body struct {
	ID      string              `json:"id"`
	Number  int                 `json:"n"`
	Cells   []string            `json:"c"`
	Spoilt  []sheet.CellProblem `json:"s,omitempty"`
	Refused []string            `json:"r,omitempty"` // by the server
}

func pack[M proto.Message](r *sheet.Row[M]) ([]byte, error) {
	b := body{ID: r.ID, Number: r.Number, Cells: r.Cells, Spoilt: r.Spoilt}
	for _, p := range r.Problems {
		if p.Column < 0 {
			b.Refused = append(b.Refused, p.Text)
		}
	}
	return json.Marshal(b)
}

// unpack reads a row that was kept; what is wrong with its cells is found anew.
func (b *Batch[M]) unpack(raw []byte) (*sheet.Row[M], error) {
	var x body
	if err := json.Unmarshal(raw, &x); err != nil {
		return nil, err
	}
	if len(x.Cells) != len(b.sheet.Columns) {
		return nil, fault.New(fault.State, "“%s”的模板已更新，请重新下载模板、选择文件", b.sheet.Title)
	}
	row := b.sheet.Parse(x.Number, x.Cells, x.Spoilt...)
	row.ID = x.ID
	for _, text := range x.Refused {
		if !slices.ContainsFunc(row.Problems, func(p sheet.CellProblem) bool { return p.Text == text }) {
			row.Add(text)
		}
	}
	return row, nil
}

func state[M proto.Message](r *sheet.Row[M]) string {
	if r.Good() {
		return outbox.RowGood
	}
	return outbox.RowFailed
}

// open opens a file in words.
func open(path string) (*os.File, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, fault.New(fault.NotFound, "打不开文件“%s”，请检查文件是否还在、是否被其他程序占用", path)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// Known returns the last time that the same bytes were imported by this account on this machine for the same purpose, nil for never. The hash is
// that of the file.
func Known(ctx context.Context, box *outbox.Outbox, template, subject, path string) (*outbox.Import, string, error) {
	f, _, err := open(path)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, "", err
	}
	hash := hex.EncodeToString(h.Sum(nil))
	all, err := box.Imports(ctx, template, subject)
	for _, i := range all {
		if i.Hash == hash && i.Rows[outbox.RowSent]+i.Rows[outbox.RowTaken] > 0 {
			return i, hash, err
		}
	}
	return nil, hash, err
}

// spill is how many rows are kept at a time while a file is read.
const spill = 500

// Read reads a file; hash is that of its bytes, by says who reads it, said hears how many rows are read. What was read for the same purpose before
// and never confirmed gives way to it.
func Read[M proto.Message](ctx context.Context, box *outbox.Outbox, judge Judge, s *sheet.Sheet[M], subject, by, path, hash string, said func(rows int)) (*Batch[M], error) {
	f, size, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in, err := s.Open(ctx, f, size)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	before, err := box.Imports(ctx, s.Name, subject)
	if err != nil {
		return nil, err
	}
	i := &outbox.Import{ID: uuid.Must(uuid.NewV7()).String(), Template: s.Name, Subject: subject, Hash: hash, About: outbox.About{File: filepath.Base(path), By: by}}
	if err := box.BeginImport(ctx, i); err != nil {
		return nil, err
	}
	b := &Batch[M]{Import: i, sheet: s, box: box, judge: judge}
	if err := b.read(ctx, in, said); err != nil {
		return nil, errors.Join(err, box.SetImport(context.WithoutCancel(ctx), i.ID, outbox.Dropped))
	}
	b.Notes = in.Notes()
	for _, old := range before {
		if old.State == outbox.Read || old.State == outbox.Done {
			if err := box.SetImport(ctx, old.ID, outbox.Dropped); err != nil {
				return nil, err
			}
		}
	}
	return b, errors.Join(b.set(ctx, outbox.Read), b.Load(ctx))
}

func (b *Batch[M]) read(ctx context.Context, in *sheet.Reading[M], said func(int)) error {
	var rows []outbox.ImportRow
	n := int64(0)
	keep := func() error {
		err := b.box.AddImportRows(ctx, b.Import.ID, rows)
		rows = rows[:0]
		return err
	}
	for r, err := range in.Rows() {
		if err != nil {
			return err
		}
		n++
		r.ID = uuid.Must(uuid.NewV7()).String()
		packed, err := pack(r)
		if err != nil {
			return err
		}
		if rows = append(rows, outbox.ImportRow{Seq: n, State: state(r), Body: packed}); len(rows) == spill {
			if err := keep(); err != nil {
				return err
			}
			said(int(n))
		}
	}
	return keep()
}

// Last is what was read last for a purpose and still has something to do: rows to confirm, or to correct; nil for none.
func Last[M proto.Message](ctx context.Context, box *outbox.Outbox, judge Judge, s *sheet.Sheet[M], subject string) (*Batch[M], error) {
	all, err := box.Imports(ctx, s.Name, subject)
	for _, i := range all {
		if (i.State == outbox.Read || i.State == outbox.Done || i.State == outbox.Confirmed) && i.Rows[outbox.RowGood]+i.Rows[outbox.RowFailed]+i.Rows[outbox.RowSent] > 0 {
			return Of(ctx, box, judge, s, i)
		}
	}
	return nil, err
}

// Of is an import that was read before.
func Of[M proto.Message](ctx context.Context, box *outbox.Outbox, judge Judge, s *sheet.Sheet[M], i *outbox.Import) (*Batch[M], error) {
	b := &Batch[M]{Import: i, sheet: s, box: box, judge: judge}
	return b, errors.Join(b.Settle(ctx), b.Load(ctx))
}

// Load brings the places of the rows up to what is kept.
func (b *Batch[M]) Load(ctx context.Context) error {
	good, err := b.box.ImportSeqs(ctx, b.Import.ID, outbox.RowGood)
	if err != nil {
		return err
	}
	failed, err := b.box.ImportSeqs(ctx, b.Import.ID, outbox.RowFailed)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.good, b.failed, b.kept = good, failed, map[int64]*sheet.Row[M]{}
	return err
}

func (b *Batch[M]) set(ctx context.Context, state string) error {
	err := b.box.SetImport(ctx, b.Import.ID, state)
	if err == nil {
		b.Import.State = state
	}
	return err
}

// Count is how many rows wait to be confirmed, and how many to be corrected.
func (b *Batch[M]) Count() (good, failed int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.good), len(b.failed)
}

// Good is the ith row that can be imported.
func (b *Batch[M]) Good(i int) *sheet.Row[M] {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at(outbox.RowGood, b.good, i)
}

// Failed is the ith row that has to be corrected.
func (b *Batch[M]) Failed(i int) *sheet.Row[M] {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at(outbox.RowFailed, b.failed, i)
}

// How many rows are kept in memory, and are read around one that is not.
const (
	keepRows = 400
	around   = 50
)

// at is a row by its place; one that cannot be read says so itself.
func (b *Batch[M]) at(state string, seqs []int64, i int) *sheet.Row[M] {
	if i < 0 || i >= len(seqs) {
		return &sheet.Row[M]{Message: b.sheet.New()}
	}
	if r := b.kept[seqs[i]]; r != nil {
		return r
	}
	if len(b.kept) > keepRows {
		clear(b.kept)
	}
	rows, err := b.box.ImportRows(context.Background(), b.Import.ID, state, seqs[max(0, i-around/2)], around)
	for _, raw := range rows {
		r, bad := b.unpack(raw.Body)
		if err = errors.Join(err, bad); bad == nil {
			b.kept[raw.Seq] = r
		}
	}
	if r := b.kept[seqs[i]]; r != nil {
		return r
	}
	r := &sheet.Row[M]{Message: b.sheet.New()}
	r.Add(fault.New(fault.Internal, "这一行无法读取，请重新选择文件").Message)
	return r
}

// Edit puts another text into a cell of the ith failed row and checks it again; whole says that nothing is wrong any more, and that the row is no
// longer among the failed ones.
func (b *Batch[M]) Edit(ctx context.Context, i, column int, text string) (row *sheet.Row[M], whole bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i < 0 || i >= len(b.failed) {
		return nil, false, nil
	}
	seq := b.failed[i]
	row = b.sheet.Edit(b.at(outbox.RowFailed, b.failed, i), column, text)
	packed, err := pack(row)
	if err != nil {
		return nil, false, err
	}
	if err := b.box.PutImportRows(ctx, b.Import.ID, outbox.ImportRow{Seq: seq, State: state(row), Body: packed}); err != nil {
		return nil, false, err
	}
	b.kept[seq] = row
	if row.Good() {
		b.failed = slices.Delete(b.failed, i, i+1)
		to, _ := slices.BinarySearch(b.good, seq)
		b.good = slices.Insert(b.good, to, seq)
	}
	return row, row.Good(), nil
}

// Delete leaves the ith failed row out of the import.
func (b *Batch[M]) Delete(ctx context.Context, i int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i < 0 || i >= len(b.failed) {
		return nil
	}
	err := b.box.DropImportRow(ctx, b.Import.ID, b.failed[i])
	if err == nil {
		b.failed = slices.Delete(b.failed, i, i+1)
	}
	return err
}

// Export writes the failed rows as a workbook that can be corrected and imported again.
func (b *Batch[M]) Export(ctx context.Context, w io.Writer) error {
	var failed error
	rows := iter.Seq[*sheet.Row[M]](func(yield func(*sheet.Row[M]) bool) {
		for from := int64(0); ; {
			part, err := b.box.ImportRows(ctx, b.Import.ID, outbox.RowFailed, from, spill)
			if failed = err; err != nil || len(part) == 0 {
				return
			}
			for _, raw := range part {
				row, err := b.unpack(raw.Body)
				if failed = err; err != nil || !yield(row) {
					return
				}
				from = raw.Seq + 1
			}
		}
	})
	return errors.Join(b.sheet.Failed(w, rows), failed)
}
