package expert

import (
	"google.golang.org/protobuf/proto"

	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/fault"
	"zhiping/shared/review"
)

// Submit hands a complete expert in (C4).
func Submit(e message, route []*reviewv1.Node, by review.Actor, now int64) error {
	if State(e) == Removed {
		return fault.New(fault.State, "“%s”已移出专家库，请先重新入库", e.Name)
	}
	if err := CheckComplete(e); err != nil {
		return err
	}
	if e.Entry == nil {
		e.Entry = &reviewv1.Case{Matter: reviewv1.Matter_MATTER_EXPERT}
	}
	return review.Submit(e.Entry, route, by, now)
}

// Remove takes an expert out of the pool (C4): nothing is deleted, the history stays.
func Remove(e message, reason, today string, by review.Actor) error {
	switch State(e) {
	case Review:
		return fault.New(fault.State, "“%s”正在审核，不能移出；请等待审核结果或先撤回", e.Name)
	case Removed:
		return fault.New(fault.State, "“%s”已不在库", e.Name)
	}
	e.Removed = true
	e.Standings = append(e.Standings, &expertv1.Standing{On: today, Removed: true, Reason: reason, StaffName: by.StaffName})
	return nil
}

// Restore puts an expert back who was taken out. Who had been approved is in the pool again; who was refused has to be handed in anew.
func Restore(e message, reason, today string, by review.Actor) error {
	if State(e) != Removed {
		return fault.New(fault.State, "“%s”未被移出，无须重新入库", e.Name)
	}
	if e.Entry.GetStage() == reviewv1.Stage_STAGE_REFUSED {
		e.Former = append(e.Former, e.Entry)
		e.Entry = nil
	}
	e.Removed = false
	e.Standings = append(e.Standings, &expertv1.Standing{On: today, Reason: reason, StaffName: by.StaffName})
	return nil
}

// The states of a recommendation, as the tabs of the recommending unit.
const (
	Recommending = "DRAFT"
	Recommended  = "IN_REVIEW"
	SentBack     = "RETURNED"
	Accepted     = "ACCEPTED"
	Declined     = "REFUSED"
)

type recommendation = *expertv1.Recommendation

// RecommendationState returns the tab a recommendation stands under.
func RecommendationState(r recommendation) string {
	switch r.GetReview().GetStage() {
	case reviewv1.Stage_STAGE_REVIEW:
		return Recommended
	case reviewv1.Stage_STAGE_RETURNED:
		return SentBack
	case reviewv1.Stage_STAGE_APPROVED:
		return Accepted
	case reviewv1.Stage_STAGE_REFUSED:
		return Declined
	}
	return Recommending
}

// Recommend lays what the recommending unit typed over a recommendation as it is.
func Recommend(old, from recommendation) (recommendation, error) {
	r := proto.CloneOf(from)
	r.Review = old.GetReview()
	if e := r.Expert; e != nil {
		e.Entry, e.Removed, e.AttendedYears, e.ChairedYear, e.Attendances, e.Standings, e.Former = nil, false, nil, 0, nil, nil, nil
	}
	switch RecommendationState(old) {
	case Recommended:
		return nil, fault.New(fault.State, "“%s”的推荐正在审核，不能修改；请等待结果或先撤回", old.GetExpert().GetName())
	case Accepted, Declined:
		return nil, fault.New(fault.State, "“%s”的推荐已办结，不能修改", old.GetExpert().GetName())
	}
	if old != nil && (old.Expert.GetId() != r.Expert.GetId() || old.Expert.GetCommitteeId() != r.Expert.GetCommitteeId()) {
		return nil, fault.New(fault.Invalid, "推荐的评委会不能更改，请另行推荐").At("recommendation.expert.committee_id")
	}
	return r, nil
}

// SubmitRecommendation hands a complete recommendation in to the forming unit.
func SubmitRecommendation(r recommendation, route []*reviewv1.Node, by review.Actor, now int64) error {
	if err := CheckComplete(r.Expert); err != nil {
		return err
	}
	if r.Review == nil {
		r.Review = &reviewv1.Case{Matter: reviewv1.Matter_MATTER_RECOMMENDATION}
	}
	return review.Submit(r.Review, route, by, now)
}

// Become is the expert that comes of an accepted recommendation: to be submitted by the forming unit.
func Become(r recommendation) message {
	e := proto.CloneOf(r.Expert)
	e.Revision, e.RecommenderName = 0, r.UnitName
	return e
}

// The states of a pool, as the tabs of the authorising unit's list (C5).
const (
	PoolWaiting = "WAITING" // somebody waits to be reviewed
	PoolIdle    = "IDLE"
)

// PoolState returns the tab a pool stands under.
func PoolState(p *expertv1.Pool) string {
	if p.GetWaiting() > 0 {
		return PoolWaiting
	}
	return PoolIdle
}
