package unit

import (
	"context"
	"slices"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/session"
	"zhiping/shared/db"
	"zhiping/shared/fault"
	rules "zhiping/shared/unit"
)

// A branch's own subordinates come from the counters, so that a level of the tree is one query however many stand below it.
var branches = db.SQL(`SELECT u.id, u.name, u.kind, u.state, (SELECT COALESCE(SUM(c.n), 0) FROM counter c WHERE c.kind = 'unit' AND c.scope = 'subordinate' AND c.owner = u.id)
	FROM unit u WHERE u.superior_id = $1 ORDER BY u.name, u.id LIMIT $2`)

// A search walks down from one unit. Depth bounds it, whatever is in the database.
var search = db.SQL(`WITH RECURSIVE below (id, depth) AS (
	SELECT id, 1 FROM unit WHERE superior_id = $1
	UNION ALL SELECT u.id, b.depth + 1 FROM below b JOIN unit u ON u.superior_id = b.id WHERE b.depth < $3)
	SELECT u.id, u.name, u.kind, u.state, 0 FROM below b JOIN unit u ON u.id = b.id WHERE u.name LIKE $2 ESCAPE '\' ORDER BY b.depth, u.name, u.id LIMIT $4`)

var nameOf = db.SQL("SELECT name FROM unit WHERE id = $1")

// mostBranches is how many units of one level the tree shows; beyond that the list with its search is the way.
const mostBranches = rules.MostBranches

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
		query, args := branches, []any{r.SuperiorId, mostBranches}
		if r.Name != "" {
			query, args = search, []any{r.SuperiorId, db.Like(r.Name), maxDepth, rules.MostFound}
		}
		err := tx.Query(ctx, func(scan func(...any) error) error {
			b := &unitv1.Branch{}
			var kind int32
			if err := scan(&b.Id, &b.Name, &kind, &b.State, &b.Below); err != nil {
				return err
			}
			b.Kind = commonv1.UnitKind(kind)
			resp.Branches = append(resp.Branches, b)
			return nil
		}, query, args...)
		if err != nil || r.Name == "" {
			return err
		}
		for _, b := range resp.Branches {
			if b.Path, err = path(ctx, tx, r.SuperiorId, b.Id); err != nil {
				return err
			}
		}
		return nil
	})
}

// path returns the names of the units between top and id, the highest first.
func path(ctx context.Context, tx *db.Tx, top, id string) ([]string, error) {
	above, err := Above(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, a := range above {
		if a == top {
			break
		}
		var name string
		if err := tx.Get(ctx, []any{&name}, nameOf, a); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	slices.Reverse(names)
	return names, nil
}
