package unit

import (
	"context"
	"fmt"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/db"
	rules "zhiping/shared/unit"
)

// Depth bounds the walk, whatever is in the database.
var departments = db.SQL(fmt.Sprintf(`WITH RECURSIVE below (id, depth) AS (
	SELECT id, 1 FROM unit WHERE superior_id = $1
	UNION ALL SELECT u.id, b.depth + 1 FROM below b JOIN unit u ON u.superior_id = b.id WHERE b.depth < $3)
	SELECT u.id, u.name, u.kind FROM below b JOIN unit u ON u.id = b.id
	WHERE u.kind IN (%d, %d) AND u.state = '%s' AND u.name LIKE $2 ESCAPE '\' ORDER BY b.depth, u.name, u.id LIMIT $4`,
	commonv1.UnitKind_UNIT_KIND_HR, commonv1.UnitKind_UNIT_KIND_DEPARTMENT, rules.StateAuthorised))

// Departments gives the authorised departments and HR departments at any depth below a unit whose name has a part, the nearest first: at
// most as many as the search of the tree finds.
func Departments(ctx context.Context, tx *db.Tx, top, name string, fn func(id, name string, kind commonv1.UnitKind)) error {
	return tx.Query(ctx, func(scan func(...any) error) error {
		var id, name string
		var kind int32
		err := scan(&id, &name, &kind)
		fn(id, name, commonv1.UnitKind(kind))
		return err
	}, departments, top, db.Like(name), maxDepth, rules.MostFound)
}
