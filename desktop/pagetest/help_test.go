package pagetest

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/help"
	"zhiping/desktop/kit"
	"zhiping/desktop/kit/kittest"
	"zhiping/desktop/settings"
	"zhiping/desktop/theme"
)

// look gives a test a window and the program's look.
func look(t *testing.T) fyne.Window {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(1, false))
	w := test.NewTempWindow(t, widget.NewLabel(""))
	w.Resize(fyne.NewSize(1100, 640))
	return w
}

// read is what stands on a page, with no line broken.
func read(page fyne.CanvasObject) string {
	all := texts(page)
	kittest.Each(page, func(o fyne.CanvasObject) {
		if x, ok := o.(interface{ String() string }); ok {
			all += strings.ReplaceAll(x.String(), "\n", "") + "\n"
		}
	})
	return all
}

func TestHelpBook(t *testing.T) {
	w := look(t)
	b := help.NewBook()
	w.SetContent(b.Content)
	says := func(want ...string) {
		t.Helper()
		s := read(b.Content)
		for _, x := range want {
			if !strings.Contains(s, x) {
				t.Errorf("the book does not say %q:\n%s", x, s)
			}
		}
	}
	says("帮助目录", "首页", "件数按本机已有的数据统计")
	b.Show("unit-tree")
	says("按“清空”回到单位树", "单位树需要联网")
	b.Search(w.Canvas())
	test.Type(w.Canvas().Focused(), "校验位")
	says("本单位信息管理", "请对照营业执照核对")
	if strings.Contains(read(b.Content), "公告编辑") {
		t.Error("a page without the word is listed")
	}
	b.Show("no such key")
	says("打开程序后最先看到的页面")
	b.Search(w.Canvas())
	test.Type(w.Canvas().Focused(), "没有这样的词")
	says("没有找到“没有这样的词”")
}

// A search finds by all its words; a page with one in its title stands before those that only mention it.
func TestHelpSearch(t *testing.T) {
	all := help.All()
	hits := help.Find(all, "单位树")
	if len(hits) < 3 || hits[0].Key != "unit-tree" {
		t.Error(hits)
	}
	for _, h := range help.Find(all, "退回 原因") {
		if !strings.Contains(h.Text, "退回") || !strings.Contains(h.Text, "原因") {
			t.Error(h.Key)
		}
	}
	if n := len(help.Find(all, "")); n != len(all) {
		t.Error(n)
	}
}

func TestSettingsPage(t *testing.T) {
	w := look(t)
	var looks []kit.Look
	forgot := 0
	s := settings.New(kit.Look{Scale: 1.25}, func(l kit.Look) { looks = append(looks, l) }, func() { forgot++ })
	w.SetContent(s.Content)
	if s.Scale.Selected != "125%" || s.Colours.Selected != "浅色" {
		t.Error(s.Scale.Selected, s.Colours.Selected)
	}
	s.Scale.SetSelected("150%")
	s.Colours.SetSelected("深色")
	if len(looks) != 2 || looks[0] != (kit.Look{Scale: 1.5}) || looks[1] != (kit.Look{Scale: 1.5, Dark: true}) {
		t.Error("not at once, or not this:", looks)
	}
	kittest.Each(s.Content, func(o fyne.CanvasObject) {
		if b, ok := o.(*widget.Button); ok && b.Text == "恢复默认设置" {
			test.Tap(b)
		}
	})
	if last := looks[len(looks)-1]; len(looks) != 3 || last != (kit.Look{Scale: 1}) || forgot != 1 || s.Scale.Selected != "100%" {
		t.Error(looks, forgot, s.Scale.Selected)
	}
}

// A paragraph is as high as its lines, at every width, and no line of it begins with a closing mark.
func TestHelpBreaksItsLines(t *testing.T) {
	w := look(t)
	_, page := help.Article("own-unit")
	w.SetContent(page)
	before := 0
	for _, width := range []float32{700, 420, 300} {
		page.Resize(fyne.NewSize(width, 500))
		lines := 0
		kittest.Each(page, func(o fyne.CanvasObject) {
			if _, ok := o.(interface{ String() string }); !ok {
				return
			}
			byHeight := map[float32]string{}
			drawn(o, func(x *canvas.Text) {
				if x.Position().X < 10 {
					byHeight[x.Position().Y] = x.Text
				}
				if bottom := x.Position().Y + x.Size().Height; bottom > o.Size().Height+1 {
					t.Errorf("at %v %q ends at %v of %v", width, x.Text, bottom, o.Size().Height)
				}
			})
			lines += len(byHeight)
			for _, l := range byHeight {
				if strings.HasPrefix(l, "。") || strings.HasPrefix(l, "，") || strings.HasPrefix(l, "”") {
					t.Errorf("at %v a line begins with a closing mark: %q", width, l)
				}
			}
		})
		if lines <= before {
			t.Errorf("at %v there are %d lines, no more than at the width before", width, lines)
		}
		before = lines
	}
}

// drawn walks the texts that a widget is drawn of.
func drawn(o fyne.CanvasObject, fn func(*canvas.Text)) {
	switch x := o.(type) {
	case *canvas.Text:
		fn(x)
	case *fyne.Container:
		for _, c := range x.Objects {
			drawn(c, fn)
		}
	case fyne.Widget:
		for _, c := range test.WidgetRenderer(x).Objects() {
			drawn(c, fn)
		}
	}
}
