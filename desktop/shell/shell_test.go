package shell_test

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/kit/kittest"
	"zhiping/desktop/shell"
	"zhiping/desktop/theme"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/fault"
)

func texts(o fyne.CanvasObject) string {
	var all []string
	kittest.Each(o, func(o fyne.CanvasObject) {
		switch x := o.(type) {
		case *widget.Label:
			all = append(all, x.Text)
		case *widget.Button:
			all = append(all, x.Text)
		case *kit.Button:
			all = append(all, x.Text)
		}
	})
	return strings.Join(all, "\n")
}

func button(t *testing.T, o fyne.CanvasObject, text string) *widget.Button {
	t.Helper()
	var found *widget.Button
	kittest.Each(o, func(o fyne.CanvasObject) {
		b, ok := o.(*widget.Button)
		if m, is := o.(*kit.Button); is {
			b, ok = &m.Button, true
		}
		if ok && found == nil && strings.Trim(b.Text, "　") == text {
			found = b
		}
	})
	if found == nil {
		t.Fatalf("there is no button %q in %s", text, texts(o))
	}
	return found
}

// house is a shell with two pages that note what was done to them.
type house struct {
	*shell.Shell
	window fyne.Window
	online bool
	done   []string
}

func newHouse(t *testing.T) *house { return newHouseOf(t, true) }

func newHouseOf(t *testing.T, authorised bool) *house {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(1, false))
	h := &house{online: true}
	h.window = test.NewTempWindow(t, widget.NewLabel(""))
	who := &sessionv1.Identity{
		Unit: &unitv1.Unit{Name: "示例市人社局（虚构）", Phone: "13800000000", Authorised: authorised}, Staff: &unitv1.Staff{Name: "经办人"},
		Rights: []commonv1.Right{commonv1.Right_RIGHT_UNIT_EDIT},
	}
	page := func(key string) func() *shell.Page {
		note := func(what string) func() { return func() { h.done = append(h.done, key+" "+what) } }
		return func() *shell.Page {
			return &shell.Page{
				Key: key, Title: key, Content: widget.NewLabel("这里是" + key), Refresh: note("refresh"), Approve: note("approve"), Save: note("save"),
				Search: func(fyne.Canvas) { note("search")() }, Kinds: []string{key}, Follow: note("follow"), Turn: func(by int) { note(map[int]string{1: "next", -1: "previous"}[by])() },
			}
		}
	}
	h.Shell = shell.New(h.window, who, []shell.Item{
		{Group: "单位管理", Title: "本单位信息", Right: commonv1.Right_RIGHT_UNIT_EDIT, Open: page("甲")},
		{Group: "单位管理", Title: "工作台", Right: commonv1.Right_RIGHT_UNIT_EDIT, Open: page("乙")},
		{Group: "电子证书管理", Title: "发证", Right: commonv1.Right_RIGHT_CERTIFICATE, Open: page("丙")},
	}, &shell.Page{Title: "首页", Content: widget.NewLabel("首页在此")}, func() (string, bool) { return map[bool]string{true: "在线", false: "离线"}[h.online], !h.online })
	h.window.SetContent(h.Content)
	h.window.Resize(fyne.NewSize(1200, 700))
	return h
}

func (h *house) press(k fyne.KeyName, m fyne.KeyModifier) {
	h.window.Canvas().(fyne.Shortcutable).TypedShortcut(&desktop.CustomShortcut{KeyName: k, Modifier: m})
}

func (h *house) key(k fyne.KeyName) { h.window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: k}) }

func TestMenuGoesByRights(t *testing.T) {
	h := newHouse(t)
	s := texts(h.Content)
	if !strings.Contains(s, "本单位信息") || strings.Contains(s, "发证") || strings.Contains(s, "电子证书管理") {
		t.Error(s)
	}
}

// Until the superior has approved the unit, that it has not stands on top of every page (A2).
func TestUnauthorisedUnit(t *testing.T) {
	const notice = "所在单位未被授权，请先完善单位信息，并提交上级单位进行授权审核！"
	h := newHouseOf(t, false)
	for _, page := range []string{"本单位信息", "工作台"} {
		test.Tap(button(t, h.Content, page))
		if s := texts(h.Content); !strings.Contains(s, notice) {
			t.Error(page, "does not say so:", s)
		}
	}
	if s := texts(newHouse(t).Content); strings.Contains(s, notice) {
		t.Error("it is said of a unit that is authorised:", s)
	}
}

