package pagetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit/kittest"
	"zhiping/desktop/syncer"
	"zhiping/desktop/unit"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/servertest"
)

// picked answers every question for a file with one.
type picked struct{ path string }

func (c *picked) Open(_ []string, then func(string)) { then(c.path) }
func (c *picked) Save(string, func(string))          {}

// superior looks the superior up and chooses the first that is found.
func (o *office) superior(page fyne.CanvasObject) {
	o.t.Helper()
	fill(page, "示例")
	o.press(page, "查找")
	kittest.Each(page, func(x fyne.CanvasObject) {
		if r, ok := x.(*widget.RadioGroup); ok && len(r.Options) == 1 {
			r.SetSelected(r.Options[0])
		}
	})
	o.press(page, "下一步")
}

// inChengdu chooses a city's own level in every division that is still open.
func inChengdu(page fyne.CanvasObject) {
	want := map[string]string{"省": "四川省", "市（州）": "成都市", "县（市、区）": "市本级"}
	kittest.Each(page, func(x fyne.CanvasObject) {
		if s, ok := x.(*widget.Select); ok && s.Selected == "" && want[s.PlaceHolder] != "" {
			s.SetSelected(want[s.PlaceHolder])
		}
	})
}

// A unit registers by itself, with its licence, though nobody is signed in; what is missing or wrong is said where it stands (A2).
func TestRegistrationPage(t *testing.T) {
	o := newOffice(t)
	files := &picked{}
	o.Files = files
	nobody, account := syncer.Dial(o.h.URL, ""), ""
	page := unit.NewRegistration(nobody.Units(), o.Desk, nil, func(a string) { account = a })
	o.show(page)
	o.press(page, "下一步")
	o.contains(texts(page), "请先查找并选择上级单位")
	o.superior(page)
	o.contains(texts(page), "单位所在地", "企业营业执照", "不超过 8 MB")
	inChengdu(page)
	fill(page, servertest.CreditCode(77), "示例工程公司（虚构）", "国有企业", "联系人", "028-00000000", "示例路1号")
	o.press(page, "下一步")
	o.contains(texts(page), "企业注册须上传企业营业执照")
	for name, content := range map[string]string{"程序.pdf": "MZ program", "大文件.pdf": "%PDF-" + string(make([]byte, 8<<20))} {
		files.path = filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(files.path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		o.press(page, "选择文件")
	}
	o.told("不是 PDF、JPG 或 PNG 文件")
	files.path = filepath.Join(t.TempDir(), "没有.pdf")
	o.press(page, "选择文件")
	o.told("读不出文件“没有.pdf”")
	files.path = filepath.Join(t.TempDir(), "营业执照.pdf")
	if err := os.WriteFile(files.path, []byte("%PDF-1.7 示例"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.press(page, "选择文件")
	o.contains(texts(page), "营业执照.pdf（1 KB）")
	o.press(page, "下一步")
	fill(page, "经办人", "519900198003070017", "13800000000", "registrar", servertest.Password, "mistyped-password-1")
	o.press(page, "提交")
	o.contains(texts(page), "两次输入的内容不一致")
	fill(page, "经办人", "519900198003070017", "13800000000", "topadmin", servertest.Password, servertest.Password)
	o.press(page, "提交")
	o.contains(texts(page), "登录账号“topadmin”已被使用")
	fill(page, "经办人", "519900198003070017", "13800000000", "registrar", servertest.Password, servertest.Password)
	if o.press(page, "提交"); account != "registrar" {
		t.Fatal("it was not sent:", texts(page), o.failed)
	}
	list, err := o.c.Units().ListUnits(t.Context(), &unitv1.ListUnitsRequest{Query: &commonv1.Query{Scope: "registration", State: "TAB_FIRST"}})
	if err != nil || len(list.Units) != 1 || list.Units[0].Licence.GetName() != "营业执照.pdf" || list.Units[0].Location != "510100" {
		t.Fatal(list, err)
	}
	got, _ := unit.NewPage(list.Units[0], reviewv1.Matter_MATTER_UNIT, o.c.Units(), o.Desk, func() {})
	o.show(got)
	found := false
	kittest.Each(got, func(x fyne.CanvasObject) {
		if l, ok := x.(*widget.Hyperlink); ok && l.Text == "营业执照.pdf（1 KB）" {
			found = true
		}
	})
	if !found {
		t.Error("the superior cannot open the licence")
	}
}

// Somebody whom a platform has vouched for applies without account and password; name and number are the platform's.
func TestApplicationForRights(t *testing.T) {
	o := newOffice(t)
	v := &sessionv1.Vouched{Ticket: "spent", Name: "经办人乙", Number: "519900198003070025", Phone: "13800000002"}
	page := unit.NewRegistration(syncer.Dial(o.h.URL, "").Units(), o.Desk, v, func(string) { t.Error("a spent ticket was taken") })
	o.show(page)
	o.superior(page)
	inChengdu(page)
	fill(page, servertest.CreditCode(77), "示例学校（虚构）", "事业单位", "联系人", "028-00000000", "示例路1号")
	o.press(page, "下一步")
	o.contains(texts(page), "您已通过统一身份认证", "有效证件号码")
	if strings.Contains(texts(page), "登录账号") {
		t.Error("an account is asked for")
	}
	o.press(page, "提交")
	o.told("统一身份登录已过期")
}
