package shell_test

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/kit/kittest"
	"zhiping/desktop/shell"
	"zhiping/desktop/theme"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
)

// longMenu is a shell with three groups of so many lines; the last line of the last group counts 3.
func longMenu(t *testing.T, lines int) (*shell.Shell, fyne.Window) {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(1, false))
	w := test.NewTempWindow(t, widget.NewLabel(""))
	var items []shell.Item
	for _, group := range []string{"甲组", "乙组", "丙组"} {
		for i := range lines {
			title := fmt.Sprintf("%s第%d项", group, i+1)
			items = append(items, shell.Item{Group: group, Title: title, Right: commonv1.Right_RIGHT_SIGNED_IN, Open: func() *shell.Page {
				return &shell.Page{Key: title, Title: title, Content: widget.NewLabel("")}
			}})
		}
	}
	items[len(items)-1].Count = &shell.Count{Read: func(then func(int64)) { then(3) }}
	s := shell.New(w, &sessionv1.Identity{Rights: []commonv1.Right{commonv1.Right_RIGHT_SIGNED_IN}}, items,
		&shell.Page{Title: "首页", Content: widget.NewLabel("")}, func() (string, bool) { return "", false })
	w.SetContent(s.Content)
	return s, w
}

// open names the groups whose first line is in sight.
func open(s *shell.Shell) string {
	var out []string
	kittest.Each(s.Content, func(o fyne.CanvasObject) {
		if b, ok := o.(*kit.Button); ok && strings.HasSuffix(b.Text, "组第1项") {
			out = append(out, strings.Trim(strings.TrimSuffix(b.Text, "第1项"), "　"))
		}
	})
	return strings.Join(out, " ")
}

// head is the head of a group, for the keys.
func head(t *testing.T, s *shell.Shell, title string) *kit.Button {
	t.Helper()
	var found *kit.Button
	kittest.Each(s.Content, func(o fyne.CanvasObject) {
		if b, ok := o.(*kit.Button); ok && b.Text == title {
			found = b
		}
	})
	if found == nil {
		t.Fatalf("there is no head %q", title)
	}
	return found
}

// numbers are the badges in sight.
func numbers(s *shell.Shell) int {
	n := 0
	kittest.Each(s.Content, func(o fyne.CanvasObject) {
		if x, ok := o.(*canvas.Text); ok && x.Text == "3" {
			n++
		}
	})
	return n
}

// In a long menu one group is open and that of the page that is shown; the heads stay in sight, by mouse and by keys.
func TestLongMenu(t *testing.T) {
	s, w := longMenu(t, 6)
	var kept []string
	s.Unfolded = func(title string) { kept = append(kept, title) }
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"at first", func() {}, "甲组"},
		{"another head", func() { test.Tap(button(t, s.Content, "乙组")) }, "乙组"},
		{"its line", func() { test.Tap(button(t, s.Content, "乙组第2项")) }, "乙组"},
		{"the shown page's stays", func() { test.Tap(button(t, s.Content, "丙组")) }, "乙组 丙组"},
		{"closed by its head", func() { test.Tap(button(t, s.Content, "丙组")) }, "乙组"},
		{"by the space bar", func() {
			w.Canvas().Focus(head(t, s, "甲组"))
			w.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
		}, "甲组 乙组"},
		{"from last time", func() { s.Unfold("丙组") }, "乙组 丙组"},
	} {
		step.do()
		if got := open(s); got != step.want {
			t.Errorf("%s: open are %s; want %s", step.name, got, step.want)
		}
	}
	if got := strings.Join(kept, " "); got != "乙组 丙组 甲组" {
		t.Error("remembered:", got)
	}
	if b := button(t, s.Content, "乙组第2项"); b.Importance != widget.MediumImportance {
		t.Error("the line of the shown page is not marked")
	}
}

// A number is never hidden by a closed group: its head shows it.
func TestNumberOfAClosedGroup(t *testing.T) {
	s, _ := longMenu(t, 6)
	for _, want := range []string{"甲组", "丙组"} {
		s.Unfold(want)
		if n := numbers(s); n != 1 {
			t.Errorf("%s open: %d numbers in sight; want 1", want, n)
		}
	}
}

// A short menu has nothing to close.
func TestShortMenu(t *testing.T) {
	s, _ := longMenu(t, 3)
	if got := open(s); got != "甲组 乙组 丙组" {
		t.Error("open are", got)
	}
}

// The keys of the page work while the cursor is in the menu: F1 helps, Esc leaves the menu and only then the page.
func TestKeysInTheMenu(t *testing.T) {
	s, w := longMenu(t, 6)
	helped := ""
	s.Help = func(key string) { helped = key }
	test.Tap(button(t, s.Content, "甲组第2项"))
	w.Canvas().Focus(head(t, s, "甲组"))
	w.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyF1})
	if helped != "甲组第2项" {
		t.Errorf("help of %q", helped)
	}
	w.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if w.Canvas().Focused() != nil || s.Key() != "甲组第2项" {
		t.Error("Esc closed the page, or left the cursor in the menu")
	}
}

// A form begins with the cursor in its first entry; when it is closed, the page it was opened from is shown again, not its neighbour.
func TestFormComesAndGoes(t *testing.T) {
	s, w := longMenu(t, 6)
	for _, line := range []string{"甲组第1项", "甲组第2项", "甲组第3项", "甲组第1项"} {
		test.Tap(button(t, s.Content, line))
	}
	u := &unitv1.Unit{CreditCode: "91"}
	form := kit.NewForm(u, unitv1.Unit_CreditCode, unitv1.Unit_Name)
	form.Protect(unitv1.Unit_CreditCode)
	s.Open(&shell.Page{Key: "form", Title: "新增", Content: form.Content, Save: func() {}})
	if w.Canvas().Focused() == nil {
		t.Fatal("the cursor is nowhere")
	}
	w.Canvas().Focused().TypedRune('示')
	if u.Name != "示" {
		t.Error("what is typed first goes elsewhere:", u)
	}
	press := func(k fyne.KeyName) {
		w.Canvas().(fyne.Shortcutable).TypedShortcut(&desktop.CustomShortcut{KeyName: k, Modifier: fyne.KeyModifierAlt})
	}
	press(fyne.KeyLeft)
	if w.Canvas().Focused() != nil {
		t.Error("the cursor is still in the page that is not shown")
	}
	press(fyne.KeyRight)
	if f := w.Canvas().Focused(); f == nil {
		t.Error("the cursor has not come back with its page")
	}
	s.Close("form")
	if s.Key() != "甲组第1项" {
		t.Error("back on", s.Key())
	}
}

// A group that is opened at the foot of a low window comes into sight.
func TestOpenedGroupIsInSight(t *testing.T) {
	s, w := longMenu(t, 6)
	w.Resize(fyne.NewSize(900, 400))
	test.Tap(button(t, s.Content, "甲组第1项"))
	test.Tap(button(t, s.Content, "丙组"))
	w.Resize(fyne.NewSize(901, 400)) // the layout of the groups that closed
	last := button(t, s.Content, "丙组第6项")
	y := fyne.CurrentApp().Driver().AbsolutePositionForObject(head(t, s, last.Text)).Y
	if y > 400 {
		t.Error("its last line is below the window:", y)
	}
	if top := fyne.CurrentApp().Driver().AbsolutePositionForObject(head(t, s, "丙组")).Y; top < 0 {
		t.Error("its head is above the window:", top)
	}
}
