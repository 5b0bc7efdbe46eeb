package application

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
	"github.com/google/uuid"

	"zhiping/desktop/imports"
	"zhiping/desktop/kit"
	"zhiping/desktop/outbox"
	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	"zhiping/proto/gen/zhiping/activity/v1/activityv1connect"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	"zhiping/proto/gen/zhiping/application/v1/applicationv1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	rules "zhiping/shared/application"
	"zhiping/shared/sheet"
	"zhiping/shared/wire"
)

// NewActivityPick asks which of the published activities it is about; content draws what follows once one is chosen.
func NewActivityPick(c activityv1connect.ActivityServiceClient, d *kit.Desk, content func(*activityv1.Activity) fyne.CanvasObject) (o fyne.CanvasObject, load func()) {
	body := container.NewStack()
	byName := map[string]*activityv1.Activity{}
	pick := widget.NewSelect(nil, func(name string) {
		body.Objects = []fyne.CanvasObject{content(byName[name])}
		body.Refresh()
	})
	pick.PlaceHolder = "请选择评审活动"
	note := widget.NewLabel("")
	note.Importance = widget.WarningImportance
	top := container.NewBorder(nil, nil, widget.NewLabel("评审活动"), note, pick)
	return container.NewBorder(top, nil, nil, nil, body), func() {
		var resp *activityv1.ListActivitiesResponse
		d.Do(func() (err error) {
			resp, err = c.ListActivities(context.Background(), &activityv1.ListActivitiesRequest{Query: &commonv1.Query{Scope: "open", Size: 200}})
			return err
		}, func() {
			var names []string
			for _, a := range resp.Activities {
				names = append(names, a.Name)
				byName[a.Name] = a
			}
			pick.SetOptions(names)
			note.SetText("")
			if len(names) == 0 {
				note.SetText("目前没有已发布的评审活动")
			} else if len(names) == 1 && pick.Selected == "" {
				pick.SetSelected(names[0])
			}
		})
	}
}

// NewImport draws the import of applications to an activity (D2).
func NewImport(act *activityv1.Activity, c applicationv1connect.ApplicationServiceClient, d *kit.Desk) *kit.ImportPage[*applicationv1.Application] {
	return kit.NewImportPage(rules.Sheet(), d, act.Id, sender(act.Id, c))
}

// Resume goes on with an import of applications that was cut off.
func Resume(ctx context.Context, i *outbox.Import, c applicationv1connect.ApplicationServiceClient, d *kit.Desk) (imports.Outcome, error) {
	return imports.Resume(ctx, d.Box, d.Judge, rules.Sheet(), i, sender(i.Subject, c))
}

// ImportKind is the template of these imports, as the outbox keeps it.
func ImportKind() string { return rules.Sheet().Name }

// sender hands rows over as applications to an activity; a row is always the same application, however often it is sent.
func sender(activity string, c applicationv1connect.ApplicationServiceClient) imports.Sender[*applicationv1.Application] {
	return func(ctx context.Context, rows []*sheet.Row[*applicationv1.Application]) error {
		r := &applicationv1.ImportApplicationsRequest{}
		for _, row := range rows {
			row.Message.Id, row.Message.ActivityId = row.ID, activity
			r.Applications = append(r.Applications, row.Message)
		}
		resp, err := c.ImportApplications(ctx, r)
		if err != nil {
			return err
		}
		for i, o := range resp.Outcomes {
			if f := wire.Fault(o.Fault); f != nil {
				rows[i].Add(f.Message)
			}
		}
		return nil
	}
}

// New returns an application to an activity with what follows from the activity, for the form.
func New(act *activityv1.Activity) *applicationv1.Application {
	a := &applicationv1.Application{Id: uuid.Must(uuid.NewV7()).String(), ActivityId: act.Id, ActivityName: act.Name, Series: act.Series, IdKind: "111"}
	if len(act.Levels) == 1 {
		a.Level = act.Levels[0]
	}
	if len(act.Specialties) == 1 {
		a.Specialty = act.Specialties[0]
	}
	return a
}
