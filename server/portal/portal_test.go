package portal_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	attachmentv1 "zhiping/proto/gen/zhiping/attachment/v1"
	"zhiping/proto/gen/zhiping/attachment/v1/attachmentv1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	noticev1 "zhiping/proto/gen/zhiping/notice/v1"
	"zhiping/proto/gen/zhiping/notice/v1/noticev1connect"
	"zhiping/server/servertest"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

var ctx = context.Background()

// newsroom is somebody who writes announcements, and a browser.
type newsroom struct {
	t *testing.T
	c *servertest.Client
}

func (n *newsroom) service() noticev1connect.NoticeServiceClient {
	return noticev1connect.NewNoticeServiceClient(n.c.HTTP, n.c.URL, n.c.Options...)
}

func (n *newsroom) write(m *noticev1.Notice) *noticev1.Notice {
	n.t.Helper()
	if m.Id == "" {
		m.Id = servertest.NewID()
	}
	resp, err := n.service().SaveNotice(ctx, &noticev1.SaveNoticeRequest{Notice: m})
	if err != nil {
		n.t.Fatal(err)
	}
	return resp.Notice
}

// move moves an announcement and gives the fault.
func (n *newsroom) move(m *noticev1.Notice, to noticev1.State) error {
	n.t.Helper()
	resp, err := n.service().MoveNotices(ctx, &noticev1.MoveNoticesRequest{Bases: []*commonv1.Base{{Id: m.Id, Revision: m.Revision}}, To: to})
	if err != nil {
		n.t.Fatal(err)
	}
	if f := wire.Fault(resp.Outcomes[0].Fault); f != nil {
		return f
	}
	m.Revision++
	return nil
}

func (n *newsroom) get(path string) (status int, body string, header http.Header) {
	n.t.Helper()
	resp, err := http.Get(n.c.URL + path)
	if err != nil {
		n.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

func TestPortal(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		n := &newsroom{t, h.SignIn("topadmin")}
		content := []byte("附件内容")
		sum := sha256.Sum256(content)
		a := &commonv1.Attachment{Sha256: hex.EncodeToString(sum[:]), Name: "申报 条件.txt", Size: int64(len(content))}
		if _, err := attachmentv1connect.NewAttachmentServiceClient(n.c.HTTP, n.c.URL, n.c.Options...).Upload(ctx, &attachmentv1.UploadRequest{Sha256: a.Sha256, Size: a.Size, Chunk: content}); err != nil {
			t.Fatal(err)
		}
		m := n.write(&noticev1.Notice{
			Kind: noticev1.Kind_KIND_NOTICE, Title: "关于开展<年度>评审的通知", Text: "# 一、范围\n\n**全省**\n\n<script>alert(1)</script>\n\n| 系列 | 层级 |\n|---|---|\n| 工程 | 中级 |\n\n[链接](javascript:alert(1))",
			Attachments: []*commonv1.Attachment{a},
		})
		page, file := "/notices/"+m.Id, "/notices/"+m.Id+"/files/"+a.Sha256
		for _, path := range []string{page, file, "/notices/" + servertest.NewID(), "/notices/x"} {
			if status, body, _ := n.get(path); status != http.StatusNotFound || !strings.Contains(body, "页面不存在") {
				t.Errorf("%s before it is published: %d", path, status)
			}
		}
		if err := n.move(m, noticev1.State_STATE_PUBLISHED); err != nil {
			t.Fatal(err)
		}
		status, body, header := n.get(page)
		if status != 200 || !strings.Contains(body, "关于开展&lt;年度&gt;评审的通知") || !strings.Contains(body, "<strong>全省</strong>") || !strings.Contains(body, "<td>工程</td>") {
			t.Error(status, body)
		}
		if strings.Contains(body, "<script") || strings.Contains(body, "javascript:") || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Error("something can run on the page:", body)
		}
		if status, body, header := n.get(file); status != 200 || body != string(content) || !strings.HasPrefix(header.Get("Content-Disposition"), "attachment; filename*=utf-8''%E7%94%B3") || header.Get("Content-Type") != "text/plain" || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Error("the attachment:", status, body, header)
		}
		if status, _, _ := n.get("/notices/" + m.Id + "/files/" + strings.Repeat("0", 64)); status != http.StatusNotFound {
			t.Error("an attachment that it does not name:", status)
		}
		// What is published is withdrawn before it is changed or deleted.
		if _, err := n.service().SaveNotice(ctx, &noticev1.SaveNoticeRequest{Notice: m}); fault.CodeOf(err) != fault.State {
			t.Error("a published one was changed:", err)
		}
		if err := n.move(m, noticev1.State_STATE_DELETED); fault.CodeOf(err) != fault.State || !strings.Contains(err.Error(), "请先撤回") {
			t.Error("a published one was deleted:", err)
		}
		if err := n.move(m, noticev1.State_STATE_WITHDRAWN); err != nil {
			t.Error(err)
		}
		for _, path := range []string{page, file} {
			if status, body, _ := n.get(path); status != http.StatusGone || !strings.Contains(body, "已撤回") || strings.Contains(body, "年度") {
				t.Error("a withdrawn one is still there:", path, status, body)
			}
		}
		if err := n.move(m, noticev1.State_STATE_DELETED); err != nil {
			t.Error(err)
		}
		if status, _, _ := n.get(page); status != http.StatusGone {
			t.Error("a deleted one is still there:", status)
		}
	})
}

