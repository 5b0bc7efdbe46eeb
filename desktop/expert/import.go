package expert

import (
	"context"

	"zhiping/desktop/imports"
	"zhiping/desktop/kit"
	"zhiping/desktop/outbox"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	rules "zhiping/shared/expert"
	"zhiping/shared/sheet"
	"zhiping/shared/wire"
)

// NewImport draws the import of experts into a committee's pool (C4); without a network the rows wait in the outbox.
func NewImport(to *committeev1.Committee, c client, d *kit.Desk) *kit.ImportPage[message] {
	return kit.NewImportPage(rules.Sheet(), d, to.Id, sender(to.Id, c))
}

// Resume goes on with an import of experts that was cut off.
func Resume(ctx context.Context, i *outbox.Import, c client, d *kit.Desk) (imports.Outcome, error) {
	return imports.Resume(ctx, d.Box, d.Judge, rules.Sheet(), i, sender(i.Subject, c))
}

// ImportKind is the template of these imports, as the outbox keeps it.
func ImportKind() string { return rules.Sheet().Name }

// sender hands rows over as experts of a committee's pool; a row is always the same expert, however often it is sent.
func sender(committee string, c client) imports.Sender[message] {
	return func(ctx context.Context, rows []*sheet.Row[message]) error {
		r := &expertv1.ImportExpertsRequest{}
		for _, row := range rows {
			row.Message.Id, row.Message.CommitteeId = row.ID, committee
			r.Experts = append(r.Experts, row.Message)
		}
		resp, err := c.ImportExperts(ctx, r)
		if err != nil {
			return err
		}
		for i, o := range resp.Outcomes {
			if f := wire.Fault(o.Fault); f != nil {
				rows[i].Add(f.Message)
			}
		}
		return nil
	}
}
