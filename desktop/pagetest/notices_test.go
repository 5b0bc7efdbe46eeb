package pagetest

import (
	"strings"
	"testing"
	"time"

	"zhiping/desktop/notice"
	"zhiping/desktop/syncer"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	noticev1 "zhiping/proto/gen/zhiping/notice/v1"
	"zhiping/server/servertest"
)

func moveNotice(id string, revision int64) *noticev1.MoveNoticesRequest {
	return &noticev1.MoveNoticesRequest{Bases: []*commonv1.Base{{Id: id, Revision: revision}}, To: noticev1.State_STATE_PUBLISHED}
}

// An announcement is added, published after a question, read by another unit, withdrawn, changed and deleted; each page offers what its state
// allows.
func TestNotices(t *testing.T) {
	o := newOffice(t)
	o.subordinate("clerk")
	n := notice.New()
	n.Title, n.Text = "示例公告", "# 范围\n\n全省\n\n| 系列 | 层级 |\n|---|---|\n| 工程 | 中级 |"
	published := false
	e := notice.NewEdit(n, o.c.Notices(), o.Desk, func() { published = true })
	s := o.show(e.Content)
	o.contains(s, "预览", "范围", "工程")
	if strings.Count(s, "|---|") > 1 || strings.Contains(s, "删除") { // once, where it is typed
		t.Error("the preview shows a table as signs, or what is not saved can be deleted:", s)
	}
	o.press(e.Content, "保存并发布")
	o.told("所有人（包括没有账号的公众）都可以看到“示例公告”")
	if !published {
		t.Fatal("it is not published:", o.failed)
	}
	own := tabbed(o, notice.Own(o.c.Notices(), nil))
	if own.Show("STATE_PUBLISHED"); len(own.Model.Rows) != 1 {
		t.Fatal(own.Model.Rows)
	}
	again := notice.NewEdit(own.Model.Rows[0], o.c.Notices(), o.Desk, func() {})
	again.Save()
	o.told("请先撤回再修改")

	boss := o.c
	o.c = o.signIn("clerk")
	all := tabbed(o, notice.Published(o.c.Notices(), nil))
	if len(all.Model.Rows) != 1 {
		t.Fatal("another unit does not see it:", all.Model.Rows)
	}
	if s := o.show(notice.NewPage(all.Model.Rows[0], o.c.Notices(), o.Desk, nil).Content); !strings.Contains(s, boss.Identity.Unit.Name) || strings.Contains(s, "撤　回") {
		t.Error("its page at another unit:", s)
	}

	o.c, o.By = boss, boss.Actor()
	withdrawn := false
	page := notice.NewPage(own.Model.Rows[0], o.c.Notices(), o.Desk, func() { withdrawn = true })
	o.show(page.Content)
	o.press(page.Content, "撤回")
	o.told("公众和其他单位不再能看到“示例公告”")
	if own.Show("STATE_WITHDRAWN"); !withdrawn || len(own.Model.Rows) != 1 {
		t.Fatal("it is not withdrawn:", o.failed)
	}
	if all.Load(); len(all.Model.Rows) != 0 {
		t.Error("everybody still sees it")
	}
	deleted := false
	again = notice.NewEdit(own.Model.Rows[0], o.c.Notices(), o.Desk, func() { deleted = true })
	o.show(again.Content)
	again.Save()
	o.told("已保存")
	o.press(again.Content, "删除")
	o.told("删除后不能恢复：“示例公告”")
	if own.Load(); !deleted || len(own.Model.Rows) != 0 {
		t.Error("it is not deleted:", o.failed)
	}
	again.Save()
	o.told("已被他人修改")
}

// The eight kinds filter alike on the server and in the mirror; without the server the buttons that publish say so.
func TestNoticesFromTheMirror(t *testing.T) {
	o := newOffice(t)
	d := o.newDesktop("topadmin", t.TempDir())
	online, mirrored := notice.Published(o.c.Notices(), nil), notice.Published(d.c.Notices(), d.account.Mirror)
	for k := range noticev1.Kind_name {
		if k == 0 {
			continue
		}
		resp, err := o.c.Notices().SaveNotice(t.Context(), &noticev1.SaveNoticeRequest{Notice: &noticev1.Notice{Id: servertest.NewID(), Kind: noticev1.Kind(k), Title: "示例", Text: "正文"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.c.Notices().MoveNotices(t.Context(), moveNotice(resp.Notice.Id, resp.Notice.Revision)); err != nil {
			t.Fatal(err)
		}
		o.h.Advance(time.Second)
	}
	o.sync(d)()
	for _, l := range []string{"online", "mirror"} {
		list := online
		if l == "mirror" {
			o.h.Stop()
			d.Sync(t.Context())
			list = mirrored
		}
		p := tabbed(o, list)
		if len(p.Model.Rows) != 8 {
			t.Fatalf("%s: %v", l, p.Model.Rows)
		}
		for _, c := range list.Filters[0].Choices {
			p.Model.Filter(map[string]string{"kind": c.Value})
			if p.Load(); len(p.Model.Rows) != 1 || list.Columns[0].Text(p.Model.Rows[0]) != c.Title {
				t.Errorf("%s, %s: %v", l, c.Title, p.Model.Rows)
			}
		}
	}
	o.Online = func() bool { return d.Status().Online }
	gone := syncer.Dial("http://127.0.0.1:1", "")
	e := notice.NewEdit(&noticev1.Notice{Id: servertest.NewID(), Revision: 1}, gone.Notices(), o.Desk, func() {})
	o.contains(o.show(e.Content), "保存并发布（需联网）", "删　除（需联网）", "保存（Ctrl+S）")
	o.Online = nil
	e.Follow()
	if s := texts(e.Content); strings.Contains(s, "需联网") {
		t.Error("with the server again:", s)
	}
}
