package pagetest

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit/kittest"
	"zhiping/desktop/session"
	"zhiping/desktop/syncer"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/servertest"
	"zhiping/shared/fault"
)

// fill writes into the entries of a page in their order.
func fill(page fyne.CanvasObject, texts ...string) {
	kittest.Each(page, func(x fyne.CanvasObject) {
		e, ok := x.(interface{ SetText(string) })
		if _, button := x.(*widget.Button); button {
			return
		}
		if _, entry := x.(fyne.Focusable); ok && entry && len(texts) > 0 {
			e.SetText(texts[0])
			texts = texts[1:]
		}
	})
}

func TestPasswordPage(t *testing.T) {
	o := newOffice(t)
	became := ""
	p := session.NewPassword("", "", o.Desk, func(r *sessionv1.ChangePasswordRequest) error { return o.c.ChangePassword(t.Context(), r) }, func(next string) { became = next })
	o.contains(o.show(p.Content), "原密码", "新密码", "再次输入", "至少10位，须同时包含字母和数字")
	o.press(p.Content, "修改密码")
	o.contains(texts(p.Content), "原密码为必填项")
	for _, c := range []struct{ old, next, again, says string }{
		{servertest.Password, "another-password-2", "another-password-3", "两次输入的内容不一致"},
		{servertest.Password, "short", "short", "新密码至少10个字"},
		{servertest.Password, "aaaaaaaaaaaa", "aaaaaaaaaaaa", "须同时包含字母和数字"},
		{servertest.Password, servertest.Password, servertest.Password, "不能与原密码相同"},
		{"not-the-password-1", "another-password-2", "another-password-2", "原密码不正确"},
		{servertest.Password, "another-password-2", "another-password-2", "秒后再试"},
	} {
		fill(p.Content, c.old, c.next, c.again)
		p.Submit()
		o.contains(texts(p.Content), c.says)
	}
	if became != "" {
		t.Error("it says that it was changed to", became)
	}
	o.h.Advance(time.Minute)
	p.Submit() // what was typed is still there
	if became != "another-password-2" {
		t.Error("not changed:", texts(p.Content))
	}
	// Of a first sign-in the old password is known.
	first := session.NewPassword(servertest.Password, "当前密码由他人设置", o.Desk, nil, nil)
	if s := o.show(first.Content); strings.Contains(s, "原密码\n") || !strings.Contains(s, "当前密码由他人设置") {
		t.Error(s)
	}
	gone := session.NewPassword("a", "", o.Desk, func(r *sessionv1.ChangePasswordRequest) error {
		return syncer.Dial("http://127.0.0.1:1", "").ChangePassword(t.Context(), r)
	}, nil)
	o.show(gone.Content)
	fill(gone.Content, "another-password-2", "another-password-2")
	gone.Submit()
	o.contains(texts(gone.Content), "无法连接服务器")
}

func TestDevicePages(t *testing.T) {
	o := newOffice(t)
	staff := servertest.NewStaff("clerk")
	staff.Staff.UnitId = o.By.UnitID
	saved, err := o.c.Units().SaveStaff(t.Context(), &unitv1.SaveStaffRequest{Staff: staff.Staff, Password: staff.Password})
	if err != nil {
		t.Fatal(err)
	}
	boss := o.c
	devices := session.NewStaffDevices(saved.Staff.Id, boss.Sessions(), o.Desk)
	o.show(devices.Content)
	devices.Load()
	o.contains(texts(devices.Content), "目前没有登录")
	clerk, second := o.signIn("clerk"), o.signIn("clerk")
	own := session.NewOwnDevices(clerk.Sessions(), o.Desk)
	o.show(own.Content)
	own.Load()
	o.contains(texts(own.Content), "本次登录", "结束", "登录于 2026-03-02 09:00")
	o.show(devices.Content)
	devices.Load()
	if n := strings.Count(texts(devices.Content), "登录于"); n != 2 {
		t.Errorf("%d sessions are listed", n)
	}
	o.show(own.Content)
	o.press(own.Content, "结束")
	o.told("再次使用须重新登录")
	if _, err := second.Sessions().WhoAmI(t.Context(), &sessionv1.WhoAmIRequest{}); fault.CodeOf(err) != fault.Denied {
		t.Error("the other session goes on:", err)
	}
	o.show(devices.Content)
	o.press(devices.Content, "结束全部登录")
	o.told("在所有电脑上的登录都会立即结束")
	o.contains(texts(devices.Content), "目前没有登录")
	own.Load()
	o.contains(texts(own.Content), "登录已失效")
}
