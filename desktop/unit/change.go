package unit

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/review"
)

// newSuperior draws the part of the own unit's page that is about its superior (A4): who it is, asking for another one, what waits, and taking it
// back while nobody has reviewed it.
func newSuperior(u *unitv1.Unit, c unitv1connect.UnitServiceClient, d *kit.Desk, took func(*unitv1.Unit)) fyne.CanvasObject {
	line := widget.NewLabel("现上级单位：" + u.SuperiorName)
	box := container.NewVBox(line)
	change := u.SuperiorChange
	switch change.GetStage() {
	case reviewv1.Stage_STAGE_REVIEW:
		box.Add(widget.NewLabel("变更为“" + u.PendingSuperiorName + "”的申请正在审核；审核通过之前仍由现上级单位管理，已在办理的事项按原路径办结。"))
		if may := review.May(change, review.Actor{UnitID: d.By.UnitID}); len(may) > 0 {
			box.Add(container.NewHBox(widget.NewButtonWithIcon("撤回变更申请", theme.ContentUndoIcon(), func() { withdraw(u, c, d, took) })))
		}
	default:
		box.Add(container.NewHBox(widget.NewButtonWithIcon("申请变更上级单位", theme.ViewRestoreIcon(), func() { ask(u, c, d, took) })))
	}
	if len(change.GetSteps()) > 0 {
		box.Add(widget.NewLabel("最近一次变更申请："))
		box.Add(kit.NewProcess(change))
	}
	return kit.NewPart("上级单位", box)
}

func ask(u *unitv1.Unit, c unitv1connect.UnitServiceClient, d *kit.Desk, took func(*unitv1.Unit)) {
	PickSuperior(c, d, "申请变更上级单位", "新的上级单位审核通过之前，仍由原上级单位管理。", func(s *unitv1.Superior) {
		var resp *unitv1.ChangeSuperiorResponse
		d.Do(func() (err error) {
			resp, err = c.ChangeSuperior(context.Background(), &unitv1.ChangeSuperiorRequest{Base: base(u), SuperiorId: s.Id})
			return err
		}, func() {
			took(resp.Unit)
			d.Say("已向“" + s.Name + "”提交变更申请，请等待审核")
		})
	})
}

func withdraw(u *unitv1.Unit, c unitv1connect.UnitServiceClient, d *kit.Desk, took func(*unitv1.Unit)) {
	d.Confirm("撤回变更申请", "撤回后仍由“"+u.SuperiorName+"”管理，可以重新申请。", "撤回", func() {
		var resp *unitv1.WithdrawSuperiorResponse
		d.Do(func() (err error) {
			resp, err = c.WithdrawSuperior(context.Background(), &unitv1.WithdrawSuperiorRequest{Base: base(u)})
			return err
		}, func() {
			took(resp.Unit)
			d.Say("已撤回变更申请")
		})
	})
}
