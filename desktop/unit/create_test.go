package unit

import (
	"testing"

	"fyne.io/fyne/v2/test"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
)

// What is kept as a draft has no passwords; what is sent has them, the first person as super-administrator, and no legal person of an HR
// department (A1).
func TestTheDraftHasNoPasswords(t *testing.T) {
	test.NewTempApp(t)
	r := &unitv1.CreateUnitRequest{Unit: &unitv1.Unit{Id: newID(), Kind: commonv1.UnitKind_UNIT_KIND_HR, LegalPerson: "李示例"}}
	p := newHandlers(r, func(string) {})
	p.add(nil)
	for i, name := range []string{"甲示例", "乙示例"} {
		p.rows[i].h.Staff.Name, p.rows[i].h.Password = name, name+"的密码"
	}
	p.draw()
	if len(r.Handlers) != 2 || r.Handlers[1].Staff.Name != "乙示例" || r.Handlers[0].Password+r.Handlers[1].Password != "" {
		t.Error(r)
	}
	sent := p.request()
	if h := sent.Handlers; h[1].Password != "乙示例的密码" || !h[0].Staff.Super || h[1].Staff.Super || sent.Unit.LegalPerson != "" {
		t.Error(sent)
	}
	p.remove(p.rows[0])
	if sent = p.request(); len(sent.Handlers) != 1 || !sent.Handlers[0].Staff.Super || p.rows[0].forms[0].Path != "handlers[0].staff" {
		t.Error(sent, p.rows[0].forms[0].Path)
	}
}
