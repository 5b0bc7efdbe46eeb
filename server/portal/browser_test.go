package portal_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	attachmentv1 "zhiping/proto/gen/zhiping/attachment/v1"
	"zhiping/proto/gen/zhiping/attachment/v1/attachmentv1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	noticev1 "zhiping/proto/gen/zhiping/notice/v1"
	"zhiping/server/servertest"
)

// A reader is somebody with a browser that runs no scripts of pages.
type reader struct {
	t   *testing.T
	ctx context.Context
}

// newReader starts a browser with nothing of an earlier one.
func newReader(t *testing.T) *reader {
	t.Helper()
	opts := []chromedp.ExecAllocatorOption{chromedp.UserDataDir(t.TempDir())}
	for _, f := range []string{"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
		opts = append(opts, chromedp.Flag(f, true))
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	// The browser lives as long as the context that it is started with.
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal("chromium does not start:", err)
	}
	return &reader{t, ctx}
}

// patience is how long a page may take.
const patience = 30 * time.Second

// do runs actions.
func (r *reader) do(actions ...chromedp.Action[chromedp.Void]) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		r.t.Fatal(err)
	}
}

// get runs an action and gives what it found.
func get[T any](r *reader, action chromedp.Action[T]) T {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

// main is the text of the page.
func (r *reader) main() string {
	r.t.Helper()
	return get(r, chromedp.Text(chromedp.CSS("main")))
}

// fits checks that nothing of the page lies sideways outside of the window, and keeps a picture where SHOTS says.
func (r *reader) fits(name string, width int64) {
	r.t.Helper()
	inside, shown := get(r, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)), get(r, chromedp.Evaluate[int64](`innerWidth`))
	if inside > width || shown != width {
		r.t.Errorf("%s is %d wide in a window of %d (wanted %d)", name, inside, shown, width)
	}
	if dir := os.Getenv("SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("portal-%s-%d.png", name, width)), get(r, chromedp.FullScreenshot(100)), 0o600); err != nil {
			r.t.Error(err)
		}
	}
}

// readable checks what somebody who does not see the page goes by: its language, one heading of the first rank and none left out, a name for
// every field, nothing to press that is smaller than a finger.
func (r *reader) readable(name string) {
	r.t.Helper()
	wrong := get(r, chromedp.Evaluate[[]string](`(() => {
		const wrong = [], all = s => [...document.querySelectorAll(s)];
		if (document.documentElement.lang !== "zh-CN") wrong.push("no language");
		if (all("h1").length !== 1) wrong.push(all("h1").length + " h1");
		let rank = 0;
		for (const h of all("h1,h2,h3,h4,h5,h6")) {
			const n = +h.tagName[1];
			if (n > rank + 1) wrong.push(h.tagName + " after h" + rank);
			rank = n;
		}
		for (const i of all("input:not([type=hidden])")) if (!i.labels.length) wrong.push("no label: " + i.name);
		for (const n of all("nav")) if (!n.getAttribute("aria-label")) wrong.push("a nav without a name");
		for (const b of all("button, nav a, input[type=search]")) if (b.getBoundingClientRect().height < 40) wrong.push("small: " + b.textContent + b.getBoundingClientRect().height);
		if (all("script, img, iframe, [style], [onclick]").length) wrong.push("something of another kind");
		return wrong;
	})()`))
	if len(wrong) > 0 {
		r.t.Errorf("%s: %v", name, wrong)
	}
}

// contrasts checks that every text stands out from its ground as WCAG AA wants it.
func (r *reader) contrasts(name string) {
	r.t.Helper()
	worst := get(r, chromedp.Evaluate[string](`(() => {
		const rgb = s => s.match(/[\d.]+/g).map(Number);
		const lum = c => { const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
		let worst = "";
		for (const e of document.querySelectorAll("body *")) {
			if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
			let p = e; while (p && rgb(getComputedStyle(p).backgroundColor)[3] === 0) p = p.parentElement;
			const a = lum(rgb(getComputedStyle(e).color)), b = lum(rgb(getComputedStyle(p).backgroundColor));
			const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
			if (ratio < 4.5) worst += e.tagName + " " + e.textContent.slice(0, 20) + " " + ratio.toFixed(1) + "; ";
		}
		return worst;
	})()`))
	if worst != "" {
		r.t.Errorf("%s: too little contrast: %s", name, worst)
	}
}

// attach stores a file.
func (n *newsroom) attach(name, content string) *commonv1.Attachment {
	n.t.Helper()
	sum := sha256.Sum256([]byte(content))
	a := &commonv1.Attachment{Sha256: hex.EncodeToString(sum[:]), Name: name, Size: int64(len(content))}
	if _, err := attachmentv1connect.NewAttachmentServiceClient(n.c.HTTP, n.c.URL, n.c.Options...).Upload(ctx, &attachmentv1.UploadRequest{Sha256: a.Sha256, Size: a.Size, Chunk: []byte(content)}); err != nil {
		n.t.Fatal(err)
	}
	return a
}

