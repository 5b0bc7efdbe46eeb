package imports

import (
	"context"
	"errors"
	"sync"

	"google.golang.org/protobuf/proto"

	"zhiping/desktop/outbox"
	"zhiping/shared/fault"
	"zhiping/shared/sheet"
)

// An Outcome is what became of an import so far.
type Outcome struct {
	Taken   int // by the server
	Refused int // by the server: among the failed rows again
	Waiting int // in the outbox, until the server can be reached
}

// sending are the imports that are being handed over now, by id: one at a time, on the page or after a new start.
var sending sync.Map

// Send hands the good rows over, part by part, from where it stopped the last time. Every part is marked in the transaction in which it goes into
// the outbox. Cancelled, it stops after a part, and what is left can be confirmed again.
func (b *Batch[M]) Send(ctx context.Context, send Sender[M], said func(done, of int)) (Outcome, error) {
	if _, running := sending.LoadOrStore(b.Import.ID, true); running {
		return Outcome{}, fault.New(fault.State, "这个文件正在后台继续导入，请稍候刷新")
	}
	defer sending.Delete(b.Import.ID)
	if err := b.set(ctx, outbox.Confirmed); err != nil {
		return Outcome{}, err
	}
	before, err := b.counts(ctx)
	if err != nil {
		return Outcome{}, err
	}
	done := 0
	for {
		var n int
		if n, err = b.part(ctx, send); err != nil || n == 0 {
			break
		}
		done += n
		said(done, before[outbox.RowGood])
	}
	last := context.WithoutCancel(ctx)
	state := outbox.Done
	if err != nil {
		state = outbox.Read
	}
	now, bad := b.counts(last)
	out := Outcome{Taken: now[outbox.RowTaken] - before[outbox.RowTaken], Refused: now[outbox.RowFailed] - before[outbox.RowFailed], Waiting: now[outbox.RowSent]}
	return out, errors.Join(err, b.set(last, state), bad, b.Load(last))
}

func (b *Batch[M]) counts(ctx context.Context) (map[string]int, error) {
	all, err := b.box.Imports(ctx, b.Import.Template, b.Import.Subject)
	for _, i := range all {
		if i.ID == b.Import.ID {
			return i.Rows, err
		}
	}
	return nil, err
}

// part hands one part over and says how many rows it had.
func (b *Batch[M]) part(ctx context.Context, send Sender[M]) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	raw, err := b.box.ImportRows(ctx, b.Import.ID, outbox.RowGood, 0, PartSize)
	if err != nil || len(raw) == 0 {
		return 0, err
	}
	var rows, bad []*sheet.Row[M]
	var seqs, badSeqs []int64
	for _, x := range raw {
		row, err := b.unpack(x.Body)
		switch {
		case err != nil:
			return 0, err
		case row.Good():
			rows, seqs = append(rows, row), append(seqs, x.Seq)
		default: // the rules have changed since it was read
			bad, badSeqs = append(bad, row), append(badSeqs, x.Seq)
		}
	}
	if err := b.judged(ctx, badSeqs, bad); err != nil || len(rows) == 0 {
		return len(raw), err
	}
	failed := send(outbox.Carrying(ctx, b.Import.ID, seqs), rows)
	last := context.WithoutCancel(ctx) // what has been sent is recorded, whoever cancels
	carried, err := b.box.ImportRows(last, b.Import.ID, outbox.RowSent, seqs[0], 1)
	switch {
	case err != nil:
		return 0, err
	case len(carried) > 0 && carried[0].Seq == seqs[0]:
		return len(raw), b.settle(last, carried[0].Mutation, seqs[0], len(seqs))
	case failed != nil:
		return 0, failed
	}
	return len(raw), b.judged(last, seqs, rows) // a procedure that does not travel through the outbox
}

// judged keeps rows that have their answer: with the server, or among the failed ones.
func (b *Batch[M]) judged(ctx context.Context, seqs []int64, rows []*sheet.Row[M]) error {
	all := make([]outbox.ImportRow, len(rows))
	for i, row := range rows {
		all[i] = outbox.ImportRow{Seq: seqs[i], State: outbox.RowTaken}
		if row.Good() {
			continue
		}
		packed, err := pack(row)
		if err != nil {
			return err
		}
		all[i].State, all[i].Body = outbox.RowFailed, packed
	}
	return b.box.PutImportRows(ctx, b.Import.ID, all...)
}

// Settle looks what has become of rows that were in the outbox when the program last looked.
func (b *Batch[M]) Settle(ctx context.Context) error {
	for from := int64(0); ; {
		rows, err := b.box.ImportRows(ctx, b.Import.ID, outbox.RowSent, from, PartSize)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := b.settle(ctx, rows[0].Mutation, rows[0].Seq, PartSize); err != nil {
			return err
		}
		for _, r := range rows {
			if r.Mutation == rows[0].Mutation {
				from = r.Seq + 1
			}
		}
	}
}

// settle records the answer to a mutation for the rows that it carried, n at most from a place on; one that still waits changes nothing.
func (b *Batch[M]) settle(ctx context.Context, mutation, from int64, n int) error {
	m, err := b.box.Get(ctx, mutation)
	if err != nil || m != nil && m.State == outbox.Pending {
		return err
	}
	var faults map[string]*fault.Error // none for one that was done so long ago that it is forgotten
	if m != nil {
		faults = b.judge(m)
	}
	rows, err := b.box.ImportRows(ctx, b.Import.ID, outbox.RowSent, from, n)
	if err != nil {
		return err
	}
	var judged []*sheet.Row[M]
	var seqs []int64
	for _, raw := range rows {
		if raw.Mutation != mutation {
			continue
		}
		row, err := b.unpack(raw.Body)
		if err != nil {
			return err
		}
		for _, f := range []*fault.Error{faults[""], faults[row.ID]} {
			if f != nil {
				row.Add(f.Message)
			}
		}
		judged, seqs = append(judged, row), append(seqs, raw.Seq)
	}
	return b.judged(ctx, seqs, judged)
}

// Resume goes on with an import that was cut off.
func Resume[M proto.Message](ctx context.Context, box *outbox.Outbox, judge Judge, s *sheet.Sheet[M], i *outbox.Import, send Sender[M]) (Outcome, error) {
	b, err := Of(ctx, box, judge, s, i)
	if err != nil {
		return Outcome{}, err
	}
	return b.Send(ctx, send, func(int, int) {})
}
