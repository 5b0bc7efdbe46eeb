package export_test

import (
	"context"
	"strings"
	"testing"

	exportv1 "zhiping/proto/gen/zhiping/export/v1"
	"zhiping/proto/gen/zhiping/export/v1/exportv1connect"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/audit"
	"zhiping/server/export"
	"zhiping/server/servertest"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

var ctx = context.Background()

func exports(c *servertest.Client) exportv1connect.ExportServiceClient {
	return exportv1connect.NewExportServiceClient(c.HTTP, c.URL, c.Options...)
}

func one() *exportv1.Export {
	return &exportv1.Export{Id: servertest.NewID(), List: "本单位申报人员", Filter: "已退回；姓名含“张”", Rows: 312}
}

// An export is on record with who, what and how many, whatever the request claims; and the audit log names it.
func TestExportsAreRecorded(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		e := one()
		e.Full, e.StaffName, e.UnitId, e.ExportedAt = true, "别人", "elsewhere", 1
		resp, err := exports(top).RecordExport(ctx, &exportv1.RecordExportRequest{Export: e})
		if err != nil {
			t.Fatal(err)
		}
		got := resp.Export
		if got.Full || got.StaffName == "别人" || got.UnitId == "elsewhere" || got.ExportedAt != h.Now().UnixMilli() || got.Rows != 312 || got.Filter != e.Filter {
			t.Error(got)
		}
		full, err := exports(top).RecordFullExport(ctx, &exportv1.RecordFullExportRequest{Export: one()})
		if err != nil || !full.Export.Full {
			t.Fatal(full, err)
		}
		labels := map[string]string{}
		if err := h.Server.DB.Read(ctx, func(tx *db.Tx) error {
			_, err := audit.Recompute(ctx, tx, func(entry *audit.Entry) error {
				for _, s := range entry.Subjects {
					if s.Kind == export.Exports.Name {
						labels[s.ID] = entry.Label + " " + entry.Staff
					}
				}
				return nil
			})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for id, label := range map[string]string{got.Id: "导出名单", full.Export.Id: "导出含完整号码的名单"} {
			if !strings.HasPrefix(labels[id], label+" ") || strings.HasSuffix(labels[id], " ") {
				t.Errorf("the audit log says %q of an export, want %q and who", labels[id], label)
			}
		}
		got.List = "另一份"
		if _, err := exports(top).RecordExport(ctx, &exportv1.RecordExportRequest{Export: got}); fault.CodeOf(err) != fault.State {
			t.Error("a record was changed:", err)
		}
	})
}

// Whole numbers need the right; a clerk without it can still export masked ones.
func TestWholeNumbersNeedTheRight(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		staff := servertest.NewStaff("plain")
		staff.Staff.UnitId = top.Identity.Unit.Id
		units := unitv1connect.NewUnitServiceClient(top.HTTP, top.URL, top.Options...)
		if _, err := units.SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: staff.Staff, Password: servertest.Password}); err != nil {
			t.Fatal(err)
		}
		clerk := h.SignIn("plain")
		if _, err := exports(clerk).RecordFullExport(ctx, &exportv1.RecordFullExportRequest{Export: one()}); fault.CodeOf(err) != fault.Denied {
			t.Error("without the right:", err)
		}
		if _, err := exports(clerk).RecordExport(ctx, &exportv1.RecordExportRequest{Export: one()}); err != nil {
			t.Error("masked:", err)
		}
	})
}
