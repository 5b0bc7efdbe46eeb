package shell_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit/kittest"
	"zhiping/desktop/shell"
	"zhiping/desktop/theme"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
)

// A number stands on the line of the menu and on its tab, follows the kinds of records it counts and no others, and goes when there is nothing.
func TestCounts(t *testing.T) {
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(1, false))
	w := test.NewTempWindow(t, widget.NewLabel(""))
	n, known := int64(3), true
	s := shell.New(w, &sessionv1.Identity{Rights: []commonv1.Right{commonv1.Right_RIGHT_SIGNED_IN}}, []shell.Item{{
		Group: "消息", Title: "收到的消息", Right: commonv1.Right_RIGHT_SIGNED_IN,
		Count: &shell.Count{Kinds: []string{"delivery"}, Read: func(then func(int64)) {
			if known {
				then(n)
			}
		}},
		Open: func() *shell.Page {
			return &shell.Page{Key: "received", Title: "收到的消息", Content: widget.NewLabel("")}
		},
	}}, &shell.Page{Title: "首页", Content: widget.NewLabel("")}, func() (string, bool) { return "", false })
	w.SetContent(s.Content)
	shown := func(badge, tab string) {
		t.Helper()
		gotBadge, gotTab := "", ""
		kittest.Each(s.Content, func(o fyne.CanvasObject) {
			switch x := o.(type) {
			case *container.DocTabs:
				gotTab = x.Items[len(x.Items)-1].Text
			case *canvas.Text:
				if strings.Trim(x.Text, "0123456789+") == "" {
					gotBadge = x.Text
				}
			}
		})
		if gotBadge != badge || gotTab != tab {
			t.Errorf("badge %q, tab %q; want %q, %q", gotBadge, gotTab, badge, tab)
		}
	}
	test.Tap(button(t, s.Content, "收到的消息"))
	shown("3", "收到的消息（3）")
	n = 120
	s.Followed(map[string]bool{"unit": true})
	shown("3", "收到的消息（3）")
	s.Followed(map[string]bool{"delivery": true})
	shown("99+", "收到的消息（99+）")
	known, n = false, 0 // the server is gone and the mirror does not know: the last number stands
	s.Followed(map[string]bool{"*": true})
	shown("99+", "收到的消息（99+）")
	known = true
	s.Followed(map[string]bool{"delivery": true})
	shown("", "收到的消息")
}
