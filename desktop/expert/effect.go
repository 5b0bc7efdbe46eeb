package expert

import (
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/cache"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	"zhiping/proto/gen/zhiping/expert/v1/expertv1connect"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	rules "zhiping/shared/expert"
	"zhiping/shared/review"
)

// Effects are what the changes of this domain look like before the server has run them (sync.md). What a pool comes to follows; who somebody is
// in the register of people only the server knows.
var Effects = map[string]cache.Effect{
	expertv1connect.ExpertServiceSaveExpertProcedure: func(v *cache.View, m proto.Message, _ review.Actor) error {
		return put(v, m.(*expertv1.SaveExpertRequest).Expert)
	},
	expertv1connect.ExpertServiceImportExpertsProcedure: func(v *cache.View, m proto.Message, _ review.Actor) error {
		for _, e := range m.(*expertv1.ImportExpertsRequest).Experts {
			if err := put(v, e); err != nil {
				return err
			}
		}
		return nil
	},
	expertv1connect.ExpertServiceSubmitExpertsProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		return each(v, m.(*expertv1.SubmitExpertsRequest).Bases, func(e message) error {
			return rules.Submit(e, []*reviewv1.Node{{UnitId: e.AuthorisingId}}, by, v.At())
		})
	},
	expertv1connect.ExpertServiceWithdrawExpertsProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		return each(v, m.(*expertv1.WithdrawExpertsRequest).Bases, func(e message) error { return review.Withdraw(e.Entry, by, v.At()) })
	},
	expertv1connect.ExpertServiceReviewExpertsProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		r := m.(*expertv1.ReviewExpertsRequest)
		return each(v, r.Bases, func(e message) error { return review.Apply(e.Entry, r.Action, by, v.At()) })
	},
	expertv1connect.ExpertServiceRemoveExpertsProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		r := m.(*expertv1.RemoveExpertsRequest)
		return each(v, r.Bases, func(e message) error { return rules.Remove(e, r.Reason, v.Today(), by) })
	},
	expertv1connect.ExpertServiceRestoreExpertsProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		r := m.(*expertv1.RestoreExpertsRequest)
		return each(v, r.Bases, func(e message) error { return rules.Restore(e, r.Reason, v.Today(), by) })
	},
	expertv1connect.ExpertServiceSaveRecommendationProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		from := proto.CloneOf(m.(*expertv1.SaveRecommendationRequest).Recommendation)
		from.UnitId, from.UnitName = by.UnitID, by.UnitName
		seen, err := v.Get(recommends, from.Id)
		if err != nil {
			return err
		}
		old, _ := seen.(recommendation)
		r, err := rules.Recommend(old, from)
		if err != nil {
			return nil //nolint:nilerr // the server will refuse it too, and say why
		}
		rules.Check(r.Expert)
		return v.Put(recommends, r)
	},
	expertv1connect.ExpertServiceSubmitRecommendationsProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		return cache.Each(v, recommends, m.(*expertv1.SubmitRecommendationsRequest).Bases, func(r recommendation) error {
			return rules.SubmitRecommendation(r, []*reviewv1.Node{{UnitId: r.CommitteeUnitId}}, by, v.At())
		})
	},
	expertv1connect.ExpertServiceReviewRecommendationsProcedure: decide,
}

// put lays what was typed over what is here.
func put(v *cache.View, from message) error {
	seen, err := v.Get(kind, from.Id)
	if err != nil {
		return err
	}
	old, _ := seen.(message)
	e, err := rules.Edit(old, from)
	if err != nil {
		return nil //nolint:nilerr // the server will refuse it too, and say why
	}
	rules.Check(e) // takes birth and sex from the number; what is wrong the server says
	c, err := v.Get("committee", e.CommitteeId)
	if err != nil {
		return err
	}
	if c, ok := c.(*committeev1.Committee); ok {
		e.CommitteeName, e.UnitId, e.AuthorisingId = c.Name, c.UnitId, c.AuthorisingId
	}
	return v.Put(kind, e)
}

// each changes every expert of a batch, and what their pools come to.
func each(v *cache.View, bases []*commonv1.Base, fn func(message) error) error {
	return cache.Each(v, kind, bases, func(e message) error {
		before := rules.State(e)
		if err := fn(e); err != nil {
			return err
		}
		return tally(v, e.CommitteeId, before, rules.State(e))
	})
}

func tally(v *cache.View, committeeID, before, after string) error {
	return cache.Change(v, "pool", committeeID, func(p *expertv1.Pool) error {
		for state, n := range map[string]int64{before: -1, after: 1} {
			switch {
			case before == after:
			case state == rules.Active:
				p.Active += n
			case state == rules.Review:
				p.Waiting += n
			}
		}
		return nil
	})
}

// decide moves recommendations; who is accepted is an expert to be submitted.
func decide(v *cache.View, m proto.Message, by review.Actor) error {
	r := m.(*expertv1.ReviewRecommendationsRequest)
	return cache.Each(v, recommends, r.Bases, func(x recommendation) error {
		if err := review.Apply(x.Review, r.Action, by, v.At()); err != nil {
			return err
		}
		if rules.RecommendationState(x) != rules.Accepted {
			return nil
		}
		return v.Put(kind, rules.Become(x))
	})
}
