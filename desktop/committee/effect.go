package committee

import (
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/cache"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	"zhiping/proto/gen/zhiping/committee/v1/committeev1connect"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	rules "zhiping/shared/committee"
	"zhiping/shared/review"
)

// Effects are what the changes of this domain look like before the server has run them (sync.md). The posts of the units on the way are not
// known here: what is handed in shows as before the first unit.
var Effects = map[string]cache.Effect{
	committeev1connect.CommitteeServiceSaveCommitteeProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		from := proto.CloneOf(m.(*committeev1.SaveCommitteeRequest).Committee)
		from.UnitId, from.UnitName = by.UnitID, by.UnitName
		seen, err := v.Get(kind, from.Id)
		if err != nil {
			return err
		}
		old, _ := seen.(message)
		return v.Put(kind, rules.Edit(old, from))
	},
	committeev1connect.CommitteeServiceSubmitCommitteesProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		return cache.Each(v, kind, m.(*committeev1.SubmitCommitteesRequest).Bases, func(c message) error {
			route := []*reviewv1.Node{{UnitId: c.AuthorisingId, UnitName: c.AuthorisingName}}
			if c.FilingId != c.AuthorisingId {
				route = append(route, &reviewv1.Node{UnitId: c.FilingId, UnitName: c.FilingName})
			}
			return rules.Submit(c, route, by, v.At(), v.Today())
		})
	},
	committeev1connect.CommitteeServiceWithdrawCommitteesProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		return cache.Each(v, kind, m.(*committeev1.WithdrawCommitteesRequest).Bases, func(c message) error { return review.Withdraw(c.Filing, by, v.At()) })
	},
	committeev1connect.CommitteeServiceReviewCommitteesProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		r := m.(*committeev1.ReviewCommitteesRequest)
		return cache.Each(v, kind, r.Bases, func(c message) error { return rules.Decide(c, r.Action, by, v.At(), v.Today()) })
	},
	committeev1connect.CommitteeServiceSaveRequirementsProcedure: func(v *cache.View, m proto.Message, _ review.Actor) error {
		r := m.(*committeev1.SaveRequirementsRequest)
		return cache.Change(v, kind, r.Base.GetId(), func(c message) error {
			c.Requirements = r.Requirements
			return nil
		})
	},
}
