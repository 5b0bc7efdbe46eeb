package kit_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/fault"
	"zhiping/shared/sheet"
)

func contacts() *sheet.Sheet[*unitv1.Unit] {
	return &sheet.Sheet[*unitv1.Unit]{
		Name: "contacts", Title: "单位联系人", New: func() *unitv1.Unit { return &unitv1.Unit{} },
		Columns: []sheet.Column[*unitv1.Unit]{{Field: unitv1.Unit_Name, Example: "示例单位"}, {Field: unitv1.Unit_Contact, Example: "示例"}, {Field: unitv1.Unit_Phone, Example: "13800000000"}},
	}
}

// folder answers for a person: everything is in one folder.
type folder struct{ dir, open string }

func (f *folder) Open(_ []string, then func(string)) { then(filepath.Join(f.dir, f.open)) }

func (f *folder) Save(name string, then func(string)) { then(filepath.Join(f.dir, name)) }

// filled writes a workbook with rows of name, contact and telephone.
func filled(t *testing.T, file string, rows ...[3]string) {
	t.Helper()
	var all []*unitv1.Unit
	for _, r := range rows {
		all = append(all, &unitv1.Unit{Name: r[0], Contact: r[1], Phone: r[2]})
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := contacts().Write(f, slices.Values(all)); err != nil {
		t.Fatal(err)
	}
}

func TestImport(t *testing.T) {
	look(t)
	files := &folder{dir: t.TempDir(), open: "filled.xlsx"}
	filled(t, filepath.Join(files.dir, files.open),
		[3]string{"甲单位（虚构）", "示例一", "13800000000"}, [3]string{"乙单位（虚构）", "示例二", "1"}, [3]string{"丙单位（虚构）", "示例三", "13800000001"})
	var sent []string
	p := kit.NewImportPage(contacts(), kit.Inline, files, func(_ context.Context, rows []*sheet.Row[*unitv1.Unit], said func(int)) error {
		for i, r := range rows {
			sent = append(sent, r.Message.Name)
			said(i + 1)
		}
		rows[1].Add("单位名称已被使用")
		return nil
	})
	w := show(t, p.Content, 1000, 600)
	if !button(t, p.Content, "3. 确认导入").Disabled() {
		t.Error("nothing can be confirmed already")
	}
	test.Tap(button(t, p.Content, "1. 下载模板"))
	if info, err := os.Stat(filepath.Join(files.dir, "单位联系人模板.xlsx")); err != nil || info.Size() == 0 {
		t.Error("no template:", err)
	}
	test.Tap(button(t, p.Content, "2. 选择"))
	if s := texts(p.Content); len(p.Good) != 2 || len(p.Failed) != 1 || !strings.Contains(s, "2 行通过检查，1 行未通过") || !strings.Contains(s, "联系电话格式不正确") {
		t.Fatal(len(p.Good), len(p.Failed), s)
	}
	red := 0
	each(p.Content, func(o fyne.CanvasObject) {
		if l, ok := o.(*widget.Label); ok && l.Importance == widget.DangerImportance && l.Text == "1" {
			red++
		}
	})
	if red != 1 {
		t.Error("the wrong cell is not red")
	}
	test.TapCanvas(w.Canvas(), fyne.NewPos(200, 150))
	if s := texts(p.Content); !strings.Contains(s, "第 5 行：联系电话格式不正确") {
		t.Error("tapping a row does not give all its reasons:", s)
	}
	test.Tap(button(t, p.Content, "3. 确认导入（2）"))
	if s := texts(p.Content); !slices.Equal(sent, []string{"甲单位（虚构）", "丙单位（虚构）"}) || len(p.Good) != 0 || len(p.Failed) != 2 || !strings.Contains(s, "已导入 1 行。服务器退回 1 行") || !strings.Contains(s, "单位名称已被使用") {
		t.Fatal(sent, len(p.Failed), s)
	}
	test.Tap(button(t, p.Content, "导出未通过的行"))
	files.open = "单位联系人未通过.xlsx"
	test.Tap(button(t, p.Content, "2. 选择"))
	if len(p.Good) != 1 || len(p.Failed) != 1 || p.Failed[0].Message.GetName() != "乙单位（虚构）" {
		t.Error("the failed rows do not come back:", len(p.Good), len(p.Failed))
	}
}

func TestImportSaysWhatIsWrongWithTheFile(t *testing.T) {
	look(t)
	files := &folder{dir: t.TempDir(), open: "none.xlsx"}
	p := kit.NewImportPage(contacts(), kit.Inline, files, nil)
	show(t, p.Content, 1000, 600)
	test.Tap(button(t, p.Content, "2. 选择"))
	if s := texts(p.Content); !strings.Contains(s, "打不开文件") {
		t.Error(s)
	}
	files.open = "text.xlsx"
	if err := os.WriteFile(filepath.Join(files.dir, files.open), []byte("no workbook"), 0o600); err != nil {
		t.Fatal(err)
	}
	test.Tap(button(t, p.Content, "2. 选择"))
	if s := texts(p.Content); strings.Contains(s, "内部错误") || !strings.Contains(s, "Excel") {
		t.Error(s)
	}
	files.open = "empty.xlsx"
	filled(t, filepath.Join(files.dir, files.open))
	test.Tap(button(t, p.Content, "2. 选择"))
	if s := texts(p.Content); !strings.Contains(s, "没有数据行") {
		t.Error(s)
	}
}

func TestImportCanBeCancelled(t *testing.T) {
	look(t)
	files := &folder{dir: t.TempDir(), open: "filled.xlsx"}
	filled(t, filepath.Join(files.dir, files.open), [3]string{"甲单位（虚构）", "示例一", "13800000000"})
	var p *kit.ImportPage[*unitv1.Unit]
	p = kit.NewImportPage(contacts(), kit.Inline, files, func(ctx context.Context, _ []*sheet.Row[*unitv1.Unit], _ func(int)) error {
		p.Cancel() // the person presses 取消 while rows are on their way
		return ctx.Err()
	})
	show(t, p.Content, 1000, 600)
	test.Tap(button(t, p.Content, "2. 选择"))
	test.Tap(button(t, p.Content, "3. 确认导入"))
	if s := texts(p.Content); !strings.Contains(s, "已取消") || len(p.Good) != 1 {
		t.Error(len(p.Good), s)
	}
}

func TestImportFailsInWords(t *testing.T) {
	look(t)
	files := &folder{dir: t.TempDir(), open: "filled.xlsx"}
	filled(t, filepath.Join(files.dir, files.open), [3]string{"甲单位（虚构）", "示例一", "13800000000"})
	err := error(fault.New(fault.Offline, "服务器连接不上，请检查网络"))
	p := kit.NewImportPage(contacts(), kit.Inline, files, func(context.Context, []*sheet.Row[*unitv1.Unit], func(int)) error { return err })
	show(t, p.Content, 1000, 600)
	test.Tap(button(t, p.Content, "2. 选择"))
	test.Tap(button(t, p.Content, "3. 确认导入"))
	if s := texts(p.Content); !strings.Contains(s, "服务器连接不上") || len(p.Good) != 1 {
		t.Error("rows that were not sent are gone, or nothing was said:", s)
	}
	err = errors.New("dial tcp: connection refused")
	test.Tap(button(t, p.Content, "3. 确认导入"))
	if s := texts(p.Content); strings.Contains(s, "dial") || !strings.Contains(s, "程序内部错误") {
		t.Error("a program's words reached the clerk:", s)
	}
}

func TestConfirmTyped(t *testing.T) {
	look(t)
	w := show(t, widget.NewLabel(""), 600, 400)
	done := 0
	kit.ConfirmTyped(w, "删除评委会", "删除后不能恢复。", "示例评委会", "删除", func() { done++ })
	top := w.Canvas().Overlays().Top()
	b := button(t, top, "删除")
	if !b.Disabled() {
		t.Error("it can be deleted without a word")
	}
	test.Type(entry(t, top, "请输入：示例评委会"), "示例评委会")
	test.Tap(b)
	if done != 1 || w.Canvas().Overlays().Top() != nil {
		t.Error(done, "or the window is still there")
	}
	kit.Confirm(w, "删除", "删除 3 条？", "删除 3 条", func() { done++ })
	test.Tap(button(t, w.Canvas().Overlays().Top(), "取消"))
	if done != 1 {
		t.Error("cancelling deleted")
	}
	kit.ShowFault(w, fault.Several([]fault.Problem{{Text: "姓名为必填项"}, {Text: "性别为必填项"}}))
	if s := texts(w.Canvas().Overlays().Top()); !strings.Contains(s, "1. 姓名为必填项\n2. 性别为必填项") {
		t.Error(s)
	}
}

func TestFaultsSpeakChinese(t *testing.T) {
	look(t)
	w := show(t, widget.NewLabel(""), 600, 400)
	if kit.ShowFault(w, nil); w.Canvas().Overlays().Top() != nil {
		t.Fatal("nothing failed")
	}
	batch := fault.New(fault.State, "共 3 条，2 条未办理，其余已办理")
	batch.Problems = []fault.Problem{{Text: "甲：已提交"}, {Text: "乙：已撤回"}}
	for _, x := range []struct {
		err  error
		want string
	}{
		{fault.New(fault.Conflict, "他人已修改，请刷新"), "他人已修改，请刷新"},
		{fault.Several([]fault.Problem{{Text: "姓名为必填项"}}), "姓名为必填项"},
		{batch, "共 3 条，2 条未办理，其余已办理\n1. 甲：已提交\n2. 乙：已撤回"},
		{errors.New("dial tcp: refused"), "程序内部错误"},
	} {
		kit.ShowFault(w, x.err)
		top := w.Canvas().Overlays().Top()
		if s := texts(top); !strings.Contains(s, x.want) || strings.Contains(s, "dial") {
			t.Errorf("%q does not say %q", s, x.want)
		}
		test.Tap(button(t, top, "知道了"))
	}
}
