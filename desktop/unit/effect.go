package unit

import (
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/cache"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/review"
	rules "zhiping/shared/unit"
)

// Effects are what the changes of this domain look like before the server has run them (sync.md).
var Effects = map[string]cache.Effect{
	unitv1connect.UnitServiceSaveUnitProcedure: func(v *cache.View, m proto.Message, _ review.Actor) error {
		return edited(v, m.(*unitv1.SaveUnitRequest).Unit)
	},
	unitv1connect.UnitServiceSaveSubordinateProcedure: func(v *cache.View, m proto.Message, _ review.Actor) error {
		return edited(v, m.(*unitv1.SaveSubordinateRequest).Unit)
	},
	unitv1connect.UnitServiceReviewUnitsProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		r := m.(*unitv1.ReviewUnitsRequest)
		for _, b := range r.Bases {
			if err := cache.Change(v, "unit", b.Id, func(u message) error { return rules.Review(u, r.Matter, r.Action, by, v.At()) }); err != nil {
				return err
			}
		}
		return nil
	},
}

func edited(v *cache.View, from message) error {
	return cache.Change(v, "unit", from.Id, func(u message) error {
		rules.Edit(u, from)
		return nil
	})
}
