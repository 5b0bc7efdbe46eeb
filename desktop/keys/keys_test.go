package keys

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/kit/kittest"
	"zhiping/desktop/theme"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
	"zhiping/shared/holder"
)

// house is the screen in a window, with what it said, showed, copied and opened.
type house struct {
	*Page
	t      *testing.T
	window fyne.Window
	said   []string
	failed []string
	copied string
	shown  []string
	dialog fyne.CanvasObject
	folder string // what the person chooses
}

func newHouse(t *testing.T) *house {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(1, false))
	h := &house{t: t, folder: t.TempDir()}
	d := &kit.Desk{
		Run: kit.Inline,
		Say: func(s string) { h.said = append(h.said, s) },
		Fail: func(err error) {
			if fault.CodeOf(err) == fault.Denied {
				t.Error("headed as a missing right:", err)
			}
			h.failed = append(h.failed, err.Error())
		},
		Show: func(path string) { h.shown = append(h.shown, path) },
	}
	h.Page = New(Around{
		Desk: d, Folder: func(then func(string)) { then(h.folder) }, Copy: func(s string) { h.copied = s }, Work: 10,
		Dialog: func(_ string, o fyne.CanvasObject) { h.dialog = o },
	})
	h.window = test.NewTempWindow(t, h.Content)
	h.window.Resize(fyne.NewSize(1100, 700))
	return h
}

// put writes into the entry with a hint.
func (h *house) put(hint, s string) {
	h.t.Helper()
	found := false
	kittest.Each(h.Content, func(o fyne.CanvasObject) {
		if e, ok := o.(*kit.Entry); ok && strings.HasPrefix(e.PlaceHolder, hint) {
			e.SetText(s)
			found = true
		}
	})
	if !found {
		h.t.Fatal("no entry", hint)
	}
}

func (h *house) press(title string) {
	h.t.Helper()
	var b fyne.Tappable
	kittest.Each(h.Content, func(o fyne.CanvasObject) {
		switch x := o.(type) {
		case *kit.Button:
			if x.Text == title {
				b = x
			}
		case *widget.Button:
			if x.Text == title {
				b = x
			}
		}
	})
	if b == nil {
		h.t.Fatal("no button", title)
	}
	test.Tap(b)
}

// reads is everything that is shown in words.
func (h *house) reads() string {
	var all strings.Builder
	kittest.Each(h.Content, func(o fyne.CanvasObject) {
		switch x := o.(type) {
		case *widget.Label:
			all.WriteString(x.Text + "\n")
		case *kit.Entry:
			all.WriteString(x.Text + "\n")
		}
	})
	return all.String()
}

// refuses checks the one message since the last.
func (h *house) refuses(words ...string) {
	h.t.Helper()
	if len(h.failed) != 1 {
		h.t.Fatalf("%d messages: %q", len(h.failed), h.failed)
	}
	for _, w := range words {
		if !strings.Contains(h.failed[0], w) {
			h.t.Errorf("%q does not say %q", h.failed[0], w)
		}
	}
	h.failed = nil
}

func (h *house) way(i int) { h.tabs.SelectIndex(i) }

const phrase = "correct horse 7"

// made makes a key on the screen and gives its file.
func (h *house) made() string {
	h.t.Helper()
	h.put("会议中显示", "王保管（虚构）")
	h.put("至少10个", phrase)
	h.put("同样的口令", phrase)
	h.press("选择文件夹…")
	h.press("生成密钥")
	if len(h.failed) > 0 {
		h.t.Fatal(h.failed)
	}
	return filepath.Join(h.folder, "会议密钥-王保管（虚构）.zpk")
}

