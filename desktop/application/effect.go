package application

import (
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/cache"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	"zhiping/proto/gen/zhiping/application/v1/applicationv1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	rules "zhiping/shared/application"
	"zhiping/shared/review"
)

const kind = "application"

// each changes every record of a batch.
func each(v *cache.View, bases []*commonv1.Base, fn func(message) error) error {
	return cache.Each(v, kind, bases, fn)
}

// put lays what was typed over what is here; what others decide stays as it is.
func put(v *cache.View, from message, by review.Actor) error {
	old, err := v.Get(kind, from.Id)
	if err != nil {
		return err
	}
	a := proto.CloneOf(from)
	a.UnitId, a.WorkUnit, a.State = by.UnitID, by.UnitName, applicationv1.State_STATE_DRAFT
	if was, ok := old.(message); ok {
		a.State, a.Review, a.SubmittedAt, a.Recommendation, a.PublicityProof = was.State, was.Review, was.SubmittedAt, was.Recommendation, was.PublicityProof
	}
	return v.Put(kind, a)
}

// Effects are what the changes of this domain look like before the server has run them (sync.md). Which units an application will walk through
// is not known here: once handed in, it shows as under review and no more.
var Effects = map[string]cache.Effect{
	applicationv1connect.ApplicationServiceSaveApplicationProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		return put(v, m.(*applicationv1.SaveApplicationRequest).Application, by)
	},
	applicationv1connect.ApplicationServiceImportApplicationsProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		for _, a := range m.(*applicationv1.ImportApplicationsRequest).Applications {
			if err := put(v, a, by); err != nil {
				return err
			}
		}
		return nil
	},
	applicationv1connect.ApplicationServiceSubmitApplicationsProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		return each(v, m.(*applicationv1.SubmitApplicationsRequest).Bases, func(a message) error {
			a.SubmittedAt = v.At()
			return rules.Move(a, rules.Submit)
		})
	},
	applicationv1connect.ApplicationServiceWithdrawApplicationsProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		return each(v, m.(*applicationv1.WithdrawApplicationsRequest).Bases, func(a message) error {
			if a.Review != nil {
				if err := review.Withdraw(a.Review, by, v.At()); err != nil {
					return err
				}
			}
			return rules.Move(a, rules.Withdraw)
		})
	},
	applicationv1connect.ApplicationServiceReviewApplicationsProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		r := m.(*applicationv1.ReviewApplicationsRequest)
		return each(v, r.Bases, func(a message) error { return rules.Review(a, r.Action, by, v.At()) })
	},
	applicationv1connect.ApplicationServiceRecommendApplicationsProcedure: func(v *cache.View, m proto.Message, _ review.Actor) error {
		r := m.(*applicationv1.RecommendApplicationsRequest)
		return each(v, r.Bases, func(a message) error {
			a.Recommendation, a.PublicityProof = r.Recommendation, r.PublicityProof
			return nil
		})
	},
	applicationv1connect.ApplicationServiceQualifyApplicationsProcedure: func(v *cache.View, m proto.Message, by review.Actor) error {
		r := m.(*applicationv1.QualifyApplicationsRequest)
		return each(v, r.Bases, func(a message) error { return rules.Decide(a, r.Action, by, v.At()) })
	},
}
