package kit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/kit/kittest"
	"zhiping/desktop/outbox"
	"zhiping/desktop/vault"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/fault"
	"zhiping/shared/review"
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

// clerk is a desk with a real outbox; what it is asked to choose is answered by chosen, and kept.
type clerk struct {
	*kit.Desk
	files  *folder
	chosen string
	asked  []string
}

func newClerk(t *testing.T, files *folder) *clerk {
	t.Helper()
	dir := t.TempDir()
	v, err := vault.Open(dir, "clerk", "password-1", true, vault.None{})
	if err != nil {
		t.Fatal(err)
	}
	box, err := outbox.Open(t.Context(), dir, v, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	c := &clerk{files: files}
	c.Desk = &kit.Desk{
		Run: kit.Inline, Files: files, Box: box, By: review.Actor{StaffName: "经办人"},
		Judge: func(*outbox.Mutation) map[string]*fault.Error { return nil },
		Choose: func(_ string, content fyne.CanvasObject, choices ...kit.Choice) {
			c.asked = append(c.asked, texts(content))
			for _, x := range choices {
				if x.Title == c.chosen {
					x.Do()
				}
			}
		},
	}
	return c
}

type row = *sheet.Row[*unitv1.Unit]

func names(rows []row) (all []string) {
	for _, r := range rows {
		all = append(all, r.Message.Name)
	}
	return all
}

// fill writes the file that the clerk chooses.
func (f *folder) fill(t *testing.T, rows ...[3]string) {
	t.Helper()
	f.open = "filled.xlsx"
	filled(t, filepath.Join(f.dir, f.open), rows...)
}

func counted(t *testing.T, p *kit.ImportPage[*unitv1.Unit], good, failed int) {
	t.Helper()
	if g, f := p.Batch.Count(); g != good || f != failed {
		t.Fatalf("%d good and %d failed rows, want %d and %d: %s", g, f, good, failed, texts(p.Content))
	}
}

func TestImport(t *testing.T) {
	look(t)
	files := &folder{dir: t.TempDir()}
	files.fill(t, [3]string{"甲单位（虚构）", "示例一", "13800000000"}, [3]string{"乙单位（虚构）", "示例二", "1"}, [3]string{"丙单位（虚构）", "示例三", "13800000001"})
	var sent []string
	p := kit.NewImportPage(contacts(), newClerk(t, files).Desk, "", func(_ context.Context, rows []row) error {
		sent = append(sent, names(rows)...)
		rows[1].Add("单位名称已被使用")
		return nil
	})
	show(t, p.Content, 1000, 600)
	if !button(t, p.Content, "3. 确认导入").Disabled() {
		t.Error("nothing can be confirmed already")
	}
	test.Tap(button(t, p.Content, "1. 下载模板"))
	if info, err := os.Stat(filepath.Join(files.dir, "单位联系人模板.xlsx")); err != nil || info.Size() == 0 {
		t.Error("no template:", err)
	}
	test.Tap(button(t, p.Content, "2. 选择"))
	counted(t, p, 2, 1)
	if s := texts(p.Content); !strings.Contains(s, "2 行通过检查，1 行未通过") || !strings.Contains(s, "联系电话格式不正确") {
		t.Fatal(s)
	}
	red := 0
	kittest.Each(p.Content, func(o fyne.CanvasObject) {
		if l, ok := o.(*widget.Label); ok && l.Importance == widget.DangerImportance && l.Text == "1" {
			red++
		}
	})
	if red != 1 {
		t.Error("the wrong cell is not red")
	}
	test.Tap(button(t, p.Content, "3. 确认导入（2）"))
	counted(t, p, 0, 2)
	if s := texts(p.Content); !slices.Equal(sent, []string{"甲单位（虚构）", "丙单位（虚构）"}) || !strings.Contains(s, "已导入 1 行。服务器退回 1 行") || !strings.Contains(s, "单位名称已被使用") {
		t.Fatal(sent, s)
	}
	test.Tap(button(t, p.Content, "导出未通过的行"))
	files.open = "单位联系人未通过.xlsx"
	test.Tap(button(t, p.Content, "2. 选择"))
	counted(t, p, 1, 1)
	if p.Batch.Failed(0).Message.GetName() != "乙单位（虚构）" {
		t.Error("the failed rows do not come back")
	}
}

// tapCell taps a cell of the failed rows by what stands in it.
func tapCell(t *testing.T, w fyne.Window, o fyne.CanvasObject, text string) {
	t.Helper()
	var at *fyne.Position
	kittest.Each(o, func(x fyne.CanvasObject) {
		if l, ok := x.(*widget.Label); ok && l.Text == text && at == nil {
			pos := fyne.CurrentApp().Driver().AbsolutePositionForObject(l).AddXY(5, 5)
			at = &pos
		}
	})
	if at == nil {
		t.Fatalf("there is no cell %q in %s", text, texts(o))
	}
	test.TapCanvas(w.Canvas(), *at)
}

func press(w fyne.Window, k fyne.KeyName) { w.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: k}) }