func TestMakeAKey(t *testing.T) {
	h := newHouse(t)
	file := h.made()
	k, err := holder.Load(file, phrase)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"密钥已生成", file, k.Public().Fingerprint(), "王保管（虚构）"} {
		if !strings.Contains(h.reads(), want) {
			t.Errorf("the screen does not say %q:\n%s", want, h.reads())
		}
	}
	if strings.Contains(h.reads(), phrase) {
		t.Error("the passphrase stays on the screen")
	}
	h.press("复制公钥")
	if got, err := holder.ParsePublic(h.copied); err != nil || got != k.Public() {
		t.Error(err)
	}
	h.press("存成文件")
	h.press("存成文件") // an earlier one stays
	for _, name := range []string{"会议密钥-王保管（虚构）-公钥.txt", "会议密钥-王保管（虚构）-公钥（2）.txt"} {
		b, err := os.ReadFile(filepath.Join(h.folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := holder.ParsePublic(string(b)); err != nil || got != k.Public() {
			t.Error(err)
		}
	}
	h.press("生成纸质备份")
	if len(h.shown) != 1 || !strings.HasSuffix(h.shown[0], "-纸质备份.pdf") || !strings.Contains(h.reads(), h.shown[0]) {
		t.Error(h.shown)
	}
	h.press("关闭密钥")
	if h.opened != nil || strings.Contains(h.reads(), k.Public().Fingerprint()) || strings.Contains(h.reads(), phrase) {
		t.Error("the key is still open")
	}
}

func TestMakingIsRefused(t *testing.T) {
	h := newHouse(t)
	h.press("生成密钥")
	h.refuses("请填写持有人姓名")
	h.put("会议中显示", "甲/乙")
	h.press("生成密钥")
	h.refuses("请选择保存密钥文件的文件夹", "U盘")
	h.press("选择文件夹…")
	h.press("生成密钥")
	h.refuses("至少10个字符，现有0个")
	h.put("至少10个", phrase)
	h.put("同样的口令", phrase+"8")
	h.press("生成密钥")
	h.refuses("两次输入的口令不一致")
	h.put("同样的口令", phrase)
	h.put("U盘的文件夹", filepath.Join(h.folder, "stick"))
	h.press("生成密钥")
	h.refuses("找不到文件夹", "U盘是否已插好")
	if !strings.Contains(h.reads(), "甲/乙") || !strings.Contains(h.reads(), phrase) {
		t.Error("what was typed is gone")
	}
	h.put("U盘的文件夹", h.folder)
	h.press("生成密钥")
	if _, err := os.Stat(filepath.Join(h.folder, "会议密钥-甲乙.zpk")); err != nil || len(h.failed) > 0 {
		t.Fatal(err, h.failed)
	}
	h.press("关闭密钥")
	h.put("至少10个", phrase)
	h.put("同样的口令", phrase)
	h.press("生成密钥")
	h.refuses("已经存在", "不覆盖")
}

func TestOpenAndDrill(t *testing.T) {
	h := newHouse(t)
	file := h.made()
	h.way(1)
	if h.opened != nil {
		t.Error("the key stays open on a way that was left")
	}
	if h.window.Canvas().Focused() != h.firsts[h.tabs.Selected()] {
		t.Error("the cursor stays in the way that was left")
	}
	h.press("打开")
	h.refuses("请选择密钥文件")
	h.put("密钥文件（", file)
	h.put("密钥文件的口令", "wrong horse 77")
	h.press("打开")
	h.refuses("口令不正确")
	h.put("密钥文件的口令", phrase)
	h.press("打开")
	k := h.opened.key
	h.press("试开")
	h.refuses("请粘贴试开内容")
	plain := bytes.Repeat([]byte{7}, 32)
	c := k.Custodian("K1", "").Public()
	envelope, err := ballot.DrillChallenge(c, plain)
	if err != nil {
		t.Fatal(err)
	}
	h.put("粘贴会务人员", holder.ChallengeText("m", envelope))
	h.press("试开")
	h.press("复制试开结果")
	meeting, _, answer, err := holder.ParseAnswer(h.copied)
	if err != nil || ballot.CheckDrill(c, meeting, plain, answer) != nil || !strings.Contains(h.reads(), "试开成功") || !strings.Contains(h.reads(), h.copied) {
		t.Error(err, h.reads())
	}
	h.put("粘贴会务人员", "no drill")
	h.press("试开")
	h.refuses("不是试开内容")
	if strings.Contains(h.reads(), "试开成功") {
		t.Error("the former answer still stands there")
	}
}

func TestRecoverFromPaper(t *testing.T) {
	h := newHouse(t)
	k, err := holder.Load(h.made(), phrase)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := k.Lines()
	if err != nil {
		t.Fatal(err)
	}
	h.way(2)
	h.press("恢复密钥文件")
	h.refuses("请扫描")
	h.put("用扫码枪", strings.Join(lines[:3], "\n")+"\n"+lines[3][:40])
	h.press("恢复密钥文件")
	h.refuses("录入的第4行（编号04）有误", "还缺编号05")
	h.put("用扫码枪", strings.Join(lines, "\n"))
	h.press("恢复密钥文件")
	h.refuses("文件夹")
	h.press("选择文件夹…")
	h.put("密钥文件的口令", "wrong horse 77")
	h.press("恢复密钥文件")
	h.refuses("口令不正确")
	h.put("密钥文件的口令", phrase)
	h.press("恢复密钥文件")
	h.refuses("已经存在")
	h.folder = t.TempDir()
	h.press("选择文件夹…")
	h.press("恢复密钥文件")
	if len(h.failed) > 0 || !strings.Contains(h.reads(), "密钥文件已恢复") {
		t.Fatal(h.failed, h.reads())
	}
	again, err := holder.Load(filepath.Join(h.folder, "会议密钥-王保管（虚构）.zpk"), phrase)
	if err != nil || again.Public() != k.Public() {
		t.Error(err)
	}
}

// The codes on the screen are read by a reader that is not ours, also in dark colours.
func TestCodesOnTheScreen(t *testing.T) {
	h := newHouse(t)
	file := h.made()
	test.ApplyTheme(t, theme.New(1, true))
	h.press("显示二维码")
	h.window.SetContent(h.dialog)
	path := filepath.Join(t.TempDir(), "screen.png")
	if err := shot(path, h.window.Canvas().Capture()); err != nil {
		t.Fatal(err)
	}
	scanned, err := exec.Command("zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", path).Output()
	if err != nil {
		t.Fatal("zbarimg (zbar-tools):", err)
	}
	k, err := holder.Load(file, phrase)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := holder.ParsePublic(string(scanned)); err != nil || got != k.Public() {
		t.Error(err)
	}
}

func shot(path string, i image.Image) error {
	var b bytes.Buffer
	if err := png.Encode(&b, i); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}
