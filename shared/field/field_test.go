package field_test

import (
	"strings"
	"testing"
	"unicode"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/field"
)

func good() *unitv1.Unit {
	return &unitv1.Unit{
		Id: "0190a7c0-0000-7000-8000-000000000001", Name: "示例市人力资源和社会保障局（虚构）", CreditCode: "12120113MB1P36091D",
		Kind: commonv1.UnitKind_UNIT_KIND_HR, Division: "510100", Nature: "10", Contact: "示例", Phone: "028-00000000",
	}
}

func TestCheck(t *testing.T) {
	if p, err := field.Check(good(), field.Complete); err != nil || len(p) > 0 {
		t.Fatal(p, err)
	}
	for _, c := range []struct {
		spoil       func(*unitv1.Unit)
		field, says string
	}{
		{func(u *unitv1.Unit) { u.Name = "" }, "name", "单位名称为必填项"},
		{func(u *unitv1.Unit) { u.Name = strings.Repeat("长", 51) }, "name", "单位名称最多50个字"},
		{func(u *unitv1.Unit) { u.CreditCode = "1" }, "credit_code", "统一社会信用代码须为18位"},
		{func(u *unitv1.Unit) { u.Phone = "1" }, "phone", "联系电话格式不正确：手机号码"},
		{func(u *unitv1.Unit) { u.Kind = 99 }, "kind", "单位类型不是可选的值"},
		{func(u *unitv1.Unit) { u.Roles = []*unitv1.Role{{Id: u.Id, Name: "审核"}} }, "roles[0].rights", "第1项：权限至少1项"},
	} {
		u := good()
		c.spoil(u)
		p, err := field.Check(u, field.Complete)
		if err != nil || len(p) != 1 || p[0].Field != c.field || !strings.Contains(p[0].Text, c.says) {
			t.Errorf("want %s: %s, got %+v, %v", c.field, c.says, p, err)
		}
	}
}

func TestADraftMayBeIncomplete(t *testing.T) {
	u := &unitv1.Unit{Name: strings.Repeat("长", 51)}
	p, err := field.Check(u, field.Draft)
	if err != nil || len(p) == 0 {
		t.Fatal(p, err)
	}
	for _, x := range p {
		if strings.Contains(x.Text, "必填") {
			t.Errorf("a draft was asked for %s", x.Field)
		}
	}
}

func TestBoundsAreTold(t *testing.T) {
	p, err := field.Check(&commonv1.Query{Size: 500}, field.Complete)
	if err != nil || len(p) != 1 || p[0].Text != "每页条数须在0至200之间，请修改" {
		t.Fatal(p, err)
	}
}

func TestTextBothWays(t *testing.T) {
	u := &unitv1.Unit{}
	for _, c := range []struct{ name, typed, shown string }{
		{unitv1.Unit_Division, "隆昌市", "隆昌市"},
		{unitv1.Unit_Division, "511083", "隆昌市"},
		{unitv1.Unit_Kind, "人社部门", "人社部门"},
		{unitv1.Unit_OwnLevel, "是", "是"},
		{unitv1.Unit_Name, " 某单位 ", "某单位"},
	} {
		f := field.Named(u, c.name)[0]
		if p := f.SetText(u, c.typed); p != nil || f.Text(u) != c.shown {
			t.Errorf("%s: typed %q, shown %q, %v", c.name, c.typed, f.Text(u), p)
		}
	}
	for name, bad := range map[string]string{unitv1.Unit_Division: "无此市", unitv1.Unit_Kind: "不存在", unitv1.Unit_OwnLevel: "对"} {
		f := field.Named(u, name)[0]
		before := f.Text(u)
		if p := f.SetText(u, bad); p == nil || !strings.Contains(p.Text, f.GetLabel()) || f.Text(u) != before {
			t.Errorf("%s: %q gives %v", name, bad, p)
		}
	}
}

func TestDate(t *testing.T) {
	for _, s := range []string{"20240226", "2024-2-26", "2024/02/26", "2024.2.26", "2024年2月26日"} {
		if d, ok := field.Date(s); !ok || d != "2024-02-26" {
			t.Error(s, d, ok)
		}
	}
	for _, s := range []string{"", "2024", "2024-02-30", "二月", "2024-13-01"} {
		if d, ok := field.Date(s); ok {
			t.Error(s, "is taken for", d)
		}
	}
}

func TestMonth(t *testing.T) {
	for typed, want := range map[string]string{"197307": "1973-07", "1973-07": "1973-07", "1973-7": "1973-07", "1973年7月": "1973-07", "1973.07": "1973-07", "19730728": "1973-07-28", "1973-07-28": "1973-07-28"} {
		if d, ok := field.Month(typed); !ok || d != want {
			t.Error(typed, d, ok)
		}
	}
	for _, s := range []string{"", "1973", "19737", "197313", "1973-00", "七三年"} {
		if d, ok := field.Month(s); ok {
			t.Error(s, "is taken for", d)
		}
	}
}

func TestMask(t *testing.T) {
	for _, c := range []struct {
		kind     commonv1.Personal
		in, want string
	}{
		{commonv1.Personal_PERSONAL_NAME, "欧阳示例", "欧***"},
		{commonv1.Personal_PERSONAL_NAME, "𠅤甲", "𠅤*"},
		{commonv1.Personal_PERSONAL_NUMBER, "510106197307287209", "510106**********09"},
		{commonv1.Personal_PERSONAL_NUMBER, "A1", "A*"},
		{commonv1.Personal_PERSONAL_PHONE, "13800000000", "138****0000"},
		{commonv1.Personal_PERSONAL_HIDDEN, "secret password", "******"},
		{commonv1.Personal_PERSONAL_UNSPECIFIED, "工程师", "工程师"},
	} {
		if got := field.Mask(c.kind, c.in); got != c.want {
			t.Errorf("%v %q: %q, want %q", c.kind, c.in, got, c.want)
		}
	}
}

func TestNoEnglishInTexts(t *testing.T) {
	u := good()
	u.Name, u.Phone, u.CreditCode, u.Contact, u.Nature = "x", "y", "", strings.Repeat("z", 21), ""
	p, err := field.Check(u, field.Complete)
	if err != nil || len(p) != 5 {
		t.Fatal(p, err)
	}
	for _, x := range p {
		for _, r := range x.Text {
			if r < unicode.MaxASCII && unicode.IsLetter(r) {
				t.Errorf("%s: English in %q", x.Field, x.Text)
				break
			}
		}
	}
}
