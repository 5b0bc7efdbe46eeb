package kit_test

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/kit/kittest"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/fault"
)

// typing puts the cursor into the n-th place of a form where something can be typed, replaces what is there and leaves it.
func typing(t *testing.T, w fyne.Window, o fyne.CanvasObject, n int, s string) {
	t.Helper()
	var all []fyne.Focusable
	kittest.Each(o, func(o fyne.CanvasObject) {
		if f, ok := o.(interface {
			fyne.Focusable
			SetText(string)
		}); ok {
			all = append(all, f)
		}
	})
	f := all[n]
	w.Canvas().Focus(f)
	f.(interface{ SetText(string) }).SetText("")
	for _, r := range s {
		f.TypedRune(r)
	}
}

func TestFormTakesWhatIsTyped(t *testing.T) {
	look(t)
	e := &expertv1.Expert{}
	f := kit.NewForm(e, expertv1.Expert_Name, expertv1.Expert_Birth, expertv1.Expert_Sex)
	var changed []string
	f.Changed = func(name string) { changed = append(changed, name) }
	w := show(t, f.Content, 700, 400)
	typing(t, w, f.Content, 0, "示例专家")
	if s := texts(f.Content); e.Name != "示例专家" || !strings.Contains(s, "4 / 30") || !strings.Contains(s, "* 姓名") {
		t.Error(e.Name, s)
	}
	typing(t, w, f.Content, 1, "1980")
	if s := texts(f.Content); strings.Contains(s, "不是有效的日期") {
		t.Error("half a date is complained about while it is typed")
	}
	w.Canvas().Unfocus()
	if s := texts(f.Content); !strings.Contains(s, "不是有效的日期") {
		t.Error("leaving the field did not complain:", s)
	}
	if f.Check() {
		t.Error("a form with half a date passes")
	}
	typing(t, w, f.Content, 1, "19800226")
	w.Canvas().Unfocus()
	if s := texts(f.Content); e.Birth != "1980-02-26" || strings.Contains(s, "不是有效的日期") {
		t.Error(e.Birth, s)
	}
	typing(t, w, f.Content, 2, "女")
	if e.Sex != "2" || changed[len(changed)-1] != expertv1.Expert_Sex {
		t.Error(e.Sex, changed)
	}
}

func TestFormShowsProblemsUnderTheirFields(t *testing.T) {
	look(t)
	u := &unitv1.Unit{}
	f := kit.NewForm(u, unitv1.Unit_Name, unitv1.Unit_Phone)
	w := show(t, f.Content, 700, 300)
	if f.Check() || !strings.Contains(texts(f.Content), "单位名称为必填项") {
		t.Error(texts(f.Content))
	}
	typing(t, w, f.Content, 1, "1")
	w.Canvas().Unfocus()
	if s := texts(f.Content); !strings.Contains(s, "联系电话格式不正确") {
		t.Error(s)
	}
	rest := f.Show(fault.Several([]fault.Problem{{Field: "unit.name", Text: "单位名称已被使用"}, {Field: "unit.kind", Text: "单位类型不对"}}))
	if rest == nil || !strings.Contains(texts(f.Content), "单位名称已被使用") {
		t.Error(rest, texts(f.Content))
	}
	if rest := f.Show(fault.New(fault.Invalid, "单位名称不对").At("unit.name")); rest != nil {
		t.Error(rest)
	}
}

func TestFormOffersDependentChoices(t *testing.T) {
	look(t)
	e := &expertv1.Expert{Sex: "1"}
	f := kit.NewForm(e, expertv1.Expert_Sex, expertv1.Expert_Name)
	show(t, f.Content, 700, 200)
	f.Offer(expertv1.Expert_Sex, []string{"女"})
	if e.Sex != "" {
		t.Error("a value that can no longer be picked stayed:", e.Sex)
	}
	f.Protect(expertv1.Expert_Name)
	var disabled []bool
	kittest.Each(f.Content, func(o fyne.CanvasObject) {
		if d, ok := o.(interface {
			fyne.Disableable
			fyne.Focusable
		}); ok {
			disabled = append(disabled, d.Disabled())
		}
	})
	if !slices.Equal(disabled, []bool{false, false, true}) {
		t.Error("protected are", disabled) // the choice, its arrow, the name
	}
	e.Name, e.Sex = "示例", "2"
	f.Reset(expertv1.Expert_Sex)
	if e.Sex != "2" || !f.Check() {
		t.Error("reset changed the message:", e.Sex)
	}
}

func TestFormAttachments(t *testing.T) {
	look(t)
	u := &unitv1.Unit{}
	f := kit.NewForm(u, unitv1.Unit_Licence, unitv1.Unit_SuperiorName)
	show(t, f.Content, 700, 200)
	f.Attach(func(name string, then func(*commonv1.Attachment)) {
		then(&commonv1.Attachment{Sha256: strings.Repeat("a", 64), Name: name + ".pdf", Size: 3 << 20})
	})
	test.Tap(button(t, f.Content, "选择文件"))
	if u.Licence.GetName() != "licence.pdf" || !strings.Contains(texts(f.Content), "licence.pdf（3.0 MB）") {
		t.Error(u.Licence, texts(f.Content))
	}
	test.Tap(button(t, f.Content, "删除"))
	if u.Licence != nil {
		t.Error(u.Licence)
	}
	u.SuperiorName = "示例上级（虚构）"
	f.Reset()
	if !strings.Contains(texts(f.Content), u.SuperiorName) {
		t.Error("a derived value is not shown again")
	}
}

func TestWizard(t *testing.T) {
	look(t)
	ok, finished := false, 0
	w := kit.NewWizard(func() { finished++ },
		kit.Step{Title: "基本信息", Content: widget.NewLabel("第一页"), Check: func() bool { return ok }},
		kit.Step{Title: "经办人员", Content: widget.NewLabel("第二页")})
	show(t, w, 600, 300)
	test.Tap(button(t, w, "下一步"))
	if !strings.Contains(texts(w), "第一页") {
		t.Error("went on from a step that is not right")
	}
	ok = true
	test.Tap(button(t, w, "下一步"))
	test.Tap(button(t, w, "1. 基本信息"))
	if !strings.Contains(texts(w), "第一页") {
		t.Error("a step behind cannot be gone back to")
	}
	test.Tap(button(t, w, "下一步"))
	test.Tap(button(t, w, "提　交"))
	if finished != 1 || !strings.Contains(texts(w), "第二页") {
		t.Error(finished, texts(w))
	}
}

func TestFormMarkup(t *testing.T) {
	look(t)
	u := &unitv1.Unit{Name: "示例单位（虚构）", Division: "511083", Licence: &commonv1.Attachment{Name: "执照.pdf", Size: 2048}}
	f := kit.NewForm(u, unitv1.Unit_Name, unitv1.Unit_Division, unitv1.Unit_OwnLevel, unitv1.Unit_Phone, unitv1.Unit_Licence)
	w := show(t, f.Content, 560, 300)
	f.Check()
	test.AssertRendersToMarkup(t, "form.xml", w.Canvas())
}
