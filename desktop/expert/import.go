package expert

import (
	"context"

	"zhiping/desktop/kit"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	rules "zhiping/shared/expert"
	"zhiping/shared/sheet"
	"zhiping/shared/wire"
)

// batch is how many rows go in one call.
const batch = 100

// NewImport draws the import of experts into a committee's pool (C4); without a network the rows wait in the outbox.
func NewImport(to *committeev1.Committee, c client, d *kit.Desk) *kit.ImportPage[message] {
	return kit.NewImportPage(rules.Sheet(), d.Run, d.Files, func(ctx context.Context, rows []*sheet.Row[message], said func(int)) error {
		for at := 0; at < len(rows); at += batch {
			part := rows[at:min(at+batch, len(rows))]
			r := &expertv1.ImportExpertsRequest{}
			for _, row := range part {
				if row.Message.Id == "" { // sent again after an interruption, it is the same expert
					row.Message.Id = newID()
				}
				row.Message.CommitteeId = to.Id
				r.Experts = append(r.Experts, row.Message)
			}
			resp, err := c.ImportExperts(ctx, r)
			if err != nil {
				return err
			}
			for i, o := range resp.Outcomes {
				if f := wire.Fault(o.Fault); f != nil {
					part[i].Add(f.Message)
				}
			}
			said(at + len(part))
		}
		return nil
	})
}
