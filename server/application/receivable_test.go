package application_test

import (
	"context"
	"math"
	"testing"

	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	"zhiping/proto/gen/zhiping/application/v1/applicationv1connect"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/server/activity"
	"zhiping/server/command"
	"zhiping/server/committee"
	"zhiping/server/servertest"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

var ctx = context.Background()

// A unit whose nature the committee does not take, or which lies outside its divisions, cannot hand an application in (C2).
func TestWhoMayApply(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		p := h.Province()
		c := &committeev1.Committee{Id: servertest.NewID(), Name: "示例评委会（虚构）", UnitId: p.Department.Identity.Unit.Id, UnitName: "示例局", FiledOn: "2026-01-01", ValidUntil: "2028-12-31", Natures: []string{"31"}}
		act := &activityv1.Activity{
			Id: servertest.NewID(), Name: "示例活动（虚构）", Year: 2026, CommitteeId: c.Id, UnitId: c.UnitId, Series: "05", Levels: []string{"3"}, Specialties: []string{"0501"},
			Published: true, SubmitBy: math.MaxInt64, CorrectBy: math.MaxInt64, ReceiveBy: math.MaxInt64,
		}
		put := func() {
			t.Helper()
			if _, err := command.Run(ctx, h.Server.Run, &activityv1.GetActivityRequest{}, func(tx *command.Tx) (*activityv1.GetActivityResponse, error) {
				return &activityv1.GetActivityResponse{}, committee.Committees.Put(ctx, tx, c)
			}); err != nil {
				t.Fatal(err)
			}
		}
		put()
		if _, err := command.Run(ctx, h.Server.Run, &activityv1.GetActivityRequest{}, func(tx *command.Tx) (*activityv1.GetActivityResponse, error) {
			return &activityv1.GetActivityResponse{}, activity.Activities.Put(ctx, tx, act)
		}); err != nil {
			t.Fatal(err)
		}
		client := applicationv1connect.NewApplicationServiceClient(p.Employer.HTTP, p.URL, p.Employer.Options...)
		saved, err := client.SaveApplication(ctx, &applicationv1.SaveApplicationRequest{Application: &applicationv1.Application{
			Id: servertest.NewID(), ActivityId: act.Id, Name: "示例甲", IdKind: "111", Number: "510106197307287209", Ethnic: "01", Phone: "13800000000", Series: "05", Level: "3", Specialty: "0501",
			Title: "工程师", Method: "review", Education: "21", School: "示例大学", GraduatedOn: "2000-07-01",
		}})
		if err != nil {
			t.Fatal(err)
		}
		submit := func() error {
			resp, err := client.SubmitApplications(ctx, &applicationv1.SubmitApplicationsRequest{Bases: []*commonv1.Base{{Id: saved.Application.Id, Revision: saved.Application.Revision}}})
			if err != nil {
				return err
			}
			return wire.First(resp.Outcomes)
		}
		for _, x := range []struct {
			change func()
			says   string
		}{
			{func() {}, "评委会“示例评委会（虚构）”只受理单位性质为国有企业的单位申报，本单位为“事业单位”"},
			{func() { c.Natures, c.Divisions = []string{"20"}, []string{"510300"} }, "本单位不在评委会“示例评委会（虚构）”的评审区域内，如需申报请走委托评审"},
			{func() { c.Divisions = []string{"510100"} }, ""},
		} {
			x.change()
			put()
			err := submit()
			if f := fault.As(err); x.says == "" && err != nil || x.says != "" && (f == nil || f.Code != fault.State || f.Message != x.says) {
				t.Errorf("%v, want %q", err, x.says)
			}
		}
	})
}
