package expert

import (
	"context"

	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	"zhiping/proto/gen/zhiping/expert/v1/expertv1connect"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/wire"
)

type client = expertv1connect.ExpertServiceClient

// Submit hands experts in (C4) and says what was refused.
func Submit(c client, all []message) error {
	resp, err := c.SubmitExperts(context.Background(), &expertv1.SubmitExpertsRequest{Bases: wire.Bases(all)})
	return wire.RefusedOf(resp.GetOutcomes(), err, all, message.GetName)
}

// Move makes a review move on experts (C5) and says what was refused.
func Move(c client, all []message, a *reviewv1.Action) error {
	resp, err := c.ReviewExperts(context.Background(), &expertv1.ReviewExpertsRequest{Bases: wire.Bases(all), Action: a})
	return wire.RefusedOf(resp.GetOutcomes(), err, all, message.GetName)
}

// Withdraw takes experts back whom nobody has reviewed yet (C4) and says what was refused.
func Withdraw(c client, all []message) error {
	resp, err := c.WithdrawExperts(context.Background(), &expertv1.WithdrawExpertsRequest{Bases: wire.Bases(all)})
	return wire.RefusedOf(resp.GetOutcomes(), err, all, message.GetName)
}

// Remove takes experts out of the pool (C4) and says what was refused.
func Remove(c client, all []message, reason string) error {
	resp, err := c.RemoveExperts(context.Background(), &expertv1.RemoveExpertsRequest{Bases: wire.Bases(all), Reason: reason})
	return wire.RefusedOf(resp.GetOutcomes(), err, all, message.GetName)
}

// Restore puts experts back into the pool (C4) and says what was refused.
func Restore(c client, all []message, reason string) error {
	resp, err := c.RestoreExperts(context.Background(), &expertv1.RestoreExpertsRequest{Bases: wire.Bases(all), Reason: reason})
	return wire.RefusedOf(resp.GetOutcomes(), err, all, message.GetName)
}

// SubmitRecommendations hands recommendations in (C4) and says what was refused.
func SubmitRecommendations(c client, all []recommendation) error {
	resp, err := c.SubmitRecommendations(context.Background(), &expertv1.SubmitRecommendationsRequest{Bases: wire.Bases(all)})
	return wire.RefusedOf(resp.GetOutcomes(), err, all, func(r recommendation) string { return r.GetExpert().GetName() })
}

// MoveRecommendations decides on recommendations (C4) and says what was refused.
func MoveRecommendations(c client, all []recommendation, a *reviewv1.Action) error {
	resp, err := c.ReviewRecommendations(context.Background(), &expertv1.ReviewRecommendationsRequest{Bases: wire.Bases(all), Action: a})
	return wire.RefusedOf(resp.GetOutcomes(), err, all, func(r recommendation) string { return r.GetExpert().GetName() })
}