func TestPagesAreTabs(t *testing.T) {
	h := newHouse(t)
	test.Tap(button(t, h.Content, "本单位信息"))
	test.Tap(button(t, h.Content, "工作台"))
	test.Tap(button(t, h.Content, "本单位信息")) // the tab that is there already, with fresh data
	if !slices.Equal(h.done, []string{"甲 refresh", "乙 refresh", "甲 refresh"}) || !strings.Contains(texts(h.Content), "这里是甲") {
		t.Error(h.done)
	}
	h.press(fyne.KeyRight, fyne.KeyModifierAlt)
	if !strings.Contains(texts(h.Content), "这里是乙") {
		t.Error("Alt+Right did not turn to the next page")
	}
	h.key(fyne.KeyEscape)
	h.Close("甲")
	h.key(fyne.KeyEscape)
	if s := texts(h.Content); strings.Contains(s, "这里是") || !strings.Contains(s, "首页在此") {
		t.Error("the pages are not closed, or the first page is:", s)
	}
}

// Esc answers what is asked in front of the page, and leaves the page behind it; no other key of the page reaches it, least of all the one that approves.
func TestEscapeWithAQuestion(t *testing.T) {
	h := newHouse(t)
	test.Tap(button(t, h.Content, "本单位信息"))
	question := widget.NewModalPopUp(widget.NewLabel("保存了"), h.window.Canvas())
	question.Show()
	h.key(fyne.KeyF5)
	for _, k := range []fyne.KeyName{fyne.KeyReturn, fyne.KeyS, fyne.KeyDown} {
		h.press(k, fyne.KeyModifierControl)
	}
	h.key(fyne.KeyEscape)
	if question.Visible() || !strings.Contains(texts(h.Content), "这里是甲") || !slices.Equal(h.done, []string{"甲 refresh"}) {
		t.Error("the key reached the page:", h.done, texts(h.Content))
	}
	h.key(fyne.KeyEscape)
	if strings.Contains(texts(h.Content), "这里是甲") {
		t.Error("the page stays")
	}
}

func TestKeysReachThePage(t *testing.T) {
	h := newHouse(t)
	h.press(fyne.KeyS, fyne.KeyModifierControl) // the first page has nothing to save
	test.Tap(button(t, h.Content, "工作台"))
	h.done = nil
	for _, k := range []fyne.KeyName{fyne.KeyReturn, fyne.KeyS, fyne.KeyF, fyne.KeyDown, fyne.KeyUp} {
		h.press(k, fyne.KeyModifierControl)
	}
	h.key(fyne.KeyF5)
	if !slices.Equal(h.done, []string{"乙 approve", "乙 save", "乙 search", "乙 next", "乙 previous", "乙 refresh"}) {
		t.Error(h.done)
	}
}

// A page that is shown follows at once, one behind another tab when it is shown again, and only if it shows what has changed.
func TestPagesFollow(t *testing.T) {
	h := newHouse(t)
	test.Tap(button(t, h.Content, "本单位信息"))
	test.Tap(button(t, h.Content, "工作台"))
	h.done = nil
	h.Followed(map[string]bool{"甲": true})
	h.Followed(map[string]bool{"丁": true})
	if len(h.done) > 0 {
		t.Error("a page that is not seen, or shows nothing of it, was loaded:", h.done)
	}
	h.Followed(map[string]bool{"*": true})
	h.press(fyne.KeyLeft, fyne.KeyModifierAlt)
	if !slices.Equal(h.done, []string{"乙 follow", "甲 follow"}) {
		t.Error(h.done)
	}
}

func TestStateBar(t *testing.T) {
	h := newHouse(t)
	bar := func() string {
		for l := range strings.SplitSeq(texts(h.Content), "\n") {
			if strings.Contains(l, "经办人　|") {
				return l
			}
		}
		return ""
	}
	if got := bar(); got != "示例市人社局（虚构）　经办人　|　在线" {
		t.Error(got)
	}
	h.online = false
	h.Heard()
	h.Doing("正在导入 3 / 10")
	if got := bar(); !strings.HasPrefix(got, "示例市人社局（虚构）　经办人　|　离线") || !strings.HasSuffix(got, "　|　正在导入 3 / 10") {
		t.Error(got)
	}
	h.Doing("")
	if got := bar(); strings.Contains(got, "导入") {
		t.Error(got)
	}
}

