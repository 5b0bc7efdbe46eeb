package home_test

import (
	"fmt"
	"strings"
	"testing"

	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	publicityv1 "zhiping/proto/gen/zhiping/publicity/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/activity"
	"zhiping/shared/home"
)

func TestSupervise(t *testing.T) {
	const today = "2026-05-01"
	now := int64(31)
	filed := func(id, until string) *committeev1.Committee {
		return &committeev1.Committee{Id: id, Name: id, FiledOn: "2023-06-01", ValidUntil: until, Filing: &reviewv1.Case{Stage: reviewv1.Stage_STAGE_APPROVED}}
	}
	renewing := filed("renewing", "2026-06-01")
	renewing.Filing.Stage = reviewv1.Stage_STAGE_REVIEW
	act := func(id, of string, closed bool) *activityv1.Activity {
		return &activityv1.Activity{Id: id, CommitteeId: of, Published: true, Closed: closed, OpensAt: 1, SubmitBy: 20, ReceiveBy: 30}
	}
	r := home.Records{
		Committees: []*committeev1.Committee{
			{Id: "draft", Name: "draft"}, filed("expired", "2026-04-30"), filed("closed", "2028-01-01"), renewing, filed("busy", "2026-05-01"),
		},
		Activities: []*activityv1.Activity{
			act("1", "busy", false), act("2", "busy", false), act("3", "busy", true), act("1", "closed", true), act("2", "closed", true), {Id: "5", CommitteeId: "renewing"}, act("9", "another unit's", false),
		},
		Meetings: []*meetingv1.Meeting{
			{Id: "m0", ActivityId: "1", State: meetingv1.State_STATE_CANCELLED}, {Id: "m1", ActivityId: "2", State: meetingv1.State_STATE_HELD},
		},
		Publicities: []*publicityv1.Publicity{{MeetingId: "m0", State: publicityv1.State_STATE_ENDED}, {MeetingId: "m1", State: publicityv1.State_STATE_RUNNING}},
	}
	totals, rows := home.Supervise(r, today, now)
	if totals != (home.Totals{Committees: 5, Filed: 3, Unfiled: 2, Running: 2}) {
		t.Errorf("%+v", totals)
	}
	var got []string
	for _, row := range rows {
		stage := "—"
		if row.Activity != nil {
			stage = activity.Present(row.Activity, row.Stage)
		}
		got = append(got, fmt.Sprintf("%s/%s %s %s", row.Committee.Id, row.Activity.GetId(), home.Filing(row.Committee, today), stage))
	}
	want := "busy/2 已备案 公示中|busy/1 已备案 评审中|renewing/5 已备案 待提交|closed/2 已备案 已办结|draft/ 待提交 —|expired/ 备案已到期 —"
	if strings.Join(got, "|") != want {
		t.Errorf("\n%s\n%s", strings.Join(got, "|"), want)
	}
	r.Publicities[1].State = publicityv1.State_STATE_ENDED
	if _, rows = home.Supervise(r, today, now); rows[0].Stage != activity.Confirming {
		t.Error("after the publicity:", rows[0].Stage)
	}
	c := &committeev1.Committee{Divisions: []string{"510100"}}
	if s := home.Divisions(c, "510300"); s != "成都市" {
		t.Error(s)
	}
	if s := home.Divisions(&committeev1.Committee{}, "510300"); s != "自贡市" {
		t.Error(s)
	}
	if s := home.Period(&activityv1.Activity{OpensAt: 1772413200000, SubmitBy: 1775037600000}) + home.Validity(r.Committees[1]) + home.Period(nil); s != "2026-03-02 至 2026-04-012023-06-01 至 2026-04-30—" {
		t.Error(s)
	}
}
