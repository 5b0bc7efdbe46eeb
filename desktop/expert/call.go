package expert

import (
	"context"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	"zhiping/proto/gen/zhiping/expert/v1/expertv1connect"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/wire"
)

type client = expertv1connect.ExpertServiceClient

// Submit hands experts in (C4) and says what was refused.
func Submit(c client, all []message) error {
	resp, err := c.SubmitExperts(context.Background(), &expertv1.SubmitExpertsRequest{Bases: bases(all)})
	return refused(resp.GetOutcomes(), err, all)
}

// Move makes a review move on experts (C5) and says what was refused.
func Move(c client, all []message, a *reviewv1.Action) error {
	resp, err := c.ReviewExperts(context.Background(), &expertv1.ReviewExpertsRequest{Bases: bases(all), Action: a})
	return refused(resp.GetOutcomes(), err, all)
}

// Remove takes experts out of the pool (C4) and says what was refused.
func Remove(c client, all []message, reason string) error {
	resp, err := c.RemoveExperts(context.Background(), &expertv1.RemoveExpertsRequest{Bases: bases(all), Reason: reason})
	return refused(resp.GetOutcomes(), err, all)
}

// Restore puts experts back into the pool (C4) and says what was refused.
func Restore(c client, all []message, reason string) error {
	resp, err := c.RestoreExperts(context.Background(), &expertv1.RestoreExpertsRequest{Bases: bases(all), Reason: reason})
	return refused(resp.GetOutcomes(), err, all)
}

// SubmitRecommendations hands recommendations in (C4) and says what was refused.
func SubmitRecommendations(c client, all []recommendation) error {
	resp, err := c.SubmitRecommendations(context.Background(), &expertv1.SubmitRecommendationsRequest{Bases: bases(all)})
	return refused(resp.GetOutcomes(), err, persons(all))
}

// MoveRecommendations decides on recommendations (C4) and says what was refused.
func MoveRecommendations(c client, all []recommendation, a *reviewv1.Action) error {
	resp, err := c.ReviewRecommendations(context.Background(), &expertv1.ReviewRecommendationsRequest{Bases: bases(all), Action: a})
	return refused(resp.GetOutcomes(), err, persons(all))
}

// persons gives recommendations as who they are of, under their own ids, for messages.
func persons(all []recommendation) []message {
	out := make([]message, len(all))
	for i, r := range all {
		out[i] = &expertv1.Expert{Id: r.Id, Name: r.GetExpert().GetName()}
	}
	return out
}

func bases[M interface {
	GetId() string
	GetRevision() int64
}](all []M,
) []*commonv1.Base {
	var b []*commonv1.Base
	for _, m := range all {
		b = append(b, &commonv1.Base{Id: m.GetId(), Revision: m.GetRevision()})
	}
	return b
}

func refused(outcomes []*commonv1.Outcome, err error, all []message) error {
	if err != nil {
		return err
	}
	return wire.Refused(outcomes, func(id string) string {
		for _, e := range all {
			if e.Id == id {
				return e.Name
			}
		}
		return id
	})
}
