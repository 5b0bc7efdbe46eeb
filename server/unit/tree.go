package unit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/session"
	"zhiping/shared/db"
	"zhiping/shared/fault"
	rules "zhiping/shared/unit"
)

// A branch's own subordinates come from the counters, so that a level of the tree is one query however many stand below it.
var branches = db.SQL(`SELECT u.id, u.name, u.kind, u.state, (SELECT COALESCE(SUM(c.n), 0) FROM counter c WHERE c.kind = 'unit' AND c.scope = 'subordinate' AND c.owner = u.id), ''
	FROM unit u WHERE u.superior_id = $1 ORDER BY u.name, u.id LIMIT $2`)

// A search walks down from one unit over those that have any below them, as the counters know, and reads the names below each in their
// index; only what it found is read itself. The way down comes with it, its names ended by a sign that no name has. Depth bounds it, whatever is
// in the database. The two bounds stand in the text, so that PostgreSQL plans with them; CROSS JOIN keeps SQLite from going through all names.
var search = db.SQL(fmt.Sprintf(`WITH RECURSIVE above (id, depth, way) AS (
	SELECT id, 0, '' FROM unit WHERE id = $1
	UNION ALL SELECT u.id, a.depth + 1, a.way || u.name || $3 FROM above a JOIN unit u ON u.superior_id = a.id
		WHERE a.depth < %d AND EXISTS (SELECT 1 FROM counter c WHERE c.kind = 'unit' AND c.scope = 'subordinate' AND c.owner = u.id)),
	found AS (SELECT u.id, u.name, a.depth, a.way FROM above a CROSS JOIN unit u WHERE u.superior_id = a.id AND u.name LIKE $2 ESCAPE '\' ORDER BY a.depth, u.name, u.id LIMIT %d)
	SELECT u.id, u.name, u.kind, u.state, 0, f.way FROM found f JOIN unit u ON u.id = f.id ORDER BY f.depth, f.name, f.id`, maxDepth, rules.MostFound))

const endOfName = "\x1f"

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
			query, args = search, []any{r.SuperiorId, db.Like(r.Name), endOfName}
		}
		return tx.Query(ctx, func(scan func(...any) error) error {
			b := &unitv1.Branch{}
			var kind int32
			var way string
			if err := scan(&b.Id, &b.Name, &kind, &b.State, &b.Below, &way); err != nil {
				return err
			}
			b.Kind = commonv1.UnitKind(kind)
			if way != "" {
				b.Path = strings.Split(strings.TrimSuffix(way, endOfName), endOfName)
			}
			resp.Branches = append(resp.Branches, b)
			return nil
		}, query, args...)
	})
}