// retype replaces what stands in the cell.
func retype(w fyne.Window, s string) {
	for range 30 {
		press(w, fyne.KeyBackspace)
	}
	test.Type(w.Canvas().Focused(), s)
}

// A clerk corrects rows on the page: the red cell is clicked, typed, checked at once; Enter goes on to the next one that is wrong.
func TestImportIsCorrectedInPlace(t *testing.T) {
	look(t)
	files := &folder{dir: t.TempDir()}
	files.fill(t, [3]string{"甲单位（虚构）", "示例一", "1"}, [3]string{"乙单位（虚构）", "", "2"}, [3]string{"丙单位（虚构）", "示例三", "3"})
	d := newClerk(t, files)
	p := kit.NewImportPage(contacts(), d.Desk, "", nil)
	w := show(t, p.Content, 1000, 600)
	test.Tap(button(t, p.Content, "2. 选择"))
	counted(t, p, 0, 3)

	tapCell(t, w, p.Content, "1")
	if s := texts(p.Content); !strings.Contains(s, "第 4 行：联系电话格式不正确") || w.Canvas().Focused() == nil {
		t.Fatal("the cell cannot be typed, or its reason is not told:", s)
	}
	retype(w, "138")
	if s := texts(p.Content); !strings.Contains(s, "第 4 行：联系电话格式不正确") {
		t.Error("it is not checked as it is typed:", s)
	}
	test.Type(w.Canvas().Focused(), "00000000")
	if s := texts(p.Content); !strings.Contains(s, "这一格可以了") {
		t.Error("it is not said that it is right now:", s)
	}
	press(w, fyne.KeyReturn)
	counted(t, p, 1, 2)
	if p.Batch.Good(0).Message.Phone != "13800000000" {
		t.Error(p.Batch.Good(0).Message)
	}
	retype(w, "示例二") // the cursor stands in the first wrong cell of the next row: its empty contact
	press(w, fyne.KeyReturn)
	counted(t, p, 1, 2)
	retype(w, "13800000001")
	press(w, fyne.KeyReturn)
	counted(t, p, 2, 1)
	press(w, fyne.KeyEscape)
	if w.Canvas().Focused() != nil {
		t.Error("Esc does not leave the cell")
	}

	// The page is closed and opened again: what was corrected is kept.
	p = kit.NewImportPage(contacts(), d.Desk, "", nil)
	w = show(t, p.Content, 1000, 600)
	p.Load()
	counted(t, p, 2, 1)
	if s := texts(p.Content); !strings.Contains(s, "接着处理") || !strings.Contains(s, "filled.xlsx") || p.Batch.Good(1).Message.Contact != "示例二" {
		t.Error(s)
	}
	var link *widget.Hyperlink
	kittest.Each(p.Content, func(o fyne.CanvasObject) {
		if l, ok := o.(*widget.Hyperlink); ok && l.Text == "删除" {
			link = l
		}
	})
	link.OnTapped()
	counted(t, p, 2, 0)
	if s := texts(p.Content); !strings.Contains(s, "第 6 行不再导入") {
		t.Error(s)
	}
	_ = w
}

