package portal_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
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
			if status, body, _ := n.get(path); status != http.StatusNotFound || !strings.Contains(body, "公告已撤回") {
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
		if status, body, header := n.get(file); status != 200 || body != string(content) || !strings.Contains(header.Get("Content-Disposition"), "%E7%94%B3") {
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
		if status, _, _ := n.get(page); status != http.StatusNotFound {
			t.Error("a withdrawn one is still there:", status)
		}
		if err := n.move(m, noticev1.State_STATE_DELETED); err != nil {
			t.Error(err)
		}
	})
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
		if status, _, _ := n.get("/notices?kind=drop"); status != 200 {
			t.Error("an unknown kind:", status)
		}
	})
}
