package activity_test

import (
	"testing"

	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/activity"
)

func TestStages(t *testing.T) {
	open := &activityv1.Activity{Published: true, OpensAt: 10, SubmitBy: 20, CorrectBy: 25, ReceiveBy: 30}
	closed := &activityv1.Activity{Published: true, Closed: true}
	in := func(s reviewv1.Stage) *activityv1.Activity {
		return &activityv1.Activity{Publication: &reviewv1.Case{Stage: s}}
	}
	for _, x := range []struct {
		a       *activityv1.Activity
		reached activity.Stage
		now     int64
		want    string
	}{
		{&activityv1.Activity{}, 0, 15, "待提交"},
		{in(reviewv1.Stage_STAGE_REVIEW), 0, 15, "发布审核中"},
		{in(reviewv1.Stage_STAGE_RETURNED), 0, 15, "发布被退回"},
		{in(reviewv1.Stage_STAGE_REFUSED), 0, 15, "发布未通过"},
		{open, 0, 9, "待申报"},
		{open, 0, 10, "申报中"},
		{open, 0, 20, "申报中"},
		{open, 0, 21, "材料审核中"},
		{open, 0, 30, "材料审核中"},
		{open, 0, 31, "评审中"},
		{open, activity.Meeting, 15, "评审中"},
		{open, activity.Announced, 31, "公示中"},
		{open, activity.Confirming, 31, "结果确认中"},
		{closed, activity.Confirming, 31, "已办结"},
	} {
		if got := activity.Present(x.a, activity.StageOf(x.a, x.reached, x.now)); got != x.want {
			t.Errorf("%v reached %v at %d: %s, want %s", x.a, x.reached, x.now, got, x.want)
		}
	}
}