// longText has what makes a narrow page overflow: a table of many columns, an address without a break, code.
const longText = `## 一、申报范围

全省企事业单位中从事工程技术工作的**在岗**专业技术人员。
第二行紧接上一行。

| 系列 | 层级 | 专业 | 申报开始 | 申报截止 | 受理单位 | 咨询电话 | 备注 |
|---|---|---|---|---|---|---|---|
| 工程 | 中级 | 土木工程 | 2026-05-01 | 2026-06-30 | 示例市住房和城乡建设局（虚构） | 028-00000000 | 逾期不再受理 |

### （一）网上填报

1. 登录系统
2. 填写材料，地址为 https://a-very-long-address-without-any-break.example.gov.cn/` + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" + `

> 请于截止日前提交。

` + "```\n一行很长的代码一行很长的代码一行很长的代码一行很长的代码一行很长的代码一行很长的代码一行很长的代码\n```\n"

// In a real browser without scripts, on a phone and on a desk: the list, a kind, a search, an announcement, its attachment, one that is withdrawn.
func TestBrowser(t *testing.T) {
	h := servertest.Start(t, "")
	n := &newsroom{t, h.SignIn("topadmin")}
	for i := range 24 {
		m := n.write(&noticev1.Notice{Kind: noticev1.Kind(1 + i%8), Title: fmt.Sprintf("关于公布2026年度工程技术系列中级职称评审第%02d批通过人员名单的通知", i), Text: "正文"})
		if err := n.move(m, noticev1.State_STATE_PUBLISHED); err != nil {
			t.Fatal(err)
		}
		h.Advance(time.Second)
	}
	const content = "附件内容：申报条件一览"
	m := n.write(&noticev1.Notice{Kind: noticev1.Kind_KIND_CONDITION, Title: "工程系列申报条件（虚构）", Text: longText, Attachments: []*commonv1.Attachment{n.attach("申报条件 一览.txt", content)}})
	if err := n.move(m, noticev1.State_STATE_PUBLISHED); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string][2]int64{"phone": {360, 740}, "desk": {1280, 800}} {
		t.Run(name, func(t *testing.T) {
			r := newReader(t)
			r.do(chromedp.EmulateViewport(size[0], size[1]))
			r.walk(h.URL, size[0], content)
		})
	}
	if err := n.move(m, noticev1.State_STATE_WITHDRAWN); err != nil {
		t.Fatal(err)
	}
	r := newReader(t)
	r.do(chromedp.EmulateViewport(360, 740), chromedp.Navigate(h.URL+"/notices/"+m.Id), chromedp.WaitVisible(`//a[contains(., "返回公告列表")]`))
	if text := r.main(); !strings.Contains(text, "已撤回") {
		t.Error("a withdrawn one:", text)
	}
	r.fits("withdrawn", 360)
}

// walk reads through the portal by clicks and keys.
func (r *reader) walk(url string, width int64, content string) {
	t := r.t
	r.do(chromedp.Navigate(url))
	if list := r.main(); !strings.Contains(list, "共 25 条") || strings.Contains(list, "第00批") {
		t.Error("the first page:", list)
	}
	r.fits("list", width)
	r.readable("list")
	r.contrasts("list")
	r.do(chromedp.Click(`//nav/a[.="下一页"]`), chromedp.WaitVisible(`//a[contains(., "第00批")]`))
	r.fits("second", width)
	r.do(chromedp.Click(`//nav/a[.="政策法规"]`), chromedp.WaitVisible(`//h1[.="政策法规"]`))
	if kind := r.main(); strings.Count(kind, "批通过") != 3 {
		t.Error("one kind:", kind)
	}
	r.do(chromedp.Click(`//nav/a[.="全部"]`), chromedp.WaitVisible(`//h1[.="全部公告"]`), chromedp.SendKeys(chromedp.ID("q"), "申报 工程系列\r"), chromedp.WaitVisible(`//h1[contains(., "查找结果")]`))
	if found := r.main(); !strings.Contains(found, "共 1 条") {
		t.Error("the search:", found)
	}
	r.fits("search", width)
	r.do(chromedp.Click(`//a[contains(., "申报条件（虚构）")]`), chromedp.WaitVisible(`//h2[.="附件"]`))
	if page := r.main(); !strings.Contains(page, "受理单位") || !strings.Contains(page, "申报条件 一览.txt（1 KB）") {
		t.Error("the announcement:", page)
	}
	r.fits("notice", width)
	r.readable("notice")
	r.contrasts("notice")
	if got := r.download(`//a[contains(., "一览.txt")]`); got != content {
		t.Errorf("the attachment is %q", got)
	}
}

// download clicks and gives what was saved.
func (r *reader) download(click string) string {
	r.t.Helper()
	dir, done, on := r.t.TempDir(), make(chan string, 1), true
	if err := chromedp.ListenBrowser(r.ctx, func(e any) {
		if p, ok := e.(*browser.EventDownloadProgress); ok && p.State == browser.DownloadProgressStateCompleted {
			done <- p.GUID
		}
	}); err != nil {
		r.t.Fatal(err)
	}
	if _, err := chromedp.CallBrowser(r.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: dir, EventsEnabled: &on}); err != nil {
		r.t.Fatal(err)
	}
	r.do(chromedp.Click(click))
	select {
	case name := <-done:
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			r.t.Error(err)
		}
		return string(b)
	case <-time.After(patience):
		r.t.Error("nothing was downloaded")
		return ""
	}
}
