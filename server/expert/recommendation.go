package expert

import (
	"context"
	"slices"

	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/command"
	"zhiping/server/committee"
	"zhiping/server/record"
	"zhiping/server/unit"
	rules "zhiping/shared/expert"
	"zhiping/shared/fault"
	"zhiping/shared/review"
)

// SaveRecommendation implements the RPC (C4).
func (s *Service) SaveRecommendation(ctx context.Context, r *expertv1.SaveRecommendationRequest) (*expertv1.SaveRecommendationResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*expertv1.SaveRecommendationResponse, error) {
		var old *expertv1.Recommendation
		var err error
		if r.Recommendation.Revision > 0 {
			if old, err = Recommendations.SeeAt(ctx, tx, r.Recommendation.Id, r.Recommendation.Revision); err != nil {
				return nil, err
			}
			if old.UnitId != tx.Caller.Unit.Id {
				return nil, fault.New(fault.Denied, "只有推荐单位可以修改推荐")
			}
		}
		m, err := rules.Recommend(old, r.Recommendation)
		if err != nil {
			return nil, err
		}
		c, err := above(ctx, tx, m.Expert.GetCommitteeId())
		if err != nil {
			return nil, err
		}
		m.UnitId, m.UnitName, m.CommitteeUnitId = tx.Caller.Unit.Id, tx.Caller.Unit.Name, c.UnitId
		m.Expert.CommitteeName, m.Expert.UnitId, m.Expert.AuthorisingId, m.Expert.PersonId = c.Name, c.UnitId, c.AuthorisingId, ""
		if err := fault.Several(rules.Check(m.Expert)); err != nil {
			return nil, err
		}
		return &expertv1.SaveRecommendationResponse{Recommendation: m}, Recommendations.Put(ctx, tx, m)
	})
}

// above loads a committee of a unit above the caller's, into whose pool it can recommend: an HR or competent department of its subordinates (C4).
func above(ctx context.Context, tx *command.Tx, id string) (*committeev1.Committee, error) {
	none := fault.New(fault.NotFound, "评委会不存在，或不是上级单位组建的，请重新选择").At("recommendation.expert.committee_id")
	if k := tx.Caller.Unit.Kind; k != commonv1.UnitKind_UNIT_KIND_HR && k != commonv1.UnitKind_UNIT_KIND_DEPARTMENT {
		return nil, fault.New(fault.Denied, "只有人社部门和主管部门可以向上级单位推荐专家")
	}
	c, err := committee.Committees.Find(ctx, tx.Tx, id)
	if err != nil {
		return nil, none
	}
	up, err := unit.Above(ctx, tx.Tx, tx.Caller.Unit.Id)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(up, c.UnitId) {
		return nil, none
	}
	return c, nil
}

// SubmitRecommendations implements the RPC (C4): to the forming unit, through its posts.
func (s *Service) SubmitRecommendations(ctx context.Context, r *expertv1.SubmitRecommendationsRequest) (*expertv1.SubmitRecommendationsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*expertv1.SubmitRecommendationsResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, Recommendations, r.Bases, func(m *expertv1.Recommendation) error {
			if m.UnitId != tx.Caller.Unit.Id {
				return fault.New(fault.Denied, "只有推荐单位可以提交推荐")
			}
			route, err := unit.Route(ctx, tx.Tx, reviewv1.Matter_MATTER_RECOMMENDATION, m.CommitteeUnitId)
			if err != nil {
				return err
			}
			return rules.SubmitRecommendation(m, route, tx.Caller.Actor(), tx.Now)
		})
		return &expertv1.SubmitRecommendationsResponse{Outcomes: outcomes}, err
	})
}

// ReviewRecommendations implements the RPC (C4): whoever is accepted is an expert of the pool, to be submitted.
func (s *Service) ReviewRecommendations(ctx context.Context, r *expertv1.ReviewRecommendationsRequest) (*expertv1.ReviewRecommendationsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*expertv1.ReviewRecommendationsResponse, error) {
		touched := map[string]bool{}
		outcomes, err := record.EachAt(ctx, tx, Recommendations, r.Bases, func(m *expertv1.Recommendation) error {
			if err := review.Apply(m.Review, r.Action, tx.Caller.Actor(), tx.Now); err != nil {
				return err
			}
			if rules.RecommendationState(m) != rules.Accepted {
				return nil
			}
			e := rules.Become(m)
			c, err := pool(ctx, tx, e.CommitteeId)
			if err != nil {
				return err
			}
			touched[c.Id] = true
			return s.put(ctx, tx, e, c)
		})
		if err != nil {
			return nil, err
		}
		return &expertv1.ReviewRecommendationsResponse{Outcomes: outcomes}, tallyAll(ctx, tx, touched)
	})
}

// GetRecommendation implements the RPC.
func (s *Service) GetRecommendation(ctx context.Context, r *expertv1.GetRecommendationRequest) (*expertv1.GetRecommendationResponse, error) {
	m, err := Recommendations.Get(ctx, s.run.DB, r.Id)
	return &expertv1.GetRecommendationResponse{Recommendation: m}, err
}

// ListRecommendations implements the RPC.
func (s *Service) ListRecommendations(ctx context.Context, r *expertv1.ListRecommendationsRequest) (*expertv1.ListRecommendationsResponse, error) {
	rows, page, err := Recommendations.Rows(ctx, s.run.DB, r.Query)
	return &expertv1.ListRecommendationsResponse{Recommendations: rows, Page: page}, err
}
