package unit

import (
	"context"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/db"
	rules "zhiping/shared/unit"
)

// Route returns units as the nodes of a route, each with its posts for the matter as they stand now. A unit that follows itself stands
// once.
func Route(ctx context.Context, tx *db.Tx, m reviewv1.Matter, ids ...string) ([]*reviewv1.Node, error) {
	var route []*reviewv1.Node
	for i, id := range ids {
		if i > 0 && id == ids[i-1] {
			continue
		}
		u, err := Units.Find(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		route = append(route, rules.Posts(u, m))
	}
	return route, nil
}

// RouteUp returns a unit, then its superiors up to and with the first HR department (D3, D6): the route of an application where no competent
// department is set (A10).
func RouteUp(ctx context.Context, tx *db.Tx, m reviewv1.Matter, id string) ([]*reviewv1.Node, error) {
	var route []*reviewv1.Node
	for range maxDepth {
		u, err := Units.Find(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		route = append(route, rules.Posts(u, m))
		if u.Kind == commonv1.UnitKind_UNIT_KIND_HR || u.SuperiorId == "" {
			break
		}
		id = u.SuperiorId
	}
	return route, nil
}