func TestSignIn(t *testing.T) {
	test.NewTempApp(t)
	var tried []string
	s := shell.NewSignIn(shell.Ways{
		Submit:    func(s *shell.SignIn) { tried = append(tried, s.Account.Text+" "+s.Password.Text) },
		Register:  func(s *shell.SignIn) { tried = append(tried, "register at "+s.Address.Text) },
		Platforms: func(s *shell.SignIn) { tried = append(tried, "platforms of "+s.Address.Text) },
		With:      func(_ *shell.SignIn, provider string) { tried = append(tried, "with "+provider) },
	})
	test.NewTempWindow(t, s.Content)
	if s.First() != fyne.Focusable(s.Address) {
		t.Error("the cursor does not begin at the address")
	}
	const link = "单位注册：还没有账号的单位由此申请"
	if test.Tap(button(t, s.Content, link)); len(tried) > 0 || !strings.Contains(texts(s.Content), "请先填写服务器地址") {
		t.Error("a unit registers without a server:", tried)
	}
	s.Address.SetText("zp.example.gov.cn:8443")
	if test.Tap(button(t, s.Content, link)); !slices.Equal(tried, []string{"register at zp.example.gov.cn:8443"}) {
		t.Error(tried)
	}
	tried = nil
	s.Fail(nil)
	test.Tap(button(t, s.Content, "统一身份登录"))
	s.Offer([]*sessionv1.Provider{{Id: "intranet", Label: "内网登录"}, {Id: "legal", Label: "法人登录"}})
	s.Fail(nil)
	test.Tap(button(t, s.Content, "法人登录"))
	left := false
	s.Wait("请在浏览器中完成登录", func() { left = true })
	if !button(t, s.Content, "内网登录").Disabled() || !strings.Contains(texts(s.Content), "请在浏览器中完成登录") {
		t.Error("while it waits for the browser another way can be begun")
	}
	test.Tap(button(t, s.Content, "取消"))
	s.Fail(nil)
	if !left || !slices.Equal(tried, []string{"platforms of zp.example.gov.cn:8443", "with legal"}) || strings.Contains(texts(s.Content), "取消") {
		t.Error(left, tried)
	}
	tried = nil
	s.Account.SetText("clerk")
	if s.First() != fyne.Focusable(s.Password) {
		t.Error("the cursor does not go to the password")
	}
	s.Password.SetText("secret")
	s.Password.OnSubmitted("secret")
	s.Fail(fault.New(fault.Denied, "账号或密码不正确"))
	if !slices.Equal(tried, []string{"clerk secret"}) || !strings.Contains(texts(s.Content), "账号或密码不正确") || s.Account.Text != "clerk" {
		t.Error(tried, texts(s.Content))
	}
}

func TestStart(t *testing.T) {
	test.NewTempApp(t)
	connected := 0
	o := shell.NewStart(func() { connected++ }, nil, nil, func() {})
	test.NewTempWindow(t, o)
	test.Tap(button(t, o, "连接服务器"))
	if s := texts(o); connected != 1 || strings.Contains(s, "会议包") || !strings.Contains(s, "试用演示") {
		t.Error(connected, s)
	}
}

// F1 and the mark show the help of the page that is shown.
func TestHelpOfThePage(t *testing.T) {
	h := newHouse(t)
	var asked []string
	h.Help = func(key string) { asked = append(asked, key) }
	h.key(fyne.KeyF1)
	test.Tap(button(t, h.Content, "本单位信息"))
	h.key(fyne.KeyF1)
	h.Open(&shell.Page{Key: "edit-unit 17", Title: "丁", Content: widget.NewLabel("")})
	h.key(fyne.KeyF1)
	h.Open(&shell.Page{Key: "another", Help: "review", Title: "戊", Content: widget.NewLabel("")})
	kittest.Each(h.Content, func(o fyne.CanvasObject) {
		if b, ok := o.(*widget.Button); ok && b.Text == "" && b.Icon != nil && b.Icon.Name() == fynetheme.QuestionIcon().Name() {
			test.Tap(b)
		}
	})
	if !slices.Equal(asked, []string{"home", "甲", "edit-unit", "review"}) {
		t.Error(asked)
	}
}

// The pages of the last time are tabs again behind the first page; each loads when it is shown, once.
func TestRestoredPages(t *testing.T) {
	h := newHouse(t)
	var told [][]string
	h.Opened = func(lines []string) { told = append(told, lines) }
	var all []*shell.Page
	for _, key := range []string{"己", "庚"} {
		all = append(all, &shell.Page{Key: key, Title: key, Menu: key, Content: widget.NewLabel("这里是" + key), Refresh: func() { h.done = append(h.done, key) }})
	}
	h.Restore(all)
	if h.Key() != "home" || len(h.done) != 0 {
		t.Error("restoring loaded something:", h.Key(), h.done)
	}
	h.press(fyne.KeyRight, fyne.KeyModifierAlt)
	h.press(fyne.KeyLeft, fyne.KeyModifierAlt)
	h.press(fyne.KeyRight, fyne.KeyModifierAlt)
	h.Open(all[1])
	if !slices.Equal(h.done, []string{"己", "庚"}) {
		t.Error(h.done)
	}
	h.key(fyne.KeyEscape)
	if last := told[len(told)-1]; !slices.Equal(last, []string{"己"}) {
		t.Error(told)
	}
}