func TestTheSameFileTwice(t *testing.T) {
	look(t)
	files := &folder{dir: t.TempDir()}
	files.fill(t, [3]string{"甲单位（虚构）", "示例一", "13800000000"}, [3]string{"乙单位（虚构）", "示例二", "1"})
	d := newClerk(t, files)
	p := kit.NewImportPage(contacts(), d.Desk, "", func(context.Context, []row) error { return nil })
	show(t, p.Content, 1000, 600)
	choose := func() { test.Tap(button(t, p.Content, "2. 选择")) }
	choose()
	choose() // read twice and not imported: nothing to tell
	test.Tap(button(t, p.Content, "3. 确认导入（1）"))
	if len(d.asked) > 0 {
		t.Fatal(d.asked)
	}
	d.chosen = "接着处理上次的"
	choose()
	counted(t, p, 0, 1)
	if len(d.asked) != 1 || !strings.Contains(d.asked[0], "由经办人导入过，导入了 1 行") || !strings.Contains(d.asked[0], "还有 1 行没有导入") {
		t.Error(d.asked)
	}
	d.chosen = "仍然读取"
	choose()
	counted(t, p, 1, 1)
	other := kit.NewImportPage(contacts(), d.Desk, "another activity", nil)
	show(t, other.Content, 1000, 600)
	test.Tap(button(t, other.Content, "2. 选择"))
	if len(d.asked) != 2 {
		t.Error("for another purpose it is another import:", d.asked)
	}
}

func TestImportSaysWhatIsWrongWithTheFile(t *testing.T) {
	look(t)
	files := &folder{dir: t.TempDir(), open: "none.xlsx"}
	p := kit.NewImportPage(contacts(), newClerk(t, files).Desk, "", nil)
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
	files.fill(t)
	test.Tap(button(t, p.Content, "2. 选择"))
	if s := texts(p.Content); !strings.Contains(s, "没有数据行") {
		t.Error(s)
	}
}

func TestImportCanBeCancelled(t *testing.T) {
	look(t)
	files := &folder{dir: t.TempDir()}
	var rows [][3]string
	for i := range 250 {
		rows = append(rows, [3]string{fmt.Sprintf("单位%d（虚构）", i), "示例一", "13800000000"})
	}
	files.fill(t, rows...)
	var p *kit.ImportPage[*unitv1.Unit]
	p = kit.NewImportPage(contacts(), newClerk(t, files).Desk, "", func(context.Context, []row) error {
		p.Cancel() // the person presses 取消 while the first part is on its way
		return nil
	})
	show(t, p.Content, 1000, 600)
	test.Tap(button(t, p.Content, "2. 选择"))
	test.Tap(button(t, p.Content, "3. 确认导入（250）"))
	counted(t, p, 150, 0)
	if s := texts(p.Content); !strings.Contains(s, "已取消") {
		t.Error(s)
	}
}

func TestImportFailsInWords(t *testing.T) {
	look(t)
	files := &folder{dir: t.TempDir()}
	files.fill(t, [3]string{"甲单位（虚构）", "示例一", "13800000000"})
	err := error(fault.New(fault.Offline, "服务器连接不上，请检查网络"))
	p := kit.NewImportPage(contacts(), newClerk(t, files).Desk, "", func(context.Context, []row) error { return err })
	show(t, p.Content, 1000, 600)
	test.Tap(button(t, p.Content, "2. 选择"))
	test.Tap(button(t, p.Content, "3. 确认导入"))
	counted(t, p, 1, 0)
	if s := texts(p.Content); !strings.Contains(s, "服务器连接不上") {
		t.Error(s)
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

// What only says something is closed by the keyboard, without a look for the mouse.
func TestTell(t *testing.T) {
	look(t)
	w := show(t, widget.NewLabel(""), 600, 400)
	for _, k := range []fyne.KeyName{fyne.KeyReturn, fyne.KeyEnter, fyne.KeyEscape, fyne.KeySpace} {
		kit.Tell(w, "已提交备案，请等待审核")
		if w.Canvas().Overlays().Top() == nil {
			t.Fatal("nothing is said")
		}
		if press(w, k); w.Canvas().Overlays().Top() != nil {
			t.Error(k, "does not close it")
		}
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
		press(w, fyne.KeyReturn)
	}
}
