package main

import (
	"context"

	exportv1 "zhiping/proto/gen/zhiping/export/v1"
)

// record puts an export on record: with whole numbers at the server before a row is written, with masked ones as everything that is done here, through
// the outbox.
func (p *program) record(ctx context.Context, e *exportv1.Export) error {
	if e.Full {
		_, err := p.client.Exports().RecordFullExport(ctx, &exportv1.RecordFullExportRequest{Export: e})
		return err
	}
	_, err := p.client.Exports().RecordExport(ctx, &exportv1.RecordExportRequest{Export: e})
	return err
}
