package unit

import (
	"context"
	"slices"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/session"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

// A branch's own subordinates come from the counters, so that a level of the tree is one query however many stand below it.
var branches = db.SQL(`SELECT u.id, u.name, u.kind, u.state, (SELECT COALESCE(SUM(c.n), 0) FROM counter c WHERE c.kind = 'unit' AND c.scope = 'subordinate' AND c.owner = u.id)
	FROM unit u WHERE u.superior_id = $1 ORDER BY u.name, u.id LIMIT $2`)

// mostBranches is how many units of one level the tree shows; beyond that the list with its search is the way.
const mostBranches = 1000

// ListBranches implements the RPC (A9): who may see a unit's branches stands above it, or is it.
func (s *Service) ListBranches(ctx context.Context, r *unitv1.ListBranchesRequest) (*unitv1.ListBranchesResponse, error) {
	resp := &unitv1.ListBranchesResponse{}
	return resp, s.run.DB.Read(ctx, func(tx *db.Tx) error {
		own := session.Of(ctx).Unit.Id
		if r.SuperiorId != own {
			above, err := Above(ctx, tx, r.SuperiorId)
			if err == db.ErrNoRow || err == nil && !slices.Contains(above, own) {
				return fault.New(fault.NotFound, "单位不存在，或不是本单位的下级单位，请刷新").At("superior_id")
			}
			if err != nil {
				return err
			}
		}
		return tx.Query(ctx, func(scan func(...any) error) error {
			b := &unitv1.Branch{}
			var kind int32
			if err := scan(&b.Id, &b.Name, &kind, &b.State, &b.Below); err != nil {
				return err
			}
			b.Kind = commonv1.UnitKind(kind)
			resp.Branches = append(resp.Branches, b)
			return nil
		}, branches, r.SuperiorId, mostBranches)
	})
}
