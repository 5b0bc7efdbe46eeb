package kit_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/xuri/excelize/v2"

	"zhiping/desktop/kit"
	"zhiping/desktop/list"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	exportv1 "zhiping/proto/gen/zhiping/export/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/fault"
	"zhiping/shared/review"
)

// exporter is a desk that exports into a folder.
type exporter struct {
	*kit.Desk
	files    *folder
	recorded []*exportv1.Export
	choose   string
	asked    []string
	failed   error
	refuse   error
	whole    bool
}

func newExporter(t *testing.T) *exporter {
	e := &exporter{files: &folder{dir: t.TempDir()}}
	e.Desk = &kit.Desk{
		Run: kit.Inline, Files: e.files, By: review.Actor{UnitName: "示例单位（虚构）", StaffName: "经办人"},
		Fail: func(err error) { e.failed = err }, Show: func(string) {}, MayExportWhole: func() bool { return e.whole },
		Record: func(_ context.Context, x *exportv1.Export) error {
			e.recorded = append(e.recorded, x)
			return e.refuse
		},
		Choose: func(title string, content fyne.CanvasObject, choices ...kit.Choice) {
			e.asked = append(e.asked, title+texts(content))
			for _, c := range choices {
				if c.Title == e.choose && c.Do != nil {
					c.Do()
				}
			}
		},
	}
	return e
}

// sheetOf reads the only workbook of the folder, nil for none.
func (e *exporter) sheetOf(t *testing.T) [][]string {
	t.Helper()
	all, err := os.ReadDir(e.files.dir)
	if err != nil || len(all) == 0 {
		return nil
	}
	path := e.files.dir + "/" + all[0].Name()
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetName(0))
	if err != nil || os.Remove(path) != nil {
		t.Fatal(err)
	}
	return rows
}

func people(r *registry) *list.List[*unitv1.Unit] {
	l := units(r)
	l.Columns = append(l.Columns, list.Declared[*unitv1.Unit](unitv1.Unit_Phone, 100))
	page := l.Source
	l.Source = func(ctx context.Context, q *commonv1.Query) ([]*unitv1.Unit, *commonv1.PageInfo, error) {
		rows, info, err := page(ctx, q)
		for _, u := range rows {
			u.Phone = "13800000000"
		}
		return rows, info, err
	}
	return l
}

// What is exported is the list as it is shown and all of its pages, not the page that is shown; it says what it is and is on record.
func TestListIsExportedWhole(t *testing.T) {
	look(t)
	r := &registry{n: 450}
	e := newExporter(t)
	p := kit.NewListPage(people(r), kit.Inline, nil)
	p.Exports(e.Desk)
	show(t, p.Content, 1000, 500)
	p.Load()
	p.Model.Filter(map[string]string{"name": "中学", "kind": "HR"})
	p.Load()
	test.Tap(button(t, p.Content, "导出"))
	rows := e.sheetOf(t)
	if len(rows) != 3+450 || rows[452][1] != "示例第450中学（虚构）" || rows[452][0] != "450" || rows[2][1] != "单位名称" {
		t.Fatalf("%d rows, %v, failed: %v", len(rows), rows, e.failed)
	}
	if rows[3][4] != "138****0000" {
		t.Error("the telephone is not masked:", rows[3])
	}
	for _, s := range []string{"单位：示例单位（虚构）", "共450行", "待审核；单位名称含“中学”；单位类型为“人社部门”", "导出时间："} {
		if !strings.Contains(rows[1][0], s) {
			t.Errorf("%q does not say %q", rows[1][0], s)
		}
	}
	if len(e.recorded) != 1 || e.recorded[0].Full || e.recorded[0].Rows != 450 || e.recorded[0].List != "下级单位" || !strings.Contains(e.recorded[0].Filter, "中学") {
		t.Error(e.recorded)
	}
	if len(e.asked) != 1 || !strings.Contains(e.asked[0], "已导出 450 行") {
		t.Error(e.asked)
	}
}

func TestWholeNumbersAreExportedOnRecord(t *testing.T) {
	look(t)
	e := newExporter(t)
	e.whole, e.choose = true, "导出完整号码"
	p := kit.NewListPage(people(&registry{n: 3}), kit.Inline, nil)
	p.Exports(e.Desk)
	show(t, p.Content, 1000, 500)
	p.Load()
	test.Tap(button(t, p.Content, "导出"))
	if rows := e.sheetOf(t); len(rows) != 6 || rows[3][4] != "13800000000" || !e.recorded[0].Full {
		t.Fatal(rows, e.recorded)
	}
	e.refuse = fault.New(fault.Offline, "当前未联网")
	test.Tap(button(t, p.Content, "导出"))
	if rows := e.sheetOf(t); rows != nil || fault.CodeOf(e.failed) != fault.Offline {
		t.Error("whole numbers were written without a record:", rows, e.failed)
	}
}

// A part of a list is never handed out as the whole: not when a page fails, when rows come or go, or when the person stops it.
func TestAnExportIsAllOrNothing(t *testing.T) {
	look(t)
	for what, spoil := range map[string]func(r *registry, p *kit.ListPage[*unitv1.Unit]){
		"a page fails": func(r *registry, _ *kit.ListPage[*unitv1.Unit]) {
			r.err = fault.New(fault.Offline, "服务器连接不上")
		},
		"rows are gone": func(r *registry, _ *kit.ListPage[*unitv1.Unit]) { r.n = 300 },
		"it is stopped": func(_ *registry, p *kit.ListPage[*unitv1.Unit]) { p.StopExport() },
	} {
		r := &registry{n: 450}
		e := newExporter(t)
		l := people(r)
		page := l.Source
		var p *kit.ListPage[*unitv1.Unit]
		l.Source = func(ctx context.Context, q *commonv1.Query) ([]*unitv1.Unit, *commonv1.PageInfo, error) {
			if q.After == "200" {
				spoil(r, p)
			}
			return page(ctx, q)
		}
		p = kit.NewListPage(l, kit.Inline, nil)
		p.Exports(e.Desk)
		show(t, p.Content, 1000, 500)
		p.Load()
		test.Tap(button(t, p.Content, "导出"))
		if rows := e.sheetOf(t); rows != nil || len(e.asked) > 0 {
			t.Errorf("%s: %d rows were written", what, len(rows))
		}
		if what == "it is stopped" && !strings.Contains(texts(p.Content), "已取消导出") || what != "it is stopped" && e.failed == nil {
			t.Errorf("%s: nothing is said", what)
		}
	}
}