// token is a place in a list, as an address carries it.
func token(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// Nothing that a unit can write runs, or fetches anything of another site, on the reader's page.
func TestNothingRuns(t *testing.T) {
	h := servertest.Start(t, "")
	n := &newsroom{t, h.SignIn("topadmin")}
	evil := regexp.MustCompile(`(?i)<(script|img|iframe|svg|object|embed|style|form|meta|base|link)|<[^>]*\s(on\w+|src)\s*=|<[^>]*\shref="\s*(javascript|vbscript|data|file):`)
	head := regexp.MustCompile(`<link rel="stylesheet" href="/style\.css\?v=\w+">`)
	for _, text := range []string{
		"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<IMG SRC=javascript:alert(1)>", "<svg/onload=alert(1)>", "<a href=\"javascript:alert(1)\">x</a>", "<div onmouseover=alert(1)>x</div>",
		"[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](&#106;avascript:alert(1))", "[x](java\tscript:alert(1))", "[x](data:text/html;base64,PHNjcmlwdD4=)", "[x](vbscript:x)", "[x](file:///etc/passwd)",
		"![x](https://elsewhere.example/p.png)", "![x](javascript:alert(1))", "![x\" onerror=\"alert(1)](y)", "<javascript:alert(1)>", "[x]: javascript:alert(1)\n\n[x]", "[x](y \"t\" onclick=\"alert(1)\")",
		"| <script>x</script> | b |\n|---|---|\n| <img src=x> | ![](https://elsewhere.example/q.png) |", "```html\n<script>alert(1)</script>\n```", "<!-- --><script>x</script>", "<table><script>", "**<iframe src=x>**",
	} {
		m := n.write(&noticev1.Notice{Kind: noticev1.Kind_KIND_NOTICE, Title: text[:min(len(text), 100)], Text: "前文\n\n" + text + "\n\n后文"})
		if err := n.move(m, noticev1.State_STATE_PUBLISHED); err != nil {
			t.Fatal(err)
		}
		status, body, header := n.get("/notices/" + m.Id)
		if status != 200 || !strings.Contains(body, "前文") || !strings.Contains(body, "后文") {
			t.Fatal(text, status)
		}
		_, shown, _ := strings.Cut(body, "<title>")
		shown = head.ReplaceAllString(shown, "")
		if got := evil.FindString(html.UnescapeString(strings.ReplaceAll(shown, "&lt;", "‹"))); got != "" {
			t.Errorf("%q became %q in %s", text, got, body)
		}
		for _, want := range []string{"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"} {
			if !strings.Contains(header.Get("Content-Security-Policy"), want) || strings.Contains(header.Get("Content-Security-Policy"), "unsafe") {
				t.Error(header)
			}
		}
	}
	m := n.write(&noticev1.Notice{Kind: noticev1.Kind_KIND_NOTICE, Title: "链接", Text: "## 大标题\n#### 跳级\n第一行\n第二行\n\n[外面](https://elsewhere.example/) https://bare.example/ ![图](https://elsewhere.example/p.png)"})
	if err := n.move(m, noticev1.State_STATE_PUBLISHED); err != nil {
		t.Fatal(err)
	}
	_, body, _ := n.get("/notices/" + m.Id)
	for want, times := range map[string]int{`rel="nofollow noopener noreferrer"`: 3, "<h1>": 1, "<h2>大标题</h2>": 1, "<h3>跳级</h3>": 1, "第一行<br>": 1, `<a href="https://elsewhere.example/p.png" rel="nofollow noopener noreferrer">图</a>`: 1} {
		if strings.Count(body, want) != times {
			t.Errorf("%q stands there %d times, want %d: %s", want, strings.Count(body, want), times, body)
		}
	}
}

// A browser that has a page is told that it still holds, until it is withdrawn.
func TestPagesAreKept(t *testing.T) {
	h := servertest.Start(t, "")
	n := &newsroom{t, h.SignIn("topadmin")}
	m := n.write(&noticev1.Notice{Kind: noticev1.Kind_KIND_NOTICE, Title: "示例", Text: "正文"})
	if err := n.move(m, noticev1.State_STATE_PUBLISHED); err != nil {
		t.Fatal(err)
	}
	again := func(path, tag string) int {
		r, err := http.NewRequest("GET", h.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("If-None-Match", tag)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	tags := map[string]string{}
	for _, path := range []string{"/notices", "/notices/" + m.Id} {
		_, body, header := n.get(path)
		tags[path] = header.Get("ETag")
		if got := again(path, tags[path]); got != http.StatusNotModified || header.Get("Cache-Control") != "no-cache" {
			t.Error(path, got, header)
		}
		style := regexp.MustCompile(`/style\.css\?v=\w+`).FindString(body)
		if _, css, header := n.get(style); !strings.Contains(css, "main {") || !strings.Contains(header.Get("Cache-Control"), "immutable") {
			t.Error(style, header)
		}
	}
	if err := n.move(m, noticev1.State_STATE_WITHDRAWN); err != nil {
		t.Fatal(err)
	}
	if list, one := again("/notices", tags["/notices"]), again("/notices/"+m.Id, tags["/notices/"+m.Id]); list != 200 || one != http.StatusGone {
		t.Error("after it was withdrawn:", list, one)
	}
}

func TestPortalList(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		n := &newsroom{t, h.SignIn("topadmin")}
		if status, body, _ := n.get("/"); status != 200 || !strings.Contains(body, "没有符合条件的公告") {
			t.Error("an empty portal:", status)
		}
		for i := range 25 {
			m := n.write(&noticev1.Notice{Kind: noticev1.Kind(1 + i%8), Title: fmt.Sprintf("第%02d号文件", i), Text: "正文"})
			if i == 24 {
				break // stays a draft
			}
			if err := n.move(m, noticev1.State_STATE_PUBLISHED); err != nil {
				t.Fatal(err)
			}
			h.Advance(1000)
		}
		_, body, _ := n.get("/notices")
		if strings.Count(body, "<li>") != 20 || !strings.Contains(body, "共 24 条") || strings.Contains(body, "第24号") {
			t.Error(body)
		}
		_, rest, ok := strings.Cut(body, `<a href="/notices?after=`)
		next, _, ok2 := strings.Cut(rest, `"`)
		if !ok || !ok2 {
			t.Fatal("there is no next page in", body)
		}
		if _, body, _ := n.get("/notices?after=" + strings.ReplaceAll(next, "&amp;", "&")); strings.Count(body, "<li>") != 4 || strings.Contains(body, "下一页") {
			t.Error("the second page:", body)
		}
		if _, body, _ := n.get("/notices?q=" + "%E7%AC%AC07"); strings.Count(body, "<li>") != 1 || !strings.Contains(body, "第07号文件") {
			t.Error("search:", body)
		}
		if _, body, _ := n.get("/notices?kind=2"); strings.Count(body, "<li>") != 3 || !strings.Contains(body, `aria-current="page">政策法规`) {
			t.Error("one kind:", body)
		}
		if status, body, _ := n.get("/notices?after=%00%00"); status != http.StatusBadRequest || !strings.Contains(body, "翻页位置已失效") {
			t.Error("a broken place:", status, body)
		}
		if _, body, _ := n.get("/notices?q=" + url.QueryEscape("文件 第1")); strings.Count(body, "<li>") != 10 {
			t.Error("two words:", body)
		}
		if _, body, _ := n.get("/notices?q=" + url.QueryEscape("<script>%_")); strings.Count(body, "<li>") != 0 || strings.Contains(body, "<script") || !strings.Contains(body, "没有符合条件的公告") {
			t.Error("signs in a search:", body)
		}
		// Whatever stands in an address, nobody gets a program's words.
		for _, address := range []string{
			"/notices?kind=drop", "/notices?kind=-1", "/notices?kind=99999999999", "/notices?q=%00", "/notices?q=%ff%fe", "/notices?q=" + strings.Repeat("x", 5000), "/notices/%00", "/notices/..%2f..", "/notices?kind=%00&q=%27%3B--",
			"/notices?after=" + token(`{"k":"text","i":"x"}`), "/notices?after=" + token(`{"k":{},"i":"x"}`), "/notices?after=" + token(`{"k":1,"i":"\u0000"}`), "/notices?after=" + token(`{"k":1e99,"i":"x"}`), "/notices/" + servertest.NewID() + "/files/..",
		} {
			if status, body, _ := n.get(address); status >= 500 || !strings.Contains(body, "职称评审公告") {
				t.Error(address, status, body)
			}
		}
	})
}
